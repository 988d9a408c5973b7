/* A tool whose struct has no size. */
#include <stddef.h>

#include "mcp_module.h"

static enum mcp_done
call(struct mcp_call *c, void *ctx)
{
	(void)c;
	(void)ctx;
	return MCP_DONE;
}

static const struct mcp_tool tool_0 = {
	.definition =
	    "{\"name\":\"one\",\"inputSchema\":{\"type\":\"object\"}}",
	.call = call,
};

static const struct mcp_tool *const tools[] = { &tool_0, NULL };

static const struct mcp_module module = {
	.abi = MCP_ABI,
	.size = sizeof(struct mcp_module),
	.name = "small_struct",
	.tools = tools,
};

const struct mcp_module *
mcp_module_open(const struct mcp_api *api)
{
	(void)api;
	return &module;
}
