#include "store_suite.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "store_suite_part.h"

static void
what_was_put_comes_back(void **state)
{
	struct suite *f = *state;
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
	rows[4].initialized = true;
	rows[4].log_level = 7;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(suite_put(f, rows[i], &store_no_caps), RC_OK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct session_row row;

		assert_int_equal(suite_get(f, &rows[i].key, &row), RC_OK);
		suite_assert_same_row(&row, &rows[i]);
		assert_int_equal(row.state, SESSION_LIVE);
		assert_int_equal(row.why, END_NONE);
		assert_int_equal(row.created, row.key.created);
		assert_true(row.id > 0);
	}
}

static void
a_second_put_of_the_sid_conflicts_and_changes_nothing(void **state)
{
	struct suite *f = *state;
	struct session_row first = store_row(1, 1, 2000);
	struct session_row again = store_row(1, 1, 3000);
	struct session_row other = store_row(1, 2, 3000);
	struct session_row row;
	const struct session_caps full = { 1, 1, 9999 };

	assert_int_equal(suite_put(f, first, &store_no_caps), RC_OK);
	assert_int_equal(suite_put(f, again, &store_no_caps), RC_CONFLICT);
	assert_int_equal(suite_put(f, other, &store_no_caps), RC_CONFLICT);
	/* Nor is anything forgotten for what does not come. */
	assert_int_equal(suite_put(f, again, &full), RC_CONFLICT);
	assert_int_equal(suite_get(f, &first.key, &row), RC_OK);
	suite_assert_same_row(&row, &first);
	assert_int_equal(suite_info(f).sessions_live, 1);
}

static void
of_two_who_revive_one_inserts_and_both_find(void **state)
{
	struct suite *f = *state;
	struct session_row row = store_row(1, 1, 2000);
	struct sweep_rules idle = { .idle_before = 9999, .limit = 10 };
	struct sweep_done done;
	int64_t first = 0;
	int64_t second = 0;

	assert_int_equal(
	    f->ops->session_put(f->store, &f->op, &row, &store_no_caps, &first),
	    RC_OK);
	assert_int_equal(f->ops->sweep(f->store, &f->op, &idle, &done), RC_OK);
	assert_false(suite_has(f, 1, 1));
	assert_int_equal(f->ops->session_put(
			     f->store, &f->op, &row, &store_no_caps, &second),
	    RC_OK);
	assert_true(second > first);
	assert_int_equal(suite_put(f, row, &store_no_caps), RC_CONFLICT);
	assert_true(suite_has(f, 1, 1));
}

static void
another_principal_or_time_is_not_found(void **state)
{
	struct suite *f = *state;
	struct session_row row = store_row(1, 1, 2000);
	struct session_key wrong[3] = { row.key, row.key, row.key };
	struct session_row out;

	wrong[0].principal[PRINCIPAL_BYTES - 1] ^= 1;
	wrong[1].created++;
	wrong[2].sid[SID_BYTES - 1] ^= 1;
	assert_int_equal(suite_put(f, row, &store_no_caps), RC_OK);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(suite_get(f, &wrong[i], &out), RC_NOTFOUND);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(f->ops->session_end(
				     f->store, &f->op, &wrong[i], END_DELETED),
		    RC_NOTFOUND);
	}
	assert_int_equal(suite_get(f, &row.key, &out), RC_OK);
	assert_int_equal(out.state, SESSION_LIVE);
	/* What the row was made in is no part of its name. */
	row.key.incarnation++;
	assert_int_equal(suite_get(f, &row.key, &out), RC_OK);
}

static void
the_incarnation_comes_with_every_answer(void **state)
{
	struct suite *f = *state;
	struct session_row row = store_row(1, 1, 2000);
	uint32_t found = 0;
	uint32_t missed = 0;
	struct session_row out;

	assert_int_equal(
	    f->ops->session_get(f->store, &f->op, &row.key, &out, &missed),
	    RC_NOTFOUND);
	assert_int_equal(suite_put(f, row, &store_no_caps), RC_OK);
	assert_int_equal(
	    f->ops->session_get(f->store, &f->op, &row.key, &out, &found),
	    RC_OK);
	assert_int_equal(missed, suite_info(f).incarnation);
	assert_int_equal(found, suite_info(f).incarnation);
	assert_true(found > 0);
}

static void
info_tells_the_schema_and_counts(void **state)
{
	struct suite *f = *state;
	struct store_info i;

	for (uint32_t n = 0; n < 5; n++)
		assert_int_equal(
		    suite_put(f, store_row(n, 1, 2000), &store_no_caps), RC_OK);
	assert_int_equal(suite_end(f, 0, 1), RC_OK);
	assert_int_equal(suite_end(f, 1, 1), RC_OK);
	assert_int_equal(suite_end(f, 9, 1), RC_OK);
	i = suite_info(f);
	assert_int_equal(i.sessions_live, 3);
	assert_int_equal(i.sessions_ended, 3);
	assert_true(i.schema >= 1 && i.oldest_program >= 1);
	assert_true(i.oldest_program <= i.schema && i.engine.len > 0);
}

static void
ended_stays_ended(void **state)
{
	struct suite *f = *state;
	struct session_row row = store_row(1, 1, 2000);
	const struct session_change touch = { SESSION_TOUCHED, 3000 };
	struct session_row out;
	int64_t id = 0;

	row.initialized = true;
	row.log_level = 3;
	assert_int_equal(
	    f->ops->session_put(f->store, &f->op, &row, &store_no_caps, &id),
	    RC_OK);
	assert_int_equal(suite_end(f, 1, 1), RC_OK);
	assert_int_equal(suite_end(f, 1, 1), RC_CONFLICT);
	assert_int_equal(
	    f->ops->session_end(f->store, &f->op, &row.key, END_OPERATOR),
	    RC_CONFLICT);
	assert_int_equal(suite_put(f, row, &store_no_caps), RC_CONFLICT);
	assert_int_equal(
	    f->ops->session_set(f->store, &f->op, id, &touch), RC_NOTFOUND);
	assert_int_equal(suite_get(f, &row.key, &out), RC_OK);
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
	struct suite *f = *state;
	struct session_row row = store_row(1, 1, 2000);
	struct session_row out;

	assert_int_equal(
	    f->ops->session_end(f->store, &f->op, &row.key, END_OPERATOR),
	    RC_OK);
	assert_int_equal(suite_get(f, &row.key, &out), RC_OK);
	assert_int_equal(out.state, SESSION_ENDED);
	assert_int_equal(out.why, END_OPERATOR);
	assert_int_equal(out.key.incarnation, row.key.incarnation);
	assert_int_equal(suite_put(f, row, &store_no_caps), RC_CONFLICT);
	assert_int_equal(suite_end(f, 1, 1), RC_CONFLICT);
	assert_int_equal(suite_end(f, 1, 2), RC_NOTFOUND);
	assert_int_equal(suite_info(f).sessions_live, 0);
}

static void
one_column_changes_at_a_time(void **state)
{
	struct suite *f = *state;
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
	assert_int_equal(
	    suite_put(f, store_row(2, 1, 2000), &store_no_caps), RC_OK);
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
		assert_int_equal(suite_get(f, &want.key, &row), RC_OK);
		suite_assert_same_row(&row, &want);
	}
	assert_int_equal(
	    f->ops->session_set(f->store, &f->op, id + 99, &changes[0]),
	    RC_NOTFOUND);
	want = store_row(2, 1, 2000);
	assert_int_equal(suite_get(f, &want.key, &row), RC_OK);
	suite_assert_same_row(&row, &want);
}

static void
a_row_is_negotiated_once(void **state)
{
	struct suite *f = *state;
	const struct session_terms terms = { SLICE("2025-06-18"), 5,
		SLICE("{1}") };
	struct session_row want = store_row(1, 1, 2000);
	struct session_row row;
	int64_t id = 0;

	want.revision = SLICE_NONE;
	assert_int_equal(
	    f->ops->session_put(f->store, &f->op, &want, &store_no_caps, &id),
	    RC_OK);
	assert_int_equal(
	    f->ops->session_negotiate(f->store, &f->op, id + 99, &terms),
	    RC_NOTFOUND);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    f->ops->session_negotiate(f->store, &f->op, id, &terms),
		    i == 0 ? RC_OK : RC_CONFLICT);
		want.revision = terms.revision;
		want.caps = terms.caps;
		want.client = terms.client;
		assert_int_equal(suite_get(f, &want.key, &row), RC_OK);
		suite_assert_same_row(&row, &want);
	}
	assert_int_equal(suite_end(f, 1, 1), RC_OK);
	assert_int_equal(
	    f->ops->session_negotiate(f->store, &f->op, id, &terms),
	    RC_NOTFOUND);
}

static void
numbers_are_never_used_twice(void **state)
{
	struct suite *f = *state;
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

const struct CMUnitTest suite_rows[] = {
	SUITE_CASE(what_was_put_comes_back),
	SUITE_CASE(a_second_put_of_the_sid_conflicts_and_changes_nothing),
	SUITE_CASE(of_two_who_revive_one_inserts_and_both_find),
	SUITE_CASE(another_principal_or_time_is_not_found),
	SUITE_CASE(the_incarnation_comes_with_every_answer),
	SUITE_CASE(info_tells_the_schema_and_counts),
	SUITE_CASE(ended_stays_ended),
	SUITE_CASE(ending_what_is_not_there_leaves_a_tombstone),
	SUITE_CASE(one_column_changes_at_a_time),
	SUITE_CASE(a_row_is_negotiated_once),
	SUITE_COUNTING_CASE(numbers_are_never_used_twice),
	SUITE_END,
};
