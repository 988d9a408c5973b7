#ifndef MCP_GET_H
#define MCP_GET_H

#include "exchange.h"
#include "rc.h"

/* Answer a GET or DELETE that has passed the gates: streams are opened and
 * resumed, sessions ended. */
MUST_CHECK enum rc get_handle(struct exchange *x);

#endif
