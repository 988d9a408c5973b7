#ifndef MCP_STREAM_STORE_H
#define MCP_STREAM_STORE_H

#include <stdatomic.h>

#include "config.h"
#include "ear_socket.h"
#include "house.h"
#include "log.h"
#include "rc.h"
#include "stream_queue.h"
#include "wiring.h"

/*
 * The thread that owns the handles: it answers requests, holds the feed of
 * every stream, looks for changes and turns those that a change concerns.  The
 * connections are the loop's.
 */
struct stream_store;

struct stream_store_options {
	const struct config *config;
	struct log *log;
	struct wiring *wiring;   /* nobody else uses it from now on */
	struct house *house;     /* NULL: none */
	int bell;                /* rings when there may be changes; -1: none */
	struct ear_ringer *ears; /* calls of this host; NULL: none */
	size_t streams;          /* to hold at most */
	size_t answers;          /* connections beside them */
	atomic_size_t *unsent;   /* see stream_loop.h */
	struct stream_queue *requests;
	struct stream_queue *orders;
	struct stream_queue *reports;
};

/* RC_NOMEM. */
MUST_CHECK enum rc stream_store_open(
    const struct stream_store_options *options, struct stream_store **out);

/*
 * Serve until the queue of requests is closed; then close all streams, with a
 * wish to come back, tell the loop to quit, and note how far each client came.
 */
void stream_store_run(struct stream_store *s);

/* NULL is allowed. */
void stream_store_free(struct stream_store *s);

#endif
