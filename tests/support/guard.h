#ifndef MCP_GUARD_H
#define MCP_GUARD_H

#include "slice.h"

/*
 * Readable memory that ends where unreadable memory begins: whoever reads one
 * byte behind what guard_place() gives is killed, even without a sanitizer.
 */
struct guard {
	char *pages;
	size_t size; /* readable bytes */
};

/* False when the machine gives no such memory. */
bool guard_init(struct guard *g);
void guard_release(struct guard *g);

/* The same bytes (at most g->size) at the very end, until the next call. */
struct slice guard_place(struct guard *g, struct slice bytes);

#endif
