#include "feed.h"

#include "event_id.h"
#include "sse.h"

/* One store read; what is left comes with the next turn. */
#define EVENTS_MAX 100

/* "4294967295-9223372036854775807-9223372036854775807" */
#define ID_MAX 64

static void
put_event(const struct feed *f, const struct event_row *event, struct buf *id,
    struct buf *out)
{
	const struct event_id number = { f->incarnation, f->stream,
		event->seq };
	struct sse_event e = {
		.type = SLICE("message"), .retry_ms = -1, .data = event->data
	};

	if (f->transport->has_event_ids) {
		buf_reset(id);
		event_id_put(id, &number);
		e.id = buf_slice(id);
	}
	sse_put_event(out, &e);
}

static enum rc
put_events(struct feed *f, const struct event_rows *events, struct buf *out)
{
	struct buf id = BUF_INIT(ID_MAX);
	size_t start = out->len;
	enum rc rc;

	for (size_t i = 0; i < events->n; i++)
		put_event(f, &events->row[i], &id, out);
	rc = buf_finish(&id);
	if (rc == RC_OK)
		rc = buf_finish(out);
	buf_release(&id);
	if (rc != RC_OK)
		buf_truncate(out, start);
	else if (events->n > 0)
		f->cursor = events->row[events->n - 1].seq;
	return rc;
}

/*
 * Somebody else reads the stream by now.  Of a session's own stream the older
 * connection stays open in silence: closing it would bring its client back,
 * and the two would drive each other out for ever.  It comes back when
 * nobody reads.
 */
static enum feed_turn
superseded(struct feed *f, const struct stream_row *row)
{
	f->is_superseded = true;
	if (f->kind != STREAM_SESSION)
		return FEED_ENDS;
	return row->owner.ptr == NULL ? FEED_CLOSES : FEED_STAYS;
}

static bool
is_superseded(const struct feed *f, const struct stream_row *row)
{
	return f->is_superseded || row->reader > f->reader;
}

/* Is this the stream the feed was attached to, with all that it needs? */
static bool
is_whole(const struct feed *f, const struct stream_row *row,
    const struct event_rows *events)
{
	if (row->session != f->session || row->incarnation != f->incarnation)
		return false;
	/* Only a call's stream closes by itself. */
	if (!row->is_open && f->kind != STREAM_CALL)
		return false;
	if (is_superseded(f, row))
		return true;
	/* The log may be another one than we have read, or damaged. */
	if (row->purged > f->cursor || f->cursor > row->head ||
	    (events->n == 0 && f->cursor < row->head))
		return false;
	for (size_t i = 0; i < events->n; i++) {
		if (events->row[i].seq != f->cursor + 1 + (int64_t)i)
			return false;
	}
	return true;
}

enum rc
feed_turn(struct feed *f, struct store *store, const struct op *op,
    size_t bytes, struct buf *out, enum feed_turn *turn)
{
	const struct event_limits limits = { EVENTS_MAX, bytes };
	/* What a newer reader gets is nothing to us. */
	const int64_t after = f->is_superseded ? INT64_MAX : f->cursor;
	struct stream_row row;
	struct event_rows events = { NULL, 0 };
	bool any;
	enum rc rc;

	*turn = FEED_STAYS;
	if (f->listen != NULL)
		return listen_turn(f->listen, store, op, out, &any);
	rc = store->ops->stream_read(
	    store, op, f->stream, after, &limits, &row, &events);
	if (rc != RC_OK)
		return rc;
	if (!is_whole(f, &row, &events))
		return RC_NOTFOUND;
	if (is_superseded(f, &row)) {
		*turn = superseded(f, &row);
		return RC_OK;
	}
	rc = put_events(f, &events, out);
	if (rc != RC_OK)
		return rc;
	if (f->cursor < row.head)
		*turn = FEED_MORE;
	else if (!row.is_open)
		*turn = FEED_ENDS;
	return RC_OK;
}

bool
feed_concerns(const struct feed *f, const struct change *change)
{
	if (f->listen != NULL)
		return listen_concerns(f->listen, change);
	switch (change->kind) {
	case CHANGE_EVENT:
	case CHANGE_READER:
	case CHANGE_CALL:
		return change->stream == f->stream;
	case CHANGE_END:
		return change->session == f->session;
	case CHANGE_ALL:
		return true;
	case CHANGE_TOPIC: /* comes as an event */
	case CHANGE_ANSWER:
	case CHANGE_TASK:
		break;
	}
	return false;
}

void
feed_put_close(const struct feed *f, int64_t retry_ms, struct buf *out)
{
	if (f->listen != NULL)
		listen_put_end(f->listen, out);
	else if (f->revision->has_priming && f->transport->has_event_ids)
		sse_put_retry(out, retry_ms);
}

/* The connection was the session. */
static enum rc
end_session(struct feed *f, struct store *store, const struct op *op)
{
	const struct session_filter filter = {
		.id = f->session, .state = SESSION_LIVE, .limit = 1
	};
	struct session_rows rows = { NULL, 0 };
	enum rc rc = store->ops->session_list(store, op, &filter, &rows);

	if (rc != RC_OK || rows.n == 0)
		return rc;
	rc = store->ops->session_end(store, op, &rows.row[0].key, END_DELETED);
	return rc == RC_CONFLICT || rc == RC_NOTFOUND ? RC_OK : rc;
}

enum rc
feed_detach(
    struct feed *f, struct store *store, const struct op *op, int64_t sent)
{
	const struct stream_sent progress = { f->stream, f->reader, sent };

	if (f->session == 0)
		return RC_OK;
	if (f->kind == STREAM_SSE)
		return end_session(f, store, op);
	if (f->stream == 0)
		return RC_OK;
	return store->ops->stream_detach(store, op, &progress);
}

void
feed_release(struct feed *f)
{
	listen_free(f->listen);
	f->listen = NULL;
}
