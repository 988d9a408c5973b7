#ifndef MCP_REVISION_H
#define MCP_REVISION_H

#include <stdbool.h>

#include "slice.h"

/*
 * The published protocol revisions as rows of traits.  Code asks for a
 * trait, never for a date.  The order is that of publication, so that
 * since/until comparisons may use the enum.
 */
enum revision_name {
	REVISION_2024_11_05,
	REVISION_2025_03_26,
	REVISION_2025_06_18,
	REVISION_2025_11_25,
	REVISION_2026_07_28,
	REVISIONS
};

/* Content block types a revision knows. */
enum content_bit {
	CONTENT_TEXT = 1,
	CONTENT_IMAGE = 2,
	CONTENT_AUDIO = 4,
	CONTENT_RESOURCE = 8,
	CONTENT_RESOURCE_LINK = 16
};

enum task_form { TASKS_NONE, TASKS_EXPERIMENTAL, TASKS_EXTENSION };

struct revision {
	enum revision_name name;
	struct slice date;
	bool is_modern;            /* stateless, per-request _meta */
	bool has_batch;            /* arrays of messages */
	bool has_priming;          /* empty first event, retry */
	bool has_version_header;   /* MCP-Protocol-Version on every request */
	bool has_result_type;      /* resultType on every result */
	bool has_cache_hints;      /* ttlMs, cacheScope */
	bool has_server_info_meta; /* serverInfo in _meta of results */
	bool asks_in_result;       /* questions as input_required results */
	bool bad_arguments_are_results; /* isError instead of -32602 */
	bool has_title;                 /* title, _meta on tools and blocks */
	bool has_tool_annotations;
	bool has_output_schema; /* outputSchema, structuredContent */
	bool any_output_schema; /* root need not be an object */
	bool has_icons;
	bool has_execution; /* execution.taskSupport on tools */
	bool has_completions_capability;
	bool has_progress_message; /* message in notifications/progress */
	enum task_form tasks;
	unsigned content;       /* bits of enum content_bit */
	int resource_not_found; /* JSON-RPC code */
};

/* The row of a date, or NULL. */
const struct revision *revision_find(struct slice date);

/* The row of a name; never NULL for one of the five. */
const struct revision *revision_get(enum revision_name name);

/* What initialize answers: the requested legacy revision, else our newest
 * legacy one.  Never a modern one. */
const struct revision *revision_negotiate(struct slice requested);

/* Does a version string belong to the modern era, known or not?  (Compared
 * as text with 2026-07-28.) */
bool revision_text_is_modern(struct slice text);

/* The date we assume for a claim-less request without session and header. */
const struct revision *revision_assumed(void);

/* The newest modern revision. */
const struct revision *revision_modern(void);

#endif
