#include "siphash.h"

#include <sodium.h>

uint64_t
siphash(const unsigned char key[SIPHASH_KEY_BYTES], struct slice text)
{
	unsigned char out[crypto_shorthash_siphash24_BYTES];
	uint64_t n = 0;

	(void)crypto_shorthash_siphash24(
	    out, (const unsigned char *)text.ptr, text.len, key);
	/* The lowest byte comes first. */
	for (size_t i = sizeof(out); i > 0; i--)
		n = n << 8 | out[i - 1];
	return n;
}
