/* A counter that spares looks at the store, and never hides a change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cached_bench.h"
#include "store_suite.h"

#define TICK_MS 10

enum { HERE, THERE };

static void
open_with_hints(struct cached_bench *b)
{
	for (size_t i = 0; i < 2; i++)
		cached_bench_open(b, &b->host[i],
		    &(struct store_cached_options){ .hints = true });
}

static unsigned long
looks(const struct cached_host *h)
{
	return h->under.calls[STORE_CHANGES];
}

/* One tick of a reader; how many changes it saw. */
static size_t
tick(struct cached_bench *b, size_t host, struct change_mark *mark)
{
	struct store *s = b->host[host].store;
	struct change_rows rows = { NULL, 99, true };

	fake_clock_advance(&b->clock, TICK_MS);
	assert_int_equal(s->ops->changes(s, &b->op, mark, &rows), RC_OK);
	return rows.n;
}

/* As many ticks as it takes until the counter is trusted. */
static void
settle(struct cached_bench *b, size_t host, struct change_mark *mark)
{
	for (int i = 0; i <= CACHE_HEALTHY_MS / TICK_MS + 1; i++)
		(void)tick(b, host, mark);
}

/* Ticks that looked at the store, of so many. */
static unsigned long
looked(struct cached_bench *b, size_t host, struct change_mark *mark, int ticks)
{
	unsigned long before = looks(&b->host[host]);

	for (int i = 0; i < ticks; i++)
		(void)tick(b, host, mark);
	return looks(&b->host[host]) - before;
}

static void
raise_topic(struct cached_bench *b, size_t host)
{
	const struct topic_raise raise = { SLICE("tools"), NULL };
	struct store *s = b->host[host].store;
	int64_t version;
	bool raised;

	assert_int_equal(
	    s->ops->topic_raise(s, &b->op, &raise, &version, &raised), RC_OK);
}

static void
in_silence_the_store_is_looked_at_four_times_a_second(void **state)
{
	struct cached_bench *b = *state;
	struct change_mark mark = { 0 };
	unsigned long n;

	open_with_hints(b);
	settle(b, HERE, &mark);
	n = looked(b, HERE, &mark, 1000);
	/* 10 s: every 200 to 250 ms. */
	assert_in_range(n, 39, 51);
}

static void
a_change_is_seen_at_the_next_tick(void **state)
{
	struct cached_bench *b = *state;
	struct change_mark mark = { 0 };

	open_with_hints(b);
	settle(b, HERE, &mark);
	for (int i = 0; i < 50; i++) {
		raise_topic(b, THERE);
		assert_int_equal(tick(b, HERE, &mark), 1);
		assert_int_equal(tick(b, HERE, &mark), 0);
	}
}

static void
a_change_without_a_hint_is_seen_all_the_same(void **state)
{
	const struct topic_raise raise = { SLICE("tools"), NULL };
	struct cached_bench *b = *state;
	struct change_mark mark = { 0 };
	int64_t version;
	bool raised;
	size_t seen = 0;

	open_with_hints(b);
	settle(b, HERE, &mark);
	assert_int_equal(b->truth->ops->topic_raise(
			     b->truth, &b->op, &raise, &version, &raised),
	    RC_OK);
	for (int i = 0; i < CACHE_LOOK_MS / TICK_MS + 1; i++)
		seen += tick(b, HERE, &mark);
	assert_int_equal(seen, 1);
}

static void
set_counter(struct cached_bench *b, const char *value)
{
	struct fake_kv_slot *slot = fake_kv_find(&b->kv, ":changes");

	slot->len = strlen(value);
	memcpy(slot->value, value, slot->len);
}

static void
lose_counter(struct cached_bench *b)
{
	fake_kv_find(&b->kv, ":changes")->name[0] = '\0';
}

static void
lower_counter(struct cached_bench *b)
{
	set_counter(b, "5");
}

static void
break_counter(struct cached_bench *b)
{
	set_counter(b, "x");
}

static void
hide_counter(struct cached_bench *b)
{
	b->kv.is_down = true;
}

static void
a_counter_in_disorder_means_to_look_at_once_and_for_a_while(void **state)
{
	static void (*const harms[])(struct cached_bench *) = { lose_counter,
		lower_counter, break_counter, hide_counter };
	struct cached_bench *b = *state;
	struct change_mark mark = { 0 };

	open_with_hints(b);
	for (size_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++) {
		settle(b, HERE, &mark);
		harms[i](b);
		assert_int_equal(looked(b, HERE, &mark, 3), 3);
		b->kv.is_down = false;
		/* The first reading that is in order begins the while. */
		assert_int_equal(
		    looked(b, HERE, &mark, CACHE_HEALTHY_MS / TICK_MS - 2),
		    CACHE_HEALTHY_MS / TICK_MS - 2);
		(void)looked(b, HERE, &mark, 10);
		assert_in_range(looked(b, HERE, &mark, 100), 3, 6);
	}
}

static void
a_counter_that_comes_back_is_another_one(void **state)
{
	struct cached_bench *b = *state;
	struct change_mark mark = { 0 };

	open_with_hints(b);
	settle(b, HERE, &mark);
	lose_counter(b);
	/* Begun anew by the writer, so that the reader finds one. */
	raise_topic(b, THERE);
	assert_int_equal(tick(b, HERE, &mark), 1);
}

static void
each_mark_gets_its_own_changes(void **state)
{
	struct cached_bench *b = *state;
	struct change_mark mark = { 0 }, other = { 0 };

	open_with_hints(b);
	settle(b, HERE, &mark);
	settle(b, HERE, &other);
	raise_topic(b, THERE);
	assert_int_equal(tick(b, HERE, &mark), 1);
	assert_int_equal(tick(b, HERE, &other), 1);
	assert_int_equal(tick(b, HERE, &mark), 0);
	assert_int_equal(tick(b, HERE, &other), 0);
}

static void
a_look_that_failed_is_no_look(void **state)
{
	struct cached_bench *b = *state;
	struct store *s;
	struct change_mark mark = { 0 };
	struct change_rows rows;
	struct fake_kv_slot *slot;

	open_with_hints(b);
	settle(b, HERE, &mark);
	s = b->host[HERE].store;
	raise_topic(b, THERE);
	b->arena.max = b->arena.used; /* nothing fits in any more */
	assert_int_equal(s->ops->changes(s, &b->op, &mark, &rows), RC_NOMEM);
	b->arena.max = (size_t)4 * 1024 * 1024;
	slot = fake_kv_find(&b->kv, ":changes");
	assert_non_null(slot);
	assert_int_equal(tick(b, HERE, &mark), 1);
}

static void
without_hints_nobody_counts(void **state)
{
	struct cached_bench *b = *state;
	struct change_mark mark = { 0 };

	assert_int_equal(looked(b, HERE, &mark, 100), 100);
	raise_topic(b, THERE);
	assert_int_equal(tick(b, HERE, &mark), 1);
	assert_int_equal(b->kv.looks + b->kv.raises, 0);
}

/* What others may wait for raises the counter, and nothing else does. */
static void
only_what_others_wait_for_is_told(void **state)
{
	const struct session_key key = store_row(1, 1, 0).key;
	const struct session_change touch = { SESSION_TOUCHED, 9999 };
	struct cached_bench *b = *state;
	struct store *s;
	struct stream_attach attach = { .after = -1, .owner = SLICE("h.1") };
	struct event_append append = { .data = SLICE("x") };
	struct sweep_rules rules = { .limit = 10 };
	struct sweep_done done;
	struct stream_row stream;
	struct appended at;
	struct session_row row;

	open_with_hints(b);
	s = b->host[HERE].store;
	attach.session = cached_bench_put(b, 1);
	assert_int_equal(
	    s->ops->session_get(s, &b->op, &key, &row, NULL), RC_OK);
	assert_int_equal(s->ops->session_set(s, &b->op, row.id, &touch), RC_OK);
	assert_int_equal(s->ops->sweep(s, &b->op, &rules, &done), RC_OK);
	assert_int_equal(b->kv.raises, 0);
	assert_int_equal(
	    s->ops->stream_attach(s, &b->op, &attach, &stream), RC_OK);
	assert_int_equal(b->kv.raises, 1);
	append.session = attach.session;
	append.stream = stream.number;
	assert_int_equal(s->ops->event_append(
			     s, &b->op, &append, &store_no_stream_caps, &at),
	    RC_OK);
	assert_int_equal(b->kv.raises, 2);
	append.stream++;
	assert_int_equal(s->ops->event_append(
			     s, &b->op, &append, &store_no_stream_caps, &at),
	    RC_NOTFOUND);
	assert_int_equal(b->kv.raises, 2);
	assert_int_equal(
	    s->ops->session_end(s, &b->op, &key, END_DELETED), RC_OK);
	assert_int_equal(b->kv.raises, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CACHED_TEST(
		    in_silence_the_store_is_looked_at_four_times_a_second),
		CACHED_TEST(a_change_is_seen_at_the_next_tick),
		CACHED_TEST(a_change_without_a_hint_is_seen_all_the_same),
		CACHED_TEST(
		    a_counter_in_disorder_means_to_look_at_once_and_for_a_while),
		CACHED_TEST(a_counter_that_comes_back_is_another_one),
		CACHED_TEST(each_mark_gets_its_own_changes),
		CACHED_TEST(a_look_that_failed_is_no_look),
		CACHED_TEST(without_hints_nobody_counts),
		CACHED_TEST(only_what_others_wait_for_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
