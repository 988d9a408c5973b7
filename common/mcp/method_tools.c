#include "method.h"
#include "offer.h"
#include "reply.h"
#include "tool_check.h"

enum rc
method_tools_list(struct exchange *x)
{
	return offer_list(x, OFFER_TOOL);
}

/* The named tool and its arguments, or NULL and the answer is built. */
static const struct tool *
find_tool(struct exchange *x)
{
	const struct json *name = json_get(x->message.params, "name");
	const struct json *arguments = json_get(x->message.params, "arguments");
	const struct tool *tool = NULL;
	const char *fault = NULL;

	if (!json_is(name, JSON_STRING)) {
		fault = "name must be a string";
	} else if (arguments != NULL && arguments->type != JSON_OBJECT) {
		fault = "arguments must be an object";
	} else {
		x->tool = name->text;
		tool = tool_find(offer_all(x, OFFER_TOOL), name->text);
		fault = tool == NULL ? "Unknown tool" : NULL;
	}
	if (fault != NULL)
		answer_error(x, 200, RPC_INVALID_PARAMS, fault, SLICE_NONE);
	return tool;
}

enum rc
method_tools_call(struct exchange *x)
{
	struct offer_call call = { .makes = MAKES_CONTENT,
		.tool = find_tool(x),
		.arguments = json_get(x->message.params, "arguments") };
	bool agrees = true;
	enum rc rc = RC_OK;

	if (call.tool == NULL)
		return RC_OK;
	if (x->transport->errors_in_status && x->claimed == NULL) {
		rc = tool_check_headers(x->arena, x->http,
		    x->server->rules.body_only, call.tool, call.arguments,
		    &agrees);
	}
	if (rc != RC_OK)
		return rc;
	if (!agrees) {
		x->row = "P17";
		answer_error(x, 400, RPC_HEADER_MISMATCH,
		    "An Mcp-Param header is missing or differs from the body",
		    SLICE_NONE);
		return RC_OK;
	}
	return offer_run(x, &call);
}
