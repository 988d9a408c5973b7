#include "refuse.h"

const struct refusal refuse_unknown_session = { 404, RPC_SESSION_NOT_FOUND,
	"Session not found" };
const struct refusal refuse_no_session = { 400, RPC_INVALID_REQUEST,
	"Mcp-Session-Id is missing; initialize first" };
const struct refusal refuse_bad_version = { 400, RPC_UNSUPPORTED_VERSION,
	"Unsupported protocol version" };

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
