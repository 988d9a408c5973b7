#ifndef MCP_CATALOG_FILES_H
#define MCP_CATALOG_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "rc.h"
#include "slice.h"

/*
 * The files of a catalog: which there are, what stands in them, and the
 * copies of those that were good.
 */

/* What a file looks like from outside; equal: nobody touched it. */
struct file_mark {
	int64_t mtime_ms;
	int64_t mtime_ns; /* the whole of it, within its second */
	int64_t size;
	uint64_t inode;
};

/* Names of definitions, sorted bytewise. */
struct file_names {
	char **name;
	size_t n;
};

/* More files than this in one folder are refused: somebody named the wrong
 * folder. */
#define FILES_MAX 4096

/*
 * Open a folder of definitions within a catalog.  It need not be there: *fd is
 * -1 then.  RC_IO if it or the catalog is out of reach, which is not the same.
 */
MUST_CHECK enum rc files_folder(const char *root, const char *name, int *fd);

/*
 * All names of the folder behind the descriptor that end in .json and do not
 * begin with '.'.  RC_IO, RC_FULL, RC_NOMEM; *out needs no release then.
 */
MUST_CHECK enum rc files_list(int folder, struct file_names *out);
void file_names_release(struct file_names *names);

/*
 * The mark of a regular file (symbolic links are followed).  RC_NOTFOUND if
 * there is none, RC_IO.
 */
MUST_CHECK enum rc files_mark(
    int folder, const char *name, struct file_mark *out);

struct stat;
struct file_mark file_mark_of(const struct stat *);

bool file_mark_eq(const struct file_mark *a, const struct file_mark *b);

/* Append what stands in a regular file: RC_NOTFOUND, RC_IO, RC_FULL if it is
 * longer than the buffer may be, RC_NOMEM. */
MUST_CHECK enum rc files_read(int folder, const char *name, struct buf *out);

/* The same of one that is open. */
MUST_CHECK enum rc files_read_fd(int fd, struct buf *out);

/* Put a file in place, whole or not at all, whoever else does the same. */
MUST_CHECK enum rc files_write(
    int folder, const char *name, struct slice content);

#endif
