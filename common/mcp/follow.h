#ifndef MCP_FOLLOW_H
#define MCP_FOLLOW_H

#include "exchange.h"
#include "feed.h"
#include "rc.h"

/*
 * Hold a stream in this process, on the connection of the exchange, until it
 * ends, the client leaves, its time is over, or the process is to go: the head
 * and the first bytes have been written.  Turns the feed every 20 ms (a
 * stream that nobody else may do for us), writes comments in between.
 * Releases the feed.  Failures of the store are waited for, 30 s at most.
 */
MUST_CHECK enum rc follow(struct exchange *x, struct feed *f);

/*
 * Open the reply of an exchange as a stream of events and hand it over: to the
 * server's holder, or follow() it here.  `first` goes out at once (priming,
 * endpoint, acknowledgement).  The feed is attached (or needs no stream); it
 * is released or handed over, whatever comes back.
 */
MUST_CHECK enum rc stream_reply(
    struct exchange *x, struct feed *f, struct slice first);

#endif
