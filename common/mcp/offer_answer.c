#include "offer.h"

#include "project.h"
#include "reply.h"
#include "tool_check.h"

enum rc
offer_answer_missing(struct exchange *x, struct slice uri)
{
	/* Each byte of it may need an escape. */
	struct buf data = BUF_INIT(uri.len * 6 + 64);
	struct slice json = SLICE_NONE;
	enum rc rc;

	buf_put_char(&data, '{');
	json_put_key(&data, "uri");
	json_put_string(&data, uri);
	buf_put_char(&data, '}');
	rc = buf_finish(&data);
	if (rc == RC_OK)
		rc = arena_copy(x->arena, buf_slice(&data), &json);
	buf_release(&data);
	if (rc != RC_OK)
		return rc;
	answer_error(x, 200, (enum rpc_code)x->revision->resource_not_found,
	    "Resource not found", json);
	return RC_OK;
}

/* What a call that failed says about it: the sentence it was given, or else
 * the first text that it had built. */
static enum rc
find_sentence(struct exchange *x, struct tool_call *call, const char **out)
{
	const struct tool_block *first = call->result.first;
	struct slice text = call->result.error;
	const struct json *root;
	enum rc rc = RC_OK;

	if (text.len == 0 && first != NULL) {
		rc = json_read(
		    x->arena, first->json, &json_limits_default, &root, NULL);
		if (rc == RC_OK)
			text = json_text(json_get(root, "text"));
	}
	if (rc != RC_OK && rc != RC_SYNTAX)
		return rc;
	*out = tool_failed_text(call);
	if (text.len > 0)
		*out = arena_string(x->arena, text);
	return *out == NULL ? RC_NOMEM : RC_OK;
}

static enum rc
answer_failed(struct exchange *x, struct tool_call *call)
{
	const char *text;
	enum rc rc = find_sentence(x, call, &text);

	if (rc == RC_OK)
		answer_error(x, 200, RPC_INTERNAL_ERROR, text, SLICE_NONE);
	return rc;
}

/* What was asked for in rounds is not to be kept. */
static const struct tool_cache *
cache_of(struct exchange *x, const struct tool_call *call)
{
	static const struct tool_cache nothing = { 0, false };

	if (call->makes != MAKES_CONTENTS)
		return NULL;
	if (json_get(x->message.params, "inputResponses") != NULL ||
	    json_get(x->message.params, "requestState") != NULL)
		return &nothing;
	return call->result.has_cache ? &call->result.cache
				      : &call->tool->cache;
}

/* A tool need not know that a revision has another code for what it says, or
 * none. */
static enum rpc_code
code_of(const struct exchange *x, int code)
{
	if (code == RPC_RESOURCE_NOT_FOUND)
		code = x->revision->resource_not_found;
	if (code == RPC_URL_REQUIRED && x->revision->is_modern)
		code = RPC_INTERNAL_ERROR;
	return (enum rpc_code)code;
}

enum rc
offer_answer_refused(struct exchange *x, struct tool_call *call)
{
	const struct tool_result *result = &call->result;
	const char *text = arena_string(x->arena, result->error);

	if (text == NULL)
		return RC_NOMEM;
	answer_error(
	    x, 200, code_of(x, result->error_code), text, result->error_data);
	return RC_OK;
}

enum rc
offer_answer(struct exchange *x, struct tool_call *call)
{
	const struct tool_result *result = &call->result;
	const struct json *meta = NULL;
	enum rc rc = RC_OK;

	if (result->is_missing)
		return offer_answer_missing(x, call->uri);
	if (result->error_code != 0)
		return offer_answer_refused(x, call);
	if (result->is_error && call->makes != MAKES_CONTENT)
		return answer_failed(x, call);
	if (result->meta.ptr != NULL)
		rc = json_read(
		    x->arena, result->meta, &json_limits_default, &meta, NULL);
	if (rc != RC_OK)
		return rc;
	project_call(answer_begin(x), call, x->revision);
	answer_end_hinted(x, cache_of(x, call), meta);
	return RC_OK;
}
