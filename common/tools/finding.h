#ifndef MCP_FINDING_H
#define MCP_FINDING_H

#include <stddef.h>

#include "buf.h"
#include "json.h"
#include "rc.h"
#include "slice.h"

/*
 * Sentences about a text, one per line, each with the line it is about:
 * "12: name must be a string".  A sentence never contains a line break,
 * whatever the text does.
 */
struct findings {
	struct slice text; /* what is read; values point into it */
	struct buf *out;
	size_t n; /* so far */
};

/* The line, from 1, of the byte at this offset. */
size_t finding_line(struct slice text, size_t offset);

/* Append one about `at`; NULL is about the first line. */
void finding_put(struct findings *f, const struct json *at, const char *fmt,
    ...) PRINTF_LIKE(3, 4);

/* Append one about the byte at this offset. */
void finding_put_at(struct findings *f, size_t offset, const char *sentence);

/* Names that come from a text are shown whole only up to this length. */
#define FINDING_NAME(s) (int)((s).len < 64 ? (s).len : 64), (s).ptr

#endif
