#include "input.h"
#include "offer.h"
#include "reply.h"
#include "running_part.h"
#include "task.h"
#include "tool_check.h"

/* A response that the store will not take is offered again, so often and so
 * far apart; then whoever keeps house ends the call. */
#define OFFERS_MAX 120
#define OFFER_PAUSE_MS 250
#define OFFERS_MS ((int64_t)30 * 1000)

/* How the call ended, for the log. */
static void
tell_end(struct running *r, const char *how)
{
	struct exchange *x = r->x;
	struct slice tool = x->tool;

	if (tool.len > 64)
		tool.len = 64;
	log_event(x->server->log, LOG_INFO, "call",
	    "number=%lld tool=\"%.*s\" run=%d ended=%s ms=%lld",
	    (long long)r->row.number, SLICE_FMT(tool), r->row.runs, how,
	    (long long)(running_now(r) - x->start_us / 1000));
}

/* ------------------------------------------------------------- building */

static enum rc
build(struct running *r, enum tool_done done)
{
	enum rc rc;

	if (r->is_answered)
		return RC_OK;
	if (r->input != NULL &&
	    (input_is_broken(r->input) ||
		(done == TOOL_AGAIN && input_is_pending(r->input)))) {
		exchange_renew(r->x);
		return input_answer(r->x, r->input);
	}
	if (done == TOOL_AGAIN && r->urls.ptr != NULL) {
		answer_error(r->x, 200, RPC_URL_REQUIRED,
		    "Somebody has to go to a URL first", r->urls);
		return RC_OK;
	}
	rc = tool_conclude(&r->call, done);
	if (rc != RC_OK)
		return rc;
	return r->respond != NULL ? r->respond(r)
				  : offer_answer(r->x, &r->call);
}

/* Something must be in server->body, whatever failed. */
static void
build_surely(struct running *r, enum tool_done done)
{
	enum rc rc = build(r, done);

	if (rc != RC_OK)
		reply_failed(r->x, rc);
	reply_settle(r->x);
}

/* ----------------------------------------------------------- committing */

/* Was it our own finish that ended it, though we never heard of it? */
static bool
is_ended_by_us(struct running *r)
{
	struct store *store = r->x->server->store;
	struct call_news news;
	struct op op = running_op(r);

	return store->ops->call_look(store, &op, r->row.number, &news) ==
	    RC_OK &&
	    news.state == CALL_ENDED && news.epoch == r->row.epoch;
}

static bool
may_pass(enum rc rc)
{
	return rc == RC_BUSY || rc == RC_IO || rc == RC_NOMEM || rc == RC_FULL;
}

static enum rc
offer(struct running *r, const struct call_finish *finish,
    struct appended *appended)
{
	struct store *store = r->x->server->store;
	struct op op = running_op(r);

	return store->ops->call_finish(store, &op, finish, appended);
}

static enum rc
offer_again(struct running *r, const struct call_finish *finish,
    struct appended *appended)
{
	int64_t until = running_now(r) + OFFERS_MS;
	enum rc rc = RC_BUSY;

	for (int i = 0;
	     i < OFFERS_MAX && may_pass(rc) && running_now(r) < until; i++) {
		running_pause(r, OFFER_PAUSE_MS);
		rc = offer(r, finish, appended);
	}
	if (rc != RC_CONFLICT || !is_ended_by_us(r))
		return rc;
	*appended = (struct appended){ 0, r->reader };
	return RC_OK;
}

static enum rc
fill(struct running *r, bool has_response, struct call_finish *finish)
{
	*finish = (struct call_finish){ .call = r->row.number,
		.epoch = r->row.epoch };
	if (has_response && r->row.stream != 0)
		finish->data = buf_slice(&r->x->server->body);
	return r->row.task == 0 ? RC_OK : task_fill_finish(r->x, r, finish);
}

/* The row, and what belongs to it; with `patience` also if it takes long. */
static enum rc
commit(struct running *r, bool has_response, bool patience,
    struct appended *appended)
{
	struct call_finish finish;
	enum rc rc = fill(r, has_response, &finish);

	*appended = (struct appended){ 0, r->reader };
	if (rc != RC_OK)
		return rc;
	rc = offer(r, &finish, appended);
	if (may_pass(rc) && patience)
		rc = offer_again(r, &finish, appended);
	if (rc == RC_OK)
		bell_ring(r->x->server->bell);
	return rc;
}

/* ------------------------------------------------------------ answering */

/* server->body to the client, committed as that event. */
static void
write_response(struct running *r, const struct appended *appended)
{
	struct exchange *x = r->x;
	bool is_newer = r->row.stream != 0 && appended->reader > r->reader;

	if (r->wire == WIRE_HELD && !is_newer &&
	    (!x->wants_event || r->row.stream == 0)) {
		running_wire_whole(r, appended->seq);
	} else if (r->row.stream != 0) {
		running_deliver(r, appended, buf_slice(&x->server->body));
		running_wire_drain(r);
	} else {
		running_put_event(r, buf_slice(&x->server->body));
	}
}

/* The row is still that of a running call. */
static void
leave_behind(struct running *r, const char *what, enum rc rc)
{
	running_log(r, LOG_ERROR, what, rc);
	server_forsake(r->x->server);
}

/* Somebody else goes on with it: nothing of ours may come behind that.  Or the
 * store was recovered, and it is still ours by name: then it needs somebody. */
static enum rc
end_fenced(struct running *r)
{
	server_forsake(r->x->server);
	tell_end(r, "fenced");
	if (r->wire == WIRE_HELD) {
		/* Coming again finds the one that runs now. */
		r->reader = 0;
		return RC_BUSY;
	}
	running_wire_let_go(r);
	return RC_OK;
}

/* Who cancelled it is not answered; whoever else is there is. */
static enum rc
end_cancelled(struct running *r)
{
	struct exchange *x = r->x;
	struct appended appended;
	enum rc rc;

	buf_reset(&x->server->body);
	answer_error(x, 200, RPC_INTERNAL_ERROR, "cancelled", SLICE_NONE);
	rc = commit(r, false, true, &appended);
	if (rc == RC_CONFLICT)
		return end_fenced(r);
	if (rc != RC_OK && rc != RC_NOTFOUND)
		leave_behind(r, "not ended", rc);
	tell_end(r, "cancelled");
	if (r->wire == WIRE_HELD &&
	    (!r->may_stream || x->revision->is_modern)) {
		running_wire_whole(r, 0);
	} else if (r->wire != WIRE_GONE && x->revision->is_modern) {
		running_put_event(r, buf_slice(&x->server->body));
	}
	running_wire_end(r);
	return RC_OK;
}

/* The store did not take it.  A stream's client must not be sent what is not
 * in the log; one without a stream can be. */
static enum rc
end_uncommitted(struct running *r, enum rc rc)
{
	leave_behind(r, "response lost", rc);
	tell_end(r, "lost");
	if (r->wire == WIRE_HELD)
		return rc;
	running_wire_end(r);
	return RC_OK;
}

static enum rc
end_with_response(struct running *r)
{
	const bool has_stream = r->row.stream != 0;
	struct appended appended;
	enum rc rc = commit(r, true, has_stream, &appended);

	if (rc == RC_CONFLICT)
		return end_fenced(r);
	if (rc == RC_NOTFOUND)
		return end_cancelled(r);
	if (rc == RC_FULL && has_stream) {
		/* The disk stayed full; for so much less there may be room. */
		buf_reset(&r->x->server->body);
		answer_error(r->x, 200, RPC_INTERNAL_ERROR,
		    "The answer is larger than this server keeps", SLICE_NONE);
		rc = commit(r, true, true, &appended);
	}
	if (rc != RC_OK && has_stream)
		return end_uncommitted(r, rc);
	write_response(r, &appended);
	running_wire_end(r);
	if (rc != RC_OK)
		rc = commit(r, true, true, &appended);
	if (rc != RC_OK)
		leave_behind(r, "not ended", rc);
	tell_end(r, "answered");
	return RC_OK;
}

static void
answer_stopped(struct running *r)
{
	buf_reset(&r->x->server->body);
	answer_error(r->x, 200, RPC_INTERNAL_ERROR,
	    "The call was stopped by an operator", SLICE_NONE);
	r->is_answered = true;
}

static enum rc
finish(struct running *r, enum tool_done done)
{
	running_look(r);
	running_flush(r);
	if (r->is_fenced)
		return end_fenced(r);
	if (r->is_cancelled && !r->is_stopped)
		return end_cancelled(r);
	if (r->is_stopped)
		answer_stopped(r);
	build_surely(r, done);
	return end_with_response(r);
}

enum rc
running_finish(struct running *r, enum tool_done done)
{
	struct reply *reply = &r->x->reply;
	enum rc rc;

	if (r->row.number == 0)
		return build(r, done);
	rc = finish(r, done);
	if (r->wire != WIRE_HELD) {
		/* What was built since has been sent, or need not be. */
		reply->status = r->x->transport->answers_on_post ? 200 : 202;
		reply->body = REPLY_SENT;
	}
	return rc;
}
