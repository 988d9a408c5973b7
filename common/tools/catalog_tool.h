#ifndef MCP_CATALOG_TOOL_H
#define MCP_CATALOG_TOOL_H

#include "buf.h"
#include "definition.h"
#include "rc.h"
#include "slice.h"
#include "tool_program.h"

struct catalog_completion;
struct catalog_folder;

/* One definition of the catalog, ready to be called. */
struct catalog_tool {
	struct definition definition;
	const struct program_host *host;
	/* What serves it: the first of these that is there. */
	struct program program; /* argv is NULL if none does */
	const char *file;       /* path of the contents */
	struct catalog_folder *folder;
	const struct json *text;
	const struct json *messages;

	const struct catalog_completion *completions;
	const char *root;          /* of the catalog */
	struct catalog_tool *next; /* for whoever holds it */
};

/* Where a definition stands. */
struct catalog_place {
	enum offer kind;    /* OFFER_RESOURCE: or a template */
	const char *folder; /* of the file, absolute; programs are run there */
	const char *root;   /* of the catalog, absolute; `file` and `folder` of
			     * a definition begin there */
	const struct program_host *host;
};

/* Read a catalog file.  RC_SYNTAX with findings as in definition_read();
 * RC_NOMEM.  Free with catalog_tool_free(). */
MUST_CHECK enum rc catalog_tool_read(const struct catalog_place *place,
    struct slice text, struct catalog_tool **out, struct buf *why);

/* Lines about what is legal but odd, as definition_put_hints(), which it
 * calls; files that are not there are among it. */
void catalog_tool_put_hints(const struct catalog_tool *, struct buf *out);

/* NULL is allowed. */
void catalog_tool_free(struct catalog_tool *);

/* The absolute path of a folder, or of `name` in it if that is not NULL; NULL
 * without memory.  free() it. */
char *catalog_path(const char *folder, const char *name);

#endif
