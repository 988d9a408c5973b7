#ifndef MCP_TOOL_PART_H
#define MCP_TOOL_PART_H

#include "tool.h"

/* What the files that build results have in common; nobody else's business. */

/* A tool may ignore what one builder says: the call remembers. */
enum rc tool_note(struct tool_call *call, enum rc rc);

/* A compact copy in the call's arena. */
MUST_CHECK enum rc tool_keep_compact(
    struct tool_call *call, const struct json *value, struct slice *out);

/* An item of contents that is JSON already; RC_SYNTAX with a sentence. */
MUST_CHECK enum rc tool_add_item(
    struct tool_call *call, const struct json *item, struct buf *why);

#endif
