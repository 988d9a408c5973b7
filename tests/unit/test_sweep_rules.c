#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wiring.h"

#define NOW_MS INT64_C(1750000000000)
#define KEEP_MS 60000
#define TEN_MINUTES_MS 600000

struct row {
	const char *url;
	int64_t age_ms; /* of streams that may go */
};

/* One machine has one clock. */
static const struct row rows[] = { { "sqlite:///a/b", KEEP_MS },
	{ "postgresql://a/b", KEEP_MS + TEN_MINUTES_MS },
	{ "mariadb://a/b", KEEP_MS + TEN_MINUTES_MS } };

static void
what_is_kept_is_kept_though_a_clock_is_ten_minutes_ahead(void **state)
{
	char url[32];
	const struct config config = { .store_url = url,
		.stream_keep_ms = KEEP_MS };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sweep_rules rules;

		(void)snprintf(url, sizeof(url), "%s", rows[i].url);
		rules = wiring_sweep_rules(&config, NOW_MS, 1);
		assert_int_equal(NOW_MS - rules.streams_before, rows[i].age_ms);
	}
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
