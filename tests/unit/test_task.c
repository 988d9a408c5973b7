/* Tasks at work: what they ask, who sees them, and how they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_crew.h"
#include "running.h"
#include "running_bench.h"
#include "running_words.h"
#include "text.h"

#define FORM                                                                   \
	"{\"message\":\"?\",\"requestedSchema\":{\"type\":\"object\","         \
	"\"properties\":{}}}"
#define RELATED(id)                                                            \
	"\"_meta\":{\"io.modelcontextprotocol/"                                \
	"related-task\":{\"taskId\":\"" id "\"}}"
#define ACCEPT "{\"action\":\"accept\",\"content\":{\"is\":\"x\"}}"
#define CAPS "{\"elicitation\":{}}"
#define MODERN_META                                                            \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"              \
	"\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":"       \
	"{\"elicitation\":{},\"extensions\":{\"io.modelcontextprotocol/"       \
	"tasks\":{}}}}"

/* ------------------------------------------------------------- requests */

/* On the other host: a method about the task at hand; `more` are further
 * members of params. */
static void
post(struct running_bench *b, const char *method, const char *more)
{
	char body[2048];
	const bool is_modern = strcmp(b->revision, "2026-07-28") == 0;

	(void)snprintf(body, sizeof(body),
	    "{\"jsonrpc\":\"2.0\",\"id\":99,\"method\":\"%s\",\"params\":{"
	    "\"taskId\":\"%s\"%s%s%s}}",
	    method, b->task, is_modern ? "," : "", is_modern ? MODERN_META : "",
	    more);
	assert_int_equal(running_bench_post(b, body), 200);
}

static void
has(struct running_bench *b, const char *text)
{
	if (strstr(b->posted.ptr, text) == NULL)
		fail_msg("no %s in %s", text, b->posted.ptr);
}

static void
lacks(struct running_bench *b, const char *text)
{
	if (strstr(b->posted.ptr, text) != NULL)
		fail_msg("%s in %s", text, b->posted.ptr);
}

/* The id of the only task there is. */
static void
note_task(struct running_bench *b)
{
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct task_filter filter = { .limit = 9 };
	struct buf text = BUF_INIT(64);
	struct task_rows rows;

	assert_int_equal(
	    store->ops->tasks_list(store, &op, &filter, &rows), RC_OK);
	assert_int_equal(rows.n, 1);
	text_put_b64url(&text, rows.row[0].id, TASK_ID_BYTES);
	assert_true(text.len < sizeof(b->task));
	(void)snprintf(b->task, sizeof(b->task), "%s", text.ptr);
	buf_release(&text);
}

static struct task_row
task_of(struct running_bench *b)
{
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct task_row row;

	assert_int_equal(store->ops->task_find(store, &op, 1, &row), RC_OK);
	return row;
}

static struct question_row
question_of(struct running_bench *b, size_t i)
{
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct question_rows rows;

	assert_int_equal(
	    store->ops->questions_get(store, &op, 1, &rows), RC_OK);
	assert_true(i < rows.n);
	return rows.row[i];
}

static void
open_modern(struct running_bench *b)
{
	(void)snprintf(b->revision, sizeof(b->revision), "2026-07-28");
}

/* The creation was answered, and the connection given back. */
static void
expect_created(struct running_bench *b)
{
	assert_true(sink_mem_is_reply(&b->sink));
	assert_int_equal(b->sink.status, 200);
	assert_int_equal(b->sink.closes, 1);
	assert_non_null(strstr(b->sink.body.ptr, b->task));
	assert_non_null(strstr(b->sink.body.ptr, "\"status\":\"working\""));
}

/* ---------------------------------------------------------------- tools */

static enum tool_done
asks(struct running_bench *b, struct tool_call *call)
{
	struct tool_question q[2] = {
		{ .key = SLICE("name"),
		    .method = SLICE("elicitation/create"),
		    .params = SLICE(FORM) },
		{ .key = SLICE("more"),
		    .method = SLICE("elicitation/create"),
		    .params = SLICE(FORM) },
	};

	b->asked = tool_ask(call, q, b->flag ? 2 : 1);
	if (b->asked != ASK_ANSWERED)
		return tool_fail(call, SLICE("no")) == RC_OK ? TOOL_DONE
							     : TOOL_FAILED;
	return tool_add_text(call, q[0].answer) == RC_OK ? TOOL_DONE
							 : TOOL_FAILED;
}

static enum tool_done
waits(struct running_bench *b, struct tool_call *call)
{
	b->flag = call->env->wait(call, 2000);
	return running_bench_done(call);
}

static enum tool_done
floods(struct running_bench *b, struct tool_call *call)
{
	char text[3000];

	(void)b;
	memset(text, 'x', sizeof(text));
	return tool_add_text(call, (struct slice){ text, sizeof(text) }) ==
		RC_OK
	    ? TOOL_DONE
	    : TOOL_FAILED;
}

/* ------------------------------------------------ 2025-11-25: running */

static void
sees_a_question(struct running_bench *b)
{
	note_task(b);
	post(b, "tasks/get", "");
	has(b, "\"status\":\"input_required\"");
	lacks(b, "inputRequests");
	assert_int_equal(question_of(b, 0).stream, 0);
}

static void
answers_by_id(struct running_bench *b)
{
	assert_int_equal(running_bench_post(b,
			     "{\"jsonrpc\":\"2.0\",\"id\":\"1.1.1\","
			     "\"result\":" ACCEPT "}"),
	    202);
	post(b, "tasks/get", "");
	has(b, "\"status\":\"working\"");
}

static void
a_task_waits_for_the_answer_to_its_question(void **state)
{
	struct running_bench *b = *state;

	b->tool = asks;
	running_bench_open(b, "2025-11-25", CAPS);
	running_bench_at(b, 100, sees_a_question);
	running_bench_at(b, 200, answers_by_id);
	assert_int_equal(running_bench_call(b, "task", ",\"task\":{}"), RC_OK);
	expect_created(b);
	assert_int_equal(b->asked, ASK_ANSWERED);
	post(b, "tasks/get", "");
	has(b, "\"status\":\"completed\"");
	post(b, "tasks/result", "");
	has(b, "\\\"accept\\\"");
	has(b, "related-task\":{\"taskId\":\"");
}

static void
cancels(struct running_bench *b)
{
	note_task(b);
	post(b, "tasks/cancel", "");
	if (strcmp(b->revision, "2025-11-25") == 0)
		has(b, "\"status\":\"cancelled\"");
	else
		lacks(b, "status");
}

static void
a_task_is_cancelled_from_any_host(void **state)
{
	struct running_bench *b = *state;

	b->tool = waits;
	running_bench_open(b, "2025-11-25", "{}");
	running_bench_at(b, 100, cancels);
	assert_int_equal(running_bench_call(b, "task", ",\"task\":{}"), RC_OK);
	expect_created(b);
	assert_true(b->flag);
	assert_int_equal(task_of(b).state, TASK_CANCELLED);
	assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
	post(b, "tasks/get", "");
	has(b, "\"status\":\"cancelled\"");
	post(b, "tasks/result", "");
	has(b, "-32603");
	post(b, "tasks/cancel", "");
	has(b, "-32602");
}

static void
posts_it_again(struct running_bench *b)
{
	note_task(b);
	assert_int_equal(running_bench_post(b,
			     "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":"
			     "\"tools/call\",\"params\":{\"name\":\"task\","
			     "\"task\":{}}}"),
	    200);
	has(b, b->task);
	has(b, "\"status\":\"working\"");
}

static void
the_same_request_again_has_the_same_task(void **state)
{
	struct running_bench *b = *state;

	b->tool = waits;
	running_bench_open(b, "2025-11-25", "{}");
	running_bench_at(b, 100, posts_it_again);
	assert_int_equal(running_bench_call(b, "task", ",\"task\":{}"), RC_OK);
	assert_int_equal(b->runs, 1);
}

static void
a_result_that_is_too_large_fails_the_task(void **state)
{
	struct running_bench *b = *state;

	b->tool = floods;
	running_bench_open(b, "2025-11-25", "{}");
	b->here.body.max = 2000;
	assert_int_equal(
	    running_bench_call(b, "task", ",\"task\":{}"), RC_FULL);
	assert_int_equal(task_of(b).state, TASK_FAILED);
	note_task(b);
	post(b, "tasks/result", "");
	has(b, "\"error\":{\"code\":-32603");
	has(b, "\"id\":99");
	post(b, "tasks/get", "");
	has(b, "\"statusMessage\":");
}

/* -------------------------------------------- 2025-11-25: tasks/result */

#define BY_HAND "AQIDAAAAAAAAAAAAAAAAAA"
#define RESULT_REQUEST                                                         \
	"{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"tasks/result\","           \
	"\"params\":{\"taskId\":\"" BY_HAND "\"}}"
#define QUESTION                                                               \
	"{\"jsonrpc\":\"2.0\",\"id\":\"h.1\",\"method\":"                      \
	"\"elicitation/create\",\"params\":{\"message\":\"?\","                \
	"\"requestedSchema\":{\"type\":\"object\",\"properties\":{}}"          \
	"," RELATED(BY_HAND) "}}"
#define ANSWER                                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":{\"content\":[]," RELATED(   \
	    BY_HAND) "}}"

/* A task whose runner is the test. */
static void
make_task(struct running_bench *b, const char *request, bool is_repeatable)
{
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct call_row call = { .session = 1,
		.request_id = SLICE("7"),
		.request = slice_of(request),
		.tool = SLICE("task"),
		.revision = SLICE("2025-11-25"),
		.transport = (int)TRANSPORT_STREAMABLE,
		.caps = CAP_ELICITATION,
		.is_repeatable = is_repeatable,
		.runs_max = 2,
		.owner = SLICE("local.9") };
	struct task_row task = { .id = { 1, 2, 3 },
		.session = 1,
		.form = TASKS_EXPERIMENTAL,
		.state = TASK_WORKING,
		.created = b->clock.wall,
		.updated = b->clock.wall,
		.ttl_ms = 60000 };
	enum call_opened opened;

	assert_int_equal(store->ops->task_open(store, &op, &task, &call,
			     &b->here.rules.calls, &opened),
	    RC_OK);
	assert_int_equal(opened, CALL_IS_NEW);
	assert_int_equal(task.number, 1);
	(void)snprintf(b->task, sizeof(b->task), "%s", BY_HAND);
}

static void
asks_by_hand(struct running_bench *b)
{
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct question_row row = { .rpc_id = SLICE("\"h.1\""),
		.key = SLICE("name"),
		.method = SLICE("elicitation/create"),
		.params = SLICE(FORM),
		.call = 1,
		.session = 1,
		.state = QUESTION_OPEN,
		.deadline = op.now_ms + 600000 };
	struct appended appended;

	assert_int_equal(store->ops->question_put(store, &op, &row, 1, 1,
			     &b->here.rules.calls, &appended),
	    RC_OK);
}

static void
ends_by_hand(struct running_bench *b)
{
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct call_finish finish = { .call = 1,
		.epoch = 1,
		.task_state = TASK_COMPLETED,
		.task_result = SLICE("{\"content\":[]," RELATED(BY_HAND) "}") };
	struct appended appended;

	assert_int_equal(
	    store->ops->call_finish(store, &op, &finish, &appended), RC_OK);
}

static void
answers_by_hand(struct running_bench *b)
{
	assert_int_equal(question_of(b, 0).stream, 1);
	assert_int_equal(running_bench_post(b,
			     "{\"jsonrpc\":\"2.0\",\"id\":\"h.1\","
			     "\"result\":" ACCEPT "}"),
	    202);
	assert_int_equal(question_of(b, 0).state, QUESTION_ANSWERED);
}

static void
a_result_asks_what_its_task_asks_and_then_answers(void **state)
{
	struct running_bench *b = *state;

	running_bench_open(b, "2025-11-25", CAPS);
	make_task(b, "{}", false);
	running_bench_at(b, 300, asks_by_hand);
	running_bench_at(b, 600, answers_by_hand);
	running_bench_at(b, 900, ends_by_hand);
	assert_int_equal(running_bench_send(b, RESULT_REQUEST), RC_OK);
	running_bench_expect(
	    b, 200, PRIMED EVENT("1", QUESTION) EVENT("2", ANSWER));
	assert_int_equal(running_bench_row(b, 2).state, CALL_ENDED);
	assert_true(running_bench_row(b, 2).runs_max > 100);
}

/* Whoever waits for a task takes nothing from those that run. */
static void
waiting_for_a_result_is_no_running_call(void **state)
{
	struct running_bench *b = *state;
	struct fake_crew crew;

	fake_crew_init(&crew);
	crew.name = SLICE("local.1");
	b->here.crew = &crew.base;
	b->here.rules.calls.host = 1;
	running_bench_open(b, "2025-11-25", CAPS);
	make_task(b, "{}", false);
	running_bench_at(b, 900, ends_by_hand);
	assert_int_equal(running_bench_send(b, RESULT_REQUEST), RC_OK);
	running_bench_expect(b, 200, PRIMED EVENT("1", ANSWER));
	assert_int_equal(crew.held, 1);
	assert_int_equal(crew.begun, 1);
}

static void
who_cannot_be_asked_is_not_asked(void **state)
{
	static const struct {
		const char *caps;
		const char *accept;
	} rows[] = {
		{ "{}", "application/json, text/event-stream" },
		{ CAPS, "application/json" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct running_bench *b = running_bench_new();

		running_bench_open(b, "2025-11-25", rows[i].caps);
		b->accept = rows[i].accept;
		make_task(b, "{}", false);
		running_bench_at(b, 300, asks_by_hand);
		running_bench_at(b, 900, ends_by_hand);
		assert_int_equal(running_bench_send(b, RESULT_REQUEST), RC_OK);
		assert_int_equal(question_of(b, 0).stream, 0);
		assert_non_null(strstr(b->sink.body.ptr, ANSWER));
		assert_null(strstr(b->sink.body.ptr, "elicitation"));
		running_bench_free(b);
	}
}

static void
is_still_asked_there(struct running_bench *b)
{
	assert_int_equal(question_of(b, 0).stream, 1);
}

static void
is_asked_nowhere(struct running_bench *b)
{
	assert_int_equal(question_of(b, 0).stream, 0);
	assert_int_equal(question_of(b, 0).state, QUESTION_OPEN);
}

static void
a_question_comes_back_from_a_client_that_stays_away(void **state)
{
	struct running_bench *b = *state;

	running_bench_open(b, "2025-11-25", CAPS);
	make_task(b, "{}", false);
	running_bench_at(b, 300, asks_by_hand);
	running_bench_at(b, 600, running_bench_leave);
	running_bench_at(b, 9000, is_still_asked_there);
	running_bench_at(b, 14000, is_asked_nowhere);
	running_bench_at(b, 15000, ends_by_hand);
	assert_int_equal(running_bench_send(b, RESULT_REQUEST), RC_OK);
	assert_string_equal(running_bench_log(b, 1), QUESTION "\n" ANSWER "\n");
}

static void
cancels_the_request(struct running_bench *b)
{
	assert_int_equal(
	    running_bench_post(b,
		"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
		"\"params\":{\"requestId\":8}}"),
	    202);
}

static void
who_does_not_want_the_result_does_not_cancel_the_task(void **state)
{
	struct running_bench *b = *state;

	running_bench_open(b, "2025-11-25", CAPS);
	make_task(b, "{}", false);
	running_bench_at(b, 300, asks_by_hand);
	running_bench_at(b, 600, cancels_the_request);
	assert_int_equal(running_bench_send(b, RESULT_REQUEST), RC_OK);
	running_bench_expect(b, 200, PRIMED EVENT("1", QUESTION));
	is_asked_nowhere(b);
	assert_int_equal(task_of(b).state, TASK_INPUT_REQUIRED);
	assert_int_equal(running_bench_row(b, 1).state, CALL_RUNNING);
	assert_int_equal(running_bench_row(b, 2).state, CALL_ENDED);
}

/* Run the call of that number on the other host, after its process died. */
static enum rc
run_again(struct running_bench *b, int64_t number)
{
	struct call_row row = running_bench_row(b, number);
	enum rc rc;

	sink_mem_release(&b->sink);
	b->sink.closes = 1;
	rc = running_again(&b->there, &b->arena, &b->sink.base, &row);
	assert_int_equal(b->sink.heads, 0);
	return rc;
}

static void
waiting_goes_on_in_another_process(void **state)
{
	struct running_bench *b = *state;
	struct store *store = running_bench_store(b);
	struct call_row call = { .session = 1,
		.request_id = SLICE("8"),
		.request = SLICE(RESULT_REQUEST),
		.tool = SLICE("tasks/result"),
		.revision = SLICE("2025-11-25"),
		.transport = (int)TRANSPORT_STREAMABLE,
		.caps = CAP_ELICITATION,
		.is_repeatable = true,
		.runs_max = 1000,
		.owner = SLICE("local.8") };
	enum call_opened opened;
	int64_t reader;
	struct op op;

	running_bench_open(b, "2025-11-25", CAPS);
	make_task(b, "{}", false);
	op = running_bench_op(b);
	assert_int_equal(store->ops->call_open(store, &op, &call,
			     &b->here.rules.calls, &opened, &reader),
	    RC_OK);
	assert_int_equal(opened, CALL_IS_NEW);
	ends_by_hand(b);
	assert_int_equal(run_again(b, 2), RC_OK);
	assert_string_equal(running_bench_log(b, 1), ANSWER "\n");
	assert_int_equal(running_bench_row(b, 2).state, CALL_ENDED);
}

/* ------------------------------------------------- runners that died */

#define TASK_REQUEST                                                           \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\","             \
	"\"params\":{\"name\":\"task_again\",\"task\":{}}}"

static void
a_task_is_run_again_as_what_it_was(void **state)
{
	struct running_bench *b = *state;

	b->tool = waits;
	running_bench_open(b, "2025-11-25", CAPS);
	make_task(b, TASK_REQUEST, true);
	assert_int_equal(run_again(b, 1), RC_OK);
	assert_int_equal(b->runs, 1);
	assert_int_equal(task_of(b).state, TASK_COMPLETED);
	post(b, "tasks/result", "");
	has(b, "done");
	has(b, RELATED(BY_HAND));
}

static void
a_task_whose_outcome_is_unknown_has_failed(void **state)
{
	struct running_bench *b = *state;
	struct call_row row;

	running_bench_open(b, "2025-11-25", CAPS);
	make_task(b, TASK_REQUEST, false);
	row = running_bench_row(b, 1);
	assert_int_equal(running_give_up(&b->there, &b->arena, &row), RC_OK);
	post(b, "tasks/get", "");
	has(b, "\"status\":\"failed\"");
	has(b, "\"statusMessage\":");
	post(b, "tasks/result", "");
	has(b, "\"error\":{\"code\":-32603");
}

static void
without_room_there_is_no_task(void **state)
{
	struct running_bench *b = *state;

	b->tool = waits;
	running_bench_open(b, "2025-11-25", CAPS);
	make_task(b, "{}", false);
	b->here.rules.calls.host = 1;
	assert_int_equal(running_bench_send(b,
			     "{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":"
			     "\"tools/call\",\"params\":{\"name\":\"task\","
			     "\"task\":{}}}"),
	    RC_FULL);
	assert_int_equal(b->sink.status, 503);
	assert_int_equal(b->runs, 0);
	note_task(b); /* there is only that one */
}

/* ---------------------------------------------------------- 2026-07-28 */

static void
updates_one_of_two(struct running_bench *b)
{
	note_task(b);
	post(b, "tasks/get", "");
	has(b, "\"status\":\"input_required\"");
	has(b,
	    "\"inputRequests\":{\"name\":{\"method\":\"elicitation/create\","
	    "\"params\":" FORM "},\"more\":{");
	lacks(b, "requestState");
	post(
	    b, "tasks/update", ",\"inputResponses\":{\"name\":{\"action\":1}}");
	has(b, "-32602");
	/* Nothing is taken if one of them is none. */
	post(b, "tasks/update",
	    ",\"inputResponses\":{\"name\":" ACCEPT
	    ",\"more\":{\"action\":\"accept\",\"content\":{\"is\":[7]}}}");
	has(b, "-32602");
	post(b, "tasks/update",
	    ",\"inputResponses\":{\"name\":" ACCEPT ",\"unknown\":7}");
	has(b, "-32602");
	post(b, "tasks/get", "");
	has(b, "\"inputRequests\":{\"name\":{");
	post(b, "tasks/update",
	    ",\"inputResponses\":{\"name\":" ACCEPT ",\"unknown\":{}}");
	has(b, "\"result\":{\"resultType\":\"complete\",\"_meta\"");
	post(b, "tasks/get", "");
	has(b, "\"status\":\"input_required\"");
	has(b, "\"inputRequests\":{\"more\":{");
	lacks(b, "\"name\":{");
	/* What was answered is not asked any more. */
	post(b, "tasks/update",
	    ",\"inputResponses\":{\"name\":{\"action\":\"decline\"}}");
	has(b, "\"result\":{\"resultType\":\"complete\",\"_meta\"");
}

static void
updates_the_other(struct running_bench *b)
{
	post(b, "tasks/update",
	    ",\"inputResponses\":{\"more\":{\"action\":\"decline\"}}");
	has(b, "\"result\":{\"resultType\":\"complete\",\"_meta\"");
	post(b, "tasks/get", "");
	has(b, "\"status\":\"working\"");
	lacks(b, "inputRequests");
}

static void
a_task_of_the_extension_is_asked_by_key(void **state)
{
	struct running_bench *b = *state;

	b->tool = asks;
	b->flag = true;
	open_modern(b);
	running_bench_at(b, 100, updates_one_of_two);
	running_bench_at(b, 200, updates_the_other);
	assert_int_equal(running_bench_call(b, "task", "," MODERN_META), RC_OK);
	expect_created(b);
	assert_int_equal(b->asked, ASK_ANSWERED);
	post(b, "tasks/get", "");
	has(b, "\"status\":\"completed\"");
	has(b, "\"result\":{\"resultType\":\"complete\",\"content\":[");
	has(b, "\\\"accept\\\"");
	lacks(b, "related-task");
}

static void
a_task_of_the_extension_is_cancelled(void **state)
{
	struct running_bench *b = *state;

	b->tool = waits;
	open_modern(b);
	running_bench_at(b, 100, cancels);
	assert_int_equal(running_bench_call(b, "task", "," MODERN_META), RC_OK);
	expect_created(b);
	assert_true(b->flag);
	post(b, "tasks/get", "");
	has(b, "\"status\":\"cancelled\"");
	lacks(b, "\"result\":{\"content");
}

static void
who_leaves_after_the_creation_cancels_nothing(void **state)
{
	struct running_bench *b = *state;

	b->tool = waits;
	open_modern(b);
	running_bench_at(b, 100, running_bench_leave);
	assert_int_equal(running_bench_call(b, "task", "," MODERN_META), RC_OK);
	assert_false(b->flag);
	assert_int_equal(task_of(b).state, TASK_COMPLETED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING_TEST(a_task_waits_for_the_answer_to_its_question),
		RUNNING_TEST(a_task_is_cancelled_from_any_host),
		RUNNING_TEST(the_same_request_again_has_the_same_task),
		RUNNING_TEST(a_result_that_is_too_large_fails_the_task),
		RUNNING_TEST(a_result_asks_what_its_task_asks_and_then_answers),
		RUNNING_TEST(waiting_for_a_result_is_no_running_call),
		RUNNING_TEST(who_cannot_be_asked_is_not_asked),
		RUNNING_TEST(
		    a_question_comes_back_from_a_client_that_stays_away),
		RUNNING_TEST(
		    who_does_not_want_the_result_does_not_cancel_the_task),
		RUNNING_TEST(waiting_goes_on_in_another_process),
		RUNNING_TEST(a_task_is_run_again_as_what_it_was),
		RUNNING_TEST(a_task_whose_outcome_is_unknown_has_failed),
		RUNNING_TEST(without_room_there_is_no_task),
		RUNNING_TEST(a_task_of_the_extension_is_asked_by_key),
		RUNNING_TEST(a_task_of_the_extension_is_cancelled),
		RUNNING_TEST(who_leaves_after_the_creation_cancels_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
