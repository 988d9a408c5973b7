#ifndef MCP_STREAM_TABLE_H
#define MCP_STREAM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feed.h"
#include "rc.h"
#include "stream_list.h"

/*
 * The streams that one process holds, by slot, by number and by session.
 * Nothing is allocated after the start, and no function but
 * stream_table_each() looks at more than it must.
 */
enum stream_use {
	STREAM_FREE,
	STREAM_ANSWER, /* not a stream: a reply on its way */
	STREAM_HELD,
	STREAM_OVER /* its connection is closed; to be detached */
};

struct stream_held {
	struct feed feed;
	struct stream_node todo;  /* to be turned, or (STREAM_OVER) detached */
	struct stream_node moved; /* `sent` is to be noted */
	struct stream_node listens;
	uint32_t next_stream;  /* slot + 1 of the next one of its bucket */
	uint32_t next_session; /* likewise; or of the next free slot */
	uint32_t principal;    /* its count */
	enum stream_use use;
	int64_t sent;   /* written to the client */
	int64_t events; /* given so far; of a listen: pages */
	int64_t opened_ms;
	uint64_t connection; /* in the trace; 0: not there */
	const char *why;     /* we end it; NULL: not yet */
	uint16_t request;    /* FastCGI request id */
	bool is_writing;     /* the loop has bytes of it */
	bool has_more;       /* turn it when they are written */
	bool must_catch_up;  /* topics it wants may have been missed */
};

struct stream_table;

struct stream_limits {
	size_t streams;   /* in all */
	size_t answers;   /* beside them */
	size_t session;   /* standalone ones of one session; 0: no limit */
	size_t principal; /* of one named principal; 0: no limit */
};

/* RC_NOMEM. */
MUST_CHECK enum rc stream_table_open(
    const struct stream_limits *limits, struct stream_table **out);

/* Slots in all: their numbers are below. */
size_t stream_table_slots(const struct stream_table *t);
size_t stream_table_held(const struct stream_table *t);

/* May this one be held?  RC_FULL: no room; RC_CONFLICT: too many of its
 * session or of its principal. */
MUST_CHECK enum rc stream_table_room(
    const struct stream_table *t, const struct feed *feed);

/* Is there a slot for a reply? */
bool stream_table_has_slot(const struct stream_table *t);

/* Has every connection been closed? */
bool stream_table_is_quiet(const struct stream_table *t);

/* A slot for a stream, whose feed is copied; or for a reply (NULL).  NULL if
 * there is none. */
struct stream_held *stream_table_take(
    struct stream_table *t, const struct feed *feed);

struct stream_held *stream_table_at(struct stream_table *t, uint32_t slot);
uint32_t stream_table_slot(
    const struct stream_table *t, const struct stream_held *h);

/* It counts no more and is not found any more, but keeps its slot. */
void stream_table_close(struct stream_table *t, struct stream_held *h);

/* The slot is free again.  The feed was released. */
void stream_table_give_back(struct stream_table *t, struct stream_held *h);

/* STREAM_HELD ones of a stream or session; start with NULL, ends with it. */
struct stream_held *stream_table_of_stream(
    struct stream_table *t, int64_t stream, struct stream_held *last);
struct stream_held *stream_table_of_session(
    struct stream_table *t, int64_t session, struct stream_held *last);

/* Those that listen to topics. */
struct stream_list *stream_table_listens(struct stream_table *t);

/* The next STREAM_HELD one from slot *at on, which is moved behind it; NULL
 * when there are none up to `end`. */
struct stream_held *stream_table_each(
    struct stream_table *t, uint32_t *at, uint32_t end);

/* Releases the feeds.  NULL is allowed. */
void stream_table_free(struct stream_table *t);

#endif
