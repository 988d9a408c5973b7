#include "store_wrapped.h"

#include <stdio.h>

#include "clock.h"
#include "kv_memcached.h"
#include "rng.h"

static void
swallow(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

/* As of a host that reads the vector before each look. */
static bool
fresh_rev(struct cache_revs *base, size_t shard, struct cache_rev *out)
{
	struct store_wrapped *w = (struct store_wrapped *)base;
	struct arena a = ARENA_INIT((size_t)1024 * 1024);
	const struct op op = { .give_up_mono = INT64_MAX, .arena = &a };
	int64_t rev[STORE_SHARDS];
	enum rc rc;

	out->t0_mono = clock_mono_ms(&clock_system);
	rc = w->under->ops->revs(w->under, &op, rev, &out->incarnation);
	if (rc == RC_OK)
		out->rev = rev[shard];
	arena_release(&a);
	return rc == RC_OK;
}

enum rc
store_wrapped_kv(const char *const *server, struct log *log, struct kv **out)
{
	const struct kv_memcached_options options = { .servers = server,
		.n = 1,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = log };

	return kv_memcached_open(&options, out);
}

enum rc
store_wrapped_over(struct store_wrapped *w, struct kv *kv, const char *prefix,
    struct store **out)
{
	static const unsigned char secret[STORE_KEY_BYTES] = { 5 };
	const struct store_cached_options options = { .under = w->under,
		.kv = kv,
		.clock = &clock_system,
		.rng = &rng_system,
		.waits = true,
		.hints = true,
		.prefix = prefix,
		.secret = secret,
		.revs = &w->revs };

	w->revs.get = fresh_rev;
	return store_cached_open(&options, out);
}

static enum rc
open_wrapped(void *ctx, struct store **out)
{
	struct store_wrapped *w = ctx;
	struct kv *kv = NULL;
	enum rc rc = w->under_maker.open(w->under_maker.ctx, &w->under);

	if (rc == RC_OK)
		rc = store_wrapped_kv(&w->server, &w->log, &kv);
	/* Each case has names of its own. */
	(void)snprintf(w->prefix, sizeof(w->prefix), "case%d", ++w->opened);
	return rc == RC_OK ? store_wrapped_over(w, kv, w->prefix, out) : rc;
}

static void
clear(void *ctx)
{
	struct store_wrapped *w = ctx;

	w->under_maker.clear(w->under_maker.ctx);
}

int
store_wrapped_suites(
    const char *name, const char *server, const struct store_maker *under_maker)
{
	struct store_wrapped w = { .server = server,
		.under_maker = *under_maker,
		.log = LOG_INIT(swallow, NULL, LOG_DEBUG) };
	struct store_maker maker = { name, open_wrapped, clear, &w };
	const int failed = store_suite_run(&maker) +
	    store_suite_streams_run(&maker) + store_suite_calls_run(&maker);

	log_release(&w.log);
	return failed;
}
