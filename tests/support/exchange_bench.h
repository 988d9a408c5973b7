#ifndef MCP_EXCHANGE_BENCH_H
#define MCP_EXCHANGE_BENCH_H

#include <stdbool.h>

#include "counted_rng.h"
#include "fake_clock.h"
#include "fake_tools.h"
#include "server.h"
#include "store_count.h"
#include "store_digest.h"
#include "store_scratch.h"

/*
 * A server over a store of its own in which some clients have sessions, as it
 * was at first again and again.  Two processes of it share the store, so that
 * one can be asked something while the other waits.
 */
struct exchange_caller {
	const char *revision;
	const char *user; /* NULL: anybody */
	bool is_modern;
	bool is_ended;     /* its session is deleted */
	bool is_forgotten; /* its session has no row any more */
};

#define EXCHANGE_CALLERS 12

extern const struct exchange_caller exchange_callers[EXCHANGE_CALLERS];

struct exchange_bench {
	struct fake_clock clock;
	struct counted_rng rng;
	struct log log;
	struct store_scratch scratch;
	struct store_count store; /* around the one in there */
	struct store_digest *digest;
	struct fake_tools *tools;
	unsigned long tools_ran;
	struct server server[2];
	struct arena arena[2];
	char session[EXCHANGE_CALLERS][128]; /* ids; empty of modern ones */
	int64_t wall;                        /* the clock as it is at first */
	int64_t mono;
};

/* All that comes before the first input; ends the program if it fails. */
void exchange_bench_init(struct exchange_bench *b);

/* Be as at first. */
void exchange_bench_again(struct exchange_bench *b);

/* Add a variable to a request; the value must live as long as it. */
void exchange_bench_variable(struct arena *a, struct http_request *r,
    const char *name, struct slice value);

void exchange_bench_release(struct exchange_bench *b);

#endif
