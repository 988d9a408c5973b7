/* How calls come to a row, and what is answered to those that get none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_crew.h"
#include "feed.h"
#include "holder.h"
#include "running_bench.h"
#include "running_words.h"

#define TALKED PROGRESS("1") "\n" LOG("warning", "\"data\":1") "\n" RESULT

static enum tool_done
talking_and_logging(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	call->env->progress(call, 1, 0, SLICE_NONE);
	call->env->log(call, 3, SLICE_NONE, SLICE("1"));
	return running_bench_done(call);
}

static void
an_inline_call_gets_a_row_when_it_speaks(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_at_once;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(running_bench_call(b, "inline", TOKEN), RC_OK);
	running_bench_expect(b, 200, RESULT);
	assert_int_equal(running_bench_rows(b), 0);
	b->tool = running_bench_speaking;
	assert_int_equal(running_bench_call(b, "inline", ""), RC_OK);
	running_bench_expect(b, 200, RESULT);
	assert_int_equal(running_bench_rows(b), 0);
	assert_int_equal(running_bench_call(b, "inline", TOKEN), RC_OK);
	running_bench_expect(
	    b, 200, PRIMED EVENT("1", PROGRESS("1")) EVENT("2", RESULT));
	assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
}

static void
an_inline_call_without_room_speaks_to_nobody(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_speaking;
	running_bench_open(b, "2025-11-25", "{}");
	b->fail[STORE_CALL_OPEN] = 1;
	assert_int_equal(running_bench_call(b, "inline", TOKEN), RC_OK);
	running_bench_expect(b, 200, RESULT);
	assert_int_equal(running_bench_rows(b), 0);
}

static void
in_a_batch_no_call_gets_a_row(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_speaking;
	running_bench_open(b, "2025-03-26", "{}");
	assert_int_equal(
	    running_bench_send(b,
		"[{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\","
		"\"params\":{\"name\":\"detached\"" TOKEN "}},{\"jsonrpc\":"
		"\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{"
		"\"name\":\"inline\"" TOKEN "}}]"),
	    RC_OK);
	running_bench_expect(b, 200, "[" RESULT "," RESULT "]");
	assert_int_equal(running_bench_rows(b), 0);
}

static void
without_a_store_a_stateless_call_just_runs(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_speaking;
	running_bench_stateless(b);
	b->here.store = NULL;
	assert_int_equal(running_bench_call(
			     b, "detached", MODERN ",\"progressToken\":\"t\"}"),
	    RC_OK);
	running_bench_expect(b, 200, MODERN_RESULT);
}

/* ---------------------------------------------------------------- crews */

static void
a_process_asks_before_it_stays(void **state)
{
	struct running_bench *b = *state;
	struct fake_crew crew;
	struct slice owner;

	fake_crew_init(&crew);
	crew.is_full = true;
	b->tool = running_bench_speaking;
	b->here.crew = &crew.base;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(running_bench_call(b, "detached", ""), RC_FULL);
	assert_int_equal(b->sink.status, 503);
	assert_non_null(sink_mem_header(&b->sink, "Retry-After").ptr);
	assert_int_equal(b->runs, 0);
	assert_int_equal(running_bench_call(b, "inline", TOKEN), RC_OK);
	running_bench_expect(b, 200, RESULT);
	crew.is_full = false;
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_int_equal(running_bench_call(b, "inline", TOKEN), RC_OK);
	assert_int_equal(crew.begun, 2);
	assert_int_equal(crew.ended, 2);
	owner = running_bench_row(b, 1).owner;
	assert_int_equal(owner.len, 9);
	assert_memory_equal(owner.ptr, "host.proc", 9);
}

#define CALL_OF(tool)                                                          \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\","             \
	"\"params\":{\"name\":\"" tool "\"}}"

#define COMPLETE_OF(kind, ref)                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"completion/complete\","    \
	"\"params\":{\"ref\":{\"type\":\"ref/" kind "\",\"" ref                \
	"\"},\"argument\":{\"name\":\"a\",\"value\":\"\"}}}"

static void
a_process_asks_before_it_stays_with_a_completion(void **state)
{
	struct running_bench *b = *state;
	struct fake_crew crew;

	fake_crew_init(&crew);
	b->tool = running_bench_at_once;
	b->here.crew = &crew.base;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(
	    running_bench_send(b, COMPLETE_OF("prompt", "name\":\"detached")),
	    RC_OK);
	assert_int_equal(crew.begun, 0);
	assert_int_equal(running_bench_send(b,
			     COMPLETE_OF("resource", "uri\":\"note://by/{a}")),
	    RC_OK);
	assert_int_equal(crew.begun, 1);
	assert_int_equal(crew.ended, 1);
	assert_int_equal(b->runs, 2);
	assert_int_equal(running_bench_rows(b), 0);
	crew.is_full = true;
	assert_int_equal(running_bench_send(b,
			     COMPLETE_OF("resource", "uri\":\"note://by/{a}")),
	    RC_FULL);
	assert_int_equal(b->sink.status, 503);
	assert_int_equal(b->runs, 2);
}

/* Nothing of a batch is done if its process may not stay for all of it. */
static void
a_process_asks_before_it_stays_with_a_batch(void **state)
{
	static const struct {
		const char *body;
		bool is_full;
		int status;
		int runs;
		int begun;
	} table[] = {
		{ "[" CALL_OF("inline") "," CALL_OF("detached") "]", true, 503,
		    0, 0 },
		{ "[" CALL_OF("inline") "," CALL_OF("detached") "]", false, 200,
		    2, 1 },
		{ "[" CALL_OF("inline") "," CALL_OF("inline") "]", true, 200, 2,
		    0 },
		{ "[" CALL_OF("none") "]", true, 200, 0, 0 },
		{ "[" COMPLETE_OF("prompt", "name\":\"detached") "]", true, 200,
		    1, 0 },
		{ "[" COMPLETE_OF("resource", "uri\":\"note://by/{a}") "]",
		    true, 503, 0, 0 },
		{ "[" COMPLETE_OF("resource", "uri\":\"note://by/{a}") "]",
		    false, 200, 1, 1 },
	};
	struct running_bench *b = *state;

	b->tool = running_bench_at_once;
	running_bench_open(b, "2025-03-26", "{}");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct fake_crew crew;

		fake_crew_init(&crew);
		crew.is_full = table[i].is_full;
		b->here.crew = &crew.base;
		b->runs = 0;
		(void)running_bench_send(b, table[i].body);
		assert_true(sink_mem_is_reply(&b->sink));
		assert_int_equal(b->sink.status, table[i].status);
		assert_int_equal(b->runs, table[i].runs);
		assert_int_equal(crew.begun, table[i].begun);
		assert_int_equal(crew.ended, table[i].begun);
	}
}

static void
a_call_beyond_the_limits_is_not_started(void **state)
{
	struct running_bench *b = *state;
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	const struct call_limits none = { 0 };
	struct call_row row = {
		.owner = SLICE("local.9"), .transport = 1, .runs_max = 1
	};
	enum call_opened opened;
	int64_t reader;

	b->tool = running_bench_at_once;
	b->here.rules.calls.host = 1;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(
	    store->ops->call_open(store, &op, &row, &none, &opened, &reader),
	    RC_OK);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_FULL);
	assert_true(sink_mem_is_reply(&b->sink));
	assert_int_equal(b->sink.status, 503);
	assert_int_equal(b->runs, 0);
}

/* ------------------------------------------------------- the same again */

static enum tool_done
taken_over(struct running_bench *b, struct tool_call *call)
{
	call->env->progress(call, 1, 0, SLICE_NONE);
	running_bench_claim(b);
	return running_bench_done(call);
}

static void
finish_elsewhere(struct running_bench *b)
{
	const struct call_finish finish = {
		.call = 1, .epoch = 2, .data = SLICE(RESULT)
	};
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct appended appended;

	assert_int_equal(
	    store->ops->call_finish(store, &op, &finish, &appended), RC_OK);
}

static void
the_same_request_joins_the_call_that_runs(void **state)
{
	static const struct {
		const char *revision;
		const char *accept;
		const char *body;
	} table[] = {
		{ "2025-11-25", "application/json, text/event-stream",
		    PRIMED EVENT("1", PROGRESS("1")) EVENT("2", RESULT) },
		{ "2025-06-18", "application/json, text/event-stream",
		    COMMENT EVENT("1", PROGRESS("1")) EVENT("2", RESULT) },
		{ "2025-06-18", "application/json", RESULT },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct running_bench *b = running_bench_new();

		b->tool = taken_over;
		running_bench_open(b, table[i].revision, "{}");
		assert_int_equal(
		    running_bench_call(b, "detached", TOKEN), RC_OK);
		assert_int_equal(running_bench_row(b, 1).state, CALL_RUNNING);
		b->accept = table[i].accept;
		running_bench_at(b, 500, finish_elsewhere);
		assert_int_equal(
		    running_bench_call(b, "detached", TOKEN), RC_OK);
		running_bench_expect(b, 200, table[i].body);
		assert_int_equal(b->runs, 1);
		running_bench_free(b);
	}
}

static struct stream_row
stream_1(struct running_bench *b)
{
	const struct event_limits one = { 1, 1 };
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct event_rows events;
	struct stream_row row;

	assert_int_equal(
	    store->ops->stream_read(store, &op, 1, 0, &one, &row, &events),
	    RC_OK);
	return row;
}

static void
take_the_stream(struct running_bench *b)
{
	const struct stream_attach how = { .session = 1,
		.stream = 1,
		.incarnation = 1,
		.owner = SLICE("other.1") };
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct stream_row row;

	assert_int_equal(
	    store->ops->stream_attach(store, &op, &how, &row), RC_OK);
}

/* The call goes on, so nothing may be said in its name. */
static void
who_joined_without_events_is_told_no_end_that_was_none(void **state)
{
	static void (*const acts[])(struct running_bench *) = { take_the_stream,
		running_bench_leave, finish_elsewhere };
	static const int statuses[] = { 503, 503, 200 };
	struct running_bench *b = *state;

	b->tool = taken_over;
	running_bench_open(b, "2025-06-18", "{}");
	assert_int_equal(running_bench_call(b, "detached", TOKEN), RC_OK);
	b->accept = "application/json";
	for (size_t i = 0; i < 3; i++) {
		running_bench_at(b, 500, acts[i]);
		(void)running_bench_call(b, "detached", TOKEN);
		assert_true(sink_mem_is_reply(&b->sink));
		assert_int_equal(b->sink.status, statuses[i]);
		assert_int_equal(b->runs, 1);
		/* And it holds the stream no longer. */
		if (i == 0) {
			assert_true(
			    slice_eq(stream_1(b).owner, SLICE("other.1")));
		} else {
			assert_null(stream_1(b).owner.ptr);
		}
	}
	assert_int_equal(stream_1(b).sent, stream_1(b).head);
}

static void
cancel_elsewhere(struct running_bench *b)
{
	const struct call_finish finish = { .call = 1, .epoch = 2 };
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct appended appended;

	assert_int_equal(
	    store->ops->call_finish(store, &op, &finish, &appended), RC_OK);
}

static void
who_joined_a_call_that_ends_with_nothing_gets_no_other_message(void **state)
{
	struct running_bench *b = *state;

	b->tool = taken_over;
	running_bench_open(b, "2025-06-18", "{}");
	assert_int_equal(running_bench_call(b, "detached", TOKEN), RC_OK);
	b->accept = "application/json";
	running_bench_at(b, 500, cancel_elsewhere);
	assert_int_equal(running_bench_call(b, "detached", TOKEN), RC_OK);
	running_bench_expect(
	    b, 200, ERROR("-32603", "The call ended without an answer"));
}

static void
another_request_with_that_id_is_refused(void **state)
{
	struct running_bench *b = *state;

	b->tool = taken_over;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(running_bench_call(b, "detached", TOKEN), RC_OK);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(
	    b, 200, ERROR("-32600", "A request with this id is still running"));
	/* With the letter of the specification the same one, too. */
	b->here.rules.strict = true;
	assert_int_equal(running_bench_call(b, "detached", TOKEN), RC_OK);
	running_bench_expect(
	    b, 200, ERROR("-32600", "A request with this id is still running"));
	assert_int_equal(b->runs, 1);
}

static enum tool_done
grouped(struct running_bench *b, struct tool_call *call)
{
	struct call_row row;

	call->env->group(call, 123, 456);
	row = running_bench_row(b, 1);
	assert_int_equal(row.group, 123);
	assert_int_equal(row.group_start, 456);
	assert_true(row.deadline > b->clock.wall);
	call->env->group(call, 0, 0);
	return running_bench_done(call);
}

static void
the_row_knows_the_process_group(void **state)
{
	struct running_bench *b = *state;

	b->tool = grouped;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_int_equal(running_bench_row(b, 1).group, 0);
}

/* -------------------------------------------------------------- HTTP+SSE */

static enum rc
has_room(struct holder *h, const struct feed *f)
{
	(void)h;
	(void)f;
	return RC_OK;
}

static enum rc
take(struct holder *h, const struct feed *f, struct sink *sink)
{
	(void)h;
	(void)f;
	return sink->ops->end(sink);
}

static enum rc
append_in_time(struct store *store, const struct op *op,
    const struct event_append *event, const struct stream_caps *caps,
    struct appended *out)
{
	const struct running_bench *b = running_bench_of(store);

	assert_true(op->give_up_mono > b->clock.mono / 1000);
	return b->honest->event_append(store, op, event, caps, out);
}

static enum tool_done
for_a_minute(struct running_bench *b, struct tool_call *call)
{
	b->flag = call->env->wait(call, 60000);
	return running_bench_done(call);
}

static void
on_an_sse_session_everything_goes_to_its_stream(void **state)
{
	static const struct holder_ops holds = { has_room, take };
	struct running_bench *b = *state;
	struct holder holder = { &holds };
	struct http_request get = { .method = HTTP_GET,
		.method_name = SLICE("GET"),
		.path = SLICE("/sse") };
	struct sink_mem sink;
	char query[200];
	const char *at;

	b->here.rules.sse_path = b->there.rules.sse_path = SLICE("/sse");
	b->here.rules.messages_path = b->there.rules.messages_path =
	    SLICE("/messages");
	b->there.holder = &holder;
	get.field[HTTP_ACCEPT] = SLICE("text/event-stream");
	sink_mem_init(&sink);
	assert_int_equal(
	    server_handle(&b->there, &b->other_arena, &get, &sink.base), RC_OK);
	at = strstr(sink.body.ptr, "sessionId=");
	assert_non_null(at);
	(void)strncpy(query, at, sizeof(query) - 1);
	query[strcspn(at, "\n")] = '\0';
	b->messages = query;
	sink_mem_release(&sink);
	assert_int_equal(
	    running_bench_post(b,
		"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
		"\"params\":{\"protocolVersion\":\"2024-11-05\","
		"\"capabilities\":{},\"clientInfo\":{\"name\":\"c\","
		"\"version\":\"1\"}}}"),
	    202);
	b->tool = talking_and_logging;
	b->accept = NULL;
	/* Two calls have one stream. */
	for (int i = 0; i < 2; i++) {
		const char *more = i == 0 ? TOKEN : ",\"arguments\":{}" TOKEN;

		assert_int_equal(
		    running_bench_call(b, "detached", more), RC_OK);
		running_bench_expect(b, 202, "");
		assert_int_equal(b->sink.closes, 1);
	}
	assert_non_null(
	    strstr(running_bench_log(b, 1), TALKED "\n" TALKED "\n"));
	b->tool = running_bench_at_once;
	assert_int_equal(running_bench_call(b, "inline", TOKEN), RC_OK);
	running_bench_expect(b, 202, "");
	assert_non_null(
	    strstr(running_bench_log(b, 1), RESULT "\n" RESULT "\n"));
	assert_int_equal(running_bench_rows(b), 2);
	/* Also if it comes late. */
	b->ops.event_append = append_in_time;
	b->tool = for_a_minute;
	assert_int_equal(running_bench_call(b, "inline", ""), RC_OK);
	running_bench_expect(b, 202, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING_TEST(an_inline_call_gets_a_row_when_it_speaks),
		RUNNING_TEST(an_inline_call_without_room_speaks_to_nobody),
		RUNNING_TEST(in_a_batch_no_call_gets_a_row),
		RUNNING_TEST(without_a_store_a_stateless_call_just_runs),
		RUNNING_TEST(a_process_asks_before_it_stays),
		RUNNING_TEST(a_process_asks_before_it_stays_with_a_completion),
		RUNNING_TEST(a_process_asks_before_it_stays_with_a_batch),
		RUNNING_TEST(a_call_beyond_the_limits_is_not_started),
		cmocka_unit_test(the_same_request_joins_the_call_that_runs),
		RUNNING_TEST(
		    who_joined_without_events_is_told_no_end_that_was_none),
		RUNNING_TEST(
		    who_joined_a_call_that_ends_with_nothing_gets_no_other_message),
		RUNNING_TEST(another_request_with_that_id_is_refused),
		RUNNING_TEST(the_row_knows_the_process_group),
		RUNNING_TEST(on_an_sse_session_everything_goes_to_its_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
