#include "store_scratch.h"
#include "store_suite.h"

static enum rc
open_log(void *ctx, struct store **out)
{
	struct store_scratch *s = ctx;
	struct store_sqlite_options options;

	store_scratch_init(s);
	options = store_scratch_options(s);
	return store_scratch_open(s, &options, out);
}

static void
clear(void *ctx)
{
	store_scratch_release(ctx);
}

int
main(void)
{
	struct store_scratch scratch;
	struct store_maker maker = { "store_sqlite: calls", open_log, clear,
		&scratch };

	return store_suite_calls_run(&maker);
}
