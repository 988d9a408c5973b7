#include "world.h"

#include "text.h"

/* A stream that never ends would never be seen. */
#define LEAVES_MS 1000

enum rc
world_span(struct slice words, int64_t *out, struct buf *why)
{
	static const struct {
		struct slice unit;
		int64_t ms;
	} units[] = { { SLICE_INIT("ms"), 1 }, { SLICE_INIT("s"), 1000 },
		{ SLICE_INIT("m"), 60000 }, { SLICE_INIT("h"), 3600000 },
		{ SLICE_INIT("d"), 86400000 } };
	struct slice number = words;
	uint64_t n;

	while (number.len > 0 && number.ptr[number.len - 1] >= 'a')
		number.len--;
	if (text_u64(number, 100000, &n) != RC_OK)
		return RC_SYNTAX;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!slice_eq(units[i].unit, slice_from(words, number.len)))
			continue;
		*out = (int64_t)n * units[i].ms;
		return RC_OK;
	}
	buf_printf(why, "a number and ms, s, m, h or d");
	return RC_SYNTAX;
}

static enum rc
do_leaves(struct world *w, struct slice words, struct buf *why)
{
	if (!slice_eq(script_word(&words), SLICE("after")))
		return RC_SYNTAX;
	return world_span(words, &w->leaves_ms, why);
}

bool
world_pass(void *world, int64_t ms)
{
	struct world *w = world;

	fake_clock_advance(&w->clock, ms);
	w->waited_ms += ms;
	return w->waited_ms < (w->leaves_ms > 0 ? w->leaves_ms : LEAVES_MS);
}

/* Somebody says that it has changed. */
static enum rc
do_raise(struct world *w, struct slice words, struct buf *why)
{
	struct op op = world_op(w);
	const struct topic_raise raise = { words, NULL };
	int64_t version;
	bool raised;

	(void)why;
	return w->store.inner->ops->topic_raise(
	    w->store.inner, &op, &raise, &version, &raised);
}

static enum rc
do_advance(struct world *w, struct slice words, struct buf *why)
{
	int64_t ms = 0;
	enum rc rc = world_span(words, &ms, why);

	fake_clock_advance(&w->clock, ms);
	return rc;
}

/* Wall clocks may be wrong; only they do. */
static enum rc
do_skew_back(struct world *w, struct slice words, struct buf *why)
{
	int64_t ms = 0;
	enum rc rc = world_span(words, &ms, why);

	w->clock.wall -= ms;
	return rc;
}

/* "live=1 ended=0", or any part of it. */
static enum rc
do_rows(struct world *w, struct slice words, struct buf *why)
{
	struct op op = world_op(w);
	struct store_info info;
	enum rc rc;

	rc = w->store.inner->ops->info(w->store.inner, &op, &info);
	while (rc == RC_OK && words.len > 0) {
		struct slice value;
		struct slice name = slice_cut(script_word(&words), '=', &value);
		int64_t is = slice_eq(name, SLICE("live"))
		    ? info.sessions_live
		    : info.sessions_ended;
		uint64_t want;

		if (text_u64(value, INT64_MAX, &want) != RC_OK)
			return RC_SYNTAX;
		if (is == (int64_t)want)
			continue;
		buf_printf(why, "%.*s=%lld in the store", SLICE_FMT(name),
		    (long long)is);
		return RC_CONFLICT;
	}
	return rc;
}

static enum rc
expect_count(
    unsigned long is, struct slice words, const char *what, struct buf *why)
{
	uint64_t want;

	if (text_u64(words, INT64_MAX, &want) != RC_OK)
		return RC_SYNTAX;
	if (want == is)
		return RC_OK;
	buf_printf(why, "%lu %s", is, what);
	return RC_CONFLICT;
}

static enum rc
do_store_calls(struct world *w, struct slice words, struct buf *why)
{
	return expect_count(
	    store_count_sessions(&w->store), words, "store calls", why);
}

static enum rc
do_tool_calls(struct world *w, struct slice words, struct buf *why)
{
	return expect_count(w->tool_calls, words, "tools ran", why);
}

static enum rc
do_store(struct world *w, struct slice words, struct buf *why)
{
	(void)why;
	w->is_store_down = slice_eq(words, SLICE("down"));
	return w->is_store_down || slice_eq(words, SLICE("up")) ? RC_OK
								: RC_SYNTAX;
}

/* The sweeper finds every live session idle. */
static enum rc
do_forget(struct world *w, struct slice words, struct buf *why)
{
	struct op op = world_op(w);
	struct sweep_rules rules = {
		.idle_before = op.now_ms + 1, .created_before = 0, .limit = 1000
	};
	struct sweep_done done;

	(void)words;
	(void)why;
	return w->store.inner->ops->sweep(w->store.inner, &op, &rules, &done);
}

static enum rc
renew_store(struct world *w, uint32_t incarnation)
{
	w->store.inner->ops->close(w->store.inner);
	w->store.inner = NULL;
	return store_scratch_fresh(
	    &w->scratch, &w->clock.clock, incarnation, &w->store.inner);
}

/* As after a restore: the same keys, no session. */
static enum rc
do_incarnation(struct world *w, struct slice words, struct buf *why)
{
	struct op op = world_op(w);
	struct store *old = w->store.inner;
	struct key_rows rows;
	uint64_t n;
	enum rc rc;

	(void)why;
	if (text_u64(words, UINT32_MAX, &n) != RC_OK)
		return RC_SYNTAX;
	rc = old->ops->keys(old, &op, &rows);
	if (rc == RC_OK)
		rc = renew_store(w, (uint32_t)n);
	for (size_t i = 0; rc == RC_OK && i < rows.n; i++)
		rc = w->store.inner->ops->key_add(
		    w->store.inner, &op, &rows.row[i]);
	return rc;
}

static enum rc
do_other_store(struct world *w, struct slice words, struct buf *why)
{
	uint64_t n;

	(void)why;
	if (text_u64(words, UINT32_MAX, &n) != RC_OK)
		return RC_SYNTAX;
	return renew_store(w, (uint32_t)n);
}

/* The next request meets a process that knows nothing but the store. */
static enum rc
do_other_host(struct world *w, struct slice words, struct buf *why)
{
	(void)words;
	(void)why;
	server_release(&w->server);
	world_start(w);
	return RC_OK;
}

static const struct directive {
	struct slice name;
	enum rc (*run)(struct world *, struct slice words, struct buf *why);
} directives[] = {
	{ SLICE_INIT("advance"), do_advance },
	{ SLICE_INIT("skew-back"), do_skew_back },
	{ SLICE_INIT("rows"), do_rows },
	{ SLICE_INIT("store-calls"), do_store_calls },
	{ SLICE_INIT("tool-calls"), do_tool_calls },
	{ SLICE_INIT("store"), do_store },
	{ SLICE_INIT("forget"), do_forget },
	{ SLICE_INIT("incarnation"), do_incarnation },
	{ SLICE_INIT("other-store"), do_other_store },
	{ SLICE_INIT("other-host"), do_other_host },
	{ SLICE_INIT("leaves"), do_leaves },
	{ SLICE_INIT("raise"), do_raise },
};

enum rc
world_control(struct world *w, struct slice words, struct buf *why)
{
	struct slice name = script_word(&words);

	for (size_t i = 0; i < sizeof(directives) / sizeof(*directives); i++) {
		if (slice_eq(directives[i].name, name))
			return directives[i].run(w, words, why);
	}
	buf_printf(why, "unknown directive");
	return RC_SYNTAX;
}
