#ifndef MCP_STORE_OPEN_H
#define MCP_STORE_OPEN_H

#include <stdbool.h>

#include "buf.h"
#include "clock.h"
#include "log.h"
#include "rc.h"
#include "rng.h"
#include "store.h"

/*
 * A store by its URL: sqlite:///absolute/path.  RC_SYNTAX with a sentence in
 * `why` for another URL; else what the engine's own open says.
 */
struct store_open_options {
	const char *url;
	bool create;
	bool allow_network_fs;
	const struct clock *clock;
	const struct rng *rng;
	struct log *log;
};

MUST_CHECK enum rc store_open(
    const struct store_open_options *, struct store **out, struct buf *why);

#endif
