#ifndef MCP_SESSION_H
#define MCP_SESSION_H

#include "buf.h"
#include "rc.h"
#include "revision.h"
#include "session_id.h"
#include "slice.h"
#include "store.h"

/*
 * Sessions of the legacy revisions.  Any host serves any session: the row in
 * the store is the only truth, and the id authenticates itself.
 */
struct exchange;

struct session {
	struct session_id id;
	struct session_row row;
	const struct revision *revision; /* negotiated */
};

enum session_found {
	SESSION_FOUND,
	SESSION_NO_ID,  /* the request carries none */
	SESSION_UNKNOWN /* forged, ended, expired, or another principal's */
};

/* Ids of hosts whose clocks are this far apart are still believed. */
#define SESSION_SKEW_MS 600000
/* `touched` is written again when it is older than this. */
#define SESSION_TOUCH_MS 300000

/*
 * Find the session the request names and put it into x->session.  A row that
 * was forgotten comes back to life; an id that is not ours costs no store
 * call.  What the store says otherwise.
 */
MUST_CHECK enum rc session_load(struct exchange *x, enum session_found *found);

/* The same without side effects: nothing is revived or touched. */
MUST_CHECK enum rc session_peek(struct exchange *x, enum session_found *found);

/*
 * Open a new one for x->principal and put it into x->session; `client` is the
 * JSON to remember of it.  RC_FULL at the cap.
 */
MUST_CHECK enum rc session_open(struct exchange *x,
    const struct revision *revision, uint32_t caps, struct slice client);

/*
 * Open one for an HTTP+SSE client, which says later who it is; nothing is
 * added to the reply.  RC_FULL at the cap.
 */
MUST_CHECK enum rc session_open_sse(struct exchange *x);

/* Append the id of the session that was just opened.  RC_BUSY, RC_NOMEM. */
MUST_CHECK enum rc session_put_id(struct exchange *x, struct buf *out);

/*
 * What the client of an HTTP+SSE session says when it initializes it.
 * RC_CONFLICT: it has before; RC_NOTFOUND: the session has ended meanwhile.
 */
MUST_CHECK enum rc session_negotiate(struct exchange *x,
    const struct revision *revision, uint32_t caps, struct slice client);

/*
 * Come back when what was just committed of a session is seen by every host,
 * so that it may be answered.  Only after session_end() or session_set() of
 * the store.
 */
void session_settle(struct exchange *x);

/* End the session the request names, as its client wishes: when this comes
 * back no host serves it any more. */
MUST_CHECK enum rc session_close(struct exchange *x, enum session_found *found);

/* Remember that the client said `initialized`; does nothing a second time. */
MUST_CHECK enum rc session_initialized(struct exchange *x);

#endif
