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

/* Values of one answer to completion/complete, at most. */
#define PROJECT_VALUES_MAX 100

/* Append what is offered as the list of its kind shows it in that revision. */
void project_offer(
    struct buf *b, const struct tool *tool, const struct revision *revision);

/* Append the members of a CallToolResult but _meta: content and, where the
 * revision has them, structuredContent and isError. */
void project_result(struct buf *b, const struct tool *tool,
    const struct tool_result *result, const struct revision *revision);

/* The same of what the call makes: a CallToolResult, GetPromptResult,
 * ReadResourceResult or CompleteResult. */
void project_call(struct buf *b, const struct tool_call *call,
    const struct revision *revision);

#endif
