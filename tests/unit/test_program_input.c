#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "program_bench.h"

/* {"big":"aaaa..."} of about this many bytes. */
static void
give_much(struct program_bench *r, size_t n)
{
	struct buf json = BUF_INIT(n + 16);
	char *room;

	buf_put_slice(&json, SLICE("{\"big\":\""));
	room = buf_extend(&json, n);
	assert_non_null(room);
	memset(room, 'a', n);
	buf_put_slice(&json, SLICE("\"}"));
	assert_int_equal(buf_finish(&json), RC_OK);
	tool_bench_arguments(&r->bench, json.ptr);
	buf_release(&json);
}

static void
huge_arguments_arrive_whole_on_standard_input(void **state)
{
	struct program_bench r;

	(void)state;
	program_bench_init(&r, "{\"command\":[\"wc\",\"-c\"]}");
	give_much(&r, 3000000);
	(void)program_bench_call(&r);
	assert_int_equal(
	    strtol(tool_bench_text(&r.bench), NULL, 10), 3000000 + 10);
	program_bench_release(&r);
}

static void
a_program_that_does_not_listen_does_no_harm(void **state)
{
	sigset_t pending;
	struct program_bench r;

	(void)state;
	program_bench_init(&r, "{\"command\":[\"./deaf.sh\"]}");
	give_much(&r, 3000000);
	assert_string_equal(
	    program_bench_call(&r), RESULT_TEXT("did not listen\\n"));
	assert_int_equal(sigpending(&pending), 0);
	assert_int_equal(sigismember(&pending, SIGPIPE), 0);
	program_bench_release(&r);
}

static void
the_environment_is_clean(void **state)
{
	struct program_bench r;

	(void)state;
	/* NOLINTBEGIN(concurrency-mt-unsafe): one thread */
	assert_int_equal(setenv("SECRET", "x", 1), 0);
	assert_int_equal(setenv("HOME", "/home/of", 1), 0);
	assert_int_equal(unsetenv("LANG"), 0);
	assert_int_equal(unsetenv("TMPDIR"), 0);
	/* NOLINTEND(concurrency-mt-unsafe) */
	program_bench_init(&r,
	    "{\"command\":[\"./environment.sh\"],\"cwd\":\"/\","
	    "\"env\":{\"OWN\":\"a=b\",\"TMPDIR\":\"/var/tmp\"}}");
	r.host.path = "relative::/usr/bin:/bin";
	tool_bench_arguments(&r.bench,
	    "{\"text\":\"a\\nb\",\"n\":1.50,\"yes\":true,\"no\":false,"
	    "\"nothing\":null,\"list\":[1],\"object\":{},"
	    "\"sn\xc3\xb6w-y.x\":\"\"}");
	(void)program_bench_call(&r);
	assert_string_equal(tool_bench_text(&r.bench),
	    "HOME=/home/of\n"
	    "LANG=C.UTF-8\n"
	    "MCP_ARG_N=1.50\n"
	    "MCP_ARG_NO=false\n"
	    "MCP_ARG_SN__W_Y_X=\n"
	    "MCP_ARG_TEXT=a\n"
	    "MCP_ARG_YES=true\n"
	    "MCP_PRINCIPAL=user:alice\n"
	    "MCP_REQUEST_ID=7\n"
	    "MCP_REVISION=2025-11-25\n"
	    "MCP_SESSION=00c0ffee\n"
	    "MCP_TOOL=demo\n"
	    "OWN=a=b\n"
	    "PATH=relative::/usr/bin:/bin\n"
	    "PWD=/\n"
	    "TMPDIR=/var/tmp\n"
	    "b\n");
	program_bench_release(&r);
}

static void
arguments_too_large_for_the_environment_are_left_out(void **state)
{
	struct program_bench r;

	(void)state;
	program_bench_init(&r, "{\"command\":[\"./environment.sh\"]}");
	give_much(&r, (size_t)128 * 1024);
	(void)program_bench_call(&r);
	assert_false(r.bench.call.result.is_error);
	assert_null(strstr(tool_bench_text(&r.bench), "MCP_ARG_BIG"));
	program_bench_release(&r);
}

static void
many_large_arguments_stay_below_the_limit_of_the_kernel(void **state)
{
	struct buf json = BUF_INIT((size_t)8 << 20);
	struct program_bench r;

	(void)state;
	program_bench_init(&r, "{\"command\":[\"./environment.sh\"]}");
	buf_put_char(&json, '{');
	for (int i = 0; i < 60; i++) {
		char *room;

		buf_printf(&json, "%s\"a%d\":\"", i == 0 ? "" : ",", i);
		room = buf_extend(&json, 100000);
		assert_non_null(room);
		memset(room, 'x', 100000);
		buf_put_char(&json, '"');
	}
	buf_put_char(&json, '}');
	tool_bench_arguments(&r.bench, json.ptr);
	(void)program_bench_call(&r);
	assert_false(r.bench.call.result.is_error);
	assert_non_null(strstr(tool_bench_text(&r.bench), "MCP_ARG_A1="));
	assert_null(strstr(tool_bench_text(&r.bench), "MCP_ARG_A5="));
	buf_release(&json);
	program_bench_release(&r);
}

static void
no_descriptor_of_ours_reaches_the_program(void **state)
{
	const int leak = 57;
	struct program_bench r;

	(void)state;
	assert_int_equal(dup2(STDERR_FILENO, leak), leak);
	/* ls itself has the folder open, as the next free number. */
	program_bench_init(&r, "{\"command\":[\"ls\",\"/proc/self/fd\"]}");
	(void)program_bench_call(&r);
	assert_string_equal(tool_bench_text(&r.bench), "0\n1\n2\n3\n4\n5\n");
	program_bench_release(&r);
	(void)close(leak);
}

static void
a_worker_without_standard_descriptors_runs_programs(void **state)
{
	struct program_bench r;
	int status;
	pid_t pid;

	(void)state;
	program_bench_init(&r, "{\"command\":[\"cat\"]}");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(STDIN_FILENO);
		(void)close(STDOUT_FILENO);
		(void)close(STDERR_FILENO);
		_exit(program_call(&r.bench.tool, &r.bench.call) == TOOL_DONE &&
			    strcmp(tool_bench_result(&r.bench),
				RESULT_TEXT("{}")) == 0
			? 0
			: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	program_bench_release(&r);
}

static void
signals_that_the_worker_blocks_or_ignores_are_usual_in_the_program(void **state)
{
	struct sigaction ignore = { 0 }, before;
	sigset_t all, mask;
	struct program_bench r;

	(void)state;
	ignore.sa_handler = SIG_IGN;
	assert_int_equal(sigaction(SIGTERM, &ignore, &before), 0);
	assert_int_equal(sigfillset(&all), 0);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &all, &mask), 0);
	program_bench_init(&r,
	    "{\"command\":[\"grep\",\"-E\",\"^Sig(Blk|Ign)\","
	    "\"/proc/self/status\"]}");
	(void)program_bench_call(&r);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &mask, NULL), 0);
	assert_int_equal(sigaction(SIGTERM, &before, NULL), 0);
	assert_string_equal(tool_bench_text(&r.bench),
	    "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	program_bench_release(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(huge_arguments_arrive_whole_on_standard_input),
		cmocka_unit_test(a_program_that_does_not_listen_does_no_harm),
		cmocka_unit_test(the_environment_is_clean),
		cmocka_unit_test(
		    arguments_too_large_for_the_environment_are_left_out),
		cmocka_unit_test(
		    many_large_arguments_stay_below_the_limit_of_the_kernel),
		cmocka_unit_test(no_descriptor_of_ours_reaches_the_program),
		cmocka_unit_test(
		    a_worker_without_standard_descriptors_runs_programs),
		cmocka_unit_test(
		    signals_that_the_worker_blocks_or_ignores_are_usual_in_the_program),
	};

	if (!program_bench_adopt())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
