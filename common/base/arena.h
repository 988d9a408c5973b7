#ifndef MCP_ARENA_H
#define MCP_ARENA_H

#include <stddef.h>

#include "rc.h"
#include "slice.h"

/*
 * Memory of one request.
 *
 * A list of blocks; what is taken from it is zeroed, aligned for any type,
 * never freed alone, and gone with the next reset.  It never holds more than
 * `max` bytes, so that no request can eat the machine.
 */
struct arena_block;

struct arena {
	struct arena_block *head;
	size_t used; /* bytes handed out since the last reset */
	size_t max;
};

#define ARENA_INIT(ceiling) ((struct arena){ .max = (ceiling) })

/* n zeroed bytes, or NULL: no memory, or the ceiling would be passed. */
void *arena_alloc(struct arena *a, size_t n);

/* Room for n bytes whose content the caller writes at once (not zeroed). */
char *arena_bytes(struct arena *a, size_t n);

/* A copy that lives in the arena; *out is absent if in is. */
MUST_CHECK enum rc arena_copy(
    struct arena *a, struct slice in, struct slice *out);

/* The same with a NUL behind it; NULL when there is no memory. */
char *arena_string(struct arena *a, struct slice in);

/* Forget everything, but keep one block for the next request. */
void arena_reset(struct arena *a);

/* Give all memory back; the arena may be used again. */
void arena_release(struct arena *a);

#endif
