#ifndef MCP_STORE_RACES_H
#define MCP_STORE_RACES_H

#include "store_remote.h"

/* What happens when two are at the same session of a store in a database
 * server, in the one order that could go wrong: a transaction is held open, and
 * ended when the other one waits for it.  How many cases failed. */
int store_races_run(struct store_remote *, const char *name);

#endif
