#ifndef MCP_GOLDEN_STORE_H
#define MCP_GOLDEN_STORE_H

#include <stdbool.h>

#include "rc.h"
#include "store.h"

/*
 * A memory store that is counted, can be out of reach, and can be replaced by
 * one of another incarnation that knows the same keys but no session.
 */
struct golden_store {
	struct store base; /* first */
	struct store *inner;
	unsigned long session_calls; /* all but info, keys and key_add */
	bool is_down;                /* everything answers RC_BUSY */
};

MUST_CHECK enum rc golden_store_init(struct golden_store *g);

/* As after a restore: a new incarnation without sessions, the same keys. */
MUST_CHECK enum rc golden_store_renew(
    struct golden_store *g, const struct op *op, uint32_t incarnation);

/* Another store in its place: it knows neither sessions nor keys. */
MUST_CHECK enum rc golden_store_replace(
    struct golden_store *g, uint32_t incarnation);

void golden_store_release(struct golden_store *g);

#endif
