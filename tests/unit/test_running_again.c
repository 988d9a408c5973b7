/* Calls whose process died. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "running.h"
#include "running_bench.h"
#include "running_words.h"

#define UNKNOWN                                                                \
	ERROR("-32603",                                                        \
	    "The outcome of this call is unknown: its process ended before "   \
	    "the answer was stored")

/* The first run says something and then never ends. */
static enum tool_done
dying_once(struct running_bench *b, struct tool_call *call)
{
	call->env->progress(call, b->runs, 0, SLICE_NONE);
	if (b->runs == 1)
		running_bench_claim(b);
	else
		b->flag = call->env->wait(call, 1000);
	return running_bench_done(call);
}

/* Run call 1 once more, on the other host. */
static enum rc
again(struct running_bench *b)
{
	struct call_row row = running_bench_row(b, 1);
	struct arena arena = ARENA_INIT((size_t)64 * 1024 * 1024);
	enum rc rc;

	b->sink.closes = 1;
	b->began = b->clock.wall;
	rc = running_again(&b->there, &arena, &b->sink.base, &row);
	arena_release(&arena);
	return rc;
}

static enum rc
give_up(struct running_bench *b)
{
	struct call_row row = running_bench_row(b, 1);
	struct arena arena = ARENA_INIT((size_t)64 * 1024 * 1024);
	enum rc rc = running_give_up(&b->there, &arena, &row);

	arena_release(&arena);
	return rc;
}

static void
lose_call(struct running_bench *b, const char *tool)
{
	running_bench_open(b, "2025-11-25", "{\"elicitation\":{}}");
	assert_int_equal(running_bench_call(b, tool, TOKEN), RC_OK);
	assert_int_equal(running_bench_row(b, 1).state, CALL_RUNNING);
}

static void
a_call_runs_again_into_its_stream(void **state)
{
	struct running_bench *b = *state;

	b->tool = dying_once;
	lose_call(b, "repeat");
	assert_true(running_bench_row(b, 1).is_repeatable);
	assert_int_equal(again(b), RC_OK);
	assert_int_equal(b->runs, 2);
	assert_false(b->flag);
	assert_string_equal(running_bench_log(b, 1),
	    PROGRESS("1") "\n" PROGRESS("2") "\n" RESULT "\n");
	assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
	assert_int_equal(running_bench_row(b, 1).runs, 3);
	/* Nothing was written to anybody. */
	running_bench_expect(
	    b, 200, PRIMED EVENT("1", PROGRESS("1")) "retry: 1000\n\n");
	assert_int_equal(again(b), RC_CONFLICT);
}

/* Begins from 0 in every run, as programs do. */
static enum tool_done
counting(struct running_bench *b, struct tool_call *call)
{
	int last = b->runs == 1 ? 3 : 5;

	for (int i = 1; i <= last; i++) {
		call->env->progress(call, i, 0, SLICE_NONE);
		call->env->log(call, 7, SLICE_NONE, SLICE("0"));
	}
	if (b->runs == 1)
		running_bench_claim(b);
	return running_bench_done(call);
}

static void
progress_does_not_go_back_when_a_call_runs_again(void **state)
{
	struct running_bench *b = *state;
	char *at;
	int n = 0;

	b->tool = counting;
	/* Not all of its log fits into one read. */
	b->there.rules.read.events = 2;
	lose_call(b, "repeat");
	assert_int_equal(again(b), RC_OK);
	for (at = strstr(running_bench_log(b, 1), "\"progress\":"); at != NULL;
	     at = strstr(at + 1, "\"progress\":"))
		assert_int_equal(at[11] - '0', ++n);
	assert_int_equal(n, 5);
}

static void
progress_that_cannot_be_recalled_is_not_told(void **state)
{
	struct running_bench *b = *state;

	b->tool = dying_once;
	lose_call(b, "repeat");
	b->fail[STORE_STREAM_READ] = 1;
	assert_int_equal(again(b), RC_OK);
	assert_string_equal(
	    running_bench_log(b, 1), PROGRESS("1") "\n" RESULT "\n");
}

static void
a_call_that_runs_again_is_cancelled_like_any(void **state)
{
	struct running_bench *b = *state;

	b->tool = dying_once;
	lose_call(b, "repeat");
	running_bench_at(b, 300, running_bench_cancel);
	assert_int_equal(again(b), RC_OK);
	assert_true(b->flag);
	assert_string_equal(
	    running_bench_log(b, 1), PROGRESS("1") "\n" PROGRESS("2") "\n");
	assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
}

static void
a_call_that_was_cancelled_meanwhile_does_not_run_again(void **state)
{
	struct running_bench *b = *state;

	b->tool = dying_once;
	lose_call(b, "repeat");
	running_bench_cancel(b);
	assert_int_equal(again(b), RC_OK);
	assert_int_equal(b->runs, 1);
	assert_string_equal(running_bench_log(b, 1), PROGRESS("1") "\n");
	assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
}

static void
a_call_of_an_ended_session_does_not_run_again(void **state)
{
	struct running_bench *b = *state;
	const struct session_filter all = { 0 };
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct session_rows rows;

	b->tool = dying_once;
	lose_call(b, "repeat");
	assert_int_equal(
	    store->ops->session_list(store, &op, &all, &rows), RC_OK);
	assert_int_equal(
	    store->ops->session_end(store, &op, &rows.row[0].key, END_DELETED),
	    RC_OK);
	assert_int_equal(again(b), RC_OK);
	assert_int_equal(b->runs, 1);
	assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
}

static const struct tool_set *
no_tools(struct toolbox *box, enum offer kind)
{
	(void)box;
	(void)kind;
	return &tool_set_none;
}

static void
a_call_whose_tool_is_gone_ends_with_that(void **state)
{
	static const struct toolbox_ops ops = { .view = no_tools };
	struct toolbox box = { &ops };
	struct running_bench *b = *state;

	b->tool = dying_once;
	lose_call(b, "repeat");
	b->there.toolbox = &box;
	assert_int_equal(again(b), RC_OK);
	assert_string_equal(running_bench_log(b, 1),
	    PROGRESS("1") "\n"
			  "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":"
			  "-32602,\"message\":\"Unknown tool\"}}\n");
	assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
}

static enum tool_done
asking(struct running_bench *b, struct tool_call *call)
{
	struct tool_question q = { .key = SLICE("k"),
		.method = SLICE("elicitation/create"),
		.params = SLICE("{\"message\":\"m\",\"requestedSchema\":{"
				"\"type\":\"object\",\"properties\":{}}}") };

	b->asked = call->env->ask_begin(call, &q, 1);
	if (b->runs == 1) {
		assert_int_equal(b->asked, ASK_WAITING);
		running_bench_claim(b);
		return TOOL_DONE;
	}
	while (b->asked == ASK_WAITING && !call->env->wait(call, 50))
		b->asked = call->env->ask_look(call, &q, 1);
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
what_was_asked_before_is_not_asked_again(void **state)
{
	static const bool is_early[] = { false, true };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct running_bench *b = running_bench_new();
		const char *log;

		b->tool = asking;
		lose_call(b, "repeat");
		if (is_early[i])
			answer(b);
		else
			running_bench_at(b, 2000, answer);
		assert_int_equal(again(b), RC_OK);
		assert_int_equal(b->asked, ASK_ANSWERED);
		assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
		log = running_bench_log(b, 1);
		assert_non_null(strstr(log, "\"1.1.1\""));
		assert_null(strstr(log, "\"1.3.1\""));
		assert_non_null(strstr(log, RESULT));
		running_bench_free(b);
	}
}

static void
a_call_that_must_not_run_again_ends_with_an_error(void **state)
{
	struct running_bench *b = *state;

	b->tool = dying_once;
	lose_call(b, "detached");
	assert_false(running_bench_row(b, 1).is_repeatable);
	assert_int_equal(give_up(b), RC_OK);
	assert_string_equal(
	    running_bench_log(b, 1), PROGRESS("1") "\n" UNKNOWN "\n");
	assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
	assert_int_equal(give_up(b), RC_CONFLICT);
}

static void
a_call_that_cannot_be_ended_now_is_found_again(void **state)
{
	struct running_bench *b = *state;

	b->tool = dying_once;
	lose_call(b, "detached");
	b->fail[STORE_CALL_FINISH] = 1;
	assert_int_equal(give_up(b), RC_BUSY);
	assert_int_equal(running_bench_row(b, 1).state, CALL_RUNNING);
	/* Whoever looks for the dead must find it under their names. */
	assert_true(slice_eq(running_bench_row(b, 1).owner, SLICE("other.1")));
	assert_int_equal(give_up(b), RC_OK);
	assert_string_equal(
	    running_bench_log(b, 1), PROGRESS("1") "\n" UNKNOWN "\n");
}

static void
a_call_that_an_operator_stopped_ends_with_an_error(void **state)
{
	struct running_bench *b = *state;
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);

	b->tool = dying_once;
	lose_call(b, "repeat");
	assert_int_equal(store->ops->call_stop(store, &op, 1), RC_OK);
	assert_int_equal(again(b), RC_OK);
	assert_int_equal(b->runs, 1);
	assert_string_equal(
	    running_bench_log(b, 1), PROGRESS("1") "\n" UNKNOWN "\n");
}

static void
a_cancelled_call_ends_with_nothing(void **state)
{
	struct running_bench *b = *state;

	b->tool = dying_once;
	lose_call(b, "detached");
	running_bench_cancel(b);
	assert_int_equal(give_up(b), RC_OK);
	assert_string_equal(running_bench_log(b, 1), PROGRESS("1") "\n");
	assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING_TEST(a_call_runs_again_into_its_stream),
		RUNNING_TEST(progress_does_not_go_back_when_a_call_runs_again),
		RUNNING_TEST(progress_that_cannot_be_recalled_is_not_told),
		RUNNING_TEST(a_call_that_runs_again_is_cancelled_like_any),
		RUNNING_TEST(
		    a_call_that_was_cancelled_meanwhile_does_not_run_again),
		RUNNING_TEST(a_call_of_an_ended_session_does_not_run_again),
		RUNNING_TEST(a_call_whose_tool_is_gone_ends_with_that),
		cmocka_unit_test(what_was_asked_before_is_not_asked_again),
		RUNNING_TEST(a_call_that_must_not_run_again_ends_with_an_error),
		RUNNING_TEST(a_call_that_cannot_be_ended_now_is_found_again),
		RUNNING_TEST(
		    a_call_that_an_operator_stopped_ends_with_an_error),
		RUNNING_TEST(a_cancelled_call_ends_with_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
