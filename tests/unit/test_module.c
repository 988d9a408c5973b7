#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "module.h"
#include "said_env.h"
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
	{ "small_module.so", "was built for ABI 1 (32 bytes); this server" },
	{ "offers_nothing.so", "offers nothing" },
	{ "completing_tool.so",
	    "tool 1: has nothing that complete() could propose" },
	{ "broken_prompt.so", "prompt 1: line 1: " },
	{ "broken_resource.so", "resource 1: line 1: " },
	{ "broken_template.so", "template 1: line 1: " },
	{ "twin_resources.so",
	    "resource 2: has the name of an earlier resource" },
	{ "run_resource.so",
	    "resource 1: a resource in C cannot have the member run" },
	{ "many_prompts.so", "has too many prompts" },
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
	tools = module_offers(module, OFFER_TOOL, &n);
	assert_int_equal(n, 3);
	assert_true(slice_eq(tools[0]->name, SLICE("b")));
	assert_int_equal(tools[0]->flags, TOOL_DETACHED | TOOL_ONCE);
	assert_int_equal(
	    tools[0]->needs, CAP_ROOTS | CAP_SAMPLING | CAP_ELICITATION);
	assert_true(slice_eq(tools[1]->name, SLICE("a")));
	assert_int_equal(tools[1]->flags, 0);
	assert_int_equal(tools[1]->needs, 0);
	assert_int_equal(
	    tools[2]->flags, TOOL_DETACHED | TOOL_REPEAT | TOOL_TASK_OPTIONAL);
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
	const struct tool *const *tools = module_offers(module, OFFER_TOOL, &n);

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

/* A call of the example that counts, in these surroundings. */
static enum tool_done
count(struct tool_bench *b, struct said_env *env, const struct module *module)
{
	tool_bench_init(b);
	b->call.tool = tool_of(module, "count");
	b->call.env = &env->ops;
	tool_bench_arguments(b, "{\"n\":2,\"ms\":30,\"marker\":\"m\"}");
	return b->call.tool->call(b->call.tool, &b->call);
}

static void
the_example_module_counts_and_says_so(void **state)
{
	struct module *module = load("examples/count.so");
	struct tool_bench b;
	struct said_env env;

	(void)state;
	assert_int_equal(tool_of(module, "count")->flags,
	    TOOL_DETACHED | TOOL_REPEAT | TOOL_TASK_OPTIONAL);
	said_env_init(&env);
	assert_int_equal(count(&b, &env, module), TOOL_DONE);
	assert_string_equal(tool_bench_text(&b), "m counted to 2");
	assert_string_equal(said_env_text(&env),
	    "progress 1/2 m 1 of 2\nwait 30\nprogress 2/2 m 2 of 2\n"
	    "wait 30\n");
	tool_bench_release(&b);
	said_env_release(&env);

	said_env_init(&env);
	env.is_cancelled = true;
	assert_int_equal(count(&b, &env, module), TOOL_FAILED);
	assert_string_equal(
	    said_env_text(&env), "progress 1/2 m 1 of 2\nwait 30\n");
	tool_bench_release(&b);
	said_env_release(&env);
	module_free(module);
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
		cmocka_unit_test(the_example_module_counts_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
