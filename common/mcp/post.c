#include "post.h"

#include "classify.h"
#include "level.h"
#include "method.h"
#include "reply.h"
#include "running.h"
#include "session.h"

/* One POST keeps one worker: what it may ask for is bounded. */
#define BATCH_MAX 256

static const struct refusal unknown_session = { 404, RPC_SESSION_NOT_FOUND,
	"Session not found" };
static const struct refusal no_session = { 400, RPC_INVALID_REQUEST,
	"Mcp-Session-Id is missing; initialize first" };
static const struct refusal bad_version = { 400, RPC_UNSUPPORTED_VERSION,
	"Unsupported protocol version" };

/* A byte of a JSON string is at most "\u0000". */
#define ESCAPED_MAX 6

/* data of -32022: what can be had instead, and what was asked for. */
static struct slice
version_data(struct exchange *x, struct slice requested)
{
	struct buf b = BUF_INIT(requested.len * ESCAPED_MAX + 256);
	struct slice data = SLICE_NONE;

	buf_put_slice(&b, SLICE("{\"supported\":["));
	json_put_string(&b, revision_modern()->date);
	buf_put_slice(&b, SLICE("],\"requested\":"));
	json_put_string(&b, requested);
	buf_put_char(&b, '}');
	/* Without memory for it the error goes out without data. */
	if (buf_finish(&b) != RC_OK ||
	    arena_copy(x->arena, buf_slice(&b), &data) != RC_OK)
		data = SLICE_NONE;
	buf_release(&b);
	return data;
}

static void
refuse_by_row(
    struct exchange *x, const struct post_row *row, const struct post_facts *f)
{
	struct refusal why = row->refusal;
	struct slice data = SLICE_NONE;

	if (why.text == NULL)
		why.text = f->envelope;
	if (why.code == RPC_UNSUPPORTED_VERSION)
		data = version_data(
		    x, f->claim != NULL ? f->claim->text : f->header);
	reply_refuse(x, &why, row->with_id ? x->message.id : SLICE_NONE, data);
}

/* Without a session: the header's revision, or the assumed one. */
static void
go_without_session(struct exchange *x, const struct post_facts *f)
{
	x->revision =
	    f->header_legacy != NULL ? f->header_legacy : revision_assumed();
	x->caps = 0;
}

/*
 * Protocol 1.5.  True: go on in x->revision; false: the reply is built, or rc
 * says why not.
 */
static bool
enter_session(struct exchange *x, const struct post_facts *f, enum rc *rc)
{
	enum session_mode mode = x->server->rules.sessions;
	enum session_found found = SESSION_NO_ID;

	*rc = mode == SESSIONS_OFF ? RC_OK : session_load(x, &found);
	if (*rc != RC_OK)
		return false;
	if (found == SESSION_UNKNOWN) {
		reply_refuse(x, &unknown_session, reply_id(x), SLICE_NONE);
		return false;
	}
	if (found == SESSION_NO_ID && mode == SESSIONS_REQUIRED) {
		reply_refuse(x, &no_session, reply_id(x), SLICE_NONE);
		return false;
	}
	if (f->header.ptr != NULL && f->header_legacy == NULL) {
		reply_refuse(
		    x, &bad_version, reply_id(x), version_data(x, f->header));
		return false;
	}
	go_without_session(x, f);
	if (found == SESSION_FOUND) {
		x->revision = x->session.revision;
		x->caps = x->session.row.caps;
		x->log_level = x->session.row.log_level;
	}
	return true;
}

/* A legacy notification; what it asks for is done, nothing is answered. */
static enum rc
notify(struct exchange *x)
{
	if (x->has_session &&
	    slice_eq(x->message.method, SLICE("notifications/initialized")))
		return session_initialized(x);
	if (slice_eq(x->message.method, SLICE("notifications/cancelled")))
		return running_cancel(x);
	return RC_OK;
}

static enum rc
handle_legacy(struct exchange *x, const struct post_facts *f)
{
	enum rc rc;

	if (!enter_session(x, f, &rc))
		return rc;
	if (x->message.kind == RPC_REQUEST)
		return method_dispatch(x);
	if (x->message.kind == RPC_NOTIFICATION)
		rc = notify(x);
	else if (x->message.kind == RPC_RESPONSE)
		rc = running_answer(x);
	if (rc == RC_OK)
		reply_empty(x, 202);
	return rc;
}

static enum rc
handle_modern(struct exchange *x, const struct post_facts *f)
{
	x->transport = transport_get(TRANSPORT_MODERN);
	x->revision = f->claimed;
	x->caps = method_caps(
	    json_get(f->meta, "io.modelcontextprotocol/clientCapabilities"));
	x->log_level = level_read(
	    json_text(json_get(f->meta, "io.modelcontextprotocol/logLevel")));
	return method_dispatch(x);
}

/* Are all elements messages, and none of them initialize? */
static bool
batch_is_well(struct exchange *x, const struct json *array)
{
	static const struct refusal bad_element = { 400, RPC_INVALID_REQUEST,
		"An element of the batch is no message" };
	static const struct refusal has_initialize = { 400, RPC_INVALID_REQUEST,
		"initialize must not be in a batch" };
	const char *why;

	for (const struct json *e = array->child; e != NULL; e = e->next) {
		if (rpc_read(e, &x->message, &why) != RC_OK ||
		    x->message.kind == RPC_BATCH) {
			reply_refuse(x, &bad_element, SLICE_NONE, SLICE_NONE);
			return false;
		}
		if (slice_eq(x->message.method, SLICE("initialize"))) {
			reply_refuse(
			    x, &has_initialize, SLICE_NONE, SLICE_NONE);
			return false;
		}
	}
	return true;
}

/* One element; requests append their response behind a comma. */
static enum rc
handle_element(struct exchange *x, const struct json *element, bool *answered)
{
	const char *why;
	enum rc rc = rpc_read(element, &x->message, &why);

	if (rc != RC_OK)
		return RC_BUG; /* all were read before */
	if (x->message.kind == RPC_NOTIFICATION)
		return notify(x);
	if (x->message.kind == RPC_RESPONSE)
		return running_answer(x);
	json_put_comma(&x->server->body);
	*answered = true;
	return method_dispatch(x);
}

/* Protocol 1.6. */
static enum rc
handle_batch(struct exchange *x, const struct post_facts *f)
{
	static const struct refusal no_batches = { 400, RPC_INVALID_REQUEST,
		"This revision has no batches" };
	static const struct refusal too_long = { 400, RPC_INVALID_REQUEST,
		"The batch has too many elements" };
	bool answered = false;
	enum rc rc;

	x->message = (struct rpc_message){ .kind = RPC_BATCH };
	if (!enter_session(x, f, &rc))
		return rc;
	if (!x->revision->has_batch) {
		x->row = "P4";
		reply_refuse(x, &no_batches, SLICE_NONE, SLICE_NONE);
		return RC_OK;
	}
	if (f->array->count > BATCH_MAX) {
		reply_refuse(x, &too_long, SLICE_NONE, SLICE_NONE);
		return RC_OK;
	}
	if (!batch_is_well(x, f->array))
		return RC_OK;
	x->in_batch = true;
	buf_put_char(&x->server->body, '[');
	/* What follows a response that has no room would be done for nobody. */
	for (const struct json *e = f->array->child;
	     e != NULL && rc == RC_OK && !x->server->body.failed; e = e->next)
		rc = handle_element(x, e, &answered);
	x->message = (struct rpc_message){ .kind = RPC_BATCH };
	if (rc != RC_OK)
		return rc;
	buf_put_char(&x->server->body, ']');
	if (!answered)
		reply_empty(x, 202);
	return RC_OK;
}

static enum rc
act(struct exchange *x, const struct post_row *row, const struct post_facts *f)
{
	switch (row->action) {
	case POST_REFUSE:
		refuse_by_row(x, row, f);
		return RC_OK;
	case POST_BATCH:
		return handle_batch(x, f);
	case POST_LEGACY:
		return handle_legacy(x, f);
	case POST_INITIALIZE:
		return method_initialize(x);
	case POST_MODERN:
		return handle_modern(x, f);
	case POST_ACCEPT:
		reply_empty(x, 202);
		return RC_OK;
	}
	return RC_BUG;
}

/* Gates 8 and 9: bytes to a message.  False: the reply is built or *rc set. */
static bool
read_body(struct exchange *x, const struct json **root, enum rc *rc)
{
	struct refusal bad = { 400, RPC_PARSE_ERROR, NULL };
	struct json_error error = { 0, NULL };

	*rc = json_read(
	    x->arena, x->http->body, &json_limits_default, root, &error);
	if (*rc == RC_SYNTAX) {
		*rc = RC_OK;
		bad.text = error.why;
		reply_refuse(x, &bad, SLICE_NONE, SLICE_NONE);
		return false;
	}
	if (*rc != RC_OK)
		return false;
	*rc = rpc_read(*root, &x->message, &bad.text);
	if (*rc == RC_SYNTAX) {
		*rc = RC_OK;
		bad.code = RPC_INVALID_REQUEST;
		reply_refuse(x, &bad, x->message.id, SLICE_NONE);
		return false;
	}
	return *rc == RC_OK;
}

enum rc
post_handle(struct exchange *x)
{
	const struct json *root;
	const struct post_row *row;
	struct post_facts facts;
	enum rc rc;

	if (!read_body(x, &root, &rc))
		return rc;
	rc = classify_facts(x->arena, x->http, root,
	    x->message.kind == RPC_BATCH ? NULL : &x->message, &facts);
	if (rc != RC_OK)
		return rc;
	row = classify_post(&facts);
	x->row = row->name;
	return act(x, row, &facts);
}

static void
refuse_get(struct exchange *x, const struct get_row *row)
{
	reply_refuse(x, &row->refusal, SLICE_NONE, SLICE_NONE);
	if (row->allow != NULL)
		reply_header(x, "Allow", slice_of(row->allow));
}

static enum rc
end_session(struct exchange *x)
{
	enum session_found found;
	enum rc rc = session_close(x, &found);

	if (rc != RC_OK)
		return rc;
	if (found == SESSION_FOUND) {
		reply_empty(x, 204);
		return RC_OK;
	}
	x->row = "D2";
	reply_refuse(x, &unknown_session, SLICE_NONE, SLICE_NONE);
	return RC_OK;
}

static enum rc
look_at_session(
    struct exchange *x, const struct get_row *row, const struct get_facts *f)
{
	enum session_found found;
	enum rc rc = session_load(x, &found);

	if (rc != RC_OK)
		return rc;
	if (found != SESSION_FOUND) {
		x->row = "G2";
		reply_refuse(x, &unknown_session, SLICE_NONE, SLICE_NONE);
		return RC_OK;
	}
	x->revision = x->session.revision;
	if (f->has_header && f->header_legacy == NULL) {
		x->row = "G3";
		reply_refuse(x, &bad_version, SLICE_NONE,
		    version_data(
			x, http_get(x->http, HTTP_MCP_PROTOCOL_VERSION)));
		return RC_OK;
	}
	refuse_get(x, row);
	return RC_OK;
}

enum rc
get_handle(struct exchange *x)
{
	const struct get_row *row;
	struct get_facts facts;

	classify_get_facts(
	    x->http, x->server->rules.sessions == SESSIONS_OFF, &facts);
	row = classify_get(&facts);
	x->row = row->name;
	switch (row->action) {
	case GET_REFUSE:
		refuse_get(x, row);
		return RC_OK;
	case GET_SESSION:
		return look_at_session(x, row, &facts);
	case GET_END:
		if (facts.has_header && facts.header_legacy == NULL)
			return look_at_session(x, row, &facts);
		return end_session(x);
	}
	return RC_BUG;
}
