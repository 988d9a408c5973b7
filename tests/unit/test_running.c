/* Calls and the connections of their clients. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "running_bench.h"

#define TOKEN ",\"_meta\":{\"progressToken\":\"t\"}"
#define MODERN                                                                 \
	",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-"   \
	"28\",\"io.modelcontextprotocol/clientCapabilities\":{}"
#define MODERN_RESULT                                                          \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"resultType\":"            \
	"\"complete\",\"content\":[{\"type\":\"text\",\"text\":\"done\"}],"    \
	"\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":"         \
	"\"bench\",\"version\":\"1\"}}}}"

#define RESULT                                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[{\"type\":"    \
	"\"text\",\"text\":\"done\"}]}}"
#define PROGRESS(rest)                                                         \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\","          \
	"\"params\":{\"progressToken\":\"t\",\"progress\":" rest "}}"
#define LOG(level, rest)                                                       \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\","           \
	"\"params\":{\"level\":\"" level "\"," rest "}}"
#define CANCEL                                                                 \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","         \
	"\"params\":{\"requestId\":7}}"
#define EVENT(id, data) "event: message\nid: 1-1-" id "\ndata: " data "\n\n"
#define BARE(data) "event: message\ndata: " data "\n\n"
#define PRIMED "id: 1-1-0\nretry: 1000\ndata: \n\n"
#define COMMENT ":\n\n"

static enum tool_done
say_done(struct tool_call *call)
{
	return tool_add_text(call, SLICE("done")) == RC_OK ? TOOL_DONE
							   : TOOL_FAILED;
}

static enum tool_done
at_once(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	return say_done(call);
}

/* Takes its time, unless somebody does not want it any more. */
static enum tool_done
slowly(struct running_bench *b, struct tool_call *call)
{
	b->flag = call->env->wait(call, 2000);
	return say_done(call);
}

static enum tool_done
very_slowly(struct running_bench *b, struct tool_call *call)
{
	b->flag = call->env->wait(call, 31000);
	return say_done(call);
}

static enum tool_done
talking(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	call->env->progress(call, 1, 0, SLICE_NONE);
	call->env->log(call, 1, SLICE("me"), SLICE("{\"a\":1}"));
	(void)call->env->wait(call, 20);
	call->env->progress(call, 2.5, 4, SLICE("half"));
	return say_done(call);
}

#define TALK_1 PROGRESS("1")
#define TALK_2 LOG("info", "\"logger\":\"me\",\"data\":{\"a\":1}")
#define TALK_3 PROGRESS("2.5,\"total\":4,\"message\":\"half\"")

static void
what_a_call_says_is_committed_and_written_with_ids(void **state)
{
	static const struct {
		const char *revision;
		const char *begin;
		const char *third;
	} table[] = {
		{ "2024-11-05", COMMENT, PROGRESS("2.5,\"total\":4") },
		{ "2025-03-26", COMMENT, TALK_3 },
		{ "2025-06-18", COMMENT, TALK_3 },
		{ "2025-11-25", PRIMED, TALK_3 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct running_bench *b;
		void *own = NULL;
		struct buf want = BUF_INIT(10000);

		(void)state;
		assert_int_equal(running_bench_setup(&own), 0);
		b = own;
		b->tool = talking;
		running_bench_open(b, table[i].revision, "{}");
		assert_int_equal(
		    running_bench_call(b, "detached", TOKEN), RC_OK);
		buf_printf(&want,
		    "%s" EVENT("1", "%s") EVENT("2", "%s") EVENT("3", "%s")
			EVENT("4", "%s"),
		    table[i].begin, TALK_1, TALK_2, table[i].third, RESULT);
		running_bench_expect(b, 200, want.ptr);
		assert_string_equal(
		    sink_mem_header(&b->sink, "Content-Type").ptr,
		    "text/event-stream");
		buf_reset(&want);
		buf_printf(&want, "%s\n%s\n%s\n%s\n", TALK_1, TALK_2,
		    table[i].third, RESULT);
		assert_string_equal(running_bench_log(b, 1), want.ptr);
		assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
		buf_release(&want);
		(void)running_bench_teardown(&own);
	}
}

static void
an_answer_in_time_is_json_and_committed_too(void **state)
{
	struct running_bench *b = *state;

	b->tool = at_once;
	running_bench_open(b, "2025-06-18", "{}");
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, RESULT);
	assert_string_equal(
	    sink_mem_header(&b->sink, "Content-Type").ptr, "application/json");
	assert_string_equal(running_bench_log(b, 1), RESULT "\n");
	assert_int_equal(b->sink.closes, 1);
}

static void
an_answer_that_takes_longer_is_an_event(void **state)
{
	struct running_bench *b = *state;

	b->tool = slowly;
	running_bench_open(b, "2025-06-18", "{}");
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, COMMENT EVENT("1", RESULT));
}

static void
a_client_that_takes_only_events_gets_them(void **state)
{
	struct running_bench *b = *state;

	b->tool = at_once;
	b->accept = "text/event-stream";
	running_bench_open(b, "2025-06-18", "{}");
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, COMMENT EVENT("1", RESULT));
}

static void
a_silent_stream_is_kept_alive(void **state)
{
	struct running_bench *b = *state;

	b->tool = very_slowly;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, PRIMED COMMENT COMMENT EVENT("1", RESULT));
}

static void
nobody_who_wants_json_is_sent_events(void **state)
{
	static const struct {
		const char *accept;
		bool json_only;
	} table[] = {
		{ "application/json, text/event-stream", true },
		{ "application/json", false },
		{ "*/*", false },
		{ NULL, false },
	};
	struct running_bench *b = *state;

	b->tool = talking;
	running_bench_open(b, "2025-11-25", "{}");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		b->accept = table[i].accept;
		b->here.rules.json_only = table[i].json_only;
		assert_int_equal(
		    running_bench_call(b, "detached", TOKEN), RC_OK);
		running_bench_expect(b, 200, RESULT);
		assert_string_equal(
		    running_bench_log(b, (int64_t)i + 1), RESULT "\n");
		assert_int_equal(running_bench_call(b, "inline", TOKEN), RC_OK);
		running_bench_expect(b, 200, RESULT);
	}
}

static void
a_stateless_client_gets_events_without_ids(void **state)
{
	struct running_bench *b = *state;

	b->tool = talking;
	memcpy(b->revision, "2026-07-28", 11);
	assert_int_equal(running_bench_call(
			     b, "detached", MODERN ",\"progressToken\":\"t\"}"),
	    RC_OK);
	running_bench_expect(
	    b, 200, COMMENT BARE(TALK_1) BARE(TALK_3) BARE(MODERN_RESULT));
	assert_int_equal(running_bench_call(b, "detached",
			     MODERN ",\"io.modelcontextprotocol/logLevel\":"
				    "\"info\"}"),
	    RC_OK);
	running_bench_expect(b, 200, COMMENT BARE(TALK_2) BARE(MODERN_RESULT));
	b->tool = at_once;
	assert_int_equal(running_bench_call(b, "detached", MODERN "}"), RC_OK);
	running_bench_expect(b, 200, MODERN_RESULT);
	b->here.rules.sessions = SESSIONS_OPTIONAL;
	b->tool = talking;
	memcpy(b->revision, "2025-11-25", 11);
	assert_int_equal(running_bench_call(b, "detached", TOKEN), RC_OK);
	running_bench_expect(b, 200,
	    COMMENT BARE(TALK_1) BARE(TALK_2) BARE(TALK_3) BARE(RESULT));
	assert_int_equal(running_bench_row(b, 3).state, CALL_ENDED);
}

static void
a_stateless_stream_is_kept_alive_more_often(void **state)
{
	struct running_bench *b = *state;

	b->tool = slowly;
	b->here.rules.comment_modern_ms = 600;
	memcpy(b->revision, "2026-07-28", 11);
	assert_int_equal(running_bench_call(b, "detached", MODERN "}"), RC_OK);
	running_bench_expect(
	    b, 200, COMMENT COMMENT COMMENT BARE(MODERN_RESULT));
}

static enum tool_done
wavering(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	call->env->progress(call, 2, 0, SLICE_NONE);
	call->env->progress(call, 3, 0, SLICE_NONE);
	call->env->progress(call, 3, 0, SLICE_NONE);
	call->env->progress(call, 1, 0, SLICE_NONE);
	call->env->progress(call, (double)NAN, 0, SLICE_NONE);
	call->env->progress(call, 4, 0, SLICE_NONE);
	(void)call->env->wait(call, 100);
	call->env->progress(call, 5, 0, SLICE_NONE);
	call->env->progress(call, 6, 0, SLICE_NONE);
	return say_done(call);
}

static void
progress_rises_and_its_last_value_is_never_lost(void **state)
{
	struct running_bench *b = *state;

	b->tool = wavering;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(running_bench_call(b, "detached", TOKEN), RC_OK);
	assert_string_equal(running_bench_log(b, 1),
	    PROGRESS("2") "\n" PROGRESS("4") "\n" PROGRESS("5") "\n" PROGRESS(
		"6") "\n" RESULT "\n");
}

static void
progress_needs_a_token_and_keeps_its_type(void **state)
{
	static const struct {
		const char *meta;
		const char *token; /* NULL: none is said */
	} table[] = {
		{ "", NULL },
		{ ",\"_meta\":{\"progressToken\":12}", "12" },
		{ ",\"_meta\":{\"progressToken\":\"12\"}", "\"12\"" },
		{ ",\"_meta\":{\"progressToken\":true}", NULL },
		{ ",\"_meta\":{\"progressToken\":1.5}", NULL },
	};
	struct running_bench *b = *state;

	b->tool = wavering;
	running_bench_open(b, "2025-11-25", "{}");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char want[64] = "";
		const char *log;

		assert_int_equal(
		    running_bench_call(b, "detached", table[i].meta), RC_OK);
		log = running_bench_log(b, (int64_t)i + 1);
		if (table[i].token == NULL) {
			assert_string_equal(log, RESULT "\n");
			continue;
		}
		strcat(
		    strcat(strcat(want, "\"progressToken\":"), table[i].token),
		    ",");
		assert_non_null(strstr(log, want));
	}
}

static enum tool_done
logging(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	for (int level = -1; level <= 8; level++)
		call->env->log(call, level, SLICE_NONE, SLICE("1"));
	return say_done(call);
}

static void
only_messages_of_the_level_that_is_wanted_are_sent(void **state)
{
	struct running_bench *b = *state;
	const char *log;

	b->tool = logging;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	log = running_bench_log(b, 1);
	assert_null(strstr(log, "debug"));
	assert_non_null(strstr(log, LOG("info", "\"data\":1")));
	assert_int_equal(running_bench_post(b,
			     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
			     "\"logging/setLevel\",\"params\":{\"level\":"
			     "\"alert\"}}"),
	    200);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_string_equal(running_bench_log(b, 2),
	    LOG("alert", "\"data\":1") "\n" LOG(
		"emergency", "\"data\":1") "\n" RESULT "\n");
	memcpy(b->revision, "2026-07-28", 11);
	b->sid[0] = '\0';
	assert_int_equal(running_bench_call(b, "detached", MODERN "}"), RC_OK);
	running_bench_expect(b, 200, MODERN_RESULT);
}

/* --------------------------------------------------- who leaves, and how */

static void
a_session_client_that_leaves_does_not_stop_its_call(void **state)
{
	struct running_bench *b = *state;
	struct call_row row;

	b->tool = slowly;
	running_bench_open(b, "2025-11-25", "{}");
	running_bench_at(b, 500, running_bench_leave);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, PRIMED);
	assert_false(b->flag);
	assert_string_equal(running_bench_log(b, 1), RESULT "\n");
	row = running_bench_row(b, 1);
	assert_int_equal(row.state, CALL_ENDED);
	assert_false(row.is_cancelled);
	/* Whoever comes again finds what nobody took. */
	b->accept = "application/json";
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, RESULT);
	assert_int_equal(b->runs, 1);
	/* Now that it was taken the same request is a new one. */
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_int_equal(b->runs, 2);
}

static void
a_stateless_client_that_leaves_stops_its_call(void **state)
{
	static const char *const tools[] = { "detached", "inline" };
	struct running_bench *b = *state;

	b->tool = slowly;
	memcpy(b->revision, "2026-07-28", 11);
	for (size_t i = 0; i < 2; i++) {
		running_bench_at(b, 100, running_bench_leave);
		assert_int_equal(
		    running_bench_call(b, tools[i], MODERN "}"), RC_OK);
		assert_true(b->flag);
		assert_true(b->clock.wall - b->began <= 200);
	}
	assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
}

static void
cancel(struct running_bench *b)
{
	assert_int_equal(running_bench_post(b, CANCEL), 202);
}

static void
a_call_is_cancelled_from_any_host_and_not_answered(void **state)
{
	static const struct {
		const char *revision;
		const char *accept;
		int64_t after_ms;
		const char *body;
	} table[] = {
		{ "2025-11-25", "application/json, text/event-stream", 1000,
		    PRIMED },
		{ "2025-06-18", "application/json, text/event-stream", 1000,
		    COMMENT },
		{ "2025-06-18", "application/json, text/event-stream", 100,
		    "" },
		{ "2025-06-18", "application/json", 100,
		    "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":"
		    "-32603,\"message\":\"cancelled\"}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		void *own = NULL;
		struct running_bench *b;

		assert_int_equal(running_bench_setup(&own), 0);
		b = own;
		b->tool = slowly;
		b->accept = table[i].accept;
		running_bench_open(b, table[i].revision, "{}");
		running_bench_at(b, table[i].after_ms, cancel);
		assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
		running_bench_expect(b, 200, table[i].body);
		assert_true(b->flag);
		assert_true(
		    b->clock.wall - b->began <= table[i].after_ms + 100);
		assert_string_equal(running_bench_log(b, 1), "");
		assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
		(void)running_bench_teardown(&own);
	}
}

static void
a_cancel_that_comes_first_is_kept_for_its_call(void **state)
{
	struct running_bench *b = *state;

	b->tool = at_once;
	running_bench_open(b, "2025-11-25", "{}");
	cancel(b);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, "");
	assert_string_equal(
	    sink_mem_header(&b->sink, "Content-Type").ptr, "text/event-stream");
	assert_int_equal(b->runs, 0);
	/* It serves once. */
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_int_equal(b->runs, 1);
	assert_int_equal(running_bench_post(b,
			     "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
			     "cancelled\",\"params\":{\"requestId\":[1]}}"),
	    202);
}

static void
attach(struct running_bench *b)
{
	struct stream_attach how = { .session = 1,
		.stream = 1,
		.incarnation = 1,
		.owner = SLICE("other.1") };
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct stream_row row;

	assert_int_equal(
	    store->ops->stream_attach(store, &op, &how, &row), RC_OK);
	assert_int_equal(row.reader, 2);
}

static void
a_newer_reader_gets_what_follows(void **state)
{
	struct running_bench *b = *state;

	b->tool = slowly;
	running_bench_open(b, "2025-11-25", "{}");
	running_bench_at(b, 500, attach);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, PRIMED);
	assert_false(b->flag);
	assert_string_equal(running_bench_log(b, 1), RESULT "\n");
}

static void
claim(struct running_bench *b)
{
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct call_row row;

	assert_int_equal(
	    store->ops->call_claim(store, &op, 1, 1, SLICE("other.1"), &row),
	    RC_OK);
}

static enum tool_done
unaware(struct running_bench *b, struct tool_call *call)
{
	claim(b);
	call->env->progress(call, 1, 0, SLICE_NONE);
	b->flag = call->env->is_cancelled(call);
	return say_done(call);
}

static void
who_was_taken_over_stops_and_adds_nothing(void **state)
{
	struct running_bench *b = *state;

	b->tool = slowly;
	running_bench_open(b, "2025-11-25", "{}");
	running_bench_at(b, 500, claim);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, PRIMED "retry: 1000\n\n");
	assert_true(b->flag);
	assert_string_equal(running_bench_log(b, 1), "");
	assert_int_equal(running_bench_row(b, 1).state, CALL_RUNNING);
}

static void
who_was_taken_over_hears_it_from_the_store_at_once(void **state)
{
	struct running_bench *b = *state;

	b->tool = unaware;
	b->accept = "application/json";
	running_bench_open(b, "2025-06-18", "{}");
	assert_int_equal(running_bench_call(b, "detached", TOKEN), RC_BUSY);
	assert_int_equal(b->sink.status, 503);
	assert_int_equal(running_bench_row(b, 1).state, CALL_RUNNING);
}

static enum tool_done
letting_go(struct running_bench *b, struct tool_call *call)
{
	call->env->let_go(call);
	assert_int_equal(b->sink.closes, b->sink.ends);
	b->flag = b->sink.ends == 1;
	return say_done(call);
}

static void
a_tool_may_end_the_connection_where_clients_come_back(void **state)
{
	static const struct {
		const char *revision;
		const char *body;
	} table[] = {
		{ "2025-11-25", PRIMED "retry: 1000\n\n" },
		{ "2025-06-18", RESULT },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		void *own = NULL;
		struct running_bench *b;

		assert_int_equal(running_bench_setup(&own), 0);
		b = own;
		b->tool = letting_go;
		running_bench_open(b, table[i].revision, "{}");
		assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
		running_bench_expect(b, 200, table[i].body);
		assert_string_equal(running_bench_log(b, 1), RESULT "\n");
		assert_int_equal(b->flag, i == 0);
		(void)running_bench_teardown(&own);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_a_call_says_is_committed_and_written_with_ids),
		RUNNING_TEST(an_answer_in_time_is_json_and_committed_too),
		RUNNING_TEST(an_answer_that_takes_longer_is_an_event),
		RUNNING_TEST(a_client_that_takes_only_events_gets_them),
		RUNNING_TEST(a_silent_stream_is_kept_alive),
		RUNNING_TEST(nobody_who_wants_json_is_sent_events),
		RUNNING_TEST(a_stateless_client_gets_events_without_ids),
		RUNNING_TEST(a_stateless_stream_is_kept_alive_more_often),
		RUNNING_TEST(progress_rises_and_its_last_value_is_never_lost),
		RUNNING_TEST(progress_needs_a_token_and_keeps_its_type),
		RUNNING_TEST(
		    only_messages_of_the_level_that_is_wanted_are_sent),
		RUNNING_TEST(
		    a_session_client_that_leaves_does_not_stop_its_call),
		RUNNING_TEST(a_stateless_client_that_leaves_stops_its_call),
		cmocka_unit_test(
		    a_call_is_cancelled_from_any_host_and_not_answered),
		RUNNING_TEST(a_cancel_that_comes_first_is_kept_for_its_call),
		RUNNING_TEST(a_newer_reader_gets_what_follows),
		RUNNING_TEST(who_was_taken_over_stops_and_adds_nothing),
		RUNNING_TEST(
		    who_was_taken_over_hears_it_from_the_store_at_once),
		cmocka_unit_test(
		    a_tool_may_end_the_connection_where_clients_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
