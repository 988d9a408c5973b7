/* What may be asked, in the words of each revision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "question_bench.h"
#include "question_kind.h"

static const struct {
	enum revision_name first;
	enum revision_name last;
	const char *method;
	const char *params; /* of the tool */
	const char *want;   /* of the client; NULL: the same */
} shapes[] = {
	/* forms */
	{ R1, R2, ELICIT, FORM(""), NONE },
	{ R3, R5, ELICIT, FORM(""), NULL },
	{ R3, R3, ELICIT, MODE(STRING "}"), FORM(STRING "}") },
	{ R4, R5, ELICIT, MODE(STRING "}"), NULL },
	{ R3, R3, ELICIT, FORM(STRING ",\"default\":\"a@b.c\"}"),
	    FORM(STRING "}") },
	{ R4, R5, ELICIT, FORM(STRING ",\"default\":\"a@b.c\"}"), NULL },
	{ R3, R3, ELICIT,
	    FORM(NUMBER ",\"default\":1}," INTEGER ",\"default\":2}"),
	    FORM(NUMBER "}," INTEGER "}") },
	{ R4, R5, ELICIT,
	    FORM(NUMBER ",\"default\":1}," INTEGER ",\"default\":2}"), NULL },
	{ R3, R5, ELICIT, FORM(BOOLEAN), NULL },
	{ R3, R3, ELICIT, FORM(ENUM ",\"default\":\"y\"}"), FORM(ENUM "}") },
	{ R4, R5, ELICIT, FORM(ENUM ",\"default\":\"y\"}"), NULL },
	{ R3, R5, ELICIT, FORM(NAMES "}"), NULL },
	{ R3, R3, ELICIT, FORM(TITLED ",\"default\":\"x\"}"),
	    FORM("\"t\":{\"type\":\"string\",\"enum\":[\"x\",\"y\"],"
		 "\"enumNames\":[\"X\",\"Y\"]}") },
	{ R4, R5, ELICIT, FORM(TITLED ",\"default\":\"x\"}"), NULL },
	{ R3, R3, ELICIT, FORM(MULTI), NONE },
	{ R4, R5, ELICIT, FORM(MULTI), NULL },
	{ R3, R3, ELICIT, FORM(MULTI_TITLED), NONE },
	{ R4, R5, ELICIT, FORM(MULTI_TITLED), NULL },
	{ R3, R3, ELICIT,
	    "{\"message\":\"m\",\"requestedSchema\":{\"title\":\"T\","
	    "\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
	    "\"additionalProperties\":false,\"required\":[\"b\"],"
	    "\"type\":\"object\",\"properties\":{" BOOLEAN "}}}",
	    "{\"message\":\"m\",\"requestedSchema\":{\"type\":\"object\","
	    "\"properties\":{" BOOLEAN "},\"required\":[\"b\"]}}" },
	{ R4, R5, ELICIT,
	    "{\"message\":\"m\",\"requestedSchema\":{\"$schema\":"
	    "\"https://json-schema.org/draft/2020-12/schema\",\"type\":"
	    "\"object\",\"properties\":{},\"required\":[]}}",
	    NULL },
	/* URLs */
	{ R1, R3, ELICIT, URL, NONE },
	{ R4, R4, ELICIT, URL_ID("7"), NULL },
	{ R5, R5, ELICIT, URL_ID("7"), URL },
	{ R5, R5, ELICIT, URL, NULL },
	/* sampling */
	{ R1, R5, SAMPLE, MODEL("", ""), NULL },
	{ R1, R5, SAMPLE, MODEL(MESSAGE("user", TEXT), ""), NULL },
	{ R1, R5, SAMPLE, MODEL(MESSAGE("assistant", IMAGE), ""), NULL },
	{ R1, R1, SAMPLE, MODEL(MESSAGE("user", AUDIO), ""), NONE },
	{ R2, R5, SAMPLE, MODEL(MESSAGE("user", AUDIO), ""), NULL },
	{ R1, R3, SAMPLE, MODEL(MESSAGE("user", BLOCKS), ""),
	    MODEL(MESSAGE("user", TEXT), "") },
	{ R4, R5, SAMPLE, MODEL(MESSAGE("user", BLOCKS), ""), NULL },
	{ R1, R3, SAMPLE, MODEL(MESSAGE("user", "[" TEXT "," TEXT "]"), ""),
	    NONE },
	{ R4, R5, SAMPLE, MODEL(MESSAGE("user", "[" TEXT "," TEXT "]"), ""),
	    NULL },
	{ R1, R3, SAMPLE, MODEL(USED, ""), NONE },
	{ R4, R5, SAMPLE, MODEL(USED, ""), NULL },
	{ R1, R3, SAMPLE, MODEL("", ",\"tools\":[]"), NONE },
	{ R4, R5, SAMPLE,
	    MODEL("",
		",\"tools\":[{\"name\":\"t\",\"inputSchema\":{}}],"
		"\"toolChoice\":{\"mode\":\"auto\"}"),
	    NULL },
	{ R1, R5, SAMPLE,
	    MODEL("",
		",\"includeContext\":\"thisServer\",\"temperature\":0.5,"
		"\"stopSequences\":[\"x\"],\"metadata\":{\"a\":1},"
		"\"systemPrompt\":\"s\",\"modelPreferences\":{\"hints\":[{"
		"\"name\":\"x\"},{}],\"costPriority\":0,\"speedPriority\":1,"
		"\"intelligencePriority\":0.5}"),
	    NULL },
	{ R1, R5, ROOTS, "", "{}" },
	{ R1, R5, ROOTS, "{ }", "{}" },
};

static void
each_revision_is_asked_in_its_own_words(void **state)
{
	struct question_bench *b = *state;

	for (size_t i = 0; i < COUNT(shapes); i++) {
		const struct tool_question q =
		    question_bench_ask(shapes[i].method, shapes[i].params);
		const char *want =
		    shapes[i].want == NULL ? shapes[i].params : shapes[i].want;

		for (unsigned r = shapes[i].first; r <= shapes[i].last; r++) {
			enum rc rc = question_bench_shape(
			    b, (enum revision_name)r, ALL_CAPS, &q);

			if (strcmp(want, NONE) == 0 && rc == RC_NOTFOUND)
				continue;
			if (rc != RC_OK ||
			    !slice_eq(buf_slice(&b->out), slice_of(want)))
				fail_msg("row %zu at %u: %s %.*s %.*s", i, r,
				    rc_name(rc), SLICE_FMT(buf_slice(&b->out)),
				    SLICE_FMT(buf_slice(&b->why)));
		}
	}
}

static void
an_id_is_made_where_one_is_needed_and_is_always_the_same(void **state)
{
	struct tool_question q = question_bench_ask(ELICIT, URL);
	struct question_bench *b = *state;
	struct slice first;
	char kept[256];

	assert_int_equal(question_bench_shape(b, R4, ALL_CAPS, &q), RC_OK);
	first = buf_slice(&b->out);
	assert_true(first.len < sizeof(kept));
	memcpy(kept, first.ptr, first.len);
	first.ptr = kept;
	assert_non_null(strstr(b->out.ptr, "\"elicitationId\":\""));
	assert_int_equal(question_bench_shape(b, R4, ALL_CAPS, &q), RC_OK);
	assert_true(slice_eq(buf_slice(&b->out), first));
	q.key = SLICE("other");
	assert_int_equal(question_bench_shape(b, R4, ALL_CAPS, &q), RC_OK);
	assert_false(slice_eq(buf_slice(&b->out), first));
}

static const struct {
	const char *method;
	const char *params;
	uint32_t needs;
	enum revision_name first;
} needs[] = {
	{ ELICIT, FORM(""), CAP_ELICITATION, R3 },
	{ ELICIT, URL, CAP_ELICITATION_URL, R4 },
	{ SAMPLE, MODEL("", ""), CAP_SAMPLING, R1 },
	{ SAMPLE, MODEL("", ",\"tools\":[]"), CAP_SAMPLING | CAP_SAMPLING_TOOLS,
	    R4 },
	{ SAMPLE, MODEL("", ",\"toolChoice\":{}"),
	    CAP_SAMPLING | CAP_SAMPLING_TOOLS, R4 },
	{ SAMPLE, MODEL(USED, ""), CAP_SAMPLING | CAP_SAMPLING_TOOLS, R4 },
	{ ROOTS, "{}", CAP_ROOTS, R1 },
};

static void
only_what_was_declared_is_asked(void **state)
{
	struct question_bench *b = *state;

	for (size_t i = 0; i < COUNT(needs); i++) {
		const struct tool_question q =
		    question_bench_ask(needs[i].method, needs[i].params);

		for (unsigned r = R1; r <= R5; r++) {
			const enum revision_name name = (enum revision_name)r;

			assert_int_equal(
			    question_bench_shape(b, name, needs[i].needs, &q),
			    r < needs[i].first ? RC_NOTFOUND : RC_OK);
			for (uint32_t bit = 1; bit <= CAP_TASKS; bit <<= 1) {
				if ((needs[i].needs & bit) == 0)
					continue;
				assert_int_equal(question_bench_shape(b, name,
						     ALL_CAPS & ~bit, &q),
				    RC_NOTFOUND);
			}
		}
	}
}

static void
context_that_is_not_offered_is_not_asked_for(void **state)
{
	static const struct {
		const char *context;
		enum revision_name name;
		const char *want;
	} table[] = {
		{ "thisServer", R3, "thisServer" },
		{ "thisServer", R4, "none" },
		{ "allServers", R5, "none" },
		{ "none", R5, "none" },
	};
	struct question_bench *b = *state;

	for (size_t i = 0; i < COUNT(table); i++) {
		struct buf params = BUF_INIT(200), want = BUF_INIT(200);
		struct tool_question q;

		buf_printf(&params, MODEL("", ",\"includeContext\":\"%s\""),
		    table[i].context);
		buf_printf(&want, MODEL("", ",\"includeContext\":\"%s\""),
		    table[i].want);
		q = question_bench_ask(SAMPLE, params.ptr);
		assert_int_equal(
		    question_bench_shape(b, table[i].name, CAP_SAMPLING, &q),
		    RC_OK);
		assert_string_equal(b->out.ptr, want.ptr);
		buf_release(&params);
		buf_release(&want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		QUESTION_TEST(each_revision_is_asked_in_its_own_words),
		QUESTION_TEST(
		    an_id_is_made_where_one_is_needed_and_is_always_the_same),
		QUESTION_TEST(only_what_was_declared_is_asked),
		QUESTION_TEST(context_that_is_not_offered_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
