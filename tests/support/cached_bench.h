#ifndef MCP_CACHED_BENCH_H
#define MCP_CACHED_BENCH_H

#include "counted_rng.h"
#include "fake_clock.h"
#include "fake_kv.h"
#include "store_cached.h"
#include "store_count.h"
#include "store_scratch.h"

/*
 * One store, and two hosts that have the same kv in front of it: what each
 * knows of revisions is what the test lets it know.
 */
struct cached_revs {
	struct cache_revs base; /* first, so that a cache_revs * is one */
	bool is_gone;
	int64_t t0_mono;
	uint32_t incarnation;
	int64_t rev[STORE_SHARDS];
};

struct cached_host {
	struct cached_revs revs;
	struct store_count under; /* around the common store */
	struct store *store;
};

struct cached_bench {
	struct fake_clock clock;
	struct counted_rng rng;
	struct store_scratch scratch;
	struct store *truth;
	struct fake_kv kv;
	struct cached_host host[2];
	struct arena arena;
	struct op op;
};

/* For cmocka. */
int cached_bench_setup(void **state);
int cached_bench_teardown(void **state);

#define CACHED_TEST(f)                                                         \
	cmocka_unit_test_setup_teardown(                                       \
	    f, cached_bench_setup, cached_bench_teardown)

/* Open the store of a host again, with other options; what is NULL in there
 * is filled in. */
void cached_bench_open(struct cached_bench *b, struct cached_host *h,
    const struct store_cached_options *options);

/* A host reads the revisions. */
void cached_bench_publish(struct cached_bench *b, struct cached_host *h);

/* A live session that is initialized; its number in the store. */
int64_t cached_bench_put(struct cached_bench *b, uint32_t n);

/* What a host says of session n; how often it asked the store for that. */
enum rc cached_bench_get(struct cached_bench *b, struct cached_host *h,
    uint32_t n, struct session_row *row);
unsigned long cached_bench_reads(const struct cached_host *h);

#endif
