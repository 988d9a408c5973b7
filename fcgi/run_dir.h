#ifndef MCP_RUN_DIR_H
#define MCP_RUN_DIR_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "buf.h"
#include "rc.h"
#include "rng.h"
#include "slice.h"

/*
 * `<state>/run`: who of this host is alive.  Every process that owns rows
 * holds an flock on a file named after it as long as it lives; its name is
 * `<host>.<random>`, never used twice, and the file is made under another
 * name, locked, and then renamed, so that a file without a lock means a
 * process that is dead.  The host's name is random too, kept in `run/host`.
 */
struct run_dir;

/* Open <state>/run, made if it is missing (mode 0700).  RC_IO and a
 * sentence; RC_NOMEM. */
MUST_CHECK enum rc run_dir_open(const char *state, const struct rng *rng,
    struct run_dir **out, struct buf *why);

/* "<host>"; lives as long as the folder is open. */
struct slice run_dir_host(const struct run_dir *d);

/* This process: its name, with the lock from the first call on; it lives until
 * run_dir_disown() or as long as the folder is open.  RC_IO. */
MUST_CHECK enum rc run_dir_own(struct run_dir *d, struct slice *name);

/* From now on that name is one of the dead; run_dir_own() makes another. */
void run_dir_disown(struct run_dir *d);

/* Is the process of that name (of this host) alive?  True when unsure. */
bool run_dir_is_alive(struct run_dir *d, struct slice name);

/* It is dead and nothing in the store names it any more: remove its file. */
void run_dir_forget(struct run_dir *d, struct slice name);

/* Names of processes whose files lie there and who are dead; `max` of
 * them at most.  Memory is the arena's. */
MUST_CHECK enum rc run_dir_dead(struct run_dir *d, struct arena *a,
    struct slice *name, size_t max, size_t *n);

/* Try to be the housekeeper: true from then on until this process ends, or
 * gives it up because it has no time. */
bool run_dir_keep_house(struct run_dir *d);
bool run_dir_keeps_house(const struct run_dir *d); /* without trying */
void run_dir_leave_house(struct run_dir *d);

/* Does this host take no new work?  Known to all its processes, and kept over
 * restarts.  RC_IO. */
MUST_CHECK enum rc run_dir_drain(const struct run_dir *d, bool drain);
bool run_dir_is_draining(const struct run_dir *d); /* cheap */

/* The path of a file there, for sockets.  NULL without memory; free() it. */
char *run_dir_path(const struct run_dir *d, const char *name);

/* Gives up what this process holds; a clean end leaves no file of it. */
void run_dir_free(struct run_dir *d);

#endif
