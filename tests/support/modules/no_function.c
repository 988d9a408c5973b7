/* A tool that cannot be called. */
#include <stddef.h>

#include "mcp_module.h"

static const struct mcp_tool tool_0 = {
	.size = sizeof(struct mcp_tool),
	.definition =
	    "{\"name\":\"one\",\"inputSchema\":{\"type\":\"object\"}}",
};

static const struct mcp_tool *const tools[] = { &tool_0, NULL };

static const struct mcp_module module = {
	.abi = MCP_ABI,
	.size = sizeof(struct mcp_module),
	.name = "no_function",
	.tools = tools,
};

const struct mcp_module *
mcp_module_open(const struct mcp_api *api)
{
	(void)api;
	return &module;
}
