#ifndef MCP_BUF_H
#define MCP_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rc.h"
#include "slice.h"

/*
 * A growing byte buffer with a ceiling.
 *
 * Appends never report failure one by one.  The first that cannot be done
 * (no memory, or the ceiling would be passed) marks the buffer; later appends
 * do nothing, and buf_finish() tells.  Write the whole document, ask once.
 *
 * The bytes may contain NUL; after a successful append there is always one
 * extra NUL past the end, so that ptr may be shown with %s in a debugger.
 */
struct buf {
	char *ptr;
	size_t len;
	size_t cap;
	size_t max; /* never hold more than this many bytes */
	bool failed;
	bool full; /* it failed because of max, not for want of memory */
};

#define BUF_INIT(ceiling) ((struct buf){ .max = (ceiling) })

/* Append bytes, making room first.  What buf_put() does when there is none. */
void buf_put_slowly(struct buf *b, const void *bytes, size_t n);

/* Append bytes, a slice (nothing if it is absent), one byte.  An answer is
 * hundreds of these, nearly all of them into room that is there. */
static inline void
buf_put(struct buf *b, const void *bytes, size_t n)
{
	if (n == 0)
		return;
	if (b->failed || b->cap <= b->len || n >= b->cap - b->len ||
	    b->len > b->max || n > b->max - b->len) {
		buf_put_slowly(b, bytes, n);
		return;
	}
	memcpy(b->ptr + b->len, bytes, n);
	b->len += n;
	b->ptr[b->len] = '\0';
}

static inline void
buf_put_slice(struct buf *b, struct slice s)
{
	if (s.ptr != NULL)
		buf_put(b, s.ptr, s.len);
}

static inline void
buf_put_char(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

/* Append a number in decimal. */
void buf_put_u64(struct buf *b, uint64_t value);
void buf_put_i64(struct buf *b, int64_t value);

/* Append formatted text. */
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/*
 * Append n bytes whose content the caller fills in at once through the
 * returned pointer; NULL when the buffer is or becomes failed.
 */
char *buf_extend(struct buf *b, size_t n);

/* RC_NOMEM if any append since the last reset could not be done. */
MUST_CHECK enum rc buf_finish(const struct buf *b);

/* What was written so far; valid until the next append. */
struct slice buf_slice(const struct buf *b);

/* Cut back to an earlier length and forget a failure. */
void buf_truncate(struct buf *b, size_t len);

/* Empty, but keep the memory. */
void buf_reset(struct buf *b);

/* Give the memory back; the buffer may be used again. */
void buf_release(struct buf *b);

#endif
