#include "cursor.h"
#include "method.h"
#include "reply.h"
#include "task.h"
#include "task_row.h"
#include "text.h"

/* Tasks as 2025-11-25 has them (basic/utilities/tasks). */

static const struct slice list_name = SLICE_INIT("tasks");

static void
answer_task(struct exchange *x, const struct task_row *row)
{
	struct buf *b = answer_begin(x);

	task_put_members(b, row, x->server->rules.task_poll_ms);
	answer_end(x, false, NULL);
}

enum rc
method_task_get(struct exchange *x)
{
	struct task_row row;
	bool found;
	enum rc rc = task_load(x, &row, &found);

	if (rc == RC_OK && found)
		answer_task(x, &row);
	return rc;
}

enum rc
method_task_cancel(struct exchange *x)
{
	struct store *store = x->server->store;
	struct task_row row;
	bool found;
	enum rc rc = task_load(x, &row, &found);

	if (rc != RC_OK || !found)
		return rc;
	rc = store->ops->task_cancel(store, &x->op, row.number, &row);
	if (rc == RC_CONFLICT || rc == RC_NOTFOUND) {
		answer_error(x, 200, RPC_INVALID_PARAMS,
		    rc == RC_CONFLICT ? "The task has ended" : "Unknown task",
		    SLICE_NONE);
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	bell_ring(x->server->bell);
	answer_task(x, &row);
	return RC_OK;
}

bool
task_may_list(const struct exchange *x)
{
	return !task_is_anonymous(x) ||
	    x->server->rules.sessions != SESSIONS_OFF;
}

/* Behind which number the page begins; below 0: refused and answered. */
static enum rc
page_start(struct exchange *x, int64_t *after)
{
	const struct json *cursor = json_get(x->message.params, "cursor");
	struct slice text = SLICE_NONE;
	uint64_t number;
	enum rc rc = RC_SYNTAX;

	*after = 0;
	if (cursor == NULL)
		return RC_OK;
	if (cursor->type == JSON_STRING)
		rc = cursor_read(x, cursor->text, list_name, &text);
	if (rc == RC_OK)
		rc = text_u64(text, INT64_MAX, &number);
	if (rc == RC_OK)
		*after = (int64_t)number;
	if (rc != RC_SYNTAX)
		return rc;
	*after = -1;
	answer_error(x, 200, RPC_INVALID_PARAMS, "cursor is not one of ours",
	    SLICE_NONE);
	return RC_OK;
}

static enum rc
put_cursor(struct exchange *x, struct buf *b, int64_t last)
{
	struct buf number = BUF_INIT(32);
	enum rc rc;

	buf_put_i64(&number, last);
	rc = buf_finish(&number);
	if (rc == RC_OK) {
		json_put_key(b, "nextCursor");
		buf_put_char(b, '"');
		rc = cursor_put(x, b, list_name, buf_slice(&number));
		buf_put_char(b, '"');
	}
	buf_release(&number);
	return rc;
}

/* A page of what this client may see; one row more tells of another page. */
static enum rc
read_page(struct exchange *x, int64_t after, struct task_rows *rows)
{
	struct store *store = x->server->store;
	struct task_filter filter = { .principal = x->principal.digest,
		.form = TASKS_EXPERIMENTAL,
		.after = after,
		.limit = x->server->rules.page + (size_t)1 };

	*rows = (struct task_rows){ NULL, 0 };
	if (store == NULL)
		return RC_BUSY;
	if (task_is_anonymous(x)) {
		/* Without a session there is nothing of its own. */
		if (!x->has_session)
			return RC_OK;
		filter.session = x->session.row.id;
	}
	return store->ops->tasks_list(store, &x->op, &filter, rows);
}

enum rc
method_task_list(struct exchange *x)
{
	struct task_rows rows;
	struct buf *b;
	int64_t after;
	size_t n;
	enum rc rc;

	if (!task_may_list(x)) {
		answer_error(x, 200, RPC_METHOD_NOT_FOUND, "Method not found",
		    SLICE_NONE);
		return RC_OK;
	}
	rc = page_start(x, &after);
	if (rc != RC_OK || after < 0)
		return rc;
	rc = read_page(x, after, &rows);
	if (rc != RC_OK)
		return rc;
	n = rows.n > x->server->rules.page ? x->server->rules.page : rows.n;
	b = answer_begin(x);
	json_put_key(b, "tasks");
	buf_put_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		json_put_comma(b);
		buf_put_char(b, '{');
		task_put_members(
		    b, &rows.row[i], x->server->rules.task_poll_ms);
		buf_put_char(b, '}');
	}
	buf_put_char(b, ']');
	if (n < rows.n && n > 0)
		rc = put_cursor(x, b, rows.row[n - 1].number);
	answer_end(x, false, NULL);
	return rc;
}
