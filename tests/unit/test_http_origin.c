#include "http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof(*(table)))

static bool
same(struct slice got, const char *want)
{
	return (got.ptr == NULL) == (want == NULL) &&
	    slice_eq(got, slice_of(want));
}

static const struct {
	const char *value;
	const char *scheme, *host, *port; /* no scheme: refused */
} origins[] = {
	{ "http://localhost", "http", "localhost", NULL },
	{ "https://example.com", "https", "example.com", NULL },
	{ "https://example.com:8443", "https", "example.com", "8443" },
	{ "HTTPS://EXAMPLE.com", "HTTPS", "EXAMPLE.com", NULL },
	{ "http://127.0.0.1:6274", "http", "127.0.0.1", "6274" },
	{ "http://[::1]", "http", "[::1]", NULL },
	{ "http://[2001:db8::A]:80", "http", "[2001:db8::A]", "80" },
	{ "http://[::ffff:10.0.0.1]:80", "http", "[::ffff:10.0.0.1]", "80" },
	{ "chrome-extension://abcdef", "chrome-extension", "abcdef", NULL },
	{ "vscode-webview://1a-2b", "vscode-webview", "1a-2b", NULL },
	{ "http://xn--4ca.example", "http", "xn--4ca.example", NULL },
	{ "http://a_b~c", "http", "a_b~c", NULL },
	{ "http://h:0", "http", "h", "0" },
	{ "http://h:65535", "http", "h", "65535" },
	{ "null", NULL, NULL, NULL },
	{ "", NULL, NULL, NULL },
	{ NULL, NULL, NULL, NULL },
	{ "example.com", NULL, NULL, NULL },
	{ "//example.com", NULL, NULL, NULL },
	{ "http:example.com", NULL, NULL, NULL },
	{ "http:/example.com", NULL, NULL, NULL },
	{ "://example.com", NULL, NULL, NULL },
	{ "1http://example.com", NULL, NULL, NULL },
	{ "ht tp://example.com", NULL, NULL, NULL },
	{ "http://", NULL, NULL, NULL },
	{ "file://", NULL, NULL, NULL },
	{ "http:///", NULL, NULL, NULL },
	{ "http://example.com/", NULL, NULL, NULL },
	{ "http://example.com/a", NULL, NULL, NULL },
	{ "http://example.com?x", NULL, NULL, NULL },
	{ "http://example.com#x", NULL, NULL, NULL },
	{ "http://user@example.com", NULL, NULL, NULL },
	{ "http://good.example@evil.example", NULL, NULL, NULL },
	{ "http://a, http://b", NULL, NULL, NULL },
	{ "http://a http://b", NULL, NULL, NULL },
	{ " http://a", NULL, NULL, NULL },
	{ "http://a ", NULL, NULL, NULL },
	{ "http://a\n", NULL, NULL, NULL },
	{ "http://a%00b", NULL, NULL, NULL },
	{ "http://\xC3\xA4.example", NULL, NULL, NULL },
	{ "http://h:", NULL, NULL, NULL },
	{ "http://h:65536", NULL, NULL, NULL },
	{ "http://h:99999999999999999999", NULL, NULL, NULL },
	{ "http://h:080", NULL, NULL, NULL },
	{ "http://h:+80", NULL, NULL, NULL },
	{ "http://h:8 0", NULL, NULL, NULL },
	{ "http://h:80:80", NULL, NULL, NULL },
	{ "http://:80", NULL, NULL, NULL },
	{ "http://::1", NULL, NULL, NULL },
	{ "http://[::1", NULL, NULL, NULL },
	{ "http://::1]", NULL, NULL, NULL },
	{ "http://[]", NULL, NULL, NULL },
	{ "http://[1]", NULL, NULL, NULL },
	{ "http://[1:2]", NULL, NULL, NULL },
	{ "http://[::g]", NULL, NULL, NULL },
	{ "http://[fe80::1%25eth0]", NULL, NULL, NULL },
	{ "http://[v1.a:b:c]", NULL, NULL, NULL },
	{ "http://[::1]80", NULL, NULL, NULL },
	{ "http://[::1].evil.example", NULL, NULL, NULL },
	{ "http://[::::::::::::::::::::::::::::::::::::::::::::::::]", NULL,
	    NULL, NULL },
};

static void
an_origin_is_scheme_host_and_port_and_nothing_else(void **state)
{

	(void)state;
	for (size_t i = 0; i < ROWS(origins); i++) {
		struct http_origin o;
		enum rc rc = http_read_origin(slice_of(origins[i].value), &o);

		if (rc != (origins[i].scheme == NULL ? RC_SYNTAX : RC_OK) ||
		    !same(o.scheme, origins[i].scheme) ||
		    !same(o.host, origins[i].host) ||
		    !same(o.port, origins[i].port))
			fail_msg("\"%s\": %s", origins[i].value, rc_name(rc));
	}
}

static void
a_host_is_host_and_port(void **state)
{
	static const struct {
		const char *value;
		const char *host, *port; /* no host: refused */
	} rows[] = {
		{ "example.com", "example.com", NULL },
		{ "example.com:8080", "example.com", "8080" },
		{ "localhost", "localhost", NULL },
		{ "127.0.0.1:80", "127.0.0.1", "80" },
		{ "[::1]:80", "[::1]", "80" },
		{ "a.", "a.", NULL },
		{ "", NULL, NULL },
		{ NULL, NULL, NULL },
		{ ":80", NULL, NULL },
		{ "::1", NULL, NULL },
		{ "a:b", NULL, NULL },
		{ "a, b", NULL, NULL },
		{ "a/b", NULL, NULL },
		{ "http://a", NULL, NULL },
		{ "user@a", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct http_origin o;
		enum rc rc = http_read_host(slice_of(rows[i].value), &o);

		if (rc != (rows[i].host == NULL ? RC_SYNTAX : RC_OK) ||
		    !same(o.scheme, NULL) || !same(o.host, rows[i].host) ||
		    !same(o.port, rows[i].port))
			fail_msg("\"%s\": %s", rows[i].value, rc_name(rc));
	}
}

static void
a_nul_does_not_end_a_host(void **state)
{
	struct http_origin o;

	(void)state;
	assert_int_equal(http_read_host(SLICE("a\0b"), &o), RC_SYNTAX);
	assert_int_equal(http_read_origin(SLICE("http\0://a"), &o), RC_SYNTAX);
	assert_false(http_is_loopback(SLICE("localhost\0")));
}

static void
loopback_is_localhost_127_and_one(void **state)
{
	static const struct {
		const char *host;
		bool is_loopback;
	} rows[] = {
		{ "localhost", true },
		{ "LocalHost", true },
		{ "127.0.0.1", true },
		{ "127.255.255.255", true },
		{ "127.0.0.0", true },
		{ "[::1]", true },
		{ "::1", true },
		{ "::ffff:127.0.0.1", true },
		{ "::ffff:10.0.0.1", false },
		{ "::ffff:localhost", false },
		{ "localhost.", false },
		{ "localhost.evil.example", false },
		{ "evil.localhost", false },
		{ "127.0.0.1.evil.example", false },
		{ "127.evil.example", false },
		{ "127.0.0.256", false },
		{ "127.0.0", false },
		{ "127.1", false },
		{ "127.", false },
		{ "127", false },
		{ "127.0.0.1.", false },
		{ "127.0.0.1.1", false },
		{ "127.0.0.01", false },
		{ "127.0.0.0x1", false },
		{ "127..0.1", false },
		{ "128.0.0.1", false },
		{ "0127.0.0.1", false },
		{ "0.0.0.0", false },
		{ "[::2]", false },
		{ "::", false },
		{ "", false },
		{ NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		if (http_is_loopback(slice_of(rows[i].host)) !=
		    rows[i].is_loopback)
			fail_msg("\"%s\"", rows[i].host);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_origin_is_scheme_host_and_port_and_nothing_else),
		cmocka_unit_test(a_host_is_host_and_port),
		cmocka_unit_test(a_nul_does_not_end_a_host),
		cmocka_unit_test(loopback_is_localhost_127_and_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
