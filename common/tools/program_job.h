#ifndef MCP_PROGRAM_JOB_H
#define MCP_PROGRAM_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "program_run.h"
#include "rc.h"
#include "slice.h"
#include "tool_program.h"

/*
 * One call of one program: what tool_program.c and the reader of its output
 * (program_take.c) have in common.  Nobody else includes this.
 */
struct program_job {
	const struct program *program;
	struct tool_call *call;
	int64_t limit_ms; /* time it was given */
	size_t output_max;
	struct program_outcome outcome;
	struct buf sentence;
};

/* Begin a sentence about the call with the name of what is called, and end
 * it: it becomes the error of the call. */
void program_job_begin(struct program_job *);
MUST_CHECK enum rc program_job_say(struct program_job *);

/* Make what it printed the result of the call, or an error that says why
 * that is none. */
MUST_CHECK enum rc program_job_take(struct program_job *, struct slice output);

#endif
