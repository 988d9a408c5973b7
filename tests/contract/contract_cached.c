/* A store with memcached in front is a store like any other: with memcached
 * there, away, and cut off; and what memcached does when it does not work. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "kv_memcached.h"
#include "memcached_bench.h"
#include "store_cached.h"
#include "store_scratch.h"
#include "store_wrapped.h"

#define SKIPPED 77
#define NOWHERE "/nonexistent/memcached"

static struct memcached_bench memcached;

/* ------------------------------------------------------------ the suites */

static enum rc
open_scratch(void *ctx, struct store **out)
{
	struct store_scratch *s = ctx;
	struct store_sqlite_options options;

	store_scratch_init_fast(s);
	options = store_scratch_options(s);
	return store_scratch_open(s, &options, out);
}

static void
clear(void *ctx)
{
	store_scratch_release(ctx);
}

static int
run_suites(const char *name, const char *server)
{
	struct store_scratch scratch;
	const struct store_maker maker = { name, open_scratch, clear,
		&scratch };

	return store_wrapped_suites(name, server, &maker);
}

/* --------------------------------------------------------- one connection */

struct line {
	struct arena arena;
	struct log log;
	struct kv *kv;
};

static void
swallow(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

static int
line_setup(void **state)
{
	static const char *address;
	struct line *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return -1;
	l->arena = ARENA_INIT((size_t)8 * 1024 * 1024);
	l->log = LOG_INIT(swallow, NULL, LOG_DEBUG);
	address = memcached.address;
	assert_int_equal(store_wrapped_kv(&address, &l->log, &l->kv), RC_OK);
	*state = l;
	return 0;
}

static int
line_teardown(void **state)
{
	struct line *l = *state;

	l->kv->ops->close(l->kv);
	arena_release(&l->arena);
	log_release(&l->log);
	free(l);
	return 0;
}

#define DEADLINE_MS 30000

static int64_t
deadline_of_now(void)
{
	return clock_mono_ms(&clock_system) + DEADLINE_MS;
}

static enum rc
get_once(struct line *l, const char *name, struct slice *value)
{
	return l->kv->ops->get(l->kv, slice_of(name), &l->arena, value);
}

/* Until the server answers: on a busy machine it may take too long now and
 * then, and the breaker keeps us away for a while. */
static enum rc
get(struct line *l, const char *name, struct slice *value)
{
	const int64_t deadline = deadline_of_now();
	enum rc rc = get_once(l, name, value);

	while (rc == RC_BUSY && clock_mono_ms(&clock_system) < deadline)
		rc = get_once(l, name, value);
	return rc;
}

static void
wait_until_it_works(struct line *l)
{
	struct slice value;

	assert_int_equal(get(l, "none", &value), RC_NOTFOUND);
}

/* Until it lies there. */
static void
put(struct line *l, const char *name, const char *text)
{
	const int64_t deadline = deadline_of_now();
	struct slice value;

	do {
		assert_true(clock_mono_ms(&clock_system) < deadline);
		l->kv->ops->put(l->kv, slice_of(name), slice_of(text), 60);
	} while (
	    get(l, name, &value) != RC_OK || !slice_eq(value, slice_of(text)));
}

static void
what_is_put_is_got_until_it_is_dropped(void **state)
{
	struct line *l = *state;
	struct slice value;

	assert_int_equal(get(l, "a", &value), RC_NOTFOUND);
	put(l, "a", "one");
	assert_int_equal(get(l, "a", &value), RC_OK);
	assert_true(slice_eq(value, SLICE("one")));
	while (get(l, "a", &value) == RC_OK)
		l->kv->ops->drop(l->kv, SLICE("a"));
	l->kv->ops->drop(l->kv, SLICE("a"));
	assert_int_equal(get(l, "a", &value), RC_NOTFOUND);
}

static enum rc
look(struct line *l, const char *name, uint64_t first, uint64_t *value)
{
	wait_until_it_works(l);
	return l->kv->ops->look(l->kv, slice_of(name), first, value);
}

static void
raise_counter(struct line *l, const char *name, uint64_t first)
{
	wait_until_it_works(l);
	l->kv->ops->raise(l->kv, slice_of(name), first);
}

static void
a_counter_begins_once_and_grows(void **state)
{
	struct line *l = *state;
	uint64_t value = 0;

	assert_int_equal(look(l, "n", 100, &value), RC_NOTFOUND);
	assert_int_equal(look(l, "n", 200, &value), RC_OK);
	assert_int_equal(value, 100);
	raise_counter(l, "n", 300);
	assert_int_equal(look(l, "n", 200, &value), RC_OK);
	assert_int_equal(value, 101);
	raise_counter(l, "m", 300);
	assert_int_equal(look(l, "m", 200, &value), RC_OK);
	assert_int_equal(value, 300);
}

static void
a_counter_that_is_no_number_is_begun_anew(void **state)
{
	struct line *l = *state;
	uint64_t value = 0;

	for (int i = 0; i < 2; i++) {
		put(l, "x", "rubbish");
		if (i == 0) {
			raise_counter(l, "x", 7);
		} else {
			assert_int_equal(look(l, "x", 7, &value), RC_NOTFOUND);
		}
		assert_int_equal(look(l, "x", 9, &value), RC_OK);
		assert_int_equal(value, 7);
	}
}

static void
a_server_that_hangs_costs_one_timeout(void **state)
{
	struct line *l = *state;
	struct slice value;
	int64_t before, slow = 0;

	put(l, "h", "one");
	memcached_bench_stop(&memcached, true);
	before = clock_mono_ms(&clock_system);
	assert_int_equal(get_once(l, "h", &value), RC_BUSY);
	slow = clock_mono_ms(&clock_system) - before;
	assert_true(slow < 5000); /* the library would wait for that long */
	/* Nothing is sent to it now; that takes no time at all. */
	for (int i = 0; i < 1000; i++)
		if (clock_mono_ms(&clock_system) - before < slow + 390)
			assert_int_equal(get_once(l, "h", &value), RC_BUSY);
	memcached_bench_stop(&memcached, false);
	wait_until_it_works(l);
	assert_int_equal(get(l, "h", &value), RC_OK);
	assert_true(slice_eq(value, SLICE("one")));
}

static void
what_was_cut_off_comes_back_with_what_it_had(void **state)
{
	struct line *l = *state;
	struct slice value;

	put(l, "old", "contents");
	memcached_bench_cut(&memcached, true);
	while (get_once(l, "old", &value) == RC_OK)
		continue;
	l->kv->ops->drop(l->kv, SLICE("old")); /* in vain */
	memcached_bench_cut(&memcached, false);
	wait_until_it_works(l);
	assert_int_equal(get(l, "old", &value), RC_OK);
	assert_true(slice_eq(value, SLICE("contents")));
}

static void
what_was_killed_comes_back_empty(void **state)
{
	struct line *l = *state;
	struct slice value;
	uint64_t number;

	put(l, "k", "one");
	memcached_bench_kill(&memcached);
	assert_int_equal(get_once(l, "k", &value), RC_BUSY);
	assert_int_equal(
	    l->kv->ops->look(l->kv, SLICE("n"), 1, &number), RC_BUSY);
	memcached_bench_restart(&memcached);
	wait_until_it_works(l);
	assert_int_equal(get(l, "k", &value), RC_NOTFOUND);
}

static void
names_and_values_that_are_none_do_no_harm(void **state)
{
	static char name[KV_NAME_MAX + 2];
	static char large[KV_VALUE_MAX + 1];
	struct line *l = *state;
	struct slice value;

	memset(name, 'n', KV_NAME_MAX + 1);
	assert_int_equal(get_once(l, name, &value), RC_BUSY);
	assert_int_equal(get_once(l, "", &value), RC_BUSY);
	l->kv->ops->put(
	    l->kv, SLICE("large"), (struct slice){ large, sizeof(large) }, 60);
	assert_int_equal(get(l, "large", &value), RC_NOTFOUND);
}

/* --------------------------------------------- two processes, one parent */

/* READS: those that were copies, of each process. */
enum { SESSIONS = 300, READS = 30000, PROCESSES = 2 };

static struct session_row
row_of(struct buf *text, uint32_t n)
{
	struct session_row row = store_row(n, 1, 2000);

	buf_reset(text);
	buf_printf(text, "{\"name\":\"session %u\"}", n);
	row.client = buf_slice(text);
	row.initialized = true;
	return row;
}

static enum rc
open_over(struct store_scratch *s, struct store_wrapped *w, struct kv *kv,
    struct store **out)
{
	struct store_sqlite_options sqlite = store_scratch_options(s);
	enum rc rc = store_scratch_open(s, &sqlite, &w->under);

	return rc == RC_OK ? store_wrapped_over(w, kv, "two", out) : rc;
}

/* What a child does, with the kv of its parent; its exit status. */
static int
read_many(struct store_scratch *s, struct kv *kv, unsigned seed)
{
	struct store_wrapped w = { .opened = 0 };
	struct arena a = ARENA_INIT((size_t)1024 * 1024);
	struct op op = { .give_up_mono = INT64_MAX, .arena = &a };
	struct buf text = BUF_INIT(256);
	const int64_t deadline = deadline_of_now();
	struct store *store;

	if (open_over(s, &w, kv, &store) != RC_OK)
		return 2;
	for (unsigned i = 0; store_cached_counted(store).hits < READS; i++) {
		uint32_t n = (i * 7919 + seed * 31) % SESSIONS;
		struct session_row want = row_of(&text, n);
		struct session_row got;

		arena_reset(&a);
		if (store->ops->session_get(
			store, &op, &want.key, &got, NULL) != RC_OK ||
		    memcmp(got.key.sid, want.key.sid, SID_BYTES) != 0 ||
		    !slice_eq(got.client, want.client))
			return 3;
		if (clock_mono_ms(&clock_system) > deadline)
			return 4;
	}
	store->ops->close(store);
	buf_release(&text);
	arena_release(&a);
	return 0;
}

static void
two_processes_of_one_parent_never_read_each_others_rows(void **state)
{
	struct line *l = *state;
	struct store_scratch s;
	struct store_sqlite_options options;
	struct store *store;
	struct op op = { .give_up_mono = INT64_MAX, .arena = &l->arena };
	struct buf text = BUF_INIT(256);
	struct slice value;
	pid_t pid[PROCESSES];
	int status;

	store_scratch_init_fast(&s);
	options = store_scratch_options(&s);
	assert_int_equal(store_scratch_open(&s, &options, &store), RC_OK);
	for (uint32_t n = 0; n < SESSIONS; n++) {
		struct session_row row = row_of(&text, n);
		int64_t id;

		op.relaxed = true;
		assert_int_equal(store->ops->session_put(
				     store, &op, &row, &store_no_caps, &id),
		    RC_OK);
	}
	store->ops->close(store);
	/* The connection that they inherit is in use. */
	assert_int_equal(get(l, "none", &value), RC_NOTFOUND);
	for (unsigned i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0)
			_exit(read_many(&s, l->kv, i));
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	/* And it still is the parent's. */
	assert_int_equal(get(l, "none", &value), RC_NOTFOUND);
	buf_release(&text);
	store_scratch_release(&s);
}

/* -------------------------------------------------------------- addresses */

static void
addresses_are_host_and_port_or_a_path(void **state)
{
	static const struct {
		const char *text;
		bool is_one;
	} rows[] = { { "127.0.0.1:11211", true }, { "cache.example:1", true },
		{ "[::1]:11211", true }, { "/run/memcached.sock", true },
		{ "localhost", false }, { ":11211", false }, { "a:", false },
		{ "a:0", false }, { "a:65536", false }, { "a:x", false },
		{ "::1:11211", false }, { "a b:1", false }, { "", false },
		{ "memcached.sock", false } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    kv_memcached_is_address(rows[i].text), rows[i].is_one);
}

int
main(void)
{
#define LINE_TEST(f)                                                           \
	cmocka_unit_test_setup_teardown(f, line_setup, line_teardown)
	const struct CMUnitTest tests[] = {
		LINE_TEST(what_is_put_is_got_until_it_is_dropped),
		LINE_TEST(a_counter_begins_once_and_grows),
		LINE_TEST(a_counter_that_is_no_number_is_begun_anew),
		LINE_TEST(names_and_values_that_are_none_do_no_harm),
		LINE_TEST(
		    two_processes_of_one_parent_never_read_each_others_rows),
		LINE_TEST(what_was_cut_off_comes_back_with_what_it_had),
		LINE_TEST(a_server_that_hangs_costs_one_timeout),
		LINE_TEST(what_was_killed_comes_back_empty),
		cmocka_unit_test(addresses_are_host_and_port_or_a_path),
	};
	int failed = run_suites("memcached away, store_sqlite", NOWHERE);

	if (!memcached_bench_start(&memcached)) {
		(void)fprintf(stderr, "memcached is not installed\n");
		return failed > 0 ? failed : SKIPPED;
	}
	failed += run_suites("memcached, store_sqlite", memcached.socket);
	failed +=
	    cmocka_run_group_tests_name("kv_memcached", tests, NULL, NULL);
	memcached_bench_release(&memcached);
	return failed;
}
