/* Two resources of one URI. */
#include "simple_module.h"

static const struct mcp_tool one = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"uri\":\"a:one\",\"name\":\"one\"}",
	.call = do_nothing,
};

static const struct mcp_tool *const list[] = { &one, &one, NULL };

OFFERS("twin_resources", .resources = list)
