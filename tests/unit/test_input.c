#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "input_bench.h"

#define TOOL SLICE("\"name\":\"t\",\"arguments\":{\"a\":1,\"b\":[2]}")
#define ACCEPT "{\"action\":\"accept\",\"content\":{\"is\":\"x\"}}"
#define FORM                                                                   \
	"\"message\":\"m\",\"requestedSchema\":{\"type\":\"object\","          \
	"\"properties\":{}}"
#define URL "\"message\":\"m\",\"url\":\"https://a/\""
#define SAMPLE "\"messages\":[],\"maxTokens\":1"
#define ALL_CAPS                                                               \
	(CAP_ELICITATION | CAP_ELICITATION_URL | CAP_SAMPLING |                \
	    CAP_SAMPLING_TOOLS | CAP_SAMPLING_CONTEXT | CAP_ROOTS)

static int
set_up(void **state)
{
	struct input_bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	input_bench_init(b, true);
	b->x.caps = ALL_CAPS;
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	input_bench_release(*state);
	free(*state);
	return 0;
}

/* One round: what is asked by one key, and how that went. */
static enum tool_ask
ask(struct input_bench *b, const char *key, struct slice *answer)
{
	struct tool_question q = input_bench_form(slice_of(key));
	enum tool_ask said = input_ask(&b->x, b->in, &q, 1);

	if (answer != NULL)
		*answer = q.answer;
	return said;
}

/* The first round: "name" is asked for. */
static void
first_round(struct input_bench *b)
{
	assert_int_equal(
	    input_bench_call(b, TOOL, SLICE_NONE, SLICE_NONE), RC_OK);
	assert_non_null(b->in);
	assert_false(input_is_pending(b->in));
	assert_int_equal(ask(b, "name", NULL), ASK_PENDING);
	assert_true(input_is_pending(b->in));
	assert_int_equal(input_bench_answer(b), RC_OK);
	assert_true(b->state.len > 0);
	assert_non_null(json_get(b->requests, "name"));
}

static void
what_was_asked_for_is_answered_in_place(void **state)
{
	struct input_bench *b = *state;
	struct slice answer;

	first_round(b);
	assert_int_equal(
	    input_bench_call(b, TOOL,
		SLICE("{\"name\": {\"action\":\n\"accept\"}}"), b->state),
	    RC_OK);
	assert_int_equal(ask(b, "name", &answer), ASK_ANSWERED);
	assert_true(slice_eq(answer, SLICE("{\"action\":\"accept\"}")));
	assert_false(input_is_pending(b->in));
}

static void
answers_of_earlier_rounds_come_back_from_the_state(void **state)
{
	struct input_bench *b = *state;
	struct slice answer, first_state;

	first_round(b);
	first_state = b->state;
	assert_int_equal(
	    input_bench_call(b, TOOL, SLICE("{\"name\":" ACCEPT "}"), b->state),
	    RC_OK);
	assert_int_equal(ask(b, "name", NULL), ASK_ANSWERED);
	assert_int_equal(ask(b, "more", NULL), ASK_PENDING);
	assert_int_equal(input_bench_answer(b), RC_OK);
	assert_false(slice_eq(first_state, b->state));
	assert_null(json_get(b->requests, "name"));
	assert_int_equal(
	    input_bench_call(b, TOOL,
		SLICE("{\"more\":{\"action\":\"decline\"},\"name\":{}}"),
		b->state),
	    RC_OK);
	assert_int_equal(ask(b, "name", &answer), ASK_ANSWERED);
	assert_true(slice_eq(answer, SLICE(ACCEPT)));
	assert_int_equal(ask(b, "more", &answer), ASK_ANSWERED);
	assert_true(slice_eq(answer, SLICE("{\"action\":\"decline\"}")));
}

static void
what_is_missing_is_asked_for_again(void **state)
{
	static const char *const responses[] = {
		"{\"wrong\":{\"action\":\"accept\"}}",
		"{}",
		"{\"name\":{}}",
		"{\"name\":{\"action\":\"maybe\"}}",
		"{\"name\":{\"action\":\"accept\",\"content\":[]}}",
		"{\"name\":{\"action\":\"accept\",\"content\":{\"is\":7}}}",
		"{\"name\":{\"roots\":[]}}",
	};
	struct input_bench *b = *state;

	first_round(b);
	for (size_t i = 0; i < sizeof(responses) / sizeof(*responses); i++) {
		assert_int_equal(
		    input_bench_call(b, TOOL, slice_of(responses[i]), b->state),
		    RC_OK);
		assert_int_equal(ask(b, "name", NULL), ASK_PENDING);
		assert_int_equal(input_bench_answer(b), RC_OK);
		assert_non_null(json_get(b->requests, "name"));
		assert_null(json_get(b->requests, "wrong"));
	}
}

static void
an_answer_that_comes_before_the_question_counts_if_it_fits(void **state)
{
	struct input_bench *b = *state;
	struct slice answer;

	assert_int_equal(
	    input_bench_call(b, TOOL,
		SLICE("{\"odd\":{\"x\":1},\"wrong\":{\"action\":\"maybe\"},"
		      "\"name\":" ACCEPT "}"),
		SLICE_NONE),
	    RC_OK);
	assert_int_equal(ask(b, "name", &answer), ASK_ANSWERED);
	assert_true(slice_eq(answer, SLICE(ACCEPT)));
	assert_false(input_is_pending(b->in));
	assert_int_equal(ask(b, "wrong", NULL), ASK_PENDING);
}

static void
an_early_answer_goes_on_to_the_next_round(void **state)
{
	struct input_bench *b = *state;
	struct slice answer;

	assert_int_equal(input_bench_call(b, TOOL,
			     SLICE("{\"name\":" ACCEPT
				   ",\"later\":{\"action\":\"decline\"}}"),
			     SLICE_NONE),
	    RC_OK);
	assert_int_equal(ask(b, "name", NULL), ASK_ANSWERED);
	assert_int_equal(ask(b, "name", NULL), ASK_ANSWERED);
	assert_int_equal(ask(b, "more", NULL), ASK_PENDING);
	assert_int_equal(input_bench_answer(b), RC_OK);
	assert_int_equal(
	    input_bench_call(b, TOOL,
		SLICE("{\"more\":{\"action\":\"decline\"}}"), b->state),
	    RC_OK);
	assert_int_equal(ask(b, "name", &answer), ASK_ANSWERED);
	assert_true(slice_eq(answer, SLICE(ACCEPT)));
	assert_int_equal(ask(b, "more", NULL), ASK_ANSWERED);
	/* Nobody asked when it came, and nobody was sent it again. */
	assert_int_equal(ask(b, "later", NULL), ASK_PENDING);
}

static void
an_early_answer_does_not_count_where_it_may_be_used_only_once(void **state)
{
	struct input_bench *b = *state;

	b->tool.flags = TOOL_ONCE;
	assert_int_equal(input_bench_call(b, TOOL,
			     SLICE("{\"name\":" ACCEPT "}"), SLICE_NONE),
	    RC_OK);
	assert_int_equal(ask(b, "name", NULL), ASK_PENDING);
}

static void
what_a_state_did_not_ask_for_does_not_count_with_it(void **state)
{
	struct input_bench *b = *state;

	first_round(b);
	assert_int_equal(
	    input_bench_call(b, TOOL,
		SLICE("{\"name\":" ACCEPT ",\"more\":" ACCEPT "}"), b->state),
	    RC_OK);
	assert_int_equal(ask(b, "name", NULL), ASK_ANSWERED);
	assert_int_equal(ask(b, "more", NULL), ASK_PENDING);
}

static void
responses_that_are_none_are_refused(void **state)
{
	static const char *const responses[] = { "null", "[]", "1",
		"{\"name\":12345}", "{\"other\":null}", "{\"name\":\"x\"}" };
	struct input_bench *b = *state;

	first_round(b);
	for (size_t i = 0; i < sizeof(responses) / sizeof(*responses); i++) {
		assert_int_equal(
		    input_bench_call(b, TOOL, slice_of(responses[i]), b->state),
		    RC_OK);
		assert_null(b->in);
		assert_int_equal(input_bench_error(b), RPC_INVALID_PARAMS);
	}
}

static void
refuses(struct input_bench *b, struct slice method, const char *members)
{
	struct buf text = BUF_INIT(1 << 16);

	buf_printf(&text, "{%s,\"requestState\":\"%.*s\"}", members,
	    SLICE_FMT(b->state));
	assert_int_equal(buf_finish(&text), RC_OK);
	assert_int_equal(input_bench_begin(b, method, buf_slice(&text)), RC_OK);
	assert_null(b->in);
	assert_int_equal(input_bench_error(b), RPC_INVALID_PARAMS);
	buf_release(&text);
}

static void
a_state_is_good_for_its_own_request_only(void **state)
{
	struct input_bench *b = *state;

	first_round(b);
	refuses(b, SLICE("tools/call"),
	    "\"name\":\"u\",\"arguments\":{\"a\":1,\"b\":[2]}");
	refuses(b, SLICE("tools/call"),
	    "\"name\":\"t\",\"arguments\":{\"a\":1,\"b\":[3]}");
	refuses(b, SLICE("tools/call"), "\"name\":\"t\"");
	refuses(b, SLICE("tools/call"),
	    "\"name\":\"t\",\"arguments\":{\"a\":1,\"b\":[2]},\"x\":1");
	refuses(b, SLICE("prompts/get"),
	    "\"name\":\"t\",\"arguments\":{\"a\":1,\"b\":[2]}");
	b->x.principal.digest[0] ^= 1;
	refuses(b, SLICE("tools/call"),
	    "\"name\":\"t\",\"arguments\":{\"a\":1,\"b\":[2]}");
}

static void
what_differs_between_rounds_does_not_matter(void **state)
{
	struct input_bench *b = *state;

	first_round(b);
	assert_int_equal(
	    input_bench_call(b,
		SLICE(
		    "\"_meta\":{\"progressToken\":9},"
		    "\"arguments\": {\"b\":[2], \"a\":1},\"name\":\"\\u0074\""),
		SLICE("{\"name\":" ACCEPT "}"), b->state),
	    RC_OK);
	assert_non_null(b->in);
	assert_int_equal(ask(b, "name", NULL), ASK_ANSWERED);
}

static void
a_state_that_was_tampered_with_is_refused(void **state)
{
	struct input_bench *b = *state;
	char *text;

	first_round(b);
	text = arena_bytes(&b->arena, b->state.len + 9);
	assert_non_null(text);
	for (size_t i = 0; i <= b->state.len; i += 7) {
		size_t len = b->state.len;

		memcpy(text, b->state.ptr, len);
		if (i < len)
			text[i] = text[i] == 'A' ? 'B' : 'A';
		else
			memcpy(text + len, "-TAMPERED", 9);
		len += i < len ? 0 : 9;
		if (memcmp(text, b->state.ptr, len) == 0)
			continue;
		assert_int_equal(input_bench_call(b, TOOL, SLICE_NONE,
				     (struct slice){ text, len }),
		    RC_OK);
		assert_null(b->in);
		assert_int_equal(input_bench_error(b), RPC_INVALID_PARAMS);
	}
	assert_int_equal(input_bench_begin(b, SLICE("tools/call"),
			     SLICE("{\"name\":\"t\",\"requestState\":{}}")),
	    RC_OK);
	assert_null(b->in);
}

static void
a_state_ends(void **state)
{
	struct input_bench *b = *state;

	first_round(b);
	fake_clock_advance(&b->clock, b->server.rules.input_ms - 1);
	assert_int_equal(
	    input_bench_call(b, TOOL, SLICE_NONE, b->state), RC_OK);
	assert_non_null(b->in);
	fake_clock_advance(&b->clock, 1);
	assert_int_equal(
	    input_bench_call(b, TOOL, SLICE_NONE, b->state), RC_OK);
	assert_null(b->in);
	assert_int_equal(input_bench_error(b), RPC_INVALID_PARAMS);
}

static void
only_what_the_client_declared_is_asked(void **state)
{
	static const struct {
		const char *method;
		const char *params;
		uint32_t needs;
	} rows[] = {
		{ "elicitation/create", "{" FORM "}", CAP_ELICITATION },
		{ "elicitation/create", "{\"mode\":\"form\"," FORM "}",
		    CAP_ELICITATION },
		{ "elicitation/create", "{\"mode\":\"url\"," URL "}",
		    CAP_ELICITATION_URL },
		{ "elicitation/create", "{\"mode\":\"mime\"," FORM "}", 0 },
		{ "elicitation/create", "{\"mode\":1," FORM "}", 0 },
		{ "sampling/createMessage", "{" SAMPLE "}", CAP_SAMPLING },
		{ "sampling/createMessage",
		    "{" SAMPLE ",\"includeContext\":\"thisServer\"}",
		    CAP_SAMPLING },
		{ "sampling/createMessage", "{" SAMPLE ",\"tools\":[]}",
		    CAP_SAMPLING | CAP_SAMPLING_TOOLS },
		{ "sampling/createMessage", "{" SAMPLE ",\"toolChoice\":{}}",
		    CAP_SAMPLING | CAP_SAMPLING_TOOLS },
		{ "roots/list", "{}", CAP_ROOTS },
		{ "roots/list", "", CAP_ROOTS },
		{ "ping", "{}", 0 },
		{ "tools/call", "{}", 0 },
		{ "elicitation/create", "[]", 0 },
		{ "elicitation/create", "{", 0 },
	};
	struct input_bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tool_question q = { .key = SLICE("k"),
			.method = slice_of(rows[i].method),
			.params = slice_of(rows[i].params) };

		b->x.caps = ALL_CAPS;
		assert_int_equal(
		    input_bench_call(b, TOOL, SLICE_NONE, SLICE_NONE), RC_OK);
		assert_int_equal(input_ask(&b->x, b->in, &q, 1),
		    rows[i].needs != 0 ? ASK_PENDING : ASK_UNSUPPORTED);
		for (uint32_t bit = 1; bit <= rows[i].needs; bit <<= 1) {
			if ((rows[i].needs & bit) == 0)
				continue;
			b->x.caps = ALL_CAPS & ~bit;
			assert_int_equal(
			    input_bench_call(b, TOOL, SLICE_NONE, SLICE_NONE),
			    RC_OK);
			assert_int_equal(
			    input_ask(&b->x, b->in, &q, 1), ASK_UNSUPPORTED);
			assert_false(input_is_pending(b->in));
		}
	}
}

static void
a_round_that_cannot_be_asked_whole_is_not_asked_at_all(void **state)
{
	struct input_bench *b = *state;
	struct tool_question q[2] = { input_bench_form(SLICE("a")),
		{ .key = SLICE("b"), .method = SLICE("roots/list") } };

	b->x.caps = CAP_ELICITATION;
	assert_int_equal(
	    input_bench_call(b, TOOL, SLICE_NONE, SLICE_NONE), RC_OK);
	assert_int_equal(input_ask(&b->x, b->in, q, 2), ASK_UNSUPPORTED);
	assert_false(input_is_pending(b->in));
	assert_int_equal(ask(b, "c", NULL), ASK_PENDING);
	assert_int_equal(input_bench_answer(b), RC_OK);
	assert_int_equal(b->requests->count, 1);
}

static void
answers_beyond_what_a_state_carries_are_an_error(void **state)
{
	struct input_bench *b = *state;
	struct buf answer = BUF_INIT(1 << 20);

	first_round(b);
	for (int i = 0; i < 2; i++) {
		size_t n = i == 0 ? INPUT_ANSWERS_MAX - 100 : INPUT_ANSWERS_MAX;

		buf_reset(&answer);
		buf_put_slice(&answer,
		    SLICE("{\"name\":{\"action\":\"accept\",\"x\":\""));
		for (size_t k = 0; k < n; k++)
			buf_put_char(&answer, 'y');
		buf_put_slice(&answer, SLICE("\"}}"));
		assert_int_equal(
		    input_bench_call(b, TOOL, buf_slice(&answer), b->state),
		    RC_OK);
		assert_int_equal(ask(b, "name", NULL), ASK_ANSWERED);
		assert_int_equal(ask(b, "more", NULL), ASK_PENDING);
		if (i == 0) {
			struct slice before = b->state;

			assert_int_equal(input_bench_answer(b), RC_OK);
			b->state = before;
			continue;
		}
		assert_int_equal(input_bench_answer(b), RC_SYNTAX);
		assert_int_equal(input_bench_error(b), RPC_INTERNAL_ERROR);
	}
	buf_release(&answer);
}

/* Bring the answer of the first round, and use its state up. */
static bool
complete(struct input_bench *b, struct slice sealed)
{
	bool fresh = false;

	assert_int_equal(
	    input_bench_call(b, TOOL, SLICE("{\"name\":" ACCEPT "}"), sealed),
	    RC_OK);
	assert_int_equal(ask(b, "name", NULL), ASK_ANSWERED);
	assert_int_equal(input_complete(&b->x, b->in, &fresh), RC_OK);
	return fresh;
}

static void
a_state_is_used_up_once(void **state)
{
	struct input_bench *b = *state;
	struct slice first;

	first_round(b);
	first = b->state;
	assert_true(complete(b, first));
	assert_false(input_is_broken(b->in));
	assert_false(complete(b, first));
	assert_true(input_is_broken(b->in));
	assert_int_equal(input_bench_error(b), RPC_INVALID_PARAMS);
	assert_int_equal(ask(b, "name", NULL), ASK_TIMEOUT);
	/* As long as one of its kind can be good. */
	fake_clock_advance(&b->clock, b->server.rules.input_ms - 1);
	assert_false(complete(b, first));
	/* Another first round is another thing. */
	first_round(b);
	assert_true(complete(b, b->state));
}

static void
states_of_one_round_are_used_up_together(void **state)
{
	struct input_bench *b = *state;
	struct slice first;

	first_round(b);
	first = b->state;
	assert_int_equal(input_bench_call(b, TOOL, SLICE("{}"), first), RC_OK);
	assert_int_equal(ask(b, "name", NULL), ASK_PENDING);
	assert_int_equal(input_bench_answer(b), RC_OK);
	assert_true(complete(b, b->state));
	assert_false(complete(b, first));
}

static void
each_further_round_is_used_up_by_itself(void **state)
{
	struct input_bench *b = *state;
	bool fresh = false;

	first_round(b);
	assert_true(complete(b, b->state));
	assert_int_equal(ask(b, "more", NULL), ASK_PENDING);
	assert_int_equal(input_bench_answer(b), RC_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(input_bench_call(b, TOOL,
				     SLICE("{\"more\":" ACCEPT "}"), b->state),
		    RC_OK);
		/* What an earlier round used up is not used again. */
		assert_int_equal(ask(b, "name", NULL), ASK_ANSWERED);
		assert_int_equal(input_complete(&b->x, b->in, &fresh), RC_OK);
		assert_true(fresh);
		assert_int_equal(ask(b, "more", NULL), ASK_ANSWERED);
		assert_int_equal(input_complete(&b->x, b->in, &fresh), RC_OK);
		assert_int_equal(fresh, i == 0);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_was_asked_for_is_answered_in_place),
		TEST(answers_of_earlier_rounds_come_back_from_the_state),
		TEST(what_is_missing_is_asked_for_again),
		TEST(
		    an_answer_that_comes_before_the_question_counts_if_it_fits),
		TEST(an_early_answer_goes_on_to_the_next_round),
		TEST(
		    an_early_answer_does_not_count_where_it_may_be_used_only_once),
		TEST(what_a_state_did_not_ask_for_does_not_count_with_it),
		TEST(responses_that_are_none_are_refused),
		TEST(a_state_is_good_for_its_own_request_only),
		TEST(what_differs_between_rounds_does_not_matter),
		TEST(a_state_that_was_tampered_with_is_refused),
		TEST(a_state_ends),
		TEST(only_what_the_client_declared_is_asked),
		TEST(a_round_that_cannot_be_asked_whole_is_not_asked_at_all),
		TEST(answers_beyond_what_a_state_carries_are_an_error),
		TEST(a_state_is_used_up_once),
		TEST(states_of_one_round_are_used_up_together),
		TEST(each_further_round_is_used_up_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
