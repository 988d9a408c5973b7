#ifndef MCP_CATALOG_FOLDER_H
#define MCP_CATALOG_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog_files.h"
#include "rc.h"
#include "tool.h"

/*
 * The files of a folder, each a resource of its own: its uri is that of the
 * folder with the path of the file behind it, percent-encoded.
 */
struct catalog_folder;

/*
 * Look again which files there are.  Until catalog_folder_settle() what was
 * seen before stays valid, too.  RC_IO: the folder cannot be read, the files
 * stay those of the last look; RC_NOMEM likewise.
 */
MUST_CHECK enum rc catalog_folder_look(
    struct catalog_folder *, bool *is_changed);

/* There are more than are served. */
bool catalog_folder_is_cut(const struct catalog_folder *);

/* File number i, or NULL. */
const struct tool *catalog_folder_tool(const struct catalog_folder *, size_t i);

/* Forget what was seen before the last look. */
void catalog_folder_settle(struct catalog_folder *);

/* The mark of each file that is there. */
void catalog_folder_marks(const struct catalog_folder *,
    void (*visit)(void *ctx, struct slice uri, const struct file_mark *),
    void *ctx);

/* NULL is allowed. */
void catalog_folder_free(struct catalog_folder *);

#endif
