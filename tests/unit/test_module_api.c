#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "module_api.h"
#include "module_call.h"
#include "said_env.h"
#include "tool_bench.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct mcp_api *const api = &module_api;

static struct mcp_tool tool_with(
    enum mcp_done (*function)(struct mcp_call *, void *))
{
	return (struct mcp_tool){ .size = sizeof(struct mcp_tool),
		.call = function };
}

static enum mcp_done
talk_much(struct mcp_call *c, void *ctx)
{
	const struct arena *a = c->call->arena;
	struct mcp_question question = {
		.key = "k", .method = "roots/list", .params = "{\"a\":[1,2,3]}"
	};
	size_t before = a->used;

	(void)ctx;
	for (int i = 0; i < 1000; i++) {
		api->progress(c, i, 0, "m");
		api->log(c, MCP_LOG_INFO, NULL, "{\"a\":[1,2,3]}");
		assert_int_equal(api->ask(c, &question, 1), MCP_UNSUPPORTED);
	}
	assert_int_equal(a->used, before);
	return MCP_DONE;
}

static void
what_modules_say_is_not_kept(void **state)
{
	const struct mcp_tool tool = tool_with(talk_much);
	struct tool_bench b;

	(void)state;
	tool_bench_init(&b);
	assert_int_equal(module_run(&tool, &b.call), TOOL_DONE);
	tool_bench_release(&b);
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

static enum mcp_done
be_called_again_for_nothing(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	api->text(c, "odd", 3);
	return MCP_AGAIN;
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
	{ be_called_again_for_nothing,
	    "demo made no valid result: it wants to be called again: " },
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
	{ wait, "{}", TOOL_AGAIN, "" },
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
		env.ask_begin = rounds[i].ask;
		b.call.env = &env;
		assert_int_equal(module_run(&tool, &b.call), rounds[i].done);
		assert_string_equal(tool_bench_text(&b), rounds[i].text);
		tool_bench_release(&b);
	}
}

/* ------------------------------------------------------------ surroundings */

static enum mcp_done
speak(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	api->progress(c, 1, 2, "half");
	api->progress(c, 1.5, 0, NULL);
	api->progress(c, (double)NAN, 2, "never");
	api->progress(c, 2, HUGE_VAL, NULL);
	api->log(c, MCP_LOG_WARNING, "speak", "{\"a\": 1}");
	api->log(c, MCP_LOG_DEBUG, NULL, "not JSON");
	api->log(c, (enum mcp_level)77, NULL, "1");
	assert_int_equal(api->wait(c, 250), 0);
	assert_int_equal(api->wait(c, -1), 0);
	api->let_go(c);
	return MCP_DONE;
}

static void
what_modules_say_reaches_their_surroundings(void **state)
{
	const struct mcp_tool tool = tool_with(speak);
	struct tool_bench b;
	struct said_env env;

	(void)state;
	tool_bench_init(&b);
	said_env_init(&env);
	b.call.env = &env.ops;
	assert_int_equal(module_run(&tool, &b.call), TOOL_DONE);
	assert_string_equal(said_env_text(&env),
	    "progress 1/2 half\nprogress 1.5/0\nprogress 2/0\n"
	    "log 3 speak {\"a\": 1}\nlog 0 - \"not JSON\"\nlog 7 - 1\n"
	    "wait 250\nwait 0\nlet_go\n");
	said_env_release(&env);
	tool_bench_release(&b);
}

static enum mcp_done
work_until_cancelled(struct mcp_call *c, void *ctx)
{
	(void)ctx;
	assert_int_equal(api->is_cancelled(c), 1);
	assert_int_equal(api->wait(c, 10), 1);
	return MCP_FAILED;
}

static void
modules_learn_that_they_were_cancelled(void **state)
{
	const struct mcp_tool tool = tool_with(work_until_cancelled);
	struct tool_bench b;
	struct said_env env;

	(void)state;
	tool_bench_init(&b);
	said_env_init(&env);
	env.is_cancelled = true;
	b.call.env = &env.ops;
	assert_int_equal(module_run(&tool, &b.call), TOOL_FAILED);
	said_env_release(&env);
	tool_bench_release(&b);
}

static void
modules_wait_for_answers(void **state)
{
	const struct mcp_tool tool = tool_with(ask_for_a_name);
	struct tool_bench b;
	struct said_env env;

	(void)state;
	tool_bench_init(&b);
	said_env_init(&env);
	env.answer = ASK_ANSWERED;
	env.waits = 2;
	env.json = "{\"name\":\"Grace\"}";
	b.call.env = &env.ops;
	assert_int_equal(module_run(&tool, &b.call), TOOL_DONE);
	assert_string_equal(tool_bench_text(&b), "Grace");
	assert_string_equal(said_env_text(&env),
	    "ask name elicitation/create {}\nwait 50\nlook\nwait 50\nlook\n");
	said_env_release(&env);
	tool_bench_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modules_read_arguments_and_surroundings),
		cmocka_unit_test(modules_build_results),
		cmocka_unit_test(
		    mistakes_of_a_module_become_errors_that_say_so),
		cmocka_unit_test(what_does_not_fit_is_an_error_as_a_whole),
		cmocka_unit_test(what_modules_say_is_not_kept),
		cmocka_unit_test(modules_ask_and_hear_the_answer),
		cmocka_unit_test(what_modules_say_reaches_their_surroundings),
		cmocka_unit_test(modules_learn_that_they_were_cancelled),
		cmocka_unit_test(modules_wait_for_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
