/* HTTP+SSE: one host holds the stream, the other one takes what is posted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stream_bench.h"

#define INITIALIZE                                                             \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","             \
	"\"params\":{\"protocolVersion\":\"%s\",\"capabilities\":{},"          \
	"\"clientInfo\":{\"name\":\"old\",\"version\":\"1\"}}}"
#define PING "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}"

struct old_client {
	struct stream_bench *b;
	const char *revision;
	char endpoint[256];
};

static int
post(struct old_client *c, const char *body)
{
	const struct stream_ask ask = { .host = 1,
		.method = HTTP_POST,
		.path = c->endpoint,
		.body = slice_of(body) };
	struct stream_told told = stream_bench_ask(c->b, &ask);

	assert_true(told.is_reply);
	/* What is accepted is answered elsewhere. */
	if (told.status == 202)
		assert_int_equal(told.body.len, 0);
	return told.status;
}

static void
learn_endpoint(struct old_client *c, struct slice sent)
{
	struct slice uri =
	    stream_bench_line(c->b, sent, "event: endpoint\ndata: ");

	assert_true(uri.len > 0 && uri.len < sizeof(c->endpoint));
	memcpy(c->endpoint, uri.ptr, uri.len);
	c->endpoint[uri.len] = '\0';
}

static struct stream_told
open_stream(struct old_client *c, const char *path,
    bool (*during)(void *, int64_t, struct slice))
{
	const struct stream_ask ask = {
		.method = HTTP_GET, .path = path, .during = during, .ctx = c
	};
	struct stream_told told = stream_bench_ask(c->b, &ask);

	assert_int_equal(told.status, 200);
	assert_true(told.is_reply);
	return told;
}

static bool
converse(void *ctx, int64_t ms, struct slice sent)
{
	struct old_client *c = ctx;
	struct buf hello = BUF_INIT(1024);

	if (ms == 20) {
		learn_endpoint(c, sent);
		buf_printf(&hello, INITIALIZE, c->revision);
		assert_int_equal(post(c, hello.ptr), 202);
		assert_int_equal(post(c, hello.ptr), 400);
		assert_int_equal(post(c,
				     "{\"jsonrpc\":\"2.0\",\"method\":"
				     "\"notifications/initialized\"}"),
		    202);
		buf_release(&hello);
	}
	if (ms == 100) {
		assert_int_equal(post(c, PING), 202);
		assert_int_equal(
		    post(c, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"no\"}"),
		    202);
		assert_int_equal(post(c, "{"), 400);
		stream_bench_raise(c->b, "tools");
	}
	return ms < 300;
}

static void
what_is_posted_anywhere_is_answered_on_the_stream(void **state)
{
	static const char *const paths[] = { "/sse", "/mcp" };
	static const char *const revisions[] = { "2024-11-05", "2025-11-25" };

	for (size_t i = 0; i < 2; i++) {
		struct old_client c = { .b = *state, .revision = revisions[i] };
		struct slice body = open_stream(&c, paths[i], converse).body;
		int messages = stream_bench_count(body, "event: message\n");

		assert_int_equal(
		    stream_bench_count(body, "event: endpoint\n"), 1);
		assert_int_equal(messages, 4);
		assert_int_equal(stream_bench_count(body, revisions[i]), 1);
		assert_int_equal(
		    stream_bench_count(body, "\"id\":2,\"result\":{}"), 1);
		assert_int_equal(
		    stream_bench_count(body, "\"id\":3,\"error\":"), 1);
		assert_int_equal(
		    stream_bench_count(body, "tools/list_changed"), 1);
		/* Neither ids nor a wish to come back. */
		assert_int_equal(stream_bench_count(body, "\nid:"), 0);
		assert_int_equal(stream_bench_count(body, "retry:"), 0);
		/* The stream was the session. */
		assert_int_equal(post(&c, PING), 404);
	}
}

static bool
batch(void *ctx, int64_t ms, struct slice sent)
{
	struct old_client *c = ctx;
	struct buf hello = BUF_INIT(1024);

	if (ms == 20) {
		learn_endpoint(c, sent);
		buf_printf(&hello, INITIALIZE, "2025-03-26");
		assert_int_equal(post(c, hello.ptr), 202);
		assert_int_equal(
		    post(c,
			"[" PING ",{\"jsonrpc\":\"2.0\","
			"\"method\":\"notifications/x\"}," PING "]"),
		    202);
		buf_release(&hello);
	}
	return ms < 100;
}

static void
each_answer_of_a_batch_is_a_message_of_its_own(void **state)
{
	struct old_client c = { .b = *state };
	struct slice body = open_stream(&c, "/sse", batch).body;

	assert_int_equal(stream_bench_count(body, "event: message\n"), 3);
	assert_int_equal(stream_bench_count(body, "data: ["), 0);
}

static bool
lose_owner(void *ctx, int64_t ms, struct slice sent)
{
	struct old_client *c = ctx;
	struct op op = stream_bench_op(c->b);
	struct store *store = c->b->store.inner;

	if (ms == 20) {
		learn_endpoint(c, sent);
		assert_int_equal(
		    store->ops->owner_gone(store, &op, SLICE("a.1")), RC_OK);
		assert_int_equal(post(c, PING), 404);
	}
	assert_true(ms < 1000);
	return true;
}

static void
nobody_is_told_202_when_nobody_listens(void **state)
{
	struct old_client c = { .b = *state };

	(void)open_stream(&c, "/sse", lose_owner);
	assert_int_equal(post(&c, PING), 404);
}

static bool
steal(void *ctx, int64_t ms, struct slice sent)
{
	struct old_client *c = ctx;
	struct stream_ask ask = { .host = 1, .method = HTTP_GET };

	if (ms == 20) {
		learn_endpoint(c, sent);
		/* Its id is none for the other transport. */
		ask.sid = slice_from(
		    slice_of(c->endpoint), SLICE("/messages?sessionId=").len);
		assert_int_equal(stream_bench_ask(c->b, &ask).status, 404);
		ask.event_id = "1-1-0";
		assert_int_equal(stream_bench_ask(c->b, &ask).status, 404);
		ask.method = HTTP_DELETE;
		assert_int_equal(stream_bench_ask(c->b, &ask).status, 404);
		assert_int_equal(
		    stream_bench_post(c->b, 1, ask.sid, PING), 404);
	}
	return ms < 100;
}

static void
the_id_is_good_for_this_transport_alone(void **state)
{
	struct old_client c = { .b = *state };
	struct slice body = open_stream(&c, "/sse", steal).body;

	assert_int_equal(stream_bench_count(body, "event: message\n"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(what_is_posted_anywhere_is_answered_on_the_stream),
		STREAM_TEST(each_answer_of_a_batch_is_a_message_of_its_own),
		STREAM_TEST(nobody_is_told_202_when_nobody_listens),
		STREAM_TEST(the_id_is_good_for_this_transport_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
