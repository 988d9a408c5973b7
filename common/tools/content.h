#ifndef MCP_CONTENT_H
#define MCP_CONTENT_H

#include <stdbool.h>

#include "buf.h"
#include "catalog_files.h"
#include "rc.h"
#include "slice.h"

/*
 * Files whose bytes are for clients.
 */

/* Open the folder behind a path; -1 with errno. */
int content_folder(const char *path);

/*
 * Open a file below a folder, without leaving it: no "..", no symbolic link
 * that leads out.  -1 with errno.
 */
int content_open(int folder, const char *path, int flags);

/* The same, and append what stands there: RC_NOTFOUND, RC_IO, RC_FULL if it
 * is longer than the buffer may be, RC_NOMEM. */
MUST_CHECK enum rc content_read(int folder, const char *path, struct buf *out);

/* RC_NOTFOUND if it is no regular file, or outside; RC_IO. */
MUST_CHECK enum rc content_mark(
    int folder, const char *path, struct file_mark *out);

/* Can it be shown as text: UTF-8 without NUL, and not of a media type (which
 * may be absent) that is for bytes, such as an image? */
bool content_is_text(struct slice bytes, struct slice mime);

/* What it is if nobody said: by the name of the file, else by its bytes. */
struct slice content_mime(struct slice name, struct slice bytes);

#endif
