#include "method.h"
#include "refuse.h"
#include "reply.h"
#include "session.h"
#include "task.h"

/* What a session remembers of its client, at most. */
#define CLIENT_MAX ((size_t)32 * 1024)

/* Without a session there is no stream to tell a legacy client anything on. */
static bool
can_tell(const struct exchange *x)
{
	return x->revision->is_modern ||
	    x->server->rules.sessions != SESSIONS_OFF;
}

/* Tasks as the revision has them; a list only for whom we can tell apart
 * from others. */
static void
put_tasks(struct exchange *x, struct buf *b)
{
	if (task_form_of(x) == TASKS_EXTENSION) {
		json_put_key(b, "extensions");
		buf_put_slice(
		    b, SLICE("{\"io.modelcontextprotocol/tasks\":{}}"));
	}
	if (task_form_of(x) != TASKS_EXPERIMENTAL)
		return;
	json_put_key(b, "tasks");
	buf_put_char(b, '{');
	if (task_may_list(x)) {
		json_put_key(b, "list");
		buf_put_slice(b, SLICE("{}"));
	}
	json_put_key(b, "cancel");
	buf_put_slice(b, SLICE("{}"));
	json_put_key(b, "requests");
	buf_put_slice(b, SLICE("{\"tools\":{\"call\":{}}}}"));
}

static void
put_capabilities(struct exchange *x, struct buf *b)
{
	json_put_key(b, "capabilities");
	buf_put_char(b, '{');
	json_put_key(b, "tools");
	buf_put_slice(
	    b, can_tell(x) ? SLICE("{\"listChanged\":true}") : SLICE("{}"));
	json_put_key(b, "resources");
	buf_put_slice(b,
	    can_tell(x) ? SLICE("{\"subscribe\":true,\"listChanged\":true}")
			: SLICE("{}"));
	json_put_key(b, "prompts");
	buf_put_slice(
	    b, can_tell(x) ? SLICE("{\"listChanged\":true}") : SLICE("{}"));
	if (x->revision->has_completions_capability) {
		json_put_key(b, "completions");
		buf_put_slice(b, SLICE("{}"));
	}
	json_put_key(b, "logging");
	buf_put_slice(b, SLICE("{}"));
	put_tasks(x, b);
	buf_put_char(b, '}');
}

static void
put_instructions(struct buf *b, const struct server_info *info)
{
	if (info->instructions.ptr == NULL)
		return;
	json_put_key(b, "instructions");
	json_put_string(b, info->instructions);
}

/* What is wrong with the params of initialize, or NULL. */
static const char *
initialize_fault(const struct json *params)
{
	const struct json *info = json_get(params, "clientInfo");

	if (!json_is(json_get(params, "protocolVersion"), JSON_STRING))
		return "protocolVersion must be a string";
	if (!json_is(json_get(params, "capabilities"), JSON_OBJECT))
		return "capabilities must be an object";
	if (!json_is(json_get(info, "name"), JSON_STRING) ||
	    !json_is(json_get(info, "version"), JSON_STRING))
		return "clientInfo needs name and version";
	return NULL;
}

/* Compact JSON of what to remember; RC_FULL if it is too much. */
static enum rc
describe_client(struct exchange *x, struct slice *out)
{
	const struct json *info = json_get(x->message.params, "clientInfo");
	const struct json *caps = json_get(x->message.params, "capabilities");
	struct buf b = BUF_INIT(CLIENT_MAX);
	enum rc rc;

	/* Compact text is never longer than its source. */
	if (info->raw.len + caps->raw.len > CLIENT_MAX - 64)
		return RC_FULL;
	buf_put_char(&b, '{');
	json_put_key(&b, "info");
	json_put_compact(&b, info);
	json_put_key(&b, "capabilities");
	json_put_compact(&b, caps);
	buf_put_char(&b, '}');
	rc = buf_finish(&b);
	if (rc == RC_OK)
		rc = arena_copy(x->arena, buf_slice(&b), out);
	buf_release(&b);
	return rc;
}

static void
answer_initialize(struct exchange *x)
{
	struct buf *b = answer_begin(x);

	json_put_key(b, "protocolVersion");
	json_put_string(b, x->revision->date);
	put_capabilities(x, b);
	json_put_key(b, "serverInfo");
	reply_put_server_info(b, &x->server->info, x->revision);
	put_instructions(b, &x->server->info);
	answer_end(x, false, NULL);
}

/* Refuse a second one in a session; *found is SESSION_FOUND then. */
static enum rc
check_session(struct exchange *x, enum session_found *found)
{
	*found = SESSION_NO_ID;
	if (x->transport->id_in_query) {
		if (x->session.row.revision.ptr != NULL)
			*found = SESSION_FOUND;
		return RC_OK;
	}
	return session_peek(x, found);
}

/* A session for the client, or the terms of the one it has.  RC_CONFLICT: it
 * has agreed to some meanwhile. */
static enum rc
remember(struct exchange *x, struct slice client)
{
	if (x->transport->id_in_query)
		return session_negotiate(x, x->revision, x->caps, client);
	return session_open(x, x->revision, x->caps, client);
}

static void
refuse_again(struct exchange *x)
{
	static const struct refusal again = { 400, RPC_INVALID_REQUEST,
		"This session is initialized already" };

	reply_refuse(x, &again, x->message.id, SLICE_NONE);
}

static enum rc
initialize_session(struct exchange *x)
{
	enum session_found found;
	struct slice client;
	enum rc rc = check_session(x, &found);

	if (rc != RC_OK)
		return rc;
	if (found == SESSION_FOUND) {
		refuse_again(x);
		return RC_OK;
	}
	rc = describe_client(x, &client);
	if (rc == RC_FULL) {
		answer_error(x, 200, RPC_INVALID_PARAMS,
		    "clientInfo and capabilities are too large", SLICE_NONE);
		return RC_OK;
	}
	if (rc == RC_OK)
		rc = remember(x, client);
	if (rc == RC_OK)
		answer_initialize(x);
	else if (rc == RC_CONFLICT)
		refuse_again(x);
	else if (rc == RC_NOTFOUND)
		reply_refuse(
		    x, &refuse_unknown_session, x->message.id, SLICE_NONE);
	return rc == RC_CONFLICT || rc == RC_NOTFOUND ? RC_OK : rc;
}

enum rc
method_initialize(struct exchange *x)
{
	const struct json *params = x->message.params;
	const char *fault = initialize_fault(params);

	if (fault != NULL) {
		answer_error(x, 200, RPC_INVALID_PARAMS, fault, SLICE_NONE);
		return RC_OK;
	}
	x->revision =
	    revision_negotiate(json_text(json_get(params, "protocolVersion")));
	x->caps = method_caps(json_get(params, "capabilities"));
	if (x->server->rules.sessions == SESSIONS_OFF) {
		answer_initialize(x);
		return RC_OK;
	}
	return initialize_session(x);
}

enum rc
method_ping(struct exchange *x)
{
	(void)answer_begin(x);
	answer_end(x, false, NULL);
	return RC_OK;
}

enum rc
method_discover(struct exchange *x)
{
	struct buf *b = answer_begin(x);

	json_put_key(b, "supportedVersions");
	buf_put_char(b, '[');
	json_put_string(b, revision_modern()->date);
	buf_put_char(b, ']');
	put_capabilities(x, b);
	put_instructions(b, &x->server->info);
	answer_end(x, true, NULL);
	return RC_OK;
}
