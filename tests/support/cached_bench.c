#include "cached_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store_suite.h"

static bool
get_rev(struct cache_revs *base, size_t shard, struct cache_rev *out)
{
	const struct cached_revs *r = (const struct cached_revs *)base;

	*out = (struct cache_rev){ r->t0_mono, r->incarnation, r->rev[shard] };
	return !r->is_gone;
}

/* Both hosts have it; it is the bench's. */
static void
keep_open(struct store *store)
{
	(void)store;
}

static void
init_host(struct cached_bench *b, struct cached_host *h)
{
	static struct store_ops ops;

	h->revs.base.get = get_rev;
	store_count_init(&h->under, b->truth);
	ops = *h->under.base.ops;
	ops.close = keep_open;
	h->under.base.ops = &ops;
	cached_bench_open(
	    b, h, &(struct store_cached_options){ .waits = true });
}

void
cached_bench_open(struct cached_bench *b, struct cached_host *h,
    const struct store_cached_options *options)
{
	struct store_cached_options o = *options;

	if (h->store != NULL)
		h->store->ops->close(h->store);
	o.under = &h->under.base;
	o.kv = &b->kv.base;
	o.clock = &b->clock.clock;
	o.rng = &b->rng.rng;
	if (o.revs == NULL && o.waits)
		o.revs = &h->revs.base;
	if (o.prefix == NULL)
		o.prefix = "t";
	assert_int_equal(store_cached_open(&o, &h->store), RC_OK);
}

int
cached_bench_setup(void **state)
{
	static const struct key_row key = { .id = 1, .secret = { 9 } };
	struct cached_bench *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return -1;
	fake_clock_init(&b->clock, INT64_C(1790000000000));
	counted_rng_init(&b->rng, 1);
	fake_kv_init(&b->kv);
	store_scratch_init_fast(&b->scratch);
	b->arena = ARENA_INIT((size_t)4 * 1024 * 1024);
	b->op = (struct op){ .now_ms = b->clock.wall,
		.give_up_mono = INT64_MAX,
		.arena = &b->arena };
	assert_int_equal(
	    store_scratch_fresh(&b->scratch, &b->clock.clock, 1, &b->truth),
	    RC_OK);
	assert_int_equal(b->truth->ops->key_add(b->truth, &b->op, &key), RC_OK);
	for (size_t i = 0; i < 2; i++) {
		init_host(b, &b->host[i]);
		cached_bench_publish(b, &b->host[i]);
	}
	*state = b;
	return 0;
}

int
cached_bench_teardown(void **state)
{
	struct cached_bench *b = *state;

	for (size_t i = 0; i < 2; i++)
		b->host[i].store->ops->close(b->host[i].store);
	b->truth->ops->close(b->truth);
	store_scratch_release(&b->scratch);
	arena_release(&b->arena);
	free(b);
	return 0;
}

void
cached_bench_publish(struct cached_bench *b, struct cached_host *h)
{
	h->revs.t0_mono = b->clock.mono / 1000;
	assert_int_equal(b->truth->ops->revs(b->truth, &b->op, h->revs.rev,
			     &h->revs.incarnation),
	    RC_OK);
}

int64_t
cached_bench_put(struct cached_bench *b, uint32_t n)
{
	struct session_row row = store_row(n, 1, 2000);
	int64_t id = 0;

	row.initialized = true;
	assert_int_equal(b->truth->ops->session_put(
			     b->truth, &b->op, &row, &store_no_caps, &id),
	    RC_OK);
	return id;
}

enum rc
cached_bench_get(struct cached_bench *b, struct cached_host *h, uint32_t n,
    struct session_row *row)
{
	const struct session_key key = store_row(n, 1, 0).key;
	uint32_t incarnation = 0;
	enum rc rc = h->store->ops->session_get(
	    h->store, &b->op, &key, row, &incarnation);

	if (rc == RC_OK || rc == RC_NOTFOUND)
		assert_int_equal(incarnation, 1);
	return rc;
}

unsigned long
cached_bench_reads(const struct cached_host *h)
{
	return h->under.calls[STORE_SESSION_GET];
}
