/* Connecting again and again without success costs nothing but time, and never
 * more of it than was given. */
#include <arpa/inet.h>
#include <dirent.h>
#include <malloc.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "rng.h"
#include "store_remote.h"

#define SHORT_MS 100
#define LATE_MS 4000
#define OFTEN 1000

static struct store_remote remote;

static bool
is_mariadb(void)
{
	return strncmp(remote.url, "mariadb:", 8) == 0;
}

static size_t
open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(folder);
	while (readdir(folder) != NULL) /* NOLINT: one thread */
		n++;
	assert_int_equal(closedir(folder), 0);
	return n;
}

/* Of this port, with a password that is wrong, and a database that is not
 * there. */
static struct remote_engine *
engine_at(int port)
{
	char url[256];
	struct remote_options options = { .url = url,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = &remote.log };
	struct remote_engine *e = NULL;

	(void)snprintf(url, sizeof(url), "%s://mcp:wrong@127.0.0.1:%d/absent",
	    is_mariadb() ? "mariadb" : "postgresql", port);
	buf_reset(&remote.why);
	assert_int_equal((is_mariadb() ? mariadb_engine : postgresql_engine)(
			     &options, &e, &remote.why),
	    RC_OK);
	return e;
}

/* How long the longest took. */
static int64_t
try_often(struct remote_engine *e, int times, int64_t within)
{
	int64_t longest = 0;

	for (int i = 0; i < times; i++) {
		const int64_t begin = clock_mono_ms(&clock_system);
		int64_t took;

		buf_reset(&remote.why);
		assert_int_not_equal(
		    e->ops->connect(e, begin + within, &remote.why),
		    REMOTE_DONE);
		assert_false(e->ops->is_connected(e));
		assert_null(strstr(remote.why.ptr, "wrong"));
		took = clock_mono_ms(&clock_system) - begin;
		longest = took > longest ? took : longest;
	}
	return longest;
}

static void
assert_leaves_nothing(struct remote_engine *e, int times, int64_t within)
{
	size_t files;
	size_t bytes;

	/* What is made once. */
	(void)try_often(e, 3, within);
	files = open_files();
	bytes = mallinfo2().uordblks;
	assert_true(try_often(e, times, within) < within + LATE_MS);
	assert_int_equal(open_files(), files);
	assert_true(mallinfo2().uordblks < bytes + 65536);
	e->ops->free(e);
}

/* A socket of ours, and its port. */
static int
listener(int backlog, int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	if (backlog >= 0)
		assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void
a_port_where_nobody_listens_leaves_nothing(void **state)
{
	int port;
	const int fd = listener(-1, &port);

	(void)state;
	assert_leaves_nothing(engine_at(port), OFTEN, 2000);
	(void)close(fd);
}

/* It is accepted by the system, and nobody ever says a word; once the queue is
 * full not even that. */
static void
a_server_that_never_answers_costs_the_time_given(void **state)
{
	int port;
	const int fd = listener(1, &port);

	(void)state;
	assert_leaves_nothing(engine_at(port), 20, SHORT_MS);
	(void)close(fd);
}

static void
a_refusal_leaves_nothing(void **state)
{
	const char *port = getenv("MCP_STORE_PORT"); /* NOLINT: one thread */
	int number = 0;

	(void)state;
	assert_non_null(port);
	assert_int_equal(sscanf(port, "%d", &number), 1); /* NOLINT */
	assert_leaves_nothing(engine_at(number), 200, 5000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_where_nobody_listens_leaves_nothing),
		cmocka_unit_test(
		    a_server_that_never_answers_costs_the_time_given),
		cmocka_unit_test(a_refusal_leaves_nothing),
	};
	int failed;

	if (!store_remote_init(&remote, ""))
		return 77;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	store_remote_release(&remote);
	return failed;
}
