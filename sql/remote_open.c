#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "migrate.h"
#include "remote_ops.h"
#include "store_open.h"

/* Whoever waits for a sentence. */
#define OPEN_MS 5000
/* An attempt to connect takes no longer, whatever the deadline of the call. */
#define CONNECT_MS 2000
/* Pauses between attempts: doubled from the first to the last. */
#define PAUSE_MS 50
#define PAUSE_MAX_MS 1600
#define URL_MAX 4096
/* Between two looks whether another process has applied the schema. */
#define LOCK_MS 50

void
remote_drop(struct remote_store *s)
{
	s->is_ready = false;
	s->engine->ops->drop(s->engine);
}

/* xorshift */
static uint64_t
chance(struct remote_store *s)
{
	s->noise ^= s->noise << 13;
	s->noise ^= s->noise >> 7;
	s->noise ^= s->noise << 17;
	return s->noise;
}

/* From half of it up to all. */
static int64_t
jitter(struct remote_store *s, int64_t ms)
{
	const uint64_t half = (uint64_t)ms / 2;

	return ms - (int64_t)(half == 0 ? 0 : chance(s) % (half + 1));
}

bool
remote_nap(struct remote_store *s, const struct op *op, int64_t ms)
{
	const int64_t left = op->give_up_mono - clock_mono_ms(s->clock);

	if (left <= 0)
		return false;
	ms = jitter(s, ms);
	(void)poll(NULL, 0, (int)(ms < left ? ms : left));
	return clock_mono_ms(s->clock) < op->give_up_mono;
}

/* One step of the set-up, by text; RC_BUSY without a connection. */
static enum rc
ask(struct remote_store *s, const struct op *op, const char *sql,
    int64_t *number, struct buf *why)
{
	struct remote_engine *e = s->engine;
	int64_t ignored;

	switch (e->ops->text(e, sql, op->give_up_mono,
	    number == NULL ? &ignored : number, why)) {
	case REMOTE_DONE:
		return RC_OK;
	case REMOTE_NOSPACE:
		return RC_FULL;
	case REMOTE_NOMEMORY:
		return RC_NOMEM;
	case REMOTE_AGAIN:
	case REMOTE_DOUBLE:
	case REMOTE_LOST:
	case REMOTE_UNKNOWN:
		return RC_BUSY;
	case REMOTE_FAILED:
		break;
	}
	return RC_IO;
}

/* The highest file applied, 0 in an empty database. */
static enum rc
read_schema(struct remote_store *s, const struct op *op, int64_t *schema,
    struct buf *why)
{
	const int newest = migrate_newest(s->engine->ops->name);
	int64_t has_meta = 0;
	int64_t oldest = 0;
	enum rc rc = ask(s, op, s->engine->ops->has_meta, &has_meta, why);

	*schema = 0;
	if (rc != RC_OK || has_meta == 0)
		return rc;
	rc = ask(s, op, "SELECT v FROM mcp_meta WHERE k = 'oldest_program'",
	    &oldest, why);
	if (rc == RC_OK)
		rc = ask(s, op, "SELECT v FROM mcp_meta WHERE k = 'schema'",
		    schema, why);
	if (rc == RC_OK && oldest > newest) {
		buf_printf(why,
		    "made for newer programs: it asks for schema %lld, this "
		    "program knows %d; install the newer release",
		    (long long)oldest, newest);
		return RC_IO;
	}
	return rc;
}

static enum rc
apply_files(struct remote_store *s, const struct op *op, struct buf *why)
{
	int64_t schema = 0;
	enum rc rc = read_schema(s, op, &schema, why);

	for (const struct schema_file *f = migrate_files(s->engine->ops->name);
	     f->number != 0 && rc == RC_OK; f++) {
		struct buf set = BUF_INIT(128);

		if (f->number <= schema)
			continue;
		buf_printf(&set,
		    "UPDATE mcp_meta SET v = %d"
		    " WHERE k = 'schema' AND v < %d",
		    f->number, f->number);
		rc = buf_finish(&set);
		if (rc == RC_OK)
			rc = ask(s, op, f->sql, NULL, why);
		if (rc == RC_OK)
			rc = ask(s, op, set.ptr, NULL, why);
		buf_release(&set);
		if (rc == RC_OK)
			log_event(s->log, LOG_INFO, "store", "url=%s schema=%s",
			    s->url, f->name);
	}
	return rc;
}

/* One process at a time. */
static enum rc
lock(struct remote_store *s, const struct op *op, struct buf *why)
{
	int64_t is_mine = 0;
	enum rc rc;

	do {
		rc = ask(s, op, s->engine->ops->lock, &is_mine, why);
		if (rc != RC_OK || is_mine == 1)
			return rc;
	} while (remote_nap(s, op, LOCK_MS));
	buf_put_slice(why, SLICE("another process sets it up"));
	return RC_BUSY;
}

/* Whoever fails to unlock has lost the lock with the connection, or loses it
 * now. */
static enum rc
unlock(struct remote_store *s, const struct op *op, enum rc rc)
{
	struct buf why = BUF_INIT(256);

	if (ask(s, op, s->engine->ops->unlock, NULL, &why) != RC_OK)
		remote_drop(s);
	buf_release(&why);
	return rc;
}

static enum rc
migrate(struct remote_store *s, const struct op *op, struct buf *why)
{
	int64_t schema = 0;
	enum rc rc = read_schema(s, op, &schema, why);

	if (rc != RC_OK || schema >= migrate_newest(s->engine->ops->name))
		return rc;
	s->is_empty = schema == 0 && !s->may_create;
	if (s->is_empty) {
		buf_put_slice(
		    why, SLICE("empty; set it up with mcpctl schema apply"));
		return RC_IO;
	}
	rc = lock(s, op, why);
	if (rc != RC_OK)
		return rc;
	return unlock(s, op, apply_files(s, op, why));
}

/*
 * A new store begins with a number that no other store is likely to have: ids
 * of another store with the same cluster key are then known as such.
 */
static enum rc
begin_incarnation(struct remote_store *s, const struct op *op, struct buf *why)
{
	struct buf sql = BUF_INIT(128);
	int64_t incarnation = 0;
	enum rc rc =
	    ask(s, op, "SELECT v FROM mcp_meta WHERE k = 'incarnation'",
		&incarnation, why);

	if (rc != RC_OK || incarnation != 0)
		return rc;
	buf_printf(&sql,
	    "UPDATE mcp_meta SET v = %lld WHERE k = 'incarnation' AND v = 0",
	    (long long)((chance(s) & INT32_MAX) | 1));
	rc = buf_finish(&sql);
	if (rc == RC_OK)
		rc = ask(s, op, sql.ptr, NULL, why);
	buf_release(&sql);
	return rc;
}

static enum rc
note_timeline(struct remote_store *s, const struct op *op, int64_t timeline,
    struct buf *why)
{
	struct buf sql = BUF_INIT(128);
	enum rc rc;

	buf_printf(&sql, "UPDATE mcp_meta SET v = %lld WHERE k = 'timeline'",
	    (long long)timeline);
	rc = buf_finish(&sql);
	if (rc == RC_OK)
		rc = ask(s, op, sql.ptr, NULL, why);
	buf_release(&sql);
	return rc;
}

/* With the lock in hand.  The number is noted last: who dies in between leaves
 * it to be done again. */
static enum rc
follow_timeline(struct remote_store *s, const struct op *op, int64_t timeline,
    struct buf *why)
{
	int64_t known = 0;
	enum rc rc = ask(
	    s, op, "SELECT v FROM mcp_meta WHERE k = 'timeline'", &known, why);

	if (rc != RC_OK || known == timeline)
		return rc;
	if (known != 0 && s->base.ops->renew != NULL) {
		log_event(s->log, LOG_WARNING, "store",
		    "url=%s timeline=%lld was=%lld", s->url,
		    (long long)timeline, (long long)known);
		s->is_renewing = true;
		s->is_ready = true;
		rc = s->base.ops->renew(&s->base, op);
		s->is_renewing = false;
		s->is_ready = false;
	}
	return rc == RC_OK ? note_timeline(s, op, timeline, why) : rc;
}

/* Has the server become another one, which may have lost commits? */
static enum rc
watch_timeline(struct remote_store *s, const struct op *op, struct buf *why)
{
	int64_t timeline = 0;
	int64_t known = 0;
	struct buf ignored = BUF_INIT(256);
	enum rc rc;

	if (s->engine->ops->timeline == NULL || s->is_renewing)
		return RC_OK;
	rc = ask(s, op, s->engine->ops->timeline, &timeline, &ignored);
	buf_release(&ignored);
	if (rc != RC_OK || timeline == 0)
		return rc == RC_BUSY ? rc : RC_OK;
	rc = ask(
	    s, op, "SELECT v FROM mcp_meta WHERE k = 'timeline'", &known, why);
	if (rc != RC_OK || known == timeline)
		return rc;
	rc = lock(s, op, why);
	if (rc != RC_OK)
		return rc;
	return unlock(s, op, follow_timeline(s, op, timeline, why));
}

static enum rc
set_up(struct remote_store *s, const struct op *op, struct buf *why)
{
	enum rc rc = migrate(s, op, why);

	if (rc == RC_OK)
		rc = begin_incarnation(s, op, why);
	if (rc == RC_OK)
		rc = watch_timeline(s, op, why);
	return rc;
}

static enum rc
connect(struct remote_store *s, const struct op *op, struct buf *why)
{
	struct remote_engine *e = s->engine;
	const int64_t soon = clock_mono_ms(s->clock) + CONNECT_MS;

	switch (e->ops->connect(
	    e, op->give_up_mono < soon ? op->give_up_mono : soon, why)) {
	case REMOTE_DONE:
		return RC_OK;
	case REMOTE_NOMEMORY:
		return RC_NOMEM;
	case REMOTE_FAILED:
	case REMOTE_NOSPACE:
		return RC_IO;
	case REMOTE_AGAIN:
	case REMOTE_DOUBLE:
	case REMOTE_LOST:
	case REMOTE_UNKNOWN:
		break;
	}
	return RC_BUSY;
}

/* The next attempt is not at once, and not with everybody else's.  Whoever
 * `is_told` the sentence needs no line of the log. */
static void
note_failure(
    struct remote_store *s, enum rc rc, const struct buf *why, bool is_told)
{
	/* Once for each outage, and again if it becomes another one: the
	 * server is back, and now refuses us. */
	const bool is_news = s->failures == 0 || rc != s->failed;
	const int64_t now = clock_mono_ms(s->clock);
	int64_t pause = PAUSE_MAX_MS;

	if (s->failures == 0)
		s->failed_mono = now;
	if (s->failures < 5)
		pause = (int64_t)PAUSE_MS << s->failures;
	log_event(s->log, is_news && !is_told ? LOG_ERROR : LOG_DEBUG, "store",
	    "url=%s connect=%s why=%.*s", s->url, rc_name(rc),
	    SLICE_FMT(buf_slice(why)));
	s->failures++;
	s->failed = rc;
	s->retry_mono = now + jitter(s, pause);
}

static void
note_success(struct remote_store *s)
{
	log_event(s->log, s->failures > 0 ? LOG_WARNING : LOG_INFO, "store",
	    "url=%s connect=ok failures=%u after_ms=%lld", s->url, s->failures,
	    s->failures == 0
		? 0LL
		: (long long)(clock_mono_ms(s->clock) - s->failed_mono));
	s->failures = 0;
}

static enum rc
reconnect(
    struct remote_store *s, const struct op *op, struct buf *why, bool is_told)
{
	enum rc rc = RC_OK;

	s->pid = getpid();
	if (!s->engine->ops->is_connected(s->engine))
		rc = connect(s, op, why);
	if (rc == RC_OK)
		rc = set_up(s, op, why);
	/* Unlocking may have cost the connection. */
	if (rc == RC_OK && !s->engine->ops->is_connected(s->engine))
		rc = RC_BUSY;
	if (rc == RC_OK) {
		s->is_ready = true;
		note_success(s);
		return RC_OK;
	}
	note_failure(s, rc, why, is_told);
	remote_drop(s);
	return rc;
}

enum rc
remote_ready(struct remote_store *s, const struct op *op, struct buf *why)
{
	struct buf own = BUF_INIT(2048);
	enum rc rc;

	/* Two processes on one connection would read each other's rows. */
	if (s->pid != 0 && s->pid != getpid())
		return RC_BUG;
	if (s->is_ready && s->engine->ops->is_connected(s->engine))
		return RC_OK;
	if (clock_mono_ms(s->clock) < s->retry_mono)
		return RC_BUSY;
	s->is_ready = false;
	rc = reconnect(s, op, &own, why != NULL);
	if (rc != RC_OK && why != NULL)
		buf_put_slice(why, buf_slice(&own));
	buf_release(&own);
	return rc;
}

static enum rc
connect_now(struct remote_store *s, struct buf *why)
{
	struct arena arena = ARENA_INIT(65536);
	const struct op op = { .now_ms = clock_wall_ms(s->clock),
		.give_up_mono = clock_mono_ms(s->clock) + OPEN_MS,
		.arena = &arena };
	enum rc rc = remote_ready(s, &op, why);

	arena_release(&arena);
	return rc != RC_OK && s->is_empty ? RC_NOTFOUND : rc;
}

enum rc
remote_open(const struct remote_options *o, struct remote_engine *engine,
    struct store **out, struct buf *why)
{
	struct remote_store *s = calloc(1, sizeof(*s));
	struct buf url = BUF_INIT(URL_MAX);
	enum rc rc;

	*out = NULL;
	if (s == NULL) {
		engine->ops->free(engine);
		return RC_NOMEM;
	}
	*s = (struct remote_store){ .base = { &remote_ops },
		.engine = engine,
		.clock = o->clock,
		.rng = o->rng,
		.log = o->log,
		.may_create = o->create };
	store_open_put_url(&url, o->url);
	rc = buf_finish(&url);
	s->url = url.ptr; /* malloc'ed: the store's from now on */
	if (rc == RC_OK)
		rc = rng_fill(o->rng, &s->noise, sizeof(s->noise));
	s->noise |= 1; /* zero would stay zero */
	if (rc == RC_OK && o->connect_now)
		rc = connect_now(s, why);
	if (rc == RC_OK)
		*out = &s->base;
	else
		remote_close(&s->base);
	return rc;
}
