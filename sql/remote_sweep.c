/* Sweeping, in pieces that anybody may do at any time. */

#include "remote_ops.h"

const struct remote_text remote_sweep_texts[] = {
	{ REMOTE_SWEEP_SESSIONS,
	    { "mcp_sweep_sessions", "nnnn", REMOTE_REPEATABLE } },
	{ REMOTE_SWEEP_STREAMS,
	    { "mcp_sweep_streams", "nnnn", REMOTE_REPEATABLE } },
	{ REMOTE_SWEEP_EVENTS,
	    { "mcp_sweep_events", "nnn", REMOTE_REPEATABLE } },
	{ REMOTE_SWEEP_CALLS,
	    { "mcp_sweep_calls", "nnnn", REMOTE_REPEATABLE } },
	{ REMOTE_SWEEP_REST,
	    { "mcp_sweep_rest", "nnnnnnn", REMOTE_REPEATABLE } },
	{ REMOTE_ROUTINES, { NULL, NULL, REMOTE_READ } },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One transaction takes no more rows than these, and others wait for it. */
#define SWEEP_MAX 500
#define MINUTE_MS ((int64_t)60 * 1000)
/* Clocks of hosts differ: who looks every minute shall not miss a signal, and
 * what is kept for seconds is judged by those who ask for it. */
#define SKEW_MS (10 * MINUTE_MS)
#define CANCEL_MS (SKEW_MS + MINUTE_MS)
/* What may be used once was sealed by one clock, its end was noted by another,
 * and it is still taken by a third. */
#define NONCE_MS (2 * SKEW_MS)
/* Nobody asks for the outcome of an attempt for as long. */
#define DONE_MS (60 * MINUTE_MS)
/* A host that has not beaten for so long is no more. */
#define HOST_MS (MINUTE_MS * 60 * 24 * 30)

/* One piece of work: how many rows it may still take. */
struct piece {
	struct remote_store *s;
	const struct op *op;
	const struct sweep_rules *rules;
	struct sweep_done *done;
	int64_t left;
};

/* Run a part; its row. */
static enum rc
run(struct piece *p, enum remote_sql which, const struct remote_value *v,
    size_t n, struct remote_rows *rows)
{
	enum rc rc = remote_rows(p->s, p->op, which, v, n, rows);

	return rc == RC_OK ? remote_outcome(rows) : rc;
}

static enum rc
sweep_sessions(struct piece *p)
{
	const struct remote_value v[] = { REMOTE_NUMBER(p->op->now_ms),
		REMOTE_NUMBER(p->rules->created_before),
		REMOTE_NUMBER(p->rules->idle_before), REMOTE_NUMBER(p->left) };
	struct remote_rows rows;
	enum rc rc = run(p, REMOTE_SWEEP_SESSIONS, v, COUNT(v), &rows);

	if (rc != RC_OK)
		return rc;
	p->done->removed += remote_number(&rows, 0, 1);
	p->done->forgotten += remote_number(&rows, 0, 2);
	p->left -= remote_number(&rows, 0, 3);
	return RC_OK;
}

/* A part that says how many rows have gone. */
static enum rc
sweep_part(struct piece *p, enum remote_sql which, const struct remote_value *v,
    size_t n)
{
	struct remote_rows rows;
	enum rc rc;

	if (p->left <= 0)
		return RC_OK;
	rc = run(p, which, v, n, &rows);
	if (rc != RC_OK)
		return rc;
	p->done->others += remote_number(&rows, 0, 1);
	p->left -= remote_number(&rows, 0, 1);
	return RC_OK;
}

static enum rc
sweep_streams(struct piece *p)
{
	const struct remote_value v[] = { REMOTE_NUMBER(
					      p->rules->streams_before),
		REMOTE_NUMBER(p->rules->unsent_before), REMOTE_NUMBER(p->left),
		REMOTE_NUMBER(p->op->relaxed) };

	return sweep_part(p, REMOTE_SWEEP_STREAMS, v, COUNT(v));
}

static enum rc
sweep_events(struct piece *p)
{
	const struct remote_value v[] = { REMOTE_NUMBER(
					      p->rules->events_before),
		REMOTE_NUMBER(p->left), REMOTE_NUMBER(p->op->relaxed) };

	return sweep_part(p, REMOTE_SWEEP_EVENTS, v, COUNT(v));
}

static enum rc
sweep_calls(struct piece *p)
{
	const struct sweep_rules *rules = p->rules;
	const int64_t before = rules->streams_before > rules->unsent_before
	    ? rules->streams_before
	    : rules->unsent_before;
	const struct remote_value v[] = { REMOTE_NUMBER(p->op->now_ms),
		REMOTE_NUMBER(before), REMOTE_NUMBER(p->op->now_ms - CANCEL_MS),
		REMOTE_NUMBER(p->left) };

	return sweep_part(p, REMOTE_SWEEP_CALLS, v, COUNT(v));
}

static enum rc
sweep_rest(struct piece *p)
{
	const int64_t now = p->op->now_ms;
	const struct remote_value v[] = { REMOTE_NUMBER(now - NONCE_MS),
		REMOTE_NUMBER(p->rules->signals_before - SKEW_MS),
		REMOTE_NUMBER(p->rules->topics_before),
		REMOTE_NUMBER(now - DONE_MS), REMOTE_NUMBER(now - HOST_MS),
		REMOTE_NUMBER(p->left), REMOTE_NUMBER(p->op->relaxed) };
	struct remote_rows rows;
	enum rc rc;

	if (p->left <= 0)
		return RC_OK;
	rc = run(p, REMOTE_SWEEP_REST, v, COUNT(v), &rows);
	if (rc != RC_OK)
		return rc;
	p->done->others += remote_number(&rows, 0, 1);
	p->left -= remote_number(&rows, 0, 2);
	return RC_OK;
}

enum rc
remote_sweep(struct store *base, const struct op *op,
    const struct sweep_rules *rules, struct sweep_done *done)
{
	struct piece piece = { (struct remote_store *)base, op, rules, done,
		rules->limit < SWEEP_MAX ? rules->limit : SWEEP_MAX };
	enum rc rc;

	*done = (struct sweep_done){ 0 };
	if (piece.left <= 0)
		return RC_OK;
	rc = sweep_sessions(&piece);
	if (rc == RC_OK)
		rc = sweep_streams(&piece);
	if (rc == RC_OK)
		rc = sweep_events(&piece);
	if (rc == RC_OK)
		rc = sweep_calls(&piece);
	if (rc == RC_OK)
		rc = sweep_rest(&piece);
	/* What was committed before the failure is done and told next time. */
	done->more = rc == RC_OK && piece.left <= 0;
	return rc;
}
