#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"
#include "record.h"

#define MAX ((size_t)1 << 20)

static void
assert_bytes(struct slice got, struct slice want)
{
	assert_int_equal(got.len, want.len);
	if (want.len > 0)
		assert_memory_equal(got.ptr, want.ptr, want.len);
}

static void
records_are_written_byte_for_byte(void **state)
{
	struct buf b = BUF_INIT(MAX);

	(void)state;
	record_put_begin(&b, 1, true);
	assert_bytes(buf_slice(&b),
	    SLICE("\1\1\0\1\0\10\0\0"
		  "\0\1\1\0\0\0\0\0"));
	buf_reset(&b);
	record_put_begin(&b, 0x1234, false);
	assert_bytes(buf_slice(&b),
	    SLICE("\1\1\x12\x34\0\10\0\0"
		  "\0\1\0\0\0\0\0\0"));
	buf_reset(&b);
	record_put_end(&b, 1, 0x01020304);
	assert_bytes(buf_slice(&b),
	    SLICE("\1\3\0\1\0\10\0\0"
		  "\1\2\3\4\0\0\0\0"));
	buf_reset(&b);
	record_put(&b, RECORD_STDOUT, 1, SLICE("hello"));
	assert_bytes(buf_slice(&b),
	    SLICE("\1\6\0\1\0\5\3\0"
		  "hello\0\0\0"));
	buf_reset(&b);
	record_put(&b, RECORD_STDOUT, 1, SLICE_NONE);
	assert_bytes(buf_slice(&b), SLICE("\1\6\0\1\0\0\0\0"));
	buf_release(&b);
}

static void
every_record_is_a_multiple_of_eight_bytes(void **state)
{
	struct buf b = BUF_INIT(MAX);

	(void)state;
	for (size_t n = 0; n < 32; n++) {
		buf_reset(&b);
		record_put(&b, RECORD_STDIN, 7,
		    (struct slice){ "0123456789abcdef0123456789abcdef", n });
		assert_int_equal(b.len % 8, 0);
	}
	buf_release(&b);
}

static void
long_content_is_split_and_comes_back_whole(void **state)
{
	static const size_t sizes[] = { 65527, 65528, 65529, 65535, 65536,
		131056, 131057, 200000 };
	char *content = malloc(200000);

	(void)state;
	assert_non_null(content);
	for (size_t i = 0; i < 200000; i++)
		content[i] = (char)(i % 251);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf b = BUF_INIT(MAX);
		struct buf back = BUF_INIT(MAX);
		struct record r;
		struct slice in;

		record_put(
		    &b, RECORD_STDOUT, 9, (struct slice){ content, sizes[i] });
		assert_int_equal(buf_finish(&b), RC_OK);
		in = buf_slice(&b);
		while (in.len > 0) {
			assert_int_equal(record_take(&in, &r), RC_OK);
			assert_int_equal(r.type, RECORD_STDOUT);
			assert_int_equal(r.request, 9);
			assert_true(r.content.len > 0);
			buf_put_slice(&back, r.content);
		}
		assert_bytes(
		    buf_slice(&back), (struct slice){ content, sizes[i] });
		buf_release(&b);
		buf_release(&back);
	}
	free(content);
}

/* A request as web servers send it, with padding of all kinds. */
static struct slice
conversation(struct buf *b)
{
	struct buf pairs = BUF_INIT(MAX);

	record_put_begin(b, 1, true);
	record_put_pair(&pairs, SLICE("REQUEST_METHOD"), SLICE("POST"));
	record_put_pair(&pairs, SLICE("CONTENT_LENGTH"), SLICE(""));
	record_put(b, RECORD_PARAMS, 1, buf_slice(&pairs));
	record_put(b, RECORD_PARAMS, 1, SLICE_NONE);
	record_put(b, RECORD_STDIN, 1, SLICE("{}"));
	/* A content without padding, and padding beyond what is needed. */
	buf_put_slice(b, SLICE("\1\5\0\1\0\3\0\0abc"));
	buf_put_slice(b, SLICE("\1\5\0\1\0\0\12\0..........more"));
	buf_truncate(b, b->len - 4);
	buf_put_slice(b, SLICE("\1\x63\0\0\0\1\0\0x"));
	record_put(b, RECORD_STDIN, 1, SLICE_NONE);
	buf_release(&pairs);
	return buf_slice(b);
}

/* Take what is whole; every record taken appends its mark to `seen`. */
static void
take_all(struct slice *in, struct buf *seen)
{
	struct record r;

	while (in->len > 0 && record_take(in, &r) == RC_OK) {
		buf_printf(seen, "%u/%u:", r.type, (unsigned)r.request);
		buf_put_slice(seen, r.content);
		buf_put_char(seen, ';');
	}
}

static void
a_cut_at_any_byte_gives_the_same_records(void **state)
{
	struct buf b = BUF_INIT(MAX), whole = BUF_INIT(MAX);
	struct slice all = conversation(&b);
	struct slice in = all;
	struct guard g;

	(void)state;
	assert_true(guard_init(&g));
	take_all(&in, &whole);
	assert_int_equal(in.len, 0);
	for (size_t cut = 0; cut <= all.len; cut++) {
		struct buf seen = BUF_INIT(MAX);
		struct slice part =
		    guard_place(&g, (struct slice){ all.ptr, cut });
		size_t left;

		take_all(&part, &seen);
		left = part.len;
		/* What was left over stands in front of what comes. */
		part = guard_place(&g, slice_from(all, cut - left));
		take_all(&part, &seen);
		assert_int_equal(part.len, 0);
		assert_bytes(buf_slice(&seen), buf_slice(&whole));
		buf_release(&seen);
	}
	guard_release(&g);
	buf_release(&whole);
	buf_release(&b);
}

static void
half_a_record_asks_for_more_and_moves_nothing(void **state)
{
	const struct slice whole = SLICE_INIT("\1\6\0\1\0\5\3\0"
					      "hello\0\0\0");
	struct record r;
	struct guard g;

	(void)state;
	assert_true(guard_init(&g));
	for (size_t n = 0; n < whole.len; n++) {
		struct slice in =
		    guard_place(&g, (struct slice){ whole.ptr, n });
		struct slice before = in;

		assert_int_equal(record_take(&in, &r), RC_BUSY);
		assert_ptr_equal(in.ptr, before.ptr);
		assert_int_equal(in.len, before.len);
	}
	guard_release(&g);
}

static void
another_version_is_refused_at_its_first_byte(void **state)
{
	(void)state;
	for (int version = 0; version < 256; version++) {
		char byte = (char)version;
		struct slice in = { &byte, 1 };
		struct record r;

		assert_int_equal(
		    record_take(&in, &r), version == 1 ? RC_BUSY : RC_SYNTAX);
		assert_int_equal(in.len, 1);
	}
}

static void
types_that_nobody_knows_are_passed_on(void **state)
{
	struct slice in = SLICE("\1\xff\xff\xfe\0\1\0\0x");
	struct record r;

	(void)state;
	assert_int_equal(record_take(&in, &r), RC_OK);
	assert_int_equal(r.type, 255);
	assert_int_equal(r.request, 0xfffe);
	assert_bytes(r.content, SLICE("x"));
	assert_int_equal(in.len, 0);
}

static void
pairs_of_every_length_come_back(void **state)
{
	static const size_t lengths[] = { 0, 1, 126, 127, 128, 129, 255, 256,
		65535, 65536 };
	const size_t n = sizeof(lengths) / sizeof(lengths[0]);
	char *room = malloc(65536);

	(void)state;
	assert_non_null(room);
	memset(room, 'v', 65536);
	for (size_t i = 0; i < n * n; i++) {
		struct slice name = { room, lengths[i / n] };
		struct slice value = { room, lengths[i % n] };
		struct slice got_name, got_value, in;
		struct buf b = BUF_INIT(MAX);

		record_put_pair(&b, name, value);
		assert_int_equal(buf_finish(&b), RC_OK);
		in = buf_slice(&b);
		assert_int_equal(
		    record_take_pair(&in, &got_name, &got_value), RC_OK);
		assert_bytes(got_name, name);
		assert_bytes(got_value, value);
		assert_int_equal(
		    record_take_pair(&in, &got_name, &got_value), RC_NOTFOUND);
		buf_release(&b);
	}
	free(room);
}

static void
lengths_are_written_in_the_shorter_form(void **state)
{
	char room[128];
	struct buf b = BUF_INIT(MAX);

	(void)state;
	memset(room, 'v', sizeof(room));
	record_put_pair(&b, SLICE("n"), (struct slice){ room, 127 });
	assert_memory_equal(b.ptr, "\1\x7fnv", 4);
	buf_reset(&b);
	record_put_pair(&b, SLICE("n"), (struct slice){ room, 128 });
	assert_memory_equal(b.ptr, "\1\x80\0\0\x80nv", 7);
	buf_release(&b);
}

static void
a_pair_that_runs_past_the_end_is_refused(void **state)
{
	static const struct slice rows[] = {
		SLICE_INIT("\1"),
		SLICE_INIT("\1\1"),
		SLICE_INIT("\1\1n"),
		SLICE_INIT("\0\1"),
		SLICE_INIT("\x80"),
		SLICE_INIT("\x80\0\0"),
		SLICE_INIT("\x80\0\0\1"),
		SLICE_INIT("\x80\0\0\1\x80\0\0"),
		SLICE_INIT("\x80\0\0\1\x80\0\0\1n"),
		SLICE_INIT("\xff\xff\xff\xff\xff\xff\xff\xffn"),
		SLICE_INIT("\1\xff\xff\xff\xffnv"),
	};
	struct guard g;

	(void)state;
	assert_true(guard_init(&g));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice in = guard_place(&g, rows[i]);
		struct slice name, value;

		assert_int_equal(
		    record_take_pair(&in, &name, &value), RC_SYNTAX);
		assert_int_equal(in.len, rows[i].len);
	}
	guard_release(&g);
}

static void
a_full_buffer_is_told(void **state)
{
	struct buf b = BUF_INIT(16);

	(void)state;
	record_put(&b, RECORD_STDOUT, 1, SLICE("nine byte"));
	assert_int_equal(buf_finish(&b), RC_NOMEM);
	buf_reset(&b);
	record_put(&b, RECORD_STDOUT, 1, SLICE("eight by"));
	assert_int_equal(buf_finish(&b), RC_OK);
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_written_byte_for_byte),
		cmocka_unit_test(every_record_is_a_multiple_of_eight_bytes),
		cmocka_unit_test(long_content_is_split_and_comes_back_whole),
		cmocka_unit_test(a_cut_at_any_byte_gives_the_same_records),
		cmocka_unit_test(half_a_record_asks_for_more_and_moves_nothing),
		cmocka_unit_test(another_version_is_refused_at_its_first_byte),
		cmocka_unit_test(types_that_nobody_knows_are_passed_on),
		cmocka_unit_test(pairs_of_every_length_come_back),
		cmocka_unit_test(lengths_are_written_in_the_shorter_form),
		cmocka_unit_test(a_pair_that_runs_past_the_end_is_refused),
		cmocka_unit_test(a_full_buffer_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
