/* What an SQLite store does about its files. */
#define _GNU_SOURCE /* unshare(2), for a small disk of our own */

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "migrate.h"
#include "sqlite_private.h"
#include "store_scratch.h"
#include "store_suite.h"

/* A clock that stands still until the test moves it. */
struct still {
	int64_t now;
	struct clock clock;
};

struct fixture {
	struct store_scratch scratch;
	struct still still;
	struct arena arena;
	struct op op;
	struct store_sqlite_options options;
	struct store *store;
};

static int64_t
now_of(void *ctx)
{
	return *(int64_t *)ctx;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	store_scratch_init(&f->scratch);
	f->still.now = 1000000;
	f->still.clock =
	    (struct clock){ now_of, now_of, now_of, &f->still.now };
	f->arena = ARENA_INIT((size_t)1024 * 1024);
	f->op = (struct op){
		.now_ms = 5000, .arena = &f->arena, .give_up_mono = f->still.now
	};
	f->options = store_scratch_options(&f->scratch);
	f->options.clock = &f->still.clock;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->store != NULL)
		f->store->ops->close(f->store);
	arena_release(&f->arena);
	store_scratch_release(&f->scratch);
	free(f);
	return 0;
}

static enum rc
open_store(struct fixture *f)
{
	return store_scratch_open(&f->scratch, &f->options, &f->store);
}

static void
close_store(struct fixture *f)
{
	f->store->ops->close(f->store);
	f->store = NULL;
}

static enum rc
put(struct fixture *f, uint32_t n)
{
	struct session_row row = store_row(n, 1, 2000);
	int64_t id;

	return f->store->ops->session_put(
	    f->store, &f->op, &row, &store_no_caps, &id);
}

static enum rc
get(struct fixture *f, uint32_t n)
{
	const struct session_key key = store_row(n, 1, 0).key;
	struct session_row row;

	return f->store->ops->session_get(f->store, &f->op, &key, &row, NULL);
}

static enum rc
end(struct fixture *f, uint32_t n)
{
	const struct session_key key = store_row(n, 1, 0).key;

	return f->store->ops->session_end(f->store, &f->op, &key, END_DELETED);
}

static const char *
beside(struct fixture *f, const char *tail, char *path, size_t n)
{
	(void)snprintf(path, n, "%s%s", f->scratch.file, tail);
	return path;
}

static bool
exists(struct fixture *f, const char *tail)
{
	char path[256];

	return access(beside(f, tail, path, sizeof(path)), F_OK) == 0;
}

/* Through a connection of its own: the number in the first column. */
static int64_t
raw(struct fixture *f, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int64_t n = 0;

	assert_int_equal(sqlite3_open(f->scratch.file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
every_file_is_the_owners_alone_whatever_the_umask(void **state)
{
	static const char *const tails[] = { "", "-wal", "-shm", "-lock",
		"-ballast" };
	static const mode_t masks[] = { 0, 022, 0277 };
	struct fixture *f = *state;

	f->options.ballast = 65536;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		const mode_t before = umask(masks[i]);
		enum rc rc = open_store(f);

		if (rc == RC_OK)
			rc = put(f, 1);
		(void)umask(before);
		assert_int_equal(rc, RC_OK);
		for (size_t j = 0; j < sizeof(tails) / sizeof(tails[0]); j++) {
			char path[256];
			struct stat st;

			if (!exists(f, tails[j]) &&
			    sqlite3_libversion_number() >= 3051003)
				continue;
			assert_int_equal(
			    stat(beside(f, tails[j], path, sizeof(path)), &st),
			    0);
			assert_int_equal(st.st_mode & 07777, 0600);
		}
		close_store(f);
		for (size_t j = 0; j < sizeof(tails) / sizeof(tails[0]); j++) {
			char path[256];

			(void)unlink(beside(f, tails[j], path, sizeof(path)));
		}
	}
}

static void
no_descriptor_survives_exec(void **state)
{
	struct fixture *f = *state;
	bool before[100];

	for (int fd = 0; fd < 100; fd++)
		before[fd] = fcntl(fd, F_GETFD) >= 0;
	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 1), RC_OK);
	for (int fd = 0; fd < 100; fd++) {
		const int flags = before[fd] ? -1 : fcntl(fd, F_GETFD);

		assert_true(flags < 0 || (flags & FD_CLOEXEC) != 0);
	}
}

static int
count_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 100; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void
close_gives_every_descriptor_back(void **state)
{
	struct fixture *f = *state;
	const int before = count_descriptors();

	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 1), RC_OK);
	close_store(f);
	assert_int_equal(count_descriptors(), before);
}

static void
the_log_is_used_and_the_journal_where_it_must_be(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 1), RC_OK);
	assert_true(exists(f, "-wal"));
	close_store(f);
	f->options.allow_network_fs = true;
	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 2), RC_OK);
	assert_false(exists(f, "-wal"));
	assert_int_equal(get(f, 1), RC_OK);
	close_store(f);
	f->options.allow_network_fs = false;
	assert_int_equal(open_store(f), RC_OK);
	assert_true(exists(f, "-wal"));
	assert_int_equal(get(f, 2), RC_OK);
}

static void
what_is_missing_is_made_only_if_asked(void **state)
{
	struct fixture *f = *state;

	f->options.create = false;
	assert_int_equal(open_store(f), RC_NOTFOUND);
	assert_true(f->scratch.why.len > 0);
	assert_false(exists(f, ""));
	assert_false(exists(f, "-lock"));
	/* Whoever made it and died has left an empty file: that is a store. */
	write_file(f->scratch.file, "");
	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 1), RC_OK);
}

static void
what_is_no_store_is_refused_and_left_alone(void **state)
{
	struct fixture *f = *state;
	char other[256];

	write_file(f->scratch.file,
	    "this is a letter to my aunt, not a database, and long enough");
	assert_int_equal(open_store(f), RC_IO);
	assert_true(f->scratch.why.len > 0);
	assert_int_equal(unlink(f->scratch.file), 0);

	assert_int_equal(raw(f, "CREATE TABLE aunt(x)"), 0);
	assert_int_equal(open_store(f), RC_IO);
	assert_non_null(strstr(f->scratch.why.ptr, "another program"));
	assert_int_equal(raw(f, "SELECT count(*) FROM sqlite_master"), 1);

	f->options.path = f->scratch.folder;
	assert_int_equal(open_store(f), RC_IO);
	assert_non_null(strstr(f->scratch.why.ptr, "not a plain file"));

	(void)snprintf(
	    other, sizeof(other), "%s/no/store.db", f->scratch.folder);
	f->options.path = other;
	assert_int_equal(open_store(f), RC_IO);
	assert_non_null(strstr(f->scratch.why.ptr, "no such"));
}

static void
an_older_program_refuses_only_below_oldest_program(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 1), RC_OK);
	close_store(f);
	(void)raw(f, "UPDATE meta SET v = 9998 WHERE k = 'schema'");
	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(get(f, 1), RC_OK);
	close_store(f);
	(void)raw(f, "UPDATE meta SET v = 9998 WHERE k = 'oldest_program'");
	assert_int_equal(open_store(f), RC_IO);
	assert_non_null(strstr(f->scratch.why.ptr, "9998"));
	assert_int_equal(raw(f, "SELECT v FROM meta WHERE k = 'schema'"), 9998);
}

static void
the_schema_files_can_be_applied_again(void **state)
{
	struct fixture *f = *state;
	struct store_info info;

	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 1), RC_OK);
	assert_int_equal(put(f, 2), RC_OK);
	assert_int_equal(end(f, 2), RC_OK);
	close_store(f);
	(void)raw(f, "UPDATE meta SET v = 0 WHERE k = 'schema'");
	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
	assert_int_equal(f->store->ops->info(f->store, &f->op, &info), RC_OK);
	assert_int_equal(info.schema, migrate_newest("sqlite"));
	assert_int_equal(info.sessions_live, 1);
	assert_int_equal(info.sessions_ended, 1);
	assert_int_equal(info.incarnation, 1);
}

static void
an_end_raises_its_shard_and_nothing_else_does(void **state)
{
	struct fixture *f = *state;
	const struct session_change touch = { SESSION_TOUCHED, 3000 };
	const struct sweep_rules rules = { 9999, 9999, 100 };
	struct sweep_done done;

	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 7), RC_OK);
	assert_int_equal(
	    f->store->ops->session_set(f->store, &f->op, 1, &touch), RC_OK);
	assert_int_equal(raw(f, "SELECT sum(rev) FROM rev"), 0);
	assert_int_equal(end(f, 7), RC_OK);
	assert_int_equal(raw(f, "SELECT rev FROM rev WHERE shard = 7"), 1);
	assert_int_equal(end(f, 7), RC_CONFLICT);
	assert_int_equal(end(f, 255), RC_OK); /* a tombstone */
	assert_int_equal(raw(f, "SELECT rev FROM rev WHERE shard = 255"), 1);
	assert_int_equal(
	    f->store->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	assert_int_equal(raw(f, "SELECT sum(rev) FROM rev"), 2);
	assert_int_equal(raw(f, "SELECT count(*) FROM rev"), STORE_SHARDS);
}

static void
a_broken_fact_is_found_by_check(void **state)
{
	static const char *const breaks[] = {
		"UPDATE tally SET live = live + 1",
		"UPDATE tally SET live = live - 1, last_id = 0",
		"UPDATE tally SET last_id = 99; ",
		"DELETE FROM rev WHERE shard = 3",
		"INSERT INTO rev(shard) VALUES(3)",
		"UPDATE holder SET live = 7",
		"UPDATE holder SET live = 1",
		"INSERT INTO holder VALUES(x'00', 1)",
	};
	static const bool broken[] = { true, true, false, true, false, true,
		false, true };
	struct fixture *f = *state;

	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 1), RC_OK);
	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		(void)raw(f, breaks[i]);
		assert_int_equal(f->store->ops->check(f->store, &f->op),
		    broken[i] ? RC_BUG : RC_OK);
	}
}

static void
a_file_that_moved_is_refused_and_taken_up_again(void **state)
{
	struct fixture *f = *state;
	char away[256];

	(void)beside(f, "-away", away, sizeof(away));
	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 1), RC_OK);
	assert_int_equal(rename(f->scratch.file, away), 0);
	assert_int_equal(put(f, 2), RC_IO);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(put(f, 2), RC_IO);
		assert_int_equal(get(f, 1), RC_IO);
		assert_false(exists(f, ""));
	}
	assert_int_equal(rename(away, f->scratch.file), 0);
	assert_int_equal(get(f, 1), RC_OK);
	assert_int_equal(get(f, 2), RC_NOTFOUND);
	assert_int_equal(put(f, 2), RC_OK);
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
}

static void
a_reader_notices_within_a_tenth_of_a_second(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 1), RC_OK);
	assert_int_equal(get(f, 1), RC_OK);
	assert_int_equal(unlink(f->scratch.file), 0);
	f->still.now += 100;
	assert_int_equal(get(f, 1), RC_IO);
	assert_int_equal(get(f, 1), RC_IO);
	assert_int_equal(put(f, 1), RC_IO);
	assert_false(exists(f, ""));
}

static void
a_file_put_in_its_place_is_the_store(void **state)
{
	struct fixture *f = *state;
	struct fixture *other;
	void *space = NULL;
	char path[256];

	assert_int_equal(setup(&space), 0);
	other = space;
	assert_int_equal(open_store(other), RC_OK);
	assert_int_equal(put(other, 9), RC_OK);
	close_store(other);

	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 1), RC_OK);
	/* SQLite would take the former file's log for that of the new one. */
	assert_int_equal(unlink(beside(f, "-wal", path, sizeof(path))), 0);
	assert_int_equal(unlink(beside(f, "-shm", path, sizeof(path))), 0);
	assert_int_equal(rename(other->scratch.file, f->scratch.file), 0);
	assert_int_equal(end(f, 1), RC_IO);
	assert_int_equal(get(f, 9), RC_OK);
	assert_int_equal(get(f, 1), RC_NOTFOUND);
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
	assert_int_equal(teardown(&space), 0);
}

static void
a_lock_file_that_was_removed_is_made_again(void **state)
{
	struct fixture *f = *state;
	char path[256];

	if (sqlite3_libversion_number() >= 3051003)
		skip();
	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 1), RC_OK);
	assert_int_equal(unlink(beside(f, "-lock", path, sizeof(path))), 0);
	assert_int_equal(put(f, 2), RC_OK);
	assert_true(exists(f, "-lock"));
}

static void
links_lead_to_one_lock(void **state)
{
	struct fixture *f = *state;
	char path[256];

	assert_int_equal(open_store(f), RC_OK);
	close_store(f);
	(void)beside(f, "-link", path, sizeof(path));
	assert_int_equal(symlink(f->scratch.file, path), 0);
	f->options.path = path;
	assert_int_equal(open_store(f), RC_OK);
	assert_int_equal(put(f, 1), RC_OK);
	assert_false(exists(f, "-link-lock"));
	assert_false(exists(f, "-link-wal"));
}

/* --------------------------------------------------- a disk that is full */

/* A disk of 4 MiB on the scratch folder, which nobody else sees. */
static bool
has_small_disk(struct fixture *f)
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
	const struct sweep_rules none = { 0, 0, 100 };
	struct fixture *f = *state;
	struct sweep_done done;
	char filler[256];
	uint32_t ended = 0;
	enum rc rc;

	if (!has_small_disk(f)) {
		print_message("no right to mount a small disk\n");
		skip();
	}
	(void)beside(f, "-filler", filler, sizeof(filler));
	f->options.ballast = (int64_t)1024 * 1024;
	assert_int_equal(open_store(f), RC_OK);
	assert_true(exists(f, "-ballast"));
	for (uint32_t n = 0; n < 20; n++)
		assert_int_equal(put(f, n), RC_OK);
	fill_disk(filler);
	/* Refused before anything is tried: the ballast is for ends. */
	assert_int_equal(put(f, 100), RC_FULL);
	assert_int_equal(get(f, 100), RC_NOTFOUND);
	assert_true(exists(f, "-ballast"));
	/* Ends go on until the log cannot grow. */
	do
		rc = end(f, ended++);
	while (rc == RC_OK && ended < 20);
	assert_int_equal(rc, RC_FULL);
	assert_false(exists(f, "-ballast"));
	assert_int_equal(get(f, ended - 1), RC_OK);
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
	for (uint32_t n = ended - 1; n < 20; n++)
		assert_int_equal(end(f, n), RC_OK);
	/* No ballast as long as there is no room for two. */
	assert_int_equal(
	    f->store->ops->sweep(f->store, &f->op, &none, &done), RC_OK);
	assert_false(exists(f, "-ballast"));
	assert_int_equal(unlink(filler), 0);
	assert_int_equal(
	    f->store->ops->sweep(f->store, &f->op, &none, &done), RC_OK);
	assert_true(exists(f, "-ballast"));
	assert_int_equal(put(f, 100), RC_OK);
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
	close_store(f);
	(void)umount2(f->scratch.folder, MNT_DETACH);
}

static void
new_sessions_stop_before_the_disk_is_full(void **state)
{
	struct fixture *f = *state;
	enum rc rc = RC_OK;
	uint32_t n = 0;

	if (!has_small_disk(f)) {
		print_message("no right to mount a small disk\n");
		skip();
	}
	assert_int_equal(open_store(f), RC_OK);
	f->op.relaxed = true;
	while (rc == RC_OK && n < 100000)
		rc = put(f, n++);
	assert_int_equal(rc, RC_FULL);
	assert_int_equal(get(f, n - 1), RC_NOTFOUND);
	assert_int_equal(get(f, n - 2), RC_OK);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(end(f, i), RC_OK);
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
	close_store(f);
	(void)umount2(f->scratch.folder, MNT_DETACH);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_file_is_the_owners_alone_whatever_the_umask),
		CASE(no_descriptor_survives_exec),
		CASE(close_gives_every_descriptor_back),
		CASE(the_log_is_used_and_the_journal_where_it_must_be),
		CASE(what_is_missing_is_made_only_if_asked),
		CASE(what_is_no_store_is_refused_and_left_alone),
		CASE(an_older_program_refuses_only_below_oldest_program),
		CASE(the_schema_files_can_be_applied_again),
		CASE(an_end_raises_its_shard_and_nothing_else_does),
		CASE(a_broken_fact_is_found_by_check),
		CASE(a_file_that_moved_is_refused_and_taken_up_again),
		CASE(a_reader_notices_within_a_tenth_of_a_second),
		CASE(a_file_put_in_its_place_is_the_store),
		CASE(a_lock_file_that_was_removed_is_made_again),
		CASE(links_lead_to_one_lock),
		CASE(
		    a_full_disk_changes_nothing_and_the_ballast_lets_sessions_end),
		CASE(new_sessions_stop_before_the_disk_is_full),
	};

	return cmocka_run_group_tests_name(
	    "store_sqlite and its files", tests, NULL, NULL);
}
