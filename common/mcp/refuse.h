#ifndef MCP_REFUSE_H
#define MCP_REFUSE_H

#include "exchange.h"
#include "reply.h"
#include "slice.h"

/* What requests of all kinds are refused with. */
extern const struct refusal refuse_unknown_session;
extern const struct refusal refuse_no_session;
extern const struct refusal refuse_bad_version;

/* data of -32022: what can be had instead, and what was asked for.  Absent
 * without memory for it: then the error goes out without. */
struct slice refuse_version_data(struct exchange *x, struct slice requested);

#endif
