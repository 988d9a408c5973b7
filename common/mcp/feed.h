#ifndef MCP_FEED_H
#define MCP_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "listen.h"
#include "rc.h"
#include "revision.h"
#include "store.h"
#include "transport.h"

/*
 * A stream on its way to one client: a cursor into the event log, or into the
 * versions of topics (2026-07-28 listen).  It does no I/O but store reads and
 * knows nothing about connections: whoever holds the connection turns it when
 * something may have changed, and writes what comes out.
 *
 * One struct serves every way to hold a stream: thousands in mcp-stream, one
 * in a worker.  It owns nothing but `listen`.
 */
enum feed_turn {
	FEED_STAYS, /* nothing more for now */
	FEED_MORE,  /* the limits were met: turn again when this is written */
	FEED_ENDS,  /* its last event is in the buffer: end the connection */
	FEED_CLOSES /* write feed_put_close(), then end the connection */
};

struct feed {
	const struct transport *transport;
	const struct revision *revision;
	unsigned char principal[PRINCIPAL_BYTES];
	int64_t session; /* 0: it belongs to none (listen) */
	int64_t stream;  /* 0 likewise */
	enum stream_kind kind;
	uint32_t incarnation;
	int64_t reader;        /* ours */
	int64_t cursor;        /* the last event that was put into a buffer */
	bool is_superseded;    /* a newer reader gets the messages */
	struct listen *listen; /* NULL: a stream of the log; owned */
};

/*
 * Append what is new as server-sent events, at least one if there is any, and
 * not much more than `bytes`.  RC_NOTFOUND: the stream, its session, its
 * incarnation or a piece of the log is gone: end the connection.  What the
 * store says otherwise; then nothing was appended.
 */
MUST_CHECK enum rc feed_turn(struct feed *f, struct store *store,
    const struct op *op, size_t bytes, struct buf *out, enum feed_turn *turn);

/* Does this change concern it? */
bool feed_concerns(const struct feed *f, const struct change *change);

/* What is said before a connection is ended early: `retry` where the revision
 * has it, the result of a listen, nothing otherwise. */
void feed_put_close(const struct feed *f, int64_t retry_ms, struct buf *out);

/* The connection has ended with `sent` as the last event the client was
 * sent: stop being the reader; the session of an HTTP+SSE stream ends. */
MUST_CHECK enum rc feed_detach(
    struct feed *f, struct store *store, const struct op *op, int64_t sent);

/* Frees `listen`. */
void feed_release(struct feed *f);

#endif
