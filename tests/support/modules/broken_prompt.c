/* A prompt whose arguments are no list. */
#include "simple_module.h"

static const struct mcp_tool one = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"name\":\"one\",\"arguments\":{}}",
	.call = do_nothing,
};

static const struct mcp_tool *const list[] = { &one, NULL };

OFFERS("broken_prompt", .prompts = list)
