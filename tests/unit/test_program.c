#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tool_bench.h"
#include "tool_program.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A program, and everything a call of it needs. */
struct rig {
	struct tool_bench bench;
	struct program program;
	struct program_host host;
	pid_t group; /* that was started last */
	int started;
	int ended;
	bool was_waiting; /* when we heard of it, it had not called exec */
	bool is_cancelled;
};

static void
started(void *ctx, pid_t group)
{
	struct rig *r = ctx;
	char ours[512], its[512], path[64];
	ssize_t a = readlink("/proc/self/exe", ours, sizeof(ours));
	ssize_t b;

	(void)snprintf(path, sizeof(path), "/proc/%ld/exe", (long)group);
	b = readlink(path, its, sizeof(its));
	r->was_waiting = a > 0 && a == b && memcmp(ours, its, (size_t)a) == 0;
	r->group = group;
	r->started++;
}

static void
ended(void *ctx, pid_t group)
{
	struct rig *r = ctx;

	assert_int_equal(group, r->group);
	r->ended++;
}

/* Where the children of these tests lie. */
static const char *
programs(void)
{
	static const char below[] = "/tests/support/programs";
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *source = getenv("MCP_SOURCE");
	static char path[1024];

	(void)snprintf(
	    path, sizeof(path), "%s%s", source == NULL ? "." : source, below);
	return path;
}

static void
rig_init(struct rig *r, const char *run)
{
	struct buf why = BUF_INIT(4096);
	const struct json *root;

	*r = (struct rig){ .group = -1 };
	tool_bench_init(&r->bench);
	root = tool_bench_json(&r->bench, run);
	if (program_read(root, root->raw, programs(), &r->bench.arena,
		&r->program, &why) != RC_OK)
		fail_msg("%s", why.ptr);
	buf_release(&why);
	r->host = (struct program_host){
		.clock = &clock_system,
		.started = started,
		.ended = ended,
		.ctx = r,
	};
	r->program.host = &r->host;
	r->bench.tool.ctx = &r->program;
}

/* Everybody of the group is gone, and not of old age. */
static void
assert_group_gone(const struct rig *r)
{
	int status;

	assert_int_equal(r->started, 1);
	assert_int_equal(r->ended, 1);
	assert_true(r->was_waiting);
	/* Orphans are ours to reap: main() made us the reaper. */
	while (waitpid(-r->group, &status, 0) > 0)
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(kill(-r->group, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static const char *
rig_call(struct rig *r)
{
	enum tool_done done = program_call(&r->bench.tool, &r->bench.call);

	assert_int_equal(r->bench.call.failed, RC_OK);
	assert_int_equal(
	    done, r->bench.call.result.is_error ? TOOL_FAILED : TOOL_DONE);
	if (r->started > 0)
		assert_group_gone(r);
	return tool_bench_result(&r->bench);
}

static void
rig_release(struct rig *r)
{
	tool_bench_release(&r->bench);
}

/* ------------------------------------------------------------ what comes back */

#define TEXT(text) "{\"content\":[{\"type\":\"text\",\"text\":\"" text "\"}]}"
#define ERROR(text)                                                            \
	"{\"content\":[{\"type\":\"text\",\"text\":\"" text "\"}],"            \
	"\"isError\":true}"

static const struct {
	const char *run;
	const char *want;
} outcomes[] = {
	/* text */
	{ "{\"command\":[\"printf\",\"a\\\\303\\\\251\\\\n\"]}",
	    TEXT("a\xc3\xa9\\n") },
	{ "{\"command\":[\"true\"]}", TEXT("") },
	{ "{\"command\":[\"cat\"]}", TEXT("{ \\\"a\\\": 1.50 }") },
	{ "{\"command\":[\"printf\",\"\\\\377\\\\376\"]}",
	    ERROR("demo printed bytes that are not UTF-8 text") },
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
	    ERROR("demo printed no valid result: a result needs content or "
		  "structuredContent") },
	/* what goes wrong */
	{ "{\"command\":[\"./status.sh\"]}", ERROR("not today") },
	{ "{\"command\":[\"./silent.sh\"]}",
	    ERROR("demo ended with status 4 and said nothing on standard "
		  "error") },
	{ "{\"command\":[\"./crash.sh\"]}",
	    ERROR("demo was ended by signal 11 (segmentation fault): about to "
		  "crash") },
	{ "{\"command\":[\"./missing.sh\"]}",
	    ERROR("demo could not start the program missing.sh: No such file "
		  "or directory") },
	{ "{\"command\":[\"no-such-program\"]}",
	    ERROR("demo could not find the program no-such-program") },
	{ "{\"command\":[\"true\"],\"cwd\":\"nowhere\"}",
	    ERROR("demo could not enter the folder to run the program true: "
		  "No such file or directory") },
	{ "{\"command\":[\"./flood.sh\"],\"max_output\":\"64K\"}",
	    ERROR("demo was stopped: it printed more than 65536 bytes") },
	{ "{\"command\":[\"printf\",\"12345\"],\"max_output\":4}",
	    ERROR("demo was stopped: it printed more than 4 bytes") },
	{ "{\"command\":[\"printf\",\"1234\"],\"max_output\":4}",
	    TEXT("1234") },
	{ "{\"command\":[\"./hang.sh\"],\"timeout\":0.2}",
	    ERROR("demo was stopped: it took more than 200 ms") },
	/* who keeps the pipes */
	{ "{\"command\":[\"./keeper.sh\"]}", TEXT("done\\n") },
	{ "{\"command\":[\"./double_fork.py\"]}", TEXT("done\\n") },
};

static void
what_a_program_does_becomes_the_result(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(outcomes); i++) {
		const char *got;
		struct rig r;

		rig_init(&r, outcomes[i].run);
		tool_bench_arguments(&r.bench, "{ \"a\": 1.50 }");
		got = rig_call(&r);
		if (strcmp(got, outcomes[i].want) != 0)
			fail_msg("%s\n got %s\nwant %s", outcomes[i].run, got,
			    outcomes[i].want);
		rig_release(&r);
	}
}

static void
invalid_json_is_an_error_that_says_where(void **state)
{
	struct rig r;
	const char *text;

	(void)state;
	rig_init(&r,
	    "{\"command\":[\"printf\",\"{\\\"a\\\":}\"],\"output\":\"json\"}");
	(void)rig_call(&r);
	text = tool_bench_text(&r.bench);
	assert_true(r.bench.call.result.is_error);
	assert_non_null(strstr(text, "demo printed invalid JSON: "));
	assert_non_null(strstr(text, " at byte 5"));
	rig_release(&r);
}

static void
only_the_end_of_standard_error_is_kept(void **state)
{
	static const char end[] = "complaint number 2998\n"
				  "complaint number 2999";
	struct rig r;
	const char *text;

	(void)state;
	rig_init(&r, "{\"command\":[\"./complain.sh\"]}");
	(void)rig_call(&r);
	text = tool_bench_text(&r.bench);
	assert_true(strlen(text) <= 4096 && strlen(text) > 4000);
	assert_string_equal(text + strlen(text) - strlen(end), end);
	rig_release(&r);
}

/* ------------------------------------------------------------ what goes in */

/* {"big":"aaaa..."} of about this many bytes. */
static void
give_much(struct rig *r, size_t n)
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
	struct rig r;

	(void)state;
	rig_init(&r, "{\"command\":[\"wc\",\"-c\"]}");
	give_much(&r, 3000000);
	(void)rig_call(&r);
	assert_int_equal(
	    strtol(tool_bench_text(&r.bench), NULL, 10), 3000000 + 10);
	rig_release(&r);
}

static void
a_program_that_does_not_listen_does_no_harm(void **state)
{
	sigset_t pending;
	struct rig r;

	(void)state;
	rig_init(&r, "{\"command\":[\"./deaf.sh\"]}");
	give_much(&r, 3000000);
	assert_string_equal(rig_call(&r), TEXT("did not listen\\n"));
	assert_int_equal(sigpending(&pending), 0);
	assert_int_equal(sigismember(&pending, SIGPIPE), 0);
	rig_release(&r);
}

static void
the_environment_is_clean(void **state)
{
	struct rig r;

	(void)state;
	/* NOLINTBEGIN(concurrency-mt-unsafe): one thread */
	assert_int_equal(setenv("SECRET", "x", 1), 0);
	assert_int_equal(setenv("HOME", "/home/of", 1), 0);
	assert_int_equal(unsetenv("LANG"), 0);
	assert_int_equal(unsetenv("TMPDIR"), 0);
	/* NOLINTEND(concurrency-mt-unsafe) */
	rig_init(&r,
	    "{\"command\":[\"./environment.sh\"],\"cwd\":\"/\","
	    "\"env\":{\"OWN\":\"a=b\",\"TMPDIR\":\"/var/tmp\"}}");
	r.host.path = "relative::/usr/bin:/bin";
	tool_bench_arguments(&r.bench,
	    "{\"text\":\"a\\nb\",\"n\":1.50,\"yes\":true,\"no\":false,"
	    "\"nothing\":null,\"list\":[1],\"object\":{},"
	    "\"sn\xc3\xb6w-y.x\":\"\"}");
	(void)rig_call(&r);
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
	rig_release(&r);
}

static void
arguments_too_large_for_the_environment_are_left_out(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, "{\"command\":[\"./environment.sh\"]}");
	give_much(&r, (size_t)128 * 1024);
	(void)rig_call(&r);
	assert_false(r.bench.call.result.is_error);
	assert_null(strstr(tool_bench_text(&r.bench), "MCP_ARG_BIG"));
	rig_release(&r);
}

static void
many_large_arguments_stay_below_the_limit_of_the_kernel(void **state)
{
	struct buf json = BUF_INIT((size_t)8 << 20);
	struct rig r;

	(void)state;
	rig_init(&r, "{\"command\":[\"./environment.sh\"]}");
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
	(void)rig_call(&r);
	assert_false(r.bench.call.result.is_error);
	assert_non_null(strstr(tool_bench_text(&r.bench), "MCP_ARG_A1="));
	assert_null(strstr(tool_bench_text(&r.bench), "MCP_ARG_A5="));
	buf_release(&json);
	rig_release(&r);
}

static void
no_descriptor_of_ours_reaches_the_program(void **state)
{
	const int leak = 57;
	struct rig r;

	(void)state;
	assert_int_equal(dup2(STDERR_FILENO, leak), leak);
	/* ls itself has the folder open, as the next free number. */
	rig_init(&r, "{\"command\":[\"ls\",\"/proc/self/fd\"]}");
	(void)rig_call(&r);
	assert_string_equal(tool_bench_text(&r.bench), "0\n1\n2\n3\n");
	rig_release(&r);
	(void)close(leak);
}

static void
a_worker_without_standard_descriptors_runs_programs(void **state)
{
	struct rig r;
	int status;
	pid_t pid;

	(void)state;
	rig_init(&r, "{\"command\":[\"cat\"]}");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(STDIN_FILENO);
		(void)close(STDOUT_FILENO);
		(void)close(STDERR_FILENO);
		_exit(program_call(&r.bench.tool, &r.bench.call) == TOOL_DONE &&
			    strcmp(tool_bench_result(&r.bench), TEXT("{}")) == 0
			? 0
			: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	rig_release(&r);
}

static void
signals_that_the_worker_blocks_or_ignores_are_usual_in_the_program(void **state)
{
	struct sigaction ignore = { 0 }, before;
	sigset_t all, mask;
	struct rig r;

	(void)state;
	ignore.sa_handler = SIG_IGN;
	assert_int_equal(sigaction(SIGTERM, &ignore, &before), 0);
	assert_int_equal(sigfillset(&all), 0);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &all, &mask), 0);
	rig_init(&r,
	    "{\"command\":[\"grep\",\"-E\",\"^Sig(Blk|Ign)\","
	    "\"/proc/self/status\"]}");
	(void)rig_call(&r);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &mask, NULL), 0);
	assert_int_equal(sigaction(SIGTERM, &before, NULL), 0);
	assert_string_equal(tool_bench_text(&r.bench),
	    "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	rig_release(&r);
}

/* ------------------------------------------------------------------ limits */

static bool
is_cancelled(struct tool_call *call)
{
	/* The bench is the first member of the rig, the call's world. */
	const struct rig *r =
	    (const struct rig *)(const void *)((const char *)call -
		offsetof(struct rig, bench.call));

	return r->is_cancelled && r->started > 0;
}

static void
a_cancelled_program_is_killed(void **state)
{
	struct tool_env_ops env = tool_env_inline;
	struct rig r;

	(void)state;
	rig_init(&r, "{\"command\":[\"./hang.sh\"]}");
	env.is_cancelled = is_cancelled;
	r.bench.call.env = &env;
	r.is_cancelled = true;
	assert_string_equal(rig_call(&r), ERROR("demo was cancelled"));
	rig_release(&r);
}

static void
the_least_of_all_time_limits_counts(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, "{\"command\":[\"./hang.sh\"]}");
	r.host.timeout_ms = 60;
	assert_string_equal(
	    rig_call(&r), ERROR("demo was stopped: it took more than 60 ms"));
	rig_release(&r);

	rig_init(&r, "{\"command\":[\"./hang.sh\"],\"timeout\":20}");
	r.host.timeout_max_ms = 70;
	assert_string_equal(
	    rig_call(&r), ERROR("demo was stopped: it took more than 70 ms"));
	rig_release(&r);

	rig_init(&r, "{\"command\":[\"./hang.sh\"],\"timeout\":20}");
	r.bench.call.deadline_mono = clock_mono_ms(&clock_system) - 1;
	assert_string_equal(
	    rig_call(&r), ERROR("demo was stopped: it took more than 0 s"));
	rig_release(&r);
}

static void
the_host_limits_output_where_the_tool_does_not(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, "{\"command\":[\"./flood.sh\"]}");
	r.host.output_max = 1000;
	assert_string_equal(rig_call(&r),
	    ERROR("demo was stopped: it printed more than 1000 bytes"));
	rig_release(&r);
}

static void
a_program_cannot_have_more_memory_than_its_limit(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, "{\"command\":[\"./hungry.py\"],\"memory\":\"256M\"}");
	(void)rig_call(&r);
	assert_true(r.bench.call.result.is_error);
	assert_non_null(strstr(tool_bench_text(&r.bench), "MemoryError"));
	rig_release(&r);
}

static void
who_left_the_group_does_not_hold_up_the_answer(void **state)
{
	struct rig r;
	pid_t fled;

	(void)state;
	rig_init(&r, "{\"command\":[\"./escape.py\"]}");
	(void)rig_call(&r);
	assert_false(r.bench.call.result.is_error);
	fled = (pid_t)strtol(tool_bench_text(&r.bench), NULL, 10);
	assert_true(fled > 1);
	assert_int_equal(kill(fled, SIGKILL), 0);
	assert_int_equal(waitpid(fled, NULL, 0), fled);
	rig_release(&r);
}

static void
what_does_not_fit_the_call_is_a_failure_of_ours(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, "{\"command\":[\"./environment.sh\"]}");
	r.bench.arena.max = r.bench.arena.used + 64;
	assert_int_equal(
	    program_call(&r.bench.tool, &r.bench.call), TOOL_FAILED);
	assert_int_equal(r.bench.call.failed, RC_NOMEM);
	rig_release(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_program_does_becomes_the_result),
		cmocka_unit_test(invalid_json_is_an_error_that_says_where),
		cmocka_unit_test(only_the_end_of_standard_error_is_kept),
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

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
