/* Calls and the connections of their clients. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "running_bench.h"
#include "running_words.h"

static enum tool_done
very_slowly(struct running_bench *b, struct tool_call *call)
{
	b->flag = call->env->wait(call, 31000);
	return running_bench_done(call);
}

static enum tool_done
talking(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	call->env->progress(call, 1, 0, SLICE_NONE);
	call->env->log(call, 1, SLICE("me"), SLICE("{\"a\":1}"));
	(void)call->env->wait(call, 20);
	call->env->progress(call, 2.5, 4, SLICE("half"));
	return running_bench_done(call);
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
		struct running_bench *b = running_bench_new();
		struct buf want = BUF_INIT(10000);

		(void)state;
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
		running_bench_free(b);
	}
}

static void
an_answer_in_time_is_json_and_committed_too(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_at_once;
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

	b->tool = running_bench_slowly;
	running_bench_open(b, "2025-06-18", "{}");
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, COMMENT EVENT("1", RESULT));
}

static void
a_client_that_takes_only_events_gets_them(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_at_once;
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
	running_bench_stateless(b);
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
	b->tool = running_bench_at_once;
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

	b->tool = running_bench_slowly;
	b->here.rules.comment_modern_ms = 600;
	running_bench_stateless(b);
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
	return running_bench_done(call);
}

static void
progress_rises_and_its_last_value_is_never_lost(void **state)
{
	struct running_bench *b = *state;

	b->tool = wavering;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(running_bench_call(b, "detached", TOKEN), RC_OK);
	assert_string_equal(running_bench_log(b, 1),
	    PROGRESS("2") "\n" PROGRESS("3") "\n" PROGRESS("4") "\n" PROGRESS(
		"5") "\n" PROGRESS("6") "\n" RESULT "\n");
}

static enum tool_done
flooding(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	for (int i = 1; i <= 10000; i++)
		call->env->progress(call, i, 0, SLICE_NONE);
	return running_bench_done(call);
}

static void
a_flood_of_progress_is_thinned_out_but_for_its_last_value(void **state)
{
	struct running_bench *b = *state;
	const char *at;
	int n = 0;

	b->tool = flooding;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(running_bench_call(b, "detached", TOKEN), RC_OK);
	at = running_bench_log(b, 1);
	assert_non_null(strstr(at, PROGRESS("10000")));
	while ((at = strstr(at, "\"progress\":")) != NULL) {
		at++;
		n++;
	}
	assert_in_range(n, 100, 110);
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
		char want[64];
		const char *log;

		assert_int_equal(
		    running_bench_call(b, "detached", table[i].meta), RC_OK);
		log = running_bench_log(b, (int64_t)i + 1);
		if (table[i].token == NULL) {
			assert_string_equal(log, RESULT "\n");
			continue;
		}
		(void)snprintf(want, sizeof(want), "\"progressToken\":%s,",
		    table[i].token);
		assert_non_null(strstr(log, want));
	}
}

static enum tool_done
logging(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	for (int level = -1; level <= 8; level++)
		call->env->log(call, level, SLICE_NONE, SLICE("1"));
	return running_bench_done(call);
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
	running_bench_stateless(b);
	b->sid[0] = '\0';
	assert_int_equal(running_bench_call(b, "detached", MODERN "}"), RC_OK);
	running_bench_expect(b, 200, MODERN_RESULT);
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
		RUNNING_TEST(
		    a_flood_of_progress_is_thinned_out_but_for_its_last_value),
		RUNNING_TEST(progress_needs_a_token_and_keeps_its_type),
		RUNNING_TEST(
		    only_messages_of_the_level_that_is_wanted_are_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
