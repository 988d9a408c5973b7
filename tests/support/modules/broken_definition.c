/* Its second definition lacks a schema. */
#include "simple_module.h"

static const struct mcp_tool tool_0 = {
	.size = sizeof(struct mcp_tool),
	.definition = DEFINITION("one"),
	.call = do_nothing,
};

static const struct mcp_tool tool_1 = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"name\":\n"
		      "\"two\"}",
	.call = do_nothing,
};

MODULE("broken_definition", MCP_ABI, &tool_0, &tool_1, NULL)
