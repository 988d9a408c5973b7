/* What calls may ask, what is taken for an answer, and who is sent
 * elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "running_bench.h"
#include "running_words.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define FORM                                                                   \
	"{\"message\":\"m\",\"requestedSchema\":{\"type\":\"object\","         \
	"\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":1},"          \
	"\"b\":{\"type\":\"string\",\"default\":\"x\"}},\"required\":["        \
	"\"a\"]}}"
#define GO "{\"mode\":\"url\",\"message\":\"m\",\"url\":\"https://a/\"}"

static struct tool_question
elicit(const char *key, const char *params)
{
	return (struct tool_question){ .key = slice_of(key),
		.method = SLICE("elicitation/create"),
		.params = slice_of(params) };
}

static enum tool_done
answered(struct running_bench *b, struct tool_call *call,
    const struct tool_question *q)
{
	if (b->asked == ASK_PENDING)
		return TOOL_AGAIN;
	if (b->asked != ASK_ANSWERED)
		return running_bench_done(call);
	return tool_add_text(call, q->answer) == RC_OK ? TOOL_DONE
						       : TOOL_FAILED;
}

static enum tool_done
asking_form(struct running_bench *b, struct tool_call *call)
{
	struct tool_question q = elicit("k", FORM);

	b->asked = tool_ask(call, &q, 1);
	return answered(b, call, &q);
}

/* ---------------------------------------------------------------- answers */

static const char *sent; /* by the client */

static void
send_answer(struct running_bench *b)
{
	struct buf body = BUF_INIT(10000);

	buf_printf(&body,
	    "{\"jsonrpc\":\"2.0\",\"id\":\"1.1.1\",\"result\":%s}", sent);
	assert_int_equal(running_bench_post(b, body.ptr), 202);
	buf_release(&body);
}

static void
who_waits_hears_of_answers_only(void **state)
{
	static const struct {
		const char *answer;
		const char *told; /* in its result; NULL: declined */
	} table[] = {
		{ "{\"action\":\"accept\",\"content\":{\"a\":1}}",
		    "{\\\"a\\\":1,\\\"b\\\":\\\"x\\\"}" },
		{ "{\"action\":\"accept\",\"content\":{\"a\":1,\"b\":\"\"}}",
		    "{\\\"a\\\":1,\\\"b\\\":\\\"\\\"}" },
		{ "{\"action\":\"cancel\",\"content\":{\"a\":\"secret\"}}",
		    "{\\\"action\\\":\\\"cancel\\\"}" },
		{ "{\"action\":\"accept\",\"content\":{\"a\":0}}", NULL },
		{ "{\"action\":\"accept\",\"content\":{\"b\":\"y\"}}", NULL },
		{ "{\"action\":\"accept\"}", NULL },
		{ "{\"action\":\"accept\",\"content\":[1]}", NULL },
		{ "{\"roots\":[]}", NULL },
		{ "{}", NULL },
	};
	static const char *const revisions[] = { "2025-06-18", "2025-11-25" };

	(void)state;
	for (size_t i = 0; i < COUNT(table) * 2; i++) {
		struct running_bench *b = running_bench_new();
		const char *told = table[i / 2].told;

		sent = table[i / 2].answer;
		b->tool = asking_form;
		running_bench_open(b, revisions[i % 2], "{\"elicitation\":{}}");
		running_bench_at(b, 1000, send_answer);
		assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
		assert_int_equal(
		    b->asked, told == NULL ? ASK_DECLINED : ASK_ANSWERED);
		assert_true(b->clock.wall - b->began <= 1200);
		if (told != NULL)
			assert_non_null(strstr(b->sink.body.ptr, told));
		log_flush(&b->log);
		assert_true((told == NULL) ==
		    (strstr(b->said.ptr, "no_answer=") != NULL));
		assert_null(strstr(b->said.ptr, "secret"));
		running_bench_free(b);
	}
}

/* --------------------------------------------------------------- mistakes */

static enum tool_done
asking_wrongly(struct running_bench *b, struct tool_call *call)
{
	static struct tool_question many[65];
	struct tool_question q =
	    elicit("k\n", "{\"message\":\"m\",\"requestedSchema\":{}}");

	b->asked = tool_ask(call, &q, 1);
	assert_int_equal(b->asked, ASK_UNSUPPORTED);
	assert_int_equal(tool_ask(call, &q, 1), ASK_UNSUPPORTED);
	assert_int_equal(tool_ask(call, &q, 0), ASK_UNSUPPORTED);
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = elicit("k", FORM);
	assert_int_equal(tool_ask(call, many, COUNT(many)), ASK_UNSUPPORTED);
	return running_bench_done(call);
}

static void
a_question_that_is_none_is_one_line_in_the_log(void **state)
{
	static const char *const revisions[] = { "2024-11-05", "2025-11-25" };
	static const char line[] =
	    "tool tool=\"detached\" question=\"k\\x0a\" not_asked="
	    "\"requestedSchema: type is missing\"";

	(void)state;
	for (size_t i = 0; i < COUNT(revisions); i++) {
		struct running_bench *b = running_bench_new();
		const char *at;

		b->tool = asking_wrongly;
		running_bench_open(b, revisions[i], "{}");
		assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
		log_flush(&b->log);
		at = strstr(b->said.ptr, line);
		assert_non_null(at);
		assert_null(strstr(at + strlen(line), "not_asked"));
		running_bench_free(b);
	}
}

/* -------------------------------------------------------------- elsewhere */

static enum tool_done
sending(struct running_bench *b, struct tool_call *call)
{
	struct tool_question q[2] = { elicit("a", GO), elicit("b", GO) };

	b->asked = tool_ask(call, q, 2);
	return answered(b, call, q);
}

static enum tool_done
sending_and_asking(struct running_bench *b, struct tool_call *call)
{
	struct tool_question q[2] = { elicit("a", GO), elicit("b", FORM) };

	b->asked = tool_ask(call, q, 2);
	return answered(b, call, q);
}

#define BOTH "{\"elicitation\":{\"form\":{},\"url\":{}}}"

static void
who_cannot_be_asked_may_be_sent_elsewhere(void **state)
{
	static const struct {
		const char *revision;
		const char *caps;
		const char *accept;
		bool json_only;
		bool is_mixed;
		bool is_sent;
	} table[] = {
		{ "2025-11-25", BOTH, "application/json", false, false, true },
		{ "2025-11-25", BOTH, NULL, false, false, true },
		{ "2025-11-25", "{\"elicitation\":{\"url\":{}}}",
		    "application/json, text/event-stream", true, false, true },
		{ "2025-11-25", BOTH, "application/json", false, true, false },
		{ "2025-11-25", "{\"elicitation\":{}}", "application/json",
		    false, false, false },
		{ "2025-06-18", BOTH, "application/json", false, false, false },
	};
	static const char *const tools[] = { "detached", "inline" };

	(void)state;
	for (size_t i = 0; i < COUNT(table) * 2; i++) {
		struct running_bench *b = running_bench_new();
		const char *body;

		b->tool = table[i / 2].is_mixed ? sending_and_asking : sending;
		b->accept = table[i / 2].accept;
		b->here.rules.json_only = table[i / 2].json_only;
		running_bench_open(b, table[i / 2].revision, table[i / 2].caps);
		assert_int_equal(
		    running_bench_call(b, tools[i % 2], ""), RC_OK);
		body = b->sink.body.ptr;
		if (table[i / 2].is_sent) {
			assert_int_equal(b->asked, ASK_PENDING);
			assert_non_null(strstr(
			    body, "\"error\":{\"code\":-32042,\"message\":\""));
			assert_non_null(strstr(body,
			    "\"data\":{\"elicitations\":[{\"mode\":\"url\","
			    "\"message\":\"m\",\"url\":\"https://a/\","
			    "\"elicitationId\":\""));
		} else {
			assert_int_equal(b->asked, ASK_UNSUPPORTED);
			assert_null(strstr(body, "\"error\""));
		}
		assert_int_equal(
		    sink_mem_header(&b->sink, "Content-Type").len, 16);
		running_bench_free(b);
	}
}

/* The value of a member of the body, somewhere. */
static void
keep_id(const struct running_bench *b, char id[64])
{
	const char *at = strstr(b->sink.body.ptr, "\"elicitationId\":\"");
	size_t n;

	assert_non_null(at);
	at += strlen("\"elicitationId\":\"");
	n = strcspn(at, "\"");
	assert_in_range(n, 1, 63);
	memcpy(id, at, n);
	id[n] = '\0';
}

static void
who_comes_back_is_sent_to_the_same(void **state)
{
	struct running_bench *b = *state;
	char first[64], again[64], other[64], elsewhere[64];

	b->tool = sending;
	b->accept = "application/json";
	running_bench_open(b, "2025-11-25", BOTH);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	keep_id(b, first);
	assert_int_equal(running_bench_call(
			     b, "detached", ",\"_meta\":{\"progressToken\":9}"),
	    RC_OK);
	keep_id(b, again);
	assert_string_equal(first, again);
	assert_int_equal(
	    running_bench_call(b, "detached", ",\"arguments\":{\"x\":1}"),
	    RC_OK);
	keep_id(b, other);
	assert_string_not_equal(first, other);
	b->sid[0] = '\0';
	b->revision[0] = '\0';
	running_bench_open(b, "2025-11-25", BOTH);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	keep_id(b, elsewhere);
	assert_string_not_equal(first, elsewhere);
}

/* ------------------------------------------------------------ 2026-07-28 */

static enum tool_done
asking_too_much(struct running_bench *b, struct tool_call *call)
{
	char key[8] = "k00";

	for (int i = 0; i < 64; i++) {
		struct tool_question q = elicit(key, FORM);

		key[1] = (char)('0' + i / 10);
		key[2] = (char)('0' + i % 10);
		assert_int_equal(tool_ask(call, &q, 1), ASK_PENDING);
	}
	memcpy(key, "one", 4);
	sending(b, call);
	return TOOL_AGAIN;
}

static void
only_so_much_is_open_at_once(void **state)
{
	struct running_bench *b = *state;

	b->tool = asking_too_much;
	running_bench_stateless(b);
	assert_int_equal(
	    running_bench_call(b, "inline",
		",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":"
		"\"2026-07-28\",\"io.modelcontextprotocol/"
		"clientCapabilities\":" BOTH "}"),
	    RC_OK);
	assert_int_equal(b->asked, ASK_UNSUPPORTED);
	assert_non_null(strstr(b->sink.body.ptr, "\"k63\":{"));
	assert_null(strstr(b->sink.body.ptr, "https://a/"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_hears_of_answers_only),
		cmocka_unit_test(
		    a_question_that_is_none_is_one_line_in_the_log),
		cmocka_unit_test(who_cannot_be_asked_may_be_sent_elsewhere),
		RUNNING_TEST(who_comes_back_is_sent_to_the_same),
		RUNNING_TEST(only_so_much_is_open_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
