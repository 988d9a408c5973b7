#ifndef MCP_HOLDER_H
#define MCP_HOLDER_H

#include "feed.h"
#include "rc.h"
#include "sink.h"

/*
 * Who keeps connections open for streams.  mcp-stream holds thousands; where
 * a server has no holder the worker itself stays with the one it has
 * (follow.h).
 */
struct holder;

struct holder_ops {
	/* Is there room for one more of this principal and session (0: none)?
	 * RC_FULL: not at all (503); RC_CONFLICT: too many of this session
	 * (429). */
	enum rc (*room)(struct holder *, const struct feed *);
	/* Take it over: the head and first bytes went into the sink, and now
	 * the sink's connection belongs to the holder; feed->listen, too.  Only
	 * after room() said RC_OK.  On failure the connection is cut and the
	 * feed is still the caller's. */
	enum rc (*take)(struct holder *, const struct feed *, struct sink *);
};

struct holder {
	const struct holder_ops *ops;
};

#endif
