/* Who raises topics, and how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json.h"
#include "stream_bench.h"
#include "topic.h"

/* A toolbox with one of each kind, which has another definition when it is
 * told so. */
struct changing {
	struct toolbox base; /* first */
	struct json definition[OFFERS];
	struct tool tool[OFFERS];
	const struct tool *tools[OFFERS];
	struct tool_set set[OFFERS];
	uint64_t version;
	int views;
	int watches;
	struct slice changed[2]; /* URIs for the next watch() */
	struct fake_clock *slow; /* each takes half a second */
};

static const struct tool_set *
view(struct toolbox *base, enum offer kind)
{
	struct changing *c = (struct changing *)base;

	c->views++;
	return &c->set[kind];
}

static uint64_t
version(struct toolbox *base)
{
	return ((struct changing *)base)->version;
}

static void
watch(struct toolbox *base, void (*changed)(void *ctx, struct slice uri),
    void *ctx)
{
	struct changing *c = (struct changing *)base;

	c->watches++;
	for (size_t i = 0; i < 2; i++) {
		if (c->changed[i].ptr != NULL)
			changed(ctx, c->changed[i]);
		c->changed[i] = SLICE_NONE;
		if (c->slow != NULL)
			fake_clock_advance(c->slow, 500);
	}
}

static const struct toolbox_ops changing_ops = { .view = view };
static const struct toolbox_ops numbered_ops = { .view = view,
	.version = version };
static const struct toolbox_ops watching_ops = { .view = view, .watch = watch };

static void
changing_init(struct changing *c)
{
	*c = (struct changing){ .base = { &changing_ops }, .version = 1 };
	for (size_t i = 0; i < OFFERS; i++) {
		c->definition[i].raw = SLICE("{}");
		c->tool[i].definition = &c->definition[i];
		c->tools[i] = &c->tool[i];
		c->set[i] = (struct tool_set){ &c->tools[i], 1 };
	}
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
	b->tools[host].definition[OFFER_TOOL].raw = slice_of(definition);
}

static int64_t
version_of(struct bench *b, struct slice name)
{
	struct store *store = b->base.store.inner;
	struct op op = stream_bench_op(&b->base);
	struct topic_row row;

	assert_int_equal(
	    store->ops->topics_get(store, &op, &name, 1, &row), RC_OK);
	return row.version;
}

/* All hosts look, and a second passes; the topic's version then. */
static int64_t
version_after_a_look(struct bench *b)
{
	struct op op = stream_bench_op(&b->base);

	for (int i = 0; i < STREAM_HOSTS; i++)
		assert_int_equal(topic_tick(&b->base.server[i], &op), RC_OK);
	fake_clock_advance(&b->base.clock, 1000);
	return version_of(b, SLICE(TOPIC_TOOLS));
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
each_list_has_a_topic_of_its_own(void **state)
{
	static const enum offer kinds[] = { OFFER_TOOL, OFFER_PROMPT,
		OFFER_RESOURCE, OFFER_TEMPLATE };
	static const size_t lists[] = { 0, 1, 2, 2 };
	struct bench *b = *state;

	(void)version_after_a_look(b);
	for (size_t i = 0; i < 4; i++) {
		int64_t before[TOPIC_LISTS];

		for (size_t j = 0; j < TOPIC_LISTS; j++)
			before[j] = version_of(b, topic_lists[j]);
		for (int host = 0; host < STREAM_HOSTS; host++)
			b->tools[host].definition[kinds[i]].raw = SLICE("{1}");
		(void)version_after_a_look(b);
		for (size_t j = 0; j < TOPIC_LISTS; j++) {
			assert_int_equal(
			    version_of(b, topic_lists[j]) != before[j],
			    j == lists[i]);
		}
	}
}

static void
what_moves_from_one_list_to_another_is_seen_in_both(void **state)
{
	struct bench *b = *state;
	struct changing *c = &b->tools[0];
	struct op op = stream_bench_op(&b->base);
	int64_t before[TOPIC_LISTS];

	assert_int_equal(topic_tick(&b->base.server[0], &op), RC_OK);
	for (size_t i = 0; i < TOPIC_LISTS; i++)
		before[i] = version_of(b, topic_lists[i]);
	c->set[OFFER_TOOL].n = 0;
	c->set[OFFER_PROMPT].n = 0;
	fake_clock_advance(&b->base.clock, 1000);
	assert_int_equal(topic_tick(&b->base.server[0], &op), RC_OK);
	assert_true(version_of(b, topic_lists[0]) > before[0]);
	assert_true(version_of(b, topic_lists[1]) > before[1]);
	assert_int_equal(version_of(b, topic_lists[2]), before[2]);
}

/* The first host looks, and a second passes. */
static void
look(struct bench *b)
{
	struct op op = stream_bench_op(&b->base);

	assert_int_equal(topic_tick(&b->base.server[0], &op), RC_OK);
	fake_clock_advance(&b->base.clock, 1000);
}

static void
nothing_is_read_where_nothing_is_new(void **state)
{
	struct bench *b = *state;
	struct changing *c = &b->tools[0];
	int views;

	c->base.ops = &numbered_ops;
	look(b);
	views = c->views;
	assert_true(views > 0);
	for (int i = 0; i < 10; i++)
		look(b);
	assert_int_equal(c->views, views);
	c->version++;
	look(b);
	look(b);
	assert_true(c->views > views);
	/* Another store knows nothing yet. */
	views = c->views;
	b->base.server[0].keys.incarnation++;
	look(b);
	assert_true(c->views > views);
}

static void
an_edit_is_told_when_all_processes_of_the_host_show_it(void **state)
{
	struct bench *b = *state;
	struct changing *c = &b->tools[0];
	int64_t before;

	c->base.ops = &numbered_ops;
	look(b);
	before = version_of(b, SLICE(TOPIC_TOOLS));
	edit(b, 0, "{1}");
	c->version++;
	look(b);
	assert_int_equal(version_of(b, SLICE(TOPIC_TOOLS)), before);
	look(b);
	assert_true(version_of(b, SLICE(TOPIC_TOOLS)) > before);
	/* Not put off for ever by the next one. */
	before = version_of(b, SLICE(TOPIC_TOOLS));
	for (int i = 0; i < 6; i++) {
		edit(b, 0, i % 2 == 0 ? "{2}" : "{3}");
		c->version++;
		look(b);
	}
	assert_true(version_of(b, SLICE(TOPIC_TOOLS)) > before);
}

static void
what_the_store_did_not_take_is_read_again_though_it_is_not_new(void **state)
{
	struct bench *b = *state;
	struct changing *c = &b->tools[0];
	struct op op = stream_bench_op(&b->base);
	int64_t before;

	c->base.ops = &numbered_ops;
	look(b);
	before = version_of(b, SLICE(TOPIC_TOOLS));
	edit(b, 0, "{1}");
	c->version++;
	look(b);
	b->base.is_down = true;
	assert_int_equal(topic_tick(&b->base.server[0], &op), RC_BUSY);
	b->base.is_down = false;
	fake_clock_advance(&b->base.clock, 1000);
	look(b);
	assert_true(version_of(b, SLICE(TOPIC_TOOLS)) > before);
}

static void
resources_that_were_seen_to_change_are_told_of(void **state)
{
	static const char large[TOPIC_URI_MAX + 1];
	struct bench *b = *state;
	struct changing *c = &b->tools[0];
	int64_t first;

	c->base.ops = &watching_ops;
	c->changed[0] = (struct slice){ large, sizeof(large) };
	c->changed[1] = SLICE("x:y");
	look(b);
	first = version_of(b, SLICE("resource:x:y"));
	assert_true(first > 0);
	look(b);
	assert_int_equal(version_of(b, SLICE("resource:x:y")), first);
	c->changed[0] = SLICE("x:y");
	look(b);
	assert_true(version_of(b, SLICE("resource:x:y")) > first);
	assert_int_equal(c->watches, 3);
}

static void
a_change_that_the_store_did_not_take_is_told_later(void **state)
{
	struct bench *b = *state;
	struct changing *c = &b->tools[0];
	struct op op = stream_bench_op(&b->base);
	int64_t first;

	c->base.ops = &watching_ops;
	look(b);
	c->changed[0] = SLICE("x:y");
	c->changed[1] = SLICE("x:z");
	b->base.is_down = true;
	assert_int_equal(topic_tick(&b->base.server[0], &op), RC_BUSY);
	b->base.is_down = false;
	fake_clock_advance(&b->base.clock, 1000);
	assert_int_equal(version_of(b, SLICE("resource:x:y")), 0);
	look(b);
	first = version_of(b, SLICE("resource:x:y"));
	assert_true(first > 0);
	assert_true(version_of(b, SLICE("resource:x:z")) > first);
	/* Once. */
	look(b);
	assert_int_equal(version_of(b, SLICE("resource:x:y")), first);
}

static void
many_changes_are_told_in_several_looks(void **state)
{
	struct bench *b = *state;
	struct changing *c = &b->tools[0];
	struct op op = stream_bench_op(&b->base);
	int64_t first;

	c->base.ops = &watching_ops;
	c->slow = &b->base.clock;
	c->changed[0] = SLICE("x:y");
	c->changed[1] = SLICE("x:z");
	assert_int_equal(topic_tick(&b->base.server[0], &op), RC_OK);
	first = version_of(b, SLICE("resource:x:y"));
	assert_true(first > 0);
	assert_int_equal(version_of(b, SLICE("resource:x:z")), 0);
	fake_clock_advance(&b->base.clock, 1000);
	assert_int_equal(topic_tick(&b->base.server[0], &op), RC_OK);
	assert_true(version_of(b, SLICE("resource:x:z")) > first);
	assert_int_equal(version_of(b, SLICE("resource:x:y")), first);
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
		CASE(each_list_has_a_topic_of_its_own),
		CASE(what_moves_from_one_list_to_another_is_seen_in_both),
		CASE(an_edit_is_told_when_all_processes_of_the_host_show_it),
		CASE(nothing_is_read_where_nothing_is_new),
		CASE(
		    what_the_store_did_not_take_is_read_again_though_it_is_not_new),
		CASE(resources_that_were_seen_to_change_are_told_of),
		CASE(a_change_that_the_store_did_not_take_is_told_later),
		CASE(many_changes_are_told_in_several_looks),
		CASE(each_topic_has_its_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
