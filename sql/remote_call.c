#include "remote_call.h"

#include "remote_ops.h"

const struct remote_text remote_call_texts[] = {
	/* With a task, too: see remote_call_begin(). */
	{ REMOTE_CALL_OPEN,
	    { "mcp_call_open", "bnnbbbbbbnbnnnnbnnnnbbnnbn", REMOTE_ONCE } },
	{ REMOTE_CALL_GET, { "mcp_call_get", "n", REMOTE_READ } },
	{ REMOTE_CALL_LOOK, { "mcp_call_look", "n", REMOTE_READ } },
	{ REMOTE_CALL_GROUP, { "mcp_call_group", "nnnn", REMOTE_REPEATABLE } },
	{ REMOTE_CALL_FINISH, { "mcp_call_finish", "bnnnbnbnb", REMOTE_ONCE } },
	{ REMOTE_CALL_CLAIM, { "mcp_call_claim", "bnnnb", REMOTE_ONCE } },
	{ REMOTE_CALL_CANCEL, { "mcp_call_cancel", "nnb", REMOTE_REPEATABLE } },
	{ REMOTE_CALL_STOP, { "mcp_call_stop", "nn", REMOTE_REPEATABLE } },
	{ REMOTE_CALLS, { "mcp_calls", "nnbbnn", REMOTE_READ } },
	{ REMOTE_ROUTINES, { NULL, NULL, REMOTE_READ } },
};

/* The columns of mcp_call_row, in their order. */
enum column {
	COLUMN_NUMBER,
	COLUMN_SESSION,
	COLUMN_PRINCIPAL,
	COLUMN_PRINCIPAL_NAME,
	COLUMN_REQUEST_ID,
	COLUMN_DIGEST,
	COLUMN_REQUEST,
	COLUMN_TOOL,
	COLUMN_STREAM,
	COLUMN_REVISION,
	COLUMN_TRANSPORT,
	COLUMN_CAPS,
	COLUMN_TASK,
	COLUMN_IS_REPEATABLE,
	COLUMN_RUNS_MAX,
	COLUMN_OWNER,
	COLUMN_EPOCH,
	COLUMN_RUNS,
	COLUMN_PGROUP,
	COLUMN_PGROUP_START,
	COLUMN_IS_CANCELLED,
	COLUMN_IS_WAITING,
	COLUMN_STATE,
	COLUMN_CREATED,
	COLUMN_DEADLINE,
	COLUMN_ENDED
};

enum rc
remote_call_row(
    const struct remote_rows *rows, size_t i, size_t at, struct call_row *row)
{
	const int64_t by = remote_number(rows, i, at + COLUMN_IS_CANCELLED);
	const int64_t state = remote_number(rows, i, at + COLUMN_STATE);
	enum rc rc;

	*row = (struct call_row){
		.number = remote_number(rows, i, at + COLUMN_NUMBER),
		.session = remote_number(rows, i, at + COLUMN_SESSION),
		.principal_name =
		    remote_slice(rows, i, at + COLUMN_PRINCIPAL_NAME),
		.request_id = remote_slice(rows, i, at + COLUMN_REQUEST_ID),
		.request = remote_slice(rows, i, at + COLUMN_REQUEST),
		.tool = remote_slice(rows, i, at + COLUMN_TOOL),
		.stream = remote_number(rows, i, at + COLUMN_STREAM),
		.revision = remote_slice(rows, i, at + COLUMN_REVISION),
		.transport = (int)remote_number(rows, i, at + COLUMN_TRANSPORT),
		.caps = (uint32_t)remote_number(rows, i, at + COLUMN_CAPS),
		.task = remote_number(rows, i, at + COLUMN_TASK),
		.is_repeatable =
		    remote_number(rows, i, at + COLUMN_IS_REPEATABLE) != 0,
		.runs_max = (int)remote_number(rows, i, at + COLUMN_RUNS_MAX),
		.owner = remote_slice(rows, i, at + COLUMN_OWNER),
		.epoch = remote_number(rows, i, at + COLUMN_EPOCH),
		.runs = (int)remote_number(rows, i, at + COLUMN_RUNS),
		.group = remote_number(rows, i, at + COLUMN_PGROUP),
		.group_start = remote_number(rows, i, at + COLUMN_PGROUP_START),
		.is_cancelled = by != 0,
		.is_stopped = by == REMOTE_BY_OPERATOR,
		.is_waiting =
		    remote_number(rows, i, at + COLUMN_IS_WAITING) != 0,
		.state = state == CALL_RUNNING ? CALL_RUNNING : CALL_ENDED,
		.created = remote_number(rows, i, at + COLUMN_CREATED),
		.deadline = remote_number(rows, i, at + COLUMN_DEADLINE),
		.ended = remote_number(rows, i, at + COLUMN_ENDED),
	};
	rc = remote_fixed(
	    rows, i, at + COLUMN_PRINCIPAL, row->principal, DIGEST_BYTES);
	if (rc == RC_OK)
		rc = remote_fixed(
		    rows, i, at + COLUMN_DIGEST, row->digest, DIGEST_BYTES);
	return rc;
}

enum rc
remote_change(struct store *base, const struct op *op, enum remote_sql which,
    const struct remote_value *v, size_t n, struct remote_rows *rows)
{
	struct remote_store *s = (struct remote_store *)base;
	bool is_recalled;
	enum rc rc = remote_run(s, op, which, v, n, rows, &is_recalled);

	return rc == RC_OK ? remote_outcome(rows) : rc;
}

enum rc
remote_appended(struct store *base, const struct op *op, enum remote_sql which,
    const struct remote_value *v, size_t n, struct appended *out)
{
	struct remote_rows rows;
	enum rc rc = remote_change(base, op, which, v, n, &rows);

	/* What was left with the mark is in the same columns. */
	if (rc == RC_OK) {
		*out = (struct appended){ .seq = remote_number(&rows, 0, 1),
			.reader = remote_number(&rows, 0, 2) };
	}
	return rc;
}

struct remote_value
remote_limit(size_t limit)
{
	return REMOTE_NUMBER(
	    limit == 0 || limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
}

enum rc
remote_call_get(
    struct store *base, const struct op *op, int64_t call, struct call_row *row)
{
	const struct remote_value v[] = { REMOTE_NUMBER(call) };
	struct remote_rows rows;
	enum rc rc = remote_rows(
	    (struct remote_store *)base, op, REMOTE_CALL_GET, v, 1, &rows);

	if (rc == RC_OK && rows.n == 0)
		rc = RC_NOTFOUND;
	return rc == RC_OK ? remote_call_row(&rows, 0, 0, row) : rc;
}

enum rc
remote_call_look(struct store *base, const struct op *op, int64_t call,
    struct call_news *news)
{
	const struct remote_value v[] = { REMOTE_NUMBER(call) };
	struct remote_rows rows;
	int64_t by;
	enum rc rc = remote_rows(
	    (struct remote_store *)base, op, REMOTE_CALL_LOOK, v, 1, &rows);

	if (rc == RC_OK && rows.n == 0)
		rc = RC_NOTFOUND;
	if (rc != RC_OK)
		return rc;
	by = remote_number(&rows, 0, 1);
	*news = (struct call_news){
		.epoch = remote_number(&rows, 0, 0),
		.is_cancelled = by != 0,
		.is_stopped = by == REMOTE_BY_OPERATOR,
		.state = remote_number(&rows, 0, 2) == CALL_RUNNING
		    ? CALL_RUNNING
		    : CALL_ENDED,
		.reader = remote_number(&rows, 0, 3),
		.answers = remote_number(&rows, 0, 4),
	};
	return RC_OK;
}

enum rc
remote_call_group(struct store *base, const struct op *op, int64_t call,
    int64_t epoch, int64_t group, int64_t start)
{
	const struct remote_value v[] = { REMOTE_NUMBER(call),
		REMOTE_NUMBER(epoch), REMOTE_NUMBER(group),
		REMOTE_NUMBER(start) };
	struct remote_rows rows;

	return remote_change(base, op, REMOTE_CALL_GROUP, v, 4, &rows);
}

enum rc
remote_call_claim(struct store *base, const struct op *op, int64_t call,
    int64_t epoch, struct slice owner, struct call_row *row)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(call), REMOTE_NUMBER(epoch),
		REMOTE_SLICE(owner) };
	struct remote_rows rows;
	struct call_row got;
	bool is_recalled;
	enum rc rc = remote_run((struct remote_store *)base, op,
	    REMOTE_CALL_CLAIM, v, 4, &rows, &is_recalled);

	if (rc == RC_OK)
		rc = remote_outcome(&rows);
	if (rc == RC_OK && is_recalled)
		rc = remote_call_get(base, op, call, &got);
	else if (rc == RC_OK)
		rc = remote_call_row(&rows, 0, REMOTE_ANSWER_ROW, &got);
	if (rc != RC_OK)
		return rc;
	/* It was ours, but is no longer. */
	if (got.epoch != epoch + 1)
		return RC_CONFLICT;
	*row = got;
	return RC_OK;
}

enum rc
remote_call_cancel(struct store *base, const struct op *op, int64_t session,
    struct slice request_id, int64_t *call)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(session), REMOTE_SLICE(request_id) };
	struct remote_rows rows;
	enum rc rc;

	*call = 0;
	if (session == 0 || request_id.ptr == NULL)
		return RC_OK;
	rc = remote_change(base, op, REMOTE_CALL_CANCEL, v, 3, &rows);
	if (rc == RC_OK)
		*call = remote_number(&rows, 0, 1);
	return rc;
}

enum rc
remote_call_stop(struct store *base, const struct op *op, int64_t call)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(call) };
	struct remote_rows rows;

	return remote_change(base, op, REMOTE_CALL_STOP, v, 2, &rows);
}

enum rc
remote_calls_list(struct store *base, const struct op *op,
    const struct call_filter *f, struct call_rows *out)
{
	const struct remote_value v[] = { REMOTE_NUMBER(f->after),
		REMOTE_NUMBER(f->session), REMOTE_SLICE(f->owner),
		REMOTE_SLICE(f->host), REMOTE_NUMBER(f->state),
		remote_limit(f->limit) };
	struct remote_rows rows;
	enum rc rc = remote_rows((struct remote_store *)base, op, REMOTE_CALLS,
	    v, sizeof(v) / sizeof(v[0]), &rows);

	*out = (struct call_rows){ NULL, 0 };
	if (rc != RC_OK || rows.n == 0)
		return rc;
	out->row = arena_alloc(op->arena, rows.n * sizeof(*out->row));
	if (out->row == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < rows.n && rc == RC_OK; i++)
		rc = remote_call_row(&rows, i, 0, &out->row[i]);
	out->n = rc == RC_OK ? rows.n : 0;
	return rc;
}
