#ifndef MCP_EAR_SOCKET_H
#define MCP_EAR_SOCKET_H

#include "ear.h"
#include "rc.h"
#include "run_dir.h"

/*
 * Ears, as sockets in <state>/run: of calls `call-<number>.sock`, and the same
 * again under the name `events-<stream>.sock`; of those who hold streams
 * `follow-<pid>.sock`.  Whoever reads the changes of
 * the store for this host (mcp-stream) rings them, and holds the lock of
 * `run/ringer` as long as it does.
 */

/* ------------------------------------------------------- of one process */

/* The folder must outlive it.  RC_NOMEM, RC_IO. */
MUST_CHECK enum rc ear_socket_open(struct run_dir *dir, struct ear **out);

/* NULL is allowed. */
void ear_socket_free(struct ear *ear);

/* ------------------------------------------------------- who rings them */

struct ear_ringer;

/* From now on calls of this host rely on us.  RC_NOMEM, RC_IO. */
MUST_CHECK enum rc ear_ringer_open(
    struct run_dir *dir, struct ear_ringer **out);

/* Look who listens: is there any? */
bool ear_ringer_look(struct ear_ringer *r);

/* The same as of the last look. */
bool ear_ringer_is_needed(const struct ear_ringer *r);

/* The call of that number; those of a stream; all that listen. */
void ear_ringer_call(struct ear_ringer *r, int64_t call);
void ear_ringer_stream(struct ear_ringer *r, int64_t stream);
void ear_ringer_all(struct ear_ringer *r);

/* Those who hold streams, if there were any at the last look. */
void ear_ringer_followers(struct ear_ringer *r);

/* NULL is allowed. */
void ear_ringer_free(struct ear_ringer *r);

/* Remove the sockets of processes that are gone. */
void ear_sockets_sweep(struct run_dir *dir);

#endif
