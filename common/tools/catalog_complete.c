#include "catalog_part.h"

/* How one argument is completed. */
struct catalog_completion {
	struct slice argument;
	const struct json *values; /* an array of strings, or NULL and ... */
	const struct json *run;    /* ... how the program is run */
	struct program program;
	const struct catalog_completion *next;
};

static void
check_values(struct catalog_reader *r, const struct json *values)
{
	for (const struct json *v = values->child; v != NULL; v = v->next) {
		if (v->type != JSON_STRING)
			finding_put(&r->findings, v,
			    "a value of complete must be a string");
	}
}

static void
check_program(
    struct catalog_reader *r, const struct program *p, const struct json *value)
{
	if (p->output != PROGRAM_TEXT && p->output != PROGRAM_JSON) {
		finding_put(&r->findings, json_get(value, "output"),
		    "output of a program that completes must be \"text\" or "
		    "\"json\"");
	}
}

static void
read_one(struct catalog_reader *r, const struct json *value)
{
	struct catalog_tool *t = r->tool;
	struct catalog_completion *c =
	    arena_alloc(&t->definition.arena, sizeof(*c));

	if (c == NULL) {
		r->rc = RC_NOMEM;
		return;
	}
	c->argument = value->name;
	c->next = t->completions;
	t->completions = c;
	if (!catalog_has_argument(&t->definition, value->name)) {
		finding_put(&r->findings, value,
		    "complete names %.*s, which is no argument",
		    FINDING_NAME(value->name));
	}
	if (value->type == JSON_ARRAY) {
		c->values = value;
		check_values(r, value);
	} else if (value->type == JSON_OBJECT) {
		c->run = value;
		catalog_read_program(r, value, &c->program);
		check_program(r, &c->program, value);
		if ((c->program.flags & TOOL_DETACHED) != 0)
			t->definition.tool.flags |= TOOL_COMPLETES_LONG;
	} else {
		finding_put(&r->findings, value,
		    "complete.%.*s must be an array of strings, or an object "
		    "that names a program as run does",
		    FINDING_NAME(value->name));
	}
}

void
catalog_read_complete(struct catalog_reader *r, const struct json *value)
{
	if (value->type != JSON_OBJECT) {
		finding_put(&r->findings, value,
		    "complete must be an object with a member for each "
		    "argument");
		return;
	}
	for (const struct json *m = value->child; m != NULL; m = m->next)
		read_one(r, m);
	r->tool->definition.tool.complete = catalog_call_complete;
}

void
catalog_each_completer(const struct catalog_tool *t,
    void (*visit)(void *ctx, const struct program *, const struct json *run),
    void *ctx)
{
	const struct catalog_completion *c = t->completions;

	for (; c != NULL; c = c->next)
		if (c->run != NULL)
			visit(ctx, &c->program, c->run);
}

/* Does it begin with what was typed?  Case is not what people remember. */
static bool
fits(struct slice value, struct slice typed)
{
	return value.len >= typed.len &&
	    slice_ieq((struct slice){ value.ptr, typed.len }, typed);
}

static enum rc
put_values(
    struct tool_call *call, const struct json *values, struct slice typed)
{
	enum rc rc = RC_OK;

	for (const struct json *v = values->child; rc == RC_OK && v != NULL;
	     v = v->next)
		if (fits(v->text, typed))
			rc = tool_add_text(call, v->text);
	return rc;
}

enum tool_done
catalog_call_complete(const struct tool *tool, struct tool_call *call)
{
	const struct catalog_tool *t = tool->ctx;
	const struct json *argument = json_get(call->arguments, "argument");
	const struct slice typed = json_text(json_get(argument, "value"));
	const struct catalog_completion *c = t->completions;

	while (
	    c != NULL && !json_text_is(json_get(argument, "name"), c->argument))
		c = c->next;
	if (c == NULL)
		return TOOL_DONE;
	if (c->values == NULL)
		return program_serve(&c->program, call);
	return program_done(call, put_values(call, c->values, typed));
}
