#include "post.h"

#include "classify.h"
#include "level.h"
#include "method.h"
#include "refuse.h"
#include "reply.h"
#include "running.h"
#include "session.h"
#include "sse_session.h"

/* One POST keeps one worker: what it may ask for is bounded. */
#define BATCH_MAX 256

static const struct refusal no_query = { 400, RPC_INVALID_REQUEST,
	"sessionId is missing in the query" };

static void
refuse_by_row(
    struct exchange *x, const struct post_row *row, const struct post_facts *f)
{
	struct refusal why = row->refusal;
	struct slice data = SLICE_NONE;

	if (why.text == NULL)
		why.text = f->envelope;
	if (why.code == RPC_UNSUPPORTED_VERSION)
		data = refuse_version_data(
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
 * The session of a legacy request, and the version it comes with.  True: go on
 * in x->revision; false: the reply is built, or rc says why not.
 */
static bool
enter_session(struct exchange *x, const struct post_facts *f, enum rc *rc)
{
	enum session_mode mode = x->server->rules.sessions;
	enum session_found found = SESSION_NO_ID;
	bool ok = true;

	*rc = mode == SESSIONS_OFF ? RC_OK : session_load(x, &found);
	if (*rc != RC_OK)
		return false;
	if (found == SESSION_UNKNOWN) {
		reply_refuse(
		    x, &refuse_unknown_session, reply_id(x), SLICE_NONE);
		return false;
	}
	if (found == SESSION_NO_ID &&
	    (mode == SESSIONS_REQUIRED || x->transport->id_in_query)) {
		reply_refuse(x,
		    x->transport->id_in_query ? &no_query : &refuse_no_session,
		    reply_id(x), SLICE_NONE);
		return false;
	}
	if (!refuse_wrong_version(x))
		return false;
	go_without_session(x, f);
	if (found == SESSION_FOUND) {
		x->revision = x->session.revision;
		x->caps = x->session.row.caps;
		x->log_level = x->session.row.log_level;
	}
	if (x->transport->id_in_query)
		*rc = sse_enter(x, &ok);
	return *rc == RC_OK && ok;
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

/* What was not refused is answered where the transport says. */
static enum rc
dispatch(struct exchange *x)
{
	enum rc rc = method_dispatch(x);

	if (rc == RC_OK && !x->transport->answers_on_post &&
	    x->reply.body == REPLY_JSON && x->reply.status == 200)
		rc = sse_answer(x);
	return rc;
}

static enum rc
handle_legacy(struct exchange *x, const struct post_facts *f)
{
	enum rc rc;

	if (!enter_session(x, f, &rc))
		return rc;
	if (x->message.kind == RPC_REQUEST)
		return dispatch(x);
	if (x->message.kind == RPC_NOTIFICATION)
		rc = notify(x);
	else if (x->message.kind == RPC_RESPONSE)
		rc = running_answer(x);
	if (rc == RC_OK)
		reply_empty(x, 202);
	return rc;
}

/* Only HTTP+SSE has a session by now. */
static enum rc
handle_initialize(struct exchange *x, const struct post_facts *f)
{
	enum rc rc;

	if (x->transport->id_in_query)
		return enter_session(x, f, &rc) ? dispatch(x) : rc;
	if (f->meta != NULL && f->meta->type != JSON_OBJECT) {
		answer_error(x, 200, RPC_INVALID_PARAMS,
		    "_meta must be an object", SLICE_NONE);
		return RC_OK;
	}
	return method_initialize(x);
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
	/* An old habit, harmless where it is wished. */
	if (x->server->rules.modern_ping &&
	    slice_eq(x->message.method, SLICE("ping")))
		return method_ping(x);
	return method_dispatch(x);
}

/* Is there a request in front of `e` that has its id? */
static bool
id_came_before(const struct json *array, const struct json *e)
{
	const struct json *id = json_get(e, "id");

	for (const struct json *p = array->child; p != e; p = p->next) {
		const struct json *other = json_get(p, "id");

		if (other == NULL || other->type != id->type ||
		    json_get(p, "method") == NULL)
			continue;
		if (id->type == JSON_STRING ? slice_eq(id->text, other->text)
					    : slice_eq(id->raw, other->raw))
			return true;
	}
	return false;
}

/* Are all elements messages, and none of them initialize?  *is_long: it is
 * more than a moment's work. */
static bool
batch_is_well(struct exchange *x, const struct json *array, bool *is_long)
{
	static const struct refusal bad_element = { 400, RPC_INVALID_REQUEST,
		"An element of the batch is no message" };
	static const struct refusal has_twin = { 400, RPC_INVALID_REQUEST,
		"An id comes twice in the batch" };
	static const struct refusal has_initialize = { 400, RPC_INVALID_REQUEST,
		"initialize must not be in a batch" };
	const char *why;

	*is_long = false;
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
		if (x->server->rules.strict && x->message.kind == RPC_REQUEST &&
		    id_came_before(array, e)) {
			reply_refuse(x, &has_twin, SLICE_NONE, SLICE_NONE);
			return false;
		}
		*is_long = *is_long || method_is_long(x);
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
	/* Those before it may have taken their time. */
	exchange_renew(x);
	if (x->message.kind == RPC_NOTIFICATION)
		return notify(x);
	if (x->message.kind == RPC_RESPONSE)
		return running_answer(x);
	*answered = true;
	if (x->transport->answers_on_post) {
		json_put_comma(&x->server->body);
		return method_dispatch(x);
	}
	buf_reset(&x->server->body);
	return dispatch(x);
}

static enum rc
handle_elements(struct exchange *x, const struct json *array)
{
	bool answered = false;
	enum rc rc = RC_OK;

	x->in_batch = true;
	if (x->transport->answers_on_post)
		buf_put_char(&x->server->body, '[');
	/* What follows a response that has no room would be done for nobody. */
	for (const struct json *e = array->child;
	     e != NULL && rc == RC_OK && !x->server->body.failed; e = e->next)
		rc = handle_element(x, e, &answered);
	x->message = (struct rpc_message){ .kind = RPC_BATCH };
	if (rc != RC_OK)
		return rc;
	if (x->transport->answers_on_post && answered)
		buf_put_char(&x->server->body, ']');
	else if (x->reply.status != 404) /* the stream has ended meanwhile */
		reply_empty(x, 202);
	return RC_OK;
}

/* Nothing is done of one for which this process may not stay. */
static enum rc
stay_and_handle(struct exchange *x, const struct json *array)
{
	struct crew *crew = x->server->crew;
	enum rc rc = crew == NULL ? RC_OK : crew->ops->begin(crew, CREW_CALL);

	x->message = (struct rpc_message){ .kind = RPC_BATCH };
	if (rc != RC_OK)
		return rc;
	rc = handle_elements(x, array);
	if (crew != NULL)
		crew->ops->end(crew);
	return rc;
}

/* Each element on its own; one answer for all that are requests. */
static enum rc
handle_batch(struct exchange *x, const struct post_facts *f)
{
	static const struct refusal no_batches = { 400, RPC_INVALID_REQUEST,
		"This revision has no batches" };
	static const struct refusal too_long = { 400, RPC_INVALID_REQUEST,
		"The batch has too many elements" };
	bool is_long;
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
	if (!batch_is_well(x, f->array, &is_long))
		return RC_OK;
	return is_long ? stay_and_handle(x, f->array)
		       : handle_elements(x, f->array);
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
		return handle_initialize(x, f);
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

/*
 * What was sent as text/plain is taken where nothing is answered: pages of
 * other origins can send that, too, but not what a session needs.
 */
static bool
pass_plain(struct exchange *x, bool is_read)
{
	if (!x->is_plain || (is_read && x->message.kind == RPC_NOTIFICATION))
		return is_read;
	reply_refuse(x, &refuse_bad_type, SLICE_NONE, SLICE_NONE);
	return false;
}

enum rc
post_handle(struct exchange *x)
{
	const struct json *root;
	const struct post_row *row;
	struct post_facts facts;
	enum rc rc;
	bool is_read = read_body(x, &root, &rc);

	if (rc != RC_OK || !pass_plain(x, is_read))
		return rc;
	rc = classify_facts(x->arena, x->http, root,
	    x->message.kind == RPC_BATCH ? NULL : &x->message, &facts);
	if (rc != RC_OK)
		return rc;
	facts.is_strict = x->server->rules.strict;
	facts.body_only = x->server->rules.body_only;
	if (x->place == PLACE_MESSAGES)
		x->transport = transport_get(TRANSPORT_SSE);
	row = classify_post(&facts);
	x->row = row->name;
	return act(x, row, &facts);
}
