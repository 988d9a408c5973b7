/* Streams as their clients see them, on two hosts with one store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "holder.h"
#include "stream_bench.h"
#include "text.h"

#define TOOLS_CHANGED "notifications/tools/list_changed"

/* What a test does while a stream is open. */
struct act {
	struct stream_bench *b;
	struct slice sid;
	struct slice other; /* the endpoint, or what another stream was sent */
	int step;
};

static struct stream_told
get_stream(struct act *a, int host, const char *event_id,
    bool (*during)(void *, int64_t, struct slice))
{
	const struct stream_ask ask = { .host = host,
		.method = HTTP_GET,
		.sid = a->sid,
		.event_id = event_id,
		.during = during,
		.ctx = a };
	struct stream_told told = stream_bench_ask(a->b, &ask);

	assert_true(told.is_reply);
	return told;
}

static bool
leave(void *ctx, int64_t ms, struct slice sent)
{
	(void)ctx;
	(void)ms;
	(void)sent;
	return false;
}

/* ------------------------------------------------------------- GET */

static bool
raise_twice(void *ctx, int64_t ms, struct slice sent)
{
	struct act *a = ctx;

	if (ms == 100)
		stream_bench_raise(a->b, "tools");
	if (ms == 200) {
		assert_int_equal(stream_bench_count(sent, TOOLS_CHANGED), 1);
		stream_bench_raise(a->b, "tools");
		stream_bench_raise(a->b, "other");
	}
	return ms < 400;
}

static void
an_open_stream_is_told_of_each_change_once(void **state)
{
	struct act a = { .b = *state };
	struct stream_told told;

	a.sid = stream_bench_session(a.b, "2025-06-18");
	told = get_stream(&a, 0, NULL, raise_twice);
	assert_int_equal(told.status, 200);
	assert_true(slice_eq(told.type, SLICE("text/event-stream")));
	assert_int_equal(stream_bench_count(told.body, TOOLS_CHANGED), 2);
	assert_int_equal(stream_bench_count(told.body, "data:"), 2);
	assert_int_equal(stream_bench_count(told.body, "id: 1-1-1\n"), 1);
	assert_int_equal(stream_bench_count(told.body, "id: 1-1-2\n"), 1);
	/* It was noted what the client has. */
	told = get_stream(&a, 1, NULL, leave);
	assert_int_equal(stream_bench_count(told.body, "data:"), 0);
}

static bool
newest(void *ctx, int64_t ms, struct slice sent)
{
	struct act *a = ctx;

	(void)sent;
	if (ms == 100)
		stream_bench_raise(a->b, "tools");
	return ms < 200;
}

static bool
older(void *ctx, int64_t ms, struct slice sent)
{
	struct act *a = ctx;

	(void)sent;
	if (ms == 100)
		a->other = get_stream(a, 1, NULL, newest).body;
	assert_true(ms < 5000);
	return true;
}

static void
messages_go_to_the_newest_stream_and_the_older_one_is_called_back(void **state)
{
	struct act a = { .b = *state };
	struct stream_told told;

	a.sid = stream_bench_session(a.b, "2025-11-25");
	told = get_stream(&a, 0, NULL, older);
	assert_int_equal(stream_bench_count(a.other, TOOLS_CHANGED), 1);
	assert_int_equal(stream_bench_count(told.body, TOOLS_CHANGED), 0);
	/* Priming, and the wish at the end. */
	assert_int_equal(stream_bench_count(told.body, "retry: "), 2);
}

static bool
end_session(void *ctx, int64_t ms, struct slice sent)
{
	struct act *a = ctx;
	const struct stream_ask ask = {
		.host = 1, .method = HTTP_DELETE, .sid = a->sid
	};

	(void)sent;
	if (ms == 100)
		assert_int_equal(stream_bench_ask(a->b, &ask).status, 204);
	assert_true(ms < 1000);
	return true;
}

static void
a_stream_ends_with_its_session_and_without_a_wish(void **state)
{
	struct act a = { .b = *state };
	struct stream_told told;

	a.sid = stream_bench_session(a.b, "2025-11-25");
	told = get_stream(&a, 0, NULL, end_session);
	assert_int_equal(stream_bench_count(told.body, "retry: "), 1);
}

static bool
leaves_at_100(void *ctx)
{
	return ((struct act *)ctx)->step > 0;
}

static bool
tell_to_leave(void *ctx, int64_t ms, struct slice sent)
{
	struct act *a = ctx;

	(void)sent;
	a->step = ms >= 100;
	assert_true(ms < 1000);
	return true;
}

static void
a_process_that_leaves_sends_its_clients_away_one_by_one(void **state)
{
	struct act a = { .b = *state };
	struct stream_told told;
	struct slice wish, rest;
	uint64_t ms = 0;

	a.sid = stream_bench_session(a.b, "2025-11-25");
	a.b->server[0].is_leaving = leaves_at_100;
	a.b->server[0].leaving_ctx = &a;
	told = get_stream(&a, 0, NULL, tell_to_leave);
	rest = told.body;
	while (stream_bench_count(rest, "retry: ") > 1)
		rest = slice_from(rest, 1);
	wish = stream_bench_line(a.b, rest, "retry: ");
	assert_int_equal(text_u64(wish, 5000, &ms), RC_OK);
	assert_true(ms >= 1000);
}

static bool
down_for_20_s(void *ctx, int64_t ms, struct slice sent)
{
	struct act *a = ctx;

	(void)sent;
	if (ms == 100)
		a->b->is_down = true;
	if (ms == 20000) {
		a->b->is_down = false;
		stream_bench_raise(a->b, "tools");
	}
	return ms < 20500;
}

static bool
down_for_ever(void *ctx, int64_t ms, struct slice sent)
{
	struct act *a = ctx;

	(void)sent;
	if (ms == 100)
		a->b->is_down = true;
	assert_true(ms < 40000);
	return true;
}

static void
a_failing_store_is_waited_for_with_comments(void **state)
{
	struct act a = { .b = *state };
	struct stream_told told;

	a.sid = stream_bench_session(a.b, "2025-06-18");
	told = get_stream(&a, 0, NULL, down_for_20_s);
	assert_int_equal(stream_bench_count(told.body, ":\n\n"), 2);
	assert_int_equal(stream_bench_count(told.body, TOOLS_CHANGED), 1);
}

static void
a_store_that_stays_away_ends_the_stream(void **state)
{
	struct act a = { .b = *state };
	struct stream_told told;

	a.sid = stream_bench_session(a.b, "2025-11-25");
	told = get_stream(&a, 0, NULL, down_for_ever);
	a.b->is_down = false;
	assert_int_equal(stream_bench_count(told.body, "retry: "), 2);
}

static bool
others_raise(void *ctx, int64_t ms, struct slice sent)
{
	struct act *a = ctx;

	(void)sent;
	if (ms == 100) {
		assert_int_equal(stream_bench_post(a->b, 1, a->sid,
				     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
				     "\"resources/subscribe\",\"params\":{"
				     "\"uri\":\"file:///a\"}}"),
		    200);
		stream_bench_raise(a->b, "resource:file:///a");
		stream_bench_raise(a->b, "resource:file:///b");
	}
	return ms < 300;
}

static void
a_subscription_counts_at_once_for_a_stream_that_is_open(void **state)
{
	struct act a = { .b = *state };
	struct stream_told told;

	a.sid = stream_bench_session(a.b, "2025-03-26");
	told = get_stream(&a, 0, NULL, others_raise);
	assert_int_equal(
	    stream_bench_count(told.body, "notifications/resources/updated"),
	    1);
	assert_int_equal(stream_bench_count(told.body, "file:///a"), 1);
}

/* ----------------------------------------------------------- room */

struct fake_holder {
	struct holder base; /* first */
	enum rc room;
	bool is_crowded; /* of streams of a session's own */
	enum rc take;
	struct feed taken;
	int takes;
};

static enum rc
room(struct holder *base, const struct feed *f)
{
	const struct fake_holder *h = (struct fake_holder *)base;

	assert_true(f->session != 0 || f->kind == STREAM_SSE);
	if (h->is_crowded && f->kind == STREAM_SESSION)
		return RC_CONFLICT;
	return h->room;
}

static enum rc
take(struct holder *base, const struct feed *f, struct sink *sink)
{
	struct fake_holder *h = (struct fake_holder *)base;

	h->takes++;
	h->taken = *f;
	return h->take == RC_OK ? sink->ops->end(sink) : h->take;
}

static const struct holder_ops holder_ops = { room, take };

static void
no_room_is_said_before_anybody_else_loses_the_stream(void **state)
{
	static const struct {
		enum rc room;
		int status;
		const char *retry_after;
	} rows[] = { { RC_FULL, 503, "2" }, { RC_CONFLICT, 429, "5" } };
	struct act a = { .b = *state };
	struct fake_holder h = { .base = { &holder_ops } };
	struct stream_told told;

	a.sid = stream_bench_session(a.b, "2025-11-25");
	a.b->server[0].holder = &h.base;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		h.room = rows[i].room;
		told = get_stream(&a, 0, NULL, NULL);
		assert_int_equal(told.status, rows[i].status);
		assert_true(
		    slice_eq(told.retry_after, slice_of(rows[i].retry_after)));
	}
	assert_int_equal(a.b->store.calls[STORE_STREAM_ATTACH], 0);
	a.b->server[0].holder = NULL;
	a.b->crew[0].is_full = true;
	told = get_stream(&a, 0, NULL, NULL);
	assert_int_equal(told.status, 503);
	assert_int_equal(a.b->store.calls[STORE_STREAM_ATTACH], 0);
	assert_int_equal(a.b->crew[0].asked, 1);
}

static void
a_holder_gets_the_feed_after_the_first_bytes(void **state)
{
	struct act a = { .b = *state };
	struct fake_holder h = { .base = { &holder_ops } };
	struct stream_told told;

	a.sid = stream_bench_session(a.b, "2025-11-25");
	a.b->server[0].holder = &h.base;
	told = get_stream(&a, 0, NULL, NULL);
	assert_int_equal(told.status, 200);
	assert_int_equal(stream_bench_count(told.body, "id: 1-1-0\n"), 1);
	assert_int_equal(h.takes, 1);
	assert_int_equal(h.taken.kind, STREAM_SESSION);
	assert_true(h.taken.reader > 0);
	assert_int_equal(h.taken.cursor, 0);
	assert_int_equal(a.b->crew[0].asked, 0);
	assert_int_equal(a.b->store.calls[STORE_STREAM_DETACH], 0);
}

static void
a_call_is_gone_on_with_whatever_its_session_holds_beside(void **state)
{
	struct act a = { .b = *state };
	struct fake_holder h = { .base = { &holder_ops }, .is_crowded = true };
	struct store *store = a.b->store.inner;
	const struct session_filter all = { .limit = 1 };
	struct stream_open open = { .kind = STREAM_CALL, .owner = SLICE("x") };
	struct op op = stream_bench_op(a.b);
	struct session_rows rows;
	struct stream_row row;

	a.sid = stream_bench_session(a.b, "2025-11-25");
	assert_int_equal(
	    store->ops->session_list(store, &op, &all, &rows), RC_OK);
	open.session = rows.row[0].id;
	assert_int_equal(
	    store->ops->stream_open(store, &op, &open, &row), RC_OK);
	assert_int_equal(row.number, 1);
	a.b->server[0].holder = &h.base;
	assert_int_equal(get_stream(&a, 0, "1-1-0", NULL).status, 200);
	assert_int_equal(h.taken.kind, STREAM_CALL);
	assert_int_equal(get_stream(&a, 0, NULL, NULL).status, 429);
	assert_int_equal(get_stream(&a, 0, "1-7-0", NULL).status, 400);
	h.is_crowded = false;
	assert_int_equal(get_stream(&a, 0, NULL, NULL).status, 200);
	h.is_crowded = true;
	assert_int_equal(get_stream(&a, 0, "1-2-0", NULL).status, 429);
}

static void
what_a_holder_does_not_take_is_detached(void **state)
{
	struct act a = { .b = *state };
	struct fake_holder h = { .base = { &holder_ops }, .take = RC_NOMEM };
	const struct stream_ask ask = { .method = HTTP_GET, .path = "/sse" };

	a.sid = stream_bench_session(a.b, "2025-11-25");
	a.b->server[0].holder = &h.base;
	(void)stream_bench_ask(
	    a.b, &(struct stream_ask){ .method = HTTP_GET, .sid = a.sid });
	assert_int_equal(a.b->store.calls[STORE_STREAM_DETACH], 1);
	(void)stream_bench_ask(a.b, &ask);
	assert_int_equal(h.takes, 2);
	assert_int_equal(a.b->store.calls[STORE_SESSION_END], 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(an_open_stream_is_told_of_each_change_once),
		STREAM_TEST(
		    messages_go_to_the_newest_stream_and_the_older_one_is_called_back),
		STREAM_TEST(a_stream_ends_with_its_session_and_without_a_wish),
		STREAM_TEST(
		    a_process_that_leaves_sends_its_clients_away_one_by_one),
		STREAM_TEST(a_failing_store_is_waited_for_with_comments),
		STREAM_TEST(a_store_that_stays_away_ends_the_stream),
		STREAM_TEST(
		    a_subscription_counts_at_once_for_a_stream_that_is_open),
		STREAM_TEST(
		    no_room_is_said_before_anybody_else_loses_the_stream),
		STREAM_TEST(a_holder_gets_the_feed_after_the_first_bytes),
		STREAM_TEST(
		    a_call_is_gone_on_with_whatever_its_session_holds_beside),
		STREAM_TEST(what_a_holder_does_not_take_is_detached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
