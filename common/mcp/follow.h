#ifndef MCP_FOLLOW_H
#define MCP_FOLLOW_H

#include "exchange.h"
#include "feed.h"
#include "rc.h"

/*
 * Hold a stream in this process, on the connection of the exchange, until it
 * ends, the client leaves, its time is over, or the process is to go: the head
 * and the first bytes have been written.  Looks for changes every 20 ms, or
 * when server->ear hears of some, and writes comments in between.  Ends the reply and
 * drops the feed.  Failures of the store are waited for, 30 s at most.
 */
MUST_CHECK enum rc follow(struct exchange *x, struct feed *f);

#endif
