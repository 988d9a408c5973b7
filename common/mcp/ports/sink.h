#ifndef MCP_SINK_H
#define MCP_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rc.h"
#include "slice.h"

/*
 * Where a reply goes.  head() once, then body() as often as needed, then
 * end() once.  An error means that the client has gone or the pipe broke; the
 * core then stops writing, or goes on without it, and tidies up.
 */
struct sink_header {
	const char *name;
	struct slice value; /* never holds CR, LF or NUL */
};

enum sink_body {
	SINK_WHOLE, /* one body() at most; its length may be announced */
	SINK_STREAM /* every body() must reach the client at once */
};

struct sink;

struct sink_ops {
	enum rc (*head)(struct sink *, int status, const struct sink_header *,
	    size_t n, enum sink_body);
	enum rc (*body)(struct sink *, struct slice);
	enum rc (*end)(struct sink *);
	/* Would a body() of some 64 KiB be taken without waiting?  Cheap; true
	 * when unsure. */
	bool (*is_ready)(struct sink *);
	/* Is the peer known to have left?  Cheap; false when unsure. */
	bool (*peer_gone)(struct sink *);
	/* Let time pass: until so many milliseconds are over, or the peer
	 * leaves during this call.  False once it has left, or after close();
	 * then all of the time passes all the same. */
	bool (*wait)(struct sink *, int64_t ms);
	/* Give the connection back now, ended or (without an end()) cut; what
	 * comes after it goes on without one.  Writing is an error then. */
	void (*close)(struct sink *);
};

struct sink {
	const struct sink_ops *ops;
};

#endif
