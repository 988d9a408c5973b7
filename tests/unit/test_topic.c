/* Who raises the topic of the tools, and how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json.h"
#include "stream_bench.h"
#include "topic.h"

/* A toolbox whose only tool has another definition when it is told so. */
struct changing {
	struct toolbox base; /* first */
	struct json definition;
	struct tool tool;
	const struct tool *tools[1];
	struct tool_set set;
};

static const struct tool_set *
view(struct toolbox *base, enum offer kind)
{
	if (kind != OFFER_TOOL)
		return &tool_set_none;
	return &((struct changing *)base)->set;
}

static const struct toolbox_ops changing_ops = { .view = view };

static void
changing_init(struct changing *c)
{
	*c = (struct changing){ .base = { &changing_ops } };
	c->tool.definition = &c->definition;
	c->tools[0] = &c->tool;
	c->set = (struct tool_set){ c->tools, 1 };
}

struct bench {
	struct stream_bench base;
	struct changing tools[STREAM_HOSTS];
};

static int
setup(void **state)
{
	static struct bench b;

	stream_bench_init(&b.base);
	for (int i = 0; i < STREAM_HOSTS; i++) {
		changing_init(&b.tools[i]);
		b.base.server[i].toolbox = &b.tools[i].base;
	}
	*state = &b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	stream_bench_release(&b->base);
	return 0;
}

static void
edit(struct bench *b, int host, const char *definition)
{
	b->tools[host].definition.raw = slice_of(definition);
}

/* All hosts look, and a second passes; the topic's version then. */
static int64_t
version_after_a_look(struct bench *b)
{
	const struct slice name = SLICE(TOPIC_TOOLS);
	struct store *store = b->base.store.inner;
	struct op op = stream_bench_op(&b->base);
	struct topic_row row;

	for (int i = 0; i < STREAM_HOSTS; i++)
		assert_int_equal(topic_tick(&b->base.server[i], &op), RC_OK);
	fake_clock_advance(&b->base.clock, 1000);
	assert_int_equal(
	    store->ops->topics_get(store, &op, &name, 1, &row), RC_OK);
	return row.version;
}

static void
an_edit_that_all_hosts_see_is_announced_once(void **state)
{
	struct bench *b = *state;
	int64_t first, second;

	edit(b, 0, "{1}");
	edit(b, 1, "{1}");
	first = version_after_a_look(b);
	assert_int_equal(version_after_a_look(b), first);
	edit(b, 0, "{2}");
	second = version_after_a_look(b);
	assert_true(second > first);
	edit(b, 1, "{2}");
	assert_int_equal(version_after_a_look(b), second);
	assert_int_equal(version_after_a_look(b), second);
}

static void
hosts_that_differ_do_not_contradict_each_other_for_ever(void **state)
{
	struct bench *b = *state;
	int64_t version;

	edit(b, 0, "{1}");
	edit(b, 1, "{2}");
	version = version_after_a_look(b);
	for (int i = 0; i < 5; i++)
		assert_int_equal(version_after_a_look(b), version);
}

static void
one_process_looks_once_per_second(void **state)
{
	struct bench *b = *state;
	struct op op = stream_bench_op(&b->base);
	size_t *calls = &b->base.store.calls[STORE_TOPIC_RAISE];

	for (int i = 0; i < 100; i++) {
		edit(b, 0, i % 2 == 0 ? "{1}" : "{2}");
		assert_int_equal(topic_tick(&b->base.server[0], &op), RC_OK);
		fake_clock_advance(&b->base.clock, 10);
	}
	/* One for each list. */
	assert_int_equal(*calls, TOPIC_LISTS);
}

static void
what_the_store_did_not_take_is_said_again(void **state)
{
	struct bench *b = *state;
	struct op op = stream_bench_op(&b->base);
	size_t *calls = &b->base.store.calls[STORE_TOPIC_RAISE];

	edit(b, 0, "{1}");
	b->base.is_down = true;
	assert_int_equal(topic_tick(&b->base.server[0], &op), RC_BUSY);
	b->base.is_down = false;
	fake_clock_advance(&b->base.clock, 1000);
	op = stream_bench_op(&b->base);
	assert_int_equal(topic_tick(&b->base.server[0], &op), RC_OK);
	assert_int_equal(*calls, 1 + TOPIC_LISTS);
}

static void
each_topic_has_its_message(void **state)
{
	static const struct {
		struct slice topic;
		struct slice tag;
		const char *text;
	} rows[] = {
		{ SLICE_INIT("tools"), { NULL, 0 },
		    "{\"jsonrpc\":\"2.0\",\"method\":"
		    "\"notifications/tools/list_changed\"}" },
		{ SLICE_INIT("prompts"), SLICE_INIT("7"),
		    "{\"jsonrpc\":\"2.0\",\"method\":"
		    "\"notifications/prompts/list_changed\",\"params\":{"
		    "\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":"
		    "7}}}" },
		{ SLICE_INIT("resource:x:\"y\""), { NULL, 0 },
		    "{\"jsonrpc\":\"2.0\",\"method\":"
		    "\"notifications/resources/updated\",\"params\":{"
		    "\"uri\":\"x:\\\"y\\\"\"}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = BUF_INIT(1000);

		topic_put_message(&b, rows[i].topic, rows[i].tag);
		assert_string_equal(b.ptr, rows[i].text);
		buf_reset(&b);
		topic_put_message(&b, SLICE("other"), rows[i].tag);
		assert_int_equal(b.len, 0);
		buf_release(&b);
	}
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(an_edit_that_all_hosts_see_is_announced_once),
		CASE(hosts_that_differ_do_not_contradict_each_other_for_ever),
		CASE(one_process_looks_once_per_second),
		CASE(what_the_store_did_not_take_is_said_again),
		CASE(each_topic_has_its_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
