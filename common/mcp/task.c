#include "task.h"

#include <string.h>

#include "reply.h"
#include "running_part.h"
#include "task_row.h"

/* However short a life a client wishes for its task, it can ask for the
 * result once. */
#define TTL_MIN_MS 1000

/* -------------------------------------------------------- which calls */

enum task_form
task_form_of(const struct exchange *x)
{
	return x->transport->answers_on_post ? x->revision->tasks : TASKS_NONE;
}

bool
task_is_wished(const struct exchange *x)
{
	return task_form_of(x) == TASKS_EXPERIMENTAL &&
	    json_get(x->message.params, "task") != NULL;
}

/* How long the client wishes the task to be kept; below 0: nonsense. */
static int64_t
wished_ttl(const struct exchange *x)
{
	const struct server_rules *rules = &x->server->rules;
	const struct json *ttl =
	    json_get(json_get(x->message.params, "task"), "ttl");
	double ms;

	if (task_form_of(x) != TASKS_EXPERIMENTAL || ttl == NULL ||
	    ttl->type == JSON_NULL)
		return rules->task_ttl_ms;
	if (ttl->type != JSON_NUMBER)
		return -1;
	if (json_double(ttl, &ms) != RC_OK ||
	    ms > (double)rules->task_ttl_max_ms)
		return ttl->raw.ptr[0] == '-' ? -1 : rules->task_ttl_max_ms;
	if (ms < 0)
		return -1;
	return ms < TTL_MIN_MS ? TTL_MIN_MS : (int64_t)ms;
}

/* 2025-11-25: the request says so, if the tool lets it. */
static bool
is_requested(struct exchange *x, const struct tool *tool, bool *answered)
{
	const unsigned may = TOOL_TASK_OPTIONAL | TOOL_TASK_REQUIRED;
	const struct json *task = json_get(x->message.params, "task");
	const char *fault = NULL;
	enum rpc_code code = RPC_METHOD_NOT_FOUND;

	if (task == NULL && (tool->flags & TOOL_TASK_REQUIRED) != 0) {
		fault = "This tool can only be called as a task";
	} else if (task != NULL && (tool->flags & may) == 0) {
		fault = "This tool cannot be called as a task";
	} else if (task != NULL &&
	    (task->type != JSON_OBJECT || wished_ttl(x) < 0)) {
		fault = "task must be an object, its ttl a number";
		code = RPC_INVALID_PARAMS;
	}
	*answered = fault != NULL;
	if (*answered)
		answer_error(x, 200, code, fault, SLICE_NONE);
	return task != NULL && !*answered;
}

/* Extension: the tool wishes it, and the client declared that it can. */
static bool
is_offered(struct exchange *x, const struct tool *tool, bool *answered)
{
	const bool must = (tool->flags & TOOL_TASK_REQUIRED) != 0;
	const bool may = (tool->flags & TOOL_TASK_OPTIONAL) != 0 &&
	    (tool->flags & TOOL_DETACHED) != 0;
	enum rc rc;

	if ((x->caps & CAP_TASKS) != 0)
		return (must || may) && (tool->flags & TOOL_TASK_LATER) == 0;
	if (!must)
		return false;
	*answered = true;
	rc = answer_lacking(x, CAP_TASKS);
	if (rc != RC_OK)
		reply_failed(x, rc);
	return false;
}

bool
task_is_wanted(struct exchange *x, const struct tool *tool, bool *answered)
{
	*answered = false;
	switch (task_form_of(x)) {
	case TASKS_NONE:
		break;
	case TASKS_EXPERIMENTAL:
		return is_requested(x, tool, answered);
	case TASKS_EXTENSION:
		return is_offered(x, tool, answered);
	}
	return false;
}

/* ------------------------------------------------------------ making one */

static enum rc
fill_task(struct exchange *x, struct task_row *task)
{
	*task = (struct task_row){ .form = (int)task_form_of(x),
		.state = TASK_WORKING,
		.session = x->has_session ? x->session.row.id : 0,
		.created = x->now_ms,
		.updated = x->now_ms,
		.ttl_ms = wished_ttl(x) };
	memcpy(task->principal, x->principal.digest, sizeof(task->principal));
	return rng_fill(x->server->rng, task->id, sizeof(task->id));
}

static void
answer_created(struct exchange *x, const struct task_row *task)
{
	const bool is_flat = task->form == TASKS_EXTENSION;
	struct buf *b = answer_begin_as(x, SLICE("task"));

	if (!is_flat) {
		json_put_key(b, "task");
		buf_put_char(b, '{');
	}
	task_put_members(b, task, x->server->rules.task_poll_ms);
	if (!is_flat)
		buf_put_char(b, '}');
	answer_end(x, false, NULL);
}

/* The same request again: it has its task. */
static enum rc
answer_again(struct exchange *x, int64_t number)
{
	struct store *store = x->server->store;
	struct task_row task;
	enum rc rc = store->ops->task_find(store, &x->op, number, &task);

	if (rc == RC_OK)
		answer_created(x, &task);
	return rc == RC_NOTFOUND ? RC_BUSY : rc;
}

/* What kept a new task from being made. */
static enum rc
answer_not_new(
    struct exchange *x, enum call_opened opened, const struct call_row *row)
{
	switch (opened) {
	case CALL_IS_NEW:
		break;
	case CALL_IS_JOINED:
		if (row->task != 0)
			return answer_again(x, row->task);
		answer_error(x, 400, RPC_INVALID_REQUEST,
		    "This request is running already", SLICE_NONE);
		return RC_OK;
	case CALL_IS_OTHER:
		answer_error(x, 400, RPC_INVALID_REQUEST,
		    "A request with this id is still running", SLICE_NONE);
		return RC_OK;
	case CALL_IS_CANCELLED:
		answer_error(
		    x, 200, RPC_INTERNAL_ERROR, "cancelled", SLICE_NONE);
		return RC_OK;
	case CALL_HAS_NO_ROOM:
		return RC_FULL;
	}
	return RC_BUG;
}

static enum rc
open_task(struct exchange *x, struct running *r, struct task_row *task,
    enum call_opened *opened)
{
	struct server *s = x->server;
	struct call_limits limits = s->rules.calls;
	enum rc rc = s->store == NULL ? RC_BUSY : running_stay(r);

	if (rc == RC_OK)
		rc = running_put_row(r, &r->row);
	if (rc == RC_OK)
		rc = fill_task(x, task);
	if (rc != RC_OK)
		return rc;
	/* Whoever wants the result asks for it, session or not. */
	r->row.is_repeatable = (r->call.tool->flags & TOOL_REPEAT) != 0;
	limits.is_anonymous = task_is_anonymous(x);
	rc = s->store->ops->task_open(
	    s->store, &x->op, task, &r->row, &limits, opened);
	/* It may be there all the same. */
	if (rc == RC_IO)
		server_forsake(s);
	return rc;
}

/* Nobody will hear of it, so it is not to run. */
static void
withdraw(struct exchange *x, const struct running *r)
{
	struct store *store = x->server->store;
	struct call_finish finish = { .call = r->row.number,
		.epoch = r->row.epoch,
		.task_state = TASK_CANCELLED };
	struct appended appended;
	enum rc rc = store->ops->call_finish(store, &x->op, &finish, &appended);

	if (rc == RC_OK)
		return;
	log_event(x->server->log, LOG_WARNING, "task",
	    "number=%lld not withdrawn=%s", (long long)r->task, rc_name(rc));
}

/* The client is told of its task, and its connection given back. */
static enum rc
tell(struct exchange *x, struct running *r, const struct task_row *task)
{
	enum rc rc;

	r->task = task->number;
	r->respond = task_respond;
	memcpy(r->task_id, task->id, sizeof(r->task_id));
	bell_ring(x->server->bell);
	answer_created(x, task);
	rc = buf_finish(&x->server->body);
	if (rc != RC_OK) {
		withdraw(x, r);
		return rc;
	}
	reply_send(x);
	x->sink->ops->close(x->sink);
	buf_reset(&x->server->body);
	return RC_OK;
}

enum rc
task_go(struct exchange *x, struct running *r)
{
	enum call_opened opened = CALL_IS_NEW;
	struct task_row task;
	enum rc rc;

	running_begin(x, r);
	rc = open_task(x, r, &task, &opened);
	if (rc == RC_OK && opened != CALL_IS_NEW)
		rc = answer_not_new(x, opened, &r->row);
	else if (rc == RC_OK)
		rc = tell(x, r, &task);
	if (rc == RC_OK && opened == CALL_IS_NEW)
		return running_alone(x, r);
	running_leave(r);
	return rc;
}

/* -------------------------------------------------------- in mid-course */

bool
task_may_come(const struct running *r)
{
	const struct exchange *x = r->x;
	const unsigned may = TOOL_TASK_OPTIONAL | TOOL_TASK_REQUIRED;
	const unsigned flags = r->call.tool->flags;

	return r->call.makes == MAKES_CONTENT && x->claimed == NULL &&
	    !x->in_batch && x->server->store != NULL &&
	    task_form_of(x) == TASKS_EXTENSION && (x->caps & CAP_TASKS) != 0 &&
	    (flags & TOOL_TASK_LATER) != 0 && (flags & may) != 0;
}

enum rc
task_turn(struct running *r)
{
	struct exchange *x = r->x;
	enum call_opened opened = CALL_IS_NEW;
	struct task_row task;
	enum rc rc = open_task(x, r, &task, &opened);

	if (rc == RC_OK && opened != CALL_IS_NEW) {
		rc = answer_not_new(x, opened, &r->row);
		r->row = (struct call_row){ .number = 0 };
		r->is_answered = r->is_cancelled = rc == RC_OK;
		return rc;
	}
	if (rc != RC_OK) {
		r->row = (struct call_row){ .number = 0 };
		return rc;
	}
	r->input = NULL;
	rc = tell(x, r, &task);
	if (rc == RC_OK)
		r->wire = WIRE_GONE;
	else /* it was withdrawn: no result of it counts */
		r->is_fenced = true;
	return RC_OK;
}
