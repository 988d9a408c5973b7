/* Tools with every flag there is, in the order b, a. */
#include "simple_module.h"

static const struct mcp_tool tool_0 = {
	.size = sizeof(struct mcp_tool),
	/* What must not be done twice is not repeated. */
	.definition = "{\"name\":\"b\",\"inputSchema\":{\"type\":\"object\"},"
		      "\"annotations\":{\"idempotentHint\":true}}",
	.flags = MCP_TOOL_DETACHED | MCP_TOOL_ONCE | MCP_TOOL_NEEDS_ROOTS |
	    MCP_TOOL_NEEDS_SAMPLING | MCP_TOOL_NEEDS_ELICITATION,
	.call = do_nothing,
};

static const struct mcp_tool tool_1 = {
	.size = sizeof(struct mcp_tool),
	.definition = DEFINITION("a"),
	.call = do_nothing,
};

static const struct mcp_tool tool_2 = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"name\":\"c\",\"inputSchema\":{\"type\":\"object\"},"
		      "\"annotations\":{\"readOnlyHint\":true},"
		      "\"execution\":{\"taskSupport\":\"optional\"}}",
	.flags = MCP_TOOL_DETACHED,
	.call = do_nothing,
};

MODULE("flags", MCP_ABI, &tool_0, &tool_1, &tool_2, NULL)
