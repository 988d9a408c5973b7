#include "world.h"

#include "text.h"

static enum rc
read_u64(struct slice text, uint64_t *out)
{
	return text_u64(text, INT64_MAX, out);
}

static enum rc
set_sessions(struct world *w, struct slice value)
{
	if (slice_eq(value, SLICE("required")))
		w->server.rules.sessions = SESSIONS_REQUIRED;
	else if (slice_eq(value, SLICE("optional")))
		w->server.rules.sessions = SESSIONS_OPTIONAL;
	else if (slice_eq(value, SLICE("off")))
		w->server.rules.sessions = SESSIONS_OFF;
	else
		return RC_SYNTAX;
	return RC_OK;
}

static enum rc
read_flag(struct slice text, bool *out)
{
	*out = slice_eq(text, SLICE("yes"));
	return *out || slice_eq(text, SLICE("no")) ? RC_OK : RC_SYNTAX;
}

static enum rc
set_strict(struct world *w, struct slice value)
{
	return read_flag(value, &w->server.rules.strict);
}

static enum rc
set_body_only(struct world *w, struct slice value)
{
	return read_flag(value, &w->server.rules.body_only);
}

static enum rc
set_modern_ping(struct world *w, struct slice value)
{
	return read_flag(value, &w->server.rules.modern_ping);
}

static enum rc
set_origin(struct world *w, struct slice value)
{
	if (w->server.rules.n_origins == WORLD_LIST_MAX)
		return RC_FULL;
	w->origins[w->server.rules.n_origins++] = value;
	return RC_OK;
}

static enum rc
set_host(struct world *w, struct slice value)
{
	if (w->server.rules.n_hosts == WORLD_LIST_MAX)
		return RC_FULL;
	w->hosts[w->server.rules.n_hosts++] = value;
	return RC_OK;
}

static enum rc
set_path(struct world *w, struct slice value)
{
	w->server.rules.path = value;
	return RC_OK;
}

static enum rc
set_page(struct world *w, struct slice value)
{
	uint64_t n;
	enum rc rc = read_u64(value, &n);

	w->server.rules.page = rc == RC_OK ? (uint32_t)n : 0;
	return rc;
}

static enum rc
set_body(struct world *w, struct slice value)
{
	uint64_t n = 0;
	enum rc rc = read_u64(value, &n);

	w->body_max = (size_t)n;
	return rc;
}

static enum rc
set_result(struct world *w, struct slice value)
{
	uint64_t n = 0;
	enum rc rc = read_u64(value, &n);

	w->result_max = (size_t)n;
	return rc;
}

static enum rc
set_total(struct world *w, struct slice value)
{
	uint64_t n = 0;
	enum rc rc = read_u64(value, &n);

	w->server.rules.sessions_total = (int64_t)n;
	return rc;
}

static enum rc
set_per_principal(struct world *w, struct slice value)
{
	uint64_t n = 0;
	enum rc rc = read_u64(value, &n);

	w->server.rules.sessions_principal = (int64_t)n;
	return rc;
}

static enum rc
set_remote_user(struct world *w, struct slice value)
{
	if (slice_eq(value, SLICE("auto")))
		w->server.rules.remote_user = TRUST_AUTH_TYPE;
	else if (slice_eq(value, SLICE("yes")))
		w->server.rules.remote_user = TRUST_ALWAYS;
	else if (slice_eq(value, SLICE("no")))
		w->server.rules.remote_user = TRUST_NEVER;
	else
		return RC_SYNTAX;
	return RC_OK;
}

static enum rc
set_sse(struct world *w, struct slice value)
{
	w->server.rules.sse_path =
	    slice_eq(value, SLICE("none")) ? SLICE_NONE : value;
	return RC_OK;
}

static enum rc
set_messages(struct world *w, struct slice value)
{
	w->server.rules.messages_path =
	    slice_eq(value, SLICE("none")) ? SLICE_NONE : value;
	return RC_OK;
}

static enum rc
set_stream_age(struct world *w, struct slice value)
{
	struct buf why = BUF_INIT(1024);
	enum rc rc = world_span(value, &w->server.rules.stream_age_ms, &why);

	buf_release(&why);
	return rc;
}

static enum rc
set_ttl(struct world *w, struct slice value)
{
	struct buf why = BUF_INIT(1024);
	enum rc rc =
	    world_span(value, &w->server.rules.list_cache.ttl_ms, &why);

	buf_release(&why);
	return rc;
}

static enum rc
set_scope(struct world *w, struct slice value)
{
	w->server.rules.list_cache.is_public = slice_eq(value, SLICE("public"));
	return RC_OK;
}

/* Not a key of the program: which of the fake tools there are. */
static enum rc
set_tools(struct world *w, struct slice value)
{
	if (!slice_eq(value, SLICE("all")))
		return RC_SYNTAX;
	fake_tools_free(w->tools);
	return fake_tools_open_all(&w->tool_calls, &w->tools);
}

static const struct key {
	struct slice name;
	enum rc (*set)(struct world *, struct slice);
} world_keys[] = {
	{ SLICE_INIT("http.sessions"), set_sessions },
	{ SLICE_INIT("http.strict"), set_strict },
	{ SLICE_INIT("http.body_only"), set_body_only },
	{ SLICE_INIT("http.modern_ping"), set_modern_ping },
	{ SLICE_INIT("http.path"), set_path },
	{ SLICE_INIT("http.sse"), set_sse },
	{ SLICE_INIT("http.messages"), set_messages },
	{ SLICE_INIT("http.stream_age"), set_stream_age },
	{ SLICE_INIT("http.origins"), set_origin },
	{ SLICE_INIT("http.hosts"), set_host },
	{ SLICE_INIT("auth.remote_user"), set_remote_user },
	{ SLICE_INIT("catalog.ttl"), set_ttl },
	{ SLICE_INIT("catalog.scope"), set_scope },
	{ SLICE_INIT("test.tools"), set_tools },
	{ SLICE_INIT("limits.page"), set_page },
	{ SLICE_INIT("limits.body"), set_body },
	{ SLICE_INIT("limits.result"), set_result },
	{ SLICE_INIT("limits.sessions"), set_total },
	{ SLICE_INIT("limits.sessions_principal"), set_per_principal },
};

enum rc
world_set(struct world *w, const struct field *f, struct buf *why)
{
	enum rc rc = RC_NOTFOUND;

	for (size_t i = 0; i < sizeof(world_keys) / sizeof(*world_keys); i++) {
		if (slice_eq(world_keys[i].name, f->name))
			rc = world_keys[i].set(w, f->value);
	}
	if (rc != RC_OK)
		buf_printf(
		    why, "config: %.*s: %s", SLICE_FMT(f->name), rc_name(rc));
	return rc;
}
