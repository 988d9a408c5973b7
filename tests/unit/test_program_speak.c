#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "program_bench.h"
#include "said_env.h"

#define ASK "echo '{\"ask\":{\"k\":{\"method\":\"m\"}}}' >&3\n"
#define HEAR "IFS= read -r line <&4 || line=end\necho \"$line\"\n"

/* A shell script, and surroundings that write down what it says. */
struct rig {
	struct program_bench program;
	struct said_env env;
};

static void
rig_init(struct rig *r, const char *script)
{
	struct buf run = BUF_INIT(10000);

	buf_put_slice(
	    &run, SLICE("{\"timeout\":20,\"command\":[\"sh\",\"-c\","));
	json_put_string(&run, slice_of(script));
	buf_put_slice(&run, SLICE("]}"));
	assert_int_equal(buf_finish(&run), RC_OK);
	program_bench_init(&r->program, run.ptr);
	buf_release(&run);
	said_env_init(&r->env);
	r->program.bench.call.env = &r->env.ops;
}

static void
rig_release(struct rig *r)
{
	said_env_release(&r->env);
	program_bench_release(&r->program);
}

static int64_t
now_ms(void)
{
	return clock_mono_ms(&clock_system);
}

static void
what_a_program_says_reaches_its_surroundings(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r,
	    "echo '{\"progress\":1,\"total\":2}' >&3\n"
	    "echo '{\"log\":{\"level\":\"info\",\"data\":\"x\"}}' >&3\n"
	    "echo rubbish >&3\n"
	    "echo '{\"close\":true}' >&3\n"
	    "printf '{\"progress\":2}\\n{\"progress\":' >&3\n"
	    "echo done\n");
	assert_string_equal(
	    program_bench_call(&r.program), RESULT_TEXT("done\\n"));
	assert_string_equal(said_env_text(&r.env),
	    "progress 1/2\nlog 1 - \"x\"\nlet_go\nprogress 2/0\n");
	rig_release(&r);
}

static void
its_group_is_named_as_long_as_it_runs(void **state)
{
	struct rig r;
	char *end;

	(void)state;
	/* What the kernel tells of the shell, which leads the group. */
	rig_init(&r, "echo $$\ncut -d ' ' -f 22 /proc/$$/stat");
	(void)program_bench_call(&r.program);
	assert_int_equal(r.env.groups, 1);
	assert_int_equal(r.env.groups_gone, 1);
	assert_int_equal(
	    strtoll(tool_bench_text(&r.program.bench), &end, 10), r.env.group);
	assert_int_equal(strtoll(end, NULL, 10), r.env.start);
	rig_release(&r);
}

/* ---------------------------------------------------------------- answers */

static const struct {
	enum tool_ask answer;
	int waits;
	const char *line;
} answers[] = {
	{ ASK_ANSWERED, 0,
	    RESULT_TEXT("{\\\"answers\\\":{\\\"k\\\":[1]}}\\n") },
	{ ASK_ANSWERED, 3,
	    RESULT_TEXT("{\\\"answers\\\":{\\\"k\\\":[1]}}\\n") },
	{ ASK_UNSUPPORTED, 0, RESULT_TEXT("{\\\"unsupported\\\":true}\\n") },
	{ ASK_DECLINED, 1, RESULT_TEXT("{\\\"declined\\\":true}\\n") },
	{ ASK_TIMEOUT, 1, RESULT_TEXT("{\\\"timeout\\\":true}\\n") },
};

static void
a_program_that_asks_reads_its_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct rig r;

		rig_init(&r, ASK HEAR);
		r.env.answer = answers[i].answer;
		r.env.waits = answers[i].waits;
		r.env.json = "[1]";
		assert_string_equal(
		    program_bench_call(&r.program), answers[i].line);
		rig_release(&r);
	}
}

static void
a_program_goes_on_saying_things_while_it_waits(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, ASK "echo '{\"progress\":1}' >&3\n" HEAR);
	r.env.answer = ASK_ANSWERED;
	r.env.waits = 4;
	r.env.json = "1";
	(void)program_bench_call(&r.program);
	assert_false(r.program.bench.call.result.is_error);
	assert_non_null(strstr(said_env_text(&r.env), "progress 1/0\nlook\n"));
	rig_release(&r);
}

static void
waiting_for_a_person_is_not_its_own_time(void **state)
{
	struct rig r;

	(void)state;
	/* It may take 400 ms, and the person some 750. */
	rig_init(&r, ASK HEAR);
	r.program.host.timeout_max_ms = 400;
	r.program.bench.call.deadline_mono = now_ms() + 60000;
	r.env.answer = ASK_ANSWERED;
	r.env.waits = 15;
	r.env.moves_ms = 10000;
	r.env.json = "1";
	assert_string_equal(program_bench_call(&r.program),
	    RESULT_TEXT("{\\\"answers\\\":{\\\"k\\\":1}}\\n"));
	rig_release(&r);
}

static void
a_program_that_is_cancelled_while_it_asks_is_killed(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, ASK HEAR);
	r.env.answer = ASK_ANSWERED;
	r.env.waits = INT32_MAX;
	r.env.is_cancelled_by_ask = true;
	assert_string_equal(
	    program_bench_call(&r.program), RESULT_ERROR("demo was cancelled"));
	rig_release(&r);
}

/* ---------------------------------------------------------------- pending */

static void
assert_again(const char *script)
{
	const int64_t began = now_ms();
	struct rig r;

	rig_init(&r, script);
	r.env.answer = ASK_PENDING;
	assert_int_equal(
	    program_call(&r.program.bench.tool, &r.program.bench.call),
	    TOOL_AGAIN);
	assert_int_equal(r.program.bench.call.failed, RC_OK);
	assert_string_equal(
	    tool_bench_result(&r.program.bench), "{\"content\":[]}");
	assert_int_equal(r.program.ended, 1);
	assert_true(now_ms() - began < 10000);
	rig_release(&r);
}

static void
a_program_whose_answers_are_pending_is_run_again(void **state)
{
	(void)state;
	assert_again(ASK HEAR "exit 75\n");
	assert_again(ASK HEAR);
	assert_again(ASK "exec sleep 20\n");
	assert_again(ASK HEAR ASK HEAR "kill -SEGV $$\n");
	/* More than it may print, and quickly. */
	assert_again(ASK HEAR "exec cat /dev/zero\n");
}

static void
a_cancelled_call_is_not_run_again(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, ASK "exec sleep 20\n");
	r.env.answer = ASK_PENDING;
	r.env.is_cancelled_by_ask = true;
	assert_string_equal(
	    program_bench_call(&r.program), RESULT_ERROR("demo was cancelled"));
	rig_release(&r);
}

/* ------------------------------------------------------------- misbehaving */

static void
a_program_that_never_reads_answers_ends_as_usual(void **state)
{
	struct buf big = BUF_INIT((size_t)1 << 20);
	struct rig r;

	(void)state;
	rig_init(&r,
	    "i=0\nwhile [ $i -lt 50 ]; do\n" ASK "i=$((i + 1))\ndone\n"
	    "echo done\n");
	buf_put_char(&big, '"');
	memset(buf_extend(&big, 500000), 'x', 500000);
	buf_put_char(&big, '"');
	r.env.answer = ASK_ANSWERED;
	r.env.json = big.ptr;
	assert_string_equal(
	    program_bench_call(&r.program), RESULT_TEXT("done\\n"));
	buf_release(&big);
	rig_release(&r);
}

static void
a_program_that_closed_its_ears_ends_as_usual(void **state)
{
	sigset_t pending;
	struct rig r;

	(void)state;
	rig_init(&r, "exec 4<&-\n" ASK ASK ASK "sleep 0.1\n" ASK "echo done\n");
	r.env.answer = ASK_ANSWERED;
	r.env.json = "1";
	assert_string_equal(
	    program_bench_call(&r.program), RESULT_TEXT("done\\n"));
	assert_int_equal(sigpending(&pending), 0);
	assert_int_equal(sigismember(&pending, SIGPIPE), 0);
	rig_release(&r);
}

static void
a_program_that_closed_its_mouth_ends_as_usual(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, "exec 3>&-\nsleep 0.1\necho done\n");
	assert_string_equal(
	    program_bench_call(&r.program), RESULT_TEXT("done\\n"));
	assert_string_equal(said_env_text(&r.env), "");
	rig_release(&r);
}

static void
a_flood_on_descriptor_3_is_no_error_and_no_hindrance(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r,
	    "yes '{\"progress\":1}' | head -n 100000 >&3\n"
	    "head -c 3000000 /dev/zero >&3\n" ASK HEAR);
	(void)program_bench_call(&r.program);
	/* Nobody answers any more. */
	assert_string_equal(tool_bench_text(&r.program.bench), "end\n");
	assert_false(r.program.bench.call.result.is_error);
	rig_release(&r);
}

static void
an_endless_flood_ends_with_its_time(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, "exec cat /dev/zero >&3\n");
	r.program.host.timeout_max_ms = 200;
	assert_string_equal(program_bench_call(&r.program),
	    RESULT_ERROR("demo was stopped: it took more than 200 ms"));
	rig_release(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_program_says_reaches_its_surroundings),
		cmocka_unit_test(its_group_is_named_as_long_as_it_runs),
		cmocka_unit_test(a_program_that_asks_reads_its_answer),
		cmocka_unit_test(
		    a_program_goes_on_saying_things_while_it_waits),
		cmocka_unit_test(waiting_for_a_person_is_not_its_own_time),
		cmocka_unit_test(
		    a_program_that_is_cancelled_while_it_asks_is_killed),
		cmocka_unit_test(
		    a_program_whose_answers_are_pending_is_run_again),
		cmocka_unit_test(a_cancelled_call_is_not_run_again),
		cmocka_unit_test(
		    a_program_that_never_reads_answers_ends_as_usual),
		cmocka_unit_test(a_program_that_closed_its_ears_ends_as_usual),
		cmocka_unit_test(a_program_that_closed_its_mouth_ends_as_usual),
		cmocka_unit_test(
		    a_flood_on_descriptor_3_is_no_error_and_no_hindrance),
		cmocka_unit_test(an_endless_flood_ends_with_its_time),
	};

	if (!program_bench_adopt())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
