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
};

void fake_crew_init(struct fake_crew *c);

#endif
