#include "definition_part.h"

#include "definition_header.h"
#include "schema.h"

#define WHY_MAX 1024
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void
must_be_boolean(struct definition_reader *r, const struct json *value)
{
	if (value->type != JSON_TRUE && value->type != JSON_FALSE) {
		finding_put(&r->findings, value,
		    "annotations.%.*s must be true or false",
		    FINDING_NAME(value->name));
	}
}

/* The sentence names the place within the schema. */
static struct schema *
compile(struct definition_reader *r, const struct json *value)
{
	struct buf why = BUF_INIT(WHY_MAX);
	struct schema *schema = NULL;
	struct slice said;
	enum rc rc =
	    schema_compile(json_member(r->compact, value->name), &schema, &why);

	said = buf_slice(&why);
	if (rc == RC_SYNTAX) {
		finding_put(&r->findings, value, "%.*s: %.*s",
		    SLICE_FMT(value->name), SLICE_FMT(said));
	} else if (rc != RC_OK) {
		r->rc = rc;
	}
	buf_release(&why);
	return schema;
}

static void
read_input(struct definition_reader *r, const struct json *value)
{
	enum rc rc;

	if (value->type != JSON_OBJECT ||
	    !json_text_is(json_get(value, "type"), SLICE("object"))) {
		finding_put(&r->findings, value,
		    "inputSchema must be a schema with \"type\": \"object\"");
		return;
	}
	r->out->input = compile(r, value);
	r->out->tool.input = r->out->input;
	rc = definition_headers(
	    value, &r->out->arena, &r->findings, &r->out->tool.params);
	if (rc != RC_OK)
		r->rc = rc;
}

static void
read_output(struct definition_reader *r, const struct json *value)
{
	if (value->type != JSON_OBJECT) {
		finding_put(
		    &r->findings, value, "outputSchema must be an object");
		return;
	}
	r->out->output = compile(r, value);
	r->out->tool.output = r->out->output;
}

static const struct {
	struct slice name;
	unsigned flag; /* of a tool that has it */
} annotation_hints[] = {
	{ SLICE_INIT("readOnlyHint"), TOOL_REPEAT },
	{ SLICE_INIT("destructiveHint"), 0 },
	{ SLICE_INIT("idempotentHint"), TOOL_REPEAT },
	{ SLICE_INIT("openWorldHint"), 0 },
};

static void
read_annotations(struct definition_reader *r, const struct json *value)
{
	definition_must_be(r, value, JSON_OBJECT, "annotations", "an object");
	definition_must_be(r, json_get(value, "title"), JSON_STRING,
	    "annotations.title", "a string");
	for (size_t i = 0; i < COUNT(annotation_hints); i++) {
		const struct json *hint =
		    json_member(value, annotation_hints[i].name);

		if (hint != NULL)
			must_be_boolean(r, hint);
		if (json_is(hint, JSON_TRUE))
			r->out->tool.flags |= annotation_hints[i].flag;
	}
}

static const struct {
	struct slice name;
	unsigned flag;
} task_supports[] = {
	{ SLICE_INIT("forbidden"), 0 },
	{ SLICE_INIT("optional"), TOOL_TASK_OPTIONAL },
	{ SLICE_INIT("required"), TOOL_TASK_REQUIRED },
};

static void
read_execution(struct definition_reader *r, const struct json *value)
{
	const struct json *support = json_get(value, "taskSupport");

	definition_must_be(r, value, JSON_OBJECT, "execution", "an object");
	if (support == NULL)
		return;
	for (size_t i = 0; i < COUNT(task_supports); i++) {
		if (json_text_is(support, task_supports[i].name)) {
			r->out->tool.flags |= task_supports[i].flag;
			return;
		}
	}
	finding_put(&r->findings, support,
	    "execution.taskSupport must be \"forbidden\", \"optional\" or "
	    "\"required\"");
}

const struct definition_member definition_of_tool[] = {
	{ SLICE_INIT("name"), definition_name, true, false },
	{ SLICE_INIT("title"), definition_title, false, false },
	{ SLICE_INIT("description"), definition_description, false, false },
	{ SLICE_INIT("inputSchema"), read_input, true, false },
	{ SLICE_INIT("outputSchema"), read_output, false, false },
	{ SLICE_INIT("annotations"), read_annotations, false, false },
	{ SLICE_INIT("icons"), definition_icons, false, false },
	{ SLICE_INIT("execution"), read_execution, false, false },
	{ SLICE_INIT("_meta"), definition_meta, false, false },
	{ SLICE_INIT("run"), definition_run, false, true },
	DEFINITION_END,
};
