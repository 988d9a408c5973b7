#ifndef MCP_RNG_H
#define MCP_RNG_H

#include <stddef.h>

#include "rc.h"

/* Chance as a value.  fill() gives n unpredictable bytes, or RC_IO. */
struct rng {
	enum rc (*fill)(void *ctx, void *bytes, size_t n);
	void *ctx;
};

MUST_CHECK static inline enum rc
rng_fill(const struct rng *r, void *bytes, size_t n)
{
	return r->fill(r->ctx, bytes, n);
}

/* The kernel's random source, getrandom(2). */
extern const struct rng rng_system;

#endif
