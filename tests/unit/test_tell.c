#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "program_bench.h"
#include "said_env.h"

/* A shell script that calls mcp-tell, in a tool, and what comes of it. */
struct row {
	const char *script;
	const char *told;   /* to the surroundings */
	const char *output; /* of the script; its first line decides */
};

#define STATUS "; echo \"=$?\""

static void
run_script(const struct row *row, enum tool_ask answer, const char *json)
{
	struct buf run = BUF_INIT(20000);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *build = getenv("MCP_BUILD");
	struct program_bench program;
	struct said_env env;
	char bin[1024];

	(void)snprintf(
	    bin, sizeof(bin), "%s/bin", build == NULL ? "build/dev" : build);
	buf_put_slice(
	    &run, SLICE("{\"timeout\":30,\"command\":[\"sh\",\"-c\","));
	json_put_string(&run, slice_of(row->script));
	buf_put_slice(&run, SLICE("]}"));
	assert_int_equal(buf_finish(&run), RC_OK);
	program_bench_init(&program, run.ptr);
	buf_release(&run);
	program.host.bin = bin;
	said_env_init(&env);
	env.answer = answer;
	env.json = json;
	program.bench.call.env = &env.ops;
	(void)program_call(&program.bench.tool, &program.bench.call);
	if (strcmp(said_env_text(&env), row->told) != 0 ||
	    strcmp(tool_bench_text(&program.bench), row->output) != 0)
		fail_msg("%s\ntold \"%s\" and printed \"%s\"", row->script,
		    said_env_text(&env), tool_bench_text(&program.bench));
	said_env_release(&env);
	program_bench_release(&program);
}

static const struct row lines[] = {
	{ "mcp-tell progress 3" STATUS, "progress 3/0\n", "=0\n" },
	{ "mcp-tell progress 3.5 10" STATUS, "progress 3.5/10\n", "=0\n" },
	{ "mcp-tell progress 3 10 'a \"b\" \\ c'" STATUS,
	    "progress 3/10 a \"b\" \\ c\n", "=0\n" },
	{ "mcp-tell progress -- 3 10 --x" STATUS, "progress 3/10 --x\n",
	    "=0\n" },
	{ "mcp-tell log warning 'a\nb'" STATUS, "log 3 - \"a\\nb\"\n", "=0\n" },
	{ "mcp-tell log --logger l --json debug '{ \"a\": 1 }'" STATUS,
	    "log 0 l {\"a\":1}\n", "=0\n" },
	{ "mcp-tell raw '{ \"progress\" : 1 }'" STATUS, "progress 1/0\n",
	    "=0\n" },
	{ "mcp-tell close" STATUS, "let_go\n", "=0\n" },
	{ "mcp-tell task" STATUS, "become_task\n", "=0\n" },
	{ "mcp-tell changed tools && mcp-tell changed file:///a" STATUS,
	    "changed tools\nchanged resource:file:///a\n", "=0\n" },
	{ "mcp-tell elicited 'i d'" STATUS, "elicited i d\n", "=0\n" },
	{ "mcp-tell changed tool 2>&1" STATUS, "",
	    "mcp-tell: tool is neither tools, prompts, resources nor a URI\n"
	    "=2\n" },
	{ "mcp-tell ask --url https://a k q name 2>&1" STATUS, "",
	    "mcp-tell: with --url there is no form\n=2\n" },
	/* what is wrong */
	{ "mcp-tell 2>/dev/null" STATUS, "", "=2\n" },
	{ "mcp-tell sing 2>/dev/null" STATUS, "", "=2\n" },
	{ "mcp-tell progress 2>/dev/null" STATUS, "", "=2\n" },
	{ "mcp-tell progress 1 2 3 4 2>/dev/null" STATUS, "", "=2\n" },
	{ "mcp-tell progress 1 2 --x 2>/dev/null" STATUS, "", "=2\n" },
	{ "mcp-tell progress x 2>&1" STATUS, "",
	    "mcp-tell: this is no JSON: x\n=2\n" },
	{ "mcp-tell progress '\"1\"' 2>&1" STATUS, "",
	    "mcp-tell: this is no number: \"1\"\n=2\n" },
	{ "mcp-tell raw '[]' 2>&1" STATUS, "",
	    "mcp-tell: this is no JSON object: []\n=2\n" },
	{ "mcp-tell log loud x 2>/dev/null" STATUS, "", "=2\n" },
	{ "mcp-tell log info \"$(head -c 70000 /dev/zero | tr '\\0' x)\" "
	  "2>&1" STATUS,
	    "", "mcp-tell: that is too long: 64 KiB at most\n=2\n" },
	{ "mcp-tell progress 1 3>&- 2>&1" STATUS, "",
	    "mcp-tell: nobody listens: this works only in a tool that the "
	    "server runs\n=69\n" },
	{ "mcp-tell ask k q 4<&- 2>/dev/null" STATUS, "", "=69\n" },
	{ "mcp-tell ask k q 4</dev/null 2>/dev/null" STATUS,
	    "ask k elicitation/create {\"message\":\"q\",\"requestedSchema\":{"
	    "\"type\":\"object\",\"properties\":{\"k\":{\"type\":\"string\"}},"
	    "\"required\":[]}}\n",
	    "=69\n" },
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void
each_command_says_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		run_script(&lines[i], ASK_UNSUPPORTED, NULL);
}

#define FORM(properties, required)                                             \
	"ask k elicitation/create {\"message\":\"q?\",\"requestedSchema\":{"   \
	"\"type\":\"object\",\"properties\":{" properties                      \
	"},\"required\":[" required "]}}\n"
#define GO(url)                                                                \
	"ask k elicitation/create {\"mode\":\"url\",\"message\":\"q?\","       \
	"\"url\":" url "}\n"
#define NAME FORM("\"name\":{\"type\":\"string\"}", "")
#define ACCEPT "{\"action\":\"accept\",\"content\":"

static const struct {
	struct row row;
	const char *json;
} questions[] = {
	{ { "mcp-tell ask k 'q?'" STATUS,
	      FORM("\"k\":{\"type\":\"string\"}", ""), "a\nb\n=0\n" },
	    ACCEPT "{\"k\":\"a\\nb\"}}" },
	{ { "mcp-tell ask k 'q?' name" STATUS, NAME, "Ada\n=0\n" },
	    ACCEPT "{\"name\":\"Ada\",\"other\":1}}" },
	{ { "mcp-tell ask k 'q?' name" STATUS, NAME, "\n=0\n" }, ACCEPT "{}}" },
	{ { "mcp-tell ask k 'q?' name:integer!" STATUS,
	      FORM("\"name\":{\"type\":\"integer\"}", "\"name\""), "7\n=0\n" },
	    ACCEPT "{\"name\":7}}" },
	{ { "mcp-tell ask k 'q?' a:number b:boolean! 'c:x|y y!'" STATUS,
	      FORM("\"a\":{\"type\":\"number\"},\"b\":{\"type\":\"boolean\"},"
		   "\"c\":{\"type\":\"string\",\"enum\":[\"x\",\"y y\"]}",
		  "\"b\",\"c\""),
	      "{\"a\":1.50,\"b\":true,\"c\":\"x\"}\n=0\n" },
	    ACCEPT "{ \"a\": 1.50, \"b\": true, \"c\": \"x\" }}" },
	{ { "mcp-tell ask k 'q?' --json name" STATUS, NAME,
	      "{\"action\":\"accept\",\"content\":{\"name\":\"Ada\"}}\n=0\n" },
	    ACCEPT "{\"name\":\"Ada\"}}" },
	{ { "mcp-tell ask k 'q?' --schema '{ \"type\": \"object\" }'" STATUS,
	      "ask k elicitation/create {\"message\":\"q?\","
	      "\"requestedSchema\":{\"type\":\"object\"}}\n",
	      "{\"name\":\"Ada\"}\n=0\n" },
	    ACCEPT "{\"name\":\"Ada\"}}" },
	{ { "mcp-tell ask --url https://a/b k 'q?'" STATUS,
	      GO("\"https://a/b\""), "=0\n" },
	    "{\"action\":\"accept\"}" },
	{ { "mcp-tell ask k 'q?' --id 7 --url https://a/b --json "
	    "2>/dev/null" STATUS,
	      GO("\"https://a/b\",\"elicitationId\":\"7\""),
	      "{\"action\":\"cancel\"}\n=1\n" },
	    "{\"action\":\"cancel\"}" },
	{ { "mcp-tell roots k" STATUS, "ask k roots/list {}\n",
	      "file:///a\nfile:///b\n=0\n" },
	    "{\"roots\":[{\"uri\":\"file:///a\"},"
	    "{\"name\":\"n\",\"uri\":\"file:///b\"}]}" },
	{ { "mcp-tell ask k 'q?' name 2>&1" STATUS, NAME,
	      "mcp-tell: the user declined\n=1\n" },
	    "{\"action\":\"decline\"}" },
	{ { "mcp-tell ask k 'q?' name --json 2>/dev/null" STATUS, NAME,
	      "{\"action\":\"cancel\"}\n=1\n" },
	    "{\"action\":\"cancel\"}" },
	{ { "mcp-tell ask k 'q?' name:date 2>/dev/null" STATUS, "", "=2\n" },
	    "{}" },
	{ { "mcp-tell ask k 'q?' :integer 2>/dev/null" STATUS, "", "=2\n" },
	    "{}" },
	{ { "mcp-tell ask k 'q?' --schema 1 2>/dev/null" STATUS, "", "=2\n" },
	    "{}" },
	{ { "mcp-tell sample k hello" STATUS,
	      "ask k sampling/createMessage {\"messages\":[{\"role\":\"user\","
	      "\"content\":{\"type\":\"text\",\"text\":\"hello\"}}],"
	      "\"maxTokens\":1000}\n",
	      "hi\n=0\n" },
	    "{\"content\":{\"type\":\"text\",\"text\":\"hi\"}}" },
	{ { "mcp-tell sample --max-tokens 5 --system s k hello" STATUS,
	      "ask k sampling/createMessage {\"messages\":[{\"role\":\"user\","
	      "\"content\":{\"type\":\"text\",\"text\":\"hello\"}}],"
	      "\"systemPrompt\":\"s\",\"maxTokens\":5}\n",
	      "hi there\n=0\n" },
	    "{\"content\":[{\"text\":\"hi \"},{\"text\":\"there\"}]}" },
	{ { "mcp-tell raw "
	    "'{\"ask\":{\"r\":{\"method\":\"roots/list\"}}}'" STATUS,
	      "ask r roots/list {}\n", "{\"r\":{\"roots\":[]}}\n=0\n" },
	    "{\"roots\":[]}" },
	/* An answer that nobody took is not for the next question. */
	{ { "echo '{\"ask\":{\"old\":{\"method\":\"m\"}}}' >&3\n"
	    "mcp-tell ask k 'q?' name" STATUS,
	      "ask old m {}\n" NAME, "Ada\n=0\n" },
	    ACCEPT "{\"name\":\"Ada\"}}" },
};

static void
questions_print_what_was_answered(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(questions); i++)
		run_script(&questions[i].row, ASK_ANSWERED, questions[i].json);
}

static const struct {
	enum tool_ask answer;
	const char *output;
} ends[] = {
	{ ASK_UNSUPPORTED, "mcp-tell: this client cannot be asked that\n=3\n" },
	{ ASK_DECLINED, "mcp-tell: the client refused to answer\n=1\n" },
	{ ASK_TIMEOUT, "mcp-tell: nobody answered in time\n=4\n" },
};

static void
without_an_answer_the_status_says_why(void **state)
{
	static const char again[] = "mcp-tell ask k 'q?' name; [ $? = 75 ] && "
				    "mcp-tell log info left";

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		const struct row row = { "mcp-tell ask k 'q?' name 2>&1" STATUS,
			NAME, ends[i].output };

		run_script(&row, ends[i].answer, NULL);
	}
	/* What a script prints that is run again is dropped. */
	run_script(&(struct row){ again, NAME "log 1 - \"left\"\n", "" },
	    ASK_PENDING, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_command_says_its_line),
		cmocka_unit_test(questions_print_what_was_answered),
		cmocka_unit_test(without_an_answer_the_status_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
