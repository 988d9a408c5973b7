#ifndef MCP_FUZZ_SOURCE_H
#define MCP_FUZZ_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"

/* Bytes of a fuzzer, from the front; zeros when they are used up. */
struct fuzz_source {
	struct slice rest;
};

/* A number below that; at most 256. */
unsigned fuzz_take(struct fuzz_source *s, unsigned below);

/* One of 65536. */
unsigned fuzz_take_wide(struct fuzz_source *s);

/* At most 63 bytes. */
struct slice fuzz_take_bytes(struct fuzz_source *s);

/* Up to their first NUL. */
struct slice fuzz_take_string(struct fuzz_source *s);

#endif
