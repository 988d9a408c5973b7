
#include "sqlite_private.h"

#define QUESTION_COLUMNS                                                       \
	"rpc_id, key, method, params, call, session, stream, state, is_error," \
	" answer, deadline"

/* The newest of that key: a tool that is run again may ask again. */
#define OPEN_ONE(what, more, which)                                            \
	"SELECT " what " FROM question WHERE " which " AND state = 1" more     \
	" ORDER BY id DESC LIMIT 1"
#define BY_RPC_ID "session = ?1 AND rpc_id = ?2"
#define BY_KEY "call = ?1 AND key = ?2"

const struct sqlite_text sqlite_question_texts[] = {
	{ SQL_QUESTION_ADD,
	    "INSERT INTO question(rpc_id, key, method, params, call, session,"
	    " stream, deadline) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)" },
	{ SQL_QUESTION_BY_RPC_ID, OPEN_ONE("id, call", "", BY_RPC_ID) },
	{ SQL_QUESTION_BY_KEY, OPEN_ONE("id, call", "", BY_KEY) },
	{ SQL_QUESTION_UNSENT_BY_RPC_ID,
	    OPEN_ONE("id, call", " AND stream = 0", BY_RPC_ID) },
	{ SQL_QUESTION_UNSENT_BY_KEY,
	    OPEN_ONE("id, call", " AND stream = 0", BY_KEY) },
	{ SQL_QUESTION_ANSWER,
	    "UPDATE question SET state = 2, answer = ?2, is_error = ?3"
	    " WHERE id = ?1" },
	{ SQL_QUESTION_IS_OPEN,
	    "SELECT EXISTS(SELECT 1 FROM question"
	    " WHERE call = ?1 AND state = 1)" },
	{ SQL_QUESTION_CLOSE,
	    "UPDATE question SET state = 3 WHERE call = ?1 AND state = 1" },
	{ SQL_QUESTION_SEND, "UPDATE question SET stream = ?2 WHERE id = ?1" },
	{ SQL_QUESTION_TASKS,
	    "SELECT DISTINCT c.number FROM question q JOIN call c"
	    " ON c.number = q.call WHERE q.stream = ?1 AND q.state = 1"
	    " AND c.task <> 0 AND c.number > ?2 ORDER BY c.number LIMIT 1" },
	{ SQL_QUESTION_RETURN,
	    "UPDATE question SET stream = 0 WHERE stream = ?1 AND state = 1" },
	{ SQL_QUESTIONS,
	    "SELECT " QUESTION_COLUMNS " FROM question WHERE call = ?1"
	    " ORDER BY id" },
	{ SQL_TASK_SET,
	    "UPDATE task SET state = ?2, updated = ?3"
	    " WHERE number = ?1 AND state = ?4" },
	{ SQL_STATEMENTS, NULL },
};

/* The columns of QUESTION_COLUMNS, in their order. */
enum column {
	COLUMN_RPC_ID,
	COLUMN_KEY,
	COLUMN_METHOD,
	COLUMN_PARAMS,
	COLUMN_CALL,
	COLUMN_SESSION,
	COLUMN_STREAM,
	COLUMN_STATE,
	COLUMN_IS_ERROR,
	COLUMN_ANSWER,
	COLUMN_DEADLINE
};

static enum rc
read_row(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct question_row *row = out;
	const struct {
		enum column column;
		struct slice *out;
	} text[] = {
		{ COLUMN_RPC_ID, &row->rpc_id },
		{ COLUMN_KEY, &row->key },
		{ COLUMN_METHOD, &row->method },
		{ COLUMN_PARAMS, &row->params },
		{ COLUMN_ANSWER, &row->answer },
	};
	enum rc rc = RC_OK;

	row->call = sqlite3_column_int64(st, COLUMN_CALL);
	row->session = sqlite3_column_int64(st, COLUMN_SESSION);
	row->stream = sqlite3_column_int64(st, COLUMN_STREAM);
	row->state = (enum question_state)sqlite3_column_int(st, COLUMN_STATE);
	row->is_error = sqlite3_column_int(st, COLUMN_IS_ERROR) != 0;
	row->deadline = sqlite3_column_int64(st, COLUMN_DEADLINE);
	row->data = SLICE_NONE;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		rc = sqlite_column(st, (int)text[i].column, a, text[i].out);
		if (rc != RC_OK)
			break;
	}
	return rc;
}

/* The call waits or goes on, and its task with it. */
static enum rc
set_waiting(struct sqlite_store *s, const struct op *op,
    const struct call_brief *call, bool waits)
{
	const enum task_state from = waits ? TASK_WORKING : TASK_INPUT_REQUIRED;
	const enum task_state to = waits ? TASK_INPUT_REQUIRED : TASK_WORKING;
	const struct sqlite_value w[] = { SQL_NUMBER(call->number),
		SQL_NUMBER(waits) };
	const struct sqlite_value v[] = { SQL_NUMBER(call->task),
		SQL_NUMBER(to), SQL_NUMBER(op->now_ms), SQL_NUMBER(from) };
	int64_t changed = 0;
	enum rc rc = sqlite_run(s, SQL_CALL_WAIT, w, 2, NULL);

	if (rc == RC_OK && call->task != 0)
		rc = sqlite_run(s, SQL_TASK_SET, v, 4, &changed);
	if (rc == RC_OK && changed > 0)
		rc = sqlite_call_notice(s, op, call, CHANGE_TASK, call->task);
	return rc;
}

/* May one more call of its host wait? */
static enum rc
look_for_room(struct sqlite_store *s, const struct call_brief *call,
    struct arena *a, const struct call_limits *limits)
{
	const struct sqlite_value number[] = { SQL_NUMBER(call->number) };
	struct sqlite_value host[1];
	struct call_row row = { 0 };
	int64_t n = 0;
	enum rc rc;

	if (!sqlite_has_room(s))
		return RC_FULL;
	if (call->is_waiting || limits->waiting <= 0)
		return RC_OK;
	rc = sqlite_call_find(s, SQL_CALL_GET, number, 1, a, &row);
	host[0] = SQL_SLICE(sqlite_host_of(row.owner));
	if (rc == RC_OK)
		rc = sqlite_number(s, SQL_CALL_COUNT_WAITING, host, 1, &n);
	return rc == RC_OK && n >= limits->waiting ? RC_FULL : rc;
}

static enum rc
ask(struct sqlite_store *s, const struct op *op, const struct question_row *q,
    const struct call_brief *call, struct appended *out)
{
	const struct event_append event = {
		.session = q->session, .stream = q->stream, .data = q->data
	};
	const struct sqlite_value v[] = { SQL_SLICE(q->rpc_id),
		SQL_SLICE(q->key), SQL_SLICE(q->method), SQL_SLICE(q->params),
		SQL_NUMBER(q->call), SQL_NUMBER(q->session),
		SQL_NUMBER(q->stream), SQL_NUMBER(q->deadline) };
	enum rc rc;

	if (q->call != call->number || q->session != call->session)
		return RC_BUG;
	rc = sqlite_run(s, SQL_QUESTION_ADD, v, 8, NULL);
	if (rc == RC_OK && q->stream != 0)
		rc = sqlite_event_add(s, op, &event, NULL, out);
	return rc;
}

/* As store.h has it. */
enum rc /* NOLINTNEXTLINE(readability-function-size) */
sqlite_question_put(struct store *base, const struct op *op,
    const struct question_row *q, size_t n, int64_t epoch,
    const struct call_limits *limits, struct appended *out)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	struct appended got = { 0 };
	struct call_brief call;
	enum rc rc;

	*out = got;
	if (n == 0)
		return RC_OK;
	rc = sqlite_write_begin(s, op);
	if (rc != RC_OK)
		return rc;
	rc = sqlite_fence(s, q[0].call, epoch);
	if (rc == RC_OK)
		rc = sqlite_call_brief(s, q[0].call, &call);
	if (rc == RC_OK && call.session != 0)
		rc = sqlite_is_live(s, call.session);
	if (rc == RC_OK)
		rc = look_for_room(s, &call, op->arena, limits);
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = ask(s, op, &q[i], &call, &got);
	if (rc == RC_OK)
		rc = set_waiting(s, op, &call, true);
	rc = sqlite_write_end(s, rc);
	if (rc == RC_OK)
		*out = got;
	return rc;
}

/* The id of an open question, and its call; RC_NOTFOUND. */
static enum rc
find(struct sqlite_store *s, const struct question_name *name,
    const enum sqlite_sql which[2], int64_t *id, int64_t *call)
{
	const bool by_key = name->rpc_id.ptr == NULL;
	const enum sqlite_sql sql = which[by_key ? 1 : 0];
	const struct sqlite_value v[] = {
		SQL_NUMBER(by_key ? name->call : name->session),
		SQL_SLICE(by_key ? name->key : name->rpc_id),
	};
	bool there = false;
	enum rc rc = sqlite_bind(s, sql, v, 2);

	if (rc == RC_OK)
		rc = sqlite_step(s, sql, &there);
	if (rc == RC_OK && !there)
		rc = RC_NOTFOUND;
	if (rc == RC_OK) {
		*id = sqlite3_column_int64(s->statement[sql], 0);
		*call = sqlite3_column_int64(s->statement[sql], 1);
	}
	sqlite_done(s, sql);
	return rc;
}

/* The last answer lets the call go on. */
static enum rc
go_on(struct sqlite_store *s, const struct op *op, const struct call_brief *c)
{
	const struct sqlite_value v[] = { SQL_NUMBER(c->number) };
	int64_t open = 0;
	enum rc rc = sqlite_number(s, SQL_QUESTION_IS_OPEN, v, 1, &open);

	return rc == RC_OK && open == 0 ? set_waiting(s, op, c, false) : rc;
}

enum rc
sqlite_question_answer(struct store *base, const struct op *op,
    const struct question_name *name, struct slice answer, bool is_error)
{
	static const enum sqlite_sql which[] = { SQL_QUESTION_BY_RPC_ID,
		SQL_QUESTION_BY_KEY };
	struct sqlite_store *s = (struct sqlite_store *)base;
	struct sqlite_value v[] = { SQL_NUMBER(0), SQL_SLICE(answer),
		SQL_NUMBER(is_error) };
	struct call_brief call = { 0 };
	int64_t number = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = find(s, name, which, &v[0].number, &number);
	if (rc == RC_OK)
		rc = sqlite_call_brief(s, number, &call);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_QUESTION_ANSWER, v, 3, NULL);
	if (rc == RC_OK)
		rc = sqlite_call_notice(s, op, &call, CHANGE_ANSWER, number);
	if (rc == RC_OK)
		rc = go_on(s, op, &call);
	return sqlite_write_end(s, rc);
}

enum rc
sqlite_questions_get(struct store *base, const struct op *op, int64_t call,
    struct question_rows *rows)
{
	const struct sqlite_value v[] = { SQL_NUMBER(call) };
	const struct sqlite_query q = { SQL_QUESTIONS, v, 1, sizeof(*rows->row),
		read_row };
	struct sqlite_rows found;
	enum rc rc =
	    sqlite_read_all((struct sqlite_store *)base, op, &q, &found);

	*rows = (struct question_rows){ found.row, found.n };
	return rc;
}

enum rc
sqlite_questions_close(
    struct store *base, const struct op *op, int64_t call, int64_t epoch)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(call) };
	struct call_brief brief;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_fence(s, call, epoch);
	if (rc == RC_OK)
		rc = sqlite_call_brief(s, call, &brief);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_QUESTION_CLOSE, v, 1, NULL);
	if (rc == RC_OK)
		rc = set_waiting(s, op, &brief, false);
	return sqlite_write_end(s, rc);
}

enum rc
sqlite_question_send(struct store *base, const struct op *op,
    const struct question_name *name, int64_t stream, struct slice data,
    struct appended *out)
{
	static const enum sqlite_sql which[] = { SQL_QUESTION_UNSENT_BY_RPC_ID,
		SQL_QUESTION_UNSENT_BY_KEY };
	struct sqlite_store *s = (struct sqlite_store *)base;
	struct sqlite_value v[] = { SQL_NUMBER(0), SQL_NUMBER(stream) };
	struct event_append event = { .stream = stream, .data = data };
	struct call_brief call = { 0 };
	struct appended got = { 0 };
	int64_t number = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = find(s, name, which, &v[0].number, &number);
	if (rc == RC_OK)
		rc = sqlite_call_brief(s, number, &call);
	if (rc == RC_NOTFOUND)
		rc = RC_CONFLICT;
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_QUESTION_SEND, v, 2, NULL);
	event.session = call.session;
	if (rc == RC_OK)
		rc = sqlite_event_add(s, op, &event, NULL, &got);
	rc = sqlite_write_end(s, rc);
	if (rc == RC_OK)
		*out = got;
	return rc;
}

/* Somebody else may ask them now: whoever waits for one of these tasks. */
static enum rc
tell_tasks(struct sqlite_store *s, const struct op *op, int64_t stream)
{
	struct sqlite_value v[] = { SQL_NUMBER(stream), SQL_NUMBER(0) };
	struct call_brief call;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		rc = sqlite_number(s, SQL_QUESTION_TASKS, v, 2, &v[1].number);
		if (rc == RC_OK)
			rc = sqlite_call_brief(s, v[1].number, &call);
		if (rc == RC_OK)
			rc = sqlite_call_notice(
			    s, op, &call, CHANGE_TASK, call.task);
	}
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

enum rc
sqlite_questions_return(struct store *base, const struct op *op, int64_t stream)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(stream) };
	enum rc rc;

	if (stream == 0)
		return RC_OK;
	rc = sqlite_write_begin(s, op);
	if (rc != RC_OK)
		return rc;
	rc = tell_tasks(s, op, stream);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_QUESTION_RETURN, v, 1, NULL);
	return sqlite_write_end(s, rc);
}
