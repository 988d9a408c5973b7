/* What an SQLite store does about a full disk. */
#define _GNU_SOURCE /* unshare(2), for a small disk of our own */

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_file.h"

/* A disk of 4 MiB on the scratch folder, which nobody else sees. */
static bool
has_small_disk(struct store_file *f)
{
	return unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("none", f->scratch.folder, "tmpfs", 0, "size=4m") == 0;
}

static void
fill_disk(const char *path)
{
	static const char block[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	(void)close(fd);
}

static void
a_full_disk_changes_nothing_and_the_ballast_lets_sessions_end(void **state)
{
	const struct sweep_rules none = { .limit = 100 };
	struct store_file *f = *state;
	struct sweep_done done;
	char filler[256];
	uint32_t ended = 0;
	enum rc rc;

	if (!has_small_disk(f)) {
		print_message("no right to mount a small disk\n");
		skip();
	}
	(void)store_file_beside(f, "-filler", filler, sizeof(filler));
	f->options.ballast = (int64_t)1024 * 1024;
	assert_int_equal(store_file_open(f), RC_OK);
	assert_true(store_file_exists(f, "-ballast"));
	for (uint32_t n = 0; n < 20; n++)
		assert_int_equal(store_file_put(f, n), RC_OK);
	fill_disk(filler);
	/* Refused before anything is tried: the ballast is for ends. */
	assert_int_equal(store_file_put(f, 100), RC_FULL);
	assert_int_equal(store_file_get(f, 100), RC_NOTFOUND);
	assert_true(store_file_exists(f, "-ballast"));
	/* Ends go on until the log cannot grow. */
	do
		rc = store_file_end(f, ended++);
	while (rc == RC_OK && ended < 20);
	assert_int_equal(rc, RC_FULL);
	assert_false(store_file_exists(f, "-ballast"));
	assert_int_equal(store_file_get(f, ended - 1), RC_OK);
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
	for (uint32_t n = ended - 1; n < 20; n++)
		assert_int_equal(store_file_end(f, n), RC_OK);
	/* No ballast as long as there is no room for two. */
	assert_int_equal(
	    f->store->ops->sweep(f->store, &f->op, &none, &done), RC_OK);
	assert_false(store_file_exists(f, "-ballast"));
	assert_int_equal(unlink(filler), 0);
	assert_int_equal(
	    f->store->ops->sweep(f->store, &f->op, &none, &done), RC_OK);
	assert_true(store_file_exists(f, "-ballast"));
	assert_int_equal(store_file_put(f, 100), RC_OK);
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
	store_file_close(f);
	(void)umount2(f->scratch.folder, MNT_DETACH);
}

static void
new_sessions_stop_before_the_disk_is_full(void **state)
{
	struct store_file *f = *state;
	enum rc rc = RC_OK;
	uint32_t n = 0;

	if (!has_small_disk(f)) {
		print_message("no right to mount a small disk\n");
		skip();
	}
	assert_int_equal(store_file_open(f), RC_OK);
	f->op.relaxed = true;
	while (rc == RC_OK && n < 100000)
		rc = store_file_put(f, n++);
	assert_int_equal(rc, RC_FULL);
	assert_int_equal(store_file_get(f, n - 1), RC_NOTFOUND);
	assert_int_equal(store_file_get(f, n - 2), RC_OK);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(store_file_end(f, i), RC_OK);
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
	store_file_close(f);
	(void)umount2(f->scratch.folder, MNT_DETACH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_FILE_TEST(
		    a_full_disk_changes_nothing_and_the_ballast_lets_sessions_end),
		STORE_FILE_TEST(new_sessions_stop_before_the_disk_is_full),
	};

	return cmocka_run_group_tests_name(
	    "store_sqlite and its disk", tests, NULL, NULL);
}
