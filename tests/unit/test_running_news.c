/* What calls say of things that are not their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "running_bench.h"
#include "running_words.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define COMPLETE(id)                                                           \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/elicitation/"         \
	"complete\",\"params\":{\"elicitationId\":\"" id "\"}}"

static int64_t
version_of(struct running_bench *b, const char *name)
{
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct slice names = slice_of(name);
	struct topic_row row;

	assert_int_equal(
	    store->ops->topics_get(store, &op, &names, 1, &row), RC_OK);
	return row.version;
}

static const char *const topics[] = { "tools", "prompts", "resources",
	"resource:file:///a", "resource:urn:x" };

static enum tool_done
changing(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	for (size_t i = 0; i < COUNT(topics); i++)
		call->env->changed(call, slice_of(topics[i]));
	return running_bench_done(call);
}

static void
each_way_to_run_may_say_that_something_changed(void **state)
{
	static const struct {
		const char *tool;
		const char *more;
	} table[] = { { "inline", "" }, { "detached", "" },
		{ "task", ",\"task\":{}" } };
	struct running_bench *b = *state;
	int64_t last = 0;

	b->tool = changing;
	running_bench_open(b, "2025-11-25", "{}");
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(
		    running_bench_call(b, table[i].tool, table[i].more), RC_OK);
		for (size_t k = 0; k < COUNT(topics); k++) {
			const int64_t version = version_of(b, topics[k]);

			assert_true(version > last);
			last = version;
		}
	}
	assert_int_equal(b->runs, COUNT(table));
}

static enum tool_done
changing_nothing(struct running_bench *b, struct tool_call *call)
{
	static const char *const none[] = { "", "tool", "tools ",
		"resource:", "resource:a", "resource:a:\xc3\xa9",
		"resource:1a:b", "resource::b", "resource:a:b c",
		"resource:a:b\n", "resource:a:\xff", "file:///a" };
	char longest[TOPIC_NAME_MAX + 1];

	(void)b;
	for (size_t i = 0; i < COUNT(none); i++)
		call->env->changed(call, slice_of(none[i]));
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "resource:a:\xc3\xa9", 11);
	call->env->changed(call, (struct slice){ longest, sizeof(longest) });
	return running_bench_done(call);
}

static void
what_is_no_topic_is_a_line_in_the_log(void **state)
{
	struct running_bench *b = *state;
	const char *at;
	int lines = 0;

	b->tool = changing_nothing;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_int_equal(version_of(b, "tools"), 0);
	log_flush(&b->log);
	for (at = b->said.ptr; (at = strstr(at, "change_lost")) != NULL; at++)
		lines++;
	for (at = b->said.ptr; (at = strstr(at, "change lost")) != NULL; at++)
		lines++;
	assert_int_equal(lines, 13);
}

static enum tool_done
changing_much(struct running_bench *b, struct tool_call *call)
{
	for (int i = 0; i < 300; i++)
		call->env->changed(call, SLICE("tools"));
	b->number = version_of(b, "tools");
	return running_bench_done(call);
}

static void
who_announces_very_much_waits_and_loses_nothing(void **state)
{
	struct running_bench *b = *state;

	b->tool = changing_much;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_int_equal(b->number, 300);
	assert_in_range(b->clock.wall - b->began, 1900, 2500);
	running_bench_at(b, 500, running_bench_cancel);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_in_range(b->number, 400, 500);
	assert_true(b->clock.wall - b->began <= 700);
}

static enum tool_done
changing_nothing_much(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	for (int i = 0; i < 300; i++)
		call->env->changed(call, SLICE("no topic"));
	return running_bench_done(call);
}

static void
nonsense_does_not_flood_the_log(void **state)
{
	struct running_bench *b = *state;

	b->tool = changing_nothing_much;
	running_bench_open(b, "2025-11-25", "{}");
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_in_range(b->clock.wall - b->began, 1900, 2500);
}

/* It takes its time, and takes nothing. */
static enum rc
raise_in_vain(struct store *store, const struct op *op,
    const struct topic_raise *raise, int64_t *version, bool *raised)
{
	struct running_bench *b = running_bench_of(store);

	(void)op;
	(void)raise;
	(void)version;
	(void)raised;
	b->number++;
	fake_clock_advance(&b->clock, 5000);
	return RC_BUSY;
}

static enum tool_done
changing_in_vain(struct running_bench *b, struct tool_call *call)
{
	for (int i = 0; i < 1000; i++)
		call->env->changed(call, SLICE("tools"));
	b->flag = b->clock.mono / 1000 <= call->deadline_mono + 5000;
	return running_bench_done(call);
}

static void
a_store_that_takes_nothing_does_not_hold_up_a_call_for_ever(void **state)
{
	struct running_bench *b = *state;

	b->tool = changing_in_vain;
	running_bench_open(b, "2025-11-25", "{}");
	b->here.rules.tool_timeout_ms = 20000;
	b->ops.topic_raise = raise_in_vain;
	assert_int_equal(running_bench_call(b, "inline", ""), RC_OK);
	assert_true(b->flag);
	assert_in_range(b->number, 3, 6);
}

static enum tool_done
eliciting(struct running_bench *b, struct tool_call *call)
{
	char longest[257];

	(void)b;
	memset(longest, 'x', sizeof(longest));
	call->env->elicited(call, SLICE_NONE);
	call->env->elicited(call, SLICE("\xff"));
	call->env->elicited(call, (struct slice){ longest, sizeof(longest) });
	call->env->elicited(call, SLICE("a\"b"));
	return running_bench_done(call);
}

static void
only_who_can_be_sent_elsewhere_hears_what_was_done_there(void **state)
{
	static const struct {
		const char *revision;
		const char *caps;
		bool hears;
	} table[] = {
		{ "2025-06-18", "{\"elicitation\":{\"url\":{}}}", false },
		{ "2025-11-25", "{\"elicitation\":{\"url\":{}}}", true },
		{ "2025-11-25", "{\"elicitation\":{}}", false },
	};
	static const char *const tools[] = { "inline", "detached" };

	(void)state;
	for (size_t i = 0; i < COUNT(table) * 2; i++) {
		struct running_bench *b = running_bench_new();
		const char *log;

		b->tool = eliciting;
		running_bench_open(b, table[i / 2].revision, table[i / 2].caps);
		assert_int_equal(
		    running_bench_call(b, tools[i % 2], ""), RC_OK);
		log = i % 2 == 1 || table[i / 2].hears ? running_bench_log(b, 1)
						       : RESULT "\n";
		assert_string_equal(log,
		    table[i / 2].hears ? COMPLETE("a\\\"b") "\n" RESULT "\n"
				       : RESULT "\n");
		running_bench_free(b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING_TEST(each_way_to_run_may_say_that_something_changed),
		RUNNING_TEST(what_is_no_topic_is_a_line_in_the_log),
		RUNNING_TEST(who_announces_very_much_waits_and_loses_nothing),
		RUNNING_TEST(nonsense_does_not_flood_the_log),
		RUNNING_TEST(
		    a_store_that_takes_nothing_does_not_hold_up_a_call_for_ever),
		cmocka_unit_test(
		    only_who_can_be_sent_elsewhere_hears_what_was_done_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
