/* What the server grants: whose rights the routines have, and how much of what
 * all connections share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "store_remote.h"

static struct store_remote remote;

/* With the account that made them they would be gone, or what was saved could
 * not be used where there is no such account. */
static void
nothing_depends_on_the_account_that_made_it(void **state)
{
	struct store *store = NULL;

	(void)state;
	assert_int_equal(store_remote_open(&remote, true, &store), RC_OK);
	store->ops->close(store);
	assert_true(store_remote_text(&remote,
			"SELECT COUNT(*) FROM information_schema.ROUTINES"
			" WHERE ROUTINE_SCHEMA = DATABASE()"
			" AND SECURITY_TYPE = 'INVOKER'") > 50);
	assert_int_equal(store_remote_text(&remote,
			     "SELECT COUNT(*) FROM information_schema.ROUTINES"
			     " WHERE ROUTINE_SCHEMA = DATABASE()"
			     " AND SECURITY_TYPE <> 'INVOKER'"),
	    0);
	assert_int_equal(store_remote_text(&remote,
			     "SELECT COUNT(*) FROM information_schema.VIEWS"
			     " WHERE TABLE_SCHEMA = DATABASE()"
			     " AND SECURITY_TYPE <> 'INVOKER'"),
	    0);
}

/* As an account that may set what holds for all. */
static enum rc
set_statements(int64_t n)
{
	const char *at = strchr(remote.url, '@');
	char url[512];
	char sql[128];
	struct store_remote root = remote;
	int64_t ignored;
	struct remote_options options = {
		.url = url, .clock = &clock_system, .log = &remote.log
	};
	enum remote_result result;
	const int64_t late = clock_mono_ms(&clock_system) + 20000;

	assert_non_null(at);
	(void)snprintf(url, sizeof(url), "mariadb://root%s", at);
	(void)snprintf(sql, sizeof(sql),
	    "SET GLOBAL max_prepared_stmt_count = %lld", (long long)n);
	assert_int_equal(
	    mariadb_engine(&options, &root.side, &remote.why), RC_OK);
	result = root.side->ops->connect(root.side, late, &remote.why);
	if (result == REMOTE_DONE)
		result = root.side->ops->text(
		    root.side, sql, late, &ignored, &remote.why);
	root.side->ops->free(root.side);
	return result == REMOTE_DONE ? RC_OK : RC_IO;
}

static enum rc
ask(struct store *store, int64_t ms)
{
	struct arena arena = ARENA_INIT(1 << 20);
	const struct op op = { .now_ms = 5000,
		.give_up_mono = clock_mono_ms(&clock_system) + ms,
		.arena = &arena };
	struct store_info info;
	enum rc rc = store->ops->info(store, &op, &info);

	arena_release(&arena);
	return rc;
}

/* Like too many connections: later there may be room. */
static void
too_much_prepared_by_all_is_busy(void **state)
{
	struct store *store = NULL;
	enum rc rc;

	(void)state;
	assert_int_equal(store_remote_open(&remote, true, &store), RC_OK);
	assert_int_equal(set_statements(0), RC_OK);
	rc = ask(store, 500);
	assert_int_equal(set_statements(16382), RC_OK);
	assert_int_equal(rc, RC_BUSY);
	while (rc == RC_BUSY)
		rc = ask(store, 20000);
	assert_int_equal(rc, RC_OK);
	store->ops->close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_depends_on_the_account_that_made_it),
		cmocka_unit_test(too_much_prepared_by_all_is_busy),
	};
	int failed;

	if (!store_remote_init(&remote, "mariadb://"))
		return 77;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	store_remote_release(&remote);
	return failed;
}
