/*
 * Laws of results that come as JSON: one that is refused says why and leaves
 * the call as it was; one that is accepted has only blocks of types that the
 * protocol knows, and all that is kept of it is compact JSON that reads again.
 */
#include "fuzz.h"
#include "json.h"
#include "revision.h"
#include "text.h"
#include "tool.h"
#include "tool_block.h"

#define MAX ((size_t)16 << 20)

static const struct json *
read_compact(struct arena *a, struct slice text)
{
	struct buf again = BUF_INIT(MAX);
	const struct json *root;

	law(json_read(a, text, &json_limits_default, &root, NULL) == RC_OK);
	json_put_compact(&again, root);
	law(slice_eq(buf_slice(&again), text));
	buf_release(&again);
	return root;
}

static bool
is_known(unsigned type)
{
	return type == CONTENT_TEXT || type == CONTENT_IMAGE ||
	    type == CONTENT_AUDIO || type == CONTENT_RESOURCE ||
	    type == CONTENT_RESOURCE_LINK;
}

static void
check_block(struct arena *a, const struct tool_block *block)
{
	struct buf why = BUF_INIT(MAX);
	const struct json *json = read_compact(a, block->json);
	unsigned type;

	law(is_known(block->type));
	law(tool_block_check(json, &type, &why) == RC_OK);
	law(type == block->type && why.len == 0);
	law(text_utf8_ok(block->instead));
	buf_release(&why);
}

/* Block for block what the document says, and nothing besides. */
static void
check_same(
    struct arena *a, const struct tool_result *result, const struct json *said)
{
	const struct json *content = json_get(said, "content");
	const struct json *value = json_get(said, "structuredContent");
	const struct json *in = content == NULL ? NULL : content->child;
	const struct tool_block *last = NULL;

	for (const struct tool_block *b = result->first; b != NULL;
	     b = b->next) {
		check_block(a, b);
		law(in != NULL && json_equal(in, read_compact(a, b->json)));
		in = in->next;
		last = b;
	}
	law(in == NULL && last == result->last);
	law((value == NULL) == (result->structured.ptr == NULL));
	if (value != NULL)
		law(json_equal(value, read_compact(a, result->structured)));
	if (result->meta.ptr != NULL)
		law(read_compact(a, result->meta)->type == JSON_OBJECT);
	law(result->is_error == json_is(json_get(said, "isError"), JSON_TRUE));
}

static void
check_finish(struct tool_call *call, const struct json *said)
{
	bool had_blocks = call->result.first != NULL;
	const struct tool_block *last;

	law(tool_finish(call) == RC_OK);
	law(call->result.first != NULL ||
	    json_get(said, "structuredContent") == NULL);
	if (!had_blocks && call->result.first != NULL) {
		check_block(call->arena, call->result.first);
		law(call->result.first->type == CONTENT_TEXT);
	}
	last = call->result.last;
	law(tool_finish(call) == RC_OK);
	law(call->result.last == last && (last == NULL || last->next == NULL));
}

static void
check_result(struct arena *a, const struct json *said)
{
	struct tool_call call = { .arena = a, .env = &tool_env_inline };
	struct buf why = BUF_INIT(MAX);
	struct tool_block *before;
	enum rc rc;

	law(tool_add_text(&call, SLICE("before")) == RC_OK);
	before = call.result.first;
	rc = tool_set_result(&call, said, &why);
	law(rc == RC_OK || rc == RC_SYNTAX);
	law((rc == RC_OK) == (why.len == 0) && call.failed == RC_OK);
	if (rc == RC_OK) {
		check_same(a, &call.result, said);
		check_finish(&call, said);
	} else {
		law(call.result.first == before && before->next == NULL);
		law(call.result.structured.ptr == NULL);
		law(call.result.meta.ptr == NULL && !call.result.is_error);
	}
	buf_release(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice text = { (const char *)data, size };
	struct arena a = ARENA_INIT((size_t)64 << 20);
	const struct json *root;

	if (json_read(&a, text, &json_limits_default, &root, NULL) == RC_OK)
		check_result(&a, root);
	arena_release(&a);
	return 0;
}
