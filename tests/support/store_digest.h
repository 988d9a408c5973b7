#ifndef MCP_STORE_DIGEST_H
#define MCP_STORE_DIGEST_H

#include "buf.h"

struct store_digest;

/* Look into the file of a store with a connection of its own, and remember
 * what is in it now.  NULL: it cannot be opened. */
struct store_digest *store_digest_open(const char *file);

/* Make it what it was when this was opened. */
MUST_CHECK enum rc store_digest_restore(struct store_digest *d);

/* Append all rows of all tables, as text; but not when a session was last
 * touched, as any request may. */
MUST_CHECK enum rc store_digest_put(struct store_digest *d, struct buf *out);

/* NULL is allowed. */
void store_digest_free(struct store_digest *d);

#endif
