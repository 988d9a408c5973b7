#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_clock.h"
#include "record.h"
#include "stream_conn.h"
#include "stream_loop.h"

#define SLOTS 64
#define COMMENT_MS 15000
#define STALL_MS 30000
#define CROWD_MS 1000
#define MEMORY ((size_t)256 * 1024)
/* More than a socket pair takes. */
#define LARGE ((size_t)1024 * 1024)

struct bench {
	struct fake_clock clock;
	struct stream_queue *orders;
	struct stream_queue *reports;
	struct stream_loop *loop;
	atomic_size_t unsent;
	int peer[SLOTS]; /* of the connection in that slot; -1: closed */
	struct stream_message got[256]; /* reports, as they came */
	size_t n_got;
};

static struct buf
comment_record(void)
{
	struct buf b = BUF_INIT(64);

	record_put(&b, RECORD_STDOUT, 1, SLICE(":\n\n"));
	assert_int_equal(buf_finish(&b), RC_OK);
	return b;
}

static int
setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct buf comment = comment_record();
	struct stream_loop_options options;

	assert_non_null(b);
	fake_clock_init(&b->clock, 0);
	assert_int_equal(stream_queue_open(1024, &b->orders), RC_OK);
	assert_int_equal(stream_queue_open(1024, &b->reports), RC_OK);
	options = (struct stream_loop_options){ .clock = &b->clock.clock,
		.slots = SLOTS,
		.comment = buf_slice(&comment),
		.comment_ms = COMMENT_MS,
		.stall_ms = STALL_MS,
		.memory = MEMORY,
		.unsent = &b->unsent,
		.orders = b->orders,
		.reports = b->reports };
	assert_int_equal(stream_loop_open(&options, &b->loop), RC_OK);
	buf_release(&comment);
	for (size_t i = 0; i < SLOTS; i++)
		b->peer[i] = -1;
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	stream_loop_free(b->loop);
	stream_queue_free(b->orders);
	stream_queue_free(b->reports);
	for (size_t i = 0; i < SLOTS; i++) {
		if (b->peer[i] >= 0)
			(void)close(b->peer[i]);
	}
	free(b);
	return 0;
}

static void
turn(struct bench *b)
{
	(void)stream_loop_turn(b->loop, 0);
	b->n_got += stream_queue_take(b->reports, b->got + b->n_got,
	    sizeof(b->got) / sizeof(b->got[0]) - b->n_got);
}

static void
order(struct bench *b, const struct stream_message *m)
{
	if (m->chunk != NULL)
		(void)atomic_fetch_add(&b->unsent, m->chunk->len);
	assert_true(stream_queue_put(b->orders, m));
}

static void
open_slot(struct bench *b, uint32_t slot, struct slice bytes, bool is_last)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
	b->peer[slot] = fd[1];
	order(b,
	    &(struct stream_message){ .word = STREAM_OPEN,
		.slot = slot,
		.taken = { fd[0], 1 },
		.is_last = is_last,
		.chunk = stream_chunk_new(bytes) });
	turn(b);
}

static void
give(struct bench *b, uint32_t slot, struct slice bytes, bool is_last)
{
	order(b,
	    &(struct stream_message){ .word = STREAM_BYTES,
		.slot = slot,
		.is_last = is_last,
		.chunk = bytes.ptr == NULL ? NULL : stream_chunk_new(bytes) });
	turn(b);
}

static void
give_large(struct bench *b, uint32_t slot)
{
	char *bytes = calloc(1, LARGE);

	assert_non_null(bytes);
	give(b, slot, (struct slice){ bytes, LARGE }, false);
	free(bytes);
}

/* Read what is there; the number of bytes. */
static size_t
hear(struct bench *b, uint32_t slot, char *to, size_t max)
{
	char waste[4096];
	size_t total = 0;
	ssize_t n = 1;

	while (n > 0) {
		n = read(b->peer[slot], waste, sizeof(waste));
		if (n > 0 && total + (size_t)n <= max)
			memcpy(to + total, waste, (size_t)n);
		total += n > 0 ? (size_t)n : 0;
	}
	return total;
}

static bool
is_closed(struct bench *b, uint32_t slot)
{
	char waste[4096];
	ssize_t n = 1;

	while (n > 0)
		n = read(b->peer[slot], waste, sizeof(waste));
	return n == 0;
}

/* How often the peer was told of that word and slot. */
static size_t
count(const struct bench *b, enum stream_word word, uint32_t slot)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_got; i++) {
		if (b->got[i].word == word && b->got[i].slot == slot)
			n++;
	}
	return n;
}

static const struct stream_message *
closed(const struct bench *b, uint32_t slot)
{
	for (size_t i = 0; i < b->n_got; i++) {
		if (b->got[i].word == STREAM_CLOSED && b->got[i].slot == slot)
			return &b->got[i];
	}
	return NULL;
}

static void
expect_closed(struct bench *b, uint32_t slot, enum stream_why why)
{
	const struct stream_message *m = closed(b, slot);

	assert_non_null(m);
	assert_int_equal(m->why, why);
	assert_true(is_closed(b, slot));
}

static void
what_is_given_goes_out_and_is_reported(void **state)
{
	struct bench *b = *state;
	char text[16];

	open_slot(b, 3, SLICE("head"), false);
	assert_int_equal(hear(b, 3, text, sizeof(text)), 4);
	assert_memory_equal(text, "head", 4);
	assert_int_equal(count(b, STREAM_WRITTEN, 3), 1);
	give(b, 3, SLICE("event"), false);
	assert_int_equal(hear(b, 3, text, sizeof(text)), 5);
	assert_memory_equal(text, "event", 5);
	assert_int_equal(count(b, STREAM_WRITTEN, 3), 2);
	assert_int_equal(count(b, STREAM_CLOSED, 3), 0);
	assert_int_equal(atomic_load(&b->unsent), 0);
}

static void
the_last_bytes_are_followed_by_the_end(void **state)
{
	struct bench *b = *state;

	open_slot(b, 0, SLICE("whole"), true);
	expect_closed(b, 0, STREAM_ENDED);
	assert_int_equal(closed(b, 0)->number, 5);
	assert_true(closed(b, 0)->is_last);
	assert_int_equal(stream_loop_open_now(b->loop), 0);
	/* The slot may be used again. */
	b->n_got = 0;
	(void)close(b->peer[0]);
	open_slot(b, 0, SLICE("a"), false);
	give(b, 0, SLICE_NONE, true);
	expect_closed(b, 0, STREAM_ENDED);
}

static void
large_pieces_are_written_as_the_peer_takes_them(void **state)
{
	struct bench *b = *state;
	char waste[1];
	size_t got = 0;

	open_slot(b, 1, SLICE(""), false);
	b->n_got = 0;
	give_large(b, 1);
	assert_int_equal(count(b, STREAM_WRITTEN, 1), 0);
	for (int i = 0; i < 1000 && got < LARGE; i++) {
		got += hear(b, 1, waste, 0);
		turn(b);
	}
	assert_int_equal(got, LARGE);
	assert_int_equal(count(b, STREAM_WRITTEN, 1), 1);
	assert_int_equal(atomic_load(&b->unsent), 0);
}

static void
who_takes_nothing_for_too_long_is_closed(void **state)
{
	struct bench *b = *state;

	open_slot(b, 1, SLICE("a"), false);
	open_slot(b, 2, SLICE("b"), false);
	give_large(b, 1);
	fake_clock_advance(&b->clock, STALL_MS - 1);
	turn(b);
	assert_null(closed(b, 1));
	fake_clock_advance(&b->clock, 1);
	turn(b);
	expect_closed(b, 1, STREAM_SLOW);
	assert_false(closed(b, 1)->is_last);
	assert_null(closed(b, 2));
	assert_int_equal(atomic_load(&b->unsent), 0);
}

static void
taking_the_rest_in_time_is_enough(void **state)
{
	struct bench *b = *state;
	char waste[1];

	open_slot(b, 1, SLICE("a"), false);
	give_large(b, 1);
	fake_clock_advance(&b->clock, STALL_MS - 1);
	for (int i = 0; i < 1000 && count(b, STREAM_WRITTEN, 1) < 2; i++) {
		(void)hear(b, 1, waste, 0);
		turn(b);
	}
	fake_clock_advance(&b->clock, STALL_MS);
	turn(b);
	assert_null(closed(b, 1));
}

static void
too_much_unsent_closes_those_who_stall_longest(void **state)
{
	struct bench *b = *state;

	for (uint32_t slot = 0; slot < 3; slot++)
		open_slot(b, slot, SLICE("a"), false);
	give_large(b, 2);
	fake_clock_advance(&b->clock, CROWD_MS);
	turn(b);
	/* One alone may have as much as one event is. */
	assert_null(closed(b, 2));
	give_large(b, 0);
	expect_closed(b, 2, STREAM_CROWDED);
	assert_null(closed(b, 0));
	fake_clock_advance(&b->clock, CROWD_MS);
	give_large(b, 1);
	expect_closed(b, 0, STREAM_CROWDED);
	assert_null(closed(b, 1));
}

static void
who_has_just_been_given_a_large_event_may_take_it(void **state)
{
	struct bench *b = *state;
	size_t got[4] = { 0 };
	char waste[1];

	for (uint32_t slot = 0; slot < 4; slot++)
		open_slot(b, slot, SLICE("a"), false);
	for (uint32_t slot = 0; slot < 4; slot++) {
		(void)hear(b, slot, waste, 0);
		give_large(b, slot);
	}
	for (int i = 0; i < 4000; i++) {
		got[i % 4] += hear(b, (uint32_t)i % 4, waste, 0);
		turn(b);
	}
	for (uint32_t slot = 0; slot < 4; slot++) {
		assert_null(closed(b, slot));
		assert_int_equal(got[slot], LARGE);
	}
}

static void
to_be_late_is_no_reason_to_sleep(void **state)
{
	struct bench *b = *state;
	char text[STREAM_COMMENT_MAX];
	int64_t begun;

	open_slot(b, 1, SLICE("a"), false);
	(void)hear(b, 1, text, 0);
	/* The machine had other things to do. */
	fake_clock_advance(&b->clock, (int64_t)2 * COMMENT_MS);
	begun = clock_mono_ms(&clock_system);
	(void)stream_loop_turn(b->loop, 10000);
	assert_in_range(clock_mono_ms(&clock_system) - begun, 0, 5000);
	assert_true(hear(b, 1, text, sizeof(text)) > 0);
}

static void
a_peer_that_leaves_is_seen_at_once(void **state)
{
	struct bench *b = *state;

	open_slot(b, 1, SLICE("a"), false);
	open_slot(b, 2, SLICE("a"), false);
	(void)close(b->peer[1]);
	b->peer[1] = -1;
	/* Behind some web servers it closes one direction only. */
	assert_int_equal(shutdown(b->peer[2], SHUT_WR), 0);
	turn(b);
	assert_non_null(closed(b, 1));
	assert_int_equal(closed(b, 1)->why, STREAM_LEFT);
	expect_closed(b, 2, STREAM_LEFT);
	assert_int_equal(stream_loop_open_now(b->loop), 0);
}

static void
what_is_given_to_a_closed_connection_is_dropped(void **state)
{
	struct bench *b = *state;

	open_slot(b, 1, SLICE("a"), false);
	(void)close(b->peer[1]);
	b->peer[1] = -1;
	turn(b);
	give(b, 1, SLICE("event"), false);
	give(b, 1, SLICE("event"), true);
	assert_int_equal(count(b, STREAM_CLOSED, 1), 1);
	assert_int_equal(atomic_load(&b->unsent), 0);
}

static void
an_abort_ends_the_connection_and_other_words_do_not(void **state)
{
	struct bench *b = *state;
	struct buf noise = BUF_INIT(4096);

	open_slot(b, 1, SLICE("a"), false);
	record_put(&noise, RECORD_STDIN, 1, SLICE(""));
	assert_int_equal(write(b->peer[1], noise.ptr, noise.len), noise.len);
	turn(b);
	assert_null(closed(b, 1));
	buf_reset(&noise);
	record_put(&noise, RECORD_ABORT, 1, SLICE(""));
	assert_int_equal(write(b->peer[1], noise.ptr, noise.len), noise.len);
	turn(b);
	expect_closed(b, 1, STREAM_LEFT);
	buf_release(&noise);
}

static void
a_peer_that_talks_for_ever_is_closed(void **state)
{
	struct bench *b = *state;
	char noise[512] = { 0 };

	open_slot(b, 1, SLICE("a"), false);
	for (int i = 0; i < 32 && closed(b, 1) == NULL; i++) {
		(void)send(b->peer[1], noise, sizeof(noise), MSG_NOSIGNAL);
		turn(b);
	}
	assert_non_null(closed(b, 1));
}

static void
silent_connections_get_comments_spread_over_time(void **state)
{
	struct bench *b = *state;
	size_t busiest = 0;
	size_t total = 0;
	size_t each[SLOTS] = { 0 };
	char text[STREAM_COMMENT_MAX];

	for (uint32_t slot = 0; slot < SLOTS; slot++)
		open_slot(b, slot, SLICE("a"), false);
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		(void)hear(b, slot, text, 0);
	for (int ms = 0; ms < 4 * COMMENT_MS; ms += 50) {
		size_t now = 0;

		fake_clock_advance(&b->clock, 50);
		b->n_got = 0;
		turn(b);
		for (uint32_t slot = 0; slot < SLOTS; slot++) {
			size_t n = hear(b, slot, text, sizeof(text));

			assert_true(n == 0 || n == 16);
			now += n / 16;
			each[slot] += n / 16;
		}
		busiest = now > busiest ? now : busiest;
		total += now;
	}
	/* The first one after half a period to a whole one. */
	assert_in_range(total, 3 * SLOTS, 4 * SLOTS);
	for (size_t i = 0; i < SLOTS; i++)
		assert_in_range(each[i], 3, 4);
	assert_in_range(busiest, 1, SLOTS / 8);
}

static void
a_comment_is_for_the_request_of_its_connection(void **state)
{
	struct bench *b = *state;
	char bytes[STREAM_COMMENT_MAX];
	struct slice in = { bytes, 0 };
	struct record record;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	b->peer[0] = fd[1];
	assert_int_equal(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
	order(b,
	    &(struct stream_message){
		.word = STREAM_OPEN, .taken = { fd[0], 0x1234 } });
	turn(b);
	for (int i = 0; i < 200 && in.len == 0; i++) {
		fake_clock_advance(&b->clock, COMMENT_MS / 100);
		turn(b);
		in.len = hear(b, 0, bytes, sizeof(bytes));
	}
	assert_int_equal(record_take(&in, &record), RC_OK);
	assert_int_equal(record.request, 0x1234);
	assert_int_equal(record.type, RECORD_STDOUT);
}

static void
who_comes_after_a_long_silence_gets_no_comment_at_once(void **state)
{
	struct bench *b = *state;

	fake_clock_advance(&b->clock, (int64_t)100 * COMMENT_MS);
	open_slot(b, 1, SLICE("a"), false);
	turn(b);
	fake_clock_advance(&b->clock, COMMENT_MS / 3);
	turn(b);
	assert_int_equal(hear(b, 1, NULL, 0), 1);
}

static void
no_comment_falls_into_the_middle_of_an_event(void **state)
{
	struct bench *b = *state;
	char *bytes = calloc(1, LARGE + 64);
	size_t got = 0;

	assert_non_null(bytes);
	open_slot(b, 1, SLICE("a"), false);
	(void)hear(b, 1, bytes, 0);
	give_large(b, 1);
	fake_clock_advance(&b->clock, COMMENT_MS + 1000);
	turn(b);
	for (int i = 0; i < 1000 && got < LARGE; i++) {
		got += hear(b, 1, bytes, 0);
		turn(b);
	}
	assert_int_equal(got, LARGE);
	free(bytes);
}

static void
an_old_connection_is_told_once(void **state)
{
	struct bench *b = *state;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	b->peer[0] = fd[1];
	order(b,
	    &(struct stream_message){ .word = STREAM_OPEN,
		.taken = { fd[0], 1 },
		.number = clock_mono_ms(&b->clock.clock) + 60000 });
	turn(b);
	for (int ms = 0; ms < 59000; ms += 500) {
		fake_clock_advance(&b->clock, 500);
		turn(b);
	}
	assert_int_equal(count(b, STREAM_AGED, 0), 0);
	for (int ms = 0; ms < 3 * COMMENT_MS; ms += 500) {
		fake_clock_advance(&b->clock, 500);
		turn(b);
	}
	assert_int_equal(count(b, STREAM_AGED, 0), 1);
	assert_int_equal(count(b, STREAM_CLOSED, 0), 0);
}

static void
to_quit_closes_what_is_left(void **state)
{
	struct bench *b = *state;

	for (uint32_t slot = 0; slot < 5; slot++)
		open_slot(b, slot, SLICE("a"), false);
	give_large(b, 4);
	order(b, &(struct stream_message){ .word = STREAM_QUIT });
	assert_false(stream_loop_turn(b->loop, 0));
	turn(b);
	for (uint32_t slot = 0; slot < 5; slot++)
		expect_closed(b, slot, STREAM_ENDED);
	assert_true(closed(b, 0)->is_last);
	assert_false(closed(b, 4)->is_last);
	assert_int_equal(stream_loop_open_now(b->loop), 0);
	assert_int_equal(atomic_load(&b->unsent), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_given_goes_out_and_is_reported),
		TEST(the_last_bytes_are_followed_by_the_end),
		TEST(large_pieces_are_written_as_the_peer_takes_them),
		TEST(who_takes_nothing_for_too_long_is_closed),
		TEST(taking_the_rest_in_time_is_enough),
		TEST(too_much_unsent_closes_those_who_stall_longest),
		TEST(who_has_just_been_given_a_large_event_may_take_it),
		TEST(to_be_late_is_no_reason_to_sleep),
		TEST(a_peer_that_leaves_is_seen_at_once),
		TEST(what_is_given_to_a_closed_connection_is_dropped),
		TEST(an_abort_ends_the_connection_and_other_words_do_not),
		TEST(a_peer_that_talks_for_ever_is_closed),
		TEST(silent_connections_get_comments_spread_over_time),
		TEST(a_comment_is_for_the_request_of_its_connection),
		TEST(who_comes_after_a_long_silence_gets_no_comment_at_once),
		TEST(no_comment_falls_into_the_middle_of_an_event),
		TEST(an_old_connection_is_told_once),
		TEST(to_quit_closes_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
