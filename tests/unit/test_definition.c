#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog_tool.h"
#include "definition.h"
#include "tool_program.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
read_ok(const char *text, struct definition *d)
{
	struct buf why = BUF_INIT(4096);
	enum rc rc = definition_read(slice_of(text), d, &why);

	if (rc != RC_OK)
		fail_msg("%s: %s: %s", text, rc_name(rc),
		    why.ptr == NULL ? "" : why.ptr);
	assert_int_equal(why.len, 0);
	buf_release(&why);
}

static void
a_definition_loses_run_and_white_space(void **state)
{
	struct definition d;
	struct buf out = BUF_INIT(4096);

	(void)state;
	read_ok("{ \"name\": \"a.B-c_1\", \"run\": { \"command\": [\"x\"] },\n"
		"  \"inputSchema\": { \"type\" : \"object\" },\n"
		"  \"annotations\": { \"readOnlyHint\": true } }\n",
	    &d);
	assert_true(slice_eq(d.tool.name, SLICE("a.B-c_1")));
	assert_true(slice_eq(d.tool.definition->raw,
	    SLICE("{\"name\":\"a.B-c_1\",\"inputSchema\":"
		  "{\"type\":\"object\"},"
		  "\"annotations\":{\"readOnlyHint\":true}}")));
	assert_non_null(d.tool.input);
	assert_null(d.tool.output);
	assert_null(d.tool.params);
	assert_true(json_is(d.run, JSON_OBJECT));
	definition_put_hints(&d, &out);
	assert_non_null(strstr(out.ptr, "1: without a description"));
	buf_release(&out);
	definition_release(&d);
}

static void
everything_the_protocol_knows_is_taken(void **state)
{
	struct definition d;
	struct buf out = BUF_INIT(4096);

	(void)state;
	read_ok("{\"name\":\"n\",\"title\":\"T\",\"description\":\"D\","
		"\"inputSchema\":{\"type\":\"object\"},"
		"\"outputSchema\":{\"type\":\"array\"},"
		"\"annotations\":{\"title\":\"A\",\"readOnlyHint\":false,"
		"\"destructiveHint\":true,\"idempotentHint\":true,"
		"\"openWorldHint\":false},"
		"\"icons\":[{\"src\":\"data:image/png;base64,AA==\","
		"\"mimeType\":\"image/png\",\"sizes\":[\"48x48\"],"
		"\"theme\":\"dark\"}],"
		"\"execution\":{\"taskSupport\":\"optional\"},"
		"\"_meta\":{\"a/b\":1}}",
	    &d);
	assert_non_null(d.tool.output);
	assert_null(d.run);
	definition_put_hints(&d, &out);
	assert_int_equal(out.len, 0);
	definition_release(&d);
	buf_release(&out);
}

static void
odd_members_are_hints_with_a_line(void **state)
{
	struct definition d;
	struct buf out = BUF_INIT(4096);

	(void)state;
	read_ok("{\"name\":\"n\",\"description\":\"d\",\n"
		"\"inputSchema\":{\"type\":\"object\"},\n"
		"\"Title\":\"T\"}",
	    &d);
	definition_put_hints(&d, &out);
	assert_string_equal(
	    out.ptr, "3: Title is no member that the protocol knows\n");
	definition_release(&d);
	buf_release(&out);
}

/* --------------------------------------------------------- broken definitions */

#define OBJECT "\"inputSchema\":{\"type\":\"object\"}"
#define WITH(members) "{\"name\":\"n\"," OBJECT ",\n" members "}"
#define PROPERTIES(members)                                                    \
	"{\"name\":\"n\",\"inputSchema\":{\"type\":\"object\","                \
	"\"properties\":{\n" members "}}}"
#define HEADER(value) "\"x-mcp-header\":" value
#define STRING "\"type\":\"string\","

static const struct {
	const char *text;
	const char *why; /* the first finding begins like this */
} broken[] = {
	{ "", "1: " },
	{ "{\n\n\"name\": }", "3: " },
	{ "{\"name\":\"n\",\n\"name\":\"n\"}", "2: " },
	{ "\n[]", "2: a definition must be an object" },
	{ "{" OBJECT "}", "1: name is missing" },
	{ "{\n\"name\":\"\"," OBJECT "}", "2: name must be" },
	{ "{\"name\":\"a b\"," OBJECT "}", "1: name must be" },
	{ "{\"name\":\"a/b\"," OBJECT "}", "1: name must be" },
	{ "{\"name\":\"\xc3\xa9\"," OBJECT "}", "1: name must be" },
	{ "{\"name\":7," OBJECT "}", "1: name must be" },
	{ "{\"name\":"
	  "\"12345678901234567890123456789012345678901234567890123456789012345"
	  "\"," OBJECT "}",
	    "1: name must be" },
	{ "{\"name\":\"n\"}", "1: inputSchema is missing" },
	{ "{\"name\":\"n\",\n\"inputSchema\":true}", "2: inputSchema must be" },
	{ "{\"name\":\"n\",\n\"inputSchema\":{}}", "2: inputSchema must be" },
	{ "{\"name\":\"n\",\n\"inputSchema\":{\"type\":\"array\"}}",
	    "2: inputSchema must be" },
	{ "{\"name\":\"n\",\n\"inputSchema\":{\"type\":[\"object\"]}}",
	    "2: inputSchema must be" },
	{ "{\"name\":\"n\",\n\n\"inputSchema\":{\"type\":\"object\","
	  "\"properties\":1}}",
	    "3: inputSchema: " },
	{ "{\"name\":\"n\",\n\"inputSchema\":{\"type\":\"object\","
	  "\"$ref\":\"https://example.org/s\"}}",
	    "2: inputSchema: " },
	{ WITH("\"outputSchema\":true"), "2: outputSchema must be an object" },
	{ WITH("\"outputSchema\":{\"type\":\"objekt\"}"), "2: outputSchema: " },
	{ WITH("\"title\":1"), "2: title must be a string" },
	{ WITH("\"description\":null"), "2: description must be a string" },
	{ WITH("\"annotations\":[]"), "2: annotations must be an object" },
	{ WITH("\"annotations\":{\n\"readOnlyHint\":\"yes\"}"),
	    "3: annotations.readOnlyHint must be true or false" },
	{ WITH("\"annotations\":{\"title\":1}"),
	    "2: annotations.title must be a string" },
	{ WITH("\"icons\":{}"), "2: icons must be an array" },
	{ WITH("\"icons\":[1]"), "2: an icon must be an object" },
	{ WITH("\"icons\":[{}]"), "2: src of an icon must be" },
	{ WITH("\"icons\":[{\"src\":\"javascript:x\"}]"),
	    "2: src of an icon must be" },
	{ WITH("\"icons\":[{\"src\":\"https://a\",\n\"sizes\":\"48x48\"}]"),
	    "3: sizes of an icon must be an array" },
	{ WITH("\"icons\":[{\"src\":\"https://a\",\"sizes\":[48]}]"),
	    "2: a size of an icon must be" },
	{ WITH("\"icons\":[{\"src\":\"https://a\",\"theme\":\"blue\"}]"),
	    "2: theme of an icon must be" },
	{ WITH("\"execution\":{\"taskSupport\":true}"),
	    "2: execution.taskSupport must be" },
	{ WITH("\"_meta\":1"), "2: _meta must be an object" },
	{ WITH("\"run\":\"ls\""), "2: run must be an object" },

	/* x-mcp-header */
	{ PROPERTIES("\"a\":{" STRING HEADER("1") "}"),
	    "2: x-mcp-header must be a string" },
	{ PROPERTIES("\"a\":{" STRING HEADER("\"\"") "}"),
	    "2: x-mcp-header must be 1 to 64" },
	{ PROPERTIES("\"a\":{" STRING HEADER("\"a_b\"") "}"),
	    "2: x-mcp-header must be 1 to 64" },
	{ PROPERTIES("\"a\":{" STRING HEADER("\"a b\"") "}"),
	    "2: x-mcp-header must be 1 to 64" },
	{ PROPERTIES("\"a\":{" STRING HEADER("\"a\\r\\nb\"") "}"),
	    "2: x-mcp-header must be 1 to 64" },
	{ PROPERTIES("\"a\":{\"type\":\"number\"," HEADER("\"A\"") "}"),
	    "2: x-mcp-header needs a property of type" },
	{ PROPERTIES(
	      "\"a\":{\"type\":[\"string\",\"null\"]," HEADER("\"A\"") "}"),
	    "2: x-mcp-header needs a property of type" },
	{ PROPERTIES("\"a\":{\"type\":\"object\"," HEADER("\"A\"") "}"),
	    "2: x-mcp-header needs a property of type" },
	{ PROPERTIES("\"a\":{" HEADER("\"A\"") "}"),
	    "2: x-mcp-header needs a property of type" },
	{ PROPERTIES("\"a\":{" STRING HEADER("\"Ab\"") "},\n"
						       "\"b\":{" STRING HEADER(
							   "\"aB\"") "}"),
	    "3: x-mcp-header is used twice" },
	{ PROPERTIES("\"a\":{\"type\":\"array\",\"items\":{" STRING HEADER(
	      "\"A\"") "}}"),
	    "2: x-mcp-header must stand on a property" },
	{ PROPERTIES("\"a\":{\"anyOf\":[{" STRING HEADER("\"A\"") "}]}"),
	    "2: x-mcp-header must stand on a property" },
	{ PROPERTIES("\"a\":{\"anyOf\":[{\"properties\":{\"b\":{" STRING HEADER(
	      "\"A\"") "}}}]}"),
	    "2: x-mcp-header must stand on a property" },
	{ "{\"name\":\"n\",\"inputSchema\":{\"type\":\"object\","
	  "\"$defs\":{\"d\":{" STRING HEADER(
	      "\"A\"") "}},"
		       "\"properties\":{\"a\":{\"$ref\":\"#/$defs/d\"}}}}",
	    "1: x-mcp-header must stand on a property" },
	{ "{\"name\":\"n\",\"inputSchema\":{\"type\":\"object\"," HEADER(
	      "\"A\"") "}}",
	    "1: x-mcp-header must stand on a property" },
	{ "{\"name\":\"n\",\"inputSchema\":{\"type\":\"object\","
	  "\"patternProperties\":{\"a\":{" STRING HEADER("\"A\"") "}}}}",
	    "1: x-mcp-header must stand on a property" },
};

static void
broken_definitions_are_refused_with_line_and_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		struct buf why = BUF_INIT(4096);
		struct definition d;

		if (definition_read(slice_of(broken[i].text), &d, &why) !=
		    RC_SYNTAX)
			fail_msg("accepted: %s", broken[i].text);
		assert_non_null(why.ptr);
		if (!slice_starts(buf_slice(&why), slice_of(broken[i].why)))
			fail_msg("%s: %s", broken[i].text, why.ptr);
		assert_int_equal(why.ptr[why.len - 1], '\n');
		buf_release(&why);
	}
}

static void
all_findings_are_told_at_once(void **state)
{
	struct buf why = BUF_INIT(4096);
	struct definition d;

	(void)state;
	assert_int_equal(
	    definition_read(SLICE("{\n\"title\":1,\n\"icons\":1}"), &d, &why),
	    RC_SYNTAX);
	assert_string_equal(why.ptr,
	    "1: name is missing\n"
	    "2: title must be a string\n"
	    "1: inputSchema is missing\n"
	    "3: icons must be an array\n");
	buf_release(&why);
}

static void
what_is_too_long_is_refused(void **state)
{
	struct buf why = BUF_INIT(4096);
	char *zeros = calloc(1, DEFINITION_MAX + 1);
	struct slice text = { zeros, DEFINITION_MAX + 1 };
	struct definition d;

	(void)state;
	assert_non_null(zeros);
	assert_int_equal(definition_read(text, &d, &why), RC_SYNTAX);
	assert_string_equal(
	    why.ptr, "1: a definition must not be longer than 1 MiB\n");
	buf_release(&why);
	free(zeros);
}

static void
names_in_findings_cannot_forge_a_line(void **state)
{
	struct definition d;
	struct buf out = BUF_INIT(4096);

	(void)state;
	read_ok("{\"name\":\"n\",\"description\":\"d\",\"a\\n9: b\":1,"
		"\"inputSchema\":{\"type\":\"object\"}}",
	    &d);
	definition_put_hints(&d, &out);
	assert_string_equal(
	    out.ptr, "1: a?9: b is no member that the protocol knows\n");
	buf_release(&out);
	definition_release(&d);
}

static void
mirrored_properties_are_listed_with_their_path(void **state)
{
	const struct tool_param *p;
	struct definition d;

	(void)state;
	read_ok("{\"name\":\"n\",\"description\":\"d\",\"inputSchema\":{"
		"\"type\":\"object\",\"properties\":{"
		"\"region\":{\"type\":\"string\",\"x-mcp-header\":\"Region\"},"
		"\"x-mcp-header\":{\"type\":\"number\"},"
		"\"in\":{\"enum\":[{\"x-mcp-header\":1}],"
		"\"type\":\"object\",\"properties\":{"
		"\"properties\":{\"type\":\"object\",\"properties\":{"
		"\"n\":{\"type\":\"integer\",\"x-mcp-header\":\"Max-N\"}}}}},"
		"\"b\":{\"type\":\"boolean\",\"x-mcp-header\":\"b\"}}}}",
	    &d);
	p = d.tool.params;
	assert_true(slice_eq(p->suffix, SLICE("Region")));
	assert_int_equal(p->depth, 1);
	assert_true(slice_eq(p->path[0], SLICE("region")));
	p = p->next;
	assert_true(slice_eq(p->suffix, SLICE("Max-N")));
	assert_int_equal(p->depth, 3);
	assert_true(slice_eq(p->path[0], SLICE("in")));
	assert_true(slice_eq(p->path[1], SLICE("properties")));
	assert_true(slice_eq(p->path[2], SLICE("n")));
	p = p->next;
	assert_true(slice_eq(p->suffix, SLICE("b")));
	assert_null(p->next);
	definition_release(&d);
}

/* ------------------------------------------------------------ the member run */

static enum rc
read_run(const char *run, struct arena *a, struct program *p, struct buf *why)
{
	struct slice text = slice_of(run);
	const struct json *root;

	assert_int_equal(
	    json_read(a, text, &json_limits_default, &root, NULL), RC_OK);
	return program_read(root, text, "/srv/tools", a, p, why);
}

static void
run_is_understood(void **state)
{
	struct arena a = ARENA_INIT(100000);
	struct buf why = BUF_INIT(4096);
	struct program p;

	(void)state;
	assert_int_equal(
	    read_run("{\"command\":[\"./s.py\",\"\",\"-v\"],"
		     "\"output\":\"image/png\",\"timeout\":1.5,"
		     "\"max_output\":\"4M\",\"memory\":1000000,"
		     "\"env\":{\"A_1\":\"x=y\",\"b\":\"\"},\"cwd\":\"../w\","
		     "\"detached\":true,\"once\":false,"
		     "\"needs\":[\"sampling\",\"roots\"]}",
		&a, &p, &why),
	    RC_OK);
	assert_string_equal(p.argv[0], "/srv/tools/./s.py");
	assert_string_equal(p.argv[1], "");
	assert_string_equal(p.argv[2], "-v");
	assert_null(p.argv[3]);
	assert_string_equal(p.folder, "/srv/tools/../w");
	assert_string_equal(p.env[0], "A_1=x=y");
	assert_string_equal(p.env[1], "b=");
	assert_null(p.env[2]);
	assert_int_equal(p.output, PROGRAM_MEDIA);
	assert_true(slice_eq(p.mime, SLICE("image/png")));
	assert_int_equal(p.timeout_ms, 1500);
	assert_int_equal(p.output_max, 4 << 20);
	assert_int_equal(p.memory, 1000000);
	assert_int_equal(p.flags, TOOL_DETACHED);
	assert_int_equal(p.needs, CAP_SAMPLING | CAP_ROOTS);
	arena_release(&a);
	buf_release(&why);
}

static void
run_has_modest_defaults(void **state)
{
	struct arena a = ARENA_INIT(100000);
	struct buf why = BUF_INIT(4096);
	struct program p;

	(void)state;
	assert_int_equal(
	    read_run("{\"command\":[\"df\"]}", &a, &p, &why), RC_OK);
	assert_string_equal(p.argv[0], "df");
	assert_string_equal(p.folder, "/srv/tools");
	assert_null(p.env[0]);
	assert_int_equal(p.output, PROGRAM_TEXT);
	assert_int_equal(p.timeout_ms, 0);
	assert_int_equal(p.output_max, 0);
	assert_int_equal(p.memory, 0);
	assert_int_equal(p.flags, TOOL_DETACHED);
	assert_int_equal(p.not_flags, 0);
	assert_int_equal(p.needs, 0);
	assert_int_equal(
	    read_run("{\"command\":[\"/bin/df\"],\"cwd\":\"/\"}", &a, &p, &why),
	    RC_OK);
	assert_string_equal(p.argv[0], "/bin/df");
	assert_string_equal(p.folder, "/");
	arena_release(&a);
	buf_release(&why);
}

/* ------------------------------------------------------------------- flags */

static const struct {
	const char *members; /* of the definition */
	const char *run;     /* members */
	unsigned flags;
} flags[] = {
	{ "", "", TOOL_DETACHED },
	{ "", ",\"detached\":true", TOOL_DETACHED },
	{ "", ",\"detached\":false", 0 },
	{ "", ",\"once\":true", TOOL_DETACHED | TOOL_ONCE },
	{ "", ",\"once\":false", TOOL_DETACHED },
	{ "", ",\"late_task\":true", TOOL_DETACHED | TOOL_TASK_LATER },
	{ "", ",\"repeat\":true", TOOL_DETACHED | TOOL_REPEAT },
	{ ",\"annotations\":{\"readOnlyHint\":true}", "",
	    TOOL_DETACHED | TOOL_REPEAT },
	{ ",\"annotations\":{\"idempotentHint\":true}", "",
	    TOOL_DETACHED | TOOL_REPEAT },
	{ ",\"annotations\":{\"readOnlyHint\":false,"
	  "\"destructiveHint\":true,\"openWorldHint\":true}",
	    "", TOOL_DETACHED },
	{ ",\"annotations\":{\"readOnlyHint\":true}", ",\"repeat\":false",
	    TOOL_DETACHED },
	{ ",\"annotations\":{\"idempotentHint\":true}", ",\"once\":true",
	    TOOL_DETACHED | TOOL_ONCE },
	{ ",\"execution\":{}", "", TOOL_DETACHED },
	{ ",\"execution\":{\"taskSupport\":\"forbidden\"}", "", TOOL_DETACHED },
	{ ",\"execution\":{\"taskSupport\":\"optional\"}", "",
	    TOOL_DETACHED | TOOL_TASK_OPTIONAL },
	{ ",\"execution\":{\"taskSupport\":\"required\"}",
	    ",\"detached\":false", TOOL_TASK_REQUIRED },
};

static void
run_annotations_and_execution_become_flags(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(flags); i++) {
		struct buf text = BUF_INIT(4096);
		struct buf why = BUF_INIT(4096);
		const struct catalog_place place = {
			.folder = "/srv/tools",
			.root = "/srv",
		};
		struct catalog_tool *t = NULL;

		buf_printf(&text,
		    "{\"name\":\"a\",\"inputSchema\":{\"type\":\"object\"}%s,"
		    "\"run\":{\"command\":[\"x\"]%s}}",
		    flags[i].members, flags[i].run);
		assert_int_equal(
		    catalog_tool_read(&place, buf_slice(&text), &t, &why),
		    RC_OK);
		/* Whoever is gone already is spared every program. */
		if (t->definition.tool.flags != (flags[i].flags | TOOL_COSTLY))
			fail_msg(
			    "%s has %u", text.ptr, t->definition.tool.flags);
		catalog_tool_free(t);
		buf_release(&text);
		buf_release(&why);
	}
}

#define RUN(member) "{\"command\":[\"x\"],\n" member "}"

static const struct {
	const char *run;
	const char *why;
} broken_runs[] = {
	{ "[]", "1: run must be an object" },
	{ "{}", "1: run.command is missing" },
	{ "{\n\"command\":\"ls -l\"}", "2: run.command must be an array" },
	{ "{\"command\":[]}", "1: run.command must be an array" },
	{ "{\"command\":[\"\"]}", "1: an element of run.command" },
	{ "{\"command\":[\"x\",\n1]}", "2: an element of run.command" },
	{ RUN("\"comand\":1"), "2: run has no member comand" },
	{ RUN("\"output\":\"png\""), "2: run.output must be" },
	{ RUN("\"output\":\"a/b/c\""), "2: run.output must be" },
	{ RUN("\"output\":\"/b\""), "2: run.output must be" },
	{ RUN("\"output\":7"), "2: run.output must be" },
	{ RUN("\"timeout\":0"), "2: run.timeout must be" },
	{ RUN("\"timeout\":-1"), "2: run.timeout must be" },
	{ RUN("\"timeout\":1e9"), "2: run.timeout must be" },
	{ RUN("\"timeout\":\"5\""), "2: run.timeout must be" },
	{ RUN("\"max_output\":0"), "2: run.max_output must be" },
	{ RUN("\"max_output\":\"4 MB\""), "2: run.max_output must be" },
	{ RUN("\"max_output\":\"M\""), "2: run.max_output must be" },
	{ RUN("\"max_output\":1.5"), "2: run.max_output must be" },
	{ RUN("\"memory\":\"99999999999999999999\""), "2: run.memory must be" },
	{ RUN("\"memory\":\"9999999999999999G\""), "2: run.memory must be" },
	{ RUN("\"env\":[]"), "2: run.env must be" },
	{ RUN("\"env\":{\"A\":1}"), "2: run.env sets names" },
	{ RUN("\"env\":{\"A=B\":\"\"}"), "2: run.env sets names" },
	{ RUN("\"env\":{\"\":\"\"}"), "2: run.env sets names" },
	{ RUN("\"env\":{\"1A\":\"\"}"), "2: run.env sets names" },
	{ RUN("\"env\":{\"MCP_TOOL\":\"\"}"), "2: run.env sets names" },
	{ RUN("\"cwd\":\"\""), "2: run.cwd must be" },
	{ RUN("\"cwd\":1"), "2: run.cwd must be" },
	{ RUN("\"detached\":1"), "2: run.detached must be true or false" },
	{ RUN("\"once\":null"), "2: run.once must be true or false" },
	{ RUN("\"repeat\":\"\""), "2: run.repeat must be true or false" },
	{ RUN("\"once\":true,\n\"repeat\":true"),
	    "3: run.once and run.repeat contradict each other" },
	{ RUN("\"needs\":\"roots\""), "2: run.needs must be an array" },
	{ RUN("\"needs\":[\"root\"]"), "2: run.needs can name" },
};

static void
broken_runs_are_refused_with_line_and_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken_runs); i++) {
		struct arena a = ARENA_INIT(100000);
		struct buf why = BUF_INIT(4096);
		struct program p;

		if (read_run(broken_runs[i].run, &a, &p, &why) != RC_SYNTAX)
			fail_msg("accepted: %s", broken_runs[i].run);
		if (!slice_starts(
			buf_slice(&why), slice_of(broken_runs[i].why)))
			fail_msg("%s: %s", broken_runs[i].run, why.ptr);
		arena_release(&a);
		buf_release(&why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_definition_loses_run_and_white_space),
		cmocka_unit_test(everything_the_protocol_knows_is_taken),
		cmocka_unit_test(odd_members_are_hints_with_a_line),
		cmocka_unit_test(
		    broken_definitions_are_refused_with_line_and_sentence),
		cmocka_unit_test(all_findings_are_told_at_once),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(names_in_findings_cannot_forge_a_line),
		cmocka_unit_test(
		    mirrored_properties_are_listed_with_their_path),
		cmocka_unit_test(run_is_understood),
		cmocka_unit_test(run_has_modest_defaults),
		cmocka_unit_test(run_annotations_and_execution_become_flags),
		cmocka_unit_test(
		    broken_runs_are_refused_with_line_and_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
