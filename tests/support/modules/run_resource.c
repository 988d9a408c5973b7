/* A resource in C that also names a program. */
#include "simple_module.h"

static const struct mcp_tool one = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"uri\":\"a:one\",\"name\":\"one\",\"run\":{}}",
	.call = do_nothing,
};

static const struct mcp_tool *const list[] = { &one, NULL };

OFFERS("run_resource", .resources = list)
