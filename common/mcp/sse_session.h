#ifndef MCP_SSE_SESSION_H
#define MCP_SSE_SESSION_H

#include <stdbool.h>

#include "exchange.h"
#include "rc.h"
#include "slice.h"

/*
 * HTTP+SSE (2024-11-05 basic/transports): the stream is the session.  What a
 * client posts is accepted, and answered on the stream, by whichever host
 * holds it.
 */

/* Is it offered, by the rules? */
bool sse_is_offered(const struct server *s);

/* The session id in the query of the request, or absent. */
struct slice sse_session_id(const struct exchange *x);

/* GET: open the stream with a new session, and tell its client where to
 * post. */
MUST_CHECK enum rc sse_open(struct exchange *x);

/*
 * POST: the session was loaded; find its stream and put it into x->stream.
 * False: there is none, or nobody reads it; the exchange has been refused.
 */
MUST_CHECK enum rc sse_enter(struct exchange *x, bool *ok);

/*
 * Append the message in server->body to the session's stream, and make the
 * reply 202.  What the store says; then nothing was appended.
 */
MUST_CHECK enum rc sse_answer(struct exchange *x);

#endif
