#include "follow.h"

#include "sse.h"
#include "stream.h"
#include "topic.h"

/* Between two looks at the store, and where a bell tells of changes. */
#define LOOK_MS 20
#define TOLD_MS 1000
/* A feed is turned after so long, whatever the changes say; its progress is
 * noted as often. */
#define TURN_MS 1000
/* A store that fails for longer ends the stream: another host may do better. */
#define PATIENCE_MS 30000

/* A stream that is held here. */
struct follower {
	struct exchange *x;
	struct feed *feed;
	struct arena scratch; /* of one look */
	struct change_mark mark;
	int64_t now;     /* monotonic, like all times here */
	int64_t end;     /* its age is met; 0: never */
	int64_t word;    /* a comment is due */
	int64_t turn;    /* the feed is due at the latest */
	int64_t note;    /* progress is noted then */
	int64_t failing; /* the store has failed since; 0: it does not */
	int64_t sent;    /* the last event the client was sent */
	int64_t noted;   /* the last one the store was told */
	int64_t looked;  /* for changes */
	bool listens;    /* to server->ear */
	bool is_due;     /* the feed, now */
	bool is_gone;    /* the client */
};

enum step { STEP_WAIT, STEP_AGAIN, STEP_CLOSE, STEP_END };

static struct op
op_now(struct follower *w)
{
	struct server *s = w->x->server;

	arena_reset(&w->scratch);
	return (struct op){ .now_ms = clock_wall_ms(s->clock),
		.give_up_mono = w->now + s->rules.store_timeout_ms,
		.arena = &w->scratch };
}

/* What is in the frame goes out; the next comment can wait. */
static void
write_frame(struct follower *w)
{
	struct server *s = w->x->server;
	struct sink *sink = w->x->sink;

	if (s->frame.len == 0)
		return;
	w->word = w->now + s->rules.comment_ms;
	if (sink->ops->body(sink, buf_slice(&s->frame)) != RC_OK)
		w->is_gone = true;
}

/* ------------------------------------------------------------ the store */

static enum rc
take_change(struct follower *w, const struct op *op, const struct change *c)
{
	struct slice owner;
	enum rc rc;

	if (feed_concerns(w->feed, c))
		w->is_due = true;
	if (w->feed->listen != NULL || w->feed->kind == STREAM_CALL)
		return RC_OK;
	if (c->kind == CHANGE_ALL)
		return topics_catch_up(w->x->server, op, w->feed->session);
	if (c->kind != CHANGE_TOPIC)
		return RC_OK;
	rc = server_owner(w->x->server, &owner);
	if (rc == RC_OK)
		rc = topics_deliver(w->x->server, op, owner, c, NULL);
	w->is_due = true;
	return rc;
}

/*
 * See what has changed.  What could not be dealt with is looked for anew:
 * the mark is then forgotten, and the first look of all tells nothing.
 */
static enum rc
look(struct follower *w)
{
	static const struct change all = { .kind = CHANGE_ALL };
	struct store *store = w->x->server->store;
	struct op op = op_now(w);
	struct change_rows rows = { .more = true };
	bool is_first = !w->mark.is_set;
	enum rc rc = RC_OK;

	while (rc == RC_OK && rows.more) {
		rc = store->ops->changes(store, &op, &w->mark, &rows);
		for (size_t i = 0; i < rows.n && rc == RC_OK; i++)
			rc = take_change(w, &op, &rows.row[i]);
	}
	if (rc == RC_OK && is_first)
		rc = take_change(w, &op, &all);
	if (rc != RC_OK)
		w->mark.is_set = false;
	return rc;
}

/* Has anything changed, as far as somebody would tell? */
static bool
is_look_due(struct follower *w)
{
	struct ear *ear = w->x->server->ear;
	const bool rang = w->listens && ear->ops->heard(ear);

	return rang || !w->mark.is_set || !w->listens ||
	    w->now - w->looked >= TOLD_MS || !ear->ops->is_tended(ear);
}

static enum rc
turn(struct follower *w, enum feed_turn *turned)
{
	struct server *s = w->x->server;
	struct op op = op_now(w);
	enum rc rc;

	buf_reset(&s->frame);
	rc = feed_turn(
	    w->feed, s->store, &op, s->rules.read.bytes, &s->frame, turned);
	if (rc != RC_OK)
		return rc;
	w->is_due = false;
	w->turn = w->now + TURN_MS;
	write_frame(w);
	if (!w->is_gone)
		w->sent = w->feed->cursor;
	return RC_OK;
}

/* So that a client that loses its place is not told everything again. */
static void
note(struct follower *w)
{
	struct store *store = w->x->server->store;
	struct stream_sent sent = { w->feed->stream, w->feed->reader, w->sent };
	struct op op;

	if (w->feed->stream == 0 || w->sent == w->noted || w->now < w->note)
		return;
	op = op_now(w);
	op.relaxed = true;
	w->note = w->now + TURN_MS;
	if (store->ops->streams_sent(store, &op, &sent, 1) == RC_OK)
		w->noted = w->sent;
}

/* ------------------------------------------------------------- one step */

static enum step
failed(struct follower *w, enum rc rc)
{
	if (rc == RC_NOTFOUND)
		return STEP_END;
	if (w->failing == 0)
		w->failing = w->now;
	return w->now - w->failing > PATIENCE_MS ? STEP_CLOSE : STEP_WAIT;
}

static bool
must_leave(const struct follower *w)
{
	const struct server *s = w->x->server;

	return (w->end != 0 && w->now >= w->end) ||
	    (s->is_leaving != NULL && s->is_leaving(s->leaving_ctx));
}

/* The store was restored, or the like: what was committed may be lost. */
static bool
is_outlived(const struct follower *w)
{
	return w->feed->stream != 0 &&
	    w->mark.incarnation != w->feed->incarnation;
}

static enum step
step(struct follower *w)
{
	enum feed_turn turned = FEED_STAYS;
	enum rc rc;

	w->now = clock_mono_ms(w->x->server->clock);
	if (must_leave(w))
		return STEP_CLOSE;
	rc = RC_OK;
	if (is_look_due(w)) {
		w->looked = w->now;
		rc = look(w);
	}
	if (rc == RC_OK && is_outlived(w))
		return STEP_END;
	if (rc == RC_OK && (w->is_due || w->now >= w->turn))
		rc = turn(w, &turned);
	if (rc != RC_OK)
		return failed(w, rc);
	w->failing = 0;
	note(w);
	switch (turned) {
	case FEED_STAYS:
		return STEP_WAIT;
	case FEED_MORE:
		w->is_due = true;
		return STEP_AGAIN;
	case FEED_ENDS:
		return STEP_END;
	case FEED_CLOSES:
		return STEP_CLOSE;
	}
	return STEP_END;
}

/* Let time pass, with a comment when it is due. */
static void
pause(struct follower *w)
{
	struct server *s = w->x->server;
	struct sink *sink = w->x->sink;

	if (w->now >= w->word) {
		buf_reset(&s->frame);
		sse_put_comment(&s->frame);
		write_frame(w);
	}
	if (!w->is_gone && !sink->ops->wait(sink, LOOK_MS))
		w->is_gone = true;
}

/* Not all clients of a process that leaves are to be back at once. */
static int64_t
wish_ms(struct server *s)
{
	unsigned char random[2] = { 0, 0 };

	if (rng_fill(s->rng, random, sizeof(random)) != RC_OK)
		return 1000;
	return 1000 + (random[0] * 256 + random[1]) % 4001;
}

static void
say_goodbye(struct follower *w)
{
	struct server *s = w->x->server;

	buf_reset(&s->frame);
	feed_put_close(w->feed, wish_ms(s), &s->frame);
	if (buf_finish(&s->frame) == RC_OK)
		write_frame(w);
}

/* --------------------------------------------------------------- the rest */

enum rc
follow(struct exchange *x, struct feed *f)
{
	struct server *s = x->server;
	struct ear *const ear = s->ear;
	int64_t now = clock_mono_ms(s->clock);
	struct follower w = { .x = x,
		.feed = f,
		.scratch = ARENA_INIT(x->arena->max),
		.now = now,
		.end = s->rules.stream_age_ms == 0
		    ? 0
		    : now + s->rules.stream_age_ms,
		.word = now + s->rules.comment_ms,
		.note = now + TURN_MS,
		.sent = f->cursor,
		.noted = f->cursor,
		.is_due = true };
	enum step next = STEP_WAIT;
	enum rc rc;

	if (ear != NULL)
		w.listens = ear->ops->listen(ear, 0, 0) == RC_OK;
	/* Whoever rings is to know. */
	if (w.listens)
		bell_ring(s->bell);
	while (!w.is_gone && (next == STEP_WAIT || next == STEP_AGAIN)) {
		next = step(&w);
		if (next == STEP_WAIT)
			pause(&w);
	}
	if (!w.is_gone && next == STEP_CLOSE)
		say_goodbye(&w);
	if (ear != NULL && w.listens)
		ear->ops->leave(ear);
	rc = x->sink->ops->end(x->sink);
	/* What was put into a buffer and not written is not the client's. */
	f->cursor = w.sent;
	stream_drop(x, f);
	arena_release(&w.scratch);
	return w.is_gone ? RC_OK : rc;
}
