#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "breaker.h"
#include "counted_rng.h"

/* Chance that always says this. */
static enum rc
fill(void *ctx, void *bytes, size_t n)
{
	const uint32_t *says = ctx;

	if (n != sizeof(*says))
		return RC_IO;
	memcpy(bytes, says, n);
	return RC_OK;
}

static void
a_server_is_asked_until_it_fails(void **state)
{
	struct breaker b = { 0 };

	(void)state;
	for (int64_t now = 0; now < 5000; now += 7) {
		assert_true(breaker_lets(&b, now));
		breaker_works(&b);
	}
}

static void
after_one_failure_it_is_left_alone_for_the_pause(void **state)
{
	static const struct {
		uint32_t chance;
		int64_t pause;
	} rows[] = { { 0, 400 }, { 1, 401 }, { 100, 500 }, { 200, 600 },
		{ 201, 400 }, { UINT32_MAX, 400 + UINT32_MAX % 201 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t chance = rows[i].chance;
		const struct rng rng = { fill, &chance };
		struct breaker b = { 0 };

		breaker_fails(&b, &rng, 1000);
		assert_false(breaker_lets(&b, 1000));
		assert_false(breaker_lets(&b, 1000 + rows[i].pause - 1));
		assert_true(breaker_lets(&b, 1000 + rows[i].pause));
	}
}

static void
a_probe_that_fails_begins_the_pause_anew(void **state)
{
	uint32_t chance = 100;
	const struct rng rng = { fill, &chance };
	struct breaker b = { 0 };

	(void)state;
	breaker_fails(&b, &rng, 1000);
	assert_true(breaker_lets(&b, 1500));
	breaker_fails(&b, &rng, 1520);
	assert_false(breaker_lets(&b, 2019));
	assert_true(breaker_lets(&b, 2020));
}

static void
a_probe_that_works_ends_it(void **state)
{
	uint32_t chance = 0;
	const struct rng rng = { fill, &chance };
	struct breaker b = { 0 };

	(void)state;
	breaker_fails(&b, &rng, 1000);
	breaker_works(&b);
	assert_true(breaker_lets(&b, 1001));
}

static void
without_chance_the_pause_has_its_mean(void **state)
{
	struct counted_rng rng;
	struct breaker b = { 0 };

	(void)state;
	counted_rng_init(&rng, 1);
	rng.broken = true;
	breaker_fails(&b, &rng.rng, 0);
	assert_false(breaker_lets(&b, 499));
	assert_true(breaker_lets(&b, 500));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_is_asked_until_it_fails),
		cmocka_unit_test(
		    after_one_failure_it_is_left_alone_for_the_pause),
		cmocka_unit_test(a_probe_that_fails_begins_the_pause_anew),
		cmocka_unit_test(a_probe_that_works_ends_it),
		cmocka_unit_test(without_chance_the_pause_has_its_mean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
