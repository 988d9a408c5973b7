#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "process_bench.h"

static void
go_on(int fd, pid_t pid)
{
	assert_int_equal(write(fd, "!", 1), 1);
	assert_int_equal(process_bench_hear(fd), pid);
	(void)close(fd);
}

static void
who_stays_with_a_call_leaves_another_to_serve(void **state)
{
	struct process_bench *b = *state;
	pid_t first;
	pid_t second;
	int fd[2];

	b->calls = 2;
	process_bench_start(b, 1, 1000);
	fd[0] = process_bench_dial(b, 'c');
	first = process_bench_hear(fd[0]);
	assert_true(first > 0);
	fd[1] = process_bench_dial(b, 'c');
	second = process_bench_hear(fd[1]);
	assert_true(second > 0 && second != first);
	/* The limit is met, and yet requests are served. */
	assert_int_equal(process_bench_ask(b, 'c'), 0);
	assert_true(process_bench_ask(b, 'p') > 0);
	go_on(fd[0], first);
	go_on(fd[1], second);
	/* There is room again. */
	assert_true(process_bench_ask(b, 'c') > 0);
}

static void
streams_have_a_limit_of_their_own(void **state)
{
	struct process_bench *b = *state;
	pid_t pid;
	int fd;

	b->calls = 1;
	b->held = 1;
	process_bench_start(b, 2, 1000);
	fd = process_bench_dial(b, 's');
	pid = process_bench_hear(fd);
	assert_true(pid > 0);
	assert_int_equal(process_bench_ask(b, 's'), 0);
	assert_true(process_bench_ask(b, 'c') > 0);
	go_on(fd, pid);
}

static void
workers_that_are_too_many_leave_when_calls_have_ended(void **state)
{
	struct process_bench *b = *state;
	struct event e = { 0, 0, 0 };
	pid_t pids[3] = { 0, 0, 0 };
	int fd[2];
	pid_t other;

	b->calls = 2;
	process_bench_start(b, 1, 1000);
	for (int i = 0; i < 2; i++) {
		fd[i] = process_bench_dial(b, 'c');
		pids[i] = process_bench_hear(fd[i]);
	}
	pids[2] = process_bench_ask(b, 'p');
	go_on(fd[0], pids[0]);
	go_on(fd[1], pids[1]);
	/* The one that stays is the oldest. */
	process_bench_await_gone(pids[2]);
	process_bench_await_gone(pids[1]);
	other = process_bench_ask(b, 'p');
	assert_int_equal(other, pids[0]);
	process_bench_await_end(b, SIGTERM);
	while (process_bench_next(b, &e))
		assert_int_not_equal(e.kind, EVENT_RELOAD);
}

static void
a_killed_runner_makes_room_and_somebody_looks_after_it(void **state)
{
	struct process_bench *b = *state;
	pid_t runner;
	int fd;

	b->calls = 1;
	b->tells_idle = true;
	process_bench_start(b, 1, 1000);
	fd = process_bench_dial(b, 'c');
	runner = process_bench_hear(fd);
	assert_true(process_bench_ask(b, 'p') > 0);
	assert_int_equal(kill(runner, SIGKILL), 0);
	process_bench_await_gone(runner);
	(void)close(fd);
	(void)process_bench_await(b, EVENT_IDLE);
	fd = process_bench_dial(b, 'c');
	runner = process_bench_hear(fd);
	assert_true(runner > 0);
	go_on(fd, runner);
}

static void
a_stop_tells_who_stays_and_waits_for_them(void **state)
{
	struct process_bench *b = *state;
	pid_t runner;
	pid_t other;
	int fd[2];

	b->calls = 2;
	process_bench_start(b, 1, BENCH_DEADLINE_MS);
	fd[0] = process_bench_dial(b, 'l');
	runner = process_bench_hear(fd[0]);
	fd[1] = process_bench_dial(b, 'c');
	other = process_bench_hear(fd[1]);
	assert_true(runner > 0 && other > 0);
	assert_int_equal(kill(b->parent, SIGTERM), 0);
	assert_int_equal(process_bench_hear(fd[0]), runner);
	process_bench_await_gone(runner);
	assert_int_equal(kill(other, 0), 0);
	go_on(fd[1], other);
	(void)close(fd[0]);
	process_bench_await_end(b, SIGTERM);
}

static void
hangup_lets_a_call_end_well(void **state)
{
	struct process_bench *b = *state;
	pid_t runner;
	int fd;

	b->calls = 1;
	process_bench_start(b, 1, 1000);
	fd = process_bench_dial(b, 'c');
	runner = process_bench_hear(fd);
	assert_int_equal(kill(b->parent, SIGHUP), 0);
	(void)process_bench_await(b, EVENT_RELOAD);
	(void)process_bench_await(b, EVENT_READY);
	go_on(fd, runner);
	process_bench_await_gone(runner);
	assert_true(process_bench_ask(b, 'p') > 0);
	process_bench_await_end(b, SIGTERM);
}

static enum rc
order(const struct process_bench *b, int64_t call)
{
	const struct call_order order = { call, 3 };

	return process_order(b->orders, &order);
}

static void
an_order_forks_a_process_for_its_call(void **state)
{
	struct process_bench *b = *state;
	struct event e = { 0, 0, 0 };
	struct stat st;
	pid_t first;

	b->calls = 1;
	process_bench_start(b, 1, 1000);
	first = process_bench_await(b, EVENT_READY);
	assert_int_equal(stat(b->orders, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(order(b, 4711), RC_OK);
	do
		assert_true(process_bench_next(b, &e));
	while (e.kind != EVENT_ORDER);
	assert_int_equal(e.call, 4711);
	assert_int_not_equal(e.pid, first);
	process_bench_await_gone(e.pid);
	/* It takes no part in serving. */
	assert_int_equal(process_bench_ask(b, 'p'), first);
}

static void
orders_count_as_calls_and_one_is_not_run_twice(void **state)
{
	struct process_bench *b = *state;
	struct event e = { 0, 0, 0 };
	int n = 0;

	b->calls = 2;
	b->orders_hang = true;
	process_bench_start(b, 1, 1000);
	(void)process_bench_await(b, EVENT_READY);
	for (int i = 0; i < 3; i++)
		assert_int_equal(order(b, 1), RC_OK);
	assert_int_equal(order(b, 2), RC_OK);
	assert_int_equal(order(b, 3), RC_OK);
	for (; n < 2; n += e.kind == EVENT_ORDER)
		assert_true(process_bench_next(b, &e));
	/* All orders have been read before this could be answered. */
	assert_int_equal(process_bench_ask(b, 'c'), 0);
	process_bench_await_end(b, SIGTERM);
	while (process_bench_next(b, &e))
		n += e.kind == EVENT_ORDER;
	assert_int_equal(n, 2);
}

static void
what_is_no_order_does_nothing(void **state)
{
	struct process_bench *b = *state;
	static const char *const words[] = { "", "run", "run ", "run 0",
		"run -1", "run 1 ", "run 1 x", "run 1 2 3", "run 1 -1",
		"run 99999999999999999999", "stop 1",
		"run 1000000000000000000000000000000000000000000000000" };
	struct event e = { 0, 0, 0 };

	b->calls = 9;
	process_bench_start(b, 1, 1000);
	(void)process_bench_await(b, EVENT_READY);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		process_bench_post(b, words[i]);
	assert_int_equal(order(b, 5), RC_OK);
	do
		assert_true(process_bench_next(b, &e));
	while (e.kind != EVENT_ORDER);
	assert_int_equal(e.call, 5);
}

static void
an_order_that_nobody_takes_is_told(void **state)
{
	struct process_bench *b = *state;

	assert_int_equal(order(b, 1), RC_IO);
	b->calls = 1;
	process_bench_start(b, 1, 1000);
	(void)process_bench_await(b, EVENT_READY);
	process_bench_await_end(b, SIGTERM);
	assert_int_equal(order(b, 1), RC_IO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PROCESS_TEST(who_stays_with_a_call_leaves_another_to_serve),
		PROCESS_TEST(streams_have_a_limit_of_their_own),
		PROCESS_TEST(
		    workers_that_are_too_many_leave_when_calls_have_ended),
		PROCESS_TEST(
		    a_killed_runner_makes_room_and_somebody_looks_after_it),
		PROCESS_TEST(a_stop_tells_who_stays_and_waits_for_them),
		PROCESS_TEST(hangup_lets_a_call_end_well),
		PROCESS_TEST(an_order_forks_a_process_for_its_call),
		PROCESS_TEST(orders_count_as_calls_and_one_is_not_run_twice),
		PROCESS_TEST(what_is_no_order_does_nothing),
		PROCESS_TEST(an_order_that_nobody_takes_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
