/* The tools of tests/support/fake_definitions.h as a C module, for the depths
 * where a real program serves them. */
#include "mcp_module.h"

#include <stdio.h>

#include "fake_definitions.h"

static const struct mcp_api *server;

static enum mcp_done
call_audio(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	server->audio(c, FAKE_MEDIA, sizeof(FAKE_MEDIA) - 1, "audio/wav");
	return MCP_DONE;
}

static enum mcp_done
call_compute(struct mcp_call *c, void *ctx)
{
	char text[64];
	int64_t a = server->integer(server->argument(c, "a"), 0);
	int64_t b = server->integer(server->argument(c, "b"), 0);
	int n;

	(void)ctx;
	if (a > INT32_MAX || a < INT32_MIN || b > INT32_MAX || b < INT32_MIN) {
		server->fail(c, "out of range");
		return MCP_FAILED;
	}
	n = snprintf(text, sizeof(text), "{\"sum\":%lld}", (long long)a + b);
	if (n < 0)
		return MCP_FAILED;
	server->structured(c, text, (size_t)n);
	return MCP_DONE;
}

static enum mcp_done
call_echo(struct mcp_call *c, void *ctx)
{
	size_t len = 0;
	const char *text = server->string(c, server->argument(c, "text"), &len);

	(void)ctx;
	if (text == NULL)
		return MCP_FAILED;
	server->text(c, text, len);
	return MCP_DONE;
}

static enum mcp_done
call_fail(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	server->fail(c, "it did not work");
	return MCP_FAILED;
}

static enum mcp_done
call_image(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	server->image(c, FAKE_MEDIA, sizeof(FAKE_MEDIA) - 1, "image/png");
	return MCP_DONE;
}

static enum mcp_done
call_link(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	server->link(c, "https://example.org/there", "there", "text/html");
	return MCP_DONE;
}

static enum mcp_done
call_list(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	server->structured(c, "[1,2,3]", sizeof("[1,2,3]") - 1);
	return MCP_DONE;
}

static enum mcp_done
call_nothing(struct mcp_call *c, void *ctx)
{
	(void)c;
	(void)ctx;
	return MCP_DONE;
}

static enum mcp_done
call_resource(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	server->resource_text(
	    c, "note://one", "text/plain", "a note", sizeof("a note") - 1);
	return MCP_DONE;
}

static enum mcp_done
call_summarize(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	server->text(c, "short", sizeof("short") - 1);
	return MCP_DONE;
}

static enum mcp_done
call_weather(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	server->text(c, "sunny", sizeof("sunny") - 1);
	return MCP_DONE;
}

#define TOOL(variable, text, function, bits)                                   \
	static const struct mcp_tool variable = {                              \
		.size = sizeof(struct mcp_tool),                               \
		.definition = (text),                                          \
		.flags = (bits),                                               \
		.call = (function),                                            \
	}

TOOL(audio, FAKE_AUDIO, call_audio, 0);
TOOL(compute, FAKE_COMPUTE, call_compute, 0);
TOOL(echo, FAKE_ECHO, call_echo, 0);
TOOL(fail, FAKE_FAIL, call_fail, 0);
TOOL(image, FAKE_IMAGE, call_image, 0);
TOOL(link, FAKE_LINK, call_link, 0);
TOOL(list, FAKE_LIST, call_list, 0);
TOOL(nothing, FAKE_NOTHING, call_nothing, 0);
TOOL(resource, FAKE_RESOURCE, call_resource, 0);
TOOL(summarize, FAKE_SUMMARIZE, call_summarize, MCP_TOOL_NEEDS_SAMPLING);
TOOL(weather, FAKE_WEATHER, call_weather, 0);
TOOL(zero, FAKE_ZERO, call_nothing, 0);

/* Not in the order of names: the server sorts. */
static const struct mcp_tool *const tools[] = { &zero, &weather, &summarize,
	&resource, &nothing, &list, &link, &image, &fail, &echo, &compute,
	&audio, NULL };

static const struct mcp_module module = {
	.abi = MCP_ABI,
	.size = sizeof(struct mcp_module),
	.name = "golden",
	.tools = tools,
};

const struct mcp_module *
mcp_module_open(const struct mcp_api *api)
{
	if (api->abi != MCP_ABI || api->size < sizeof(*api))
		return NULL;
	server = api;
	return &module;
}
