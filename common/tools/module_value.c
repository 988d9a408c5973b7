#include "module_call.h"

const char *
module_string(struct mcp_call *c, struct slice s, size_t *len)
{
	const char *out =
	    s.ptr == NULL ? NULL : arena_string(c->call->arena, s);

	if (s.ptr != NULL && out == NULL && c->call->failed == RC_OK)
		c->call->failed = RC_NOMEM;
	if (len != NULL)
		*len = out == NULL ? 0 : s.len;
	return out;
}

/* Of a completion those that are known already. */
static const struct json *
arguments(const struct tool_call *call)
{
	if (call->makes != MAKES_VALUES)
		return call->arguments;
	return json_get(json_get(call->arguments, "context"), "arguments");
}

const char *
module_arguments(struct mcp_call *c, size_t *len)
{
	const struct json *known = arguments(c->call);

	return module_string(c, known == NULL ? SLICE("{}") : known->raw, len);
}

const struct mcp_value *
module_argument(struct mcp_call *c, const char *name)
{
	return module_value(json_member(arguments(c->call), slice_of(name)));
}

enum mcp_type
module_type(const struct mcp_value *value)
{
	const struct json *json = module_json(value);

	if (json == NULL)
		return MCP_ABSENT;
	switch (json->type) {
	case JSON_NULL:
		return MCP_NULL;
	case JSON_FALSE:
	case JSON_TRUE:
		return MCP_BOOLEAN;
	case JSON_NUMBER:
		return MCP_NUMBER;
	case JSON_STRING:
		return MCP_STRING;
	case JSON_ARRAY:
		return MCP_ARRAY;
	case JSON_OBJECT:
		return MCP_OBJECT;
	}
	return MCP_ABSENT;
}

const char *
module_text(struct mcp_call *c, const struct mcp_value *value, size_t *len)
{
	return module_string(c, json_text(module_json(value)), len);
}

double
module_number(const struct mcp_value *value, double otherwise)
{
	double number;

	if (!json_is(module_json(value), JSON_NUMBER) ||
	    json_double(module_json(value), &number) != RC_OK)
		return otherwise;
	return number;
}

int64_t
module_integer(const struct mcp_value *value, int64_t otherwise)
{
	int64_t number;

	if (!json_is(module_json(value), JSON_NUMBER) ||
	    json_int64(module_json(value), &number) != RC_OK)
		return otherwise;
	return number;
}

int
module_boolean(const struct mcp_value *value, int otherwise)
{
	if (json_is(module_json(value), JSON_TRUE))
		return 1;
	return json_is(module_json(value), JSON_FALSE) ? 0 : otherwise;
}

static bool
is_container(const struct json *json)
{
	return json_is(json, JSON_ARRAY) || json_is(json, JSON_OBJECT);
}

size_t
module_count(const struct mcp_value *value)
{
	return is_container(module_json(value)) ? module_json(value)->count : 0;
}

static const struct json *
at(const struct mcp_value *value, size_t i)
{
	if (i >= module_count(value))
		return NULL;
	return json_at(module_json(value), (uint32_t)i);
}

const struct mcp_value *
module_at(const struct mcp_value *value, size_t i)
{
	return module_value(at(value, i));
}

const struct mcp_value *
module_member(const struct mcp_value *value, const char *name)
{
	return module_value(json_member(module_json(value), slice_of(name)));
}

const char *
module_name_at(
    struct mcp_call *c, const struct mcp_value *value, size_t i, size_t *len)
{
	const struct json *member = at(value, i);

	return module_string(c,
	    member == NULL || !json_is(module_json(value), JSON_OBJECT)
		? SLICE_NONE
		: member->name,
	    len);
}

const char *
module_source(struct mcp_call *c, const struct mcp_value *value, size_t *len)
{
	return module_string(
	    c, value == NULL ? SLICE_NONE : module_json(value)->raw, len);
}
