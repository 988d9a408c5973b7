/*
 * Tasks and questions in results, with every allocation and every store call
 * failing in turn.  Whatever fails: exactly one reply; a task that was told of
 * runs and ends, one that was not does not run; and what must not be done
 * twice is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failalloc.h"
#include "running_bench.h"

#define META(caps)                                                             \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"              \
	"\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{" caps \
	"}}"
#define TASK_CAPS                                                              \
	"\"roots\":{},\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}"

static const enum rc failures[] = { RC_NOMEM, RC_BUSY, RC_IO, RC_FULL };

#define FAILURES (sizeof(failures) / sizeof(failures[0]))

/* Ask, and count how often that was answered. */
static enum tool_done
tool(struct running_bench *b, struct tool_call *call)
{
	struct tool_question q = { .key = SLICE("k"),
		.method = SLICE("roots/list") };

	b->asked = tool_ask(call, &q, 1);
	if (b->asked == ASK_PENDING)
		return TOOL_AGAIN;
	if (b->asked == ASK_ANSWERED)
		b->number++;
	return running_bench_done(call);
}

/* Send it with the nth thing failing; true if something did. */
static bool
send_failing(struct running_bench *b, const char *body, long nth, enum rc rc)
{
	bool refused;

	if (rc == RC_NOMEM) {
		failalloc_arm(nth);
		(void)running_bench_send(b, body);
		return failalloc_disarm();
	}
	b->fail_nth = nth;
	b->fail_rc = rc;
	(void)running_bench_send(b, body);
	refused = b->fail_nth < 0;
	b->fail_nth = -1;
	return refused;
}

/* One reply; without memory for it in the sink it is cut. */
static void
expect_reply(const struct running_bench *b, enum rc rc)
{
	assert_int_equal(b->sink.heads, 1);
	assert_false(b->sink.wrong);
	assert_true(b->sink.ends == 1 || rc == RC_NOMEM);
}

/* ---------------------------------------------------------------- tasks */

/* By hand, since what is posted would fail in its turn. */
static void
answer(struct running_bench *b)
{
	const struct question_name name = { .call = 1, .key = SLICE("k") };
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);

	(void)store->ops->question_answer(
	    store, &op, &name, SLICE("{\"roots\":[]}"), false);
}

static void
look_at_task(struct running_bench *b)
{
	const struct task_filter all = { .limit = 9 };
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct task_rows rows = { NULL, 0 };
	const char *body = b->sink.body.len == 0 ? "" : b->sink.body.ptr;
	bool is_told = strstr(body, "taskId") != NULL;

	/* A task whose client was cut off goes on. */
	assert_int_equal(b->runs, b->sink.status == 200 ? 1 : 0);
	assert_int_equal(is_told, b->sink.status == 200 && b->sink.ends == 1);
	assert_int_equal(
	    store->ops->tasks_list(store, &op, &all, &rows), RC_OK);
	assert_true(rows.n <= 1);
	assert_true(rows.n == 1 || !is_told);
	/* Whoever keeps house ends what could not be withdrawn. */
	if (is_told) {
		assert_true(rows.row[0].state == TASK_COMPLETED ||
		    rows.row[0].state == TASK_FAILED);
		assert_true(rows.row[0].result.len > 0);
	}
}

static bool
play_task(bool is_modern, long nth, enum rc rc)
{
	struct running_bench *b = running_bench_new();
	bool refused;

	b->tool = tool;
	if (is_modern)
		running_bench_stateless(b);
	else
		running_bench_open(b, "2025-11-25", "{\"roots\":{}}");
	b->here.rules.question_ms = 5000;
	running_bench_at(b, 500, answer);
	refused = send_failing(b,
	    is_modern
		? "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\","
		  "\"params\":{\"name\":\"task\"," META(TASK_CAPS) "}}"
		: "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\","
		  "\"params\":{\"name\":\"task\",\"task\":{}}}",
	    nth, rc);
	expect_reply(b, rc);
	look_at_task(b);
	running_bench_free(b);
	return refused;
}

static void
a_task_that_was_told_of_runs_and_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * FAILURES; i++) {
		long nth = 0;

		while (play_task(i % 2 == 0, nth, failures[i / 2]))
			nth++;
		print_message("%zu: %ld\n", i, nth);
		assert_true(nth > 5);
	}
}

/* ------------------------------------------------- questions in results */

/* The state of the reply, as JSON text. */
static void
keep_state(struct running_bench *b, char *out, size_t max)
{
	static const char before[] = "\"requestState\":";
	const char *at = strstr(b->sink.body.ptr, before);
	const char *end;

	assert_non_null(at);
	at += sizeof(before) - 1;
	end = strchr(at + 1, '"');
	assert_non_null(end);
	assert_true((size_t)(end + 1 - at) < max);
	memcpy(out, at, (size_t)(end + 1 - at));
	out[end + 1 - at] = '\0';
}

static bool
play_rounds(long nth, enum rc rc)
{
	static const char first[] =
	    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\","
	    "\"params\":{\"name\":\"once\"," META("\"roots\":{}") "}}";
	char sealed[1000], body[2000];
	struct running_bench *b = running_bench_new();
	bool refused;

	b->tool = tool;
	running_bench_stateless(b);
	refused = send_failing(b, first, nth, rc);
	expect_reply(b, rc);
	assert_int_equal(running_bench_send(b, first), RC_OK);
	keep_state(b, sealed, sizeof(sealed));
	(void)snprintf(body, sizeof(body),
	    "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"tools/call\","
	    "\"params\":{\"name\":\"once\",\"requestState\":%s,"
	    "\"inputResponses\":{\"k\":{\"roots\":[]}}," META(
		"\"roots\":{}") "}}",
	    sealed);
	if (send_failing(b, body, nth, rc))
		refused = true;
	expect_reply(b, rc);
	assert_true(b->number <= 1);
	(void)running_bench_send(b, body);
	assert_true(sink_mem_is_reply(&b->sink));
	assert_int_equal(b->number, 1);
	running_bench_free(b);
	return refused;
}

static void
what_runs_once_is_completed_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < FAILURES; i++) {
		long nth = 0;

		while (play_rounds(nth, failures[i]))
			nth++;
		print_message("%zu: %ld\n", i, nth);
		assert_true(nth > 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_that_was_told_of_runs_and_ends),
		cmocka_unit_test(what_runs_once_is_completed_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
