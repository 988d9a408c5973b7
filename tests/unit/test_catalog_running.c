/* A definition that is edited or removed while its call runs serves that call
 * to its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "catalog_bench.h"
#include "running_bench.h"
#include "running_words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What is done to its own file, which is $0, lies beside it. */
#define EDIT "\"command\":[\"sh\",\"-c\",\". ../edit; echo done\",\"a.json\"]}"
#define PROGRAM(more) "\"run\":{" more EDIT "}"
#define LATE "\"detached\":true,"

struct row {
	const char *file;
	const char *definition;
	enum offer kind;
	const char *method;
	const char *params;
	const char *want;
};

static const struct row rows[] = {
	{ "tools/a.json",
	    "{\"name\":\"a\",\"description\":\"old\",\"inputSchema\":{\"type\":"
	    "\"object\"}," PROGRAM(""),
	    OFFER_TOOL, "tools/call", "\"name\":\"a\"",
	    "\"text\":\"done\\n\"" },
	{ "tools/a.json",
	    "{\"name\":\"a\",\"description\":\"old\",\"inputSchema\":{\"type\":"
	    "\"object\"}," PROGRAM(LATE),
	    OFFER_TOOL, "tools/call", "\"name\":\"a\"" TOKEN,
	    "\"text\":\"done\\n\"" },
	{ "tools/a.json",
	    "{\"name\":\"a\",\"description\":\"old\",\"inputSchema\":{\"type\":"
	    "\"object\"},\"outputSchema\":{\"type\":\"object\"}," PROGRAM(""),
	    OFFER_TOOL, "tools/call", "\"name\":\"a\"",
	    "does not match its outputSchema" },
	{ "prompts/a.json",
	    "{\"name\":\"a\",\"description\":\"old\"," PROGRAM(LATE),
	    OFFER_PROMPT, "prompts/get", "\"name\":\"a\"" TOKEN,
	    "\"description\":\"old\",\"messages\":[{\"role\":\"user\","
	    "\"content\":{\"type\":\"text\",\"text\":\"done\\n\"}}]" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"a\",\"mimeType\":\"x/y\","
	    "\"description\":\"old\"," PROGRAM(""),
	    OFFER_RESOURCE, "resources/read", "\"uri\":\"a:b\"",
	    "\"mimeType\":\"x/y\",\"text\":\"done\\n\"" },
	{ "resources/a.json",
	    "{\"uriTemplate\":\"a:b{c}\",\"name\":\"a\",\"mimeType\":\"x/y\","
	    "\"description\":\"old\"," PROGRAM(LATE),
	    OFFER_TEMPLATE, "resources/read", "\"uri\":\"a:bd\"" TOKEN,
	    "\"mimeType\":\"x/y\",\"text\":\"done\\n\"" },
	{ "prompts/a.json",
	    "{\"name\":\"a\",\"description\":\"old\",\"arguments\":[{\"name\":"
	    "\"c\"}],\"messages\":[{\"role\":\"user\",\"content\":{\"type\":"
	    "\"text\",\"text\":\"{{c}}\"}}],\"complete\":{\"c\":{" EDIT "}}",
	    OFFER_PROMPT, "completion/complete",
	    "\"ref\":{\"type\":\"ref/prompt\",\"name\":\"a\"},"
	    "\"argument\":{\"name\":\"c\",\"value\":\"\"}",
	    "\"values\":[\"done\"]" },
};

static const char *const edits[] = {
	"rm $0",
	"sed s/old/new/ $0 > b; mv b $0",
	"cd ..; mv ${OLDPWD##*/} gone",
};

static void
send(struct running_bench *b, const struct row *row)
{
	char body[1024];

	(void)snprintf(body, sizeof(body),
	    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"%s\","
	    "\"params\":{%s}}",
	    row->method, row->params);
	assert_int_equal(running_bench_send(b, body), RC_OK);
}

static void
assert_row(const struct row *row, const char *edit)
{
	struct running_bench *b = running_bench_new();
	const struct tool *tool;
	struct catalog_bench w;
	struct catalog *c;

	catalog_bench_init(&w);
	w.host.clock = &b->clock.clock;
	/* Whoever looked at any list would take the edit up. */
	w.options.check_ms = 0;
	catalog_bench_write(&w, row->file, row->definition);
	catalog_bench_write(&w, "edit", edit);
	c = catalog_bench_open(&w);
	b->here.toolbox = catalog_toolbox(c);
	running_bench_open(b, "2025-11-25", "{}");
	send(b, row);
	if (strstr(b->sink.body.ptr, row->want) == NULL)
		fail_msg("%s, %s: %s", row->definition, edit, b->sink.body.ptr);
	tool = catalog_bench_find(c, row->kind,
	    row->kind == OFFER_RESOURCE       ? "a:b"
		: row->kind == OFFER_TEMPLATE ? "a:b{c}"
					      : "a");
	if (tool != NULL &&
	    json_text_is(
		json_get(tool->definition, "description"), SLICE("old")))
		fail_msg("%s: %s did nothing", row->definition, edit);
	running_bench_free(b);
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
what_is_edited_while_it_runs_serves_its_call_to_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t k = 0; k < COUNT(edits); k++)
			assert_row(&rows[i], edits[k]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_is_edited_while_it_runs_serves_its_call_to_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
