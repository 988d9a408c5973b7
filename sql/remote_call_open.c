/* How a call begins, and how it ends. */
#include <string.h>

#include "remote_call.h"
#include "remote_ops.h"

/* With the mark of a call that was opened: opened + TASK_UNIT * task. */
#define TASK_UNIT 8

/* Everything the routine has to know: the call first, then the task. */
enum { CALL_ARGUMENTS = 19, ARGUMENTS = 25 };

static void
fill_call(
    const struct op *op, const struct remote_opening *o, struct remote_value *v)
{
	const struct call_row *row = o->row;
	const bool waits = row->is_waiting;
	const int64_t own =
	    o->limits->is_anonymous || waits ? 0 : o->limits->principal;
	const struct remote_value values[] = {
		REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(row->session),
		REMOTE_BYTES(row->principal, DIGEST_BYTES),
		REMOTE_SLICE(row->principal_name),
		REMOTE_SLICE(row->request_id),
		REMOTE_BYTES(row->digest, DIGEST_BYTES),
		REMOTE_SLICE(row->request),
		REMOTE_SLICE(row->tool),
		REMOTE_NUMBER(row->stream),
		REMOTE_SLICE(row->revision),
		REMOTE_NUMBER(row->transport),
		REMOTE_NUMBER(row->caps),
		REMOTE_NUMBER(row->is_repeatable),
		REMOTE_NUMBER(row->runs_max),
		REMOTE_SLICE(row->owner),
		REMOTE_NUMBER(row->deadline),
		REMOTE_NUMBER(waits),
		REMOTE_NUMBER(waits ? o->limits->waiting : o->limits->host),
		REMOTE_NUMBER(own),
	};

	memcpy(v, values, sizeof(values));
}

static void
fill_task(const struct task_row *task, struct remote_value *v)
{
	const bool has = task != NULL;
	const struct remote_value values[] = {
		REMOTE_BYTES(has ? task->id : NULL, TASK_ID_BYTES),
		REMOTE_BYTES(has ? task->principal : NULL, DIGEST_BYTES),
		REMOTE_NUMBER(has ? task->session : 0),
		REMOTE_NUMBER(has ? task->form : 0),
		REMOTE_SLICE(has ? task->message : SLICE_NONE),
		REMOTE_NUMBER(has ? task->ttl_ms : 0),
	};

	memcpy(v, values, sizeof(values));
}

/* What is not as it was asked for in a row that was just made. */
static void
begin_row(
    const struct op *op, struct call_row *row, const struct remote_rows *answer)
{
	row->number = remote_number(answer, 0, REMOTE_ANSWER_CALL);
	row->task = remote_number(answer, 0, REMOTE_ANSWER_TASK);
	row->stream = remote_number(answer, 0, REMOTE_ANSWER_STREAM);
	row->epoch = 1;
	row->runs = 1;
	row->group = 0;
	row->group_start = 0;
	row->is_cancelled = false;
	row->is_stopped = false;
	row->state = CALL_RUNNING;
	row->created = op->now_ms;
	row->ended = 0;
}

static void
begin_task(
    const struct op *op, struct task_row *task, const struct call_row *call)
{
	task->number = call->task;
	task->call = call->number;
	task->state = TASK_WORKING;
	task->result = SLICE_NONE;
	task->is_error = false;
	task->created = op->now_ms;
	task->updated = op->now_ms;
}

/* The row that is meant.  One that was swept a moment ago may be opened
 * anew. */
static enum rc
get_row(struct store *base, const struct op *op,
    const struct remote_rows *answer, bool is_recalled, struct call_row *row)
{
	const int64_t number = is_recalled
	    ? remote_number(answer, 0, 1)
	    : remote_number(answer, 0, REMOTE_ANSWER_ROW);
	enum rc rc = number == 0 ? RC_NOTFOUND : RC_OK;

	if (rc == RC_OK && is_recalled)
		rc = remote_call_get(base, op, number, row);
	else if (rc == RC_OK)
		rc = remote_call_row(answer, 0, REMOTE_ANSWER_ROW, row);
	return rc == RC_NOTFOUND ? RC_BUSY : rc;
}

/* What was answered, or left with the mark: number, opened and task, reader. */
static enum rc
read_answer(struct store *base, const struct op *op,
    const struct remote_rows *rows, bool is_recalled, struct remote_opening *o)
{
	const int64_t said =
	    remote_number(rows, 0, is_recalled ? 2 : REMOTE_ANSWER_OPENED);
	enum rc rc = RC_OK;

	o->opened = (enum call_opened)(is_recalled ? said % TASK_UNIT : said);
	o->reader =
	    remote_number(rows, 0, is_recalled ? 3 : REMOTE_ANSWER_READER);
	if (o->opened == CALL_IS_CANCELLED || o->opened == CALL_HAS_NO_ROOM)
		return RC_OK;
	if (o->opened != CALL_IS_NEW || is_recalled)
		rc = get_row(base, op, rows, is_recalled, o->row);
	else
		begin_row(op, o->row, rows);
	if (rc != RC_OK || o->opened != CALL_IS_NEW || o->row->epoch == 1)
		return rc;
	/* While we did not know of it somebody who took us for dead has claimed
	 * it: it is not ours, and with that epoch we should pass for them.  The
	 * same request again joins it. */
	return RC_BUSY;
}

enum rc
remote_call_begin(
    struct store *base, const struct op *op, struct remote_opening *o)
{
	struct remote_value v[ARGUMENTS];
	struct remote_rows rows;
	bool is_recalled;
	enum rc rc;

	fill_call(op, o, v);
	fill_task(o->task, v + CALL_ARGUMENTS);
	rc = remote_run((struct remote_store *)base, op, REMOTE_CALL_OPEN, v,
	    ARGUMENTS, &rows, &is_recalled);
	if (rc == RC_OK)
		rc = remote_outcome(&rows);
	if (rc == RC_OK)
		rc = read_answer(base, op, &rows, is_recalled, o);
	if (rc == RC_OK && o->opened == CALL_IS_NEW && o->task != NULL)
		begin_task(op, o->task, o->row);
	return rc;
}

enum rc
remote_call_open(struct store *base, const struct op *op, struct call_row *row,
    const struct call_limits *limits, enum call_opened *opened, int64_t *reader)
{
	struct call_row got = *row;
	struct remote_opening o = { .row = &got, .limits = limits };
	enum rc rc;

	got.task = 0;
	rc = remote_call_begin(base, op, &o);
	if (rc != RC_OK)
		return rc;
	*row = got;
	*opened = o.opened;
	*reader = o.reader;
	return RC_OK;
}

enum rc
remote_call_finish(struct store *base, const struct op *op,
    const struct call_finish *f, struct appended *out)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(f->call), REMOTE_NUMBER(f->epoch),
		REMOTE_SLICE(f->data), REMOTE_NUMBER(f->task_state),
		REMOTE_SLICE(f->task_result), REMOTE_NUMBER(f->task_is_error),
		REMOTE_SLICE(f->task_message) };

	return remote_appended(
	    base, op, REMOTE_CALL_FINISH, v, sizeof(v) / sizeof(v[0]), out);
}
