#include "rpc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define ARENA_MAX ((size_t)1 << 20)
#define ROWS(table) (sizeof(table) / sizeof(*(table)))

static const struct json *
tree(struct arena *a, const char *text)
{
	const struct json *root = NULL;

	assert_int_equal(
	    json_read(a, slice_of(text), &json_limits_default, &root, NULL),
	    RC_OK);
	return root;
}

static const struct {
	const char *text;
	enum rpc_kind kind;
	const char *id, *method, *params, *result, *error;
} messages[] = {
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", RPC_REQUEST,
	    "1", "ping", NULL, NULL, NULL },
	{ "{\"method\":\"a/b\",\"params\":{\"x\":1},\"id\":\"q\","
	  "\"jsonrpc\":\"2.0\"}",
	    RPC_REQUEST, "\"q\"", "a/b", "{\"x\":1}", NULL, NULL },
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"n\",\"params\":{}}",
	    RPC_NOTIFICATION, NULL, "n", "{}", NULL, NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}", RPC_RESPONSE, "7",
	    NULL, NULL, "{}", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":1}}", RPC_RESPONSE,
	    "7", NULL, NULL, NULL, "{\"code\":1}" },
	{ "{\"jsonrpc\":\"2.0\",\"error\":{}}", RPC_RESPONSE, NULL, NULL, NULL,
	    NULL, "{}" },
	/* a member is there, whatever it holds */
	{ "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":null}", RPC_RESPONSE, "7",
	    NULL, NULL, "null", NULL },
	/* members nobody knows, and params nobody wants */
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"x\":[]}",
	    RPC_REQUEST, "1", "m", NULL, NULL, NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"params\":[]}",
	    RPC_RESPONSE, "1", NULL, NULL, "1", NULL },
	/* written in another way, meaning the same */
	{ "{\"\\u006asonrpc\":\"2\\u002e0\",\"method\":\"\\u006d\"}",
	    RPC_NOTIFICATION, NULL, "m", NULL, NULL, NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}", RPC_REQUEST, "1",
	    "", NULL, NULL, NULL },
	{ "[{\"jsonrpc\":\"2.0\"}]", RPC_BATCH, NULL, NULL, NULL, NULL, NULL },
	{ "[]", RPC_BATCH, NULL, NULL, NULL, NULL, NULL },
};

static void
a_message_is_read_for_what_it_is(void **state)
{
	struct arena a = ARENA_INIT(ARENA_MAX);

	(void)state;
	for (size_t i = 0; i < ROWS(messages); i++) {
		const struct json *whole = tree(&a, messages[i].text);
		struct rpc_message m;
		const char *why = "";
		enum rc rc = rpc_read(whole, &m, &why);

		if (rc != RC_OK || m.kind != messages[i].kind ||
		    !slice_eq(m.id, slice_of(messages[i].id)) ||
		    !slice_eq(m.method, slice_of(messages[i].method)))
			fail_msg("%s: %s", messages[i].text, why);
		assert_null(why);
		assert_ptr_equal(m.whole, whole);
		assert_int_equal(m.id.ptr == NULL, messages[i].id == NULL);
		assert_int_equal(
		    m.method.ptr == NULL, messages[i].method == NULL);
		assert_int_equal(m.params == NULL, messages[i].params == NULL);
		assert_int_equal(m.result == NULL, messages[i].result == NULL);
		assert_int_equal(m.error == NULL, messages[i].error == NULL);
		if (m.params != NULL)
			assert_true(slice_eq(
			    m.params->raw, slice_of(messages[i].params)));
		if (m.result != NULL)
			assert_true(slice_eq(
			    m.result->raw, slice_of(messages[i].result)));
		if (m.error != NULL)
			assert_true(slice_eq(
			    m.error->raw, slice_of(messages[i].error)));
	}
	arena_release(&a);
}

static void
an_id_is_kept_byte_for_byte_or_refused(void **state)
{
	static const struct {
		const char *id;
		bool is_good;
	} rows[] = {
		{ "0", true },
		{ "-0", true },
		{ "-7", true },
		{ "1.0", true },
		{ "1e2", true },
		{ "1E+2", true },
		{ "10e-1", true },
		{ "9007199254740993", true },
		{ "123456789012345678901234567890", true },
		{ "\"\"", true },
		{ "\"1\"", true },
		{ "\"\\u0061\"", true },
		{ "\"\xC3\xA4\\n\"", true },
		{ "1.5", false },
		{ "1e-1", false },
		{ "null", false },
		{ "true", false },
		{ "false", false },
		{ "[]", false },
		{ "[1]", false },
		{ "{}", false },
	};
	struct arena a = ARENA_INIT(ARENA_MAX);
	char text[128];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct rpc_message m;
		const char *why;
		enum rc rc;

		(void)snprintf(text, sizeof(text),
		    "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\": %s }",
		    rows[i].id);
		rc = rpc_read(tree(&a, text), &m, &why);
		if (rc != (rows[i].is_good ? RC_OK : RC_SYNTAX))
			fail_msg("%s: %s", rows[i].id, rc_name(rc));
		if (rows[i].is_good)
			assert_true(slice_eq(m.id, slice_of(rows[i].id)));
		else
			assert_null(m.id.ptr);
		assert_int_equal(why == NULL, rows[i].is_good);
	}
	arena_release(&a);
}

static void
an_id_has_a_longest_length(void **state)
{
	struct arena a = ARENA_INIT(ARENA_MAX);
	struct buf b = BUF_INIT(4096);
	struct rpc_message m;
	const char *why;

	(void)state;
	for (size_t len = RPC_ID_MAX - 1; len <= RPC_ID_MAX + 1; len++) {
		char *digits;

		buf_reset(&b);
		buf_put_slice(
		    &b, SLICE("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":"));
		digits = buf_extend(&b, len);
		assert_non_null(digits);
		memset(digits, '7', len);
		buf_put_char(&b, '}');
		assert_int_equal(rpc_read(tree(&a, b.ptr), &m, &why),
		    len <= RPC_ID_MAX ? RC_OK : RC_SYNTAX);
		assert_int_equal(m.id.len, len <= RPC_ID_MAX ? len : 0);
	}
	buf_release(&b);
	arena_release(&a);
}

static const struct {
	const char *text;
	const char *id; /* NULL: none to echo */
} refused[] = {
	{ "1", NULL },
	{ "null", NULL },
	{ "\"m\"", NULL },
	{ "{}", NULL },
	{ "{\"id\":1,\"method\":\"m\"}", "1" },
	{ "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"m\"}", "1" },
	{ "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"m\"}", "1" },
	{ "{\"jsonrpc\":\"2.0\\n\",\"id\":1,\"method\":\"m\"}", "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":\"a\"}", "\"a\"" },
	{ "{\"jsonrpc\":\"2.0\"}", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":1}", "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":null}", "1" },
	{ "{\"jsonrpc\":\"2.0\",\"method\":[]}", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"METHOD\":\"m\"}", "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\","
	  "\"params\":[]}",
	    "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\","
	  "\"params\":null}",
	    "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\","
	  "\"params\":\"x\"}",
	    "1" },
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[]}", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\","
	  "\"result\":{}}",
	    "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\","
	  "\"error\":null}",
	    "1" },
	/* the id of a response is ours, not theirs */
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{}}", NULL },
	{ "{\"id\":1,\"result\":{}}", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"result\":{}}", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{}}", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}", NULL },
};

static void
what_is_no_message_is_refused_with_the_id_that_may_be_echoed(void **state)
{
	struct arena a = ARENA_INIT(ARENA_MAX);

	(void)state;
	for (size_t i = 0; i < ROWS(refused); i++) {
		struct rpc_message m;
		const char *why = NULL;
		enum rc rc = rpc_read(tree(&a, refused[i].text), &m, &why);

		if (rc != RC_SYNTAX || why == NULL ||
		    !slice_eq(m.id, slice_of(refused[i].id)) ||
		    (m.id.ptr == NULL) != (refused[i].id == NULL))
			fail_msg("%s: %s", refused[i].text, rc_name(rc));
		assert_null(m.method.ptr);
		assert_null(m.params);
		assert_null(m.result);
		assert_null(m.error);
	}
	arena_release(&a);
}

static void
errors_are_written_with_what_there_is(void **state)
{
	static const struct {
		struct slice id;
		enum rpc_code code;
		struct slice message, data;
		const char *text;
	} rows[] = {
		{ SLICE_INIT("1"), RPC_METHOD_NOT_FOUND, SLICE_INIT("no"),
		    { NULL, 0 },
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":"
		    "{\"code\":-32601,\"message\":\"no\"}}" },
		{ { NULL, 0 }, RPC_PARSE_ERROR, SLICE_INIT("a \"b\"\n"),
		    { NULL, 0 },
		    "{\"jsonrpc\":\"2.0\",\"error\":"
		    "{\"code\":-32700,\"message\":\"a \\\"b\\\"\\n\"}}" },
		{ SLICE_INIT("\"x\""), RPC_UNSUPPORTED_VERSION, SLICE_INIT(""),
		    SLICE_INIT("{\"supported\":[]}"),
		    "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":"
		    "{\"code\":-32022,\"message\":\"\","
		    "\"data\":{\"supported\":[]}}}" },
	};
	struct buf b = BUF_INIT(4096);

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		buf_reset(&b);
		rpc_put_error(&b, rows[i].id, rows[i].code, rows[i].message,
		    rows[i].data);
		assert_int_equal(buf_finish(&b), RC_OK);
		assert_string_equal(b.ptr, rows[i].text);
	}
	buf_reset(&b);
	rpc_put_result_head(&b, SLICE("1e2"));
	assert_string_equal(
	    b.ptr, "{\"jsonrpc\":\"2.0\",\"id\":1e2,\"result\":");
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_read_for_what_it_is),
		cmocka_unit_test(an_id_is_kept_byte_for_byte_or_refused),
		cmocka_unit_test(an_id_has_a_longest_length),
		cmocka_unit_test(
		    what_is_no_message_is_refused_with_the_id_that_may_be_echoed),
		cmocka_unit_test(errors_are_written_with_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
