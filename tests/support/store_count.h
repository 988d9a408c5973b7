#ifndef MCP_STORE_COUNT_H
#define MCP_STORE_COUNT_H

#include <stddef.h>

#include "store.h"

/* The functions of a store, in the order of struct store_ops. */
enum store_call {
	STORE_INFO,
	STORE_KEYS,
	STORE_KEY_ADD,
	STORE_SESSION_GET,
	STORE_SESSION_PUT,
	STORE_SESSION_SET,
	STORE_SESSION_END,
	STORE_SESSION_LIST,
	STORE_SWEEP,
	STORE_CHECK,
	STORE_CALLS
};

/*
 * A store that forwards every call to another one, after it counted it and
 * asked `before`, if there is one: what is not RC_OK is answered in the inner
 * store's place, and nothing is forwarded.
 */
struct store_count {
	struct store base; /* first, so that a store * is one of these */
	struct store *inner;
	size_t calls[STORE_CALLS];
	enum rc (*before)(void *ctx, enum store_call);
	void *ctx;
};

/* Wrap `inner`; closing &c->base closes it.  The caller owns *c. */
void store_count_init(struct store_count *c, struct store *inner);

/* All calls but close. */
size_t store_count_total(const struct store_count *c);

/* Those about sessions: get, put, set, end, list, sweep. */
size_t store_count_sessions(const struct store_count *c);

/* Those that may change something: key_add, put, set, end, sweep. */
size_t store_count_writes(const struct store_count *c);

#endif
