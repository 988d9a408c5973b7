#include "method.h"
#include "question_kind.h"
#include "reply.h"
#include "running_part.h"
#include "task_row.h"

/*
 * tasks/result of 2025-11-25: a call like any other, whose tool waits for the
 * task.  So it survives its process and its connection, and its stream is the
 * one on which the task's questions are asked meanwhile.
 */

/* Between two looks at the task, and where a bell tells of it. */
#define LOOK_MS 100
#define TOLD_MS 1000
/* Between two looks whether anybody reads the stream. */
#define READER_LOOK_MS 1000
/* A client that lets go of the stream may come back so long; then another
 * one may be asked what it was asked. */
#define RETURN_MS 10000
/* Waiting changes nothing, so it may be done as often as processes die. */
#define RUNS_MAX 1000

struct waiting {
	struct running running; /* first, so that a call * is one of these */
	struct task_row task;   /* as it has ended */
	bool is_known;          /* `task` is filled in */
	int64_t number;
	int64_t next_reader_look; /* monotonic ms */
	int64_t unread_since;     /* likewise; 0: somebody reads */
};

static struct waiting *
waiting_of(struct tool_call *call)
{
	return (struct waiting *)(void *)call;
}

/* ------------------------------------------------------------ questions */

/* A question as the request that its client gets; RC_CONFLICT: it is not one
 * for this client. */
static enum rc
put_question(struct waiting *w, const struct question_row *q,
    const struct task_row *task, struct arena *a)
{
	struct buf *b = &w->running.message;
	const struct json *params, *meta;
	enum rc rc =
	    json_read(a, q->params, &json_limits_default, &params, NULL);

	if (rc != RC_OK)
		return rc == RC_SYNTAX ? RC_CONFLICT : rc;
	if ((question_needs(q->method, params) & ~w->running.x->caps) != 0)
		return RC_CONFLICT;
	buf_reset(b);
	buf_put_slice(b, SLICE("{\"jsonrpc\":\"2.0\",\"id\":"));
	buf_put_slice(b, q->rpc_id);
	json_put_key(b, "method");
	json_put_string(b, q->method);
	json_put_key(b, "params");
	buf_put_char(b, '{');
	for (const struct json *m = params->child; m != NULL; m = m->next) {
		if (slice_eq(m->name, SLICE("_meta")))
			continue;
		json_put_name(b, m->name);
		json_put_compact(b, m);
	}
	json_put_key(b, "_meta");
	buf_put_char(b, '{');
	meta = json_get(params, "_meta");
	for (const struct json *m = meta == NULL ? NULL : meta->child;
	     m != NULL; m = m->next) {
		if (slice_eq(m->name, SLICE(TASK_RELATED)))
			continue;
		json_put_name(b, m->name);
		json_put_compact(b, m);
	}
	json_put_key(b, TASK_RELATED);
	task_put_reference(b, task->id);
	buf_put_slice(b, SLICE("}}}"));
	return buf_finish(b);
}

/* Ask one question that nobody asks yet; false: there was none. */
static bool
ask_one(struct waiting *w, const struct task_row *task, const struct op *op)
{
	struct running *r = &w->running;
	struct server *s = r->x->server;
	struct question_rows q = { NULL, 0 };
	struct appended appended;
	enum rc rc = s->store->ops->questions_get(s->store, op, task->call, &q);

	for (size_t i = 0; i < q.n && rc == RC_OK; i++) {
		struct question_name name = { .call = task->call,
			.key = q.row[i].key };

		/* Its answer must come from the session that it belongs to. */
		if (q.row[i].state != QUESTION_OPEN || q.row[i].stream != 0 ||
		    q.row[i].session != r->row.session)
			continue;
		rc = put_question(w, &q.row[i], task, op->arena);
		if (rc == RC_OK)
			rc = s->store->ops->question_send(s->store, op, &name,
			    r->row.stream, buf_slice(&r->message), &appended);
		if (rc == RC_OK) {
			bell_ring(s->bell);
			running_deliver(r, &appended, buf_slice(&r->message));
			return true;
		}
		if (rc == RC_CONFLICT)
			rc = RC_OK;
	}
	return false;
}

/* -------------------------------------------------------------- readers */

static bool
is_read(struct waiting *w)
{
	const struct event_limits one = { 1, 1 };
	struct running *r = &w->running;
	struct store *store = r->x->server->store;
	struct stream_row stream;
	struct event_rows events;
	struct op op;

	if (r->wire != WIRE_GONE)
		return true;
	op = running_op(r);
	if (store->ops->stream_read(store, &op, r->row.stream, INT64_MAX, &one,
		&stream, &events) != RC_OK)
		return w->unread_since == 0;
	return stream.owner.len > 0;
}

static void
return_questions(struct running *r)
{
	struct store *store = r->x->server->store;
	struct op op = running_op(r);
	enum rc rc = store->ops->questions_return(store, &op, r->row.stream);

	if (rc != RC_OK)
		running_log(r, LOG_INFO, "questions", rc);
	else
		bell_ring(r->x->server->bell);
}

/* Can anybody be asked on its stream?  What was asked there is given back
 * when its client stays away. */
static bool
has_reader(struct waiting *w)
{
	struct running *r = &w->running;
	int64_t now = running_now(r);

	if (r->row.stream == 0 || !r->may_stream)
		return false;
	if (now < w->next_reader_look)
		return w->unread_since == 0;
	w->next_reader_look = now + READER_LOOK_MS;
	if (is_read(w)) {
		w->unread_since = 0;
		return true;
	}
	if (w->unread_since == 0)
		w->unread_since = now;
	if (w->unread_since > 0 && now - w->unread_since >= RETURN_MS) {
		return_questions(r);
		w->unread_since = -1; /* once */
	}
	return false;
}

/* -------------------------------------------------------------- waiting */

/* Look at the task; true: it has ended, or is gone. */
static bool
look(struct waiting *w)
{
	struct running *r = &w->running;
	struct store *store = r->x->server->store;
	struct task_row task;
	struct op op = running_op(r);
	enum rc rc = store->ops->task_find(store, &op, w->number, &task);

	if (rc == RC_NOTFOUND)
		return true;
	if (rc != RC_OK || !task_has_ended(&task)) {
		/* Answers that came meanwhile may bring further questions. */
		if (rc == RC_OK && task.state == TASK_INPUT_REQUIRED &&
		    has_reader(w)) {
			op = running_op(r);
			while (ask_one(w, &task, &op))
				op = running_op(r);
		}
		return false;
	}
	/* What was read lasts as long as the call. */
	op.arena = r->x->arena;
	w->is_known =
	    store->ops->task_find(store, &op, w->number, &w->task) == RC_OK;
	return w->is_known;
}

/* True as soon as nobody waits any more. */
static bool
wait_for_news(struct waiting *w)
{
	struct running *r = &w->running;
	const int64_t until = running_now(r) + TOLD_MS;
	const int64_t rings = r->rings;

	do {
		if (r->call.env->wait(&r->call, LOOK_MS))
			return true;
	} while (running_is_tended(r) && r->rings == rings &&
	    running_now(r) < until);
	return false;
}

static enum tool_done
wait_for_task(const struct tool *tool, struct tool_call *call)
{
	struct waiting *w = waiting_of(call);

	(void)tool;
	while (!look(w)) {
		if (!wait_for_news(w))
			continue;
		/* Whoever runs it now answers for what it asked. */
		if (!w->running.is_fenced && w->running.row.stream != 0)
			return_questions(&w->running);
		break;
	}
	return TOOL_DONE;
}

static const struct tool waiter = {
	.name = SLICE_INIT("tasks/result"),
	.flags = TOOL_DETACHED | TOOL_REPEAT,
	.call = wait_for_task,
};

/* ------------------------------------------------------------- answering */

/* The result or error that the task ended with, as the answer to x->message. */
static void
answer_with(struct exchange *x, const struct task_row *task)
{
	struct buf *b = &x->server->body;

	if (task->result.len == 0) {
		answer_error(x, 200, RPC_INTERNAL_ERROR,
		    task->state == TASK_CANCELLED ? "The task was cancelled"
						  : "The task has no result",
		    SLICE_NONE);
		return;
	}
	x->reply.status = 200;
	x->reply.body = REPLY_JSON;
	if (task->is_error) {
		buf_put_slice(b, SLICE("{\"jsonrpc\":\"2.0\",\"id\":"));
		buf_put_slice(b, x->message.id);
		json_put_key(b, "error");
	} else {
		rpc_put_result_head(b, x->message.id);
	}
	buf_put_slice(b, task->result);
	buf_put_char(b, '}');
}

static enum rc
respond(struct running *r)
{
	struct waiting *w = waiting_of(&r->call);

	if (w->is_known)
		answer_with(r->x, &w->task);
	else
		answer_error(
		    r->x, 200, RPC_INVALID_PARAMS, "Unknown task", SLICE_NONE);
	return RC_OK;
}

static enum rc
wait_with_call(struct exchange *x, const struct task_row *task)
{
	static const struct json no_arguments = { .type = JSON_OBJECT,
		.raw = SLICE_INIT("{}") };
	struct waiting *w = arena_alloc(x->arena, sizeof(*w));

	if (w == NULL)
		return RC_NOMEM;
	w->number = task->number;
	w->running.call = (struct tool_call){ .tool = &waiter,
		.arena = x->arena,
		.arguments = &no_arguments,
		.revision = x->revision->date,
		.principal = x->principal.name,
		.request_id = x->message.id,
		.caps = x->caps,
		.deadline_mono = INT64_MAX / 2 };
	w->running.respond = respond;
	w->running.runs_max = RUNS_MAX;
	w->running.waits = true;
	x->tool = waiter.name;
	return running_go(x, &w->running);
}

enum rc
method_task_result(struct exchange *x)
{
	struct task_row row;
	bool found;
	enum rc rc = task_load(x, &row, &found);

	if (rc != RC_OK || !found)
		return rc;
	if (!task_has_ended(&row) || x->claimed != NULL)
		return wait_with_call(x, &row);
	answer_with(x, &row);
	return RC_OK;
}
