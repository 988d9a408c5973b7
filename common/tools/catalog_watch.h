#ifndef MCP_CATALOG_WATCH_H
#define MCP_CATALOG_WATCH_H

#include <stddef.h>

#include "arena.h"
#include "catalog_shelf.h"
#include "slice.h"

/* What the files behind resources looked like, to notice when they change. */
struct catalog_watch {
	struct arena arena; /* owns all that follows */
	struct catalog_watched *list;
	size_t n;
};

/* Look at the resources of a shelf, and tell which are another since the last
 * look.  Without memory the look counts as none. */
void catalog_watch_look(struct catalog_watch *, const struct shelf *,
    void (*changed)(void *ctx, struct slice uri), void *ctx);

void catalog_watch_release(struct catalog_watch *);

#endif
