/* Built for a server that does not exist yet. */
#include <stddef.h>

#include "mcp_module.h"

static const struct mcp_tool *const tools[] = { NULL };

static const struct mcp_module module = {
	.abi = MCP_ABI + 1,
	.size = sizeof(struct mcp_module),
	.name = "later_abi",
	.tools = tools,
};

const struct mcp_module *
mcp_module_open(const struct mcp_api *api)
{
	(void)api;
	return &module;
}
