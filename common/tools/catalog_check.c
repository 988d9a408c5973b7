#include "catalog.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog_files.h"
#include "catalog_part.h"

static const struct {
	const char *name;
	enum offer kind;
} shelves[] = {
	{ "tools", OFFER_TOOL },
	{ "prompts", OFFER_PROMPT },
	{ "resources", OFFER_RESOURCE },
};

struct check {
	const char *shown;  /* the catalog as it was named */
	const char *folder; /* within it */
	struct catalog_place place;
	int fd; /* of the folder */
	struct file_names names;
	struct catalog_tool **tools; /* as many as names; NULL: broken */
	const struct module *const *modules;
	size_t n_modules;
	struct buf *out;
	size_t errors;
};

/* "LINE: sentence" lines become "FILE:LINE: kind: sentence"; how many. */
static size_t
put_lines(
    struct check *c, const char *file, const char *kind, struct slice lines)
{
	size_t n = 0;

	while (lines.len > 0) {
		struct slice sentence;
		struct slice line = slice_cut(lines, '\n', &lines);
		struct slice number = slice_cut(line, ':', &sentence);

		if (line.len == 0)
			continue;
		buf_printf(c->out, "%s/%s/%s:%.*s: %s:%.*s\n", c->shown,
		    c->folder, file, SLICE_FMT(number), kind,
		    SLICE_FMT(sentence));
		n++;
	}
	return n;
}

static void
put_error(struct check *c, size_t i, const struct json *at, const char *why)
{
	const struct definition *d = &c->tools[i]->definition;
	size_t offset = at == NULL ? 0 : (size_t)(at->raw.ptr - d->text.ptr);

	buf_printf(c->out, "%s/%s/%s:%zu: error: %s\n", c->shown, c->folder,
	    c->names.name[i], finding_line(d->text, offset), why);
	c->errors++;
}

static const char *
taken_by(const struct check *c, size_t i)
{
	const struct tool *tool = &c->tools[i]->definition.tool;

	/* Only its files are served, and only the server sees which. */
	if (c->tools[i]->folder != NULL)
		return NULL;
	for (size_t m = 0; m < c->n_modules; m++) {
		size_t n;
		const struct tool *const *tools =
		    module_offers(c->modules[m], tool->kind, &n);

		for (size_t k = 0; k < n; k++)
			if (slice_eq(tools[k]->name, tool->name))
				return module_file(c->modules[m]);
	}
	for (size_t k = 0; k < i; k++) {
		const struct catalog_tool *t = c->tools[k];

		if (t != NULL && t->folder == NULL &&
		    t->definition.tool.kind == tool->kind &&
		    slice_eq(t->definition.tool.name, tool->name))
			return c->names.name[k];
	}
	return NULL;
}

/* The member that names it. */
static const struct json *
name_of(const struct definition *d)
{
	const struct json *uri = json_get(d->source, "uri");
	const struct json *template = json_get(d->source, "uriTemplate");

	if (d->tool.kind == OFFER_RESOURCE)
		return uri;
	return d->tool.kind == OFFER_TEMPLATE ? template
					      : json_get(d->source, "name");
}

/* A program of one definition. */
struct use {
	struct check *check;
	size_t i;
};

static void
check_program(void *ctx, const struct program *p, const struct json *run)
{
	const struct use *u = ctx;

	if (strchr(p->argv[0], '/') != NULL && access(p->argv[0], X_OK) != 0)
		put_error(u->check, u->i, json_get(run, "command"),
		    "the program does not exist or may not be executed");
	if (access(p->folder, X_OK) != 0)
		put_error(u->check, u->i, json_get(run, "cwd"),
		    "the working directory cannot be entered");
}

/* What only looking at the machine and at the other files can tell. */
static void
check_surroundings(struct check *c, size_t i)
{
	const struct catalog_tool *t = c->tools[i];
	const struct definition *d = &t->definition;
	const char *other = taken_by(c, i);
	struct use use = { c, i };

	if (other != NULL) {
		struct buf why = BUF_INIT(8192);

		buf_printf(&why, "the name %.*s is taken by %s",
		    SLICE_FMT(d->tool.name), other);
		put_error(c, i, name_of(d),
		    why.ptr == NULL ? "the name is taken" : why.ptr);
		buf_release(&why);
	}
	if (d->run != NULL)
		check_program(&use, &t->program, d->run);
	catalog_each_completer(t, check_program, &use);
}

static enum rc
check_text(struct check *c, size_t i, struct slice text)
{
	struct buf lines = BUF_INIT((size_t)64 * 1024);
	enum rc rc = catalog_tool_read(&c->place, text, &c->tools[i], &lines);

	if (rc == RC_SYNTAX) {
		c->errors +=
		    put_lines(c, c->names.name[i], "error", buf_slice(&lines));
		rc = RC_OK;
	} else if (rc == RC_OK) {
		check_surroundings(c, i);
		catalog_tool_put_hints(c->tools[i], &lines);
		(void)put_lines(c, c->names.name[i], "hint", buf_slice(&lines));
	}
	buf_release(&lines);
	return rc;
}

static enum rc
check_file(struct check *c, size_t i)
{
	struct buf text = BUF_INIT(DEFINITION_MAX);
	enum rc rc = files_read(c->fd, c->names.name[i], &text);

	if (rc == RC_OK) {
		rc = check_text(c, i, buf_slice(&text));
	} else if (rc != RC_NOMEM) {
		c->errors++;
		buf_printf(c->out, "%s/%s/%s:1: error: %s\n", c->shown,
		    c->folder, c->names.name[i],
		    rc == RC_FULL ? "is longer than 1 MiB" : "cannot be read");
		rc = RC_OK;
	}
	buf_release(&text);
	return rc;
}

static enum rc
check_files(struct check *c)
{
	enum rc rc = files_list(c->fd, &c->names);

	if (rc != RC_OK)
		return rc;
	c->tools = calloc(c->names.n + 1, sizeof(struct catalog_tool *));
	if (c->tools == NULL)
		rc = RC_NOMEM;
	for (size_t i = 0; rc == RC_OK && i < c->names.n; i++)
		rc = check_file(c, i);
	for (size_t i = 0; c->tools != NULL && i < c->names.n; i++)
		catalog_tool_free(c->tools[i]);
	free(c->tools);
	file_names_release(&c->names);
	return rc == RC_OK ? buf_finish(c->out) : rc;
}

/* One folder of the catalog. */
static enum rc
check_folder(struct check *c, size_t shelf)
{
	char *root = catalog_path(c->shown, NULL);
	char *path = catalog_path(c->shown, shelves[shelf].name);
	enum rc rc = RC_NOMEM;

	c->folder = shelves[shelf].name;
	if (root != NULL && path != NULL) {
		c->place = (struct catalog_place){
			.kind = shelves[shelf].kind,
			.folder = path,
			.root = root,
		};
		rc = files_folder(root, c->folder, &c->fd);
		if (c->fd >= 0)
			rc = check_files(c);
	}
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
	free(root);
	free(path);
	return rc;
}

enum rc
catalog_check(const char *folder, const struct module *const *modules,
    size_t n_modules, struct buf *out, size_t *errors)
{
	struct check c = {
		.shown = folder,
		.fd = -1,
		.modules = modules,
		.n_modules = n_modules,
		.out = out,
	};
	enum rc rc = RC_OK;

	for (size_t i = 0;
	     rc == RC_OK && i < sizeof(shelves) / sizeof(shelves[0]); i++)
		rc = check_folder(&c, i);
	*errors = c.errors;
	return rc;
}
