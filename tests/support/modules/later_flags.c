/* Flags that only a later server understands. */
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
	.size = sizeof(struct mcp_tool),
	.definition =
	    "{\"name\":\"one\",\"inputSchema\":{\"type\":\"object\"}}",
	.flags = 1u << 31,
	.call = call,
};

static const struct mcp_tool *const tools[] = { &tool_0, NULL };

static const struct mcp_module module = {
	.abi = MCP_ABI,
	.size = sizeof(struct mcp_module),
	.name = "later_flags",
	.tools = tools,
};

const struct mcp_module *
mcp_module_open(const struct mcp_api *api)
{
	(void)api;
	return &module;
}
