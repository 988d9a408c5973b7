#include "method.h"
#include "offer.h"
#include "reply.h"

enum rc
method_prompts_list(struct exchange *x)
{
	return offer_list(x, OFFER_PROMPT);
}

enum rc
method_prompts_get(struct exchange *x)
{
	const struct json *name = json_get(x->message.params, "name");
	struct offer_call call = { .makes = MAKES_MESSAGES,
		.arguments = json_get(x->message.params, "arguments") };
	const char *fault = NULL;

	if (!json_is(name, JSON_STRING)) {
		fault = "name must be a string";
	} else if (call.arguments != NULL &&
	    call.arguments->type != JSON_OBJECT) {
		fault = "arguments must be an object";
	} else {
		x->tool = name->text;
		call.tool = tool_find(offer_all(x, OFFER_PROMPT), name->text);
		fault = call.tool == NULL ? "Unknown prompt" : NULL;
	}
	if (fault == NULL)
		return offer_run(x, &call);
	answer_error(x, 200, RPC_INVALID_PARAMS, fault, SLICE_NONE);
	return RC_OK;
}
