/* Clients that do not take what a call has to tell them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "running_bench.h"
#include "running_words.h"

/* Half of it before somebody may be stuck, half of it afterwards. */
static enum tool_done
talking(struct running_bench *b, struct tool_call *call)
{
	call->env->log(call, 1, SLICE_NONE, SLICE("1"));
	b->flag = call->env->wait(call, 1000);
	call->env->log(call, 1, SLICE_NONE, SLICE("2"));
	call->env->log(call, 1, SLICE_NONE, SLICE("3"));
	b->flag = b->flag || call->env->wait(call, 1000);
	return running_bench_done(call);
}

static enum tool_done
talking_for_long(struct running_bench *b, struct tool_call *call)
{
	enum tool_done done = talking(b, call);

	b->flag = b->flag || call->env->wait(call, 40000);
	return done;
}

static void
fill(struct running_bench *b)
{
	b->sink.is_full = true;
}

static void
empty(struct running_bench *b)
{
	b->sink.is_full = false;
}

#define SAID(n) LOG("info", "\"data\":" n)
#define ALL SAID("1") "\n" SAID("2") "\n" SAID("3") "\n"

static void
what_a_client_did_not_take_is_made_up_for(void **state)
{
	/* While the tool runs, and after it has ended. */
	static const int64_t times[] = { 1500, 2500 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct running_bench *b = running_bench_new();

		b->tool = talking;
		running_bench_open(b, "2025-11-25", "{}");
		running_bench_at(b, 500, fill);
		running_bench_at(b, times[i], empty);
		assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
		assert_false(b->flag);
		running_bench_expect(b, 200,
		    PRIMED EVENT("1", SAID("1")) EVENT("2", SAID("2"))
			EVENT("3", SAID("3")) EVENT("4", RESULT));
		running_bench_free(b);
	}
}

static void
a_call_whose_client_takes_nothing_goes_on(void **state)
{
	static const struct {
		const char *revision;
		const char *begin;
	} table[] = {
		{ "2025-06-18", COMMENT },
		{ "2025-11-25", PRIMED },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf want = BUF_INIT(1000);
		struct running_bench *b = running_bench_new();

		b->tool = i == 0 ? talking : talking_for_long;
		running_bench_open(b, table[i].revision, "{}");
		running_bench_at(b, 500, fill);
		assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
		assert_false(b->flag);
		/* The connection was cut, because it can be told nothing. */
		assert_int_equal(b->sink.ends, 0);
		assert_int_equal(b->sink.closes, 1);
		buf_printf(
		    &want, "%s" EVENT("1", "%s"), table[i].begin, SAID("1"));
		assert_string_equal(b->sink.body.ptr, want.ptr);
		assert_string_equal(running_bench_log(b, 1), ALL RESULT "\n");
		assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
		buf_release(&want);
		running_bench_free(b);
	}
}

static void
it_is_cancelled_like_any_other(void **state)
{
	struct running_bench *b = *state;

	b->tool = talking_for_long;
	running_bench_open(b, "2025-11-25", "{}");
	running_bench_at(b, 500, fill);
	running_bench_at(b, 3000, running_bench_cancel);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_true(b->flag);
	assert_true(b->clock.wall - b->began <= 3100);
	assert_int_equal(b->sink.ends, 0);
	assert_string_equal(running_bench_log(b, 1), ALL);
}

static void
a_stateless_one_misses_what_it_does_not_take(void **state)
{
	struct running_bench *b = *state;

	b->tool = talking;
	running_bench_stateless(b);
	running_bench_at(b, 500, fill);
	running_bench_at(b, 1500, empty);
	assert_int_equal(running_bench_call(b, "detached",
			     MODERN ",\"io.modelcontextprotocol/logLevel\":"
				    "\"info\"}"),
	    RC_OK);
	running_bench_expect(
	    b, 200, COMMENT BARE(SAID("1")) BARE(MODERN_RESULT));
}

static void
a_stateless_one_that_takes_nothing_has_left(void **state)
{
	struct running_bench *b = *state;

	b->tool = talking_for_long;
	running_bench_stateless(b);
	running_bench_at(b, 500, fill);
	assert_int_equal(running_bench_call(b, "detached",
			     MODERN ",\"io.modelcontextprotocol/logLevel\":"
				    "\"info\"}"),
	    RC_OK);
	assert_true(b->flag);
	assert_true(b->clock.wall - b->began <= 1000 + 30000 + 100);
	assert_int_equal(b->sink.ends, 0);
	assert_int_equal(running_bench_row(b, 1).state, CALL_ENDED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_client_did_not_take_is_made_up_for),
		cmocka_unit_test(a_call_whose_client_takes_nothing_goes_on),
		RUNNING_TEST(it_is_cancelled_like_any_other),
		RUNNING_TEST(a_stateless_one_misses_what_it_does_not_take),
		RUNNING_TEST(a_stateless_one_that_takes_nothing_has_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
