/* A template that is none. */
#include "simple_module.h"

static const struct mcp_tool one = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"uriTemplate\":\"a:{\",\"name\":\"one\"}",
	.call = do_nothing,
};

static const struct mcp_tool *const list[] = { &one, NULL };

OFFERS("broken_template", .templates = list)
