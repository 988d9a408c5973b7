#include "store_suite.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "store_suite_part.h"

static struct session_rows
list(struct suite *f, struct session_filter filter)
{
	struct session_rows rows;

	assert_int_equal(
	    f->ops->session_list(f->store, &f->op, &filter, &rows), RC_OK);
	for (size_t i = 1; i < rows.n; i++)
		assert_true(rows.row[i - 1].id < rows.row[i].id);
	return rows;
}

static struct key_row
key_row(uint32_t id)
{
	struct key_row row = {
		.id = id,
		.created = id % 1000,
		.mint_from = (int64_t)id + 120000,
		.end = id % 2,
	};

	for (size_t i = 0; i < STORE_KEY_BYTES; i++)
		row.secret[i] = (unsigned char)(id + i * 37);
	return row;
}

static void
the_list_obeys_its_filter(void **state)
{
	struct suite *f = *state;
	struct session_row odd = store_row(100, 3, 2000);
	struct session_rows all;

	odd.principal_name = SLICE("user:other");
	suite_fill(f, 0, 4, 1);
	assert_int_equal(suite_put(f, odd, &store_no_caps), RC_OK);
	assert_int_equal(suite_end(f, 2, 1), RC_OK);
	all = list(f, (struct session_filter){ 0 });
	assert_int_equal(all.n, 5);
	suite_assert_same_row(&all.row[4], &odd);
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
	struct suite *f = *state;
	struct session_filter page = { .limit = 7 };
	size_t seen = 0;

	suite_fill(f, 0, 100, 1);
	for (;;) {
		struct session_rows rows = list(f, page);

		if (rows.n == 0)
			break;
		for (size_t i = 0; i < rows.n; i++) {
			const struct session_row want =
			    store_row((uint32_t)seen, 1, 2000 + (int64_t)seen);

			suite_assert_same_row(&rows.row[i], &want);
			seen++;
		}
		page.after = rows.row[rows.n - 1].id;
	}
	assert_int_equal(seen, 100);
}

static void
a_list_without_room_in_the_arena_says_so(void **state)
{
	struct suite *f = *state;
	struct arena small = ARENA_INIT(600);
	struct op op = f->op;
	const struct session_filter any = { 0 };
	struct session_rows rows;

	op.arena = &small;
	suite_fill(f, 0, 50, 1);
	assert_int_equal(
	    f->ops->session_list(f->store, &op, &any, &rows), RC_NOMEM);
	arena_release(&small);
	assert_int_equal(list(f, any).n, 50);
}

static void
keys_that_ended_long_ago_make_room(void **state)
{
	struct suite *f = *state;
	struct key_rows keys;
	struct key_row row = key_row(0);

	for (uint32_t i = 0; i < STORE_KEYS_MAX; i++) {
		row.id = i;
		/* One that has no end, one that has just ended, ... */
		row.end = i == 0 ? 0
		    : i == 1     ? STORE_KEY_KEPT_MS
				 : STORE_KEY_KEPT_MS - 1;
		row.created = i;
		assert_int_equal(
		    f->ops->key_add(f->store, &f->op, &row), RC_OK);
	}
	row = key_row(50);
	row.created = 2 * STORE_KEY_KEPT_MS;
	assert_int_equal(f->ops->key_add(f->store, &f->op, &row), RC_OK);
	assert_int_equal(f->ops->keys(f->store, &f->op, &keys), RC_OK);
	assert_int_equal(keys.n, 3);
	assert_int_equal(keys.row[0].id, 0);
	assert_int_equal(keys.row[1].id, 1);
	assert_int_equal(keys.row[2].id, 50);
}

static void
keys_are_kept_up_to_their_number(void **state)
{
	static const uint32_t ids[STORE_KEYS_MAX] = { 5, 0, UINT32_MAX, 7, 1, 3,
		100, 2 };
	static const uint32_t sorted[STORE_KEYS_MAX] = { 0, 1, 2, 3, 5, 7, 100,
		UINT32_MAX };
	struct suite *f = *state;
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
the_end_of_a_key_is_said_later(void **state)
{
	struct suite *f = *state;
	struct key_rows keys;

	for (uint32_t id = 1; id <= 2; id++) {
		const struct key_row row = key_row(id);

		assert_int_equal(
		    f->ops->key_add(f->store, &f->op, &row), RC_OK);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    f->ops->key_end(f->store, &f->op, 2, 7777), RC_OK);
	assert_int_equal(
	    f->ops->key_end(f->store, &f->op, 3, 7777), RC_NOTFOUND);
	assert_int_equal(f->ops->keys(f->store, &f->op, &keys), RC_OK);
	assert_int_equal(keys.n, 2);
	assert_int_equal(keys.row[0].end, key_row(1).end);
	assert_int_equal(keys.row[1].end, 7777);
	assert_int_equal(keys.row[1].mint_from, key_row(2).mint_from);
	assert_int_equal(f->ops->key_end(f->store, &f->op, 2, 0), RC_OK);
	assert_int_equal(f->ops->keys(f->store, &f->op, &keys), RC_OK);
	assert_int_equal(keys.row[1].end, 0);
}

const struct CMUnitTest suite_lists[] = {
	SUITE_CASE(the_list_obeys_its_filter),
	SUITE_CASE(pages_put_together_are_the_list),
	SUITE_CASE(a_list_without_room_in_the_arena_says_so),
	SUITE_CASE(keys_are_kept_up_to_their_number),
	SUITE_CASE(keys_that_ended_long_ago_make_room),
	SUITE_CASE(the_end_of_a_key_is_said_later),
	SUITE_END,
};
