#ifndef MCP_EVENT_ID_H
#define MCP_EVENT_ID_H

#include <stdint.h>

#include "buf.h"
#include "rc.h"
#include "slice.h"

/*
 * The id of an event: `<incarnation>-<stream>-<seq>`, decimal.  It is not
 * sealed: whether the stream belongs to the session is looked up.
 */
struct event_id {
	uint32_t incarnation;
	int64_t stream; /* 1 and above */
	int64_t seq;    /* 0: the priming event, before the first one */
};

void event_id_put(struct buf *b, const struct event_id *id);

/* RC_SYNTAX for anything that event_id_put() does not write. */
MUST_CHECK enum rc event_id_read(struct slice text, struct event_id *out);

#endif
