#ifndef MCP_DEFINITION_HEADER_H
#define MCP_DEFINITION_HEADER_H

#include "arena.h"
#include "finding.h"
#include "json.h"
#include "rc.h"
#include "tool.h"

/*
 * Find the properties of an input schema that clients of 2026-07-28 mirror in
 * a header Mcp-Param-<suffix>: the keyword x-mcp-header.
 *
 * The suffix must be 1 to 64 of A-Z a-z 0-9 - (a gateway makes a variable of
 * it), unlike any other when case is folded, and stand on a property of type
 * string, integer or boolean that is reached from the root by `properties`
 * alone.  A definition that breaks a rule is dropped by clients, so each
 * breach is a finding.
 *
 * *out is the list in document order, or NULL.  RC_NOMEM.
 */
MUST_CHECK enum rc definition_headers(const struct json *schema,
    struct arena *a, struct findings *f, const struct tool_param **out);

#endif
