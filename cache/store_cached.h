#ifndef MCP_STORE_CACHED_H
#define MCP_STORE_CACHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "kv.h"
#include "rc.h"
#include "rng.h"
#include "slice.h"
#include "store.h"

/*
 * A store in front of another one, which stays the only authority.
 *
 * Rows: session_get() may answer with a copy that lies in a kv.  A copy says
 * at which revision of its shard it was read; it is taken only if that is not
 * lower than the revision of a vector (store_ops.revs) that this host read at
 * most CACHE_DELTA_MS ago, and of the same incarnation.  Whoever ends or
 * changes a session raises the revision in the same transaction; so what was
 * committed CACHE_DELTA_MS ago is seen by everybody, whatever the kv does, and
 * settled_mono() says when that is.
 *
 * Hints: after an operation that others wait for, one counter is raised, and
 * changes() says "nothing" without asking the store while the counter stands
 * still; but it asks all the same every CACHE_LOOK_MS, and always where the
 * counter cannot be trusted: missing, out of reach, smaller than it was, or
 * not in order for CACHE_HEALTHY_MS yet.
 */
#define CACHE_DELTA_MS 250
/* Beyond the delta, for clocks that are not equally fast. */
#define CACHE_MARGIN_MS 10
#define CACHE_SECONDS 60
#define CACHE_LOOK_MS 250
#define CACHE_LOOK_JITTER_MS 50
#define CACHE_HEALTHY_MS 2000
#define CACHE_PREFIX_MAX 64

/* The newest revision that this host knows of a shard. */
struct cache_rev {
	int64_t t0_mono; /* read after this moment */
	uint32_t incarnation;
	int64_t rev;
};

/* Where the processes of this host share them. */
struct cache_revs {
	/* False: there is none, or it cannot be read just now. */
	bool (*get)(struct cache_revs *, size_t shard, struct cache_rev *);
};

/* What keeps copies from outliving their rows.  The second one is wrong, and
 * there to show that the tests of the first one can tell. */
enum cache_scheme { CACHE_REVISIONS, CACHE_PLAIN_DELETES };

struct store_cached_options {
	struct store *under;
	struct kv *kv;
	const struct clock *clock;
	const struct rng *rng;
	const char *prefix; /* of all names in the kv; one for each store */
	/* Copies of rows; NULL: none are made or used. */
	struct cache_revs *revs;
	/* Authenticates copies: STORE_KEY_BYTES that all hosts share.  NULL:
	 * made from the keys in the store. */
	const unsigned char *secret;
	bool waits; /* others of this store may use copies */
	bool hints;
	enum cache_scheme scheme;
};

/* RC_NOMEM; RC_SYNTAX: the prefix is too long, or has bytes that no name may
 * have.  With RC_OK `under` and `kv` are its own, closed with it; the other
 * collaborators must outlive it. */
MUST_CHECK enum rc store_cached_open(
    const struct store_cached_options *options, struct store **out);

/* For tests and the log. */
struct store_cached_count {
	uint64_t hits;    /* copies that were used */
	uint64_t refused; /* copies that were there, but not to be used */
	uint64_t reads;   /* rows that were read from the store */
	uint64_t looks;   /* changes() of the store */
	uint64_t skipped; /* changes() that the counter answered */
};

struct store_cached_count store_cached_counted(const struct store *);

#endif
