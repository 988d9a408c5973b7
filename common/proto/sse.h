#ifndef MCP_SSE_H
#define MCP_SSE_H

#include "buf.h"
#include "slice.h"

/* Append one server-sent event (WHATWG HTML 9.2) that carries one message:
 * `event: message` and one data line per line of the text. */
void sse_put_message(struct buf *b, struct slice json);

#endif
