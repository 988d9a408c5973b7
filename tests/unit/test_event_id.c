#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event_id.h"

static void
an_id_reads_back_as_it_was_written(void **state)
{
	static const struct {
		struct event_id id;
		struct slice text;
	} rows[] = {
		{ { 7, 3, 41 }, SLICE_INIT("7-3-41") },
		{ { 0, 1, 0 }, SLICE_INIT("0-1-0") },
		{ { UINT32_MAX, INT64_MAX, INT64_MAX },
		    SLICE_INIT("4294967295-9223372036854775807-"
			       "9223372036854775807") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = BUF_INIT(100);
		struct event_id got = { 0, 0, 0 };

		event_id_put(&b, &rows[i].id);
		assert_true(slice_eq(buf_slice(&b), rows[i].text));
		assert_int_equal(event_id_read(rows[i].text, &got), RC_OK);
		assert_int_equal(got.incarnation, rows[i].id.incarnation);
		assert_int_equal(got.stream, rows[i].id.stream);
		assert_int_equal(got.seq, rows[i].id.seq);
		buf_release(&b);
	}
}

static void
nothing_else_is_an_id(void **state)
{
	static const struct slice rows[] = {
		SLICE_INIT(""),
		SLICE_INIT("-"),
		SLICE_INIT("--"),
		SLICE_INIT("7"),
		SLICE_INIT("7-3"),
		SLICE_INIT("7-3-"),
		SLICE_INIT("-3-41"),
		SLICE_INIT("7--41"),
		SLICE_INIT("7-3-41-"),
		SLICE_INIT("7-3-41-1"),
		SLICE_INIT("7-3-+41"),
		SLICE_INIT("7-3-041"),
		SLICE_INIT("07-3-41"),
		SLICE_INIT(" 7-3-41"),
		SLICE_INIT("7-3-41\n"),
		SLICE_INIT("7-0-41"),
		SLICE_INIT("4294967296-3-41"),
		SLICE_INIT("7-9223372036854775808-41"),
		SLICE_INIT("7-3-9223372036854775808"),
		SLICE_INIT("7-3-4x"),
		{ NULL, 0 },
	};
	struct event_id got;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(event_id_read(rows[i], &got), RC_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_reads_back_as_it_was_written),
		cmocka_unit_test(nothing_else_is_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
