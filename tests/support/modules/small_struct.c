/* A tool whose struct has no size. */
#include "simple_module.h"

static const struct mcp_tool tool_0 = {
	.definition = DEFINITION("one"),
	.call = do_nothing,
};

MODULE("small_struct", MCP_ABI, &tool_0, NULL)
