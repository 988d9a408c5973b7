#include "rpc.h"

#include "fuzz.h"

/* An answer holds the question's text one or two levels deeper. */
static const struct json_limits wide = { 128, 8192, 1u << 20 };

static bool
lies_inside(struct slice part, struct slice whole)
{
	return part.ptr >= whole.ptr &&
	    part.ptr + part.len <= whole.ptr + whole.len;
}

static const struct json *
read_back(struct arena *a, const struct buf *b)
{
	const struct json *root;

	law(buf_finish(b) == RC_OK);
	law(json_read(a, buf_slice(b), &wide, &root, NULL) == RC_OK);
	law(json_text_is(json_get(root, "jsonrpc"), SLICE("2.0")));
	return root;
}

/* The bytes of the id come from the client and name the same id again. */
static void
check_id(const struct json *root, struct slice echoed, struct slice source)
{
	const struct json *id = json_get(root, "id");

	if (echoed.ptr == NULL) {
		law(id == NULL);
		return;
	}
	law(echoed.len > 0 && echoed.len <= RPC_ID_MAX);
	law(lies_inside(echoed, source));
	law(id != NULL && slice_eq(id->raw, echoed));
}

static void
check_answers(struct arena *a, const struct rpc_message *m, const char *why,
    struct slice source)
{
	struct buf b = BUF_INIT((size_t)16 << 20);
	const struct json *root, *error;

	rpc_put_result_head(&b, m->id);
	buf_put_slice(&b, m->whole->raw);
	buf_put_char(&b, '}');
	root = read_back(a, &b);
	check_id(root, m->id, source);
	law(json_get(root, "result") != NULL);
	/* The tree points into the buffer: a fresh one for the next. */
	buf_release(&b);

	rpc_put_error(
	    &b, m->id, RPC_INVALID_REQUEST, slice_of(why), m->whole->raw);
	root = read_back(a, &b);
	check_id(root, m->id, source);
	error = json_get(root, "error");
	law(json_text_is(json_get(error, "message"), slice_of(why)));
	law(json_get(error, "data") != NULL);
	buf_release(&b);
}

static void
check_kind(const struct rpc_message *m)
{
	const struct json *id = json_get(m->whole, "id");
	bool is_call = m->kind == RPC_REQUEST || m->kind == RPC_NOTIFICATION;

	law(is_call == (m->method.ptr != NULL));
	law(m->kind != RPC_REQUEST || m->id.ptr != NULL);
	law(m->kind != RPC_NOTIFICATION || id == NULL);
	law(m->params == NULL || (is_call && m->params->type == JSON_OBJECT));
	law((m->kind == RPC_RESPONSE) ==
	    ((m->result != NULL) != (m->error != NULL)));
	law(m->result == NULL || m->id.ptr != NULL);
	law((json_is(id, JSON_STRING) || json_is(id, JSON_NUMBER)) ==
	    (m->id.ptr != NULL));
}

static void
check_message(struct arena *a, const struct json *value, struct slice source)
{
	struct rpc_message m;
	const char *why = "";
	enum rc rc = rpc_read(value, &m, &why);

	law(m.whole == value);
	law(rc == RC_OK || rc == RC_SYNTAX);
	law((rc == RC_OK) == (why == NULL));
	if (rc == RC_OK && m.kind == RPC_BATCH) {
		law(value->type == JSON_ARRAY && m.id.ptr == NULL);
		return;
	}
	if (rc == RC_OK)
		check_kind(&m);
	else
		law(m.method.ptr == NULL && m.result == NULL);
	check_answers(a, &m, why == NULL ? "" : why, source);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT((size_t)64 << 20);
	struct slice in = { (const char *)data, size };
	const struct json *root;

	if (json_read(&a, in, &json_limits_default, &root, NULL) == RC_OK) {
		check_message(&a, root, in);
		/* Each element costs two readings: a few will do. */
		for (uint32_t i = 0; i < 8; i++) {
			const struct json *element = json_at(root, i);

			if (root->type == JSON_ARRAY && element != NULL)
				check_message(&a, element, in);
		}
	}
	arena_release(&a);
	return 0;
}
