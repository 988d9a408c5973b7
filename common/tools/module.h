#ifndef MCP_TOOLS_MODULE_H
#define MCP_TOOLS_MODULE_H

#include "buf.h"
#include "rc.h"
#include "tool.h"

/*
 * C modules: shared objects that export mcp_module_open (mcp_module.h).
 * Loaded once per process and never unloaded before it ends.
 */
struct module;

/*
 * Load one.  RC_SYNTAX with a sentence in `why` that names the file: cannot be
 * loaded, wrong ABI, a broken definition, two tools of one name.  Free with
 * module_free().
 */
MUST_CHECK enum rc module_load(
    const char *file, struct module **out, struct buf *why);

/* What it offers of one kind, in the order of the module. */
const struct tool *const *module_offers(
    const struct module *, enum offer kind, size_t *n);

/* Its tools. */
const struct tool *const *module_tools(const struct module *, size_t *n);

const char *module_file(const struct module *);

/* NULL is allowed. */
void module_free(struct module *);

#endif
