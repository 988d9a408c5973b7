#ifndef MCP_FOLLOW_H
#define MCP_FOLLOW_H

#include "exchange.h"
#include "feed.h"
#include "rc.h"

/*
 * Hold a stream in this process, on the connection of the exchange, until it
 * ends, the client leaves, its time is over, or the process is to go: the head
 * and the first bytes have been written.  Looks for changes every 20 ms (which
 * nobody else may do for us), writes comments in between.  Ends the reply,
 * detaches and releases the feed.  Failures of the store are waited for, 30 s
 * at most.
 */
MUST_CHECK enum rc follow(struct exchange *x, struct feed *f);

/*
 * May one more stream be held here?  To be asked before anything is attached
 * to it; the feed says whose it is.  With RC_OK and *has_room stream_reply()
 * or stream_give_up() must follow; without, the exchange has been answered.
 * RC_FULL: there is no room at all.
 */
MUST_CHECK enum rc stream_room(
    struct exchange *x, const struct feed *f, bool *has_room);
void stream_give_up(struct exchange *x);

/* The connection of a feed is over, or never was: it stops being the reader,
 * and is released. */
void stream_drop(struct exchange *x, struct feed *f);

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
