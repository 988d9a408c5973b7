#ifndef MCP_PROGRAM_RUN_H
#define MCP_PROGRAM_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "rc.h"
#include "slice.h"
#include "tool.h"
#include "tool_program.h"

/*
 * One program from its start to its end: started, fed, listened to, stopped
 * at a limit, reaped.  What the output means is not known here.
 *
 * Safe in a process that holds database handles: between fork and exec the
 * child does nothing but system calls, and no descriptor survives exec.
 */
struct program_child {
	const char *file; /* to execute, absolute or relative to `folder` */
	char *const *argv;
	char *const *env;
	const char *folder;
	uint64_t memory; /* RLIMIT_AS; 0: none */
	struct slice input;
	size_t output_max;
	int64_t deadline_mono; /* moves on with that of the call */
	const struct program_host *host;
	struct tool_call *call;
};

enum program_end {
	PROGRAM_EXITED, /* number: exit status */
	PROGRAM_KILLED, /* number: the signal, not sent by us */
	PROGRAM_LATE,
	PROGRAM_TOO_LONG, /* more output than allowed */
	PROGRAM_CANCELLED,
	PROGRAM_NO_FOLDER, /* number: errno */
	PROGRAM_NO_START   /* number: errno */
};

/* As much of standard error is kept: the end of it. */
#define PROGRAM_TAIL_MAX 4096

struct program_outcome {
	enum program_end end;
	int number;
	bool is_pending; /* it asked, and will be run again with the answers */
	struct buf output;
	char tail[PROGRAM_TAIL_MAX];
	size_t tail_len;
};

/*
 * Run it.  When this returns, whatever it was, no process of its group is
 * left.  The output must be released by the caller, always.  RC_NOMEM, or
 * RC_IO if there are no descriptors or processes to be had.
 */
MUST_CHECK enum rc program_run(
    const struct program_child *, struct program_outcome *out);

#endif
