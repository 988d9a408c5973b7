#include "rpc.h"

/* The members that make a message; NULL if it has none of that name. */
struct shape {
	const struct json *version;
	const struct json *id;
	const struct json *method;
	const struct json *params;
	const struct json *result;
	const struct json *error;
};

/* The words on a bad id, or NULL.  null is no way to leave it out. */
static const char *
id_fault(const struct json *id)
{
	if (id == NULL)
		return NULL;
	if (id->type != JSON_STRING &&
	    (id->type != JSON_NUMBER || !json_is_integer(id)))
		return "id must be a string or an integer";
	if (id->raw.len > RPC_ID_MAX)
		return "id is too long";
	return NULL;
}

static const char *
call_fault(const struct shape *s)
{
	if (s->result != NULL || s->error != NULL)
		return "method and result or error exclude each other";
	if (s->method->type != JSON_STRING)
		return "method must be a string";
	if (s->params != NULL && s->params->type != JSON_OBJECT)
		return "params must be an object";
	return NULL;
}

static const char *
response_fault(const struct shape *s)
{
	if (s->result == NULL && s->error == NULL)
		return "method is missing";
	if (s->result != NULL && s->error != NULL)
		return "result and error exclude each other";
	/* An error about something unreadable cannot name it. */
	if (s->id == NULL && s->error == NULL)
		return "a result needs an id";
	return NULL;
}

static const char *
shape_fault(const struct shape *s)
{
	const char *why = id_fault(s->id);

	if (why != NULL)
		return why;
	if (!json_text_is(s->version, SLICE("2.0")))
		return "jsonrpc must be \"2.0\"";
	return s->method != NULL ? call_fault(s) : response_fault(s);
}

/* The id of a response names a request of ours.  Sent back in an error, the
 * client would take it for one of its own. */
static bool
may_echo(const struct shape *s)
{
	if (s->id == NULL || id_fault(s->id) != NULL)
		return false;
	return s->method != NULL || (s->result == NULL && s->error == NULL);
}

static void
fill(struct rpc_message *m, const struct shape *s)
{
	if (s->id != NULL)
		m->id = s->id->raw;
	if (s->method == NULL) {
		m->kind = RPC_RESPONSE;
		m->result = s->result;
		m->error = s->error;
		return;
	}
	m->kind = s->id != NULL ? RPC_REQUEST : RPC_NOTIFICATION;
	m->method = s->method->text;
	m->params = s->params;
}

enum rc
rpc_read(const struct json *value, struct rpc_message *m, const char **why)
{
	struct shape s;

	*m = (struct rpc_message){ .kind = RPC_REQUEST, .whole = value };
	*why = NULL;
	if (json_is(value, JSON_ARRAY)) {
		m->kind = RPC_BATCH;
		return RC_OK;
	}
	if (!json_is(value, JSON_OBJECT)) {
		*why = "a message must be an object";
		return RC_SYNTAX;
	}
	s = (struct shape){
		.version = json_get(value, "jsonrpc"),
		.id = json_get(value, "id"),
		.method = json_get(value, "method"),
		.params = json_get(value, "params"),
		.result = json_get(value, "result"),
		.error = json_get(value, "error"),
	};
	*why = shape_fault(&s);
	if (*why == NULL) {
		fill(m, &s);
		return RC_OK;
	}
	if (may_echo(&s))
		m->id = s.id->raw;
	return RC_SYNTAX;
}

/* Everything in front of result or error. */
static void
put_head(struct buf *b, struct slice id)
{
	buf_put_slice(b, SLICE("{\"jsonrpc\":\"2.0\","));
	if (id.ptr == NULL)
		return;
	buf_put_slice(b, SLICE("\"id\":"));
	buf_put_slice(b, id);
	buf_put_char(b, ',');
}

void
rpc_put_result_head(struct buf *b, struct slice id)
{
	put_head(b, id);
	buf_put_slice(b, SLICE("\"result\":"));
}

void
rpc_put_error(struct buf *b, struct slice id, enum rpc_code code,
    struct slice message, struct slice data)
{
	put_head(b, id);
	buf_put_slice(b, SLICE("\"error\":{\"code\":"));
	buf_put_i64(b, code);
	buf_put_slice(b, SLICE(",\"message\":"));
	json_put_string(b, message);
	if (data.ptr != NULL) {
		buf_put_slice(b, SLICE(",\"data\":"));
		buf_put_slice(b, data);
	}
	buf_put_slice(b, SLICE("}}"));
}
