#include "rng.h"

#include <sys/random.h>

static enum rc
fill(void *ctx, void *bytes, size_t n)
{
	char *p = bytes;

	(void)ctx;
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got <= 0)
			return RC_IO;
		p += got;
		n -= (size_t)got;
	}
	return RC_OK;
}

const struct rng rng_system = { fill, NULL };
