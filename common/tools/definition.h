#ifndef MCP_DEFINITION_H
#define MCP_DEFINITION_H

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "rc.h"
#include "tool.h"

/*
 * One tool definition, read from JSON and checked: the part that programs
 * and C modules share.
 *
 * The text is the MCP tool object plus, in a catalog file, the member `run`.
 * Checked: a legal name (1 to 64 of A-Z a-z 0-9 _ - .), description a string,
 * inputSchema an object schema that compiles, outputSchema likewise (of any
 * type), every x-mcp-header rule of 2026-07-28, types of title, annotations,
 * icons, execution and _meta.
 */
struct definition {
	struct arena arena; /* owns all that follows */
	/* flags: TOOL_REPEAT, as far as its annotations say so, and TOOL_TASK_*
	 * as its execution does; the others, call, ctx and needs are for the
	 * caller. */
	struct tool tool;
	const struct json *run; /* the member `run`, or NULL */

	/* The definition as it was written, for findings with a line. */
	struct slice text;
	const struct json *source;
	/* What tool.input and tool.output show. */
	struct schema *input;
	struct schema *output;
};

/* A definition longer than this is refused: a tool list is read often. */
#define DEFINITION_MAX ((size_t)1024 * 1024)

/*
 * Read the text into *out.  The tool's definition is compact and lacks `run`.
 * RC_SYNTAX: one or more findings were appended to `why`, one per line,
 * each "LINE: sentence" (line of the text, from 1).  RC_NOMEM.  Unless it is
 * RC_OK, *out needs no release.
 */
MUST_CHECK enum rc definition_read(
    struct slice text, struct definition *out, struct buf *why);

/* Lines about what is legal but odd, "LINE: sentence" each: unknown schema
 * keywords, a missing description, an unknown member. */
void definition_put_hints(const struct definition *, struct buf *out);

void definition_release(struct definition *);

#endif
