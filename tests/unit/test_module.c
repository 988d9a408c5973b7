#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "module.h"
#include "module_api.h"
#include "tool_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *
built(const char *file, char *path, size_t size)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *build = getenv("MCP_BUILD");
	int n = snprintf(
	    path, size, "%s/%s", build == NULL ? "build/dev" : build, file);

	assert_true(n > 0 && (size_t)n < size);
	return path;
}

/* ------------------------------------------------------------- refused ones */

static const struct {
	const char *file;
	const char *why; /* part of the sentence */
} refused[] = {
	{ "no_such_file.so", "no_such_file.so: cannot open" },
	{ "no_symbol.so", "does not export mcp_module_open" },
	{ "null.so", "mcp_module_open returned NULL" },
	{ "later_abi.so", "was built for ABI 2" },
	{ "broken_definition.so", "tool 2: line 1: inputSchema is missing" },
	{ "twins.so", "tool 2: has the name of an earlier tool" },
	{ "with_run.so", "tool 1: a tool in C cannot have the member run" },
	{ "small_struct.so", "tool 1: its struct has a wrong size" },
	{ "later_flags.so", "tool 1: has flags" },
	{ "no_function.so", "tool 1: lacks definition or call" },
};

static void
modules_that_are_not_right_are_refused_with_a_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct buf why = BUF_INIT(4096);
		struct module *module;
		char file[64], path[1024];

		(void)snprintf(
		    file, sizeof(file), "tests/modules/%s", refused[i].file);
		(void)built(file, path, sizeof(path));
		assert_int_equal(module_load(path, &module, &why), RC_SYNTAX);
		assert_null(module);
		assert_non_null(why.ptr);
		if (!slice_starts(buf_slice(&why), slice_of(path)) ||
		    strstr(why.ptr, refused[i].why) == NULL)
			fail_msg("%s: %s", refused[i].file, why.ptr);
		buf_release(&why);
	}
}

static struct module *
load(const char *file)
{
	struct buf why = BUF_INIT(4096);
	struct module *module = NULL;
	char path[1024];

	if (module_load(built(file, path, sizeof(path)), &module, &why) !=
	    RC_OK)
		fail_msg("%s", why.ptr == NULL ? "no memory" : why.ptr);
	assert_string_equal(module_file(module), path);
	buf_release(&why);
	return module;
}

static void
flags_become_flags_and_needed_capabilities(void **state)
{
	struct module *module = load("tests/modules/flags.so");
	const struct tool *const *tools;
	size_t n;

	(void)state;
	tools = module_tools(module, &n);
	assert_int_equal(n, 2);
	assert_true(slice_eq(tools[0]->name, SLICE("b")));
	assert_int_equal(tools[0]->flags, TOOL_DETACHED | TOOL_ONCE);
	assert_int_equal(
	    tools[0]->needs, CAP_ROOTS | CAP_SAMPLING | CAP_ELICITATION);
	assert_true(slice_eq(tools[1]->name, SLICE("a")));
	assert_int_equal(tools[1]->flags, 0);
	assert_int_equal(tools[1]->needs, 0);
	module_free(module);
	module_free(NULL);
}

/* ---------------------------------------------------------- the example */

#define CONVERT(value, from, to)                                               \
	"{\"value\":" value ",\"from\":\"" from "\",\"to\":\"" to "\"}"
#define GIVES(text, value, unit, quantity)                                     \
	"{\"content\":[{\"type\":\"text\",\"text\":\"" text "\"}],"            \
	"\"structuredContent\":{\"value\":" value ",\"unit\":\"" unit          \
	"\",\"quantity\":\"" quantity "\"}}"

static const struct {
	const char *arguments;
	const char *want;
} conversions[] = {
	{ CONVERT("5", "km", "m"),
	    GIVES("5 km = 5000 m", "5000", "m", "length") },
	{ CONVERT("-40", "C", "F"),
	    GIVES("-40 C = -40 F", "-40", "F", "temperature") },
	{ CONVERT("0", "C", "K"),
	    GIVES("0 C = 273.15 K", "273.15", "K", "temperature") },
	{ CONVERT("1", "GiB", "MB"),
	    GIVES("1 GiB = 1073.741824 MB", "1073.741824", "MB", "data") },
	{ CONVERT("1", "Mile", "Kilometers"),
	    GIVES("1 mi = 1.609344 km", "1.609344", "km", "length") },
	{ CONVERT("1.0e3", "g", "pounds"),
	    GIVES("1000 g = 2.20462262185 lb", "2.20462262185", "lb", "mass") },
};

static const struct tool *
tool_of(const struct module *module, const char *name)
{
	size_t n;
	const struct tool *const *tools = module_tools(module, &n);

	for (size_t i = 0; i < n; i++)
		if (slice_eq(tools[i]->name, slice_of(name)))
			return tools[i];
	fail_msg("no tool %s", name);
	return NULL;
}

/* One call of a loaded tool, its arguments and result held to its schemas. */
static enum tool_done
call(struct tool_bench *b, const struct tool *tool, const char *arguments)
{
	const struct json *made = NULL;
	enum tool_done done;
	bool valid = false;

	tool_bench_init(b);
	b->call.tool = tool;
	tool_bench_arguments(b, arguments);
	assert_int_equal(schema_check(tool->input, &b->arena, b->call.arguments,
			     &valid, NULL),
	    RC_OK);
	assert_true(valid);
	done = tool->call(tool, &b->call);
	assert_int_equal(b->call.failed, RC_OK);
	if (b->call.result.is_error)
		return done;
	assert_int_equal(json_read(&b->arena, b->call.result.structured,
			     &json_limits_default, &made, NULL),
	    RC_OK);
	assert_int_equal(
	    schema_check(tool->output, &b->arena, made, &valid, NULL), RC_OK);
	assert_true(valid);
	return done;
}

static void
the_example_module_converts(void **state)
{
	struct module *module = load("examples/units.so");
	const struct tool *tool = tool_of(module, "convert_units");

	(void)state;
	for (size_t i = 0; i < COUNT(conversions); i++) {
		struct tool_bench b;

		assert_int_equal(
		    call(&b, tool, conversions[i].arguments), TOOL_DONE);
		assert_string_equal(tool_bench_result(&b), conversions[i].want);
		tool_bench_release(&b);
	}
	module_free(module);
}

static const struct {
	const char *arguments;
	const char *why; /* part of the text */
} impossible[] = {
	{ CONVERT("1", "km", "kg"),
	    "km is a unit of length and kg one of mass" },
	{ CONVERT("1", "parsec", "m"), "There is no unit \"parsec\"." },
	{ CONVERT("1", "m", "furlong"), "length: nm, um, mm, cm, m, km" },
	{ CONVERT("-300", "C", "K"), "below absolute zero" },
	{ CONVERT("1e308", "TiB", "bit"), "too large" },
};

static void
the_example_module_says_what_it_cannot_convert(void **state)
{
	struct module *module = load("examples/units.so");
	const struct tool *tool = tool_of(module, "convert_units");

	(void)state;
	for (size_t i = 0; i < COUNT(impossible); i++) {
		struct tool_bench b;

		assert_int_equal(
		    call(&b, tool, impossible[i].arguments), TOOL_FAILED);
		assert_true(b.call.result.is_error);
		if (strstr(tool_bench_text(&b), impossible[i].why) == NULL)
			fail_msg("%s", tool_bench_text(&b));
		tool_bench_release(&b);
	}
	module_free(module);
}

static void
the_example_module_lists_its_units(void **state)
{
	struct module *module = load("examples/units.so");
	const struct tool *tool = tool_of(module, "list_units");
	struct tool_bench b;

	(void)state;
	assert_int_equal(
	    call(&b, tool, "{\"quantity\":\"temperature\"}"), TOOL_DONE);
	assert_true(slice_eq(b.call.result.structured,
	    SLICE("{\"units\":[{\"symbol\":\"K\",\"name\":\"kelvin\"},"
		  "{\"symbol\":\"C\",\"name\":\"celsius\"},"
		  "{\"symbol\":\"F\",\"name\":\"fahrenheit\"}]}")));
	/* Without a block of its own it got one. */
	assert_true(
	    slice_eq(slice_of(tool_bench_text(&b)), b.call.result.structured));
	tool_bench_release(&b);
	assert_int_equal(call(&b, tool, "{}"), TOOL_DONE);
	tool_bench_release(&b);
	module_free(module);
}

/* ------------------------------------------------- the table of functions */

static const struct mcp_api *const api = &module_api;

static struct mcp_tool tool_with(
    enum mcp_done (*function)(struct mcp_call *, void *))
{
	return (struct mcp_tool){ .size = sizeof(struct mcp_tool),
		.call = function };
}

static enum mcp_done
read_everything(struct mcp_call *c, void *ctx)
{
	const struct mcp_value *v;
	size_t len;

	(void)ctx;
	assert_string_equal(api->arguments(c, &len),
	    "{\"s\": \"a\\nb\",\"n\":1.5,\"i\":1e2,\"t\":true,\"z\":null,"
	    "\"l\":[7,\"x\"],\"o\":{\"k\":{}}}");
	assert_null(api->argument(c, "none"));
	assert_int_equal(api->type(NULL), MCP_ABSENT);
	v = api->argument(c, "s");
	assert_int_equal(api->type(v), MCP_STRING);
	assert_string_equal(api->string(c, v, &len), "a\nb");
	assert_int_equal(len, 3);
	assert_string_equal(api->json(c, v, NULL), "\"a\\nb\"");
	assert_true(api->number(v, -1) < 0);
	assert_int_equal(api->integer(v, -1), -1);
	assert_int_equal(api->boolean(v, -1), -1);
	assert_int_equal(api->count(v), 0);
	assert_null(api->at(v, 0));
	assert_null(api->member(v, "x"));
	v = api->argument(c, "n");
	assert_int_equal(api->type(v), MCP_NUMBER);
	assert_true(api->number(v, 0) > 1.4 && api->number(v, 0) < 1.6);
	assert_int_equal(api->integer(v, -1), -1);
	assert_null(api->string(c, v, &len));
	assert_int_equal(api->integer(api->argument(c, "i"), 0), 100);
	assert_int_equal(api->boolean(api->argument(c, "t"), 0), 1);
	assert_int_equal(api->type(api->argument(c, "t")), MCP_BOOLEAN);
	assert_int_equal(api->type(api->argument(c, "z")), MCP_NULL);
	v = api->argument(c, "l");
	assert_int_equal(api->type(v), MCP_ARRAY);
	assert_int_equal(api->count(v), 2);
	assert_int_equal(api->integer(api->at(v, 0), 0), 7);
	assert_null(api->at(v, 2));
	assert_null(api->name_at(c, v, 0, &len));
	v = api->argument(c, "o");
	assert_int_equal(api->type(v), MCP_OBJECT);
	assert_string_equal(api->name_at(c, v, 0, &len), "k");
	assert_int_equal(api->type(api->member(v, "k")), MCP_OBJECT);
	assert_string_equal(api->json(c, v, NULL), "{\"k\":{}}");
	assert_null(api->json(c, NULL, &len));

	assert_string_equal(api->about(c, MCP_ABOUT_TOOL), "demo");
	assert_string_equal(api->about(c, MCP_ABOUT_REVISION), "2025-11-25");
	assert_string_equal(api->about(c, MCP_ABOUT_PRINCIPAL), "user:alice");
	assert_string_equal(api->about(c, MCP_ABOUT_SESSION), "00c0ffee");
	assert_string_equal(api->about(c, MCP_ABOUT_REQUEST_ID), "7");
	assert_non_null(api->alloc(c, 100));
	assert_int_equal(api->is_cancelled(c), 0);
	api->progress(c, 1, 0, NULL);
	api->log(c, MCP_LOG_INFO, NULL, "{}");
	return MCP_DONE;
}

static void
modules_read_arguments_and_surroundings(void **state)
{
	const struct mcp_tool tool = tool_with(read_everything);
	struct tool_bench b;

	(void)state;
	assert_int_equal(api->abi, MCP_ABI);
	assert_int_equal(api->size, sizeof(struct mcp_api));
	tool_bench_init(&b);
	tool_bench_arguments(&b,
	    "{\"s\": \"a\\nb\",\"n\":1.5,\"i\":1e2,\"t\":true,\"z\":null,"
	    "\"l\":[7,\"x\"],\"o\":{\"k\":{}}}");
	assert_int_equal(module_run(&tool, &b.call), TOOL_DONE);
	tool_bench_release(&b);
}

static enum mcp_done
build_everything(struct mcp_call *c, void *ctx)
{
	static const char block[] = "{\"type\": \"text\",\"text\":\"b\"}";

	(void)ctx;
	api->text(c, "a\0b", 3);
	api->image(c, "\1", 1, "image/gif");
	api->audio(c, "\2", 1, NULL);
	api->resource_text(c, "a:b", NULL, "t", 1);
	api->resource_blob(c, "a:c", "x/y", "\3", 1);
	api->link(c, "a:d", "d", NULL);
	api->block(c, block, sizeof(block) - 1);
	api->structured(c, "[1, 2]", 6);
	return MCP_DONE;
}

static void
modules_build_results(void **state)
{
	const struct mcp_tool tool = tool_with(build_everything);
	struct tool_bench b;

	(void)state;
	tool_bench_init(&b);
	assert_int_equal(module_run(&tool, &b.call), TOOL_DONE);
	assert_string_equal(tool_bench_result(&b),
	    "{\"content\":[{\"type\":\"text\",\"text\":\"a\\u0000b\"},"
	    "{\"type\":\"image\",\"data\":\"AQ==\",\"mimeType\":\"image/gif\"},"
	    "{\"type\":\"audio\",\"data\":\"Ag==\",\"mimeType\":\"audio/wav\"},"
	    "{\"type\":\"resource\",\"resource\":{\"uri\":\"a:b\","
	    "\"text\":\"t\"}},"
	    "{\"type\":\"resource\",\"resource\":{\"uri\":\"a:c\","
	    "\"mimeType\":\"x/y\",\"blob\":\"Aw==\"}},"
	    "{\"type\":\"resource_link\",\"uri\":\"a:d\",\"name\":\"d\"},"
	    "{\"type\":\"text\",\"text\":\"b\"}],"
	    "\"structuredContent\":[1,2]}");
	tool_bench_release(&b);
}

static enum mcp_done
be_an_error(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	api->text(c, "half", 4);
	/* In parentheses, because cmocka has a macro of that name. */
	(api->fail)(c, "not possible");
	return MCP_DONE;
}

static enum mcp_done
say_and_fail(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	api->text(c, "why", 3);
	return MCP_FAILED;
}

static enum mcp_done
give_bad_json(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	api->text(c, "half", 4);
	api->structured(c, "{", 1);
	api->structured(c, "[", 1);
	return MCP_DONE;
}

static enum mcp_done
give_bad_block(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	api->block(c, "{\"type\":\"x\"}", 12);
	return MCP_DONE;
}

static enum mcp_done
return_nonsense(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	api->text(c, "odd", 3);
	return (enum mcp_done)77;
}

static enum mcp_done
ask_for_a_name(struct mcp_call *c, void *ctx)
{
	struct mcp_question question = {
		.key = "name",
		.method = "elicitation/create",
		.params = ctx,
	};
	const char *name;

	switch (api->ask(c, &question, 1)) {
	case MCP_ANSWERED:
		name =
		    api->string(c, api->member(question.answer, "name"), NULL);
		api->text(c, name, strlen(name));
		return MCP_DONE;
	case MCP_PENDING:
		api->text(c, "draft", 5);
		return MCP_AGAIN;
	case MCP_UNSUPPORTED:
		api->text(c, "unsupported", 11);
		return MCP_DONE;
	case MCP_DECLINED:
		api->text(c, "declined", 8);
		return MCP_DONE;
	case MCP_TIMEOUT:
		break;
	}
	return MCP_FAILED;
}

static const struct {
	enum mcp_done (*function)(struct mcp_call *, void *);
	const char *text; /* begins like this */
} failures[] = {
	{ be_an_error, "not possible" },
	{ say_and_fail, "why" },
	{ give_bad_json, "demo made no valid result: structured content: " },
	{ give_bad_block,
	    "demo made no valid result: a content block: the type" },
	{ return_nonsense, "odd" },
};

static void
mistakes_of_a_module_become_errors_that_say_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(failures); i++) {
		const struct mcp_tool tool = tool_with(failures[i].function);
		struct tool_bench b;

		tool_bench_init(&b);
		assert_int_equal(module_run(&tool, &b.call), TOOL_FAILED);
		assert_int_equal(b.call.failed, RC_OK);
		assert_true(b.call.result.is_error);
		assert_null(b.call.result.first->next);
		if (!slice_starts(slice_of(tool_bench_text(&b)),
			slice_of(failures[i].text)))
			fail_msg("%s", tool_bench_text(&b));
		tool_bench_release(&b);
	}
}

static enum mcp_done
give_too_much(struct mcp_call *c, void *ctx)
{
	static const char large[100000];

	(void)ctx;
	api->text(c, "small", 5);
	api->image(c, large, sizeof(large), "image/png");
	return MCP_DONE;
}

static void
what_does_not_fit_is_an_error_as_a_whole(void **state)
{
	const struct mcp_tool tool = tool_with(give_too_much);
	struct tool_bench b;

	(void)state;
	tool_bench_init(&b);
	b.arena.max = b.arena.used + 50000;
	assert_int_equal(module_run(&tool, &b.call), TOOL_FAILED);
	assert_string_equal(tool_bench_text(&b),
	    "demo made no valid result: it is larger than the limits allow");
	assert_int_equal(b.call.failed, RC_NOMEM);
	tool_bench_release(&b);
}

/* -------------------------------------------------------------- questions */

static enum tool_ask
answer(struct tool_call *call, struct tool_question *q, size_t n)
{
	(void)call;
	assert_int_equal(n, 1);
	assert_true(slice_eq(q->key, SLICE("name")));
	assert_true(slice_eq(q->method, SLICE("elicitation/create")));
	assert_true(slice_eq(q->params, SLICE("{}")));
	q->answer = SLICE("{\"name\":\"Ada\"}");
	return ASK_ANSWERED;
}

static enum tool_ask
wait(struct tool_call *call, struct tool_question *q, size_t n)
{
	(void)call;
	(void)q;
	(void)n;
	return ASK_PENDING;
}

static enum tool_ask
decline(struct tool_call *call, struct tool_question *q, size_t n)
{
	(void)call;
	(void)q;
	(void)n;
	return ASK_DECLINED;
}

static enum tool_ask
never(struct tool_call *call, struct tool_question *q, size_t n)
{
	(void)call;
	(void)q;
	(void)n;
	return ASK_TIMEOUT;
}

static const struct {
	enum tool_ask (*ask)(
	    struct tool_call *, struct tool_question *, size_t);
	const char *params;
	enum tool_done done;
	const char *text;
} rounds[] = {
	{ answer, "{}", TOOL_DONE, "Ada" },
	{ answer, NULL, TOOL_DONE, "Ada" },
	{ wait, "{}", TOOL_AGAIN, "draft" },
	{ decline, "{}", TOOL_DONE, "declined" },
	{ never, "{}", TOOL_FAILED, "" },
	/* What is no object is sent to nobody. */
	{ answer, "[]", TOOL_DONE, "unsupported" },
	{ answer, "{", TOOL_DONE, "unsupported" },
};

static void
modules_ask_and_hear_the_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rounds); i++) {
		struct mcp_tool tool = tool_with(ask_for_a_name);
		struct tool_env_ops env = tool_env_inline;
		char params[8];
		struct tool_bench b;

		tool_bench_init(&b);
		if (rounds[i].params != NULL) {
			(void)snprintf(
			    params, sizeof(params), "%s", rounds[i].params);
			tool.ctx = params;
		}
		env.ask = rounds[i].ask;
		b.call.env = &env;
		assert_int_equal(module_run(&tool, &b.call), rounds[i].done);
		assert_string_equal(tool_bench_text(&b), rounds[i].text);
		tool_bench_release(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    modules_that_are_not_right_are_refused_with_a_sentence),
		cmocka_unit_test(flags_become_flags_and_needed_capabilities),
		cmocka_unit_test(the_example_module_converts),
		cmocka_unit_test(
		    the_example_module_says_what_it_cannot_convert),
		cmocka_unit_test(the_example_module_lists_its_units),
		cmocka_unit_test(modules_read_arguments_and_surroundings),
		cmocka_unit_test(modules_build_results),
		cmocka_unit_test(
		    mistakes_of_a_module_become_errors_that_say_so),
		cmocka_unit_test(what_does_not_fit_is_an_error_as_a_whole),
		cmocka_unit_test(modules_ask_and_hear_the_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
