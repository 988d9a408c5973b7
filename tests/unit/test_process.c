#define _GNU_SOURCE /* pipe2 */
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
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "process.h"

/* A condition that does not come true within this time is a failure. */
#define DEADLINE_MS 20000

/* What workers and the parent tell the test, in the order it happens. */
enum event_kind { EVENT_FIRST = 1, EVENT_OTHER, EVENT_READY, EVENT_RELOAD };

struct event {
	int kind;
	pid_t pid;
};

struct rig {
	char folder[64];
	char path[96];
	int socket;
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
		int fd = accept(r->socket, NULL, NULL);

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
	struct buf why = BUF_INIT(4096);

	assert_non_null(r);
	(void)snprintf(r->folder, sizeof(r->folder), "/tmp/mcp-proc-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	(void)snprintf(r->path, sizeof(r->path), "%s/socket", r->folder);
	assert_int_equal(
	    process_listen(r->path, NULL, &r->socket, &why), RC_OK);
	buf_release(&why);
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
	(void)close(r->socket);
	(void)close(r->events[0]);
	if (r->events[1] >= 0)
		(void)close(r->events[1]);
	(void)unlink(r->path);
	assert_int_equal(rmdir(r->folder), 0);
	log_release(&r->log);
	free(r);
	return 0;
}

static void
start(struct rig *r, int workers, int64_t grace_ms)
{
	const struct process_options o = { .socket = r->socket,
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
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(a.sun_path, r->path, strlen(r->path));
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
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

/* ------------------------------------------------------------ listening */

static void
a_socket_is_for_the_group_too_and_for_nobody_else(void **state)
{
	struct rig *r = *state;
	struct stat st;

	assert_int_equal(stat(r->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_true((fcntl(r->socket, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(r->socket, F_GETFD) & FD_CLOEXEC) != 0);
}

static void
a_live_socket_is_refused_and_a_stale_one_replaced(void **state)
{
	struct rig *r = *state;
	struct buf why = BUF_INIT(4096);
	int fd = -1;

	assert_int_equal(process_listen(r->path, NULL, &fd, &why), RC_IO);
	assert_non_null(strstr(why.ptr, "another process listens there"));
	assert_int_equal(fd, -1);
	(void)close(r->socket);
	buf_reset(&why);
	assert_int_equal(
	    process_listen(r->path, NULL, &r->socket, &why), RC_OK);
	assert_int_equal(why.len, 0);
	(void)close(dial(r, 'p'));
	buf_release(&why);
}

static void
what_is_no_socket_is_left_alone(void **state)
{
	struct rig *r = *state;
	struct buf why = BUF_INIT(4096);
	struct stat st;
	int fd = -1;

	assert_int_equal(unlink(r->path), 0);
	assert_int_equal(close(open(r->path, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(process_listen(r->path, NULL, &fd, &why), RC_IO);
	assert_int_equal(stat(r->path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	buf_release(&why);
}

static const char *const bad_addresses[] = { "nowhere",
	"localhost:", "localhost:x", "localhost:65536", ":+1",
	"/tmp/no/such/folder/s" };

static void
an_address_that_is_none_is_refused(void **state)
{
	const size_t n = sizeof(bad_addresses) / sizeof(bad_addresses[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct buf why = BUF_INIT(4096);
		int fd = 7;

		assert_int_equal(
		    process_listen(bad_addresses[i], NULL, &fd, &why), RC_IO);
		assert_int_equal(fd, -1);
		assert_true(why.len > 0);
		buf_release(&why);
	}
}

static void
a_port_alone_is_on_the_loopback_address(void **state)
{
	struct buf why = BUF_INIT(4096);
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	int fd = -1;

	(void)state;
	assert_int_equal(process_listen(":0", NULL, &fd, &why), RC_OK);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	assert_int_equal(a.ss_family, AF_INET);
	/* 127.0.0.1 behind family and port */
	assert_memory_equal((const char *)&a + 4, "\x7f\0\0\x01", 4);
	(void)close(fd);
	buf_release(&why);
}

/* In a child of its own, for it changes descriptors 0 and 3. */
static int
inherit(const struct rig *r, int as, bool announced)
{
	struct buf why = BUF_INIT(4096);
	char pid[32];
	int fd = -1;
	enum rc rc;

	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	if (dup2(r->socket, as) < 0 ||
	    /* NOLINTBEGIN(concurrency-mt-unsafe): one thread */
	    (announced &&
		(setenv("LISTEN_FDS", "1", 1) != 0 ||
		    setenv("LISTEN_PID", pid, 1) != 0)))
		/* NOLINTEND(concurrency-mt-unsafe) */
		return 10;
	if (!process_has_socket())
		return 11;
	rc = process_listen(NULL, NULL, &fd, &why);
	buf_release(&why);
	return rc == RC_OK && fd > 3 ? 0 : 12;
}

static void
an_inherited_socket_is_found(void **state)
{
	const struct rig *r = *state;

	for (int i = 0; i < 2; i++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0)
			_exit(inherit(r, i == 0 ? 0 : 3, i != 0));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void
an_unknown_user_is_refused(void **state)
{
	struct rig *r = *state;
	struct buf why = BUF_INIT(4096);
	int fd = -1;

	(void)close(r->socket);
	assert_int_equal(
	    process_listen(r->path, "no-such-user", &fd, &why), RC_IO);
	assert_non_null(strstr(why.ptr, "no such user or group"));
	buf_reset(&why);
	/* The folder holds no half-made socket: it can be removed. */
	assert_int_equal(
	    process_listen(r->path, NULL, &r->socket, &why), RC_OK);
	assert_int_equal(process_become("no-such-user-anywhere", &why), RC_IO);
	assert_non_null(strstr(why.ptr, "no such user or group"));
	buf_reset(&why);
	assert_int_equal(process_become("root:no-such-group", &why), RC_IO);
	buf_release(&why);
	assert_true(process_processors() >= 1);
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
		TEST(a_socket_is_for_the_group_too_and_for_nobody_else),
		TEST(a_live_socket_is_refused_and_a_stale_one_replaced),
		TEST(what_is_no_socket_is_left_alone),
		TEST(an_address_that_is_none_is_refused),
		TEST(a_port_alone_is_on_the_loopback_address),
		TEST(an_inherited_socket_is_found),
		TEST(an_unknown_user_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
