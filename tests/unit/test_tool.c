#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "revision.h"
#include "tool.h"
#include "tool_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
tools_are_found_by_binary_search(void **state)
{
	static const char *const names[] = { "A", "a", "a.b", "a_b", "ab",
		"b" };
	struct tool tools[COUNT(names)];
	const struct tool *list[COUNT(names)];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		tools[i] = (struct tool){ .name = slice_of(names[i]) };
		list[i] = &tools[i];
	}
	for (size_t n = 0; n <= COUNT(names); n++) {
		const struct tool_set set = { list, n };

		for (size_t i = 0; i < COUNT(names); i++)
			assert_ptr_equal(tool_find(&set, slice_of(names[i])),
			    i < n ? &tools[i] : NULL);
		assert_null(tool_find(&set, SLICE("")));
		assert_null(tool_find(&set, SLICE("aa")));
		assert_null(tool_find(&set, SLICE("zz")));
	}
}

static void
builders_write_the_blocks_of_the_protocol(void **state)
{
	struct tool_bench b;

	(void)state;
	tool_bench_init(&b);
	assert_int_equal(tool_add_text(&b.call, SLICE("a \"b\"\n\xff")), RC_OK);
	assert_int_equal(tool_add_media(&b.call, CONTENT_IMAGE, SLICE("\1\2\3"),
			     SLICE("image/png")),
	    RC_OK);
	assert_int_equal(tool_add_media(&b.call, CONTENT_AUDIO, SLICE("\1"),
			     SLICE("audio/wav")),
	    RC_OK);
	assert_int_equal(tool_add_resource(&b.call, SLICE("file:///a"),
			     SLICE_NONE, SLICE("text"), false),
	    RC_OK);
	assert_int_equal(tool_add_resource(&b.call, SLICE("file:///b"),
			     SLICE("x/y"), SLICE("\0\1"), true),
	    RC_OK);
	assert_int_equal(tool_add_link(&b.call, SLICE("https://a"), SLICE("A"),
			     SLICE("text/html")),
	    RC_OK);
	assert_string_equal(tool_bench_result(&b),
	    "{\"content\":["
	    "{\"type\":\"text\",\"text\":\"a \\\"b\\\"\\n\xef\xbf\xbd\"},"
	    "{\"type\":\"image\",\"data\":\"AQID\",\"mimeType\":\"image/png\"},"
	    "{\"type\":\"audio\",\"data\":\"AQ==\",\"mimeType\":\"audio/wav\"},"
	    "{\"type\":\"resource\",\"resource\":{\"uri\":\"file:///a\","
	    "\"text\":\"text\"}},"
	    "{\"type\":\"resource\",\"resource\":{\"uri\":\"file:///b\","
	    "\"mimeType\":\"x/y\",\"blob\":\"AAE=\"}},"
	    "{\"type\":\"resource_link\",\"uri\":\"https://a\",\"name\":\"A\","
	    "\"mimeType\":\"text/html\"}]}");
	assert_int_equal(b.call.failed, RC_OK);
	tool_bench_release(&b);
}

static void
blocks_that_old_revisions_lack_bring_a_text_instead(void **state)
{
	struct tool_bench b;
	const struct tool_block *block;

	(void)state;
	tool_bench_init(&b);
	assert_int_equal(tool_add_media(&b.call, CONTENT_AUDIO, SLICE("\1"),
			     SLICE("audio/wav")),
	    RC_OK);
	assert_int_equal(
	    tool_add_link(&b.call, SLICE("https://a"), SLICE("A"), SLICE_NONE),
	    RC_OK);
	assert_int_equal(tool_add_text(&b.call, SLICE("x")), RC_OK);
	block = b.call.result.first;
	assert_int_equal(block->type, CONTENT_AUDIO);
	assert_true(slice_eq(block->instead, SLICE("[audio, audio/wav]")));
	block = block->next;
	assert_int_equal(block->type, CONTENT_RESOURCE_LINK);
	assert_true(slice_eq(block->instead, SLICE("A <https://a>")));
	block = block->next;
	assert_int_equal(block->type, CONTENT_TEXT);
	assert_null(block->instead.ptr);
	tool_bench_release(&b);
}

static void
structured_content_becomes_a_text_when_there_is_no_block(void **state)
{
	struct tool_bench b;

	(void)state;
	tool_bench_init(&b);
	assert_int_equal(tool_set_structured(&b.call,
			     tool_bench_json(&b, "{ \"a\" : [1.50] }")),
	    RC_OK);
	assert_int_equal(tool_finish(&b.call), RC_OK);
	assert_int_equal(tool_finish(&b.call), RC_OK);
	assert_string_equal(tool_bench_result(&b),
	    "{\"content\":[{\"type\":\"text\",\"text\":\"{\\\"a\\\":[1.50]}\"}]"
	    ","
	    "\"structuredContent\":{\"a\":[1.50]}}");
	tool_bench_release(&b);
}

static void
structured_content_beside_a_block_stays_alone(void **state)
{
	struct tool_bench b;

	(void)state;
	tool_bench_init(&b);
	assert_int_equal(
	    tool_set_structured(&b.call, tool_bench_json(&b, "null")), RC_OK);
	assert_int_equal(tool_add_text(&b.call, SLICE("none")), RC_OK);
	assert_int_equal(tool_finish(&b.call), RC_OK);
	assert_string_equal(tool_bench_result(&b),
	    "{\"content\":[{\"type\":\"text\",\"text\":\"none\"}],"
	    "\"structuredContent\":null}");
	tool_bench_release(&b);
}

static void
failing_forgets_what_was_built(void **state)
{
	struct tool_bench b;

	(void)state;
	tool_bench_init(&b);
	assert_int_equal(tool_add_text(&b.call, SLICE("half")), RC_OK);
	assert_int_equal(
	    tool_set_structured(&b.call, tool_bench_json(&b, "1")), RC_OK);
	assert_int_equal(tool_fail(&b.call, SLICE("no")), RC_OK);
	assert_string_equal(tool_bench_result(&b),
	    "{\"content\":[{\"type\":\"text\",\"text\":\"no\"}],"
	    "\"isError\":true}");
	tool_bench_release(&b);
}

static void
what_does_not_fit_is_remembered(void **state)
{
	static const char large[4096];
	struct tool_bench b;

	(void)state;
	tool_bench_init(&b);
	b.arena.max = b.arena.used + 1024;
	assert_int_equal(
	    tool_add_text(&b.call, (struct slice){ large, sizeof(large) }),
	    RC_NOMEM);
	assert_int_equal(b.call.failed, RC_NOMEM);
	assert_int_equal(tool_add_text(&b.call, SLICE("short")), RC_OK);
	assert_int_equal(b.call.failed, RC_NOMEM);
	tool_bench_release(&b);
}

static void
inline_calls_cannot_ask(void **state)
{
	struct tool_bench b;
	struct tool_question question = { .key = SLICE("k") };

	(void)state;
	tool_bench_init(&b);
	tool_env_inline.progress(&b.call, 1, 2, SLICE("m"));
	tool_env_inline.log(&b.call, 0, SLICE_NONE, SLICE("1"));
	assert_false(tool_env_inline.is_cancelled(&b.call));
	assert_int_equal(
	    tool_env_inline.ask_begin(&b.call, &question, 1), ASK_UNSUPPORTED);
	tool_bench_release(&b);
}

/* ------------------------------------------------------------ whole results */

static const struct {
	const char *json;
	const char *want; /* the result */
} results[] = {
	{ "{\"content\":[]}", "{\"content\":[]}" },
	{ "{\"structuredContent\":[1, 2]}",
	    "{\"content\":[],\"structuredContent\":[1,2]}" },
	{ "{\"content\":[{\"type\":\"text\",\"text\":\"a\"}],\"isError\":true,"
	  "\"_meta\":{ \"k\":1 },\"resultType\":\"complete\"}",
	    "{\"content\":[{\"type\":\"text\",\"text\":\"a\"}],"
	    "\"isError\":true,\"_meta\":{\"k\":1}}" },
	{ "{\"content\":[{\"type\":\"image\",\"data\":\"AQI=\","
	  "\"mimeType\":\"i/p\",\"annotations\":{\"audience\":[\"user\"],"
	  "\"priority\":0.5,\"lastModified\":\"2025-01-01T00:00:00Z\"}}]}",
	    "{\"content\":[{\"type\":\"image\",\"data\":\"AQI=\","
	    "\"mimeType\":\"i/p\",\"annotations\":{\"audience\":[\"user\"],"
	    "\"priority\":0.5,\"lastModified\":\"2025-01-01T00:00:00Z\"}}]}" },
	{ "{\"content\":[{\"type\":\"audio\",\"data\":\"\",\"mimeType\":\"\"},"
	  "{\"type\":\"resource_link\",\"uri\":\"a:b\",\"name\":\"n\","
	  "\"size\":3}]}",
	    "{\"content\":[{\"type\":\"audio\",\"data\":\"\","
	    "\"mimeType\":\"\"},{\"type\":\"resource_link\",\"uri\":\"a:b\","
	    "\"name\":\"n\",\"size\":3}]}" },
	{ "{\"content\":[{\"type\":\"resource\",\"resource\":{\"uri\":\"a:b\","
	  "\"blob\":\"AA==\",\"_meta\":{}}}]}",
	    "{\"content\":[{\"type\":\"resource\",\"resource\":"
	    "{\"uri\":\"a:b\",\"blob\":\"AA==\",\"_meta\":{}}}]}" },
};

static void
whole_results_are_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(results); i++) {
		struct buf why = BUF_INIT(1024);
		struct tool_bench b;

		tool_bench_init(&b);
		assert_int_equal(tool_add_text(&b.call, SLICE("old")), RC_OK);
		assert_int_equal(
		    tool_set_result(
			&b.call, tool_bench_json(&b, results[i].json), &why),
		    RC_OK);
		assert_int_equal(why.len, 0);
		assert_string_equal(tool_bench_result(&b), results[i].want);
		buf_release(&why);
		tool_bench_release(&b);
	}
}

#define BLOCK(members) "{\"content\":[{" members "}]}"

static void
an_error_may_stand_in_the_place_of_a_result(void **state)
{
	const char *json = "{\"error\":{\"code\":-32000,\"message\":\"m\","
			   "\"data\":{ \"a\" : 1 }}}";

	(void)state;
	for (int makes = MAKES_CONTENT; makes <= MAKES_VALUES; makes++) {
		struct buf why = BUF_INIT(1024);
		struct tool_bench b;

		tool_bench_init(&b);
		b.call.makes = (enum tool_makes)makes;
		assert_int_equal(
		    tool_set_result(&b.call, tool_bench_json(&b, json), &why),
		    RC_OK);
		assert_true(b.call.result.is_error);
		assert_int_equal(b.call.result.error_code, -32000);
		assert_true(slice_eq(b.call.result.error, SLICE("m")));
		assert_true(
		    slice_eq(b.call.result.error_data, SLICE("{\"a\":1}")));
		buf_release(&why);
		tool_bench_release(&b);
	}
}

static const struct {
	const char *json;
	const char *why; /* part of the sentence */
} broken_results[] = {
	{ "[]", "a result must be an object" },
	{ "{}", "needs content or structuredContent" },
	{ "{\"content\":{}}", "content must be an array" },
	{ "{\"error\":1}", "an error needs code" },
	{ "{\"error\":{\"code\":0,\"message\":\"m\"}}", "an error needs code" },
	{ "{\"error\":{\"code\":1.5,\"message\":\"m\"}}",
	    "an error needs code" },
	{ "{\"error\":{\"code\":3000000000,\"message\":\"m\"}}",
	    "an error needs code" },
	{ "{\"error\":{\"code\":-1}}", "an error needs code" },
	{ "{\"error\":{\"code\":-1,\"message\":\"m\"},\"content\":[]}",
	    "no member \"error\"" },
	{ "{\"content\":[],\"isError\":1}", "isError must be true or false" },
	{ "{\"content\":[],\"is_error\":true}", "no member \"is_error\"" },
	{ "{\"content\":[],\"_meta\":[]}", "_meta must be an object" },
	{ "{\"content\":[],\"resultType\":\"task\"}", "resultType" },
	{ "{\"content\":[1]}",
	    "a content block must be an object (content[0])" },
	{ BLOCK("\"text\":\"a\""), "the type of a content block" },
	{ BLOCK("\"type\":\"video\""), "the type of a content block" },
	{ BLOCK("\"type\":\"text\""), "\"text\" needs \"text\"" },
	{ BLOCK("\"type\":\"text\",\"text\":1"), "must be a string" },
	{ BLOCK("\"type\":\"image\",\"data\":\"AA==\""), "needs \"mimeType\"" },
	{ BLOCK("\"type\":\"image\",\"data\":\"A\",\"mimeType\":\"\""),
	    "in base64" },
	{ BLOCK("\"type\":\"image\",\"data\":\"A===\",\"mimeType\":\"\""),
	    "in base64" },
	{ BLOCK("\"type\":\"image\",\"data\":\"AA-_\",\"mimeType\":\"\""),
	    "in base64" },
	{ BLOCK("\"type\":\"resource\",\"resource\":1"), "must be an object" },
	{ BLOCK("\"type\":\"resource\",\"resource\":{\"text\":\"\"}"), "uri" },
	{ BLOCK("\"type\":\"resource\",\"resource\":{\"uri\":\"a:\"}"),
	    "either text or blob" },
	{ BLOCK("\"type\":\"resource\",\"resource\":{\"uri\":\"a:\","
		"\"text\":\"\",\"blob\":\"\"}"),
	    "either text or blob" },
	{ BLOCK("\"type\":\"resource_link\",\"uri\":\"a:\""),
	    "needs \"name\"" },
	{ BLOCK("\"type\":\"resource_link\",\"uri\":\"a:\",\"name\":\"\","
		"\"size\":-1"),
	    "a whole number" },
	{ BLOCK("\"type\":\"text\",\"text\":\"\",\"annotations\":"
		"{\"priority\":2}"),
	    "\"annotations\" of a block" },
	{ BLOCK("\"type\":\"text\",\"text\":\"\",\"annotations\":"
		"{\"audience\":[\"bot\"]}"),
	    "\"annotations\" of a block" },
	{ BLOCK("\"type\":\"text\",\"text\":\"\",\"_meta\":1"), "_meta" },
};

static void
broken_results_are_refused_and_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken_results); i++) {
		struct buf why = BUF_INIT(1024);
		struct tool_bench b;

		tool_bench_init(&b);
		assert_int_equal(tool_add_text(&b.call, SLICE("old")), RC_OK);
		assert_int_equal(
		    tool_set_result(&b.call,
			tool_bench_json(&b, broken_results[i].json), &why),
		    RC_SYNTAX);
		assert_non_null(why.ptr);
		if (strstr(why.ptr, broken_results[i].why) == NULL)
			fail_msg("%s: %s", broken_results[i].json, why.ptr);
		assert_string_equal(tool_bench_result(&b),
		    "{\"content\":[{\"type\":\"text\",\"text\":\"old\"}]}");
		assert_int_equal(b.call.failed, RC_OK);
		buf_release(&why);
		tool_bench_release(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tools_are_found_by_binary_search),
		cmocka_unit_test(builders_write_the_blocks_of_the_protocol),
		cmocka_unit_test(
		    blocks_that_old_revisions_lack_bring_a_text_instead),
		cmocka_unit_test(
		    structured_content_becomes_a_text_when_there_is_no_block),
		cmocka_unit_test(structured_content_beside_a_block_stays_alone),
		cmocka_unit_test(failing_forgets_what_was_built),
		cmocka_unit_test(what_does_not_fit_is_remembered),
		cmocka_unit_test(inline_calls_cannot_ask),
		cmocka_unit_test(whole_results_are_taken),
		cmocka_unit_test(an_error_may_stand_in_the_place_of_a_result),
		cmocka_unit_test(broken_results_are_refused_and_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
