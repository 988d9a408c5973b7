#include "store_suite.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "store_suite_part.h"

static enum rc
attach(struct suite *f, struct stream_attach a, struct stream_row *row)
{
	return f->ops->stream_attach(f->store, &f->op, &a, row);
}

static void
detach(struct suite *f, struct stream_sent sent)
{
	assert_int_equal(f->ops->stream_detach(f->store, &f->op, &sent), RC_OK);
}

static void
every_attach_raises_the_reader(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct stream_row s = suite_stream(f, session, STREAM_CALL);
	struct change_mark mark = suite_mark(f);
	struct stream_attach a = { .session = session,
		.stream = s.number,
		.incarnation = s.incarnation,
		.owner = SLICE("h.two") };
	const struct event_append event = {
		.session = session, .stream = s.number, .data = SLICE("x")
	};
	struct change_rows changes;
	struct appended out;
	struct stream_row row;

	for (int64_t i = 2; i < 6; i++) {
		assert_int_equal(attach(f, a, &row), RC_OK);
		assert_int_equal(row.reader, i);
		assert_true(slice_eq(row.owner, SLICE("h.two")));
		changes = suite_changes(f, &mark);
		assert_int_equal(
		    suite_count(&changes, CHANGE_READER, session, s.number, -1),
		    1);
		assert_int_equal(f->ops->event_append(f->store, &f->op, &event,
				     &store_no_stream_caps, &out),
		    RC_OK);
		assert_int_equal(out.reader, i);
		(void)suite_changes(f, &mark);
	}
	assert_int_equal(suite_read(f, s.number, 0, NULL).reader, 5);
}

static void
an_attach_elsewhere_is_not_found_and_changes_nothing(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const int64_t other = suite_session(f, 2);
	const struct stream_caps caps = { 3, 0 };
	const struct stream_row s = suite_listen(f, session, SLICE("h.one"));
	const uint32_t inc = s.incarnation;
	const struct event_append event = {
		.session = session, .stream = s.number, .data = SLICE("x")
	};
	struct change_mark mark;
	struct appended out;
	struct stream_row row;

	for (int i = 0; i < 5; i++) {
		assert_int_equal(
		    f->ops->event_append(f->store, &f->op, &event, &caps, &out),
		    RC_OK);
	}
	/* 3 ... 5 are there. */
	const struct {
		struct stream_attach a;
		enum rc rc;
	} rows[] = {
		{ { session, s.number, 2, inc, SLICE("h.x") }, RC_OK },
		{ { session, s.number, 5, inc, SLICE("h.x") }, RC_OK },
		{ { session, 0, 3, inc, SLICE("h.x") }, RC_OK },
		{ { session, s.number, -1, 0, SLICE("h.x") }, RC_OK },
		{ { session, s.number, 1, inc, SLICE("h.x") }, RC_NOTFOUND },
		{ { session, s.number, 0, inc, SLICE("h.x") }, RC_NOTFOUND },
		{ { session, s.number, 6, inc, SLICE("h.x") }, RC_NOTFOUND },
		{ { session, s.number, -2, inc, SLICE("h.x") }, RC_NOTFOUND },
		{ { session, s.number, 3, inc + 1, SLICE("h.x") },
		    RC_NOTFOUND },
		{ { session, s.number, 3, inc - 1, SLICE("h.x") },
		    RC_NOTFOUND },
		{ { session, s.number + 1, 3, inc, SLICE("h.x") },
		    RC_NOTFOUND },
		{ { other, s.number, 3, inc, SLICE("h.x") }, RC_NOTFOUND },
		{ { other + 9, s.number, 3, inc, SLICE("h.x") }, RC_NOTFOUND },
		{ { other + 9, 0, -1, 0, SLICE("h.x") }, RC_NOTFOUND },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int64_t reader = suite_read(f, s.number, 0, NULL).reader;
		const bool ok = rows[i].rc == RC_OK;

		mark = suite_mark(f);
		assert_int_equal(attach(f, rows[i].a, &row), rows[i].rc);
		assert_int_equal(suite_read(f, s.number, 0, NULL).reader,
		    reader + (ok ? 1 : 0));
		assert_int_equal(suite_changes(f, &mark).n, ok ? 1 : 0);
	}
	assert_int_equal(suite_end(f, 1, 1), RC_OK);
	assert_int_equal(attach(f, rows[3].a, &row), RC_NOTFOUND);
	assert_int_equal(attach(f, rows[2].a, &row), RC_NOTFOUND);
}

static void
a_session_has_one_stream_of_its_own(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct stream_row first = suite_listen(f, session, SLICE("h.1"));
	const struct stream_row second = suite_listen(f, session, SLICE("h.2"));
	const struct stream_row other =
	    suite_listen(f, suite_session(f, 2), SLICE("h.2"));

	assert_int_equal(first.kind, STREAM_SESSION);
	assert_int_equal(first.session, session);
	assert_true(first.is_open);
	assert_int_equal(second.number, first.number);
	assert_int_equal(second.reader, first.reader + 1);
	assert_true(slice_eq(second.owner, SLICE("h.2")));
	assert_int_not_equal(other.number, first.number);
}

static void
who_leaves_clears_the_owner(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct stream_row s = suite_listen(f, session, SLICE("h.1"));
	struct change_mark mark;
	struct change_rows changes;
	struct stream_row row;

	for (int i = 0; i < 5; i++)
		(void)suite_append(f, &s, "x");
	mark = suite_mark(f);
	detach(f, (struct stream_sent){ s.number, s.reader, 3 });
	row = suite_read(f, s.number, 0, NULL);
	assert_null(row.owner.ptr);
	assert_int_equal(row.sent, 3);
	assert_int_equal(row.reader, s.reader);
	changes = suite_changes(f, &mark);
	assert_int_equal(
	    suite_count(&changes, CHANGE_READER, session, s.number, -1), 1);
	/* Without an id the next one begins there. */
	assert_int_equal(suite_listen(f, session, SLICE("h.2")).sent, 3);
	/* Neither does it go back, nor beyond the head. */
	detach(f, (struct stream_sent){ s.number, s.reader + 1, 1 });
	assert_int_equal(suite_read(f, s.number, 0, NULL).sent, 3);
	(void)suite_listen(f, session, SLICE("h.2"));
	detach(f, (struct stream_sent){ s.number, s.reader + 2, 99 });
	assert_int_equal(suite_read(f, s.number, 0, NULL).sent, 5);
}

static void
who_was_superseded_leaves_nothing(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct stream_row old = suite_listen(f, session, SLICE("h.1"));
	const struct stream_row new = suite_listen(f, session, SLICE("h.2"));
	const struct stream_sent sent = { old.number, old.reader, 1 };
	struct change_mark mark;
	struct stream_row row;

	(void)suite_append(f, &new, "x");
	mark = suite_mark(f);
	detach(f, sent);
	assert_int_equal(
	    f->ops->streams_sent(f->store, &f->op, &sent, 1), RC_OK);
	row = suite_read(f, old.number, 0, NULL);
	assert_true(slice_eq(row.owner, SLICE("h.2")));
	assert_int_equal(row.sent, 0);
	assert_int_equal(suite_changes(f, &mark).n, 0);
	/* What is gone can be left, too. */
	assert_int_equal(suite_end(f, 1, 1), RC_OK);
	detach(f, sent);
	detach(f, (struct stream_sent){ 9999, 1, 1 });
}

static void
progress_is_noted_for_many_and_sse_is_dropped(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	struct stream_row s[3];
	struct stream_sent sent[4];
	struct event_rows events;
	struct stream_row row;

	s[0] = suite_stream(f, session, STREAM_CALL);
	s[1] = suite_listen(f, session, SLICE("h.1"));
	s[2] = suite_stream(f, suite_session(f, 2), STREAM_SSE);
	for (size_t i = 0; i < 3; i++) {
		for (int n = 0; n < 6; n++)
			(void)suite_append(f, &s[i], "x");
		sent[i] = (struct stream_sent){ s[i].number, s[i].reader, 4 };
	}
	sent[3] = (struct stream_sent){ 9999, 1, 4 };
	f->op.relaxed = true;
	assert_int_equal(
	    f->ops->streams_sent(f->store, &f->op, sent, 4), RC_OK);
	assert_int_equal(
	    f->ops->streams_sent(f->store, &f->op, NULL, 0), RC_OK);
	for (size_t i = 0; i < 3; i++) {
		row = suite_read(f, s[i].number, 4, &events);
		assert_int_equal(row.sent, 4);
		assert_int_equal(row.purged, i == 2 ? 4 : 0);
		assert_int_equal(events.n, 2);
	}
}

static void
a_dead_process_reads_nothing(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const int64_t other = suite_session(f, 2);
	const int64_t sse = suite_session(f, 3);
	const struct stream_row a = suite_listen(f, session, SLICE("h.one"));
	const struct stream_row b = suite_stream(f, other, STREAM_CALL);
	const struct stream_row c = suite_listen(f, other, SLICE("h.two"));
	const struct stream_row d = suite_stream(f, sse, STREAM_SSE);
	const struct session_key key = store_row(3, 1, 0).key;
	struct change_mark mark = suite_mark(f);
	struct change_rows changes;
	struct session_row row;

	assert_int_equal(
	    f->ops->owner_gone(f->store, &f->op, SLICE("h.one")), RC_OK);
	assert_null(suite_read(f, a.number, 0, NULL).owner.ptr);
	assert_null(suite_read(f, b.number, 0, NULL).owner.ptr);
	assert_non_null(suite_read(f, c.number, 0, NULL).owner.ptr);
	assert_false(suite_has_stream(f, d.number));
	assert_int_equal(suite_get(f, &key, &row), RC_OK);
	assert_int_equal(row.state, SESSION_ENDED);
	assert_int_equal(suite_info(f).sessions_live, 2);
	changes = suite_changes(f, &mark);
	assert_int_equal(suite_count(&changes, CHANGE_READER, -1, -1, -1), 2);
	assert_int_equal(
	    suite_count(&changes, CHANGE_READER, session, a.number, -1), 1);
	assert_int_equal(
	    suite_count(&changes, CHANGE_READER, other, b.number, -1), 1);
	assert_int_equal(suite_count(&changes, CHANGE_END, sse, -1, -1), 1);
	assert_int_equal(
	    f->ops->owner_gone(f->store, &f->op, SLICE("h.one")), RC_OK);
	assert_int_equal(suite_changes(f, &mark).n, 0);
}

static void
owners_are_told_once_and_of_one_host(void **state)
{
	struct suite *f = *state;
	static const struct slice owners[] = { SLICE_INIT("ab.1"),
		SLICE_INIT("ab.2"), SLICE_INIT("ab.1"), SLICE_INIT("abc.1"),
		SLICE_INIT("a.1"), SLICE_INIT("ab"), SLICE_INIT("ab/1") };
	struct slice *names;
	size_t n;

	for (uint32_t i = 0; i < COUNT(owners); i++)
		(void)suite_listen(f, suite_session(f, i), owners[i]);
	assert_int_equal(
	    f->ops->owners(f->store, &f->op, SLICE("ab"), &names, &n), RC_OK);
	assert_int_equal(n, 2);
	assert_true(slice_eq(names[0], SLICE("ab.1")) ||
	    slice_eq(names[1], SLICE("ab.1")));
	assert_true(slice_eq(names[0], SLICE("ab.2")) ||
	    slice_eq(names[1], SLICE("ab.2")));
	assert_int_equal(
	    f->ops->owners(f->store, &f->op, SLICE("b"), &names, &n), RC_OK);
	assert_int_equal(n, 0);
}

static void
what_was_committed_before_the_look_is_in_it(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct stream_row a = suite_stream(f, session, STREAM_CALL);
	const struct stream_row b = suite_stream(f, session, STREAM_CALL);
	struct change_mark mark;
	struct change_rows changes;

	(void)suite_append(f, &a, "before");
	mark = suite_mark(f); /* the first look only sets it */
	assert_true(mark.is_set);
	assert_int_equal(mark.incarnation, suite_info(f).incarnation);
	assert_int_equal(suite_changes(f, &mark).n, 0);
	for (int i = 0; i < 10; i++) {
		(void)suite_append(f, &a, "x");
		changes = suite_changes(f, &mark);
		assert_int_equal(changes.n, 1);
		assert_int_equal(
		    suite_count(&changes, CHANGE_EVENT, session, a.number, -1),
		    1);
		assert_false(changes.more);
		assert_int_equal(suite_changes(f, &mark).n, 0);
	}
	(void)suite_append(f, &a, "x");
	(void)suite_append(f, &b, "x");
	(void)suite_append(f, &a, "x");
	changes = suite_changes(f, &mark);
	assert_true(
	    suite_count(&changes, CHANGE_EVENT, session, a.number, -1) >= 1);
	assert_int_equal(
	    suite_count(&changes, CHANGE_EVENT, session, b.number, -1), 1);
}

static void
many_changes_come_in_several_looks(void **state)
{
	enum { MANY = 1300 };
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	struct stream_row s[20];
	struct change_mark mark = suite_mark(f);
	size_t seen[COUNT(s)] = { 0 };
	size_t readers = 0;
	bool more = true;

	f->op.relaxed = true;
	for (size_t i = 0; i < COUNT(s); i++)
		s[i] = suite_stream(f, session, STREAM_CALL);
	for (size_t i = 0; i < MANY; i++) {
		(void)suite_append(f, &s[i % COUNT(s)], "x");
		(void)suite_listen(f, session, SLICE("h.1"));
	}
	for (int looks = 0; more; looks++) {
		struct change_rows rows = suite_changes(f, &mark);

		assert_int_equal(suite_count(&rows, CHANGE_ALL, -1, -1, -1), 0);
		assert_true(looks < 20);
		for (size_t i = 0; i < COUNT(s); i++)
			seen[i] += suite_count(
			    &rows, CHANGE_EVENT, session, s[i].number, -1);
		readers += suite_count(&rows, CHANGE_READER, session, -1, -1);
		more = rows.more;
	}
	for (size_t i = 0; i < COUNT(s); i++)
		assert_true(seen[i] > 0);
	assert_true(readers >= MANY);
	assert_int_equal(suite_changes(f, &mark).n, 0);
}

static void
who_slept_too_long_is_told_to_look_at_all(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	/* Where hosts have clocks of their own, 10 minutes are added. */
	const struct sweep_rules rules = { .limit = 100,
		.signals_before = 5001 + 600000 };
	struct change_mark asleep;
	struct change_mark awake;
	struct change_rows changes;
	struct sweep_done done;

	(void)suite_listen(f, session, SLICE("h.1"));
	asleep = suite_mark(f);
	(void)suite_listen(f, session, SLICE("h.2"));
	awake = suite_mark(f);
	assert_int_equal(f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	assert_true(done.others >= 2);
	assert_int_equal(suite_changes(f, &awake).n, 0);
	changes = suite_changes(f, &asleep);
	assert_int_equal(suite_count(&changes, CHANGE_ALL, -1, -1, -1), 1);
	assert_int_equal(suite_changes(f, &asleep).n, 0);
	/* The same when something newer is left. */
	asleep = awake;
	(void)suite_listen(f, session, SLICE("h.3"));
	assert_int_equal(f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	f->op.now_ms = 6000;
	(void)suite_listen(f, session, SLICE("h.4"));
	changes = suite_changes(f, &asleep);
	assert_int_equal(suite_count(&changes, CHANGE_ALL, -1, -1, -1), 1);
	assert_int_equal(suite_changes(f, &asleep).n, 0);
}

const struct CMUnitTest suite_readers[] = {
	SUITE_COUNTING_CASE(every_attach_raises_the_reader),
	SUITE_COUNTING_CASE(
	    an_attach_elsewhere_is_not_found_and_changes_nothing),
	SUITE_COUNTING_CASE(a_session_has_one_stream_of_its_own),
	SUITE_COUNTING_CASE(who_leaves_clears_the_owner),
	SUITE_CASE(who_was_superseded_leaves_nothing),
	SUITE_CASE(progress_is_noted_for_many_and_sse_is_dropped),
	SUITE_CASE(a_dead_process_reads_nothing),
	SUITE_CASE(owners_are_told_once_and_of_one_host),
	SUITE_CASE(what_was_committed_before_the_look_is_in_it),
	SUITE_CASE(many_changes_come_in_several_looks),
	SUITE_COUNTING_CASE(who_slept_too_long_is_told_to_look_at_all),
	SUITE_END,
};
