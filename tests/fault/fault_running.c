/*
 * A call that speaks, asks and is answered, with every allocation and every
 * store call failing in turn.  Whatever fails: exactly one reply, one response
 * in the log at most, and nobody is sent a response that is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failalloc.h"
#include "running_bench.h"

#define CALL                                                                   \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":"  \
	"{\"name\":\"%s\",\"_meta\":{\"progressToken\":1}}}"

static enum tool_done
tool(struct running_bench *b, struct tool_call *call)
{
	struct tool_question q = { .key = SLICE("k"),
		.method = SLICE("roots/list") };

	call->env->progress(call, 1, 0, SLICE("m"));
	b->asked = tool_ask(call, &q, 1);
	call->env->log(call, 3, SLICE("l"), SLICE("1"));
	return running_bench_done(call);
}

/* By hand, since what is posted would fail in its turn. */
static void
answer(struct running_bench *b)
{
	const struct question_name name = { .session = 1,
		.rpc_id = SLICE("\"1.1.1\"") };
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);

	(void)store->ops->question_answer(
	    store, &op, &name, SLICE("{\"roots\":[]}"), false);
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		n++;
	}
	return n;
}

static void
look(struct running_bench *b, bool is_sent_in_full)
{
	const struct call_filter all = { 0 };
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct call_rows rows = { NULL, 0 };
	const char *body = b->sink.body.len == 0 ? "" : b->sink.body.ptr;
	size_t logged = 0;

	assert_int_equal(b->sink.heads, 1);
	assert_int_equal(b->sink.ends, 1);
	assert_false(b->sink.wrong);
	assert_int_equal(
	    store->ops->calls_list(store, &op, &all, &rows), RC_OK);
	assert_true(rows.n <= 1);
	if (rows.n == 1)
		logged = count(
		    running_bench_log(b, rows.row[0].stream), "\"id\":7,");
	assert_true(logged <= 1);
	/* One that got no stream after all was answered without. */
	if (strncmp(body, "id: ", 4) == 0 && is_sent_in_full)
		assert_true(count(body, "\"id\":7,") <= logged);
}

/* One call; true if something was refused. */
static bool
play(const char *name, long nth, enum rc rc)
{
	struct running_bench *b = running_bench_new();
	char body[200];
	bool refused;

	b->tool = tool;
	running_bench_open(b, "2025-11-25", "{\"roots\":{}}");
	running_bench_at(b, 500, answer);
	(void)snprintf(body, sizeof(body), CALL, name);
	b->here.rules.question_ms = 5000;
	if (rc == RC_NOMEM) {
		failalloc_arm(nth);
		(void)running_bench_send(b, body);
		refused = failalloc_disarm();
	} else {
		b->fail_nth = nth;
		b->fail_rc = rc;
		(void)running_bench_send(b, body);
		refused = b->fail_nth < 0;
		b->fail_nth = -1;
	}
	look(b, rc != RC_NOMEM);
	running_bench_free(b);
	return refused;
}

static void
whatever_fails_there_is_one_answer(void **state)
{
	static const enum rc failures[] = { RC_NOMEM, RC_BUSY, RC_IO, RC_FULL };
	static const char *const names[] = { "detached", "inline" };

	(void)state;
	for (size_t n = 0; n < 2; n++) {
		for (size_t i = 0; i < 4; i++) {
			long nth = 0;

			while (play(names[n], nth, failures[i]))
				nth++;
			print_message("%s: %ld\n", names[n], nth);
			assert_true(nth > 10);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_fails_there_is_one_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
