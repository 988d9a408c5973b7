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
		return r->has_output_schema &&
		    (r->any_output_schema || is_object_schema(member));
	return false;
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

/* Older revisions know structured results only as objects, and only where
 * outputSchema was shown. */
static bool
shows_structured(const struct tool *tool, const struct tool_result *result,
    const struct revision *r)
{
	if (result->structured.ptr == NULL || !r->has_output_schema)
		return false;
	if (r->any_output_schema)
		return true;
	return result->structured.ptr[0] == '{' &&
	    (tool->output == NULL ||
		is_object_schema(json_get(tool->definition, "outputSchema")));
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
	if (shows_structured(tool, result, revision)) {
		json_put_key(b, "structuredContent");
		buf_put_slice(b, result->structured);
	}
	if (result->is_error) {
		json_put_key(b, "isError");
		buf_put_slice(b, SLICE("true"));
	}
}
