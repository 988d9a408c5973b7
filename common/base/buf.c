#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Make room for n more bytes and the NUL, or mark the buffer as failed. */
static bool
reserve(struct buf *b, size_t n)
{
	size_t need, cap;
	char *p;

	if (b->failed)
		return false;
	if (b->len > b->max || n > b->max - b->len || b->max == SIZE_MAX) {
		b->failed = true;
		b->full = true;
		return false;
	}
	need = b->len + n + 1;
	if (need <= b->cap)
		return true;
	cap = b->cap < 256 ? 256 : b->cap;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	p = realloc(b->ptr, cap);
	if (p == NULL) {
		b->failed = true;
		return false;
	}
	b->ptr = p;
	b->cap = cap;
	return true;
}

char *
buf_extend(struct buf *b, size_t n)
{
	char *p;

	if (!reserve(b, n))
		return NULL;
	p = b->ptr + b->len;
	b->len += n;
	b->ptr[b->len] = '\0';
	return p;
}

void
buf_put_slowly(struct buf *b, const void *bytes, size_t n)
{
	char *p = buf_extend(b, n);

	if (p != NULL && n > 0)
		memcpy(p, bytes, n);
}

void
buf_put_u64(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_put(b, digits + at, sizeof(digits) - at);
}

void
buf_put_i64(struct buf *b, int64_t value)
{
	if (value < 0)
		buf_put_char(b, '-');
	/* Negated as unsigned, because INT64_MIN has no positive twin. */
	buf_put_u64(b, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	p = buf_extend(b, (size_t)n);
	if (p == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
}

enum rc
buf_finish(const struct buf *b)
{
	return b->failed ? RC_NOMEM : RC_OK;
}

struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){ b->ptr == NULL ? "" : b->ptr, b->len };
}

void
buf_truncate(struct buf *b, size_t len)
{
	b->failed = false;
	b->full = false;
	if (len < b->len) {
		b->len = len;
		b->ptr[len] = '\0';
	}
}

void
buf_reset(struct buf *b)
{
	buf_truncate(b, 0);
}

void
buf_release(struct buf *b)
{
	free(b->ptr);
	*b = BUF_INIT(b->max);
}
