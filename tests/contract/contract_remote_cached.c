/* What every store must do, done by a database server with memcached in front;
 * contract_cached.c has memcached away. */
#include <stdio.h>

#include "memcached_bench.h"
#include "store_remote.h"
#include "store_wrapped.h"

#define SKIPPED 77

int
main(void)
{
	struct memcached_bench memcached;
	struct store_remote remote;
	struct store_maker maker = store_remote_maker(&remote, "database");
	int failed;

	if (!store_remote_init(&remote, ""))
		return SKIPPED;
	if (!memcached_bench_start(&memcached)) {
		(void)printf("SKIPPED: memcached is not installed\n");
		store_remote_release(&remote);
		return SKIPPED;
	}
	failed = store_wrapped_suites(
	    "memcached, database", memcached.socket, &maker);
	memcached_bench_release(&memcached);
	store_remote_release(&remote);
	return failed;
}
