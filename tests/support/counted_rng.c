#include "counted_rng.h"

/* One step of splitmix64: a counter that is stirred well. */
static unsigned char
next_byte(struct counted_rng *r)
{
	uint64_t z;

	r->state += UINT64_C(0x9E3779B97F4A7C15);
	z = r->state;
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (unsigned char)((z ^ (z >> 31)) & 0xFF);
}

static enum rc
fill(void *ctx, void *bytes, size_t n)
{
	struct counted_rng *r = ctx;
	unsigned char *out = bytes;

	r->calls++;
	if (r->broken)
		return RC_IO;
	for (size_t i = 0; i < n; i++)
		out[i] = next_byte(r);
	return RC_OK;
}

void
counted_rng_init(struct counted_rng *r, uint64_t seed)
{
	*r = (struct counted_rng){ .rng = { fill, r }, .state = seed };
}
