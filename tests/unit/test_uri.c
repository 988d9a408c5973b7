#include "uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json_bench.h"

static void
a_uri_is_taken_apart_at_its_delimiters(void **state)
{
	static const struct {
		const char *text;
		const char *part[5];
	} rows[] = {
		{ "http://a/b/c?d#e", { "http:", "//a", "/b/c", "?d", "#e" } },
		{ "urn:a:b", { "urn:", NULL, "a:b", NULL, NULL } },
		{ "a:", { "a:", NULL, "", NULL, NULL } },
		{ "", { NULL, NULL, "", NULL, NULL } },
		{ "1a:b", { NULL, NULL, "1a:b", NULL, NULL } },
		{ ":b", { NULL, NULL, ":b", NULL, NULL } },
		{ "//h?q", { NULL, "//h", "", "?q", NULL } },
		{ "x://#?", { "x:", "//", "", NULL, "#?" } },
		{ "x:?a?b#c#d", { "x:", NULL, "", "?a?b", "#c#d" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct uri u = uri_split(slice_of(rows[i].text));
		struct slice got[5] = { u.scheme, u.authority, u.path, u.query,
			u.fragment };

		for (size_t k = 0; k < 5; k++) {
			struct slice want = slice_of(rows[i].part[k]);

			assert_int_equal(got[k].ptr == NULL, want.ptr == NULL);
			assert_true(slice_eq(got[k], want));
		}
	}
}

static void
an_absolute_uri_has_a_scheme_and_nothing_that_needs_escapes(void **state)
{
	static const struct {
		const char *text;
		bool is_absolute;
	} rows[] = {
		{ "test://static-text", true },
		{ "urn:isbn:1", true },
		{ "a:", true },
		{ "x-1.2+3:b", true },
		{ "file:///a/b%20c?d=e&f#g", true },
		{ "http://u:p@[::1]:80/a;b=c,(d)!$'*+~_", true },
		{ "a:b/?:@!$&'()*+,;=-._~#/?", true },
		{ "", false },
		{ "a", false },
		{ "/a:b", false },
		{ "1:b", false },
		{ ":b", false },
		{ "+a:b", false },
		{ "a b:c", false },
		{ "a:b c", false },
		{ "a:%", false },
		{ "a:%4", false },
		{ "a:%4g", false },
		{ "a:b\"", false },
		{ "a:<b>", false },
		{ "a:{b}", false },
		{ "a:b|c", false },
		{ "a:b^c", false },
		{ "a:b`c", false },
		{ "a:b\\c", false },
		{ "a:[b]", false },
		{ "a:b#c#d", false },
		{ "a:b\n", false },
		{ "a:\x7f", false },
		{ "a:\xc3\xbc", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (uri_is_absolute(slice_of(rows[i].text)) !=
		    rows[i].is_absolute)
			fail_msg("%s", rows[i].text);
	}
	assert_false(uri_is_absolute(SLICE_NONE));
	assert_false(uri_is_absolute(SLICE("a:b\0")));
	assert_false(uri_is_absolute(SLICE("a:b?\0c")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uri_is_taken_apart_at_its_delimiters),
		cmocka_unit_test(
		    an_absolute_uri_has_a_scheme_and_nothing_that_needs_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
