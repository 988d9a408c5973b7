#include "store_remote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "rng.h"
#include "store_open.h"

#define TEXT_MS 20000
/* A run that is cut; each costs a connection that knows nothing. */
#define EVERY 11

static void
swallow(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

/* With MCP_TEST_LOG what the store logs is shown. */
static void
show(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)fprintf(stderr, "%.*s", SLICE_FMT(lines));
}

static void
need(bool ok, const char *what, const struct buf *why)
{
	if (ok)
		return;
	(void)fprintf(stderr, "%s: %.*s\n", what, SLICE_FMT(buf_slice(why)));
	abort();
}

static enum rc
make_engine(struct store_remote *s, struct remote_engine **out)
{
	const struct remote_options options = { .url = s->url,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = &s->log };

	if (strncmp(s->url, "mariadb:", 8) == 0)
		return mariadb_engine(&options, out, &s->why);
	return postgresql_engine(&options, out, &s->why);
}

bool
store_remote_init(struct store_remote *s, const char *scheme)
{
	/* NOLINTBEGIN(concurrency-mt-unsafe): one thread */
	const bool is_loud = getenv("MCP_TEST_LOG") != NULL;

	*s = (struct store_remote){ .url = getenv("MCP_STORE_URL"),
		.log = LOG_INIT(is_loud ? show : swallow, NULL, LOG_DEBUG),
		.why = BUF_INIT(4096) };
	/* NOLINTEND(concurrency-mt-unsafe) */
	if (s->url == NULL || strncmp(s->url, scheme, strlen(scheme)) != 0) {
		(void)printf("SKIPPED: MCP_STORE_URL names no %s... store; "
			     "see tests/contract/with_engine.py\n",
		    scheme);
		return false;
	}
	need(make_engine(s, &s->side) == RC_OK, "engine", &s->why);
	return true;
}

void
store_remote_release(struct store_remote *s)
{
	if (s->side != NULL)
		s->side->ops->free(s->side);
	s->side = NULL;
	buf_release(&s->why);
	log_release(&s->log);
}

enum rc
store_remote_open_at(
    struct store_remote *s, const char *url, bool create, struct store **out)
{
	const struct store_open_options options = { .url = url,
		.create = create,
		.connect_now = create,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = &s->log };

	buf_reset(&s->why);
	return store_open(&options, out, &s->why);
}

enum rc
store_remote_open(struct store_remote *s, bool create, struct store **out)
{
	return store_remote_open_at(
	    s, s->proxy == NULL ? s->url : s->through, create, out);
}

void
store_remote_proxy(struct store_remote *s, struct cut_proxy *proxy,
    bool (*is_run)(const unsigned char *bytes, size_t n))
{
	/* NOLINTBEGIN(concurrency-mt-unsafe): one thread */
	const char *url = getenv("MCP_STORE_URL_TCP");
	const char *port = getenv("MCP_STORE_PORT");
	/* NOLINTEND(concurrency-mt-unsafe) */
	char old[16];
	const char *at;

	need(url != NULL && port != NULL, "with_engine.py", &s->why);
	(void)snprintf(old, sizeof(old), ":%s/", port);
	at = strstr(url, old);
	need(at != NULL, "port", &s->why);
	cut_proxy_start(proxy, (int)strtol(port, NULL, 10), is_run);
	(void)snprintf(s->through, sizeof(s->through), "%.*s:%d/%s",
	    (int)(at - url), url, proxy->port, at + strlen(old));
	s->proxy = proxy;
}

int64_t
store_remote_text(struct store_remote *s, const char *sql)
{
	const int64_t give_up = clock_mono_ms(&clock_system) + TEXT_MS;
	const struct remote_engine_ops *ops = s->side->ops;
	enum remote_result result = REMOTE_LOST;
	int64_t number = 0;

	/* The server may have been started anew meanwhile. */
	for (int i = 0; i < 2 && result != REMOTE_DONE; i++) {
		buf_reset(&s->why);
		result = REMOTE_DONE;
		if (!ops->is_connected(s->side))
			result = ops->connect(s->side, give_up, &s->why);
		if (result == REMOTE_DONE)
			result =
			    ops->text(s->side, sql, give_up, &number, &s->why);
		if (result != REMOTE_DONE)
			ops->drop(s->side);
	}
	need(result == REMOTE_DONE, sql, &s->why);
	return number;
}

/* Quicker than to make the tables anew.  Numbers go on, which nothing may
 * mind. */
void
store_remote_empty(struct store_remote *s)
{
	static const char *const tables[] = { "cluster_key", "done", "session",
		"stream", "event", "signal", "topic", "want", "host", "nonce",
		"call", "question", "cancel", "task" };
	struct buf sql = BUF_INIT(4096);

	if (store_remote_text(s, s->side->ops->has_meta) == 0)
		return;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		buf_printf(&sql, "DELETE FROM mcp_%s;", tables[i]);
	buf_printf(&sql,
	    "UPDATE mcp_rev SET rev = 0, live = 0"
	    " WHERE rev <> 0 OR live <> 0;"
	    "UPDATE mcp_chg SET ver = 0, purged = 0"
	    " WHERE ver <> 0 OR purged <> 0;"
	    "UPDATE mcp_counter SET topic = 0 WHERE topic <> 0");
	need(buf_finish(&sql) == RC_OK, "text", &sql);
	(void)store_remote_text(s, sql.ptr);
	buf_release(&sql);
}

static enum rc
open_empty(void *ctx, struct store **out)
{
	struct store_remote *s = ctx;
	enum rc rc;

	store_remote_empty(s);
	rc = store_remote_open(s, true, out);
	if (rc != RC_OK)
		(void)fprintf(stderr, "%s: %.*s\n", rc_name(rc),
		    SLICE_FMT(buf_slice(&s->why)));
	return rc;
}

static void
clear(void *ctx)
{
	(void)ctx;
}

struct store_maker
store_remote_maker(struct store_remote *s, const char *name)
{
	return (struct store_maker){ name, open_empty, clear, s };
}

int
store_remote_suites(struct store_remote *s, const char *name)
{
	struct store_maker maker = store_remote_maker(s, name);

	return store_suite_run(&maker) + store_suite_streams_run(&maker) +
	    store_suite_calls_run(&maker);
}

int
store_remote_suites_cut(struct store_remote *s, const char *name)
{
	static const enum cut_mode modes[] = { CUT_REQUEST, CUT_ANSWER };
	int failed = 0;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		cut_proxy_set(s->proxy, modes[i], EVERY);
		cmocka_set_skip_filter(
		    modes[i] == CUT_ANSWER ? STORE_SUITE_COUNTING : NULL);
		failed += store_remote_suites(s, name);
	}
	cmocka_set_skip_filter(NULL);
	(void)printf("%d runs were cut\n", cut_proxy_cuts(s->proxy));
	if (cut_proxy_cuts(s->proxy) == 0)
		failed++;
	return failed;
}
