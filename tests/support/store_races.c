#include "store_races.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	WAIT_MS = 10000, /* for what comes at once */
	CHILDREN = 4,
	ROUNDS = 40,
	SESSIONS = 60
};

/* One case.  Session 1 is live and has a STREAM_SSE with one event. */
struct races {
	struct store_remote *remote;
	bool is_mariadb;
	struct store *store;
	const struct store_ops *ops;
	struct arena arena;
	struct op op;
	int64_t session;
	int64_t stream;
	pid_t holder;
	pid_t child;
	uint32_t number; /* of the child */
};

static struct store_remote *the_remote;

static struct op
new_op(struct arena *arena)
{
	return (struct op){ .now_ms = 5000,
		.arena = arena,
		.give_up_mono = clock_mono_ms(&clock_system) + WAIT_MS * 2L };
}

static int
setup(void **state)
{
	struct races *r = calloc(1, sizeof(*r));
	struct session_row row = store_row(1, 1, 2000);
	struct stream_open open = { .kind = STREAM_SSE, .owner = SLICE("h.1") };
	struct event_append event = { .data = SLICE("x") };
	struct stream_row stream;
	struct appended out;

	if (r == NULL)
		return -1;
	*state = r;
	r->remote = the_remote;
	r->is_mariadb = strncmp(r->remote->url, "mariadb:", 8) == 0;
	r->arena = ARENA_INIT((size_t)16 * 1024 * 1024);
	r->op = new_op(&r->arena);
	store_remote_empty(r->remote);
	if (store_remote_open(r->remote, true, &r->store) != RC_OK)
		return -1;
	r->ops = r->store->ops;
	assert_int_equal(r->ops->session_put(r->store, &r->op, &row,
			     &store_no_caps, &r->session),
	    RC_OK);
	open.session = r->session;
	assert_int_equal(
	    r->ops->stream_open(r->store, &r->op, &open, &stream), RC_OK);
	r->stream = stream.number;
	event.session = r->session;
	event.stream = r->stream;
	assert_int_equal(r->ops->event_append(r->store, &r->op, &event,
			     &store_no_stream_caps, &out),
	    RC_OK);
	return 0;
}

static int
teardown(void **state)
{
	struct races *r = *state;
	enum rc rc = r->ops->check(r->store, &r->op);

	r->ops->close(r->store);
	arena_release(&r->arena);
	free(r);
	return rc == RC_OK ? 0 : -1;
}

/* -------------------------------------------- a transaction that is held open */

/* What a transaction does, in the words of each engine; @a is the session, @b
 * the stream. */
struct words {
	const char *postgresql;
	const char *mariadb;
};

/* Somebody has the row of session 1, ... */
static const struct words has_session = {
	"SELECT id FROM mcp_session WHERE id = @a FOR UPDATE",
	"SELECT id FROM mcp_session WHERE id = @a FOR UPDATE",
};

/* ... ends it, ... */
static const struct words has_ended = {
	"SELECT id FROM mcp_session WHERE id = @a FOR UPDATE;"
	"SELECT mcp_session_close(5000, @a, 1)",
	"SELECT id FROM mcp_session WHERE id = @a FOR UPDATE;"
	"CALL mcp_session_close(5000, @a, 1)",
};

/* ... has opened a stream of it, ... */
static const struct words has_opened = {
	"SELECT mcp_stream_add(5000, @a, 3, NULL)",
	"CALL mcp_stream_add(5000, @a, 3, NULL, @x, @y)",
};

/* ... or has appended an event. */
static const struct words has_appended = {
	"SELECT mcp_event_add(5000, @a, @b, 0, 'y', 0, 0)",
	"CALL mcp_event_add(5000, @a, @b, 0, 'y', 0, 0, @x, @y, @z)",
};

/* Somebody has put session 2. */
#define HAS_PUT(quote)                                                         \
	"UPDATE mcp_rev SET live = live + 1 WHERE shard = 2;"                  \
	"INSERT INTO mcp_session(sid, principal, created, incarnation,"        \
	" touched) VALUES(" quote "020000000000000000000000000000ff',"         \
	" " quote "01000000000000000000000000000000', 1000, 1, 2000)"
static const struct words has_put = { HAS_PUT("'\\x"), HAS_PUT("X'") };

static const struct words commit = { "COMMIT", "COMMIT" };
static const struct words give_up = { "ROLLBACK", "ROLLBACK" };
static const struct words open_and_commit = {
	"SELECT mcp_stream_add(5000, @a, 1, NULL); COMMIT",
	"CALL mcp_stream_add(5000, @a, 1, NULL, @x, @y); COMMIT",
};

/* The gate that keeps a transaction open. */
static const struct words shut = { "SELECT pg_advisory_lock(42)",
	"DO get_lock('gate', 20)" };
static const struct words release = { "SELECT pg_advisory_unlock(42)",
	"DO release_lock('gate')" };

/* How many wait for it, and how many in all. */
static const struct words at_gate = {
	"SELECT count(*) FROM pg_locks"
	" WHERE NOT granted AND locktype = 'advisory'",
	"SELECT count(*) FROM information_schema.processlist"
	" WHERE state = 'User lock'",
};
static const struct words at_rows = {
	"SELECT count(*) FROM pg_locks"
	" WHERE NOT granted AND locktype <> 'advisory'",
	"SELECT CAST(variable_value AS integer)"
	" FROM information_schema.global_status"
	" WHERE variable_name = 'INNODB_ROW_LOCK_CURRENT_WAITS'",
};

static void
put_words(struct races *r, struct buf *sql, const struct words *words)
{
	const char *p = r->is_mariadb ? words->mariadb : words->postgresql;

	for (; *p != '\0'; p++) {
		if (p[0] == '@' && (p[1] == 'a' || p[1] == 'b')) {
			buf_printf(sql, "%lld",
			    (long long)(*++p == 'a' ? r->session : r->stream));
		} else {
			buf_put(sql, p, 1);
		}
	}
	buf_put(sql, ";", 1);
}

static int64_t
text(struct races *r, const struct words *words)
{
	struct buf sql = BUF_INIT(4096);
	int64_t number;

	put_words(r, &sql, words);
	assert_int_equal(buf_finish(&sql), RC_OK);
	number = store_remote_text(r->remote, sql.ptr);
	buf_release(&sql);
	return number;
}

/* Until somebody waits there. */
static void
await(struct races *r, const struct words *where)
{
	const int64_t end = clock_mono_ms(&clock_system) + WAIT_MS;
	const struct timespec nap = { 0, 2000000 };
	int64_t waiting = text(r, where);

	while (waiting == 0 && clock_mono_ms(&clock_system) < end) {
		(void)nanosleep(&nap, NULL);
		waiting = text(r, where);
	}
	assert_true(waiting > 0);
}

/* From a process of its own: it begins, and goes on when it is let go. */
static void
hold(struct races *r, const struct words *first, const struct words *then)
{
	struct buf sql = BUF_INIT(4096);

	(void)text(r, &shut);
	put_words(r, &sql, &(struct words){ "BEGIN", "BEGIN" });
	put_words(r, &sql, first);
	put_words(r, &sql, &shut);
	put_words(r, &sql, then);
	put_words(r, &sql, &release);
	assert_int_equal(buf_finish(&sql), RC_OK);
	r->holder = fork();
	assert_true(r->holder >= 0);
	if (r->holder == 0) {
		struct store_remote own;

		if (!store_remote_init(&own, ""))
			_exit(255);
		(void)store_remote_text(&own, sql.ptr);
		_exit(0);
	}
	buf_release(&sql);
	await(r, &at_gate);
}

static void
let_go(struct races *r)
{
	int status = 0;

	(void)text(r, &release);
	assert_int_equal(waitpid(r->holder, &status, 0), r->holder);
	assert_int_equal(status, 0);
}

/* ------------------------------------------------------- the other process */

typedef enum rc act(struct races *, struct store *, const struct op *);

static void
start(struct races *r, act *f)
{
	r->child = fork();
	assert_true(r->child >= 0);
	if (r->child == 0) {
		struct arena arena = ARENA_INIT((size_t)16 * 1024 * 1024);
		const struct op op = new_op(&arena);
		struct store *store;

		if (store_remote_open(r->remote, false, &store) != RC_OK)
			_exit(255);
		_exit((int)f(r, store, &op));
	}
}

static void
start_all(struct races *r, act *f, pid_t children[CHILDREN])
{
	for (uint32_t i = 0; i < CHILDREN; i++) {
		r->number = i;
		start(r, f);
		children[i] = r->child;
	}
}

static int
finish(struct races *r)
{
	int status = 0;

	assert_int_equal(waitpid(r->child, &status, 0), r->child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static enum rc
put_second(struct races *r, struct store *store, const struct op *op)
{
	const struct session_row row = store_row(2, 1, 2000);
	int64_t id;

	(void)r;
	return store->ops->session_put(store, op, &row, &store_no_caps, &id);
}

static enum rc
end_first(struct races *r, struct store *store, const struct op *op)
{
	const struct session_key key = store_row(1, 1, 0).key;

	(void)r;
	return store->ops->session_end(store, op, &key, END_DELETED);
}

static enum rc
end_second(struct races *r, struct store *store, const struct op *op)
{
	const struct session_key key = store_row(2, 1, 0).key;

	(void)r;
	return store->ops->session_end(store, op, &key, END_DELETED);
}

static enum rc
open_stream(struct races *r, struct store *store, const struct op *op)
{
	const struct stream_open open = { .session = r->session,
		.kind = STREAM_CALL,
		.owner = SLICE("h.2") };
	struct stream_row row;

	return store->ops->stream_open(store, op, &open, &row);
}

static enum rc
listen_first(struct races *r, struct store *store, const struct op *op)
{
	const struct stream_attach attach = {
		.session = r->session, .after = -1, .owner = SLICE("h.2")
	};
	struct stream_row row;

	return store->ops->stream_attach(store, op, &attach, &row);
}

static enum rc
append_first(struct races *r, struct store *store, const struct op *op)
{
	const struct event_append event = {
		.session = r->session, .stream = r->stream, .data = SLICE("z")
	};
	struct appended out;

	return store->ops->event_append(
	    store, op, &event, &store_no_stream_caps, &out);
}

static enum rc
open_call(struct races *r, struct store *store, const struct op *op)
{
	struct call_row call = store_call_row(r->session, "1");
	enum call_opened opened;
	int64_t reader;

	return store->ops->call_open(
	    store, op, &call, &store_no_call_limits, &opened, &reader);
}

static enum rc
want(struct races *r, struct store *store, const struct op *op)
{
	const struct slice name = SLICE("tools");

	return store->ops->want_put(store, op, r->session, &name, 1, -1, 0);
}

static enum rc
cancel(struct races *r, struct store *store, const struct op *op)
{
	int64_t call;

	return store->ops->call_cancel(
	    store, op, r->session, SLICE("1"), &call);
}

static enum rc
set_level(struct races *r, struct store *store, const struct op *op)
{
	const struct session_change level = { SESSION_LOG_LEVEL, 3 };

	return store->ops->session_set(store, op, r->session, &level);
}

static enum rc
renew(struct races *r, struct store *store, const struct op *op)
{
	(void)r;
	return store->ops->renew(store, op);
}

/* ------------------------------------------------------------------ cases */

static void
of_two_who_put_one_sid_the_second_waits_and_conflicts(void **state)
{
	struct races *r = *state;

	hold(r, &has_put, &commit);
	start(r, put_second);
	await(r, &at_rows);
	let_go(r);
	assert_int_equal(finish(r), RC_CONFLICT);
}

static void
who_waits_for_a_put_that_fails_puts(void **state)
{
	struct races *r = *state;

	hold(r, &has_put, &give_up);
	start(r, put_second);
	await(r, &at_rows);
	let_go(r);
	assert_int_equal(finish(r), RC_OK);
}

static void
an_end_waits_for_a_put_and_ends_it(void **state)
{
	struct races *r = *state;
	struct session_row row = store_row(2, 1, 0);

	hold(r, &has_put, &commit);
	start(r, end_second);
	await(r, &at_rows);
	let_go(r);
	assert_int_equal(finish(r), RC_OK);
	assert_int_equal(
	    r->ops->session_get(r->store, &r->op, &row.key, &row, NULL), RC_OK);
	assert_int_equal(row.state, SESSION_ENDED);
}

static void
nothing_is_added_to_a_session_that_is_ending(void **state)
{
	static const struct {
		act *act;
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
		struct races *r = *state;

		print_message("%s\n", rows[i].name);
		hold(r, &has_ended, &commit);
		start(r, rows[i].act);
		await(r, &at_rows);
		let_go(r);
		assert_int_equal(finish(r), rows[i].rc);
		assert_int_equal(r->ops->check(r->store, &r->op), RC_OK);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

static void
of_two_who_end_a_session_the_second_is_told(void **state)
{
	struct races *r = *state;

	hold(r, &has_ended, &commit);
	start(r, end_first);
	await(r, &at_rows);
	let_go(r);
	assert_int_equal(finish(r), RC_CONFLICT);
}

static void
an_end_takes_what_was_added_while_it_waited(void **state)
{
	static const struct {
		const struct words *first;
		const struct words *then;
	} rows[] = {
		{ &has_appended, &commit },
		{ &has_session, &open_and_commit },
	};
	static const struct words left = {
		"SELECT (SELECT count(*) FROM mcp_event)"
		" + (SELECT count(*) FROM mcp_stream)",
		"SELECT (SELECT count(*) FROM mcp_event)"
		" + (SELECT count(*) FROM mcp_stream)",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct races *r = *state;

		hold(r, rows[i].first, rows[i].then);
		start(r, end_first);
		await(r, &at_rows);
		let_go(r);
		assert_int_equal(finish(r), RC_OK);
		assert_int_equal(text(r, &left), 0);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

static void
no_stream_of_before_is_open_after_a_renewal(void **state)
{
	struct races *r = *state;
	static const struct words are_open = {
		"SELECT count(*) FROM mcp_stream WHERE is_open = 1",
		"SELECT count(*) FROM mcp_stream WHERE is_open = 1",
	};

	hold(r, &has_opened, &commit);
	start(r, renew);
	await(r, &at_rows);
	let_go(r);
	assert_int_equal(finish(r), RC_OK);
	assert_int_equal(text(r, &are_open), 0);
}

static bool
is_there(struct races *r, uint32_t n)
{
	struct session_row row = store_row(n, 1, 0);
	enum rc rc =
	    r->ops->session_get(r->store, &r->op, &row.key, &row, NULL);

	assert_true(rc == RC_OK || rc == RC_NOTFOUND);
	return rc == RC_OK;
}

/* Session 1 is let go by its reader. */
static void
leave(struct races *r)
{
	const struct stream_sent left = { r->stream, 1, 1 };

	assert_int_equal(r->ops->stream_detach(r->store, &r->op, &left), RC_OK);
}

static void
no_room_is_made_of_a_session_that_somebody_holds(void **state)
{
	struct races *r = *state;
	const struct session_caps caps = { 2, 0, 4000 };
	const struct session_row second = store_row(2, 1, 3000);
	const struct session_row third = store_row(3, 1, 9000);
	const struct session_row fourth = store_row(4, 1, 9000);
	int64_t id;

	leave(r);
	assert_int_equal(
	    r->ops->session_put(r->store, &r->op, &second, &caps, &id), RC_OK);
	hold(r, &has_session, &commit);
	/* The next one goes instead, and nobody waits. */
	assert_int_equal(
	    r->ops->session_put(r->store, &r->op, &third, &caps, &id), RC_OK);
	assert_true(is_there(r, 1));
	assert_false(is_there(r, 2));
	assert_int_equal(
	    r->ops->session_put(r->store, &r->op, &fourth, &caps, &id),
	    RC_FULL);
	let_go(r);
	assert_int_equal(
	    r->ops->session_put(r->store, &r->op, &fourth, &caps, &id), RC_OK);
	assert_false(is_there(r, 1));
}

static void
a_sweep_waits_for_nobody(void **state)
{
	struct races *r = *state;
	const struct session_row second = store_row(2, 1, 3000);
	const struct sweep_rules rules = { .idle_before = 4000,
		.created_before = 1001,
		.events_before = 9000,
		.streams_before = 9000,
		.unsent_before = 9000,
		.signals_before = 9000000,
		.topics_before = 9000,
		.limit = 100 };
	static const struct words has_both = {
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
	hold(r, &has_both, &commit);
	assert_int_equal(r->ops->sweep(r->store, &r->op, &rules, &done), RC_OK);
	assert_true(is_there(r, 1));
	assert_false(is_there(r, 2));
	assert_int_equal(done.removed, 1);
	let_go(r);
	assert_int_equal(r->ops->sweep(r->store, &r->op, &rules, &done), RC_OK);
	assert_int_equal(done.removed, 1);
	assert_false(is_there(r, 1));
}

/* How many it has forgotten comes back as its status. */
static enum rc
sweep_all(struct races *r, struct store *store, const struct op *op)
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
	struct races *r = *state;
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
		n = finish(r);
		assert_true(n != 255);
		forgotten += n;
	}
	/* Each may have left to the others what they had in hand. */
	assert_int_equal(r->ops->sweep(r->store, &r->op, &rules, &done), RC_OK);
	assert_int_equal(forgotten + done.forgotten, SESSIONS);
}

/* One step of a process that does everything; the same ones every time. */
static enum rc
anything(struct races *r, struct store *store, const struct op *op, uint32_t n)
{
	static act *const acts[] = { open_stream, open_call, append_first, want,
		listen_first, set_level, cancel };
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
do_anything(struct races *r, struct store *store, const struct op *op)
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
	struct races *r = *state;
	pid_t children[CHILDREN];

	start_all(r, do_anything, children);
	for (size_t i = 0; i < CHILDREN; i++) {
		r->child = children[i];
		assert_int_equal(finish(r), RC_OK);
	}
}

#define CASE(f)                                                                \
	{                                                                      \
#f, f, setup, teardown, NULL                                   \
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

	the_remote = remote;
	/* The macros of cmocka want no name of ours. */
	return _cmocka_run_group_tests(name, tests, COUNT(tests), NULL, NULL);
}
