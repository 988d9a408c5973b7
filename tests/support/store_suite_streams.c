#include "store_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "store_suite_calls.h"

static struct event_append
event(const struct stream_row *stream, const char *text)
{
	return (struct event_append){ .session = stream->session,
		.stream = stream->number,
		.data = slice_of(text) };
}

static enum rc
append(struct suite *f, const struct event_append *a,
    const struct stream_caps *caps, struct appended *out)
{
	return f->ops->event_append(f->store, &f->op, a, caps, out);
}

static void
an_opened_stream_comes_back_as_it_is(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	struct stream_row opened, row;

	f->op.now_ms = 4321;
	opened = suite_stream(f, session, STREAM_SSE);
	row = suite_read(f, opened.number, 0, NULL);
	assert_true(row.number > 0);
	assert_int_equal(row.number, opened.number);
	assert_int_equal(row.session, session);
	assert_int_equal(row.kind, STREAM_SSE);
	assert_int_equal(row.incarnation, suite_info(f).incarnation);
	assert_int_equal(opened.incarnation, row.incarnation);
	assert_int_equal(row.head + row.purged + row.sent, 0);
	assert_int_equal(row.reader, 1);
	assert_int_equal(opened.reader, 1);
	assert_true(slice_eq(row.owner, SLICE("h.one")));
	assert_true(slice_eq(opened.owner, SLICE("h.one")));
	assert_true(row.is_open && opened.is_open);
	assert_int_equal(row.created, 4321);
	assert_int_equal(row.changed, 4321);
	assert_false(suite_has_stream(f, opened.number + 1));
}

static void
the_newest_open_stream_of_a_kind_is_found(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	struct stream_row row, newer;

	(void)suite_stream(f, session, STREAM_CALL);
	assert_int_equal(
	    f->ops->stream_find(f->store, &f->op, session, STREAM_SSE, &row),
	    RC_NOTFOUND);
	(void)suite_stream(f, session, STREAM_SSE);
	newer = suite_stream(f, session, STREAM_SSE);
	(void)suite_stream(f, suite_session(f, 2), STREAM_SSE);
	assert_int_equal(
	    f->ops->stream_find(f->store, &f->op, session, STREAM_SSE, &row),
	    RC_OK);
	assert_int_equal(row.number, newer.number);
	assert_true(slice_eq(row.owner, newer.owner));
	assert_int_equal(suite_end(f, 1, 1), RC_OK);
	assert_int_equal(
	    f->ops->stream_find(f->store, &f->op, session, STREAM_SSE, &row),
	    RC_NOTFOUND);
}

static void
only_a_live_session_opens_streams(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct stream_open open = { session, STREAM_CALL, SLICE("h.1") };
	const struct stream_open none = { session + 9, STREAM_CALL,
		SLICE("h.1") };
	struct stream_row row;

	assert_int_equal(
	    f->ops->stream_open(f->store, &f->op, &none, &row), RC_NOTFOUND);
	assert_int_equal(suite_end(f, 1, 1), RC_OK);
	assert_int_equal(
	    f->ops->stream_open(f->store, &f->op, &open, &row), RC_NOTFOUND);
}

static void
stream_numbers_are_never_used_twice(void **state)
{
	struct suite *f = *state;
	int64_t highest = 0;

	for (uint32_t n = 0; n < 5; n++) {
		const int64_t session = suite_session(f, n);
		const struct stream_row row =
		    suite_stream(f, session, STREAM_CALL);

		assert_true(row.number > highest);
		highest = row.number;
		assert_int_equal(suite_end(f, n, 1), RC_OK);
		assert_false(suite_has_stream(f, row.number));
	}
}

static void
events_are_replayed_from_every_number(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct stream_row a = suite_stream(f, session, STREAM_CALL);
	const struct stream_row b = suite_stream(f, session, STREAM_CALL);
	char text[16];

	for (int i = 1; i <= 20; i++) {
		(void)snprintf(text, sizeof(text), "a%d", i);
		assert_int_equal(suite_append(f, &a, text), i);
		assert_int_equal(suite_append(f, &b, "other"), i);
	}
	for (int64_t after = 0; after <= 21; after++) {
		struct event_rows events;

		assert_int_equal(
		    suite_read(f, a.number, after, &events).head, 20);
		assert_int_equal(events.n, after > 20 ? 0 : 20 - after);
		for (size_t i = 0; i < events.n; i++) {
			const int64_t seq = after + 1 + (int64_t)i;

			(void)snprintf(text, sizeof(text), "a%d", (int)seq);
			assert_int_equal(events.row[i].seq, seq);
			assert_true(
			    slice_eq(events.row[i].data, slice_of(text)));
		}
	}
}

static void
one_read_brings_what_its_limits_allow(void **state)
{
	struct suite *f = *state;
	const struct stream_row s =
	    suite_stream(f, suite_session(f, 1), STREAM_CALL);
	static const struct {
		struct event_limits limits;
		size_t n;
	} rows[] = {
		{ { 3, 1000 }, 3 },
		{ { 100, 1000 }, 10 },
		{ { 100, 29 }, 2 },
		{ { 100, 30 }, 3 },
		{ { 100, 5 }, 1 }, /* one comes, whatever its size */
		{ { 100, 0 }, 1 },
		{ { 1, SIZE_MAX }, 1 },
		{ { SIZE_MAX, SIZE_MAX }, 10 },
	};

	for (int i = 0; i < 10; i++)
		(void)suite_append(f, &s, "0123456789");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stream_row row;
		struct event_rows events;

		assert_int_equal(f->ops->stream_read(f->store, &f->op, s.number,
				     0, &rows[i].limits, &row, &events),
		    RC_OK);
		assert_int_equal(events.n, rows[i].n);
	}
}

static void
data_are_any_bytes(void **state)
{
	struct suite *f = *state;
	const struct stream_row s =
	    suite_stream(f, suite_session(f, 1), STREAM_CALL);
	static char large[300000];
	const struct slice rows[] = { SLICE("a\0b"), SLICE("\xff\xfe\x80"),
		SLICE(""), { large, sizeof(large) } };
	struct event_rows events;

	large[0] = 1;
	large[sizeof(large) - 1] = 2;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct event_append a = event(&s, "");
		struct appended out;

		a.data = rows[i];
		assert_int_equal(
		    append(f, &a, &store_no_stream_caps, &out), RC_OK);
	}
	(void)suite_read(f, s.number, 0, &events);
	assert_int_equal(events.n, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_true(slice_eq(events.row[i].data, rows[i]));
}

static void
an_append_finds_only_open_streams_of_its_session(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const int64_t other = suite_session(f, 2);
	const struct stream_row s = suite_stream(f, session, STREAM_CALL);
	struct event_append a = event(&s, "x");
	struct appended out;

	a.session = other;
	assert_int_equal(
	    append(f, &a, &store_no_stream_caps, &out), RC_NOTFOUND);
	a.session = session;
	a.stream = s.number + 5;
	assert_int_equal(
	    append(f, &a, &store_no_stream_caps, &out), RC_NOTFOUND);
	a.stream = 0;
	assert_int_equal(
	    append(f, &a, &store_no_stream_caps, &out), RC_NOTFOUND);
	assert_int_equal(suite_end(f, 1, 1), RC_OK);
	a.stream = s.number;
	assert_int_equal(
	    append(f, &a, &store_no_stream_caps, &out), RC_NOTFOUND);
}

static void
the_second_append_of_a_key_changes_nothing(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct stream_row s = suite_stream(f, session, STREAM_CALL);
	const struct stream_row other = suite_stream(f, session, STREAM_CALL);
	struct event_append a = event(&s, "first");
	struct event_rows events;
	struct appended out;

	(void)suite_append(f, &s, "before");
	a.key = 77;
	assert_int_equal(append(f, &a, &store_no_stream_caps, &out), RC_OK);
	assert_int_equal(out.seq, 2);
	(void)suite_append(f, &s, "behind");
	a.data = SLICE("again");
	out = (struct appended){ 0 };
	assert_int_equal(append(f, &a, &store_no_stream_caps, &out), RC_OK);
	assert_int_equal(out.seq, 2);
	assert_int_equal(out.reader, 1);
	a.stream = other.number;
	assert_int_equal(append(f, &a, &store_no_stream_caps, &out), RC_OK);
	assert_int_equal(out.seq, 1);
	assert_int_equal(suite_read(f, s.number, 0, &events).head, 3);
	assert_true(slice_eq(events.row[1].data, SLICE("first")));
	/* Key 0 is none. */
	(void)suite_append(f, &s, "behind");
	assert_int_equal(suite_append(f, &s, "behind"), 5);
}

static void
a_full_call_stream_says_so_and_stays_as_it_is(void **state)
{
	struct suite *f = *state;
	const struct stream_row s =
	    suite_stream(f, suite_session(f, 1), STREAM_CALL);
	const struct stream_caps caps[] = { { 3, 0 }, { 0, 34 }, { 3, 34 } };
	struct event_append a = event(&s, "12345");
	struct stream_row before, after;
	struct appended out;

	for (int i = 0; i < 3; i++)
		(void)suite_append(f, &s, "0123456789");
	before = suite_read(f, s.number, 0, NULL);
	for (size_t i = 0; i < COUNT(caps); i++) {
		assert_int_equal(append(f, &a, &caps[i], &out), RC_FULL);
		after = suite_read(f, s.number, 0, NULL);
		assert_int_equal(after.head, before.head);
	}
	a.data = SLICE("1234");
	assert_int_equal(append(f, &a, &caps[1], &out), RC_OK);
	assert_int_equal(out.seq, 4);
}

static void
other_streams_lose_their_oldest_events(void **state)
{
	struct suite *f = *state;
	static const struct {
		struct stream_caps caps;
		const char *text;
		int64_t purged;
	} rows[] = {
		{ { 5, 0 }, "0123456789", 0 },
		{ { 5, 0 }, "0123456789", 1 },
		{ { 0, 45 }, "0123456789", 3 },
		{ { 3, 45 }, "0123456789", 5 },
		{ { 0, 12 }, "0123456789012345", 8 }, /* the newest stays */
		{ { 0, 20 }, "0123", 8 },
	};
	const struct stream_row s =
	    suite_listen(f, suite_session(f, 1), SLICE("h.1"));
	struct event_rows events;
	struct stream_row row;
	struct appended out;

	for (int i = 0; i < 4; i++)
		(void)suite_append(f, &s, "0123456789");
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct event_append a = event(&s, rows[i].text);

		assert_int_equal(append(f, &a, &rows[i].caps, &out), RC_OK);
		row = suite_read(f, s.number, 0, NULL);
		assert_int_equal(row.purged, rows[i].purged);
		assert_int_equal(row.head, 5 + (int64_t)i);
		assert_true(row.sent >= row.purged);
	}
	/* Below what was purged there is a gap, and no events come. */
	(void)suite_read(f, s.number, row.purged - 1, &events);
	assert_int_equal(events.n, 0);
	(void)suite_read(f, s.number, row.purged, &events);
	assert_int_equal(events.n, row.head - row.purged);
	assert_int_equal(events.row[0].seq, row.purged + 1);
}

static void
who_is_fenced_appends_nothing(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	struct call_finish finish = { .data = SLICE("end") };
	struct event_append a;
	struct call_row call;
	struct appended out;

	call = suite_opened(f, session, "1");
	finish.call = call.number;
	a = (struct event_append){ .session = session,
		.stream = call.stream,
		.call = call.number,
		.epoch = call.epoch,
		.data = SLICE("x") };
	assert_int_equal(append(f, &a, &store_no_stream_caps, &out), RC_OK);
	a.epoch = call.epoch - 1;
	assert_int_equal(
	    append(f, &a, &store_no_stream_caps, &out), RC_CONFLICT);
	assert_int_equal(f->ops->call_claim(f->store, &f->op, call.number,
			     call.epoch, SLICE("h.two"), &call),
	    RC_OK);
	a.epoch = call.epoch - 1;
	assert_int_equal(
	    append(f, &a, &store_no_stream_caps, &out), RC_CONFLICT);
	a.epoch = call.epoch;
	assert_int_equal(append(f, &a, &store_no_stream_caps, &out), RC_OK);
	finish.epoch = call.epoch;
	assert_int_equal(
	    f->ops->call_finish(f->store, &f->op, &finish, &out), RC_OK);
	assert_int_equal(
	    append(f, &a, &store_no_stream_caps, &out), RC_CONFLICT);
	assert_int_equal(suite_read(f, call.stream, 0, NULL).head, 3);
}

static void
numbers_come_without_gap_whoever_fails_between(void **state)
{
	struct suite *f = *state;
	const struct stream_row s =
	    suite_stream(f, suite_session(f, 1), STREAM_CALL);
	const struct stream_caps one = { 1, 0 };
	const struct event_append a = event(&s, "x");
	struct appended out;

	for (int64_t i = 1; i <= 10; i++) {
		f->op.relaxed = i % 2 == 0;
		assert_int_equal(suite_append(f, &s, "y"), i);
		assert_int_equal(append(f, &a, &one, &out), RC_FULL);
	}
}

const struct CMUnitTest suite_streams[] = {
	SUITE_CASE(an_opened_stream_comes_back_as_it_is),
	SUITE_CASE(the_newest_open_stream_of_a_kind_is_found),
	SUITE_CASE(only_a_live_session_opens_streams),
	SUITE_CASE(stream_numbers_are_never_used_twice),
	SUITE_CASE(events_are_replayed_from_every_number),
	SUITE_CASE(one_read_brings_what_its_limits_allow),
	SUITE_CASE(data_are_any_bytes),
	SUITE_CASE(an_append_finds_only_open_streams_of_its_session),
	SUITE_CASE(the_second_append_of_a_key_changes_nothing),
	SUITE_CASE(a_full_call_stream_says_so_and_stays_as_it_is),
	SUITE_CASE(other_streams_lose_their_oldest_events),
	SUITE_CASE(who_is_fenced_appends_nothing),
	SUITE_CASE(numbers_come_without_gap_whoever_fails_between),
	SUITE_END,
};

int
store_suite_streams_run(struct store_maker *maker)
{
	static const struct CMUnitTest *const parts[] = { suite_streams,
		suite_readers, suite_topics, suite_drops };

	return suite_run(maker, parts, COUNT(parts));
}
