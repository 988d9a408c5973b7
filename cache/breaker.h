#ifndef MCP_BREAKER_H
#define MCP_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "rng.h"

/*
 * Whether a server that failed may be asked again.  One failure is enough: a
 * server that hangs costs each of its users one timeout, and then nothing for
 * a while, whatever the library thinks of it.  Zeroed: it works.
 */
struct breaker {
	bool is_open;  /* it failed, and did not work since */
	int64_t until; /* monotonic ms: not to be touched before */
};

/* The pause after a failure is this long, more or less, so that those who
 * failed together do not come back together. */
#define BREAKER_PAUSE_MS 500
#define BREAKER_JITTER_MS 100

/* May it be asked now?  After the pause one user asks once, and tells what
 * came out before asking again. */
static inline bool
breaker_lets(const struct breaker *b, int64_t now_ms)
{
	return !b->is_open || now_ms >= b->until;
}

/* It answered. */
static inline void
breaker_works(struct breaker *b)
{
	b->is_open = false;
}

/* It did not, or not in time.  Without chance the pause has its mean. */
void breaker_fails(struct breaker *b, const struct rng *rng, int64_t now_ms);

#endif
