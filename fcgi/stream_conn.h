#ifndef MCP_STREAM_CONN_H
#define MCP_STREAM_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"
#include "stream_list.h"
#include "stream_queue.h"

/*
 * One connection of the loop: a descriptor and the bytes that wait for it.
 * Without any it holds no memory but itself.
 */
struct stream_conn {
	struct stream_node due;     /* its next comment */
	struct stream_node stalled; /* the peer did not take all bytes */
	struct stream_chunk *first;
	struct stream_chunk *last;
	size_t unsent;  /* bytes of chunks */
	size_t counted; /* of them, among those of all that stall */
	int64_t since;  /* when the oldest unsent one was given */
	int64_t old_at; /* when it is too old; 0: never */
	int64_t bytes;  /* written so far */
	int fd;
	uint16_t request;
	uint16_t ignored;   /* bytes of the peer that meant nothing */
	bool is_open;       /* else the slot is free */
	bool is_last;       /* to be closed when all is written */
	bool owes_report;   /* of what was given */
	bool was_told_aged; /* the store knows */
	bool wants_room;    /* waits for EPOLLOUT */
};

enum stream_conn_state {
	CONN_DONE,    /* nothing waits */
	CONN_WAITING, /* the peer takes no more for now */
	CONN_OVER     /* the peer has gone, or it broke */
};

/* A chunk with these bytes; NULL without memory. */
struct stream_chunk *stream_chunk_new(struct slice bytes);

/* Fill it in; the descriptor becomes non-blocking. */
void stream_conn_init(struct stream_conn *c, const struct taken *taken);

/* Give it bytes, which belong to it now. */
void stream_conn_add(
    struct stream_conn *c, struct stream_chunk *chunk, int64_t now);

/* Write what can be written now. */
enum stream_conn_state stream_conn_write(struct stream_conn *c, int64_t now);

/*
 * Write a comment, a record of at most STREAM_COMMENT_MAX bytes for any
 * request; only with CONN_DONE.  What the peer does not take waits.
 */
#define STREAM_COMMENT_MAX 64
enum stream_conn_state stream_conn_comment(
    struct stream_conn *c, struct slice record, int64_t now);

/* Look at what the peer says after its request: CONN_OVER if it has closed
 * (in either direction) or aborts, else CONN_DONE. */
enum stream_conn_state stream_conn_read(struct stream_conn *c);

/* The client has left: end the request as the peer expects it, if it still
 * listens and nothing is half written (FastCGI 1.0 section 5.5). */
void stream_conn_end(struct stream_conn *c);

/* Close it and free what it holds. */
void stream_conn_release(struct stream_conn *c);

#endif
