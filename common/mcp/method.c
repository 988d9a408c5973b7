#include "method.h"

#include "offer.h"
#include "reply.h"
#include "tool.h"

static const struct method methods[] = {
	{ SLICE_INIT("completion/complete"), REVISION_2024_11_05,
	    REVISION_2026_07_28, method_complete },
	{ SLICE_INIT("initialize"), REVISION_2024_11_05, REVISION_2025_11_25,
	    method_initialize },
	{ SLICE_INIT("logging/setLevel"), REVISION_2024_11_05,
	    REVISION_2025_11_25, method_set_level },
	{ SLICE_INIT("ping"), REVISION_2024_11_05, REVISION_2025_11_25,
	    method_ping },
	{ SLICE_INIT("prompts/get"), REVISION_2024_11_05, REVISION_2026_07_28,
	    method_prompts_get },
	{ SLICE_INIT("prompts/list"), REVISION_2024_11_05, REVISION_2026_07_28,
	    method_prompts_list },
	{ SLICE_INIT("resources/list"), REVISION_2024_11_05,
	    REVISION_2026_07_28, method_resources_list },
	{ SLICE_INIT("resources/read"), REVISION_2024_11_05,
	    REVISION_2026_07_28, method_resources_read },
	{ SLICE_INIT("resources/subscribe"), REVISION_2024_11_05,
	    REVISION_2025_11_25, method_subscribe },
	{ SLICE_INIT("resources/templates/list"), REVISION_2024_11_05,
	    REVISION_2026_07_28, method_templates_list },
	{ SLICE_INIT("resources/unsubscribe"), REVISION_2024_11_05,
	    REVISION_2025_11_25, method_unsubscribe },
	{ SLICE_INIT("server/discover"), REVISION_2026_07_28,
	    REVISION_2026_07_28, method_discover },
	{ SLICE_INIT("subscriptions/listen"), REVISION_2026_07_28,
	    REVISION_2026_07_28, method_listen },
	{ SLICE_INIT("tasks/cancel"), REVISION_2025_11_25, REVISION_2025_11_25,
	    method_task_cancel },
	{ SLICE_INIT("tasks/cancel"), REVISION_2026_07_28, REVISION_2026_07_28,
	    method_task_ext_cancel },
	{ SLICE_INIT("tasks/get"), REVISION_2025_11_25, REVISION_2025_11_25,
	    method_task_get },
	{ SLICE_INIT("tasks/get"), REVISION_2026_07_28, REVISION_2026_07_28,
	    method_task_ext_get },
	{ SLICE_INIT("tasks/list"), REVISION_2025_11_25, REVISION_2025_11_25,
	    method_task_list },
	{ SLICE_INIT("tasks/result"), REVISION_2025_11_25, REVISION_2025_11_25,
	    method_task_result },
	{ SLICE_INIT("tasks/update"), REVISION_2026_07_28, REVISION_2026_07_28,
	    method_task_ext_update },
	{ SLICE_INIT("tools/call"), REVISION_2024_11_05, REVISION_2026_07_28,
	    method_tools_call },
	{ SLICE_INIT("tools/list"), REVISION_2024_11_05, REVISION_2026_07_28,
	    method_tools_list },
};

const struct method *
method_find(struct slice name, const struct revision *revision)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		const struct method *m = &methods[i];

		if (slice_eq(m->name, name) && revision->name >= m->since &&
		    revision->name <= m->until)
			return m;
	}
	return NULL;
}

enum rc
method_dispatch(struct exchange *x)
{
	const struct method *m = method_find(x->message.method, x->revision);
	const struct json *meta = json_get(x->message.params, "_meta");

	if (meta != NULL && meta->type != JSON_OBJECT) {
		answer_error(x, 400, RPC_INVALID_PARAMS,
		    "_meta must be an object", SLICE_NONE);
		return RC_OK;
	}
	if (m != NULL)
		return m->handle(x);
	if (x->transport->errors_in_status)
		x->row = "P16";
	answer_error(
	    x, 404, RPC_METHOD_NOT_FOUND, "Method not found", SLICE_NONE);
	return RC_OK;
}

/* Does what is to be completed take long? */
static bool
completes_long(struct exchange *x)
{
	const struct json *ref = json_get(x->message.params, "ref");
	const struct tool *tool = tool_find(
	    offer_all(x, OFFER_PROMPT), json_text(json_get(ref, "name")));

	if (tool == NULL)
		tool = tool_find(offer_all(x, OFFER_TEMPLATE),
		    json_text(json_get(ref, "uri")));
	return tool != NULL && (tool->flags & TOOL_COMPLETES_LONG) != 0;
}

bool
method_is_long(struct exchange *x)
{
	const struct json *params = x->message.params;
	struct slice name = json_text(json_get(params, "name"));
	struct offer_call call = { .tool = NULL };

	if (slice_eq(x->message.method, SLICE("completion/complete")))
		return completes_long(x);
	if (slice_eq(x->message.method, SLICE("tools/call")))
		call.tool = tool_find(offer_all(x, OFFER_TOOL), name);
	else if (slice_eq(x->message.method, SLICE("prompts/get")))
		call.tool = tool_find(offer_all(x, OFFER_PROMPT), name);
	else if (!slice_eq(x->message.method, SLICE("resources/read")) ||
	    offer_find_resource(x, json_text(json_get(params, "uri")), &call) !=
		RC_OK)
		return false;
	return call.tool != NULL && (call.tool->flags & TOOL_DETACHED) != 0;
}

/* Presence of an object means support, whatever is in it. */
static bool
has(const struct json *object, struct slice name)
{
	return json_is(json_member(object, name), JSON_OBJECT);
}

uint32_t
method_caps(const struct json *capabilities)
{
	const struct json *sampling = json_get(capabilities, "sampling");
	const struct json *elicitation = json_get(capabilities, "elicitation");
	const struct json *roots = json_get(capabilities, "roots");
	uint32_t caps = 0;

	if (has(capabilities, SLICE("roots")))
		caps |= CAP_ROOTS;
	if (json_is(json_get(roots, "listChanged"), JSON_TRUE))
		caps |= CAP_ROOTS_CHANGED;
	if (has(capabilities, SLICE("sampling")))
		caps |= CAP_SAMPLING;
	if (has(sampling, SLICE("tools")))
		caps |= CAP_SAMPLING_TOOLS;
	if (has(sampling, SLICE("context")))
		caps |= CAP_SAMPLING_CONTEXT;
	if (has(elicitation, SLICE("url")))
		caps |= CAP_ELICITATION_URL;
	/* An empty object, or one without modes, means form mode. */
	if (has(capabilities, SLICE("elicitation")) &&
	    (has(elicitation, SLICE("form")) ||
		!has(elicitation, SLICE("url"))))
		caps |= CAP_ELICITATION;
	if (has(json_get(capabilities, "extensions"),
		SLICE("io.modelcontextprotocol/tasks")) ||
	    has(capabilities, SLICE("tasks")))
		caps |= CAP_TASKS;
	return caps;
}
