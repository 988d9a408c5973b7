/* subscriptions/listen, as its clients see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "revision.h"
#include "stream_bench.h"

#define TOOLS_CHANGED "notifications/tools/list_changed"

/* What a test does while a stream is open. */
struct act {
	struct stream_bench *b;
	int64_t call;
};

#define ENVELOPE                                                               \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"              \
	"\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}"

static bool
raise_many(void *ctx, int64_t ms, struct slice sent)
{
	struct act *a = ctx;

	if (ms == 100) {
		assert_int_equal(stream_bench_count(sent, "data:"), 1);
		stream_bench_raise(a->b, "resources");
		stream_bench_raise(a->b, "resource:file:///b");
		stream_bench_raise(a->b, "resource:file:///a");
		stream_bench_raise(a->b, "resource:file:///a");
		stream_bench_raise(a->b, "tools");
	}
	return ms < 1500;
}

static void
a_listener_is_told_what_it_asked_for_with_its_tag(void **state)
{
	struct act a = { .b = *state };
	const struct stream_ask ask = { .method = HTTP_POST,
		.version = "2026-07-28",
		.mcp_method = "subscriptions/listen",
		.body = SLICE("{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":"
			      "\"subscriptions/listen\",\"params\":{" ENVELOPE
			      ",\"notifications\":{\"toolsListChanged\":true,"
			      "\"resourceSubscriptions\":[\"file:///a\"]}}}"),
		.during = raise_many,
		.ctx = &a };
	struct stream_told told = stream_bench_ask(a.b, &ask);

	assert_int_equal(told.status, 200);
	assert_true(told.is_reply);
	assert_int_equal(stream_bench_count(told.body, "data:"), 3);
	assert_int_equal(
	    stream_bench_count(told.body, "subscriptionId\":\"7\"}"), 3);
	assert_int_equal(stream_bench_count(told.body, TOOLS_CHANGED), 1);
	assert_int_equal(
	    stream_bench_count(told.body, "\"uri\":\"file:///a\"}"), 1);
	assert_int_equal(stream_bench_count(told.body, "\nid:"), 0);
}

/* Nobody wants them by a session, so that they may go. */
static void
sweep_topics(struct stream_bench *b)
{
	struct op op = stream_bench_op(b);
	const struct sweep_rules rules = { .limit = 100,
		.topics_before = op.now_ms + 1 };
	struct store *store = b->store.inner;
	struct sweep_done done;

	assert_int_equal(store->ops->sweep(store, &op, &rules, &done), RC_OK);
	assert_int_equal(done.others, 2);
}

static bool
raise_others(void *ctx, int64_t ms, struct slice sent)
{
	struct act *a = ctx;

	if (ms <= 1000)
		stream_bench_raise(a->b, "resource:file:///b");
	if (ms == 1020 || ms == 1100)
		stream_bench_raise(a->b, "resource:file:///a");
	if (ms == 1060) {
		assert_int_equal(stream_bench_count(sent, "file:///a\"}"), 1);
		sweep_topics(a->b);
	}
	return ms < 1200;
}

static void
a_listener_is_not_kept_busy_by_what_others_want(void **state)
{
	struct act a = { .b = *state };
	const struct stream_ask ask = { .method = HTTP_POST,
		.version = "2026-07-28",
		.mcp_method = "subscriptions/listen",
		.body = SLICE("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":"
			      "\"subscriptions/listen\",\"params\":{" ENVELOPE
			      ",\"notifications\":{"
			      "\"resourceSubscriptions\":[\"file:///a\"]}}}"),
		.during = raise_others,
		.ctx = &a };
	struct stream_told told = stream_bench_ask(a.b, &ask);

	/* Also when its row has gone and come back as another one. */
	assert_int_equal(
	    stream_bench_count(told.body, "\"uri\":\"file:///a\"}"), 2);
	assert_in_range(a.b->store.calls[STORE_TOPICS_GET], 4, 12);
}

/* A task of nobody in particular, whose call runs. */
static void
open_task(struct stream_bench *b, struct call_row *call)
{
	struct op op = stream_bench_op(b);
	struct store *store = b->store.inner;
	const struct call_limits none = { 0, 0, 0, false };
	struct task_row task = { .form = TASKS_EXTENSION,
		.state = TASK_WORKING,
		.created = op.now_ms,
		.updated = op.now_ms };
	enum call_opened opened;

	*call = (struct call_row){ .request_id = SLICE("1"),
		.request = SLICE("{}"),
		.tool = SLICE("t"),
		.revision = SLICE("2026-07-28"),
		.owner = SLICE("b.1"),
		.runs_max = 1 };
	assert_int_equal(
	    store->ops->task_open(store, &op, &task, call, &none, &opened),
	    RC_OK);
}

static bool
finish_task(void *ctx, int64_t ms, struct slice sent)
{
	struct act *a = ctx;
	struct store *store = a->b->store.inner;
	struct op op = stream_bench_op(a->b);
	const struct call_finish finish = { .call = a->call,
		.epoch = 1,
		.task_state = TASK_COMPLETED,
		.task_result = SLICE("{\"content\":[]}") };
	struct appended done;

	(void)sent;
	if (ms == 100)
		assert_int_equal(
		    store->ops->call_finish(store, &op, &finish, &done), RC_OK);
	return ms < 2500;
}

static void
a_listener_is_told_of_its_tasks_and_of_no_others(void **state)
{
	struct act a = { .b = *state };
	struct stream_ask ask = { .method = HTTP_POST,
		.version = "2026-07-28",
		.mcp_method = "subscriptions/listen",
		/* The id of 16 zero bytes, and one that is nobody's. */
		.body = SLICE(
		    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":"
		    "\"subscriptions/listen\",\"params\":{\"_meta\":{"
		    "\"io.modelcontextprotocol/protocolVersion\":"
		    "\"2026-07-28\","
		    "\"io.modelcontextprotocol/clientCapabilities\":{"
		    "\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}},"
		    "\"notifications\":{\"taskIds\":["
		    "\"AAAAAAAAAAAAAAAAAAAAAA\",\"no\"]}}}"),
		.during = finish_task,
		.ctx = &a };
	struct call_row call;
	struct slice body;

	open_task(a.b, &call);
	a.call = call.number;
	body = stream_bench_ask(a.b, &ask).body;
	assert_int_equal(stream_bench_count(body, "data:"), 2);
	assert_int_equal(stream_bench_count(
			     body, "\"taskIds\":[\"AAAAAAAAAAAAAAAAAAAAAA\"]"),
	    1);
	assert_int_equal(stream_bench_count(body, "notifications/tasks"), 1);
	assert_int_equal(
	    stream_bench_count(body, "\"status\":\"completed\""), 1);
	assert_int_equal(
	    stream_bench_count(body, "\"result\":{\"content\":[]}"), 1);
	assert_int_equal(stream_bench_count(body, "subscriptionId\":7}"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(a_listener_is_told_what_it_asked_for_with_its_tag),
		STREAM_TEST(a_listener_is_told_of_its_tasks_and_of_no_others),
		STREAM_TEST(a_listener_is_not_kept_busy_by_what_others_want),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
