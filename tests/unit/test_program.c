#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "program_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ------------------------------------------------------------ what comes back */

static const struct {
	const char *run;
	const char *want;
} outcomes[] = {
	/* text */
	{ "{\"command\":[\"printf\",\"a\\\\303\\\\251\\\\n\"]}",
	    RESULT_TEXT("a\xc3\xa9\\n") },
	{ "{\"command\":[\"true\"]}", RESULT_TEXT("") },
	{ "{\"command\":[\"cat\"]}", RESULT_TEXT("{ \\\"a\\\": 1.50 }") },
	{ "{\"command\":[\"printf\",\"\\\\377\\\\376\"]}",
	    RESULT_ERROR("demo printed bytes that are not UTF-8 text") },
	/* json */
	{ "{\"command\":[\"printf\",\"{\\\"a\\\": 1}\"],\"output\":\"json\"}",
	    "{\"content\":[{\"type\":\"text\",\"text\":\"{\\\"a\\\":1}\"}],"
	    "\"structuredContent\":{\"a\":1}}" },
	{ "{\"command\":[\"cat\"],\"output\":\"json\"}",
	    "{\"content\":[{\"type\":\"text\",\"text\":\"{\\\"a\\\":1.50}\"}],"
	    "\"structuredContent\":{\"a\":1.50}}" },
	/* media */
	{ "{\"command\":[\"printf\",\"\\\\001\\\\000\"],"
	  "\"output\":\"image/png\"}",
	    "{\"content\":[{\"type\":\"image\",\"data\":\"AQA=\","
	    "\"mimeType\":\"image/png\"}]}" },
	{ "{\"command\":[\"printf\",\"\\\\001\"],\"output\":\"audio/ogg\"}",
	    "{\"content\":[{\"type\":\"audio\",\"data\":\"AQ==\","
	    "\"mimeType\":\"audio/ogg\"}]}" },
	{ "{\"command\":[\"printf\",\"\\\\001\"],"
	  "\"output\":\"application/pdf\"}",
	    "{\"content\":[{\"type\":\"resource\",\"resource\":{"
	    "\"uri\":\"tool:demo\",\"mimeType\":\"application/pdf\","
	    "\"blob\":\"AQ==\"}}]}" },
	{ "{\"command\":[\"printf\",\"a,b\"],\"output\":\"text/csv\"}",
	    "{\"content\":[{\"type\":\"resource\",\"resource\":{"
	    "\"uri\":\"tool:demo\",\"mimeType\":\"text/csv\","
	    "\"text\":\"a,b\"}}]}" },
	/* result */
	{ "{\"command\":[\"printf\",\"{\\\"content\\\":[],\\\"isError\\\":"
	  "true}\"],\"output\":\"result\"}",
	    "{\"content\":[],\"isError\":true}" },
	{ "{\"command\":[\"printf\",\"{\\\"contents\\\":[]}\"],"
	  "\"output\":\"result\"}",
	    RESULT_ERROR(
		"demo printed no valid result: a result needs content or "
		"structuredContent") },
	/* what goes wrong */
	{ "{\"command\":[\"./status.sh\"]}", RESULT_ERROR("not today") },
	{ "{\"command\":[\"./silent.sh\"]}",
	    RESULT_ERROR(
		"demo ended with status 4 and said nothing on standard "
		"error") },
	{ "{\"command\":[\"./crash.sh\"]}",
	    RESULT_ERROR(
		"demo was ended by signal 11 (segmentation fault): about to "
		"crash") },
	{ "{\"command\":[\"./missing.sh\"]}",
	    RESULT_ERROR(
		"demo could not start the program missing.sh: No such file "
		"or directory") },
	{ "{\"command\":[\"no-such-program\"]}",
	    RESULT_ERROR("demo could not find the program no-such-program") },
	{ "{\"command\":[\"true\"],\"cwd\":\"nowhere\"}",
	    RESULT_ERROR(
		"demo could not enter the folder to run the program true: "
		"No such file or directory") },
	{ "{\"command\":[\"./flood.sh\"],\"max_output\":\"64K\"}",
	    RESULT_ERROR(
		"demo was stopped: it printed more than 65536 bytes") },
	{ "{\"command\":[\"printf\",\"12345\"],\"max_output\":4}",
	    RESULT_ERROR("demo was stopped: it printed more than 4 bytes") },
	{ "{\"command\":[\"printf\",\"1234\"],\"max_output\":4}",
	    RESULT_TEXT("1234") },
	{ "{\"command\":[\"./hang.sh\"],\"timeout\":0.2}",
	    RESULT_ERROR("demo was stopped: it took more than 200 ms") },
	/* who keeps the pipes */
	{ "{\"command\":[\"./keeper.sh\"]}", RESULT_TEXT("done\\n") },
	{ "{\"command\":[\"./double_fork.py\"]}", RESULT_TEXT("done\\n") },
};

static void
what_a_program_does_becomes_the_result(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(outcomes); i++) {
		const char *got;
		struct program_bench r;

		program_bench_init(&r, outcomes[i].run);
		tool_bench_arguments(&r.bench, "{ \"a\": 1.50 }");
		got = program_bench_call(&r);
		if (strcmp(got, outcomes[i].want) != 0)
			fail_msg("%s\n got %s\nwant %s", outcomes[i].run, got,
			    outcomes[i].want);
		program_bench_release(&r);
	}
}

static void
invalid_json_is_an_error_that_says_where(void **state)
{
	struct program_bench r;
	const char *text;

	(void)state;
	program_bench_init(&r,
	    "{\"command\":[\"printf\",\"{\\\"a\\\":}\"],\"output\":\"json\"}");
	(void)program_bench_call(&r);
	text = tool_bench_text(&r.bench);
	assert_true(r.bench.call.result.is_error);
	assert_non_null(strstr(text, "demo printed invalid JSON: "));
	assert_non_null(strstr(text, " at byte 5"));
	program_bench_release(&r);
}

static void
only_the_end_of_standard_error_is_kept(void **state)
{
	static const char end[] = "complaint number 2998\n"
				  "complaint number 2999";
	struct program_bench r;
	const char *text;

	(void)state;
	program_bench_init(&r, "{\"command\":[\"./complain.sh\"]}");
	(void)program_bench_call(&r);
	text = tool_bench_text(&r.bench);
	assert_true(strlen(text) <= 4096 && strlen(text) > 4000);
	assert_string_equal(text + strlen(text) - strlen(end), end);
	program_bench_release(&r);
}

/* ------------------------------------------------------------------ limits */

static bool
is_cancelled(struct tool_call *call)
{
	/* The bench is the first member of the rig, the call's world. */
	const struct program_bench *r =
	    (const struct program_bench *)(const void *)((const char *)call -
		offsetof(struct program_bench, bench.call));

	return r->is_cancelled && r->started > 0;
}

static void
a_cancelled_program_is_killed(void **state)
{
	struct tool_env_ops env = tool_env_inline;
	struct program_bench r;

	(void)state;
	program_bench_init(&r, "{\"command\":[\"./hang.sh\"]}");
	env.is_cancelled = is_cancelled;
	r.bench.call.env = &env;
	r.is_cancelled = true;
	assert_string_equal(
	    program_bench_call(&r), RESULT_ERROR("demo was cancelled"));
	program_bench_release(&r);
}

static void
the_least_of_all_time_limits_counts(void **state)
{
	struct program_bench r;

	(void)state;
	program_bench_init(&r, "{\"command\":[\"./hang.sh\"]}");
	r.host.timeout_ms = 60;
	assert_string_equal(program_bench_call(&r),
	    RESULT_ERROR("demo was stopped: it took more than 60 ms"));
	program_bench_release(&r);

	program_bench_init(&r, "{\"command\":[\"./hang.sh\"],\"timeout\":20}");
	r.host.timeout_max_ms = 70;
	assert_string_equal(program_bench_call(&r),
	    RESULT_ERROR("demo was stopped: it took more than 70 ms"));
	program_bench_release(&r);

	program_bench_init(&r, "{\"command\":[\"./hang.sh\"],\"timeout\":20}");
	r.bench.call.deadline_mono = clock_mono_ms(&clock_system) - 1;
	assert_string_equal(program_bench_call(&r),
	    RESULT_ERROR("demo was stopped: it took more than 0 s"));
	program_bench_release(&r);
}

static void
the_host_limits_output_where_the_tool_does_not(void **state)
{
	struct program_bench r;

	(void)state;
	program_bench_init(&r, "{\"command\":[\"./flood.sh\"]}");
	r.host.output_max = 1000;
	assert_string_equal(program_bench_call(&r),
	    RESULT_ERROR("demo was stopped: it printed more than 1000 bytes"));
	program_bench_release(&r);
}

static void
a_program_cannot_have_more_memory_than_its_limit(void **state)
{
	struct program_bench r;

	(void)state;
	program_bench_init(
	    &r, "{\"command\":[\"./hungry.py\"],\"memory\":\"256M\"}");
	(void)program_bench_call(&r);
	assert_true(r.bench.call.result.is_error);
	assert_non_null(strstr(tool_bench_text(&r.bench), "MemoryError"));
	program_bench_release(&r);
}

static void
who_left_the_group_does_not_hold_up_the_answer(void **state)
{
	struct program_bench r;
	pid_t fled;

	(void)state;
	program_bench_init(&r, "{\"command\":[\"./escape.py\"]}");
	(void)program_bench_call(&r);
	assert_false(r.bench.call.result.is_error);
	fled = (pid_t)strtol(tool_bench_text(&r.bench), NULL, 10);
	assert_true(fled > 1);
	assert_int_equal(kill(fled, SIGKILL), 0);
	assert_int_equal(waitpid(fled, NULL, 0), fled);
	program_bench_release(&r);
}

static void
what_does_not_fit_the_call_is_a_failure_of_ours(void **state)
{
	struct program_bench r;

	(void)state;
	program_bench_init(&r, "{\"command\":[\"./environment.sh\"]}");
	r.bench.arena.max = r.bench.arena.used + 64;
	assert_int_equal(
	    program_call(&r.bench.tool, &r.bench.call), TOOL_FAILED);
	assert_int_equal(r.bench.call.failed, RC_NOMEM);
	program_bench_release(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_program_does_becomes_the_result),
		cmocka_unit_test(invalid_json_is_an_error_that_says_where),
		cmocka_unit_test(only_the_end_of_standard_error_is_kept),
		cmocka_unit_test(a_cancelled_program_is_killed),
		cmocka_unit_test(the_least_of_all_time_limits_counts),
		cmocka_unit_test(
		    the_host_limits_output_where_the_tool_does_not),
		cmocka_unit_test(
		    a_program_cannot_have_more_memory_than_its_limit),
		cmocka_unit_test(
		    who_left_the_group_does_not_hold_up_the_answer),
		cmocka_unit_test(
		    what_does_not_fit_the_call_is_a_failure_of_ours),
	};

	if (!program_bench_adopt())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
