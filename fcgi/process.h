#ifndef MCP_PROCESS_H
#define MCP_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "log.h"
#include "rc.h"

/*
 * Parent and workers.
 *
 * The parent holds the listening socket and nothing else that matters: it
 * opens no store and no module and reads no client byte, so it can fork at any
 * time.  It keeps `workers` children, replaces every one that ends, and is a
 * child subreaper: a worker names the process group of a tool when it starts
 * and when it has ended, and the parent kills the group of a worker that died.
 *
 * Children leave when the parent's pipe closes (the parent died, or wants
 * them to stop), after the request they are at.  SIGTERM/SIGINT: stop within
 * the grace time, then SIGKILL.  SIGHUP: replace all workers, one after the
 * other; the new ones read the configuration anew.
 */
struct worker; /* a child's view of its parent */

struct process_options {
	int socket; /* listening, non-blocking */
	int workers;
	int64_t grace_ms;
	const char *state; /* folder for the control socket; NULL: none */
	struct log *log;
	/* Runs in a fresh child; its result is the exit status. */
	int (*work)(void *ctx, struct worker *);
	/* Before a replacement on SIGHUP, in the parent: false keeps the old
	 * ones (the new configuration is broken; it was logged). */
	bool (*reload)(void *ctx);
	void *ctx;
};

/* Run until told to stop.  The exit status for main(). */
int process_run(const struct process_options *);

/*
 * In a worker: wait until the socket has something or the parent wants the
 * worker to leave.  True: try to accept (the race may be lost); false: leave.
 * Signals are blocked outside of this wait.  `idle` is called once if
 * nothing is there at first (flush logs, tidy up), then the wait goes on.
 */
bool worker_wait(struct worker *, void (*idle)(void *), void *ctx);

/* In a worker: tell the parent about a tool's process group. */
void worker_group_started(struct worker *, pid_t group);
void worker_group_ended(struct worker *, pid_t group);

/*
 * A listening socket: `where` is a unix path (made mode 0660, a stale one is
 * replaced, a live one refused), host:port, or NULL for the inherited fd 0 or,
 * with LISTEN_FDS, fd 3.  Non-blocking, close-on-exec.  RC_IO and a sentence.
 */
MUST_CHECK enum rc process_listen(const char *where, int *fd, struct buf *why);

/* Become another user for good (name[:group]); root only.  RC_IO and a
 * sentence. */
MUST_CHECK enum rc process_become(const char *user, struct buf *why);

/* Usable processors, at least 1. */
int process_processors(void);

#endif
