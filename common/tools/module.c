#include "module.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "definition.h"
#include "module_api.h"

#define TOOLS_MAX 1024
/* The bits of enum mcp_tool_flag that are enum tool_flag, and how far those
 * that are enum client_cap were shifted. */
#define FLAGS_TOOL 0xFFu
#define FLAGS_NEEDS_SHIFT 8
#define FLAGS_KNOWN                                                            \
	(MCP_TOOL_DETACHED | MCP_TOOL_ONCE | MCP_TOOL_NEEDS_ROOTS |            \
	    MCP_TOOL_NEEDS_SAMPLING | MCP_TOOL_NEEDS_ELICITATION)

_Static_assert(MCP_TOOL_DETACHED == (int)TOOL_DETACHED, "same bits");
_Static_assert(MCP_TOOL_ONCE == (int)TOOL_ONCE, "same bits");
_Static_assert(
    MCP_TOOL_NEEDS_ROOTS == CAP_ROOTS << FLAGS_NEEDS_SHIFT, "shifted bits");
_Static_assert(MCP_TOOL_NEEDS_SAMPLING == CAP_SAMPLING << FLAGS_NEEDS_SHIFT,
    "shifted bits");
_Static_assert(
    MCP_TOOL_NEEDS_ELICITATION == CAP_ELICITATION << FLAGS_NEEDS_SHIFT,
    "shifted bits");

struct module_tool {
	struct definition definition;
	const struct mcp_tool *own;
};

struct module {
	char *file;
	const struct mcp_module *own;
	struct module_tool *tools;
	const struct tool **list;
	size_t n;
};

static enum tool_done
call(const struct tool *tool, struct tool_call *c)
{
	const struct module_tool *t = tool->ctx;

	return module_run(t->own, c);
}

static enum rc
refuse(const struct module *m, struct buf *why, const char *sentence)
{
	buf_printf(why, "%s: %s", m->file, sentence);
	return RC_SYNTAX;
}

/* ------------------------------------------------------------ from outside */

/* The loader's sentence, which may or may not begin with the file. */
static enum rc
refuse_object(const struct module *m, struct buf *why)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *said = dlerror();
	const size_t len = strlen(m->file);

	if (said == NULL)
		said = "cannot be loaded";
	else if (strncmp(said, m->file, len) == 0 && said[len] == ':')
		said += len + 1 + strspn(said + len + 1, " ");
	return refuse(m, why, said);
}

typedef const struct mcp_module *opener(const struct mcp_api *);

static enum rc
open_object(struct module *m, struct buf *why)
{
	void *object = dlopen(m->file, RTLD_NOW | RTLD_LOCAL);
	opener *open;
	void *symbol;

	if (object == NULL)
		return refuse_object(m, why);
	symbol = dlsym(object, "mcp_module_open");
	if (symbol == NULL)
		return refuse(m, why, "does not export mcp_module_open");
	/* C has no cast from an object's address to a function's. */
	memcpy(&open, &symbol, sizeof(open));
	m->own = open(&module_api);
	if (m->own == NULL)
		return refuse(m, why, "mcp_module_open returned NULL");
	return RC_OK;
}

static enum rc
check_object(struct module *m, struct buf *why)
{
	const struct mcp_module *own = m->own;

	/* Its close() is beyond a size that is not right. */
	if (own->abi == 0 || own->abi > MCP_ABI ||
	    own->size < sizeof(struct mcp_module)) {
		buf_printf(why,
		    "%s: was built for ABI %u (%u bytes); this server has ABI "
		    "%u (%zu bytes)",
		    m->file, (unsigned)own->abi, (unsigned)own->size, MCP_ABI,
		    sizeof(struct mcp_module));
		m->own = NULL;
		return RC_SYNTAX;
	}
	if (own->tools == NULL)
		return refuse(m, why, "has no list of tools");
	while (m->n < TOOLS_MAX && own->tools[m->n] != NULL)
		m->n++;
	if (own->tools[m->n] != NULL)
		return refuse(m, why, "has too many tools");
	return RC_OK;
}

/* ---------------------------------------------------------------- its tools */

static enum rc
refuse_tool(
    const struct module *m, size_t i, struct buf *why, const char *sentence)
{
	buf_printf(why, "%s: tool %zu: %s", m->file, i + 1, sentence);
	return RC_SYNTAX;
}

static enum rc
read_definition(struct module *m, size_t i, struct buf *why)
{
	struct module_tool *t = &m->tools[i];
	struct buf findings = BUF_INIT(4096);
	enum rc rc = definition_read(
	    slice_of(t->own->definition), &t->definition, &findings);

	if (rc == RC_SYNTAX) {
		/* One sentence is wanted; the first finding is the cause. */
		struct slice rest;
		struct slice first =
		    slice_cut(buf_slice(&findings), '\n', &rest);

		buf_printf(why, "%s: tool %zu: line %.*s", m->file, i + 1,
		    SLICE_FMT(first));
	}
	buf_release(&findings);
	if (rc == RC_OK && t->definition.run != NULL)
		return refuse_tool(
		    m, i, why, "a tool in C cannot have the member run");
	return rc;
}

static enum rc
add_tool(struct module *m, size_t i, struct buf *why)
{
	struct module_tool *t = &m->tools[i];
	struct tool *tool = &t->definition.tool;
	enum rc rc;

	t->own = m->own->tools[i];
	if (t->own->size < sizeof(struct mcp_tool))
		return refuse_tool(m, i, why, "its struct has a wrong size");
	if (t->own->definition == NULL || t->own->call == NULL)
		return refuse_tool(m, i, why, "lacks definition or call");
	if ((t->own->flags & ~(uint32_t)FLAGS_KNOWN) != 0)
		return refuse_tool(
		    m, i, why, "has flags that this server does not know");
	rc = read_definition(m, i, why);
	if (rc != RC_OK)
		return rc;
	for (size_t k = 0; k < i; k++) {
		if (slice_eq(m->list[k]->name, tool->name))
			return refuse_tool(
			    m, i, why, "has the name of an earlier tool");
	}
	if ((t->own->flags & MCP_TOOL_ONCE) != 0)
		tool->flags &= ~(unsigned)TOOL_REPEAT;
	tool->flags |= t->own->flags & FLAGS_TOOL;
	tool->needs = t->own->flags >> FLAGS_NEEDS_SHIFT;
	tool->call = call;
	tool->ctx = t;
	m->list[i] = tool;
	return RC_OK;
}

static enum rc
add_tools(struct module *m, struct buf *why)
{
	m->tools = calloc(m->n + 1, sizeof(*m->tools));
	m->list = calloc(m->n + 1, sizeof(struct tool *));
	if (m->tools == NULL || m->list == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < m->n; i++) {
		enum rc rc = add_tool(m, i, why);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

enum rc
module_load(const char *file, struct module **out, struct buf *why)
{
	struct module *m = calloc(1, sizeof(*m));
	enum rc rc;

	*out = NULL;
	if (m == NULL)
		return RC_NOMEM;
	m->file = strdup(file);
	rc = m->file == NULL ? RC_NOMEM : open_object(m, why);
	if (rc == RC_OK)
		rc = check_object(m, why);
	if (rc == RC_OK)
		rc = add_tools(m, why);
	if (rc != RC_OK) {
		module_free(m);
		return rc;
	}
	*out = m;
	return RC_OK;
}

const struct tool *const *
module_tools(const struct module *m, size_t *n)
{
	*n = m->n;
	return m->list;
}

const struct tool *const *
module_offers(const struct module *m, enum offer kind, size_t *n)
{
	*n = kind == OFFER_TOOL ? m->n : 0;
	return m->list;
}

const char *
module_file(const struct module *m)
{
	return m->file;
}

/* The shared object stays: what it registered elsewhere may still be called
 * when the process ends. */
void
module_free(struct module *m)
{
	if (m == NULL)
		return;
	if (m->own != NULL && m->own->close != NULL)
		m->own->close();
	for (size_t i = 0; m->tools != NULL && i < m->n; i++)
		definition_release(&m->tools[i].definition);
	free(m->tools);
	free(m->list);
	free(m->file);
	free(m);
}
