#ifndef MCP_STORE_MEM_H
#define MCP_STORE_MEM_H

#include "rc.h"
#include "store.h"

/*
 * A store in the memory of one process: for tests, and to try things out.
 * Several struct store of one process do not share anything.  Never blocks.
 */
MUST_CHECK enum rc store_mem_open(uint32_t incarnation, struct store **out);

#endif
