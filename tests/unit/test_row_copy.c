#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "row_copy.h"

static const unsigned char secret[SIPHASH_KEY_BYTES] = { 0, 1, 2, 3, 4, 5, 6, 7,
	8, 9, 10, 11, 12, 13, 14, 15 };

static const struct row_copy example = { .incarnation = 0xfffffffe,
	.row = { .id = INT64_C(0x0102030405060708),
	    .key = { .sid = { 0xab, 0xcd },
		.principal = { 0x12 },
		.created = INT64_C(1790000000000),
		.incarnation = 3 },
	    .state = SESSION_LIVE,
	    .principal_name = SLICE_INIT("user:\"alice\""),
	    .transport = 2,
	    .revision = SLICE_INIT("2025-11-25"),
	    .caps = 0x80000012,
	    .client = SLICE_INIT("{\"info\":{\"name\":\"x\"}}"),
	    .log_level = -1,
	    .initialized = true,
	    .lists = 4,
	    .created = INT64_C(1790000000000),
	    .touched = INT64_C(1790000000777),
	    .rev = 17 } };

static void
put_example(struct buf *out)
{
	row_copy_put(out, secret, &example);
	assert_int_equal(buf_finish(out), RC_OK);
}

static void
the_authenticator_is_the_published_one(void **state)
{
	unsigned char text[15];

	(void)state;
	for (unsigned char i = 0; i < sizeof(text); i++)
		text[i] = i;
	assert_true(siphash(secret,
			(struct slice){ (const char *)text, sizeof(text) }) ==
	    0xa129ca6149be45e5U);
	assert_true(
	    siphash(secret, (struct slice){ "", 0 }) == 0x726fdb47dd0e0e31U);
	assert_true(siphash(secret, (struct slice){ (const char *)text, 8 }) ==
	    0x93f5f5799a932462U);
}

static void
a_row_comes_back_as_it_went_in(void **state)
{
	struct buf out = BUF_INIT(ROW_COPY_MAX);
	struct row_copy c;

	(void)state;
	put_example(&out);
	assert_int_equal(row_copy_read(buf_slice(&out), secret, &c), RC_OK);
	assert_int_equal(c.incarnation, example.incarnation);
	assert_int_equal(c.row.id, example.row.id);
	assert_memory_equal(c.row.key.sid, example.row.key.sid, SID_BYTES);
	assert_memory_equal(
	    c.row.key.principal, example.row.key.principal, PRINCIPAL_BYTES);
	assert_int_equal(c.row.key.created, example.row.key.created);
	assert_int_equal(c.row.key.incarnation, 3);
	assert_int_equal(c.row.state, SESSION_LIVE);
	assert_int_equal(c.row.why, END_NONE);
	assert_true(slice_eq(c.row.principal_name, example.row.principal_name));
	assert_int_equal(c.row.transport, 2);
	assert_true(slice_eq(c.row.revision, example.row.revision));
	assert_int_equal(c.row.caps, example.row.caps);
	assert_true(slice_eq(c.row.client, example.row.client));
	assert_int_equal(c.row.log_level, -1);
	assert_true(c.row.initialized);
	assert_int_equal(c.row.lists, 4);
	assert_int_equal(c.row.created, example.row.created);
	assert_int_equal(c.row.touched, example.row.touched);
	assert_int_equal(c.row.rev, 17);
	buf_release(&out);
}

static void
no_bit_may_be_another(void **state)
{
	struct buf out = BUF_INIT(ROW_COPY_MAX);
	struct row_copy c;

	(void)state;
	put_example(&out);
	for (size_t bit = 0; bit < out.len * 8; bit++) {
		char was = out.ptr[bit / 8];

		out.ptr[bit / 8] =
		    (char)((unsigned char)was ^ (1U << (bit % 8)));
		assert_int_equal(
		    row_copy_read(buf_slice(&out), secret, &c), RC_SYNTAX);
		out.ptr[bit / 8] = was;
	}
	buf_release(&out);
}

static void
every_other_length_is_refused(void **state)
{
	struct buf out = BUF_INIT(ROW_COPY_MAX);
	struct row_copy c;

	(void)state;
	put_example(&out);
	for (size_t n = 0; n < out.len; n++)
		assert_int_equal(
		    row_copy_read((struct slice){ out.ptr, n }, secret, &c),
		    RC_SYNTAX);
	buf_put_char(&out, '\0');
	assert_int_equal(row_copy_read(buf_slice(&out), secret, &c), RC_SYNTAX);
	buf_release(&out);
}

static void
who_has_another_secret_reads_nothing(void **state)
{
	unsigned char other[SIPHASH_KEY_BYTES];
	struct buf out = BUF_INIT(ROW_COPY_MAX);
	struct row_copy c;

	(void)state;
	memcpy(other, secret, sizeof(other));
	other[15] ^= 1;
	put_example(&out);
	assert_int_equal(row_copy_read(buf_slice(&out), other, &c), RC_SYNTAX);
	buf_release(&out);
}

static void
absent_is_not_empty(void **state)
{
	static const struct slice names[] = { { NULL, 0 }, { "", 0 } };
	struct row_copy c = example;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf out = BUF_INIT(ROW_COPY_MAX);
		struct row_copy back;

		c.row.principal_name = names[i];
		row_copy_put(&out, secret, &c);
		assert_int_equal(
		    row_copy_read(buf_slice(&out), secret, &back), RC_OK);
		assert_int_equal(back.row.principal_name.ptr == NULL, i == 0);
		assert_int_equal(back.row.principal_name.len, 0);
		buf_release(&out);
	}
}

static void
only_what_lasts_may_be_copied(void **state)
{
	static char much[ROW_COPY_CLIENT_MAX + 1];
	struct session_row rows[7];

	(void)state;
	assert_true(row_copy_may_be(&example.row));
	for (size_t i = 0; i < 7; i++)
		rows[i] = example.row;
	rows[0].state = SESSION_ENDED;
	rows[1].initialized = false;
	rows[2].revision = SLICE_NONE;
	rows[3].revision = (struct slice){ much, ROW_COPY_REVISION_MAX + 1 };
	rows[4].principal_name = (struct slice){ much, ROW_COPY_NAME_MAX + 1 };
	rows[5].client = (struct slice){ much, sizeof(much) };
	rows[6].rev = -1;
	for (size_t i = 0; i < 7; i++)
		assert_false(row_copy_may_be(&rows[i]));
}

static void
the_largest_one_fits(void **state)
{
	static char much[ROW_COPY_CLIENT_MAX];
	struct buf out = BUF_INIT(ROW_COPY_MAX);
	struct row_copy c = example;

	(void)state;
	c.row.revision = (struct slice){ much, ROW_COPY_REVISION_MAX };
	c.row.principal_name = (struct slice){ much, ROW_COPY_NAME_MAX };
	c.row.client = (struct slice){ much, sizeof(much) };
	assert_true(row_copy_may_be(&c.row));
	row_copy_put(&out, secret, &c);
	assert_int_equal(buf_finish(&out), RC_OK);
	assert_int_equal(row_copy_read(buf_slice(&out), secret, &c), RC_OK);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_authenticator_is_the_published_one),
		cmocka_unit_test(a_row_comes_back_as_it_went_in),
		cmocka_unit_test(no_bit_may_be_another),
		cmocka_unit_test(every_other_length_is_refused),
		cmocka_unit_test(who_has_another_secret_reads_nothing),
		cmocka_unit_test(absent_is_not_empty),
		cmocka_unit_test(only_what_lasts_may_be_copied),
		cmocka_unit_test(the_largest_one_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
