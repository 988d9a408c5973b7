#include "http.h"
#include "reply.h"
#include "running_part.h"
#include "seal.h"

/* A call is run at most so many times. */
#define RUNS_MAX 2

/* ------------------------------------------------------------ beginning */

/* What names events gets them; whoever says anything else may be a program
 * that waits for one JSON text. */
static bool
takes_events(const struct exchange *x)
{
	if (x->server->rules.json_only)
		return false;
	return x->wants_event ||
	    http_accepts_exactly(
		http_get(x->http, HTTP_ACCEPT), SLICE("text/event-stream"));
}

static struct slice
token_of(const struct exchange *x)
{
	const struct json *token =
	    json_get(json_get(x->message.params, "_meta"), "progressToken");

	if (json_is(token, JSON_STRING) || json_is_integer(token))
		return token->raw;
	return SLICE_NONE;
}

void
running_begin(struct exchange *x, struct running *r)
{
	size_t most = x->server->body.max;

	r->x = x;
	r->call.env = &running_env;
	r->token = token_of(x);
	r->message = BUF_INIT(most);
	r->progress.message = BUF_INIT(most);
	r->scratch = ARENA_INIT(2 * most);
	r->round = ARENA_INIT(x->arena->max);
	r->may_stream = takes_events(x);
	/* On HTTP+SSE the session's stream is there from the start. */
	r->may_open = x->server->store != NULL && !x->in_batch &&
	    (x->transport->answers_on_post || x->stream != 0);
}

/* ----------------------------------------------------------------- crew */

enum rc
running_stay(struct running *r)
{
	struct crew *crew = r->x->server->crew;
	enum rc rc;

	if (crew == NULL || r->has_crew)
		return RC_OK;
	rc = crew->ops->begin(crew, r->waits ? CREW_HELD : CREW_CALL);
	r->has_crew = rc == RC_OK;
	return rc;
}

void
running_leave(struct running *r)
{
	struct crew *crew = r->x->server->crew;

	if (r->has_crew)
		crew->ops->end(crew);
	r->has_crew = false;
}

/* -------------------------------------------------------------- the row */

/* What only reads may do so again. */
static bool
is_repeatable(const struct tool *tool)
{
	return (tool->flags & TOOL_REPEAT) != 0 ||
	    (tool->kind != OFFER_TOOL && (tool->flags & TOOL_ONCE) == 0);
}

enum rc
running_put_row(struct running *r, struct call_row *row)
{
	struct exchange *x = r->x;
	const struct json *whole = x->message.whole;
	const struct tool *tool = r->call.tool;
	struct buf id = BUF_INIT((size_t)RPC_ID_MAX * 6);
	enum rc rc;

	*row = (struct call_row){ .request = whole->raw,
		.principal_name = x->principal.name,
		.tool = tool->name,
		.revision = x->revision->date,
		.transport = (int)x->transport->name,
		.caps = x->caps,
		.is_waiting = r->waits,
		.runs_max = r->runs_max > 0 ? r->runs_max : RUNS_MAX,
		.deadline = x->now_ms + x->server->rules.tool_timeout_ms +
		    x->server->rules.question_ms };
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		row->principal[i] = x->principal.digest[i];
	if (x->has_session) {
		row->session = x->session.row.id;
		row->stream = x->transport->answers_on_post ? 0 : x->stream;
		/* Without a session nobody would get the answer. */
		row->is_repeatable = is_repeatable(tool);
	}
	seal_digest(whole->raw, row->digest);
	running_put_id(&id, json_get(whole, "id"));
	rc = buf_finish(&id);
	if (rc == RC_OK)
		rc = arena_copy(x->arena, buf_slice(&id), &row->request_id);
	buf_release(&id);
	return rc == RC_OK ? server_owner(x->server, &row->owner) : rc;
}

/* The ids of its events begin with the incarnation in which it was opened. */
static enum rc
read_stream(struct running *r, int64_t number, struct stream_row *stream)
{
	const struct event_limits one = { 1, 1 };
	struct store *store = r->x->server->store;
	struct op op = running_op(r);
	struct event_rows events;

	return store->ops->stream_read(
	    store, &op, number, INT64_MAX, &one, stream, &events);
}

static enum rc
enter(struct running *r)
{
	struct exchange *x = r->x;
	struct stream_row stream;
	enum rc rc;

	r->hold_until = x->start_us / 1000 + x->server->rules.hold_ms;
	if (!x->transport->answers_on_post) {
		r->reader = 0; /* somebody else's */
		reply_empty(x, 202);
		reply_send(x);
		x->sink->ops->close(x->sink);
		r->wire = WIRE_GONE;
		return RC_OK;
	}
	if (r->row.stream == 0) {
		r->reader = 0;
		return RC_OK;
	}
	rc = read_stream(r, r->row.stream, &stream);
	if (rc != RC_OK)
		return rc;
	r->incarnation = stream.incarnation;
	if (r->may_stream && x->revision->has_priming)
		(void)running_wire_begin(r);
	return RC_OK;
}

/* Nothing was answered, and nothing will be. */
static void
withdraw(struct running *r)
{
	struct store *store = r->x->server->store;
	struct call_finish finish = { .call = r->row.number,
		.epoch = r->row.epoch };
	struct appended appended;
	struct op op = running_op(r);
	enum rc rc = store->ops->call_finish(store, &op, &finish, &appended);

	if (rc != RC_OK) {
		running_log(r, LOG_WARNING, "not ended", rc);
		server_forsake(r->x->server);
	}
	r->row.number = 0;
}

static enum rc
open_row(struct running *r, struct call_row *row, enum call_opened *opened)
{
	struct server *s = r->x->server;
	struct call_limits limits = s->rules.calls;
	struct op op;
	enum rc rc = running_stay(r);

	if (rc == RC_OK)
		rc = running_put_row(r, row);
	if (rc != RC_OK)
		return rc;
	limits.is_anonymous = r->x->principal.name.len == 0;
	op = running_op(r);
	op.arena = r->x->arena;
	rc = s->store->ops->call_open(
	    s->store, &op, row, &limits, opened, &r->reader);
	/* It may be there all the same. */
	if (rc == RC_IO)
		server_forsake(s);
	if (rc != RC_OK || *opened != CALL_IS_NEW) {
		r->reader = 0;
		return rc;
	}
	r->row = *row;
	rc = enter(r);
	if (rc != RC_OK)
		withdraw(r);
	return rc;
}

/* ------------------------------------------------- other ways to answer */

/* It was cancelled before it came: 2xx and no response. */
static void
answer_nothing(struct exchange *x, struct running *r)
{
	if (!x->transport->answers_on_post) {
		reply_empty(x, 202);
	} else if (r->may_stream) {
		r->reader = 0;
		running_wire_end(r);
	} else {
		answer_error(
		    x, 200, RPC_INTERNAL_ERROR, "cancelled", SLICE_NONE);
	}
}

enum rc
running_open(struct exchange *x, struct running *r, enum call_opened *opened)
{
	static const struct refusal ended = { 404, RPC_SESSION_NOT_FOUND,
		"Session not found" };
	struct call_row row;
	enum rc rc;

	*opened = CALL_IS_NEW;
	rc = open_row(r, &row, opened);
	if (rc == RC_OK && *opened == CALL_IS_NEW)
		return RC_OK;
	running_leave(r);
	if (rc == RC_NOTFOUND) {
		*opened = CALL_IS_OTHER;
		reply_refuse(x, &ended, reply_id(x), SLICE_NONE);
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	switch (*opened) {
	case CALL_IS_NEW:
		return RC_BUG;
	case CALL_IS_JOINED:
		if (!x->server->rules.strict)
			return running_join(x, r, &row);
		break;
	case CALL_IS_OTHER:
		break;
	case CALL_IS_CANCELLED:
		answer_nothing(x, r);
		return RC_OK;
	case CALL_HAS_NO_ROOM:
		return RC_FULL;
	}
	answer_error(x, 400, RPC_INVALID_REQUEST,
	    "A request with this id is still running", SLICE_NONE);
	return RC_OK;
}

bool
running_become(struct running *r)
{
	enum call_opened opened = CALL_IS_NEW;
	struct call_row row;
	enum rc rc;

	/* Who takes no events has nothing to be told before the answer. */
	if (r->x->transport->answers_on_post && !r->may_stream)
		return false;
	if (r->row.number != 0 || !r->may_open)
		return r->row.number != 0;
	r->may_open = false;
	rc = open_row(r, &row, &opened);
	if (rc == RC_OK && opened == CALL_IS_NEW)
		return true;
	running_leave(r);
	if (rc == RC_OK && opened == CALL_IS_CANCELLED)
		r->is_cancelled = true;
	else
		running_log(r, LOG_INFO, "stays inline", rc);
	return false;
}
