#define _GNU_SOURCE /* pipe2 */
#include "process_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ------------------------------------------------------- in the worker */

static void
tell(const struct process_bench *b, enum event_kind kind, int64_t call)
{
	const struct event e = { (int)kind, getpid(), call };

	if (write(b->events[1], &e, sizeof(e)) != (ssize_t)sizeof(e))
		_exit(99);
}

static void
say(int fd, int64_t number)
{
	(void)!write(fd, &number, sizeof(number));
}

pid_t
process_bench_tool(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)setpgid(0, 0);
		for (;;)
			(void)pause();
	}
	(void)setpgid(pid, pid);
	return pid;
}

static void
start_tool(struct worker *w, int fd)
{
	pid_t pid = process_bench_tool();

	worker_group_started(w, pid);
	say(fd, pid);
	for (;;)
		(void)pause();
}

/* The second answer of a command that has two. */
static void
say_again(struct worker *w, int fd, char command)
{
	const struct timespec nap = { 0, 2000000 };
	char go;

	if (command == 'l') {
		while (!worker_is_leaving(w))
			(void)nanosleep(&nap, NULL);
	} else if (read(fd, &go, 1) != 1) {
		return;
	}
	say(fd, getpid());
}

static void
stay(struct worker *w, int fd, char command)
{
	if (worker_begin(w, command == 's') != RC_OK) {
		say(fd, 0);
		return;
	}
	say(fd, getpid());
	say_again(w, fd, command);
	worker_end(w);
}

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
	if (command == 'c' || command == 's' || command == 'l') {
		stay(w, fd, command);
		return;
	}
	say(fd, getpid());
	if (command == 'h')
		say_again(w, fd, command);
}

static int64_t
idle(void *ctx)
{
	struct process_bench *b = ctx;

	if (b->tells_idle)
		tell(b, EVENT_IDLE, 0);
	return b->tells_idle ? 5 : -1;
}

/* A call that ends at once, or when it is told to. */
static int
order(void *ctx, struct worker *w, const struct call_order *order)
{
	const struct process_bench *b = ctx;
	const struct timespec nap = { 0, 2000000 };

	tell(b, EVENT_ORDER, order->call);
	if (worker_begin(w, false) != RC_OK)
		return 1;
	while (b->orders_hang && !worker_is_leaving(w))
		(void)nanosleep(&nap, NULL);
	worker_end(w);
	return 0;
}

static int
work(void *ctx, struct worker *w)
{
	struct process_bench *b = ctx;
	const struct timespec while_others_might_start = { 0, 20000000 };

	tell(b, worker_is_first(w) ? EVENT_FIRST : EVENT_OTHER, 0);
	if (b->dies_at_once || (b->others_die && !worker_is_first(w)))
		return 1;
	if (worker_is_first(w))
		(void)nanosleep(&while_others_might_start, NULL);
	tell(b, EVENT_READY, 0);
	while (worker_wait(w, idle, b)) {
		int fd = accept(b->at.socket, NULL, NULL);

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
	struct process_bench *b = ctx;

	tell(b, EVENT_RELOAD, 0);
	return !b->refuses_reload;
}

/* --------------------------------------------------------- in the test */

static void
no_log(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

int
process_bench_setup(void **state)
{
	struct process_bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	socket_bench_init(&b->at);
	(void)snprintf(b->orders, sizeof(b->orders), "%s/orders", b->at.folder);
	assert_int_equal(pipe2(b->events, O_CLOEXEC), 0);
	b->log = LOG_INIT(no_log, NULL, LOG_ERROR);
	/* So that orphans come to us and can be waited for. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL), 0);
	*state = b;
	return 0;
}

int
process_bench_teardown(void **state)
{
	struct process_bench *b = *state;

	if (b->parent > 0) {
		(void)kill(b->parent, SIGKILL);
		(void)waitpid(b->parent, NULL, 0);
	}
	(void)close(b->events[0]);
	if (b->events[1] >= 0)
		(void)close(b->events[1]);
	(void)unlink(b->orders);
	socket_bench_release(&b->at);
	log_release(&b->log);
	free(b);
	return 0;
}

void
process_bench_start(struct process_bench *b, int workers, int64_t grace_ms)
{
	const struct process_options o = { .socket = b->at.socket,
		.workers = workers,
		.grace_ms = grace_ms,
		.calls = b->calls,
		.held = b->held,
		.orders = b->orders,
		.order = order,
		.log = &b->log,
		.work = work,
		.reload = reload,
		.ctx = b };

	b->parent = fork();
	assert_true(b->parent >= 0);
	if (b->parent == 0)
		_exit(process_run(&o));
	/* Its end is then seen when no worker is left. */
	(void)close(b->events[1]);
	b->events[1] = -1;
}

/* False at the end of the pipe: all processes have gone. */
bool
process_bench_next(const struct process_bench *b, struct event *e)
{
	struct pollfd p = { .fd = b->events[0], .events = POLLIN };
	ssize_t n;

	assert_int_equal(poll(&p, 1, BENCH_DEADLINE_MS), 1);
	n = read(b->events[0], e, sizeof(*e));
	if (n == 0)
		return false;
	assert_int_equal(n, sizeof(*e));
	return true;
}

/* Skip to the next event of a kind. */
pid_t
process_bench_await(const struct process_bench *b, enum event_kind kind)
{
	struct event e = { 0, 0, 0 };

	do
		assert_true(process_bench_next(b, &e));
	while (e.kind != (int)kind);
	return e.pid;
}

int
process_bench_dial(const struct process_bench *b, char command)
{
	int fd = socket_bench_dial(&b->at);

	assert_int_equal(write(fd, &command, 1), 1);
	return fd;
}

void
process_bench_post(const struct process_bench *b, const char *order)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", b->orders);
	assert_int_equal(sendto(fd, order, strlen(order), 0,
			     (const struct sockaddr *)&at, sizeof(at)),
	    strlen(order));
	(void)close(fd);
}

pid_t
process_bench_hear(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t number = 0;

	assert_int_equal(poll(&p, 1, BENCH_DEADLINE_MS), 1);
	assert_int_equal(read(fd, &number, sizeof(number)), sizeof(number));
	return (pid_t)number;
}

pid_t
process_bench_ask(const struct process_bench *b, char command)
{
	int fd = process_bench_dial(b, command);
	pid_t pid = process_bench_hear(fd);

	(void)close(fd);
	return pid;
}

void
process_bench_await_gone(pid_t pid)
{
	const struct timespec nap = { 0, 2000000 };
	int left = BENCH_DEADLINE_MS / 2;

	while (kill(pid, 0) == 0 && left-- > 0) {
		(void)waitpid(pid, NULL, WNOHANG);
		(void)nanosleep(&nap, NULL);
	}
	assert_true(left > 0);
	assert_int_equal(errno, ESRCH);
}

void
process_bench_await_end(struct process_bench *b, int signal_number)
{
	int status = -1;

	assert_int_equal(kill(b->parent, signal_number), 0);
	assert_int_equal(waitpid(b->parent, &status, 0), b->parent);
	b->parent = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}
