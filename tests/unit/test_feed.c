/* A stream on its way to one client, turn by turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feed.h"
#include "stream_bench.h"

#define LONG                                                                   \
	"0123456789012345678901234567890123456789012345678901234567890123456"  \
	"0123456789012345678901234567890123456789012345678901234567890123456"  \
	"0123456789012345678901234567890123456789012345678901234567890123456"  \
	"0123456789012345678901234567890123456789012345678901234567890123456"

struct bench {
	struct stream_bench base;
	struct store *store;
	int64_t session;
	struct buf out;
};

static int
setup(void **state)
{
	static struct bench b;
	struct session_rows rows;
	const struct session_filter all = { .limit = 1 };
	struct op op;

	stream_bench_init(&b.base);
	(void)stream_bench_session(&b.base, "2025-11-25");
	op = stream_bench_op(&b.base);
	b.store = b.base.store.inner;
	b.out = BUF_INIT(100000);
	assert_int_equal(
	    b.store->ops->session_list(b.store, &op, &all, &rows), RC_OK);
	b.session = rows.row[0].id;
	*state = &b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	buf_release(&b->out);
	stream_bench_release(&b->base);
	return 0;
}

static struct feed
opened(struct bench *b, enum stream_kind kind)
{
	const struct stream_open open = { b->session, kind, SLICE("a.1") };
	struct op op = stream_bench_op(&b->base);
	struct stream_row row;

	assert_int_equal(
	    b->store->ops->stream_open(b->store, &op, &open, &row), RC_OK);
	return (struct feed){
		.transport = transport_get(
		    kind == STREAM_SSE ? TRANSPORT_SSE : TRANSPORT_STREAMABLE),
		.revision = revision_get(REVISION_2025_11_25),
		.session = b->session,
		.stream = row.number,
		.kind = kind,
		.incarnation = row.incarnation,
		.reader = row.reader,
	};
}

static struct feed
attached(struct bench *b, int64_t stream, int64_t after, struct slice owner)
{
	const struct stream_attach attach = { b->session, stream, after, 1,
		owner };
	struct op op = stream_bench_op(&b->base);
	struct stream_row row;

	assert_int_equal(
	    b->store->ops->stream_attach(b->store, &op, &attach, &row), RC_OK);
	return (struct feed){
		.transport = transport_get(TRANSPORT_STREAMABLE),
		.revision = revision_get(REVISION_2025_11_25),
		.session = b->session,
		.stream = row.number,
		.kind = row.kind,
		.incarnation = row.incarnation,
		.reader = row.reader,
		.cursor = after < 0 ? row.sent : after,
	};
}

static void
append(struct bench *b, int64_t stream, const char *data)
{
	static const struct stream_caps caps = { 3, 0 };
	const struct event_append event = {
		.session = b->session, .stream = stream, .data = slice_of(data)
	};
	struct op op = stream_bench_op(&b->base);
	struct appended done;

	assert_int_equal(
	    b->store->ops->event_append(b->store, &op, &event, &caps, &done),
	    RC_OK);
}

/* A turn that succeeds: what it wrote replaces what was there. */
static enum feed_turn
turned(struct bench *b, struct feed *f, size_t bytes)
{
	struct op op = stream_bench_op(&b->base);
	enum feed_turn turn;

	buf_reset(&b->out);
	assert_int_equal(
	    feed_turn(f, b->store, &op, bytes, &b->out, &turn), RC_OK);
	return turn;
}

static enum rc
rc_of_turn(struct bench *b, struct feed *f)
{
	struct op op = stream_bench_op(&b->base);
	enum feed_turn turn;

	buf_reset(&b->out);
	return feed_turn(f, b->store, &op, 1000, &b->out, &turn);
}

static void
assert_out(struct bench *b, const char *text)
{
	if (text[0] == '\0')
		assert_int_equal(b->out.len, 0);
	else
		assert_string_equal(b->out.ptr, text);
}

static void
events_come_with_ids_once_and_in_order(void **state)
{
	struct bench *b = *state;
	struct feed f = opened(b, STREAM_CALL);

	assert_int_equal(turned(b, &f, 1000), FEED_STAYS);
	assert_out(b, "");
	append(b, f.stream, "1");
	append(b, f.stream, "2");
	assert_int_equal(turned(b, &f, 1000), FEED_STAYS);
	assert_out(b,
	    "event: message\nid: 1-1-1\ndata: 1\n\n"
	    "event: message\nid: 1-1-2\ndata: 2\n\n");
	assert_int_equal(f.cursor, 2);
	assert_int_equal(turned(b, &f, 1000), FEED_STAYS);
	assert_out(b, "");
}

static void
a_transport_without_ids_gets_none(void **state)
{
	struct bench *b = *state;
	struct feed f = opened(b, STREAM_SSE);

	append(b, f.stream, "1");
	assert_int_equal(turned(b, &f, 1000), FEED_STAYS);
	assert_out(b, "event: message\ndata: 1\n\n");
}

static void
one_turn_writes_little_and_says_that_there_is_more(void **state)
{
	struct bench *b = *state;
	struct feed f = opened(b, STREAM_CALL);

	append(b, f.stream, "111111111111111");
	append(b, f.stream, "222222222222222");
	assert_int_equal(turned(b, &f, 1), FEED_MORE);
	assert_int_equal(f.cursor, 1);
	assert_int_equal(turned(b, &f, 1), FEED_STAYS);
	assert_int_equal(f.cursor, 2);
}

static void
what_does_not_fit_is_not_written_at_all(void **state)
{
	struct bench *b = *state;
	struct feed f = opened(b, STREAM_CALL);
	struct op op = stream_bench_op(&b->base);
	struct buf small = BUF_INIT(40);
	enum feed_turn turn;

	append(b, f.stream, "1");
	append(b, f.stream, "2");
	buf_put_char(&small, 'x');
	assert_int_equal(
	    feed_turn(&f, b->store, &op, 1000, &small, &turn), RC_NOMEM);
	assert_int_equal(small.len, 1);
	assert_int_equal(f.cursor, 0);
	buf_release(&small);
}

static void
a_newer_reader_ends_a_call_s_connection(void **state)
{
	struct bench *b = *state;
	struct feed f = opened(b, STREAM_CALL);
	struct feed newer = attached(b, f.stream, 0, SLICE("b.1"));

	append(b, f.stream, "1");
	assert_int_equal(turned(b, &f, 1000), FEED_ENDS);
	assert_out(b, "");
	assert_int_equal(turned(b, &newer, 1000), FEED_STAYS);
	assert_int_equal(newer.cursor, 1);
}

static void
an_older_stream_of_a_session_is_silent_until_nobody_reads(void **state)
{
	struct bench *b = *state;
	struct feed f = attached(b, 0, -1, SLICE("a.1"));
	struct feed newer = attached(b, 0, -1, SLICE("b.1"));
	struct op op = stream_bench_op(&b->base);

	for (int i = 0; i < 9; i++) /* some are purged by the cap */
		append(b, f.stream, "1");
	assert_int_equal(turned(b, &f, 1000), FEED_STAYS);
	assert_out(b, "");
	assert_true(f.is_superseded);
	/* Whatever is said to the newer one: it is not even read. */
	append(b, f.stream, LONG);
	f.cursor = 9;
	arena_reset(op.arena);
	assert_int_equal(turned(b, &f, 1000), FEED_STAYS);
	assert_true(op.arena->used < sizeof(LONG));
	f.cursor = 0;
	assert_int_equal(feed_detach(&newer, b->store, &op, 9), RC_OK);
	assert_int_equal(turned(b, &f, 1000), FEED_CLOSES);
	assert_out(b, "");
}

static void
a_gap_ends_the_connection(void **state)
{
	struct bench *b = *state;
	struct feed f = attached(b, 0, -1, SLICE("a.1"));

	for (int i = 0; i < 4; i++)
		append(b, f.stream, "1");
	assert_int_equal(rc_of_turn(b, &f), RC_NOTFOUND);
	f.cursor = 1;
	assert_int_equal(turned(b, &f, 1000), FEED_STAYS);
	assert_int_equal(f.cursor, 4);
}

/* The log as it is, but for the events of one number. */
static enum rc /* NOLINTNEXTLINE(readability-function-size) */
read_damaged(struct store *store, const struct op *op, int64_t stream,
    int64_t after, const struct event_limits *limits, struct stream_row *row,
    struct event_rows *events)
{
	struct store_count *c = (struct store_count *)store;
	enum rc rc = c->inner->ops->stream_read(
	    c->inner, op, stream, after, limits, row, events);

	for (size_t i = 0; rc == RC_OK && i < events->n; i++) {
		if (events->row[i].seq != 2)
			continue;
		for (events->n--; i < events->n; i++)
			events->row[i] = events->row[i + 1];
	}
	return rc;
}

static void
a_log_with_a_hole_is_not_read_across_it(void **state)
{
	struct bench *b = *state;
	struct feed f = opened(b, STREAM_CALL);
	struct store_count damaged;
	struct store_ops ops;

	store_count_init(&damaged, b->store);
	ops = *damaged.base.ops;
	ops.stream_read = read_damaged;
	damaged.base.ops = &ops;
	append(b, f.stream, "1");
	append(b, f.stream, "2");
	b->store = &damaged.base;
	f.cursor = 1;
	assert_int_equal(rc_of_turn(b, &f), RC_NOTFOUND);
	b->store = damaged.inner;
	append(b, f.stream, "3");
	b->store = &damaged.base;
	assert_int_equal(rc_of_turn(b, &f), RC_NOTFOUND);
	assert_int_equal(f.cursor, 1);
	b->store = damaged.inner;
}

static void
what_is_not_its_own_is_not_there(void **state)
{
	struct bench *b = *state;
	struct feed f = opened(b, STREAM_CALL);

	append(b, f.stream, "1");
	f.session++;
	assert_int_equal(rc_of_turn(b, &f), RC_NOTFOUND);
	f.session--;
	f.incarnation++;
	assert_int_equal(rc_of_turn(b, &f), RC_NOTFOUND);
	f.incarnation--;
	/* An older copy of the store has been put in its place. */
	f.cursor = 2;
	assert_int_equal(rc_of_turn(b, &f), RC_NOTFOUND);
	f.cursor = 0;
	f.stream++;
	assert_int_equal(rc_of_turn(b, &f), RC_NOTFOUND);
	f.stream--;
	assert_int_equal(rc_of_turn(b, &f), RC_OK);
}

static void
the_end_of_a_call_ends_the_connection_behind_its_response(void **state)
{
	struct bench *b = *state;
	struct op op = stream_bench_op(&b->base);
	struct call_row row = { .session = b->session,
		.request_id = SLICE("1"),
		.request = SLICE("{}"),
		.tool = SLICE("t"),
		.revision = SLICE("2025-11-25"),
		.owner = SLICE("a.1"),
		.runs_max = 1 };
	const struct call_limits none = { 0, 0, 0, false };
	struct call_finish finish = { .epoch = 1, .data = SLICE("9") };
	enum call_opened opened_as;
	struct appended done;
	struct feed f;
	int64_t reader;

	assert_int_equal(b->store->ops->call_open(
			     b->store, &op, &row, &none, &opened_as, &reader),
	    RC_OK);
	f = attached(b, row.stream, 0, SLICE("b.1"));
	append(b, f.stream, "1");
	finish.call = row.number;
	assert_int_equal(
	    b->store->ops->call_finish(b->store, &op, &finish, &done), RC_OK);
	assert_int_equal(turned(b, &f, 1), FEED_MORE);
	assert_int_equal(turned(b, &f, 1), FEED_ENDS);
	assert_out(b, "event: message\nid: 1-1-2\ndata: 9\n\n");
}

static void
only_some_changes_concern_a_stream(void **state)
{
	static const struct {
		struct change change;
		bool concerns;
	} rows[] = {
		{ { CHANGE_EVENT, 5, 3, 0 }, true },
		{ { CHANGE_EVENT, 5, 4, 0 }, false },
		{ { CHANGE_READER, 5, 3, 0 }, true },
		{ { CHANGE_READER, 5, 4, 0 }, false },
		{ { CHANGE_END, 5, 0, 0 }, true },
		{ { CHANGE_END, 6, 0, 0 }, false },
		{ { CHANGE_CALL, 5, 3, 1 }, true },
		{ { CHANGE_TOPIC, 0, 0, 3 }, false },
		{ { CHANGE_ANSWER, 5, 0, 3 }, false },
		{ { CHANGE_TASK, 5, 0, 3 }, false },
		{ { CHANGE_ALL, 0, 0, 0 }, true },
	};
	const struct feed f = { .session = 5, .stream = 3 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    feed_concerns(&f, &rows[i].change), rows[i].concerns);
}

static void
only_who_can_come_back_is_asked_to(void **state)
{
	static const struct {
		enum transport_name transport;
		enum revision_name revision;
		const char *text;
	} rows[] = {
		{ TRANSPORT_STREAMABLE, REVISION_2025_11_25,
		    "retry: 1500\n\n" },
		{ TRANSPORT_STREAMABLE, REVISION_2025_06_18, "" },
		{ TRANSPORT_SSE, REVISION_2025_11_25, "" },
		{ TRANSPORT_SSE, REVISION_2024_11_05, "" },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct feed f = { .transport =
					    transport_get(rows[i].transport),
			.revision = revision_get(rows[i].revision) };

		buf_reset(&b->out);
		feed_put_close(&f, 1500, &b->out);
		assert_out(b, rows[i].text);
	}
}

static void
the_session_of_http_sse_ends_with_its_stream(void **state)
{
	struct bench *b = *state;
	struct op op = stream_bench_op(&b->base);
	struct feed f = opened(b, STREAM_SSE);
	struct store_info info;

	assert_int_equal(feed_detach(&f, b->store, &op, 0), RC_OK);
	assert_int_equal(b->store->ops->info(b->store, &op, &info), RC_OK);
	assert_int_equal(info.sessions_live, 0);
	assert_int_equal(info.sessions_ended, 1);
	assert_int_equal(feed_detach(&f, b->store, &op, 0), RC_OK);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(events_come_with_ids_once_and_in_order),
		CASE(a_transport_without_ids_gets_none),
		CASE(one_turn_writes_little_and_says_that_there_is_more),
		CASE(what_does_not_fit_is_not_written_at_all),
		CASE(a_newer_reader_ends_a_call_s_connection),
		CASE(an_older_stream_of_a_session_is_silent_until_nobody_reads),
		CASE(a_gap_ends_the_connection),
		CASE(a_log_with_a_hole_is_not_read_across_it),
		CASE(what_is_not_its_own_is_not_there),
		CASE(the_end_of_a_call_ends_the_connection_behind_its_response),
		CASE(only_some_changes_concern_a_stream),
		CASE(only_who_can_come_back_is_asked_to),
		CASE(the_session_of_http_sse_ends_with_its_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
