#include "wiring.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache_front.h"
#include "catalog.h"
#include "clock.h"
#include "module.h"
#include "rng.h"
#include "session.h"
#include "store_open.h"
#include "tool_program.h"

/* Between two attempts to open a store that is out of reach. */
#define RETRY_MS 1000
/* Longer than anybody needs to notice what has changed. */
#define SIGNALS_KEPT_MS 60000
/* Resources that nobody subscribes to any more. */
#define TOPICS_KEPT_MS 3600000

struct wiring {
	const struct config *config;
	struct log *log;
	struct program_host host;
	struct module **modules;
	size_t n_modules;
	struct catalog *catalog;
	struct cache_front *cache; /* NULL: none */
	struct server server;
	struct slice *origins;
	struct slice *hosts;
	int64_t tried_mono; /* to open the store */
	bool is_told;       /* why it cannot be opened */
	char bin[PATH_MAX];
};

static void
open_store(struct wiring *w, bool may_create)
{
	struct buf why = BUF_INIT(4096);
	struct buf url = BUF_INIT(4096);
	struct store_open_options options = { .url = w->config->store_url,
		.create = may_create,
		.timeout_ms = w->config->store_timeout_ms,
		.allow_network_fs = w->config->allow_network_fs,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = w->log };
	enum rc rc = store_open(&options, &w->server.store, &why);

	if (rc == RC_OK)
		rc = cache_front_put(w->cache, true, &w->server.store);
	w->tried_mono = clock_mono_ms(&clock_system);
	if (rc != RC_OK) {
		w->server.store = NULL;
		store_open_put_url(&url, w->config->store_url);
		/* Whoever comes next second finds it no better. */
		log_event(w->log, w->is_told ? LOG_DEBUG : LOG_ERROR, "store",
		    "url=%.*s rc=%s why=%s", SLICE_FMT(buf_slice(&url)),
		    rc_name(rc), why.len > 0 ? why.ptr : "-");
	}
	w->is_told = rc != RC_OK;
	buf_release(&url);
	buf_release(&why);
}

void
wiring_tend(struct wiring *w)
{
	if (w->server.store == NULL &&
	    clock_mono_ms(&clock_system) - w->tried_mono >= RETRY_MS)
		open_store(w, false);
}

static enum rc
load_modules(struct wiring *w, struct buf *why)
{
	const struct config_list *files = &w->config->modules;

	w->modules = calloc(files->n + 1, sizeof(struct module *));
	if (w->modules == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < files->n; i++) {
		struct module *module = NULL;
		enum rc rc = module_load(files->item[i], &module, why);

		if (rc != RC_OK)
			return rc;
		w->modules[w->n_modules++] = module;
	}
	return RC_OK;
}

static enum rc
open_catalog(struct wiring *w, struct buf *why)
{
	struct catalog_options options = { .folder = w->config->catalog,
		.state = w->config->state,
		.modules = (const struct module *const *)w->modules,
		.n_modules = w->n_modules,
		.check_ms = w->config->catalog_check_ms,
		.host = &w->host,
		.clock = &clock_system,
		.log = w->log };
	enum rc rc = catalog_open(&options, &w->catalog, why);

	if (rc == RC_OK)
		w->server.toolbox = catalog_toolbox(w->catalog);
	return rc;
}

/* The strings of a list as slices; NULL only without memory. */
static struct slice *
slices_of(const struct config_list *list)
{
	struct slice *out = calloc(list->n + 1, sizeof(*out));

	for (size_t i = 0; out != NULL && i < list->n; i++)
		out[i] = slice_of(list->item[i]);
	return out;
}

/* What the configuration does not say stays as server_init() left it. */
static void
fill_rules(const struct wiring *w, struct server_rules *r)
{
	const struct config *c = w->config;

	r->path = slice_of(c->path);
	r->sse_path = slice_of(c->sse_path);
	r->messages_path = slice_of(c->messages_path);
	r->origins = w->origins;
	r->n_origins = c->origins.n;
	r->hosts = w->hosts;
	r->n_hosts = c->hosts.n;
	r->remote_user = c->remote_user;
	r->sessions = c->sessions;
	r->strict = c->strict;
	r->body_only = c->body_only;
	r->modern_ping = c->modern_ping;
	r->store_timeout_ms = c->store_timeout_ms;
	r->sessions_total = c->sessions_total;
	r->sessions_principal = c->sessions_principal;
	r->session_lifetime_ms = c->session_lifetime_ms;
	r->session_spare_ms = c->session_spare_ms;
	r->page = (uint32_t)c->page;
	r->catalog_ms = c->catalog_check_ms;
	r->list_cache =
	    (struct tool_cache){ c->list_ttl_ms, c->list_is_public };
	r->tool_timeout_ms = c->tool_timeout_max_ms;
	r->json_only = c->json_only;
	r->comment_ms = c->comment_ms;
	r->stream_age_ms = c->stream_age_ms;
	r->question_ms = c->question_ms;
	r->stream = (struct stream_caps){ .events = c->stream_events,
		.bytes = (int64_t)c->stream_bytes };
	r->calls = (struct call_limits){ .host = c->calls,
		.principal = c->calls_principal,
		.waiting = c->calls_waiting };
	r->wants = c->wants;
	r->task_ttl_ms = c->task_ttl_ms;
	r->task_ttl_max_ms = c->task_ttl_max_ms;
	if (r->comment_modern_ms > r->comment_ms)
		r->comment_modern_ms = r->comment_ms;
}

enum rc
wiring_fix_keys(const struct config *config, struct keyring *keys)
{
	enum rc rc;

	if (config->cluster_key == NULL)
		return RC_OK;
	rc = keyring_fix(keys, slice_of(config->cluster_key));
	if (rc == RC_OK && config->cluster_key_former != NULL)
		rc = keyring_fix_former(
		    keys, slice_of(config->cluster_key_former));
	return rc;
}

static enum rc
fill_server(struct wiring *w)
{
	const struct config *c = w->config;
	struct server *s = &w->server;

	server_init(s);
	s->clock = &clock_system;
	s->rng = &rng_system;
	s->log = w->log;
	s->info = (struct server_info){ .name = slice_of(c->name),
		.version = slice_of(c->version),
		.title = slice_of(c->title),
		.website = slice_of(c->website),
		.instructions = slice_of(c->instructions) };
	w->origins = slices_of(&c->origins);
	w->hosts = slices_of(&c->hosts);
	if (w->origins == NULL || w->hosts == NULL)
		return RC_NOMEM;
	fill_rules(w, &s->rules);
	s->body.max = c->result;
	/* The same with `data: ` in front of each line. */
	s->frame.max = c->result + c->result / 2;
	return wiring_fix_keys(c, &s->keys);
}

/* The folder of this very program, for the programs that lie beside it; NULL
 * if it is not to be had, or could not stand in a PATH. */
static const char *
find_bin(struct wiring *w)
{
	ssize_t n = readlink("/proc/self/exe", w->bin, sizeof(w->bin) - 1);
	char *end;

	if (n < 0)
		return NULL;
	w->bin[n] = '\0';
	end = strrchr(w->bin, '/');
	if (end == NULL || end == w->bin || strchr(w->bin, ':') != NULL)
		return NULL;
	*end = '\0';
	return w->bin;
}

enum rc
wiring_open(const struct config *config, struct log *log,
    const struct wiring_watch *watch, bool may_create, struct wiring **out,
    struct buf *why)
{
	struct wiring *w = calloc(1, sizeof(*w));
	enum rc rc;

	if (w == NULL)
		return RC_NOMEM;
	w->config = config;
	w->log = log;
	w->host = (struct program_host){ .clock = &clock_system,
		.log = log,
		.timeout_max_ms = config->tool_timeout_max_ms,
		.timeout_ms = config->tool_timeout_ms,
		.output_max = config->tool_output,
		.memory = config->tool_memory,
		.path = config->tool_path,
		.bin = find_bin(w) };
	if (watch != NULL) {
		w->host.started = watch->started;
		w->host.ended = watch->ended;
		w->host.ctx = watch->ctx;
	}
	rc = seal_init();
	if (rc == RC_OK)
		rc = fill_server(w);
	if (rc == RC_OK)
		rc = load_modules(w, why);
	if (rc == RC_OK)
		rc = open_catalog(w, why);
	if (rc == RC_OK)
		rc = cache_front_open(config, log, &w->cache);
	if (rc != RC_OK) {
		wiring_free(w);
		return rc;
	}
	open_store(w, may_create);
	*out = w;
	return RC_OK;
}

struct server *
wiring_server(struct wiring *w)
{
	return &w->server;
}

int64_t
wiring_publish(struct wiring *w, struct arena *a)
{
	arena_reset(a);
	return cache_front_publish(w->cache, w->server.store, a);
}

void
wiring_free(struct wiring *w)
{
	if (w == NULL)
		return;
	if (w->server.store != NULL)
		w->server.store->ops->close(w->server.store);
	cache_front_free(w->cache);
	catalog_free(w->catalog);
	for (size_t i = 0; i < w->n_modules; i++)
		module_free(w->modules[i]);
	free(w->modules);
	server_release(&w->server);
	free(w->origins);
	free(w->hosts);
	free(w);
}

struct sweep_rules
wiring_sweep_rules(const struct config *config, int64_t now_ms, int limit)
{
	/* Rows outlive their ids by the skew that clocks are allowed, and
	 * streams that another host has closed what was promised.  One machine
	 * has one clock. */
	const int64_t skew =
	    slice_starts(slice_of(config->store_url), SLICE("sqlite:"))
	    ? 0
	    : SESSION_SKEW_MS;

	return (struct sweep_rules){ .idle_before =
					 now_ms - config->session_idle_ms,
		.created_before = now_ms - config->session_lifetime_ms -
		    (int64_t)2 * SESSION_SKEW_MS,
		.events_before = now_ms - config->event_age_ms,
		.streams_before = now_ms - config->stream_keep_ms - skew,
		.unsent_before = now_ms - config->event_age_ms,
		.signals_before = now_ms - SIGNALS_KEPT_MS,
		.topics_before = now_ms - TOPICS_KEPT_MS,
		.limit = limit };
}
