#ifndef MCP_CREW_H
#define MCP_CREW_H

#include <stdint.h>

#include "rc.h"
#include "slice.h"

/*
 * The processes of this host that share the work.  One that stays with a
 * request for long asks before, so that others are there for the next ones.
 */
enum crew_work {
	CREW_CALL, /* runs a call */
	CREW_HELD  /* holds a stream, or an answer back */
};

struct crew;

struct crew_ops {
	/* May this process stay with its request?  RC_FULL: no, there is no
	 * room; answer 503.  end() must follow RC_OK. */
	enum rc (*begin)(struct crew *, enum crew_work);
	void (*end)(struct crew *);
	/* `<host>.<process>`, for rows that this process owns: from the first
	 * use on others can see whether it lives.  RC_IO. */
	enum rc (*name)(struct crew *, struct slice *name);
	/* Nobody sees to the rows under that name any more, as if this process
	 * had died: whoever keeps house does.  The next name is another. */
	void (*forsake)(struct crew *);
	/* Come back at that monotonic ms, and not before. */
	void (*wait)(struct crew *, int64_t until_mono);
};

struct crew {
	const struct crew_ops *ops;
};

#endif
