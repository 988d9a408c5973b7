#ifndef MCP_SSE_H
#define MCP_SSE_H

#include <stdint.h>

#include "buf.h"
#include "slice.h"

/* Append one server-sent event (WHATWG HTML 9.2) that carries one message:
 * `event: message` and one data line per line of the text. */
void sse_put_message(struct buf *b, struct slice json);

/* One event, whole.  Absent members are left out; so is retry below 0. */
struct sse_event {
	struct slice type; /* "message", "endpoint"; one line */
	struct slice id;   /* one line */
	int64_t retry_ms;
	struct slice data; /* may be empty, but not absent, to be dispatched */
};

void sse_put_event(struct buf *b, const struct sse_event *event);

/* A block that only sets the time to wait before coming back. */
void sse_put_retry(struct buf *b, int64_t retry_ms);

/* A line that a client ignores. */
void sse_put_comment(struct buf *b);

#endif
