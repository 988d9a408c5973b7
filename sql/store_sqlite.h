#ifndef MCP_STORE_SQLITE_H
#define MCP_STORE_SQLITE_H

#include <stdbool.h>
#include <stdint.h>

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
 *
 * A full disk is RC_FULL: the transaction is rolled back and <file>-ballast is
 * given up, so that sessions can be ended and swept; sweep lays it down again
 * when there is room.  New sessions and keys are refused a little earlier.
 *
 * <file>, <file>-lock and <file>-ballast, and -wal and -shm of SQLite, are
 * mode 0600 whatever the umask.  Nobody may open and close the first or the
 * last two within a process that holds a store: that would drop its locks.
 * Who puts another file in the place of <file> must remove -wal and -shm with
 * it: SQLite cannot tell that a log belongs to the former.
 */
struct store_sqlite_options {
	const char *path;
	bool create;           /* create a missing file (mode 0600) */
	bool allow_network_fs; /* one host only; rollback journal */
	const struct clock *clock;
	const struct rng *rng;
	struct log *log;
	int64_t ballast;     /* bytes; 0: 32 MiB, negative: none */
	const char *boot_id; /* NULL: ask the machine; for tests */
};

/*
 * Open, apply missing schema files (create or not), renew the incarnation if
 * the machine was restarted.  RC_NOTFOUND: no such file and !create.  RC_IO
 * with a sentence in `why`: network file system, not a database, an
 * oldest_program above ours, no permission.  RC_BUSY: locked for 5 s.
 * `why` may be NULL; what the options point to, but for the strings, must
 * outlive the store.
 */
MUST_CHECK enum rc store_sqlite_open(
    const struct store_sqlite_options *, struct store **out, struct buf *why);

/* The name of a network file system by its statfs(2) magic, NULL if it is
 * none that we know. */
const char *store_sqlite_network_fs(uint32_t magic);

#endif
