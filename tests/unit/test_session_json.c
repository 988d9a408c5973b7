#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "session_json.h"
#include "transport.h"

static const struct session_row example = { .key = { .sid = { 0xab, 0xcd },
						.principal = { 0x12 },
						.created =
						    INT64_C(1790000000000),
						.incarnation = 3 },
	.state = SESSION_LIVE,
	.principal_name = SLICE_INIT("user:\"alice\""),
	.transport = TRANSPORT_STREAMABLE,
	.revision = SLICE_INIT("2025-11-25"),
	.caps = 18,
	.client = SLICE_INIT("{\"info\":{\"name\":\"x\"}}"),
	.log_level = -1,
	.initialized = true,
	.lists = 4,
	.created = INT64_C(1790000000000),
	.touched = INT64_C(1790000000777) };

static void
a_row_comes_back_as_it_went_out(void **state)
{
	struct arena a = ARENA_INIT(1 << 20);
	struct buf out = BUF_INIT(1 << 16), why = BUF_INIT(1024);
	struct session_row row;

	(void)state;
	assert_int_equal(session_json_put(&out, &example), RC_OK);
	assert_int_equal(
	    session_json_read(&a, buf_slice(&out), &row, &why), RC_OK);
	assert_memory_equal(row.key.sid, example.key.sid, SID_BYTES);
	assert_memory_equal(
	    row.key.principal, example.key.principal, PRINCIPAL_BYTES);
	assert_int_equal(row.key.created, example.key.created);
	assert_int_equal(row.key.incarnation, example.key.incarnation);
	assert_int_equal(row.state, example.state);
	assert_true(slice_eq(row.principal_name, example.principal_name));
	assert_int_equal(row.transport, example.transport);
	assert_true(slice_eq(row.revision, example.revision));
	assert_int_equal(row.caps, example.caps);
	assert_true(slice_eq(row.client, example.client));
	assert_int_equal(row.log_level, example.log_level);
	assert_true(row.initialized);
	assert_int_equal(row.lists, example.lists);
	assert_int_equal(row.touched, example.touched);
	buf_release(&out);
	buf_release(&why);
	arena_release(&a);
}

/* The example document with one piece replaced by another. */
static void
put_changed(struct buf *out, const char *from, const char *to)
{
	struct buf whole = BUF_INIT(1 << 16);
	const char *at;

	assert_int_equal(session_json_put(&whole, &example), RC_OK);
	at = strstr(whole.ptr, from);
	assert_non_null(at);
	buf_put(out, whole.ptr, (size_t)(at - whole.ptr));
	buf_put_slice(out, slice_of(to));
	buf_put_slice(out, slice_of(at + strlen(from)));
	buf_release(&whole);
}

static void
a_broken_document_is_refused_with_the_member_at_fault(void **state)
{
	static const struct {
		const char *from, *to, *why;
	} table[] = {
		{ "mcp-fcgi-session", "other", "format" },
		{ "\"version\":1", "\"version\":2", "version" },
		{ "\"version\":1", "\"version\":\"1\"", "version" },
		{ "abcd", "abc", "sid" },
		{ "\"live\"", "\"alive\"", "state" },
		{ "2025-11-25", "2026-07-28", "revision" },
		{ "\"logLevel\":-1", "\"logLevel\":8", "logLevel" },
		{ "\"incarnation\":3", "\"incarnation\":-1", "incarnation" },
		{ "\"client\":{", "\"client\":[{", "not JSON" },
		{ "\"capabilityBits\":18", "\"capabilityBits\":65536",
		    "capabilityBits" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct arena a = ARENA_INIT(1 << 20);
		struct buf text = BUF_INIT(1 << 16), why = BUF_INIT(1024);
		struct session_row row;

		put_changed(&text, table[i].from, table[i].to);
		assert_int_equal(
		    session_json_read(&a, buf_slice(&text), &row, &why),
		    RC_SYNTAX);
		if (strstr(why.ptr, table[i].why) == NULL)
			fail_msg("%s: \"%s\"", table[i].why, why.ptr);
		buf_release(&text);
		buf_release(&why);
		arena_release(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_comes_back_as_it_went_out),
		cmocka_unit_test(
		    a_broken_document_is_refused_with_the_member_at_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
