#include "fuzz_source.h"

unsigned
fuzz_take(struct fuzz_source *s, unsigned below)
{
	unsigned char byte;

	if (s->rest.len == 0)
		return 0;
	byte = (unsigned char)s->rest.ptr[0];
	s->rest = slice_from(s->rest, 1);
	return byte % below;
}

unsigned
fuzz_take_wide(struct fuzz_source *s)
{
	unsigned high = fuzz_take(s, 256);

	return high << 8 | fuzz_take(s, 256);
}

struct slice
fuzz_take_bytes(struct fuzz_source *s)
{
	size_t n = fuzz_take(s, 64);
	struct slice bytes = { s->rest.ptr, n };

	if (n > s->rest.len)
		bytes.len = s->rest.len;
	s->rest = slice_from(s->rest, bytes.len);
	return bytes;
}

struct slice
fuzz_take_string(struct fuzz_source *s)
{
	struct slice rest;

	return slice_cut(fuzz_take_bytes(s), '\0', &rest);
}
