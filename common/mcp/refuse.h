#ifndef MCP_REFUSE_H
#define MCP_REFUSE_H

#include "exchange.h"
#include "reply.h"
#include "slice.h"

/* What requests of all kinds are refused with. */
extern const struct refusal refuse_unknown_session;
extern const struct refusal refuse_no_session;
extern const struct refusal refuse_bad_version;
extern const struct refusal refuse_bad_type;

/* data of -32022: what can be had instead, and what was asked for.  Absent
 * without memory for it: then the error goes out without. */
struct slice refuse_version_data(struct exchange *x, struct slice requested);

/*
 * MCP-Protocol-Version of a legacy request, once its session is known: a
 * version that nobody serves is refused, and with the letter of the
 * specification one that is not the session's.  False: the refusal is built.
 */
MUST_CHECK bool refuse_wrong_version(struct exchange *x);

#endif
