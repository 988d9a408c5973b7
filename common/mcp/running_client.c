#include "running_part.h"

/* What a client posts about calls of its session, from whichever host. */

void
running_put_id(struct buf *b, const struct json *id)
{
	/* Escapes may differ, what they stand for may not. */
	if (json_is(id, JSON_STRING))
		json_put_string(b, id->text);
	else if (json_is(id, JSON_NUMBER))
		buf_put_slice(b, id->raw);
}

static enum rc
keep_id(struct exchange *x, const struct json *id, struct slice *out)
{
	struct buf text = BUF_INIT((size_t)RPC_ID_MAX * 6);
	enum rc rc;

	*out = SLICE_NONE;
	if (id == NULL || id->raw.len > RPC_ID_MAX)
		return RC_OK;
	running_put_id(&text, id);
	rc = buf_finish(&text);
	if (rc == RC_OK && text.len > 0)
		rc = arena_copy(x->arena, buf_slice(&text), out);
	buf_release(&text);
	return rc;
}

enum rc
running_cancel(struct exchange *x)
{
	struct store *store = x->server->store;
	const struct json *id = json_get(x->message.params, "requestId");
	struct slice text;
	int64_t call;
	enum rc rc;

	if (!x->has_session)
		return RC_OK;
	rc = keep_id(x, id, &text);
	if (rc != RC_OK || text.ptr == NULL)
		return rc;
	rc = store->ops->call_cancel(
	    store, &x->op, x->session.row.id, text, &call);
	if (rc == RC_OK)
		bell_ring(x->server->bell);
	/* The session has ended, and all its calls with it. */
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* One line, because programs read answers by lines. */
static enum rc
keep_answer(struct exchange *x, struct slice *out)
{
	const struct rpc_message *m = &x->message;
	const struct json *value = m->error != NULL ? m->error : m->result;
	struct buf text = BUF_INIT(value->raw.len + 1);
	enum rc rc;

	json_put_compact(&text, value);
	rc = buf_finish(&text);
	if (rc == RC_OK)
		rc = arena_copy(x->arena, buf_slice(&text), out);
	buf_release(&text);
	return rc;
}

enum rc
running_answer(struct exchange *x)
{
	struct store *store = x->server->store;
	struct question_name name = { .session = x->session.row.id };
	struct slice answer;
	/* A result is an object; anything else answers nothing. */
	bool is_error = !json_is(x->message.result, JSON_OBJECT);
	enum rc rc;

	if (!x->has_session)
		return RC_OK;
	rc = keep_id(x, json_get(x->message.whole, "id"), &name.rpc_id);
	if (rc != RC_OK || name.rpc_id.ptr == NULL)
		return rc;
	rc = keep_answer(x, &answer);
	if (rc != RC_OK)
		return rc;
	rc =
	    store->ops->question_answer(store, &x->op, &name, answer, is_error);
	if (rc == RC_OK)
		bell_ring(x->server->bell);
	/* Unknown, late, or the second one. */
	return rc == RC_NOTFOUND ? RC_OK : rc;
}
