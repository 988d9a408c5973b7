/* Tasks; and what is swept of calls, questions and tasks. */

#include "sqlite_private.h"

#define TASK_COLUMNS                                                           \
	"number, id, principal, session, form, call, state, message, result,"  \
	" is_error, created, updated, ttl_ms"

#define LIST(which)                                                            \
	"SELECT " TASK_COLUMNS " FROM task WHERE " which                       \
	" AND number > ?2 AND (?3 = 0 OR session = ?3)"                        \
	" AND (?4 = 0 OR form = ?4) ORDER BY number LIMIT ?5"

/* In the order of their end, so that the index serves. */
#define TASKS_OVER                                                             \
	"SELECT number FROM task WHERE ttl_ms > 0"                             \
	" AND created + ttl_ms <= ?1 ORDER BY created + ttl_ms LIMIT ?2"

/* Nobody can ask for their response: they are old, and have no stream of
 * their own (any more) and no task. */
#define CALLS_OVER(before)                                                     \
	"SELECT c.number FROM call c WHERE c.state = 2 AND c.ended < " before  \
	" AND NOT EXISTS(SELECT 1 FROM stream s"                               \
	" WHERE s.number = c.stream AND s.kind = 1)"                           \
	" AND NOT EXISTS(SELECT 1 FROM task t WHERE t.number = c.task)"

const struct sqlite_text sqlite_task_texts[] = {
	{ SQL_TASK_ADD,
	    "INSERT INTO task(id, principal, session, form, message, created,"
	    " updated, ttl_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)" },
	{ SQL_TASK_CALL, "UPDATE task SET call = ?2 WHERE number = ?1" },
	{ SQL_TASK_GET,
	    "SELECT " TASK_COLUMNS " FROM task"
	    " WHERE id = ?1 AND principal = ?2" },
	{ SQL_TASK_FIND,
	    "SELECT " TASK_COLUMNS " FROM task WHERE number = ?1" },
	{ SQL_TASK_CANCEL,
	    "UPDATE task SET state = 5, updated = ?2"
	    " WHERE number = ?1 AND state <= 2" },
	{ SQL_TASKS, LIST("?1 IS NULL") },
	{ SQL_TASKS_OF, LIST("principal = ?1") },
	{ SQL_TASK_CALLS_OVER,
	    "SELECT c.number FROM call c WHERE c.state = 1"
	    " AND c.is_cancelled = 0 AND c.number IN"
	    " (SELECT call FROM task WHERE number IN (" TASKS_OVER "))"
	    " LIMIT 1" },
	{ SQL_TASK_SWEEP, "DELETE FROM task WHERE number IN (" TASKS_OVER ")" },
	{ SQL_CALL_SWEEP,
	    "DELETE FROM call WHERE number IN (" CALLS_OVER(
		"?1") " ORDER BY c.ended LIMIT ?2)" },
	{ SQL_CANCEL_SWEEP,
	    "DELETE FROM cancel WHERE (session, request_id) IN"
	    " (SELECT session, request_id FROM cancel WHERE at < ?1"
	    " ORDER BY at LIMIT ?2)" },
	{ SQL_CALLS_SWEEP_ANY,
	    "SELECT EXISTS(SELECT 1 FROM task WHERE ttl_ms > 0"
	    " AND created + ttl_ms <= ?1)"
	    " OR EXISTS(SELECT 1 FROM cancel WHERE at < ?2)"
	    " OR EXISTS(" CALLS_OVER("?3") ")" },
	/* Every row is a law; its number comes out where it is broken. */
	{ SQL_CALLS_CHECK,
	    "SELECT 101 WHERE EXISTS(SELECT 1 FROM call WHERE state = 2"
	    " AND (is_waiting <> 0 OR ended = 0))"
	    " UNION ALL SELECT 102 WHERE EXISTS(SELECT 1 FROM question q"
	    " LEFT JOIN call c ON c.number = q.call WHERE c.number IS NULL"
	    " OR (q.state = 1 AND (c.state = 2 OR c.is_waiting = 0)))"
	    " UNION ALL SELECT 103 WHERE EXISTS(SELECT 1 FROM call"
	    " WHERE state = 1 AND session <> 0 AND request_id IS NOT NULL"
	    " GROUP BY session, request_id HAVING count(*) > 1)"
	    " UNION ALL SELECT 104 WHERE EXISTS(SELECT 1 FROM task t"
	    " LEFT JOIN call c ON c.number = t.call"
	    " WHERE c.task IS NOT t.number)" },
	{ SQL_STATEMENTS, NULL },
};

/* The columns of TASK_COLUMNS, in their order. */
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
read_row(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct task_row *row = out;
	enum rc rc = sqlite_fixed(st, COLUMN_ID, row->id, TASK_ID_BYTES);

	row->number = sqlite3_column_int64(st, COLUMN_NUMBER);
	row->session = sqlite3_column_int64(st, COLUMN_SESSION);
	row->form = sqlite3_column_int(st, COLUMN_FORM);
	row->call = sqlite3_column_int64(st, COLUMN_CALL);
	row->state = (enum task_state)sqlite3_column_int(st, COLUMN_STATE);
	row->is_error = sqlite3_column_int(st, COLUMN_IS_ERROR) != 0;
	row->created = sqlite3_column_int64(st, COLUMN_CREATED);
	row->updated = sqlite3_column_int64(st, COLUMN_UPDATED);
	row->ttl_ms = sqlite3_column_int64(st, COLUMN_TTL_MS);
	if (rc == RC_OK)
		rc = sqlite_fixed(
		    st, COLUMN_PRINCIPAL, row->principal, DIGEST_BYTES);
	if (rc == RC_OK)
		rc = sqlite_column(st, COLUMN_MESSAGE, a, &row->message);
	if (rc == RC_OK)
		rc = sqlite_column(st, COLUMN_RESULT, a, &row->result);
	return rc;
}

/* One row, within a write. */
static enum rc
find(struct sqlite_store *s, int64_t number, struct arena *a,
    struct task_row *row)
{
	const struct sqlite_value v[] = { SQL_NUMBER(number) };
	const struct sqlite_query q = { SQL_TASK_FIND, v, 1, sizeof(*row),
		read_row };

	return sqlite_find(s, &q, a, row);
}

static enum rc
add(struct sqlite_store *s, const struct op *op, struct task_row *task,
    struct call_row *call)
{
	const struct sqlite_value v[] = { SQL_BYTES(task->id, TASK_ID_BYTES),
		SQL_BYTES(task->principal, DIGEST_BYTES),
		SQL_NUMBER(task->session), SQL_NUMBER(task->form),
		SQL_SLICE(task->message), SQL_NUMBER(op->now_ms),
		SQL_NUMBER(task->ttl_ms) };
	struct sqlite_value both[2];
	enum rc rc = sqlite_run(s, SQL_TASK_ADD, v, 7, NULL);

	if (rc != RC_OK)
		return rc;
	task->number = sqlite3_last_insert_rowid(s->db);
	task->state = TASK_WORKING;
	task->result = SLICE_NONE;
	task->is_error = false;
	task->created = op->now_ms;
	task->updated = op->now_ms;
	call->task = task->number;
	rc = sqlite_call_add(s, op, call);
	task->call = call->number;
	both[0] = SQL_NUMBER(task->number);
	both[1] = SQL_NUMBER(task->call);
	return rc == RC_OK ? sqlite_run(s, SQL_TASK_CALL, both, 2, NULL) : rc;
}

enum rc
sqlite_task_open(struct store *base, const struct op *op, struct task_row *task,
    struct call_row *call, const struct call_limits *limits,
    enum call_opened *opened)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	struct task_row task_got = *task;
	struct call_row call_got = *call;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_call_meet(s, op, &call_got, limits, opened);
	if (rc == RC_OK && *opened == CALL_IS_NEW)
		rc = add(s, op, &task_got, &call_got);
	else if (rc == RC_OK && call_got.task != 0 &&
	    (*opened == CALL_IS_JOINED || *opened == CALL_IS_OTHER)) {
		rc = find(s, call_got.task, op->arena, &task_got);
		/* Swept while it ran. */
		if (rc == RC_NOTFOUND)
			rc = RC_OK;
	}
	rc = sqlite_write_end(s, rc);
	if (rc != RC_OK)
		return rc;
	*task = task_got;
	*call = call_got;
	return RC_OK;
}

enum rc
sqlite_task_get(struct store *base, const struct op *op,
    const unsigned char id[TASK_ID_BYTES],
    const unsigned char principal[DIGEST_BYTES], struct task_row *row)
{
	const struct sqlite_value v[] = { SQL_BYTES(id, TASK_ID_BYTES),
		SQL_BYTES(principal, DIGEST_BYTES) };
	const struct sqlite_query q = { SQL_TASK_GET, v, 2, sizeof(*row),
		read_row };

	return sqlite_read_one((struct sqlite_store *)base, op, &q, row);
}

enum rc
sqlite_task_find(struct store *base, const struct op *op, int64_t number,
    struct task_row *row)
{
	const struct sqlite_value v[] = { SQL_NUMBER(number) };
	const struct sqlite_query q = { SQL_TASK_FIND, v, 1, sizeof(*row),
		read_row };

	return sqlite_read_one((struct sqlite_store *)base, op, &q, row);
}

enum rc
sqlite_task_cancel(struct store *base, const struct op *op, int64_t number,
    struct task_row *row)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(number),
		SQL_NUMBER(op->now_ms) };
	const struct change change = { .kind = CHANGE_TASK, .ref = number };
	int64_t changed = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, SQL_TASK_CANCEL, v, 2, &changed);
	if (rc == RC_OK && changed > 0)
		rc = sqlite_notice(s, op, &change);
	if (rc == RC_OK)
		rc = find(s, number, op->arena, row);
	if (rc == RC_OK && changed == 0)
		rc = RC_CONFLICT;
	if (rc == RC_OK)
		rc = sqlite_call_cancelled(s, op, row->call);
	/* It had just ended. */
	if (rc == RC_NOTFOUND && changed > 0)
		rc = RC_OK;
	return sqlite_write_end(s, rc);
}

enum rc
sqlite_tasks_list(struct store *base, const struct op *op,
    const struct task_filter *f, struct task_rows *rows)
{
	const bool any = f->principal == NULL;
	const struct sqlite_value v[] = {
		SQL_BYTES(f->principal, any ? 0 : DIGEST_BYTES),
		SQL_NUMBER(f->after),
		SQL_NUMBER(f->session),
		SQL_NUMBER(f->form),
		SQL_LIMIT(f->limit),
	};
	const struct sqlite_query q = { any ? SQL_TASKS : SQL_TASKS_OF, v,
		sizeof(v) / sizeof(v[0]), sizeof(*rows->row), read_row };
	struct sqlite_rows found;
	enum rc rc =
	    sqlite_read_all((struct sqlite_store *)base, op, &q, &found);

	*rows = (struct task_rows){ found.row, found.n };
	return rc;
}

/* ----------------------------------------------------------------- sweep */

/* Calls that ended before this may go; 0: none. */
static int64_t
calls_before(const struct sweep_rules *rules)
{
	return rules->streams_before > rules->unsent_before
	    ? rules->streams_before
	    : rules->unsent_before;
}

/* Tasks that nobody may ask for any longer; who still works on one is told to
 * stop. */
static enum rc
sweep_tasks(
    struct sqlite_store *s, const struct op *op, int64_t limit, int64_t *gone)
{
	const struct sqlite_value v[] = { SQL_NUMBER(op->now_ms),
		SQL_NUMBER(limit) };
	int64_t call = 0;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		rc = sqlite_number(s, SQL_TASK_CALLS_OVER, v, 2, &call);
		if (rc == RC_OK)
			rc = sqlite_call_cancelled(s, op, call);
	}
	if (rc == RC_NOTFOUND)
		rc = sqlite_run(s, SQL_TASK_SWEEP, v, 2, gone);
	return rc;
}

enum rc
sqlite_sweep_calls(struct sqlite_store *s, const struct op *op,
    const struct sweep_rules *rules, int64_t limit, int64_t *gone)
{
	struct sqlite_value v[2];
	int64_t tasks = 0;
	int64_t cancels = 0;
	int64_t calls = 0;
	enum rc rc = sweep_tasks(s, op, limit, &tasks);

	v[0] = SQL_NUMBER(op->now_ms - SQLITE_CANCEL_MS);
	v[1] = SQL_NUMBER(limit - tasks);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_CANCEL_SWEEP, v, 2, &cancels);
	v[0] = SQL_NUMBER(calls_before(rules));
	v[1] = SQL_NUMBER(limit - tasks - cancels);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_CALL_SWEEP, v, 2, &calls);
	*gone = tasks + cancels + calls;
	return rc;
}

enum rc
sqlite_sweep_calls_any(struct sqlite_store *s, const struct op *op,
    const struct sweep_rules *rules, bool *any)
{
	const struct sqlite_value v[] = { SQL_NUMBER(op->now_ms),
		SQL_NUMBER(op->now_ms - SQLITE_CANCEL_MS),
		SQL_NUMBER(calls_before(rules)) };
	int64_t yes = 0;
	enum rc rc = sqlite_number(s, SQL_CALLS_SWEEP_ANY, v, 3, &yes);

	*any = yes != 0;
	return rc;
}
