#include "header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARENA_MAX ((size_t)1 << 20)
#define ZEROS "0000000000000000000000000"
#define ROWS(table) (sizeof(table) / sizeof(*(table)))

static const struct {
	const char *value;
	const char *meaning; /* NULL: refused */
} meanings[] = {
	{ "echo", "echo" },
	{ "", "" },
	{ " \t echo \t", "echo" },
	{ "two words", "two words" },
	{ "a\tb", "a\tb" },
	{ "~!\"#", "~!\"#" },
	{ "=?base64?ZWNobw==?=", "echo" },
	{ "\t =?base64?ZWNobw==?= ", "echo" },
	{ "=?base64?\?=", "" },
	{ "=?base64?IGE=?=", " a" },
	{ "=?base64?w6Q=?=", "\xC3\xA4" },
	{ "=?base64?Cg==?=", "\n" },
	/* a sentinel inside of one is text */
	{ "=?base64?PT9iYXNlNjQ/Pz0=?=", "=?base64?\?=" },
	/* not the sentinel, hence literal */
	{ "=?base64?=", "=?base64?=" },
	{ "=?base64?", "=?base64?" },
	{ "=?BASE64?ZWNobw==?=", "=?BASE64?ZWNobw==?=" },
	{ "=?Base64?ZWNobw==?=", "=?Base64?ZWNobw==?=" },
	{ "=?base64?ZWNobw==", "=?base64?ZWNobw==" },
	{ "ZWNobw==?=", "ZWNobw==?=" },
	{ "x=?base64?ZWNobw==?=", "x=?base64?ZWNobw==?=" },
	{ "=?utf-8?B?ZWNobw==?=", "=?utf-8?B?ZWNobw==?=" },
	/* not allowed in a field */
	{ "\xC3\xA4", NULL },
	{ "a\nb", NULL },
	{ "a\r", NULL },
	{ "a\x7F", NULL },
	{ "\x01", NULL },
	/* not base64 in its one form */
	{ "=?base64?ZWNobw?=", NULL },
	{ "=?base64?ZWNobw=?=", NULL },
	{ "=?base64?ZWNobw===?=", NULL },
	{ "=?base64?ZWNobx==?=", NULL },
	{ "=?base64?ZWN obw==?=", NULL },
	{ "=?base64? ZWNobw==?=", NULL },
	{ "=?base64?_-_-?=", NULL },
	{ "=?base64?=?=", NULL },
	/* base64 of what is not UTF-8 */
	{ "=?base64?/w==?=", NULL },
	{ "=?base64?wIA=?=", NULL },
	{ "=?base64?7aCA?=", NULL },
};

static void
a_value_decodes_to_its_meaning(void **state)
{
	struct arena a = ARENA_INIT(ARENA_MAX);

	(void)state;
	for (size_t i = 0; i < ROWS(meanings); i++) {
		struct slice want = slice_of(meanings[i].meaning), out;
		enum rc rc =
		    header_decode(&a, slice_of(meanings[i].value), &out);

		if (rc != (want.ptr == NULL ? RC_SYNTAX : RC_OK) ||
		    !slice_eq(out, want) ||
		    (out.ptr == NULL) != (want.ptr == NULL))
			fail_msg("\"%s\": %s", meanings[i].value, rc_name(rc));
	}
	arena_release(&a);
}

static void
a_nul_is_no_end_of_anything(void **state)
{
	struct arena a = ARENA_INIT(ARENA_MAX);
	struct slice out;

	(void)state;
	assert_int_equal(header_decode(&a, SLICE("a\0b"), &out), RC_SYNTAX);
	assert_int_equal(
	    header_decode(&a, SLICE("=?base64?YQBi?="), &out), RC_OK);
	assert_true(slice_eq(out, SLICE("a\0b")));
	arena_release(&a);
}

static void
decoding_without_memory_says_so(void **state)
{
	struct arena a = ARENA_INIT(1);
	struct slice out;

	(void)state;
	assert_int_equal(
	    header_decode(&a, SLICE("=?base64?ZWNobw==?="), &out), RC_NOMEM);
	assert_null(out.ptr);
	assert_int_equal(header_decode(&a, SLICE("echo"), &out), RC_OK);
	arena_release(&a);
}

static void
a_text_is_written_literally_where_it_can_be(void **state)
{
	static const struct {
		struct slice text, value;
	} rows[] = {
		{ SLICE_INIT("echo"), SLICE_INIT("echo") },
		{ SLICE_INIT("two words"), SLICE_INIT("two words") },
		{ SLICE_INIT("a\tb"), SLICE_INIT("a\tb") },
		{ SLICE_INIT("=?base64?"), SLICE_INIT("=?base64?") },
		{ SLICE_INIT("=?BASE64?YQ==?="),
		    SLICE_INIT("=?BASE64?YQ==?=") },
		{ SLICE_INIT(""), SLICE_INIT("=?base64?\?=") },
		{ SLICE_INIT(" "), SLICE_INIT("=?base64?IA==?=") },
		{ SLICE_INIT(" a"), SLICE_INIT("=?base64?IGE=?=") },
		{ SLICE_INIT("a\t"), SLICE_INIT("=?base64?YQk=?=") },
		{ SLICE_INIT("a\nb"), SLICE_INIT("=?base64?YQpi?=") },
		{ SLICE_INIT("\xC3\xA4"), SLICE_INIT("=?base64?w6Q=?=") },
		{ SLICE_INIT("\0"), SLICE_INIT("=?base64?AA==?=") },
		{ SLICE_INIT("=?base64?\?="),
		    SLICE_INIT("=?base64?PT9iYXNlNjQ/Pz0=?=") },
		{ SLICE_INIT("=?base64?="),
		    SLICE_INIT("=?base64?PT9iYXNlNjQ/PQ==?=") },
	};
	struct arena a = ARENA_INIT(ARENA_MAX);
	struct buf b = BUF_INIT(4096);
	struct slice back;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		buf_reset(&b);
		header_put(&b, rows[i].text);
		assert_int_equal(buf_finish(&b), RC_OK);
		if (!slice_eq(buf_slice(&b), rows[i].value))
			fail_msg("row %zu: %s", i, b.ptr);
		assert_int_equal(
		    header_decode(&a, buf_slice(&b), &back), RC_OK);
		assert_true(slice_eq(back, rows[i].text));
	}
	buf_release(&b);
	arena_release(&a);
}

static const struct {
	const char *header, *body;
	bool matches;
} matches[] = {
	{ "echo", "\"echo\"", true },
	{ "echo", "\"\\u0065cho\"", true },
	{ "", "\"\"", true },
	{ "42", "\"42\"", true },
	{ "Echo", "\"echo\"", false },
	{ "echo ", "\"echo\"", false },
	{ "42.0", "\"42\"", false },
	/* one composed, one not: other code points */
	{ "\xC3\xA4", "\"a\\u0308\"", false },
	{ "true", "true", true },
	{ "false", "false", true },
	{ "True", "true", false },
	{ "1", "true", false },
	{ "false", "true", false },
	{ "true", "\"true\"", true },
	{ "42", "42", true },
	{ "42.0", "42", true },
	{ "42.000", "42", true },
	{ "042", "42", true },
	{ "42", "42.0", true },
	{ "42", "42e0", true },
	{ "42", "4.2e1", true },
	{ "42", "4.2E+1", true },
	{ "42", "420e-1", true },
	{ "4200", "42e2", true },
	{ "0.001", "1e-3", true },
	{ "0.5", "0.50", true },
	{ "00.50", "5e-1", true },
	{ "100", "1e2", true },
	{ "-7", "-7", true },
	{ "-7.0", "-7", true },
	{ "0", "-0", true },
	{ "-0", "0", true },
	{ "-0.0", "0e7", true },
	{ "0", "0.000e-99999999999999999999", true },
	{ "9007199254740993", "9007199254740993", true },
	{ "9007199254740992", "9007199254740993", false },
	{ "123456789012345678901234567890", "123456789012345678901234567890.0",
	    true },
	{ "1" ZEROS ZEROS ZEROS ZEROS, "1e100", true },
	{ "1" ZEROS ZEROS ZEROS ZEROS, "1e101", false },
	{ "0." ZEROS ZEROS ZEROS ZEROS "5", "5e-101", true },
	{ "43", "42", false },
	{ "-42", "42", false },
	{ "42", "-42", false },
	{ "420", "42", false },
	{ "4.2", "42", false },
	{ "42.5", "42", false },
	{ "4", "42", false },
	{ "1", "1e99999999999999999999", false },
	{ "1", "1e-99999999999999999999", false },
	/* forms that only the body may use, or nobody */
	{ "42e0", "42", false },
	{ "4.2e1", "42", false },
	{ "+42", "42", false },
	{ "42.", "42", false },
	{ ".5", "0.5", false },
	{ "-", "0", false },
	{ "", "0", false },
	{ "--1", "-1", false },
	{ "0x2A", "42", false },
	{ " 42", "42", false },
	{ "42 ", "42", false },
	{ "4 2", "42", false },
	{ "42, 42", "42", false },
	{ "null", "null", false },
	{ "", "null", false },
	{ "[]", "[]", false },
	{ "{}", "{}", false },
	/* not sent */
	{ NULL, "\"\"", false },
	{ NULL, "0", false },
};

static void
a_header_matches_what_says_the_same(void **state)
{
	struct arena a = ARENA_INIT(ARENA_MAX);

	(void)state;
	for (size_t i = 0; i < ROWS(matches); i++) {
		const struct json *body;

		assert_int_equal(json_read(&a, slice_of(matches[i].body),
				     &json_limits_default, &body, NULL),
		    RC_OK);
		if (header_matches(slice_of(matches[i].header), body) !=
		    matches[i].matches)
			fail_msg("\"%s\" and %s", matches[i].header,
			    matches[i].body);
	}
	assert_false(header_matches(SLICE("x"), NULL));
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_decodes_to_its_meaning),
		cmocka_unit_test(a_nul_is_no_end_of_anything),
		cmocka_unit_test(decoding_without_memory_says_so),
		cmocka_unit_test(a_text_is_written_literally_where_it_can_be),
		cmocka_unit_test(a_header_matches_what_says_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
