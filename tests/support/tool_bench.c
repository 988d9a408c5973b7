#include "tool_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void
tool_bench_init(struct tool_bench *b)
{
	*b = (struct tool_bench){
		.arena = ARENA_INIT((size_t)64 * 1024 * 1024),
		.tool = { .name = SLICE("demo") },
	};
	b->call = (struct tool_call){
		.tool = &b->tool,
		.arena = &b->arena,
		.revision = SLICE("2025-11-25"),
		.principal = SLICE("user:alice"),
		.session = SLICE("00c0ffee"),
		.request_id = SLICE("7"),
		.deadline_mono = INT64_MAX,
		.env = &tool_env_inline,
	};
	tool_bench_arguments(b, "{}");
}

const struct json *
tool_bench_json(struct tool_bench *b, const char *json)
{
	const struct json *root = NULL;
	struct slice text;

	assert_int_equal(arena_copy(&b->arena, slice_of(json), &text), RC_OK);
	assert_int_equal(
	    json_read(&b->arena, text, &json_limits_default, &root, NULL),
	    RC_OK);
	return root;
}

void
tool_bench_arguments(struct tool_bench *b, const char *json)
{
	b->call.arguments = tool_bench_json(b, json);
}

const char *
tool_bench_result(struct tool_bench *b)
{
	const struct tool_result *r = &b->call.result;
	struct buf out = BUF_INIT((size_t)64 * 1024 * 1024);
	const char *text;

	buf_put_slice(&out, SLICE("{\"content\":["));
	for (const struct tool_block *k = r->first; k != NULL; k = k->next) {
		json_put_comma(&out);
		buf_put_slice(&out, k->json);
	}
	buf_put_char(&out, ']');
	if (r->structured.ptr != NULL) {
		json_put_key(&out, "structuredContent");
		buf_put_slice(&out, r->structured);
	}
	if (r->is_error)
		buf_put_slice(&out, SLICE(",\"isError\":true"));
	if (r->meta.ptr != NULL) {
		json_put_key(&out, "_meta");
		buf_put_slice(&out, r->meta);
	}
	buf_put_char(&out, '}');
	assert_int_equal(buf_finish(&out), RC_OK);
	text = arena_string(&b->arena, buf_slice(&out));
	assert_non_null(text);
	buf_release(&out);
	return text;
}

const char *
tool_bench_text(struct tool_bench *b)
{
	const struct tool_block *block = b->call.result.first;
	const struct json *root = NULL;
	struct slice text;
	const char *out;

	if (block == NULL)
		return "";
	assert_int_equal(json_read(&b->arena, block->json, &json_limits_default,
			     &root, NULL),
	    RC_OK);
	text = json_text(json_get(root, "text"));
	if (text.ptr == NULL)
		return "";
	out = arena_string(&b->arena, text);
	assert_non_null(out);
	return out;
}

void
tool_bench_release(struct tool_bench *b)
{
	arena_release(&b->arena);
}

void
tool_bench_put_result(struct buf *out, const struct tool_result *r)
{
	buf_put_slice(out, r->error);
	if (r->is_missing)
		buf_put_slice(out, SLICE("missing"));
	for (const struct tool_block *b = r->first; b != NULL; b = b->next) {
		if (b != r->first)
			buf_put_char(out, ',');
		if (b->is_assistant)
			buf_put_slice(out, SLICE("assistant: "));
		buf_put_slice(out, b->json);
	}
}
