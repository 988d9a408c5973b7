/* Sessions of an SQLite store, on a disk of the usual kind. */
#include "store_scratch.h"
#include "store_suite.h"

static enum rc
open_in(struct store_scratch *s, bool allow_network_fs, struct store **out)
{
	struct store_sqlite_options options;

	store_scratch_init(s);
	options = store_scratch_options(s);
	options.allow_network_fs = allow_network_fs;
	return store_scratch_open(s, &options, out);
}

static enum rc
open_log(void *ctx, struct store **out)
{
	return open_in(ctx, false, out);
}

/* As on a network file system, with a rollback journal. */
static enum rc
open_journal(void *ctx, struct store **out)
{
	return open_in(ctx, true, out);
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
	struct store_maker log = { "store_sqlite", open_log, clear, &scratch };
	struct store_maker journal = { "store_sqlite with a rollback journal",
		open_journal, clear, &scratch };

	return store_suite_run(&log) + store_suite_run(&journal);
}
