#include "revision.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* One row per trait, one column per revision, oldest first. */
static const struct {
	const char *trait;
	size_t place;
	bool has[REVISIONS];
} traits[] = {
#define TRAIT(member) #member, offsetof(struct revision, member)
	{ TRAIT(is_modern), { 0, 0, 0, 0, 1 } },
	{ TRAIT(has_batch), { 0, 1, 0, 0, 0 } },
	{ TRAIT(has_priming), { 0, 0, 0, 1, 0 } },
	{ TRAIT(has_version_header), { 0, 0, 1, 1, 1 } },
	{ TRAIT(has_result_type), { 0, 0, 0, 0, 1 } },
	{ TRAIT(has_cache_hints), { 0, 0, 0, 0, 1 } },
	{ TRAIT(has_server_info_meta), { 0, 0, 0, 0, 1 } },
	{ TRAIT(asks_in_result), { 0, 0, 0, 0, 1 } },
	{ TRAIT(bad_arguments_are_results), { 0, 0, 0, 1, 1 } },
	{ TRAIT(has_title), { 0, 0, 1, 1, 1 } },
	{ TRAIT(has_tool_annotations), { 0, 1, 1, 1, 1 } },
	{ TRAIT(has_output_schema), { 0, 0, 1, 1, 1 } },
	{ TRAIT(any_output_schema), { 0, 0, 0, 0, 1 } },
	{ TRAIT(has_icons), { 0, 0, 0, 1, 1 } },
	{ TRAIT(has_execution), { 0, 0, 0, 1, 0 } },
	{ TRAIT(has_completions_capability), { 0, 1, 1, 1, 1 } },
};

/* What is more than yes or no. */
static const struct {
	const char *date;
	enum task_form tasks;
	unsigned content;
	int resource_not_found;
} values[REVISIONS] = {
	{ "2024-11-05", TASKS_NONE, 1 | 2 | 8, -32002 },
	{ "2025-03-26", TASKS_NONE, 1 | 2 | 4 | 8, -32002 },
	{ "2025-06-18", TASKS_NONE, 1 | 2 | 4 | 8 | 16, -32002 },
	{ "2025-11-25", TASKS_EXPERIMENTAL, 1 | 2 | 4 | 8 | 16, -32002 },
	{ "2026-07-28", TASKS_EXTENSION, 1 | 2 | 4 | 8 | 16, -32602 },
};

static void
every_trait_of_every_date_is_as_published(void **state)
{
	(void)state;
	for (size_t t = 0; t < sizeof(traits) / sizeof(*traits); t++) {
		for (unsigned i = 0; i < REVISIONS; i++) {
			const struct revision *r =
			    revision_get((enum revision_name)i);
			const char *bytes = (const char *)r;
			bool has;

			assert_non_null(r);
			memcpy(&has, bytes + traits[t].place, sizeof(has));
			if (has != traits[t].has[i])
				fail_msg("%s of %s", traits[t].trait,
				    values[i].date);
		}
	}
}

static void
dates_tasks_content_and_codes_are_as_published(void **state)
{
	(void)state;
	for (unsigned i = 0; i < REVISIONS; i++) {
		const struct revision *r = revision_get((enum revision_name)i);

		assert_non_null(r);
		assert_int_equal(r->name, i);
		assert_true(slice_eq(r->date, slice_of(values[i].date)));
		assert_int_equal(r->tasks, values[i].tasks);
		assert_int_equal(r->content, values[i].content);
		assert_int_equal(
		    r->resource_not_found, values[i].resource_not_found);
		assert_ptr_equal(revision_find(r->date), r);
	}
}

static void
no_other_text_finds_a_revision(void **state)
{
	static const char *const texts[] = { "", "2024-10-07", "2025-11-2",
		"2025-11-255", "2025-11-25 ", "2026-07-29", "DRAFT" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_null(revision_find(slice_of(texts[i])));
	assert_null(revision_find(SLICE_NONE));
}

static void
negotiation_echoes_legacy_and_never_gives_modern(void **state)
{
	static const struct {
		const char *asked, *answer;
	} rows[] = {
		{ "2024-11-05", "2024-11-05" },
		{ "2025-03-26", "2025-03-26" },
		{ "2025-06-18", "2025-06-18" },
		{ "2025-11-25", "2025-11-25" },
		{ "2024-10-07", "2025-11-25" },
		{ "2026-07-28", "2025-11-25" },
		{ "2027-01-01", "2025-11-25" },
		{ "1900-01-01", "2025-11-25" },
		{ "banana", "2025-11-25" },
		{ "", "2025-11-25" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct revision *r =
		    revision_negotiate(slice_of(rows[i].asked));

		assert_true(slice_eq(r->date, slice_of(rows[i].answer)));
	}
}

static void
the_era_of_a_text_is_its_place_beside_2026_07_28(void **state)
{
	static const struct {
		const char *text;
		bool is_modern;
	} rows[] = {
		{ "2026-07-28", true },
		{ "2026-07-29", true },
		{ "2026-07-28-rc1", true },
		{ "2027-01-01", true },
		{ "v999.0.0", true },
		{ "DRAFT-2026", true },
		{ "2026-07-27", false },
		{ "2026-07-2", false },
		{ "2025-11-25", false },
		{ "1900-01-01", false },
		{ "1.0", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (revision_text_is_modern(slice_of(rows[i].text)) !=
		    rows[i].is_modern)
			fail_msg("\"%s\"", rows[i].text);
	}
}

static void
the_named_rows_are_the_right_ones(void **state)
{
	(void)state;
	assert_int_equal(revision_assumed()->name, REVISION_2025_03_26);
	assert_int_equal(revision_modern()->name, REVISION_2026_07_28);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_trait_of_every_date_is_as_published),
		cmocka_unit_test(
		    dates_tasks_content_and_codes_are_as_published),
		cmocka_unit_test(no_other_text_finds_a_revision),
		cmocka_unit_test(
		    negotiation_echoes_legacy_and_never_gives_modern),
		cmocka_unit_test(
		    the_era_of_a_text_is_its_place_beside_2026_07_28),
		cmocka_unit_test(the_named_rows_are_the_right_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
