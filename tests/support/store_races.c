#include "store_races.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_race.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { CHILDREN = 4, ROUNDS = 40, SESSIONS = 60 };

/* ------------------------------------------- what open transactions have done */

/* Somebody has the row of session 1, ... */
static const struct race_words has_session = {
	"SELECT id FROM mcp_session WHERE id = @a FOR UPDATE",
	"SELECT id FROM mcp_session WHERE id = @a FOR UPDATE",
};

/* ... ends it, ... */
static const struct race_words has_ended = {
	"SELECT id FROM mcp_session WHERE id = @a FOR UPDATE;"
	"SELECT mcp_session_close(5000, @a, 1)",
	"SELECT id FROM mcp_session WHERE id = @a FOR UPDATE;"
	"CALL mcp_session_close(5000, @a, 1)",
};

/* ... has opened a stream of it, ... */
static const struct race_words has_opened = {
	"SELECT mcp_stream_add(5000, @a, 3, NULL)",
	"CALL mcp_stream_add(5000, @a, 3, NULL, @x, @y)",
};

/* ... or has appended an event. */
static const struct race_words has_appended = {
	"SELECT mcp_event_add(5000, @a, @b, 0, 'y', 0, 0)",
	"CALL mcp_event_add(5000, @a, @b, 0, 'y', 0, 0, @x, @y, @z)",
};

/* Somebody has put session 2. */
#define HAS_PUT(quote)                                                         \
	"UPDATE mcp_rev SET live = live + 1 WHERE shard = 2;"                  \
	"INSERT INTO mcp_session(sid, principal, created, incarnation,"        \
	" touched) VALUES(" quote "020000000000000000000000000000ff',"         \
	" " quote "01000000000000000000000000000000', 1000, 1, 2000)"
static const struct race_words has_put = { HAS_PUT("'\\x"), HAS_PUT("X'") };

static const struct race_words commit = { "COMMIT", "COMMIT" };
static const struct race_words give_up = { "ROLLBACK", "ROLLBACK" };
static const struct race_words open_and_commit = {
	"SELECT mcp_stream_add(5000, @a, 1, NULL); COMMIT",
	"CALL mcp_stream_add(5000, @a, 1, NULL, @x, @y); COMMIT",
};

/* ------------------------------------------------ what other processes do */

static enum rc
put_second(struct race *r, struct store *store, const struct op *op)
{
	const struct session_row row = store_row(2, 1, 2000);
	int64_t id;

	(void)r;
	return store->ops->session_put(store, op, &row, &store_no_caps, &id);
}

static enum rc
end_first(struct race *r, struct store *store, const struct op *op)
{
	const struct session_key key = store_row(1, 1, 0).key;

	(void)r;
	return store->ops->session_end(store, op, &key, END_DELETED);
}

static enum rc
end_second(struct race *r, struct store *store, const struct op *op)
{
	const struct session_key key = store_row(2, 1, 0).key;

	(void)r;
	return store->ops->session_end(store, op, &key, END_DELETED);
}

static enum rc
open_stream(struct race *r, struct store *store, const struct op *op)
{
	const struct stream_open open = { .session = r->session,
		.kind = STREAM_CALL,
		.owner = SLICE("h.2") };
	struct stream_row row;

	return store->ops->stream_open(store, op, &open, &row);
}

static enum rc
listen_first(struct race *r, struct store *store, const struct op *op)
{
	const struct stream_attach attach = {
		.session = r->session, .after = -1, .owner = SLICE("h.2")
	};
	struct stream_row row;

	return store->ops->stream_attach(store, op, &attach, &row);
}

static enum rc
append_first(struct race *r, struct store *store, const struct op *op)
{
	const struct event_append event = {
		.session = r->session, .stream = r->stream, .data = SLICE("z")
	};
	struct appended out;

	return store->ops->event_append(
	    store, op, &event, &store_no_stream_caps, &out);
}

static enum rc
open_call(struct race *r, struct store *store, const struct op *op)
{
	struct call_row call = store_call_row(r->session, "1");
	enum call_opened opened;
	int64_t reader;

	return store->ops->call_open(
	    store, op, &call, &store_no_call_limits, &opened, &reader);
}

static enum rc
want(struct race *r, struct store *store, const struct op *op)
{
	const struct slice name = SLICE("tools");

	return store->ops->want_put(store, op, r->session, &name, 1, -1, 0);
}

static enum rc
cancel(struct race *r, struct store *store, const struct op *op)
{
	int64_t call;

	return store->ops->call_cancel(
	    store, op, r->session, SLICE("1"), &call);
}

static enum rc
set_level(struct race *r, struct store *store, const struct op *op)
{
	const struct session_change level = { SESSION_LOG_LEVEL, 3 };

	return store->ops->session_set(store, op, r->session, &level);
}

static enum rc
renew(struct race *r, struct store *store, const struct op *op)
{
	(void)r;
	return store->ops->renew(store, op);
}

/* ------------------------------------------------------------------ cases */

static void
start_all(struct race *r, race_act *f, pid_t children[CHILDREN])
{
	for (uint32_t i = 0; i < CHILDREN; i++) {
		r->number = i;
		race_start(r, f);
		children[i] = r->child;
	}
}

static void
of_two_who_put_one_sid_the_second_waits_and_conflicts(void **state)
{
	struct race *r = *state;

	race_hold(r, &has_put, &commit);
	race_start(r, put_second);
	race_await(r);
	race_let_go(r);
	assert_int_equal(race_finish(r), RC_CONFLICT);
}

static void
who_waits_for_a_put_that_fails_puts(void **state)
{
	struct race *r = *state;

	race_hold(r, &has_put, &give_up);
	race_start(r, put_second);
	race_await(r);
	race_let_go(r);
	assert_int_equal(race_finish(r), RC_OK);
}

static void
an_end_waits_for_a_put_and_ends_it(void **state)
{
	struct race *r = *state;
	struct session_row row = store_row(2, 1, 0);

	race_hold(r, &has_put, &commit);
	race_start(r, end_second);
	race_await(r);
	race_let_go(r);
	assert_int_equal(race_finish(r), RC_OK);
	assert_int_equal(
	    r->ops->session_get(r->store, &r->op, &row.key, &row, NULL), RC_OK);
	assert_int_equal(row.state, SESSION_ENDED);
}

static void
nothing_is_added_to_a_session_that_is_ending(void **state)
{
	static const struct {
		race_act *act;
		const char *name;
		enum rc rc;
	} rows[] = {
		{ open_stream, "stream_open", RC_NOTFOUND },
		{ listen_first, "stream_attach", RC_NOTFOUND },
		{ append_first, "event_append", RC_NOTFOUND },
		{ open_call, "call_open", RC_NOTFOUND },
		{ want, "want_put", RC_NOTFOUND },
		{ set_level, "session_set", RC_NOTFOUND },
		/* There is nothing left to cancel. */
		{ cancel, "call_cancel", RC_OK },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct race *r = *state;

		print_message("%s\n", rows[i].name);
		race_hold(r, &has_ended, &commit);
		race_start(r, rows[i].act);
		race_await(r);
		race_let_go(r);
		assert_int_equal(race_finish(r), rows[i].rc);
		assert_int_equal(r->ops->check(r->store, &r->op), RC_OK);
		assert_int_equal(r->ops->check(r->store, &r->op), RC_OK);
		race_furnish(r);
	}
}

static void
of_two_who_end_a_session_the_second_is_told(void **state)
{
	struct race *r = *state;

	race_hold(r, &has_ended, &commit);
	race_start(r, end_first);
	race_await(r);
	race_let_go(r);
	assert_int_equal(race_finish(r), RC_CONFLICT);
}

static void
an_end_takes_what_was_added_while_it_waited(void **state)
{
	static const struct {
		const struct race_words *first;
		const struct race_words *then;
	} rows[] = {
		{ &has_appended, &commit },
		{ &has_session, &open_and_commit },
	};
	static const struct race_words left = {
		"SELECT (SELECT count(*) FROM mcp_event)"
		" + (SELECT count(*) FROM mcp_stream)",
		"SELECT (SELECT count(*) FROM mcp_event)"
		" + (SELECT count(*) FROM mcp_stream)",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct race *r = *state;

		race_hold(r, rows[i].first, rows[i].then);
		race_start(r, end_first);
		race_await(r);
		race_let_go(r);
		assert_int_equal(race_finish(r), RC_OK);
		assert_int_equal(race_text(r, &left), 0);
		assert_int_equal(r->ops->check(r->store, &r->op), RC_OK);
		race_furnish(r);
	}
}

static void
no_stream_of_before_is_open_after_a_renewal(void **state)
{
	struct race *r = *state;
	static const struct race_words are_open = {
		"SELECT count(*) FROM mcp_stream WHERE is_open = 1",
		"SELECT count(*) FROM mcp_stream WHERE is_open = 1",
	};

	race_hold(r, &has_opened, &commit);
	race_start(r, renew);
	race_await(r);
	race_let_go(r);
	assert_int_equal(race_finish(r), RC_OK);
	assert_int_equal(race_text(r, &are_open), 0);
}

static bool
is_there(struct race *r, uint32_t n)
{
	struct session_row row = store_row(n, 1, 0);
	enum rc rc =
	    r->ops->session_get(r->store, &r->op, &row.key, &row, NULL);

	assert_true(rc == RC_OK || rc == RC_NOTFOUND);
	return rc == RC_OK;
}

/* Session 1 is let go by its reader. */
static void
leave(struct race *r)
{
	const struct stream_sent left = { r->stream, 1, 1 };

	assert_int_equal(r->ops->stream_detach(r->store, &r->op, &left), RC_OK);
}

static void
no_room_is_made_of_a_session_that_somebody_holds(void **state)
{
	struct race *r = *state;
	const struct session_caps caps = { 2, 0, 4000 };
	const struct session_row second = store_row(2, 1, 3000);
	const struct session_row third = store_row(3, 1, 9000);
	const struct session_row fourth = store_row(4, 1, 9000);
	int64_t id;

	leave(r);
	assert_int_equal(
	    r->ops->session_put(r->store, &r->op, &second, &caps, &id), RC_OK);
	race_hold(r, &has_session, &commit);
	/* The next one goes instead, and nobody waits. */
	assert_int_equal(
	    r->ops->session_put(r->store, &r->op, &third, &caps, &id), RC_OK);
	assert_true(is_there(r, 1));
	assert_false(is_there(r, 2));
	assert_int_equal(
	    r->ops->session_put(r->store, &r->op, &fourth, &caps, &id),
	    RC_FULL);
	race_let_go(r);
	assert_int_equal(
	    r->ops->session_put(r->store, &r->op, &fourth, &caps, &id), RC_OK);
	assert_false(is_there(r, 1));
}

static void
a_sweep_waits_for_nobody(void **state)
{
	struct race *r = *state;
	const struct session_row second = store_row(2, 1, 3000);
	const struct sweep_rules rules = { .idle_before = 4000,
		.created_before = 1001,
		.events_before = 9000,
		.streams_before = 9000,
		.unsent_before = 9000,
		.signals_before = 9000000,
		.topics_before = 9000,
		.limit = 100 };
	static const struct race_words has_both = {
		"SELECT id FROM mcp_session WHERE id = @a FOR UPDATE;"
		"SELECT mcp_event_add(5000, @a, @b, 0, 'y', 0, 0)",
		"SELECT id FROM mcp_session WHERE id = @a FOR UPDATE;"
		"CALL mcp_event_add(5000, @a, @b, 0, 'y', 0, 0, @x, @y, @z)",
	};
	struct sweep_done done;
	int64_t id;

	leave(r);
	assert_int_equal(
	    r->ops->session_put(r->store, &r->op, &second, &store_no_caps, &id),
	    RC_OK);
	race_hold(r, &has_both, &commit);
	assert_int_equal(r->ops->sweep(r->store, &r->op, &rules, &done), RC_OK);
	assert_true(is_there(r, 1));
	assert_false(is_there(r, 2));
	assert_int_equal(done.removed, 1);
	race_let_go(r);
	assert_int_equal(r->ops->sweep(r->store, &r->op, &rules, &done), RC_OK);
	assert_int_equal(done.removed, 1);
	assert_false(is_there(r, 1));
}

/* How many it has forgotten comes back as its status. */
static enum rc
sweep_all(struct race *r, struct store *store, const struct op *op)
{
	const struct sweep_rules rules = { .idle_before = 4000, .limit = 7 };
	struct sweep_done done = { .more = true };
	int n = 0;

	(void)r;
	while (done.more) {
		if (store->ops->sweep(store, op, &rules, &done) != RC_OK)
			_exit(255);
		n += (int)done.forgotten;
	}
	_exit(n);
}

static void
many_who_sweep_at_once_do_it_once(void **state)
{
	struct race *r = *state;
	const struct sweep_rules rules = { .idle_before = 4000, .limit = 100 };
	struct sweep_done done;
	pid_t children[CHILDREN];
	int64_t forgotten = 0;
	int64_t id;

	for (uint32_t n = 2; n < 2 + SESSIONS; n++) {
		const struct session_row row = store_row(n, 1, 3000);

		assert_int_equal(r->ops->session_put(r->store, &r->op, &row,
				     &store_no_caps, &id),
		    RC_OK);
	}
	start_all(r, sweep_all, children);
	for (size_t i = 0; i < CHILDREN; i++) {
		int n;

		r->child = children[i];
		n = race_finish(r);
		assert_true(n != 255);
		forgotten += n;
	}
	/* Each may have left to the others what they had in hand. */
	assert_int_equal(r->ops->sweep(r->store, &r->op, &rules, &done), RC_OK);
	assert_int_equal(forgotten + done.forgotten, SESSIONS);
}

/* One step of a process that does everything; the same ones every time. */
static enum rc
anything(struct race *r, struct store *store, const struct op *op, uint32_t n)
{
	static race_act *const acts[] = { open_stream, open_call, append_first,
		want, listen_first, set_level, cancel };
	static const struct session_caps caps = { 6, 0, 9000 };
	static const struct sweep_rules rules = { .idle_before = 2500,
		.events_before = 9000,
		.streams_before = 9000,
		.unsent_before = 9000,
		.signals_before = 9000000,
		.limit = 20 };
	struct session_row row = store_row(1 + n % 40, 1, 2000 + n % 999);
	struct sweep_done done;
	int64_t id;

	switch (n / 16 % 4) {
	case 0:
		return store->ops->session_put(store, op, &row, &caps, &id);
	case 1:
		return store->ops->session_end(
		    store, op, &row.key, END_DELETED);
	case 2:
		return n % 5 == 0 ? store->ops->sweep(store, op, &rules, &done)
				  : RC_OK;
	default:
		break;
	}
	if (store->ops->session_get(store, op, &row.key, &row, NULL) != RC_OK)
		return RC_NOTFOUND;
	r->session = row.id;
	return acts[n % COUNT(acts)](r, store, op);
}

static enum rc
do_anything(struct race *r, struct store *store, const struct op *op)
{
	uint32_t n = r->number * 7919 + 1;

	for (int i = 0; i < ROUNDS; i++) {
		enum rc rc;

		n = n * 1103515245 + 12345;
		rc = anything(r, store, op, n >> 8);
		if (rc != RC_OK && rc != RC_NOTFOUND && rc != RC_CONFLICT &&
		    rc != RC_FULL)
			return rc;
	}
	return RC_OK;
}

static void
whatever_is_done_at_once_no_law_is_broken(void **state)
{
	struct race *r = *state;
	pid_t children[CHILDREN];

	start_all(r, do_anything, children);
	for (size_t i = 0; i < CHILDREN; i++) {
		r->child = children[i];
		assert_int_equal(race_finish(r), RC_OK);
	}
}

#define CASE(f)                                                                \
	{                                                                      \
#f, f, race_setup, race_teardown, NULL                         \
	}

int
store_races_run(struct store_remote *remote, const char *name)
{
	static const struct CMUnitTest tests[] = {
		CASE(of_two_who_put_one_sid_the_second_waits_and_conflicts),
		CASE(who_waits_for_a_put_that_fails_puts),
		CASE(an_end_waits_for_a_put_and_ends_it),
		CASE(nothing_is_added_to_a_session_that_is_ending),
		CASE(of_two_who_end_a_session_the_second_is_told),
		CASE(an_end_takes_what_was_added_while_it_waited),
		CASE(no_stream_of_before_is_open_after_a_renewal),
		CASE(no_room_is_made_of_a_session_that_somebody_holds),
		CASE(a_sweep_waits_for_nobody),
		CASE(many_who_sweep_at_once_do_it_once),
		CASE(whatever_is_done_at_once_no_law_is_broken),
	};

	race_use(remote);
	/* The macros of cmocka want no name of ours. */
	return _cmocka_run_group_tests(name, tests, COUNT(tests), NULL, NULL);
}
