#ifndef MCP_FAKE_KV_H
#define MCP_FAKE_KV_H

#include <stdbool.h>
#include <stddef.h>

#include "kv.h"

#define FAKE_KV_SLOTS 64
#define FAKE_KV_BYTES 4096

struct fake_kv_slot {
	char name[KV_NAME_MAX + 1]; /* "": free */
	char value[FAKE_KV_BYTES];
	size_t len;
	uint32_t seconds;
};

/* A kv in memory that does what a test tells it to. */
struct fake_kv {
	struct kv base; /* first, so that a kv * is one of these */
	struct fake_kv_slot slot[FAKE_KV_SLOTS];
	bool is_down; /* nothing gets through */
	bool keeps;   /* what is dropped stays */
	bool is_closed;
	int gets, puts, drops, looks, raises; /* calls, also in vain */
};

void fake_kv_init(struct fake_kv *k);

/* What lies under the only name that ends with `tail`; NULL if nothing
 * does. */
struct fake_kv_slot *fake_kv_find(struct fake_kv *k, const char *tail);

/* How many names are taken. */
size_t fake_kv_names(const struct fake_kv *k);

#endif
