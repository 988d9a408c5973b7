#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json.h"
#include "json_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
a_tree_points_into_the_source(void **state)
{
	struct json_bench *t = *state;
	struct slice text =
	    SLICE(" { \"a\" : [ 1 , -2.50e+3 ] , \"b\":{}, \"c\" : \"x\" } ");
	const struct json *root = json_bench_read(t, text);
	const struct json *a = json_get(root, "a");

	assert_int_equal(root->type, JSON_OBJECT);
	assert_int_equal(root->count, 3);
	assert_slice(root->raw, (struct slice){ text.ptr + 1, text.len - 2 });
	assert_null(root->name.ptr);
	assert_int_equal(a->type, JSON_ARRAY);
	assert_slice(a->name, SLICE("a"));
	assert_slice(a->raw, SLICE("[ 1 , -2.50e+3 ]"));
	assert_slice(json_at(a, 0)->raw, SLICE("1"));
	assert_slice(json_at(a, 1)->raw, SLICE("-2.50e+3"));
	assert_null(json_at(a, 1)->name.ptr);
	assert_null(json_at(a, 2));
	assert_null(json_at(NULL, 0));
	assert_ptr_equal(json_at(root, 1), json_get(root, "b"));
	assert_null(json_get(root, "b")->child);
	assert_slice(json_get(root, "c")->raw, SLICE("\"x\""));
	assert_ptr_equal(
	    json_get(root, "c")->text.ptr, json_get(root, "c")->raw.ptr + 1);
	assert_null(json_get(root, "d"));
	assert_null(json_get(a, "a"));
	assert_null(json_get(NULL, "a"));
}

static const struct {
	struct slice source;
	struct slice content;
} strings[] = {
	{ SLICE_INIT("\"\""), SLICE_INIT("") },
	{ SLICE_INIT("\"plain text, longer than a word\""),
	    SLICE_INIT("plain text, longer than a word") },
	{ SLICE_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
	    SLICE_INIT("\"\\/\b\f\n\r\t") },
	{ SLICE_INIT("\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\""),
	    SLICE_INIT("A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") },
	{ SLICE_INIT("\"\\uDBFF\\uDFFF\\uFFFF\""),
	    SLICE_INIT("\xf4\x8f\xbf\xbf\xef\xbf\xbf") },
	{ SLICE_INIT("\"1234567\\n9abcdefghijklm\\n\""),
	    SLICE_INIT("1234567\n9abcdefghijklm\n") },
	{ SLICE_INIT("\"\x7f\xc3\xa9\xf0\x9f\x98\x80 12345678\""),
	    SLICE_INIT("\x7f\xc3\xa9\xf0\x9f\x98\x80 12345678") },
	{ SLICE_INIT("\"\xc3\xa9\\u00e9\""), SLICE_INIT("\xc3\xa9\xc3\xa9") },
	{ SLICE_INIT("\"\\u001f\\u0001\""), SLICE_INIT("\x1f\x01") },
	{ SLICE_INIT("\"\\\\u0000\""), SLICE_INIT("\\u0000") },
};

static void
strings_are_unescaped(void **state)
{
	struct json_bench *t = *state;

	for (size_t i = 0; i < COUNT(strings); i++) {
		struct slice source = guard_place(&t->guard, strings[i].source);
		const struct json *v = json_bench_read(t, source);

		assert_slice(json_text(v), strings[i].content);
		assert_slice(v->raw, strings[i].source);
		assert_true(json_text_is(v, strings[i].content));
	}
	assert_null(json_text(NULL).ptr);
	assert_null(json_text(json_bench_read(t, SLICE("1"))).ptr);
	assert_non_null(json_text(json_bench_read(t, SLICE("\"\""))).ptr);
	assert_false(
	    json_text_is(json_bench_read(t, SLICE("null")), SLICE("")));
}

/* Every kind of refusal, with the byte it is noticed at. */
static const struct {
	struct slice text;
	size_t offset;
	const char *why;
} refused[] = {
	{ SLICE_INIT(""), 0, "value expected" },
	{ { NULL, 0 }, 0, "value expected" },
	{ SLICE_INIT(" \t\r\n"), 4, "value expected" },
	{ SLICE_INIT("\xef\xbb\xbf"), 3, "value expected" },
	{ SLICE_INIT("\xef\xbb\xbf\xef\xbb\xbf{}"), 3, "value expected" },
	{ SLICE_INIT(" \xef\xbb\xbf{}"), 1, "value expected" },
	{ SLICE_INIT("\xef\xbb"), 0, "value expected" },
	{ SLICE_INIT("\0"), 0, "value expected" },
	{ SLICE_INIT("{}\0"), 2, "something behind the value" },
	{ SLICE_INIT("{} {}"), 3, "something behind the value" },
	{ SLICE_INIT("{}\n{}\n"), 3, "something behind the value" },
	{ SLICE_INIT("1 /* */"), 2, "something behind the value" },
	{ SLICE_INIT("01"), 1, "something behind the value" },
	{ SLICE_INIT("-01"), 2, "something behind the value" },
	{ SLICE_INIT("-"), 1, "digit expected" },
	{ SLICE_INIT("-a"), 1, "digit expected" },
	{ SLICE_INIT("--1"), 1, "digit expected" },
	{ SLICE_INIT("1."), 2, "digit expected" },
	{ SLICE_INIT("1.e1"), 2, "digit expected" },
	{ SLICE_INIT("1e"), 2, "digit expected" },
	{ SLICE_INIT("1E+"), 3, "digit expected" },
	{ SLICE_INIT("1e+-1"), 3, "digit expected" },
	{ SLICE_INIT("+1"), 0, "value expected" },
	{ SLICE_INIT(".5"), 0, "value expected" },
	{ SLICE_INIT("1,5"), 1, "something behind the value" },
	{ SLICE_INIT("0x10"), 1, "something behind the value" },
	{ SLICE_INIT("Infinity"), 0, "value expected" },
	{ SLICE_INIT("NaN"), 0, "value expected" },
	{ SLICE_INIT("nul"), 0, "value expected" },
	{ SLICE_INIT("tru"), 0, "value expected" },
	{ SLICE_INIT("truE"), 0, "value expected" },
	{ SLICE_INIT("False"), 0, "value expected" },
	{ SLICE_INIT("nulll"), 4, "something behind the value" },
	{ SLICE_INIT("'a'"), 0, "value expected" },
	{ SLICE_INIT("\""), 1, "string without end" },
	{ SLICE_INIT("\"abc"), 4, "string without end" },
	{ SLICE_INIT("\"\\"), 1, "string without end" },
	{ SLICE_INIT("\"\\\""), 3, "string without end" },
	{ SLICE_INIT("\"\\a\""), 1, "unknown escape" },
	{ SLICE_INIT("\"\\\0\""), 1, "unknown escape" },
	{ SLICE_INIT("\"\\U0041\""), 1, "unknown escape" },
	{ SLICE_INIT("\"\\u"), 1, "four hex digits expected" },
	{ SLICE_INIT("\"\\u004"), 1, "four hex digits expected" },
	{ SLICE_INIT("\"\\u004\""), 1, "four hex digits expected" },
	{ SLICE_INIT("\"\\u00g0\""), 1, "four hex digits expected" },
	{ SLICE_INIT("\"\\u+041\""), 1, "four hex digits expected" },
	{ SLICE_INIT("\"a\\u0000\""), 2, "NUL escape" },
	{ SLICE_INIT("\"\\ud800\""), 1, "lone surrogate" },
	{ SLICE_INIT("\"\\udc00\""), 1, "lone surrogate" },
	{ SLICE_INIT("\"\\udfff\\ud800\""), 1, "lone surrogate" },
	{ SLICE_INIT("\"\\ud83d\\ud83d\""), 1, "lone surrogate" },
	{ SLICE_INIT("\"\\ud83d\\u0041\""), 1, "lone surrogate" },
	{ SLICE_INIT("\"\\ud83d\\ue000\""), 1, "lone surrogate" },
	{ SLICE_INIT("\"\\ud83dude00\""), 1, "lone surrogate" },
	{ SLICE_INIT("\"\\ud83d\\ude0"), 1, "lone surrogate" },
	{ SLICE_INIT("\"a\nb\""), 2, "control character in a string" },
	{ SLICE_INIT("\"a\0b\""), 2, "control character in a string" },
	{ SLICE_INIT("\"12345678\x1f\""), 9, "control character in a string" },
	{ SLICE_INIT("\"a\xff\""), 2, "broken UTF-8" },
	{ SLICE_INIT("\"\xc3\xa9\xc3\""), 3, "broken UTF-8" },
	{ SLICE_INIT("\"12345678\x80\""), 9, "broken UTF-8" },
	{ SLICE_INIT("\"\xed\xa0\xbd\xed\xb8\x80\""), 1, "broken UTF-8" },
	{ SLICE_INIT("{\"\xff\":1}"), 2, "broken UTF-8" },
	{ SLICE_INIT("\xc3\xa9"), 0, "value expected" },
	{ SLICE_INIT("["), 1, "value expected" },
	{ SLICE_INIT("[1"), 2, "comma or end expected" },
	{ SLICE_INIT("[1 2]"), 3, "comma or end expected" },
	{ SLICE_INIT("[1,"), 3, "value expected" },
	{ SLICE_INIT("[1,]"), 3, "value expected" },
	{ SLICE_INIT("[,1]"), 1, "value expected" },
	{ SLICE_INIT("[1}"), 2, "comma or end expected" },
	{ SLICE_INIT("]"), 0, "value expected" },
	{ SLICE_INIT("{"), 1, "name expected" },
	{ SLICE_INIT("{1:1}"), 1, "name expected" },
	{ SLICE_INIT("{a:1}"), 1, "name expected" },
	{ SLICE_INIT("{\"a\""), 4, "colon expected" },
	{ SLICE_INIT("{\"a\" 1}"), 5, "colon expected" },
	{ SLICE_INIT("{\"a\":"), 5, "value expected" },
	{ SLICE_INIT("{\"a\":}"), 5, "value expected" },
	{ SLICE_INIT("{\"a\":1"), 6, "comma or end expected" },
	{ SLICE_INIT("{\"a\":1]"), 6, "comma or end expected" },
	{ SLICE_INIT("{\"a\":1,}"), 7, "name expected" },
	{ SLICE_INIT("{,}"), 1, "name expected" },
	{ SLICE_INIT("{\"a\":1,\"b\":2,\"a\":3}"), 17,
	    "two members of one name" },
	{ SLICE_INIT("{\"a\":1,\"\\u0061\":2}"), 16,
	    "two members of one name" },
	{ SLICE_INIT("{\"\":1,\"\":1}"), 9, "two members of one name" },
	{ SLICE_INIT("[{\"x\":{\"/\":1,\"\\/\":1}}]"), 18,
	    "two members of one name" },
};

static void
refusals_tell_where_and_why(void **state)
{
	struct json_bench *t = *state;

	for (size_t i = 0; i < COUNT(refused); i++) {
		const struct json *root = NULL;
		struct json_error error = { 999, "untouched" };
		struct slice text = guard_place(&t->guard, refused[i].text);

		if (refused[i].text.ptr == NULL)
			text = SLICE_NONE;
		assert_int_equal(json_read(&t->arena, text,
				     &json_limits_default, &root, &error),
		    RC_SYNTAX);
		assert_null(root);
		assert_string_equal(error.why, refused[i].why);
		assert_int_equal(error.offset, refused[i].offset);
		assert_int_equal(json_read(&t->arena, text,
				     &json_limits_default, &root, NULL),
		    RC_SYNTAX);
	}
}

/* Wherever it stands, for bytes are looked at in groups. */
static void
only_plain_bytes_stand_for_themselves(void **state)
{
	struct json_bench *t = *state;

	for (unsigned i = 0; i < 256 * 20; i++) {
		unsigned c = i % 256;
		char text[] = "\"12345678901234567890\"";
		const struct json *root;
		struct slice in = { text, sizeof(text) - 1 };
		bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';

		text[1 + i / 256] = (char)c;
		in = guard_place(&t->guard, in);
		/* A quote ends it too early, a backslash meets a digit. */
		assert_int_equal(
		    json_read(&t->arena, in, &json_limits_default, &root, NULL),
		    plain ? RC_OK : RC_SYNTAX);
	}
}

static void
no_front_part_of_a_text_is_a_text(void **state)
{
	struct json_bench *t = *state;
	struct slice text =
	    SLICE("{\"a\":[true,false,null,-1.5e+7],\"\\u00e9\\ud83d\\ude00"
		  "\xe2\x82\xac\":{\"b\":\"12345678\\n\"}}");

	(void)json_bench_read(t, guard_place(&t->guard, text));
	for (size_t n = 0; n < text.len; n++) {
		struct slice front =
		    guard_place(&t->guard, (struct slice){ text.ptr, n });
		const struct json *root;
		struct json_error error;

		assert_int_equal(json_read(&t->arena, front,
				     &json_limits_default, &root, &error),
		    RC_SYNTAX);
		assert_true(error.offset <= n);
	}
}

static void
one_byte_order_mark_is_skipped(void **state)
{
	struct json_bench *t = *state;

	assert_slice(
	    json_bench_read(t, SLICE("\xef\xbb\xbf 7"))->raw, SLICE("7"));
}

/* ------------------------------------------------------------------ limits */

static enum rc
read_within(struct json_bench *t, struct slice text, struct json_limits limits,
    const char **why)
{
	struct json_error error = { 0, "" };
	const struct json *root;
	enum rc rc = json_read(&t->arena, text, &limits, &root, &error);

	*why = error.why;
	return rc;
}

static const struct {
	struct slice text;
	struct json_limits enough;
	struct json_limits less;
	const char *why;
} limits[] = {
	{ SLICE_INIT("[[[]]]"), { 3, 9, 9 }, { 2, 9, 9 }, "too deep" },
	{ SLICE_INIT("{\"a\":[{}]}"), { 3, 9, 9 }, { 2, 9, 9 }, "too deep" },
	{ SLICE_INIT("[]"), { 1, 9, 9 }, { 0, 9, 9 }, "too deep" },
	{ SLICE_INIT("1"), { 0, 0, 1 }, { 0, 0, 0 }, "too many values" },
	{ SLICE_INIT("[1,2,3]"), { 1, 0, 4 }, { 1, 0, 3 }, "too many values" },
	{ SLICE_INIT("{\"a\":1,\"b\":{}}"), { 2, 2, 3 }, { 2, 1, 3 },
	    "too many members" },
	{ SLICE_INIT("[{\"a\":1},{\"b\":1}]"), { 2, 1, 9 }, { 2, 0, 9 },
	    "too many members" },
};

static void
limits_are_kept_to_the_last_one(void **state)
{
	struct json_bench *t = *state;
	const char *why;

	for (size_t i = 0; i < COUNT(limits); i++) {
		assert_int_equal(
		    read_within(t, limits[i].text, limits[i].enough, &why),
		    RC_OK);
		assert_int_equal(
		    read_within(t, limits[i].text, limits[i].less, &why),
		    RC_SYNTAX);
		assert_string_equal(why, limits[i].why);
	}
}

static void
a_hundred_thousand_brackets_are_refused(void **state)
{
	struct json_bench *t = *state;
	struct buf b = BUF_INIT((size_t)1 << 20);
	const char *why;

	for (int i = 0; i < 100000; i++)
		buf_put_char(&b, '[');
	assert_int_equal(
	    read_within(t, buf_slice(&b), json_limits_default, &why),
	    RC_SYNTAX);
	assert_string_equal(why, "too deep");
	buf_release(&b);
}

static void
a_small_arena_is_told_as_such(void **state)
{
	struct arena a = ARENA_INIT(100);
	const struct json *root;

	(void)state;
	assert_int_equal(json_read(&a, SLICE("[1,2,3,4]"), &json_limits_default,
			     &root, NULL),
	    RC_NOMEM);
	assert_null(root);
	arena_release(&a);
}

/* ----------------------------------------------------------------- objects */

static void
members_are_found_in_small_and_large_objects(void **state)
{
	/* None of them a multiple of 7, so that every name comes once. */
	static const unsigned sizes[] = { 1, 2, 15, 16, 17, 18, 100, 4096 };
	struct json_bench *t = *state;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct buf b = BUF_INIT((size_t)1 << 20);
		const struct json *root;

		json_bench_members(&b, sizes[i], "");
		root = json_bench_read(t, buf_slice(&b));
		assert_int_equal(root->count, sizes[i]);
		for (const struct json *m = root->child; m != NULL; m = m->next)
			assert_ptr_equal(json_member(root, m->name), m);
		assert_null(json_get(root, "m"));
		assert_null(json_get(root, "m99999"));
		assert_null(json_get(root, ""));
		assert_null(json_get(root, "z"));
		buf_release(&b);
	}
}

static void
assert_twins(struct json_bench *t, unsigned n, const char *last)
{
	struct buf b = BUF_INIT((size_t)1 << 20);
	struct json_error error = { 0, "" };
	const struct json *root;

	json_bench_members(&b, n, last);
	assert_int_equal(json_read(&t->arena, buf_slice(&b),
			     &json_limits_default, &root, &error),
	    RC_SYNTAX);
	assert_string_equal(error.why, "two members of one name");
	assert_int_equal(error.offset, b.len - sizeof("true"));
	buf_release(&b);
}

static void
twins_are_refused_in_small_and_large_objects(void **state)
{
	static const unsigned sizes[] = { 2, 15, 16, 17, 100, 4090 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_twins(*state, sizes[i], ",\"\\u006d1\":true");
		assert_twins(*state, sizes[i], ",\"m0\":true");
		/* The first and the last in the order of names. */
		assert_twins(*state, sizes[i], ",\"a\":1,\"a\":true");
		assert_twins(*state, sizes[i], ",\"z\":1,\"z\":true");
	}
}

static void
the_4097th_member_is_refused(void **state)
{
	struct json_bench *t = *state;
	struct buf b = BUF_INIT((size_t)1 << 20);
	const char *why;

	json_bench_members(&b, 4097, "");
	assert_int_equal(
	    read_within(t, buf_slice(&b), json_limits_default, &why),
	    RC_SYNTAX);
	assert_string_equal(why, "too many members");
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		JSON_TEST(a_tree_points_into_the_source),
		JSON_TEST(strings_are_unescaped),
		JSON_TEST(refusals_tell_where_and_why),
		JSON_TEST(only_plain_bytes_stand_for_themselves),
		JSON_TEST(no_front_part_of_a_text_is_a_text),
		JSON_TEST(one_byte_order_mark_is_skipped),
		JSON_TEST(limits_are_kept_to_the_last_one),
		JSON_TEST(a_hundred_thousand_brackets_are_refused),
		JSON_TEST(a_small_arena_is_told_as_such),
		JSON_TEST(members_are_found_in_small_and_large_objects),
		JSON_TEST(twins_are_refused_in_small_and_large_objects),
		JSON_TEST(the_4097th_member_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
