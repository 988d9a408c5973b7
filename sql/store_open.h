#ifndef MCP_STORE_OPEN_H
#define MCP_STORE_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "clock.h"
#include "log.h"
#include "rc.h"
#include "rng.h"
#include "store.h"

/*
 * A store by its URL: sqlite:///absolute/path, postgresql://... (also
 * postgres://), mariadb://....  RC_SYNTAX with a sentence in `why` for another
 * URL, or for an engine that this program was built without; else what the
 * engine's own open says.  A database server need not be there: then its calls
 * are RC_BUSY until it is, unless `connect_now`.
 */
struct store_open_options {
	const char *url;
	bool create;
	bool connect_now;   /* RC_BUSY or RC_IO with a sentence if it cannot be
	                     * had, RC_NOTFOUND if it is yet to be set up */
	int64_t timeout_ms; /* `store.timeout`; 0: 5 s */
	bool allow_network_fs;
	const struct clock *clock;
	const struct rng *rng;
	struct log *log;
};

MUST_CHECK enum rc store_open(
    const struct store_open_options *, struct store **out, struct buf *why);

/* Append a URL for people and logs: without the password, and without the
 * query, which may hold another one. */
void store_open_put_url(struct buf *, const char *url);

#endif
