#ifndef MCP_COUNTED_RNG_H
#define MCP_COUNTED_RNG_H

#include <stdbool.h>
#include <stdint.h>

#include "rng.h"

/* Bytes that look random and are the same in every run.  Do not copy it
 * after init: `rng` points back into it. */
struct counted_rng {
	struct rng rng;
	uint64_t state;
	unsigned long calls; /* how often somebody asked */
	bool broken;         /* answer RC_IO */
};

void counted_rng_init(struct counted_rng *r, uint64_t seed);

#endif
