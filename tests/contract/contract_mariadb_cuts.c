/* The same while connections break all the time: what is tried again must not
 * be done twice. */
#include "store_remote.h"

int
main(void)
{
	struct store_remote remote;
	struct cut_proxy proxy;
	int failed;

	if (!store_remote_init(&remote, "mariadb://"))
		return 77;
	store_remote_proxy(&remote, &proxy, cut_is_mariadb_run);
	failed = store_remote_suites_cut(&remote, "store in MariaDB, cut off");
	cut_proxy_stop(&proxy);
	store_remote_release(&remote);
	return failed;
}
