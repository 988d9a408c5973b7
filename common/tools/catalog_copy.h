#ifndef MCP_CATALOG_COPY_H
#define MCP_CATALOG_COPY_H

#include <stdbool.h>

#include "buf.h"
#include "slice.h"

/*
 * Copies of definitions that were good, shared by the processes of a host.
 * `state` is their folder; NULL: none are kept, which is no failure.
 */

/* Keep this text under this name unless it is there already; false if that
 * cannot be done. */
bool copy_write(const char *state, const char *name, struct slice text);

/* Append the copy of this name; false if there is none. */
bool copy_read(const char *state, const char *name, struct buf *out);

void copy_remove(const char *state, const char *name);

/* Remove the copies of names that are not wanted. */
void copy_sweep(
    const char *state, bool (*is_wanted)(void *, const char *name), void *ctx);

#endif
