#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi_bench.h"
#include "record.h"

/* For what shall not arrive. */
#define SHORT_MS 60

static void
assert_slice(struct slice got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.ptr, want, got.len);
}

static void
a_request_comes_in_and_its_answer_goes_out_in_one_piece(void **state)
{
	struct fcgi_bench *r = *state;
	struct fcgi_answer done;

	fcgi_bench_begin(r, false);
	fcgi_bench_param(r, "CONTENT_LENGTH", "7");
	fcgi_bench_param(r, "HTTP_MCP_SESSION_ID", "abc");
	fcgi_bench_put_params(r);
	fcgi_bench_put_body(r, SLICE("{\"a\":1}"));
	fcgi_bench_put_end(r);
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_OK);
	assert_int_equal(r->request.method, HTTP_POST);
	assert_slice(r->request.path, "/mcp");
	assert_slice(r->request.query, "a=b");
	assert_slice(http_get(&r->request, HTTP_MCP_SESSION_ID), "abc");
	assert_slice(r->request.body, "{\"a\":1}");
	assert_int_equal(r->request.body_state, HTTP_BODY_OK);
	done = fcgi_bench_answer(r->io, 200, "{}");
	fcgi_bench_expect(r,
	    "Status: 200 OK\r\nContent-Type: application/json\r\n"
	    "Content-Length: 2\r\n\r\n{}");
	assert_int_equal(done.status, 200);
	assert_int_equal(done.bytes, 2);
	assert_false(done.broken);
}

static void
an_answer_without_body_says_that_its_length_is_zero(void **state)
{
	struct fcgi_bench *r = *state;

	fcgi_bench_begin(r, false);
	fcgi_bench_put_params(r);
	fcgi_bench_put_end(r);
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_OK);
	(void)fcgi_bench_answer(r->io, 202, NULL);
	fcgi_bench_expect(
	    r, "Status: 202 Accepted\r\nContent-Length: 0\r\n\r\n");
}

static void
one_request_follows_the_other(void **state)
{
	struct fcgi_bench *r = *state;

	for (int i = 0; i < 3; i++) {
		/* Asked to keep the connection, it is closed all the same. */
		fcgi_bench_begin(r, i == 1);
		fcgi_bench_put_params(r);
		fcgi_bench_put_body(r, SLICE("x"));
		fcgi_bench_put_end(r);
		fcgi_bench_dial(r);
		assert_int_equal(fcgi_bench_take(r), RC_OK);
		assert_slice(r->request.body, "x");
		(void)fcgi_bench_answer(r->io, 404, NULL);
		fcgi_bench_expect(
		    r, "Status: 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	}
}

static void
nothing_there_is_a_lost_race(void **state)
{
	struct fcgi_bench *r = *state;

	assert_int_equal(fcgi_bench_take(r), RC_NOTFOUND);
}

static void
without_descriptors_a_connection_waits_and_nobody_spins(void **state)
{
	struct fcgi_bench *r = *state;
	struct rlimit before;
	struct rlimit none;
	int64_t begun;

	fcgi_bench_begin(r, false);
	fcgi_bench_put_params(r);
	fcgi_bench_put_end(r);
	fcgi_bench_dial(r);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	begun = clock_mono_ms(&clock_system);
	assert_int_equal(fcgi_bench_take(r), RC_NOTFOUND);
	assert_true(clock_mono_ms(&clock_system) - begun >= 5);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(fcgi_bench_take(r), RC_OK);
}

/* The same request, cut into records of n bytes. */
static void
put_split(struct fcgi_bench *r, struct slice body, size_t n)
{
	struct slice all = buf_slice(&r->params);

	for (size_t at = 0; at < all.len; at += n) {
		size_t left = all.len - at;

		record_put(&r->sent, RECORD_PARAMS, 1,
		    (struct slice){ all.ptr + at, left < n ? left : n });
	}
	record_put(&r->sent, RECORD_PARAMS, 1, SLICE(""));
	for (size_t at = 0; at < body.len; at += n) {
		size_t left = body.len - at;

		fcgi_bench_put_body(
		    r, (struct slice){ body.ptr + at, left < n ? left : n });
	}
	fcgi_bench_put_end(r);
}

static void
records_may_be_cut_anywhere(void **state)
{
	struct fcgi_bench *r = *state;
	char body[FCGI_BENCH_BODY_MAX];

	memset(body, 'b', sizeof(body));
	body[FCGI_BENCH_BODY_MAX - 1] = 'e';
	for (size_t n = 1; n < 300; n = n * 3 + 1) {
		fcgi_bench_begin(r, false);
		fcgi_bench_param(r, "HTTP_ACCEPT", "text/event-stream");
		fcgi_bench_param(r, "CONTENT_LENGTH", "1000");
		put_split(r, (struct slice){ body, sizeof(body) }, n);
		fcgi_bench_dial(r);
		assert_int_equal(fcgi_bench_take(r), RC_OK);
		assert_slice(
		    http_get(&r->request, HTTP_ACCEPT), "text/event-stream");
		assert_int_equal(r->request.body.len, FCGI_BENCH_BODY_MAX);
		assert_memory_equal(
		    r->request.body.ptr, body, FCGI_BENCH_BODY_MAX);
		(void)fcgi_bench_answer(r->io, 202, NULL);
		fcgi_bench_hear(r);
		assert_true(r->has_end);
	}
}

static void
a_field_that_comes_twice_is_joined(void **state)
{
	struct fcgi_bench *r = *state;

	fcgi_bench_begin(r, false);
	fcgi_bench_param(r, "HTTP_ACCEPT", "application/json");
	fcgi_bench_param(r, "HTTP_ACCEPT", "text/event-stream");
	fcgi_bench_put_params(r);
	fcgi_bench_put_end(r);
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_OK);
	assert_slice(http_get(&r->request, HTTP_ACCEPT),
	    "application/json, text/event-stream");
	(void)fcgi_bench_answer(r->io, 202, NULL);
}

struct length {
	const char *announced; /* NULL: not at all */
	enum rc rc;
};

static const struct length lengths[] = { { NULL, RC_OK }, { "", RC_OK },
	{ "4", RC_OK }, { "3", RC_OK }, { "5", RC_NOTFOUND },
	{ "x", RC_NOTFOUND }, { "-4", RC_NOTFOUND },
	{ "99999999999999999999", RC_NOTFOUND } };

static void
a_body_shorter_than_announced_is_dropped(void **state)
{
	struct fcgi_bench *r = *state;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		fcgi_bench_begin(r, false);
		if (lengths[i].announced != NULL)
			fcgi_bench_param(
			    r, "CONTENT_LENGTH", lengths[i].announced);
		fcgi_bench_put_params(r);
		fcgi_bench_put_body(r, SLICE("four"));
		fcgi_bench_put_end(r);
		fcgi_bench_dial(r);
		assert_int_equal(fcgi_bench_take(r), lengths[i].rc);
		if (lengths[i].rc == RC_OK) {
			assert_slice(r->request.body, "four");
			(void)fcgi_bench_answer(r->io, 202, NULL);
			continue;
		}
		fcgi_bench_hear(r);
		assert_int_equal(r->answer.len, 0);
		assert_false(r->has_end);
	}
}

static void
a_body_that_is_too_large_is_answered_but_not_kept(void **state)
{
	struct fcgi_bench *r = *state;
	char body[(size_t)FCGI_BENCH_BODY_MAX * 9];

	memset(body, 'b', sizeof(body));
	for (size_t n = FCGI_BENCH_BODY_MAX; n <= sizeof(body); n += 3999) {
		fcgi_bench_begin(r, false);
		fcgi_bench_put_params(r);
		fcgi_bench_put_body(r, (struct slice){ body, n });
		fcgi_bench_put_end(r);
		fcgi_bench_dial(r);
		assert_int_equal(fcgi_bench_take(r), RC_OK);
		assert_int_equal(r->request.body_state,
		    n == FCGI_BENCH_BODY_MAX ? HTTP_BODY_OK
					     : HTTP_BODY_TOO_LARGE);
		assert_int_equal(r->request.body.len,
		    n == FCGI_BENCH_BODY_MAX ? FCGI_BENCH_BODY_MAX : 0);
		(void)fcgi_bench_answer(r->io, 413, NULL);
		fcgi_bench_hear(r);
		assert_true(r->has_end);
	}
}

static void
put_many_params(struct fcgi_bench *r, size_t n, size_t len)
{
	const size_t most = 60000; /* of one record */
	char *value = calloc(1, len + 1);
	char name[64];
	struct slice rest;

	assert_non_null(value);
	memset(value, 'v', len);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "HTTP_MCP_PARAM_%zu", i);
		fcgi_bench_param(r, name, value);
	}
	free(value);
	rest = buf_slice(&r->params);
	while (rest.len > 0) {
		size_t piece = rest.len < most ? rest.len : most;

		record_put(&r->sent, RECORD_PARAMS, 1,
		    (struct slice){ rest.ptr, piece });
		rest = slice_from(rest, piece);
	}
	record_put(&r->sent, RECORD_PARAMS, 1, SLICE(""));
}

/* A process of its own that sends, which may be more than the socket holds,
 * and says whether it was answered with that status. */
static pid_t
client_expects(struct fcgi_bench *r, const char *status)
{
	struct pollfd p = { .fd = r->at.socket, .events = POLLIN };
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		fcgi_bench_dial(r);
		fcgi_bench_hear(r);
		_exit(r->has_end && strstr(r->answer.ptr, status) != NULL ? 0
									  : 1);
	}
	assert_int_equal(poll(&p, 1, FCGI_BENCH_DEADLINE_MS), 1);
	return pid;
}

static void
too_many_fields_or_too_long_ones_are_refused(void **state)
{
	static const struct {
		size_t n;
		size_t len;
		enum rc rc;
		const char *status;
	} cases[] = { { 400, 100, RC_OK, "Status: 200 " },
		{ 20, 8000, RC_OK, "Status: 200 " },
		{ 1000, 1, RC_FULL, "Status: 431 " },
		{ 10, 30000, RC_FULL, "Status: 431 " } };
	struct fcgi_bench *r = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status = -1;
		pid_t pid;

		fcgi_bench_begin(r, false);
		put_many_params(r, cases[i].n, cases[i].len);
		fcgi_bench_put_end(r);
		pid = client_expects(r, cases[i].status);
		assert_int_equal(fcgi_bench_take(r), cases[i].rc);
		if (cases[i].rc == RC_OK)
			(void)fcgi_bench_answer(r->io, 200, "{}");
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void
a_request_without_method_is_dropped(void **state)
{
	struct fcgi_bench *r = *state;

	fcgi_bench_begin(r, false);
	buf_reset(&r->params);
	fcgi_bench_param(r, "REQUEST_URI", "/mcp");
	fcgi_bench_put_params(r);
	fcgi_bench_put_end(r);
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_NOTFOUND);
	fcgi_bench_hear(r);
	assert_int_equal(r->answer.len, 0);
	assert_false(r->has_end);
}

static void
a_role_that_is_not_ours_is_dropped(void **state)
{
	struct fcgi_bench *r = *state;

	fcgi_bench_begin(r, false);
	/* FCGI_AUTHORIZER, in the body of the first record. */
	r->sent.ptr[9] = 2;
	fcgi_bench_put_params(r);
	fcgi_bench_put_end(r);
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_NOTFOUND);
}

static void
a_connection_that_is_cut_anywhere_is_never_a_request(void **state)
{
	struct fcgi_bench *r = *state;
	size_t whole;

	fcgi_bench_begin(r, false);
	fcgi_bench_param(r, "CONTENT_LENGTH", "4");
	fcgi_bench_put_params(r);
	fcgi_bench_put_body(r, SLICE("four"));
	whole = r->sent.len;
	for (size_t n = 0; n <= whole; n++) {
		r->sent.len = n;
		fcgi_bench_dial(r);
		assert_int_equal(shutdown(r->client, SHUT_WR), 0);
		assert_int_equal(fcgi_bench_take(r), RC_NOTFOUND);
	}
}

static void
a_request_that_does_not_go_on_is_dropped_in_time(void **state)
{
	struct fcgi_bench *r = *state;
	static const size_t cut[] = { 0, 5, 20, 60 };

	fcgi_bench_open(r, SHORT_MS);
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		fcgi_bench_begin(r, false);
		fcgi_bench_put_params(r);
		fcgi_bench_put_body(r, SLICE("body"));
		assert_true(r->sent.len > cut[i]);
		r->sent.len = cut[i];
		fcgi_bench_dial(r);
		assert_int_equal(fcgi_bench_take(r), RC_NOTFOUND);
		fcgi_bench_hear(r);
		assert_false(r->has_end);
	}
	fcgi_bench_begin(r, false);
	fcgi_bench_put_params(r);
	fcgi_bench_put_body(r, SLICE("no end"));
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_NOTFOUND);
}

static void
an_aborted_request_is_dropped(void **state)
{
	struct fcgi_bench *r = *state;

	fcgi_bench_begin(r, false);
	fcgi_bench_put_params(r);
	fcgi_bench_put_body(r, SLICE("{}"));
	record_put(&r->sent, RECORD_ABORT, 1, SLICE(""));
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_NOTFOUND);
}

static void
bytes_that_are_no_records_are_dropped(void **state)
{
	struct fcgi_bench *r = *state;

	buf_reset(&r->sent);
	buf_put_slice(&r->sent, SLICE("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_NOTFOUND);
}

static const char *const lying_lengths[] = {
	"\xff\xff\xff\xff\xff\xff\xff\xff"
	"A",
	"\xff\xff\xff\xff\x01"
	"A",
	"\x01\xff\xff\xff\xff"
	"A",
	"\x03\x01"
	"ABC",
	"\x01",
	"\x80\x01",
};

static void
lengths_that_lie_are_dropped(void **state)
{
	struct fcgi_bench *r = *state;
	const size_t n = sizeof(lying_lengths) / sizeof(lying_lengths[0]);

	for (size_t i = 0; i < n; i++) {
		fcgi_bench_begin(r, false);
		buf_put_slice(&r->params, slice_of(lying_lengths[i]));
		fcgi_bench_put_params(r);
		fcgi_bench_put_end(r);
		fcgi_bench_dial(r);
		assert_int_equal(fcgi_bench_take(r), RC_NOTFOUND);
	}
}

static void
records_of_others_are_dropped(void **state)
{
	static const enum record_type types[] = { RECORD_BEGIN, RECORD_ABORT,
		RECORD_STDIN, RECORD_END };
	struct fcgi_bench *r = *state;

	for (size_t i = 0; i < 2 * sizeof(types) / sizeof(types[0]); i++) {
		fcgi_bench_begin(r, false);
		record_put(&r->sent, types[i / 2], i % 2 == 0 ? 1 : 2,
		    SLICE("\0\1\0\0\0\0\0\0"));
		fcgi_bench_put_params(r);
		fcgi_bench_put_end(r);
		fcgi_bench_dial(r);
		assert_int_equal(fcgi_bench_take(r), RC_NOTFOUND);
	}
}

static void
a_head_that_never_ends_is_dropped(void **state)
{
	struct fcgi_bench *r = *state;
	char value[8192];

	memset(value, 'x', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	fcgi_bench_begin(r, false);
	for (int i = 0; i < 9; i++)
		fcgi_bench_param(r, "HTTP_X", value);
	fcgi_bench_put_params(r);
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_NOTFOUND);
}

/* In a child: send it byte by byte, each in time for a wait of its own. */
static int
drip(const struct fcgi_bench *r)
{
	for (size_t i = 0; i < r->sent.len; i++) {
		if (send(r->client, r->sent.ptr + i, 1, MSG_NOSIGNAL) != 1)
			return 0;
		(void)poll(NULL, 0, SHORT_MS / 2);
	}
	return 1;
}

static void
a_head_that_drips_is_dropped_in_time(void **state)
{
	struct fcgi_bench *r = *state;
	struct buf all = BUF_INIT(4096);
	int status = 1;
	pid_t pid;

	fcgi_bench_open(r, SHORT_MS);
	fcgi_bench_begin(r, false);
	fcgi_bench_put_params(r);
	fcgi_bench_put_end(r);
	buf_put_slice(&all, buf_slice(&r->sent));
	r->sent.len = 1;
	fcgi_bench_dial(r);
	buf_reset(&r->sent);
	buf_put_slice(&r->sent, slice_from(buf_slice(&all), 1));
	pid = fork();
	if (pid == 0)
		_exit(drip(r));
	assert_int_equal(fcgi_bench_take(r), RC_NOTFOUND);
	/* Before the end of it had come. */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	buf_release(&all);
}

#define SCREENED(name)                                                         \
	cmocka_unit_test_setup_teardown(                                       \
	    name, fcgi_bench_setup_screened, fcgi_bench_teardown)
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, fcgi_bench_setup, fcgi_bench_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_comes_in_and_its_answer_goes_out_in_one_piece),
		TEST(an_answer_without_body_says_that_its_length_is_zero),
		TEST(one_request_follows_the_other),
		TEST(nothing_there_is_a_lost_race),
		TEST(without_descriptors_a_connection_waits_and_nobody_spins),
		TEST(records_may_be_cut_anywhere),
		TEST(a_field_that_comes_twice_is_joined),
		TEST(a_body_shorter_than_announced_is_dropped),
		TEST(a_body_that_is_too_large_is_answered_but_not_kept),
		TEST(too_many_fields_or_too_long_ones_are_refused),
		TEST(a_request_without_method_is_dropped),
		TEST(a_role_that_is_not_ours_is_dropped),
		TEST(a_connection_that_is_cut_anywhere_is_never_a_request),
		TEST(a_request_that_does_not_go_on_is_dropped_in_time),
		TEST(an_aborted_request_is_dropped),
		TEST(bytes_that_are_no_records_are_dropped),
		SCREENED(
		    a_request_comes_in_and_its_answer_goes_out_in_one_piece),
		SCREENED(one_request_follows_the_other),
		SCREENED(records_may_be_cut_anywhere),
		SCREENED(a_body_that_is_too_large_is_answered_but_not_kept),
		SCREENED(a_connection_that_is_cut_anywhere_is_never_a_request),
		SCREENED(a_request_that_does_not_go_on_is_dropped_in_time),
		SCREENED(an_aborted_request_is_dropped),
		SCREENED(bytes_that_are_no_records_are_dropped),
		SCREENED(lengths_that_lie_are_dropped),
		SCREENED(records_of_others_are_dropped),
		SCREENED(a_head_that_never_ends_is_dropped),
		SCREENED(a_head_that_drips_is_dropped_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
