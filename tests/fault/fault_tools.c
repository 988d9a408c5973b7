#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "definition.h"
#include "failalloc.h"
#include "module_api.h"
#include "tool_program.h"

#define DEFINITION                                                             \
	"{\"name\":\"a\",\"description\":\"b\",\"inputSchema\":{"              \
	"\"type\":\"object\",\"properties\":{\"c\":{\"type\":\"string\","      \
	"\"x-mcp-header\":\"C\",\"odd\":1}}},"                                 \
	"\"outputSchema\":{\"type\":\"object\"},"                              \
	"\"run\":{\"command\":[\"./echo\",\"x\"],\"output\":\"json\","         \
	"\"env\":{\"A\":\"b\"},\"cwd\":\"..\"}}"

static enum rc
read_a_definition(void)
{
	struct buf why = BUF_INIT(1000);
	struct definition d;
	struct program p;
	enum rc rc = definition_read(SLICE(DEFINITION), &d, &why);

	if (rc != RC_OK) {
		buf_release(&why);
		return rc;
	}
	rc = program_read(d.run, d.text, "/tools", &d.arena, &p, &why);
	definition_put_hints(&d, &why);
	if (rc == RC_OK)
		rc = buf_finish(&why);
	if (rc == RC_OK && why.len == 0)
		rc = RC_BUG;
	definition_release(&d);
	buf_release(&why);
	return rc;
}

/* ---------------------------------------------------------------- programs */

struct bench {
	struct arena arena;
	struct program_host host;
	struct program program;
	struct tool tool;
	struct tool_call call;
};

/* Memory is refused from here on only where a call needs it. */
static enum rc
bench_init(struct bench *b, const char *run, const char *arguments)
{
	struct buf why = BUF_INIT(1000);
	const struct json *json = NULL;
	enum rc rc;

	*b = (struct bench){ .arena = ARENA_INIT((size_t)1 << 20),
		.host = { .clock = &clock_system },
		.tool = { .name = SLICE("demo") } };
	b->tool.ctx = &b->program;
	b->call = (struct tool_call){ .tool = &b->tool,
		.arena = &b->arena,
		.deadline_mono = INT64_MAX,
		.env = &tool_env_inline };
	rc = json_read(&b->arena, slice_of(arguments), &json_limits_default,
	    &b->call.arguments, NULL);
	if (rc == RC_OK && run != NULL) {
		rc = json_read(&b->arena, slice_of(run), &json_limits_default,
		    &json, NULL);
		if (rc == RC_OK)
			rc = program_read(json, slice_of(run), "/tmp",
			    &b->arena, &b->program, &why);
		b->program.host = &b->host;
	}
	buf_release(&why);
	return rc;
}

/* What the call ended with; an error for the client is none of ours. */
static enum rc
call_program(const char *run)
{
	struct bench b;
	enum rc rc = bench_init(&b, run, "{\"a\":\"b\"}");

	if (rc == RC_OK) {
		(void)program_call(&b.tool, &b.call);
		rc = b.call.failed;
		if (rc == RC_OK && b.call.result.first == NULL)
			rc = RC_BUG;
	}
	arena_release(&b.arena);
	return rc;
}

static enum rc
run_a_program(void)
{
	return call_program("{\"command\":[\"cat\"],\"output\":\"json\"}");
}

static enum rc
run_a_program_that_fails(void)
{
	return call_program("{\"command\":[\"false\"]}");
}

static enum rc
run_a_program_that_is_not_there(void)
{
	return call_program("{\"command\":[\"./not-there\"]}");
}

static enum rc
run_a_program_for_its_result(void)
{
	return call_program(
	    "{\"command\":[\"printf\",\"{\\\"content\\\":[{\\\"type\\\":"
	    "\\\"resource_link\\\",\\\"uri\\\":\\\"a:b\\\",\\\"name\\\":"
	    "\\\"n\\\"}],\\\"structuredContent\\\":[1]}\"],"
	    "\"output\":\"result\"}");
}

/* ----------------------------------------------------------------- modules */

static enum mcp_done
build(struct mcp_call *c, void *ctx)
{
	const struct mcp_api *api = &module_api;
	const char *s = api->string(c, api->argument(c, "a"), NULL);

	(void)ctx;
	if (s == NULL)
		return MCP_FAILED;
	api->text(c, s, strlen(s));
	api->audio(c, s, 1, NULL);
	api->block(c, "{\"type\":\"text\",\"text\":\"\"}", 25);
	api->structured(c, "[1]", 3);
	return MCP_DONE;
}

static enum rc
run_a_function(void)
{
	const struct mcp_tool tool = { .size = sizeof(tool), .call = build };
	struct bench b;
	enum rc rc = bench_init(&b, NULL, "{\"a\":\"b\"}");

	if (rc == RC_OK) {
		(void)module_run(&tool, &b.call);
		rc = b.call.failed;
		if (rc == RC_OK && b.call.result.is_error)
			rc = RC_BUG;
	}
	arena_release(&b.arena);
	return rc;
}

static enum tool_ask
answer_one(struct tool_call *call, struct tool_question *q, size_t n)
{
	(void)call;
	for (size_t i = 0; i < n; i++)
		q[i].answer = SLICE("1");
	return ASK_ANSWERED;
}

/* Whatever a program that speaks is refused, it hears of it and goes on. */
static enum rc
scenario_speak(long nth, bool *refused)
{
	static const char run[] =
	    "{\"timeout\":20,\"command\":[\"sh\",\"-c\",\""
	    "echo '{\\\"log\\\":{\\\"level\\\":\\\"info\\\","
	    "\\\"data\\\":1}}' >&3; printf '{\\\"ask' >&3; sleep 0.02; "
	    "echo '\\\":{\\\"k\\\":{\\\"method\\\":\\\"m\\\"}}}' >&3; "
	    "read line <&4; echo done\"]}";
	struct tool_env_ops env = tool_env_inline;
	struct bench b;
	enum rc rc = bench_init(&b, run, "{}");

	env.ask_begin = answer_one;
	b.call.env = &env;
	if (rc == RC_OK) {
		failalloc_arm(nth);
		(void)program_call(&b.tool, &b.call);
		*refused = failalloc_disarm();
		rc = b.call.failed;
		if (rc == RC_NOMEM && *refused)
			rc = RC_OK;
		else if (rc == RC_OK && b.call.result.is_error)
			rc = RC_BUG;
	}
	arena_release(&b.arena);
	return rc;
}

static const struct {
	const char *name;
	enum rc (*scenario)(void);
} scenarios[] = {
	{ "read a definition", read_a_definition },
	{ "run a program", run_a_program },
	{ "run a program that fails", run_a_program_that_fails },
	{ "run a program that is not there", run_a_program_that_is_not_there },
	{ "run a program for its result", run_a_program_for_its_result },
	{ "run a function", run_a_function },
};

int
main(void)
{
	int failures = 0;

	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		failures +=
		    failalloc_each(scenarios[i].name, scenarios[i].scenario);
	failures +=
	    failalloc_repeat("run a program that speaks", scenario_speak);
	return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
