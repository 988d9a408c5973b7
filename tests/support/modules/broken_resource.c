/* A resource without a name. */
#include "simple_module.h"

static const struct mcp_tool one = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"uri\":\"a:one\"}",
	.call = do_nothing,
};

static const struct mcp_tool *const list[] = { &one, NULL };

OFFERS("broken_resource", .resources = list)
