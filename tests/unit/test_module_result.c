#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "module_api.h"
#include "module_call.h"
#include "tool_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct mcp_api *const api = &module_api;

/* --------------------------------------------------- what has its place where */

static void
put_image(struct mcp_call *c)
{
	api->image(c, "\1", 1, NULL);
}

static void
put_audio(struct mcp_call *c)
{
	api->audio(c, "\1", 1, NULL);
}

static void
put_resource_text(struct mcp_call *c)
{
	api->resource_text(c, "a:b", NULL, "t", 1);
}

static void
put_resource_blob(struct mcp_call *c)
{
	api->resource_blob(c, "a:b", NULL, "\1", 1);
}

static void
put_link(struct mcp_call *c)
{
	api->link(c, "a:b", "b", NULL);
}

static void
put_block(struct mcp_call *c)
{
	static const char block[] = "{\"type\":\"text\",\"text\":\"b\"}";

	api->block(c, block, sizeof(block) - 1);
}

static void
put_structured(struct mcp_call *c)
{
	api->structured(c, "{}", 2);
}

static void
speak_as_assistant(struct mcp_call *c)
{
	api->role(c, 1);
}

static void
describe_it(struct mcp_call *c)
{
	api->describe(c, "about");
}

static void
be_missing(struct mcp_call *c)
{
	api->missing(c);
}

#define TOOL (1u << MAKES_CONTENT)
#define PROMPT (1u << MAKES_MESSAGES)
#define RESOURCE (1u << MAKES_CONTENTS)

static const struct {
	void (*put)(struct mcp_call *);
	unsigned places;
	const char *name;
} parts[] = {
	{ put_image, TOOL | PROMPT | RESOURCE, "image()" },
	{ put_audio, TOOL | PROMPT | RESOURCE, "audio()" },
	{ put_resource_text, TOOL | PROMPT | RESOURCE, "resource_text()" },
	{ put_resource_blob, TOOL | PROMPT | RESOURCE, "resource_blob()" },
	{ put_link, TOOL | PROMPT, "link()" },
	{ put_block, TOOL | PROMPT, "block()" },
	{ put_structured, TOOL, "structured()" },
	{ speak_as_assistant, PROMPT, "role()" },
	{ describe_it, PROMPT, "describe()" },
	{ be_missing, RESOURCE, "missing()" },
};

static const char *const nowhere[] = {
	[MAKES_CONTENT] = "no part of the result of a tool",
	[MAKES_MESSAGES] = "no part of a prompt",
	[MAKES_CONTENTS] = "no part of a resource",
	[MAKES_VALUES] = "no part of what is proposed",
};

static enum mcp_done
put_one_part(struct mcp_call *c, void *ctx)
{
	const size_t *i = ctx;

	parts[*i].put(c);
	return MCP_DONE;
}

/* Run part i in a call that makes that. */
static void
try_part(size_t i, enum tool_makes makes)
{
	const struct mcp_tool tool = { .size = sizeof(tool),
		.call = put_one_part,
		.ctx = &i,
		.complete = put_one_part };
	const bool has_place = (parts[i].places & 1u << makes) != 0;
	struct tool_bench b;
	const struct tool_result *result = &b.call.result;

	tool_bench_init(&b);
	b.call.makes = makes;
	b.call.uri = SLICE("a:uri");
	(void)module_run(&tool, &b.call);
	if (has_place) {
		assert_true(!result->is_error || result->is_missing);
	} else {
		assert_true(result->is_error);
		assert_non_null(strstr(result->error.ptr, parts[i].name));
		assert_non_null(strstr(result->error.ptr, nowhere[makes]));
	}
	tool_bench_release(&b);
}

static void
what_has_no_place_in_a_result_is_an_error_that_says_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++)
		for (int makes = MAKES_CONTENT; makes <= MAKES_VALUES; makes++)
			try_part(i, (enum tool_makes)makes);
}

/* ---------------------------------------------------------------- messages */

static enum mcp_done
talk(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	assert_string_equal(
	    api->string(c, api->argument(c, "who"), NULL), "Ada");
	api->describe(c, "A greeting");
	api->text(c, "Hello", 5);
	api->role(c, 7);
	api->text(c, "Good day", 8);
	api->role(c, 0);
	api->text(c, "Bye", 3);
	return MCP_DONE;
}

static void
a_prompt_is_said_by_two(void **state)
{
	const struct mcp_tool tool = { .size = sizeof(tool), .call = talk };
	const bool want[] = { false, true, false };
	struct tool_bench b;
	size_t n = 0;

	(void)state;
	tool_bench_init(&b);
	b.call.makes = MAKES_MESSAGES;
	tool_bench_arguments(&b, "{\"who\":\"Ada\"}");
	assert_int_equal(module_run(&tool, &b.call), TOOL_DONE);
	for (const struct tool_block *k = b.call.result.first; k != NULL;
	     k = k->next) {
		assert_true(n < COUNT(want));
		assert_int_equal(k->is_assistant, want[n]);
		n++;
	}
	assert_int_equal(n, COUNT(want));
	assert_true(slice_eq(b.call.result.description, SLICE("A greeting")));
	tool_bench_release(&b);
}

/* --------------------------------------------------------------- complete() */

static enum mcp_done
propose(struct mcp_call *c, void *ctx)
{
	const char *context = ctx;
	size_t len;

	assert_string_equal(api->about(c, MCP_ABOUT_ARGUMENT), "city");
	assert_string_equal(api->about(c, MCP_ABOUT_VALUE), "Be");
	assert_string_equal(api->arguments(c, &len), context);
	assert_int_equal(len, strlen(context));
	if (strcmp(context, "{}") == 0)
		assert_null(api->argument(c, "land"));
	else
		assert_string_equal(
		    api->string(c, api->argument(c, "land"), NULL), "DE");
	/* These are the params of completion/complete, not arguments. */
	assert_null(api->argument(c, "ref"));
	api->text(c, "Berlin", 6);
	return MCP_DONE;
}

static enum mcp_done
never_call(struct mcp_call *c, void *ctx)
{
	(void)c;
	(void)ctx;
	fail_msg("%s", "call() instead of complete()");
	return MCP_FAILED;
}

static const struct {
	const char *params;
	char known[16];
} typed[] = {
	{ "{\"ref\":{},\"argument\":{\"name\":\"city\",\"value\":\"Be\"}}",
	    "{}" },
	{ "{\"ref\":{},\"argument\":{\"name\":\"city\",\"value\":\"Be\"},"
	  "\"context\":{}}",
	    "{}" },
	{ "{\"ref\":{},\"argument\":{\"name\":\"city\",\"value\":\"Be\"},"
	  "\"context\":{\"arguments\":{\"land\":\"DE\"}}}",
	    "{\"land\":\"DE\"}" },
};

static void
complete_sees_what_was_typed_and_what_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(typed); i++) {
		char known[sizeof(typed[i].known)];
		const struct mcp_tool tool = { .size = sizeof(tool),
			.call = never_call,
			.ctx = known,
			.complete = propose };
		struct tool_bench b;

		memcpy(known, typed[i].known, sizeof(known));
		tool_bench_init(&b);
		b.call.makes = MAKES_VALUES;
		tool_bench_arguments(&b, typed[i].params);
		assert_int_equal(module_run(&tool, &b.call), TOOL_DONE);
		assert_true(
		    slice_eq(b.call.result.first->json, SLICE("\"Berlin\"")));
		tool_bench_release(&b);
	}
}

static enum mcp_done
look_about(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	assert_string_equal(api->about(c, MCP_ABOUT_URI), "a:uri");
	/* A tool's argument may have this name, too. */
	assert_string_equal(api->about(c, MCP_ABOUT_ARGUMENT), "");
	assert_string_equal(api->about(c, MCP_ABOUT_VALUE), "");
	return MCP_DONE;
}

static void
what_is_read_and_completed_is_told(void **state)
{
	const struct mcp_tool tool = { .size = sizeof(tool),
		.call = look_about };
	struct tool_bench b;

	(void)state;
	tool_bench_init(&b);
	b.call.makes = MAKES_CONTENTS;
	b.call.uri = SLICE("a:uri");
	tool_bench_arguments(&b, "{\"argument\":{\"name\":\"n\"}}");
	assert_int_equal(module_run(&tool, &b.call), TOOL_DONE);
	tool_bench_release(&b);
}

/* ------------------------------------------------------------- what changed */

/* Surroundings that write down topics and ids. */
struct heard {
	struct tool_env_ops ops; /* first: a call's env is one of these */
	char text[256];
};

static void
hear(struct tool_call *call, const char *what, struct slice s)
{
	/* Only this test made it, and as one that is not constant. */
	union {
		const struct tool_env_ops *ops;
		struct heard *heard;
	} both = { .ops = call->env };
	struct buf line = BUF_INIT(sizeof(both.heard->text));
	const size_t len = strlen(both.heard->text);

	buf_printf(&line, "%s %.*s\n", what, SLICE_FMT(s));
	assert_int_equal(buf_finish(&line), RC_OK);
	assert_true(len + line.len < sizeof(both.heard->text));
	memcpy(both.heard->text + len, line.ptr, line.len);
	buf_release(&line);
}

static void
hear_changed(struct tool_call *call, struct slice topic)
{
	hear(call, "changed", topic);
}

static void
hear_elicited(struct tool_call *call, struct slice id)
{
	hear(call, "elicited", id);
}

static void
hear_task(struct tool_call *call)
{
	hear(call, "task", SLICE(""));
}

static enum mcp_done
tell(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	api->changed(c, "tools");
	api->changed(c, "prompts");
	api->changed(c, "resources");
	api->changed(c, "file:///a");
	/* Neither a list nor a URI. */
	api->changed(c, "tool");
	api->changed(c, "");
	api->changed(c, NULL);
	api->elicited(c, "id-1");
	api->elicited(c, "");
	api->elicited(c, NULL);
	api->become_task(c);
	return MCP_DONE;
}

static void
what_changed_is_told_as_a_topic(void **state)
{
	const struct mcp_tool tool = { .size = sizeof(tool), .call = tell };
	struct heard heard = { .ops = tool_env_inline };
	struct tool_bench b;

	(void)state;
	heard.ops.changed = hear_changed;
	heard.ops.elicited = hear_elicited;
	heard.ops.become_task = hear_task;
	tool_bench_init(&b);
	b.call.env = &heard.ops;
	assert_int_equal(module_run(&tool, &b.call), TOOL_DONE);
	assert_string_equal(heard.text,
	    "changed tools\nchanged prompts\nchanged resources\n"
	    "changed resource:file:///a\nelicited id-1\ntask \n");
	tool_bench_release(&b);
}

/* ------------------------------------------------------------------ refusals */

static const struct refusal {
	int32_t code;
	const char *text;
	const char *data;
	int want; /* the code; 0: it is an error result that says ... */
	const char *says;
} refusals[] = {
	{ -32000, "no", "{\"a\":1}", -32000, "no" },
	{ 7, "no", NULL, 7, "no" },
	{ -1, NULL, NULL, -1, "" },
	{ 0, "no", NULL, 0, "refuse(): the code is 0" },
	{ -1, "no", "{", 0, "the data of an error: " },
};

static bool
has_text(struct slice s, const char *text)
{
	const size_t n = strlen(text);

	for (size_t i = 0; i + n <= s.len; i++)
		if (memcmp(s.ptr + i, text, n) == 0)
			return true;
	return false;
}

static enum mcp_done
refuse(struct mcp_call *c, void *ctx)
{
	const struct refusal *row = ctx;

	api->text(c, "old", 3);
	api->refuse(c, row->code, row->text, row->data);
	return MCP_FAILED;
}

static void
a_refusal_is_an_error_with_a_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct refusal row = refusals[i];
		const struct mcp_tool tool = {
			.size = sizeof(tool), .call = refuse, .ctx = &row
		};
		const struct tool_result *result;
		struct tool_bench b;

		tool_bench_init(&b);
		result = &b.call.result;
		assert_int_equal(module_run(&tool, &b.call), TOOL_FAILED);
		assert_true(result->is_error);
		assert_int_equal(result->error_code, row.want);
		if (row.want == 0)
			assert_true(has_text(result->error, row.says));
		else
			assert_true(
			    slice_eq(result->error, slice_of(row.says)));
		assert_true(slice_eq(result->error_data,
		    row.want == 0 || row.data == NULL ? SLICE_NONE
						      : slice_of(row.data)));
		tool_bench_release(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_has_no_place_in_a_result_is_an_error_that_says_so),
		cmocka_unit_test(a_prompt_is_said_by_two),
		cmocka_unit_test(
		    complete_sees_what_was_typed_and_what_is_known),
		cmocka_unit_test(what_is_read_and_completed_is_told),
		cmocka_unit_test(what_changed_is_told_as_a_topic),
		cmocka_unit_test(a_refusal_is_an_error_with_a_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
