#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "counted_rng.h"
#include "fake_clock.h"
#include "server.h"
#include "sink_mem.h"

/* A toolbox of one tool that counts how often it ran. */
struct one_tool {
	struct toolbox box; /* first, so that a toolbox * is one of these */
	struct tool tool;
	const struct tool *list[1];
	struct tool_set set;
	int calls;
};

static const struct tool_set *
view(struct toolbox *box, enum offer kind)
{
	if (kind != OFFER_TOOL)
		return &tool_set_none;
	return &((struct one_tool *)(void *)box)->set;
}

static const struct toolbox_ops one_tool_ops = { .view = view };

static enum tool_done
count(const struct tool *tool, struct tool_call *call)
{
	(void)call;
	++*(int *)tool->ctx;
	return TOOL_DONE;
}

static const struct slice body =
    SLICE_INIT("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","
	       "\"params\":{\"name\":\"t\"}}");

/* How often a tool with these flags runs for a client that is gone or not. */
static int
calls_for(unsigned flags, bool is_gone)
{
	struct arena definitions = ARENA_INIT(1 << 16), arena = definitions;
	struct one_tool t = { .box.ops = &one_tool_ops };
	struct http_request request = { .method = HTTP_POST,
		.method_name = SLICE("POST"),
		.path = SLICE("/mcp"),
		.body = body };
	struct log log = LOG_INIT(log_sink_stderr, NULL, LOG_ERROR);
	const struct json *definition;
	struct schema *schema = NULL;
	struct fake_clock clock;
	struct counted_rng rng;
	struct server server;
	struct sink_mem sink;

	assert_int_equal(json_read(&definitions, SLICE("{\"name\":\"t\"}"),
			     &json_limits_default, &definition, NULL),
	    RC_OK);
	assert_int_equal(schema_compile(definition, &schema, NULL), RC_OK);
	t.tool = (struct tool){ .name = SLICE("t"),
		.definition = definition,
		.input = schema,
		.flags = flags,
		.call = count,
		.ctx = &t.calls };
	t.list[0] = &t.tool;
	t.set = (struct tool_set){ t.list, 1 };
	fake_clock_init(&clock, INT64_C(1790000000000));
	counted_rng_init(&rng, 1);
	server_init(&server);
	server.clock = &clock.clock;
	server.rng = &rng.rng;
	server.log = &log;
	server.toolbox = &t.box;
	server.rules.sessions = SESSIONS_OFF;
	sink_mem_init(&sink);
	sink.peer_gone = is_gone;
	assert_int_equal(
	    server_handle(&server, &arena, &request, &sink.base), RC_OK);
	assert_true(sink_mem_is_reply(&sink));
	sink_mem_release(&sink);
	server_release(&server);
	log_release(&log);
	schema_free(schema);
	arena_release(&arena);
	arena_release(&definitions);
	return t.calls;
}

static void
a_costly_tool_is_not_started_for_a_client_that_left(void **state)
{
	static const struct {
		unsigned flags;
		bool is_gone;
		int calls;
	} table[] = {
		{ 0, false, 1 },
		{ 0, true, 1 },
		{ TOOL_COSTLY, false, 1 },
		{ TOOL_COSTLY, true, 0 },
		{ TOOL_DETACHED, false, 1 },
		{ TOOL_DETACHED, true, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(calls_for(table[i].flags, table[i].is_gone),
		    table[i].calls);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_costly_tool_is_not_started_for_a_client_that_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
