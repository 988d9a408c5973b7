#ifndef MCP_LISTEN_H
#define MCP_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "rc.h"
#include "slice.h"
#include "store.h"

/*
 * subscriptions/listen (2026-07-28 basic/patterns/subscriptions): the topics
 * and tasks one client wants to hear of, with the versions it was told.
 * Everything is in one allocation of its own, because it outlives its request.
 */
struct listen;

/* What a client asked for, and for whom.  Nothing of it must outlive the
 * call. */
struct listen_wish {
	struct slice id;     /* of the request, JSON text */
	struct slice server; /* an Implementation, JSON text; or absent */
	const struct slice *topics; /* their names, each once */
	size_t n_topics;
	const int64_t *tasks; /* their numbers, each once */
	size_t n_tasks;
};

/* RC_NOMEM. */
MUST_CHECK enum rc listen_new(
    const struct listen_wish *wish, struct listen **out);

/* From now on; what happened before is not told.  What the store says. */
MUST_CHECK enum rc listen_start(
    struct listen *l, struct store *store, const struct op *op);

/*
 * Append messages for all that changed, tagged with the id of the request;
 * *any says whether there were.  What the store says.
 */
MUST_CHECK enum rc listen_turn(struct listen *l, struct store *store,
    const struct op *op, struct buf *out, bool *any);

/*
 * Is it to be turned for this change?  Of a topic that it does not know (a row
 * may go and come back as another one) it says so once: what the turn does not
 * find under its names is not its own.
 */
bool listen_concerns(struct listen *l, const struct change *change);

/* The result that ends the subscription, as an event. */
void listen_put_end(const struct listen *l, struct buf *out);

/* NULL is allowed. */
void listen_free(struct listen *l);

#endif
