#include "method.h"
#include "running_part.h"

/* Calls whose process died. */

static struct op
op_now(struct server *s, struct arena *a)
{
	return (struct op){ .now_ms = clock_wall_ms(s->clock),
		.give_up_mono =
		    clock_mono_ms(s->clock) + s->rules.store_timeout_ms,
		.arena = a };
}

static enum rc
claim(struct server *s, struct arena *a, const struct call_row *row,
    struct slice owner, struct call_row *out)
{
	struct op op = op_now(s, a);
	enum rc rc = s->store->ops->call_claim(
	    s->store, &op, row->number, row->epoch, owner, out);

	if (rc == RC_OK)
		bell_ring(s->bell);
	return rc;
}

/* The error object of a task, or the whole response. */
static enum rc
put_unknown(
    struct server *s, const struct call_row *row, struct call_finish *finish)
{
	static const struct slice why = SLICE_INIT(
	    "The outcome of this call is unknown: its process ended before "
	    "the answer was stored");
	struct buf *b = &s->body;

	buf_reset(b);
	if (row->task == 0) {
		rpc_put_error(
		    b, row->request_id, RPC_INTERNAL_ERROR, why, SLICE_NONE);
		if (row->stream != 0)
			finish->data = buf_slice(b);
		return buf_finish(b);
	}
	buf_put_slice(b, SLICE("{\"code\":"));
	buf_put_i64(b, RPC_INTERNAL_ERROR);
	json_put_key(b, "message");
	json_put_string(b, why);
	buf_put_char(b, '}');
	finish->task_state = TASK_FAILED;
	finish->task_result = buf_slice(b);
	finish->task_is_error = true;
	finish->task_message = why;
	return buf_finish(b);
}

/* A row that is ours ends without having been run. */
static enum rc
end_unknown(struct server *s, struct arena *a, const struct call_row *row)
{
	struct call_finish finish = { .call = row->number,
		.epoch = row->epoch };
	struct appended appended;
	struct op op = op_now(s, a);
	enum rc rc = RC_OK;

	if (!row->is_cancelled || row->is_stopped || row->task != 0)
		rc = put_unknown(s, row, &finish);
	if (rc == RC_OK)
		rc = s->store->ops->call_finish(
		    s->store, &op, &finish, &appended);
	if (rc != RC_OK)
		return rc;
	bell_ring(s->bell);
	log_event(s->log, LOG_INFO, "call", "number=%lld run=%d ended=%s",
	    (long long)row->number, row->runs,
	    row->is_cancelled ? "cancelled" : "unknown");
	return RC_OK;
}

enum rc
running_give_up(struct server *s, struct arena *a, const struct call_row *row)
{
	struct call_row own;
	/* It stays the dead one's: should the store fail between the two, the
	 * call is found and ended another time.  We live, and it would not
	 * be. */
	enum rc rc = claim(s, a, row, row->owner, &own);

	return rc == RC_OK ? end_unknown(s, a, &own) : rc;
}

/* ---------------------------------------------------------- once more */

/* The session of a row; *found is false if it is not alive any more. */
static enum rc
enter_session(struct exchange *x, const struct call_row *row, bool *found)
{
	struct store *store = x->server->store;
	const struct session_filter filter = { .id = row->session, .limit = 1 };
	struct session *session = &x->session;
	struct session_rows rows;
	enum rc rc;

	*found = row->session == 0;
	if (*found)
		return RC_OK;
	rc = store->ops->session_list(store, &x->op, &filter, &rows);
	if (rc != RC_OK || rows.n == 0 || rows.row[0].state != SESSION_LIVE)
		return rc;
	session->row = rows.row[0];
	session->id.key = session->row.key;
	session->revision = x->revision;
	x->stream = x->transport->answers_on_post ? 0 : row->stream;
	x->log_level = session->row.log_level;
	x->has_session = true;
	*found = true;
	return RC_OK;
}

/* The exchange as it was when the call began, but for its client. */
static enum rc
rebuild(struct exchange *x, const struct call_row *row, bool *found)
{
	const struct json *whole;
	const char *why;
	enum rc rc;

	*found = false;
	x->transport = transport_get((enum transport_name)row->transport);
	x->revision = revision_find(row->revision);
	if (x->transport == NULL || x->revision == NULL)
		return RC_OK;
	x->caps = row->caps;
	x->principal.name = row->principal_name;
	for (size_t i = 0; i < PRINCIPAL_BYTES; i++)
		x->principal.digest[i] = row->principal[i];
	rc = json_read(
	    x->arena, row->request, &json_limits_default, &whole, NULL);
	if (rc == RC_OK)
		rc = rpc_read(whole, &x->message, &why);
	if (rc != RC_OK)
		return rc == RC_SYNTAX ? RC_OK : rc;
	rc = enter_session(x, row, found);
	x->claimed = row;
	return rc;
}

enum rc
running_again(struct server *s, struct arena *a, struct sink *sink,
    const struct call_row *row)
{
	struct http_request http = { .method = HTTP_POST,
		.method_name = SLICE("POST"),
		.path = s->rules.path,
		.body = row->request };
	struct call_row own;
	struct exchange x;
	struct slice owner;
	bool found = false;
	enum rc rc = server_owner(s, &owner);

	if (rc == RC_OK)
		rc = claim(s, a, row, owner, &own);
	if (rc != RC_OK)
		return rc;
	exchange_init(&x, s, a, &http, sink);
	rc = rebuild(&x, &own, &found);
	if (rc != RC_OK || !found || own.is_cancelled)
		return end_unknown(s, a, &own);
	rc = method_dispatch(&x);
	if (x.claimed == NULL)
		return rc;
	if (rc != RC_OK)
		return end_unknown(s, a, &own);
	return running_close(&x);
}
