/* Prompts and resources run as tools do, and what they make is theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "running.h"
#include "running_bench.h"
#include "running_words.h"

#define BIG ((size_t)64 * 1024 * 1024)

#define RESULT_OF(members)                                                     \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{" members "}}"
#define SAYS(text) "{\"type\":\"text\",\"text\":\"" text "\"}"

struct way {
	const char *method;
	const char *params; /* without braces */
	const char *result; /* once it said "done" */
	const char *gone;   /* once there is none of that name any more */
};

static const struct way prompt = { "prompts/get", "\"name\":\"detached\"",
	RESULT_OF(
	    "\"messages\":[{\"role\":\"user\",\"content\":" SAYS("done") "}]"),
	ERROR("-32602", "Unknown prompt") };

static const struct way resource = { "resources/read",
	"\"uri\":\"note://detached\"",
	RESULT_OF("\"contents\":[{\"uri\":\"note://detached\","
		  "\"mimeType\":\"text/plain\",\"text\":\"done\"}]"),
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32002,"
	"\"message\":\"Resource not found\","
	"\"data\":{\"uri\":\"note://detached\"}}}" };

static const struct way by_template = { "resources/read",
	"\"uri\":\"note://by/x%20y\"",
	RESULT_OF("\"contents\":[{\"uri\":\"note://by/x%20y\","
		  "\"mimeType\":\"text/plain\",\"text\":\"done\"}]"),
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32002,"
	"\"message\":\"Resource not found\","
	"\"data\":{\"uri\":\"note://by/x%20y\"}}}" };

static const struct way *const ways[] = { &prompt, &resource, &by_template };

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static enum rc
send(struct running_bench *b, const struct way *way)
{
	char body[1024];

	(void)snprintf(body, sizeof(body),
	    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"%s\","
	    "\"params\":{%s,\"_meta\":{\"progressToken\":\"t\"}}}",
	    way->method, way->params);
	return running_bench_send(b, body);
}

/* The first run says something and then never ends. */
static enum tool_done
dying_once(struct running_bench *b, struct tool_call *call)
{
	call->env->progress(call, b->runs, 0, SLICE_NONE);
	if (b->runs == 1)
		running_bench_claim(b);
	else if (call->tool->kind == OFFER_TEMPLATE)
		b->flag =
		    json_text_is(json_get(call->arguments, "a"), SLICE("x y"));
	return running_bench_done(call);
}

/* Run call 1 once more, on the other host. */
static enum rc
again(struct running_bench *b)
{
	struct call_row row = running_bench_row(b, 1);
	struct arena arena = ARENA_INIT(BIG);
	enum rc rc;

	b->sink.closes = 1;
	b->began = b->clock.wall;
	rc = running_again(&b->there, &arena, &b->sink.base, &row);
	arena_release(&arena);
	return rc;
}

static struct running_bench *
lose(const struct way *way)
{
	struct running_bench *b = running_bench_new();

	b->tool = dying_once;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(send(b, way), RC_OK);
	assert_true(running_bench_row(b, 1).is_repeatable);
	return b;
}

static void
what_reads_runs_again_into_its_stream(void **state)
{
	(void)state;
	for (size_t i = 0; i < WAYS; i++) {
		struct running_bench *b = lose(ways[i]);
		char want[1024];

		assert_int_equal(again(b), RC_OK);
		assert_int_equal(b->runs, 2);
		assert_int_equal(b->flag, ways[i] == &by_template);
		(void)snprintf(want, sizeof(want), "%s\n%s\n%s\n",
		    PROGRESS("1"), PROGRESS("2"), ways[i]->result);
		assert_string_equal(running_bench_log(b, 1), want);
		assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
		running_bench_free(b);
	}
}

static const struct tool_set *
nothing(struct toolbox *box, enum offer kind)
{
	(void)box;
	(void)kind;
	return &tool_set_none;
}

static void
what_is_gone_when_it_runs_again_ends_with_that(void **state)
{
	static const struct toolbox_ops ops = { .view = nothing };
	struct toolbox box = { &ops };

	(void)state;
	for (size_t i = 0; i < WAYS; i++) {
		struct running_bench *b = lose(ways[i]);
		char want[1024];

		b->there.toolbox = &box;
		assert_int_equal(again(b), RC_OK);
		assert_int_equal(b->runs, 1);
		(void)snprintf(want, sizeof(want), "%s\n%s\n", PROGRESS("1"),
		    ways[i]->gone);
		assert_string_equal(running_bench_log(b, 1), want);
		assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
		running_bench_free(b);
	}
}

static void
they_are_cancelled_like_any_call(void **state)
{
	(void)state;
	for (size_t i = 0; i < WAYS; i++) {
		struct running_bench *b = running_bench_new();

		b->tool = running_bench_slowly;
		running_bench_open(b, "2025-11-25", "{}");
		running_bench_at(b, 300, running_bench_cancel);
		assert_int_equal(send(b, ways[i]), RC_OK);
		assert_true(b->flag);
		assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
		assert_null(strstr(running_bench_log(b, 1), "result"));
		running_bench_free(b);
	}
}

static enum tool_done
failing(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	call->env->progress(call, 1, 0, SLICE_NONE);
	return tool_fail(call, SLICE("no \"luck\"")) == RC_OK ? TOOL_FAILED
							      : TOOL_DONE;
}

static enum tool_done
missing(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	call->env->progress(call, 1, 0, SLICE_NONE);
	tool_miss(call);
	return TOOL_FAILED;
}

static void
a_failure_is_an_error_in_the_stream(void **state)
{
	(void)state;
	for (size_t i = 0; i < WAYS; i++) {
		struct running_bench *b = running_bench_new();

		b->tool = failing;
		running_bench_open(b, "2025-11-25", "{}");
		assert_int_equal(send(b, ways[i]), RC_OK);
		assert_string_equal(running_bench_log(b, 1),
		    PROGRESS("1") "\n" ERROR("-32603", "no \\\"luck\\\"") "\n");
		running_bench_free(b);
	}
}

static void
a_resource_that_misses_itself_is_not_found(void **state)
{
	(void)state;
	for (size_t i = 1; i < WAYS; i++) {
		struct running_bench *b = running_bench_new();
		char want[1024];

		b->tool = missing;
		running_bench_open(b, "2025-11-25", "{}");
		assert_int_equal(send(b, ways[i]), RC_OK);
		(void)snprintf(want, sizeof(want), "%s\n%s\n", PROGRESS("1"),
		    ways[i]->gone);
		assert_string_equal(running_bench_log(b, 1), want);
		running_bench_free(b);
	}
}

static enum tool_done
asking(struct running_bench *b, struct tool_call *call)
{
	struct tool_question q = { .key = SLICE("k"),
		.method = SLICE("elicitation/create"),
		.params = SLICE("{\"message\":\"m\",\"requestedSchema\":{"
				"\"type\":\"object\",\"properties\":{}}}") };

	b->asked = tool_ask(call, &q, 1);
	return running_bench_done(call);
}

static void
answer(struct running_bench *b)
{
	assert_int_equal(running_bench_post(b,
			     "{\"jsonrpc\":\"2.0\",\"id\":\"1.1.1\","
			     "\"result\":{\"action\":\"decline\"}}"),
	    202);
}

static void
their_questions_are_answered_by_whichever_host(void **state)
{
	static const struct way at_once = { "prompts/get",
		"\"name\":\"inline\"", NULL, NULL };
	const struct way *all[] = { &prompt, &resource, &by_template,
		&at_once };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct running_bench *b = running_bench_new();
		const char *log;

		b->tool = asking;
		running_bench_open(b, "2025-06-18", "{\"elicitation\":{}}");
		running_bench_at(b, 2000, answer);
		assert_int_equal(send(b, all[i]), RC_OK);
		assert_int_equal(b->asked, ASK_ANSWERED);
		log = running_bench_log(b, 1);
		assert_non_null(strstr(log, "elicitation/create"));
		assert_non_null(strstr(log, "\"text\":\"done\""));
		running_bench_free(b);
	}
}

static enum tool_done
values(struct running_bench *b, struct tool_call *call)
{
	call->env->progress(call, 1, 0, SLICE_NONE);
	b->flag = call->makes == MAKES_VALUES &&
	    json_text_is(
		json_get(json_get(call->arguments, "argument"), "value"),
		SLICE("v"));
	return running_bench_done(call);
}

static void
a_completion_is_a_call_of_its_own(void **state)
{
	static const struct way way = { "completion/complete",
		"\"ref\":{\"type\":\"ref/prompt\",\"name\":\"detached\"},"
		"\"argument\":{\"name\":\"a\",\"value\":\"v\"}",
		NULL, NULL };
	struct running_bench *b = *state;

	b->tool = values;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(send(b, &way), RC_OK);
	assert_true(b->flag);
	assert_string_equal(running_bench_log(b, 1),
	    PROGRESS("1") "\n" RESULT_OF(
		"\"completion\":{\"values\":[\"done\"],\"total\":1,"
		"\"hasMore\":false}") "\n");
}

static void
a_completion_alone_needs_no_row(void **state)
{
	static const struct way way = { "completion/complete",
		"\"ref\":{\"type\":\"ref/resource\",\"uri\":\"note://by/{a}\"},"
		"\"argument\":{\"name\":\"a\",\"value\":\"v\"}",
		NULL, NULL };
	struct running_bench *b = *state;

	b->tool = running_bench_at_once;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(send(b, &way), RC_OK);
	assert_int_equal(b->runs, 1);
	assert_int_equal(running_bench_rows(b), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_reads_runs_again_into_its_stream),
		cmocka_unit_test(
		    what_is_gone_when_it_runs_again_ends_with_that),
		cmocka_unit_test(they_are_cancelled_like_any_call),
		cmocka_unit_test(a_failure_is_an_error_in_the_stream),
		cmocka_unit_test(a_resource_that_misses_itself_is_not_found),
		cmocka_unit_test(
		    their_questions_are_answered_by_whichever_host),
		RUNNING_TEST(a_completion_is_a_call_of_its_own),
		RUNNING_TEST(a_completion_alone_needs_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
