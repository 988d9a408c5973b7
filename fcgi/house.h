#ifndef MCP_HOUSE_H
#define MCP_HOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "config.h"
#include "run_dir.h"
#include "server.h"

/*
 * The host's housekeeper: whoever of its long-lived processes holds the lock.
 * Once per second it raises the host's beat, finds processes that are dead
 * (of this host by their locks, of other hosts by a beat that stands still)
 * and takes over what they left: their streams get new readers, their calls
 * are run again or ended with an error.  And it sweeps.
 */
struct house;

/* `dir` may be NULL: then there is nobody to look after, and it only sweeps.
 * Everything handed in must outlive the house.  RC_NOMEM. */
MUST_CHECK enum rc house_open(const struct config *config, struct log *log,
    struct run_dir *dir, struct house **out);

/*
 * Call it as often as you like; it does something at most once per second, and
 * only where nobody else keeps this house.  Bounded: at most a few hundred
 * rows at a time, and nothing that waits for long.  `server` is for the
 * answers of calls that cannot be run again, and for its store.
 */
void house_tick(struct house *h, struct server *server, struct arena *a);

/*
 * For a process that is gone in a moment (CGI): look after the dead of this
 * host and sweep, if nobody keeps the house.  There is no beat: who beats once
 * and never again would be taken for dead.
 */
void house_visit(struct house *h, struct server *server, struct arena *a);

/* Did this process keep the house when it last looked? */
bool house_is_kept(const struct house *h);

/* Does this host take no new work? */
bool house_is_draining(const struct house *h);

/* When the next tick has something to do, monotonic ms. */
int64_t house_due(const struct house *h);

void house_free(struct house *h);

#endif
