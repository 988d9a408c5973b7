/* A module whose struct ends where the first version of it did. */
#include "simple_module.h"

static const struct mcp_module module = {
	.abi = MCP_ABI,
	.size = offsetof(struct mcp_module, prompts),
	.name = "small_module",
};

const struct mcp_module *
mcp_module_open(const struct mcp_api *api)
{
	(void)api;
	return &module;
}
