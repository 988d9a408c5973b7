#define _GNU_SOURCE /* pipe2 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "process.h"
#include "socket_bench.h"

/* A condition that does not come true within this time is a failure. */
#define DEADLINE_MS 20000

/* What workers and the parent tell the test, in the order it happens. */
enum event_kind { EVENT_FIRST = 1, EVENT_OTHER, EVENT_READY, EVENT_RELOAD };

struct event {
	int kind;
	pid_t pid;
};

struct rig {
	struct socket_bench at;
	int events[2];
	pid_t parent;
	bool dies_at_once;
	bool refuses_reload;
	struct log log;
};

/* ------------------------------------------------------- in the worker */

static void
tell(const struct rig *r, enum event_kind kind)
{
	const struct event e = { (int)kind, getpid() };

	if (write(r->events[1], &e, sizeof(e)) != (ssize_t)sizeof(e))
		_exit(99);
}

static void
say(int fd, int64_t number)
{
	(void)!write(fd, &number, sizeof(number));
}

/* A tool that never ends by itself, in a group of its own. */
static void
start_tool(struct worker *w, int fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)setpgid(0, 0);
		for (;;)
			(void)pause();
	}
	(void)setpgid(pid, pid);
	worker_group_started(w, pid);
	say(fd, pid);
	for (;;)
		(void)pause();
}

/* p: who are you?  h: the same, then wait for a byte and answer again;
 * t: start a tool and hang; x: die. */
static void
serve(struct worker *w, int fd)
{
	char command = 0;

	if (read(fd, &command, 1) != 1)
		return;
	if (command == 'x')
		_exit(3);
	if (command == 't')
		start_tool(w, fd);
	say(fd, getpid());
	if (command == 'h' && read(fd, &command, 1) == 1)
		say(fd, getpid());
}

static int
work(void *ctx, struct worker *w)
{
	struct rig *r = ctx;
	const struct timespec while_others_might_start = { 0, 20000000 };

	tell(r, worker_is_first(w) ? EVENT_FIRST : EVENT_OTHER);
	if (r->dies_at_once)
		return 1;
	if (worker_is_first(w))
		(void)nanosleep(&while_others_might_start, NULL);
	tell(r, EVENT_READY);
	while (worker_wait(w, NULL, NULL)) {
		int fd = accept(r->at.socket, NULL, NULL);

		if (fd < 0)
			continue;
		serve(w, fd);
		(void)close(fd);
	}
	return 0;
}

static bool
reload(void *ctx)
{
	struct rig *r = ctx;

	tell(r, EVENT_RELOAD);
	return !r->refuses_reload;
}

/* --------------------------------------------------------- in the test */

static void
no_log(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	socket_bench_init(&r->at);
	assert_int_equal(pipe2(r->events, O_CLOEXEC), 0);
	r->log = LOG_INIT(no_log, NULL, LOG_ERROR);
	/* So that orphans come to us and can be waited for. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL), 0);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	struct rig *r = *state;

	if (r->parent > 0) {
		(void)kill(r->parent, SIGKILL);
		(void)waitpid(r->parent, NULL, 0);
	}
	(void)close(r->events[0]);
	if (r->events[1] >= 0)
		(void)close(r->events[1]);
	socket_bench_release(&r->at);
	log_release(&r->log);
	free(r);
	return 0;
}

static void
start(struct rig *r, int workers, int64_t grace_ms)
{
	const struct process_options o = { .socket = r->at.socket,
		.workers = workers,
		.grace_ms = grace_ms,
		.log = &r->log,
		.work = work,
		.reload = reload,
		.ctx = r };

	r->parent = fork();
	assert_true(r->parent >= 0);
	if (r->parent == 0)
		_exit(process_run(&o));
	/* Its end is then seen when no worker is left. */
	(void)close(r->events[1]);
	r->events[1] = -1;
}

/* False at the end of the pipe: all processes have gone. */
static bool
next_event(const struct rig *r, struct event *e)
{
	struct pollfd p = { .fd = r->events[0], .events = POLLIN };
	ssize_t n;

	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	n = read(r->events[0], e, sizeof(*e));
	if (n == 0)
		return false;
	assert_int_equal(n, sizeof(*e));
	return true;
}

/* Skip to the next event of a kind. */
static pid_t
await(const struct rig *r, enum event_kind kind)
{
	struct event e = { 0, 0 };

	do
		assert_true(next_event(r, &e));
	while (e.kind != (int)kind);
	return e.pid;
}

static int
dial(const struct rig *r, char command)
{
	int fd = socket_bench_dial(&r->at);

	assert_int_equal(write(fd, &command, 1), 1);
	return fd;
}

static pid_t
hear(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t number = 0;

	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	assert_int_equal(read(fd, &number, sizeof(number)), sizeof(number));
	return (pid_t)number;
}

static pid_t
ask(const struct rig *r, char command)
{
	int fd = dial(r, command);
	pid_t pid = hear(fd);

	(void)close(fd);
	return pid;
}

static void
await_gone(pid_t pid)
{
	const struct timespec nap = { 0, 2000000 };
	int left = DEADLINE_MS / 2;

	while (kill(pid, 0) == 0 && left-- > 0) {
		(void)waitpid(pid, NULL, WNOHANG);
		(void)nanosleep(&nap, NULL);
	}
	assert_true(left > 0);
	assert_int_equal(errno, ESRCH);
}

static void
await_end(struct rig *r, int signal_number)
{
	int status = -1;

	assert_int_equal(kill(r->parent, signal_number), 0);
	assert_int_equal(waitpid(r->parent, &status, 0), r->parent);
	r->parent = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
no_worker_starts_before_the_first_is_ready(void **state)
{
	struct rig *r = *state;
	struct event e = { 0, 0 };
	pid_t first;

	start(r, 3, 1000);
	assert_true(next_event(r, &e));
	assert_int_equal(e.kind, EVENT_FIRST);
	first = e.pid;
	assert_true(next_event(r, &e));
	assert_int_equal(e.kind, EVENT_READY);
	assert_int_equal(e.pid, first);
	assert_true(await(r, EVENT_OTHER) != first);
	(void)await(r, EVENT_READY);
}

static void
a_killed_worker_is_replaced_by_one_that_is_not_the_first(void **state)
{
	struct rig *r = *state;
	pid_t first;
	pid_t second;

	start(r, 1, 1000);
	first = await(r, EVENT_FIRST);
	assert_int_equal(ask(r, 'p'), first);
	assert_int_equal(kill(first, SIGKILL), 0);
	second = await(r, EVENT_OTHER);
	assert_int_equal(ask(r, 'p'), second);
}

static void
a_worker_that_crashes_on_a_request_is_replaced(void **state)
{
	struct rig *r = *state;
	pid_t first;

	start(r, 1, 1000);
	first = await(r, EVENT_FIRST);
	(void)close(dial(r, 'x'));
	assert_int_not_equal(ask(r, 'p'), first);
}

static void
the_tool_of_a_killed_worker_is_killed(void **state)
{
	struct rig *r = *state;
	pid_t worker;
	pid_t tool;

	start(r, 1, 1000);
	worker = await(r, EVENT_FIRST);
	tool = ask(r, 't');
	assert_int_equal(kill(tool, 0), 0);
	assert_int_equal(kill(worker, SIGKILL), 0);
	await_gone(tool);
	await_gone(worker);
}

static void
workers_leave_when_the_parent_is_killed(void **state)
{
	struct rig *r = *state;
	struct event e = { 0, 0 };

	start(r, 3, 1000);
	for (int i = 0; i < 3; i++)
		(void)await(r, EVENT_READY);
	assert_int_equal(kill(r->parent, SIGKILL), 0);
	/* The last writer of the pipe has gone. */
	while (next_event(r, &e))
		continue;
}

static void
a_busy_worker_ends_its_request_when_the_parent_is_killed(void **state)
{
	struct rig *r = *state;
	struct event e = { 0, 0 };
	pid_t pid;
	int fd;

	start(r, 1, 1000);
	fd = dial(r, 'h');
	pid = hear(fd);
	assert_int_equal(kill(r->parent, SIGKILL), 0);
	assert_int_equal(waitpid(r->parent, NULL, 0), r->parent);
	r->parent = 0;
	assert_int_equal(write(fd, "!", 1), 1);
	assert_int_equal(hear(fd), pid);
	(void)close(fd);
	while (next_event(r, &e))
		continue;
}

static void
a_stop_lets_the_request_at_hand_end(void **state)
{
	struct rig *r = *state;
	pid_t other;
	pid_t pid;
	int fd;

	start(r, 2, DEADLINE_MS);
	(void)await(r, EVENT_READY);
	(void)await(r, EVENT_READY);
	fd = dial(r, 'h');
	pid = hear(fd);
	other = ask(r, 'p');
	assert_int_not_equal(other, pid);
	assert_int_equal(kill(r->parent, SIGTERM), 0);
	/* The idle one leaves at once: so the stop has been understood. */
	await_gone(other);
	assert_int_equal(write(fd, "!", 1), 1);
	assert_int_equal(hear(fd), pid);
	(void)close(fd);
	await_end(r, SIGTERM);
}

static void
what_does_not_end_within_the_grace_time_is_killed(void **state)
{
	struct rig *r = *state;
	pid_t tool;

	start(r, 1, 50);
	tool = ask(r, 't');
	await_end(r, SIGINT);
	await_gone(tool);
}

static void
a_worker_leaves_on_a_signal_of_its_own(void **state)
{
	struct rig *r = *state;
	pid_t first;
	pid_t second;

	start(r, 1, 1000);
	first = await(r, EVENT_FIRST);
	assert_int_equal(ask(r, 'p'), first);
	assert_int_equal(kill(first, SIGTERM), 0);
	second = await(r, EVENT_OTHER);
	assert_int_equal(ask(r, 'p'), second);
}

static void
hangup_replaces_all_workers_and_ends_their_requests_well(void **state)
{
	struct rig *r = *state;
	pid_t old[2];
	pid_t held;
	int fd;

	start(r, 2, 1000);
	old[0] = await(r, EVENT_READY);
	old[1] = await(r, EVENT_READY);
	fd = dial(r, 'h');
	held = hear(fd);
	assert_true(held == old[0] || held == old[1]);
	assert_int_equal(kill(r->parent, SIGHUP), 0);
	(void)await(r, EVENT_RELOAD);
	(void)await(r, EVENT_READY);
	(void)await(r, EVENT_READY);
	await_gone(held == old[0] ? old[1] : old[0]);
	assert_int_equal(write(fd, "!", 1), 1);
	assert_int_equal(hear(fd), held);
	(void)close(fd);
	await_gone(held);
	await_end(r, SIGTERM);
}

static void
a_refused_reload_keeps_the_workers(void **state)
{
	struct rig *r = *state;
	struct event e = { 0, 0 };
	pid_t first;

	r->refuses_reload = true;
	start(r, 1, 1000);
	first = await(r, EVENT_READY);
	assert_int_equal(kill(r->parent, SIGHUP), 0);
	(void)await(r, EVENT_RELOAD);
	assert_int_equal(ask(r, 'p'), first);
	await_end(r, SIGTERM);
	/* Nobody was started in between. */
	assert_false(next_event(r, &e));
}

static void
workers_that_die_at_once_do_not_keep_it_from_stopping(void **state)
{
	struct rig *r = *state;

	r->dies_at_once = true;
	start(r, 2, 1000);
	(void)await(r, EVENT_FIRST);
	(void)await(r, EVENT_OTHER);
	(void)await(r, EVENT_OTHER);
	await_end(r, SIGTERM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_worker_starts_before_the_first_is_ready),
		TEST(a_killed_worker_is_replaced_by_one_that_is_not_the_first),
		TEST(a_worker_that_crashes_on_a_request_is_replaced),
		TEST(the_tool_of_a_killed_worker_is_killed),
		TEST(workers_leave_when_the_parent_is_killed),
		TEST(a_busy_worker_ends_its_request_when_the_parent_is_killed),
		TEST(a_stop_lets_the_request_at_hand_end),
		TEST(what_does_not_end_within_the_grace_time_is_killed),
		TEST(a_worker_leaves_on_a_signal_of_its_own),
		TEST(hangup_replaces_all_workers_and_ends_their_requests_well),
		TEST(a_refused_reload_keeps_the_workers),
		TEST(workers_that_die_at_once_do_not_keep_it_from_stopping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
