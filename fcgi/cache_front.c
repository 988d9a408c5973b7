#include "cache_front.h"

#include <stdlib.h>

#include "clock.h"
#include "kv_memcached.h"
#include "rev_board.h"
#include "rng.h"
#include "store_cached.h"
#include "text.h"

/* Between two readings, and after one that failed. */
#define PUBLISH_MS 50
#define FAILED_MS 250
/* A reading that takes longer is of no use. */
#define READ_MS 200

struct cache_front {
	const struct config *config;
	struct log *log;
	struct rev_board *board; /* NULL: no rows are kept */
	unsigned char secret[STORE_KEY_BYTES];
	int64_t publish_mono;
	bool fails; /* it was said */
};

/* SQLite is quicker than memcached, and on this host; see the manual. */
static bool
pays(const struct config *config, enum config_use use)
{
	if (config->cache_servers.n == 0)
		return false;
	return use == CONFIG_ON ||
	    (use == CONFIG_AUTO &&
		!slice_starts(slice_of(config->store_url), SLICE("sqlite:")));
}

bool
cache_front_keeps_rows(const struct config *config)
{
	return pays(config, config->cache_rows);
}

enum rc
cache_front_open(
    const struct config *config, struct log *log, struct cache_front **out)
{
	struct cache_front *f;
	enum rc rc = RC_OK;

	*out = NULL;
	if (!pays(config, config->cache_rows) &&
	    !pays(config, config->cache_hints))
		return RC_OK;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return RC_NOMEM;
	*f = (struct cache_front){
		.config = config, .log = log, .publish_mono = INT64_MIN
	};
	if (config->cluster_key != NULL)
		rc = text_hex(slice_of(config->cluster_key), f->secret,
		    sizeof(f->secret));
	if (rc == RC_OK && cache_front_keeps_rows(config))
		rc = rev_board_open(config->state, &clock_system, &f->board);
	if (rc == RC_OK)
		*out = f;
	else
		cache_front_free(f);
	return rc;
}

enum rc
cache_front_put(struct cache_front *f, bool reads, struct store **store)
{
	struct store_cached_options options = {
		.under = *store, .clock = &clock_system, .rng = &rng_system
	};
	struct kv_memcached_options servers = { .clock = &clock_system,
		.rng = &rng_system };
	enum rc rc;

	if (f == NULL)
		return RC_OK;
	servers.servers = f->config->cache_servers.item;
	servers.n = f->config->cache_servers.n;
	servers.log = f->log;
	options.prefix = f->config->cache_prefix;
	options.waits = f->board != NULL;
	options.hints = pays(f->config, f->config->cache_hints);
	if (f->config->cluster_key != NULL)
		options.secret = f->secret;
	if (reads && f->board != NULL)
		options.revs = rev_board_revs(f->board);
	rc = kv_memcached_open(&servers, &options.kv);
	if (rc == RC_OK) {
		rc = store_cached_open(&options, store);
		if (rc != RC_OK)
			options.kv->ops->close(options.kv);
	}
	if (rc != RC_OK) {
		options.under->ops->close(options.under);
		*store = NULL;
	}
	return rc;
}

static enum rc
publish(struct cache_front *f, struct store *store, struct arena *a)
{
	const int64_t t0 = clock_mono_ms(&clock_system);
	const struct op op = { .now_ms = clock_wall_ms(&clock_system),
		.give_up_mono = t0 + READ_MS,
		.arena = a };
	int64_t rev[STORE_SHARDS];
	uint32_t incarnation = 0;
	enum rc rc = store->ops->revs(store, &op, rev, &incarnation);

	return rc == RC_OK ? rev_board_publish(f->board, t0, incarnation, rev)
			   : rc;
}

int64_t
cache_front_publish(struct cache_front *f, struct store *store, struct arena *a)
{
	int64_t now = clock_mono_ms(&clock_system);
	enum rc rc;

	if (f == NULL || f->board == NULL)
		return INT64_MAX;
	if (store == NULL || now < f->publish_mono)
		return store == NULL ? now + FAILED_MS : f->publish_mono;
	rc = publish(f, store, a);
	if ((rc != RC_OK) != f->fails) {
		log_event(f->log, LOG_WARNING,
		    rc == RC_OK ? "revisions-again" : "no-revisions", "rc=%s",
		    rc_name(rc));
	}
	f->fails = rc != RC_OK;
	f->publish_mono = now + (rc == RC_OK ? PUBLISH_MS : FAILED_MS);
	return f->publish_mono;
}

void
cache_front_free(struct cache_front *f)
{
	if (f == NULL)
		return;
	rev_board_free(f->board);
	free(f);
}
