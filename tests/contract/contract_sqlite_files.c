/* What an SQLite store does about its files. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "migrate.h"
#include "store_file.h"

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
	struct store_file *f = *state;

	f->options.ballast = 65536;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		const mode_t before = umask(masks[i]);
		enum rc rc = store_file_open(f);

		if (rc == RC_OK)
			rc = store_file_put(f, 1);
		(void)umask(before);
		assert_int_equal(rc, RC_OK);
		for (size_t j = 0; j < sizeof(tails) / sizeof(tails[0]); j++) {
			char path[256];
			struct stat st;

			if (!store_file_exists(f, tails[j]) &&
			    sqlite3_libversion_number() >= 3051003)
				continue;
			assert_int_equal(stat(store_file_beside(f, tails[j],
						  path, sizeof(path)),
					     &st),
			    0);
			assert_int_equal(st.st_mode & 07777, 0600);
		}
		store_file_close(f);
		for (size_t j = 0; j < sizeof(tails) / sizeof(tails[0]); j++) {
			char path[256];

			(void)unlink(
			    store_file_beside(f, tails[j], path, sizeof(path)));
		}
	}
}

static void
no_descriptor_survives_exec(void **state)
{
	struct store_file *f = *state;
	bool before[100];

	for (int fd = 0; fd < 100; fd++)
		before[fd] = fcntl(fd, F_GETFD) >= 0;
	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 1), RC_OK);
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
	struct store_file *f = *state;
	const int before = count_descriptors();

	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 1), RC_OK);
	store_file_close(f);
	assert_int_equal(count_descriptors(), before);
}

static void
the_log_is_used_and_the_journal_where_it_must_be(void **state)
{
	struct store_file *f = *state;

	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 1), RC_OK);
	assert_true(store_file_exists(f, "-wal"));
	store_file_close(f);
	f->options.allow_network_fs = true;
	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 2), RC_OK);
	assert_false(store_file_exists(f, "-wal"));
	assert_int_equal(store_file_get(f, 1), RC_OK);
	store_file_close(f);
	f->options.allow_network_fs = false;
	assert_int_equal(store_file_open(f), RC_OK);
	assert_true(store_file_exists(f, "-wal"));
	assert_int_equal(store_file_get(f, 2), RC_OK);
}

static void
what_is_missing_is_made_only_if_asked(void **state)
{
	struct store_file *f = *state;

	f->options.create = false;
	assert_int_equal(store_file_open(f), RC_NOTFOUND);
	assert_true(f->scratch.why.len > 0);
	assert_false(store_file_exists(f, ""));
	assert_false(store_file_exists(f, "-lock"));
	/* Whoever made it and died has left an empty file: that is a store. */
	write_file(f->scratch.file, "");
	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 1), RC_OK);
}

static void
what_is_no_store_is_refused_and_left_alone(void **state)
{
	struct store_file *f = *state;
	char other[256];

	write_file(f->scratch.file,
	    "this is a letter to my aunt, not a database, and long enough");
	assert_int_equal(store_file_open(f), RC_IO);
	assert_true(f->scratch.why.len > 0);
	assert_int_equal(unlink(f->scratch.file), 0);

	assert_int_equal(store_file_run(f, "CREATE TABLE aunt(x)"), 0);
	assert_int_equal(store_file_open(f), RC_IO);
	assert_non_null(strstr(f->scratch.why.ptr, "another program"));
	assert_int_equal(
	    store_file_run(f, "SELECT count(*) FROM sqlite_master"), 1);

	f->options.path = f->scratch.folder;
	assert_int_equal(store_file_open(f), RC_IO);
	assert_non_null(strstr(f->scratch.why.ptr, "not a plain file"));

	(void)snprintf(
	    other, sizeof(other), "%s/no/store.db", f->scratch.folder);
	f->options.path = other;
	assert_int_equal(store_file_open(f), RC_IO);
	assert_non_null(strstr(f->scratch.why.ptr, "no such"));
}

static void
an_older_program_refuses_only_below_oldest_program(void **state)
{
	struct store_file *f = *state;

	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 1), RC_OK);
	store_file_close(f);
	(void)store_file_run(f, "UPDATE meta SET v = 9998 WHERE k = 'schema'");
	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_get(f, 1), RC_OK);
	store_file_close(f);
	(void)store_file_run(
	    f, "UPDATE meta SET v = 9998 WHERE k = 'oldest_program'");
	assert_int_equal(store_file_open(f), RC_IO);
	assert_non_null(strstr(f->scratch.why.ptr, "9998"));
	assert_int_equal(
	    store_file_run(f, "SELECT v FROM meta WHERE k = 'schema'"), 9998);
}

static void
the_schema_files_can_be_applied_again(void **state)
{
	struct store_file *f = *state;
	struct store_info before, info;

	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 1), RC_OK);
	assert_int_equal(store_file_put(f, 2), RC_OK);
	assert_int_equal(store_file_end(f, 2), RC_OK);
	assert_int_equal(f->store->ops->info(f->store, &f->op, &before), RC_OK);
	store_file_close(f);
	(void)store_file_run(f, "UPDATE meta SET v = 0 WHERE k = 'schema'");
	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
	assert_int_equal(f->store->ops->info(f->store, &f->op, &info), RC_OK);
	assert_int_equal(info.schema, migrate_newest("sqlite"));
	assert_int_equal(info.sessions_live, 1);
	assert_int_equal(info.sessions_ended, 1);
	assert_int_equal(info.incarnation, before.incarnation);
}

static void
what_ends_or_goes_raises_its_shard_and_nothing_else_does(void **state)
{
	struct store_file *f = *state;
	const struct session_change touch = { SESSION_TOUCHED, 3000 };
	const struct sweep_rules rules = {
		.idle_before = 9999, .created_before = 9999, .limit = 100
	};
	struct sweep_done done;

	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 7), RC_OK);
	assert_int_equal(
	    f->store->ops->session_set(f->store, &f->op, 1, &touch), RC_OK);
	assert_int_equal(store_file_run(f, "SELECT sum(rev) FROM rev"), 0);
	assert_int_equal(store_file_end(f, 7), RC_OK);
	assert_int_equal(
	    store_file_run(f, "SELECT rev FROM rev WHERE shard = 7"), 1);
	assert_int_equal(store_file_end(f, 7), RC_CONFLICT);
	assert_int_equal(store_file_end(f, 255), RC_OK); /* a tombstone */
	assert_int_equal(
	    store_file_run(f, "SELECT rev FROM rev WHERE shard = 255"), 1);
	assert_int_equal(
	    f->store->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	assert_int_equal(store_file_run(f, "SELECT sum(rev) FROM rev"), 4);
	assert_int_equal(
	    store_file_run(f, "SELECT count(*) FROM rev"), STORE_SHARDS);
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
	struct store_file *f = *state;

	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 1), RC_OK);
	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		(void)store_file_run(f, breaks[i]);
		assert_int_equal(f->store->ops->check(f->store, &f->op),
		    broken[i] ? RC_BUG : RC_OK);
	}
}

static void
a_file_that_moved_is_refused_and_taken_up_again(void **state)
{
	struct store_file *f = *state;
	char away[256];

	(void)store_file_beside(f, "-away", away, sizeof(away));
	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 1), RC_OK);
	assert_int_equal(rename(f->scratch.file, away), 0);
	assert_int_equal(store_file_put(f, 2), RC_IO);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(store_file_put(f, 2), RC_IO);
		assert_int_equal(store_file_get(f, 1), RC_IO);
		assert_false(store_file_exists(f, ""));
	}
	assert_int_equal(rename(away, f->scratch.file), 0);
	assert_int_equal(store_file_get(f, 1), RC_OK);
	assert_int_equal(store_file_get(f, 2), RC_NOTFOUND);
	assert_int_equal(store_file_put(f, 2), RC_OK);
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
}

static void
a_reader_notices_within_a_tenth_of_a_second(void **state)
{
	struct store_file *f = *state;

	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 1), RC_OK);
	assert_int_equal(store_file_get(f, 1), RC_OK);
	assert_int_equal(unlink(f->scratch.file), 0);
	f->now += 100;
	assert_int_equal(store_file_get(f, 1), RC_IO);
	assert_int_equal(store_file_get(f, 1), RC_IO);
	assert_int_equal(store_file_put(f, 1), RC_IO);
	assert_false(store_file_exists(f, ""));
}

static void
a_file_put_in_its_place_is_the_store(void **state)
{
	struct store_file *f = *state;
	struct store_file *other;
	void *space = NULL;
	char path[256];

	assert_int_equal(store_file_setup(&space), 0);
	other = space;
	assert_int_equal(store_file_open(other), RC_OK);
	assert_int_equal(store_file_put(other, 9), RC_OK);
	store_file_close(other);

	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 1), RC_OK);
	/* SQLite would take the former file's log for that of the new one. */
	assert_int_equal(
	    unlink(store_file_beside(f, "-wal", path, sizeof(path))), 0);
	assert_int_equal(
	    unlink(store_file_beside(f, "-shm", path, sizeof(path))), 0);
	assert_int_equal(rename(other->scratch.file, f->scratch.file), 0);
	assert_int_equal(store_file_end(f, 1), RC_IO);
	assert_int_equal(store_file_get(f, 9), RC_OK);
	assert_int_equal(store_file_get(f, 1), RC_NOTFOUND);
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
	assert_int_equal(store_file_teardown(&space), 0);
}

static void
a_lock_file_that_was_removed_is_made_again(void **state)
{
	struct store_file *f = *state;
	char path[256];

	if (sqlite3_libversion_number() >= 3051003)
		skip();
	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 1), RC_OK);
	assert_int_equal(
	    unlink(store_file_beside(f, "-lock", path, sizeof(path))), 0);
	assert_int_equal(store_file_put(f, 2), RC_OK);
	assert_true(store_file_exists(f, "-lock"));
}

static void
links_lead_to_one_lock(void **state)
{
	struct store_file *f = *state;
	char path[256];

	assert_int_equal(store_file_open(f), RC_OK);
	store_file_close(f);
	(void)store_file_beside(f, "-link", path, sizeof(path));
	assert_int_equal(symlink(f->scratch.file, path), 0);
	f->options.path = path;
	assert_int_equal(store_file_open(f), RC_OK);
	assert_int_equal(store_file_put(f, 1), RC_OK);
	assert_false(store_file_exists(f, "-link-lock"));
	assert_false(store_file_exists(f, "-link-wal"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_FILE_TEST(
		    every_file_is_the_owners_alone_whatever_the_umask),
		STORE_FILE_TEST(no_descriptor_survives_exec),
		STORE_FILE_TEST(close_gives_every_descriptor_back),
		STORE_FILE_TEST(
		    the_log_is_used_and_the_journal_where_it_must_be),
		STORE_FILE_TEST(what_is_missing_is_made_only_if_asked),
		STORE_FILE_TEST(what_is_no_store_is_refused_and_left_alone),
		STORE_FILE_TEST(
		    an_older_program_refuses_only_below_oldest_program),
		STORE_FILE_TEST(the_schema_files_can_be_applied_again),
		STORE_FILE_TEST(
		    what_ends_or_goes_raises_its_shard_and_nothing_else_does),
		STORE_FILE_TEST(a_broken_fact_is_found_by_check),
		STORE_FILE_TEST(
		    a_file_that_moved_is_refused_and_taken_up_again),
		STORE_FILE_TEST(a_reader_notices_within_a_tenth_of_a_second),
		STORE_FILE_TEST(a_file_put_in_its_place_is_the_store),
		STORE_FILE_TEST(a_lock_file_that_was_removed_is_made_again),
		STORE_FILE_TEST(links_lead_to_one_lock),
	};

	return cmocka_run_group_tests_name(
	    "store_sqlite and its files", tests, NULL, NULL);
}
