#ifndef MCP_PROGRAM_BENCH_H
#define MCP_PROGRAM_BENCH_H

#include <stdbool.h>

#include <sys/types.h>

#include "tool_bench.h"
#include "tool_program.h"

/* A program of tests/support/programs or of the system, and everything a call
 * of it needs. */
struct program_bench {
	struct tool_bench bench;
	struct program program;
	struct program_host host;
	pid_t group; /* that was started last */
	int started;
	int ended;
	bool was_waiting; /* when we heard of it, it had not called exec */
	bool is_cancelled;
};

/* What tool_bench_result() tells of a single text block. */
#define RESULT_TEXT(text)                                                      \
	"{\"content\":[{\"type\":\"text\",\"text\":\"" text "\"}]}"
#define RESULT_ERROR(text)                                                     \
	"{\"content\":[{\"type\":\"text\",\"text\":\"" text "\"}],"            \
	"\"isError\":true}"

/* A tool with this `run`, JSON text that must be right. */
void program_bench_init(struct program_bench *r, const char *run);

/*
 * Call it; the result as tool_bench_result() tells it.  Nobody of its process
 * group may be left then, which the test process must be able to see: it calls
 * program_bench_adopt() first.
 */
const char *program_bench_call(struct program_bench *r);

/* Orphans become children of this process; false if the system cannot. */
bool program_bench_adopt(void);

void program_bench_release(struct program_bench *r);

#endif
