#ifndef MCP_STORE_SQLITE_H
#define MCP_STORE_SQLITE_H

#include <stdbool.h>

#include "buf.h"
#include "clock.h"
#include "log.h"
#include "rc.h"
#include "rng.h"
#include "store.h"

/*
 * The default store: one SQLite file on one host, in WAL mode, shared by any
 * number of processes.
 *
 * Writes are BEGIN IMMEDIATE transactions, each commit synchronous=FULL unless
 * op->relaxed; waiting is a busy handler of our own (random 50-250 us, until
 * op->give_up_mono).  With a library older than 3.51.3 (the WAL-reset bug)
 * every commit, checkpoint and close happens under an flock on <file>-lock.
 * A file that was moved or removed under us is RC_IO and reopened by the next
 * call, never created anew.  One handle belongs to one process: open it after
 * fork, never carry it over one.
 */
struct store_sqlite_options {
	const char *path;
	bool create;           /* create a missing file (mode 0600) */
	bool allow_network_fs; /* one host only; rollback journal */
	const struct clock *clock;
	const struct rng *rng;
	struct log *log;
};

/*
 * Open, apply missing schema files (create or not), renew the incarnation if
 * the machine was restarted.  RC_NOTFOUND: no such file and !create.  RC_IO
 * with a sentence in `why`: network file system, not a database, an
 * oldest_program above ours, no permission.  RC_BUSY.
 */
MUST_CHECK enum rc store_sqlite_open(
    const struct store_sqlite_options *, struct store **out, struct buf *why);

#endif
