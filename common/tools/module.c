#include "module.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "module_api.h"
#include "module_offer.h"

/* Of one kind. */
#define OFFERS_MAX 1024

/* What it offers of one kind, in the order of the module. */
struct module_offers {
	struct module_offer *offer;
	const struct tool **list;
	size_t n;
};

struct module {
	char *file;
	const struct mcp_module *own;
	struct module_offers offers[OFFERS];
};

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
	if (own->tools == NULL && own->prompts == NULL &&
	    own->resources == NULL && own->templates == NULL)
		return refuse(m, why, "offers nothing");
	return RC_OK;
}

/* ----------------------------------------------------------- what it offers */

static const struct mcp_tool *const *
list_of(const struct mcp_module *own, enum offer kind)
{
	switch (kind) {
	case OFFER_TOOL:
		return own->tools;
	case OFFER_PROMPT:
		return own->prompts;
	case OFFER_RESOURCE:
		return own->resources;
	case OFFER_TEMPLATE:
		return own->templates;
	case OFFERS:
		break;
	}
	return NULL;
}

static bool
is_taken(const struct module_offers *o, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(o->list[i]->name, name))
			return true;
	return false;
}

/* "FILE: prompt 2: SENTENCE" of what is wrong with that one. */
static enum rc
add_offer(struct module *m, enum offer kind, size_t i, struct buf *why)
{
	struct module_offers *o = &m->offers[kind];
	const struct mcp_tool *own = list_of(m->own, kind)[i];
	struct buf sentence = BUF_INIT(4096);
	enum rc rc = module_offer_read(kind, own, &o->offer[i], &sentence);

	o->list[i] = &o->offer[i].definition.tool;
	if (rc == RC_OK && is_taken(o, i, o->list[i]->name)) {
		buf_printf(&sentence, "has the name of an earlier %s",
		    module_offer_kind(kind));
		rc = RC_SYNTAX;
	}
	if (rc == RC_SYNTAX) {
		buf_printf(why, "%s: %s %zu: %.*s", m->file,
		    module_offer_kind(kind), i + 1,
		    SLICE_FMT(buf_slice(&sentence)));
	}
	buf_release(&sentence);
	return rc;
}

static enum rc
add_offers(struct module *m, enum offer kind, struct buf *why)
{
	struct module_offers *o = &m->offers[kind];
	const struct mcp_tool *const *own = list_of(m->own, kind);

	while (own != NULL && o->n < OFFERS_MAX && own[o->n] != NULL)
		o->n++;
	if (own != NULL && own[o->n] != NULL) {
		buf_printf(why, "%s: has too many %ss", m->file,
		    module_offer_kind(kind));
		return RC_SYNTAX;
	}
	o->offer = calloc(o->n + 1, sizeof(*o->offer));
	o->list = calloc(o->n + 1, sizeof(struct tool *));
	if (o->offer == NULL || o->list == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < o->n; i++) {
		enum rc rc = add_offer(m, kind, i, why);

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
	for (int kind = 0; rc == RC_OK && kind < OFFERS; kind++)
		rc = add_offers(m, (enum offer)kind, why);
	if (rc != RC_OK) {
		module_free(m);
		return rc;
	}
	*out = m;
	return RC_OK;
}

const struct tool *const *
module_offers(const struct module *m, enum offer kind, size_t *n)
{
	*n = m->offers[kind].n;
	return m->offers[kind].list;
}

const struct tool *const *
module_tools(const struct module *m, size_t *n)
{
	return module_offers(m, OFFER_TOOL, n);
}

const char *
module_file(const struct module *m)
{
	return m->file;
}

static void
release_offers(struct module_offers *o)
{
	for (size_t i = 0; o->offer != NULL && i < o->n; i++)
		definition_release(&o->offer[i].definition);
	free(o->offer);
	free(o->list);
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
	for (int kind = 0; kind < OFFERS; kind++)
		release_offers(&m->offers[kind]);
	free(m->file);
	free(m);
}
