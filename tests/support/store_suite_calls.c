/* How calls are opened, found and listed. */
#include "store_suite_calls.h"

enum call_opened
suite_open(
    struct suite *f, struct call_row *call, const struct call_limits *limits)
{
	enum call_opened opened = CALL_HAS_NO_ROOM;
	int64_t reader = -1;

	assert_int_equal(
	    f->ops->call_open(f->store, &f->op, call, limits, &opened, &reader),
	    RC_OK);
	return opened;
}

struct call_row
suite_opened(struct suite *f, int64_t session, const char *id)
{
	struct call_row call = store_call_row(session, id);

	assert_int_equal(
	    suite_open(f, &call, &store_no_call_limits), CALL_IS_NEW);
	return call;
}

struct call_row
suite_call_now(struct suite *f, int64_t call)
{
	struct call_row row = { 0 };

	assert_int_equal(f->ops->call_get(f->store, &f->op, call, &row), RC_OK);
	return row;
}

void
suite_assert_newest(
    struct suite *f, int64_t stream, int64_t seq, const char *text)
{
	struct event_rows events;
	const struct stream_row row = suite_read(f, stream, 0, &events);

	assert_int_equal(row.head, seq);
	assert_int_equal(events.n, seq);
	assert_int_equal(events.row[events.n - 1].seq, seq);
	suite_assert_text(events.row[events.n - 1].data, text);
}

void
suite_assert_text(struct slice is, const char *text)
{
	assert_true(slice_eq(is, slice_of(text)));
}

size_t
suite_changed(struct suite *f, struct change_mark *mark, enum change_kind kind,
    int64_t ref)
{
	const struct change_rows rows = suite_changes(f, mark);

	return suite_count(&rows, kind, -1, -1, ref);
}

/* ------------------------------------------------------------------ cases */

static void
a_call_comes_back_as_it_was_opened(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row a = store_call_row(session, "\"x\"");
	const struct call_row b = suite_opened(f, session, "\"x\"");
	const struct call_row c = suite_call_now(f, b.number);
	const struct call_row *const both[] = { &b, &c };

	for (size_t i = 0; i < COUNT(both); i++) {
		const struct call_row *r = both[i];

		assert_true(r->number > 0 && r->stream > 0);
		assert_int_equal(r->session, session);
		assert_memory_equal(r->principal, a.principal, DIGEST_BYTES);
		assert_memory_equal(r->digest, a.digest, DIGEST_BYTES);
		suite_assert_text(r->principal_name, "user:somebody");
		suite_assert_text(r->request_id, "\"x\"");
		suite_assert_text(r->request, "{\"id\":1}");
		suite_assert_text(r->tool, "echo");
		suite_assert_text(r->revision, "2025-11-25");
		suite_assert_text(r->owner, "h1.a");
		assert_int_equal(r->transport, 2);
		assert_int_equal(r->caps, 0x80000005);
		assert_int_equal(r->task, 0);
		assert_true(r->is_repeatable);
		assert_int_equal(r->runs_max, 2);
		assert_int_equal(r->epoch, 1);
		assert_int_equal(r->runs, 1);
		assert_int_equal(r->group, 0);
		assert_false(r->is_cancelled || r->is_waiting);
		assert_int_equal(r->state, CALL_RUNNING);
		assert_int_equal(r->created, f->op.now_ms);
		assert_int_equal(r->deadline, 99000);
	}
	assert_int_equal(f->ops->call_get(f->store, &f->op, b.number + 1,
			     &(struct call_row){ 0 }),
	    RC_NOTFOUND);
}

static void
a_call_of_a_session_gets_a_stream_of_its_own(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	struct call_row call = store_call_row(session, "1");
	struct stream_row stream;
	enum call_opened opened;
	int64_t reader = 0;

	assert_int_equal(f->ops->call_open(f->store, &f->op, &call,
			     &store_no_call_limits, &opened, &reader),
	    RC_OK);
	assert_int_equal(reader, 1);
	stream = suite_read(f, call.stream, 0, NULL);
	assert_int_equal(stream.kind, STREAM_CALL);
	assert_int_equal(stream.session, session);
	assert_int_equal(stream.reader, 1);
	assert_true(stream.is_open);
	suite_assert_text(stream.owner, "h1.a");
}

static void
a_call_that_names_a_stream_takes_that_one(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const int64_t other = suite_session(f, 2);
	const struct stream_open open = { session, STREAM_SSE, SLICE("h2.s") };
	struct call_row call = store_call_row(session, "1");
	struct call_row foreign = store_call_row(other, "1");
	struct stream_row sse;
	enum call_opened opened;
	int64_t reader = 0;

	assert_int_equal(
	    f->ops->stream_open(f->store, &f->op, &open, &sse), RC_OK);
	call.stream = sse.number;
	assert_int_equal(f->ops->call_open(f->store, &f->op, &call,
			     &store_no_call_limits, &opened, &reader),
	    RC_OK);
	assert_int_equal(call.stream, sse.number);
	assert_int_equal(reader, 1);
	foreign.stream = sse.number;
	assert_int_equal(f->ops->call_open(f->store, &f->op, &foreign,
			     &store_no_call_limits, &opened, &reader),
	    RC_NOTFOUND);
}

static void
a_call_without_a_session_has_no_stream_and_joins_nothing(void **state)
{
	struct suite *f = *state;
	const struct call_row a = suite_opened(f, 0, "1");
	const struct call_row b = suite_opened(f, 0, "1");

	assert_int_equal(a.stream, 0);
	assert_int_equal(b.stream, 0);
	assert_true(a.number < b.number);
}

static void
a_call_of_a_session_that_is_over_is_not_opened(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	struct call_row call = store_call_row(session, "1");
	struct call_row never = store_call_row(session + 100, "1");
	enum call_opened opened;
	int64_t reader;

	assert_int_equal(suite_end(f, 1, 1), RC_OK);
	assert_int_equal(f->ops->call_open(f->store, &f->op, &call,
			     &store_no_call_limits, &opened, &reader),
	    RC_NOTFOUND);
	assert_int_equal(f->ops->call_open(f->store, &f->op, &never,
			     &store_no_call_limits, &opened, &reader),
	    RC_NOTFOUND);
}

static void
the_same_request_joins_what_is_running(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row first = suite_opened(f, session, "1");
	const struct stream_attach attach = { .session = session,
		.stream = first.stream,
		.after = -1,
		.owner = SLICE("h2.b") };
	struct call_row again = store_call_row(session, "1");
	struct stream_row stream;
	enum call_opened opened;
	int64_t reader = 0;

	assert_int_equal(
	    f->ops->stream_attach(f->store, &f->op, &attach, &stream), RC_OK);
	again.owner = SLICE("h3.c");
	assert_int_equal(f->ops->call_open(f->store, &f->op, &again,
			     &store_no_call_limits, &opened, &reader),
	    RC_OK);
	assert_int_equal(opened, CALL_IS_JOINED);
	assert_int_equal(again.number, first.number);
	assert_int_equal(again.stream, first.stream);
	suite_assert_text(again.owner, "h1.a");
	assert_int_equal(reader, 2);
}

static void
only_session_id_and_its_type_make_a_request_the_same(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const int64_t other = suite_session(f, 2);
	const struct call_row a = suite_opened(f, session, "1");
	const struct call_row b = suite_opened(f, session, "\"1\"");
	const struct call_row c = suite_opened(f, other, "1");

	assert_true(a.number < b.number && b.number < c.number);
}

static void
another_request_with_a_running_id_is_told_so(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row first = suite_opened(f, session, "1");
	struct call_row other = store_call_row(session, "1");

	other.digest[DIGEST_BYTES - 1] = 1;
	assert_int_equal(
	    suite_open(f, &other, &store_no_call_limits), CALL_IS_OTHER);
	assert_int_equal(other.number, first.number);
}

static void
an_ended_call_is_joined_while_its_response_was_not_taken(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row first = suite_opened(f, session, "1");
	struct stream_sent sent = { first.stream, 1, 1 };
	struct call_row again = store_call_row(session, "1");
	struct call_row other = store_call_row(session, "1");
	struct call_row late = store_call_row(session, "1");

	assert_int_equal(suite_finish(f, first.number, 1, "done"), RC_OK);
	assert_int_equal(
	    suite_open(f, &again, &store_no_call_limits), CALL_IS_JOINED);
	assert_int_equal(again.number, first.number);
	assert_int_equal(again.state, CALL_ENDED);
	other.digest[0]++;
	assert_int_equal(
	    suite_open(f, &other, &store_no_call_limits), CALL_IS_NEW);
	assert_int_equal(suite_finish(f, other.number, 1, NULL), RC_OK);
	assert_int_equal(
	    f->ops->streams_sent(f->store, &f->op, &sent, 1), RC_OK);
	assert_int_equal(
	    suite_open(f, &late, &store_no_call_limits), CALL_IS_NEW);
	assert_true(late.number > other.number);
}

static void
a_host_has_room_for_so_many_calls(void **state)
{
	struct suite *f = *state;
	const struct call_limits limits = { .host = 2 };
	const char *const owners[] = { "h1.a", "h1.b", "h10.a", "h1.c", "h.d",
		"h1-.e" };
	const enum call_opened out[] = { CALL_IS_NEW, CALL_IS_NEW, CALL_IS_NEW,
		CALL_HAS_NO_ROOM, CALL_IS_NEW, CALL_IS_NEW };
	struct call_row call = { 0 };
	int64_t first = 0;

	for (size_t i = 0; i < COUNT(owners); i++) {
		call = store_call_row(0, "1");
		call.owner = slice_of(owners[i]);
		assert_int_equal(suite_open(f, &call, &limits), out[i]);
		first = i == 0 ? call.number : first;
	}
	assert_int_equal(suite_finish(f, first, 1, NULL), RC_OK);
	call = store_call_row(0, "1");
	assert_int_equal(suite_open(f, &call, &limits), CALL_IS_NEW);
}

static void
a_principal_has_room_for_so_many_calls_unless_it_has_no_name(void **state)
{
	struct suite *f = *state;
	struct call_limits limits = { .principal = 1 };
	struct call_row call = store_call_row(0, "1");
	struct call_row other = store_call_row(0, "1");

	assert_int_equal(suite_open(f, &call, &limits), CALL_IS_NEW);
	call.owner = SLICE("h2.a");
	assert_int_equal(suite_open(f, &call, &limits), CALL_HAS_NO_ROOM);
	other.principal[0]++;
	assert_int_equal(suite_open(f, &other, &limits), CALL_IS_NEW);
	limits.is_anonymous = true;
	assert_int_equal(suite_open(f, &call, &limits), CALL_IS_NEW);
}

/* One that waits for a task, from its beginning. */
static void
a_call_may_wait_from_the_start(void **state)
{
	struct suite *f = *state;
	const struct call_limits limits = {
		.host = 1, .principal = 1, .waiting = 2
	};
	const bool waits[] = { true, false, true, true, false };
	const enum call_opened out[] = { CALL_IS_NEW, CALL_IS_NEW, CALL_IS_NEW,
		CALL_HAS_NO_ROOM, CALL_HAS_NO_ROOM };
	struct call_row call = { 0 };

	for (size_t i = 0; i < COUNT(waits); i++) {
		call = store_call_row(0, "1");
		call.is_waiting = waits[i];
		assert_int_equal(suite_open(f, &call, &limits), out[i]);
		if (out[i] != CALL_IS_NEW)
			continue;
		assert_int_equal(
		    suite_call_now(f, call.number).is_waiting, waits[i]);
	}
}

static void
a_call_that_waits_is_not_counted(void **state)
{
	struct suite *f = *state;
	const struct call_limits limits = { .host = 1, .principal = 1 };
	const int64_t session = suite_session(f, 1);
	const struct call_row waits = suite_opened(f, session, "1");
	const struct question_row q = suite_question(&waits, "k");
	struct call_row a = store_call_row(session, "2");
	struct call_row b = store_call_row(session, "3");

	assert_int_equal(suite_open(f, &a, &limits), CALL_HAS_NO_ROOM);
	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	assert_true(suite_call_now(f, waits.number).is_waiting);
	assert_int_equal(suite_open(f, &a, &limits), CALL_IS_NEW);
	assert_int_equal(suite_finish(f, a.number, 1, NULL), RC_OK);
	assert_int_equal(suite_answer(f, waits.number, "k"), RC_OK);
	assert_int_equal(suite_open(f, &b, &limits), CALL_HAS_NO_ROOM);
}

static void
a_request_without_room_leaves_nothing(void **state)
{
	struct suite *f = *state;
	const struct call_limits limits = { .host = 1 };
	const struct call_filter all = { .limit = 0 };
	const int64_t session = suite_session(f, 1);
	const struct call_row first = suite_opened(f, session, "1");
	struct call_row second = store_call_row(session, "2");
	struct call_rows rows;

	assert_int_equal(suite_open(f, &second, &limits), CALL_HAS_NO_ROOM);
	assert_int_equal(
	    f->ops->calls_list(f->store, &f->op, &all, &rows), RC_OK);
	assert_int_equal(rows.n, 1);
	assert_int_equal(rows.row[0].number, first.number);
	second = suite_opened(f, session, "2");
	assert_int_equal(second.stream, first.stream + 1);
}

static void
what_joins_needs_no_room(void **state)
{
	struct suite *f = *state;
	const struct call_limits limits = { .host = 1, .principal = 1 };
	const int64_t session = suite_session(f, 1);
	struct call_row again = store_call_row(session, "1");

	(void)suite_opened(f, session, "1");
	assert_int_equal(suite_open(f, &again, &limits), CALL_IS_JOINED);
}

static void
calls_are_listed_by_what_is_asked_for(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const char *const owners[] = { "h1.a", "h1.b", "h10.a", "h2.a" };
	int64_t n[4];
	struct {
		struct call_filter filter;
		unsigned char found; /* bits: which of the four */
	} rows[] = {
		{ { .limit = 0 }, 0xf },
		{ { .limit = 2 }, 0x3 },
		{ { .state = CALL_RUNNING }, 0xd },
		{ { .state = CALL_ENDED }, 0x2 },
		{ { .owner = SLICE("h1.a") }, 0x1 },
		{ { .owner = SLICE("h1") }, 0 },
		{ { .host = SLICE("h1") }, 0x3 },
		{ { .host = SLICE("h1"), .state = CALL_RUNNING }, 0x1 },
		{ { .owner = SLICE("h2.a"), .state = CALL_RUNNING }, 0x8 },
		{ { .host = SLICE("h") }, 0 },
		{ { .session = session }, 0x8 },
		{ { .session = session, .state = CALL_ENDED }, 0 },
	};
	struct call_filter after = { .limit = 1 };
	struct call_rows got;

	for (size_t i = 0; i < 4; i++) {
		struct call_row call =
		    store_call_row(i == 3 ? session : 0, "1");

		call.owner = slice_of(owners[i]);
		assert_int_equal(
		    suite_open(f, &call, &store_no_call_limits), CALL_IS_NEW);
		n[i] = call.number;
	}
	assert_int_equal(suite_finish(f, n[1], 1, NULL), RC_OK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned found = 0;

		assert_int_equal(
		    f->ops->calls_list(f->store, &f->op, &rows[i].filter, &got),
		    RC_OK);
		for (size_t k = 0; k < got.n; k++) {
			for (unsigned j = 0; j < 4; j++) {
				if (got.row[k].number == n[j])
					found |= 1U << j;
			}
			assert_true(k == 0 ||
			    got.row[k - 1].number < got.row[k].number);
		}
		assert_int_equal(found, rows[i].found);
	}
	after.after = n[2];
	assert_int_equal(
	    f->ops->calls_list(f->store, &f->op, &after, &got), RC_OK);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.row[0].number, n[3]);
}

const struct CMUnitTest suite_calls[] = {
	SUITE_CASE(a_call_comes_back_as_it_was_opened),
	SUITE_CASE(a_call_of_a_session_gets_a_stream_of_its_own),
	SUITE_CASE(a_call_that_names_a_stream_takes_that_one),
	SUITE_CASE(a_call_without_a_session_has_no_stream_and_joins_nothing),
	SUITE_CASE(a_call_of_a_session_that_is_over_is_not_opened),
	SUITE_COUNTING_CASE(the_same_request_joins_what_is_running),
	SUITE_CASE(only_session_id_and_its_type_make_a_request_the_same),
	SUITE_CASE(another_request_with_a_running_id_is_told_so),
	SUITE_CASE(an_ended_call_is_joined_while_its_response_was_not_taken),
	SUITE_CASE(a_host_has_room_for_so_many_calls),
	SUITE_CASE(
	    a_principal_has_room_for_so_many_calls_unless_it_has_no_name),
	SUITE_CASE(a_call_may_wait_from_the_start),
	SUITE_CASE(a_call_that_waits_is_not_counted),
	SUITE_CASE(a_request_without_room_leaves_nothing),
	SUITE_CASE(what_joins_needs_no_room),
	SUITE_CASE(calls_are_listed_by_what_is_asked_for),
	SUITE_END,
};
