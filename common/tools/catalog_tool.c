#include "catalog_tool.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog_folder.h"
#include "catalog_part.h"
#include "uri_template.h"

/* ------------------------------------------------------------- what serves */

void
catalog_read_program(
    struct catalog_reader *r, const struct json *run, struct program *out)
{
	enum rc rc = program_read(run, r->findings.text, r->place->folder,
	    &r->tool->definition.arena, out, r->findings.out);

	out->host = r->place->host;
	if (rc == RC_SYNTAX)
		r->findings.n++;
	else if (rc != RC_OK)
		r->rc = rc;
}

static void
read_run(struct catalog_reader *r, const struct json *value)
{
	struct catalog_tool *t = r->tool;
	struct tool *tool = &t->definition.tool;

	catalog_read_program(r, value, &t->program);
	if (tool->kind == OFFER_PROMPT && t->program.output == PROGRAM_JSON) {
		finding_put(&r->findings, json_get(value, "output"),
		    "run.output of a prompt must be \"text\", \"result\" or a "
		    "media type");
	}
	/* Nobody minds if a prompt or a resource is looked up once more. */
	if (tool->kind != OFFER_TOOL)
		tool->flags |= TOOL_REPEAT;
	tool->flags |= t->program.flags | TOOL_COSTLY;
	tool->flags &= ~t->program.not_flags;
	tool->needs = t->program.needs;
	tool->call = catalog_call_program;
}

static void
read_file(struct catalog_reader *r, const struct json *value)
{
	r->tool->file = catalog_read_path(r, value);
	r->tool->definition.tool.call = catalog_call_file;
}

static void
read_text(struct catalog_reader *r, const struct json *value)
{
	if (value->type != JSON_STRING)
		finding_put(&r->findings, value, "text must be a string");
	else if (r->tool->definition.tool.kind == OFFER_TEMPLATE)
		catalog_check_placeholders(r, value);
	r->tool->text = value;
	r->tool->definition.tool.call = catalog_call_text;
}

#define BIT(kind) (1u << (kind))

static const struct {
	struct slice name;
	unsigned kinds;
	void (*read)(struct catalog_reader *, const struct json *);
} servers[] = {
	{ SLICE_INIT("run"),
	    BIT(OFFER_TOOL) | BIT(OFFER_PROMPT) | BIT(OFFER_RESOURCE) |
		BIT(OFFER_TEMPLATE),
	    read_run },
	{ SLICE_INIT("messages"), BIT(OFFER_PROMPT), catalog_read_messages },
	{ SLICE_INIT("file"), BIT(OFFER_RESOURCE), read_file },
	{ SLICE_INIT("folder"), BIT(OFFER_RESOURCE), catalog_read_folder },
	{ SLICE_INIT("text"), BIT(OFFER_RESOURCE) | BIT(OFFER_TEMPLATE),
	    read_text },
};

static const char *const nobody[OFFERS] = {
	[OFFER_TOOL] = "run is missing: it says which program serves the tool",
	[OFFER_PROMPT] =
	    "messages or run is missing: they say what serves the prompt",
	/* In brackets, so that clang does not take it for two elements. */
	[OFFER_RESOURCE] = ("file, text, folder or run is missing: they say "
			    "what serves the resource"),
	[OFFER_TEMPLATE] =
	    "text or run is missing: they say what serves the template",
};

static void
read_server(struct catalog_reader *r)
{
	const struct definition *d = &r->tool->definition;
	struct slice before = SLICE_NONE;

	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		const struct json *value =
		    json_member(d->source, servers[i].name);

		if (value == NULL ||
		    (servers[i].kinds & BIT(d->tool.kind)) == 0)
			continue;
		if (before.ptr != NULL) {
			finding_put(&r->findings, value,
			    "only one of %.*s and %.*s can serve it",
			    SLICE_FMT(before), SLICE_FMT(servers[i].name));
		}
		before = servers[i].name;
		servers[i].read(r, value);
	}
	if (before.ptr == NULL)
		finding_put(
		    &r->findings, d->source, "%s", nobody[d->tool.kind]);
}

static void
read_rest(struct catalog_reader *r)
{
	const struct definition *d = &r->tool->definition;
	const struct json *complete = json_get(d->source, "complete");
	const struct json *include = json_get(d->source, "include");

	if (complete != NULL &&
	    (d->tool.kind == OFFER_PROMPT || d->tool.kind == OFFER_TEMPLATE))
		catalog_read_complete(r, complete);
	if (include != NULL && d->tool.kind == OFFER_RESOURCE &&
	    r->tool->folder == NULL)
		finding_put(&r->findings, include,
		    "include is for those that have a folder");
}

/* -------------------------------------------------------------- the whole */

static enum rc
read_tool(const struct catalog_place *place, struct slice text,
    struct catalog_tool *t, struct buf *why)
{
	struct definition *d = &t->definition;
	struct catalog_reader r = {
		.tool = t,
		.place = place,
		.findings = { .out = why },
	};
	enum rc rc = definition_read_file(place->kind, text, d, why);

	if (rc != RC_OK)
		return rc;
	r.findings.text = d->text;
	d->tool.ctx = t;
	t->host = place->host;
	t->root = arena_string(&d->arena, slice_of(place->root));
	if (t->root == NULL)
		return RC_NOMEM;
	read_server(&r);
	read_rest(&r);
	if (r.rc != RC_OK)
		return r.rc;
	return r.findings.n > 0 ? RC_SYNTAX : RC_OK;
}

enum rc
catalog_tool_read(const struct catalog_place *place, struct slice text,
    struct catalog_tool **out, struct buf *why)
{
	struct catalog_tool *t = calloc(1, sizeof(*t));
	enum rc rc;

	*out = NULL;
	if (t == NULL)
		return RC_NOMEM;
	rc = read_tool(place, text, t, why);
	if (rc != RC_OK) {
		catalog_tool_free(t);
		return rc;
	}
	*out = t;
	return RC_OK;
}

void
catalog_tool_put_hints(const struct catalog_tool *t, struct buf *out)
{
	struct findings f = { .text = t->definition.text, .out = out };

	definition_put_hints(&t->definition, out);
	if (t->messages != NULL)
		catalog_hint_messages(t, &f);
	if (t->folder != NULL)
		catalog_hint_folder(t, &f);
	if (t->text != NULL && t->definition.tool.kind == OFFER_TEMPLATE)
		catalog_hint_unused(t, t->text, &f);
	if (t->file != NULL && access(t->file, R_OK) != 0)
		finding_put(&f, json_get(t->definition.source, "file"),
		    "the file does not exist or may not be read");
}

void
catalog_tool_free(struct catalog_tool *t)
{
	if (t == NULL)
		return;
	catalog_folder_free(t->folder);
	definition_release(&t->definition);
	free(t);
}

/* ----------------------------------------------------------------- helpers */

char *
catalog_path(const char *folder, const char *name)
{
	struct buf path = BUF_INIT(4 * (size_t)PATH_MAX);
	char here[PATH_MAX] = "";
	char *out = NULL;

	if (folder[0] != '/') {
		if (getcwd(here, sizeof(here)) == NULL)
			return NULL;
		buf_printf(&path, "%s/", here);
	}
	buf_printf(&path, "%s", folder);
	if (name != NULL)
		buf_printf(&path, "/%s", name);
	if (buf_finish(&path) == RC_OK)
		out = strdup(path.ptr);
	buf_release(&path);
	return out;
}

char *
catalog_resolve(struct arena *a, const char *root, struct slice path)
{
	const size_t base = strlen(root);
	char *out;

	if (slice_starts(path, SLICE("/")))
		return arena_string(a, path);
	out = arena_bytes(a, base + path.len + 2);
	if (out == NULL)
		return NULL;
	memcpy(out, root, base);
	out[base] = '/';
	if (path.len > 0)
		memcpy(out + base + 1, path.ptr, path.len);
	out[base + 1 + path.len] = '\0';
	return out;
}

const char *
catalog_read_path(struct catalog_reader *r, const struct json *value)
{
	const struct slice path = json_text(value);
	const char *out;

	if (path.len == 0) {
		finding_put(&r->findings, value, "%.*s must be a path",
		    FINDING_NAME(value->name));
		return NULL;
	}
	out = catalog_resolve(&r->tool->definition.arena, r->place->root, path);
	if (out == NULL)
		r->rc = RC_NOMEM;
	return out;
}

bool
catalog_has_argument(const struct definition *d, struct slice name)
{
	const struct json *list = json_get(d->source, "arguments");
	const struct slice *vars = NULL;
	size_t n = 0;

	if (d->tool.uris != NULL)
		n = uri_template_vars(d->tool.uris, &vars);
	for (size_t i = 0; i < n; i++)
		if (slice_eq(vars[i], name))
			return true;
	if (d->tool.kind != OFFER_PROMPT || !json_is(list, JSON_ARRAY))
		return false;
	for (const struct json *a = list->child; a != NULL; a = a->next)
		if (json_text_is(json_get(a, "name"), name))
			return true;
	return false;
}
