#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalog_bench.h"

static void
edits_are_taken_up_once_per_check(void **state)
{
	struct catalog_bench w;
	struct catalog *c;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_put_tool(&w, "a.json", "a", "one");
	c = catalog_bench_open(&w);
	catalog_bench_expect(c, "a=one");
	catalog_bench_put_tool(&w, "a.json", "a", "second");
	catalog_bench_put_tool(&w, "b.json", "b", "new");
	fake_clock_advance(&w.clock, CATALOG_BENCH_CHECK_MS - 1);
	catalog_bench_expect(c, "a=one");
	fake_clock_advance(&w.clock, 1);
	catalog_bench_expect(c, "a=second b=new");
	catalog_bench_drop(w.folder, "a.json");
	catalog_bench_expect(c, "a=second b=new");
	catalog_bench_pass(&w);
	catalog_bench_expect(c, "b=new");
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
an_edit_within_one_tick_of_the_file_system_is_seen(void **state)
{
	const struct timespec then[2] = { { 3999999999, 5 },
		{ 3999999999, 5 } };
	struct catalog_bench w;
	struct catalog *c;
	char path[160];

	(void)state;
	catalog_bench_init(&w);
	(void)snprintf(path, sizeof(path), "%s/tools/a.json", w.folder);
	/* Same size, same time, same file: only its content differs. */
	catalog_bench_put_tool(&w, "a.json", "a", "one");
	assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
	c = catalog_bench_open(&w);
	catalog_bench_put_tool(&w, "a.json", "a", "two");
	assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
	catalog_bench_pass(&w);
	catalog_bench_expect(c, "a=two");
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
nothing_changes_while_nothing_is_edited(void **state)
{
	struct catalog_bench w;
	struct catalog *c;
	struct toolbox *box;
	const struct tool *const *before;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_put_tool(&w, "a.json", "a", "one");
	c = catalog_bench_open(&w);
	box = catalog_toolbox(c);
	before = box->ops->view(box, OFFER_TOOL)->tool;
	for (int i = 0; i < 5; i++) {
		catalog_bench_pass(&w);
		assert_ptr_equal(box->ops->view(box, OFFER_TOOL)->tool, before);
	}
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
a_broken_edit_is_reported_once_and_the_last_good_version_serves(void **state)
{
	struct catalog_bench w;
	struct catalog *c;

	(void)state;
	catalog_bench_init(&w);
	w.options.state = NULL;
	catalog_bench_put_tool(&w, "a.json", "a", "good");
	c = catalog_bench_open(&w);
	catalog_bench_put(w.folder, "a.json", "{\n\"name\":}");
	for (int i = 0; i < 3; i++) {
		catalog_bench_pass(&w);
		catalog_bench_expect(c, "a=good");
	}
	assert_int_equal(catalog_bench_said(&w, "a.json"), 1);
	assert_int_equal(catalog_bench_said(&w, "2: "), 1);
	catalog_bench_put(w.folder, "a.json", "{}");
	catalog_bench_pass(&w);
	catalog_bench_expect(c, "a=good");
	/* Name and schema are missing. */
	assert_int_equal(catalog_bench_said(&w, "a.json"), 3);
	catalog_bench_put_tool(&w, "a.json", "a", "better");
	catalog_bench_pass(&w);
	catalog_bench_expect(c, "a=better");
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
a_process_that_starts_with_a_broken_file_takes_the_copy(void **state)
{
	struct catalog_bench w;
	struct catalog *first, *second;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_put_tool(&w, "a.json", "a", "good");
	first = catalog_bench_open(&w);
	assert_true(catalog_bench_has(w.state, "a.json"));
	catalog_bench_put(w.folder, "a.json", "broken");
	catalog_bench_put(w.folder, "b.json", "broken from the first day");
	second = catalog_bench_open(&w);
	catalog_bench_pass(&w);
	catalog_bench_expect(first, "a=good");
	catalog_bench_expect(second, "a=good");
	assert_false(catalog_bench_has(w.state, "b.json"));
	catalog_free(second);
	catalog_free(first);
	catalog_bench_release(&w);
}

static void
the_copy_serves_for_a_link_that_leads_nowhere(void **state)
{
	struct catalog_bench w;
	struct catalog *first, *second;
	char path[160];

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_put_tool(&w, "a.json", "a", "good");
	first = catalog_bench_open(&w);
	catalog_bench_drop(w.folder, "a.json");
	(void)snprintf(path, sizeof(path), "%s/tools/a.json", w.folder);
	assert_int_equal(symlink("nowhere", path), 0);
	catalog_bench_pass(&w);
	catalog_bench_expect(first, "a=good");
	second = catalog_bench_open(&w);
	catalog_bench_expect(second, "a=good");
	for (int i = 0; i < 3; i++) {
		catalog_bench_pass(&w);
		catalog_bench_expect(second, "a=good");
	}
	assert_int_equal(catalog_bench_said(&w, "is no file"), 1 + 1);
	catalog_bench_drop(w.folder, "a.json");
	catalog_bench_put_tool(&w, "a.json", "a", "good");
	catalog_bench_pass(&w);
	catalog_bench_expect(second, "a=good");
	catalog_bench_drop(w.folder, "a.json");
	catalog_bench_pass(&w);
	catalog_bench_expect(second, "");
	catalog_free(second);
	catalog_free(first);
	catalog_bench_release(&w);
}

static void
a_process_that_missed_a_good_edit_takes_it_from_the_copy(void **state)
{
	struct catalog_bench w;
	struct catalog *quick, *slow;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_put_tool(&w, "a.json", "a", "old");
	quick = catalog_bench_open(&w);
	slow = catalog_bench_open(&w);
	catalog_bench_pass(&w);
	catalog_bench_put_tool(&w, "a.json", "a", "edited");
	catalog_bench_expect(quick, "a=edited");
	catalog_bench_put(w.folder, "a.json", "broken");
	catalog_bench_expect(slow, "a=edited");
	catalog_bench_pass(&w);
	catalog_bench_expect(quick, "a=edited");
	catalog_free(slow);
	catalog_free(quick);
	catalog_bench_release(&w);
}

static void
removing_a_file_removes_the_tool_and_the_copy(void **state)
{
	struct catalog_bench w;
	struct catalog *c;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_put_tool(&w, "a.json", "a", "1");
	catalog_bench_put_tool(&w, "b.json", "b", "2");
	c = catalog_bench_open(&w);
	catalog_bench_drop(w.folder, "a.json");
	catalog_bench_pass(&w);
	catalog_bench_expect(c, "b=2");
	assert_false(catalog_bench_has(w.state, "a.json"));
	assert_true(catalog_bench_has(w.state, "b.json"));
	catalog_free(c);
	/* Removed while no process ran. */
	catalog_bench_drop(w.folder, "b.json");
	c = catalog_bench_open(&w);
	catalog_bench_expect(c, "");
	assert_false(catalog_bench_has(w.state, "b.json"));
	catalog_free(c);
	catalog_bench_release(&w);
}

/* What is done to the folder whose name follows, and what is left then. */
static void
assert_away(const char *name, const char *target, const char *want)
{
	const bool is_kept = want[0] != '\0';
	struct catalog_bench w;
	struct catalog *c;
	char from[160], to[160];

	catalog_bench_init(&w);
	catalog_bench_put_tool(&w, "a.json", "a", "1");
	c = catalog_bench_open(&w);
	(void)snprintf(from, sizeof(from), "%s%s", w.folder, name);
	(void)snprintf(to, sizeof(to), "%s/away", w.root.path);
	assert_int_equal(rename(from, to), 0);
	if (target != NULL)
		assert_int_equal(symlink(target, from), 0);
	for (int i = 0; i < 3; i++) {
		catalog_bench_pass(&w);
		catalog_bench_expect(c, want);
	}
	assert_int_equal(catalog_bench_said(&w, "/tools "), is_kept ? 1 : 0);
	assert_true(catalog_bench_has(w.state, "a.json") == is_kept);
	if (target != NULL)
		assert_int_equal(unlink(from), 0);
	assert_int_equal(rename(to, from), 0);
	catalog_bench_put_tool(&w, "b.json", "b", "2");
	catalog_bench_pass(&w);
	catalog_bench_expect(c, "a=1 b=2");
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
what_is_out_of_reach_is_kept_and_what_is_gone_is_not(void **state)
{
	(void)state;
	assert_away("", NULL, "a=1");
	assert_away("/tools", NULL, "");
	assert_away("/tools", "/nonexistent", "a=1");
	assert_away("/tools", "/dev/null", "a=1");
	assert_away("", "/dev/null", "a=1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edits_are_taken_up_once_per_check),
		cmocka_unit_test(
		    an_edit_within_one_tick_of_the_file_system_is_seen),
		cmocka_unit_test(nothing_changes_while_nothing_is_edited),
		cmocka_unit_test(
		    a_broken_edit_is_reported_once_and_the_last_good_version_serves),
		cmocka_unit_test(
		    a_process_that_starts_with_a_broken_file_takes_the_copy),
		cmocka_unit_test(
		    a_process_that_missed_a_good_edit_takes_it_from_the_copy),
		cmocka_unit_test(the_copy_serves_for_a_link_that_leads_nowhere),
		cmocka_unit_test(removing_a_file_removes_the_tool_and_the_copy),
		cmocka_unit_test(
		    what_is_out_of_reach_is_kept_and_what_is_gone_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
