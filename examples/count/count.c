/*
 * count: a tool in C that takes its time and says how far it is.
 *
 *     cc -std=c17 -shared -fPIC -fvisibility=hidden \
 *         -I common/tools -o count.so examples/count/count.c
 *
 * It is detached: the client hears of every step while it runs, may leave and
 * come back, and may cancel it.
 */
#include "mcp_module.h"

#include <stdio.h>

/* The only name that this object shows. */
#define EXPORT __attribute__((visibility("default")))

/* What the inputSchema allows, with room for the numbers. */
#define MARKER_MAX (4 * 100)
#define TEXT_MAX (MARKER_MAX + 100)

static const struct mcp_api *mcp;

static void
say(struct mcp_call *call, int64_t i, int64_t n, const char *marker)
{
	char text[TEXT_MAX];

	(void)snprintf(text, sizeof(text), "%s %lld of %lld", marker,
	    (long long)i, (long long)n);
	mcp->progress(call, (double)i, (double)n, text);
}

static enum mcp_done
count(struct mcp_call *call, void *ctx)
{
	int64_t n = mcp->integer(mcp->argument(call, "n"), 0);
	int64_t ms = mcp->integer(mcp->argument(call, "ms"), 100);
	const char *marker =
	    mcp->string(call, mcp->argument(call, "marker"), NULL);
	char text[TEXT_MAX];
	int len;

	(void)ctx;
	if (marker == NULL)
		marker = "count";
	for (int64_t i = 1; i <= n; i++) {
		say(call, i, n, marker);
		if (mcp->wait(call, ms) != 0)
			return MCP_FAILED;
	}
	len = snprintf(
	    text, sizeof(text), "%s counted to %lld", marker, (long long)n);
	mcp->text(call, text, (size_t)len);
	return MCP_DONE;
}

static const struct mcp_tool count_tool = {
	.size = sizeof(struct mcp_tool),
	.definition =
	    "{\"name\":\"count\",\"title\":\"Count slowly\","
	    "\"description\":\"Count to n and report each step as progress. "
	    "For trying out calls that take long.\","
	    "\"inputSchema\":{\"type\":\"object\",\"properties\":{"
	    "\"n\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":100000,"
	    "\"description\":\"how far\"},"
	    "\"ms\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":60000,"
	    "\"default\":100,\"description\":\"milliseconds per step\"},"
	    "\"marker\":{\"type\":\"string\",\"maxLength\":100,"
	    "\"default\":\"count\","
	    "\"description\":\"a word that every message and the result "
	    "begin with\"}},"
	    "\"required\":[\"n\"],\"additionalProperties\":false},"
	    "\"annotations\":{\"readOnlyHint\":true,\"openWorldHint\":false},"
	    "\"execution\":{\"taskSupport\":\"optional\"}}",
	.flags = MCP_TOOL_DETACHED,
	.call = count,
};

static const struct mcp_tool *const tools[] = { &count_tool, NULL };

static const struct mcp_module module = {
	.abi = MCP_ABI,
	.size = sizeof(struct mcp_module),
	.name = "count",
	.tools = tools,
};

EXPORT const struct mcp_module *
mcp_module_open(const struct mcp_api *api)
{
	/* An older server has no wait(). */
	if (api->size < sizeof(struct mcp_api))
		return NULL;
	mcp = api;
	return &module;
}
