#include "store_race.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define WAIT_MS 10000L /* for what comes at once */

static struct store_remote *the_remote;

static struct op
new_op(struct arena *arena)
{
	return (struct op){ .now_ms = 5000,
		.arena = arena,
		.give_up_mono = clock_mono_ms(&clock_system) + 2 * WAIT_MS };
}

void
race_use(struct store_remote *remote)
{
	the_remote = remote;
}

void
race_furnish(struct race *r)
{
	struct session_row row = store_row(1, 1, 2000);
	struct stream_open open = { .kind = STREAM_SSE, .owner = SLICE("h.1") };
	struct event_append event = { .data = SLICE("x") };
	struct stream_row stream;
	struct appended out;

	store_remote_empty(r->remote);
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
}

int
race_setup(void **state)
{
	const int64_t end = clock_mono_ms(&clock_system) + 4 * WAIT_MS;
	struct race *r = calloc(1, sizeof(*r));
	enum rc rc;

	if (r == NULL)
		return -1;
	*state = r;
	r->remote = the_remote;
	r->is_mariadb = strncmp(r->remote->url, "mariadb:", 8) == 0;
	r->arena = ARENA_INIT((size_t)16 * 1024 * 1024);
	/* The first one makes the tables, which may take a while. */
	do
		rc = store_remote_open(r->remote, true, &r->store);
	while (rc == RC_BUSY && clock_mono_ms(&clock_system) < end);
	if (rc != RC_OK) {
		(void)fprintf(stderr, "%s: %.*s\n", rc_name(rc),
		    SLICE_FMT(buf_slice(&r->remote->why)));
		return -1;
	}
	r->op = new_op(&r->arena);
	r->ops = r->store->ops;
	race_furnish(r);
	return 0;
}

int
race_teardown(void **state)
{
	struct race *r = *state;
	enum rc rc = r->ops->check(r->store, &r->op);

	r->ops->close(r->store);
	arena_release(&r->arena);
	free(r);
	return rc == RC_OK ? 0 : -1;
}

/* The gate that keeps a transaction open. */
static const struct race_words shut = { "SELECT pg_advisory_lock(42)",
	"DO get_lock('gate', 20)" };
static const struct race_words release = { "SELECT pg_advisory_unlock(42)",
	"DO release_lock('gate')" };

/* How many wait for it, and how many for rows. */
static const struct race_words at_gate = {
	"SELECT count(*) FROM pg_locks"
	" WHERE NOT granted AND locktype = 'advisory'",
	"SELECT count(*) FROM information_schema.processlist"
	" WHERE state = 'User lock'",
};
static const struct race_words at_rows = {
	"SELECT count(*) FROM pg_locks"
	" WHERE NOT granted AND locktype <> 'advisory'",
	"SELECT CAST(variable_value AS integer)"
	" FROM information_schema.global_status"
	" WHERE variable_name = 'INNODB_ROW_LOCK_CURRENT_WAITS'",
};

static void
put_words(struct race *r, struct buf *sql, const struct race_words *words)
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

int64_t
race_text(struct race *r, const struct race_words *words)
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
await(struct race *r, const struct race_words *where)
{
	const int64_t end = clock_mono_ms(&clock_system) + WAIT_MS;
	const struct timespec nap = { 0, 2000000 };
	int64_t waiting = race_text(r, where);

	while (waiting == 0 && clock_mono_ms(&clock_system) < end) {
		(void)nanosleep(&nap, NULL);
		waiting = race_text(r, where);
	}
	assert_true(waiting > 0);
}

/* From a process of its own: it begins, and goes on when it is let go. */
void
race_hold(struct race *r, const struct race_words *first,
    const struct race_words *then)
{
	struct buf sql = BUF_INIT(4096);

	(void)race_text(r, &shut);
	put_words(r, &sql, &(struct race_words){ "BEGIN", "BEGIN" });
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

void
race_let_go(struct race *r)
{
	int status = 0;

	(void)race_text(r, &release);
	assert_int_equal(waitpid(r->holder, &status, 0), r->holder);
	assert_int_equal(status, 0);
}

void
race_await(struct race *r)
{
	await(r, &at_rows);
}

void
race_start(struct race *r, race_act *f)
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

int
race_finish(struct race *r)
{
	int status = 0;

	assert_int_equal(waitpid(r->child, &status, 0), r->child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}
