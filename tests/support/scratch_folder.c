#define _XOPEN_SOURCE 700 /* nftw */
#include "scratch_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <ftw.h>

#include <cmocka.h>

#include "rng.h"

/* Of the tree that is removed. */
#define DEPTH_MAX 16

void
scratch_folder_init(struct scratch_folder *f)
{
	(void)snprintf(f->path, sizeof(f->path), "/tmp/mcp-test-XXXXXX");
	assert_non_null(mkdtemp(f->path));
}

static int
drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void
scratch_folder_release(struct scratch_folder *f)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	int rc = nftw(f->path, drop, DEPTH_MAX, FTW_DEPTH | FTW_PHYS);

	assert_int_equal(rc, 0);
}

struct run_dir *
scratch_folder_run_dir(const char *path)
{
	struct buf why = BUF_INIT(4096);
	struct run_dir *dir = NULL;

	assert_int_equal(run_dir_open(path, &rng_system, &dir, &why), RC_OK);
	buf_release(&why);
	return dir;
}
