#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process.h"
#include "socket_bench.h"

static int
setup(void **state)
{
	struct socket_bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	socket_bench_init(b);
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	socket_bench_release(*state);
	free(*state);
	return 0;
}

static void
a_socket_is_for_the_group_too_and_for_nobody_else(void **state)
{
	struct socket_bench *b = *state;
	struct stat st;

	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_true((fcntl(b->socket, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(b->socket, F_GETFD) & FD_CLOEXEC) != 0);
}

static void
a_live_socket_is_refused_and_a_stale_one_replaced(void **state)
{
	struct socket_bench *b = *state;
	struct buf why = BUF_INIT(4096);
	int fd = -1;

	assert_int_equal(process_listen(b->path, NULL, &fd, &why), RC_IO);
	assert_non_null(strstr(why.ptr, "another process listens there"));
	assert_int_equal(fd, -1);
	(void)close(b->socket);
	buf_reset(&why);
	assert_int_equal(
	    process_listen(b->path, NULL, &b->socket, &why), RC_OK);
	assert_int_equal(why.len, 0);
	(void)close(socket_bench_dial(b));
	buf_release(&why);
}

static void
what_is_no_socket_is_left_alone(void **state)
{
	struct socket_bench *b = *state;
	struct buf why = BUF_INIT(4096);
	struct stat st;
	int fd = -1;

	assert_int_equal(unlink(b->path), 0);
	assert_int_equal(close(open(b->path, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(process_listen(b->path, NULL, &fd, &why), RC_IO);
	assert_int_equal(stat(b->path, &st), 0);
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
inherit(const struct socket_bench *b, int as, bool announced)
{
	struct buf why = BUF_INIT(4096);
	char pid[32];
	int fd = -1;
	enum rc rc;

	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	if (dup2(b->socket, as) < 0 ||
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
	const struct socket_bench *b = *state;

	for (int i = 0; i < 2; i++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0)
			_exit(inherit(b, i == 0 ? 0 : 3, i != 0));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void
an_unknown_user_is_refused(void **state)
{
	struct socket_bench *b = *state;
	struct buf why = BUF_INIT(4096);
	int fd = -1;

	(void)close(b->socket);
	assert_int_equal(
	    process_listen(b->path, "no-such-user", &fd, &why), RC_IO);
	assert_non_null(strstr(why.ptr, "no such user or group"));
	buf_reset(&why);
	/* The folder holds no half-made socket: it can be removed. */
	assert_int_equal(
	    process_listen(b->path, NULL, &b->socket, &why), RC_OK);
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
