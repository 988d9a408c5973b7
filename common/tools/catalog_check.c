#include "catalog.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog_files.h"
#include "catalog_tool.h"
#include "finding.h"

struct check {
	const char *path;  /* absolute, for what programs are */
	const char *shown; /* the folder as it was named */
	int folder;
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
		buf_printf(c->out, "%s/tools/%s:%.*s: %s:%.*s\n", c->shown,
		    file, SLICE_FMT(number), kind, SLICE_FMT(sentence));
		n++;
	}
	return n;
}

static void
put_error(struct check *c, size_t i, const struct json *at, const char *why)
{
	const struct definition *d = &c->tools[i]->definition;
	size_t offset = at == NULL ? 0 : (size_t)(at->raw.ptr - d->text.ptr);

	buf_printf(c->out, "%s/tools/%s:%zu: error: %s\n", c->shown,
	    c->names.name[i], finding_line(d->text, offset), why);
	c->errors++;
}

static const char *
taken_by(const struct check *c, size_t i)
{
	struct slice name = c->tools[i]->definition.tool.name;

	for (size_t m = 0; m < c->n_modules; m++) {
		size_t n;
		const struct tool *const *tools =
		    module_tools(c->modules[m], &n);

		for (size_t k = 0; k < n; k++)
			if (slice_eq(tools[k]->name, name))
				return module_file(c->modules[m]);
	}
	for (size_t k = 0; k < i; k++) {
		if (c->tools[k] != NULL &&
		    slice_eq(c->tools[k]->definition.tool.name, name))
			return c->names.name[k];
	}
	return NULL;
}

/* What only looking at the machine and at the other files can tell. */
static void
check_surroundings(struct check *c, size_t i)
{
	const struct definition *d = &c->tools[i]->definition;
	const struct program *p = &c->tools[i]->program;
	const char *other = taken_by(c, i);

	if (other != NULL) {
		struct buf why = BUF_INIT(8192);

		buf_printf(&why, "the name %.*s is taken by %s",
		    SLICE_FMT(d->tool.name), other);
		put_error(c, i, json_get(d->source, "name"),
		    why.ptr == NULL ? "the name is taken" : why.ptr);
		buf_release(&why);
	}
	if (strchr(p->argv[0], '/') != NULL && access(p->argv[0], X_OK) != 0)
		put_error(c, i, json_get(d->run, "command"),
		    "the program does not exist or may not be executed");
	if (access(p->folder, X_OK) != 0)
		put_error(c, i, json_get(d->run, "cwd"),
		    "the working directory cannot be entered");
}

static enum rc
check_text(struct check *c, size_t i, struct slice text)
{
	struct buf lines = BUF_INIT((size_t)64 * 1024);
	enum rc rc =
	    catalog_tool_read(text, c->path, NULL, &c->tools[i], &lines);

	if (rc == RC_SYNTAX) {
		c->errors +=
		    put_lines(c, c->names.name[i], "error", buf_slice(&lines));
		rc = RC_OK;
	} else if (rc == RC_OK) {
		check_surroundings(c, i);
		definition_put_hints(&c->tools[i]->definition, &lines);
		(void)put_lines(c, c->names.name[i], "hint", buf_slice(&lines));
	}
	buf_release(&lines);
	return rc;
}

static enum rc
check_file(struct check *c, size_t i)
{
	struct buf text = BUF_INIT(DEFINITION_MAX);
	enum rc rc = files_read(c->folder, c->names.name[i], &text);

	if (rc == RC_OK) {
		rc = check_text(c, i, buf_slice(&text));
	} else if (rc != RC_NOMEM) {
		c->errors++;
		buf_printf(c->out, "%s/tools/%s:1: error: %s\n", c->shown,
		    c->names.name[i],
		    rc == RC_FULL ? "is longer than 1 MiB" : "cannot be read");
		rc = RC_OK;
	}
	buf_release(&text);
	return rc;
}

static enum rc
check_files(struct check *c)
{
	enum rc rc = files_list(c->folder, &c->names);

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

enum rc
catalog_check(const char *folder, const struct module *const *modules,
    size_t n_modules, struct buf *out, size_t *errors)
{
	char *path = catalog_tools_folder(folder);
	struct check c = {
		.path = path,
		.shown = folder,
		.folder = -1,
		.modules = modules,
		.n_modules = n_modules,
		.out = out,
	};
	enum rc rc = RC_NOMEM;

	if (path != NULL) {
		c.folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = c.folder < 0 ? RC_IO : check_files(&c);
	}
	if (c.folder >= 0)
		(void)close(c.folder);
	free(path);
	*errors = c.errors;
	return rc;
}
