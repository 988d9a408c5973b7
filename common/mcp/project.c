#include "project.h"

static bool
is_object_schema(const struct json *schema)
{
	return json_text_is(json_get(schema, "type"), SLICE("object"));
}

static bool
always(const struct revision *r)
{
	(void)r;
	return true;
}

static bool
has_title(const struct revision *r)
{
	return r->has_title;
}

static bool
has_tool_annotations(const struct revision *r)
{
	return r->has_tool_annotations;
}

static bool
has_icons(const struct revision *r)
{
	return r->has_icons;
}

static bool
has_execution(const struct revision *r)
{
	return r->has_execution;
}

static bool
has_output_schema(const struct revision *r)
{
	return r->has_output_schema;
}

#define BIT(kind) (1U << (unsigned)(kind))
#define ANY (BIT(OFFERS) - 1)
#define READ (BIT(OFFER_RESOURCE) | BIT(OFFER_TEMPLATE))

/* What lists show of a definition: of which kinds, in which revisions. */
static const struct {
	struct slice member;
	unsigned kinds;
	bool (*is_in)(const struct revision *);
} shown[] = {
	{ SLICE_INIT("name"), ANY, always },
	{ SLICE_INIT("uri"), BIT(OFFER_RESOURCE), always },
	{ SLICE_INIT("uriTemplate"), BIT(OFFER_TEMPLATE), always },
	{ SLICE_INIT("title"), ANY, has_title },
	{ SLICE_INIT("description"), ANY, always },
	{ SLICE_INIT("mimeType"), READ, always },
	{ SLICE_INIT("size"), BIT(OFFER_RESOURCE), always },
	{ SLICE_INIT("arguments"), BIT(OFFER_PROMPT), always },
	{ SLICE_INIT("inputSchema"), BIT(OFFER_TOOL), always },
	{ SLICE_INIT("outputSchema"), BIT(OFFER_TOOL), has_output_schema },
	{ SLICE_INIT("annotations"), BIT(OFFER_TOOL), has_tool_annotations },
	{ SLICE_INIT("annotations"), READ, always },
	{ SLICE_INIT("execution"), BIT(OFFER_TOOL), has_execution },
	{ SLICE_INIT("icons"), ANY, has_icons },
	{ SLICE_INIT("_meta"), ANY, has_title },
};

static bool
shows(const struct json *member, enum offer kind, const struct revision *r)
{
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		if ((shown[i].kinds & BIT(kind)) != 0 &&
		    slice_eq(member->name, shown[i].member))
			return shown[i].is_in(r);
	}
	return false;
}

/* Must a result of that schema be wrapped in an object for the revision? */
static bool
wraps(const struct json *schema, const struct revision *r)
{
	return schema != NULL && !r->any_output_schema &&
	    !is_object_schema(schema);
}

static bool
contains(struct slice text, struct slice part)
{
	for (; text.len >= part.len; text = slice_from(text, 1)) {
		if (slice_starts(text, part))
			return true;
	}
	return false;
}

/*
 * A schema as the property `result` of an object.  References within it
 * begin at its root, which is no longer that of the document: an $id of its
 * own keeps them where they were (JSON Schema 2020-12, 9.1.1).
 */
static void
put_wrapped_schema(
    struct buf *b, const struct tool *tool, const struct json *schema)
{
	buf_put_slice(
	    b, SLICE("{\"type\":\"object\",\"properties\":{\"result\":"));
	if (schema->type == JSON_OBJECT &&
	    contains(schema->raw, SLICE("\"$ref\"")) &&
	    json_get(schema, "$id") == NULL) {
		buf_put_slice(b, SLICE("{\"$id\":\"urn:mcp-tool:"));
		buf_put_slice(b, tool->name);
		buf_put_slice(b, SLICE("\","));
		buf_put_slice(b, slice_from(schema->raw, 1));
	} else {
		buf_put_slice(b, schema->raw);
	}
	buf_put_slice(b, SLICE("},\"required\":[\"result\"]}"));
}

/* An object but for one of its members. */
static void
put_without(struct buf *b, const struct json *object, struct slice name)
{
	buf_put_char(b, '{');
	for (const struct json *m = object->child; m != NULL; m = m->next) {
		if (slice_eq(m->name, name))
			continue;
		json_put_name(b, m->name);
		buf_put_slice(b, m->raw);
	}
	buf_put_char(b, '}');
}

/* The arguments of a prompt where they have no title. */
static void
put_plain_arguments(struct buf *b, const struct json *arguments)
{
	buf_put_char(b, '[');
	for (const struct json *a = arguments->child; a != NULL; a = a->next) {
		json_put_comma(b);
		put_without(b, a, SLICE("title"));
	}
	buf_put_char(b, ']');
}

static void
put_value(struct buf *b, const struct tool *tool, const struct json *m,
    const struct revision *r)
{
	if (slice_eq(m->name, SLICE("outputSchema")) && wraps(m, r))
		put_wrapped_schema(b, tool, m);
	else if (slice_eq(m->name, SLICE("arguments")) && !r->has_title)
		put_plain_arguments(b, m);
	else if (slice_eq(m->name, SLICE("annotations")) &&
	    tool->kind != OFFER_TOOL && !r->has_title)
		put_without(b, m, SLICE("lastModified"));
	else
		buf_put_slice(b, m->raw);
}

void
project_offer(
    struct buf *b, const struct tool *tool, const struct revision *revision)
{
	buf_put_char(b, '{');
	for (const struct json *m = tool->definition->child; m != NULL;
	     m = m->next) {
		if (!shows(m, tool->kind, revision))
			continue;
		json_put_name(b, m->name);
		put_value(b, tool, m, revision);
	}
	buf_put_char(b, '}');
}

/* ------------------------------------------------------------- results */

static void
put_block(struct buf *b, const struct tool_block *block,
    const struct revision *revision)
{
	if ((block->type & revision->content) != 0) {
		buf_put_slice(b, block->json);
		return;
	}
	buf_put_slice(b, SLICE("{\"type\":\"text\",\"text\":"));
	json_put_string(b, block->instead);
	buf_put_char(b, '}');
}

/* Older revisions know structured results only as objects. */
static void
put_structured(struct buf *b, const struct tool *tool,
    const struct tool_result *result, const struct revision *r)
{
	const struct json *schema = json_get(tool->definition, "outputSchema");

	if (result->structured.ptr == NULL || !r->has_output_schema)
		return;
	if (wraps(schema, r)) {
		json_put_key(b, "structuredContent");
		buf_put_slice(b, SLICE("{\"result\":"));
		buf_put_slice(b, result->structured);
		buf_put_char(b, '}');
		return;
	}
	if (!r->any_output_schema && result->structured.ptr[0] != '{')
		return;
	json_put_key(b, "structuredContent");
	buf_put_slice(b, result->structured);
}

void
project_result(struct buf *b, const struct tool *tool,
    const struct tool_result *result, const struct revision *revision)
{
	json_put_key(b, "content");
	buf_put_char(b, '[');
	for (const struct tool_block *block = result->first; block != NULL;
	     block = block->next) {
		json_put_comma(b);
		put_block(b, block, revision);
	}
	buf_put_char(b, ']');
	put_structured(b, tool, result, revision);
	if (result->is_error) {
		json_put_key(b, "isError");
		buf_put_slice(b, SLICE("true"));
	}
}

static void
put_messages(struct buf *b, const struct tool_call *call,
    const struct revision *revision)
{
	const struct tool_result *result = &call->result;
	struct slice about = result->description;

	if (about.ptr == NULL)
		about =
		    json_text(json_get(call->tool->definition, "description"));
	if (about.ptr != NULL) {
		json_put_key(b, "description");
		json_put_string(b, about);
	}
	json_put_key(b, "messages");
	buf_put_char(b, '[');
	for (const struct tool_block *m = result->first; m != NULL;
	     m = m->next) {
		json_put_comma(b);
		buf_put_slice(b,
		    m->is_assistant ? SLICE("{\"role\":\"assistant\"")
				    : SLICE("{\"role\":\"user\""));
		json_put_key(b, "content");
		put_block(b, m, revision);
		buf_put_char(b, '}');
	}
	buf_put_char(b, ']');
}

static void
put_contents(struct buf *b, const struct tool_result *result,
    const struct revision *revision)
{
	json_put_key(b, "contents");
	buf_put_char(b, '[');
	for (const struct tool_block *item = result->first; item != NULL;
	     item = item->next) {
		json_put_comma(b);
		buf_put_slice(b,
		    item->instead.ptr != NULL && !revision->has_title
			? item->instead
			: item->json);
	}
	buf_put_char(b, ']');
}

/* As many values as one answer may have; the others are only counted. */
static void
put_values(struct buf *b, const struct tool_result *result)
{
	int64_t n = 0, total = result->total;

	json_put_key(b, "completion");
	buf_put_char(b, '{');
	json_put_key(b, "values");
	buf_put_char(b, '[');
	for (const struct tool_block *v = result->first; v != NULL;
	     v = v->next) {
		if (n++ >= PROJECT_VALUES_MAX)
			continue;
		json_put_comma(b);
		buf_put_slice(b, v->json);
	}
	buf_put_char(b, ']');
	if (total < n)
		total = n;
	if (total > n || !result->has_more) {
		json_put_key(b, "total");
		buf_put_i64(b, total);
	}
	json_put_key(b, "hasMore");
	buf_put_slice(b,
	    total > PROJECT_VALUES_MAX || total > n || result->has_more
		? SLICE("true")
		: SLICE("false"));
	buf_put_char(b, '}');
}

void
project_call(struct buf *b, const struct tool_call *call,
    const struct revision *revision)
{
	switch (call->makes) {
	case MAKES_CONTENT:
		project_result(b, call->tool, &call->result, revision);
		break;
	case MAKES_MESSAGES:
		put_messages(b, call, revision);
		break;
	case MAKES_CONTENTS:
		put_contents(b, &call->result, revision);
		break;
	case MAKES_VALUES:
		put_values(b, &call->result);
		break;
	}
}
