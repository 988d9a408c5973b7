/* A tool that would complete its arguments. */
#include "simple_module.h"

static const struct mcp_tool one = {
	.size = sizeof(struct mcp_tool),
	.definition = DEFINITION("one"),
	.call = do_nothing,
	.complete = do_nothing,
};

static const struct mcp_tool *const list[] = { &one, NULL };

OFFERS("completing_tool", .tools = list)
