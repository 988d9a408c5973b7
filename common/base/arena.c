#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One request of the usual size needs no second block. */
#define BLOCK_MIN ((size_t)16 * 1024)
/* A block larger than this is not kept over a reset. */
#define BLOCK_KEEP ((size_t)256 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t len;
	size_t cap;
	alignas(max_align_t) char data[];
};

static struct arena_block *
block_new(struct arena *a, size_t n)
{
	size_t cap = n < BLOCK_MIN ? BLOCK_MIN : n;
	struct arena_block *b = malloc(sizeof(*b) + cap);

	if (b == NULL)
		return NULL;
	b->next = a->head;
	b->len = 0;
	b->cap = cap;
	a->head = b;
	return b;
}

char *
arena_bytes(struct arena *a, size_t n)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *b = a->head;
	char *p;

	if (a->used > a->max || n > a->max - a->used ||
	    n > SIZE_MAX - sizeof(*b) - align)
		return NULL;
	n = (n + align - 1) & ~(align - 1);
	if (b == NULL || n > b->cap - b->len)
		b = block_new(a, n);
	if (b == NULL)
		return NULL;
	p = b->data + b->len;
	b->len += n;
	a->used += n;
	return p;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	char *p = arena_bytes(a, n);

	return p == NULL ? NULL : memset(p, 0, n);
}

enum rc
arena_copy(struct arena *a, struct slice in, struct slice *out)
{
	char *p;

	if (in.ptr == NULL) {
		*out = SLICE_NONE;
		return RC_OK;
	}
	p = arena_string(a, in);
	if (p == NULL)
		return RC_NOMEM;
	*out = (struct slice){ p, in.len };
	return RC_OK;
}

char *
arena_string(struct arena *a, struct slice in)
{
	char *p = in.len == SIZE_MAX ? NULL : arena_bytes(a, in.len + 1);

	if (p == NULL)
		return NULL;
	if (in.len > 0)
		memcpy(p, in.ptr, in.len);
	p[in.len] = '\0';
	return p;
}

void
arena_reset(struct arena *a)
{
	struct arena_block *b = a->head;
	struct arena_block *keep = NULL;

	while (b != NULL) {
		struct arena_block *next = b->next;

		if (keep == NULL && b->cap <= BLOCK_KEEP)
			keep = b;
		else
			free(b);
		b = next;
	}
	if (keep != NULL) {
		keep->next = NULL;
		keep->len = 0;
	}
	a->head = keep;
	a->used = 0;
}

void
arena_release(struct arena *a)
{
	while (a->head != NULL) {
		struct arena_block *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	a->used = 0;
}
