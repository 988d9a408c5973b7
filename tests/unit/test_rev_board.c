#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_clock.h"
#include "rev_board.h"
#include "scratch_folder.h"

struct bench {
	struct scratch_folder folder;
	struct fake_clock clock;
	struct rev_board *writer;
	struct rev_board *reader;
	int64_t rev[STORE_SHARDS];
	char file[256];
};

static int64_t
now_of(const struct bench *b)
{
	return b->clock.mono / 1000;
}

static struct rev_board *
open_board(struct bench *b)
{
	struct rev_board *board;

	assert_int_equal(
	    rev_board_open(b->folder.path, &b->clock.clock, &board), RC_OK);
	return board;
}

static int
setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	char path[256];

	if (b == NULL)
		return -1;
	scratch_folder_init(&b->folder);
	(void)snprintf(path, sizeof(path), "%s/run", b->folder.path);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(b->file, sizeof(b->file), "%s/run/revs", b->folder.path);
	fake_clock_init(&b->clock, 1000);
	b->writer = open_board(b);
	b->reader = open_board(b);
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	rev_board_free(b->writer);
	rev_board_free(b->reader);
	scratch_folder_release(&b->folder);
	free(b);
	return 0;
}

static void
publish(struct bench *b, struct rev_board *board, int64_t t0, int64_t rev)
{
	for (size_t i = 0; i < STORE_SHARDS; i++)
		b->rev[i] = rev + (int64_t)i;
	assert_int_equal(rev_board_publish(board, t0, 7, b->rev), RC_OK);
}

static bool
read_shard(struct rev_board *board, size_t shard, struct cache_rev *rev)
{
	struct cache_revs *revs = rev_board_revs(board);

	return revs->get(revs, shard, rev);
}

static void
expect(struct bench *b, struct rev_board *board, int64_t t0, int64_t rev)
{
	static const size_t shards[] = { 0, 1, 100, STORE_SHARDS - 1 };

	(void)b;
	for (size_t i = 0; i < 4; i++) {
		struct cache_rev found = { 0 };

		assert_true(read_shard(board, shards[i], &found));
		assert_int_equal(found.t0_mono, t0);
		assert_int_equal(found.incarnation, 7);
		assert_int_equal(found.rev, rev + (int64_t)shards[i]);
	}
}

static void
what_is_published_is_read(void **state)
{
	struct bench *b = *state;
	struct stat st;

	publish(b, b->writer, now_of(b), 5);
	expect(b, b->reader, now_of(b), 5);
	expect(b, b->writer, now_of(b), 5);
	assert_int_equal(stat(b->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void
without_a_file_nothing_is_known(void **state)
{
	struct bench *b = *state;
	struct cache_rev rev;

	assert_false(read_shard(b->reader, 0, &rev));
	publish(b, b->writer, now_of(b), 5);
	/* It is not looked for at every read. */
	assert_false(read_shard(b->reader, 0, &rev));
	fake_clock_advance(&b->clock, 100);
	expect(b, b->reader, now_of(b) - 100, 5);
}

static void
the_later_reading_stays(void **state)
{
	struct bench *b = *state;
	struct rev_board *other = open_board(b);
	int64_t now = now_of(b);

	publish(b, b->writer, now, 5);
	publish(b, other, now - 1, 4);
	expect(b, b->reader, now, 5);
	fake_clock_advance(&b->clock, 1);
	publish(b, other, now + 1, 6);
	expect(b, b->reader, now + 1, 6);
	rev_board_free(other);
}

static void
a_reading_of_the_future_does_not_stay(void **state)
{
	struct bench *b = *state;

	publish(b, b->writer, now_of(b) + 1000000, 9);
	publish(b, b->writer, now_of(b), 5);
	expect(b, b->reader, now_of(b), 5);
}

/* Overwrite a piece of the file. */
static void
overwrite(const struct bench *b, long at, const void *bytes, size_t n)
{
	FILE *f = fopen(b->file, "r+e");

	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* The file as another boot, or another program, left it. */
static void
a_file_of_another_boot_is_nothing_and_is_replaced(void **state)
{
	static const long places[] = { 0, 8, 30 };
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct rev_board *late;
		struct cache_rev rev;

		publish(b, b->writer, now_of(b), 5);
		overwrite(b, places[i], "?", 1);
		late = open_board(b);
		assert_false(read_shard(late, 0, &rev));
		rev_board_free(late);
		late = open_board(b);
		fake_clock_advance(&b->clock, 1);
		publish(b, late, now_of(b), 6);
		fake_clock_advance(&b->clock, 1000);
		/* Who had the old one finds the new one. */
		publish(b, b->writer, now_of(b), 7);
		expect(b, b->reader, now_of(b), 7);
		expect(b, late, now_of(b), 7);
		rev_board_free(late);
	}
}

static void
a_file_of_another_size_is_nothing_and_is_replaced(void **state)
{
	struct bench *b = *state;
	FILE *f = fopen(b->file, "we");
	struct cache_rev rev;

	assert_non_null(f);
	assert_int_equal(fputs("short", f) >= 0, 1);
	assert_int_equal(fclose(f), 0);
	assert_false(read_shard(b->reader, 0, &rev));
	publish(b, b->writer, now_of(b), 5);
	fake_clock_advance(&b->clock, 100);
	expect(b, b->reader, now_of(b) - 100, 5);
}

static void
what_was_left_half_written_is_nothing_until_it_is_written_again(void **state)
{
	const long turn_at = 48; /* behind the magic and the boot */
	const unsigned char odd[8] = { 3 };
	struct bench *b = *state;
	struct cache_rev rev;

	publish(b, b->writer, now_of(b), 5);
	expect(b, b->reader, now_of(b), 5);
	overwrite(b, turn_at, odd, sizeof(odd));
	assert_false(read_shard(b->reader, 0, &rev));
	/* Even one that began before it. */
	publish(b, b->writer, now_of(b) - 1, 4);
	fake_clock_advance(&b->clock, 100);
	expect(b, b->reader, now_of(b) - 101, 4);
}

enum { READS = 200000 };

/* Publish vectors whose entries all agree with their t0. */
static int
write_many(struct bench *b, const int *stop)
{
	struct rev_board *board = open_board(b);
	char byte;

	for (int64_t t = 1;; t++) {
		for (size_t i = 0; i < STORE_SHARDS; i++)
			b->rev[i] = t;
		if (rev_board_publish(board, t, (uint32_t)t, b->rev) != RC_OK)
			return 1;
		if (t % 64 == 0 && read(stop[0], &byte, 1) == 0)
			break;
	}
	rev_board_free(board);
	return 0;
}

static void
nobody_reads_a_mixture_while_two_write(void **state)
{
	struct bench *b = *state;
	struct cache_rev rev;
	int stop[2], status, whole = 0;
	pid_t pid[2];

	b->clock.mono = INT64_C(1) << 50;
	assert_int_equal(pipe(stop), 0);
	assert_int_equal(fcntl(stop[0], F_SETFL, O_NONBLOCK), 0);
	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0) {
			(void)close(stop[1]);
			_exit(write_many(b, stop));
		}
	}
	for (int i = 0; i < READS || whole < 1000; i++) {
		b->clock.mono += 1000;
		if (!read_shard(b->reader, (size_t)i % STORE_SHARDS, &rev))
			continue;
		if (rev.t0_mono == 0)
			continue; /* just made */
		whole++;
		assert_int_equal(rev.rev, rev.t0_mono);
		assert_int_equal(rev.incarnation, (uint32_t)rev.t0_mono);
	}
	(void)close(stop[1]);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	(void)close(stop[0]);
}

int
main(void)
{
#define BOARD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		BOARD_TEST(what_is_published_is_read),
		BOARD_TEST(without_a_file_nothing_is_known),
		BOARD_TEST(the_later_reading_stays),
		BOARD_TEST(a_reading_of_the_future_does_not_stay),
		BOARD_TEST(a_file_of_another_boot_is_nothing_and_is_replaced),
		BOARD_TEST(a_file_of_another_size_is_nothing_and_is_replaced),
		BOARD_TEST(
		    what_was_left_half_written_is_nothing_until_it_is_written_again),
		BOARD_TEST(nobody_reads_a_mixture_while_two_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
