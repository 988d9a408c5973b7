/* What is no question, though somebody asks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "question_bench.h"
#include "question_kind.h"

static const struct {
	const char *method;
	const char *params;
	const char *why; /* part of it */
} mistakes[] = {
	{ "ping", "{}", "no such method" },
	{ "", "{}", "no such method" },
	{ ELICIT, "", "message is missing" },
	{ ELICIT, "[]", "params must be an object" },
	{ ELICIT, "{", "no JSON" },
	{ ELICIT, "{\"message\":\"m\"}", "requestedSchema is missing" },
	{ ELICIT, "{\"message\":1,\"requestedSchema\":{}}",
	    "message must be a string" },
	{ ELICIT, "{\"mode\":\"mime\"}", "mode must be form or url" },
	{ ELICIT, "{\"mode\":1}", "mode must be form or url" },
	{ ELICIT, "{\"message\":\"m\",\"requestedSchema\":{},\"task\":{}}",
	    "task is not known" },
	{ ELICIT, "{\"message\":\"m\",\"requestedSchema\":{}}",
	    "type is missing" },
	{ ELICIT,
	    "{\"message\":\"m\",\"requestedSchema\":{\"type\":\"string\","
	    "\"properties\":{}}}",
	    "type must be object" },
	{ ELICIT,
	    "{\"message\":\"m\",\"requestedSchema\":{\"type\":\"object\","
	    "\"properties\":[]}}",
	    "properties must be an object" },
	{ ELICIT,
	    "{\"message\":\"m\",\"requestedSchema\":{\"type\":\"object\","
	    "\"properties\":{},\"required\":[\"x\"]}}",
	    "names no field" },
	{ ELICIT,
	    "{\"message\":\"m\",\"requestedSchema\":{\"type\":\"object\","
	    "\"properties\":{},\"$schema\":\"urn:x\"}}",
	    "" },
	{ ELICIT,
	    "{\"message\":\"m\",\"requestedSchema\":{\"type\":\"object\","
	    "\"properties\":{},\"allOf\":[]}}",
	    "allOf is not known" },
	{ ELICIT, FORM("\"f\":7"), "field f" },
	{ ELICIT, FIELD(""), "field f: type" },
	{ ELICIT, FIELD("\"type\":\"object\""), "field f: type" },
	{ ELICIT, FIELD("\"type\":[\"string\",\"null\"]"), "field f: type" },
	{ ELICIT, FIELD("\"type\":\"string\",\"pattern\":\"a\""),
	    "pattern has no place" },
	{ ELICIT, FIELD("\"type\":\"string\",\"minimum\":1"),
	    "minimum has no place" },
	{ ELICIT, FIELD("\"type\":\"string\",\"minLength\":-1"),
	    "minLength must be a whole number" },
	{ ELICIT, FIELD("\"type\":\"string\",\"format\":\"ipv4\""),
	    "format must be email" },
	{ ELICIT, FIELD("\"type\":\"string\",\"title\":7"),
	    "title must be a string" },
	{ ELICIT, FIELD("\"type\":\"string\",\"default\":7"), "" },
	{ ELICIT, FIELD("\"type\":\"number\",\"maximum\":\"1\""),
	    "maximum must be a number" },
	{ ELICIT, FIELD("\"type\":\"number\",\"enum\":[1]"),
	    "enum has no place" },
	{ ELICIT, FIELD("\"type\":\"boolean\",\"default\":\"x\""), "" },
	{ ELICIT, FIELD("\"type\":\"string\",\"enum\":[]"),
	    "enum must be an array of strings" },
	{ ELICIT, FIELD("\"type\":\"string\",\"enum\":[1]"),
	    "enum must be an array of strings" },
	{ ELICIT,
	    FIELD("\"type\":\"string\",\"enum\":[\"a\"],\"default\":\"b\""),
	    "" },
	{ ELICIT,
	    FIELD("\"type\":\"string\",\"enum\":[\"a\"],\"enumNames\":[\"A\","
		  "\"B\"]"),
	    "as many as enum" },
	{ ELICIT, FIELD("\"type\":\"string\",\"oneOf\":[]"), "oneOf must" },
	{ ELICIT, FIELD("\"type\":\"string\",\"oneOf\":[{\"const\":\"a\"}]"),
	    "oneOf must" },
	{ ELICIT,
	    FIELD("\"type\":\"string\",\"oneOf\":[{\"const\":1,\"title\":"
		  "\"A\"}]"),
	    "oneOf must" },
	{ ELICIT, FIELD("\"type\":\"array\""), "items is missing" },
	{ ELICIT, FIELD("\"type\":\"array\",\"items\":{\"type\":\"string\"}"),
	    "items must be" },
	{ ELICIT,
	    FIELD("\"type\":\"array\",\"items\":{\"type\":\"number\","
		  "\"enum\":[\"a\"]}"),
	    "items must be" },
	{ ELICIT,
	    FIELD("\"type\":\"array\",\"items\":{\"type\":\"string\","
		  "\"enum\":[\"a\"]},\"default\":[\"b\"]"),
	    "" },
	/* URLs */
	{ ELICIT, "{\"mode\":\"url\",\"message\":\"m\"}", "url is missing" },
	{ ELICIT, "{\"mode\":\"url\",\"url\":\"https://a\"}",
	    "message is missing" },
	{ ELICIT, URL_ID(""), "elicitationId must" },
#define BAD_URL(url)                                                           \
	{                                                                      \
		ELICIT,                                                        \
		    "{\"mode\":\"url\",\"message\":\"m\",\"url\":\"" url       \
		    "\"}",                                                     \
		    "url must be an absolute"                                  \
	}
	BAD_URL(""),
	BAD_URL("https"),
	BAD_URL("https:"),
	BAD_URL("https:a"),
	BAD_URL("https://"),
	BAD_URL("https:///a"),
	BAD_URL("https://?a"),
	BAD_URL("https://:80/"),
	BAD_URL("https://u@a/"),
	BAD_URL("https://u:p@a/"),
	BAD_URL("https://a b/"),
	BAD_URL("https://a/\\n"),
	BAD_URL("https://a/\xc3\xa9"),
	BAD_URL("javascript:alert(1)"),
	BAD_URL("file:///etc/passwd"),
	BAD_URL("/login"),
	{ ELICIT,
	    "{\"mode\":\"url\",\"message\":\"m\",\"url\":\"https://a\","
	    "\"requestedSchema\":{}}",
	    "requestedSchema is not known" },
	/* sampling */
	{ SAMPLE, "{}", "messages is missing" },
	{ SAMPLE, "{\"messages\":[]}", "maxTokens is missing" },
	{ SAMPLE, "{\"messages\":{},\"maxTokens\":1}",
	    "messages must be an array" },
	{ SAMPLE, "{\"messages\":[],\"maxTokens\":1.5}",
	    "maxTokens must be an integer" },
	{ SAMPLE, "{\"messages\":[],\"maxTokens\":0}",
	    "maxTokens must be an integer" },
	{ SAMPLE, "{\"messages\":[],\"maxTokens\":\"9\"}",
	    "maxTokens must be an integer" },
	{ SAMPLE, MODEL("7", ""), "a message must be an object" },
	{ SAMPLE, MODEL("{\"role\":\"user\"}", ""), "content is missing" },
	{ SAMPLE, MODEL(MESSAGE("system", TEXT), ""), "role must be" },
	{ SAMPLE, MODEL(MESSAGE("user", "\"x\""), ""), "content must be" },
	{ SAMPLE, MODEL(MESSAGE("user", "[]"), ""), "needs content" },
	{ SAMPLE, MODEL(MESSAGE("user", "{\"type\":\"text\"}"), ""),
	    "text is missing" },
	{ SAMPLE,
	    MODEL(MESSAGE("user", "{\"type\":\"image\",\"data\":\"\"}"), ""),
	    "mimeType is missing" },
	{ SAMPLE, MODEL(MESSAGE("user", "{\"type\":\"resource\"}"), ""),
	    "content must be of type" },
	{ SAMPLE, MODEL("", ",\"includeContext\":\"all\""),
	    "includeContext must be" },
	{ SAMPLE, MODEL("", ",\"stopSequences\":[1]"), "stopSequences must" },
	{ SAMPLE, MODEL("", ",\"temperature\":\"hot\""), "temperature must" },
	{ SAMPLE, MODEL("", ",\"modelPreferences\":{\"costPriority\":2}"),
	    "costPriority must" },
	{ SAMPLE, MODEL("", ",\"modelPreferences\":{\"hints\":[1]}"),
	    "hints must" },
	{ SAMPLE, MODEL("", ",\"toolChoice\":{\"mode\":\"any\"}"),
	    "mode must be auto" },
	{ SAMPLE, MODEL("", ",\"tools\":[{\"name\":\"t\"}]"),
	    "inputSchema is missing" },
	{ SAMPLE, MODEL("", ",\"temprature\":1"), "temprature is not known" },
	/* tools that were used */
	{ SAMPLE, MODEL(MESSAGE("assistant", USE), ""),
	    "no tool_result behind it" },
	{ SAMPLE,
	    MODEL(MESSAGE("assistant", USE) "," MESSAGE("user", TEXT), ""),
	    "no tool_result behind it" },
	{ SAMPLE, MODEL(MESSAGE("user", RESULT), ""), "no tool_use before it" },
	{ SAMPLE, MODEL(MESSAGE("user", TEXT) "," MESSAGE("user", RESULT), ""),
	    "no tool_use before it" },
	{ SAMPLE,
	    MODEL(MESSAGE("assistant", USE) "," MESSAGE(
		      "user", "[" RESULT "," TEXT "]"),
		""),
	    "mixed" },
	{ SAMPLE, MODEL(MESSAGE("user", USE) "," MESSAGE("user", RESULT), ""),
	    "of the assistant" },
	{ SAMPLE,
	    MODEL(
		MESSAGE("assistant", USE) "," MESSAGE("assistant", RESULT), ""),
	    "no tool_result behind it" },
	{ ROOTS, "{\"x\":1}", "x is not known" },
};

static void
what_is_no_question_is_refused_with_a_sentence(void **state)
{
	struct question_bench *b = *state;

	for (size_t i = 0; i < COUNT(mistakes); i++) {
		const struct tool_question q =
		    question_bench_ask(mistakes[i].method, mistakes[i].params);

		for (unsigned r = R1; r <= R5; r++) {
			enum rc rc = question_bench_shape(
			    b, (enum revision_name)r, ALL_CAPS, &q);

			if (rc != RC_SYNTAX || b->why.len == 0 ||
			    strstr(b->why.ptr, mistakes[i].why) == NULL)
				fail_msg("row %zu: %s %.*s", i, rc_name(rc),
				    SLICE_FMT(buf_slice(&b->why)));
		}
	}
}

static void
what_is_too_much_is_refused(void **state)
{
	struct question_bench *b = *state;
	struct tool_question q = question_bench_ask(ROOTS, "{}");
	struct buf text = BUF_INIT((size_t)4 << 20);
	static char key[QUESTION_KEY_MAX + 1];

	q.key = SLICE_NONE;
	assert_int_equal(question_bench_shape(b, R5, ALL_CAPS, &q), RC_SYNTAX);
	memset(key, 'k', sizeof(key));
	q.key = (struct slice){ key, sizeof(key) };
	assert_int_equal(question_bench_shape(b, R5, ALL_CAPS, &q), RC_SYNTAX);
	q.key.len--;
	assert_int_equal(question_bench_shape(b, R5, ALL_CAPS, &q), RC_OK);
	q.key = SLICE("\xff");
	assert_int_equal(question_bench_shape(b, R5, ALL_CAPS, &q), RC_SYNTAX);

	buf_put_slice(&text,
	    SLICE("{\"messages\":[],\"maxTokens\":1,"
		  "\"systemPrompt\":\""));
	while (text.len < QUESTION_PARAMS_MAX - 2)
		buf_put_char(&text, 'x');
	buf_put_slice(&text, SLICE("\"}"));
	q = question_bench_ask(SAMPLE, text.ptr);
	assert_int_equal(question_bench_shape(b, R5, ALL_CAPS, &q), RC_OK);
	buf_truncate(&text, text.len - 2);
	buf_put_slice(&text, SLICE("x\"}"));
	q.params = buf_slice(&text);
	assert_int_equal(question_bench_shape(b, R5, ALL_CAPS, &q), RC_SYNTAX);

	buf_reset(&text);
	buf_put_slice(&text,
	    SLICE("{\"message\":\"m\",\"requestedSchema\":{"
		  "\"type\":\"object\",\"properties\":{"));
	for (int i = 0; i < 257; i++)
		buf_printf(&text, "%s\"%d\":{\"type\":\"string\"}",
		    i > 0 ? "," : "", i);
	buf_put_slice(&text, SLICE("}}}"));
	q = question_bench_ask(ELICIT, text.ptr);
	assert_int_equal(question_bench_shape(b, R5, ALL_CAPS, &q), RC_SYNTAX);
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		QUESTION_TEST(what_is_no_question_is_refused_with_a_sentence),
		QUESTION_TEST(what_is_too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
