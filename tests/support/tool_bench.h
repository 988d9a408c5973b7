#ifndef MCP_TOOL_BENCH_H
#define MCP_TOOL_BENCH_H

#include "arena.h"
#include "json.h"
#include "tool.h"

/*
 * One call of one tool, as the core would make it, for tests of builders,
 * programs and modules.
 */
struct tool_bench {
	struct arena arena;
	struct tool tool; /* named "demo" until the test says otherwise */
	struct tool_call call;
};

/* With arguments {} and the environment of inline calls. */
void tool_bench_init(struct tool_bench *b);

/* Other arguments, JSON text that must read. */
void tool_bench_arguments(struct tool_bench *b, const char *json);

/* Read JSON text into the bench's arena; the test fails if it is none. */
const struct json *tool_bench_json(struct tool_bench *b, const char *json);

/* The result as one line of JSON text in the arena:
 * {"content":[..],"structuredContent":..,"isError":true,"_meta":{..}} with
 * what is not there left out. */
const char *tool_bench_result(struct tool_bench *b);

/* The text of the first block; "" if there is none. */
const char *tool_bench_text(struct tool_bench *b);

void tool_bench_release(struct tool_bench *b);

/* Append the blocks with commas between them, "assistant: " before those of the
 * assistant; or the error; or "missing". */
void tool_bench_put_result(struct buf *out, const struct tool_result *r);

#endif
