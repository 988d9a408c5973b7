#ifndef MCP_STORE_FAULT_H
#define MCP_STORE_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "rc.h"
#include "store_count.h"

/*
 * A store whose nth call (counted from 0 over all functions, check and close
 * aside) fails with `rc`, once or from then on.  A call that fails does
 * nothing: the store it wraps never sees it.
 */
struct store_fault {
	struct store_count count; /* first, so that a store * is one of these */
	size_t nth;
	bool for_good;
	enum rc rc;
	size_t seen;    /* calls so far */
	size_t refused; /* of these */
};

/* Wrap `inner`; closing &f->count.base closes it.  The caller owns *f, which
 * must not move.  Nothing fails until it is armed. */
void store_fault_init(struct store_fault *f, struct store *inner);

/* Begin to count anew and let the nth call from here on fail. */
void store_fault_arm(
    struct store_fault *f, size_t nth, bool for_good, enum rc rc);

/* Let everything pass again; how many calls failed since arm. */
size_t store_fault_disarm(struct store_fault *f);

#endif
