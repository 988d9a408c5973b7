#include "store_mem.h"
#include "store_suite.h"

static enum rc
open_mem(void *ctx, struct store **out)
{
	(void)ctx;
	return store_mem_open(7, out);
}

static void
clear(void *ctx)
{
	(void)ctx;
}

int
main(void)
{
	struct store_maker maker = { "store_mem", open_mem, clear, NULL };

	return store_suite_run(&maker);
}
