/* What a store does while its server is away, silent, not its own, or has
 * become another one. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "migrate.h"
#include "store_remote.h"

/* Of a call that is to fail, and how late it may be on a machine that has much
 * else to do. */
#define SHORT_MS 300
#define LATE_MS 8000
#define LONG_MS 30000

static struct store_remote remote;
static struct cut_proxy proxy;

struct fixture {
	struct store *store;
	struct arena arena;
	struct op op;
};

static int64_t
now(void)
{
	return clock_mono_ms(&clock_system);
}

static const struct op *
within(struct fixture *f, int64_t ms)
{
	f->op = (struct op){
		.now_ms = 5000, .give_up_mono = now() + ms, .arena = &f->arena
	};
	return &f->op;
}

/* An empty database with nothing in the way. */
static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	*state = f;
	f->arena = ARENA_INIT(1 << 22);
	cut_proxy_set(&proxy, CUT_NOTHING, 1);
	(void)store_remote_text(&remote, "DROP SCHEMA public CASCADE");
	(void)store_remote_text(&remote, "CREATE SCHEMA public");
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->store != NULL)
		f->store->ops->close(f->store);
	arena_release(&f->arena);
	free(f);
	return 0;
}

static void
open_store(struct fixture *f)
{
	assert_int_equal(store_remote_open(&remote, true, &f->store), RC_OK);
}

static enum rc
info_within(struct fixture *f, int64_t ms)
{
	struct store_info info;

	return f->store->ops->info(f->store, within(f, ms), &info);
}

static enum rc
put_within(struct fixture *f, uint32_t n, int64_t ms)
{
	const struct session_row row = store_row(n, 1, 2000);
	int64_t id = 0;

	return f->store->ops->session_put(
	    f->store, within(f, ms), &row, &store_no_caps, &id);
}

static uint32_t
incarnation(struct fixture *f)
{
	struct store_info info;

	assert_int_equal(
	    f->store->ops->info(f->store, within(f, LONG_MS), &info), RC_OK);
	return info.incarnation;
}

/* Calls fail until one succeeds: how soon is not asked. */
static void
assert_it_comes_back(struct fixture *f)
{
	const int64_t end = now() + LONG_MS;
	enum rc rc = info_within(f, LONG_MS);

	while (rc == RC_BUSY && now() < end) {
		(void)poll(NULL, 0, 10);
		rc = info_within(f, LONG_MS);
	}
	assert_int_equal(rc, RC_OK);
}

static void
assert_says(const char *part)
{
	assert_true(remote.why.len > 0);
	assert_non_null(strstr(remote.why.ptr, part));
}

/* ----------------------------------------------------------- setting up */

static void
a_database_is_set_up_only_with_leave(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(store_remote_open(&remote, false, &f->store), RC_OK);
	assert_int_equal(info_within(f, LONG_MS), RC_IO);
	assert_int_equal(
	    store_remote_text(&remote, remote.side->ops->has_meta), 0);
	f->store->ops->close(f->store);
	open_store(f);
	assert_int_equal(info_within(f, LONG_MS), RC_OK);
	assert_int_equal(store_remote_text(&remote,
			     "SELECT v FROM mcp_meta WHERE k = 'schema'"),
	    migrate_newest("postgresql"));
}

static void
several_may_set_it_up_at_once(void **state)
{
	pid_t child[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct store *store;

		child[i] = fork();
		if (child[i] == 0) {
			const enum rc rc =
			    store_remote_open(&remote, true, &store);

			_exit(rc == RC_OK ? 0 : 1);
		}
		assert_true(child[i] > 0);
	}
	for (size_t i = 0; i < 4; i++) {
		int status = -1;

		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
}

static void
a_newer_store_asks_for_newer_programs(void **state)
{
	struct fixture *f = *state;

	open_store(f);
	f->store->ops->close(f->store);
	f->store = NULL;
	(void)store_remote_text(
	    &remote, "UPDATE mcp_meta SET v = 999 WHERE k = 'oldest_program'");
	assert_int_equal(store_remote_open(&remote, true, &f->store), RC_IO);
	assert_says("made for newer programs: it asks for schema 999");
}

static void
another_timeline_renews_the_store(void **state)
{
	struct fixture *f = *state;
	uint32_t first, second;

	open_store(f);
	first = incarnation(f);
	assert_true(first > 0);
	cut_proxy_cut_all(&proxy);
	assert_int_equal(incarnation(f), first);
	(void)store_remote_text(
	    &remote, "UPDATE mcp_meta SET v = v + 1 WHERE k = 'timeline'");
	assert_int_equal(incarnation(f), first);
	cut_proxy_cut_all(&proxy);
	second = incarnation(f);
	assert_true(second > first);
	cut_proxy_cut_all(&proxy);
	assert_int_equal(incarnation(f), second);
}

/* ------------------------------------------------------ out of reach */

static void
a_program_starts_without_its_server(void **state)
{
	struct fixture *f = *state;
	const int64_t begin = now();

	cut_proxy_set(&proxy, CUT_REFUSE, 1);
	assert_int_equal(store_remote_open(&remote, true, &f->store), RC_BUSY);
	assert_says("connection");
	assert_null(f->store);
	assert_int_equal(store_remote_open(&remote, false, &f->store), RC_OK);
	assert_int_equal(info_within(f, LONG_MS), RC_BUSY);
	assert_true(now() - begin < LATE_MS);
	f->store->ops->close(f->store);
	cut_proxy_set(&proxy, CUT_NOTHING, 1);
	open_store(f);
	assert_int_equal(info_within(f, LONG_MS), RC_OK);
}

static void
an_outage_costs_a_call_little(void **state)
{
	struct fixture *f = *state;
	int64_t begin;

	open_store(f);
	cut_proxy_set(&proxy, CUT_REFUSE, 1);
	/* The first one hopes that it is only a restart. */
	assert_int_equal(info_within(f, SHORT_MS), RC_BUSY);
	begin = now();
	for (int i = 0; i < 100; i++)
		assert_int_equal(info_within(f, LONG_MS), RC_BUSY);
	assert_true(now() - begin < LATE_MS);
	cut_proxy_set(&proxy, CUT_NOTHING, 1);
	assert_it_comes_back(f);
}

static void
a_silent_server_costs_a_call_its_deadline(void **state)
{
	struct fixture *f = *state;
	int64_t begin;

	open_store(f);
	cut_proxy_set(&proxy, CUT_STALL, 1);
	begin = now();
	assert_int_equal(info_within(f, SHORT_MS), RC_BUSY);
	assert_true(now() - begin >= SHORT_MS);
	assert_true(now() - begin < LATE_MS);
	/* To connect takes a part of the deadline only. */
	assert_int_equal(info_within(f, LONG_MS), RC_BUSY);
	assert_true(now() - begin < LATE_MS);
	cut_proxy_set(&proxy, CUT_NOTHING, 1);
	assert_it_comes_back(f);
}

static void
after_a_restart_the_next_call_succeeds(void **state)
{
	struct fixture *f = *state;

	open_store(f);
	for (uint32_t n = 0; n < 6; n += 2) {
		cut_proxy_cut_all(&proxy);
		assert_int_equal(put_within(f, n, LONG_MS), RC_OK);
		/* As the server does when it is stopped: with a reason. */
		(void)store_remote_text(&remote,
		    "SELECT count(pg_terminate_backend(pid, 10000))"
		    " FROM pg_stat_activity WHERE usename = current_user"
		    " AND pid <> pg_backend_pid()");
		assert_int_equal(put_within(f, n + 1, LONG_MS), RC_OK);
	}
	assert_false(f->store->ops->doubt(f->store));
}

static void
who_is_cut_off_waits_for_the_server(void **state)
{
	struct fixture *f = *state;
	const int64_t begin = now();
	pid_t child;
	int status = -1;

	open_store(f);
	cut_proxy_set(&proxy, CUT_REFUSE, 1);
	child = fork();
	if (child == 0) {
		(void)poll(NULL, 0, SHORT_MS);
		cut_proxy_set(&proxy, CUT_NOTHING, 1);
		_exit(0);
	}
	assert_int_equal(put_within(f, 1, LONG_MS), RC_OK);
	assert_true(now() - begin >= SHORT_MS);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
what_may_have_been_done_is_doubtful_once(void **state)
{
	struct fixture *f = *state;

	open_store(f);
	cut_proxy_set(&proxy, CUT_ANSWER, 1);
	/* It is connected, so that the first attempt is sent. */
	assert_int_equal(put_within(f, 1, 10 * SHORT_MS), RC_BUSY);
	assert_true(f->store->ops->doubt(f->store));
	assert_false(f->store->ops->doubt(f->store));
	/* What only reads leaves no doubt. */
	assert_int_equal(info_within(f, SHORT_MS), RC_BUSY);
	assert_false(f->store->ops->doubt(f->store));
	cut_proxy_set(&proxy, CUT_NOTHING, 1);
	assert_it_comes_back(f);
	assert_int_equal(put_within(f, 1, LONG_MS), RC_CONFLICT);
}

static void
who_rests_connects_again(void **state)
{
	struct fixture *f = *state;
	int before;

	open_store(f);
	before = cut_proxy_connections(&proxy);
	assert_int_equal(info_within(f, LONG_MS), RC_OK);
	assert_int_equal(cut_proxy_connections(&proxy), before);
	f->store->ops->rest(f->store);
	assert_int_equal(info_within(f, LONG_MS), RC_OK);
	assert_int_equal(cut_proxy_connections(&proxy), before + 1);
}

/* -------------------------------------------------- which server it is */

static void
a_server_that_only_reads_is_not_taken(void **state)
{
	struct fixture *f = *state;

	open_store(f);
	(void)store_remote_text(&remote,
	    "ALTER DATABASE mcp SET default_transaction_read_only = on");
	cut_proxy_cut_all(&proxy);
	assert_int_equal(info_within(f, SHORT_MS), RC_BUSY);
	(void)store_remote_text(
	    &remote, "ALTER DATABASE mcp RESET default_transaction_read_only");
	assert_it_comes_back(f);
}

static void
a_database_that_is_not_there_is_told_at_once(void **state)
{
	struct fixture *f = *state;
	char url[600];

	(void)snprintf(url, sizeof(url), "%sx", remote.through);
	assert_int_equal(
	    store_remote_open_at(&remote, url, true, &f->store), RC_IO);
	assert_says("does not exist");
	assert_int_equal(
	    store_remote_open_at(&remote, url, false, &f->store), RC_OK);
	assert_int_equal(info_within(f, LONG_MS), RC_IO);
}

static void
of_several_hosts_the_one_that_answers_is_taken(void **state)
{
	static const enum cut_mode modes[] = { CUT_REFUSE, CUT_STALL };
	struct fixture *f = *state;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *port = getenv("MCP_STORE_PORT");
	char url[256];

	(void)snprintf(url, sizeof(url),
	    "postgresql://mcp@127.0.0.1:%d,127.0.0.1:%s/mcp", proxy.port, port);
	for (size_t i = 0; i < 2; i++) {
		cut_proxy_set(&proxy, modes[i], 1);
		assert_int_equal(
		    store_remote_open_at(&remote, url, true, &f->store), RC_OK);
		assert_int_equal(info_within(f, LONG_MS), RC_OK);
		f->store->ops->close(f->store);
		f->store = NULL;
	}
}

/* -------------------------------------------------------- processes */

static void
a_connection_does_not_travel_over_a_fork(void **state)
{
	struct fixture *f = *state;
	pid_t child;
	int status = -1;

	open_store(f);
	assert_int_equal(info_within(f, LONG_MS), RC_OK);
	child = fork();
	if (child == 0) {
		const enum rc rc = info_within(f, LONG_MS);

		f->store->ops->rest(f->store);
		f->store->ops->close(f->store);
		_exit(rc == RC_BUG ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(info_within(f, LONG_MS), RC_OK);
}

static void
programs_of_tools_do_not_inherit_it(void **state)
{
	struct fixture *f = *state;
	int sockets = 0;

	open_store(f);
	assert_int_equal(info_within(f, LONG_MS), RC_OK);
	for (int fd = 3; fd < 256; fd++) {
		struct stat st;

		if (fstat(fd, &st) != 0 || !S_ISSOCK(st.st_mode))
			continue;
		sockets++;
		assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	}
	assert_int_equal(sockets, 2);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_database_is_set_up_only_with_leave),
		CASE(several_may_set_it_up_at_once),
		CASE(a_newer_store_asks_for_newer_programs),
		CASE(another_timeline_renews_the_store),
		CASE(a_program_starts_without_its_server),
		CASE(an_outage_costs_a_call_little),
		CASE(a_silent_server_costs_a_call_its_deadline),
		CASE(after_a_restart_the_next_call_succeeds),
		CASE(who_is_cut_off_waits_for_the_server),
		CASE(what_may_have_been_done_is_doubtful_once),
		CASE(who_rests_connects_again),
		CASE(a_server_that_only_reads_is_not_taken),
		CASE(a_database_that_is_not_there_is_told_at_once),
		CASE(of_several_hosts_the_one_that_answers_is_taken),
		CASE(a_connection_does_not_travel_over_a_fork),
		CASE(programs_of_tools_do_not_inherit_it),
	};
	int failed;

	if (!store_remote_init(&remote, "postgresql://"))
		return 77;
	store_remote_proxy(&remote, &proxy, cut_is_postgresql_run);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	cut_proxy_stop(&proxy);
	store_remote_release(&remote);
	return failed;
}
