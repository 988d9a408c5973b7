#include "classify.h"

#include "header.h"
#include "level.h"

#define META "io.modelcontextprotocol/"

static const struct json *
message_meta(const struct json *message)
{
	return json_get(json_get(message, "params"), "_meta");
}

static const struct json *
claim_of(const struct json *meta)
{
	return json_get(meta, META "protocolVersion");
}

static bool
any_claim(const struct json *array)
{
	for (const struct json *e = array->child; e != NULL; e = e->next) {
		if (claim_of(message_meta(e)) != NULL)
			return true;
	}
	return false;
}

/* What is wrong with the optional keys of a modern _meta, or NULL. */
static const char *
options_fault(const struct json *meta)
{
	const struct json *info = json_get(meta, META "clientInfo");
	const struct json *level = json_get(meta, META "logLevel");
	const struct json *token = json_get(meta, "progressToken");

	if (info != NULL &&
	    (!json_is(json_get(info, "name"), JSON_STRING) ||
		!json_is(json_get(info, "version"), JSON_STRING)))
		return "_meta " META "clientInfo needs name and version";
	if (level != NULL && level_read(json_text(level)) == LEVEL_NONE)
		return "_meta " META "logLevel is not a log level";
	if (token != NULL && token->type != JSON_STRING &&
	    !json_is_integer(token))
		return "_meta progressToken must be a string or an integer";
	return NULL;
}

/* What is wrong with a modern _meta, or NULL. */
static const char *
envelope_fault(const struct json *meta)
{
	const struct json *claim = claim_of(meta);
	const struct json *caps = json_get(meta, META "clientCapabilities");

	if (claim == NULL && caps == NULL)
		return "params._meta lacks " META "protocolVersion and " META
		       "clientCapabilities";
	if (claim == NULL)
		return "params._meta lacks " META "protocolVersion";
	if (claim->type != JSON_STRING)
		return "_meta " META "protocolVersion must be a string";
	if (caps == NULL)
		return "params._meta lacks " META "clientCapabilities";
	if (caps->type != JSON_OBJECT)
		return "_meta " META "clientCapabilities must be an object";
	return options_fault(meta);
}

/* Which member of params the Mcp-Name header repeats, by method. */
static struct slice
name_source(struct slice method)
{
	static const struct {
		struct slice method;
		struct slice member;
	} table[] = {
		{ SLICE_INIT("tools/call"), SLICE_INIT("name") },
		{ SLICE_INIT("prompts/get"), SLICE_INIT("name") },
		{ SLICE_INIT("resources/read"), SLICE_INIT("uri") },
		{ SLICE_INIT("tasks/get"), SLICE_INIT("taskId") },
		{ SLICE_INIT("tasks/update"), SLICE_INIT("taskId") },
		{ SLICE_INIT("tasks/cancel"), SLICE_INIT("taskId") },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (slice_eq(method, table[i].method))
			return table[i].member;
	}
	return SLICE_NONE;
}

static enum rc
check_name(struct arena *a, const struct http_request *http,
    const struct rpc_message *m, bool *ok)
{
	struct slice member = name_source(m->method);
	struct slice value = http_get(http, HTTP_MCP_NAME);
	struct slice said;
	enum rc rc;

	*ok = member.ptr == NULL;
	if (*ok || value.ptr == NULL)
		return RC_OK;
	rc = header_decode(a, value, &said);
	if (rc == RC_OK)
		*ok = json_text_is(json_member(m->params, member), said);
	return rc == RC_SYNTAX ? RC_OK : rc;
}

enum rc
classify_facts(struct arena *a, const struct http_request *http,
    const struct json *root, const struct rpc_message *message,
    struct post_facts *out)
{
	struct slice method = http_get(http, HTTP_MCP_METHOD);
	struct post_facts f = { .message = message,
		.header = http_get(http, HTTP_MCP_PROTOCOL_VERSION),
		.has_session_id = http_get(http, HTTP_MCP_SESSION_ID).len > 0 };

	f.header_is_modern =
	    f.header.ptr != NULL && revision_text_is_modern(f.header);
	if (f.header.ptr != NULL && !f.header_is_modern)
		f.header_legacy = revision_find(f.header);
	if (message == NULL) {
		f.array = root;
		f.any_claim = any_claim(root);
		*out = f;
		return RC_OK;
	}
	f.meta = json_get(message->params, "_meta");
	f.claim = claim_of(f.meta);
	f.any_claim = f.claim != NULL;
	if (f.any_claim || f.header_is_modern)
		f.envelope = envelope_fault(f.meta);
	f.claimed = revision_find(json_text(f.claim));
	if (f.claimed != NULL && !f.claimed->is_modern)
		f.claimed = NULL;
	f.has_method_header = method.ptr != NULL;
	f.method_header_ok =
	    method.ptr != NULL && slice_eq(method, message->method);
	f.has_name_header = http_get(http, HTTP_MCP_NAME).ptr != NULL;
	*out = f;
	return check_name(a, http, message, &out->name_header_ok);
}

/* ----------------------------------------------------- conditions: POST */

static bool
is_empty_array(const struct post_facts *f)
{
	return f->array != NULL && f->array->count == 0;
}

static bool
is_modern_array(const struct post_facts *f)
{
	return f->array != NULL && (f->any_claim || f->header_is_modern);
}

static bool
is_array(const struct post_facts *f)
{
	return f->array != NULL;
}

static bool
is_modern_response(const struct post_facts *f)
{
	return f->message->kind == RPC_RESPONSE && f->header_is_modern;
}

static bool
is_response(const struct post_facts *f)
{
	return f->message->kind == RPC_RESPONSE;
}

static bool
is_request(const struct post_facts *f)
{
	return f->message->kind == RPC_REQUEST;
}

static bool
is_initialize(const struct post_facts *f)
{
	return is_request(f) &&
	    slice_eq(f->message->method, SLICE("initialize"));
}

static bool
is_modern_initialize(const struct post_facts *f)
{
	return is_initialize(f) && f->claim != NULL && f->envelope == NULL &&
	    revision_text_is_modern(f->claim->text);
}

static bool
is_initialize_with_modern_header(const struct post_facts *f)
{
	return is_initialize(f) && f->header_is_modern;
}

static bool
has_bad_envelope(const struct post_facts *f)
{
	return is_request(f) && f->claim != NULL && f->envelope != NULL;
}

static bool
header_differs(const struct post_facts *f)
{
	return is_request(f) && f->claim != NULL && f->header.ptr != NULL &&
	    !slice_eq(f->claim->text, f->header);
}

static bool
claim_is_unknown(const struct post_facts *f)
{
	return is_request(f) && f->claim != NULL && f->claimed == NULL;
}

/* With body_only a header may be lost on the way, but what came must agree. */
static bool
header_is_missing(const struct post_facts *f)
{
	return is_request(f) && f->claim != NULL && f->header.ptr == NULL &&
	    !f->body_only;
}

static bool
method_header_differs(const struct post_facts *f)
{
	return is_request(f) && f->claim != NULL && !f->method_header_ok &&
	    (f->has_method_header || !f->body_only);
}

static bool
name_header_differs(const struct post_facts *f)
{
	return is_request(f) && f->claim != NULL && !f->name_header_ok &&
	    (f->has_name_header || !f->body_only);
}

static bool
is_modern_request(const struct post_facts *f)
{
	return is_request(f) && f->claim != NULL;
}

static bool
claim_is_missing(const struct post_facts *f)
{
	return is_request(f) && f->header_is_modern;
}

static bool
header_is_unknown(const struct post_facts *f)
{
	return is_request(f) && f->header.ptr != NULL &&
	    f->header_legacy == NULL;
}

static bool
is_request_with_session(const struct post_facts *f)
{
	return is_request(f) && f->has_session_id;
}

static bool
is_modern_notification(const struct post_facts *f)
{
	return f->message->kind == RPC_NOTIFICATION &&
	    (f->claim != NULL || f->header_is_modern);
}

static bool
notification_method_differs(const struct post_facts *f)
{
	return is_modern_notification(f) && f->has_method_header &&
	    !f->method_header_ok;
}

/* The specification leaves open which headers a notification repeats, but
 * wants this one on every POST. */
static bool
notification_version_differs(const struct post_facts *f)
{
	if (!f->is_strict || !is_modern_notification(f) || f->claim == NULL)
		return false;
	if (f->header.ptr == NULL)
		return !f->body_only;
	return !json_text_is(f->claim, f->header);
}

static bool
always(const struct post_facts *f)
{
	(void)f;
	return true;
}

/* P16 to P18 depend on the method and the tool: method.c. */
static const struct post_row post_rows[] = {
	{ "P1", is_empty_array, POST_REFUSE, false,
	    { 400, RPC_INVALID_REQUEST, "A batch must not be empty" } },
	{ "P2", is_modern_array, POST_REFUSE, false,
	    { 400, RPC_INVALID_REQUEST, "The body must be a single message" } },
	{ "P3", is_array, POST_BATCH, false, { 0 } },
	{ "P5", is_modern_response, POST_REFUSE, false,
	    { 400, RPC_INVALID_REQUEST, "Responses are not posted" } },
	{ "P6", is_response, POST_LEGACY, false, { 0 } },
	{ "P7", is_modern_initialize, POST_REFUSE, true,
	    { 404, RPC_METHOD_NOT_FOUND, "Method not found" } },
	{ "P8", is_initialize_with_modern_header, POST_REFUSE, true,
	    { 400, RPC_HEADER_MISMATCH,
		"MCP-Protocol-Version does not fit initialize" } },
	{ "P9", is_initialize, POST_INITIALIZE, false, { 0 } },
	{ "P10", has_bad_envelope, POST_REFUSE, true,
	    { 400, RPC_INVALID_PARAMS, NULL } },
	{ "P11", header_differs, POST_REFUSE, true,
	    { 400, RPC_HEADER_MISMATCH,
		"MCP-Protocol-Version differs from _meta" } },
	{ "P12", claim_is_unknown, POST_REFUSE, true,
	    { 400, RPC_UNSUPPORTED_VERSION, "Unsupported protocol version" } },
	{ "P13", header_is_missing, POST_REFUSE, true,
	    { 400, RPC_HEADER_MISMATCH, "MCP-Protocol-Version is missing" } },
	{ "P14", method_header_differs, POST_REFUSE, true,
	    { 400, RPC_HEADER_MISMATCH,
		"Mcp-Method is missing or differs from the body" } },
	{ "P15", name_header_differs, POST_REFUSE, true,
	    { 400, RPC_HEADER_MISMATCH,
		"Mcp-Name is missing or differs from the body" } },
	{ "P19", is_modern_request, POST_MODERN, false, { 0 } },
	{ "P20", claim_is_missing, POST_REFUSE, true,
	    { 400, RPC_INVALID_PARAMS, NULL } },
	{ "P21", header_is_unknown, POST_REFUSE, true,
	    { 400, RPC_UNSUPPORTED_VERSION, "Unsupported protocol version" } },
	{ "P22", is_request_with_session, POST_LEGACY, false, { 0 } },
	{ "P23", is_request, POST_LEGACY, false, { 0 } },
	{ "P24", notification_method_differs, POST_REFUSE, false,
	    { 400, RPC_HEADER_MISMATCH, "Mcp-Method differs from the body" } },
	{ "P24", notification_version_differs, POST_REFUSE, false,
	    { 400, RPC_HEADER_MISMATCH,
		"MCP-Protocol-Version is missing or differs from _meta" } },
	{ "P24", is_modern_notification, POST_ACCEPT, false, { 0 } },
	{ "P25", always, POST_LEGACY, false, { 0 } },
};

const struct post_row *
classify_post(const struct post_facts *facts)
{
	const struct post_row *row = post_rows;

	/* The last row always holds; the array rows come before any that
	 * looks at the message. */
	while (!row->holds(facts))
		row++;
	return row;
}
