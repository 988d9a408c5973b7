#ifndef MCP_MODULE_API_H
#define MCP_MODULE_API_H

#include "mcp_module.h"
#include "tool.h"

/*
 * The table of functions that modules call, and the call they see.
 */
extern const struct mcp_api module_api;

/* Run the function of a module's tool as a struct tool.call would. */
enum tool_done module_run(const struct mcp_tool *, struct tool_call *);

#endif
