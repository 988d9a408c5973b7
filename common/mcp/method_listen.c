#include "listen.h"
#include "method.h"
#include "reply.h"
#include "sse.h"
#include "stream.h"
#include "task_row.h"
#include "topic.h"

/* What a client may ask to be told of. */
static const struct {
	struct slice member;
	struct slice topic;
} lists[] = {
	{ SLICE_INIT("toolsListChanged"), SLICE_INIT(TOPIC_TOOLS) },
	{ SLICE_INIT("promptsListChanged"), SLICE_INIT(TOPIC_PROMPTS) },
	{ SLICE_INIT("resourcesListChanged"), SLICE_INIT(TOPIC_RESOURCES) },
};

#define LISTS (sizeof(lists) / sizeof(lists[0]))

/* What was asked for, as far as it is served. */
struct asked {
	const struct json *filter;
	const struct json *uris;
	struct slice *topics;
	size_t n;
	const struct json *ids; /* of tasks */
	int64_t *tasks;
	struct slice *task_ids; /* the same, as the client names them */
	size_t n_tasks;
};

static bool
is_flag(const struct json *value)
{
	return value == NULL || value->type == JSON_TRUE ||
	    value->type == JSON_FALSE;
}

/* No array is no fault, an element that is not a string is one. */
static const char *
strings_fault(const struct json *array)
{
	if (array == NULL)
		return NULL;
	if (array->type != JSON_ARRAY)
		return "what is to be watched must be an array of strings";
	for (const struct json *e = array->child; e != NULL; e = e->next) {
		struct slice text = json_text(e);

		if (text.len == 0)
			return "what is to be watched must be an array of "
			       "strings";
		if (text.len > TOPIC_URI_MAX)
			return "a URI is too long";
	}
	return NULL;
}

/* What is wrong with the filter, or NULL. */
static const char *
filter_fault(const struct json *filter)
{
	const char *fault;

	if (!json_is(filter, JSON_OBJECT))
		return "notifications must be an object";
	for (size_t i = 0; i < LISTS; i++) {
		if (!is_flag(json_member(filter, lists[i].member)))
			return "a list filter must be true or false";
	}
	fault = strings_fault(json_get(filter, "resourceSubscriptions"));
	return fault != NULL ? fault
			     : strings_fault(json_get(filter, "taskIds"));
}

static bool
is_known(const struct asked *a, struct slice topic)
{
	for (size_t i = 0; i < a->n; i++) {
		if (slice_eq(a->topics[i], topic))
			return true;
	}
	return false;
}

static enum rc
add_uri(struct exchange *x, struct asked *a, struct slice uri)
{
	struct buf name = BUF_INIT(TOPIC_NAME_MAX);
	enum rc rc;

	buf_put_slice(&name, SLICE(TOPIC_RESOURCE));
	buf_put_slice(&name, uri);
	rc = buf_finish(&name);
	if (rc == RC_OK && !is_known(a, buf_slice(&name))) {
		rc = arena_copy(x->arena, buf_slice(&name), &a->topics[a->n]);
		a->n += rc == RC_OK;
	}
	buf_release(&name);
	return rc;
}

/* The topics of a filter that is well. */
static enum rc
read_topics(struct exchange *x, struct asked *a)
{
	size_t room = LISTS + (a->uris == NULL ? 0 : a->uris->count);
	enum rc rc = RC_OK;

	a->topics = arena_alloc(x->arena, room * sizeof(*a->topics));
	if (a->topics == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < LISTS; i++) {
		if (json_is(json_member(a->filter, lists[i].member), JSON_TRUE))
			a->topics[a->n++] = lists[i].topic;
	}
	for (const struct json *u = a->uris == NULL ? NULL : a->uris->child;
	     u != NULL && rc == RC_OK; u = u->next)
		rc = add_uri(x, a, u->text);
	return rc;
}

static bool
is_watched(const struct asked *a, int64_t task)
{
	for (size_t i = 0; i < a->n_tasks; i++) {
		if (a->tasks[i] == task)
			return true;
	}
	return false;
}

/* The tasks of a filter that is well; unknown ones are left out. */
static enum rc
read_tasks(struct exchange *x, struct asked *a)
{
	size_t room = a->ids == NULL ? 0 : a->ids->count;
	enum rc rc = RC_OK;

	if (room == 0)
		return RC_OK;
	a->tasks = arena_alloc(x->arena, room * sizeof(*a->tasks));
	a->task_ids = arena_alloc(x->arena, room * sizeof(*a->task_ids));
	if (a->tasks == NULL || a->task_ids == NULL)
		return RC_NOMEM;
	for (const struct json *e = a->ids->child; e != NULL && rc == RC_OK;
	     e = e->next) {
		struct task_row row;
		bool found;

		rc = task_look_up(x, e->text, &row, &found);
		if (rc != RC_OK || !found || is_watched(a, row.number))
			continue;
		a->tasks[a->n_tasks] = row.number;
		a->task_ids[a->n_tasks++] = e->text;
	}
	return rc;
}

/* ------------------------------------------------------------ the stream */

static void
put_honoured(struct buf *b, const struct asked *a)
{
	buf_put_char(b, '{');
	for (size_t i = 0; i < LISTS; i++) {
		if (!is_known(a, lists[i].topic))
			continue;
		json_put_name(b, lists[i].member);
		buf_put_slice(b, SLICE("true"));
	}
	if (a->uris != NULL) {
		json_put_key(b, "resourceSubscriptions");
		json_put_compact(b, a->uris);
	}
	if (a->ids != NULL) {
		json_put_key(b, "taskIds");
		buf_put_char(b, '[');
		for (size_t i = 0; i < a->n_tasks; i++) {
			json_put_comma(b);
			json_put_string(b, a->task_ids[i]);
		}
		buf_put_char(b, ']');
	}
	buf_put_char(b, '}');
}

/* The acknowledgement, as an event; it comes before everything else. */
static enum rc
put_ack(struct exchange *x, const struct asked *a, struct buf *out)
{
	struct buf b = BUF_INIT(out->max);
	enum rc rc;

	buf_put_slice(&b,
	    SLICE("{\"jsonrpc\":\"2.0\",\"method\":"
		  "\"notifications/subscriptions/acknowledged\",\"params\":{"
		  "\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":"));
	buf_put_slice(&b, x->message.id);
	buf_put_slice(&b, SLICE("},\"notifications\":"));
	put_honoured(&b, a);
	buf_put_slice(&b, SLICE("}}"));
	rc = buf_finish(&b);
	if (rc == RC_OK)
		sse_put_message(out, buf_slice(&b));
	buf_release(&b);
	return rc == RC_OK ? buf_finish(out) : rc;
}

static enum rc
make_listen(struct exchange *x, const struct asked *a, struct listen **out)
{
	struct listen_wish wish = { .id = x->message.id,
		.topics = a->topics,
		.n_topics = a->n,
		.tasks = a->tasks,
		.n_tasks = a->n_tasks };
	struct buf info = BUF_INIT((size_t)64 * 1024);
	enum rc rc;

	reply_put_server_info(&info, &x->server->info, x->revision);
	wish.server = buf_slice(&info);
	rc = buf_finish(&info);
	if (rc == RC_OK)
		rc = listen_new(&wish, out);
	buf_release(&info);
	/* Before the acknowledgement: what happens behind it is told. */
	return rc == RC_OK ? listen_start(*out, x->server->store, &x->op) : rc;
}

static enum rc
open_stream(struct exchange *x, const struct asked *a)
{
	struct buf ack = BUF_INIT(x->server->frame.max);
	struct feed f = stream_feed(x);
	bool has_room;
	enum rc rc = stream_room(x, &f, &has_room);

	if (rc != RC_OK || !has_room)
		return rc;
	rc = make_listen(x, a, &f.listen);
	if (rc == RC_OK)
		rc = put_ack(x, a, &ack);
	if (rc == RC_OK)
		rc = stream_reply(x, &f, buf_slice(&ack));
	else
		stream_drop(x, &f);
	buf_release(&ack);
	return rc;
}

/* More than one stream may have? */
static bool
is_too_much(const struct exchange *x, const struct asked *a)
{
	int64_t n = a->uris == NULL ? 0 : a->uris->count;

	n += a->ids == NULL ? 0 : a->ids->count;
	return x->server->rules.wants > 0 && n > x->server->rules.wants;
}

enum rc
method_listen(struct exchange *x)
{
	static const struct refusal unacceptable = { 406, RPC_INVALID_REQUEST,
		"Accept must allow text/event-stream" };
	struct asked a = { .filter =
			       json_get(x->message.params, "notifications") };
	const char *fault = filter_fault(a.filter);
	enum rc rc;

	if (!http_accepts(
		http_get(x->http, HTTP_ACCEPT), SLICE("text/event-stream"))) {
		reply_refuse(x, &unacceptable, x->message.id, SLICE_NONE);
		return RC_OK;
	}
	if (fault != NULL) {
		answer_error(x, 200, RPC_INVALID_PARAMS, fault, SLICE_NONE);
		return RC_OK;
	}
	a.uris = json_get(a.filter, "resourceSubscriptions");
	a.ids = json_get(a.filter, "taskIds");
	if (a.ids != NULL && (x->caps & CAP_TASKS) == 0)
		return answer_lacking(x, CAP_TASKS);
	if (is_too_much(x, &a)) {
		answer_error(x, 200, RPC_INTERNAL_ERROR,
		    "These are more subscriptions than one stream may have",
		    SLICE_NONE);
		return RC_OK;
	}
	rc = read_topics(x, &a);
	if (rc == RC_OK)
		rc = read_tasks(x, &a);
	return rc == RC_OK ? open_stream(x, &a) : rc;
}
