/* Calls that become tasks while they are at work (2026-07-28). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "running.h"
#include "running_bench.h"

#define META(extensions)                                                       \
	",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"             \
	"\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":"       \
	"{\"elicitation\":{}" extensions "}}"
#define TASKS META(",\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}")
#define FORM                                                                   \
	"{\"message\":\"?\",\"requestedSchema\":{\"type\":\"object\","         \
	"\"properties\":{}}}"
#define ANSWERS                                                                \
	",\"inputResponses\":{\"name\":{\"action\":\"accept\","                \
	"\"content\":{\"name\":\"Ann\"}}}"

static void
has(const struct buf *answer, const char *text)
{
	if (strstr(answer->ptr, text) == NULL)
		fail_msg("no %s in %s", text, answer->ptr);
}

static void
lacks(const struct buf *answer, const char *text)
{
	if (strstr(answer->ptr, text) != NULL)
		fail_msg("%s in %s", text, answer->ptr);
}

/* Ask, become a task, and let time pass. */
static enum tool_done
late(struct running_bench *b, struct tool_call *call)
{
	struct tool_question q = { .key = SLICE("name"),
		.method = SLICE("elicitation/create"),
		.params = SLICE(FORM) };

	call->env->progress(call, 1, 0, SLICE_NONE);
	b->asked = tool_ask(call, &q, 1);
	if (b->asked == ASK_PENDING)
		return TOOL_AGAIN;
	call->env->become_task(call);
	/* Saying it twice changes nothing. */
	call->env->become_task(call);
	b->flag = call->env->wait(call, 2000);
	return tool_add_text(call, q.answer) == RC_OK ? TOOL_DONE : TOOL_FAILED;
}

/* The first round: nothing but the question, and no task. */
static void
ask_first(struct running_bench *b, char *more, size_t size)
{
	const char *at;

	assert_int_equal(running_bench_call(b, "late", TASKS), RC_OK);
	assert_int_equal(b->asked, ASK_PENDING);
	has(&b->sink.body, "\"resultType\":\"input_required\"");
	lacks(&b->sink.body, "taskId");
	at = strstr(b->sink.body.ptr, "\"requestState\":\"");
	assert_non_null(at);
	at += strlen("\"requestState\":\"");
	(void)snprintf(more, size, ",\"requestState\":\"%.*s\"" ANSWERS TASKS,
	    (int)strcspn(at, "\""), at);
	assert_int_equal(running_bench_rows(b), 0);
}

static void
note_task(struct running_bench *b)
{
	const char *at = strstr(b->sink.body.ptr, "\"taskId\":\"");

	assert_non_null(at);
	at += strlen("\"taskId\":\"");
	(void)snprintf(
	    b->task, sizeof(b->task), "%.*s", (int)strcspn(at, "\""), at);
}

static void
post(struct running_bench *b, const char *method)
{
	char body[1024];

	(void)snprintf(body, sizeof(body),
	    "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"%s\",\"params\":{"
	    "\"taskId\":\"%s\"" TASKS "}}",
	    method, b->task);
	assert_int_equal(running_bench_post(b, body), 200);
}

static void
sees_it_work(struct running_bench *b)
{
	note_task(b);
	assert_int_equal(b->sink.closes, 1);
	post(b, "tasks/get");
	has(&b->posted, "\"status\":\"working\"");
}

static void
a_call_asks_first_and_then_becomes_a_task(void **state)
{
	struct running_bench *b = *state;
	char more[2048];

	b->tool = late;
	running_bench_stateless(b);
	ask_first(b, more, sizeof(more));
	b->began = b->clock.wall;
	running_bench_at(b, 500, sees_it_work);
	assert_int_equal(running_bench_call(b, "late", more), RC_OK);
	assert_int_equal(b->asked, ASK_ANSWERED);
	assert_int_equal(b->sink.status, 200);
	assert_int_equal(b->sink.closes, 1);
	has(&b->sink.body, "\"resultType\":\"task\"");
	has(&b->sink.body, "\"status\":\"working\"");
	lacks(&b->sink.body, "requestState");
	lacks(&b->sink.body, "inputRequests");
	assert_int_equal(b->runs, 2);
	assert_int_equal(running_bench_rows(b), 1);
	post(b, "tasks/get");
	has(&b->posted, "\"status\":\"completed\"");
	has(&b->posted, "Ann");
}

static void
cancels(struct running_bench *b)
{
	note_task(b);
	post(b, "tasks/cancel");
}

static void
it_is_cancelled_like_any_task(void **state)
{
	struct running_bench *b = *state;
	char more[2048];

	b->tool = late;
	running_bench_stateless(b);
	ask_first(b, more, sizeof(more));
	running_bench_at(b, 500, cancels);
	assert_int_equal(running_bench_call(b, "late", more), RC_OK);
	assert_true(b->flag);
	post(b, "tasks/get");
	has(&b->posted, "\"status\":\"cancelled\"");
}

/* The client is answered when the call has ended. */
static void
a_store_that_takes_no_task_leaves_the_call_what_it_is(void **state)
{
	struct running_bench *b = *state;
	char more[2048];

	b->tool = late;
	running_bench_stateless(b);
	ask_first(b, more, sizeof(more));
	b->fail[STORE_TASK_OPEN] = 1;
	b->fail_rc = RC_FULL;
	assert_int_equal(running_bench_call(b, "late", more), RC_OK);
	assert_false(b->flag);
	has(&b->sink.body, "Ann");
	has(&b->sink.body, "\"resultType\":\"complete\"");
	assert_int_equal(running_bench_rows(b), 0);
}

static void
who_has_no_tasks_is_refused_before_anything_is_asked(void **state)
{
	struct running_bench *b = *state;

	b->tool = late;
	running_bench_stateless(b);
	assert_int_equal(running_bench_call(b, "late", META("")), RC_OK);
	has(&b->sink.body, "-32021");
	assert_int_equal(b->runs, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING_TEST(a_call_asks_first_and_then_becomes_a_task),
		RUNNING_TEST(it_is_cancelled_like_any_task),
		RUNNING_TEST(
		    a_store_that_takes_no_task_leaves_the_call_what_it_is),
		RUNNING_TEST(
		    who_has_no_tasks_is_refused_before_anything_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
