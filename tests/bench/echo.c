/* The tool of the benchmarks: says what it was told. */
#include "mcp_module.h"

static const struct mcp_api *mcp;

static enum mcp_done
echo(struct mcp_call *call, void *ctx)
{
	size_t len = 0;
	const char *text = mcp->string(call, mcp->argument(call, "text"), &len);

	(void)ctx;
	mcp->text(call, text, len);
	return MCP_DONE;
}

static const struct mcp_tool echo_tool = {
	.size = sizeof(struct mcp_tool),
	.definition =
	    "{\"name\":\"echo\",\"description\":\"Say it again.\","
	    "\"inputSchema\":{\"type\":\"object\",\"properties\":{"
	    "\"text\":{\"type\":\"string\",\"maxLength\":1000}},"
	    "\"required\":[\"text\"],\"additionalProperties\":false}}",
	.call = echo,
};

static const struct mcp_tool *const tools[] = { &echo_tool, NULL };

static const struct mcp_module module = {
	.abi = MCP_ABI,
	.size = sizeof(struct mcp_module),
	.name = "echo",
	.tools = tools,
};

const struct mcp_module *
mcp_module_open(const struct mcp_api *api)
{
	mcp = api;
	return &module;
}
