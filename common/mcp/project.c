#include "project.h"

static bool
is_object_schema(const struct json *schema)
{
	return json_text_is(json_get(schema, "type"), SLICE("object"));
}

/* Does tools/list of the revision show this member of a definition? */
static bool
shows(const struct json *member, const struct revision *r)
{
	static const struct slice always[] = { SLICE_INIT("name"),
		SLICE_INIT("description"), SLICE_INIT("inputSchema") };

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		if (slice_eq(member->name, always[i]))
			return true;
	}
	if (slice_eq(member->name, SLICE("title")) ||
	    slice_eq(member->name, SLICE("_meta")))
		return r->has_title;
	if (slice_eq(member->name, SLICE("annotations")))
		return r->has_tool_annotations;
	if (slice_eq(member->name, SLICE("icons")))
		return r->has_icons;
	if (slice_eq(member->name, SLICE("execution")))
		return r->has_execution;
	if (slice_eq(member->name, SLICE("outputSchema")))
		return r->has_output_schema;
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

void
project_tool(
    struct buf *b, const struct tool *tool, const struct revision *revision)
{
	buf_put_char(b, '{');
	for (const struct json *m = tool->definition->child; m != NULL;
	     m = m->next) {
		if (!shows(m, revision))
			continue;
		json_put_name(b, m->name);
		if (slice_eq(m->name, SLICE("outputSchema")) &&
		    wraps(m, revision))
			put_wrapped_schema(b, tool, m);
		else
			buf_put_slice(b, m->raw);
	}
	buf_put_char(b, '}');
}

static void
put_block(struct buf *b, const struct tool_block *block,
    const struct revision *revision)
{
	json_put_comma(b);
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
	     block = block->next)
		put_block(b, block, revision);
	buf_put_char(b, ']');
	put_structured(b, tool, result, revision);
	if (result->is_error) {
		json_put_key(b, "isError");
		buf_put_slice(b, SLICE("true"));
	}
}
