#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena.h"
#include "buf.h"
#include "log.h"
#include "slice.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
assert_slice(struct slice got, const char *want)
{
	assert_true(slice_eq(got, slice_of(want)));
	assert_int_equal(got.ptr == NULL, want == NULL);
}

/* ------------------------------------------------------------------ slices */

static const struct {
	struct slice a;
	struct slice b;
	int order;
	bool equal_when_folded;
} orders[] = {
	{ SLICE_INIT(""), SLICE_INIT(""), 0, true },
	{ { NULL, 0 }, SLICE_INIT(""), 0, true },
	{ SLICE_INIT("a"), SLICE_INIT("a"), 0, true },
	{ SLICE_INIT("a"), SLICE_INIT("b"), -1, false },
	{ SLICE_INIT("a"), SLICE_INIT("ab"), -1, false },
	{ SLICE_INIT(""), SLICE_INIT("a"), -1, false },
	{ SLICE_INIT("ab"), SLICE_INIT("b"), -1, false },
	{ SLICE_INIT("a\0b"), SLICE_INIT("a\0c"), -1, false },
	{ SLICE_INIT("a"), SLICE_INIT("\xff"), -1, false },
	{ SLICE_INIT("Content-Type"), SLICE_INIT("content-TYPE"), -1, true },
	{ SLICE_INIT("@[`{"), SLICE_INIT("`{@["), -1, false },
	{ SLICE_INIT("\xc0"), SLICE_INIT("\xe0"), -1, false },
};

static void
slices_are_ordered_by_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		struct slice a = orders[i].a, b = orders[i].b;
		int there = slice_cmp(a, b), back = slice_cmp(b, a);

		assert_int_equal((there > 0) - (there < 0), orders[i].order);
		assert_int_equal((back > 0) - (back < 0), -orders[i].order);
		assert_int_equal(slice_eq(a, b), orders[i].order == 0);
		assert_int_equal(slice_ieq(a, b), orders[i].equal_when_folded);
		assert_int_equal(slice_ieq(b, a), orders[i].equal_when_folded);
	}
}

static void
beginnings_and_ends_are_told(void **state)
{
	(void)state;
	assert_true(slice_starts(SLICE("abc"), SLICE("ab")));
	assert_true(slice_starts(SLICE("abc"), SLICE("")));
	assert_true(slice_starts(SLICE_NONE, SLICE_NONE));
	assert_false(slice_starts(SLICE("ab"), SLICE("abc")));
	assert_false(slice_starts(SLICE("abc"), SLICE("bc")));
	assert_true(slice_ends(SLICE("abc"), SLICE("bc")));
	assert_true(slice_ends(SLICE("abc"), SLICE("abc")));
	assert_true(slice_ends(SLICE(""), SLICE("")));
	assert_false(slice_ends(SLICE("bc"), SLICE("abc")));
	assert_false(slice_ends(SLICE("abc"), SLICE("ab")));
}

static void
only_blanks_are_trimmed(void **state)
{
	(void)state;
	assert_slice(slice_trim(SLICE(" \t a b \t")), "a b");
	assert_slice(slice_trim(SLICE("\na\r")), "\na\r");
	assert_slice(slice_trim(SLICE(" \t ")), "");
	assert_slice(slice_trim(SLICE_NONE), NULL);
}

static void
a_cut_tells_an_empty_rest_from_none(void **state)
{
	struct slice rest = SLICE("a,b,,");

	(void)state;
	assert_slice(slice_cut(rest, ',', &rest), "a");
	assert_slice(slice_cut(rest, ',', &rest), "b");
	assert_slice(slice_cut(rest, ',', &rest), "");
	assert_slice(rest, "");
	assert_slice(slice_cut(rest, ',', &rest), "");
	assert_slice(rest, NULL);
	assert_slice(slice_of(NULL), NULL);
}

/* ----------------------------------------------------------------- buffers */

static void
a_buffer_holds_what_was_put_in(void **state)
{
	struct buf b = BUF_INIT(100);

	(void)state;
	assert_slice(buf_slice(&b), "");
	buf_put(&b, "ab", 2);
	buf_put(&b, NULL, 0);
	buf_put_char(&b, 'c');
	buf_put_slice(&b, SLICE("de"));
	buf_put_slice(&b, SLICE_NONE);
	buf_printf(&b, "%s%03d", "f", 7);
	assert_string_equal(b.ptr, "abcdef007");
	buf_truncate(&b, 3);
	assert_string_equal(b.ptr, "abc");
	buf_truncate(&b, 50);
	assert_int_equal(b.len, 3);
	buf_reset(&b);
	assert_slice(buf_slice(&b), "");
	assert_int_equal(buf_finish(&b), RC_OK);
	buf_release(&b);
	assert_null(b.ptr);
	buf_put_char(&b, 'x');
	assert_string_equal(b.ptr, "x");
	buf_release(&b);
}

static void
numbers_are_written_to_their_ends(void **state)
{
	struct buf b = BUF_INIT(200);

	(void)state;
	buf_put_u64(&b, 0);
	buf_put_char(&b, ' ');
	buf_put_u64(&b, UINT64_MAX);
	buf_put_char(&b, ' ');
	buf_put_i64(&b, INT64_MIN);
	buf_put_char(&b, ' ');
	buf_put_i64(&b, INT64_MAX);
	buf_put_char(&b, ' ');
	buf_put_i64(&b, -1);
	assert_string_equal(b.ptr,
	    "0 18446744073709551615 -9223372036854775808 "
	    "9223372036854775807 -1");
	buf_release(&b);
}

static void
a_buffer_fails_once_and_for_all(void **state)
{
	struct buf b = BUF_INIT(4);

	(void)state;
	buf_put(&b, "abcd", 4);
	assert_int_equal(buf_finish(&b), RC_OK);
	buf_put_char(&b, 'e');
	assert_int_equal(buf_finish(&b), RC_NOMEM);
	buf_truncate(&b, 2);
	assert_int_equal(buf_finish(&b), RC_OK);
	buf_put(&b, "xyz", 3);
	/* This would fit, but comes behind something that did not. */
	buf_put_char(&b, 'q');
	assert_null(buf_extend(&b, 0));
	assert_int_equal(buf_finish(&b), RC_NOMEM);
	assert_string_equal(b.ptr, "ab");
	buf_reset(&b);
	buf_printf(&b, "%s", "12345");
	assert_int_equal(buf_finish(&b), RC_NOMEM);
	assert_int_equal(b.len, 0);
	buf_reset(&b);
	buf_put(&b, NULL, SIZE_MAX);
	assert_int_equal(buf_finish(&b), RC_NOMEM);
	buf_release(&b);
}

static void
a_buffer_grows_to_many_times_its_first_size(void **state)
{
	struct buf b = BUF_INIT(100000);

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_put_char(&b, (char)('a' + i % 26));
	assert_int_equal(buf_finish(&b), RC_OK);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(b.ptr[i], 'a' + i % 26);
	buf_release(&b);
}

/* ------------------------------------------------------------------ arenas */

static void
an_arena_gives_zeroed_aligned_memory(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 16, 17, 1000, 16384, 70000,
		300000 };
	struct arena a = ARENA_INIT((size_t)4 << 20);

	(void)state;
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT(sizes); i++) {
			unsigned char *p = arena_alloc(&a, sizes[i]);

			assert_non_null(p);
			assert_int_equal(
			    (uintptr_t)p % alignof(max_align_t), 0);
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(p[k], 0);
			if (sizes[i] > 0)
				memset(p, 0xff, sizes[i]);
		}
		arena_reset(&a);
		assert_int_equal(a.used, 0);
	}
	arena_release(&a);
}

static void
an_arena_keeps_to_its_ceiling(void **state)
{
	struct arena a = ARENA_INIT(1000);

	(void)state;
	assert_null(arena_alloc(&a, 1001));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_bytes(&a, SIZE_MAX - 8));
	assert_non_null(arena_alloc(&a, 600));
	assert_null(arena_alloc(&a, 600));
	assert_non_null(arena_alloc(&a, 300));
	arena_reset(&a);
	assert_non_null(arena_alloc(&a, 1000));
	assert_null(arena_alloc(&a, 17));
	arena_release(&a);
	assert_non_null(arena_alloc(&a, 1000));
	arena_release(&a);
}

static void
copies_live_in_the_arena(void **state)
{
	struct arena a = ARENA_INIT(10000);
	char source[] = "text";
	struct slice copy;

	(void)state;
	assert_int_equal(arena_copy(&a, slice_of(source), &copy), RC_OK);
	source[0] = 'T';
	assert_slice(copy, "text");
	assert_int_equal(arena_copy(&a, SLICE_NONE, &copy), RC_OK);
	assert_slice(copy, NULL);
	assert_int_equal(arena_copy(&a, SLICE(""), &copy), RC_OK);
	assert_slice(copy, "");
	assert_string_equal(arena_string(&a, SLICE("str")), "str");
	assert_string_equal(arena_string(&a, SLICE_NONE), "");
	assert_null(arena_string(&a, (struct slice){ source, SIZE_MAX }));
	arena_release(&a);
}

/* --------------------------------------------------------------------- log */

struct heard {
	struct buf text;
	int times;
};

static void
hear(void *ctx, struct slice lines)
{
	struct heard *h = ctx;

	buf_put_slice(&h->text, lines);
	h->times++;
}

static void
a_line_carries_priority_name_and_values(void **state)
{
	struct heard h = { BUF_INIT(10000), 0 };
	struct log l = LOG_INIT(hear, &h, LOG_INFO);

	(void)state;
	log_event(&l, LOG_INFO, "start", "n=%d s=%s", 3, "x");
	log_event(&l, LOG_INFO, "bare", "%s", "");
	log_event(&l, LOG_DEBUG, "unwanted", "n=%d", 4);
	assert_int_equal(h.times, 0);
	log_event(&l, LOG_WARNING, "trouble", "n=%d", 5);
	assert_int_equal(h.times, 1);
	log_event(&l, LOG_ERROR, "worse", "n=%d", 6);
	assert_int_equal(h.times, 2);
	log_flush(&l);
	assert_int_equal(h.times, 2);
	assert_string_equal(h.text.ptr,
	    "<6>start n=3 s=x\n<6>bare\n<4>trouble n=5\n<3>worse n=6\n");
	log_release(&l);
	buf_release(&h.text);
}

static void
nothing_from_outside_can_forge_a_line(void **state)
{
	struct heard h = { BUF_INIT(10000), 0 };
	struct log l = LOG_INIT(hear, &h, LOG_INFO);

	(void)state;
	log_event(
	    &l, LOG_INFO, "name", "v=%s", "a\n<3>forged\r\x1b[31m\x7f\xc3\xa9");
	log_release(&l);
	assert_string_equal(h.text.ptr,
	    "<6>name v=a\\x0a<3>forged\\x0d\\x1b[31m\\x7f\\xc3\\xa9\n");
	buf_release(&h.text);
}

static const struct {
	struct slice value;
	const char *written;
} values[] = {
	{ SLICE_INIT("plain-1.0/x"), "plain-1.0/x" },
	{ SLICE_INIT(""), "\"\"" },
	{ SLICE_INIT("two words"), "\"two words\"" },
	{ SLICE_INIT("a=b"), "\"a=b\"" },
	{ SLICE_INIT("say \"hi\" \\"), "\"say \\\"hi\\\" \\\\\"" },
	{ SLICE_INIT("a\nb\0\xff"), "\"a\\x0ab\\x00\\xff\"" },
};

static void
values_are_quoted_when_they_must_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		struct buf b = BUF_INIT(100);

		log_put_value(&b, values[i].value);
		assert_string_equal(b.ptr, values[i].written);
		buf_release(&b);
	}
}

static void
lines_are_handed_over_in_batches_and_whole(void **state)
{
	struct heard h = { BUF_INIT((size_t)1 << 20), 0 };
	struct log l = LOG_INIT(hear, &h, LOG_INFO);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		log_event(&l, LOG_INFO, "line", "number=%d", i);
		assert_true(
		    h.text.len == 0 || h.text.ptr[h.text.len - 1] == '\n');
	}
	assert_true(h.times >= 1 && h.times <= 4);
	log_release(&l);
	assert_non_null(strstr(h.text.ptr, "<6>line number=999\n"));
	buf_release(&h.text);
}

static void
a_very_long_event_is_cut(void **state)
{
	struct heard h = { BUF_INIT((size_t)1 << 20), 0 };
	struct log l = LOG_INIT(hear, &h, LOG_INFO);
	char text[5000];

	(void)state;
	memset(text, '\n', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_event(&l, LOG_INFO, "long", "%s", text);
	log_release(&l);
	assert_true(h.text.len > 8000 && h.text.len <= 9000);
	assert_ptr_equal(
	    memchr(h.text.ptr, '\n', h.text.len), h.text.ptr + h.text.len - 1);
	buf_release(&h.text);
}

static void
every_rc_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(rc_name(RC_OK), "ok");
	for (int rc = RC_OK; rc <= RC_BUG; rc++)
		assert_string_not_equal(rc_name((enum rc)rc), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_are_ordered_by_bytes),
		cmocka_unit_test(beginnings_and_ends_are_told),
		cmocka_unit_test(only_blanks_are_trimmed),
		cmocka_unit_test(a_cut_tells_an_empty_rest_from_none),
		cmocka_unit_test(a_buffer_holds_what_was_put_in),
		cmocka_unit_test(numbers_are_written_to_their_ends),
		cmocka_unit_test(a_buffer_fails_once_and_for_all),
		cmocka_unit_test(a_buffer_grows_to_many_times_its_first_size),
		cmocka_unit_test(an_arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(an_arena_keeps_to_its_ceiling),
		cmocka_unit_test(copies_live_in_the_arena),
		cmocka_unit_test(a_line_carries_priority_name_and_values),
		cmocka_unit_test(nothing_from_outside_can_forge_a_line),
		cmocka_unit_test(values_are_quoted_when_they_must_be),
		cmocka_unit_test(lines_are_handed_over_in_batches_and_whole),
		cmocka_unit_test(a_very_long_event_is_cut),
		cmocka_unit_test(every_rc_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
