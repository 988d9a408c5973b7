#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failalloc.h"
#include "module.h"
#include "module_api.h"

/* A module of prompts, resources and templates, loaded once before, so that
 * nothing of the loader's is counted. */
static char file[1024];

static enum rc
load(void)
{
	struct buf why = BUF_INIT(1000);
	struct module *module = NULL;
	enum rc rc = module_load(file, &module, &why);

	module_free(module);
	buf_release(&why);
	return rc;
}

/* ---------------------------------------------------------------- functions */

static enum mcp_done
talk(struct mcp_call *c, void *ctx)
{
	const struct mcp_api *api = &module_api;

	(void)ctx;
	api->describe(c, "two lines");
	api->text(c, "first", 5);
	api->role(c, 1);
	api->image(c, "second", 6, NULL);
	return MCP_DONE;
}

static enum mcp_done
read_it(struct mcp_call *c, void *ctx)
{
	const struct mcp_api *api = &module_api;

	(void)ctx;
	api->text(c, "first", 5);
	api->resource_blob(c, "a:b", NULL, "second", 6);
	return MCP_DONE;
}

static enum mcp_done
propose(struct mcp_call *c, void *ctx)
{
	const struct mcp_api *api = &module_api;
	const char *typed = api->about(c, MCP_ABOUT_VALUE);

	(void)ctx;
	api->text(c, typed, strlen(typed));
	return MCP_DONE;
}

static enum rc
run(enum tool_makes makes, enum mcp_done (*function)(struct mcp_call *, void *))
{
	const struct tool named = { .name = SLICE("n") };
	const struct mcp_tool tool = {
		.size = sizeof(tool), .call = function, .complete = function
	};
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct tool_call call = { .tool = &named,
		.arena = &arena,
		.makes = makes,
		.uri = SLICE("a:uri"),
		.env = &tool_env_inline };
	enum rc rc = json_read(&arena,
	    SLICE("{\"argument\":{\"name\":\"n\",\"value\":\"v\"}}"),
	    &json_limits_default, &call.arguments, NULL);

	if (rc == RC_OK) {
		(void)module_run(&tool, &call);
		rc = call.failed;
		if (rc == RC_OK && call.result.is_error)
			rc = RC_BUG;
	}
	arena_release(&arena);
	return rc;
}

static enum rc
run_a_prompt(void)
{
	return run(MAKES_MESSAGES, talk);
}

static enum rc
run_a_resource(void)
{
	return run(MAKES_CONTENTS, read_it);
}

static enum rc
run_a_completion(void)
{
	return run(MAKES_VALUES, propose);
}

static const struct {
	const char *name;
	enum rc (*scenario)(void);
} scenarios[] = {
	{ "load a module", load },
	{ "run a prompt", run_a_prompt },
	{ "run a resource", run_a_resource },
	{ "run a completion", run_a_completion },
};

int
main(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *built = getenv("MCP_BUILD");
	int failures = 0;

	(void)snprintf(file, sizeof(file), "%s/tests/modules/offers.so",
	    built == NULL ? "build/dev" : built);
	if (load() != RC_OK)
		return EXIT_FAILURE;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		failures +=
		    failalloc_each(scenarios[i].name, scenarios[i].scenario);
	return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
