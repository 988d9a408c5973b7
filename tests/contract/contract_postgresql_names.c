/* A store in a database of which others have a part: it uses what is its own,
 * whatever else has such a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "clock.h"
#include "store_remote.h"

static struct store_remote remote;

struct fixture {
	struct store *store;
	struct arena arena;
	struct op op;
};

/* A name that has to be quoted. */
#define APP "\"my, \"\"app\""

static int
set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .arena = ARENA_INIT(1 << 22) };
	f.op = (struct op){ .now_ms = 5000,
		.give_up_mono = clock_mono_ms(&clock_system) + 60000,
		.arena = &f.arena };
	*state = &f;
	(void)store_remote_text(&remote,
	    "DROP SCHEMA IF EXISTS public CASCADE;"
	    "DROP SCHEMA IF EXISTS " APP " CASCADE;"
	    "CREATE SCHEMA public; CREATE SCHEMA " APP);
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->store != NULL)
		f->store->ops->close(f->store);
	arena_release(&f->arena);
	(void)store_remote_text(&remote,
	    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET search_path',"
	    " current_database()); END $$");
	return 0;
}

static void
set_path(const char *format)
{
	char sql[512];

	(void)snprintf(sql, sizeof(sql),
	    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET search_path"
	    " = %s', current_database()); END $$",
	    format);
	(void)store_remote_text(&remote, sql);
}

/* Something that leaves a signal, and so calls other routines. */
static void
use(struct fixture *f, uint32_t n)
{
	const struct session_row row = store_row(n, 1, 2000);
	int64_t id = 0;

	assert_int_equal(f->store->ops->session_put(
			     f->store, &f->op, &row, &store_no_caps, &id),
	    RC_OK);
	assert_int_equal(
	    f->store->ops->session_end(f->store, &f->op, &row.key, END_DELETED),
	    RC_OK);
}

static int64_t
is_in(const char *schema)
{
	char sql[512];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM pg_class c JOIN pg_namespace n"
	    " ON n.oid = c.relnamespace WHERE n.nspname = '%s'"
	    " AND c.relname = 'mcp_meta'",
	    schema);
	return store_remote_text(&remote, sql);
}

static void
a_function_of_others_is_not_called_even_if_it_fits_better(void **state)
{
	struct fixture *f = *state;

	set_path(APP ", public");
	(void)store_remote_text(&remote,
	    "CREATE FUNCTION public.mcp_notice(bigint, bigint, integer,"
	    " integer, integer) RETURNS void LANGUAGE plpgsql AS"
	    " $$ BEGIN RAISE EXCEPTION 'with your rights'; END $$");
	assert_int_equal(store_remote_open(&remote, true, &f->store), RC_OK);
	assert_int_equal(is_in("my, \"app"), 1);
	use(f, 1);
}

static void
a_schema_made_later_does_not_hide_the_store(void **state)
{
	struct fixture *f = *state;

	set_path(APP ", public");
	(void)store_remote_text(&remote, "DROP SCHEMA " APP);
	assert_int_equal(store_remote_open(&remote, true, &f->store), RC_OK);
	assert_int_equal(is_in("public"), 1);
	(void)store_remote_text(&remote, "CREATE SCHEMA " APP);
	/* As if the next release came. */
	(void)store_remote_text(&remote,
	    "DROP TABLE mcp_nonce; UPDATE mcp_meta SET v = 0"
	    " WHERE k = 'schema'");
	f->store->ops->close(f->store);
	f->store = NULL;
	assert_int_equal(store_remote_open(&remote, true, &f->store), RC_OK);
	use(f, 1);
	assert_int_equal(
	    store_remote_text(&remote, "SELECT count(*) FROM mcp_nonce"), 0);
	assert_int_equal(
	    store_remote_text(&remote,
		"SELECT count(*) FROM pg_class c JOIN pg_namespace n"
		" ON n.oid = c.relnamespace WHERE n.nspname LIKE 'my,%'"),
	    0);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_function_of_others_is_not_called_even_if_it_fits_better),
		CASE(a_schema_made_later_does_not_hide_the_store),
	};
	int failed;

	if (!store_remote_init(&remote, "postgresql://"))
		return 77;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	store_remote_release(&remote);
	return failed;
}
