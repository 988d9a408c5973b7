#include "method.h"
#include "offer.h"
#include "reply.h"
#include "topic.h"
#include "uri_template.h"

/* What is to be completed. */
struct target {
	const struct tool *tool; /* NULL: nothing that has arguments */
	struct slice uri;        /* of a template */
	struct slice argument;
};

static bool
are_strings(const struct json *object)
{
	if (!json_is(object, JSON_OBJECT))
		return false;
	for (const struct json *m = object->child; m != NULL; m = m->next) {
		if (m->type != JSON_STRING)
			return false;
	}
	return true;
}

/* What is wrong with the params besides `ref`, or NULL. */
static const char *
params_fault(const struct json *params)
{
	const struct json *argument = json_get(params, "argument");
	const struct json *context = json_get(params, "context");
	const struct json *known = json_get(context, "arguments");

	if (!json_is(json_get(argument, "name"), JSON_STRING) ||
	    !json_is(json_get(argument, "value"), JSON_STRING))
		return "argument needs name and value, strings";
	if (context != NULL && context->type != JSON_OBJECT)
		return "context must be an object";
	if (known != NULL && !are_strings(known))
		return "context.arguments must be an object of strings";
	return NULL;
}

static const char *
find_prompt(struct exchange *x, const struct json *ref, struct target *out)
{
	const struct json *name = json_get(ref, "name");

	if (!json_is(name, JSON_STRING))
		return "ref.name must be a string";
	x->tool = name->text;
	out->tool = tool_find(offer_all(x, OFFER_PROMPT), name->text);
	return out->tool == NULL ? "Unknown prompt" : NULL;
}

/* A resource is known, too, but has nothing to complete. */
static const char *
find_template(struct exchange *x, const struct json *ref, struct target *out)
{
	const struct json *uri = json_get(ref, "uri");

	if (!json_is(uri, JSON_STRING))
		return "ref.uri must be a string";
	x->tool = uri->text;
	out->uri = uri->text;
	out->tool = tool_find(offer_all(x, OFFER_TEMPLATE), uri->text);
	if (out->tool != NULL ||
	    tool_find(offer_all(x, OFFER_RESOURCE), uri->text) != NULL)
		return NULL;
	return "Unknown resource template";
}

/* What is wrong with what was asked for, or NULL. */
static const char *
find_target(struct exchange *x, struct target *out)
{
	const struct json *params = x->message.params;
	const struct json *ref = json_get(params, "ref");
	const struct json *type = json_get(ref, "type");
	const char *fault = params_fault(params);

	if (fault != NULL)
		return fault;
	out->argument =
	    json_text(json_get(json_get(params, "argument"), "name"));
	if (json_text_is(type, SLICE("ref/prompt")))
		return find_prompt(x, ref, out);
	if (json_text_is(type, SLICE("ref/resource")))
		return find_template(x, ref, out);
	return "ref.type must be ref/prompt or ref/resource";
}

/* Does it have an argument or a variable of that name? */
static bool
has_argument(const struct tool *tool, struct slice name)
{
	const struct json *list = json_get(tool->definition, "arguments");
	const struct slice *vars = NULL;
	size_t n = 0;

	if (tool->kind == OFFER_TEMPLATE) {
		n = uri_template_vars(tool->uris, &vars);
		list = NULL;
	}
	for (size_t i = 0; i < n; i++) {
		if (slice_eq(vars[i], name))
			return true;
	}
	for (const struct json *a = list == NULL ? NULL : list->child;
	     a != NULL; a = a->next) {
		if (json_text_is(json_get(a, "name"), name))
			return true;
	}
	return false;
}

static enum rc
answer_no_values(struct exchange *x)
{
	struct buf *b = answer_begin(x);

	json_put_key(b, "completion");
	buf_put_slice(
	    b, SLICE("{\"values\":[],\"total\":0,\"hasMore\":false}"));
	answer_end(x, false, NULL);
	return RC_OK;
}

enum rc
method_complete(struct exchange *x)
{
	struct target target = { .tool = NULL };
	const char *fault = find_target(x, &target);
	struct offer_call call;

	if (fault != NULL) {
		answer_error(x, 200, RPC_INVALID_PARAMS, fault, SLICE_NONE);
		return RC_OK;
	}
	if (target.tool == NULL || target.tool->complete == NULL ||
	    !has_argument(target.tool, target.argument))
		return answer_no_values(x);
	call = (struct offer_call){ .makes = MAKES_VALUES,
		.tool = target.tool,
		.arguments = x->message.params,
		.uri = target.uri };
	return offer_run(x, &call);
}
