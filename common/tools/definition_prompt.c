#include "definition_part.h"

/* A person or a model fills them all in. */
#define ARGUMENTS_MAX 256

static bool
is_twin(const struct json *list, const struct json *argument)
{
	struct slice name = json_text(json_get(argument, "name"));

	for (const struct json *a = list->child; a != argument; a = a->next)
		if (json_text_is(json_get(a, "name"), name))
			return true;
	return false;
}

static void
read_argument(struct definition_reader *r, const struct json *list,
    const struct json *argument)
{
	const struct json *name = json_get(argument, "name");
	const struct json *required = json_get(argument, "required");
	const struct json *at = name == NULL ? argument : name;

	definition_must_be(
	    r, argument, JSON_OBJECT, "an argument", "an object");
	if (!definition_name_ok(json_text(name))) {
		finding_put(&r->findings, at,
		    "name of an argument must be 1 to 64 of "
		    "A-Z a-z 0-9 _ - .");
	} else if (is_twin(list, argument)) {
		finding_put(&r->findings, at, "there are two arguments %.*s",
		    SLICE_FMT(json_text(name)));
	}
	definition_must_be(r, json_get(argument, "title"), JSON_STRING,
	    "title of an argument", "a string");
	definition_must_be(r, json_get(argument, "description"), JSON_STRING,
	    "description of an argument", "a string");
	if (required != NULL && required->type != JSON_TRUE &&
	    required->type != JSON_FALSE)
		finding_put(&r->findings, required,
		    "required of an argument must be true or false");
}

static void
read_arguments(struct definition_reader *r, const struct json *value)
{
	if (value->type != JSON_ARRAY || value->count > ARGUMENTS_MAX) {
		finding_put(&r->findings, value,
		    "arguments must be an array of at most %d objects",
		    ARGUMENTS_MAX);
		return;
	}
	for (const struct json *a = value->child; a != NULL; a = a->next)
		read_argument(r, value, a);
}

/* What prompts/get may be given: strings, and those that are required. */
static void
make_input(struct definition_reader *r)
{
	const struct json *list = json_get(r->out->source, "arguments");
	struct buf schema = BUF_INIT(DEFINITION_MAX);

	buf_put_slice(&schema,
	    SLICE("{\"type\":\"object\",\"additionalProperties\":"
		  "{\"type\":\"string\"},\"required\":["));
	for (const struct json *a = list == NULL ? NULL : list->child;
	     a != NULL; a = a->next) {
		if (!json_is(json_get(a, "required"), JSON_TRUE))
			continue;
		json_put_comma(&schema);
		json_put_string(&schema, json_text(json_get(a, "name")));
	}
	buf_put_slice(&schema, SLICE("]}"));
	if (buf_finish(&schema) == RC_OK)
		definition_own_input(r, buf_slice(&schema));
	else
		r->rc = RC_NOMEM;
	buf_release(&schema);
}

void
definition_whole_prompt(struct definition_reader *r)
{
	if (r->findings.n == 0 && r->rc == RC_OK)
		make_input(r);
}

const struct definition_member definition_of_prompt[] = {
	{ SLICE_INIT("name"), definition_name, true, false },
	{ SLICE_INIT("title"), definition_title, false, false },
	{ SLICE_INIT("description"), definition_description, false, false },
	{ SLICE_INIT("arguments"), read_arguments, false, false },
	{ SLICE_INIT("icons"), definition_icons, false, false },
	{ SLICE_INIT("_meta"), definition_meta, false, false },
	{ SLICE_INIT("run"), definition_run, false, true },
	{ SLICE_INIT("messages"), NULL, false, true },
	{ SLICE_INIT("complete"), NULL, false, true },
	DEFINITION_END,
};
