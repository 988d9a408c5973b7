#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "module.h"
#include "tool_bench.h"
#include "uri_template.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Prompts, resources and templates of C modules. */

static struct module *
load(const char *file)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *build = getenv("MCP_BUILD");
	struct buf why = BUF_INIT(4096);
	struct module *module = NULL;
	char path[1024];
	int n = snprintf(path, sizeof(path), "%s/%s",
	    build == NULL ? "build/dev" : build, file);

	assert_true(n > 0 && (size_t)n < sizeof(path));
	if (module_load(path, &module, &why) != RC_OK)
		fail_msg("%s", why.ptr == NULL ? "no memory" : why.ptr);
	buf_release(&why);
	return module;
}

static const struct tool *
only(const struct module *module, enum offer kind)
{
	size_t n;
	const struct tool *const *list = module_offers(module, kind, &n);

	assert_int_equal(n, 1);
	assert_int_equal(list[0]->kind, kind);
	return list[0];
}

static void
a_module_offers_prompts_resources_and_templates(void **state)
{
	struct module *module = load("tests/modules/offers.so");
	const struct tool *tool;
	size_t n;

	(void)state;
	(void)module_offers(module, OFFER_TOOL, &n);
	assert_int_equal(n, 0);
	tool = only(module, OFFER_PROMPT);
	assert_true(slice_eq(tool->name, SLICE("p")));
	assert_int_equal(tool->flags, TOOL_DETACHED);
	assert_int_equal(tool->needs, CAP_ELICITATION_URL | CAP_SAMPLING_TOOLS);
	assert_non_null(tool->input);
	assert_non_null(tool->complete);
	tool = only(module, OFFER_RESOURCE);
	assert_true(slice_eq(tool->name, SLICE("a:r")));
	assert_int_equal(tool->needs, 0);
	assert_null(tool->complete);
	tool = only(module, OFFER_TEMPLATE);
	assert_true(slice_eq(tool->name, SLICE("a:t/{x}")));
	assert_non_null(tool->uris);
	assert_non_null(tool->complete);
	module_free(module);
}

/* ---------------------------------------------------------- the example */

static const struct tool *
begin(struct tool_bench *b, const struct module *module, enum offer kind,
    enum tool_makes makes)
{
	const struct tool *tool = only(module, kind);

	tool_bench_init(b);
	b->call.tool = tool;
	b->call.makes = makes;
	return tool;
}

static const struct {
	const char *arguments;
	enum tool_done done;
	const char *says; /* of the first message, or the error */
} explanations[] = {
	{ "{\"word\":\"task\"}", TOOL_DONE,
	    "Explain to a beginner what a task" },
	{ "{\"word\":\"task\",\"audience\":\"developer\"}", TOOL_DONE,
	    "Explain to a developer what a task" },
	{ "{\"word\":\"cheese\"}", TOOL_FAILED, "Read glossary://all." },
};

static void
the_glossary_explains_a_word(void **state)
{
	struct module *module = load("examples/glossary.so");

	(void)state;
	for (size_t i = 0; i < COUNT(explanations); i++) {
		struct tool_bench b;
		const struct tool *tool =
		    begin(&b, module, OFFER_PROMPT, MAKES_MESSAGES);
		const struct tool_result *result = &b.call.result;

		tool_bench_arguments(&b, explanations[i].arguments);
		assert_int_equal(
		    tool->call(tool, &b.call), explanations[i].done);
		if (result->is_error) {
			assert_non_null(
			    strstr(result->error.ptr, explanations[i].says));
		} else {
			assert_false(result->first->is_assistant);
			assert_true(result->last->is_assistant);
			assert_non_null(strstr(
			    result->first->json.ptr, explanations[i].says));
		}
		tool_bench_release(&b);
	}
	module_free(module);
}

static const struct {
	enum offer kind;
	const char *uri;
	enum tool_done done;
	const char *says; /* part of the contents */
} readings[] = {
	{ OFFER_RESOURCE, "glossary://all", TOOL_DONE, "tool: Something a" },
	{ OFFER_TEMPLATE, "glossary://words/tool", TOOL_DONE,
	    "\"Something a model may call, with arguments\"" },
	{ OFFER_TEMPLATE, "glossary://words/cheese", TOOL_FAILED, NULL },
};

static void
the_glossary_is_read(void **state)
{
	struct module *module = load("examples/glossary.so");

	(void)state;
	for (size_t i = 0; i < COUNT(readings); i++) {
		struct tool_bench b;
		const struct tool *tool =
		    begin(&b, module, readings[i].kind, MAKES_CONTENTS);

		b.call.uri = slice_of(readings[i].uri);
		if (tool->uris != NULL)
			assert_int_equal(
			    uri_template_match(tool->uris, b.call.uri, &b.arena,
				&b.call.arguments),
			    RC_OK);
		assert_int_equal(tool->call(tool, &b.call), readings[i].done);
		assert_true(
		    b.call.result.is_missing == (readings[i].says == NULL));
		if (readings[i].says != NULL)
			assert_non_null(strstr(
			    b.call.result.first->json.ptr, readings[i].says));
		tool_bench_release(&b);
	}
	module_free(module);
}

#define TYPED(ref, name, value)                                                \
	"{\"ref\":" ref ",\"argument\":{\"name\":\"" name                      \
	"\",\"value\":\"" value "\"}}"
#define PROMPT "{\"type\":\"ref/prompt\",\"name\":\"explain_word\"}"
#define TEMPLATE                                                               \
	"{\"type\":\"ref/resource\",\"uri\":\"glossary://words/{word}\"}"

static const struct {
	enum offer kind;
	const char *params;
	const char *values;
} completions[] = {
	{ OFFER_PROMPT, TYPED(PROMPT, "word", "T"),
	    "\"task\"\n\"template\"\n\"tool\"\n" },
	{ OFFER_PROMPT, TYPED(PROMPT, "word", "x"), "" },
	{ OFFER_PROMPT, TYPED(PROMPT, "audience", ""),
	    "\"beginner\"\n\"administrator\"\n\"developer\"\n" },
	{ OFFER_TEMPLATE, TYPED(TEMPLATE, "word", "ca"), "\"catalog\"\n" },
};

static void
the_glossary_completes_its_words(void **state)
{
	struct module *module = load("examples/glossary.so");

	(void)state;
	for (size_t i = 0; i < COUNT(completions); i++) {
		struct buf values = BUF_INIT(4096);
		struct tool_bench b;
		const struct tool *tool =
		    begin(&b, module, completions[i].kind, MAKES_VALUES);

		tool_bench_arguments(&b, completions[i].params);
		assert_int_equal(tool->complete(tool, &b.call), TOOL_DONE);
		for (const struct tool_block *k = b.call.result.first;
		     k != NULL; k = k->next) {
			buf_put_slice(&values, k->json);
			buf_put_char(&values, '\n');
		}
		assert_true(slice_eq(
		    buf_slice(&values), slice_of(completions[i].values)));
		buf_release(&values);
		tool_bench_release(&b);
	}
	module_free(module);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_module_offers_prompts_resources_and_templates),
		cmocka_unit_test(the_glossary_explains_a_word),
		cmocka_unit_test(the_glossary_is_read),
		cmocka_unit_test(the_glossary_completes_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
