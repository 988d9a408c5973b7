/* More prompts than anybody needs. */
#include "simple_module.h"

static const struct mcp_tool one = {
	.size = sizeof(struct mcp_tool),
	.definition = "{\"name\":\"one\"}",
	.call = do_nothing,
};

#define FOUR(x) x, x, x, x
#define MANY(x) FOUR(FOUR(FOUR(FOUR(FOUR(x)))))

static const struct mcp_tool *const list[] = { MANY(&one), &one, NULL };

OFFERS("many_prompts", .prompts = list)
