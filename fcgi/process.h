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
 * If the first worker of all ends with a failure before it was ready, the
 * parent ends likewise.
 *
 * Children leave when the parent's pipe closes (the parent died, or wants
 * them to stop), after the request they are at.  SIGTERM/SIGINT: stop within
 * the grace time, then SIGKILL.  SIGHUP: replace all workers, one after the
 * other, each new one ready before an old one is told to leave.
 *
 * A worker that ends is replaced at once; if they end again and again within
 * a second of their start, after 100 ms, doubling up to 5 s.
 *
 * A worker that stays with a request for long asks before (crew.h): the
 * parent counts them against the limits of the host and keeps `workers`
 * others at hand, forking as calls keep them busy.  The answer is yes only if
 * another worker is there or can be forked.  Told to stop, the parent lets
 * workers with a call end it within the grace time.
 *
 * Orders come on a datagram socket that only this user can write to: `run
 * NUMBER EPOCH` forks a worker for one call of the store (order()).
 *
 * All signals that can be are blocked in a worker for good, and SIGPIPE is
 * ignored: who starts a program there must undo both.
 */
struct worker; /* a child's view of its parent */

/* A call whose process is dead, as it was when that was seen: somebody else
 * may have claimed it since. */
struct call_order {
	int64_t call;  /* 0: none */
	int64_t epoch; /* of the row; 0: whichever it has */
};

struct process_options {
	int socket; /* listening, non-blocking */
	int workers;
	int calls;          /* processes that stay with a call, at most */
	int held;           /* processes that stay with a stream, at most */
	const char *orders; /* path of the control socket; NULL: none */
	int64_t grace_ms;
	struct log *log;
	/* Runs in a fresh child; its result is the exit status. */
	int (*work)(void *ctx, struct worker *);
	/* The same, for one call; NULL: orders are refused. */
	int (*order)(
	    void *ctx, struct worker *, const struct call_order *order);
	/* Before a replacement on SIGHUP, in the parent: false keeps the old
	 * ones (the new configuration is broken; it was logged). */
	bool (*reload)(void *ctx);
	void *ctx;
};

/* Run until told to stop.  The exit status for main(). */
int process_run(const struct process_options *);

/*
 * In a worker: wait until the socket has something, or the parent wants the
 * worker to leave, or SIGTERM or SIGINT came.  True: try to accept (the race
 * may be lost); false: leave.  The first wait tells the parent that the
 * worker is ready.  `idle` (NULL allowed) is called if nothing is there at
 * first (flush logs, tidy up), and again after as many ms as it returned
 * (negative: not by itself), or when the parent says that there may be
 * something to do; then the wait goes on.
 */
bool worker_wait(struct worker *, int64_t (*idle)(void *), void *ctx);

/*
 * Is this the first worker since the parent started?  It alone may create
 * what is missing; the others are not forked before it is ready or has died.
 */
bool worker_is_first(const struct worker *);

/* In a worker: tell the parent about a tool's process group. */
void worker_group_started(struct worker *, pid_t group);
void worker_group_ended(struct worker *, pid_t group);

/*
 * In a worker: what crew.h says.  worker_is_leaving() without waiting: has
 * the parent told us to go (or gone)?
 */
MUST_CHECK enum rc worker_begin(struct worker *, bool holds_stream);
void worker_end(struct worker *);
bool worker_is_leaving(struct worker *);

/* Send an order to the parent whose control socket this is.  RC_BUSY: it has
 * more to do than it has read.  RC_IO: there is none. */
MUST_CHECK enum rc process_order(
    const char *orders, const struct call_order *order);

/*
 * A listening socket: `where` is a unix path (with a '/'; made mode 0660, a
 * stale one is replaced, a live one refused; it is given to `owner`, a
 * user[:group], unless that is NULL), host:port, :port on a loopback
 * address, or NULL for the inherited fd 0 or, with LISTEN_FDS, fd 3.
 * Non-blocking, close-on-exec.  RC_IO and a sentence.
 */
MUST_CHECK enum rc process_listen(
    const char *where, const char *owner, int *fd, struct buf *why);

/* Was a listening socket handed to this process? */
bool process_has_socket(void);

/* Become another user for good (name[:group]); root only.  RC_IO and a
 * sentence. */
MUST_CHECK enum rc process_become(const char *user, struct buf *why);

/* Usable processors, at least 1. */
int process_processors(void);

#endif
