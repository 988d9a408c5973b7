#ifndef MCP_GOLDEN_WORLD_H
#define MCP_GOLDEN_WORLD_H

#include "counted_rng.h"
#include "fake_clock.h"
#include "fake_tools.h"
#include "log.h"
#include "script.h"
#include "server.h"
#include "store_count.h"
#include "store_scratch.h"

#define WORLD_LIST_MAX 8

/* A server and everything around it, standing still. */
struct world {
	struct fake_clock clock;
	struct counted_rng rng;
	struct store_scratch scratch;
	struct store_count store; /* around the one in there */
	bool is_store_down;       /* every call answers RC_BUSY */
	struct fake_tools *tools;
	struct log log;
	struct buf log_text;
	struct server server;
	struct arena arena; /* what the rules point to, and store calls */
	int64_t leaves_ms;  /* the client of the next request waits so long */
	int64_t waited_ms;
	size_t body_max;
	size_t result_max;        /* of an answer */
	unsigned long tool_calls; /* since the last request */
	struct slice *origins;    /* list keys of the configuration */
	struct slice *hosts;
};

/* RC_SYNTAX with a sentence for a key or time that it does not know.
 * Release it whatever came back. */
MUST_CHECK enum rc world_init(
    struct world *w, const struct script *s, struct buf *why);

/* One key of the configuration, as the file's `config:` line has it. */
MUST_CHECK enum rc world_set(
    struct world *w, const struct field *key, struct buf *why);

/* A server that knows nothing but the store and its rules. */
void world_start(struct world *w);

/* Do what a directive says; RC_CONFLICT if a fact is not as expected. */
MUST_CHECK enum rc world_control(
    struct world *w, struct slice words, struct buf *why);

/* "10m" as milliseconds. */
MUST_CHECK enum rc world_span(
    struct slice words, int64_t *out, struct buf *why);

/* Time that a request waits, as a sink_mem has it: its client leaves in the
 * end. */
bool world_pass(void *world, int64_t ms);

/* What a store call of the test itself says with it. */
struct op world_op(struct world *w);

void world_release(struct world *w);

#endif
