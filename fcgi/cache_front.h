#ifndef MCP_CACHE_FRONT_H
#define MCP_CACHE_FRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "config.h"
#include "log.h"
#include "rc.h"
#include "store.h"

/*
 * What [cache] of the configuration means: memcached in front of the store,
 * and the revisions that the processes of this host share.
 */
struct cache_front;

/* Are rows to be kept in memcached? */
bool cache_front_keeps_rows(const struct config *config);

/* *out is NULL if there is nothing to be put in front.  RC_NOMEM. */
MUST_CHECK enum rc cache_front_open(
    const struct config *config, struct log *log, struct cache_front **out);

/*
 * Put it in front of *store, which becomes the whole.  `reads`: copies of rows
 * are used; else they are only waited for, because others use them.  Without a
 * front nothing happens.  RC_NOMEM, RC_SYNTAX: *store was closed and is NULL.
 */
MUST_CHECK enum rc cache_front_put(
    struct cache_front *f, bool reads, struct store **store);

/* Read the revisions of the store and share them, if it is time for that.
 * When it will be again (monotonic ms); INT64_MAX: never. */
int64_t cache_front_publish(
    struct cache_front *f, struct store *store, struct arena *a);

/* After the stores.  NULL is allowed. */
void cache_front_free(struct cache_front *f);

#endif
