#include "method.h"
#include "offer.h"
#include "reply.h"
#include "topic.h"

enum rc
method_resources_list(struct exchange *x)
{
	return offer_list(x, OFFER_RESOURCE);
}

enum rc
method_templates_list(struct exchange *x)
{
	return offer_list(x, OFFER_TEMPLATE);
}

/* The uri of the params, or absent: the answer is an error then. */
static struct slice
find_uri(struct exchange *x)
{
	struct slice uri = json_text(json_get(x->message.params, "uri"));

	if (uri.len > 0 && uri.len <= TOPIC_URI_MAX)
		return uri;
	answer_error(x, 200, RPC_INVALID_PARAMS,
	    uri.len == 0 ? "uri must be a string" : "uri is too long",
	    SLICE_NONE);
	return SLICE_NONE;
}

enum rc
method_resources_read(struct exchange *x)
{
	struct slice uri = find_uri(x);
	struct offer_call call;
	enum rc rc;

	if (uri.ptr == NULL)
		return RC_OK;
	x->tool = uri;
	rc = offer_find_resource(x, uri, &call);
	if (rc == RC_NOTFOUND)
		return offer_answer_missing(x, uri);
	if (rc != RC_OK)
		return rc;
	/* Of many that a template stands for, its name says more.  A copy, for
	 * the log: the next one of a batch may make the catalog change. */
	rc = arena_copy(x->arena, call.tool->name, &x->tool);
	return rc == RC_OK ? offer_run(x, &call) : rc;
}

/* ------------------------------------------------------- subscriptions */

/* The topic of the params' uri, or absent: the exchange is answered, or *rc
 * says why not. */
static struct slice
find_topic(struct exchange *x, enum rc *rc)
{
	struct slice uri = find_uri(x);
	struct slice topic = SLICE_NONE;
	struct buf b = BUF_INIT(TOPIC_NAME_MAX);

	*rc = RC_OK;
	if (uri.ptr == NULL)
		return SLICE_NONE;
	if (!x->has_session) {
		answer_error(x, 200, RPC_INVALID_REQUEST,
		    "Subscriptions need a session", SLICE_NONE);
		return SLICE_NONE;
	}
	buf_put_slice(&b, SLICE(TOPIC_RESOURCE));
	buf_put_slice(&b, uri);
	*rc = buf_finish(&b);
	if (*rc == RC_OK)
		*rc = arena_copy(x->arena, buf_slice(&b), &topic);
	buf_release(&b);
	return topic;
}

static enum rc
answer_nothing(struct exchange *x)
{
	(void)answer_begin(x);
	answer_end(x, false, NULL);
	return RC_OK;
}

enum rc
method_subscribe(struct exchange *x)
{
	struct store *store = x->server->store;
	enum rc rc;
	struct slice topic = find_topic(x, &rc);

	if (topic.ptr == NULL)
		return rc;
	rc = store->ops->want_put(store, &x->op, x->session.row.id, &topic, 1,
	    -1, x->server->rules.wants);
	if (rc == RC_FULL) {
		answer_error(x, 200, RPC_INTERNAL_ERROR,
		    "This session has too many subscriptions", SLICE_NONE);
		return RC_OK;
	}
	/* Ended meanwhile: nobody will miss it. */
	return rc == RC_OK || rc == RC_NOTFOUND ? answer_nothing(x) : rc;
}

enum rc
method_unsubscribe(struct exchange *x)
{
	struct store *store = x->server->store;
	enum rc rc;
	struct slice topic = find_topic(x, &rc);

	if (topic.ptr == NULL)
		return rc;
	rc = store->ops->want_drop(store, &x->op, x->session.row.id, topic);
	return rc == RC_OK || rc == RC_NOTFOUND ? answer_nothing(x) : rc;
}
