/* How a call begins, and how it ends. */
#include <string.h>

#include "sqlite_private.h"

const struct sqlite_text sqlite_call_open_texts[] = {
	{ SQL_CALL_READER,
	    "SELECT reader FROM stream WHERE number = ?1"
	    " AND session = ?2 AND is_open = 1" },
	{ SQL_CALL_READER_ANY, "SELECT reader FROM stream WHERE number = ?1" },
	{ SQL_CALL_STREAM_KIND, "SELECT kind FROM stream WHERE number = ?1" },
	{ SQL_TASK_END,
	    "UPDATE task SET state = ?2, updated = ?3, result = ?4,"
	    " is_error = ?5, message = ?6 WHERE number = ?1 AND state <= 2" },
	{ SQL_STATEMENTS, NULL },
};

struct slice
sqlite_host_of(struct slice owner)
{
	for (size_t n = owner.len; n > 0; n--) {
		if (owner.ptr[n - 1] == '.')
			return (struct slice){ owner.ptr, n - 1 };
	}
	return owner;
}

/* Is the same request, or another one with its id, here already?  CALL_IS_NEW
 * if not. */
static enum rc
find_same(struct sqlite_store *s, const struct op *op, struct call_row *row,
    enum call_opened *opened)
{
	const struct sqlite_value v[] = { SQL_NUMBER(row->session),
		SQL_SLICE(row->request_id),
		SQL_BYTES(row->digest, DIGEST_BYTES) };
	struct call_row found = { 0 };
	enum rc rc;

	*opened = CALL_IS_NEW;
	if (row->session == 0 || row->request_id.ptr == NULL)
		return RC_OK;
	rc = sqlite_call_find(s, SQL_CALL_RUNNING, v, 2, op->arena, &found);
	if (rc == RC_NOTFOUND)
		rc = sqlite_call_find(
		    s, SQL_CALL_UNTAKEN, v, 3, op->arena, &found);
	if (rc != RC_OK)
		return rc == RC_NOTFOUND ? RC_OK : rc;
	*opened = memcmp(found.digest, row->digest, DIGEST_BYTES) == 0
	    ? CALL_IS_JOINED
	    : CALL_IS_OTHER;
	*row = found;
	return RC_OK;
}

/* It serves once. */
static enum rc
take_cancel(struct sqlite_store *s, const struct op *op,
    const struct call_row *row, enum call_opened *opened)
{
	const struct sqlite_value v[] = { SQL_NUMBER(row->session),
		SQL_SLICE(row->request_id) };
	int64_t at = 0;
	enum rc rc;

	if (row->session == 0 || row->request_id.ptr == NULL)
		return RC_OK;
	rc = sqlite_number(s, SQL_CANCEL_FIND, v, 2, &at);
	if (rc != RC_OK)
		return rc == RC_NOTFOUND ? RC_OK : rc;
	if (at > op->now_ms - SQLITE_CANCEL_MS)
		*opened = CALL_IS_CANCELLED;
	return sqlite_run(s, SQL_CANCEL_DROP, v, 2, NULL);
}

static enum rc
count(struct sqlite_store *s, enum sqlite_sql which, struct sqlite_value of,
    int64_t limit, bool *full)
{
	int64_t n = 0;
	enum rc rc;

	if (limit <= 0 || *full)
		return RC_OK;
	rc = sqlite_number(s, which, &of, 1, &n);
	*full = n >= limit;
	return rc;
}

static enum rc
look_for_room(struct sqlite_store *s, const struct call_row *row,
    const struct call_limits *limits, enum call_opened *opened)
{
	const bool waits = row->is_waiting;
	const int64_t own =
	    limits->is_anonymous || waits ? 0 : limits->principal;
	bool full = false;
	enum rc rc =
	    count(s, waits ? SQL_CALL_COUNT_WAITING : SQL_CALL_COUNT_HOST,
		SQL_SLICE(sqlite_host_of(row->owner)),
		waits ? limits->waiting : limits->host, &full);

	if (rc == RC_OK)
		rc = count(s, SQL_CALL_COUNT_PRINCIPAL,
		    SQL_BYTES(row->principal, DIGEST_BYTES), own, &full);
	if (full)
		*opened = CALL_HAS_NO_ROOM;
	return rc;
}

/* The stream of a new call, and who reads it. */
static enum rc
give_stream(struct sqlite_store *s, const struct op *op, struct call_row *row,
    int64_t *reader)
{
	const struct stream_open open = { .session = row->session,
		.kind = STREAM_CALL,
		.owner = row->owner };
	const struct sqlite_value v[] = { SQL_NUMBER(row->stream),
		SQL_NUMBER(row->session) };
	struct stream_row stream = { 0 };
	enum rc rc;

	if (row->session == 0 || row->task != 0) {
		row->stream = 0;
		return RC_OK;
	}
	if (row->stream != 0)
		return sqlite_number(s, SQL_CALL_READER, v, 2, reader);
	rc = sqlite_stream_add(s, op, &open, &stream);
	row->stream = stream.number;
	*reader = stream.reader;
	return rc;
}

static enum rc
add(struct sqlite_store *s, const struct op *op, struct call_row *row,
    int64_t *reader)
{
	enum rc rc = sqlite_has_room(s) ? RC_OK : RC_FULL;

	if (rc == RC_OK)
		rc = give_stream(s, op, row, reader);
	if (rc == RC_OK) {
		const struct sqlite_value v[] = { SQL_NUMBER(row->session),
			SQL_BYTES(row->principal, DIGEST_BYTES),
			SQL_SLICE(row->principal_name),
			SQL_SLICE(row->request_id),
			SQL_BYTES(row->digest, DIGEST_BYTES),
			SQL_SLICE(row->request), SQL_SLICE(row->tool),
			SQL_NUMBER(row->stream), SQL_SLICE(row->revision),
			SQL_NUMBER(row->transport), SQL_NUMBER(row->caps),
			SQL_NUMBER(row->task), SQL_NUMBER(row->is_repeatable),
			SQL_NUMBER(row->runs_max), SQL_SLICE(row->owner),
			SQL_NUMBER(row->deadline), SQL_NUMBER(op->now_ms),
			SQL_NUMBER(row->is_waiting) };

		rc = sqlite_run(
		    s, SQL_CALL_ADD, v, sizeof(v) / sizeof(v[0]), NULL);
	}
	if (rc != RC_OK)
		return rc;
	row->number = sqlite3_last_insert_rowid(s->db);
	row->epoch = 1;
	row->runs = 1;
	row->group = 0;
	row->group_start = 0;
	row->is_cancelled = false;
	row->is_stopped = false;
	row->state = CALL_RUNNING;
	row->created = op->now_ms;
	row->ended = 0;
	return RC_OK;
}

enum rc
sqlite_call_meet(struct sqlite_store *s, const struct op *op,
    struct call_row *row, const struct call_limits *limits,
    enum call_opened *opened)
{
	enum rc rc =
	    row->session == 0 ? RC_OK : sqlite_is_live(s, row->session);

	*opened = CALL_IS_NEW;
	if (rc == RC_OK)
		rc = find_same(s, op, row, opened);
	if (rc == RC_OK && *opened == CALL_IS_NEW)
		rc = take_cancel(s, op, row, opened);
	if (rc == RC_OK && *opened == CALL_IS_NEW)
		rc = look_for_room(s, row, limits, opened);
	return rc;
}

enum rc
sqlite_call_add(
    struct sqlite_store *s, const struct op *op, struct call_row *row)
{
	int64_t reader = 0;

	return add(s, op, row, &reader);
}

enum rc
sqlite_call_open(struct store *base, const struct op *op, struct call_row *row,
    const struct call_limits *limits, enum call_opened *opened, int64_t *reader)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	struct call_row got = *row;
	int64_t his = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	got.task = 0;
	rc = sqlite_call_meet(s, op, &got, limits, opened);
	if (rc == RC_OK && *opened == CALL_IS_NEW) {
		rc = add(s, op, &got, &his);
	} else if (rc == RC_OK && got.stream != 0) {
		const struct sqlite_value v[] = { SQL_NUMBER(got.stream) };

		rc = sqlite_number(s, SQL_CALL_READER_ANY, v, 1, &his);
		/* A running call outlives its stream if its session ended. */
		if (rc == RC_NOTFOUND)
			rc = RC_OK;
	}
	rc = sqlite_write_end(s, rc);
	if (rc != RC_OK)
		return rc;
	*row = got;
	*reader = his;
	return RC_OK;
}

/* The response, and no more after it. */
static enum rc
end_stream(struct sqlite_store *s, const struct op *op,
    const struct call_brief *call, struct slice data, struct appended *out)
{
	const struct event_append event = {
		.session = call->session, .stream = call->stream, .data = data
	};
	const struct sqlite_value v[] = { SQL_NUMBER(call->stream) };
	int64_t kind = 0;
	enum rc rc;

	if (call->stream == 0)
		return RC_OK;
	rc = sqlite_number(s, SQL_CALL_STREAM_KIND, v, 1, &kind);
	if (rc == RC_OK && data.ptr != NULL)
		rc = sqlite_event_add(s, op, &event, NULL, out);
	if (rc == RC_OK && kind == STREAM_CALL)
		rc = sqlite_stream_close(s, op, call->stream);
	/* Nobody is left to hear it: the session ended, or a restart of the
	 * machine closed the stream. */
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc
end_task(struct sqlite_store *s, const struct op *op,
    const struct call_brief *call, const struct call_finish *f)
{
	const struct sqlite_value v[] = { SQL_NUMBER(call->task),
		SQL_NUMBER(f->task_state), SQL_NUMBER(op->now_ms),
		SQL_SLICE(f->task_result), SQL_NUMBER(f->task_is_error),
		SQL_SLICE(f->task_message) };
	int64_t changed = 0;
	enum rc rc;

	if (call->task == 0)
		return RC_OK;
	rc = sqlite_run(s, SQL_TASK_END, v, 6, &changed);
	/* A task that was cancelled stays so. */
	if (rc == RC_OK && changed > 0)
		rc = sqlite_call_notice(s, op, call, CHANGE_TASK, call->task);
	return rc;
}

enum rc
sqlite_call_finish(struct store *base, const struct op *op,
    const struct call_finish *f, struct appended *out)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(f->call),
		SQL_NUMBER(op->now_ms) };
	struct call_brief call;
	struct appended got = { 0 };
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_fence(s, f->call, f->epoch);
	if (rc == RC_OK)
		rc = sqlite_call_brief(s, f->call, &call);
	if (rc == RC_OK)
		rc = end_stream(s, op, &call, f->data, &got);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_CALL_END, v, 2, NULL);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_QUESTION_CLOSE, v, 1, NULL);
	if (rc == RC_OK)
		rc = end_task(s, op, &call, f);
	if (rc == RC_OK)
		rc = sqlite_call_notice(s, op, &call, CHANGE_CALL, f->call);
	rc = sqlite_write_end(s, rc);
	if (rc == RC_OK)
		*out = got;
	return rc;
}
