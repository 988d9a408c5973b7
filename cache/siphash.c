#include "siphash.h"

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t
rotate(uint64_t x, unsigned by)
{
	return (x << by) | (x >> (64 - by));
}

static void
rounds(struct state *s, int n)
{
	for (int i = 0; i < n; i++) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotate(s->v1, 13) ^ s->v0;
		s->v3 = rotate(s->v3, 16) ^ s->v2;
		s->v0 = rotate(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotate(s->v1, 17) ^ s->v2;
		s->v3 = rotate(s->v3, 21) ^ s->v0;
		s->v2 = rotate(s->v2, 32);
	}
}

/* Up to eight bytes, the lowest first. */
static uint64_t
word(const unsigned char *p, size_t n)
{
	uint64_t w = 0;

	for (size_t i = 0; i < n; i++)
		w |= (uint64_t)p[i] << (8 * i);
	return w;
}

static void
mix(struct state *s, uint64_t w)
{
	s->v3 ^= w;
	rounds(s, 2);
	s->v0 ^= w;
}

uint64_t
siphash(const unsigned char key[SIPHASH_KEY_BYTES], struct slice text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	const uint64_t k0 = word(key, 8);
	const uint64_t k1 = word(key + 8, 8);
	const size_t tail = text.len % 8;
	struct state s = { k0 ^ 0x736f6d6570736575U, k1 ^ 0x646f72616e646f6dU,
		k0 ^ 0x6c7967656e657261U, k1 ^ 0x7465646279746573U };

	for (size_t i = 0; i + 8 <= text.len; i += 8)
		mix(&s, word(p + i, 8));
	mix(&s,
	    (tail == 0 ? 0 : word(p + text.len - tail, tail)) |
		(uint64_t)text.len << 56);
	s.v2 ^= 0xff;
	rounds(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
