/* Whose rights the routines have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_depends_on_the_account_that_made_it),
	};
	int failed;

	if (!store_remote_init(&remote, "mariadb://"))
		return 77;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	store_remote_release(&remote);
	return failed;
}
