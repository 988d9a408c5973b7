#include "http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARENA_MAX ((size_t)1 << 20)
#define ROWS(table) (sizeof(table) / sizeof(*(table)))

/* "NAME=value" lines, taken as variables, beginning with line `first`. */
static struct http_request
take(struct arena *a, const char *const *lines, size_t n, size_t first)
{
	struct http_request r = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct slice value,
		    name = slice_cut(
			slice_of(lines[(first + i) % n]), '=', &value);

		assert_int_equal(http_take_variable(&r, a, name, value), RC_OK);
	}
	return r;
}

static void
assert_slice(struct slice got, const char *want)
{
	if ((got.ptr == NULL) != (want == NULL) ||
	    !slice_eq(got, slice_of(want)))
		fail_msg("\"%.*s\" is not \"%s\"", SLICE_FMT(got),
		    want == NULL ? "(absent)" : want);
}

static const char *const usual[] = {
	"GATEWAY_INTERFACE=CGI/1.1",
	"SCRIPT_NAME=/wrong",
	"PATH_INFO=/still/wrong",
	"QUERY_STRING=wrong",
	"REQUEST_URI=/mcp%20x?a=b?c",
	"REQUEST_METHOD=POST",
	"CONTENT_TYPE=application/json",
	"HTTP_CONTENT_TYPE=application/json",
	"CONTENT_LENGTH=7",
	"HTTP_CONTENT_LENGTH=7",
	"HTTP_HOST=example.com",
	"HTTP_ACCESS_CONTROL_REQUEST_HEADERS=mcp-name",
	"HTTP_ACCEPT=application/json",
	"HTTP_ORIGIN=https://example.com",
	"HTTP_AUTHORIZATION=Bearer a",
	"REDIRECT_HTTP_AUTHORIZATION=Bearer b",
	"HTTP_CONTENT_ENCODING=gzip",
	"HTTP_LAST_EVENT_ID=1-2",
	"HTTP_MCP_METHOD=tools/call",
	"HTTP_MCP_NAME=echo",
	"HTTP_MCP_PROTOCOL_VERSION=2026-07-28",
	"HTTP_MCP_SESSION_ID=abc",
	"HTTP_MCP_PARAM_REGION=eu",
	"HTTP_PROXY=http://evil.example",
	"REMOTE_ADDR=10.0.0.1",
	"REMOTE_USER=alice",
	"AUTH_TYPE=Basic",
	"SERVER_ADDR=10.0.0.2",
	"SERVER_NAME=www.example.com",
	"HTTPS=on",
	"REQUEST_SCHEME=https",
};

static void
a_usual_request_is_taken_in_any_order(void **state)
{
	static const char *const fields[HTTP_FIELDS] = {
		[HTTP_ACCEPT] = "application/json",
		[HTTP_AUTHORIZATION] = "Bearer a",
		[HTTP_CONTENT_ENCODING] = "gzip",
		[HTTP_CONTENT_TYPE] = "application/json",
		[HTTP_HOST] = "example.com",
		[HTTP_LAST_EVENT_ID] = "1-2",
		[HTTP_MCP_METHOD] = "tools/call",
		[HTTP_MCP_NAME] = "echo",
		[HTTP_MCP_PROTOCOL_VERSION] = "2026-07-28",
		[HTTP_MCP_SESSION_ID] = "abc",
		[HTTP_ORIGIN] = "https://example.com",
		[HTTP_REQUESTED_HEADERS] = "mcp-name",
	};
	struct arena a = ARENA_INIT(ARENA_MAX);

	(void)state;
	for (size_t first = 0; first < ROWS(usual); first++) {
		struct http_request r = take(&a, usual, ROWS(usual), first);

		assert_int_equal(r.method, HTTP_POST);
		assert_slice(r.method_name, "POST");
		assert_slice(r.path, "/mcp%20x");
		assert_slice(r.query, "a=b?c");
		for (size_t f = 0; f < HTTP_FIELDS; f++)
			assert_slice(
			    http_get(&r, (enum http_field)f), fields[f]);
		assert_slice(r.remote_addr, "10.0.0.1");
		assert_slice(r.remote_user, "alice");
		assert_slice(r.auth_type, "Basic");
		assert_slice(r.server_addr, "10.0.0.2");
		assert_slice(r.server_name, "www.example.com");
		assert_true(r.is_https);
		assert_non_null(r.params);
		assert_slice(r.params->name, "REGION");
		assert_slice(r.params->value, "eu");
		assert_null(r.params->next);
	}
	arena_release(&a);
}

static void
path_and_query_come_from_the_uri_or_from_their_parts(void **state)
{
	static const struct {
		const char *lines[3]; /* in every rotation */
		const char *path, *query;
	} rows[] = {
		{ { "REQUEST_URI=/mcp", "QUERY_STRING=x", "A=" }, "/mcp",
		    NULL },
		{ { "REQUEST_URI=/mcp?", "QUERY_STRING=x", "A=" }, "/mcp",
		    NULL },
		{ { "REQUEST_URI=//mcp/?x", "A=", "A=" }, "//mcp/", "x" },
		{ { "REQUEST_URI=http://h:1/mcp?x", "A=", "A=" }, "/mcp", "x" },
		{ { "REQUEST_URI=HTTPS://[::1]/a//b", "A=", "A=" }, "/a//b",
		    NULL },
		{ { "REQUEST_URI=http://host", "A=", "A=" }, "/", NULL },
		{ { "REQUEST_URI=http://host?x", "A=", "A=" }, "/", "x" },
		{ { "REQUEST_URI=/a?http://b/c", "A=", "A=" }, "/a",
		    "http://b/c" },
		{ { "REQUEST_URI=*", "A=", "A=" }, "*", NULL },
		{ { "REQUEST_URI=host:443", "A=", "A=" }, "host:443", NULL },
		{ { "SCRIPT_NAME=/cgi", "PATH_INFO=/mcp", "QUERY_STRING=x" },
		    "/cgi/mcp", "x" },
		{ { "SCRIPT_NAME=/mcp", "PATH_INFO=", "QUERY_STRING=" }, "/mcp",
		    NULL },
		{ { "SCRIPT_NAME=", "PATH_INFO=/mcp", "REQUEST_URI=" }, "/mcp",
		    NULL },
		{ { "QUERY_STRING=x", "SCRIPT_NAME=/mcp", "A=" }, "/mcp", "x" },
	};
	struct arena a = ARENA_INIT(ARENA_MAX);

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		for (size_t first = 0; first < 3; first++) {
			struct http_request r =
			    take(&a, rows[i].lines, 3, first);

			assert_slice(r.path, rows[i].path);
			assert_slice(r.query, rows[i].query);
		}
	}
	arena_release(&a);
}

static void
stand_ins_count_only_where_the_real_one_is_missing(void **state)
{
	static const struct {
		const char *lines[3]; /* in every rotation */
		enum http_field field;
		const char *value;
	} rows[] = {
		{ { "REDIRECT_HTTP_AUTHORIZATION=b", "A=", "A=" },
		    HTTP_AUTHORIZATION, "b" },
		{ { "REDIRECT_HTTP_AUTHORIZATION=b", "HTTP_AUTHORIZATION=a",
		      "A=" },
		    HTTP_AUTHORIZATION, "a" },
		{ { "REDIRECT_HTTP_AUTHORIZATION=b",
		      "HTTP_AUTHORIZATION=", "A=" },
		    HTTP_AUTHORIZATION, "b" },
		{ { "REDIRECT_HTTP_AUTHORIZATION=", "HTTP_AUTHORIZATION=a",
		      "A=" },
		    HTTP_AUTHORIZATION, "a" },
		{ { "REDIRECT_HTTP_HOST=a", "A=", "A=" }, HTTP_HOST, NULL },
		{ { "HTTP_CONTENT_TYPE=b", "A=", "A=" }, HTTP_CONTENT_TYPE,
		    "b" },
		{ { "HTTP_CONTENT_TYPE=b", "CONTENT_TYPE=a", "A=" },
		    HTTP_CONTENT_TYPE, "a" },
		{ { "HTTP_CONTENT_TYPE=b", "CONTENT_TYPE=", "A=" },
		    HTTP_CONTENT_TYPE, "b" },
	};
	struct arena a = ARENA_INIT(ARENA_MAX);

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		for (size_t first = 0; first < 3; first++) {
			struct http_request r =
			    take(&a, rows[i].lines, 3, first);

			assert_slice(
			    http_get(&r, rows[i].field), rows[i].value);
		}
	}
	arena_release(&a);
}

static void
a_method_is_known_by_its_exact_name(void **state)
{
	static const struct {
		const char *line;
		enum http_method method;
	} rows[] = {
		{ "REQUEST_METHOD=GET", HTTP_GET },
		{ "REQUEST_METHOD=POST", HTTP_POST },
		{ "REQUEST_METHOD=DELETE", HTTP_DELETE },
		{ "REQUEST_METHOD=OPTIONS", HTTP_OPTIONS },
		{ "REQUEST_METHOD=HEAD", HTTP_HEAD },
		{ "REQUEST_METHOD=PUT", HTTP_OTHER },
		{ "REQUEST_METHOD=get", HTTP_OTHER },
		{ "REQUEST_METHOD=GETS", HTTP_OTHER },
		{ "REQUEST_METHOD=", HTTP_OTHER },
	};
	struct arena a = ARENA_INIT(ARENA_MAX);

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct http_request r = take(&a, &rows[i].line, 1, 0);

		if (r.method != rows[i].method)
			fail_msg("%s", rows[i].line);
	}
	arena_release(&a);
}

static void
https_is_told_by_either_variable(void **state)
{
	static const struct {
		const char *line;
		bool is_https;
	} rows[] = {
		{ "HTTPS=on", true },
		{ "HTTPS=ON", true },
		{ "HTTPS=1", true },
		{ "REQUEST_SCHEME=https", true },
		{ "HTTPS=off", false },
		{ "HTTPS=0", false },
		{ "HTTPS=", false },
		{ "HTTP_HTTPS=on", false },
		{ "REQUEST_SCHEME=http", false },
		{ "REQUEST_SCHEME=", false },
	};
	struct arena a = ARENA_INIT(ARENA_MAX);

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct http_request r = take(&a, &rows[i].line, 1, 0);

		if (r.is_https != rows[i].is_https)
			fail_msg("%s", rows[i].line);
	}
	arena_release(&a);
}

static void
what_nobody_asks_for_leaves_no_trace(void **state)
{
	static const char *const lines[] = { "HTTP_PROXY=x", "PATH=x", "=x",
		"HTTP_=x", "HTTP_MCP_PARAM_=x", "HTTP_MCP_PARAM=x",
		"http_host=x", "HTTP_HOSTS=x", "HOST=x", "XTTP_HOST=x",
		"HTTP_HOS=x", "REMOTE_USER=", "AUTH_TYPE=", "REMOTE_ADDR=",
		"SERVER_ADDR=", "SERVER_NAME=", "DOCUMENT_URI=x" };
	static const struct http_request empty = { 0 };
	struct arena a = ARENA_INIT(ARENA_MAX);
	struct http_request r = take(&a, lines, ROWS(lines), 0);

	(void)state;
	assert_memory_equal(&r, &empty, sizeof(r));
	assert_int_equal(a.used, 0);
	arena_release(&a);
}

static void
fields_are_known_in_every_spelling(void **state)
{
	static const struct {
		const char *name;
		enum http_field field; /* HTTP_FIELDS: none */
	} rows[] = {
		{ "Accept", HTTP_ACCEPT },
		{ "authorization", HTTP_AUTHORIZATION },
		{ "Content-Encoding", HTTP_CONTENT_ENCODING },
		{ "CONTENT-TYPE", HTTP_CONTENT_TYPE },
		{ "CONTENT_TYPE", HTTP_CONTENT_TYPE },
		{ "host", HTTP_HOST },
		{ "Last-Event-ID", HTTP_LAST_EVENT_ID },
		{ "mcp_method", HTTP_MCP_METHOD },
		{ "Mcp-Name", HTTP_MCP_NAME },
		{ "MCP-Protocol-Version", HTTP_MCP_PROTOCOL_VERSION },
		{ "MCP_SESSION_ID", HTTP_MCP_SESSION_ID },
		{ "oRiGiN", HTTP_ORIGIN },
		{ "Mcp-Names", HTTP_FIELDS },
		{ "HTTP_HOST", HTTP_FIELDS },
		{ "Proxy", HTTP_FIELDS },
		{ "", HTTP_FIELDS },
		{ "S", HTTP_FIELDS },
		{ "A-name-that-is-longer-than-any-of-the-known-ones",
		    HTTP_FIELDS },
	};
	struct arena a = ARENA_INIT(ARENA_MAX);

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct http_request r = { 0 };

		assert_int_equal(
		    http_take_field(&r, &a, slice_of(rows[i].name), SLICE("v")),
		    RC_OK);
		for (size_t f = 0; f < HTTP_FIELDS; f++)
			assert_slice(http_get(&r, (enum http_field)f),
			    f == rows[i].field ? "v" : NULL);
		assert_false(r.is_https);
		assert_null(r.params);
	}
	arena_release(&a);
}

static void
a_field_that_comes_twice_is_joined(void **state)
{
	static const char *const lines[] = { "HTTP_MCP_NAME=a",
		"HTTP_MCP_PARAM_X=1", "HTTP_MCP_NAME=b",
		"HTTP_MCP_PARAM_X=", "HTTP_AUTHORIZATION=c",
		"HTTP_AUTHORIZATION=d", "CONTENT_TYPE=e", "CONTENT_TYPE=f",
		"HTTP_MCP_NAME=" };
	struct arena a = ARENA_INIT(ARENA_MAX);
	struct http_request r = take(&a, lines, ROWS(lines), 0);

	(void)state;
	assert_slice(r.field[HTTP_MCP_NAME], "a, b, ");
	assert_slice(r.field[HTTP_AUTHORIZATION], "c, d");
	assert_slice(r.field[HTTP_CONTENT_TYPE], "e, f");
	assert_slice(http_param(&r, SLICE("x")), "1, ");
	assert_null(r.params->next);
	arena_release(&a);
}

static void
params_keep_their_order_and_are_found_by_suffix(void **state)
{
	static const struct {
		const char *name, *value, *folded;
	} taken[] = {
		{ "Mcp-Param-Region", "eu", "REGION" },
		{ "MCP_PARAM_USER_ID", "7", "USER_ID" },
		{ "mcp-param-empty", "", "EMPTY" },
		{ "Mcp_Param-a.b", "c", "A.B" },
		{ "MCP-PARAM-", "no", NULL },
	};
	static const struct {
		const char *suffix, *value;
	} rows[] = {
		{ "Region", "eu" },
		{ "region", "eu" },
		{ "REGION", "eu" },
		{ "User-Id", "7" },
		{ "user_id", "7" },
		{ "Empty", "" },
		{ "A.b", "c" },
		{ "Regio", NULL },
		{ "Regions", NULL },
		{ "", NULL },
	};
	struct arena a = ARENA_INIT(ARENA_MAX);
	struct http_request r = { 0 };
	const struct http_param *p;

	(void)state;
	for (size_t i = 0; i < ROWS(taken); i++) {
		assert_int_equal(
		    http_take_field(&r, &a, slice_of(taken[i].name),
			slice_of(taken[i].value)),
		    RC_OK);
	}
	p = r.params;
	for (size_t i = 0; taken[i].folded != NULL; i++, p = p->next) {
		assert_non_null(p);
		assert_slice(p->name, taken[i].folded);
	}
	assert_null(p);
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_slice(
		    http_param(&r, slice_of(rows[i].suffix)), rows[i].value);
	}
	arena_release(&a);
}

static void
a_value_is_got_without_white_space_and_empty_is_absent(void **state)
{
	static const char *const lines[] = { "HTTP_HOST= \texample \t",
		"HTTP_ORIGIN= \t", "HTTP_MCP_NAME=", "HTTP_MCP_PARAM_X=\t" };
	struct arena a = ARENA_INIT(ARENA_MAX);
	struct http_request r = take(&a, lines, ROWS(lines), 0);

	(void)state;
	assert_slice(http_get(&r, HTTP_HOST), "example");
	assert_slice(http_get(&r, HTTP_ORIGIN), NULL);
	assert_slice(http_get(&r, HTTP_MCP_NAME), NULL);
	assert_slice(http_get(&r, HTTP_ACCEPT), NULL);
	assert_slice(http_get(&r, HTTP_FIELDS), NULL);
	assert_slice(http_param(&r, SLICE("x")), "\t");
	arena_release(&a);
}

static void
without_memory_a_request_says_so(void **state)
{
	static const struct {
		const char *before, *name, *value;
	} rows[] = {
		{ NULL, "HTTP_MCP_PARAM_X", "1" },
		{ "HTTP_HOST", "HTTP_HOST", "b" },
		{ "SCRIPT_NAME", "PATH_INFO", "/x" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena a = ARENA_INIT(1);
		struct http_request r = { 0 };

		if (rows[i].before != NULL) {
			assert_int_equal(
			    http_take_variable(
				&r, &a, slice_of(rows[i].before), SLICE("/a")),
			    RC_OK);
		}
		assert_int_equal(
		    http_take_variable(&r, &a, slice_of(rows[i].name),
			slice_of(rows[i].value)),
		    RC_NOMEM);
		arena_release(&a);
	}
}

static void
a_status_has_its_phrase(void **state)
{
	static const struct {
		int status;
		const char *phrase;
	} rows[] = {
		{ 200, "OK" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
		{ 299, "Unknown" },
		{ -1, "Unknown" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_string_equal(
		    http_phrase(rows[i].status), rows[i].phrase);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_usual_request_is_taken_in_any_order),
		cmocka_unit_test(
		    path_and_query_come_from_the_uri_or_from_their_parts),
		cmocka_unit_test(
		    stand_ins_count_only_where_the_real_one_is_missing),
		cmocka_unit_test(a_method_is_known_by_its_exact_name),
		cmocka_unit_test(https_is_told_by_either_variable),
		cmocka_unit_test(what_nobody_asks_for_leaves_no_trace),
		cmocka_unit_test(fields_are_known_in_every_spelling),
		cmocka_unit_test(a_field_that_comes_twice_is_joined),
		cmocka_unit_test(
		    params_keep_their_order_and_are_found_by_suffix),
		cmocka_unit_test(
		    a_value_is_got_without_white_space_and_empty_is_absent),
		cmocka_unit_test(without_memory_a_request_says_so),
		cmocka_unit_test(a_status_has_its_phrase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
