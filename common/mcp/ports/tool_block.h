#ifndef MCP_TOOL_BLOCK_H
#define MCP_TOOL_BLOCK_H

#include "buf.h"
#include "json.h"
#include "rc.h"

/*
 * Is this JSON value a content block that the protocol knows?  RC_OK and
 * *type (enum content_bit), or RC_SYNTAX with a sentence appended to `why`.
 * Members the protocol does not name are let through: blocks are open.
 */
MUST_CHECK enum rc tool_block_check(
    const struct json *block, unsigned *type, struct buf *why);

/* The same of an item of a resource's contents: a uri, and either text or
 * blob. */
MUST_CHECK enum rc tool_item_check(const struct json *item, struct buf *why);

#endif
