#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalog_bench.h"
#include "tool_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ------------------------------------------------------------------- calls */

/* Something is asked of a definition, and this comes of it. */
struct row {
	const char *file; /* of the catalog */
	const char *definition;
	const char *name;
	const char *uri; /* NULL: the name */
	const char *arguments;
	enum tool_done done;
	/* The blocks with commas between them, "assistant: " before those of
	 * the assistant; or the error; or "missing". */
	const char *want;
};

static const struct row rows[] = {
	/* Resources: text. */
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"text\":\"one {{two}}\"}", "a:b",
	    NULL, "{}", TOOL_DONE,
	    "{\"uri\":\"a:b\",\"mimeType\":\"text/plain\","
	    "\"text\":\"one {{two}}\"}" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"mimeType\":\"text/css\","
	    "\"text\":\"\"}",
	    "a:b", NULL, "{}", TOOL_DONE,
	    "{\"uri\":\"a:b\",\"mimeType\":\"text/css\",\"text\":\"\"}" },
	/* Files. */
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"file\":\"files/text.md\"}",
	    "a:b", NULL, "{}", TOOL_DONE,
	    "{\"uri\":\"a:b\",\"mimeType\":\"text/markdown\","
	    "\"text\":\"# Title\\n\"}" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"mimeType\":\"x/y\","
	    "\"file\":\"files/text.md\"}",
	    "a:b", NULL, "{}", TOOL_DONE,
	    "{\"uri\":\"a:b\",\"mimeType\":\"x/y\",\"text\":\"# Title\\n\"}" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"file\":\"files/dot.png\"}",
	    "a:b", NULL, "{}", TOOL_DONE,
	    "{\"uri\":\"a:b\",\"mimeType\":\"image/png\",\"blob\":\"YWJj\"}" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"file\":\"files/bytes\"}", "a:b",
	    NULL, "{}", TOOL_DONE,
	    "{\"uri\":\"a:b\",\"mimeType\":\"application/octet-stream\","
	    "\"blob\":\"/w==\"}" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"file\":\"files/none\"}", "a:b",
	    NULL, "{}", TOOL_FAILED, "missing" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"file\":\"files\"}", "a:b", NULL,
	    "{}", TOOL_FAILED, "a:b could not be read" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"file\":\"files/long\"}", "a:b",
	    NULL, "{}", TOOL_FAILED, "a:b is longer than 1000 bytes" },
	/* Templates. */
	{ "resources/a.json",
	    "{\"uriTemplate\":\"a://{b}/{c}\",\"name\":\"n\","
	    "\"text\":\"{{b}} and {{ c }}, {{{b}} {{}} {{b c}}\"}",
	    "a://{b}/{c}", "a://1/2", "{\"b\":\"1\",\"c\":\"{{b}}\"}",
	    TOOL_DONE,
	    "{\"uri\":\"a://1/2\",\"mimeType\":\"text/plain\","
	    "\"text\":\"1 and {{b}}, {1 {{}} {{b c}}\"}" },
	{ "resources/a.json",
	    "{\"uriTemplate\":\"a:/{/b*}\",\"name\":\"n\","
	    "\"text\":\"{{b}}\"}",
	    "a:/{/b*}", "a://1/2", "{\"b\":[\"1\",\"2\"]}", TOOL_DONE,
	    "{\"uri\":\"a://1/2\",\"mimeType\":\"text/plain\","
	    "\"text\":\"1,2\"}" },
	/* Programs of resources. */
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"mimeType\":\"text/css\","
	    "\"run\":{\"command\":[\"sh\",\"-c\",\"printf %s $MCP_URI\"]}}",
	    "a:b", NULL, "{}", TOOL_DONE,
	    "{\"uri\":\"a:b\",\"mimeType\":\"text/css\",\"text\":\"a:b\"}" },
	{ "resources/a.json",
	    "{\"uriTemplate\":\"a://{b}\",\"name\":\"n\",\"run\":{\"command\":"
	    "[\"sh\",\"-c\",\"cat; printf %s $MCP_ARG_B\"]}}",
	    "a://{b}", "a://1", "{\"b\":\"1\"}", TOOL_DONE,
	    "{\"uri\":\"a://1\",\"mimeType\":\"text/plain\","
	    "\"text\":\"{\\\"b\\\":\\\"1\\\"}1\"}" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"run\":{\"output\":\"json\","
	    "\"command\":[\"echo\",\"[1]\"]}}",
	    "a:b", NULL, "{}", TOOL_DONE,
	    "{\"uri\":\"a:b\",\"mimeType\":\"application/json\","
	    "\"text\":\"[1]\"}" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"run\":{\"output\":\"image/png\","
	    "\"command\":[\"printf\",\"abc\"]}}",
	    "a:b", NULL, "{}", TOOL_DONE,
	    "{\"uri\":\"a:b\",\"mimeType\":\"image/png\",\"blob\":\"YWJj\"}" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"run\":{\"output\":\"result\","
	    "\"command\":[\"echo\",\"{\\\"contents\\\":[{\\\"uri\\\":"
	    "\\\"c:d\\\",\\\"text\\\":\\\"e\\\"}]}\"]}}",
	    "a:b", NULL, "{}", TOOL_DONE, "{\"uri\":\"c:d\",\"text\":\"e\"}" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"run\":{\"command\":"
	    "[\"sh\",\"-c\",\"echo gone >&2; exit 66\"]}}",
	    "a:b", NULL, "{}", TOOL_FAILED, "missing" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"run\":{\"command\":"
	    "[\"sh\",\"-c\",\"echo broken >&2; exit 65\"]}}",
	    "a:b", NULL, "{}", TOOL_FAILED, "broken" },
	{ "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"run\":{\"command\":"
	    "[\"printf\",\"\\\\377\"]}}",
	    "a:b", NULL, "{}", TOOL_FAILED,
	    "a:b printed bytes that are not UTF-8 text" },
	/* Messages. */
	{ "prompts/a.json",
	    "{\"name\":\"p\",\"arguments\":[{\"name\":\"x\"},{\"name\":\"y\"}],"
	    "\"messages\":["
	    "{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":"
	    "\"{{x}}-{{y}}\",\"_meta\":{\"k\":[\"{{x}}\",1],"
	    "\"data\": [\"{{z}}\"]}}},"
	    "{\"role\":\"assistant\",\"content\":{\"type\":\"resource\","
	    "\"resource\":{\"uri\":\"a:{{x}}\",\"text\":\"t\"}}},"
	    "{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":\"u\"}}"
	    "]}",
	    "p", NULL, "{\"x\":\"\\\"\\n\"}", TOOL_DONE,
	    "{\"type\":\"text\",\"text\":\"\\\"\\n-\",\"_meta\":{\"k\":"
	    "[\"\\\"\\n\",1],\"data\":[\"{{z}}\"]}},assistant: "
	    "{\"type\":\"resource\","
	    "\"resource\":{\"uri\":\"a:\\\"\\n\",\"text\":\"t\"}},"
	    "{\"type\":\"text\",\"text\":\"u\"}" },
	{ "prompts/a.json",
	    "{\"name\":\"p\",\"messages\":["
	    "{\"role\":\"user\",\"content\":{\"type\":\"text\","
	    "\"file\":\"files/text.md\"}},"
	    "{\"role\":\"user\",\"content\":{\"type\":\"image\","
	    "\"file\":\"files/dot.png\"}},"
	    "{\"role\":\"user\",\"content\":{\"type\":\"audio\","
	    "\"file\":\"files/bytes\",\"mimeType\":\"audio/x\"}},"
	    "{\"role\":\"user\",\"content\":{\"type\":\"resource\","
	    "\"resource\":{\"uri\":\"a:b\",\"file\":\"files/text.md\"}}},"
	    "{\"role\":\"user\",\"content\":{\"type\":\"resource\","
	    "\"resource\":{\"uri\":\"a:c\",\"file\":\"files/dot.png\"}}}"
	    "]}",
	    "p", NULL, "{}", TOOL_DONE,
	    "{\"type\":\"text\",\"text\":\"# Title\\n\"},"
	    "{\"type\":\"image\",\"data\":\"YWJj\",\"mimeType\":\"image/png\"},"
	    "{\"type\":\"audio\",\"data\":\"/w==\",\"mimeType\":\"audio/x\"},"
	    "{\"type\":\"resource\",\"resource\":{\"uri\":\"a:b\",\"text\":"
	    "\"# Title\\n\",\"mimeType\":\"text/markdown\"}},"
	    "{\"type\":\"resource\",\"resource\":{\"uri\":\"a:c\",\"blob\":"
	    "\"YWJj\",\"mimeType\":\"image/png\"}}" },
	{ "prompts/a.json",
	    "{\"name\":\"p\",\"messages\":[{\"role\":\"user\",\"content\":{"
	    "\"type\":\"text\",\"file\":\"files/none\"}}]}",
	    "p", NULL, "{}", TOOL_FAILED,
	    "p cannot be told: its file files/none could not be read" },
	{ "prompts/a.json",
	    "{\"name\":\"p\",\"messages\":[{\"role\":\"user\",\"content\":{"
	    "\"type\":\"text\",\"file\":\"files/bytes\"}}]}",
	    "p", NULL, "{}", TOOL_FAILED,
	    "p cannot be told: its file files/bytes is no text" },
	{ "prompts/a.json",
	    "{\"name\":\"p\",\"messages\":[{\"role\":\"user\",\"content\":{"
	    "\"type\":\"text\",\"file\":\"files/long\"}}]}",
	    "p", NULL, "{}", TOOL_FAILED,
	    "p cannot be told: its file files/long is too long" },
	/* Programs of prompts. */
	{ "prompts/a.json",
	    "{\"name\":\"p\",\"run\":{\"command\":"
	    "[\"sh\",\"-c\",\"printf %s $MCP_TOOL$MCP_ARG_X\"]}}",
	    "p", NULL, "{\"x\":\"1\"}", TOOL_DONE,
	    "{\"type\":\"text\",\"text\":\"p1\"}" },
	/* What is not declared does not stand where a program looks for what
	 * is. */
	{ "prompts/a.json",
	    "{\"name\":\"p\",\"arguments\":[{\"name\":\"x\"}],\"run\":{"
	    "\"command\":[\"sh\",\"-c\",\"env | grep ^MCP_ARG | sort\"]}}",
	    "p", NULL, "{\"X\":\"2\",\"x\":\"1\",\"y\":\"3\"}", TOOL_DONE,
	    "{\"type\":\"text\",\"text\":\"MCP_ARG_X=1\\nMCP_ARG_Y=3\\n\"}" },
	{ "tools/a.json",
	    "{\"name\":\"p\",\"inputSchema\":{\"type\":\"object\","
	    "\"properties\":{\"a_b\":{\"enum\":[\"1\"]}}},\"run\":{"
	    "\"command\":[\"sh\",\"-c\",\"env | grep ^MCP_ARG | sort\"]}}",
	    "p", NULL, "{\"a-b\":\"2\",\"A_B\":\"2\",\"y\":\"3\"}", TOOL_DONE,
	    "{\"type\":\"text\",\"text\":\"MCP_ARG_Y=3\\n\"}" },
	{ "resources/a.json",
	    "{\"uriTemplate\":\"a:{x}\",\"name\":\"n\",\"run\":{"
	    "\"command\":[\"sh\",\"-c\",\"env | grep ^MCP_ARG | sort\"]}}",
	    "a:{x}", "a:1", "{\"x\":\"1\",\"X\":\"2\"}", TOOL_DONE,
	    "{\"uri\":\"a:1\",\"mimeType\":\"text/plain\","
	    "\"text\":\"MCP_ARG_X=1\\n\"}" },
	{ "prompts/a.json",
	    "{\"name\":\"p\",\"run\":{\"output\":\"image/png\",\"command\":"
	    "[\"printf\",\"abc\"]}}",
	    "p", NULL, "{}", TOOL_DONE,
	    "{\"type\":\"image\",\"data\":\"YWJj\",\"mimeType\":\"image/"
	    "png\"}" },
	{ "prompts/a.json",
	    "{\"name\":\"p\",\"run\":{\"output\":\"text/css\",\"command\":"
	    "[\"printf\",\"abc\"]}}",
	    "p", NULL, "{}", TOOL_DONE,
	    "{\"type\":\"resource\",\"resource\":{\"uri\":\"prompt:p\","
	    "\"mimeType\":\"text/css\",\"text\":\"abc\"}}" },
	{ "prompts/a.json",
	    "{\"name\":\"p\",\"run\":{\"output\":\"result\",\"command\":"
	    "[\"echo\",\"{\\\"messages\\\":[{\\\"role\\\":\\\"assistant\\\","
	    "\\\"content\\\":{\\\"type\\\":\\\"text\\\",\\\"text\\\":"
	    "\\\"t\\\"}}]}\"]}}",
	    "p", NULL, "{}", TOOL_DONE,
	    "assistant: {\"type\":\"text\",\"text\":\"t\"}" },
	{ "prompts/a.json",
	    "{\"name\":\"p\",\"run\":{\"command\":[\"sh\",\"-c\","
	    "\"exit 66\"]}}",
	    "p", NULL, "{}", TOOL_FAILED,
	    "p ended with status 66 and said nothing on standard error" },
};

static void
put_files(struct catalog_bench *w)
{
	char big[2000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	catalog_bench_write(w, "files/text.md", "# Title\n");
	catalog_bench_write(w, "files/dot.png", "abc");
	catalog_bench_write(w, "files/bytes", "\xff");
	catalog_bench_write(w, "files/long", big);
}

static const struct tool *
find_row(struct catalog *c, const struct row *row)
{
	for (int kind = 0; kind < OFFERS; kind++) {
		const struct tool *tool =
		    catalog_bench_find(c, (enum offer)kind, row->name);

		if (tool != NULL)
			return tool;
	}
	return NULL;
}

static void
assert_row(struct catalog_bench *w, const struct row *row)
{
	struct buf got = BUF_INIT(100000);
	const struct tool *tool;
	struct tool_bench b;
	struct catalog *c;

	catalog_bench_write(w, row->file, row->definition);
	c = catalog_bench_open(w);
	tool = find_row(c, row);
	if (tool == NULL) {
		fail_msg("%s: %s", row->definition, w->said.ptr);
		return;
	}
	tool_bench_init(&b);
	tool_bench_arguments(&b, row->arguments);
	b.call.tool = tool;
	b.call.makes = tool->kind == OFFER_TOOL ? MAKES_CONTENT
	    : tool->kind == OFFER_PROMPT        ? MAKES_MESSAGES
						: MAKES_CONTENTS;
	if (b.call.makes == MAKES_CONTENTS)
		b.call.uri = slice_of(row->uri == NULL ? row->name : row->uri);
	if (tool->call(tool, &b.call) != row->done)
		fail_msg("%s: otherwise", row->definition);
	assert_int_equal(b.call.failed, RC_OK);
	tool_bench_put_result(&got, &b.call.result);
	if (strcmp(got.ptr, row->want) != 0)
		fail_msg("%s: %s", row->definition, got.ptr);
	buf_release(&got);
	tool_bench_release(&b);
	catalog_free(c);
	catalog_bench_remove(w, row->file);
}

static void
what_is_served_is_what_the_definition_says(void **state)
{
	struct catalog_bench w;

	(void)state;
	catalog_bench_init(&w);
	w.host.output_max = 1000;
	put_files(&w);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_row(&w, &rows[i]);
	catalog_bench_release(&w);
}

/* -------------------------------------------------------------- completion */

#define COMPLETED                                                              \
	"{\"name\":\"p\",\"arguments\":[{\"name\":\"list\"},"                  \
	"{\"name\":\"text\"},{\"name\":\"json\"},{\"name\":\"none\"}],"        \
	"\"run\":{\"command\":[\"true\"]},\"complete\":{"                      \
	"\"list\":[\"Berlin\",\"Bern\",\"basel\",\"Z\\u00fcrich\"],"           \
	"\"text\":{\"command\":[\"sh\",\"-c\",\"echo $MCP_ARGUMENT; echo; "    \
	"echo $MCP_VALUE; printf %s $MCP_ARG_LIST\"]},"                        \
	"\"json\":{\"output\":\"json\",\"command\":[\"cat\"]}}}"

static const struct {
	const char *params;
	const char *want;
	enum tool_done done;
} completions[] = {
	{ "{\"argument\":{\"name\":\"list\",\"value\":\"bE\"}}",
	    "\"Berlin\",\"Bern\"", TOOL_DONE },
	{ "{\"argument\":{\"name\":\"list\",\"value\":\"\"}}",
	    "\"Berlin\",\"Bern\",\"basel\",\"Z\xc3\xbcrich\"", TOOL_DONE },
	{ "{\"argument\":{\"name\":\"list\",\"value\":\"berlin!\"}}", "",
	    TOOL_DONE },
	{ "{\"argument\":{\"name\":\"text\",\"value\":\"v\"},"
	  "\"context\":{\"arguments\":{\"list\":\"l\"}}}",
	    "\"text\",\"v\",\"l\"", TOOL_DONE },
	{ "{\"argument\":{\"name\":\"none\",\"value\":\"\"}}", "", TOOL_DONE },
	{ "{\"argument\":{\"name\":\"other\",\"value\":\"\"}}", "", TOOL_DONE },
	/* What it prints is an object. */
	{ "{\"argument\":{\"name\":\"json\",\"value\":\"\"}}",
	    "p must print an array of strings", TOOL_FAILED },
};

static void
arguments_are_completed_by_lists_and_programs(void **state)
{
	const struct tool *tool;
	struct catalog_bench w;
	struct catalog *c;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_write(&w, "prompts/p.json", COMPLETED);
	c = catalog_bench_open(&w);
	tool = catalog_bench_find(c, OFFER_PROMPT, "p");
	assert_non_null(tool);
	assert_null(json_get(tool->definition, "complete"));
	assert_true((tool->flags & TOOL_COMPLETES_LONG) != 0);
	for (size_t i = 0; i < COUNT(completions); i++) {
		struct buf got = BUF_INIT(10000);
		struct tool_bench b;

		tool_bench_init(&b);
		tool_bench_arguments(&b, completions[i].params);
		b.call.tool = tool;
		b.call.makes = MAKES_VALUES;
		assert_int_equal(
		    tool->complete(tool, &b.call), completions[i].done);
		tool_bench_put_result(&got, &b.call.result);
		assert_string_equal(
		    got.len == 0 ? "" : got.ptr, completions[i].want);
		buf_release(&got);
		tool_bench_release(&b);
	}
	catalog_free(c);
	catalog_bench_release(&w);
}

/* -------------------------------------------------------------------- lists */

static void
edits_of_every_folder_are_taken_up_and_copies_serve(void **state)
{
	struct catalog_bench w;
	struct catalog *c;

	(void)state;
	catalog_bench_init(&w);
	c = catalog_bench_open(&w);
	assert_string_equal(catalog_bench_names(&w, c, OFFER_PROMPT), "");
	catalog_bench_write(&w, "prompts/a.json",
	    "{\"name\":\"a\",\"run\":{\"command\":[\"true\"]}}");
	catalog_bench_write(&w, "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"text\":\"t\"}");
	catalog_bench_write(&w, "resources/b.json",
	    "{\"uriTemplate\":\"a:{b}\",\"name\":\"n\",\"text\":\"{{b}}\"}");
	catalog_bench_pass(&w);
	assert_string_equal(catalog_bench_names(&w, c, OFFER_PROMPT), "a");
	assert_string_equal(catalog_bench_names(&w, c, OFFER_RESOURCE), "a:b");
	assert_string_equal(
	    catalog_bench_names(&w, c, OFFER_TEMPLATE), "a:{b}");
	catalog_bench_write(&w, "prompts/a.json", "{\"name\":\"a\"");
	catalog_bench_write(&w, "resources/a.json", "[");
	catalog_free(c);
	c = catalog_bench_open(&w);
	assert_string_equal(catalog_bench_names(&w, c, OFFER_PROMPT), "a");
	assert_string_equal(catalog_bench_names(&w, c, OFFER_RESOURCE), "a:b");
	assert_int_equal(catalog_bench_said(&w, "file=prompts/a.json"), 1);
	assert_int_equal(catalog_bench_said(&w, "file=resources/a.json"), 1);
	/* A kind of its own may have the name of another's. */
	catalog_bench_put_tool(&w, "a.json", "a", "tool");
	catalog_bench_write(&w, "resources/c.json",
	    "{\"uri\":\"a:b\",\"name\":\"m\",\"text\":\"u\"}");
	catalog_bench_pass(&w);
	catalog_bench_expect(c, "a=tool");
	assert_string_equal(catalog_bench_names(&w, c, OFFER_RESOURCE), "a:b");
	assert_int_equal(catalog_bench_said(&w, "is taken"), 1);
	catalog_bench_remove(&w, "prompts/a.json");
	catalog_bench_remove(&w, "prompts");
	catalog_bench_pass(&w);
	assert_string_equal(catalog_bench_names(&w, c, OFFER_PROMPT), "");
	catalog_free(c);
	catalog_bench_release(&w);
}

static void
a_catalog_needs_none_of_its_folders(void **state)
{
	struct buf out = BUF_INIT(1000);
	struct catalog_bench w;
	struct catalog *c;
	size_t errors;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_remove(&w, "tools");
	assert_int_equal(
	    catalog_check(w.folder, NULL, 0, &out, &errors), RC_OK);
	c = catalog_bench_open(&w);
	catalog_bench_expect(c, "");
	catalog_bench_write(&w, "prompts/a.json",
	    "{\"name\":\"a\",\"description\":\"d\","
	    "\"run\":{\"command\":[\"true\"]}}");
	catalog_bench_pass(&w);
	assert_string_equal(catalog_bench_names(&w, c, OFFER_PROMPT), "a");
	catalog_bench_expect(c, "");
	assert_int_equal(catalog_bench_said(&w, "why="), 0);
	assert_int_equal(
	    catalog_check(w.folder, NULL, 0, &out, &errors), RC_OK);
	assert_int_equal(out.len, 0);
	assert_int_equal(errors, 0);
	catalog_free(c);
	buf_release(&out);
	catalog_bench_release(&w);
}

/* ------------------------------------------------------------------- check */

static void
checking_looks_at_every_folder(void **state)
{
	struct buf out = BUF_INIT(10000), want = BUF_INIT(10000);
	struct catalog_bench w;
	size_t errors;

	(void)state;
	catalog_bench_init(&w);
	catalog_bench_write(&w, "prompts/a.json",
	    "{\"name\":\"a\",\"arguments\":[\n{\"name\":\"x\"},\n"
	    "{\"name\":\"y\"}],\"odd\":1,\n\"messages\":[\n{\"role\":\"user\","
	    "\"content\":{\"type\":\"text\",\n\"text\":\"{{x}} {{z}}\"}}]}");
	catalog_bench_write(&w, "prompts/b.json",
	    "{\"name\":\"b\",\"arguments\":[\n{\"name\":\"x\"}],\n\"odd\":1,"
	    "\n\"messages\":[\n{\"role\":\"user\","
	    "\"content\":{\"type\":\"text\",\n\"file\":\"none\"}}],"
	    "\n\"complete\":{\"x\":{\"command\":[\"./none\"]}}}");
	catalog_bench_write(&w, "resources/a.json",
	    "{\"uri\":\"a:b\",\"name\":\"n\",\"description\":\"d\",\n"
	    "\"file\":\"none\"}");
	catalog_bench_write(&w, "resources/b.json",
	    "{\"uri\":\"a:c\",\"name\":\"n\",\"description\":\"d\",\n"
	    "\"file\":\"none\",\n\"text\":\"t\"}");
	catalog_bench_write(&w, "resources/c.json",
	    "{\"uri\":\"a:/\",\"description\":\"d\",\n\"folder\":\"none\"}");
	catalog_bench_write(&w, "resources/d.json",
	    "{\"name\":\"n\",\n\"uri\":\"a:b\",\"description\":\"d\",\n"
	    "\"text\":\"t\"}");
	/* Of a folder only the files are resources. */
	catalog_bench_write(&w, "resources/e.json",
	    "{\"uri\":\"a:/\",\"name\":\"n\",\"description\":\"d\",\n"
	    "\"text\":\"t\"}");
	catalog_bench_write(&w, "resources/f.json",
	    "{\"uri\":\"a:/\",\"description\":\"d\",\"folder\":\"tools\"}");
	assert_int_equal(
	    catalog_check(w.folder, NULL, 0, &out, &errors), RC_OK);
	buf_printf(&want,
	    "%s/prompts/a.json:6: error: there is no argument for the "
	    "placeholder {{z}}\n"
	    "%s/prompts/b.json:7: error: the program does not exist or may not "
	    "be executed\n"
	    "%s/prompts/b.json:1: hint: without a description a model can only "
	    "guess what the prompt is for\n"
	    "%s/prompts/b.json:3: hint: odd is no member that the protocol "
	    "knows\n"
	    "%s/prompts/b.json:6: hint: the file does not exist or may not be "
	    "read\n"
	    "%s/prompts/b.json:2: hint: the argument x is used nowhere\n",
	    w.folder, w.folder, w.folder, w.folder, w.folder, w.folder);
	buf_printf(&want,
	    "%s/resources/a.json:2: hint: the file does not exist or may not "
	    "be read\n"
	    "%s/resources/b.json:3: error: only one of file and text can serve "
	    "it\n"
	    "%s/resources/c.json:2: hint: the folder does not exist or may not "
	    "be read\n"
	    "%s/resources/d.json:2: error: the name a:b is taken by a.json\n",
	    w.folder, w.folder, w.folder, w.folder);
	assert_string_equal(out.ptr, want.ptr);
	assert_int_equal(errors, 4);
	buf_release(&want);
	buf_release(&out);
	catalog_bench_release(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_served_is_what_the_definition_says),
		cmocka_unit_test(arguments_are_completed_by_lists_and_programs),
		cmocka_unit_test(
		    edits_of_every_folder_are_taken_up_and_copies_serve),
		cmocka_unit_test(a_catalog_needs_none_of_its_folders),
		cmocka_unit_test(checking_looks_at_every_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
