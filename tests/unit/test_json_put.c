#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "json.h"
#include "json_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	struct slice content;
	struct slice written;
} escapes[] = {
	{ SLICE_INIT(""), SLICE_INIT("\"\"") },
	{ { NULL, 0 }, SLICE_INIT("\"\"") },
	{ SLICE_INIT("a/b'<>&\x7f"), SLICE_INIT("\"a/b'<>&\x7f\"") },
	{ SLICE_INIT("\"\\\b\f\n\r\t"),
	    SLICE_INIT("\"\\\"\\\\\\b\\f\\n\\r\\t\"") },
	{ SLICE_INIT("\0\x01\x1f"), SLICE_INIT("\"\\u0000\\u0001\\u001f\"") },
	{ SLICE_INIT("\xc3\xa9 \xf0\x9f\x98\x80"),
	    SLICE_INIT("\"\xc3\xa9 \xf0\x9f\x98\x80\"") },
	{ SLICE_INIT("a\xff z"), SLICE_INIT("\"a\xef\xbf\xbd z\"") },
	{ SLICE_INIT("\xed\xa0\x80"),
	    SLICE_INIT("\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"") },
	{ SLICE_INIT("cut \xe2\x82"),
	    SLICE_INIT("\"cut \xef\xbf\xbd\xef\xbf\xbd\"") },
};

static void
strings_are_escaped_in_one_way(void **state)
{
	struct json_bench *t = *state;

	for (size_t i = 0; i < COUNT(escapes); i++) {
		struct buf b = BUF_INIT(1000);

		json_put_string(&b, guard_place(&t->guard, escapes[i].content));
		assert_written(&b, escapes[i].written);
		buf_release(&b);
	}
}

static void
commas_come_by_themselves(void **state)
{
	struct buf b = BUF_INIT(1000);

	(void)state;
	buf_put_char(&b, '{');
	json_put_key(&b, "a");
	buf_put_char(&b, '[');
	for (int i = 0; i < 3; i++) {
		json_put_comma(&b);
		buf_put_i64(&b, i);
	}
	json_put_comma(&b);
	json_put_string(&b, SLICE("[{"));
	json_put_comma(&b);
	buf_put_slice(&b, SLICE("{}]"));
	json_put_name(&b, SLICE("b\n"));
	buf_put_slice(&b, SLICE("null}"));
	assert_written(&b, SLICE("{\"a\":[0,1,2,\"[{\",{}],\"b\\n\":null}"));
	buf_reset(&b);
	json_put_comma(&b);
	json_put_key(&b, "k");
	assert_written(&b, SLICE("\"k\":"));
	buf_release(&b);
}

static const struct {
	double value;
	const char *text;
} printed[] = {
	{ 0, "0" },
	{ -0.0, "-0" },
	{ 1, "1" },
	{ -42, "-42" },
	{ 0.1, "0.1" },
	{ 0.5, "0.5" },
	{ 100, "100" },
	{ 1e15, "1e+15" },
	{ 1.0 / 3, "0.3333333333333333" },
	{ 0.1 + 0.2, "0.30000000000000004" },
	{ 9007199254740993.0, "9007199254740992" },
	{ 1e21, "1e+21" },
	{ 1.7976931348623157e308, "1.7976931348623157e+308" },
	{ 2.2250738585072014e-308, "2.2250738585072014e-308" },
	{ 5e-324, "5e-324" },
	{ 1e-310, "1e-310" },
};

static void
assert_doubles_are_exact(struct json_bench *t)
{
	for (size_t i = 0; i < COUNT(printed); i++) {
		struct buf b = BUF_INIT(100);
		double back;

		json_put_double(&b, printed[i].value);
		assert_int_equal(buf_finish(&b), RC_OK);
		assert_string_equal(b.ptr, printed[i].text);
		assert_int_equal(
		    json_double(json_bench_read(t, buf_slice(&b)), &back),
		    RC_OK);
		assert_memory_equal(&back, &printed[i].value, sizeof(back));
		buf_release(&b);
	}
}

static void
doubles_are_written_short_and_exact(void **state)
{
	struct buf b = BUF_INIT(100);

	assert_doubles_are_exact(*state);
	json_put_double(&b, strtod("inf", NULL));
	json_put_comma(&b);
	json_put_double(&b, -strtod("inf", NULL));
	json_put_comma(&b);
	json_put_double(&b, strtod("nan", NULL));
	assert_written(&b, SLICE("null,null,null"));
	buf_release(&b);
}

static void
doubles_do_not_care_for_the_locale(void **state)
{
	static const char *const commas[] = { "de_DE.UTF-8", "fr_FR.UTF-8",
		"de_DE", "ps_AF", "nl_NL.UTF-8" };

	/* Without any of these on the machine this repeats the test above. */
	for (size_t i = 0; i < COUNT(commas); i++) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
		if (setlocale(LC_NUMERIC, commas[i]) != NULL)
			assert_doubles_are_exact(*state);
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	assert_non_null(setlocale(LC_NUMERIC, "C"));
	assert_doubles_are_exact(*state);
}

static const struct {
	struct slice text;
	struct slice compact;
} compacts[] = {
	{ SLICE_INIT(" 1 "), SLICE_INIT("1") },
	{ SLICE_INIT("[ 1 ,\t2\r\n]"), SLICE_INIT("[1,2]") },
	{ SLICE_INIT("{ \"a b\" : \" \\\" \" , \"c\\\\\" : [ ] }"),
	    SLICE_INIT("{\"a b\":\" \\\" \",\"c\\\\\":[]}") },
	{ SLICE_INIT("\" \\\\\""), SLICE_INIT("\" \\\\\"") },
	{ SLICE_INIT("[1.0,\"\\u0041\"]"), SLICE_INIT("[1.0,\"\\u0041\"]") },
	{ SLICE_INIT("[ ]"), SLICE_INIT("[]") },
};

static void
compact_takes_away_nothing_but_white_space(void **state)
{
	struct json_bench *t = *state;

	for (size_t i = 0; i < COUNT(compacts); i++) {
		struct slice text = guard_place(&t->guard, compacts[i].text);
		struct buf b = BUF_INIT(1000);

		json_put_compact(&b, json_bench_read(t, text));
		assert_written(&b, compacts[i].compact);
		buf_release(&b);
	}
}

static void
the_canonical_form_depends_on_meaning_only(void **state)
{
	static const struct slice same[] = {
		SLICE_INIT("{\"b\":[1.0,{\"y\":\"\\n\",\"x\":null}],\"a\":"
			   "\"\\u00e9\",\"aa\":true,\"\":{}}"),
		SLICE_INIT("{ \"\" : { } , \"aa\": true, \"\\u0061\" : "
			   "\"\xc3\xa9\", \"b\":[1.0, { \"x\":null,"
			   "\"y\":\"\\u000A\"}]}"),
	};
	struct json_bench *t = *state;

	for (size_t i = 0; i < COUNT(same); i++) {
		struct buf b = BUF_INIT(1000);

		assert_int_equal(json_put_canonical(&b, &t->arena,
				     json_bench_read(t, same[i]), NULL, 0),
		    RC_OK);
		assert_written(&b,
		    SLICE("{\"\":{},\"a\":\"\xc3\xa9\",\"aa\":true,\"b\":[1.0,"
			  "{\"x\":null,\"y\":\"\\n\"}]}"));
		buf_release(&b);
	}
}

static void
skipped_members_are_left_out_at_the_top_only(void **state)
{
	const struct slice skip[] = { SLICE_INIT("id"), SLICE_INIT("_meta") };
	struct json_bench *t = *state;
	struct buf b = BUF_INIT(1000);
	const struct json *root = json_bench_read(t,
	    SLICE("{\"x\":{\"id\":2},\"\\u0069d\":1,\"a\":[{\"_meta\":0}],"
		  "\"_meta\":{}}"));

	assert_int_equal(
	    json_put_canonical(&b, &t->arena, root, skip, COUNT(skip)), RC_OK);
	assert_written(&b, SLICE("{\"a\":[{\"_meta\":0}],\"x\":{\"id\":2}}"));
	buf_release(&b);
}

static void
large_objects_have_one_canonical_form_too(void **state)
{
	struct json_bench *t = *state;
	struct buf text = BUF_INIT((size_t)1 << 20),
		   first = BUF_INIT((size_t)1 << 20);
	struct buf second = BUF_INIT((size_t)1 << 20);
	const struct json *a, *b;

	json_bench_members(&text, 1000, "");
	a = json_bench_read(t, buf_slice(&text));
	assert_int_equal(
	    json_put_canonical(&first, &t->arena, a, NULL, 0), RC_OK);
	b = json_bench_read(t, buf_slice(&first));
	assert_true(json_equal(a, b));
	assert_int_equal(
	    json_put_canonical(&second, &t->arena, b, NULL, 0), RC_OK);
	assert_written(&second, buf_slice(&first));
	assert_true(
	    slice_starts(buf_slice(&first), SLICE("{\"m0\":571,\"m1\":")));
	buf_release(&text);
	buf_release(&first);
	buf_release(&second);
}

static void
writing_without_room_is_told(void **state)
{
	struct json_bench *t = *state;
	const struct json *root =
	    json_bench_read(t, SLICE("{\"a\":[1,2,\"x\"]}"));
	struct arena none = ARENA_INIT(0);
	struct buf out = BUF_INIT(100);

	for (size_t max = 0; max < root->raw.len; max++) {
		struct buf b = BUF_INIT(max);

		assert_int_equal(
		    json_put_canonical(&b, &t->arena, root, NULL, 0), RC_NOMEM);
		buf_reset(&b);
		json_put_compact(&b, root);
		assert_int_equal(buf_finish(&b), RC_NOMEM);
		buf_reset(&b);
		json_put_string(&b, SLICE("\"\n\xff long enough to fail"));
		assert_int_equal(buf_finish(&b), RC_NOMEM);
		buf_release(&b);
	}
	assert_int_equal(
	    json_put_canonical(&out, &none, root, NULL, 0), RC_NOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		JSON_TEST(strings_are_escaped_in_one_way),
		JSON_TEST(commas_come_by_themselves),
		JSON_TEST(doubles_are_written_short_and_exact),
		JSON_TEST(doubles_do_not_care_for_the_locale),
		JSON_TEST(compact_takes_away_nothing_but_white_space),
		JSON_TEST(the_canonical_form_depends_on_meaning_only),
		JSON_TEST(skipped_members_are_left_out_at_the_top_only),
		JSON_TEST(large_objects_have_one_canonical_form_too),
		JSON_TEST(writing_without_room_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
