#include "program_bench.h"

#include <errno.h>
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

static void
started(void *ctx, pid_t group)
{
	struct program_bench *r = ctx;
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
	struct program_bench *r = ctx;

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

void
program_bench_init(struct program_bench *r, const char *run)
{
	struct buf why = BUF_INIT(4096);
	const struct json *root;

	*r = (struct program_bench){ .group = -1 };
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
assert_group_gone(const struct program_bench *r)
{
	int status;

	assert_int_equal(r->started, 1);
	assert_int_equal(r->ended, 1);
	assert_true(r->was_waiting);
	/* Orphans are ours to reap. */
	while (waitpid(-r->group, &status, 0) > 0)
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(kill(-r->group, 0), -1);
	assert_int_equal(errno, ESRCH);
}

const char *
program_bench_call(struct program_bench *r)
{
	enum tool_done done = program_call(&r->bench.tool, &r->bench.call);

	assert_int_equal(r->bench.call.failed, RC_OK);
	assert_int_equal(
	    done, r->bench.call.result.is_error ? TOOL_FAILED : TOOL_DONE);
	if (r->started > 0)
		assert_group_gone(r);
	return tool_bench_result(&r->bench);
}

void
program_bench_release(struct program_bench *r)
{
	tool_bench_release(&r->bench);
}

bool
program_bench_adopt(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}
