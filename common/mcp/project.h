#ifndef MCP_PROJECT_H
#define MCP_PROJECT_H

#include "buf.h"
#include "json.h"
#include "revision.h"
#include "tool.h"

/*
 * What is built once is shaped here for the revision at hand: what it lacks
 * is left out or replaced, so that no client is sent what it cannot know.
 */

/* Append a tool as tools/list of that revision shows it. */
void project_tool(
    struct buf *b, const struct tool *tool, const struct revision *revision);

/* Append the members of a CallToolResult but _meta: content and, where the
 * revision has them, structuredContent and isError. */
void project_result(struct buf *b, const struct tool *tool,
    const struct tool_result *result, const struct revision *revision);

#endif
