#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process_bench.h"

static void
no_worker_starts_before_the_first_is_ready(void **state)
{
	struct process_bench *b = *state;
	struct event e = { 0, 0, 0 };
	pid_t first;

	process_bench_start(b, 3, 1000);
	assert_true(process_bench_next(b, &e));
	assert_int_equal(e.kind, EVENT_FIRST);
	first = e.pid;
	assert_true(process_bench_next(b, &e));
	assert_int_equal(e.kind, EVENT_READY);
	assert_int_equal(e.pid, first);
	assert_true(process_bench_await(b, EVENT_OTHER) != first);
	(void)process_bench_await(b, EVENT_READY);
}

static void
a_killed_worker_is_replaced_by_one_that_is_not_the_first(void **state)
{
	struct process_bench *b = *state;
	pid_t first;
	pid_t second;

	process_bench_start(b, 1, 1000);
	first = process_bench_await(b, EVENT_FIRST);
	assert_int_equal(process_bench_ask(b, 'p'), first);
	assert_int_equal(kill(first, SIGKILL), 0);
	second = process_bench_await(b, EVENT_OTHER);
	assert_int_equal(process_bench_ask(b, 'p'), second);
}

static void
a_worker_that_crashes_on_a_request_is_replaced(void **state)
{
	struct process_bench *b = *state;
	pid_t first;

	process_bench_start(b, 1, 1000);
	first = process_bench_await(b, EVENT_FIRST);
	(void)close(process_bench_dial(b, 'x'));
	assert_int_not_equal(process_bench_ask(b, 'p'), first);
}

static void
the_tool_of_a_killed_worker_is_killed(void **state)
{
	struct process_bench *b = *state;
	pid_t worker;
	pid_t tool;

	process_bench_start(b, 1, 1000);
	worker = process_bench_await(b, EVENT_FIRST);
	tool = process_bench_ask(b, 't');
	assert_int_equal(kill(tool, 0), 0);
	assert_int_equal(kill(worker, SIGKILL), 0);
	process_bench_await_gone(tool);
	process_bench_await_gone(worker);
}

static void
workers_leave_when_the_parent_is_killed(void **state)
{
	struct process_bench *b = *state;
	struct event e = { 0, 0, 0 };

	process_bench_start(b, 3, 1000);
	for (int i = 0; i < 3; i++)
		(void)process_bench_await(b, EVENT_READY);
	assert_int_equal(kill(b->parent, SIGKILL), 0);
	/* The last writer of the pipe has gone. */
	while (process_bench_next(b, &e))
		continue;
}

static void
a_busy_worker_ends_its_request_when_the_parent_is_killed(void **state)
{
	struct process_bench *b = *state;
	struct event e = { 0, 0, 0 };
	pid_t pid;
	int fd;

	process_bench_start(b, 1, 1000);
	fd = process_bench_dial(b, 'h');
	pid = process_bench_hear(fd);
	assert_int_equal(kill(b->parent, SIGKILL), 0);
	assert_int_equal(waitpid(b->parent, NULL, 0), b->parent);
	b->parent = 0;
	assert_int_equal(write(fd, "!", 1), 1);
	assert_int_equal(process_bench_hear(fd), pid);
	(void)close(fd);
	while (process_bench_next(b, &e))
		continue;
}

static void
a_stop_lets_the_request_at_hand_end(void **state)
{
	struct process_bench *b = *state;
	pid_t other;
	pid_t pid;
	int fd;

	process_bench_start(b, 2, BENCH_DEADLINE_MS);
	(void)process_bench_await(b, EVENT_READY);
	(void)process_bench_await(b, EVENT_READY);
	fd = process_bench_dial(b, 'h');
	pid = process_bench_hear(fd);
	other = process_bench_ask(b, 'p');
	assert_int_not_equal(other, pid);
	assert_int_equal(kill(b->parent, SIGTERM), 0);
	/* The idle one leaves at once: so the stop has been understood. */
	process_bench_await_gone(other);
	assert_int_equal(write(fd, "!", 1), 1);
	assert_int_equal(process_bench_hear(fd), pid);
	(void)close(fd);
	process_bench_await_end(b, SIGTERM);
}

static void
what_does_not_end_within_the_grace_time_is_killed(void **state)
{
	struct process_bench *b = *state;
	pid_t tool;

	process_bench_start(b, 1, 50);
	tool = process_bench_ask(b, 't');
	process_bench_await_end(b, SIGINT);
	process_bench_await_gone(tool);
}

static void
a_worker_leaves_on_a_signal_of_its_own(void **state)
{
	struct process_bench *b = *state;
	pid_t first;
	pid_t second;

	process_bench_start(b, 1, 1000);
	first = process_bench_await(b, EVENT_FIRST);
	assert_int_equal(process_bench_ask(b, 'p'), first);
	assert_int_equal(kill(first, SIGTERM), 0);
	second = process_bench_await(b, EVENT_OTHER);
	assert_int_equal(process_bench_ask(b, 'p'), second);
}

static void
hangup_replaces_all_workers_and_ends_their_requests_well(void **state)
{
	struct process_bench *b = *state;
	pid_t old[2];
	pid_t held;
	int fd;

	process_bench_start(b, 2, 1000);
	old[0] = process_bench_await(b, EVENT_READY);
	old[1] = process_bench_await(b, EVENT_READY);
	fd = process_bench_dial(b, 'h');
	held = process_bench_hear(fd);
	assert_true(held == old[0] || held == old[1]);
	assert_int_equal(kill(b->parent, SIGHUP), 0);
	(void)process_bench_await(b, EVENT_RELOAD);
	(void)process_bench_await(b, EVENT_READY);
	(void)process_bench_await(b, EVENT_READY);
	process_bench_await_gone(held == old[0] ? old[1] : old[0]);
	assert_int_equal(write(fd, "!", 1), 1);
	assert_int_equal(process_bench_hear(fd), held);
	(void)close(fd);
	process_bench_await_gone(held);
	process_bench_await_end(b, SIGTERM);
}

static void
a_refused_reload_keeps_the_workers(void **state)
{
	struct process_bench *b = *state;
	struct event e = { 0, 0, 0 };
	pid_t first;

	b->refuses_reload = true;
	process_bench_start(b, 1, 1000);
	first = process_bench_await(b, EVENT_READY);
	assert_int_equal(kill(b->parent, SIGHUP), 0);
	(void)process_bench_await(b, EVENT_RELOAD);
	assert_int_equal(process_bench_ask(b, 'p'), first);
	process_bench_await_end(b, SIGTERM);
	/* Nobody was started in between. */
	assert_false(process_bench_next(b, &e));
}

static void
workers_that_die_at_once_do_not_keep_it_from_stopping(void **state)
{
	struct process_bench *b = *state;

	b->others_die = true;
	process_bench_start(b, 2, 1000);
	(void)process_bench_await(b, EVENT_FIRST);
	(void)process_bench_await(b, EVENT_OTHER);
	(void)process_bench_await(b, EVENT_OTHER);
	process_bench_await_end(b, SIGTERM);
}

static void
a_first_worker_that_cannot_serve_ends_the_parent(void **state)
{
	struct process_bench *b = *state;
	int status;

	b->dies_at_once = true;
	process_bench_start(b, 2, 1000);
	(void)process_bench_await(b, EVENT_FIRST);
	assert_int_equal(waitpid(b->parent, &status, 0), b->parent);
	b->parent = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PROCESS_TEST(no_worker_starts_before_the_first_is_ready),
		PROCESS_TEST(
		    a_killed_worker_is_replaced_by_one_that_is_not_the_first),
		PROCESS_TEST(a_worker_that_crashes_on_a_request_is_replaced),
		PROCESS_TEST(the_tool_of_a_killed_worker_is_killed),
		PROCESS_TEST(workers_leave_when_the_parent_is_killed),
		PROCESS_TEST(
		    a_busy_worker_ends_its_request_when_the_parent_is_killed),
		PROCESS_TEST(a_stop_lets_the_request_at_hand_end),
		PROCESS_TEST(what_does_not_end_within_the_grace_time_is_killed),
		PROCESS_TEST(a_worker_leaves_on_a_signal_of_its_own),
		PROCESS_TEST(
		    hangup_replaces_all_workers_and_ends_their_requests_well),
		PROCESS_TEST(a_refused_reload_keeps_the_workers),
		PROCESS_TEST(
		    workers_that_die_at_once_do_not_keep_it_from_stopping),
		PROCESS_TEST(a_first_worker_that_cannot_serve_ends_the_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
