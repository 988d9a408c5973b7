#ifndef MCP_REV_BOARD_H
#define MCP_REV_BOARD_H

#include <stdint.h>

#include "clock.h"
#include "rc.h"
#include "store.h"
#include "store_cached.h"

/*
 * `<state>/run/revs`: the revisions of the store's shards as this host read
 * them last, in memory that all its processes map.  Any number of processes
 * may publish; of two readings the one that began later stays.  Whoever finds
 * no file, one of another boot (whose monotonic clock was another), or one
 * that is just being written or was left half written, knows nothing.
 */
struct rev_board;

/* Nothing is touched yet.  RC_NOMEM. */
MUST_CHECK enum rc rev_board_open(
    const char *state, const struct clock *clock, struct rev_board **out);

/* For readers; as long as the board. */
struct cache_revs *rev_board_revs(struct rev_board *b);

/*
 * Publish what was read after t0_mono; makes the file (mode 0600) where there
 * is none of this boot.  RC_OK also if others were quicker; RC_IO.
 */
MUST_CHECK enum rc rev_board_publish(struct rev_board *b, int64_t t0_mono,
    uint32_t incarnation, const int64_t rev[STORE_SHARDS]);

/* NULL is allowed.  The file stays, and grows old. */
void rev_board_free(struct rev_board *b);

#endif
