#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog.h"
#include "tool_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *
folder(char *path, size_t size)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *source = getenv("MCP_SOURCE");
	int n = snprintf(
	    path, size, "%s/examples/catalog", source == NULL ? "." : source);

	assert_true(n > 0 && (size_t)n < size);
	return path;
}

static void
the_example_catalog_has_neither_errors_nor_hints(void **state)
{
	struct buf out = BUF_INIT(10000);
	char path[1024];
	size_t errors;

	(void)state;
	assert_int_equal(
	    catalog_check(folder(path, sizeof(path)), NULL, 0, &out, &errors),
	    RC_OK);
	assert_string_equal(out.ptr == NULL ? "" : out.ptr, "");
	assert_int_equal(errors, 0);
	buf_release(&out);
}

static const struct {
	const char *tool;
	const char *arguments;
	bool is_error;
	const char *part; /* of the first text */
} calls[] = {
	{ "read_document", "{}", false, "sessions: Sessions that survive" },
	{ "read_document", "{\"name\":\"sessions\"}", false,
	    "# Sessions that survive restarts\n" },
	{ "read_document", "{\"name\":\"sessions.md\"}", false,
	    "# Sessions that survive restarts\n" },
	{ "read_document", "{\"name\":\"nonsense\"}", true,
	    "There is no document nonsense. There are:\nbehind-a-web-server" },
	{ "read_document", "{\"name\":\"../documents/sessions\"}", true,
	    "A name has only letters" },
	{ "read_document", "{\"name\":\"sessions\\n\"}", true,
	    "A name has only letters" },
	{ "read_document", "{\"name\":\"-n\"}", true,
	    "There is no document -n" },
	{ "search_documents", "{\"query\":\"database locked\",\"limit\":1}",
	    false, "{\"hits\":[{\"name\":\"sqlite-in-production\"" },
	{ "search_documents", "{\"query\":\"out of memory killer\"}", false,
	    "\"exit-status-and-signals\"" },
	/* Nothing in a query is an operator. */
	{ "search_documents", "{\"query\":\"\\\" OR name:* NEAR(\"}", false,
	    "\"searched\":" },
	{ "search_documents", "{\"query\":\"xyzzyx\"}", false,
	    "{\"hits\":[],\"searched\":" },
	{ "search_documents", "{\"query\":\"?!\"}", true,
	    "The query has no words in it." },
	{ "count_script", "{\"n\":3,\"ms\":0,\"marker\":\"--m\"}", false,
	    "--m counted to 3\n" },
	{ "count_script", "{\"n\":0}", false, "count counted to 0\n" },
	{ "greet", "{}", true, "mcp-tell: this client cannot be asked that" },
};

static void
assert_call(const struct tool *tool, size_t i)
{
	const struct json *made = NULL;
	struct tool_bench b;
	bool valid = false;

	tool_bench_init(&b);
	b.call.tool = tool;
	tool_bench_arguments(&b, calls[i].arguments);
	assert_int_equal(
	    schema_check(tool->input, &b.arena, b.call.arguments, &valid, NULL),
	    RC_OK);
	assert_true(valid);
	(void)tool->call(tool, &b.call);
	if (b.call.result.is_error != calls[i].is_error ||
	    strstr(tool_bench_text(&b), calls[i].part) == NULL)
		fail_msg("%s %s: %s", calls[i].tool, calls[i].arguments,
		    tool_bench_text(&b));
	if (tool->output != NULL && !calls[i].is_error) {
		assert_int_equal(json_read(&b.arena, b.call.result.structured,
				     &json_limits_default, &made, NULL),
		    RC_OK);
		assert_int_equal(
		    schema_check(tool->output, &b.arena, made, &valid, NULL),
		    RC_OK);
		assert_true(valid);
	}
	tool_bench_release(&b);
}

static void
the_example_tools_do_what_they_say(void **state)
{
	struct log log = LOG_INIT(log_sink_stderr, NULL, LOG_WARNING);
	struct buf why = BUF_INIT(1000);
	struct catalog *c = NULL;
	struct toolbox *box;
	char path[1024];
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *build = getenv("MCP_BUILD");
	char bin[1024];
	const struct program_host host = { .clock = &clock_system, .bin = bin };
	const struct catalog_options options = {
		.folder = folder(path, sizeof(path)),
		.check_ms = 1000,
		.host = &host,
		.clock = &clock_system,
		.log = &log,
	};

	(void)state;
	(void)snprintf(
	    bin, sizeof(bin), "%s/bin", build == NULL ? "build/dev" : build);
	assert_int_equal(catalog_open(&options, &c, &why), RC_OK);
	box = catalog_toolbox(c);
	for (size_t i = 0; i < COUNT(calls); i++) {
		const struct tool *tool = tool_find(
		    box->ops->view(box, OFFER_TOOL), slice_of(calls[i].tool));

		assert_non_null(tool);
		assert_call(tool, i);
	}
	catalog_free(c);
	log_release(&log);
	buf_release(&why);
}

static const struct {
	enum offer kind;
	enum tool_makes makes;
	const char *name;
	const char *uri; /* or NULL */
	const char *arguments;
	const char *part; /* of the blocks, or "missing", or of the error */
} offers[] = {
	{ OFFER_RESOURCE, MAKES_CONTENTS, "docs://documents/sessions.md",
	    "docs://documents/sessions.md", "{}",
	    "\"mimeType\":\"text/markdown\",\"text\":\"# Sessions that" },
	{ OFFER_RESOURCE, MAKES_CONTENTS, "server://load", "server://load",
	    "{}", "\\\"up_seconds\\\": " },
	{ OFFER_TEMPLATE, MAKES_CONTENTS, "outline://{name}",
	    "outline://safe-shell-scripts", "{\"name\":\"safe-shell-scripts\"}",
	    "\"mimeType\":\"text/plain\",\"text\":\"" },
	{ OFFER_TEMPLATE, MAKES_CONTENTS, "outline://{name}",
	    "outline://nonsense", "{\"name\":\"nonsense\"}", "missing" },
	{ OFFER_TEMPLATE, MAKES_CONTENTS, "outline://{name}",
	    "outline://..%2Fsessions", "{\"name\":\"../sessions\"}",
	    "missing" },
	{ OFFER_TEMPLATE, MAKES_VALUES, "outline://{name}", NULL,
	    "{\"argument\":{\"name\":\"name\",\"value\":\"s\"}}",
	    "\"safe-shell-scripts\"\"sessions\"\"sqlite-in-production\"" },
	{ OFFER_PROMPT, MAKES_MESSAGES, "explain", NULL,
	    "{\"subject\":\"X\",\"reader\":\"a cat\"}",
	    "Explain X to a cat, in at most" },
	{ OFFER_PROMPT, MAKES_VALUES, "explain", NULL,
	    "{\"argument\":{\"name\":\"reader\",\"value\":\"a\"}}",
	    "\"a beginner\"\"a developer of tools\"\"an administrator" },
	{ OFFER_PROMPT, MAKES_MESSAGES, "review", NULL,
	    "{\"name\":\"sessions\"}",
	    "{\"uri\":\"docs://documents/sessions.md\"," },
	{ OFFER_PROMPT, MAKES_MESSAGES, "review", NULL,
	    "{\"name\":\"../sessions\"}",
	    "There is no document of this name. There are: behind-a-web" },
	{ OFFER_PROMPT, MAKES_VALUES, "review", NULL,
	    "{\"argument\":{\"name\":\"name\",\"value\":\"wr\"}}",
	    "\"writing-a-tool\"" },
};

static void
assert_offer(const struct tool *tool, size_t i)
{
	struct buf got = BUF_INIT((size_t)1 << 20);
	const struct tool_result *r;
	struct tool_bench b;

	tool_bench_init(&b);
	r = &b.call.result;
	b.call.tool = tool;
	b.call.makes = offers[i].makes;
	b.call.uri = slice_of(offers[i].uri);
	tool_bench_arguments(&b, offers[i].arguments);
	if (offers[i].makes == MAKES_VALUES)
		(void)tool->complete(tool, &b.call);
	else
		(void)tool->call(tool, &b.call);
	assert_int_equal(b.call.failed, RC_OK);
	buf_put_slice(&got, r->error);
	if (r->is_missing)
		buf_put_slice(&got, SLICE("missing"));
	for (const struct tool_block *k = r->first; k != NULL; k = k->next)
		buf_put_slice(&got, k->json);
	if (got.ptr == NULL || strstr(got.ptr, offers[i].part) == NULL)
		fail_msg("%s %s: %s", offers[i].name, offers[i].arguments,
		    got.ptr == NULL ? "" : got.ptr);
	buf_release(&got);
	tool_bench_release(&b);
}

static void
the_example_prompts_and_resources_do_what_they_say(void **state)
{
	struct buf why = BUF_INIT(1000);
	struct catalog *c = NULL;
	struct toolbox *box;
	char path[1024];
	const struct program_host host = { .clock = &clock_system };
	const struct catalog_options options = {
		.folder = folder(path, sizeof(path)),
		.check_ms = 1000,
		.host = &host,
		.clock = &clock_system,
	};

	(void)state;
	assert_int_equal(catalog_open(&options, &c, &why), RC_OK);
	box = catalog_toolbox(c);
	for (size_t i = 0; i < COUNT(offers); i++) {
		const struct tool *tool =
		    tool_find(box->ops->view(box, offers[i].kind),
			slice_of(offers[i].name));

		if (tool == NULL)
			fail_msg("%s", offers[i].name);
		assert_offer(tool, i);
	}
	catalog_free(c);
	buf_release(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_example_catalog_has_neither_errors_nor_hints),
		cmocka_unit_test(the_example_tools_do_what_they_say),
		cmocka_unit_test(
		    the_example_prompts_and_resources_do_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
