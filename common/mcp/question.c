#include "question_kind.h"
#include "running_part.h"
#include "seal.h"

/*
 * Questions as messages: rows in the store, which any host may fill in.  The
 * keys are unique in a call, so that a call that is run again finds what was
 * asked before, and what was answered.
 */

/* A question that the store will not take is offered again; see responses. */
#define OFFERS_MAX 120
#define OFFER_PAUSE_MS 250
#define OFFERS_MS ((int64_t)30 * 1000)

/* One round, and its params as the client will see them. */
struct round {
	struct tool_question *q;
	size_t n;
	struct slice *params;
};

/* ------------------------------------------------------------- what is asked */

/*
 * What an elicitationId is made of.  A call that is run again is still the
 * same request; a client that was sent elsewhere by an error comes back with
 * a new one, about the same.
 */
static enum rc
put_seed(const struct running *r, bool is_error, struct buf *out)
{
	const struct exchange *x = r->x;
	const struct tool_call *call = &r->call;
	unsigned char digest[DIGEST_BYTES];

	buf_put(out, x->principal.digest, sizeof(x->principal.digest));
	if (x->has_session)
		buf_put(
		    out, x->session.id.key.sid, sizeof(x->session.id.key.sid));
	seal_digest(
	    is_error ? call->arguments->raw : x->message.whole->raw, digest);
	buf_put(out, digest, sizeof(digest));
	seal_digest(
	    call->uri.ptr != NULL ? call->uri : call->tool->name, digest);
	buf_put(out, digest, sizeof(digest));
	return buf_finish(out);
}

/* Once is enough: it may ask again and again. */
static void
complain(
    struct running *r, const struct tool_question *q, const struct buf *why)
{
	if (!r->has_complained)
		question_complain(
		    r->x->server->log, r->call.tool->name, q, why);
	r->has_complained = true;
}

static enum rc
shape(struct running *r, const struct question_client *client,
    const struct tool_question *q, struct slice *params)
{
	struct buf out = BUF_INIT(r->message.max);
	struct buf why = BUF_INIT(QUESTION_WHY_MAX);
	enum rc rc = question_shape(&r->round, client, q, &out, &why);

	if (rc == RC_OK)
		rc = arena_copy(&r->round, buf_slice(&out), params);
	if (rc == RC_SYNTAX)
		complain(r, q, &why);
	buf_release(&why);
	buf_release(&out);
	return rc;
}

static bool
is_round(struct running *r, const struct round *round)
{
	struct buf why = BUF_INIT(QUESTION_WHY_MAX);

	if (round->n > 0 && round->n <= QUESTIONS_MAX)
		return true;
	buf_put_slice(&why, SLICE("so many cannot be asked in one round"));
	if (round->n > 0)
		complain(r, round->q, &why);
	buf_release(&why);
	return false;
}

/* Are all of them questions that this client can be asked? */
static bool
shape_all(struct running *r, struct round *round, bool is_error)
{
	struct buf seed = BUF_INIT(256);
	struct question_client client = { .revision = r->x->revision,
		.caps = r->call.caps };
	enum rc rc;

	if (!is_round(r, round))
		return false;
	round->params =
	    arena_alloc(&r->round, round->n * sizeof(*round->params));
	rc = round->params == NULL ? RC_NOMEM : put_seed(r, is_error, &seed);
	client.seed = buf_slice(&seed);
	for (size_t i = 0; rc == RC_OK && i < round->n; i++)
		rc = shape(r, &client, &round->q[i], &round->params[i]);
	buf_release(&seed);
	return rc == RC_OK;
}

/* Is there a way to its client? */
static bool
has_way(struct running *r)
{
	return r->task != 0 ||
	    (r->x->has_session && running_become(r) && r->row.stream != 0);
}

/*
 * Whoever only has to go somewhere may be told so in the answer, which is an
 * error then (2025-11-25, client/elicitation).
 */
static enum tool_ask
refer(struct running *r, struct round *round)
{
	struct buf b = BUF_INIT(r->message.max);
	bool may = r->x->revision->name == REVISION_2025_11_25;
	enum rc rc;

	for (size_t i = 0; may && i < round->n; i++)
		may = question_is_url(&r->round, &round->q[i]);
	if (!may || !shape_all(r, round, true))
		return ASK_UNSUPPORTED;
	buf_put_slice(&b, SLICE("{\"elicitations\":["));
	for (size_t i = 0; i < round->n; i++) {
		json_put_comma(&b);
		buf_put_slice(&b, round->params[i]);
	}
	buf_put_slice(&b, SLICE("]}"));
	rc = buf_finish(&b);
	if (rc == RC_OK)
		rc = arena_copy(r->call.arena, buf_slice(&b), &r->urls);
	buf_release(&b);
	return rc == RC_OK ? ASK_PENDING : ASK_UNSUPPORTED;
}

/* -------------------------------------------------------------- reading */

static enum rc
read_rows(struct running *r, struct question_rows *rows)
{
	struct store *store = r->x->server->store;
	struct op op = running_op(r);

	return store->ops->questions_get(store, &op, r->row.number, rows);
}

/* The newest of that key. */
static const struct question_row *
find(const struct question_rows *rows, struct slice key)
{
	for (size_t i = rows->n; i > 0; i--) {
		if (slice_eq(rows->row[i - 1].key, key))
			return &rows->row[i - 1];
	}
	return NULL;
}

/* Was it not asked yet, or so long ago that it is to be asked again? */
static bool
is_unasked(const struct question_rows *known, struct slice key)
{
	const struct question_row *row = find(known, key);

	return row == NULL || row->state == QUESTION_CLOSED;
}

/* Where the round stands.  Who declines one question ends it. */
static enum tool_ask
judge(const struct question_rows *rows, const struct tool_question *q, size_t n)
{
	enum tool_ask said = ASK_ANSWERED;

	for (size_t i = 0; i < n; i++) {
		const struct question_row *row = find(rows, q[i].key);

		if (row == NULL || row->state == QUESTION_CLOSED)
			said = ASK_TIMEOUT;
		else if (row->state == QUESTION_ANSWERED && row->is_error)
			return ASK_DECLINED;
		else if (row->state == QUESTION_OPEN && said == ASK_ANSWERED)
			said = ASK_WAITING;
	}
	return said;
}

/* One that does not answer the question is none; RC_SYNTAX. */
static enum rc
take_answer(
    struct running *r, const struct question_row *row, struct tool_question *q)
{
	struct buf out = BUF_INIT(r->message.max);
	struct buf why = BUF_INIT(QUESTION_WHY_MAX);
	const struct json *answer = NULL;
	struct slice text;
	enum rc rc = arena_copy(&r->round, row->answer, &text);

	if (rc == RC_OK)
		rc = json_read(
		    &r->round, text, &json_limits_default, &answer, NULL);
	if (rc == RC_OK)
		rc = question_settle(
		    &r->round, r->x->revision, q, answer, &out, &why);
	if (rc == RC_OK)
		rc = arena_copy(r->call.arena, buf_slice(&out), &q->answer);
	if (rc == RC_SYNTAX) {
		log_event(r->x->server->log, LOG_INFO, "call",
		    "number=%lld no_answer=\"%.*s\"", (long long)r->row.number,
		    SLICE_FMT(buf_slice(&why)));
	}
	buf_release(&why);
	buf_release(&out);
	return rc;
}

static enum tool_ask
take_answers(struct running *r, const struct question_rows *rows,
    struct tool_question *q, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum rc rc = take_answer(r, find(rows, q[i].key), &q[i]);

		if (rc == RC_SYNTAX)
			return ASK_DECLINED;
		if (rc != RC_OK) {
			r->call.failed = rc;
			return ASK_TIMEOUT;
		}
	}
	return ASK_ANSWERED;
}

/* --------------------------------------------------------------- asking */

/* The question as a request of ours. */
static enum rc
put_request(
    struct running *r, const struct tool_question *q, struct question_row *row)
{
	struct buf b = BUF_INIT(r->message.max);
	enum rc rc;

	buf_put_slice(&b, SLICE("{\"jsonrpc\":\"2.0\",\"id\":"));
	buf_put_slice(&b, row->rpc_id);
	json_put_key(&b, "method");
	json_put_string(&b, q->method);
	json_put_key(&b, "params");
	buf_put_slice(&b, row->params);
	buf_put_char(&b, '}');
	rc = buf_finish(&b);
	if (rc == RC_OK)
		rc = arena_copy(&r->round, buf_slice(&b), &row->data);
	buf_release(&b);
	return rc;
}

static enum rc
put_question(struct running *r, const struct tool_question *q,
    struct slice params, struct question_row *row)
{
	const struct server *s = r->x->server;
	struct buf id = BUF_INIT(96);
	enum rc rc;

	*row = (struct question_row){ .key = q->key,
		.method = q->method,
		.params = params,
		.call = r->row.number,
		.session = r->row.session,
		.stream = r->row.stream,
		.state = QUESTION_OPEN,
		.deadline = clock_wall_ms(s->clock) + s->rules.question_ms };
	buf_printf(&id, "\"%lld.%lld.%lld\"", (long long)r->row.number,
	    (long long)r->row.epoch, (long long)++r->asked);
	rc = buf_finish(&id);
	if (rc == RC_OK)
		rc = arena_copy(&r->round, buf_slice(&id), &row->rpc_id);
	buf_release(&id);
	if (rc == RC_OK && row->stream != 0)
		rc = put_request(r, q, row);
	return rc;
}

/* Rows for those questions that are not there yet. */
static enum rc
put_round(struct running *r, const struct question_rows *known,
    const struct round *round, struct question_rows *out)
{
	const struct tool_question *q = round->q;
	enum rc rc = RC_OK;

	out->n = 0;
	out->row = arena_alloc(&r->round, round->n * sizeof(*out->row));
	if (out->row == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < round->n && rc == RC_OK; i++) {
		if (is_unasked(known, q[i].key) && find(out, q[i].key) == NULL)
			rc = put_question(
			    r, &q[i], round->params[i], &out->row[out->n++]);
	}
	return rc;
}

static enum rc
offer(struct running *r, const struct question_rows *rows)
{
	struct server *s = r->x->server;
	struct appended appended = { 0, 0 };
	struct op op = running_op(r);
	enum rc rc = s->store->ops->question_put(s->store, &op, rows->row,
	    rows->n, r->row.epoch, &s->rules.calls, &appended);

	if (rc != RC_OK)
		return rc;
	bell_ring(s->bell);
	if (r->row.stream != 0)
		running_deliver(r, &appended, rows->row[rows->n - 1].data);
	return RC_OK;
}

/*
 * Ask what was not asked yet.  Whether a commit was made is not always known:
 * what is there when it is tried again was made.
 */
static enum rc
ask_rest(struct running *r, const struct round *round)
{
	int64_t until = running_now(r) + OFFERS_MS;
	const struct appended unheard = { 0, r->reader };
	struct question_rows known = { NULL, 0 }, rows;
	enum rc rc = RC_BUSY;

	for (int i = 0; i < OFFERS_MAX && running_now(r) < until; i++) {
		if (i > 0)
			running_pause(r, OFFER_PAUSE_MS);
		rc = read_rows(r, &known);
		if (rc == RC_OK)
			rc = put_round(r, &known, round, &rows);
		if (rc == RC_OK && rows.n > 0)
			rc = offer(r, &rows);
		else if (rc == RC_OK && i > 0)
			running_deliver(r, &unheard, SLICE_NONE);
		if (rc != RC_BUSY && rc != RC_IO)
			return rc;
	}
	return rc;
}

enum tool_ask
question_begin(struct tool_call *call, struct tool_question *q, size_t n)
{
	struct running *r = (struct running *)(void *)call;
	struct round round = { q, n, NULL };
	enum rc rc;

	arena_reset(&r->round);
	if (!shape_all(r, &round, false))
		return ASK_UNSUPPORTED;
	if (!has_way(r))
		return refer(r, &round);
	if (running_is_cancelled(call))
		return ASK_TIMEOUT;
	running_flush(r);
	rc = ask_rest(r, &round);
	if (rc == RC_CONFLICT)
		r->is_fenced = true;
	if (rc != RC_OK)
		running_log(r, LOG_WARNING, "not asked", rc);
	if (rc == RC_FULL)
		return ASK_UNSUPPORTED;
	if (rc != RC_OK)
		return ASK_TIMEOUT;
	r->asked_mono = running_now(r);
	r->waited_mono = r->asked_mono;
	r->answers_had = -1; /* there may be some from before */
	return question_look(call, q, n);
}

/* -------------------------------------------------------------- waiting */

/* Nobody is to answer any more what is still open. */
static void
withdraw(struct running *r, const struct tool_question *q, size_t n)
{
	struct store *store = r->x->server->store;
	struct question_rows rows;
	struct slice *id = arena_alloc(&r->round, n * sizeof(*id));
	struct op op = running_op(r);
	size_t ids = 0;
	enum rc rc = store->ops->questions_close(
	    store, &op, r->row.number, r->row.epoch);

	if (rc == RC_CONFLICT)
		r->is_fenced = true;
	if (rc == RC_OK)
		rc = read_rows(r, &rows);
	if (rc != RC_OK || id == NULL || r->row.stream == 0)
		return;
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		const struct question_row *row = find(&rows, q[i].key);

		if (row != NULL && row->state == QUESTION_CLOSED)
			rc = arena_copy(&r->round, row->rpc_id, &id[ids++]);
	}
	for (size_t i = 0; i < ids && rc == RC_OK; i++) {
		struct buf *b = &r->message;

		buf_reset(b);
		buf_put_slice(b,
		    SLICE("{\"jsonrpc\":\"2.0\",\"method\":"
			  "\"notifications/cancelled\",\"params\":{"
			  "\"requestId\":"));
		buf_put_slice(b, id[i]);
		buf_put_slice(b, SLICE("}}"));
		running_say(r, false);
	}
}

/* Time that passes for an answer is not the tool's. */
static void
move_deadline(struct running *r)
{
	int64_t now = running_now(r);

	r->call.deadline_mono += now - r->waited_mono;
	r->waited_mono = now;
}

static enum tool_ask
close_round(struct running *r, struct tool_question *q, size_t n)
{
	struct question_rows rows;
	enum tool_ask said = ASK_TIMEOUT;

	withdraw(r, q, n);
	/* An answer may have come at the last moment. */
	if (read_rows(r, &rows) == RC_OK)
		said = judge(&rows, q, n);
	if (said == ASK_ANSWERED)
		return take_answers(r, &rows, q, n);
	return said == ASK_DECLINED ? said : ASK_TIMEOUT;
}

enum tool_ask
question_look(struct tool_call *call, struct tool_question *q, size_t n)
{
	struct running *r = (struct running *)(void *)call;
	int64_t late = r->asked_mono + r->x->server->rules.question_ms;
	struct question_rows rows;
	enum tool_ask said = ASK_WAITING;

	if (running_is_cancelled(call))
		return ASK_TIMEOUT;
	move_deadline(r);
	if (r->answers != r->answers_had && read_rows(r, &rows) == RC_OK) {
		r->answers_had = r->answers;
		said = judge(&rows, q, n);
	}
	if (said == ASK_ANSWERED)
		return take_answers(r, &rows, q, n);
	if (said == ASK_WAITING && running_now(r) < late)
		return ASK_WAITING;
	return close_round(r, q, n);
}
