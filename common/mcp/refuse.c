#include "refuse.h"

const struct refusal refuse_unknown_session = { 404, RPC_SESSION_NOT_FOUND,
	"Session not found" };
const struct refusal refuse_no_session = { 400, RPC_INVALID_REQUEST,
	"Mcp-Session-Id is missing; initialize first" };
const struct refusal refuse_bad_version = { 400, RPC_UNSUPPORTED_VERSION,
	"Unsupported protocol version" };
const struct refusal refuse_bad_type = { 415, RPC_INVALID_REQUEST,
	"Content-Type must be application/json in UTF-8" };

/* A byte of a JSON string is at most "\u0000". */
#define ESCAPED_MAX 6

struct slice
refuse_version_data(struct exchange *x, struct slice requested)
{
	struct buf b = BUF_INIT(requested.len * ESCAPED_MAX + 256);
	struct slice data = SLICE_NONE;

	buf_put_slice(&b, SLICE("{\"supported\":["));
	json_put_string(&b, revision_modern()->date);
	buf_put_slice(&b, SLICE("],\"requested\":"));
	json_put_string(&b, requested);
	buf_put_char(&b, '}');
	if (buf_finish(&b) != RC_OK ||
	    arena_copy(x->arena, buf_slice(&b), &data) != RC_OK)
		data = SLICE_NONE;
	buf_release(&b);
	return data;
}

bool
refuse_wrong_version(struct exchange *x)
{
	static const struct refusal wrong = { 400, RPC_INVALID_REQUEST,
		"MCP-Protocol-Version must be that of the session" };
	struct slice said = http_get(x->http, HTTP_MCP_PROTOCOL_VERSION);
	const struct revision *named = revision_find(said);

	if (said.ptr != NULL && (named == NULL || named->is_modern)) {
		reply_refuse(x, &refuse_bad_version, reply_id(x),
		    refuse_version_data(x, said));
		return false;
	}
	/* Only the one transport knows the header. */
	if (!x->has_session || x->transport->id_in_query ||
	    named == x->session.revision)
		return true;
	if (x->server->rules.strict &&
	    x->session.revision->has_version_header) {
		reply_refuse(x, &wrong, reply_id(x), SLICE_NONE);
		return false;
	}
	x->odd_version = said;
	return true;
}
