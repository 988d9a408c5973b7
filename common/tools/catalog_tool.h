#ifndef MCP_CATALOG_TOOL_H
#define MCP_CATALOG_TOOL_H

#include "buf.h"
#include "definition.h"
#include "rc.h"
#include "slice.h"
#include "tool_program.h"

/* One definition of the folder, ready to be called. */
struct catalog_tool {
	struct definition definition;
	struct program program;
};

/*
 * Read a catalog file.  `folder` is the absolute path that the program is
 * resolved against.  RC_SYNTAX with findings as in definition_read();
 * RC_NOMEM.  Free with catalog_tool_free().
 */
MUST_CHECK enum rc catalog_tool_read(struct slice text, const char *folder,
    const struct program_host *host, struct catalog_tool **out,
    struct buf *why);

/* NULL is allowed. */
void catalog_tool_free(struct catalog_tool *);

/* The absolute path of `tools` in a folder, or NULL; free() it. */
char *catalog_tools_folder(const char *folder);

#endif
