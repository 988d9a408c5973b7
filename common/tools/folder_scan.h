#ifndef MCP_FOLDER_SCAN_H
#define MCP_FOLDER_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "rc.h"
#include "slice.h"

/* Of one folder: somebody named the wrong one. */
#define FOLDER_FILES_MAX 1000
#define FOLDER_DEPTH_MAX 8
#define FOLDER_ENTRIES_MAX 20000

/* Which files lie below a folder: paths relative to it, sorted bytewise. */
struct folder_scan {
	const char **path;
	size_t n;
	bool is_cut; /* there are more than the maximum */
};

/*
 * Look.  Regular files whose names match one of the patterns (fnmatch(3); none:
 * all), and are UTF-8.  Hidden files and folders are left out, symbolic links
 * to folders too, and those to files that lie outside.  Memory is the arena's.
 * RC_IO if the folder cannot be read, RC_NOMEM.
 */
MUST_CHECK enum rc folder_scan(const char *folder, const char *const *patterns,
    size_t n_patterns, struct arena *a, struct folder_scan *out);

#endif
