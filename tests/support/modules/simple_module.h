#ifndef MCP_SIMPLE_MODULE_H
#define MCP_SIMPLE_MODULE_H

#include <stddef.h>

#include "mcp_module.h"

/* What most modules of this folder have in common. */

#define DEFINITION(name)                                                       \
	"{\"name\":\"" name "\",\"inputSchema\":{\"type\":\"object\"}}"

static inline enum mcp_done
do_nothing(struct mcp_call *c, void *ctx)
{
	(void)c;
	(void)ctx;
	return MCP_DONE;
}

/* A module with these members for a version of the interface. */
#define MODULE_WITH(module_name, version, ...)                                 \
	static const struct mcp_module module = { .abi = (version),            \
		.size = sizeof(struct mcp_module),                             \
		.name = (module_name),                                         \
		__VA_ARGS__ };                                                 \
                                                                               \
	const struct mcp_module *mcp_module_open(const struct mcp_api *api)    \
	{                                                                      \
		(void)api;                                                     \
		return &module;                                                \
	}

/* One of lists of its own: .prompts = list */
#define OFFERS(module_name, ...) MODULE_WITH(module_name, MCP_ABI, __VA_ARGS__)

/* One of these tools (pointers, the last one NULL). */
#define MODULE(module_name, version, ...)                                      \
	static const struct mcp_tool *const tools[] = { __VA_ARGS__ };         \
                                                                               \
	MODULE_WITH(module_name, version, .tools = tools)

#endif
