#ifndef MCP_HOST_WATCH_H
#define MCP_HOST_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rc.h"
#include "store_call.h"

/*
 * Which hosts are dead, as one process has seen it itself: the beat of a dead
 * host stands still for HOST_DEAD_MS of our monotonic clock, over looks that
 * all succeeded and are not further apart than HOST_LOOK_MS.  Neither a wall
 * clock nor the database's own is asked, and a database that is out of reach
 * kills nobody.
 *
 * It is three seconds, less what looks may be early: the third one after the
 * first decides, and not the fourth whenever it was a little quicker.
 */
#define HOST_DEAD_MS 2900
#define HOST_LOOK_MS 1500

struct host_seen {
	char name[64];
	int64_t beat;
	int64_t since; /* monotonic ms: it has had this beat */
};

struct host_watch {
	struct host_seen *seen;
	size_t n;
	int64_t looked; /* the last look that succeeded */
	bool has_looked;
};

/* What a look has brought.  RC_NOMEM: as if it had failed. */
MUST_CHECK enum rc host_watch_look(
    struct host_watch *w, int64_t mono_ms, const struct host_rows *rows);

/* A look has failed: begin anew. */
void host_watch_fail(struct host_watch *w);

/* Is the host of w->seen[i] dead, as of the last look? */
bool host_watch_is_dead(const struct host_watch *w, size_t i);

void host_watch_release(struct host_watch *w);

#endif
