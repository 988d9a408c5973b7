/* The event log of a store in this engine among several processes. */
#include "store_remote_log.h"

int
main(void)
{
	return store_remote_log_run("postgresql://", "log of postgresql");
}
