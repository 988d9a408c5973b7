#ifndef MCP_STORE_CACHED_PRIVATE_H
#define MCP_STORE_CACHED_PRIVATE_H

#include "buf.h"
#include "siphash.h"
#include "store_cached.h"

/* What the files of the store with a cache in front share. */

/* Of the counter, and of the last look at the store. */
struct cache_hint {
	bool is_known;           /* `last` is what it was */
	uint64_t last;           /* the highest value that was read */
	bool is_sound;           /* readable and growing since sound_from */
	int64_t sound_from;      /* monotonic ms */
	bool has_looked;         /* all below is of a look that worked */
	uint64_t looked_at;      /* what it said before that look */
	int64_t look_until;      /* look again then, whatever it says */
	struct change_mark mark; /* as the look left it */
};

struct store_cached {
	struct store base; /* first, so that a store * is one of these */
	struct store_ops ops;
	struct store_cached_options o;
	char prefix[CACHE_PREFIX_MAX + 1];
	bool has_secret;
	int64_t secret_until; /* made anew then; INT64_MAX: never */
	unsigned char secret[SIPHASH_KEY_BYTES];
	/* The session of the last session_get(), for what names it by number
	 * only. */
	int64_t last_session;
	unsigned char last_sid[SID_BYTES];
	int64_t settled; /* of the last change */
	struct cache_hint hint;
	struct buf text; /* a copy being written */
	struct store_cached_count count;
};

#define CACHED(base) ((struct store_cached *)(base))

/* A name in the kv. */
struct cache_name {
	char text[KV_NAME_MAX + 1];
	size_t len;
};

static inline struct slice
cache_name_slice(const struct cache_name *name)
{
	return (struct slice){ name->text, name->len };
}

/* After a commit that others may wait for. */
void store_cached_tell(struct store_cached *c);

/* The functions that do more than to pass an operation on. */
enum rc store_cached_session_get(struct store *, const struct op *,
    const struct session_key *, struct session_row *, uint32_t *incarnation);
enum rc store_cached_session_set(struct store *, const struct op *,
    int64_t session, const struct session_change *);
enum rc store_cached_session_end(struct store *, const struct op *,
    const struct session_key *, enum end_why);
int64_t store_cached_settled(struct store *);
enum rc store_cached_changes(struct store *, const struct op *,
    struct change_mark *, struct change_rows *);

/* The functions that pass operations on, into *ops. */
void store_cached_fill(struct store_ops *ops);

#endif
