#include "store_suite.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "store_suite_part.h"

static void
at_the_total_the_least_recently_touched_goes(void **state)
{
	struct suite *f = *state;
	const struct session_caps caps = { 3, 0, 2500 };
	const struct session_change touch = { SESSION_TOUCHED, 2400 };
	struct session_row first = store_row(0, 1, 0);

	suite_fill(f, 0, 3, 1);
	assert_int_equal(suite_get(f, &first.key, &first), RC_OK);
	assert_int_equal(
	    f->ops->session_set(f->store, &f->op, first.id, &touch), RC_OK);
	assert_int_equal(suite_put(f, store_row(10, 2, 2900), &caps), RC_OK);
	assert_false(suite_has(f, 1, 1));
	assert_int_equal(suite_put(f, store_row(11, 2, 2900), &caps), RC_OK);
	assert_false(suite_has(f, 2, 1));
	assert_int_equal(suite_put(f, store_row(12, 2, 2900), &caps), RC_OK);
	assert_false(suite_has(f, 0, 1));
	/* All that is left was touched since. */
	assert_int_equal(suite_put(f, store_row(13, 2, 2900), &caps), RC_FULL);
	assert_int_equal(suite_info(f).sessions_live, 3);
}

static void
touched_exactly_at_the_limit_is_young(void **state)
{
	struct suite *f = *state;
	struct session_caps caps = { 1, 0, 2000 };

	assert_int_equal(suite_put(f, store_row(1, 1, 2000), &caps), RC_OK);
	assert_int_equal(suite_put(f, store_row(2, 1, 3000), &caps), RC_FULL);
	assert_true(suite_has(f, 1, 1));
	assert_false(suite_has(f, 2, 1));
	caps.idle_before = 2001;
	assert_int_equal(suite_put(f, store_row(2, 1, 3000), &caps), RC_OK);
	assert_false(suite_has(f, 1, 1));
}

static void
of_two_touched_at_once_the_older_goes(void **state)
{
	struct suite *f = *state;
	const struct session_caps caps = { 2, 2, 9999 };

	assert_int_equal(suite_put(f, store_row(7, 1, 2000), &caps), RC_OK);
	assert_int_equal(suite_put(f, store_row(3, 1, 2000), &caps), RC_OK);
	assert_int_equal(suite_put(f, store_row(5, 1, 2000), &caps), RC_OK);
	assert_false(suite_has(f, 7, 1));
	assert_int_equal(suite_put(f, store_row(1, 2, 2000), &caps), RC_OK);
	assert_false(suite_has(f, 3, 1));
	assert_true(suite_has(f, 5, 1));
}

static void
at_its_own_cap_a_principal_loses_its_own(void **state)
{
	struct suite *f = *state;
	const struct session_caps caps = { 100, 2, 2500 };

	suite_fill(f, 0, 3, 1); /* the oldest, but another's */
	suite_fill(f, 10, 2, 2);
	assert_int_equal(suite_put(f, store_row(20, 2, 2900), &caps), RC_OK);
	assert_false(suite_has(f, 10, 2));
	assert_true(suite_has(f, 0, 1));
	assert_int_equal(suite_put(f, store_row(21, 2, 2900), &caps), RC_OK);
	assert_int_equal(suite_put(f, store_row(22, 2, 2900), &caps), RC_FULL);
	assert_int_equal(suite_put(f, store_row(23, 3, 2900), &caps), RC_OK);
	assert_int_equal(suite_info(f).sessions_live, 6);
}

static void
who_meets_both_caps_loses_its_own(void **state)
{
	struct suite *f = *state;
	const struct session_caps caps = { 4, 2, 2500 };

	suite_fill(f, 0, 2, 1);
	suite_fill(f, 10, 2, 2);
	assert_int_equal(suite_put(f, store_row(20, 2, 2900), &caps), RC_OK);
	assert_true(suite_has(f, 0, 1));
	assert_false(suite_has(f, 10, 2));
	assert_int_equal(suite_info(f).sessions_live, 4);
}

static void
a_cap_that_was_lowered_lets_no_more_in_than_go(void **state)
{
	struct suite *f = *state;
	const struct session_caps caps = { 2, 0, 2500 };

	suite_fill(f, 0, 5, 1);
	assert_int_equal(suite_put(f, store_row(20, 1, 2900), &caps), RC_OK);
	assert_int_equal(suite_info(f).sessions_live, 5);
}

static void
ended_rows_do_not_count_and_are_not_forgotten_for_room(void **state)
{
	struct suite *f = *state;
	const struct session_caps caps = { 2, 2, 2500 };

	f->op.now_ms = 1; /* the tombstones look oldest */
	for (uint32_t n = 0; n < 5; n++)
		assert_int_equal(suite_end(f, n, 1), RC_OK);
	suite_fill(f, 10, 2, 1);
	assert_int_equal(suite_end(f, 10, 1), RC_OK);
	assert_int_equal(suite_put(f, store_row(20, 1, 2900), &caps), RC_OK);
	assert_true(suite_has(f, 11, 1));
	assert_int_equal(suite_put(f, store_row(21, 1, 2900), &caps), RC_OK);
	assert_false(suite_has(f, 11, 1));
	assert_int_equal(suite_put(f, store_row(22, 1, 2900), &caps), RC_FULL);
	assert_int_equal(suite_info(f).sessions_ended, 6);
}

static void
full_changes_nothing(void **state)
{
	struct suite *f = *state;
	const struct session_caps caps[] = {
		{ 3, 0, 0 },
		{ 0, 3, 0 },
		{ 3, 3, 2000 },
	};
	struct store_info before;

	suite_fill(f, 0, 3, 1);
	before = suite_info(f);
	for (size_t i = 0; i < COUNT(caps); i++) {
		int64_t id = -7;
		struct session_row row = store_row(9, 1, 2900);

		assert_int_equal(
		    f->ops->session_put(f->store, &f->op, &row, &caps[i], &id),
		    RC_FULL);
		assert_int_equal(id, -7);
		assert_false(suite_has(f, 9, 1));
	}
	for (uint32_t n = 0; n < 3; n++)
		assert_true(suite_has(f, n, 1));
	assert_int_equal(suite_info(f).sessions_live, before.sessions_live);
}

static void
sweep_keeps_what_is_young(void **state)
{
	struct suite *f = *state;
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
	suite_fill(f, 0, 4, 1); /* touched 2000 ... 2003 */
	assert_int_equal(suite_end(f, 0, 1), RC_OK);
	assert_int_equal(suite_put(f, old, &store_no_caps), RC_OK);
	assert_int_equal(
	    f->ops->session_end(f->store, &f->op, &old_end, END_DELETED),
	    RC_OK);
	assert_int_equal(f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	assert_int_equal(done.forgotten, 1);
	assert_int_equal(done.removed, 2);
	assert_false(done.more);
	assert_true(suite_has(f, 0, 1)); /* the tombstone outlives idleness */
	assert_false(suite_has(f, 1, 1));
	assert_true(suite_has(f, 2, 1));
	assert_true(suite_has(f, 3, 1));
	assert_int_equal(suite_info(f).sessions_live, 2);
	assert_int_equal(suite_info(f).sessions_ended, 1);
}

static void
sweep_takes_bounded_bites(void **state)
{
	struct suite *f = *state;
	struct sweep_rules rules = {
		.idle_before = 2090,
		.created_before = 0,
		.limit = 0,
	};
	struct sweep_done done;
	int64_t left = 100;
	int calls = 0;

	suite_fill(f, 0, 100, 1);
	assert_int_equal(f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	assert_int_equal(suite_info(f).sessions_live, 100);
	rules.limit = 20;
	do {
		assert_int_equal(
		    f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
		assert_true(done.forgotten + done.removed <= 20);
		left -= done.forgotten;
		assert_int_equal(suite_info(f).sessions_live, left);
	} while (done.more && ++calls < 10);
	assert_false(done.more);
	assert_int_equal(left, 10);
}

const struct CMUnitTest suite_caps[] = {
	SUITE_CASE(at_the_total_the_least_recently_touched_goes),
	SUITE_CASE(touched_exactly_at_the_limit_is_young),
	SUITE_CASE(of_two_touched_at_once_the_older_goes),
	SUITE_CASE(at_its_own_cap_a_principal_loses_its_own),
	SUITE_CASE(who_meets_both_caps_loses_its_own),
	SUITE_CASE(a_cap_that_was_lowered_lets_no_more_in_than_go),
	SUITE_CASE(ended_rows_do_not_count_and_are_not_forgotten_for_room),
	SUITE_CASE(full_changes_nothing),
	SUITE_COUNTING_CASE(sweep_keeps_what_is_young),
	SUITE_COUNTING_CASE(sweep_takes_bounded_bites),
	SUITE_END,
};
