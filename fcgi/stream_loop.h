#ifndef MCP_STREAM_LOOP_H
#define MCP_STREAM_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "rc.h"
#include "slice.h"
#include "stream_queue.h"

/*
 * The thread that holds the connections: it writes what it is given, and
 * comments in between, sees who leaves, and closes who takes nothing.  It knows
 * no store and never waits for anything but the sockets.
 */
struct stream_loop;

struct stream_loop_options {
	const struct clock *clock;
	size_t slots;         /* connections at most */
	struct slice comment; /* a record of STREAM_COMMENT_MAX bytes at most */
	int64_t comment_ms;   /* each connection gets one so often */
	int64_t stall_ms;     /* a byte must have been taken after so long */
	/* Unsent bytes of those that stall; when there are more, those who
	 * stall longest are closed after a second. */
	size_t memory;
	/* All that was given and is not written: who gives counts up, the loop
	 * down. */
	atomic_size_t *unsent;
	struct stream_queue *orders;  /* from the store */
	struct stream_queue *reports; /* to it */
};

/* RC_NOMEM, RC_IO. */
MUST_CHECK enum rc stream_loop_open(
    const struct stream_loop_options *options, struct stream_loop **out);

/*
 * Wait for something, max_ms at most (negative: no limit), and do what is to
 * be done.  False after STREAM_QUIT: all connections are closed.
 */
bool stream_loop_turn(struct stream_loop *l, int max_ms);

/* Connections that are open. */
size_t stream_loop_open_now(const struct stream_loop *l);

/* Closes what is open.  NULL is allowed. */
void stream_loop_free(struct stream_loop *l);

#endif
