/* Several at the same sessions of a store in MariaDB. */
#include "store_races.h"

int
main(void)
{
	struct store_remote remote;
	int failed;

	if (!store_remote_init(&remote, "mariadb://"))
		return 77;
	failed = store_races_run(&remote, "races in MariaDB");
	store_remote_release(&remote);
	return failed;
}
