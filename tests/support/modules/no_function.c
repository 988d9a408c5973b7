/* A tool that cannot be called. */
#include "simple_module.h"

static const struct mcp_tool tool_0 = {
	.size = sizeof(struct mcp_tool),
	.definition = DEFINITION("one"),
};

MODULE("no_function", MCP_ABI, &tool_0, NULL)
