/* What builders make of what they are given: by what their call makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "project.h"
#include "revision.h"
#include "tool.h"
#include "tool_bench.h"
#include "tool_check.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct bench {
	struct tool_bench base;
	struct buf out;
};

/* A call that makes this, of something with that definition. */
static void
begin(struct bench *b, enum tool_makes makes, const char *definition)
{
	tool_bench_init(&b->base);
	b->out = BUF_INIT((size_t)1024 * 1024);
	b->base.tool.definition = tool_bench_json(&b->base, definition);
	b->base.call.makes = makes;
	b->base.call.uri = SLICE("note://one");
}

static void
end(struct bench *b)
{
	buf_release(&b->out);
	tool_bench_release(&b->base);
}

/* The members of the result in that revision. */
static const char *
shown(struct bench *b, enum revision_name revision)
{
	buf_reset(&b->out);
	buf_put_char(&b->out, '{');
	project_call(&b->out, &b->base.call, revision_get(revision));
	buf_put_char(&b->out, '}');
	assert_int_equal(buf_finish(&b->out), RC_OK);
	return b->out.ptr;
}

/* One of everything that contents and messages can hold. */
static void
build_all(struct tool_call *c, bool with_link)
{
	assert_int_equal(tool_add_text(c, SLICE("a \"b\"")), RC_OK);
	assert_int_equal(
	    tool_add_media(c, CONTENT_IMAGE, SLICE("\1\2\3"), SLICE("i/p")),
	    RC_OK);
	assert_int_equal(
	    tool_add_media(c, CONTENT_AUDIO, SLICE("\1"), SLICE("a/w")), RC_OK);
	assert_int_equal(tool_add_resource(c, SLICE("note://two"), SLICE_NONE,
			     SLICE("two"), false),
	    RC_OK);
	assert_int_equal(tool_add_resource(c, SLICE("note://three"),
			     SLICE("x/y"), SLICE("\0\1"), true),
	    RC_OK);
	if (with_link) {
		assert_int_equal(tool_add_link(c, SLICE("https://a"),
				     SLICE("A"), SLICE_NONE),
		    RC_OK);
	}
}

static void
of_a_resource_text_and_media_are_of_its_own_uri(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, MAKES_CONTENTS, "{}");
	build_all(&b.base.call, false);
	assert_string_equal(shown(&b, REVISION_2026_07_28),
	    "{\"contents\":["
	    "{\"uri\":\"note://one\",\"mimeType\":\"text/plain\","
	    "\"text\":\"a \\\"b\\\"\"},"
	    "{\"uri\":\"note://one\",\"mimeType\":\"i/p\",\"blob\":\"AQID\"},"
	    "{\"uri\":\"note://one\",\"mimeType\":\"a/w\",\"blob\":\"AQ==\"},"
	    "{\"uri\":\"note://two\",\"text\":\"two\"},"
	    "{\"uri\":\"note://three\",\"mimeType\":\"x/y\","
	    "\"blob\":\"AAE=\"}]}");
	end(&b);
}

static void
the_media_type_of_the_definition_counts_unless_media_say_theirs(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, MAKES_CONTENTS, "{\"mimeType\":\"text/csv\"}");
	assert_int_equal(tool_add_text(&b.base.call, SLICE("a")), RC_OK);
	assert_int_equal(tool_add_media(&b.base.call, CONTENT_IMAGE,
			     SLICE("\1"), SLICE("i/p")),
	    RC_OK);
	assert_int_equal(tool_add_media(&b.base.call, CONTENT_IMAGE,
			     SLICE("\1"), SLICE_NONE),
	    RC_OK);
	assert_string_equal(shown(&b, REVISION_2024_11_05),
	    "{\"contents\":["
	    "{\"uri\":\"note://one\",\"mimeType\":\"text/csv\",\"text\":\"a\"},"
	    "{\"uri\":\"note://one\",\"mimeType\":\"i/p\",\"blob\":\"AQ==\"},"
	    "{\"uri\":\"note://one\",\"mimeType\":\"text/csv\","
	    "\"blob\":\"AQ==\"}]}");
	end(&b);
}

static void
bytes_of_no_known_type_are_just_bytes(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, MAKES_CONTENTS, "{}");
	assert_int_equal(tool_add_media(&b.base.call, CONTENT_IMAGE,
			     SLICE("\1"), SLICE_NONE),
	    RC_OK);
	assert_string_equal(shown(&b, REVISION_2025_11_25),
	    "{\"contents\":[{\"uri\":\"note://one\","
	    "\"mimeType\":\"application/octet-stream\",\"blob\":\"AQ==\"}]}");
	end(&b);
}

#define USER(block) "{\"role\":\"user\",\"content\":" block "}"
#define TEXT(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define SAME_IN_ALL                                                            \
	"{\"description\":\"d\",\"messages\":[" USER(TEXT(                     \
	    "a \\\"b\\\"")) "," USER("{\"type\":\"image\",\"data\":\"AQID\","  \
				     "\"mimeType\":\"i/p\"}") ","
#define SAME_BEHIND                                                            \
	USER("{\"type\":\"resource\",\"resource\":{\"uri\":\"note://two\","    \
	     "\"text\":\"two\"}}")                                             \
	"," USER(                                                              \
	    "{\"type\":\"resource\",\"resource\":{\"uri\":\"note://three\","   \
	    "\"mimeType\":\"x/y\",\"blob\":\"AAE=\"}}") ","

static void
of_a_prompt_each_block_is_a_message(void **state)
{
	struct bench b;

	(void)state;
	begin(&b, MAKES_MESSAGES, "{\"description\":\"d\"}");
	build_all(&b.base.call, true);
	assert_string_equal(shown(&b, REVISION_2026_07_28),
	    SAME_IN_ALL USER("{\"type\":\"audio\",\"data\":\"AQ==\","
			     "\"mimeType\":\"a/w\"}") "," SAME_BEHIND
		USER("{\"type\":\"resource_link\","
		     "\"uri\":\"https://a\",\"name\":\"A\"}") "]}");
	assert_string_equal(shown(&b, REVISION_2024_11_05),
	    SAME_IN_ALL USER(TEXT("[audio, a/w]")) "," SAME_BEHIND USER(
		TEXT("A <https://a>")) "]}");
	end(&b);
}

static void
roles_hold_from_where_they_are_set(void **state)
{
	struct bench b;
	struct tool_call *c = &b.base.call;

	(void)state;
	begin(&b, MAKES_MESSAGES, "{\"description\":\"d\"}");
	assert_int_equal(tool_add_text(c, SLICE("1")), RC_OK);
	tool_set_role(c, true);
	assert_int_equal(tool_add_text(c, SLICE("2")), RC_OK);
	tool_set_role(c, false);
	assert_int_equal(tool_add_text(c, SLICE("3")), RC_OK);
	assert_int_equal(tool_describe(c, SLICE("mine")), RC_OK);
	assert_string_equal(shown(&b, REVISION_2025_06_18),
	    "{\"description\":\"mine\",\"messages\":[" USER(
		TEXT("1")) ","
			   "{\"role\":\"assistant\",\"content\":" TEXT(
			       "2") "}," USER(TEXT("3")) "]}");
	end(&b);
}

/* ------------------------------------------------------------ completions */

static void
as_many_values_as_fit_are_shown_and_all_are_counted(void **state)
{
	static const struct {
		int n;
		int64_t total;
		bool has_more;
		const char *rest; /* behind the values */
	} rows[] = {
		{ 0, 0, false, "],\"total\":0,\"hasMore\":false}}" },
		{ 1, 0, false, "\"v\"],\"total\":1,\"hasMore\":false}}" },
		{ 2, 1, false, "\"v\"],\"total\":2,\"hasMore\":false}}" },
		{ 1, 7, false, "\"v\"],\"total\":7,\"hasMore\":true}}" },
		{ 1, 7, true, "\"v\"],\"total\":7,\"hasMore\":true}}" },
		{ 1, 0, true, "\"v\"],\"hasMore\":true}}" },
		{ 100, 0, false, "\"v\"],\"total\":100,\"hasMore\":false}}" },
		{ 101, 0, false, "\"v\"],\"total\":101,\"hasMore\":true}}" },
		{ 300, 1000, false,
		    "\"v\"],\"total\":1000,\"hasMore\":true}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bench b;
		const char *text;
		int values = 0;

		begin(&b, MAKES_VALUES, "{}");
		for (int n = 0; n < rows[i].n; n++)
			assert_int_equal(
			    tool_add_text(&b.base.call, SLICE("v")), RC_OK);
		b.base.call.result.total = rows[i].total;
		b.base.call.result.has_more = rows[i].has_more;
		text = shown(&b, REVISION_2025_11_25);
		if (!slice_ends(slice_of(text), slice_of(rows[i].rest)))
			fail_msg("%zu: %s", i, text);
		for (; (text = strstr(text, "\"v\"")) != NULL; text++)
			values++;
		assert_int_equal(values, rows[i].n < 100 ? rows[i].n : 100);
		end(&b);
	}
}

/* ----------------------------------------------------------- whole results */

static const struct {
	enum tool_makes makes;
	const char *json;
	const char *first; /* in the first revision */
	const char *last;  /* in the last one; NULL: the same */
} results[] = {
	{ MAKES_MESSAGES,
	    "{\"description\":\"x\",\"messages\":[{\"role\":\"assistant\","
	    "\"content\":{\"type\":\"text\",\"text\":\"a\"}}],"
	    "\"resultType\":\"complete\"}",
	    "{\"description\":\"x\",\"messages\":[{\"role\":\"assistant\","
	    "\"content\":" TEXT("a") "}]}",
	    NULL },
	{ MAKES_MESSAGES, "{\"messages\":[],\"_meta\":{}}",
	    "{\"description\":\"own\",\"messages\":[]}", NULL },
	{ MAKES_CONTENTS,
	    "{\"contents\":[{\"uri\":\"x:y\",\"text\":\"\",\"_meta\":{\"k\":1},"
	    "\"more\":2}],\"ttlMs\":5,\"cacheScope\":\"public\"}",
	    "{\"contents\":[{\"uri\":\"x:y\",\"text\":\"\",\"more\":2}]}",
	    "{\"contents\":[{\"uri\":\"x:y\",\"text\":\"\",\"_meta\":{\"k\":1},"
	    "\"more\":2}]}" },
	{ MAKES_VALUES,
	    "{\"completion\":{\"values\":[\"a\",\"b\"],\"total\":9}}",
	    "{\"completion\":{\"values\":[\"a\",\"b\"],\"total\":9,"
	    "\"hasMore\":true}}",
	    NULL },
	{ MAKES_VALUES, "{\"completion\":{\"values\":[],\"hasMore\":false}}",
	    "{\"completion\":{\"values\":[],\"total\":0,\"hasMore\":false}}",
	    NULL },
};

static void
whole_results_are_taken_as_their_methods_answer_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(results); i++) {
		struct buf why = BUF_INIT(1024);
		struct bench b;

		begin(&b, results[i].makes, "{\"description\":\"own\"}");
		assert_int_equal(
		    tool_add_text(&b.base.call, SLICE("old")), RC_OK);
		assert_int_equal(
		    tool_set_result(&b.base.call,
			tool_bench_json(&b.base, results[i].json), &why),
		    RC_OK);
		assert_string_equal(
		    shown(&b, REVISION_2024_11_05), results[i].first);
		assert_string_equal(shown(&b, REVISION_2026_07_28),
		    results[i].last == NULL ? results[i].first
					    : results[i].last);
		buf_release(&why);
		end(&b);
	}
}

#define MESSAGE(members) "{\"messages\":[{" members "}]}"
#define ITEM(members) "{\"contents\":[{" members "}]}"

static const struct {
	enum tool_makes makes;
	const char *json;
	const char *why; /* part of the sentence */
} broken[] = {
	{ MAKES_MESSAGES, "[]", "a result must be an object" },
	{ MAKES_MESSAGES, "{\"description\":\"x\"}", "needs messages" },
	{ MAKES_MESSAGES, "{\"content\":[]}", "needs messages" },
	{ MAKES_MESSAGES, "{\"messages\":{}}", "messages must be an array" },
	{ MAKES_MESSAGES, "{\"messages\":[],\"isError\":true}", "no member" },
	{ MAKES_MESSAGES, "{\"messages\":[],\"description\":1}",
	    "description must be a string" },
	{ MAKES_MESSAGES, "{\"messages\":[7]}",
	    "role of a message must be user or assistant (messages[0])" },
	{ MAKES_MESSAGES, MESSAGE("\"role\":\"system\""), "role of a message" },
	{ MAKES_MESSAGES, MESSAGE("\"role\":\"user\""), "must be one block" },
	{ MAKES_MESSAGES, MESSAGE("\"role\":\"user\",\"content\":[]"),
	    "must be one block" },
	{ MAKES_MESSAGES, MESSAGE("\"role\":\"user\",\"content\":\"hello\""),
	    "must be one block" },
	{ MAKES_MESSAGES,
	    MESSAGE("\"role\":\"user\",\"content\":{\"type\":\"text\"}"),
	    "needs \"text\" (messages[0])" },
	{ MAKES_CONTENTS, "{}", "needs contents" },
	{ MAKES_CONTENTS, "{\"contents\":7}", "contents must be an array" },
	{ MAKES_CONTENTS, "{\"contents\":[7]}", "need a uri" },
	{ MAKES_CONTENTS, ITEM("\"text\":\"a\""), "need a uri" },
	{ MAKES_CONTENTS, ITEM("\"uri\":\"x:y\""), "either text or blob" },
	{ MAKES_CONTENTS, ITEM("\"uri\":\"x:y\",\"text\":\"\",\"blob\":\"\""),
	    "either text or blob" },
	{ MAKES_CONTENTS, ITEM("\"uri\":\"x:y\",\"blob\":\"A\""), "(base64)" },
	{ MAKES_CONTENTS, "{\"contents\":[],\"ttlMs\":-1}", "ttlMs" },
	{ MAKES_CONTENTS, "{\"contents\":[],\"ttlMs\":1.5}", "ttlMs" },
	{ MAKES_CONTENTS, "{\"contents\":[],\"cacheScope\":\"all\"}",
	    "cacheScope" },
	{ MAKES_CONTENTS, "{\"contents\":[],\"messages\":[]}", "no member" },
	{ MAKES_VALUES, "{\"values\":[]}", "needs completion" },
	{ MAKES_VALUES, "{\"completion\":[]}", "values must be an array" },
	{ MAKES_VALUES, "{\"completion\":{\"values\":[1]}}",
	    "a value must be a string (values[0])" },
	{ MAKES_VALUES, "{\"completion\":{\"values\":[],\"total\":-1}}",
	    "total" },
	{ MAKES_VALUES, "{\"completion\":{\"values\":[],\"hasMore\":1}}",
	    "hasMore" },
};

static void
broken_results_say_what_is_wrong_and_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		struct buf why = BUF_INIT(1024);
		struct bench b;

		begin(&b, broken[i].makes, "{}");
		assert_int_equal(
		    tool_add_text(&b.base.call, SLICE("old")), RC_OK);
		assert_int_equal(
		    tool_set_result(&b.base.call,
			tool_bench_json(&b.base, broken[i].json), &why),
		    RC_SYNTAX);
		assert_non_null(why.ptr);
		if (strstr(why.ptr, broken[i].why) == NULL)
			fail_msg("%s: %s", broken[i].json, why.ptr);
		assert_non_null(strstr(shown(&b, REVISION_2025_11_25), "old"));
		assert_int_equal(b.base.call.failed, RC_OK);
		buf_release(&why);
		end(&b);
	}
}

/* ------------------------------------------------------------------ blocks */

#define BLOCK(members) "{\"type\":" members "}"

static const struct {
	enum tool_makes makes;
	const char *block;
	const char *shown; /* part of the result; NULL: it is refused */
} blocks[] = {
	{ MAKES_CONTENTS, BLOCK("\"text\",\"text\":\"a\""),
	    "{\"uri\":\"note://one\",\"mimeType\":\"text/plain\","
	    "\"text\":\"a\"}" },
	{ MAKES_CONTENTS,
	    BLOCK("\"image\",\"data\":\"AQ==\",\"mimeType\":\"i/p\""),
	    "{\"uri\":\"note://one\",\"mimeType\":\"i/p\",\"blob\":\"AQ==\"}" },
	{ MAKES_CONTENTS,
	    BLOCK("\"resource\",\"resource\":{\"uri\":\"x:y\",\"text\":\"\"}"),
	    "[{\"uri\":\"x:y\",\"text\":\"\"}]" },
	{ MAKES_CONTENTS,
	    BLOCK("\"resource_link\",\"uri\":\"x:y\",\"name\":\"n\""), NULL },
	{ MAKES_CONTENTS, BLOCK("\"video\""), NULL },
	{ MAKES_VALUES, BLOCK("\"text\",\"text\":\"a\""), "[\"a\"]" },
	{ MAKES_VALUES,
	    BLOCK("\"image\",\"data\":\"AQ==\",\"mimeType\":\"i/p\""), NULL },
	{ MAKES_MESSAGES, BLOCK("\"text\",\"text\":\"a\""), USER(TEXT("a")) },
};

static void
blocks_become_what_the_call_makes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(blocks); i++) {
		struct buf why = BUF_INIT(1024);
		struct bench b;
		enum rc rc;

		begin(&b, blocks[i].makes, "{}");
		rc = tool_add_block(&b.base.call,
		    tool_bench_json(&b.base, blocks[i].block), &why);
		assert_int_equal(
		    rc, blocks[i].shown == NULL ? RC_SYNTAX : RC_OK);
		assert_int_equal(why.len > 0, blocks[i].shown == NULL);
		if (rc == RC_OK)
			assert_non_null(strstr(
			    shown(&b, REVISION_2025_11_25), blocks[i].shown));
		buf_release(&why);
		end(&b);
	}
}

/* -------------------------------------------------------------- the end */

static enum rc
add_link(struct tool_call *c)
{
	return tool_add_link(c, SLICE("https://a"), SLICE("A"), SLICE_NONE);
}

static enum rc
add_media(struct tool_call *c)
{
	return tool_add_media(c, CONTENT_IMAGE, SLICE("\1"), SLICE("i/p"));
}

static enum rc
add_resource(struct tool_call *c)
{
	return tool_add_resource(
	    c, SLICE("x:y"), SLICE_NONE, SLICE("a"), false);
}

static enum rc
miss(struct tool_call *c)
{
	tool_miss(c);
	return RC_SYNTAX;
}

static void
what_cannot_be_built_makes_the_call_fail(void **state)
{
	static const struct {
		enum tool_makes makes;
		enum rc (*build)(struct tool_call *);
		const char *error;
	} rows[] = {
		{ MAKES_CONTENTS, add_link,
		    "The resource's contents could not be built" },
		{ MAKES_VALUES, add_link, "The completion could not be built" },
		{ MAKES_VALUES, add_media,
		    "The completion could not be built" },
		{ MAKES_VALUES, add_resource,
		    "The completion could not be built" },
		{ MAKES_MESSAGES, miss,
		    "The prompt's messages could not be built" },
		{ MAKES_CONTENT, miss, "The tool's result could not be built" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bench b;
		struct tool_call *c = &b.base.call;

		begin(&b, rows[i].makes, "{}");
		assert_int_equal(rows[i].build(c), RC_SYNTAX);
		assert_int_equal(tool_conclude(c, TOOL_DONE), RC_OK);
		assert_true(c->result.is_error);
		assert_true(slice_eq(c->result.error, slice_of(rows[i].error)));
		end(&b);
	}
}

static void
a_failure_is_a_sentence_and_no_block_but_of_tools(void **state)
{
	(void)state;
	for (unsigned makes = MAKES_CONTENT; makes <= MAKES_VALUES; makes++) {
		struct bench b;
		struct tool_call *c = &b.base.call;

		begin(&b, (enum tool_makes)makes, "{}");
		assert_int_equal(tool_add_text(c, SLICE("half")), RC_OK);
		assert_int_equal(tool_fail(c, SLICE("no")), RC_OK);
		assert_true(c->result.is_error);
		assert_true(slice_eq(c->result.error, SLICE("no")));
		assert_int_equal(
		    c->result.first != NULL, makes == MAKES_CONTENT);
		end(&b);
	}
}

static void
a_resource_without_anything_is_missing(void **state)
{
	static const struct {
		enum tool_makes makes;
		enum tool_done done;
		bool is_missing;
		bool is_error;
	} rows[] = {
		{ MAKES_CONTENTS, TOOL_DONE, true, false },
		{ MAKES_CONTENTS, TOOL_FAILED, false, true },
		{ MAKES_CONTENTS, TOOL_AGAIN, false, true },
		{ MAKES_CONTENT, TOOL_DONE, false, false },
		{ MAKES_MESSAGES, TOOL_DONE, false, false },
		{ MAKES_VALUES, TOOL_DONE, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bench b;
		struct tool_result *r = &b.base.call.result;

		begin(&b, rows[i].makes, "{}");
		assert_int_equal(
		    tool_conclude(&b.base.call, rows[i].done), RC_OK);
		assert_int_equal(r->is_missing, rows[i].is_missing);
		assert_int_equal(r->is_error, rows[i].is_error);
		end(&b);
	}
}

static void
structured_content_alone_is_what_there_is(void **state)
{
	static const struct {
		enum tool_makes makes;
		const char *shown;
	} rows[] = {
		{ MAKES_MESSAGES,
		    "{\"messages\":[" USER(TEXT("{\\\"a\\\":1}")) "]}" },
		{ MAKES_CONTENTS,
		    "{\"contents\":[{\"uri\":\"note://one\","
		    "\"mimeType\":\"application/json\","
		    "\"text\":\"{\\\"a\\\":1}\"}]}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bench b;

		begin(&b, rows[i].makes, "{\"mimeType\":\"text/plain\"}");
		assert_int_equal(tool_set_structured(&b.base.call,
				     tool_bench_json(&b.base, "{\"a\":1}")),
		    RC_OK);
		assert_int_equal(tool_conclude(&b.base.call, TOOL_DONE), RC_OK);
		assert_string_equal(
		    shown(&b, REVISION_2025_11_25), rows[i].shown);
		end(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    of_a_resource_text_and_media_are_of_its_own_uri),
		cmocka_unit_test(
		    the_media_type_of_the_definition_counts_unless_media_say_theirs),
		cmocka_unit_test(bytes_of_no_known_type_are_just_bytes),
		cmocka_unit_test(of_a_prompt_each_block_is_a_message),
		cmocka_unit_test(roles_hold_from_where_they_are_set),
		cmocka_unit_test(
		    as_many_values_as_fit_are_shown_and_all_are_counted),
		cmocka_unit_test(
		    whole_results_are_taken_as_their_methods_answer_them),
		cmocka_unit_test(
		    broken_results_say_what_is_wrong_and_change_nothing),
		cmocka_unit_test(blocks_become_what_the_call_makes),
		cmocka_unit_test(what_cannot_be_built_makes_the_call_fail),
		cmocka_unit_test(
		    a_failure_is_a_sentence_and_no_block_but_of_tools),
		cmocka_unit_test(a_resource_without_anything_is_missing),
		cmocka_unit_test(structured_content_alone_is_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
