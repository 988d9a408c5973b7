/* Questions that calls ask their clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "running_bench.h"
#include "running_words.h"

#define FORM                                                                   \
	"\"params\":{\"message\":\"m\",\"requestedSchema\":{\"type\":"         \
	"\"object\",\"properties\":{}}}"
#define ASKED(n)                                                               \
	"{\"jsonrpc\":\"2.0\",\"id\":\"1.1." n                                 \
	"\",\"method\":\"elicitation/create\"," FORM "}"
#define ROOTS(n)                                                               \
	"{\"jsonrpc\":\"2.0\",\"id\":\"1.1." n                                 \
	"\",\"method\":\"roots/list\",\"params\":{}}"
#define WITHDRAWN(n)                                                           \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","         \
	"\"params\":{\"requestId\":\"1.1." n "\"}}"
#define ANSWER(id, rest) "{\"jsonrpc\":\"2.0\",\"id\":" id "," rest "}"
#define SAYS(text)                                                             \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[{\"type\":"    \
	"\"text\",\"text\":\"" text "\"}]}}"

static const char *const said[] = { "answered", "pending", "unsupported",
	"declined", "timeout", "waiting" };

/* Says how it went, and the answers. */
static enum tool_done
report(struct running_bench *b, struct tool_call *call,
    const struct tool_question *q, size_t n)
{
	struct buf text = BUF_INIT(1000);
	enum rc rc;

	buf_put_slice(&text, slice_of(said[b->asked]));
	for (size_t i = 0; b->asked == ASK_ANSWERED && i < n; i++) {
		buf_put_char(&text, ' ');
		buf_put_slice(&text, q[i].answer);
	}
	rc = tool_add_text(call, buf_slice(&text));
	buf_release(&text);
	return rc == RC_OK ? TOOL_DONE : TOOL_FAILED;
}

static struct tool_question
form(void)
{
	return (struct tool_question){ .key = SLICE("k"),
		.method = SLICE("elicitation/create"),
		.params = SLICE("{\"mode\": \"form\", \"message\":\"m\",\n"
				"\"requestedSchema\":{\"type\":\"object\","
				"\"properties\":{}}}") };
}

static enum tool_done
asking(struct running_bench *b, struct tool_call *call)
{
	struct tool_question q = form();

	b->asked = tool_ask(call, &q, 1);
	return b->asked == ASK_PENDING ? TOOL_AGAIN : report(b, call, &q, 1);
}

static enum tool_done
asking_two(struct running_bench *b, struct tool_call *call)
{
	struct tool_question q[2] = { form(),
		{ .key = SLICE("r"), .method = SLICE("roots/list") } };

	b->asked = tool_ask(call, q, 2);
	return report(b, call, q, 2);
}

static void
accept_1(struct running_bench *b)
{
	assert_true(running_bench_row(b, 1).is_waiting);
	assert_int_equal(running_bench_post(b,
			     ANSWER("\"1.1.1\"",
				 "\"result\":{ \"action\": \"accept\",\n"
				 "\"content\":{}}")),
	    202);
	assert_false(running_bench_row(b, 1).is_waiting);
}

#define ACCEPTED "answered {\\\"action\\\":\\\"accept\\\",\\\"content\\\":{}}"

static void
an_answer_posted_to_any_host_reaches_the_tool(void **state)
{
	static const struct {
		const char *revision;
		const char *begin;
	} table[] = {
		{ "2025-06-18", COMMENT },
		{ "2025-11-25", PRIMED },
	};
	static const char *const tools[] = { "detached", "inline" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct buf want = BUF_INIT(10000);
		struct running_bench *b = running_bench_new();
		bool has_mode = i / 2 == 1;

		b->tool = asking;
		running_bench_open(
		    b, table[i / 2].revision, "{\"elicitation\":{}}");
		running_bench_at(b, 5000, accept_1);
		assert_int_equal(
		    running_bench_call(b, tools[i % 2], ""), RC_OK);
		buf_printf(&want, "%s" EVENT("1", "%s") EVENT("2", "%s"),
		    table[i / 2].begin,
		    has_mode
			? "{\"jsonrpc\":\"2.0\",\"id\":\"1.1.1\",\"method\":"
			  "\"elicitation/create\",\"params\":{\"mode\":"
			  "\"form\",\"message\":\"m\",\"requestedSchema\":{"
			  "\"type\":\"object\",\"properties\":{}}}}"
			: ASKED("1"),
		    SAYS(ACCEPTED));
		running_bench_expect(b, 200, want.ptr);
		assert_true(b->clock.wall - b->began <= 5200);
		buf_release(&want);
		running_bench_free(b);
	}
}

static enum tool_done
slow_asking(struct running_bench *b, struct tool_call *call)
{
	int64_t before = call->deadline_mono;
	enum tool_done done = asking(b, call);

	b->number = call->deadline_mono - before;
	return done;
}

static void
time_that_passes_for_an_answer_is_not_the_tools(void **state)
{
	struct running_bench *b = *state;

	b->tool = slow_asking;
	running_bench_open(b, "2025-11-25", "{\"elicitation\":{}}");
	running_bench_at(b, 5000, accept_1);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_in_range(b->number, 4900, 5200);
}

static void
answer_roots(struct running_bench *b)
{
	assert_int_equal(
	    running_bench_post(
		b, ANSWER("\"1.1.\\u0032\"", "\"result\":{\"roots\":[]}")),
	    202);
	/* The first one wins. */
	assert_int_equal(
	    running_bench_post(b, ANSWER("\"1.1.2\"", "\"result\":{\"x\":1}")),
	    202);
}

static void
all_questions_of_a_round_must_be_answered(void **state)
{
	struct running_bench *b = *state;

	b->tool = asking_two;
	running_bench_open(
	    b, "2025-06-18", "{\"elicitation\":{},\"roots\":{}}");
	running_bench_at(b, 1000, answer_roots);
	running_bench_at(b, 2000, accept_1);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200,
	    COMMENT EVENT("1", ASKED("1")) EVENT("2", ROOTS("2"))
		EVENT("3", SAYS(ACCEPTED " {\\\"roots\\\":[]}")));
}

static void
decline(struct running_bench *b)
{
	assert_int_equal(running_bench_post(b,
			     ANSWER("\"1.1.1\"",
				 "\"error\":{\"code\":-1,\"message\":\"no\"}")),
	    202);
}

static void
an_error_declines_and_takes_the_others_back(void **state)
{
	struct running_bench *b = *state;

	b->tool = asking_two;
	running_bench_open(
	    b, "2025-06-18", "{\"elicitation\":{},\"roots\":{}}");
	running_bench_at(b, 1000, decline);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200,
	    COMMENT EVENT("1", ASKED("1")) EVENT("2", ROOTS("2"))
		EVENT("3", WITHDRAWN("2")) EVENT("4", SAYS("declined")));
}

static void
answer_nonsense(struct running_bench *b)
{
	static const char *const bodies[] = {
		ANSWER("\"1.1.9\"", "\"result\":{}"),
		ANSWER("1", "\"result\":{}"),
		("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":1,\"message\":"
		 "\"\"}}"),
	};

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(running_bench_post(b, bodies[i]), 202);
	assert_true(running_bench_row(b, 1).is_waiting);
	assert_int_equal(
	    running_bench_post(b, ANSWER("\"1.1.1\"", "\"result\":{\"x\":1}")),
	    202);
}

static void
only_an_answer_that_looks_like_one_counts(void **state)
{
	struct running_bench *b = *state;

	b->tool = asking;
	running_bench_open(b, "2025-06-18", "{\"elicitation\":{}}");
	running_bench_at(b, 1000, answer_nonsense);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_int_equal(b->asked, ASK_DECLINED);
	assert_true(b->clock.wall - b->began <= 1200);
}

static void
a_question_that_nobody_answers_is_taken_back(void **state)
{
	struct running_bench *b = *state;

	b->tool = asking;
	b->here.rules.question_ms = 10000;
	running_bench_open(b, "2025-06-18", "{\"elicitation\":{}}");
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200,
	    COMMENT EVENT("1", ASKED("1")) EVENT("2", WITHDRAWN("1"))
		EVENT("3", SAYS("timeout")));
	assert_in_range(b->clock.wall - b->began, 10000, 10200);
	/* Too late. */
	assert_int_equal(
	    running_bench_post(
		b, ANSWER("\"1.1.1\"", "\"result\":{\"action\":\"accept\"}")),
	    202);
}

static void
a_call_that_waits_for_an_answer_is_cancelled(void **state)
{
	struct running_bench *b = *state;

	b->tool = asking;
	running_bench_open(b, "2025-06-18", "{\"elicitation\":{}}");
	running_bench_at(b, 1000, running_bench_cancel);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_int_equal(b->asked, ASK_TIMEOUT);
	running_bench_expect(b, 200, COMMENT EVENT("1", ASKED("1")));
}

static void
what_a_client_cannot_be_asked_is_not_asked(void **state)
{
	static const struct {
		const char *revision;
		const char *caps;
		const char *accept;
	} table[] = {
		{ "2025-11-25", "{}", "application/json, text/event-stream" },
		{ "2025-11-25", "{\"elicitation\":{\"url\":{}}}",
		    "application/json, text/event-stream" },
		/* It knows no such question. */
		{ "2025-03-26", "{\"elicitation\":{}}",
		    "application/json, text/event-stream" },
		/* It would not see it. */
		{ "2025-11-25", "{\"elicitation\":{}}", "application/json" },
	};
	struct running_bench *b = *state;

	b->tool = asking;
	for (size_t i = 0; i < 4; i++) {
		b->sid[0] = '\0';
		b->revision[0] = '\0';
		b->accept = table[i].accept;
		running_bench_open(b, table[i].revision, table[i].caps);
		assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
		assert_int_equal(b->asked, ASK_UNSUPPORTED);
		assert_int_equal(running_bench_call(b, "inline", ""), RC_OK);
		assert_int_equal(b->asked, ASK_UNSUPPORTED);
	}
}

static void
nobody_is_asked_in_a_batch_or_without_a_session(void **state)
{
	struct running_bench *b = *state;

	b->tool = asking_two;
	running_bench_open(
	    b, "2025-03-26", "{\"elicitation\":{},\"roots\":{}}");
	assert_int_equal(
	    running_bench_send(b,
		"[{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\","
		"\"params\":{\"name\":\"detached\"}}]"),
	    RC_OK);
	running_bench_expect(b, 200, "[" SAYS("unsupported") "]");
	b->sid[0] = '\0';
	b->here.rules.sessions = SESSIONS_OPTIONAL;
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	running_bench_expect(b, 200, SAYS("unsupported"));
}

static void
a_stateless_client_is_asked_in_the_result(void **state)
{
	static const char *const tools[] = { "detached", "inline" };
	struct running_bench *b = *state;

	b->tool = asking;
	running_bench_stateless(b);
	for (size_t i = 0; i < 2; i++) {
		const char *body;

		assert_int_equal(
		    running_bench_call(b, tools[i],
			",\"_meta\":{\"io.modelcontextprotocol/"
			"protocolVersion\":\"2026-07-28\","
			"\"io.modelcontextprotocol/clientCapabilities\":{"
			"\"elicitation\":{}}}"),
		    RC_OK);
		assert_int_equal(b->asked, ASK_PENDING);
		body = b->sink.body.ptr;
		assert_non_null(
		    strstr(body, "\"resultType\":\"input_required\""));
		assert_non_null(strstr(body, "\"requestState\":\""));
	}
	assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
}

/* The state is sealed with a key that is minted with from now on. */
static void
a_tool_that_runs_once_uses_its_state_up(void **state)
{
	struct running_bench *b = *state;
	struct slice body, sealed;
	struct buf more = BUF_INIT(1900);
	const char *at;

	b->tool = asking;
	running_bench_stateless(b);
	assert_int_equal(
	    running_bench_call(b, "once",
		",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"
		"\"2026-07-28\",\"io.modelcontextprotocol/"
		"clientCapabilities\":{\"elicitation\":{}}}"),
	    RC_OK);
	body = buf_slice(&b->sink.body);
	at = strstr(body.ptr, "\"requestState\":\"");
	assert_non_null(at);
	sealed = slice_of(at + strlen("\"requestState\":\""));
	sealed.len = strcspn(sealed.ptr, "\"");
	buf_printf(&more,
	    ",\"requestState\":\"%.*s\",\"inputResponses\":{\"k\":{"
	    "\"action\":\"accept\",\"content\":{}}},"
	    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"
	    "\"2026-07-28\",\"io.modelcontextprotocol/"
	    "clientCapabilities\":{\"elicitation\":{}}}",
	    SLICE_FMT(sealed));
	assert_int_equal(running_bench_call(b, "once", more.ptr), RC_OK);
	assert_non_null(strstr(b->sink.body.ptr, "answered"));
	assert_int_equal(b->asked, ASK_ANSWERED);
	assert_int_equal(running_bench_call(b, "once", more.ptr), RC_OK);
	assert_int_equal(b->asked, ASK_TIMEOUT);
	assert_non_null(strstr(b->sink.body.ptr, "was used before"));
	assert_null(strstr(b->sink.body.ptr, "\"result\""));
	buf_release(&more);
}

/* The same length, so that one goes where the other was. */
#define MUCH_META                                                              \
	"{                                      \"messages\":"                 \
	"[],\"maxTokens\":1,\"_meta\":{\"x\":[0"
#define MUCH_FORM                                                              \
	"{\"message\":\"m\",\"requestedSchema\":{\"type\":\"object\","         \
	"\"properties\":{}},\"_meta\":{\"x\":[0"

/* Asks again and again what nobody answers, and then what somebody does. */
static enum tool_done
asking_much(struct running_bench *b, struct tool_call *call)
{
	static char params[100000];
	struct tool_question q = form();
	struct tool_question other = { .key = SLICE("o"),
		.method = SLICE("sampling/createMessage"),
		.params = { params, sizeof(params) } };
	size_t before = call->arena->used;

	_Static_assert(sizeof(MUCH_META) == sizeof(MUCH_FORM), "one length");
	memset(params, ' ', sizeof(params));
	memcpy(params, MUCH_META, sizeof(MUCH_META) - 1);
	for (size_t i = sizeof(MUCH_META) - 1; i < sizeof(params) - 10; i += 2)
		memcpy(params + i, ",0", 2);
	memcpy(params + sizeof(params) - 3, "]}}", 3);
	for (int i = 0; i < 20; i++)
		assert_int_equal(tool_ask(call, &other, 1), ASK_UNSUPPORTED);
	assert_int_equal(call->arena->used, before);
	memcpy(params, MUCH_FORM, sizeof(MUCH_FORM) - 1);
	q.params = other.params;
	b->asked = tool_ask(call, &q, 1);
	assert_int_equal(b->asked, ASK_ANSWERED);
	assert_true(call->arena->used - before < 1000);
	return report(b, call, &q, 1);
}

static void
only_answers_stay_in_memory(void **state)
{
	struct running_bench *b = *state;

	b->tool = asking_much;
	running_bench_open(b, "2025-06-18", "{\"elicitation\":{}}");
	running_bench_at(b, 1000, accept_1);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_int_equal(b->asked, ASK_ANSWERED);
}

static int64_t leeway; /* least time that a store call of the once had */

static enum rc
use_in_time(struct store *store, const struct op *op,
    const unsigned char nonce[DIGEST_BYTES], int64_t end)
{
	const struct running_bench *b = running_bench_of(store);

	leeway = op->give_up_mono - b->clock.mono / 1000;
	assert_int_equal(op->now_ms, b->clock.wall);
	assert_true(end > b->clock.wall + b->here.rules.input_ms - 1);
	return b->honest->nonce_use(store, op, nonce, end);
}

static enum tool_done
asking_late(struct running_bench *b, struct tool_call *call)
{
	(void)call->env->wait(call, 60000);
	return asking(b, call);
}

#define MAY_ASK                                                                \
	",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"             \
	"\"2026-07-28\",\"io.modelcontextprotocol/"                            \
	"clientCapabilities\":{\"elicitation\":{}}}"

/* It is asked and answered long after the request came. */
static void
a_tool_that_takes_its_time_may_still_ask(void **state)
{
	struct running_bench *b = *state;
	struct buf more = BUF_INIT(1900);
	struct slice sealed;

	b->ops.nonce_use = use_in_time;
	b->tool = asking_late;
	b->here.rules.input_ms = 30000;
	running_bench_stateless(b);
	assert_int_equal(running_bench_call(b, "once", MAY_ASK), RC_OK);
	sealed = slice_of(strstr(b->sink.body.ptr, "\"requestState\":\"") +
	    strlen("\"requestState\":\""));
	sealed.len = strcspn(sealed.ptr, "\"");
	buf_printf(&more,
	    ",\"requestState\":\"%.*s\",\"inputResponses\":{\"k\":{"
	    "\"action\":\"accept\",\"content\":{}}}" MAY_ASK,
	    SLICE_FMT(sealed));
	assert_int_equal(running_bench_call(b, "once", more.ptr), RC_OK);
	assert_int_equal(b->asked, ASK_ANSWERED);
	assert_true(leeway > 0);
	buf_release(&more);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_posted_to_any_host_reaches_the_tool),
		RUNNING_TEST(time_that_passes_for_an_answer_is_not_the_tools),
		RUNNING_TEST(all_questions_of_a_round_must_be_answered),
		RUNNING_TEST(an_error_declines_and_takes_the_others_back),
		RUNNING_TEST(only_an_answer_that_looks_like_one_counts),
		RUNNING_TEST(a_question_that_nobody_answers_is_taken_back),
		RUNNING_TEST(a_call_that_waits_for_an_answer_is_cancelled),
		RUNNING_TEST(what_a_client_cannot_be_asked_is_not_asked),
		RUNNING_TEST(nobody_is_asked_in_a_batch_or_without_a_session),
		RUNNING_TEST(a_stateless_client_is_asked_in_the_result),
		RUNNING_TEST(a_tool_that_runs_once_uses_its_state_up),
		RUNNING_TEST(only_answers_stay_in_memory),
		RUNNING_TEST(a_tool_that_takes_its_time_may_still_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
