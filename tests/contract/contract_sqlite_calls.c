/* Calls, questions and tasks of an SQLite store. */
#include "store_scratch.h"
#include "store_suite.h"

int
main(void)
{
	struct store_scratch scratch;
	struct store_maker maker =
	    store_scratch_maker(&scratch, "store_sqlite: calls");

	return store_suite_calls_run(&maker);
}
