/* Clients that leave a call, cancel it, or come to it again, and hosts that
 * take it over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "running_bench.h"
#include "running_words.h"

static void
a_session_client_that_leaves_does_not_stop_its_call(void **state)
{
	struct running_bench *b = *state;
	struct call_row row;

	b->tool = running_bench_slowly;
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

	b->tool = running_bench_slowly;
	running_bench_stateless(b);
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
		    COMMENT },
		{ "2025-06-18", "application/json", 100,
		    "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":"
		    "-32603,\"message\":\"cancelled\"}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct running_bench *b = running_bench_new();

		b->tool = running_bench_slowly;
		b->accept = table[i].accept;
		running_bench_open(b, table[i].revision, "{}");
		running_bench_at(b, table[i].after_ms, running_bench_cancel);
		assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
		running_bench_expect(b, 200, table[i].body);
		assert_true(b->flag);
		assert_true(
		    b->clock.wall - b->began <= table[i].after_ms + 100);
		assert_string_equal(running_bench_log(b, 1), "");
		assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
		running_bench_free(b);
	}
}

static void
stop(struct running_bench *b)
{
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);

	assert_int_equal(store->ops->call_stop(store, &op, 1), RC_OK);
}

#define STOPPED ERROR("-32603", "The call was stopped by an operator")

/* Its client did not wish that, and waits. */
static void
a_call_that_an_operator_stops_is_answered(void **state)
{
	static const struct {
		const char *revision;
		const char *accept;
		const char *body;
	} table[] = {
		{ "2025-11-25", "application/json, text/event-stream",
		    PRIMED EVENT("1", STOPPED) },
		{ "2025-06-18", "application/json", STOPPED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		void *own = NULL;
		struct running_bench *b;

		assert_int_equal(running_bench_setup(&own), 0);
		b = own;
		b->tool = running_bench_slowly;
		b->accept = table[i].accept;
		running_bench_open(b, table[i].revision, "{}");
		running_bench_at(b, 500, stop);
		assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
		running_bench_expect(b, 200, table[i].body);
		assert_true(b->flag);
		assert_string_equal(running_bench_log(b, 1), STOPPED "\n");
		(void)running_bench_teardown(&own);
	}
}

static void
a_cancel_that_comes_first_is_kept_for_its_call(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_at_once;
	running_bench_open(b, "2025-11-25", "{}");
	running_bench_cancel(b);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, COMMENT);
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

	b->tool = running_bench_slowly;
	running_bench_open(b, "2025-11-25", "{}");
	running_bench_at(b, 500, attach);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, PRIMED);
	assert_false(b->flag);
	assert_string_equal(running_bench_log(b, 1), RESULT "\n");
}

static void
who_takes_no_events_and_was_superseded_may_try_again(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_slowly;
	b->accept = "application/json";
	running_bench_open(b, "2025-06-18", "{}");
	running_bench_at(b, 500, attach);
	(void)running_bench_call(b, "detached", "");
	assert_true(sink_mem_is_reply(&b->sink));
	assert_int_equal(b->sink.status, 503);
	assert_non_null(sink_mem_header(&b->sink, "Retry-After").ptr);
	assert_string_equal(
	    sink_mem_header(&b->sink, "Content-Type").ptr, "application/json");
	assert_false(b->flag);
	assert_string_equal(running_bench_log(b, 1), RESULT "\n");
}

static enum tool_done
unaware(struct running_bench *b, struct tool_call *call)
{
	running_bench_claim(b);
	call->env->progress(call, 1, 0, SLICE_NONE);
	b->flag = call->env->is_cancelled(call);
	return running_bench_done(call);
}

static void
who_was_taken_over_stops_and_adds_nothing(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_slowly;
	running_bench_open(b, "2025-11-25", "{}");
	running_bench_at(b, 500, running_bench_claim);
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
	return running_bench_done(call);
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
		struct running_bench *b = running_bench_new();

		b->tool = letting_go;
		running_bench_open(b, table[i].revision, "{}");
		assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
		running_bench_expect(b, 200, table[i].body);
		assert_string_equal(running_bench_log(b, 1), RESULT "\n");
		assert_int_equal(b->flag, i == 0);
		running_bench_free(b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING_TEST(
		    a_session_client_that_leaves_does_not_stop_its_call),
		RUNNING_TEST(a_stateless_client_that_leaves_stops_its_call),
		cmocka_unit_test(
		    a_call_is_cancelled_from_any_host_and_not_answered),
		cmocka_unit_test(a_call_that_an_operator_stops_is_answered),
		RUNNING_TEST(a_cancel_that_comes_first_is_kept_for_its_call),
		RUNNING_TEST(a_newer_reader_gets_what_follows),
		RUNNING_TEST(
		    who_takes_no_events_and_was_superseded_may_try_again),
		RUNNING_TEST(who_was_taken_over_stops_and_adds_nothing),
		RUNNING_TEST(
		    who_was_taken_over_hears_it_from_the_store_at_once),
		cmocka_unit_test(
		    a_tool_may_end_the_connection_where_clients_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
