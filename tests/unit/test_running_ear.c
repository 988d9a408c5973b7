/* Calls that are told by a bell when to look at their rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "running_bench.h"
#include "running_words.h"

/* One test at a time. */
struct fake_ear {
	struct ear base; /* first */
	bool has_rung;
	bool is_tended;
	bool refuses;
	int64_t call;
	int listens;
	int leaves;
	int heard;
};

static struct fake_ear *
fake_of(struct ear *ear)
{
	return (struct fake_ear *)(void *)ear;
}

static enum rc
ear_listen(struct ear *ear, int64_t call, int64_t stream)
{
	struct fake_ear *f = fake_of(ear);

	assert_true(stream != 0);
	f->call = call;
	f->listens++;
	return f->refuses ? RC_IO : RC_OK;
}

static bool
ear_heard(struct ear *ear)
{
	struct fake_ear *f = fake_of(ear);
	bool rang = f->has_rung;

	assert_int_equal(f->listens, f->leaves + 1);
	f->has_rung = false;
	f->heard += rang;
	return rang;
}

static bool
ear_is_tended(struct ear *ear)
{
	return fake_of(ear)->is_tended;
}

static int
ear_descriptor(struct ear *ear)
{
	(void)ear;
	return -1;
}

static void
ear_leave(struct ear *ear)
{
	fake_of(ear)->leaves++;
}

static const struct ear_ops ear_ops = { .listen = ear_listen,
	.heard = ear_heard,
	.is_tended = ear_is_tended,
	.descriptor = ear_descriptor,
	.leave = ear_leave };

static enum tool_done
ten_seconds(struct running_bench *b, struct tool_call *call)
{
	b->flag = call->env->wait(call, 10000);
	return running_bench_done(call);
}

static void
begin(struct running_bench *b, struct fake_ear *ear)
{
	b->tool = ten_seconds;
	b->here.ear = &ear->base;
	running_bench_open(b, "2025-11-25", "{}");
	b->store.calls[STORE_CALL_LOOK] = 0;
}

static long
looks(const struct running_bench *b)
{
	return (long)b->store.calls[STORE_CALL_LOOK];
}

static void
who_is_told_looks_seldom(void **state)
{
	struct running_bench *b = *state;
	struct fake_ear ear = { { &ear_ops }, .is_tended = true };

	begin(b, &ear);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_int_equal(ear.call, 1);
	assert_int_equal(ear.listens, 1);
	assert_int_equal(ear.leaves, 1);
	/* Twenty a second for half of one, and then hardly any. */
	assert_in_range(looks(b), 8, 15);
}

static void
where_nobody_rings_it_looks_ten_times_a_second(void **state)
{
	static const bool refuses[] = { false, true };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct running_bench *b = running_bench_new();
		struct fake_ear ear = { { &ear_ops }, .refuses = refuses[i] };

		begin(b, &ear);
		assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
		assert_int_equal(ear.listens, 1);
		assert_int_equal(ear.leaves, refuses[i] ? 0 : 1);
		assert_in_range(looks(b), 80, 115);
		running_bench_free(b);
	}
}

static void
ring(struct running_bench *b)
{
	fake_of(b->here.ear)->has_rung = true;
}

static void
cancel_and_ring(struct running_bench *b)
{
	running_bench_cancel(b);
	ring(b);
}

static void
a_ring_is_obeyed_at_once(void **state)
{
	struct running_bench *b = *state;
	struct fake_ear ear = { { &ear_ops }, .is_tended = true };

	begin(b, &ear);
	running_bench_at(b, 2000, ring);
	running_bench_at(b, 3000, cancel_and_ring);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_true(b->flag);
	assert_int_equal(ear.heard, 2);
	assert_in_range(b->clock.wall - b->began, 3000, 3050);
}

static void
a_ring_that_was_lost_costs_time_only(void **state)
{
	struct running_bench *b = *state;
	struct fake_ear ear = { { &ear_ops }, .is_tended = true };

	begin(b, &ear);
	running_bench_at(b, 3000, running_bench_cancel);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_true(b->flag);
	assert_in_range(b->clock.wall - b->began, 3000, 6000);
}

static void
stop_ringing(struct running_bench *b)
{
	fake_of(b->here.ear)->is_tended = false;
}

static void
who_is_left_alone_looks_itself_at_once(void **state)
{
	struct running_bench *b = *state;
	struct fake_ear ear = { { &ear_ops }, .is_tended = true };

	begin(b, &ear);
	running_bench_at(b, 2000, running_bench_cancel);
	running_bench_at(b, 2500, stop_ringing);
	assert_int_equal(running_bench_call(b, "detached", ""), RC_OK);
	assert_true(b->flag);
	assert_in_range(b->clock.wall - b->began, 2500, 2600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING_TEST(who_is_told_looks_seldom),
		cmocka_unit_test(
		    where_nobody_rings_it_looks_ten_times_a_second),
		RUNNING_TEST(a_ring_is_obeyed_at_once),
		RUNNING_TEST(a_ring_that_was_lost_costs_time_only),
		RUNNING_TEST(who_is_left_alone_looks_itself_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
