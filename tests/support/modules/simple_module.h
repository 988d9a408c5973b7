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

/* A module of these tools (pointers, the last one NULL) for a version of the
 * interface. */
#define MODULE(module_name, version, ...)                                      \
	static const struct mcp_tool *const tools[] = { __VA_ARGS__ };         \
                                                                               \
	static const struct mcp_module module = {                              \
		.abi = (version),                                              \
		.size = sizeof(struct mcp_module),                             \
		.name = (module_name),                                         \
		.tools = tools,                                                \
	};                                                                     \
                                                                               \
	const struct mcp_module *mcp_module_open(const struct mcp_api *api)    \
	{                                                                      \
		(void)api;                                                     \
		return &module;                                                \
	}

#endif
