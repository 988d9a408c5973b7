#ifndef MCP_BELL_SOCKET_H
#define MCP_BELL_SOCKET_H

#include "bell.h"
#include "rc.h"
#include "run_dir.h"

/*
 * The doorbell of a host: a datagram socket in <state>/run for each mcp-stream
 * process, and a ring goes to all of them (store facts: measured 0.1 ms).
 * The content means nothing.  Never waits, and no error is one.
 */

/* For those who ring.  The folder is looked through once per second. */
MUST_CHECK enum rc bell_socket_ringer(struct run_dir *dir, struct bell **out);
void bell_socket_free(struct bell *bell);

/* For those who listen: a non-blocking descriptor that is readable when it
 * rang; bell_socket_hear() empties it. */
MUST_CHECK enum rc bell_socket_listen(
    struct run_dir *dir, struct slice process, int *fd);
void bell_socket_hear(int fd);

/* Sockets of processes that are gone are removed by whoever finds them. */

#endif
