#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "remote_ops.h"

/* Between attempts of one statement, doubled from the first to the last. */
#define AGAIN_MS 4
#define AGAIN_MAX_MS 64

const struct remote_text remote_store_texts[] = {
	{ REMOTE_DONE_FIND, { "mcp_done_find", "b", REMOTE_READ } },
	{ REMOTE_ROUTINES, { NULL, NULL, REMOTE_READ } },
};

/* One call of a routine, however often it has to be tried. */
struct work {
	struct remote_store *store;
	const struct op *op;
	enum remote_sql which;
	const struct remote_routine *routine;
	struct remote_value value[REMOTE_ARGS_MAX];
	struct remote_rows *rows;
	unsigned char mark[REMOTE_MARK_BYTES];
	int64_t pause;   /* the next one */
	bool is_lost;    /* a connection was lost meanwhile */
	bool is_unknown; /* it may have been done by an earlier attempt */
	/* It may be done yet, and would be in the name of this process. */
	bool is_pending;
	bool is_recalled;
	/* It answered that it could not, which is so unless an earlier attempt
	 * is found to have done it. */
	bool is_refused;
	struct remote_rows refusal;
};

static bool
is_once(const struct work *w)
{
	return w->routine->kind == REMOTE_ONCE;
}

/* The arguments, with a mark that nobody else has. */
static enum rc
fill(struct work *w, const struct remote_value *v, size_t n)
{
	size_t at = 0;

	w->routine = remote_routine(w->which);
	if (w->routine == NULL)
		return RC_BUG;
	if (n + (is_once(w) ? 1 : 0) != strlen(w->routine->types) ||
	    n >= REMOTE_ARGS_MAX)
		return RC_BUG;
	if (is_once(w)) {
		enum rc rc = rng_fill(w->store->rng, w->mark, sizeof(w->mark));

		if (rc != RC_OK)
			return rc;
		w->value[at++] = REMOTE_BYTES(w->mark, sizeof(w->mark));
	}
	if (n > 0)
		memcpy(w->value + at, v, n * sizeof(*v));
	return RC_OK;
}

static void
complain(const struct work *w, const struct buf *why)
{
	log_event(w->store->log, LOG_ERROR, "store",
	    "url=%s routine=%s why=%.*s", w->store->url, w->routine->name,
	    SLICE_FMT(buf_slice(why)));
}

static enum remote_result
run_one(struct work *w, enum remote_sql which, const struct remote_value *v,
    struct remote_rows *rows)
{
	struct remote_engine *e = w->store->engine;
	struct buf why = BUF_INIT(1024);
	enum remote_result result;

	*rows = (struct remote_rows){ NULL, 0, 0 };
	result = e->ops->run(e, which, remote_routine(which), v,
	    w->op->give_up_mono, w->op->arena, rows, &why);
	if (result == REMOTE_FAILED)
		complain(w, &why);
	if (result == REMOTE_LOST || result == REMOTE_UNKNOWN) {
		log_event(w->store->log, LOG_WARNING, "store",
		    "url=%s routine=%s lost=%.*s", w->store->url,
		    w->routine->name, SLICE_FMT(buf_slice(&why)));
		remote_drop(w->store);
	}
	buf_release(&why);
	return result;
}

/* What an earlier attempt left, if it was done. */
static enum remote_result
recall(struct work *w)
{
	const struct remote_value mark = REMOTE_BYTES(w->mark, sizeof(w->mark));
	struct remote_rows rows;
	enum remote_result result = run_one(w, REMOTE_DONE_FIND, &mark, &rows);

	if (result == REMOTE_UNKNOWN)
		return REMOTE_LOST; /* it only reads */
	if (result != REMOTE_DONE || rows.n == 0)
		return result;
	*w->rows = rows;
	w->is_recalled = true;
	return REMOTE_DONE;
}

/* Was it refused because of what an earlier attempt of its own has done only
 * just now: the session is there, the call has ended? */
static enum remote_result
look_back(struct work *w)
{
	const enum remote_result result = recall(w);

	if (result == REMOTE_DONE && !w->is_recalled)
		*w->rows = w->refusal;
	return result;
}

/* Once, with a connection. */
static enum remote_result
attempt(struct work *w)
{
	enum remote_result result;

	if (w->is_refused)
		return look_back(w);
	if (w->is_unknown) {
		result = recall(w);
		if (result != REMOTE_DONE || w->is_recalled)
			return result;
	}
	result = run_one(w, w->which, w->value, w->rows);
	if (result == REMOTE_UNKNOWN && is_once(w))
		w->is_unknown = true;
	/* Nobody may be left who reads that stream, but for its owner. */
	if (result == REMOTE_UNKNOWN && w->which == REMOTE_STREAM_ATTACH)
		w->is_pending = true;
	if (result == REMOTE_DOUBLE && is_once(w)) {
		w->is_unknown = true;
		return REMOTE_AGAIN;
	}
	if (result != REMOTE_DONE || !w->is_unknown ||
	    remote_number(w->rows, 0, 0) == REMOTE_OK)
		return result;
	w->is_refused = true;
	w->refusal = *w->rows;
	return look_back(w);
}

/* Without a connection, or in the way of others: may it be tried again?  The
 * first time a connection is lost a new one is tried at once: the server may
 * have been started anew long ago. */
static enum rc
wait_for_it(struct work *w, enum remote_result result)
{
	struct remote_store *s = w->store;
	int64_t ms = w->pause;

	if (result == REMOTE_LOST || result == REMOTE_UNKNOWN) {
		const int64_t retry = s->retry_mono - clock_mono_ms(s->clock);

		if (!w->is_lost)
			ms = 0;
		if (retry > ms)
			ms = retry;
		w->is_lost = true;
	}
	if (ms >= w->pause && w->pause < AGAIN_MAX_MS)
		w->pause *= 2;
	return remote_nap(s, w->op, ms) ? RC_OK : RC_BUSY;
}

/* Whoever was cut off in the midst of it waits for the server until the
 * deadline; whoever begins without one does not. */
static enum rc
get_ready(struct work *w)
{
	for (;;) {
		enum rc rc = remote_ready(w->store, w->op, NULL);

		if (rc != RC_BUSY || !w->is_lost)
			return rc;
		rc = wait_for_it(w, REMOTE_LOST);
		if (rc != RC_OK)
			return rc;
	}
}

static enum rc
work(struct work *w)
{
	for (;;) {
		enum rc rc = get_ready(w);
		enum remote_result result;

		if (rc != RC_OK)
			return rc;
		result = attempt(w);
		switch (result) {
		case REMOTE_DONE:
			return RC_OK;
		case REMOTE_NOSPACE:
			return RC_FULL;
		case REMOTE_NOMEMORY:
			/* Perhaps for what it answered. */
			w->is_unknown = is_once(w);
			return RC_NOMEM;
		case REMOTE_DOUBLE:
			return RC_BUG;
		case REMOTE_FAILED:
			return RC_IO;
		case REMOTE_AGAIN:
		case REMOTE_LOST:
		case REMOTE_UNKNOWN:
			break;
		}
		rc = wait_for_it(w, result);
		if (rc != RC_OK)
			return rc;
	}
}

enum rc /* NOLINTNEXTLINE(readability-function-size) */
remote_run(struct remote_store *s, const struct op *op, enum remote_sql which,
    const struct remote_value *v, size_t n, struct remote_rows *rows,
    bool *is_recalled)
{
	struct work w = { .store = s,
		.op = op,
		.which = which,
		.rows = rows,
		.pause = AGAIN_MS };
	enum rc rc;

	*rows = (struct remote_rows){ NULL, 0, 0 };
	*is_recalled = false;
	rc = fill(&w, v, n);
	if (rc != RC_OK)
		return rc;
	rc = work(&w);
	*is_recalled = w.is_recalled;
	if (rc != RC_OK) {
		*rows = (struct remote_rows){ NULL, 0, 0 };
		if ((w.is_unknown && !w.is_recalled) || w.is_pending)
			s->is_doubtful = true;
	}
	return rc;
}

enum rc
remote_rows(struct remote_store *s, const struct op *op, enum remote_sql which,
    const struct remote_value *v, size_t n, struct remote_rows *rows)
{
	bool is_recalled;

	return remote_run(s, op, which, v, n, rows, &is_recalled);
}

bool
remote_doubt(struct store *base)
{
	struct remote_store *s = (struct remote_store *)base;
	const bool is_doubtful = s->is_doubtful;

	s->is_doubtful = false;
	return is_doubtful;
}

void
remote_rest(struct store *base)
{
	struct remote_store *s = (struct remote_store *)base;

	if (s->pid == getpid())
		remote_drop(s);
}

void
remote_close(struct store *base)
{
	struct remote_store *s = (struct remote_store *)base;

	/* To say goodbye on a connection of another process would end it. */
	if (s->pid == 0 || s->pid == getpid())
		s->engine->ops->free(s->engine);
	free(s->url);
	free(s);
}
