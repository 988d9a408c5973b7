#ifndef MCP_STREAM_QUEUE_H
#define MCP_STREAM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rc.h"
#include "taken.h"

/*
 * What the threads of mcp-stream say to each other: short messages through
 * queues of a fixed size, each with a descriptor to wait on.
 *
 *     accept --requests--> store --orders--> loop
 *                          store <-reports-- loop
 *
 * Every connection has a slot, a small number that the store thread gives out
 * with STREAM_OPEN and that is free again after STREAM_CLOSED.  Who gives
 * bytes waits for STREAM_WRITTEN before he gives more, so a slot never has
 * more than STREAM_QUEUE_PER_SLOT messages on the way.
 */
enum stream_word {
	/* accept to store */
	STREAM_REQUEST, /* request */
	/* store to loop */
	STREAM_OPEN,  /* slot, taken, chunk, is_last, number: when too old */
	STREAM_BYTES, /* slot, chunk or NULL, is_last */
	STREAM_QUIT,  /* close all that is left, and end */
	/* loop to store */
	STREAM_WRITTEN, /* slot: all that was given */
	STREAM_AGED,    /* slot: too old, once */
	STREAM_CLOSED /* slot, why, is_last: with all written; number: bytes */
};

#define STREAM_QUEUE_PER_SLOT 4

enum stream_why {      /* a connection has ended */
	STREAM_ENDED,  /* its last byte was written */
	STREAM_LEFT,   /* the peer closed it */
	STREAM_BROKEN, /* writing failed */
	STREAM_SLOW,   /* a byte was not taken for too long */
	STREAM_CROWDED /* too much was unsent altogether */
};

/* Bytes on their way to a connection: FastCGI records. */
struct stream_chunk {
	struct stream_chunk *next;
	size_t len;
	size_t done; /* written so far */
	char bytes[];
};

struct stream_request; /* stream_accept.h */

struct stream_message {
	enum stream_word word;
	uint32_t slot;
	enum stream_why why;
	bool is_last;
	struct taken taken;
	int64_t number;
	size_t weight;                  /* for stream_queue_limit() */
	struct stream_chunk *chunk;     /* belongs to who takes the message */
	struct stream_request *request; /* likewise */
};

struct stream_queue;

/* RC_NOMEM, RC_IO. */
MUST_CHECK enum rc stream_queue_open(size_t max, struct stream_queue **out);

/* It is full, too, when what is in it weighs so much; one alone may be heavier.
 * Before its first use. */
void stream_queue_limit(struct stream_queue *q, size_t weight);

/* Readable while there are messages, or once the queue was closed. */
int stream_queue_fd(const struct stream_queue *q);

/* False if it is full. */
MUST_CHECK bool stream_queue_put(
    struct stream_queue *q, const struct stream_message *m);

/* Wait until there is room; false if the queue was closed. */
MUST_CHECK bool stream_queue_put_patiently(
    struct stream_queue *q, const struct stream_message *m);

/* Up to `max` messages, in the order in which they were put. */
size_t stream_queue_take(
    struct stream_queue *q, struct stream_message *m, size_t max);

/* No more will be put. */
void stream_queue_close(struct stream_queue *q);
bool stream_queue_is_closed(struct stream_queue *q);

/* Nobody must use it any more.  Chunks in it are freed.  NULL is allowed. */
void stream_queue_free(struct stream_queue *q);

#endif
