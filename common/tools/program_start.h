#ifndef MCP_PROGRAM_START_H
#define MCP_PROGRAM_START_H

#include <sys/types.h>

#include "program_run.h"
#include "rc.h"

/* Between us and the child; each pair has an end of ours. */
enum program_channel {
	CHANNEL_INPUT,
	CHANNEL_ANSWER, /* its descriptor 4 */
	/* We write to those above, and read from those below. */
	CHANNEL_OUTPUT,
	CHANNEL_ERROR,
	CHANNEL_SAY, /* its descriptor 3 */
	/* A socket, close-on-exec: "go" one way, why there was no exec the
	 * other way, and end of file when there was one. */
	CHANNEL_CONTROL,
	CHANNELS
};

/* What the child says when it could not exec. */
struct program_trouble {
	enum program_end end; /* PROGRAM_NO_FOLDER or PROGRAM_NO_START */
	int number;           /* errno */
};

struct program_process {
	pid_t pid;        /* also the process group */
	int fd[CHANNELS]; /* our ends, non-blocking, none below 5 */
};

/*
 * Fork a child that waits for program_go().  RC_IO: no process and no
 * descriptor is left.
 */
MUST_CHECK enum rc program_start(
    const struct program_child *, struct program_process *out);

/* Let the child exec. */
void program_go(const struct program_process *);

/* Close our end of a channel, if it is open. */
void program_close(struct program_process *, enum program_channel);

#endif
