#include <assert.h>
#include <stdlib.h>

#include "record.h"
#include "rng.h"
#include "stream_conn.h"
#include "stream_private.h"
#include "topic.h"

/* What a connection is given at once, before it has written it. */
#define PAGE ((size_t)64 * 1024)
/* Between two looks at everything else. */
#define TURNS_MAX 256
#define DETACHES_MAX 64
#define REPORTS_MAX 64
#define TURN_MS 1000
/* A client that is sent away comes back after one to five seconds: not all of
 * them at once. */
#define RETRY_MIN_MS 1000
#define RETRY_SPAN_MS 4000
/* Buffers that grew beyond this for one event are not kept. */
#define KEEP_MAX ((size_t)1024 * 1024)

static uint32_t
chance(const struct stream_store *s)
{
	uint32_t n = 0;

	/* Without chance all come back at once, and that is all. */
	if (rng_fill(s->server->rng, &n, sizeof(n)) != RC_OK)
		return 0;
	return n;
}

/* -------------------------------------------------------------- giving */

static void
put_order(struct stream_store *s, const struct stream_message *m)
{
	bool has_room;

	if (m->chunk != NULL)
		(void)atomic_fetch_add(s->o.unsent, m->chunk->len);
	has_room = stream_queue_put(s->o.orders, m);
	/* A slot has so many messages at most. */
	assert(has_room);
	(void)has_room;
}

static void
tidy(struct buf *b)
{
	if (b->cap > KEEP_MAX)
		buf_release(b);
	else
		buf_reset(b);
}

/* Bytes as records, behind them the end of the request.  NULL without memory:
 * then the connection can only be cut. */
static struct stream_chunk *
records(
    struct stream_store *s, uint16_t request, struct slice bytes, bool is_last)
{
	struct stream_chunk *chunk = NULL;

	buf_reset(&s->wire);
	if (bytes.len > 0)
		record_put(&s->wire, RECORD_STDOUT, request, bytes);
	if (is_last)
		record_put_last(&s->wire, request);
	if (buf_finish(&s->wire) == RC_OK)
		chunk = stream_chunk_new(buf_slice(&s->wire));
	tidy(&s->wire);
	return chunk;
}

/* Give it what is in the page. */
static void
give_page(struct stream_store *s, struct stream_held *h, bool is_last)
{
	struct stream_message m = { .word = STREAM_BYTES,
		.slot = stream_table_slot(s->table, h),
		.is_last = is_last };

	m.chunk = records(s, h->request, buf_slice(&s->page), is_last);
	if (m.chunk != NULL) {
		trace_more(s->trace, h->connection, buf_slice(&s->page));
	} else {
		m.is_last = true;
		h->why = "memory";
		/* What was in it must come again. */
		h->feed.cursor = h->sent;
	}
	h->is_writing = true;
	put_order(s, &m);
	tidy(&s->page);
}

/* ------------------------------------------------------------- holding */

static struct stream_store *
store_of(struct holder *holder)
{
	return STREAM_OF(holder, struct stream_store, holder);
}

static enum rc
holder_room(struct holder *holder, const struct feed *feed)
{
	struct stream_store *s = store_of(holder);
	enum rc rc = stream_table_room(s->table, feed);

	if (s->is_leaving || s->drain_ms != 0)
		return RC_FULL;
	if (rc == RC_OK)
		return rc;
	/* One of them may have left just now. */
	stream_take_reports(s);
	return stream_table_room(s->table, feed);
}

/* When it is too old: not all of those that came together together. */
static int64_t
old_at(const struct stream_store *s)
{
	int64_t age = s->o.config->stream_age_ms;

	return stream_now(s) + age - age / 10 +
	    (int64_t)(chance(s) % 1024) * (age / 5) / 1024;
}

static void
open_connection(struct stream_store *s, const struct stream_held *h,
    struct stream_chunk *chunk, bool is_last)
{
	const struct stream_message m = { .word = STREAM_OPEN,
		.slot = stream_table_slot(s->table, h),
		.taken = s->request->taken,
		.chunk = chunk,
		.is_last = is_last,
		.number = is_last ? 0 : old_at(s) };

	s->request->taken.fd = -1;
	put_order(s, &m);
}

static enum rc
holder_take(struct holder *holder, const struct feed *feed, struct sink *sink)
{
	struct stream_store *s = store_of(holder);
	struct stream_chunk *chunk;
	struct stream_held *h;

	assert(sink == &s->sink.sink);
	chunk = records(
	    s, s->request->taken.request, buf_slice(&s->sink.out), false);
	h = chunk == NULL ? NULL : stream_table_take(s->table, feed);
	if (h == NULL) {
		free(chunk);
		return RC_NOMEM;
	}
	h->request = s->request->taken.request;
	h->opened_ms = stream_now(s);
	h->connection = s->request->connection;
	trace_answer(s->trace, h->connection, buf_slice(&s->sink.out));
	h->sent = feed->cursor;
	/* What came before it was attached is read at once. */
	h->has_more = true;
	h->is_writing = true;
	s->sink.is_taken = true;
	s->count.opened++;
	open_connection(s, h, chunk, false);
	return RC_OK;
}

void
stream_holder_init(struct stream_store *s)
{
	static const struct holder_ops ops = { holder_room, holder_take };

	s->holder.ops = &ops;
}

void
stream_answer(struct stream_store *s)
{
	struct stream_chunk *chunk;
	struct stream_held *h;

	if (s->sink.is_cut || s->sink.out.len == 0)
		return;
	chunk = records(
	    s, s->request->taken.request, buf_slice(&s->sink.out), true);
	h = chunk == NULL ? NULL : stream_table_take(s->table, NULL);
	if (h == NULL)
		free(chunk);
	else
		open_connection(s, h, chunk, true);
	trace_answer(s->trace, s->request->connection, buf_slice(&s->sink.out));
	trace_end(s->trace, s->request->connection, false);
}

/* ------------------------------------------------------------- turning */

void
stream_due(struct stream_store *s, struct stream_held *h)
{
	if (h->why != NULL)
		return;
	if (h->is_writing)
		h->has_more = true;
	else if (!stream_list_has(&h->todo))
		stream_list_add(&s->todo, &h->todo);
}

void
stream_all_due(struct stream_store *s, bool must_catch_up)
{
	uint32_t at = 0;
	struct stream_held *h;

	while ((h = stream_table_each(s->table, &at, UINT32_MAX)) != NULL) {
		h->must_catch_up = h->must_catch_up ||
		    (must_catch_up && h->feed.session != 0 &&
			h->feed.kind != STREAM_CALL);
		stream_due(s, h);
	}
}

static void
finish(struct stream_store *s, struct stream_held *h, const char *why)
{
	h->why = why;
	stream_list_drop(&h->todo);
	give_page(s, h, true);
}

static void
put_close(struct stream_store *s, const struct stream_held *h)
{
	feed_put_close(&h->feed,
	    RETRY_MIN_MS + (int64_t)(chance(s) % RETRY_SPAN_MS), &s->page);
}

void
stream_end(struct stream_store *s, struct stream_held *h, const char *why)
{
	if (h->why != NULL)
		return;
	buf_reset(&s->page);
	put_close(s, h);
	finish(s, h, why);
}

/* What it may have missed goes into its stream; what is there already does not
 * wait for that. */
static void
catch_up(struct stream_store *s, struct stream_held *h)
{
	struct op op = stream_write_op(s);
	enum rc rc = RC_BUSY;

	if (!stream_waits(s, &s->writing)) {
		rc = topics_catch_up(s->server, &op, h->feed.session);
		h->must_catch_up = rc != RC_OK && rc != RC_NOTFOUND;
		if (h->must_catch_up)
			stream_fails(s, &s->writing, "catch-up", rc);
		else
			stream_works(s, &s->writing);
	}
	s->owes_catch_up = s->owes_catch_up || h->must_catch_up;
}

/* One turn, into the page. */
static enum rc
turn(struct stream_store *s, struct stream_held *h, enum feed_turn *turned)
{
	struct store *store = s->server->store;
	struct op op;

	buf_reset(&s->page);
	*turned = FEED_STAYS;
	if (store == NULL)
		return RC_BUSY;
	s->count.turns++;
	if (h->must_catch_up)
		catch_up(s, h);
	op = stream_op(s, TURN_MS);
	return feed_turn(&h->feed, store, &op, PAGE, &s->page, turned);
}

static void
obey_turn(struct stream_store *s, struct stream_held *h, enum feed_turn turned)
{
	switch (turned) {
	case FEED_STAYS:
	case FEED_MORE:
		h->has_more = turned == FEED_MORE;
		if (s->page.len > 0)
			give_page(s, h, false);
		else if (h->has_more)
			stream_list_add(&s->todo, &h->todo);
		break;
	case FEED_ENDS:
		finish(s, h, "complete");
		break;
	case FEED_CLOSES:
		put_close(s, h);
		finish(s, h, "reader");
		break;
	}
}

/* False if the store failed: it stays where it is. */
static bool
turn_one(struct stream_store *s, struct stream_held *h)
{
	int64_t before = h->feed.cursor;
	enum feed_turn turned;
	enum rc rc = turn(s, h, &turned);

	/* For what it alone cannot have nobody else is to wait: an event that
	 * is larger than what goes through here, say. */
	if (rc == RC_NOTFOUND || rc == RC_NOMEM || rc == RC_BUG) {
		buf_reset(&s->page);
		finish(s, h, rc == RC_NOTFOUND ? "gone" : rc_name(rc));
		return true;
	}
	if (rc != RC_OK) {
		stream_fails(s, &s->reading, "turn", rc);
		return false;
	}
	stream_works(s, &s->reading);
	stream_list_drop(&h->todo);
	if (h->feed.listen == NULL)
		h->events += h->feed.cursor - before;
	else
		h->events += s->page.len > 0 ? 1 : 0;
	obey_turn(s, h, turned);
	return true;
}

static bool
has_memory(const struct stream_store *s)
{
	return atomic_load(s->o.unsent) < s->o.config->stream_memory;
}

bool
stream_turn_some(struct stream_store *s)
{
	struct stream_node *node;

	if (stream_waits(s, &s->reading))
		return false;
	for (int i = 0; i < TURNS_MAX; i++) {
		node = stream_list_first(&s->todo);
		if (node == NULL || !has_memory(s) ||
		    !turn_one(s, STREAM_OF(node, struct stream_held, todo)))
			return false;
	}
	return stream_list_first(&s->todo) != NULL;
}

/* ------------------------------------------------------------- reports */

static void
note_sent(struct stream_store *s, struct stream_held *h)
{
	if (h->sent == h->feed.cursor || h->feed.stream == 0)
		return;
	h->sent = h->feed.cursor;
	if (!stream_list_has(&h->moved))
		stream_list_add(&s->moved, &h->moved);
}

static void
take_written(struct stream_store *s, struct stream_held *h)
{
	h->is_writing = false;
	note_sent(s, h);
	if (h->has_more) {
		h->has_more = false;
		stream_due(s, h);
	}
}

static void
log_end(struct stream_store *s, const struct stream_held *h,
    const struct stream_message *m)
{
	static const char *const whys[] = { "cut", "left", "broken", "slow",
		"crowded" };
	const char *why =
	    h->why != NULL && m->why == STREAM_ENDED ? h->why : whys[m->why];

	s->count.events += (uint64_t)h->events;
	s->count.bytes += (uint64_t)m->number;
	log_event(s->o.log, LOG_INFO, "stream",
	    "number=%lld events=%lld bytes=%lld s=%lld why=%s",
	    (long long)h->feed.stream, (long long)h->events,
	    (long long)m->number,
	    (long long)((stream_now(s) - h->opened_ms) / 1000), why);
}

static void
give_slot_back(struct stream_store *s, struct stream_held *h)
{
	feed_release(&h->feed);
	stream_table_give_back(s->table, h);
}

static void
take_closed(struct stream_store *s, struct stream_held *h,
    const struct stream_message *m)
{
	if (h->use == STREAM_ANSWER) {
		stream_table_give_back(s->table, h);
		return;
	}
	if (m->is_last)
		note_sent(s, h);
	log_end(s, h, m);
	trace_end(s->trace, h->connection, m->why != STREAM_ENDED);
	stream_table_close(s->table, h);
	if (h->feed.session == 0)
		give_slot_back(s, h);
	else
		stream_list_add(&s->over, &h->todo);
}

void
stream_take_reports(struct stream_store *s)
{
	struct stream_message m[REPORTS_MAX];
	size_t n = stream_queue_take(s->o.reports, m, REPORTS_MAX);

	for (size_t i = 0; i < n; i++) {
		struct stream_held *h = stream_table_at(s->table, m[i].slot);

		if (m[i].word == STREAM_WRITTEN)
			take_written(s, h);
		else if (m[i].word == STREAM_AGED)
			stream_end(s, h, "age");
		else
			take_closed(s, h, &m[i]);
	}
}

/* ------------------------------------------------------------ detaching */

static bool
detach_one(struct stream_store *s, struct stream_held *h)
{
	/* It may be lost: whoever reads it next says so himself. */
	struct op op = stream_write_op(s);
	enum rc rc = RC_BUSY;

	if (s->server->store != NULL)
		rc = feed_detach(&h->feed, s->server->store, &op, h->sent);
	if (rc == RC_BUSY || rc == RC_IO || rc == RC_NOMEM || rc == RC_FULL) {
		stream_fails(s, &s->writing, "detach", rc);
		return false;
	}
	stream_works(s, &s->writing);
	give_slot_back(s, h);
	return true;
}

bool
stream_detach_some(struct stream_store *s)
{
	struct stream_node *node;

	if (stream_waits(s, &s->writing))
		return false;
	for (int i = 0; i < DETACHES_MAX; i++) {
		node = stream_list_first(&s->over);
		if (node == NULL ||
		    !detach_one(s, STREAM_OF(node, struct stream_held, todo)))
			return false;
	}
	return stream_list_first(&s->over) != NULL;
}

void
stream_drop_one(struct stream_store *s)
{
	struct stream_node *node = stream_list_first(&s->over);

	if (node != NULL)
		give_slot_back(s, STREAM_OF(node, struct stream_held, todo));
}
