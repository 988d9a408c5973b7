#ifndef MCP_FAKE_CREW_H
#define MCP_FAKE_CREW_H

#include <stdbool.h>

#include "crew.h"
#include "slice.h"

/* A crew that has a name, and room or not. */
struct fake_crew {
	struct crew base; /* first */
	struct slice name;
	bool is_full;
	int begins;   /* that were granted */
	int refusals; /* that were not */
	int held;     /* begun and not ended */
};

void fake_crew_init(struct fake_crew *c, struct slice name);

#endif
