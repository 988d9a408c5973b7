#ifndef MCP_STORE_STREAM_H
#define MCP_STORE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

/*
 * The event log, what is noticed in it, and the topics that change: rows and
 * arguments of the operations in store.h.
 *
 * A stream is a numbered row with a counter; its events are numbered 1, 2, 3
 * without a gap, in the order in which they became visible.  Who writes them
 * to a client is its reader.  A process that owns something is named
 * `<host>.<process>` in the `owner` of a row.
 */

/* ------------------------------------------------------------ streams */

enum stream_kind {
	STREAM_CALL = 1,    /* of one posted request; its response ends it */
	STREAM_SESSION = 2, /* what belongs to no request; one per session */
	STREAM_SSE = 3      /* HTTP+SSE: everything of its session */
};

struct stream_row {
	int64_t number;  /* store-wide, never used twice */
	int64_t session; /* session_row.id */
	enum stream_kind kind;
	uint32_t incarnation; /* of the store when it was opened */
	int64_t head;         /* number of the newest event; 0: none yet */
	int64_t purged;       /* events up to this one are gone */
	int64_t sent;         /* written to a client, as far as is known */
	int64_t reader;       /* the newest reader; each attach raises it */
	struct slice owner;   /* process of that reader; absent: it has left */
	bool is_open;         /* more may come */
	int64_t created;
	int64_t changed; /* when it was closed, or last appended to */
};

struct stream_open {
	int64_t session;
	enum stream_kind kind; /* STREAM_CALL or STREAM_SSE */
	struct slice owner;    /* its first reader */
};

/* Where a reader begins. */
struct stream_attach {
	int64_t session;
	int64_t stream; /* 0: that of the session, made if it has none */
	/* Behind this event, which the client has; -1: behind `sent`. */
	int64_t after;
	uint32_t incarnation; /* that of the event id; unused with after -1 */
	struct slice owner;
};

struct stream_sent { /* the reader's progress */
	int64_t stream;
	int64_t reader; /* nothing is changed if it is no longer this one */
	int64_t sent;
};

struct stream_caps { /* of one stream; 0: no limit */
	int64_t events;
	int64_t bytes;
};

/* ------------------------------------------------------------- events */

struct event_row {
	int64_t seq;
	struct slice data; /* one JSON-RPC message */
};

struct event_rows {
	struct event_row *row;
	size_t n;
};

struct event_append {
	int64_t session;
	int64_t stream;
	/* The writer's own number for it, 0: none.  The second append of one
	 * number to a stream changes nothing and tells the first one's seq. */
	int64_t key;
	/* The call that writes, fenced by its epoch; 0: none. */
	int64_t call;
	int64_t epoch;
	struct slice data;
};

struct appended {
	int64_t seq;
	int64_t reader; /* of the stream, now */
};

/* How much one read may bring; at least one event comes, whatever its size. */
struct event_limits {
	size_t events;
	size_t bytes;
};

/* ------------------------------------------------------------ changes */

enum change_kind {
	CHANGE_EVENT,  /* the stream has events it had not */
	CHANGE_READER, /* the stream has another reader, or none */
	CHANGE_END,    /* the session was ended or forgotten */
	CHANGE_TOPIC,  /* ref: its id */
	CHANGE_CALL,   /* ref: a call that was cancelled, claimed or ended */
	CHANGE_ANSWER, /* ref: the call whose question was answered */
	CHANGE_TASK,   /* ref: the number of a task whose state changed */
	/* Something was missed: look at everything you hold. */
	CHANGE_ALL
};

struct change {
	enum change_kind kind;
	int64_t session; /* 0: none */
	int64_t stream;  /* 0: none */
	int64_t ref;
};

struct change_rows {
	struct change *row;
	size_t n;
	bool more; /* ask again at once */
};

/* What is counted for parts of the store, so that writers do not wait for each
 * other. */
#define STORE_SHARDS 256

/* How far somebody has noticed changes; zeroed at first.  The store's own
 * but for the incarnation, which is that of the last look. */
struct change_mark {
	int64_t events;
	int64_t signals;
	int64_t shard[STORE_SHARDS];
	uint32_t incarnation;
	bool is_set;
};

/* ------------------------------------------------------------- topics */

#define TOPIC_NAME_MAX 2048

struct topic_row {
	int64_t id; /* given away in the order of commits, never used twice */
	struct slice name;
	int64_t version; /* 0: never raised */
};

struct topic_rows {
	struct topic_row *row;
	size_t n;
};

struct topic_raise {
	struct slice name;
	/* NULL: raise it.  Else 16 bytes that stand for what it is about: raise
	 * it only if they differ from those of the last time.  The first
	 * digest of all is only noted, since nobody can have seen another. */
	const unsigned char *digest;
};

/* One message about one topic, into the streams of the sessions that want
 * it and have not been told of this version. */
struct topic_deliver {
	struct slice name;
	int64_t version;
	struct slice owner; /* streams that this process reads; absent: any */
	int64_t session;    /* only this one; 0: all */
	struct slice data;
	size_t limit; /* sessions at most in this call */
};

struct topic_delivered {
	int64_t sessions;
	bool more;
};

#endif
