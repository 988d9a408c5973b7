#include "tool_block.h"
#include "tool_part.h"

/* Whole results, as their methods answer them. */

/* Call set() for each element; `what` names the array in a sentence. */
static enum rc
each(struct tool_call *call, const struct json *array, const char *what,
    enum rc (*set)(struct tool_call *, const struct json *, struct buf *),
    struct buf *why)
{
	uint32_t i = 0;

	if (!json_is(array, JSON_ARRAY)) {
		buf_printf(why, "%s must be an array", what);
		return RC_SYNTAX;
	}
	for (const struct json *e = array->child; e != NULL; e = e->next) {
		enum rc rc = set(call, e, why);

		if (rc == RC_SYNTAX)
			buf_printf(why, " (%s[%u])", what, (unsigned)i);
		if (rc != RC_OK)
			return rc;
		i++;
	}
	return RC_OK;
}

static enum rc
set_content(struct tool_call *call, const struct json *value, struct buf *why)
{
	return each(call, value, "content", tool_add_block, why);
}

static enum rc
set_structured(
    struct tool_call *call, const struct json *value, struct buf *why)
{
	(void)why;
	return tool_set_structured(call, value);
}

static enum rc
set_is_error(struct tool_call *call, const struct json *value, struct buf *why)
{
	if (!json_is(value, JSON_TRUE) && !json_is(value, JSON_FALSE)) {
		buf_put_slice(why, SLICE("isError must be true or false"));
		return RC_SYNTAX;
	}
	call->result.is_error = json_is(value, JSON_TRUE);
	return RC_OK;
}

static enum rc
set_meta(struct tool_call *call, const struct json *value, struct buf *why)
{
	if (!json_is(value, JSON_OBJECT)) {
		buf_put_slice(why, SLICE("_meta must be an object"));
		return RC_SYNTAX;
	}
	return tool_note(
	    call, tool_keep_compact(call, value, &call->result.meta));
}

/* The server says it itself where a revision has it. */
static enum rc
check_result_type(
    struct tool_call *call, const struct json *value, struct buf *why)
{
	(void)call;
	if (json_text_is(value, SLICE("complete")))
		return RC_OK;
	buf_put_slice(why, SLICE("resultType can only be \"complete\""));
	return RC_SYNTAX;
}

/* ------------------------------------------------------------- of prompts */

static enum rc
set_description(
    struct tool_call *call, const struct json *value, struct buf *why)
{
	if (json_is(value, JSON_STRING))
		return tool_describe(call, value->text);
	buf_put_slice(why, SLICE("description must be a string"));
	return RC_SYNTAX;
}

static enum rc
add_message(struct tool_call *call, const struct json *value, struct buf *why)
{
	const struct json *role = json_get(value, "role");
	const struct json *content = json_get(value, "content");
	bool is_assistant = json_text_is(role, SLICE("assistant"));

	if (!is_assistant && !json_text_is(role, SLICE("user"))) {
		buf_put_slice(why,
		    SLICE("the role of a message must be user or assistant"));
		return RC_SYNTAX;
	}
	if (!json_is(content, JSON_OBJECT)) {
		buf_put_slice(
		    why, SLICE("the content of a message must be one block"));
		return RC_SYNTAX;
	}
	tool_set_role(call, is_assistant);
	return tool_add_block(call, content, why);
}

static enum rc
set_messages(struct tool_call *call, const struct json *value, struct buf *why)
{
	return each(call, value, "messages", add_message, why);
}

/* ----------------------------------------------------------- of resources */

static enum rc
set_contents(struct tool_call *call, const struct json *value, struct buf *why)
{
	return each(call, value, "contents", tool_add_item, why);
}

static enum rc
set_ttl(struct tool_call *call, const struct json *value, struct buf *why)
{
	struct tool_result *result = &call->result;

	result->has_cache = true;
	if (json_int64(value, &result->cache.ttl_ms) == RC_OK &&
	    result->cache.ttl_ms >= 0)
		return RC_OK;
	buf_put_slice(why, SLICE("ttlMs must be a whole number"));
	return RC_SYNTAX;
}

static enum rc
set_scope(struct tool_call *call, const struct json *value, struct buf *why)
{
	struct tool_result *result = &call->result;

	result->has_cache = true;
	result->cache.is_public = json_text_is(value, SLICE("public"));
	if (result->cache.is_public || json_text_is(value, SLICE("private")))
		return RC_OK;
	buf_put_slice(why, SLICE("cacheScope must be public or private"));
	return RC_SYNTAX;
}

/* --------------------------------------------------------- of completions */

static enum rc
add_value(struct tool_call *call, const struct json *value, struct buf *why)
{
	if (json_is(value, JSON_STRING))
		return tool_add_text(call, value->text);
	buf_put_slice(why, SLICE("a value must be a string"));
	return RC_SYNTAX;
}

static enum rc
set_completion(
    struct tool_call *call, const struct json *value, struct buf *why)
{
	const struct json *total = json_get(value, "total");
	const struct json *more = json_get(value, "hasMore");
	struct tool_result *result = &call->result;
	enum rc rc =
	    each(call, json_get(value, "values"), "values", add_value, why);

	if (rc != RC_OK)
		return rc;
	if (total != NULL &&
	    (json_int64(total, &result->total) != RC_OK || result->total < 0)) {
		buf_put_slice(why, SLICE("total must be a whole number"));
		return RC_SYNTAX;
	}
	result->has_more = json_is(more, JSON_TRUE);
	if (more == NULL || result->has_more || json_is(more, JSON_FALSE))
		return RC_OK;
	buf_put_slice(why, SLICE("hasMore must be true or false"));
	return RC_SYNTAX;
}

/* ------------------------------------------------------------ all of them */

struct member {
	struct slice name;
	enum rc (*set)(struct tool_call *, const struct json *, struct buf *);
	bool is_needed; /* one of those that are */
};

#define MEMBERS 6

static const struct shape {
	const char *needs;
	struct member member[MEMBERS]; /* ends with an absent name */
} shapes[] = {
	[MAKES_CONTENT] = { "content or structuredContent",
	    { { SLICE_INIT("content"), set_content, true },
		{ SLICE_INIT("structuredContent"), set_structured, true },
		{ SLICE_INIT("isError"), set_is_error, false },
		{ SLICE_INIT("_meta"), set_meta, false },
		{ SLICE_INIT("resultType"), check_result_type, false } } },
	[MAKES_MESSAGES] = { "messages",
	    { { SLICE_INIT("messages"), set_messages, true },
		{ SLICE_INIT("description"), set_description, false },
		{ SLICE_INIT("_meta"), set_meta, false },
		{ SLICE_INIT("resultType"), check_result_type, false } } },
	[MAKES_CONTENTS] = { "contents",
	    { { SLICE_INIT("contents"), set_contents, true },
		{ SLICE_INIT("_meta"), set_meta, false },
		{ SLICE_INIT("ttlMs"), set_ttl, false },
		{ SLICE_INIT("cacheScope"), set_scope, false },
		{ SLICE_INIT("resultType"), check_result_type, false } } },
	[MAKES_VALUES] = { "completion",
	    { { SLICE_INIT("completion"), set_completion, true },
		{ SLICE_INIT("_meta"), set_meta, false },
		{ SLICE_INIT("resultType"), check_result_type, false } } },
};

static enum rc
set_member(struct tool_call *call, const struct json *value, struct buf *why)
{
	for (const struct member *m = shapes[call->makes].member;
	     m->name.ptr != NULL; m++)
		if (slice_eq(value->name, m->name))
			return m->set(call, value, why);
	buf_put_slice(why, SLICE("a result has no member "));
	json_put_string(why, value->name);
	return RC_SYNTAX;
}

/* Has it a member without which it is none? */
static bool
has_needed(const struct shape *shape, const struct json *result)
{
	for (const struct member *m = shape->member; m->name.ptr != NULL; m++)
		if (m->is_needed && json_member(result, m->name) != NULL)
			return true;
	return false;
}

/* An error instead, as a response has it. */
static enum rc
set_error(struct tool_call *call, const struct json *error, struct buf *why)
{
	const struct json *message = json_get(error, "message");
	const struct json *data = json_get(error, "data");
	struct slice text = SLICE_NONE;
	int64_t code = 0;
	enum rc rc = RC_OK;

	if (json_int64(json_get(error, "code"), &code) != RC_OK || code == 0 ||
	    code < INT32_MIN || code > INT32_MAX ||
	    !json_is(message, JSON_STRING)) {
		buf_put_slice(why,
		    SLICE("an error needs code, a number other than 0, and "
			  "message, a string"));
		return RC_SYNTAX;
	}
	if (data != NULL)
		rc = tool_keep_compact(call, data, &text);
	return rc == RC_OK ? tool_refuse(call, (int)code, message->text, text)
			   : rc;
}

enum rc
tool_set_result(
    struct tool_call *call, const struct json *result, struct buf *why)
{
	const struct tool_result before = call->result;
	enum rc rc = RC_OK;

	if (!json_is(result, JSON_OBJECT)) {
		buf_put_slice(why, SLICE("a result must be an object"));
		return RC_SYNTAX;
	}
	if (json_get(result, "error") != NULL && result->count == 1)
		return set_error(call, json_get(result, "error"), why);
	if (!has_needed(&shapes[call->makes], result)) {
		buf_printf(why, "a result needs %s", shapes[call->makes].needs);
		return RC_SYNTAX;
	}
	call->result = (struct tool_result){ 0 };
	for (const struct json *m = result->child; rc == RC_OK && m != NULL;
	     m = m->next)
		rc = set_member(call, m, why);
	if (rc != RC_OK)
		call->result = before;
	return rc;
}
