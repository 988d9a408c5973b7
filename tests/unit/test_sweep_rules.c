#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "wiring.h"

#define NOW_MS INT64_C(1750000000000)
#define KEEP_MS 60000
#define TEN_MINUTES_MS 600000

static int64_t
age_of_streams(char *url)
{
	const struct config config = { .store_url = url,
		.stream_keep_ms = KEEP_MS };

	return NOW_MS - wiring_sweep_rules(&config, NOW_MS, 1).streams_before;
}

static void
what_is_kept_is_kept_though_a_clock_is_ten_minutes_ahead(void **state)
{
	char file[] = "sqlite:///a/b";
	char server[] = "postgresql://a/b";
	char other[] = "mariadb://a/b";

	(void)state;
	/* One machine has one clock. */
	assert_int_equal(age_of_streams(file), KEEP_MS);
	assert_int_equal(age_of_streams(server), KEEP_MS + TEN_MINUTES_MS);
	assert_int_equal(age_of_streams(other), KEEP_MS + TEN_MINUTES_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_is_kept_is_kept_though_a_clock_is_ten_minutes_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
