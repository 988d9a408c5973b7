#include "uri_template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json_bench.h"

static const struct uri_template *
compiled(struct json_bench *t, struct slice text)
{
	struct buf why = BUF_INIT(1024);
	struct uri_template *out;

	if (uri_template_compile(text, &t->arena, &out, &why) != RC_OK)
		fail_msg(
		    "%.*s: %.*s", SLICE_FMT(text), SLICE_FMT(buf_slice(&why)));
	assert_int_equal(why.len, 0);
	buf_release(&why);
	return out;
}

/* Compact JSON of what is found; NULL: it does not fit. */
static void
assert_match(
    struct json_bench *t, struct slice text, struct slice uri, const char *want)
{
	struct buf out = BUF_INIT(1 << 20);
	const struct json *values;
	enum rc rc =
	    uri_template_match(compiled(t, text), uri, &t->arena, &values);

	if (rc == RC_OK)
		json_put_compact(&out, values);
	if (rc != (want == NULL ? RC_NOTFOUND : RC_OK) ||
	    (rc == RC_OK && !slice_eq(buf_slice(&out), slice_of(want)))) {
		fail_msg("%.*s of %.*s: %s %.*s, not %s", SLICE_FMT(uri),
		    SLICE_FMT(text), rc_name(rc), SLICE_FMT(buf_slice(&out)),
		    want == NULL ? "nothing" : want);
	}
	assert_int_equal(values == NULL, want == NULL);
	buf_release(&out);
}

struct match_row {
	const char *text;
	const char *uri;
	const char *want;
};

static void
assert_matches(struct json_bench *t, const struct match_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_match(t, slice_of(rows[i].text), slice_of(rows[i].uri),
		    rows[i].want);
}

#define ASSERT_MATCHES(t, rows)                                                \
	assert_matches((t), (rows), sizeof(rows) / sizeof(*(rows)))

static void
a_uri_gives_its_values_back(void **state)
{
	static const struct match_row rows[] = {
		{ "t:a", "t:a", "{}" },
		{ "t:a", "t:ab", NULL },
		{ "t:a", "t:", NULL },
		{ "t:a", "", NULL },
		{ "t://x/{id}/data", "t://x/123/data", "{\"id\":\"123\"}" },
		{ "t://x/{id}/data", "t://x/1/3/data", NULL },
		{ "t://x/{id}/data", "t://x/123/datas", NULL },
		{ "t://x/{id}/data", "t://x/data", NULL },
		{ "t:{a,b}", "t:x,y", "{\"a\":\"x\",\"b\":\"y\"}" },
		{ "t:{a,b}", "t:x", "{\"a\":\"x\"}" },
		{ "t:{a,b}", "t:x,y,z", NULL },
		{ "t:{a*}", "t:x,y,z", "{\"a\":[\"x\",\"y\",\"z\"]}" },
		{ "t:{a,b*}", "t:x,y,z", "{\"a\":\"x\",\"b\":[\"y\",\"z\"]}" },
		{ "t:{+a}", "t:/x/y?z#!", "{\"a\":\"/x/y?z#!\"}" },
		{ "t:{+a}/{b}", "t:x/y/z", "{\"a\":\"x/y\",\"b\":\"z\"}" },
		{ "t:{#a}", "t:#x/y", "{\"a\":\"x/y\"}" },
		{ "t:{.a*}", "t:.x.y", "{\"a\":[\"x\",\"y\"]}" },
		{ "t:{/a*}", "t:/x/y", "{\"a\":[\"x\",\"y\"]}" },
		{ "t:{/a,b}", "t:/x/y", "{\"a\":\"x\",\"b\":\"y\"}" },
		{ "t:{/a}{/b}", "t:/x/y", "{\"a\":\"x\",\"b\":\"y\"}" },
		{ "t:{/a}{/b}", "t:/x", "{\"a\":\"x\"}" },
		{ "t:{;a,b}", "t:;a=1;b", "{\"a\":\"1\",\"b\":\"\"}" },
		{ "t:{;a,b}", "t:;b;a=1", "{\"a\":\"1\",\"b\":\"\"}" },
		{ "t:{;a,b}", "t:;a=;b", NULL },
		{ "t:{;a*}", "t:;a=1;a;a=2", "{\"a\":[\"1\",\"\",\"2\"]}" },
		{ "t:{;a}={b}", "t:;a=x", "{\"a\":\"\",\"b\":\"x\"}" },
		{ "t:{;a,ab}b", "t:;abb", "{\"ab\":\"\"}" },
		{ "t:{?a,b}", "t:?a=1&b=2", "{\"a\":\"1\",\"b\":\"2\"}" },
		{ "t:{?a,b}", "t:?b=2&a=1", "{\"a\":\"1\",\"b\":\"2\"}" },
		{ "t:{?a,b}", "t:?b=2", "{\"b\":\"2\"}" },
		{ "t:{?a,b}", "t:?b=", "{\"b\":\"\"}" },
		{ "t:{?a,b}", "t:", "{}" },
		{ "t:{?a*,b}", "t:?a=1&b=2&a=3",
		    "{\"a\":[\"1\",\"3\"],\"b\":\"2\"}" },
		{ "t:{?a,b}", "t:?b", NULL },
		{ "t:{?a,b}", "t:?", NULL },
		{ "t:{?a,b}", "t:?c=1", NULL },
		{ "t:{?a,b}", "t:?a=1&c=1", NULL },
		{ "t:{?a,b}", "t:?a=1&a=1", NULL },
		{ "t:{?a,b}", "t:?a=1&", NULL },
		{ "t:{?a,b}", "t:?&a=1", NULL },
		{ "t:{?a,b}", "t:?ab=1", NULL },
		{ "t:{?a,b}", "t:?A=1", NULL },
		{ "t:?x=1{&a}", "t:?x=1&a=2", "{\"a\":\"2\"}" },
		{ "t:{?a}{&b}", "t:?a=1&b=2", "{\"a\":\"1\",\"b\":\"2\"}" },
		{ "t:{a}{.b}", "t:x.tar.gz", "{\"a\":\"x\",\"b\":\"tar.gz\"}" },
		{ "t:{+a}{?b}{#c}", "t:/x/y?b=1#z",
		    "{\"a\":\"/x/y\",\"b\":\"1\",\"c\":\"z\"}" },
		{ "t:{+a}{?b}{#c}", "t:/x/y#z",
		    "{\"a\":\"/x/y\",\"c\":\"z\"}" },
		{ "t:{+a}{?b}", "t:x?c=1", NULL },
		{ "t:{+a}{?b}", "t:x?b=1&b=2", NULL },
		{ "t:\xc3\xbc{a}", "t:%C3%BCx", "{\"a\":\"x\"}" },
	};

	ASSERT_MATCHES(*state, rows);
}

static void
nothing_is_a_value_too(void **state)
{
	static const struct match_row rows[] = {
		{ "t:{a}", "t:", "{\"a\":\"\"}" },
		{ "t:{a*}", "t:", "{\"a\":[\"\"]}" },
		{ "t:{+a}", "t:", "{\"a\":\"\"}" },
		{ "t:/{a}/", "t://", "{\"a\":\"\"}" },
		{ "t:{a,b}", "t:,", "{\"a\":\"\",\"b\":\"\"}" },
		{ "t:{/a}", "t:", "{}" },
		{ "t:{/a}", "t:/", "{\"a\":\"\"}" },
		{ "t:{/a*}", "t://", "{\"a\":[\"\",\"\"]}" },
		{ "t:{#a}", "t:#", "{\"a\":\"\"}" },
		{ "t:{.a}", "t:.", "{\"a\":\"\"}" },
	};

	ASSERT_MATCHES(*state, rows);
}

static void
escapes_are_taken_out_of_values_and_only_good_ones(void **state)
{
	static const struct match_row rows[] = {
		{ "t:{a}", "t:%2F", "{\"a\":\"/\"}" },
		{ "t:{a}/b", "t:..%2f..%2Fetc/b", "{\"a\":\"../../etc\"}" },
		{ "t:{a}", "t:%41%7e", "{\"a\":\"A~\"}" },
		{ "t:{a}", "t:%C3%BC", "{\"a\":\"\xc3\xbc\"}" },
		{ "t:{a}", "t:%22%5C%0A", "{\"a\":\"\\\"\\\\\\n\"}" },
		{ "t:{a}", "t:%2525", "{\"a\":\"%25\"}" },
		{ "t:{+a}", "t:%2525", "{\"a\":\"%2525\"}" },
		{ "t:{+a}", "t:%25%32%35", "{\"a\":\"%2525\"}" },
		{ "t:{+a}", "t:%25%2541", "{\"a\":\"%%2541\"}" },
		{ "t:{+a}", "t:100%25", "{\"a\":\"100%\"}" },
		{ "t:{+a}", "t:100%25%20", "{\"a\":\"100% \"}" },
		{ "t:{a}", "t:!'()*", "{\"a\":\"!'()*\"}" },
		{ "t:{a}", "t:%2", NULL },
		{ "t:{a}", "t:%", NULL },
		{ "t:{a}", "t:%%34", NULL },
		{ "t:{a}", "t:%g0", NULL },
		{ "t:{a}", "t:%u0041", NULL },
		{ "t:{a}", "t:%00", NULL },
		{ "t:{a}", "t:x%00.txt", NULL },
		{ "t:{+a}", "t:%00", NULL },
		{ "t:{?a}", "t:?a=%00", NULL },
		{ "t:{a}", "t:%FF", NULL },
		{ "t:{a}", "t:%C3", NULL },
		{ "t:{a}", "t:%C0%AF", NULL },
		{ "t:{a}", "t:%E0%80%AF", NULL },
		{ "t:{a}", "t:%ED%A0%80", NULL },
		{ "t:{a}", "t:%F4%90%80%80", NULL },
		{ "t:{a}", "t:\xc3\xbc", NULL },
		{ "t:{a}", "t:a b", NULL },
		{ "t:{a}", "t:a\n", NULL },
		{ "t:{a}", "t:a+b", NULL },
		{ "t:{a}", "t:a/b", NULL },
		{ "t:{a}", "t:a,b", NULL },
		{ "t:{a}", "t:a?b", NULL },
		{ "t:{a}", "t:a#b", NULL },
		{ "t:{+a}", "t:a b", NULL },
		{ "t:{+a}", "t:a\"b", NULL },
		{ "t:{+a}", "t:a{b}", NULL },
		{ "t:x/{a}", "t:%78/a", NULL },
	};
	struct json_bench *t = *state;

	ASSERT_MATCHES(t, rows);
	assert_match(t, SLICE("t:{a}"), SLICE("t:a\0b"), NULL);
	assert_match(t, SLICE("t:{+a}"), SLICE("t:\0"), NULL);
	assert_match(t, SLICE("t:{a}"), SLICE_NONE, NULL);
}

static void
the_earlier_takes_the_least_where_more_than_one_fits(void **state)
{
	static const struct match_row rows[] = {
		{ "t:{a}-{b}", "t:x-y-z", "{\"a\":\"x\",\"b\":\"y-z\"}" },
		{ "t:{+a}/{+b}", "t:x/y/z", "{\"a\":\"x\",\"b\":\"y/z\"}" },
		{ "t:{+a,b}", "t:x,y,z", "{\"a\":\"x\",\"b\":\"y,z\"}" },
		{ "t:{+a}/data", "t:x/data/data", "{\"a\":\"x/data\"}" },
		{ "t:{.a,b}", "t:.x.y.z", "{\"a\":\"x\",\"b\":\"y.z\"}" },
		{ "t:{/a*}{/b}", "t:/x/y/z",
		    "{\"a\":[\"x\",\"y\"],\"b\":\"z\"}" },
		{ "t:{/a*}{/b}", "t:/x", "{\"a\":[\"x\"]}" },
		{ "t:a{a}a", "t:aaa", "{\"a\":\"a\"}" },
		{ "t:{a}aa{b}", "t:aaaa", "{\"a\":\"\",\"b\":\"aa\"}" },
	};

	ASSERT_MATCHES(*state, rows);
}

/* A thousand places where a search could turn back, for each of many
 * expressions: it would never end. */
static void
a_long_uri_takes_no_longer_than_its_length(void **state)
{
	struct json_bench *t = *state;
	struct buf text = BUF_INIT(URI_TEMPLATE_MAX);
	struct buf uri = BUF_INIT(URI_TEMPLATE_URI_MAX + 8);
	const struct json *values;
	const struct uri_template *u;

	buf_put_slice(&text, SLICE("t:"));
	for (int i = 0; i < URI_TEMPLATE_VARS; i++)
		buf_printf(&text, "{+v%d}a", i);
	u = compiled(t, buf_slice(&text));
	buf_put_slice(&uri, SLICE("t:"));
	while (uri.len < URI_TEMPLATE_URI_MAX - 1)
		buf_put_char(&uri, 'a');
	buf_put_char(&uri, 'b');
	assert_int_equal(
	    uri_template_match(u, buf_slice(&uri), &t->arena, &values),
	    RC_NOTFOUND);
	uri.ptr[uri.len - 1] = 'a';
	assert_int_equal(
	    uri_template_match(u, buf_slice(&uri), &t->arena, &values), RC_OK);
	assert_int_equal(values->count, URI_TEMPLATE_VARS);
	buf_put_char(&uri, 'a');
	assert_int_equal(
	    uri_template_match(u, buf_slice(&uri), &t->arena, &values),
	    RC_NOTFOUND);
	buf_reset(&uri);
	buf_put_slice(&uri, SLICE("t:"));
	while (uri.len < URI_TEMPLATE_URI_MAX)
		buf_put_char(&uri, ',');
	assert_int_equal(uri_template_match(compiled(t, SLICE("t:{a*}")),
			     buf_slice(&uri), &t->arena, &values),
	    RC_OK);
	assert_int_equal(
	    json_get(values, "a")->count, URI_TEMPLATE_URI_MAX - 1);
	buf_release(&text);
	buf_release(&uri);
}

static void
what_does_not_fit_leaves_nothing_behind(void **state)
{
	struct buf uri = BUF_INIT(URI_TEMPLATE_URI_MAX);
	const struct uri_template *template;
	const struct json *values;
	struct json_bench *t = *state;
	size_t before;

	template = compiled(t, SLICE("t:/a/{b,c,d}/{e}/x{?f,g}"));
	buf_put_slice(&uri, SLICE("t:/a/"));
	while (uri.len < URI_TEMPLATE_URI_MAX)
		buf_put_char(&uri, 'a');
	before = t->arena.used;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(uri_template_match(template, buf_slice(&uri),
				     &t->arena, &values),
		    RC_NOTFOUND);
		assert_int_equal(t->arena.used, before);
	}
	buf_release(&uri);
}

static void
every_control_character_of_the_longest_uri_has_room(void **state)
{
	struct json_bench *t = *state;
	struct buf uri = BUF_INIT(URI_TEMPLATE_URI_MAX);
	const struct json *values;

	buf_put_slice(&uri, SLICE("t:"));
	while (uri.len + 3 <= URI_TEMPLATE_URI_MAX)
		buf_put_slice(&uri, SLICE("%01"));
	assert_int_equal(uri_template_match(compiled(t, SLICE("t:{a}")),
			     buf_slice(&uri), &t->arena, &values),
	    RC_OK);
	assert_int_equal(
	    json_get(values, "a")->text.len, (URI_TEMPLATE_URI_MAX - 2) / 3);
	buf_release(&uri);
}

static void
what_begins_otherwise_takes_no_memory(void **state)
{
	struct json_bench *t = *state;
	const struct uri_template *template =
	    compiled(t, SLICE("docs://a/{b}"));
	struct arena none = ARENA_INIT(0);
	const struct json *values;

	assert_int_equal(
	    uri_template_match(template, SLICE("note://a/b"), &none, &values),
	    RC_NOTFOUND);
	assert_int_equal(
	    uri_template_match(template, SLICE("docs://"), &none, &values),
	    RC_NOTFOUND);
}

static void
nothing_is_read_behind_the_end(void **state)
{
	static const char *const rows[][2] = {
		{ "t:{a}", "t:x%4" },
		{ "t:{a}", "t:x%" },
		{ "t:{a}{?b}", "t:x?" },
		{ "t:{a}{?b}", "t:x?b" },
		{ "t:{;b}", "t:;b" },
		{ "t:{;b}", "t:;b=" },
		{ "t:{/b*}", "t:/" },
		{ "t:{a}abc", "t:ab" },
		{ "t:", "" },
	};
	struct json_bench *t = *state;
	const struct json *values;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum rc rc =
		    uri_template_match(compiled(t, slice_of(rows[i][0])),
			guard_place(&t->guard, slice_of(rows[i][1])), &t->arena,
			&values);

		assert_true(rc == RC_OK || rc == RC_NOTFOUND);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		JSON_TEST(a_uri_gives_its_values_back),
		JSON_TEST(nothing_is_a_value_too),
		JSON_TEST(escapes_are_taken_out_of_values_and_only_good_ones),
		JSON_TEST(the_earlier_takes_the_least_where_more_than_one_fits),
		JSON_TEST(what_does_not_fit_leaves_nothing_behind),
		JSON_TEST(a_long_uri_takes_no_longer_than_its_length),
		JSON_TEST(every_control_character_of_the_longest_uri_has_room),
		JSON_TEST(what_begins_otherwise_takes_no_memory),
		JSON_TEST(nothing_is_read_behind_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
