#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "host_watch.h"

/* One look at two hosts: `b` beats at every look. */
struct look {
	int64_t at;
	int64_t beat; /* of host `a`; -1: the look fails, -2: no such row */
	bool is_dead; /* host `a`, after it */
};

static const struct look still[] = { { 0, 7, false }, { 1000, 7, false },
	{ 2000, 7, false }, { 2899, 7, false }, { 2900, 7, true },
	{ 4000, 7, true }, { 5000, 8, false }, { 6000, 8, false } };
static const struct look beating[] = { { 0, 1, false }, { 1000, 1, false },
	{ 2000, 2, false }, { 3000, 2, false }, { 4000, 2, false },
	{ 5000, 2, true } };
/* A look that failed, or that came late, begins the time anew. */
static const struct look failing[] = { { 0, 1, false }, { 1000, 1, false },
	{ 2000, -1, false }, { 2500, 1, false }, { 3500, 1, false },
	{ 4500, 1, false }, { 5399, 1, false }, { 5400, 1, true } };
static const struct look late[] = { { 0, 1, false }, { 1000, 1, false },
	{ 2501, 1, false }, { 4001, 1, false }, { 5400, 1, false },
	{ 5401, 1, true }, { 9000, 1, false } };
/* A row that was gone is a new one. */
static const struct look gone[] = { { 0, 1, false }, { 1000, -2, false },
	{ 2000, 1, false }, { 3500, 1, false }, { 4899, 1, false },
	{ 4900, 1, true } };

static bool
is_dead(const struct host_watch *w, struct slice name)
{
	for (size_t i = 0; i < w->n; i++) {
		if (slice_eq(slice_of(w->seen[i].name), name))
			return host_watch_is_dead(w, i);
	}
	return false;
}

static void
play(const struct look *look, size_t n)
{
	struct host_watch w = { NULL, 0, 0, false };

	for (size_t i = 0; i < n; i++) {
		struct host_row row[2] = {
			{ .name = SLICE("b"), .beat = (int64_t)i },
			{ .name = SLICE("a"), .beat = look[i].beat },
		};
		const struct host_rows rows = { row,
			look[i].beat == -2 ? 1 : 2 };

		if (look[i].beat == -1)
			host_watch_fail(&w);
		else
			assert_int_equal(
			    host_watch_look(&w, look[i].at, &rows), RC_OK);
		assert_int_equal(is_dead(&w, SLICE("a")), look[i].is_dead);
		assert_false(is_dead(&w, SLICE("b")));
	}
	host_watch_release(&w);
}

#define PLAY(looks) play(looks, sizeof(looks) / sizeof((looks)[0]))

static void
a_beat_that_stands_still_for_three_seconds_means_death(void **state)
{
	(void)state;
	PLAY(still);
	PLAY(beating);
}

static void
what_was_not_seen_is_not_counted(void **state)
{
	(void)state;
	PLAY(failing);
	PLAY(late);
	PLAY(gone);
}

static void
names_that_are_too_long_are_left_out(void **state)
{
	static const char name[100] = { 'x' };
	struct host_row row = { .name = { name, sizeof(name) } };
	const struct host_rows rows = { &row, 1 };
	struct host_watch w = { NULL, 0, 0, false };

	(void)state;
	assert_int_equal(host_watch_look(&w, 0, &rows), RC_OK);
	assert_int_equal(w.n, 0);
	host_watch_release(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_beat_that_stands_still_for_three_seconds_means_death),
		cmocka_unit_test(what_was_not_seen_is_not_counted),
		cmocka_unit_test(names_that_are_too_long_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
