/* Two tools of one name. */
#include "simple_module.h"

static const struct mcp_tool tool_0 = {
	.size = sizeof(struct mcp_tool),
	.definition = DEFINITION("one"),
	.call = do_nothing,
};

static const struct mcp_tool tool_1 = {
	.size = sizeof(struct mcp_tool),
	.definition = DEFINITION("one"),
	.call = do_nothing,
};

MODULE("twins", MCP_ABI, &tool_0, &tool_1, NULL)
