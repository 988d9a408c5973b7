#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json.h"
#include "json_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	struct slice text;
	bool integer;
	enum rc rc; /* of json_int64() */
	int64_t value;
} integers[] = {
	{ SLICE_INIT("0"), true, RC_OK, 0 },
	{ SLICE_INIT("-0"), true, RC_OK, 0 },
	{ SLICE_INIT("-0.0e-5"), true, RC_OK, 0 },
	{ SLICE_INIT("0e999999999999999999999"), true, RC_OK, 0 },
	{ SLICE_INIT("5"), true, RC_OK, 5 },
	{ SLICE_INIT("-7"), true, RC_OK, -7 },
	{ SLICE_INIT("1.0"), true, RC_OK, 1 },
	{ SLICE_INIT("1e2"), true, RC_OK, 100 },
	{ SLICE_INIT("1E+02"), true, RC_OK, 100 },
	{ SLICE_INIT("1.50e1"), true, RC_OK, 15 },
	{ SLICE_INIT("1.50e0"), false, RC_SYNTAX, 0 },
	{ SLICE_INIT("120e-1"), true, RC_OK, 12 },
	{ SLICE_INIT("120e-2"), false, RC_SYNTAX, 0 },
	{ SLICE_INIT("0.001e3"), true, RC_OK, 1 },
	{ SLICE_INIT("0.001e2"), false, RC_SYNTAX, 0 },
	{ SLICE_INIT("1.5"), false, RC_SYNTAX, 0 },
	{ SLICE_INIT("1e-1"), false, RC_SYNTAX, 0 },
	{ SLICE_INIT("1e400"), true, RC_SYNTAX, 0 },
	{ SLICE_INIT("-1e400"), true, RC_SYNTAX, 0 },
	{ SLICE_INIT("1e-400"), false, RC_SYNTAX, 0 },
	{ SLICE_INIT("1e99999999999999999999"), true, RC_SYNTAX, 0 },
	{ SLICE_INIT("1e-99999999999999999999"), false, RC_SYNTAX, 0 },
	{ SLICE_INIT("9007199254740993"), true, RC_OK, 9007199254740993 },
	{ SLICE_INIT("9223372036854775807"), true, RC_OK, INT64_MAX },
	{ SLICE_INIT("9223372036854775808"), true, RC_SYNTAX, 0 },
	{ SLICE_INIT("9999999999999999999"), true, RC_SYNTAX, 0 },
	{ SLICE_INIT("-9223372036854775808"), true, RC_OK, INT64_MIN },
	{ SLICE_INIT("-9223372036854775809"), true, RC_SYNTAX, 0 },
	{ SLICE_INIT("92233720368547758070e-1"), true, RC_OK, INT64_MAX },
	{ SLICE_INIT("99999999999999999999"), true, RC_SYNTAX, 0 },
	{ SLICE_INIT("\"5\""), false, RC_SYNTAX, 0 },
	{ SLICE_INIT("null"), false, RC_SYNTAX, 0 },
	{ SLICE_INIT("[5]"), false, RC_SYNTAX, 0 },
};

static void
integers_are_told_by_value(void **state)
{
	struct json_bench *t = *state;

	for (size_t i = 0; i < COUNT(integers); i++) {
		const struct json *v = json_bench_read(t, integers[i].text);
		int64_t value = 42;

		assert_int_equal(json_is_integer(v), integers[i].integer);
		assert_int_equal(json_int64(v, &value), integers[i].rc);
		assert_true(value ==
		    (integers[i].rc == RC_OK ? integers[i].value : 42));
	}
	assert_false(json_is_integer(NULL));
	assert_int_equal(json_int64(NULL, &(int64_t){ 0 }), RC_SYNTAX);
}

static const struct {
	struct slice text;
	enum rc rc;
	double value;
} doubles[] = {
	{ SLICE_INIT("0"), RC_OK, 0 },
	{ SLICE_INIT("0.0e99999"), RC_OK, 0 },
	{ SLICE_INIT("0.1"), RC_OK, 0.1 },
	{ SLICE_INIT("-12.75"), RC_OK, -12.75 },
	{ SLICE_INIT("100"), RC_OK, 100 },
	{ SLICE_INIT("3.141592653589793238462643383279"), RC_OK,
	    3.141592653589793 },
	{ SLICE_INIT("1.7976931348623157e308"), RC_OK, 1.7976931348623157e308 },
	{ SLICE_INIT("1.7976931348623159e308"), RC_SYNTAX, 0 },
	{ SLICE_INIT("1e309"), RC_SYNTAX, 0 },
	{ SLICE_INIT("-1e99999999999999999999"), RC_SYNTAX, 0 },
	{ SLICE_INIT("5e-324"), RC_OK, 5e-324 },
	{ SLICE_INIT("1e-400"), RC_OK, 0 },
	{ SLICE_INIT("1e-99999999999999999999"), RC_OK, 0 },
	{ SLICE_INIT("9007199254740993"), RC_OK, 9007199254740992.0 },
	{ SLICE_INIT("9007199254740993.00000000000000000001"), RC_OK,
	    9007199254740994.0 },
	{ SLICE_INIT("true"), RC_SYNTAX, 0 },
	{ SLICE_INIT("\"1\""), RC_SYNTAX, 0 },
};

static void
doubles_are_the_nearest_ones(void **state)
{
	struct json_bench *t = *state;

	for (size_t i = 0; i < COUNT(doubles); i++) {
		double value = 42;

		assert_int_equal(
		    json_double(json_bench_read(t, doubles[i].text), &value),
		    doubles[i].rc);
		assert_true(
		    value == (doubles[i].rc == RC_OK ? doubles[i].value : 42));
	}
	assert_int_equal(json_double(NULL, &(double){ 0 }), RC_SYNTAX);
}

static void
the_thousandth_digit_still_counts(void **state)
{
	struct json_bench *t = *state;
	struct buf b = BUF_INIT((size_t)1 << 20);
	double value;

	/* Half way between two doubles, then a last digit that decides. */
	buf_put_slice(&b, SLICE("9007199254740993."));
	for (int i = 0; i < 5000; i++)
		buf_put_char(&b, '0');
	assert_int_equal(
	    json_double(json_bench_read(t, buf_slice(&b)), &value), RC_OK);
	assert_true(value == 9007199254740992.0);
	buf_put_char(&b, '1');
	assert_int_equal(
	    json_double(json_bench_read(t, buf_slice(&b)), &value), RC_OK);
	assert_true(value == 9007199254740994.0);
	buf_release(&b);
}

/* --------------------------------------------------------------- equality */

static const struct {
	struct slice a;
	struct slice b;
	bool equal;
} pairs[] = {
	{ SLICE_INIT("1"), SLICE_INIT("1"), true },
	{ SLICE_INIT("1.0"), SLICE_INIT("1"), true },
	{ SLICE_INIT("1e2"), SLICE_INIT("100"), true },
	{ SLICE_INIT("100e-2"), SLICE_INIT("1"), true },
	{ SLICE_INIT("0.0010"), SLICE_INIT("1e-3"), true },
	{ SLICE_INIT("12.5"), SLICE_INIT("0.125e2"), true },
	{ SLICE_INIT("-0"), SLICE_INIT("0.00e7"), true },
	{ SLICE_INIT("1"), SLICE_INIT("-1"), false },
	{ SLICE_INIT("1"), SLICE_INIT("10"), false },
	{ SLICE_INIT("0"), SLICE_INIT("1"), false },
	{ SLICE_INIT("0.1"), SLICE_INIT("0.10000000000000001"), false },
	{ SLICE_INIT("9007199254740993"), SLICE_INIT("9007199254740992"),
	    false },
	{ SLICE_INIT("1e400"), SLICE_INIT("10e399"), true },
	{ SLICE_INIT("1e400"), SLICE_INIT("1e401"), false },
	{ SLICE_INIT("1e-400"), SLICE_INIT("0"), false },
	{ SLICE_INIT("1e99999999999999999999"),
	    SLICE_INIT("1e99999999999999999999"), true },
	{ SLICE_INIT("1e99999999999999999999"),
	    SLICE_INIT("1e99999999999999999998"), false },
	{ SLICE_INIT("0e99999999999999999999"), SLICE_INIT("0"), true },
	{ SLICE_INIT("\"\\u0061\\/\""), SLICE_INIT("\"a/\""), true },
	{ SLICE_INIT("\"\\u00e9\""), SLICE_INIT("\"e\xcc\x81\""), false },
	{ SLICE_INIT("\"1\""), SLICE_INIT("1"), false },
	{ SLICE_INIT("null"), SLICE_INIT("false"), false },
	{ SLICE_INIT("true"), SLICE_INIT("true"), true },
	{ SLICE_INIT("0"), SLICE_INIT("false"), false },
	{ SLICE_INIT("[1,2]"), SLICE_INIT("[ 1.0, 2 ]"), true },
	{ SLICE_INIT("[1,2]"), SLICE_INIT("[2,1]"), false },
	{ SLICE_INIT("[1]"), SLICE_INIT("[1,1]"), false },
	{ SLICE_INIT("[]"), SLICE_INIT("{}"), false },
	{ SLICE_INIT("{\"a\":1,\"b\":[2]}"),
	    SLICE_INIT("{\"b\":[2],\"\\u0061\":1.0}"), true },
	{ SLICE_INIT("{\"a\":1}"), SLICE_INIT("{\"b\":1}"), false },
	{ SLICE_INIT("{\"a\":1}"), SLICE_INIT("{\"a\":2}"), false },
	{ SLICE_INIT("{\"a\":1}"), SLICE_INIT("{\"a\":1,\"b\":1}"), false },
};

static void
values_are_equal_by_meaning(void **state)
{
	struct json_bench *t = *state;

	for (size_t i = 0; i < COUNT(pairs); i++) {
		const struct json *a = json_bench_read(t, pairs[i].a);
		const struct json *b = json_bench_read(t, pairs[i].b);

		assert_int_equal(json_equal(a, b), pairs[i].equal);
		assert_int_equal(json_equal(b, a), pairs[i].equal);
		assert_true(json_equal(a, a));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		JSON_TEST(integers_are_told_by_value),
		JSON_TEST(doubles_are_the_nearest_ones),
		JSON_TEST(the_thousandth_digit_still_counts),
		JSON_TEST(values_are_equal_by_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
