#include "breaker.h"

void
breaker_fails(struct breaker *b, const struct rng *rng, int64_t now_ms)
{
	uint32_t chance = BREAKER_JITTER_MS;

	if (rng_fill(rng, &chance, sizeof(chance)) != RC_OK)
		chance = BREAKER_JITTER_MS;
	b->is_open = true;
	b->until = now_ms + BREAKER_PAUSE_MS - BREAKER_JITTER_MS +
	    (int64_t)(chance % (2 * BREAKER_JITTER_MS + 1));
}
