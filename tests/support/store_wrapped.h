#ifndef MCP_STORE_WRAPPED_H
#define MCP_STORE_WRAPPED_H

#include "log.h"
#include "store.h"
#include "store_cached.h"
#include "store_suite.h"

/*
 * For suites: the stores of another maker with memcached in front of them,
 * whose revisions are always of this moment.
 */
struct store_wrapped {
	struct cache_revs revs; /* first, so that a cache_revs * is one */
	struct store_maker under_maker;
	const char *server; /* of memcached */
	struct log log;
	struct store *under;
	int opened;
	char prefix[32];
};

/* A line to memcached at one address. */
MUST_CHECK enum rc store_wrapped_kv(
    const char *const *server, struct log *, struct kv **out);

/* Put it, with its names, in front of `under`. */
MUST_CHECK enum rc store_wrapped_over(
    struct store_wrapped *, struct kv *, const char *prefix, struct store **);

/* All suites; how many cases failed. */
int store_wrapped_suites(const char *name, const char *server,
    const struct store_maker *under_maker);

#endif
