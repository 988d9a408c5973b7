#ifndef MCP_POST_H
#define MCP_POST_H

#include "exchange.h"
#include "rc.h"

/* Answer a POST that has passed the gates: read, classify, dispatch. */
MUST_CHECK enum rc post_handle(struct exchange *x);

#endif
