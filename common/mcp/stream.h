#ifndef MCP_STREAM_H
#define MCP_STREAM_H

#include <stdbool.h>

#include "buf.h"
#include "exchange.h"
#include "feed.h"
#include "rc.h"
#include "slice.h"

/*
 * Requests that are answered with a stream to hold: is there room, is the feed
 * attached, then out with the head and the first bytes, and on to whoever holds
 * streams here.
 */

/* A feed for the client of the exchange; which stream it is, the caller
 * says. */
struct feed stream_feed(const struct exchange *x);

/*
 * May one more stream be held here?  To be asked before anything is attached
 * to it; the feed says whose it is.  With RC_OK and *has_room stream_reply(),
 * stream_drop() or stream_give_up() must follow; without, the exchange has
 * been answered.  RC_FULL: there is no room at all.
 */
MUST_CHECK enum rc stream_room(
    struct exchange *x, const struct feed *f, bool *has_room);
void stream_give_up(struct exchange *x);

/* The connection of a feed is over, or never was, with the event at its cursor
 * as the last one that was sent: it stops being the reader, is released, and
 * gives its room up. */
void stream_drop(struct exchange *x, struct feed *f);

/* Append the first bytes of a stream of the log: the priming event, from which
 * a client can come back, or a comment. */
void stream_put_first(
    const struct exchange *x, const struct feed *f, struct buf *out);

/*
 * Open the reply of an exchange as a stream of events and hand it over: to the
 * server's holder, or follow() it here.  `first` goes out at once (priming,
 * endpoint, acknowledgement).  The feed is attached (or needs no stream); it
 * is released or handed over, whatever comes back.  Asks for room if that was
 * not done.
 */
MUST_CHECK enum rc stream_reply(
    struct exchange *x, struct feed *f, struct slice first);

#endif
