#ifndef MCP_TOOL_CHECK_H
#define MCP_TOOL_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "http.h"
#include "json.h"
#include "rc.h"
#include "tool.h"

/* What must be true around a tool call, before and behind the tool. */

/*
 * Do the Mcp-Param-* headers say what the arguments say (2026-07-28,
 * x-mcp-header)?  An argument that is absent or null demands nothing; one that
 * is there demands its header, unless headers `may_lack`.  RC_NOMEM.
 */
MUST_CHECK enum rc tool_check_headers(struct arena *a,
    const struct http_request *http, bool may_lack, const struct tool *tool,
    const struct json *arguments, bool *agrees);

/*
 * Are the arguments what inputSchema (of a prompt: its list of arguments) asks
 * for?  When not, a sentence is
 * appended to `why` that a model can act on.  RC_NOMEM.
 */
MUST_CHECK enum rc tool_check_arguments(
    struct tool_call *call, bool *valid, struct buf *why);

/* A buffer for `why` holds any sentence but those about absurd schemas. */
#define TOOL_WHY_MAX ((size_t)16 * 1024)

/* Append a ClientCapabilities object with these bits (enum client_cap). */
void tool_put_capabilities(struct buf *b, uint32_t caps);

/*
 * Make what a tool left behind a result that may be sent: one that it could
 * not build, that lacks what its outputSchema promises, or that waits for an
 * answer nobody can give, becomes an error that says so.  RC_NOMEM.
 */
MUST_CHECK enum rc tool_conclude(struct tool_call *call, enum tool_done done);

/* What is said of a call that failed and does not say why. */
const char *tool_failed_text(const struct tool_call *call);

#endif
