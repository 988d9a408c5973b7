/* Several at the same sessions of a store in PostgreSQL. */
#include "store_races.h"

int
main(void)
{
	struct store_remote remote;
	int failed;

	if (!store_remote_init(&remote, "postgresql://"))
		return 77;
	failed = store_races_run(&remote, "races in PostgreSQL");
	store_remote_release(&remote);
	return failed;
}
