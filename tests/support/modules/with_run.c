/* A tool in C that also names a program. */
#include "simple_module.h"

static const struct mcp_tool tool_0 = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"name\":\"one\",\"inputSchema\":{\"type\":\"object\"},"
		      "\"run\":{}}",
	.call = do_nothing,
};

MODULE("with_run", MCP_ABI, &tool_0, NULL)
