#include "store_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct fixture {
	const struct store_maker *maker;
	struct store *store;
	const struct store_ops *ops;
	struct arena arena;
	struct op op;
};

const struct session_caps store_no_caps = { 0, 0, 0 };

struct session_row
store_row(uint32_t n, unsigned char who, int64_t touched)
{
	struct session_row row = {
		.key = { .created = 1000, .incarnation = 1 },
		.principal_name = SLICE("user:somebody"),
		.transport = 2,
		.revision = SLICE("2025-06-18"),
		.caps = 0x80000005,
		.client = SLICE("{\"name\":\"c\"}"),
		.log_level = -1,
		.lists = 77,
		.touched = touched,
	};

	for (size_t i = 0; i < 4; i++)
		row.key.sid[i] = (unsigned char)(n >> (8 * i));
	row.key.sid[SID_BYTES - 1] = 0xff;
	row.key.principal[0] = who;
	return row;
}

static int
setup(void **state)
{
	const struct store_maker *maker = *state;
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	*state = f;
	f->maker = maker;
	f->arena = ARENA_INIT((size_t)64 * 1024 * 1024);
	f->op = (struct op){ .now_ms = 5000, .arena = &f->arena };
	f->op.give_up_mono = clock_mono_ms(&clock_system) + 20000;
	if (maker->open(maker->ctx, &f->store) != RC_OK)
		return -1;
	f->ops = f->store->ops;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	enum rc rc = f->ops->check(f->store, &f->op);

	f->ops->close(f->store);
	f->maker->clear(f->maker->ctx);
	arena_release(&f->arena);
	free(f);
	return rc == RC_OK ? 0 : -1;
}

static enum rc
put(struct fixture *f, struct session_row row, const struct session_caps *caps)
{
	int64_t id = 0;

	return f->ops->session_put(f->store, &f->op, &row, caps, &id);
}

static enum rc
get(struct fixture *f, const struct session_key *key, struct session_row *row)
{
	return f->ops->session_get(f->store, &f->op, key, row, NULL);
}

/* Is session n of that principal there, live or ended? */
static bool
has(struct fixture *f, uint32_t n, unsigned char who)
{
	const struct session_key key = store_row(n, who, 0).key;
	struct session_row row;
	enum rc rc = get(f, &key, &row);

	assert_true(rc == RC_OK || rc == RC_NOTFOUND);
	return rc == RC_OK;
}

static enum rc
end(struct fixture *f, uint32_t n, unsigned char who)
{
	const struct session_key key = store_row(n, who, 0).key;

	return f->ops->session_end(f->store, &f->op, &key, END_DELETED);
}

static struct store_info
info(struct fixture *f)
{
	struct store_info info;

	assert_int_equal(f->ops->info(f->store, &f->op, &info), RC_OK);
	return info;
}

static void
assert_slice(struct slice a, struct slice b)
{
	assert_int_equal(a.ptr == NULL, b.ptr == NULL);
	assert_true(slice_eq(a, b));
}

static void
assert_same_row(const struct session_row *a, const struct session_row *b)
{
	assert_memory_equal(a->key.sid, b->key.sid, SID_BYTES);
	assert_memory_equal(
	    a->key.principal, b->key.principal, PRINCIPAL_BYTES);
	assert_int_equal(a->key.created, b->key.created);
	assert_int_equal(a->key.incarnation, b->key.incarnation);
	assert_int_equal(a->transport, b->transport);
	assert_int_equal(a->caps, b->caps);
	assert_int_equal(a->log_level, b->log_level);
	assert_int_equal(a->initialized, b->initialized);
	assert_int_equal(a->lists, b->lists);
	assert_int_equal(a->touched, b->touched);
	assert_slice(a->principal_name, b->principal_name);
	assert_slice(a->revision, b->revision);
	assert_slice(a->client, b->client);
}

static void
what_was_put_comes_back(void **state)
{
	struct fixture *f = *state;
	struct session_row rows[5];
	static const char odd[] = "a\0b\xff\xc0\x80\xed\xa0\x80";

	for (uint32_t i = 0; i < COUNT(rows); i++)
		rows[i] = store_row(i, 1, 2000 + i);
	rows[1].client = (struct slice){ odd, sizeof(odd) };
	rows[1].principal_name = rows[1].client;
	rows[2].client = SLICE_NONE;
	rows[2].revision = SLICE_NONE;
	rows[2].principal_name = SLICE_NONE;
	rows[3].client = SLICE("");
	rows[3].revision = SLICE("");
	rows[3].principal_name = SLICE("");
	rows[4].key.created = INT64_MAX;
	rows[4].key.incarnation = UINT32_MAX;
	rows[4].caps = UINT32_MAX;
	rows[4].touched = INT64_MIN;
	rows[4].lists = INT64_MIN;
	rows[4].initialized = true;
	rows[4].log_level = 7;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(put(f, rows[i], &store_no_caps), RC_OK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct session_row row;

		assert_int_equal(get(f, &rows[i].key, &row), RC_OK);
		assert_same_row(&row, &rows[i]);
		assert_int_equal(row.state, SESSION_LIVE);
		assert_int_equal(row.why, END_NONE);
		assert_int_equal(row.created, row.key.created);
		assert_true(row.id > 0);
	}
}

static void
a_second_put_of_the_sid_conflicts_and_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct session_row first = store_row(1, 1, 2000);
	struct session_row again = store_row(1, 1, 3000);
	struct session_row other = store_row(1, 2, 3000);
	struct session_row row;
	const struct session_caps full = { 1, 1, 9999 };

	assert_int_equal(put(f, first, &store_no_caps), RC_OK);
	assert_int_equal(put(f, again, &store_no_caps), RC_CONFLICT);
	assert_int_equal(put(f, other, &store_no_caps), RC_CONFLICT);
	/* Nor is anything forgotten for what does not come. */
	assert_int_equal(put(f, again, &full), RC_CONFLICT);
	assert_int_equal(get(f, &first.key, &row), RC_OK);
	assert_same_row(&row, &first);
	assert_int_equal(info(f).sessions_live, 1);
}

static void
of_two_who_revive_one_inserts_and_both_find(void **state)
{
	struct fixture *f = *state;
	struct session_row row = store_row(1, 1, 2000);
	struct sweep_rules idle = { .idle_before = 9999, .limit = 10 };
	struct sweep_done done;
	int64_t first = 0;
	int64_t second = 0;

	assert_int_equal(
	    f->ops->session_put(f->store, &f->op, &row, &store_no_caps, &first),
	    RC_OK);
	assert_int_equal(f->ops->sweep(f->store, &f->op, &idle, &done), RC_OK);
	assert_false(has(f, 1, 1));
	assert_int_equal(f->ops->session_put(
			     f->store, &f->op, &row, &store_no_caps, &second),
	    RC_OK);
	assert_true(second > first);
	assert_int_equal(put(f, row, &store_no_caps), RC_CONFLICT);
	assert_true(has(f, 1, 1));
}

static void
another_principal_or_time_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct session_row row = store_row(1, 1, 2000);
	struct session_key wrong[3] = { row.key, row.key, row.key };
	struct session_row out;

	wrong[0].principal[PRINCIPAL_BYTES - 1] ^= 1;
	wrong[1].created++;
	wrong[2].sid[SID_BYTES - 1] ^= 1;
	assert_int_equal(put(f, row, &store_no_caps), RC_OK);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(get(f, &wrong[i], &out), RC_NOTFOUND);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(f->ops->session_end(
				     f->store, &f->op, &wrong[i], END_DELETED),
		    RC_NOTFOUND);
	assert_int_equal(get(f, &row.key, &out), RC_OK);
	assert_int_equal(out.state, SESSION_LIVE);
	/* What the row was made in is no part of its name. */
	row.key.incarnation++;
	assert_int_equal(get(f, &row.key, &out), RC_OK);
}

static void
the_incarnation_comes_with_every_answer(void **state)
{
	struct fixture *f = *state;
	struct session_row row = store_row(1, 1, 2000);
	uint32_t found = 0;
	uint32_t missed = 0;
	struct session_row out;

	assert_int_equal(
	    f->ops->session_get(f->store, &f->op, &row.key, &out, &missed),
	    RC_NOTFOUND);
	assert_int_equal(put(f, row, &store_no_caps), RC_OK);
	assert_int_equal(
	    f->ops->session_get(f->store, &f->op, &row.key, &out, &found),
	    RC_OK);
	assert_int_equal(missed, info(f).incarnation);
	assert_int_equal(found, info(f).incarnation);
	assert_true(found > 0);
}

static void
info_tells_the_schema_and_counts(void **state)
{
	struct fixture *f = *state;
	struct store_info i;

	for (uint32_t n = 0; n < 5; n++)
		assert_int_equal(
		    put(f, store_row(n, 1, 2000), &store_no_caps), RC_OK);
	assert_int_equal(end(f, 0, 1), RC_OK);
	assert_int_equal(end(f, 1, 1), RC_OK);
	assert_int_equal(end(f, 9, 1), RC_OK);
	i = info(f);
	assert_int_equal(i.sessions_live, 3);
	assert_int_equal(i.sessions_ended, 3);
	assert_true(i.schema >= 1 && i.oldest_program >= 1);
	assert_true(i.oldest_program <= i.schema && i.engine.len > 0);
}

static void
ended_stays_ended(void **state)
{
	struct fixture *f = *state;
	struct session_row row = store_row(1, 1, 2000);
	const struct session_change touch = { SESSION_TOUCHED, 3000 };
	struct session_row out;
	int64_t id = 0;

	row.initialized = true;
	row.log_level = 3;
	assert_int_equal(
	    f->ops->session_put(f->store, &f->op, &row, &store_no_caps, &id),
	    RC_OK);
	assert_int_equal(end(f, 1, 1), RC_OK);
	assert_int_equal(end(f, 1, 1), RC_CONFLICT);
	assert_int_equal(
	    f->ops->session_end(f->store, &f->op, &row.key, END_OPERATOR),
	    RC_CONFLICT);
	assert_int_equal(put(f, row, &store_no_caps), RC_CONFLICT);
	assert_int_equal(
	    f->ops->session_set(f->store, &f->op, id, &touch), RC_NOTFOUND);
	assert_int_equal(get(f, &row.key, &out), RC_OK);
	assert_int_equal(out.state, SESSION_ENDED);
	assert_int_equal(out.why, END_DELETED);
	assert_int_equal(out.id, id);
	assert_int_equal(out.touched, f->op.now_ms);
	/* Everything else of it is gone. */
	assert_null(out.client.ptr);
	assert_null(out.revision.ptr);
	assert_null(out.principal_name.ptr);
	assert_int_equal(out.caps, 0);
	assert_int_equal(out.log_level, -1);
	assert_false(out.initialized);
}

static void
ending_what_is_not_there_leaves_a_tombstone(void **state)
{
	struct fixture *f = *state;
	struct session_row row = store_row(1, 1, 2000);
	struct session_row out;

	assert_int_equal(
	    f->ops->session_end(f->store, &f->op, &row.key, END_OPERATOR),
	    RC_OK);
	assert_int_equal(get(f, &row.key, &out), RC_OK);
	assert_int_equal(out.state, SESSION_ENDED);
	assert_int_equal(out.why, END_OPERATOR);
	assert_int_equal(out.key.incarnation, row.key.incarnation);
	assert_int_equal(put(f, row, &store_no_caps), RC_CONFLICT);
	assert_int_equal(end(f, 1, 1), RC_CONFLICT);
	assert_int_equal(end(f, 1, 2), RC_NOTFOUND);
	assert_int_equal(info(f).sessions_live, 0);
}

static void
one_column_changes_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct session_row want = store_row(1, 1, 2000);
	static const struct session_change changes[] = {
		{ SESSION_INITIALIZED, 0 },
		{ SESSION_LOG_LEVEL, 4 },
		{ SESSION_TOUCHED, INT64_MAX },
		{ SESSION_TOUCHED, 2500 },
		{ SESSION_LOG_LEVEL, -1 },
	};
	struct session_row row;
	int64_t id = 0;

	assert_int_equal(
	    f->ops->session_put(f->store, &f->op, &want, &store_no_caps, &id),
	    RC_OK);
	assert_int_equal(put(f, store_row(2, 1, 2000), &store_no_caps), RC_OK);
	for (size_t i = 0; i < COUNT(changes); i++) {
		f->op.relaxed = i % 2 == 1;
		assert_int_equal(
		    f->ops->session_set(f->store, &f->op, id, &changes[i]),
		    RC_OK);
		if (changes[i].column == SESSION_INITIALIZED)
			want.initialized = true;
		else if (changes[i].column == SESSION_TOUCHED)
			want.touched = changes[i].number;
		else
			want.log_level = (int)changes[i].number;
		assert_int_equal(get(f, &want.key, &row), RC_OK);
		assert_same_row(&row, &want);
	}
	assert_int_equal(
	    f->ops->session_set(f->store, &f->op, id + 99, &changes[0]),
	    RC_NOTFOUND);
	want = store_row(2, 1, 2000);
	assert_int_equal(get(f, &want.key, &row), RC_OK);
	assert_same_row(&row, &want);
}

/* Put so many rows, each touched a little later than the one before. */
static void
fill(struct fixture *f, uint32_t from, uint32_t n, unsigned char who)
{
	for (uint32_t i = from; i < from + n; i++)
		assert_int_equal(
		    put(f, store_row(i, who, 2000 + i), &store_no_caps), RC_OK);
}

static void
at_the_total_the_least_recently_touched_goes(void **state)
{
	struct fixture *f = *state;
	const struct session_caps caps = { 3, 0, 2500 };
	const struct session_change touch = { SESSION_TOUCHED, 2400 };
	struct session_row first = store_row(0, 1, 0);

	fill(f, 0, 3, 1);
	assert_int_equal(get(f, &first.key, &first), RC_OK);
	assert_int_equal(
	    f->ops->session_set(f->store, &f->op, first.id, &touch), RC_OK);
	assert_int_equal(put(f, store_row(10, 2, 2900), &caps), RC_OK);
	assert_false(has(f, 1, 1));
	assert_int_equal(put(f, store_row(11, 2, 2900), &caps), RC_OK);
	assert_false(has(f, 2, 1));
	assert_int_equal(put(f, store_row(12, 2, 2900), &caps), RC_OK);
	assert_false(has(f, 0, 1));
	/* All that is left was touched since. */
	assert_int_equal(put(f, store_row(13, 2, 2900), &caps), RC_FULL);
	assert_int_equal(info(f).sessions_live, 3);
}

static void
touched_exactly_at_the_limit_is_young(void **state)
{
	struct fixture *f = *state;
	struct session_caps caps = { 1, 0, 2000 };

	assert_int_equal(put(f, store_row(1, 1, 2000), &caps), RC_OK);
	assert_int_equal(put(f, store_row(2, 1, 3000), &caps), RC_FULL);
	assert_true(has(f, 1, 1));
	assert_false(has(f, 2, 1));
	caps.idle_before = 2001;
	assert_int_equal(put(f, store_row(2, 1, 3000), &caps), RC_OK);
	assert_false(has(f, 1, 1));
}

static void
of_two_touched_at_once_the_older_goes(void **state)
{
	struct fixture *f = *state;
	const struct session_caps caps = { 2, 2, 9999 };

	assert_int_equal(put(f, store_row(7, 1, 2000), &caps), RC_OK);
	assert_int_equal(put(f, store_row(3, 1, 2000), &caps), RC_OK);
	assert_int_equal(put(f, store_row(5, 1, 2000), &caps), RC_OK);
	assert_false(has(f, 7, 1));
	assert_int_equal(put(f, store_row(1, 2, 2000), &caps), RC_OK);
	assert_false(has(f, 3, 1));
	assert_true(has(f, 5, 1));
}

static void
at_its_own_cap_a_principal_loses_its_own(void **state)
{
	struct fixture *f = *state;
	const struct session_caps caps = { 100, 2, 2500 };

	fill(f, 0, 3, 1); /* the oldest, but another's */
	fill(f, 10, 2, 2);
	assert_int_equal(put(f, store_row(20, 2, 2900), &caps), RC_OK);
	assert_false(has(f, 10, 2));
	assert_true(has(f, 0, 1));
	assert_int_equal(put(f, store_row(21, 2, 2900), &caps), RC_OK);
	assert_int_equal(put(f, store_row(22, 2, 2900), &caps), RC_FULL);
	assert_int_equal(put(f, store_row(23, 3, 2900), &caps), RC_OK);
	assert_int_equal(info(f).sessions_live, 6);
}

static void
who_meets_both_caps_loses_its_own(void **state)
{
	struct fixture *f = *state;
	const struct session_caps caps = { 4, 2, 2500 };

	fill(f, 0, 2, 1);
	fill(f, 10, 2, 2);
	assert_int_equal(put(f, store_row(20, 2, 2900), &caps), RC_OK);
	assert_true(has(f, 0, 1));
	assert_false(has(f, 10, 2));
	assert_int_equal(info(f).sessions_live, 4);
}

static void
a_cap_that_was_lowered_lets_no_more_in_than_go(void **state)
{
	struct fixture *f = *state;
	const struct session_caps caps = { 2, 0, 2500 };

	fill(f, 0, 5, 1);
	assert_int_equal(put(f, store_row(20, 1, 2900), &caps), RC_OK);
	assert_int_equal(info(f).sessions_live, 5);
}

static void
ended_rows_do_not_count_and_are_not_forgotten_for_room(void **state)
{
	struct fixture *f = *state;
	const struct session_caps caps = { 2, 2, 2500 };

	f->op.now_ms = 1; /* the tombstones look oldest */
	for (uint32_t n = 0; n < 5; n++)
		assert_int_equal(end(f, n, 1), RC_OK);
	fill(f, 10, 2, 1);
	assert_int_equal(end(f, 10, 1), RC_OK);
	assert_int_equal(put(f, store_row(20, 1, 2900), &caps), RC_OK);
	assert_true(has(f, 11, 1));
	assert_int_equal(put(f, store_row(21, 1, 2900), &caps), RC_OK);
	assert_false(has(f, 11, 1));
	assert_int_equal(put(f, store_row(22, 1, 2900), &caps), RC_FULL);
	assert_int_equal(info(f).sessions_ended, 6);
}

static void
full_changes_nothing(void **state)
{
	struct fixture *f = *state;
	const struct session_caps caps[] = {
		{ 3, 0, 0 },
		{ 0, 3, 0 },
		{ 3, 3, 2000 },
	};
	struct store_info before;

	fill(f, 0, 3, 1);
	before = info(f);
	for (size_t i = 0; i < COUNT(caps); i++) {
		int64_t id = -7;
		struct session_row row = store_row(9, 1, 2900);

		assert_int_equal(
		    f->ops->session_put(f->store, &f->op, &row, &caps[i], &id),
		    RC_FULL);
		assert_int_equal(id, -7);
		assert_false(has(f, 9, 1));
	}
	for (uint32_t n = 0; n < 3; n++)
		assert_true(has(f, n, 1));
	assert_int_equal(info(f).sessions_live, before.sessions_live);
}

static struct session_rows
list(struct fixture *f, struct session_filter filter)
{
	struct session_rows rows;

	assert_int_equal(
	    f->ops->session_list(f->store, &f->op, &filter, &rows), RC_OK);
	for (size_t i = 1; i < rows.n; i++)
		assert_true(rows.row[i - 1].id < rows.row[i].id);
	return rows;
}

static void
the_list_obeys_its_filter(void **state)
{
	struct fixture *f = *state;
	struct session_row odd = store_row(100, 3, 2000);
	struct session_rows all;

	odd.principal_name = SLICE("user:other");
	fill(f, 0, 4, 1);
	assert_int_equal(put(f, odd, &store_no_caps), RC_OK);
	assert_int_equal(end(f, 2, 1), RC_OK);
	all = list(f, (struct session_filter){ 0 });
	assert_int_equal(all.n, 5);
	assert_same_row(&all.row[4], &odd);
	const struct {
		struct session_filter filter;
		size_t n;
		size_t first; /* of all */
	} rows[] = {
		{ { .state = SESSION_LIVE }, 4, 0 },
		{ { .state = SESSION_ENDED }, 1, 2 },
		{ { .id = all.row[3].id }, 1, 3 },
		{ { .id = all.row[3].id, .after = all.row[3].id }, 0, 0 },
		{ { .id = all.row[2].id, .state = SESSION_LIVE }, 0, 0 },
		{ { .id = 9999 }, 0, 0 },
		{ { .sid = odd.key.sid }, 1, 4 },
		{ { .sid = odd.key.sid, .id = all.row[0].id }, 0, 0 },
		{ { .principal_name = SLICE("user:other") }, 1, 4 },
		{ { .principal_name = SLICE("user:somebody") }, 3, 0 },
		{ { .principal_name = SLICE("") }, 0, 0 },
		{ { .after = all.row[1].id }, 3, 2 },
		{ { .limit = 2 }, 2, 0 },
		{ { .after = all.row[1].id, .limit = 1 }, 1, 2 },
		{ { .after = all.row[4].id }, 0, 0 },
		{ { .limit = SIZE_MAX }, 5, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct session_rows got = list(f, rows[i].filter);

		assert_int_equal(got.n, rows[i].n);
		if (got.n > 0)
			assert_int_equal(
			    got.row[0].id, all.row[rows[i].first].id);
	}
}

static void
pages_put_together_are_the_list(void **state)
{
	struct fixture *f = *state;
	struct session_filter page = { .limit = 7 };
	size_t seen = 0;

	fill(f, 0, 100, 1);
	for (;;) {
		struct session_rows rows = list(f, page);

		if (rows.n == 0)
			break;
		for (size_t i = 0; i < rows.n; i++) {
			const struct session_row want =
			    store_row((uint32_t)seen, 1, 2000 + (int64_t)seen);

			assert_same_row(&rows.row[i], &want);
			seen++;
		}
		page.after = rows.row[rows.n - 1].id;
	}
	assert_int_equal(seen, 100);
}

static void
a_list_without_room_in_the_arena_says_so(void **state)
{
	struct fixture *f = *state;
	struct arena small = ARENA_INIT(600);
	struct op op = f->op;
	const struct session_filter any = { 0 };
	struct session_rows rows;

	op.arena = &small;
	fill(f, 0, 50, 1);
	assert_int_equal(
	    f->ops->session_list(f->store, &op, &any, &rows), RC_NOMEM);
	arena_release(&small);
	assert_int_equal(list(f, any).n, 50);
}

static void
sweep_keeps_what_is_young(void **state)
{
	struct fixture *f = *state;
	const struct sweep_rules rules = {
		.idle_before = 2002,
		.created_before = 1000,
		.limit = 100,
	};
	struct session_row old = store_row(50, 1, 9000);
	struct session_key old_end = store_row(51, 1, 0).key;
	struct sweep_done done;

	old.key.created = 999;
	old_end.created = 999;
	fill(f, 0, 4, 1); /* touched 2000 ... 2003 */
	assert_int_equal(end(f, 0, 1), RC_OK);
	assert_int_equal(put(f, old, &store_no_caps), RC_OK);
	assert_int_equal(
	    f->ops->session_end(f->store, &f->op, &old_end, END_DELETED),
	    RC_OK);
	assert_int_equal(f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	assert_int_equal(done.forgotten, 1);
	assert_int_equal(done.removed, 2);
	assert_false(done.more);
	assert_true(has(f, 0, 1)); /* the tombstone outlives idleness */
	assert_false(has(f, 1, 1));
	assert_true(has(f, 2, 1));
	assert_true(has(f, 3, 1));
	assert_int_equal(info(f).sessions_live, 2);
	assert_int_equal(info(f).sessions_ended, 1);
}

static void
sweep_takes_bounded_bites(void **state)
{
	struct fixture *f = *state;
	struct sweep_rules rules = {
		.idle_before = 2090,
		.created_before = 0,
		.limit = 0,
	};
	struct sweep_done done;
	int64_t left = 100;
	int calls = 0;

	fill(f, 0, 100, 1);
	assert_int_equal(f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	assert_int_equal(info(f).sessions_live, 100);
	rules.limit = 20;
	do {
		assert_int_equal(
		    f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
		assert_true(done.forgotten + done.removed <= 20);
		left -= done.forgotten;
		assert_int_equal(info(f).sessions_live, left);
	} while (done.more && ++calls < 10);
	assert_false(done.more);
	assert_int_equal(left, 10);
}

static struct key_row
key_row(uint32_t id)
{
	struct key_row row = {
		.id = id,
		.created = id,
		.mint_from = (int64_t)id + 120000,
		.end = id % 2,
	};

	for (size_t i = 0; i < STORE_KEY_BYTES; i++)
		row.secret[i] = (unsigned char)(id + i * 37);
	return row;
}

static void
keys_are_kept_up_to_their_number(void **state)
{
	static const uint32_t ids[STORE_KEYS_MAX] = { 5, 0, UINT32_MAX, 7, 1, 3,
		100, 2 };
	static const uint32_t sorted[STORE_KEYS_MAX] = { 0, 1, 2, 3, 5, 7, 100,
		UINT32_MAX };
	struct fixture *f = *state;
	struct key_rows keys;

	assert_int_equal(f->ops->keys(f->store, &f->op, &keys), RC_OK);
	assert_int_equal(keys.n, 0);
	for (size_t i = 0; i < STORE_KEYS_MAX; i++) {
		const struct key_row row = key_row(ids[i]);
		struct key_row other = key_row(ids[i] + 1);

		other.id = ids[i];
		assert_int_equal(
		    f->ops->key_add(f->store, &f->op, &row), RC_OK);
		assert_int_equal(
		    f->ops->key_add(f->store, &f->op, &other), RC_CONFLICT);
	}
	const struct key_row more = key_row(50);
	assert_int_equal(f->ops->key_add(f->store, &f->op, &more), RC_FULL);
	assert_int_equal(f->ops->keys(f->store, &f->op, &keys), RC_OK);
	assert_int_equal(keys.n, STORE_KEYS_MAX);
	for (size_t i = 0; i < STORE_KEYS_MAX; i++) {
		const struct key_row want = key_row(sorted[i]);

		assert_int_equal(keys.row[i].id, want.id);
		assert_memory_equal(
		    keys.row[i].secret, want.secret, STORE_KEY_BYTES);
		assert_int_equal(keys.row[i].created, want.created);
		assert_int_equal(keys.row[i].mint_from, want.mint_from);
		assert_int_equal(keys.row[i].end, want.end);
	}
}

static void
numbers_are_never_used_twice(void **state)
{
	struct fixture *f = *state;
	const struct sweep_rules all = { .created_before = 9999, .limit = 100 };
	struct sweep_done done;
	int64_t highest = 0;

	for (uint32_t n = 0; n < 5; n++) {
		struct session_row row = store_row(n, 1, 2000);
		int64_t id = 0;

		assert_int_equal(f->ops->session_put(f->store, &f->op, &row,
				     &store_no_caps, &id),
		    RC_OK);
		assert_true(id > highest);
		highest = id;
		assert_int_equal(
		    f->ops->sweep(f->store, &f->op, &all, &done), RC_OK);
		assert_int_equal(done.removed, 1);
	}
}

#define CASE(f)                                                                \
	{                                                                      \
#f, f, setup, teardown, NULL                                   \
	}

int
store_suite_run(struct store_maker *maker)
{
	struct CMUnitTest tests[] = {
		CASE(what_was_put_comes_back),
		CASE(a_second_put_of_the_sid_conflicts_and_changes_nothing),
		CASE(of_two_who_revive_one_inserts_and_both_find),
		CASE(another_principal_or_time_is_not_found),
		CASE(the_incarnation_comes_with_every_answer),
		CASE(info_tells_the_schema_and_counts),
		CASE(ended_stays_ended),
		CASE(ending_what_is_not_there_leaves_a_tombstone),
		CASE(one_column_changes_at_a_time),
		CASE(at_the_total_the_least_recently_touched_goes),
		CASE(touched_exactly_at_the_limit_is_young),
		CASE(of_two_touched_at_once_the_older_goes),
		CASE(at_its_own_cap_a_principal_loses_its_own),
		CASE(who_meets_both_caps_loses_its_own),
		CASE(a_cap_that_was_lowered_lets_no_more_in_than_go),
		CASE(ended_rows_do_not_count_and_are_not_forgotten_for_room),
		CASE(full_changes_nothing),
		CASE(the_list_obeys_its_filter),
		CASE(pages_put_together_are_the_list),
		CASE(a_list_without_room_in_the_arena_says_so),
		CASE(sweep_keeps_what_is_young),
		CASE(sweep_takes_bounded_bites),
		CASE(keys_are_kept_up_to_their_number),
		CASE(numbers_are_never_used_twice),
	};

	for (size_t i = 0; i < COUNT(tests); i++)
		tests[i].initial_state = maker;
	return cmocka_run_group_tests_name(maker->name, tests, NULL, NULL);
}
