#ifndef MCP_STREAM_ACCEPT_H
#define MCP_STREAM_ACCEPT_H

#include <stdint.h>

#include "arena.h"
#include "config.h"
#include "fcgi_io.h"
#include "http.h"
#include "log.h"
#include "rc.h"
#include "stream_queue.h"
#include "taken.h"

/*
 * The thread that reads requests: it waits for slow web servers, so that
 * nobody else has to, and hands each request on with its connection.
 */
struct stream_request { /* made by one thread, freed by another */
	struct arena arena;
	struct http_request http; /* all of it in the arena */
	struct taken taken;       /* fd -1: it was given away */
	int64_t came_ms;          /* monotonic */
	uint64_t connection;      /* in the trace; 0: not there */
};

/* Closes the connection unless it was given away.  NULL is allowed. */
void stream_request_free(struct stream_request *r);

/* Copy every byte of *from that it points to; RC_NOMEM. */
MUST_CHECK enum rc stream_request_copy(
    struct arena *a, const struct http_request *from, struct http_request *to);

struct stream_accept {
	struct fcgi_io *io;
	struct log log; /* of this thread; to the same place */
	struct stream_queue *requests;
	size_t arena_max;
};

/* `listening` is non-blocking.  RC_NOMEM, RC_IO. */
MUST_CHECK enum rc stream_accept_open(struct stream_accept *a,
    const struct config *config, const struct log *log, int listening,
    struct stream_queue *requests);

/* Take one request, if there is one.  Waits while the queue is full. */
void stream_accept_one(struct stream_accept *a);

void stream_accept_release(struct stream_accept *a);

#endif
