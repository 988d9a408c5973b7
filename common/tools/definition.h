#ifndef MCP_DEFINITION_H
#define MCP_DEFINITION_H

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "rc.h"
#include "tool.h"

/*
 * One definition of a tool, a prompt, a resource or a template, read from
 * JSON and checked: the part that files of the catalog and C modules share.
 *
 * The text is the MCP object plus members of ours, which clients do not see:
 * in a catalog file what serves it (`run`, `file`, `text`, `folder` with
 * `include`, `messages`, `complete`), which is not looked at here, and the
 * `cache` of resources and templates.
 *
 * Checked: a legal name (of a tool or a prompt 1 to 64 of A-Z a-z 0-9 _ - .,
 * else not empty), title and description strings, types of icons,
 * annotations and _meta, and
 * of a tool: inputSchema an object schema that compiles, outputSchema
 * likewise (of any type), every x-mcp-header rule of 2026-07-28, execution;
 * of a prompt: its arguments, each with a legal name of its own;
 * of a resource: an absolute uri, mimeType, size;
 * of a template: a uriTemplate that compiles, mimeType.
 */
struct definition {
	struct arena arena; /* owns all that follows */
	/* flags: TOOL_REPEAT, as far as its annotations say so, and TOOL_TASK_*
	 * as its execution does; the others, call, complete, ctx and needs are
	 * for the caller. */
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
 * Read the text into *out, as one of that kind.  The tool's definition is
 * compact and lacks the members of ours.  RC_SYNTAX: one or more findings were
 * appended to `why`, one per line, each "LINE: sentence" (line of the text,
 * from 1).  RC_NOMEM.  Unless it is RC_OK, *out needs no release.
 */
MUST_CHECK enum rc definition_read_as(enum offer kind, struct slice text,
    struct definition *out, struct buf *why);

/* The same of a tool. */
MUST_CHECK enum rc definition_read(
    struct slice text, struct definition *out, struct buf *why);

/* The same of what stands in a file of the catalog: where a resource is
 * wanted, a template (it has `uriTemplate`) is taken too, and so is a folder,
 * which needs no name.  out->tool.kind tells. */
MUST_CHECK enum rc definition_read_file(enum offer kind, struct slice text,
    struct definition *out, struct buf *why);

/* The first member that says how the catalog serves it; NULL if there is
 * none, as must be where something else does. */
const struct json *definition_served_by(const struct definition *);

/* Lines about what is legal but odd, "LINE: sentence" each: unknown schema
 * keywords, a missing description, an unknown member. */
void definition_put_hints(const struct definition *, struct buf *out);

void definition_release(struct definition *);

#endif
