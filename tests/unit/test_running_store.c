/* Calls whose store fails, refuses, or does not say what it did. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_crew.h"
#include "running_bench.h"
#include "running_words.h"

static void
what_cannot_be_opened_is_not_run(void **state)
{
	static const enum store_call calls[] = { STORE_CALL_OPEN,
		STORE_STREAM_READ };
	struct running_bench *b = *state;

	b->tool = running_bench_at_once;
	running_bench_open(b, "2025-11-25", "{}");
	for (size_t i = 0; i < 2; i++) {
		b->fail[calls[i]] = 1;
		assert_int_equal(
		    running_bench_call(b, "detached", ""), RC_BUSY);
		assert_int_equal(b->sink.status, 503);
		assert_int_equal(b->runs, 0);
	}
	assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
}

static void
a_response_is_offered_until_the_store_takes_it(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_speaking;
	running_bench_open(b, "2025-06-18", "{}");
	b->fail[STORE_CALL_FINISH] = 8;
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, COMMENT EVENT("1", RESULT));
	assert_in_range(b->clock.wall - b->began, 1900, 2300);
}

/* A disk that is full makes room when it is met, or a person does. */
static void
a_response_that_found_no_room_is_offered_again(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_at_once;
	running_bench_open(b, "2025-11-25", "{}");
	b->fail_rc = RC_FULL;
	b->fail[STORE_CALL_FINISH] = 40;
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, PRIMED EVENT("1", RESULT));
}

static void
a_response_that_no_store_takes_is_not_sent(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_speaking;
	running_bench_open(b, "2025-11-25", "{}");
	b->fail[STORE_CALL_FINISH] = 1000;
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, PRIMED COMMENT COMMENT);
	assert_in_range(b->clock.wall - b->began, 29000, 31000);
	b->accept = "application/json";
	assert_int_equal(
	    running_bench_send(b,
		"{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"tools/call\","
		"\"params\":{\"name\":\"detached\"}}"),
	    RC_BUSY);
	assert_int_equal(b->sink.status, 503);
	b->fail[STORE_CALL_FINISH] = 1;
	b->sid[0] = '\0';
	running_bench_stateless(b);
	assert_int_equal(running_bench_call(b, "detached", MODERN "}"), RC_OK);
	running_bench_expect(b, 200, MODERN_RESULT);
	assert_int_equal(running_bench_row(b, 3).state, CALL_ENDED);
}

static void
lost_progress_is_no_trouble(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_speaking;
	running_bench_open(b, "2025-11-25", "{}");
	b->fail[STORE_EVENT_APPEND] = 1;
	b->fail[STORE_CALL_LOOK] = 1;
	assert_int_equal(running_bench_call(b, "detached", TOKEN), RC_OK);
	running_bench_expect(b, 200, PRIMED EVENT("1", RESULT));
}

static enum tool_done
chattering(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	for (int i = 0; i < 1000; i++)
		call->env->log(call, 7, SLICE_NONE, SLICE("0"));
	/* Room may have come meanwhile. */
	(void)call->env->wait(call, 2000);
	call->env->log(call, 7, SLICE_NONE, SLICE("1"));
	return running_bench_done(call);
}

static void
a_log_that_is_full_is_not_asked_again_at_once(void **state)
{
	struct running_bench *b = *state;

	b->tool = chattering;
	b->here.rules.stream.events = 10;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_non_null(strstr(running_bench_log(b, 1), RESULT "\n"));
	assert_int_equal(b->store.calls[STORE_EVENT_APPEND], 12);
}

static void
what_a_tool_says_does_not_wait_for_a_busy_store(void **state)
{
	static const enum rc failures[] = { RC_BUSY, RC_IO };
	struct running_bench *b = *state;

	b->tool = chattering;
	running_bench_open(b, "2025-11-25", "{}");
	for (size_t i = 0; i < 2; i++) {
		size_t before = b->store.calls[STORE_EVENT_APPEND];

		b->fail_rc = failures[i];
		b->fail[STORE_EVENT_APPEND] = 1;
		assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
		assert_non_null(strstr(b->sink.body.ptr, "\"data\":1}"));
		assert_null(strstr(b->sink.body.ptr, "\"data\":0}"));
		assert_int_equal(
		    b->store.calls[STORE_EVENT_APPEND] - before, 2);
	}
}

/* Its process lives, so under its name nobody would look for it. */
static void
a_call_that_cannot_be_ended_is_left_to_the_housekeeper(void **state)
{
	static const struct {
		enum store_call fails;
		enum rc rc;
		const char *tool;
		const char *revision;
	} table[] = {
		{ STORE_CALL_FINISH, RC_BUSY, "detached", "2025-11-25" },
		{ STORE_CALL_FINISH, RC_BUSY, "detached", "2026-07-28" },
		{ STORE_CALL_FINISH, RC_BUG, "detached", "2025-11-25" },
		{ STORE_CALL_OPEN, RC_IO, "detached", "2025-11-25" },
		{ STORE_CALL_OPEN, RC_IO, "inline", "2025-11-25" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct running_bench *b = running_bench_new();
		struct fake_crew crew;
		bool is_modern = table[i].revision[3] == '6';

		fake_crew_init(&crew);
		b->here.crew = &crew.base;
		b->tool = running_bench_speaking;
		if (is_modern)
			running_bench_stateless(b);
		else
			running_bench_open(b, table[i].revision, "{}");
		b->fail[table[i].fails] = 1000;
		b->fail_rc = table[i].rc;
		(void)running_bench_call(
		    b, table[i].tool, is_modern ? MODERN "}" : TOKEN);
		assert_true(sink_mem_is_reply(&b->sink));
		assert_int_equal(crew.forsaken, 1);
		assert_int_equal(crew.ended, crew.begun);
		b->fail[table[i].fails] = 0;
		(void)running_bench_call(
		    b, "detached", is_modern ? MODERN "}" : "");
		assert_int_equal(crew.forsaken, 1);
		running_bench_free(b);
	}
}

static void
a_call_that_cannot_be_withdrawn_is_left_to_the_housekeeper(void **state)
{
	struct running_bench *b = *state;
	struct fake_crew crew;

	fake_crew_init(&crew);
	b->here.crew = &crew.base;
	b->tool = running_bench_at_once;
	running_bench_open(b, "2025-11-25", "{}");
	b->fail[STORE_STREAM_READ] = 1;
	b->fail[STORE_CALL_FINISH] = 1;
	assert_int_equal(running_bench_call(b, "detached", ""), RC_BUSY);
	assert_int_equal(b->sink.status, 503);
	assert_int_equal(crew.forsaken, 1);
}

/* Does what it is told, and does not say so. */
static int lies;

static enum rc
append_and_lie(struct store *store, const struct op *op,
    const struct event_append *event, const struct stream_caps *caps,
    struct appended *out)
{
	const struct running_bench *b = running_bench_of(store);
	enum rc rc = b->honest->event_append(store, op, event, caps, out);

	return rc == RC_OK && lies > 0 ? RC_IO : rc;
}

static enum rc
finish_and_lie(struct store *store, const struct op *op,
    const struct call_finish *finish, struct appended *out)
{
	const struct running_bench *b = running_bench_of(store);
	enum rc rc = b->honest->call_finish(store, op, finish, out);

	return rc == RC_OK && lies-- > 0 ? RC_IO : rc;
}

/* As store.h has it. */
static enum rc /* NOLINTNEXTLINE(readability-function-size) */
put_and_lie(struct store *store, const struct op *op,
    const struct question_row *q, size_t n, int64_t epoch,
    const struct call_limits *limits, struct appended *out)
{
	const struct running_bench *b = running_bench_of(store);
	enum rc rc =
	    b->honest->question_put(store, op, q, n, epoch, limits, out);

	return rc == RC_OK && lies-- > 0 ? RC_IO : rc;
}

static enum tool_done
asking(struct running_bench *b, struct tool_call *call)
{
	struct tool_question q = { .key = SLICE("r"),
		.method = SLICE("roots/list") };

	b->asked = tool_ask(call, &q, 1);
	return running_bench_done(call);
}

static void
answer_if_asked(struct running_bench *b)
{
	if (strstr(b->sink.body.ptr, "roots/list") != NULL) {
		assert_int_equal(running_bench_post(b,
				     "{\"jsonrpc\":\"2.0\",\"id\":\"1.1.1\","
				     "\"result\":{\"roots\":[]}}"),
		    202);
	}
}

static void
a_question_that_was_put_unheard_is_sent(void **state)
{
	struct running_bench *b = *state;

	b->tool = asking;
	b->here.rules.question_ms = 5000;
	running_bench_open(b, "2025-11-25", "{\"roots\":{}}");
	b->ops.question_put = put_and_lie;
	lies = 1;
	running_bench_at(b, 2000, answer_if_asked);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_int_equal(b->asked, ASK_ANSWERED);
}

static void
what_was_committed_unheard_is_written_all_the_same(void **state)
{
	struct running_bench *b = *state;

	b->tool = running_bench_speaking;
	running_bench_open(b, "2025-11-25", "{}");
	b->ops.event_append = append_and_lie;
	b->ops.call_finish = finish_and_lie;
	lies = 1;
	assert_int_equal(running_bench_call(b, "detached", TOKEN), RC_OK);
	running_bench_expect(
	    b, 200, PRIMED EVENT("1", PROGRESS("1")) EVENT("2", RESULT));
}

static enum tool_done
huge(struct running_bench *b, struct tool_call *call)
{
	char *text = arena_bytes(call->arena, 100000);

	(void)b;
	memset(text, 'x', 100000);
	return tool_add_text(call, (struct slice){ text, 100000 }) == RC_OK
	    ? TOOL_DONE
	    : TOOL_FAILED;
}

static void
an_answer_that_is_too_large_is_an_error_in_the_log_too(void **state)
{
	struct running_bench *b = *state;

	b->tool = huge;
	b->here.body.max = 10000;
	running_bench_open(b, "2025-11-25", "{}");
	(void)running_bench_call(b, "detached", "");
	running_bench_expect(b, 200,
	    PRIMED EVENT("1",
		ERROR(
		    "-32603", "The answer is larger than this server allows")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING_TEST(what_cannot_be_opened_is_not_run),
		RUNNING_TEST(a_response_is_offered_until_the_store_takes_it),
		RUNNING_TEST(a_response_that_found_no_room_is_offered_again),
		RUNNING_TEST(a_response_that_no_store_takes_is_not_sent),
		cmocka_unit_test(
		    a_call_that_cannot_be_ended_is_left_to_the_housekeeper),
		RUNNING_TEST(
		    a_call_that_cannot_be_withdrawn_is_left_to_the_housekeeper),
		RUNNING_TEST(a_log_that_is_full_is_not_asked_again_at_once),
		RUNNING_TEST(what_a_tool_says_does_not_wait_for_a_busy_store),
		RUNNING_TEST(a_question_that_was_put_unheard_is_sent),
		RUNNING_TEST(lost_progress_is_no_trouble),
		RUNNING_TEST(
		    what_was_committed_unheard_is_written_all_the_same),
		RUNNING_TEST(
		    an_answer_that_is_too_large_is_an_error_in_the_log_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
