/* Flags that only a later server understands. */
#include "simple_module.h"

static const struct mcp_tool tool_0 = {
	.size = sizeof(struct mcp_tool),
	.definition = DEFINITION("one"),
	.flags = 1u << 31,
	.call = do_nothing,
};

MODULE("later_flags", MCP_ABI, &tool_0, NULL)
