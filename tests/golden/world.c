#include "world.h"

#define WORLD_ARENA ((size_t)16 * 1024 * 1024)
/* 2026-09-01T12:00:00Z, unless a script says otherwise. */
#define WORLD_TIME "2026-09-01T12:00:00Z"

static void
log_to_buf(void *ctx, struct slice lines)
{
	buf_put_slice(ctx, lines);
}

/* Days since 1970-01-01 in the Gregorian calendar: years that begin in March
 * put the leap day last. */
static int64_t
days(int64_t y, int64_t m, int64_t d)
{
	int64_t month = (m + 9) % 12;
	int64_t year = y - (m <= 2 ? 1 : 0);

	return 365 * year + year / 4 - year / 100 + year / 400 +
	    (153 * month + 2) / 5 + d - 719469;
}

/* "2026-09-01T12:00:00Z" as milliseconds. */
static enum rc
read_time(struct slice text, int64_t *out)
{
	static const struct {
		unsigned char at;
		unsigned char n;
	} part[] = { { 0, 4 }, { 5, 2 }, { 8, 2 }, { 11, 2 }, { 14, 2 },
		{ 17, 2 } };
	int64_t v[6] = { 0 };

	if (text.len != sizeof(WORLD_TIME) - 1)
		return RC_SYNTAX;
	for (size_t i = 0; i < 6; i++) {
		for (size_t k = 0; k < part[i].n; k++) {
			char c = text.ptr[part[i].at + k];

			if (c < '0' || c > '9')
				return RC_SYNTAX;
			v[i] = v[i] * 10 + (c - '0');
		}
	}
	*out =
	    (((days(v[0], v[1], v[2]) * 24 + v[3]) * 60 + v[4]) * 60 + v[5]) *
	    1000;
	return RC_OK;
}

void
world_start(struct world *w)
{
	struct server_rules rules = w->server.rules;

	server_init(&w->server);
	w->server.clock = &w->clock.clock;
	w->server.rng = &w->rng.rng;
	w->server.log = &w->log;
	w->server.store = &w->store.base;
	w->server.toolbox = fake_tools_toolbox(w->tools);
	w->server.info.name = SLICE("golden");
	w->server.info.version = SLICE("1.0");
	w->server.rules = rules;
	w->server.body.max = w->result_max;
}

/* The documented defaults. */
static void
set_defaults(struct world *w)
{
	struct server_rules *rules;

	w->body_max = (size_t)4 * 1024 * 1024;
	w->result_max = (size_t)16 * 1024 * 1024;
	server_init(&w->server);
	rules = &w->server.rules;
	rules->sse_path = SLICE("/sse");
	rules->messages_path = SLICE("/messages");
	rules->origins = w->origins;
	rules->hosts = w->hosts;
	rules->store_timeout_ms = 2000;
	rules->tool_timeout_ms = 60000;
}

static enum rc
down_or_not(void *ctx, enum store_call call)
{
	(void)call;
	return ((struct world *)ctx)->is_store_down ? RC_BUSY : RC_OK;
}

static enum rc
open_store(struct world *w)
{
	struct store *inner;
	enum rc rc;

	store_scratch_init_fast(&w->scratch);
	rc = store_scratch_fresh(&w->scratch, &w->clock.clock, 1, &inner);
	if (rc != RC_OK)
		return rc;
	store_count_init(&w->store, inner);
	w->store.before = down_or_not;
	w->store.ctx = w;
	return RC_OK;
}

enum rc
world_init(struct world *w, const struct script *s, struct buf *why)
{
	int64_t now = 0;
	enum rc rc;

	*w = (struct world){ .arena = ARENA_INIT(WORLD_ARENA) };
	w->log_text = BUF_INIT(WORLD_ARENA);
	w->log = LOG_INIT(log_to_buf, &w->log_text, LOG_DEBUG);
	w->origins =
	    arena_alloc(&w->arena, WORLD_LIST_MAX * sizeof(*w->origins));
	w->hosts = arena_alloc(&w->arena, WORLD_LIST_MAX * sizeof(*w->hosts));
	rc = read_time(s->time.ptr == NULL ? SLICE(WORLD_TIME) : s->time, &now);
	if (rc != RC_OK || w->origins == NULL || w->hosts == NULL) {
		buf_printf(why, "time: not like " WORLD_TIME);
		return RC_SYNTAX;
	}
	fake_clock_init(&w->clock, now);
	counted_rng_init(&w->rng, 1);
	rc = open_store(w);
	if (rc == RC_OK)
		rc = fake_tools_open(&w->tool_calls, &w->tools);
	if (rc != RC_OK)
		return rc;
	set_defaults(w);
	for (const struct field *f = s->config; f != NULL && rc == RC_OK;
	     f = f->next)
		rc = world_set(w, f, why);
	world_start(w);
	return rc;
}

void
world_release(struct world *w)
{
	server_release(&w->server);
	fake_tools_free(w->tools);
	if (w->store.inner != NULL)
		w->store.base.ops->close(&w->store.base);
	store_scratch_release(&w->scratch);
	log_release(&w->log);
	buf_release(&w->log_text);
	arena_release(&w->arena);
}

struct op
world_op(struct world *w)
{
	return (struct op){
		.now_ms = w->clock.wall,
		.give_up_mono = w->clock.mono / 1000 + 1000,
		.arena = &w->arena,
	};
}
