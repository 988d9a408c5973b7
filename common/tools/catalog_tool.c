#include "catalog_tool.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "finding.h"

static enum rc
read_program(struct catalog_tool *t, const char *folder, struct buf *why)
{
	struct definition *d = &t->definition;
	struct findings f = { .text = d->text, .out = why };

	if (d->run == NULL) {
		finding_put(&f, d->source,
		    "run is missing: it says which program serves the tool");
		return RC_SYNTAX;
	}
	return program_read(
	    d->run, d->text, folder, &d->arena, &t->program, why);
}

enum rc
catalog_tool_read(struct slice text, const char *folder,
    const struct program_host *host, struct catalog_tool **out, struct buf *why)
{
	struct catalog_tool *t = calloc(1, sizeof(*t));
	struct tool *tool;
	enum rc rc;

	*out = NULL;
	if (t == NULL)
		return RC_NOMEM;
	rc = definition_read(text, &t->definition, why);
	if (rc == RC_OK)
		rc = read_program(t, folder, why);
	if (rc != RC_OK) {
		catalog_tool_free(t);
		return rc;
	}
	t->program.host = host;
	tool = &t->definition.tool;
	tool->flags |= t->program.flags | TOOL_COSTLY;
	tool->flags &= ~t->program.not_flags;
	tool->needs = t->program.needs;
	tool->call = program_call;
	tool->ctx = &t->program;
	*out = t;
	return RC_OK;
}

void
catalog_tool_free(struct catalog_tool *t)
{
	if (t == NULL)
		return;
	definition_release(&t->definition);
	free(t);
}

char *
catalog_tools_folder(const char *folder)
{
	struct buf path = BUF_INIT(4 * (size_t)PATH_MAX);
	char here[PATH_MAX] = "";
	char *out = NULL;

	if (folder[0] != '/') {
		if (getcwd(here, sizeof(here)) == NULL)
			return NULL;
		buf_printf(&path, "%s/", here);
	}
	buf_printf(&path, "%s/tools", folder);
	if (buf_finish(&path) == RC_OK)
		out = strdup(path.ptr);
	buf_release(&path);
	return out;
}
