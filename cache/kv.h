#ifndef MCP_KV_H
#define MCP_KV_H

#include <stdint.h>

#include "arena.h"
#include "rc.h"
#include "slice.h"

/*
 * Bytes and counters under a name, shared by all hosts, in a place that may
 * lose them, keep what was to go, come back with what it had long ago, or
 * invent something.  Nobody believes what comes from it; see store_cached.h.
 *
 * Names are visible ASCII of KV_NAME_MAX bytes at most.  No call takes long:
 * a place that does not answer is left alone for a while, and then everything
 * answers RC_BUSY, or does nothing.
 */
#define KV_NAME_MAX 200
#define KV_VALUE_MAX ((size_t)128 * 1024)

struct kv;

struct kv_ops {
	/* What lies there, in the arena; RC_NOTFOUND, RC_BUSY, RC_NOMEM. */
	enum rc (*get)(struct kv *, struct slice name, struct arena *,
	    struct slice *value);
	/* Put it there, for so many seconds; it may not arrive. */
	void (*put)(struct kv *, struct slice name, struct slice value,
	    uint32_t seconds);
	/* Take it away; it may stay. */
	void (*drop)(struct kv *, struct slice name);
	/* The value of a counter; one that is missing, or is no number, is
	 * begun with `first` for the next time: RC_NOTFOUND.  RC_BUSY. */
	enum rc (*look)(
	    struct kv *, struct slice name, uint64_t first, uint64_t *value);
	/* Raise a counter by one, or begin it; it may stay as it is. */
	void (*raise)(struct kv *, struct slice name, uint64_t first);
	/* Close and free. */
	void (*close)(struct kv *);
};

struct kv {
	const struct kv_ops *ops;
};

#endif
