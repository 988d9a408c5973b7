#ifndef MCP_FAKE_CREW_H
#define MCP_FAKE_CREW_H

#include "crew.h"
#include "slice.h"

/* A crew that counts what it is asked. */
struct fake_crew {
	struct crew base;  /* first, so that a crew * is one of these */
	struct slice name; /* of the process: "host.proc" */
	bool is_full;
	int asked; /* begin() */
	int begun; /* ... that was allowed */
	int held;  /* ... to hold a stream */
	int ended;
	int forsaken;
	int waits;            /* wait() */
	int waited_begun;     /* ... with so much begun and not ended */
	int64_t waited_until; /* ... until then, the last time */
};

void fake_crew_init(struct fake_crew *c);

#endif
