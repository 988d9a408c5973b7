#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
assert_text(const struct buf *b, struct slice want)
{
	assert_int_equal(buf_finish(b), RC_OK);
	assert_int_equal(b->len, want.len);
	if (want.len > 0)
		assert_memory_equal(b->ptr, want.ptr, want.len);
}

static const struct {
	struct slice bytes;
	size_t step; /* of the first sequence, 0 if it is broken */
	bool ok;     /* all of it */
} utf8[] = {
	{ SLICE_INIT(""), 0, true },
	{ SLICE_INIT("a"), 1, true },
	{ SLICE_INIT("\0"), 1, true },
	{ SLICE_INIT("\x7f"), 1, true },
	{ SLICE_INIT("\x80"), 0, false },
	{ SLICE_INIT("\xbf"), 0, false },
	{ SLICE_INIT("\xc0\x80"), 0, false },
	{ SLICE_INIT("\xc1\xbf"), 0, false },
	{ SLICE_INIT("\xc2\x80"), 2, true },
	{ SLICE_INIT("\xc2"), 0, false },
	{ SLICE_INIT("\xc2\x7f"), 0, false },
	{ SLICE_INIT("\xc2\xc0"), 0, false },
	{ SLICE_INIT("\xdf\xbf"), 2, true },
	{ SLICE_INIT("\xe0\x9f\xbf"), 0, false },
	{ SLICE_INIT("\xe0\xa0\x80"), 3, true },
	{ SLICE_INIT("\xe2\x82"), 0, false },
	{ SLICE_INIT("\xe2\x82\xac"), 3, true },
	{ SLICE_INIT("\xe2\x82\x2c"), 0, false },
	{ SLICE_INIT("\xed\x9f\xbf"), 3, true },
	{ SLICE_INIT("\xed\xa0\x80"), 0, false },
	{ SLICE_INIT("\xed\xbf\xbf"), 0, false },
	{ SLICE_INIT("\xee\x80\x80"), 3, true },
	{ SLICE_INIT("\xef\xbf\xbf"), 3, true },
	{ SLICE_INIT("\xf0\x8f\xbf\xbf"), 0, false },
	{ SLICE_INIT("\xf0\x90\x80\x80"), 4, true },
	{ SLICE_INIT("\xf0\x90\x80"), 0, false },
	{ SLICE_INIT("\xf4\x8f\xbf\xbf"), 4, true },
	{ SLICE_INIT("\xf4\x90\x80\x80"), 0, false },
	{ SLICE_INIT("\xf5\x80\x80\x80"), 0, false },
	{ SLICE_INIT("\xff"), 0, false },
	{ SLICE_INIT("abcdefgh\xc3\xa9xyz"), 1, true },
	{ SLICE_INIT("abcdefgh\xc3"), 1, false },
	{ SLICE_INIT("abcdefghijklmnop\xff"), 1, false },
	{ SLICE_INIT("\xc3\xa9\xff"), 2, false },
};

static void
utf8_is_taken_only_when_well_formed(void **state)
{
	struct guard g;

	(void)state;
	assert_true(guard_init(&g));
	for (size_t i = 0; i < COUNT(utf8); i++) {
		struct slice s = guard_place(&g, utf8[i].bytes);

		assert_int_equal(text_utf8_step(s), utf8[i].step);
		assert_int_equal(text_utf8_ok(s), utf8[i].ok);
	}
	guard_release(&g);
}

static void
every_scalar_value_is_written_as_one_sequence(void **state)
{
	struct buf b = BUF_INIT(16);

	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		if (c == 0xd800)
			c = 0xe000;
		buf_reset(&b);
		text_put_utf8(&b, c);
		assert_int_equal(text_utf8_step(buf_slice(&b)), b.len);
	}
	buf_reset(&b);
	text_put_utf8(&b, 0x20ac);
	assert_text(&b, SLICE("\xe2\x82\xac"));
	buf_reset(&b);
	text_put_utf8(&b, 0x1f600);
	assert_text(&b, SLICE("\xf0\x9f\x98\x80"));
	buf_release(&b);
}

static const struct {
	struct slice text;
	uint64_t max;
	enum rc rc;
	uint64_t value;
} numbers[] = {
	{ SLICE_INIT("0"), 0, RC_OK, 0 },
	{ SLICE_INIT("7"), 9, RC_OK, 7 },
	{ SLICE_INIT("10"), 10, RC_OK, 10 },
	{ SLICE_INIT("11"), 10, RC_SYNTAX, 0 },
	{ SLICE_INIT("5"), 4, RC_SYNTAX, 0 },
	{ SLICE_INIT("18446744073709551615"), UINT64_MAX, RC_OK, UINT64_MAX },
	{ SLICE_INIT("18446744073709551616"), UINT64_MAX, RC_SYNTAX, 0 },
	{ SLICE_INIT("99999999999999999999"), UINT64_MAX, RC_SYNTAX, 0 },
	{ SLICE_INIT("100000000000000000000"), UINT64_MAX, RC_SYNTAX, 0 },
	{ SLICE_INIT("9223372036854775807"), INT64_MAX, RC_OK, INT64_MAX },
	{ SLICE_INIT("9223372036854775808"), INT64_MAX, RC_SYNTAX, 0 },
	{ SLICE_INIT(""), 10, RC_SYNTAX, 0 },
	{ SLICE_INIT("00"), 10, RC_SYNTAX, 0 },
	{ SLICE_INIT("01"), 10, RC_SYNTAX, 0 },
	{ SLICE_INIT("+1"), 10, RC_SYNTAX, 0 },
	{ SLICE_INIT("-1"), 10, RC_SYNTAX, 0 },
	{ SLICE_INIT(" 1"), 10, RC_SYNTAX, 0 },
	{ SLICE_INIT("1 "), 10, RC_SYNTAX, 0 },
	{ SLICE_INIT("1\0"), 10, RC_SYNTAX, 0 },
	{ SLICE_INIT("a"), 100, RC_SYNTAX, 0 },
	{ SLICE_INIT("1.0"), 100, RC_SYNTAX, 0 },
};

static void
a_number_is_plain_decimal_within_its_maximum(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		uint64_t value = 42;

		assert_int_equal(
		    text_u64(numbers[i].text, numbers[i].max, &value),
		    numbers[i].rc);
		assert_true(
		    value == (numbers[i].rc == RC_OK ? numbers[i].value : 42));
	}
}

static void
hex_is_written_low_and_read_in_either_case(void **state)
{
	static const struct slice broken[] = { SLICE_INIT("00ff"),
		SLICE_INIT("00ff1"), SLICE_INIT("00ff1g"), SLICE_INIT("00ff 1"),
		SLICE_INIT("00ff1ff"), SLICE_INIT("") };
	unsigned char out[3];
	struct buf b = BUF_INIT(100);

	(void)state;
	text_put_hex(&b, "\x00\xff\x1a", 3);
	assert_text(&b, SLICE("00ff1a"));
	assert_int_equal(text_hex(SLICE("00Ff1A"), out, 3), RC_OK);
	assert_memory_equal(out, "\x00\xff\x1a", 3);
	for (size_t i = 0; i < COUNT(broken); i++)
		assert_int_equal(text_hex(broken[i], out, 3), RC_SYNTAX);
	assert_int_equal(text_hex(SLICE_NONE, out, 0), RC_OK);
	text_put_hex(&b, NULL, 0);
	assert_text(&b, SLICE("00ff1a"));
	buf_release(&b);
}

/* RFC 4648 10, and what tells the two alphabets apart. */
static const struct {
	struct slice bytes;
	struct slice b64;
	struct slice b64url;
} base64[] = {
	{ SLICE_INIT(""), SLICE_INIT(""), SLICE_INIT("") },
	{ SLICE_INIT("f"), SLICE_INIT("Zg=="), SLICE_INIT("Zg") },
	{ SLICE_INIT("fo"), SLICE_INIT("Zm8="), SLICE_INIT("Zm8") },
	{ SLICE_INIT("foo"), SLICE_INIT("Zm9v"), SLICE_INIT("Zm9v") },
	{ SLICE_INIT("foob"), SLICE_INIT("Zm9vYg=="), SLICE_INIT("Zm9vYg") },
	{ SLICE_INIT("fooba"), SLICE_INIT("Zm9vYmE="), SLICE_INIT("Zm9vYmE") },
	{ SLICE_INIT("foobar"), SLICE_INIT("Zm9vYmFy"),
	    SLICE_INIT("Zm9vYmFy") },
	{ SLICE_INIT("\xfb\xff\xbf"), SLICE_INIT("+/+/"), SLICE_INIT("-_-_") },
	{ SLICE_INIT("\0\0"), SLICE_INIT("AAA="), SLICE_INIT("AAA") },
};

static void
base64_goes_there_and_back(void **state)
{
	struct arena a = ARENA_INIT(1 << 16);
	unsigned char fixed[8];

	(void)state;
	for (size_t i = 0; i < COUNT(base64); i++) {
		struct buf b = BUF_INIT(100);
		struct slice bytes = base64[i].bytes;
		struct slice out;

		text_put_b64(&b, bytes.ptr, bytes.len);
		assert_text(&b, base64[i].b64);
		buf_reset(&b);
		text_put_b64url(&b, bytes.ptr, bytes.len);
		assert_text(&b, base64[i].b64url);
		assert_int_equal(text_b64(&a, base64[i].b64, &out), RC_OK);
		assert_true(out.ptr != NULL && slice_eq(out, bytes));
		assert_int_equal(
		    text_b64url(&a, base64[i].b64url, &out), RC_OK);
		assert_true(slice_eq(out, bytes));
		assert_int_equal(
		    text_b64url_fixed(base64[i].b64url, fixed, bytes.len),
		    RC_OK);
		assert_memory_equal(fixed, bytes.ptr, bytes.len);
		assert_int_equal(
		    text_b64url_fixed(base64[i].b64url, fixed, bytes.len + 1),
		    RC_SYNTAX);
		buf_release(&b);
	}
	arena_release(&a);
}

static void
only_canonical_base64_is_taken(void **state)
{
	static const struct slice b64[] = { SLICE_INIT("Zg"), SLICE_INIT("Zg="),
		SLICE_INIT("Zg==="), SLICE_INIT("Zh=="), SLICE_INIT("Zm9="),
		SLICE_INIT("Z==="), SLICE_INIT("===="), SLICE_INIT("=g=="),
		SLICE_INIT("Zm9v\n"), SLICE_INIT("Zm 9v"), SLICE_INIT("-_-_"),
		SLICE_INIT("Zg==Zg=="), SLICE_INIT("Zm9\0"),
		SLICE_INIT("Zm9\xff") };
	static const struct slice b64url[] = { SLICE_INIT("Zg=="),
		SLICE_INIT("Z"), SLICE_INIT("Zh"), SLICE_INIT("Zm9"),
		SLICE_INIT("+/+/"), SLICE_INIT("Zm9vY"), SLICE_INIT("Zm 8"),
		SLICE_INIT("A\0") };
	struct arena a = ARENA_INIT(1 << 16);
	unsigned char fixed[8];
	struct slice out;

	(void)state;
	for (size_t i = 0; i < COUNT(b64); i++)
		assert_int_equal(text_b64(&a, b64[i], &out), RC_SYNTAX);
	for (size_t i = 0; i < COUNT(b64url); i++) {
		assert_int_equal(text_b64url(&a, b64url[i], &out), RC_SYNTAX);
		for (size_t n = 0; n < sizeof(fixed); n++)
			assert_int_equal(
			    text_b64url_fixed(b64url[i], fixed, n), RC_SYNTAX);
	}
	arena_release(&a);
}

static void
decoding_keeps_to_the_ceiling_of_the_arena(void **state)
{
	struct arena a = ARENA_INIT(4);
	struct slice out;

	(void)state;
	assert_int_equal(text_b64(&a, SLICE("Zm9vYmFy"), &out), RC_NOMEM);
	arena_release(&a);
}

static void
tokens_and_visible_text_are_told_byte_by_byte(void **state)
{
	static const char tchars[] = "!#$%&'*+-.^_`|~0123456789"
				     "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[3] = { 'a', (char)c, 'b' };
		bool tchar = c != 0 && strchr(tchars, c) != NULL;

		assert_int_equal(
		    text_token_ok((struct slice){ text, 3 }), tchar);
		assert_int_equal(text_visible_ok((struct slice){ text, 3 }),
		    c >= 0x21 && c <= 0x7e);
	}
	assert_false(text_token_ok(SLICE("")));
	assert_false(text_token_ok(SLICE_NONE));
	assert_false(text_visible_ok(SLICE("")));
	assert_false(text_visible_ok(SLICE_NONE));
}

static const struct {
	int64_t ms;
	const char *text;
} times[] = {
	{ 0, "1970-01-01T00:00:00.000Z" },
	{ -1, "1969-12-31T23:59:59.999Z" },
	{ 951782400000, "2000-02-29T00:00:00.000Z" },
	{ 951868799999, "2000-02-29T23:59:59.999Z" },
	{ 951868800000, "2000-03-01T00:00:00.000Z" },
	{ 1785196800123, "2026-07-28T00:00:00.123Z" },
	{ 4107542399000, "2100-02-28T23:59:59.000Z" },
	{ 4107542400000, "2100-03-01T00:00:00.000Z" },
	{ -2203891200000, "1900-03-01T00:00:00.000Z" },
	{ -62167219200000, "0000-01-01T00:00:00.000Z" },
	{ 253402300799999, "9999-12-31T23:59:59.999Z" },
	{ 253402300800000, "9999-12-31T23:59:59.999Z" },
	{ INT64_MAX, "9999-12-31T23:59:59.999Z" },
	{ INT64_MIN, "0000-01-01T00:00:00.000Z" },
};

static void
times_are_written_as_rfc_3339_dates(void **state)
{
	struct buf b = BUF_INIT(100);

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		buf_reset(&b);
		text_put_time(&b, times[i].ms);
		assert_string_equal(b.ptr, times[i].text);
	}
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_taken_only_when_well_formed),
		cmocka_unit_test(every_scalar_value_is_written_as_one_sequence),
		cmocka_unit_test(a_number_is_plain_decimal_within_its_maximum),
		cmocka_unit_test(hex_is_written_low_and_read_in_either_case),
		cmocka_unit_test(base64_goes_there_and_back),
		cmocka_unit_test(only_canonical_base64_is_taken),
		cmocka_unit_test(decoding_keeps_to_the_ceiling_of_the_arena),
		cmocka_unit_test(tokens_and_visible_text_are_told_byte_by_byte),
		cmocka_unit_test(times_are_written_as_rfc_3339_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
