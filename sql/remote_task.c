#include "remote_call.h"
#include "remote_ops.h"

const struct remote_text remote_task_texts[] = {
	{ REMOTE_TASK_GET, { "mcp_task_get", "bb", REMOTE_READ } },
	{ REMOTE_TASK_FIND, { "mcp_task_find", "n", REMOTE_READ } },
	{ REMOTE_TASK_CANCEL, { "mcp_task_cancel", "bnn", REMOTE_ONCE } },
	{ REMOTE_TASKS, { "mcp_tasks", "bnnnn", REMOTE_READ } },
	{ REMOTE_ROUTINES, { NULL, NULL, REMOTE_READ } },
};

/* The columns of mcp_task_row, in their order. */
enum column {
	COLUMN_NUMBER,
	COLUMN_ID,
	COLUMN_PRINCIPAL,
	COLUMN_SESSION,
	COLUMN_FORM,
	COLUMN_CALL,
	COLUMN_STATE,
	COLUMN_MESSAGE,
	COLUMN_RESULT,
	COLUMN_IS_ERROR,
	COLUMN_CREATED,
	COLUMN_UPDATED,
	COLUMN_TTL_MS
};

static enum rc
read_row(
    const struct remote_rows *rows, size_t i, size_t at, struct task_row *row)
{
	enum rc rc;

	*row = (struct task_row){
		.number = remote_number(rows, i, at + COLUMN_NUMBER),
		.session = remote_number(rows, i, at + COLUMN_SESSION),
		.form = (int)remote_number(rows, i, at + COLUMN_FORM),
		.call = remote_number(rows, i, at + COLUMN_CALL),
		.state =
		    (enum task_state)remote_number(rows, i, at + COLUMN_STATE),
		.message = remote_slice(rows, i, at + COLUMN_MESSAGE),
		.result = remote_slice(rows, i, at + COLUMN_RESULT),
		.is_error = remote_number(rows, i, at + COLUMN_IS_ERROR) != 0,
		.created = remote_number(rows, i, at + COLUMN_CREATED),
		.updated = remote_number(rows, i, at + COLUMN_UPDATED),
		.ttl_ms = remote_number(rows, i, at + COLUMN_TTL_MS),
	};
	rc = remote_fixed(rows, i, at + COLUMN_ID, row->id, TASK_ID_BYTES);
	if (rc == RC_OK)
		rc = remote_fixed(rows, i, at + COLUMN_PRINCIPAL,
		    row->principal, DIGEST_BYTES);
	return rc;
}

/* One row; RC_NOTFOUND. */
static enum rc
read_one(struct store *base, const struct op *op, enum remote_sql which,
    const struct remote_value *v, size_t n, struct task_row *row)
{
	struct remote_rows rows;
	enum rc rc =
	    remote_rows((struct remote_store *)base, op, which, v, n, &rows);

	if (rc == RC_OK && rows.n == 0)
		rc = RC_NOTFOUND;
	return rc == RC_OK ? read_row(&rows, 0, 0, row) : rc;
}

enum rc
remote_task_open(struct store *base, const struct op *op, struct task_row *task,
    struct call_row *call, const struct call_limits *limits,
    enum call_opened *opened)
{
	struct task_row task_got = *task;
	struct call_row call_got = *call;
	struct remote_opening o = {
		.row = &call_got, .task = &task_got, .limits = limits
	};
	enum rc rc = remote_call_begin(base, op, &o);

	if (rc == RC_OK && call_got.task != 0 &&
	    (o.opened == CALL_IS_JOINED || o.opened == CALL_IS_OTHER)) {
		rc = remote_task_find(base, op, call_got.task, &task_got);
		/* Swept while it ran. */
		if (rc == RC_NOTFOUND)
			rc = RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	*task = task_got;
	*call = call_got;
	*opened = o.opened;
	return RC_OK;
}

enum rc
remote_task_get(struct store *base, const struct op *op,
    const unsigned char id[TASK_ID_BYTES],
    const unsigned char principal[DIGEST_BYTES], struct task_row *row)
{
	const struct remote_value v[] = { REMOTE_BYTES(id, TASK_ID_BYTES),
		REMOTE_BYTES(principal, DIGEST_BYTES) };

	return read_one(base, op, REMOTE_TASK_GET, v, 2, row);
}

enum rc
remote_task_find(struct store *base, const struct op *op, int64_t number,
    struct task_row *row)
{
	const struct remote_value v[] = { REMOTE_NUMBER(number) };

	return read_one(base, op, REMOTE_TASK_FIND, v, 1, row);
}

enum rc
remote_task_cancel(struct store *base, const struct op *op, int64_t number,
    struct task_row *row)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(number) };
	struct remote_rows rows;
	bool is_recalled;
	enum rc read = RC_OK;
	enum rc rc = remote_run((struct remote_store *)base, op,
	    REMOTE_TASK_CANCEL, v, 2, &rows, &is_recalled);

	if (rc != RC_OK)
		return rc;
	if (is_recalled)
		return remote_task_find(base, op, number, row);
	rc = remote_outcome(&rows);
	if (rc == RC_OK || rc == RC_CONFLICT) {
		/* It may be swept while it is read. */
		if (remote_number(&rows, 0, 1) == 0)
			return RC_NOTFOUND;
		read = read_row(&rows, 0, 1, row);
	}
	return read == RC_OK ? rc : read;
}

enum rc
remote_tasks_list(struct store *base, const struct op *op,
    const struct task_filter *f, struct task_rows *out)
{
	const struct remote_value v[] = {
		REMOTE_BYTES(f->principal, DIGEST_BYTES),
		REMOTE_NUMBER(f->after),
		REMOTE_NUMBER(f->session),
		REMOTE_NUMBER(f->form),
		remote_limit(f->limit),
	};
	struct remote_rows rows;
	enum rc rc = remote_rows((struct remote_store *)base, op, REMOTE_TASKS,
	    v, sizeof(v) / sizeof(v[0]), &rows);

	*out = (struct task_rows){ NULL, 0 };
	if (rc != RC_OK || rows.n == 0)
		return rc;
	out->row = arena_alloc(op->arena, rows.n * sizeof(*out->row));
	if (out->row == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < rows.n && rc == RC_OK; i++)
		rc = read_row(&rows, i, 0, &out->row[i]);
	out->n = rc == RC_OK ? rows.n : 0;
	return rc;
}
