#include "store_suite.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "store_suite_calls.h"

static const struct slice tools = SLICE_INIT("tools");

static struct sweep_done
sweep(struct suite *f, struct sweep_rules rules)
{
	struct sweep_done done;

	if (rules.limit == 0)
		rules.limit = 500;
	assert_int_equal(f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	assert_true(done.forgotten + done.removed + done.others <= rules.limit);
	return done;
}

static void
finish(struct suite *f, const struct call_row *call)
{
	const struct call_finish end = {
		.call = call->number, .epoch = call->epoch, .data = SLICE("end")
	};
	struct appended out;

	assert_int_equal(
	    f->ops->call_finish(f->store, &f->op, &end, &out), RC_OK);
}

/* Everybody leaves the stream; it was written up to `sent`. */
static void
leave(struct suite *f, int64_t stream, int64_t sent)
{
	const struct stream_sent left = { stream,
		suite_read(f, stream, 0, NULL).reader, sent };

	assert_int_equal(f->ops->stream_detach(f->store, &f->op, &left), RC_OK);
}

/* Session n with a stream of its own and one event; a want. */
static struct stream_row
furnish(struct suite *f, uint32_t n)
{
	const int64_t session = suite_session(f, n);
	const struct stream_row s = suite_listen(f, session, SLICE("h.1"));

	assert_int_equal(
	    f->ops->want_put(f->store, &f->op, session, &tools, 1, -1, 0),
	    RC_OK);
	assert_int_equal(suite_append(f, &s, "x"), 1);
	return s;
}

/* Is there nothing of it any more?  check() asks the same at the end. */
static void
assert_bare(struct suite *f, const struct stream_row *s)
{
	int64_t version;
	bool raised;
	const struct topic_raise r = { tools, NULL };
	struct topic_rows rows;

	assert_false(suite_has_stream(f, s->number));
	assert_int_equal(
	    f->ops->topic_raise(f->store, &f->op, &r, &version, &raised),
	    RC_OK);
	assert_int_equal(
	    f->ops->wants_behind(f->store, &f->op, s->session, &rows), RC_OK);
	assert_int_equal(rows.n, 0);
}

static void
an_ended_session_has_nothing_left(void **state)
{
	struct suite *f = *state;
	const struct stream_row other = furnish(f, 1);
	const struct stream_row s = furnish(f, 2);
	struct change_mark mark;
	struct change_rows changes;
	struct call_news news;
	struct call_row call;

	call = suite_opened(f, s.session, "1");
	mark = suite_mark(f);
	assert_int_equal(suite_end(f, 2, 1), RC_OK);
	assert_bare(f, &s);
	assert_false(suite_has_stream(f, call.stream));
	assert_int_equal(
	    f->ops->call_look(f->store, &f->op, call.number, &news), RC_OK);
	assert_true(news.is_cancelled);
	assert_int_equal(news.state, CALL_RUNNING);
	changes = suite_changes(f, &mark);
	assert_int_equal(
	    suite_count(&changes, CHANGE_END, s.session, -1, -1), 1);
	assert_int_equal(suite_count(&changes, CHANGE_CALL, s.session,
			     call.stream, call.number),
	    1);
	assert_int_equal(suite_read(f, other.number, 0, NULL).head, 1);
	/* A tombstone of nothing is nobody's end. */
	mark = suite_mark(f);
	assert_int_equal(suite_end(f, 77, 1), RC_OK);
	assert_int_equal(suite_end(f, 77, 1), RC_CONFLICT);
	assert_int_equal(suite_changes(f, &mark).n, 0);
}

static void
ask(struct suite *f, const struct call_row *call, struct slice id)
{
	const struct question_row question = { .rpc_id = id,
		.key = SLICE("k"),
		.method = SLICE("m"),
		.params = SLICE("{}"),
		.call = call->number,
		.session = call->session,
		.stream = call->stream,
		.data = SLICE("{\"ask\":1}"),
		.deadline = 9000 };
	struct appended out;

	assert_int_equal(f->ops->question_put(f->store, &f->op, &question, 1,
			     call->epoch, &store_no_call_limits, &out),
	    RC_OK);
}

/* What becomes of sessions 1 ... 4 (somebody reads; something runs; somebody
 * was asked; nothing of it) when idle ones are to be forgotten. */
static void
only_the_unused_goes(
    struct suite *f, void (*forget)(struct suite *, uint32_t n))
{
	struct stream_row s[5];
	struct call_row call[5];
	struct change_mark mark;
	struct change_rows changes;

	for (uint32_t n = 1; n <= 4; n++) {
		s[n] = furnish(f, n);
		if (n > 1)
			leave(f, s[n].number, 1);
		if (n == 2 || n == 3) {
			call[n] = suite_opened(f, s[n].session, "1");
			leave(f, call[n].stream, 0);
		}
	}
	ask(f, &call[3], SLICE("7"));
	mark = suite_mark(f);
	f->op.now_ms = 6000;
	forget(f, 1);
	changes = suite_changes(f, &mark);
	assert_int_equal(suite_count(&changes, CHANGE_END, -1, -1, -1), 1);
	assert_int_equal(
	    suite_count(&changes, CHANGE_END, s[4].session, -1, -1), 1);
	for (uint32_t n = 1; n <= 3; n++)
		assert_true(suite_has(f, n, 1));
	assert_false(suite_has(f, 4, 1));
	assert_bare(f, &s[4]);
	/* The end of what used them lets them go. */
	leave(f, s[1].number, 1);
	finish(f, &call[2]);
	finish(f, &call[3]);
	forget(f, 2);
	for (uint32_t n = 1; n <= 3; n++) {
		assert_false(suite_has(f, n, 1));
		assert_bare(f, &s[n]);
	}
}

/* Make room as long as there is any. */
static void
forget_for_room(struct suite *f, uint32_t n)
{
	const struct session_caps caps = { suite_info(f).sessions_live, 0,
		2500 };
	enum rc rc = RC_OK;

	for (uint32_t i = 0; i < 9 && rc == RC_OK; i++)
		rc = suite_put(f, store_row(n * 100 + i, 2, 9000), &caps);
	assert_int_equal(rc, RC_FULL);
}

static void
no_room_is_made_of_sessions_in_use(void **state)
{
	only_the_unused_goes(*state, forget_for_room);
}

static void
forget_idle(struct suite *f, uint32_t n)
{
	const struct sweep_rules rules = { .idle_before = 2500 };

	assert_int_equal(sweep(f, rules).forgotten,
	    n == 1       ? 1
		: n == 2 ? 3
			 : 0);
}

static void
sweep_forgets_no_session_in_use(void **state)
{
	only_the_unused_goes(*state, forget_idle);
}

static void
a_lifetime_ends_whatever_is_done(void **state)
{
	struct suite *f = *state;
	const struct stream_row s = furnish(f, 1);
	struct call_news news;
	struct call_row call;

	call = suite_opened(f, s.session, "1");
	assert_int_equal(
	    sweep(f, (struct sweep_rules){ .created_before = 9999 }).removed,
	    1);
	assert_bare(f, &s);
	assert_false(suite_has_stream(f, call.stream));
	assert_int_equal(
	    f->ops->call_look(f->store, &f->op, call.number, &news), RC_OK);
	assert_true(news.is_cancelled);
}

static void
old_events_go_unless_a_call_runs(void **state)
{
	struct suite *f = *state;
	const struct sweep_rules rules = { .events_before = 5500 };
	const struct stream_row s = furnish(f, 1);
	struct stream_row row;
	struct call_row call;

	call = suite_opened(f, s.session, "1");
	row = suite_read(f, call.stream, 0, NULL);
	(void)suite_append(f, &row, "1");
	(void)suite_append(f, &s, "2");
	f->op.now_ms = 6000;
	(void)suite_append(f, &row, "2");
	(void)suite_append(f, &s, "3");
	assert_int_equal(sweep(f, rules).others, 2);
	assert_int_equal(sweep(f, rules).others, 0);
	assert_int_equal(suite_read(f, s.number, 0, NULL).purged, 2);
	assert_int_equal(suite_read(f, call.stream, 0, NULL).purged, 0);
	finish(f, &call);
	assert_int_equal(sweep(f, rules).others, 1);
	row = suite_read(f, call.stream, 0, NULL);
	assert_int_equal(row.purged, 1);
	assert_int_equal(row.head, 3);
}

static void
closed_streams_go_when_sent_or_very_old(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	struct sweep_rules rules = { .streams_before = 5501,
		.unsent_before = 4000 };
	struct call_row sent, unsent, running;

	running = suite_opened(f, session, "1");
	f->op.now_ms = 5200;
	sent = suite_opened(f, suite_session(f, 2), "1");
	unsent = suite_opened(f, suite_session(f, 3), "1");
	f->op.now_ms = 5500;
	finish(f, &sent);
	finish(f, &unsent);
	leave(f, sent.stream, 1);
	assert_int_equal(
	    sweep(f, (struct sweep_rules){ .streams_before = 5500 }).others, 0);
	assert_true(sweep(f, rules).others >= 2);
	assert_false(suite_has_stream(f, sent.stream));
	assert_true(suite_has_stream(f, unsent.stream));
	rules.unsent_before = 5501;
	assert_true(sweep(f, rules).others >= 2);
	assert_false(suite_has_stream(f, unsent.stream));
	assert_true(suite_has_stream(f, running.stream));
}

static void
a_large_stream_goes_in_pieces(void **state)
{
	enum { EVENTS = 95 };
	struct suite *f = *state;
	const struct sweep_rules rules = { .unsent_before = 9000, .limit = 10 };
	struct event_append event = { .data = SLICE("x") };
	struct change_mark mark;
	struct call_row call;
	struct appended out;
	struct sweep_done done;
	int64_t all = 0;
	int calls = 0;

	call = suite_opened(f, suite_session(f, 1), "1");
	event.session = call.session;
	event.stream = call.stream;
	f->op.relaxed = true;
	for (int i = 0; i < EVENTS; i++) {
		assert_int_equal(f->ops->event_append(f->store, &f->op, &event,
				     &store_no_stream_caps, &out),
		    RC_OK);
	}
	finish(f, &call);
	mark = suite_mark(f);
	do {
		done = sweep(f, rules);
		assert_true(done.others <= 10);
		all += done.others;
		assert_int_equal(f->ops->check(f->store, &f->op), RC_OK);
	} while (done.more && ++calls < 20);
	assert_false(done.more);
	assert_false(suite_has_stream(f, call.stream));
	/* The response, the stream, and the call it was of. */
	assert_in_range(all, EVENTS + 2, EVENTS + 3);
	assert_int_equal(suite_changes(f, &mark).n, 0);
}

static void
topics_of_resources_go_when_nobody_wants_them(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct slice names[] = { SLICE("resource:a"), SLICE("resource:b"),
		tools };
	const struct topic_raise raise[] = { { names[0], NULL },
		{ names[1], NULL },
		{ tools, (const unsigned char *)"0123456789abcdef" } };
	struct topic_row rows[COUNT(names)];
	struct sweep_rules rules = { .topics_before = 5000 };
	int64_t version = 0;
	bool raised;

	for (size_t i = 0; i < COUNT(raise); i++) {
		assert_int_equal(f->ops->topic_raise(f->store, &f->op,
				     &raise[i], &version, &raised),
		    RC_OK);
	}
	assert_int_equal(
	    f->ops->want_put(f->store, &f->op, session, names, 1, -1, 0),
	    RC_OK);
	assert_int_equal(sweep(f, rules).others, 0);
	rules.topics_before = 5001;
	assert_int_equal(sweep(f, rules).others, 1);
	assert_int_equal(
	    f->ops->topics_get(f->store, &f->op, names, 3, rows), RC_OK);
	assert_true(rows[0].id != 0 && rows[2].id != 0);
	assert_int_equal(rows[1].id, 0);
	assert_int_equal(
	    f->ops->want_drop(f->store, &f->op, session, names[0]), RC_OK);
	assert_int_equal(sweep(f, rules).others, 1);
	/* Versions are never used twice all the same. */
	assert_int_equal(
	    f->ops->topic_raise(f->store, &f->op, &raise[0], &version, &raised),
	    RC_OK);
	assert_true(version > rows[0].version);
}

static void
rules_of_zero_leave_everything(void **state)
{
	struct suite *f = *state;
	struct call_row call;
	struct sweep_done done;

	(void)furnish(f, 1);
	call = suite_opened(f, suite_session(f, 2), "1");
	finish(f, &call);
	done = sweep(f, (struct sweep_rules){ 0 });
	assert_int_equal(done.forgotten + done.removed + done.others, 0);
	assert_false(done.more);
	assert_true(suite_has_stream(f, call.stream));
}

const struct CMUnitTest suite_drops[] = {
	SUITE_CASE(an_ended_session_has_nothing_left),
	SUITE_CASE(no_room_is_made_of_sessions_in_use),
	SUITE_COUNTING_CASE(sweep_forgets_no_session_in_use),
	SUITE_COUNTING_CASE(a_lifetime_ends_whatever_is_done),
	SUITE_COUNTING_CASE(old_events_go_unless_a_call_runs),
	SUITE_COUNTING_CASE(closed_streams_go_when_sent_or_very_old),
	SUITE_COUNTING_CASE(a_large_stream_goes_in_pieces),
	SUITE_COUNTING_CASE(topics_of_resources_go_when_nobody_wants_them),
	SUITE_CASE(rules_of_zero_leave_everything),
	SUITE_END,
};
