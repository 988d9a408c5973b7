#ifndef MCP_GOLDEN_SCRATCH_H
#define MCP_GOLDEN_SCRATCH_H

#include <sys/socket.h>
#include <sys/types.h>

#include "arena.h"
#include "buf.h"
#include "depth.h"

/*
 * A scratch folder and the programs that live in it: the real mcp-request
 * behind a unix socket, restarted when a script has another configuration.
 */
#define SCRATCH_PATH 256
/* Nothing on one machine takes longer unless it is broken. */
#define SCRATCH_WAIT_MS 20000

struct scratch {
	char folder[SCRATCH_PATH];
	char socket[SCRATCH_PATH]; /* of mcp-request */
	char program[SCRATCH_PATH];
	char module[SCRATCH_PATH];
	pid_t server;      /* 0: none */
	struct buf config; /* that it runs with */
};

/* Make the folder; where the programs are is told by MCP_BUILD and
 * MCP_GOLDEN_MODULE.  RC_NOTFOUND: the program was not built. */
MUST_CHECK enum rc scratch_init(struct scratch *s, struct buf *why);

/* Have a server with this configuration that takes connections. */
MUST_CHECK enum rc scratch_serve(
    struct scratch *s, const struct script *script, struct buf *why);

/* Write a file of the folder. */
MUST_CHECK enum rc scratch_write(
    const char *path, struct slice text, struct buf *why);

/* Start a program; its output goes to the folder's file `log`. */
MUST_CHECK enum rc scratch_start(struct scratch *s, char *const argv[],
    char *const env[], pid_t *pid, struct buf *why);

/* SIGTERM, and SIGKILL for who does not listen; wait for its end. */
void scratch_stop(pid_t *pid);

/* Has it ended by itself?  Then its end was waited for and *pid is 0. */
bool scratch_has_ended(pid_t *pid);

/* Append the end of the folder's log. */
void scratch_put_log(const struct scratch *s, struct buf *why);

/* Stop the server, remove the folder and what is in it.  False, and the log
 * on standard error: a sanitizer had something to say. */
bool scratch_release(struct scratch *s);

/* ------------------------------------------------------------- sockets */

/* Connect and say everything; everything that comes back until the end. */
MUST_CHECK enum rc wire_exchange(const struct sockaddr *to, socklen_t len,
    struct slice out, struct buf *in, struct buf *why);

/* Wait until somebody takes a connection there, or *pid has ended. */
MUST_CHECK enum rc wire_wait(
    const struct sockaddr *to, socklen_t len, pid_t *pid);

#endif
