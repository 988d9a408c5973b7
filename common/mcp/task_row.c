#include "task_row.h"

#include "reply.h"
#include "text.h"

bool
task_is_anonymous(const struct exchange *x)
{
	return x->principal.name.len == 0;
}

static void
put_id(struct buf *b, const unsigned char id[TASK_ID_BYTES])
{
	buf_put_char(b, '"');
	text_put_b64url(b, id, TASK_ID_BYTES);
	buf_put_char(b, '"');
}

void
task_put_reference(struct buf *b, const unsigned char id[TASK_ID_BYTES])
{
	buf_put_slice(b, SLICE("{\"taskId\":"));
	put_id(b, id);
	buf_put_char(b, '}');
}

struct slice
task_state_name(enum task_state state)
{
	switch (state) {
	case TASK_WORKING:
		return SLICE("working");
	case TASK_INPUT_REQUIRED:
		return SLICE("input_required");
	case TASK_COMPLETED:
		return SLICE("completed");
	case TASK_FAILED:
		return SLICE("failed");
	case TASK_CANCELLED:
		return SLICE("cancelled");
	}
	return SLICE("failed");
}

static void
put_time(struct buf *b, struct slice name, int64_t ms)
{
	json_put_name(b, name);
	buf_put_char(b, '"');
	text_put_time(b, ms);
	buf_put_char(b, '"');
}

void
task_put_members(struct buf *b, const struct task_row *row, int64_t poll)
{
	const bool is_extension = row->form == TASKS_EXTENSION;

	json_put_key(b, "taskId");
	put_id(b, row->id);
	json_put_key(b, "status");
	json_put_string(b, task_state_name(row->state));
	if (row->message.len > 0) {
		json_put_key(b, "statusMessage");
		json_put_string(b, row->message);
	}
	put_time(b, SLICE("createdAt"), row->created);
	put_time(b, SLICE("lastUpdatedAt"), row->updated);
	json_put_name(b, is_extension ? SLICE("ttlMs") : SLICE("ttl"));
	if (row->ttl_ms > 0)
		buf_put_i64(b, row->ttl_ms);
	else
		buf_put_slice(b, SLICE("null"));
	if (poll <= 0)
		return;
	json_put_name(
	    b, is_extension ? SLICE("pollIntervalMs") : SLICE("pollInterval"));
	buf_put_i64(b, poll);
}

/* What the client is to answer: the open questions by their keys. */
static enum rc
put_open(struct buf *b, const struct task_row *row, struct store *store,
    const struct op *op)
{
	struct question_rows q = { NULL, 0 };
	enum rc rc = store->ops->questions_get(store, op, row->call, &q);

	if (rc != RC_OK)
		return rc;
	json_put_key(b, "inputRequests");
	buf_put_char(b, '{');
	for (size_t i = 0; i < q.n; i++) {
		if (q.row[i].state != QUESTION_OPEN)
			continue;
		json_put_name(b, q.row[i].key);
		buf_put_char(b, '{');
		json_put_key(b, "method");
		json_put_string(b, q.row[i].method);
		json_put_key(b, "params");
		buf_put_slice(b, q.row[i].params);
		buf_put_char(b, '}');
	}
	buf_put_char(b, '}');
	return RC_OK;
}

enum rc
task_put_details(struct buf *b, const struct task_row *row, struct store *store,
    const struct op *op)
{
	if (row->state == TASK_INPUT_REQUIRED)
		return put_open(b, row, store, op);
	if (row->state != TASK_COMPLETED && row->state != TASK_FAILED)
		return RC_OK;
	json_put_name(b, row->is_error ? SLICE("error") : SLICE("result"));
	buf_put_slice(b, row->result.len > 0 ? row->result : SLICE("{}"));
	return RC_OK;
}

bool
task_has_ended(const struct task_row *row)
{
	return row->state != TASK_WORKING && row->state != TASK_INPUT_REQUIRED;
}

/* May this client see it?  Who has no name has only its session. */
static bool
is_visible(const struct exchange *x, const struct task_row *row)
{
	if (row->form != (int)x->revision->tasks)
		return false;
	return !x->transport->has_sessions || !task_is_anonymous(x) ||
	    row->session == (x->has_session ? x->session.row.id : 0);
}

enum rc
task_look_up(
    struct exchange *x, struct slice id, struct task_row *row, bool *found)
{
	struct store *store = x->server->store;
	unsigned char bytes[TASK_ID_BYTES];
	enum rc rc = RC_NOTFOUND;

	*found = false;
	if (store == NULL)
		return RC_BUSY;
	if (text_b64url_fixed(id, bytes, sizeof(bytes)) == RC_OK)
		rc = store->ops->task_get(
		    store, &x->op, bytes, x->principal.digest, row);
	*found = rc == RC_OK && is_visible(x, row);
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

enum rc
task_load(struct exchange *x, struct task_row *row, bool *found)
{
	const struct json *id = json_get(x->message.params, "taskId");
	enum rc rc;

	*found = false;
	if (!json_is(id, JSON_STRING)) {
		answer_error(x, 200, RPC_INVALID_PARAMS,
		    "taskId must be a string", SLICE_NONE);
		return RC_OK;
	}
	rc = task_look_up(x, id->text, row, found);
	if (rc == RC_OK && !*found)
		answer_error(
		    x, 200, RPC_INVALID_PARAMS, "Unknown task", SLICE_NONE);
	return rc;
}
