#ifndef MCP_CATALOG_PART_H
#define MCP_CATALOG_PART_H

#include "catalog_tool.h"
#include "finding.h"
#include "json.h"
#include "rc.h"

/*
 * What the files that read and serve definitions of the catalog have in
 * common.  Nobody else includes this.
 */
struct catalog_reader {
	struct catalog_tool *tool;
	const struct catalog_place *place;
	struct findings findings;
	enum rc rc; /* a failure of our own */
};

/* An object that says how a program is run. */
void catalog_read_program(
    struct catalog_reader *, const struct json *run, struct program *out);

/* A path as one of this machine, in the arena; NULL with a finding. */
const char *catalog_read_path(
    struct catalog_reader *, const struct json *value);

/* The path of a file that a definition names. */
char *catalog_resolve(struct arena *, const char *root, struct slice path);

/* Is there an argument (a variable) of that name? */
bool catalog_has_argument(const struct definition *, struct slice name);

/* Placeholders that are no arguments are findings. */
void catalog_check_placeholders(
    struct catalog_reader *, const struct json *value);

/* Arguments that have no placeholder. */
void catalog_hint_unused(
    const struct catalog_tool *, const struct json *value, struct findings *);

/* The members that serve: read, hint, and serve. */
void catalog_read_messages(struct catalog_reader *, const struct json *value);
void catalog_hint_messages(const struct catalog_tool *, struct findings *);
enum tool_done catalog_call_messages(const struct tool *, struct tool_call *);

void catalog_read_folder(struct catalog_reader *, const struct json *value);
void catalog_hint_folder(const struct catalog_tool *, struct findings *);

enum tool_done catalog_call_text(const struct tool *, struct tool_call *);
enum tool_done catalog_call_file(const struct tool *, struct tool_call *);
enum tool_done catalog_call_program(const struct tool *, struct tool_call *);

void catalog_read_complete(struct catalog_reader *, const struct json *value);
/* Each program that completes, with what the definition says of it. */
void catalog_each_completer(const struct catalog_tool *,
    void (*visit)(void *ctx, const struct program *, const struct json *run),
    void *ctx);
enum tool_done catalog_call_complete(const struct tool *, struct tool_call *);

/*
 * Answer a resource with what was read of a file, or say why that failed.
 * `name` is the file's, `mime` what its definition says or absent.
 */
MUST_CHECK enum rc catalog_put_contents(struct tool_call *, enum rc was_read,
    const struct buf *bytes, struct slice name, struct slice mime);

#endif
