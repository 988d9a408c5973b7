#include "store_open.h"

#include "remote.h"
#include "slice.h"
#include "store_sqlite.h"

static enum rc
open_sqlite(const struct store_open_options *o, struct slice rest,
    struct store **out, struct buf *why)
{
	const struct store_sqlite_options options = {
		.path = rest.ptr,
		.create = o->create,
		.allow_network_fs = o->allow_network_fs,
		.clock = o->clock,
		.rng = o->rng,
		.log = o->log,
	};

	if (rest.len < 2 || rest.ptr[0] != '/') {
		buf_printf(why,
		    "%s: an absolute path is needed: "
		    "sqlite:///folder/file",
		    o->url);
		return RC_SYNTAX;
	}
	if (memchr(rest.ptr, '?', rest.len) != NULL ||
	    memchr(rest.ptr, '#', rest.len) != NULL ||
	    memchr(rest.ptr, '%', rest.len) != NULL) {
		/* They mean something else in other URLs. */
		buf_printf(why, "%s: no ?, # or %% in the path", o->url);
		return RC_SYNTAX;
	}
	return store_sqlite_open(&options, out, why);
}

static enum rc
open_remote(const struct store_open_options *o,
    enum rc (*engine)(
	const struct remote_options *, struct remote_engine **, struct buf *),
    struct store **out, struct buf *why)
{
	const struct remote_options options = {
		.url = o->url,
		.clock = o->clock,
		.rng = o->rng,
		.log = o->log,
		.create = o->create,
		.connect_now = o->connect_now,
		.timeout_ms = o->timeout_ms,
	};
	struct remote_engine *connection = NULL;
	enum rc rc = engine(&options, &connection, why);

	return rc == RC_OK ? remote_open(&options, connection, out, why) : rc;
}

static enum rc
open_postgresql(const struct store_open_options *o, struct slice rest,
    struct store **out, struct buf *why)
{
	(void)rest;
	return open_remote(o, postgresql_engine, out, why);
}

static enum rc
open_mariadb(const struct store_open_options *o, struct slice rest,
    struct store **out, struct buf *why)
{
	(void)rest;
	return open_remote(o, mariadb_engine, out, why);
}

enum rc
store_open(
    const struct store_open_options *o, struct store **out, struct buf *why)
{
	static const struct {
		struct slice scheme;
		enum rc (*open)(const struct store_open_options *,
		    struct slice rest, struct store **, struct buf *);
	} engines[] = {
		{ SLICE_INIT("sqlite://"), open_sqlite },
		{ SLICE_INIT("postgresql://"), open_postgresql },
		{ SLICE_INIT("postgres://"), open_postgresql },
		{ SLICE_INIT("mariadb://"), open_mariadb },
	};
	const struct slice url = slice_of(o->url);

	*out = NULL;
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		const struct slice scheme = engines[i].scheme;

		if (slice_starts(url, scheme))
			return engines[i].open(
			    o, slice_from(url, scheme.len), out, why);
	}
	/* What it says may be secret: half of it may be a password. */
	buf_put_slice(why,
	    SLICE("store.url is not the URL of a store; known are "
		  "sqlite:///path, postgresql://... and mariadb://..."));
	return RC_SYNTAX;
}

/* A URL up to its query. */
static void
put_plain(struct buf *b, struct slice s)
{
	struct slice query;

	buf_put_slice(b, slice_cut(s, '?', &query));
}

void
store_open_put_url(struct buf *b, const char *url)
{
	const char *start = strstr(url, "://");
	const char *at = NULL;
	const char *colon;
	size_t n;

	if (start == NULL) {
		buf_put_slice(b, SLICE("(not a URL)"));
		return;
	}
	start += 3;
	/* Generous, for whoever did not escape what is in a password: up to
	 * the first slash it may have a `?`, and a slash up to the query. */
	n = strcspn(start, "/");
	if (strcspn(start, "?") > n)
		n = strcspn(start, "?");
	for (size_t i = 0; i < n; i++)
		at = start[i] == '@' ? start + i : at;
	colon = at == NULL ? NULL : memchr(start, ':', (size_t)(at - start));
	if (colon == NULL) {
		put_plain(b, slice_of(url));
		return;
	}
	put_plain(b, (struct slice){ url, (size_t)(colon - url) });
	/* A `?` before: nobody knows where what is secret ends. */
	if (start + strcspn(start, "?") > at)
		put_plain(b, slice_of(at));
}
