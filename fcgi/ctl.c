#include "ctl.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cache_front.h"
#include "catalog.h"
#include "clock.h"
#include "migrate.h"
#include "module.h"
#include "store_open.h"
#include "text.h"
#include "wiring.h"

/* Rows of one piece of a sweep; short, so that writers are not kept waiting. */
#define SWEEP_CHUNK 500

/* A sentence on why the store cannot be used. */
static void
tell_store(FILE *out, const char *url, const struct buf *why, enum rc rc)
{
	struct buf name = BUF_INIT(4096);

	store_open_put_url(&name, url);
	(void)fprintf(out, "%s%.*s: %s\n", out == stderr ? "mcpctl: " : "",
	    SLICE_FMT(buf_slice(&name)), why->len > 0 ? why->ptr : rc_name(rc));
	buf_release(&name);
}

static struct store *
open_store(struct ctl *ctl, bool create)
{
	struct buf why = BUF_INIT(4096);
	struct store_open_options options = { .url = ctl->config.store_url,
		.create = create,
		.connect_now = true,
		.timeout_ms = ctl->config.store_timeout_ms,
		.allow_network_fs = ctl->config.allow_network_fs,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = &ctl->log };
	enum rc rc;

	if (ctl->store != NULL)
		return ctl->store;
	rc = ctl->cache != NULL
	    ? RC_OK
	    : cache_front_open(&ctl->config, &ctl->log, &ctl->cache);
	if (rc == RC_OK)
		rc = store_open(&options, &ctl->store, &why);
	if (rc == RC_OK)
		rc = cache_front_put(ctl->cache, false, &ctl->store);
	if (rc != RC_OK) {
		ctl->store = NULL;
		tell_store(stderr, options.url, &why, rc);
	}
	buf_release(&why);
	return ctl->store;
}

struct store *
ctl_store(struct ctl *ctl)
{
	return open_store(ctl, false);
}

struct store *
ctl_make_store(struct ctl *ctl)
{
	return open_store(ctl, true);
}

void
ctl_release(struct ctl *ctl)
{
	if (ctl->store != NULL)
		ctl->store->ops->close(ctl->store);
	cache_front_free(ctl->cache);
}

void
ctl_settle(struct ctl *ctl)
{
	int64_t left = 0;

	if (ctl->store->ops->settled_mono == NULL)
		return;
	do {
		(void)poll(NULL, 0, (int)left);
		left = ctl->store->ops->settled_mono(ctl->store) -
		    clock_mono_ms(&clock_system);
	} while (left > 0);
}

struct op
ctl_op(struct ctl *ctl)
{
	return (struct op){ .now_ms = clock_wall_ms(&clock_system),
		.give_up_mono =
		    clock_mono_ms(&clock_system) + ctl->config.store_timeout_ms,
		.arena = &ctl->arena };
}

int
ctl_failed(const char *what, enum rc rc)
{
	(void)fprintf(stderr, "mcpctl: %s: %s\n", what, rc_name(rc));
	return 1;
}

/* As configured, but what has ended is not kept longer than this. */
static struct sweep_rules
sweep_rules(const struct ctl *ctl, int64_t now_ms, int64_t keep_ms)
{
	struct sweep_rules rules =
	    wiring_sweep_rules(&ctl->config, now_ms, SWEEP_CHUNK);

	if (keep_ms < 0)
		return rules;
	rules.events_before = now_ms - keep_ms;
	rules.streams_before = rules.events_before;
	rules.unsent_before = rules.events_before;
	rules.signals_before = rules.events_before;
	rules.topics_before = rules.events_before;
	return rules;
}

int
ctl_sweep(struct ctl *ctl, int argc, char **argv)
{
	struct store *store;
	struct sweep_done all = { 0 };
	uint64_t seconds = 0;
	int64_t keep_ms = -1;
	bool more = true;

	if (argc > 2 ||
	    (argc == 2 &&
		text_u64(slice_of(argv[1]), INT32_MAX, &seconds) != RC_OK)) {
		(void)fputs("usage: mcpctl sweep [SECONDS]\n", stderr);
		return 2;
	}
	if (argc == 2)
		keep_ms = (int64_t)seconds * 1000;
	store = ctl_store(ctl);
	if (store == NULL)
		return 1;
	while (more) {
		struct op op = ctl_op(ctl);
		struct sweep_rules rules = sweep_rules(ctl, op.now_ms, keep_ms);
		struct sweep_done done = { 0 };
		enum rc rc = store->ops->sweep(store, &op, &rules, &done);

		if (rc != RC_OK)
			return ctl_failed("sweep", rc);
		all.forgotten += done.forgotten;
		all.removed += done.removed;
		all.others += done.others;
		more = done.more;
		arena_reset(&ctl->arena);
	}
	(void)printf("forgotten %lld idle, removed %lld old, %lld other rows\n",
	    (long long)all.forgotten, (long long)all.removed,
	    (long long)all.others);
	return 0;
}

int
ctl_version(struct ctl *ctl, int argc, char **argv)
{
	(void)ctl;
	(void)argv;
	if (argc != 1) {
		(void)fputs("usage: mcpctl version\n", stderr);
		return 2;
	}
	(void)printf("mcp-fcgi %s\nsqlite schema %d\n", wiring_version(),
	    migrate_newest("sqlite"));
	return 0;
}

/* Load the configured modules; what cannot be loaded is said and counted. */
static size_t
check_modules(
    const struct config *config, struct module **loaded, size_t *n_loaded)
{
	size_t errors = 0;

	*n_loaded = 0;
	for (size_t i = 0; i < config->modules.n; i++) {
		struct buf why = BUF_INIT(8192);
		struct module *module;

		if (module_load(config->modules.item[i], &module, &why) ==
		    RC_OK) {
			loaded[(*n_loaded)++] = module;
		} else {
			errors++;
			(void)printf("%s\n", why.len > 0 ? why.ptr : "?");
		}
		buf_release(&why);
	}
	return errors;
}

/* A server must be there and know us; what is to be made may be made later. */
static size_t
check_store(struct ctl *ctl)
{
	struct buf why = BUF_INIT(4096);
	const char *url = ctl->config.store_url;
	const bool is_file = strncmp(url, "sqlite:", 7) == 0;
	struct store_open_options options = { .url = url,
		.connect_now = true,
		.timeout_ms = ctl->config.store_timeout_ms,
		.allow_network_fs = ctl->config.allow_network_fs,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = &ctl->log };
	struct store *store = NULL;
	enum rc rc = store_open(&options, &store, &why);
	const bool is_wrong =
	    is_file ? rc == RC_SYNTAX : rc != RC_OK && rc != RC_NOTFOUND;

	if (rc == RC_OK)
		store->ops->close(store);
	if (is_wrong || (!is_file && rc != RC_OK))
		tell_store(stdout, url, &why, rc);
	buf_release(&why);
	return is_wrong ? 1 : 0;
}

int
ctl_check(struct ctl *ctl, int argc, char **argv)
{
	const struct config *config = &ctl->config;
	struct module **modules;
	struct buf out = BUF_INIT((size_t)4 * 1024 * 1024);
	size_t n_modules = 0, errors, in_catalog = 0;
	enum rc rc = RC_OK;

	(void)argv;
	if (argc != 1) {
		(void)fputs("usage: mcpctl check\n", stderr);
		return 2;
	}
	modules = arena_alloc(
	    &ctl->arena, (config->modules.n + 1) * sizeof(struct module *));
	if (modules == NULL)
		return ctl_failed("check", RC_NOMEM);
	errors = check_modules(config, modules, &n_modules);
	if (config->catalog != NULL) {
		rc = catalog_check(config->catalog,
		    (const struct module *const *)modules, n_modules, &out,
		    &in_catalog);
	}
	if (out.len > 0)
		(void)fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
	for (size_t i = 0; i < n_modules; i++)
		module_free(modules[i]);
	if (rc != RC_OK)
		return ctl_failed(config->catalog, rc);
	errors += in_catalog + check_store(ctl);
	(void)printf("%zu error%s\n", errors, errors == 1 ? "" : "s");
	return errors == 0 ? 0 : 1;
}
