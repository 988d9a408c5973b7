/* What answers a question. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "question_bench.h"
#include "question_kind.h"

#define ACCEPT(content) "{\"action\":\"accept\",\"content\":" content "}"
#define SAID(content)                                                          \
	"{\"role\":\"assistant\",\"model\":\"m\",\"content\":" content "}"
#define BAD "(no answer)"
#define AGE "\"a\":{\"type\":\"integer\",\"minimum\":0}"
#define PRESET                                                                 \
	"\"s\":{\"type\":\"string\",\"default\":\"x\"},"                       \
	"\"n\":{\"type\":\"number\",\"default\":1.50},"                        \
	"\"b\":{\"type\":\"boolean\",\"default\":false}," MULTI
#define NEEDED                                                                 \
	"{\"message\":\"m\",\"requestedSchema\":{\"type\":\"object\","         \
	"\"properties\":{\"s\":{\"type\":\"string\",\"default\":\"x\"},"       \
	"\"r\":{\"type\":\"string\"}},\"required\":[\"s\",\"r\"]}}"

static const struct {
	enum revision_name first;
	enum revision_name last;
	const char *method;
	const char *params;
	const char *answer;
	const char *want; /* NULL: the same */
} answers[] = {
	{ R3, R5, ELICIT, FORM(""), ACCEPT("{}"), NULL },
	{ R3, R5, ELICIT, FORM(""), "{\"action\":\"accept\"}", NULL },
	{ R3, R5, ELICIT, FORM(""), "{ \"action\" : \"decline\" }",
	    "{\"action\":\"decline\"}" },
	{ R3, R5, ELICIT, FORM(""), "{\"action\":\"cancel\",\"_meta\":{}}",
	    NULL },
	{ R3, R5, ELICIT, FORM(""), "{}", BAD },
	{ R3, R5, ELICIT, FORM(""), "[]", BAD },
	{ R3, R5, ELICIT, FORM(""), "{\"action\":\"maybe\"}", BAD },
	{ R3, R5, ELICIT, FORM(""), "{\"action\":null}", BAD },
	{ R3, R5, ELICIT, FORM(""), ACCEPT("[]"), BAD },
	{ R3, R5, ELICIT, FORM(""), ACCEPT("null"), BAD },
	/* content is of what was accepted */
	{ R3, R5, ELICIT, FORM(AGE),
	    "{\"content\":{\"a\":\"x\"},\"action\":\"decline\"}",
	    "{\"action\":\"decline\"}" },
	{ R3, R5, ELICIT, FORM(PRESET),
	    "{\"action\":\"cancel\",\"content\":null}",
	    "{\"action\":\"cancel\"}" },
	{ R4, R5, ELICIT, URL, ACCEPT("{\"x\":1}"), "{\"action\":\"accept\"}" },
	/* what was asked for */
	{ R3, R5, ELICIT, FORM(AGE), ACCEPT("{\"a\":7}"), NULL },
	{ R3, R5, ELICIT, FORM(AGE), ACCEPT("{}"), NULL },
	{ R3, R5, ELICIT, FORM(AGE), ACCEPT("{\"a\":-1}"), BAD },
	{ R3, R5, ELICIT, FORM(AGE), ACCEPT("{\"a\":1.5}"), BAD },
	{ R3, R5, ELICIT, FORM(AGE), ACCEPT("{\"a\":\"7\"}"), BAD },
	{ R3, R5, ELICIT, FORM(AGE), ACCEPT("{\"b\":{}}"), BAD },
	{ R3, R5, ELICIT, FORM(AGE), ACCEPT("{\"b\":[[]]}"), BAD },
	{ R3, R5, ELICIT, FORM(AGE), ACCEPT("{\"b\":null}"), BAD },
	{ R3, R5, ELICIT, FORM(TITLED "}"), ACCEPT("{\"t\":\"y\"}"), NULL },
	{ R3, R5, ELICIT, FORM(TITLED "}"), ACCEPT("{\"t\":\"Y\"}"), BAD },
	{ R3, R5, ELICIT, FORM(NAMES "}"), ACCEPT("{\"e\":\"X\"}"), BAD },
	{ R4, R5, ELICIT, FORM(MULTI), ACCEPT("{\"m\":[\"y\",\"x\"]}"), NULL },
	{ R4, R5, ELICIT, FORM(MULTI), ACCEPT("{\"m\":[]}"), BAD },
	{ R4, R5, ELICIT, FORM(MULTI), ACCEPT("{\"m\":[\"z\"]}"), BAD },
	/* defaults */
	{ R3, R5, ELICIT, FORM(PRESET), ACCEPT("{\"n\":2}"),
	    ACCEPT("{\"n\":2,\"s\":\"x\",\"b\":false,\"m\":[\"x\"]}") },
	{ R3, R5, ELICIT, FORM(PRESET), "{\"action\":\"accept\"}",
	    ACCEPT("{\"s\":\"x\",\"n\":1.50,\"b\":false,\"m\":[\"x\"]}") },
	{ R3, R5, ELICIT, NEEDED, ACCEPT("{\"r\":\"\"}"),
	    ACCEPT("{\"r\":\"\",\"s\":\"x\"}") },
	{ R3, R5, ELICIT, NEEDED, ACCEPT("{\"s\":\"y\"}"), BAD },
	{ R3, R5, ELICIT, NEEDED, "{\"action\":\"accept\"}", BAD },
	/* sampling */
	{ R1, R5, SAMPLE, MODEL("", ""), SAID(TEXT), NULL },
	{ R1, R5, SAMPLE, MODEL("", ""), SAID(IMAGE), NULL },
	{ R1, R1, SAMPLE, MODEL("", ""), SAID(AUDIO), BAD },
	{ R2, R5, SAMPLE, MODEL("", ""), SAID(AUDIO), NULL },
	{ R1, R3, SAMPLE, MODEL("", ""), SAID(BLOCKS), BAD },
	{ R4, R5, SAMPLE, MODEL("", ""), SAID("[" TEXT "," USE "]"), NULL },
	{ R1, R3, SAMPLE, MODEL("", ""), SAID(USE), BAD },
	{ R4, R5, SAMPLE, MODEL("", ""), SAID("[]"), BAD },
	{ R1, R5, SAMPLE, MODEL("", ""), SAID("\"text\""), BAD },
	{ R1, R5, SAMPLE, MODEL("", ""), SAID("{\"type\":\"text\"}"), BAD },
	{ R1, R5, SAMPLE, MODEL("", ""), "{\"content\":" TEXT "}", BAD },
	{ R1, R5, SAMPLE, MODEL("", ""),
	    "{\"role\":\"user\",\"content\":" TEXT "}", BAD },
	{ R1, R5, SAMPLE, MODEL("", ""),
	    "{\"role\":\"tool\",\"model\":\"m\",\"content\":" TEXT "}", BAD },
	{ R1, R5, SAMPLE, MODEL("", ""),
	    "{\"role\":\"assistant\",\"model\":\"m\",\"stopReason\":\"endTurn\""
	    ",\"content\":" TEXT ",\"_meta\":{}}",
	    NULL },
	{ R1, R5, SAMPLE, MODEL("", ""),
	    "{\"role\":\"assistant\",\"model\":\"m\",\"stopReason\":1,"
	    "\"content\":" TEXT "}",
	    BAD },
	/* roots */
	{ R1, R5, ROOTS, "{}", "{\"roots\":[]}", NULL },
	{ R1, R5, ROOTS, "", "{\"roots\":[{\"uri\":\"file:///a\"}]}", NULL },
	{ R1, R5, ROOTS, "",
	    "{\"roots\":[{\"uri\":\"file:///a\",\"name\":\"n\",\"_meta\":{}}]}",
	    NULL },
	{ R1, R5, ROOTS, "", "{\"roots\":{}}", BAD },
	{ R1, R5, ROOTS, "", "{\"roots\":[\"file:///a\"]}", BAD },
	{ R1, R5, ROOTS, "", "{\"roots\":[{\"name\":\"n\"}]}", BAD },
	{ R1, R5, ROOTS, "", "{\"roots\":[{\"uri\":7}]}", BAD },
	{ R1, R5, ROOTS, "", "{\"roots\":[{\"uri\":\"a:b\",\"name\":7}]}",
	    BAD },
	{ R1, R5, "ping", "", "{}", BAD },
};

static void
an_answer_must_be_one_to_what_was_asked(void **state)
{
	struct question_bench *b = *state;

	for (size_t i = 0; i < COUNT(answers); i++) {
		const struct tool_question q =
		    question_bench_ask(answers[i].method, answers[i].params);
		const char *want = answers[i].want == NULL ? answers[i].answer
							   : answers[i].want;

		for (unsigned r = answers[i].first; r <= answers[i].last; r++) {
			const struct json *answer;
			enum rc rc;

			arena_reset(&b->arena);
			buf_reset(&b->out);
			buf_reset(&b->why);
			assert_int_equal(
			    json_read(&b->arena, slice_of(answers[i].answer),
				&json_limits_default, &answer, NULL),
			    RC_OK);
			rc = question_settle(&b->arena,
			    revision_get((enum revision_name)r), &q, answer,
			    &b->out, &b->why);
			if (strcmp(want, BAD) == 0 && rc == RC_SYNTAX &&
			    b->why.len > 0)
				continue;
			if (rc != RC_OK ||
			    !slice_eq(buf_slice(&b->out), slice_of(want)))
				fail_msg("row %zu at %u: %s %.*s %.*s", i, r,
				    rc_name(rc), SLICE_FMT(buf_slice(&b->out)),
				    SLICE_FMT(buf_slice(&b->why)));
		}
	}
}

/* What was asked in the words of a revision is answered as what was meant. */
static void
what_was_shaped_is_answered_alike(void **state)
{
	struct question_bench *b = *state;

	for (size_t i = 0; i < COUNT(answers); i++) {
		struct tool_question q =
		    question_bench_ask(answers[i].method, answers[i].params);
		const struct json *answer;
		enum rc own, sent;

		if (answers[i].last < R5 ||
		    question_bench_shape(b, R5, ALL_CAPS, &q) != RC_OK)
			continue;
		assert_int_equal(
		    json_read(&b->arena, slice_of(answers[i].answer),
			&json_limits_default, &answer, NULL),
		    RC_OK);
		own = question_settle(
		    &b->arena, revision_get(R5), &q, answer, &b->why, &b->why);
		assert_int_equal(
		    arena_copy(&b->arena, buf_slice(&b->out), &q.params),
		    RC_OK);
		sent = question_settle(
		    &b->arena, revision_get(R5), &q, answer, &b->out, &b->why);
		assert_int_equal(own, sent);
	}
}

/* Names and values of a client may be as long as they like. */
static void
what_is_wrong_is_said_in_few_words(void **state)
{
	static const struct tool_question wants = { .key = SLICE_INIT("key"),
		.method = SLICE_INIT(ELICIT),
		.params = SLICE_INIT("{\"message\":\"m\",\"requestedSchema\":{"
				     "\"type\":\"object\",\"properties\":{" ENUM
				     "}},\"additionalProperties\":false}}") };
	struct question_bench *b = *state;
	struct buf text = BUF_INIT((size_t)1 << 20);

	for (int i = 0; i < 2; i++) {
		const struct json *answer;

		buf_reset(&text);
		buf_reset(&b->why);
		buf_put_slice(&text,
		    i == 0 ? SLICE("{\"action\":\"accept\",\"content\":{\"")
			   : SLICE("{\"action\":\"accept\",\"content\":{\"e\":"
				   "\""));
		for (int k = 0; k < 200000; k++)
			buf_put_char(&text, 'x');
		buf_put_slice(&text, i == 0 ? SLICE("\":1}}") : SLICE("\"}}"));
		assert_int_equal(json_read(&b->arena, buf_slice(&text),
				     &json_limits_default, &answer, NULL),
		    RC_OK);
		assert_int_equal(question_settle(&b->arena, revision_get(R5),
				     &wants, answer, &b->out, &b->why),
		    RC_SYNTAX);
		assert_in_range(b->why.len, 1, 300);
	}
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		QUESTION_TEST(an_answer_must_be_one_to_what_was_asked),
		QUESTION_TEST(what_was_shaped_is_answered_alike),
		QUESTION_TEST(what_is_wrong_is_said_in_few_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
