/* One of each kind, without a tool. */
#include "simple_module.h"

static const struct mcp_tool prompt = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"name\":\"p\",\"arguments\":[{\"name\":\"a\"}]}",
	.flags = MCP_TOOL_DETACHED | MCP_TOOL_NEEDS_ELICITATION_URL |
	    MCP_TOOL_NEEDS_SAMPLING_TOOLS,
	.call = do_nothing,
	.complete = do_nothing,
};

static const struct mcp_tool resource = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"uri\":\"a:r\",\"name\":\"r\"}",
	.call = do_nothing,
};

static const struct mcp_tool template = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"uriTemplate\":\"a:t/{x}\",\"name\":\"t\"}",
	.call = do_nothing,
	.complete = do_nothing,
};

static const struct mcp_tool *const prompts[] = { &prompt, NULL };
static const struct mcp_tool *const resources[] = { &resource, NULL };
static const struct mcp_tool *const templates[] = { &template, NULL };

OFFERS("offers", .prompts = prompts, .resources = resources,
    .templates = templates)
