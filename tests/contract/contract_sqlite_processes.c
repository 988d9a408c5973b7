/* Several processes at one SQLite file. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "sqlite_private.h"
#include "store_scratch.h"
#include "store_suite.h"

/* No store is open in the parent when it forks: handles do not travel. */

struct job {
	struct store_scratch *scratch;
	int gate;   /* read end: at its end everybody starts */
	int report; /* write end: one number per fact that was acknowledged */
	uint32_t from;
	uint32_t n;
	struct session_caps caps;
	const char *boot_id;
};

static struct op
an_op(struct arena *a)
{
	return (struct op){ .now_ms = 5000,
		.give_up_mono = clock_mono_ms(&clock_system) + 60000,
		.arena = a };
}

static void
wait_for_gate(const struct job *job)
{
	char c;

	if (job->gate >= 0)
		(void)!read(job->gate, &c, 1);
}

static enum rc
open_in(const struct job *job, struct store **out)
{
	struct store_sqlite_options options =
	    store_scratch_options(job->scratch);

	options.boot_id = job->boot_id;
	return store_scratch_open(job->scratch, &options, out);
}

/* Put rows from ... from + n and report each; the exit status says how many
 * were refused for want of room, 255 that something broke. */
static int
put_rows(const struct job *job)
{
	struct arena arena = ARENA_INIT(65536);
	struct store *store;
	int refused = 0;

	wait_for_gate(job);
	if (open_in(job, &store) != RC_OK)
		return 255;
	for (uint32_t i = job->from; i < job->from + job->n; i++) {
		const struct op op = an_op(&arena);
		struct session_row row =
		    store_row(i, (unsigned char)(i % 3), 2000);
		int64_t id;
		enum rc rc =
		    store->ops->session_put(store, &op, &row, &job->caps, &id);

		refused += rc == RC_FULL;
		if (rc != RC_OK && rc != RC_FULL)
			return 255;
		if (rc == RC_OK && job->report >= 0 &&
		    write(job->report, &i, sizeof(i)) != sizeof(i))
			return 255;
	}
	store->ops->close(store);
	arena_release(&arena);
	return refused;
}

static int
only_open(const struct job *job)
{
	struct store *store;

	wait_for_gate(job);
	if (open_in(job, &store) != RC_OK)
		return 255;
	store->ops->close(store);
	return 0;
}

static pid_t
start(int (*work)(const struct job *), const struct job *job)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(work(job));
	return pid;
}

static int
ended(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 255);
	return WEXITSTATUS(status);
}

static struct store *
open_here(struct store_scratch *scratch)
{
	const struct job job = { .scratch = scratch, .gate = -1 };
	struct store *store = NULL;

	assert_int_equal(open_in(&job, &store), RC_OK);
	return store;
}

static bool
is_there(struct store *store, uint32_t n)
{
	struct arena arena = ARENA_INIT(65536);
	const struct op op = an_op(&arena);
	const struct session_key key =
	    store_row(n, (unsigned char)(n % 3), 0).key;
	struct session_row row;
	enum rc rc = store->ops->session_get(store, &op, &key, &row, NULL);

	arena_release(&arena);
	return rc == RC_OK;
}

static struct store_info
checked_info(struct store *store)
{
	struct arena arena = ARENA_INIT(65536);
	const struct op op = an_op(&arena);
	struct store_info info;

	assert_int_equal(store->ops->check(store, &op), RC_OK);
	assert_int_equal(store->ops->info(store, &op, &info), RC_OK);
	arena_release(&arena);
	return info;
}

static int
setup(void **state)
{
	struct store_scratch *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -1;
	store_scratch_init(s);
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	store_scratch_release(*state);
	free(*state);
	return 0;
}

static void
writers_at_once_lose_nothing(void **state)
{
	enum { WRITERS = 4, EACH = 100 };
	struct store *store;
	pid_t pid[WRITERS];
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	for (uint32_t i = 0; i < WRITERS; i++) {
		const struct job job = { *state, gate[0], -1, i * EACH, EACH,
			{ 0, 0, 0 }, NULL };

		pid[i] = start(put_rows, &job);
	}
	(void)close(gate[0]);
	/* The children hold copies of the write end: a byte for each. */
	assert_int_equal(write(gate[1], "....", WRITERS), WRITERS);
	(void)close(gate[1]);
	for (size_t i = 0; i < WRITERS; i++)
		assert_int_equal(ended(pid[i]), 0);
	store = open_here(*state);
	assert_int_equal(checked_info(store).sessions_live, WRITERS * EACH);
	for (uint32_t n = 0; n < WRITERS * EACH; n++)
		assert_true(is_there(store, n));
	store->ops->close(store);
}

static void
caps_are_exact_among_writers(void **state)
{
	enum { WRITERS = 4, EACH = 30, CAP = 50 };
	struct store *store;
	pid_t pid[WRITERS];
	int refused = 0;

	for (uint32_t i = 0; i < WRITERS; i++) {
		const struct job job = { *state, -1, -1, i * EACH, EACH,
			{ CAP, 0, 0 }, NULL };

		pid[i] = start(put_rows, &job);
	}
	for (size_t i = 0; i < WRITERS; i++)
		refused += ended(pid[i]);
	store = open_here(*state);
	assert_int_equal(checked_info(store).sessions_live, CAP);
	assert_int_equal(refused, WRITERS * EACH - CAP);
	store->ops->close(store);
}

/* Kill a writer of rows from ... on after it has reported `enough`; the last
 * row that it reported.  It reports all it puts, in their order. */
static uint32_t
last_words(struct store_scratch *scratch, uint32_t from, uint32_t enough)
{
	struct job job = {
		.scratch = scratch, .gate = -1, .from = from, .n = 100000
	};
	uint32_t last = from;
	uint32_t seen;
	int report[2];
	pid_t pid;

	assert_int_equal(pipe(report), 0);
	job.report = report[1];
	pid = start(put_rows, &job);
	(void)close(report[1]);
	while (last < from + enough) {
		assert_int_equal(
		    read(report[0], &last, sizeof(last)), sizeof(last));
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	while (read(report[0], &seen, sizeof(seen)) == sizeof(seen))
		last = seen;
	(void)close(report[0]);
	return last;
}

static void
a_killed_writer_loses_nothing_it_acknowledged(void **state)
{
	enum { ROUNDS = 12 };
	uint32_t from[ROUNDS];
	uint32_t last[ROUNDS];
	uint32_t next = 0;
	struct store *store;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		from[i] = next;
		last[i] = last_words(*state, next, 5 + i);
		/* The next but one: one more may be done, and not reported. */
		next = last[i] + 2;
	}
	store = open_here(*state);
	(void)checked_info(store);
	for (size_t i = 0; i < ROUNDS; i++) {
		for (uint32_t n = from[i]; n <= last[i]; n++)
			assert_true(is_there(store, n));
	}
	store->ops->close(store);
}

static void
processes_that_come_and_go_disturb_no_writer(void **state)
{
	enum { ROUNDS = 15, EACH = 3, MAIN = 300 };
	const struct job steady = { *state, -1, -1, 100000, MAIN, { 0, 0, 0 },
		NULL };
	pid_t writer = start(put_rows, &steady);
	struct store *store;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		const struct job job = { *state, -1, -1, i * EACH, EACH,
			{ 0, 0, 0 }, NULL };

		assert_int_equal(ended(start(put_rows, &job)), 0);
	}
	assert_int_equal(ended(writer), 0);
	store = open_here(*state);
	assert_int_equal(
	    checked_info(store).sessions_live, ROUNDS * EACH + MAIN);
	for (uint32_t n = 0; n < ROUNDS * EACH; n++)
		assert_true(is_there(store, n));
	for (uint32_t n = 100000; n < 100000 + MAIN; n++)
		assert_true(is_there(store, n));
	store->ops->close(store);
}

/* Let four processes open the store at the same moment. */
static void
open_at_once(struct store_scratch *scratch, const char *boot_id)
{
	enum { OPENERS = 4 };
	pid_t pid[OPENERS];
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	for (size_t i = 0; i < OPENERS; i++) {
		const struct job job = {
			.scratch = scratch, .gate = gate[0], .boot_id = boot_id
		};

		pid[i] = start(only_open, &job);
	}
	(void)close(gate[0]);
	assert_int_equal(write(gate[1], "....", OPENERS), OPENERS);
	(void)close(gate[1]);
	for (size_t i = 0; i < OPENERS; i++)
		assert_int_equal(ended(pid[i]), 0);
}

static void
creators_at_once_all_succeed(void **state)
{
	struct store_scratch *s = *state;

	for (int round = 0; round < 8; round++) {
		struct store *store;

		open_at_once(s, "one");
		store = open_here(s);
		assert_true(checked_info(store).incarnation >= 1);
		store->ops->close(store);
		assert_int_equal(unlink(s->file), 0);
	}
}

static uint32_t
incarnation_seen_with(struct store_scratch *scratch, const char *boot_id)
{
	const struct job job = {
		.scratch = scratch, .gate = -1, .boot_id = boot_id
	};
	struct store *store;
	uint32_t n;

	assert_int_equal(open_in(&job, &store), RC_OK);
	n = checked_info(store).incarnation;
	store->ops->close(store);
	return n;
}

static void
a_restart_renews_the_incarnation_once(void **state)
{
	struct store_scratch *s = *state;
	uint32_t n, next;

	open_at_once(s, "first");
	n = incarnation_seen_with(s, "first");
	assert_true(n > 0);
	assert_int_equal(incarnation_seen_with(s, "first"), n);
	open_at_once(s, "second");
	next = incarnation_seen_with(s, "second");
	assert_true(next > n);
	assert_int_equal(incarnation_seen_with(s, "second"), next);
	/* Not that it could: but an old name is another name, too. */
	assert_true(incarnation_seen_with(s, "first") > next);
}

/* A clock that moves one millisecond each time somebody looks. */
static int64_t
ticking(void *ctx)
{
	int64_t *now = ctx;

	return ++*now;
}

/* Hold a lock until the other end of `gate` is closed; tell when it is held. */
static int
hold(const struct job *job, bool side)
{
	char path[256];
	char c = 0;
	sqlite3 *db = NULL;
	int fd = -1;

	(void)snprintf(path, sizeof(path), "%s-lock", job->scratch->file);
	if (side)
		fd = open(path, O_RDWR | O_CLOEXEC);
	if (side && (fd < 0 || flock(fd, LOCK_EX) != 0))
		return 255;
	if (!side &&
	    (sqlite3_open(job->scratch->file, &db) != SQLITE_OK ||
		sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) !=
		    SQLITE_OK))
		return 255;
	if (write(job->report, "h", 1) != 1 || read(job->gate, &c, 1) != 1)
		return 255;
	(void)sqlite3_close(db);
	if (fd >= 0)
		(void)close(fd);
	return 0;
}

static int
hold_file(const struct job *job)
{
	return hold(job, false);
}

static int
hold_side(const struct job *job)
{
	return hold(job, true);
}

/* While the lock is held writes are RC_BUSY when the store's clock says so,
 * and reads go on; after that all is well. */
static void
busy_until_let_go(struct store_scratch *s, int (*holder)(const struct job *))
{
	int64_t now = 1000;
	const struct clock clock = { ticking, ticking, ticking, &now };
	struct store_sqlite_options options = store_scratch_options(s);
	struct arena arena = ARENA_INIT(65536);
	struct op op = { .now_ms = 1, .arena = &arena };
	struct session_row row = store_row(1, 1, 2000);
	struct session_row out;
	struct store *store;
	int64_t id;
	int gate[2];
	int report[2];
	char c;
	pid_t pid;

	store = open_here(s);
	store->ops->close(store);
	assert_int_equal(pipe(gate), 0);
	assert_int_equal(pipe(report), 0);
	const struct job job = {
		.scratch = s, .gate = gate[0], .report = report[1]
	};
	pid = start(holder, &job);
	assert_int_equal(read(report[0], &c, 1), 1);

	options.clock = &clock;
	assert_int_equal(store_scratch_open(s, &options, &store), RC_OK);
	op.give_up_mono = now + 40;
	assert_int_equal(
	    store->ops->session_put(store, &op, &row, &store_no_caps, &id),
	    RC_BUSY);
	assert_in_range(now, op.give_up_mono, op.give_up_mono + 5);
	assert_int_equal(
	    store->ops->session_get(store, &op, &row.key, &out, NULL),
	    RC_NOTFOUND);

	assert_int_equal(write(gate[1], "x", 1), 1);
	assert_int_equal(ended(pid), 0);
	/* A deadline that has passed forbids waiting, not working. */
	assert_int_equal(
	    store->ops->session_put(store, &op, &row, &store_no_caps, &id),
	    RC_OK);
	store->ops->close(store);
	arena_release(&arena);
	(void)close(gate[0]);
	(void)close(gate[1]);
	(void)close(report[0]);
	(void)close(report[1]);
}

static void
a_locked_store_is_busy_at_the_deadline(void **state)
{
	busy_until_let_go(*state, hold_file);
}

static void
so_is_one_whose_side_lock_is_held(void **state)
{
	if (sqlite3_libversion_number() >= 3051003)
		skip();
	busy_until_let_go(*state, hold_side);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(writers_at_once_lose_nothing),
		CASE(caps_are_exact_among_writers),
		CASE(a_killed_writer_loses_nothing_it_acknowledged),
		CASE(processes_that_come_and_go_disturb_no_writer),
		CASE(creators_at_once_all_succeed),
		CASE(a_restart_renews_the_incarnation_once),
		CASE(a_locked_store_is_busy_at_the_deadline),
		CASE(so_is_one_whose_side_lock_is_held),
	};

	return cmocka_run_group_tests_name(
	    "store_sqlite among processes", tests, NULL, NULL);
}
