#include "definition.h"

#include "definition_part.h"
#include "schema.h"

/* Holds the text, its compact form and a tree over each. */
#define ARENA_MAX ((size_t)64 * 1024 * 1024)

/* Of each kind: what it is called, its members, and a last look. */
static const struct {
	const char *what;
	const struct definition_member *members;
	void (*whole)(struct definition_reader *);
} kinds[OFFERS] = {
	[OFFER_TOOL] = { "tool", definition_of_tool, NULL },
	[OFFER_PROMPT] = { "prompt", definition_of_prompt,
	    definition_whole_prompt },
	[OFFER_RESOURCE] = { "resource", definition_of_resource,
	    definition_whole_resource },
	[OFFER_TEMPLATE] = { "template", definition_of_template,
	    definition_whole_resource },
};

static const struct definition_member *
member_find(enum offer kind, struct slice name)
{
	const struct definition_member *m = kinds[kind].members;

	for (; m->name.ptr != NULL; m++)
		if (slice_eq(name, m->name))
			return m;
	return NULL;
}

/* -------------------------------------------------------------- the whole */

static enum rc
read_source(struct definition_reader *r, struct slice text)
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
make_compact(struct definition_reader *r)
{
	struct definition *d = r->out;
	struct buf out = BUF_INIT(2 * DEFINITION_MAX);
	struct slice kept;
	enum rc rc;

	buf_put_char(&out, '{');
	for (const struct json *m = d->source->child; m != NULL; m = m->next) {
		const struct definition_member *known =
		    member_find(d->tool.kind, m->name);

		if (known != NULL && known->is_own)
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
read_members(struct definition_reader *r)
{
	const enum offer kind = r->out->tool.kind;

	for (const struct definition_member *m = kinds[kind].members;
	     m->name.ptr != NULL; m++) {
		const struct json *value = json_member(r->out->source, m->name);

		if (value != NULL && m->read != NULL)
			m->read(r, value);
		else if (value == NULL && m->is_needed)
			finding_put(&r->findings, r->out->source,
			    "%.*s is missing", SLICE_FMT(m->name));
	}
	if (kinds[kind].whole != NULL)
		kinds[kind].whole(r);
	if (r->rc != RC_OK)
		return r->rc;
	return r->findings.n > 0 ? RC_SYNTAX : RC_OK;
}

static enum rc
read_kind(struct definition_reader *r, struct slice text)
{
	struct definition *d = r->out;
	enum rc rc = read_source(r, text);

	if (rc != RC_OK)
		return rc;
	if (r->is_file && d->tool.kind == OFFER_RESOURCE &&
	    json_get(d->source, "uriTemplate") != NULL)
		d->tool.kind = OFFER_TEMPLATE;
	rc = make_compact(r);
	return rc == RC_OK ? read_members(r) : rc;
}

static enum rc
read_definition(struct definition_reader *r, enum offer kind, struct slice text)
{
	struct definition *d = r->out;
	enum rc rc;

	*d = (struct definition){
		.arena = ARENA_INIT(ARENA_MAX),
		.tool = { .kind = kind },
	};
	rc = read_kind(r, text);
	if (rc != RC_OK)
		definition_release(d);
	return rc;
}

enum rc
definition_read_as(
    enum offer kind, struct slice text, struct definition *out, struct buf *why)
{
	struct definition_reader r = { .out = out, .findings = { .out = why } };

	return read_definition(&r, kind, text);
}

enum rc
definition_read(struct slice text, struct definition *out, struct buf *why)
{
	return definition_read_as(OFFER_TOOL, text, out, why);
}

enum rc
definition_read_file(
    enum offer kind, struct slice text, struct definition *out, struct buf *why)
{
	struct definition_reader r = {
		.out = out,
		.findings = { .out = why },
		.is_file = true,
	};

	return read_definition(&r, kind, text);
}

const struct json *
definition_served_by(const struct definition *d)
{
	for (const struct json *m = d->source->child; m != NULL; m = m->next) {
		const struct definition_member *known =
		    member_find(d->tool.kind, m->name);

		if (known != NULL && known->is_own &&
		    !slice_eq(m->name, SLICE("cache")))
			return m;
	}
	return NULL;
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
		    "%s is for",
		    kinds[d->tool.kind].what);
	}
	for (const struct json *m = d->source->child; m != NULL; m = m->next) {
		if (member_find(d->tool.kind, m->name) == NULL) {
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
