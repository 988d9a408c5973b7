#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cached_bench.h"
#include "store_suite.h"

enum { HERE, THERE };

static int64_t
now_of(const struct cached_bench *b)
{
	return b->clock.mono / 1000;
}

/* Read it on a host, so that there is a copy. */
static void
copy_on(struct cached_bench *b, size_t host, uint32_t n)
{
	struct session_row row;

	assert_int_equal(cached_bench_get(b, &b->host[host], n, &row), RC_OK);
}

/* The next read of n on that host is answered by the store, or by a copy. */
static void
expect(struct cached_bench *b, size_t host, uint32_t n, bool is_copy)
{
	struct cached_host *h = &b->host[host];
	unsigned long before = cached_bench_reads(h);
	struct session_row row, truth;
	const struct session_key key = store_row(n, 1, 0).key;

	assert_int_equal(
	    b->truth->ops->session_get(b->truth, &b->op, &key, &truth, NULL),
	    RC_OK);
	assert_int_equal(cached_bench_get(b, h, n, &row), RC_OK);
	assert_int_equal(cached_bench_reads(h) - before, is_copy ? 0 : 1);
	assert_int_equal(row.id, truth.id);
	assert_int_equal(row.state, truth.state);
	assert_int_equal(row.log_level, truth.log_level);
	assert_memory_equal(row.key.sid, truth.key.sid, SID_BYTES);
	assert_true(slice_eq(row.client, truth.client));
	assert_true(slice_eq(row.revision, truth.revision));
	assert_true(slice_eq(row.principal_name, truth.principal_name));
}

static enum rc
end_on(struct cached_bench *b, size_t host, uint32_t n)
{
	const struct session_key key = store_row(n, 1, 0).key;
	struct store *s = b->host[host].store;

	return s->ops->session_end(s, &b->op, &key, END_DELETED);
}

static int64_t
settled_on(struct cached_bench *b, size_t host)
{
	struct store *s = b->host[host].store;

	return s->ops->settled_mono(s);
}

/* ------------------------------------------------------------- what helps */

static void
one_host_reads_and_the_other_has_the_copy(void **state)
{
	struct cached_bench *b = *state;

	(void)cached_bench_put(b, 1);
	expect(b, HERE, 1, false);
	expect(b, HERE, 1, true);
	expect(b, THERE, 1, true);
	assert_int_equal(fake_kv_names(&b->kv), 1);
	assert_int_equal(fake_kv_find(&b->kv, "")->seconds, CACHE_SECONDS);
}

static void
sessions_that_others_do_not_touch_stay_copied(void **state)
{
	struct cached_bench *b = *state;

	(void)cached_bench_put(b, 1);
	(void)cached_bench_put(b, 2); /* another shard */
	copy_on(b, HERE, 1);
	assert_int_equal(end_on(b, THERE, 2), RC_OK);
	cached_bench_publish(b, &b->host[HERE]);
	expect(b, HERE, 1, true);
}

static void
a_session_of_the_same_shard_is_read_again_once(void **state)
{
	struct cached_bench *b = *state;

	(void)cached_bench_put(b, 1);
	(void)cached_bench_put(b, 0x101); /* the same first byte */
	copy_on(b, HERE, 1);
	assert_int_equal(end_on(b, THERE, 0x101), RC_OK);
	cached_bench_publish(b, &b->host[HERE]);
	expect(b, HERE, 1, false);
	expect(b, HERE, 1, true);
}

/* --------------------------------------------------------- what is refused */

static void
a_copy_that_came_back_is_refused_when_the_revision_was_raised(void **state)
{
	struct cached_bench *b = *state;
	struct session_row row;

	(void)cached_bench_put(b, 1);
	copy_on(b, HERE, 1);
	b->kv.keeps = true; /* the delete is lost */
	assert_int_equal(end_on(b, THERE, 1), RC_OK);
	assert_int_equal(fake_kv_names(&b->kv), 1);
	fake_clock_advance(&b->clock, CACHE_DELTA_MS);
	cached_bench_publish(b, &b->host[HERE]);
	expect(b, HERE, 1, false);
	assert_int_equal(cached_bench_get(b, &b->host[HERE], 1, &row), RC_OK);
	assert_int_equal(row.state, SESSION_ENDED);
	assert_int_equal(store_cached_counted(b->host[HERE].store).refused, 2);
}

static void
no_copy_is_used_without_a_young_vector(void **state)
{
	static const struct {
		int64_t age;
		bool is_copy;
	} rows[] = { { 0, true }, { CACHE_DELTA_MS - 1, true },
		{ CACHE_DELTA_MS, false }, { 100000, false },
		{ -1, false } /* of another boot */ };
	struct cached_bench *b = *state;

	(void)cached_bench_put(b, 1);
	copy_on(b, HERE, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		b->host[HERE].revs.t0_mono = now_of(b) - rows[i].age;
		expect(b, HERE, 1, rows[i].is_copy);
	}
	cached_bench_publish(b, &b->host[HERE]);
	expect(b, HERE, 1, true);
	b->host[HERE].revs.is_gone = true;
	expect(b, HERE, 1, false);
}

static void
no_memcached_is_touched_without_a_young_vector(void **state)
{
	struct cached_bench *b = *state;

	(void)cached_bench_put(b, 1);
	b->host[HERE].revs.is_gone = true;
	expect(b, HERE, 1, false);
	assert_int_equal(b->kv.gets + b->kv.puts, 0);
}

/* What was ended before the answer to its DELETE is ended for everybody at
 * that moment, whatever they know. */
static void
whoever_still_may_use_a_copy_has_a_vector_from_after_the_end(void **state)
{
	struct cached_bench *b = *state;
	int64_t told;

	(void)cached_bench_put(b, 1);
	copy_on(b, HERE, 1);
	b->kv.keeps = true;
	b->clock.mono += 999; /* a commit late in its millisecond */
	cached_bench_publish(b, &b->host[HERE]);
	assert_int_equal(end_on(b, THERE, 1), RC_OK);
	told = settled_on(b, THERE);
	assert_true(told >= now_of(b) + CACHE_DELTA_MS + 1);
	/* Nobody has published since. */
	fake_clock_advance(&b->clock, told - now_of(b));
	expect(b, HERE, 1, false);
}

static void
another_incarnation_is_another_store(void **state)
{
	struct cached_bench *b = *state;

	(void)cached_bench_put(b, 1);
	copy_on(b, HERE, 1);
	b->host[HERE].revs.incarnation = 2;
	expect(b, HERE, 1, false);
	b->host[HERE].revs.incarnation = 1;
	expect(b, HERE, 1, true);
}

static void
what_lies_under_the_wrong_name_is_not_taken(void **state)
{
	struct cached_bench *b = *state;
	struct fake_kv_slot *one, *two;
	char name[sizeof(one->name)];

	(void)cached_bench_put(b, 1);
	(void)cached_bench_put(b, 2);
	copy_on(b, HERE, 1);
	one = fake_kv_find(&b->kv, "");
	memcpy(name, one->name, sizeof(name));
	copy_on(b, HERE, 2);
	two = &b->kv.slot[1];
	memcpy(one->name, two->name, sizeof(name));
	memcpy(two->name, name, sizeof(name));
	expect(b, HERE, 1, false);
	expect(b, HERE, 2, false);
}

static void
a_copy_is_for_the_principal_it_is_of(void **state)
{
	struct cached_bench *b = *state;
	struct session_key key = store_row(1, 2, 0).key;
	struct store *s = b->host[HERE].store;
	struct session_row row;

	(void)cached_bench_put(b, 1);
	copy_on(b, HERE, 1);
	assert_int_equal(
	    s->ops->session_get(s, &b->op, &key, &row, NULL), RC_NOTFOUND);
	key = store_row(1, 1, 0).key;
	key.created++;
	assert_int_equal(
	    s->ops->session_get(s, &b->op, &key, &row, NULL), RC_NOTFOUND);
	expect(b, HERE, 1, true);
}

static void
rubbish_is_a_miss(void **state)
{
	static const char *const values[] = { "", "x", "mcprow", "\1\2\3" };
	struct cached_bench *b = *state;
	struct fake_kv_slot *slot;

	(void)cached_bench_put(b, 1);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		copy_on(b, HERE, 1);
		slot = fake_kv_find(&b->kv, "");
		slot->len = strlen(values[i]);
		memcpy(slot->value, values[i], slot->len);
		expect(b, HERE, 1, false);
		expect(b, HERE, 1, true);
		slot->value[slot->len / 2] ^= 1;
		expect(b, HERE, 1, false);
	}
}

/* ----------------------------------------------------- what is never copied */

static void
what_is_not_there_is_not_copied(void **state)
{
	struct cached_bench *b = *state;
	struct session_row row;

	assert_int_equal(
	    cached_bench_get(b, &b->host[HERE], 1, &row), RC_NOTFOUND);
	assert_int_equal(b->kv.puts, 0);
	(void)cached_bench_put(b, 1);
	expect(b, HERE, 1, false);
}

static void
what_has_ended_is_not_copied(void **state)
{
	struct cached_bench *b = *state;

	(void)cached_bench_put(b, 1);
	assert_int_equal(end_on(b, HERE, 1), RC_OK);
	expect(b, HERE, 1, false);
	expect(b, HERE, 1, false);
	assert_int_equal(b->kv.puts, 0);
}

static void
what_is_not_initialized_is_not_copied(void **state)
{
	const struct session_change change = { SESSION_INITIALIZED, 1 };
	struct cached_bench *b = *state;
	struct store *s = b->host[HERE].store;
	struct session_row row = store_row(1, 1, 2000);
	int64_t id;

	assert_int_equal(
	    s->ops->session_put(s, &b->op, &row, &store_no_caps, &id), RC_OK);
	expect(b, HERE, 1, false);
	expect(b, HERE, 1, false);
	assert_int_equal(b->kv.puts, 0);
	assert_int_equal(s->ops->session_set(s, &b->op, id, &change), RC_OK);
	/* Nobody can have had a copy. */
	assert_int_equal(settled_on(b, HERE), 0);
	cached_bench_publish(b, &b->host[HERE]);
	expect(b, HERE, 1, false);
	expect(b, HERE, 1, true);
}

/* ------------------------------------------------------------------ changes */

static void
a_change_that_clients_rely_on_is_waited_for(void **state)
{
	static const struct {
		struct session_change change;
		bool waits;
		bool drops;
	} rows[] = {
		{ { SESSION_LOG_LEVEL, 3 }, true, true },
		{ { SESSION_TOUCHED, 9999 }, false, true },
		{ { SESSION_INITIALIZED, 1 }, false, false },
	};
	struct cached_bench *b = *state;
	struct store *s = b->host[HERE].store;
	int64_t id = cached_bench_put(b, 1);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cached_bench_publish(b, &b->host[HERE]);
		copy_on(b, HERE, 1);
		assert_int_equal(
		    s->ops->session_set(s, &b->op, id, &rows[i].change), RC_OK);
		assert_int_equal(settled_on(b, HERE),
		    rows[i].waits ? now_of(b) + CACHE_DELTA_MS + CACHE_MARGIN_MS
				  : 0);
		assert_int_equal(fake_kv_names(&b->kv), rows[i].drops ? 0 : 1);
	}
}

static void
who_finds_it_ended_already_waits_too(void **state)
{
	struct cached_bench *b = *state;

	(void)cached_bench_put(b, 1);
	assert_int_equal(end_on(b, HERE, 1), RC_OK);
	assert_int_equal(end_on(b, THERE, 1), RC_CONFLICT);
	assert_int_equal(
	    settled_on(b, THERE), now_of(b) + CACHE_DELTA_MS + CACHE_MARGIN_MS);
}

static void
what_was_not_done_is_not_waited_for(void **state)
{
	struct cached_bench *b = *state;
	struct session_key key = store_row(1, 2, 0).key;
	struct store *s = b->host[HERE].store;

	(void)cached_bench_put(b, 1);
	assert_int_equal(end_on(b, HERE, 1), RC_OK);
	assert_int_equal(
	    s->ops->session_end(s, &b->op, &key, END_DELETED), RC_NOTFOUND);
	assert_int_equal(settled_on(b, HERE), 0);
}

static void
without_copies_nothing_is_waited_for(void **state)
{
	struct cached_bench *b = *state;

	cached_bench_open(b, &b->host[HERE],
	    &(struct store_cached_options){ .waits = false });
	(void)cached_bench_put(b, 1);
	expect(b, HERE, 1, false);
	expect(b, HERE, 1, false);
	assert_int_equal(end_on(b, HERE, 1), RC_OK);
	assert_int_equal(settled_on(b, HERE), 0);
	assert_int_equal(b->kv.gets + b->kv.puts + b->kv.drops, 0);
}

static void
the_wrong_scheme_serves_what_has_ended(void **state)
{
	struct cached_bench *b = *state;
	struct session_row row;
	const struct store_cached_options wrong = { .waits = true,
		.scheme = CACHE_PLAIN_DELETES };

	for (size_t i = 0; i < 2; i++)
		cached_bench_open(b, &b->host[i], &wrong);
	(void)cached_bench_put(b, 1);
	copy_on(b, HERE, 1);
	b->kv.keeps = true;
	assert_int_equal(end_on(b, THERE, 1), RC_OK);
	assert_int_equal(settled_on(b, THERE), 0);
	cached_bench_publish(b, &b->host[HERE]);
	assert_int_equal(cached_bench_get(b, &b->host[HERE], 1, &row), RC_OK);
	assert_int_equal(row.state, SESSION_LIVE);
}

/* ------------------------------------------------------------------ secrets */

static void
hosts_with_other_secrets_only_miss(void **state)
{
	static const unsigned char other[STORE_KEY_BYTES] = { 1 };
	struct cached_bench *b = *state;

	cached_bench_open(b, &b->host[THERE],
	    &(struct store_cached_options){ .waits = true, .secret = other });
	(void)cached_bench_put(b, 1);
	expect(b, HERE, 1, false);
	expect(b, THERE, 1, false);
	expect(b, THERE, 1, true);
	expect(b, HERE, 1, false);
}

static void
a_prefix_that_fits_in_no_name_is_refused(void **state)
{
	char much[CACHE_PREFIX_MAX + 2] = "";
	const char *const prefixes[] = { "a b", "a\n", "\x80", much };
	struct cached_bench *b = *state;

	memset(much, 'p', sizeof(much) - 1);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		const struct store_cached_options o = { .under = b->truth,
			.kv = &b->kv.base,
			.prefix = prefixes[i] };
		struct store *out;

		assert_int_equal(store_cached_open(&o, &out), RC_SYNTAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CACHED_TEST(one_host_reads_and_the_other_has_the_copy),
		CACHED_TEST(sessions_that_others_do_not_touch_stay_copied),
		CACHED_TEST(a_session_of_the_same_shard_is_read_again_once),
		CACHED_TEST(
		    a_copy_that_came_back_is_refused_when_the_revision_was_raised),
		CACHED_TEST(no_copy_is_used_without_a_young_vector),
		CACHED_TEST(no_memcached_is_touched_without_a_young_vector),
		CACHED_TEST(
		    whoever_still_may_use_a_copy_has_a_vector_from_after_the_end),
		CACHED_TEST(another_incarnation_is_another_store),
		CACHED_TEST(what_lies_under_the_wrong_name_is_not_taken),
		CACHED_TEST(a_copy_is_for_the_principal_it_is_of),
		CACHED_TEST(rubbish_is_a_miss),
		CACHED_TEST(what_is_not_there_is_not_copied),
		CACHED_TEST(what_has_ended_is_not_copied),
		CACHED_TEST(what_is_not_initialized_is_not_copied),
		CACHED_TEST(a_change_that_clients_rely_on_is_waited_for),
		CACHED_TEST(who_finds_it_ended_already_waits_too),
		CACHED_TEST(what_was_not_done_is_not_waited_for),
		CACHED_TEST(without_copies_nothing_is_waited_for),
		CACHED_TEST(the_wrong_scheme_serves_what_has_ended),
		CACHED_TEST(hosts_with_other_secrets_only_miss),
		CACHED_TEST(a_prefix_that_fits_in_no_name_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
