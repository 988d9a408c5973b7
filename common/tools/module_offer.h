#ifndef MCP_MODULE_OFFER_H
#define MCP_MODULE_OFFER_H

#include "buf.h"
#include "definition.h"
#include "mcp_module.h"
#include "rc.h"
#include "tool.h"

/*
 * One tool, prompt, resource or template of a C module.
 */
struct module_offer {
	struct definition definition;
	const struct mcp_tool *own;
};

/* "tool", "prompt", "resource", "template" */
const char *module_offer_kind(enum offer kind);

/*
 * Make of what the module says something to list and to call.  RC_SYNTAX: the
 * first thing that is wrong is a sentence in `why`, without a line end.
 * RC_NOMEM.  Unless it is RC_OK, *out needs no release (and allows one);
 * otherwise definition_release() its definition.
 */
MUST_CHECK enum rc module_offer_read(enum offer kind,
    const struct mcp_tool *own, struct module_offer *out, struct buf *why);

#endif
