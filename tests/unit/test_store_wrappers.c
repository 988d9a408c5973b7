/* The stores that tests put around a store do what their headers say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_clock.h"
#include "store_fault.h"
#include "store_scratch.h"
#include "store_suite.h"

/* What is wrapped. */
struct inside {
	struct fake_clock clock;
	struct store_scratch scratch;
	struct store_count count;
};

static enum rc
open_inside(struct inside *in, struct store **out)
{
	fake_clock_init(&in->clock, 1000);
	store_scratch_init_fast(&in->scratch);
	return store_scratch_fresh(&in->scratch, &in->clock.clock, 1, out);
}

static enum rc
put(struct store *store, uint32_t n)
{
	const struct op op = { .now_ms = 1 };
	const struct session_row row = store_row(n, 1, 2000);
	int64_t id;

	return store->ops->session_put(store, &op, &row, &store_no_caps, &id);
}

static int64_t
live(struct store *store)
{
	const struct op op = { .now_ms = 1 };
	struct store_info info;

	assert_int_equal(store->ops->info(store, &op, &info), RC_OK);
	return info.sessions_live;
}

static void
calls_are_counted_by_function(void **state)
{
	const struct op op = { .now_ms = 1 };
	struct store_count c;
	struct inside in;
	struct store *inner;

	(void)state;
	assert_int_equal(open_inside(&in, &inner), RC_OK);
	store_count_init(&c, inner);
	assert_int_equal(put(&c.base, 1), RC_OK);
	assert_int_equal(put(&c.base, 2), RC_OK);
	assert_int_equal(live(&c.base), 2);
	assert_int_equal(c.base.ops->check(&c.base, &op), RC_OK);
	assert_int_equal(c.calls[STORE_SESSION_PUT], 2);
	assert_int_equal(c.calls[STORE_INFO], 1);
	assert_int_equal(store_count_total(&c), 4);
	assert_int_equal(store_count_writes(&c), 2);
	c.base.ops->close(&c.base);
	store_scratch_release(&in.scratch);
}

static void
the_nth_call_fails_once_or_for_good(void **state)
{
	struct store_fault f;
	struct inside in;
	struct store *inner;

	(void)state;
	assert_int_equal(open_inside(&in, &inner), RC_OK);
	store_fault_init(&f, inner);
	assert_int_equal(put(&f.count.base, 0), RC_OK);
	store_fault_arm(&f, 1, false, RC_IO);
	assert_int_equal(put(&f.count.base, 1), RC_OK);
	assert_int_equal(put(&f.count.base, 2), RC_IO);
	assert_int_equal(put(&f.count.base, 2), RC_OK);
	assert_int_equal(store_fault_disarm(&f), 1);
	store_fault_arm(&f, 1, true, RC_BUSY);
	assert_int_equal(put(&f.count.base, 3), RC_OK);
	for (uint32_t n = 4; n < 8; n++)
		assert_int_equal(put(&f.count.base, n), RC_BUSY);
	assert_int_equal(store_fault_disarm(&f), 4);
	assert_int_equal(live(&f.count.base), 4);
	f.count.base.ops->close(&f.count.base);
	store_scratch_release(&in.scratch);
}

/* The suite over a wrapped store: nothing is lost on the way. */
static enum rc
open_wrapped(void *ctx, struct store **out)
{
	struct inside *in = ctx;
	struct store *inner;
	enum rc rc = open_inside(in, &inner);

	if (rc != RC_OK)
		return rc;
	store_count_init(&in->count, inner);
	*out = &in->count.base;
	return RC_OK;
}

static void
clear(void *ctx)
{
	struct inside *in = ctx;

	store_scratch_release(&in->scratch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_counted_by_function),
		cmocka_unit_test(the_nth_call_fails_once_or_for_good),
	};
	struct inside in;
	struct store_maker maker = { "store_count", open_wrapped, clear, &in };

	return cmocka_run_group_tests(tests, NULL, NULL) +
	    store_suite_run(&maker);
}
