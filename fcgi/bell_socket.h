#ifndef MCP_BELL_SOCKET_H
#define MCP_BELL_SOCKET_H

#include "bell.h"
#include "rc.h"
#include "run_dir.h"

/*
 * The doorbell of a host: a datagram socket in <state>/run for each mcp-stream
 * process, and a ring goes to all of them (measured: within 0.1 ms).  The
 * content means nothing.  Never waits, and no error is one.  Sockets of
 * processes that are gone are removed by whoever finds them.
 */

/* For those who ring.  The folder, which must outlive the bell, is looked
 * through once per second.  RC_NOMEM, RC_IO. */
MUST_CHECK enum rc bell_socket_ringer(struct run_dir *dir, struct bell **out);
void bell_socket_free(struct bell *bell);

/* For the process of that name: a non-blocking descriptor that is readable when
 * it rang; bell_socket_hear() empties it.  RC_NOMEM, RC_IO. */
MUST_CHECK enum rc bell_socket_listen(
    struct run_dir *dir, struct slice process, int *fd);
void bell_socket_hear(int fd);

#endif
