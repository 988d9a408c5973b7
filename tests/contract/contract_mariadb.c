/* What every store must do, done by one in MariaDB. */
#include "store_remote.h"

int
main(void)
{
	struct store_remote remote;
	struct store_maker maker =
	    store_remote_maker(&remote, "store in MariaDB");
	int failed;

	if (!store_remote_init(&remote, "mariadb://"))
		return 77;
	failed = store_suite_run(&maker) + store_suite_streams_run(&maker) +
	    store_suite_calls_run(&maker);
	store_remote_release(&remote);
	return failed;
}
