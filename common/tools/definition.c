#include "definition.h"

#include "definition_header.h"
#include "finding.h"
#include "schema.h"

/* Holds the text, its compact form and a tree over each. */
#define ARENA_MAX ((size_t)64 * 1024 * 1024)
#define NAME_MAX_LEN 64
#define WHY_MAX 1024

struct reader {
	struct definition *out;
	struct findings findings;
	const struct json *compact; /* without `run` */
	enum rc rc;                 /* a failure of our own */
};

/* ------------------------------------------------------------ little types */

static void
must_be(struct reader *r, const struct json *value, enum json_type type,
    const char *name, const char *what)
{
	if (value != NULL && value->type != type)
		finding_put(&r->findings, value, "%s must be %s", name, what);
}

static void
must_be_boolean(struct reader *r, const struct json *value)
{
	if (value->type != JSON_TRUE && value->type != JSON_FALSE) {
		finding_put(&r->findings, value,
		    "annotations.%.*s must be true or false",
		    FINDING_NAME(value->name));
	}
}

static bool
name_ok(struct slice name)
{
	if (name.len == 0 || name.len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || c == '_' || c == '-' ||
			c == '.'))
			return false;
	}
	return true;
}

/* ------------------------------------------------------- member by member */

static void
read_name(struct reader *r, const struct json *value)
{
	if (!name_ok(json_text(value))) {
		finding_put(&r->findings, value,
		    "name must be 1 to 64 of A-Z a-z 0-9 _ - .");
		return;
	}
	r->out->tool.name = json_text(json_get(r->compact, "name"));
}

static void
read_title(struct reader *r, const struct json *value)
{
	must_be(r, value, JSON_STRING, "title", "a string");
}

static void
read_description(struct reader *r, const struct json *value)
{
	must_be(r, value, JSON_STRING, "description", "a string");
}

/* The sentence names the place within the schema. */
static struct schema *
compile(struct reader *r, const struct json *value)
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
read_input(struct reader *r, const struct json *value)
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
read_output(struct reader *r, const struct json *value)
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

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void
read_annotations(struct reader *r, const struct json *value)
{
	must_be(r, value, JSON_OBJECT, "annotations", "an object");
	must_be(r, json_get(value, "title"), JSON_STRING, "annotations.title",
	    "a string");
	for (size_t i = 0; i < COUNT(annotation_hints); i++) {
		const struct json *hint =
		    json_member(value, annotation_hints[i].name);

		if (hint != NULL)
			must_be_boolean(r, hint);
		if (json_is(hint, JSON_TRUE))
			r->out->tool.flags |= annotation_hints[i].flag;
	}
}

static void
read_icon(struct reader *r, const struct json *icon)
{
	const struct json *src = json_get(icon, "src");
	const struct json *sizes = json_get(icon, "sizes");
	const struct json *theme = json_get(icon, "theme");
	struct slice s = json_text(src);

	must_be(r, icon, JSON_OBJECT, "an icon", "an object");
	if (!slice_starts(s, SLICE("https://")) &&
	    !slice_starts(s, SLICE("http://")) &&
	    !slice_starts(s, SLICE("data:")))
		finding_put(&r->findings, src == NULL ? icon : src,
		    "src of an icon must be an https:, http: or data: address");
	must_be(r, json_get(icon, "mimeType"), JSON_STRING,
	    "mimeType of an icon", "a string");
	must_be(r, sizes, JSON_ARRAY, "sizes of an icon", "an array");
	if (json_is(sizes, JSON_ARRAY)) {
		for (const struct json *e = sizes->child; e != NULL;
		     e = e->next)
			must_be(r, e, JSON_STRING, "a size of an icon",
			    "a string such as \"48x48\" or \"any\"");
	}
	if (theme != NULL && !json_text_is(theme, SLICE("light")) &&
	    !json_text_is(theme, SLICE("dark")))
		finding_put(&r->findings, theme,
		    "theme of an icon must be \"light\" or \"dark\"");
}

static void
read_icons(struct reader *r, const struct json *value)
{
	must_be(r, value, JSON_ARRAY, "icons", "an array");
	if (value->type != JSON_ARRAY)
		return;
	for (const struct json *icon = value->child; icon != NULL;
	     icon = icon->next)
		read_icon(r, icon);
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
read_execution(struct reader *r, const struct json *value)
{
	const struct json *support = json_get(value, "taskSupport");

	must_be(r, value, JSON_OBJECT, "execution", "an object");
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

static void
read_meta(struct reader *r, const struct json *value)
{
	must_be(r, value, JSON_OBJECT, "_meta", "an object");
}

static void
read_run(struct reader *r, const struct json *value)
{
	must_be(r, value, JSON_OBJECT, "run", "an object");
	r->out->run = value;
}

static const struct {
	struct slice name;
	void (*read)(struct reader *, const struct json *);
	bool is_needed;
} members[] = {
	{ SLICE_INIT("name"), read_name, true },
	{ SLICE_INIT("title"), read_title, false },
	{ SLICE_INIT("description"), read_description, false },
	{ SLICE_INIT("inputSchema"), read_input, true },
	{ SLICE_INIT("outputSchema"), read_output, false },
	{ SLICE_INIT("annotations"), read_annotations, false },
	{ SLICE_INIT("icons"), read_icons, false },
	{ SLICE_INIT("execution"), read_execution, false },
	{ SLICE_INIT("_meta"), read_meta, false },
	{ SLICE_INIT("run"), read_run, false },
};

static bool
is_member_known(struct slice name)
{
	for (size_t i = 0; i < COUNT(members); i++)
		if (slice_eq(name, members[i].name))
			return true;
	return false;
}

/* -------------------------------------------------------------- the whole */

static enum rc
read_source(struct reader *r, struct slice text)
{
	struct definition *d = r->out;
	struct json_error error = { 0, "" };
	enum rc rc;

	r->findings.text = text;
	if (text.len > DEFINITION_MAX) {
		finding_put_at(&r->findings, 0,
		    "a definition must not be longer than 1 MiB");
		return RC_SYNTAX;
	}
	rc = arena_copy(&d->arena, text, &d->text);
	if (rc != RC_OK)
		return rc;
	r->findings.text = d->text;
	rc = json_read(
	    &d->arena, d->text, &json_limits_default, &d->source, &error);
	if (rc == RC_SYNTAX)
		finding_put_at(&r->findings, error.offset, error.why);
	if (rc != RC_OK)
		return rc;
	if (json_is(d->source, JSON_OBJECT))
		return RC_OK;
	finding_put(&r->findings, d->source, "a definition must be an object");
	return RC_SYNTAX;
}

/* What clients see, read again so that it stands on its own. */
static enum rc
make_compact(struct reader *r)
{
	struct definition *d = r->out;
	struct buf out = BUF_INIT(2 * DEFINITION_MAX);
	struct slice kept;
	enum rc rc;

	buf_put_char(&out, '{');
	for (const struct json *m = d->source->child; m != NULL; m = m->next) {
		if (slice_eq(m->name, SLICE("run")))
			continue;
		json_put_name(&out, m->name);
		json_put_compact(&out, m);
	}
	buf_put_char(&out, '}');
	rc = buf_finish(&out);
	if (rc == RC_OK)
		rc = arena_copy(&d->arena, buf_slice(&out), &kept);
	buf_release(&out);
	if (rc != RC_OK)
		return rc;
	rc =
	    json_read(&d->arena, kept, &json_limits_default, &r->compact, NULL);
	d->tool.definition = r->compact;
	return rc == RC_SYNTAX ? RC_BUG : rc;
}

static enum rc
read_members(struct reader *r)
{
	for (size_t i = 0; i < COUNT(members); i++) {
		const struct json *value =
		    json_member(r->out->source, members[i].name);

		if (value != NULL)
			members[i].read(r, value);
		else if (members[i].is_needed)
			finding_put(&r->findings, r->out->source,
			    "%.*s is missing", SLICE_FMT(members[i].name));
	}
	if (r->rc != RC_OK)
		return r->rc;
	return r->findings.n > 0 ? RC_SYNTAX : RC_OK;
}

enum rc
definition_read(struct slice text, struct definition *out, struct buf *why)
{
	struct reader r = { .out = out, .findings = { .out = why } };
	enum rc rc;

	*out = (struct definition){ .arena = ARENA_INIT(ARENA_MAX) };
	rc = read_source(&r, text);
	if (rc == RC_OK)
		rc = make_compact(&r);
	if (rc == RC_OK)
		rc = read_members(&r);
	if (rc != RC_OK)
		definition_release(out);
	return rc;
}

/* ------------------------------------------------------------------ hints */

static void
hint_schema(struct findings *f, const struct definition *d, struct slice name,
    const struct schema *schema)
{
	struct buf lines = BUF_INIT((size_t)64 * 1024);
	struct slice rest;

	if (schema == NULL)
		return;
	schema_put_unknown(schema, &lines);
	if (buf_finish(&lines) != RC_OK)
		f->out->failed = true;
	rest = buf_slice(&lines);
	while (rest.len > 0) {
		struct slice line = slice_cut(rest, '\n', &rest);

		if (line.len > 0)
			finding_put(f, json_member(d->source, name),
			    "%.*s: %.*s", SLICE_FMT(name), SLICE_FMT(line));
	}
	buf_release(&lines);
}

void
definition_put_hints(const struct definition *d, struct buf *out)
{
	struct findings f = { .text = d->text, .out = out };
	struct slice about = json_text(json_get(d->source, "description"));

	if (about.len == 0) {
		finding_put(&f, d->source,
		    "without a description a model can only guess what the "
		    "tool is for");
	}
	for (const struct json *m = d->source->child; m != NULL; m = m->next) {
		if (!is_member_known(m->name)) {
			finding_put(&f, m,
			    "%.*s is no member that the protocol knows",
			    FINDING_NAME(m->name));
		}
	}
	hint_schema(&f, d, SLICE("inputSchema"), d->input);
	hint_schema(&f, d, SLICE("outputSchema"), d->output);
}

void
definition_release(struct definition *d)
{
	schema_free(d->input);
	schema_free(d->output);
	arena_release(&d->arena);
	*d = (struct definition){ 0 };
}
