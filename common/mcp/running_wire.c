#include "event_id.h"
#include "reply.h"
#include "running_part.h"
#include "sse.h"

/* A client that takes nothing for so long is left. */
#define TAKE_MS 30000
/* Between two looks whether it takes more, when nothing else is to be done. */
#define DRAIN_LOOK_MS 10
/* A store that is full or busy is not asked again at once, however much there
 * is to say: what may get lost is to hold up neither others nor the call. */
#define REST_MS 1000

static int64_t
comment_ms(const struct running *r)
{
	const struct server_rules *rules = &r->x->server->rules;

	return r->x->transport->disconnect_cancels ? rules->comment_modern_ms
						   : rules->comment_ms;
}

/* Tell the store how far its client is, and that nobody reads on. */
static void
detach(struct running *r)
{
	struct store *store = r->x->server->store;
	struct stream_sent sent = { r->row.stream, r->reader, r->sent };
	struct op op;
	enum rc rc;

	if (r->reader == 0)
		return;
	r->reader = 0;
	op = running_op(r);
	op.relaxed = true;
	rc = store->ops->stream_detach(store, &op, &sent);
	if (rc != RC_OK)
		running_log(r, LOG_INFO, "detach", rc);
	else
		bell_ring(r->x->server->bell);
}

/* The head of a stream that is only opened to be ended, or to go on. */
static enum rc
put_head(struct running *r)
{
	struct exchange *x = r->x;

	x->reply.status = 200;
	x->reply.body = REPLY_SENT;
	reply_header(x, "Content-Type", SLICE("text/event-stream"));
	reply_header(x, "Cache-Control", SLICE("no-cache, no-transform"));
	r->wire = WIRE_EVENTS;
	return x->sink->ops->head(
	    x->sink, 200, x->reply.header, x->reply.n_headers, SINK_STREAM);
}

/* To one who takes no events: what is asked for goes on, come again. */
static void
put_later(struct exchange *x)
{
	reply_failed(x, RC_BUSY);
	reply_send(x);
	/* It is no failure of ours, and the response is yet to be built. */
	x->rc = RC_OK;
	buf_reset(&x->server->body);
}

void
running_wire_end(struct running *r)
{
	struct sink *sink = r->x->sink;

	if (r->wire == WIRE_GONE)
		return;
	/* Whoever has left does not hear it. */
	if (r->wire == WIRE_HELD && !r->may_stream) {
		put_later(r->x);
	} else {
		if (r->wire == WIRE_HELD && put_head(r) == RC_OK)
			(void)sink->ops->body(sink, SLICE(":\n\n"));
		/* Nor does who takes nothing; he sees a cut. */
		if (r->stuck_since == 0 || sink->ops->is_ready(sink))
			(void)sink->ops->end(sink);
	}
	sink->ops->close(sink);
	r->wire = WIRE_GONE;
	detach(r);
}

void
running_wire_whole(struct running *r, int64_t seq)
{
	struct exchange *x = r->x;

	reply_send(x);
	if (x->rc == RC_OK)
		r->sent = seq;
	x->sink->ops->close(x->sink);
	r->wire = WIRE_GONE;
	detach(r);
}

/* It did not take what was written. */
static void
fail(struct running *r)
{
	if (r->x->transport->disconnect_cancels)
		r->is_cancelled = true;
	running_wire_end(r);
}

/*
 * Would an event be written without waiting?  Nobody waits for a client while
 * a tool runs: it must be heard, and may be cancelled or taken over.
 */
static bool
takes_more(struct running *r)
{
	const int64_t now = running_now(r);

	if (r->x->sink->ops->is_ready(r->x->sink)) {
		r->stuck_since = 0;
		return true;
	}
	if (r->stuck_since == 0)
		r->stuck_since = now;
	if (now - r->stuck_since >= TAKE_MS)
		fail(r);
	return false;
}

/* What is in server->frame to the client. */
static bool
put_frame(struct running *r)
{
	struct sink *sink = r->x->sink;
	struct buf *frame = &r->x->server->frame;

	if (buf_finish(frame) != RC_OK ||
	    sink->ops->body(sink, buf_slice(frame)) != RC_OK) {
		fail(r);
		return false;
	}
	r->next_word = running_now(r) + comment_ms(r);
	return true;
}

static bool
put_event(struct running *r, int64_t seq, int64_t retry_ms, struct slice data)
{
	struct event_id id = { r->incarnation, r->row.stream, seq };
	struct buf *frame = &r->x->server->frame;
	struct buf text = BUF_INIT(64);
	bool is_put;

	event_id_put(&text, &id);
	buf_reset(frame);
	sse_put_event(frame,
	    &(struct sse_event){
		.type = data.len > 0 ? SLICE("message") : SLICE_NONE,
		.id = buf_slice(&text),
		.retry_ms = retry_ms,
		.data = data });
	if (text.failed)
		frame->failed = true;
	buf_release(&text);
	is_put = put_frame(r);
	if (is_put) {
		r->sent = seq;
		r->has_id = true;
	}
	return is_put;
}

void
running_put_event(struct running *r, struct slice data)
{
	struct buf *frame = &r->x->server->frame;

	if (!running_wire_begin(r))
		return;
	buf_reset(frame);
	sse_put_message(frame, data);
	(void)put_frame(r);
}

bool
running_wire_begin(struct running *r)
{
	struct exchange *x = r->x;

	if (r->wire != WIRE_HELD)
		return r->wire == WIRE_EVENTS;
	if (put_head(r) != RC_OK) {
		fail(r);
		return false;
	}
	if (r->row.stream != 0 && x->revision->has_priming)
		return put_event(r, 0, x->server->rules.retry_ms, SLICE(""));
	buf_reset(&x->server->frame);
	sse_put_comment(&x->server->frame);
	return put_frame(r);
}

/* A newer reader has come: what follows is its. */
static bool
is_superseded(struct running *r, int64_t reader)
{
	if (reader <= r->reader)
		return false;
	r->reader = 0;
	running_wire_end(r);
	return true;
}

static void
put_rows(struct running *r, const struct event_rows *events)
{
	for (size_t i = 0; i < events->n && r->wire == WIRE_EVENTS; i++) {
		if (!takes_more(r))
			return;
		(void)put_event(r, events->row[i].seq, -1, events->row[i].data);
	}
}

/* Something before it was committed without our hearing of it, or was not
 * taken: write all that the client has not been sent. */
static void
catch_up(struct running *r)
{
	struct store *store = r->x->server->store;
	const struct event_limits *limits = &r->x->server->rules.read;
	struct stream_row stream;
	struct event_rows events;

	do {
		struct op op = running_op(r);
		enum rc rc = store->ops->stream_read(store, &op, r->row.stream,
		    r->sent, limits, &stream, &events);

		/* The next look may have more luck. */
		if (rc == RC_BUSY || rc == RC_IO)
			return;
		if (rc != RC_OK || stream.purged > r->sent) {
			running_log(r, LOG_WARNING, "catch up", rc);
			running_wire_let_go(r);
			return;
		}
		if (is_superseded(r, stream.reader))
			return;
		put_rows(r, &events);
		r->is_behind = r->sent < stream.head;
	} while (r->wire == WIRE_EVENTS && r->stuck_since == 0 &&
	    events.n > 0 && r->is_behind);
}

void
running_deliver(
    struct running *r, const struct appended *appended, struct slice data)
{
	if (r->wire == WIRE_GONE || is_superseded(r, appended->reader) ||
	    !running_wire_begin(r))
		return;
	r->is_behind = true;
	if (!takes_more(r))
		return;
	if (appended->seq != r->sent + 1)
		catch_up(r);
	else if (put_event(r, appended->seq, -1, data))
		r->is_behind = false;
}

void
running_wire_drain(struct running *r)
{
	struct sink *sink = r->x->sink;
	const int64_t until = running_now(r) + TAKE_MS;

	while (r->is_behind && r->wire == WIRE_EVENTS &&
	    running_now(r) < until && sink->ops->wait(sink, DRAIN_LOOK_MS)) {
		if (takes_more(r))
			catch_up(r);
	}
	/* It may come back for the rest. */
	if (r->is_behind)
		running_wire_let_go(r);
}

/* What the store said of an append. */
static void
note_append(struct running *r, enum rc rc, bool is_relaxed)
{
	if (rc == RC_CONFLICT)
		r->is_fenced = true;
	else if (rc == RC_NOTFOUND) /* the session was ended */
		r->is_cancelled = true;
	else if (rc != RC_FULL || !is_relaxed)
		running_log(r, LOG_WARNING, "message lost", rc);
	if (is_relaxed)
		r->rest_until = running_now(r) + REST_MS;
}

/*
 * Names a message among all of its stream, which calls of an HTTP+SSE session
 * share: call, run, and number in the run.  0, no name, where it does not fit.
 */
static int64_t
next_key(struct running *r)
{
	const uint64_t call = (uint64_t)r->row.number;
	const uint64_t run = (uint64_t)r->row.epoch;
	const uint64_t number = (uint64_t)++r->keys;

	if (call >> 32 != 0 || run >> 7 != 0 || number >> 24 != 0)
		return 0;
	return (int64_t)(call << 31 | run << 24 | number);
}

static void
append(struct running *r, bool is_relaxed)
{
	struct server *s = r->x->server;
	struct op op = running_op(r);
	struct appended appended = { 0, 0 };
	struct event_append event = { .session = r->row.session,
		.stream = r->row.stream,
		.key = next_key(r),
		.call = r->row.number,
		.epoch = r->row.epoch,
		.data = buf_slice(&r->message) };
	enum rc rc;

	op.relaxed = is_relaxed;
	if (is_relaxed && op.give_up_mono > running_now(r) + REST_MS)
		op.give_up_mono = running_now(r) + REST_MS;
	rc = s->store->ops->event_append(
	    s->store, &op, &event, &s->rules.stream, &appended);
	if (rc != RC_OK) {
		note_append(r, rc, is_relaxed);
		return;
	}
	bell_ring(s->bell);
	running_deliver(r, &appended, buf_slice(&r->message));
}

void
running_say(struct running *r, bool is_relaxed)
{
	if (r->is_fenced || r->is_cancelled)
		return;
	if (buf_finish(&r->message) != RC_OK) {
		running_log(r, LOG_WARNING, "message lost", RC_NOMEM);
	} else if (r->row.stream != 0) {
		if (!is_relaxed || running_now(r) >= r->rest_until)
			append(r, is_relaxed);
	} else if (r->wire != WIRE_GONE && takes_more(r)) {
		/* Without a log there is nothing that it could come back to. */
		running_put_event(r, buf_slice(&r->message));
	}
}

void
running_wire_let_go(struct running *r)
{
	struct buf *frame = &r->x->server->frame;

	if (r->wire == WIRE_EVENTS && r->x->revision->has_priming &&
	    r->has_id && takes_more(r)) {
		buf_reset(frame);
		sse_put_retry(frame, r->x->server->rules.retry_ms);
		(void)put_frame(r);
	}
	running_wire_end(r);
}

void
running_wire_keep(struct running *r)
{
	int64_t now = running_now(r);
	struct buf *frame = &r->x->server->frame;

	if (r->wire == WIRE_HELD && r->may_stream && r->row.number != 0 &&
	    now >= r->hold_until)
		(void)running_wire_begin(r);
	if (r->is_behind && r->wire == WIRE_EVENTS && takes_more(r))
		catch_up(r);
	if (r->wire != WIRE_EVENTS || now < r->next_word || !takes_more(r))
		return;
	buf_reset(frame);
	sse_put_comment(frame);
	(void)put_frame(r);
}
