/* What every store must do, done by one in PostgreSQL. */
#include "store_remote.h"

int
main(void)
{
	struct store_remote remote;
	int failed;

	if (!store_remote_init(&remote, "postgresql://"))
		return 77;
	failed = store_remote_suites(&remote, "store in PostgreSQL");
	store_remote_release(&remote);
	return failed;
}
