#define _GNU_SOURCE /* pipe2 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi_bench.h"

static void
each_event_of_a_stream_goes_out_at_once(void **state)
{
	struct fcgi_bench *r = *state;
	struct sink *sink = fcgi_sink(r->io);
	struct pollfd p = { .events = POLLIN };
	struct fcgi_answer done;
	char piece[4096];

	fcgi_bench_begin(r, false);
	fcgi_bench_put_params(r);
	fcgi_bench_put_end(r);
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_OK);
	assert_int_equal(
	    sink->ops->head(sink, 200, NULL, 0, SINK_STREAM), RC_OK);
	p.fd = r->client;
	assert_int_equal(poll(&p, 1, FCGI_BENCH_DEADLINE_MS), 1);
	assert_true(read(r->client, piece, sizeof(piece)) > 0);
	assert_int_equal(sink->ops->body(sink, SLICE("data: 1\n\n")), RC_OK);
	assert_int_equal(poll(&p, 1, FCGI_BENCH_DEADLINE_MS), 1);
	assert_true(read(r->client, piece, sizeof(piece)) > 0);
	/* Behind the 8 bytes of the record's head. */
	assert_memory_equal(piece + 8, "data: 1\n\n", 9);
	assert_int_equal(sink->ops->end(sink), RC_OK);
	fcgi_finish(r->io, &done);
	assert_false(done.broken);
	assert_int_equal(done.bytes, 9);
	fcgi_bench_hear(r);
	assert_true(r->has_end);
}

static void
an_answer_larger_than_its_limit_becomes_a_plain_500(void **state)
{
	struct fcgi_bench *r = *state;
	char body[FCGI_BENCH_ANSWER_MAX + 1];
	struct fcgi_answer done;

	memset(body, 'x', sizeof(body));
	body[FCGI_BENCH_ANSWER_MAX] = '\0';
	fcgi_bench_begin(r, false);
	fcgi_bench_put_params(r);
	fcgi_bench_put_end(r);
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_OK);
	done = fcgi_bench_answer(r->io, 200, body);
	assert_int_equal(done.status, 500);
	assert_int_equal(done.bytes, 0);
	fcgi_bench_expect(r,
	    "Status: 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
}

static void
a_request_that_was_not_answered_ends_as_a_cut(void **state)
{
	struct fcgi_bench *r = *state;
	struct fcgi_answer done;

	fcgi_bench_begin(r, false);
	fcgi_bench_put_params(r);
	fcgi_bench_put_end(r);
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_OK);
	fcgi_finish(r->io, &done);
	assert_int_equal(done.status, 0);
	fcgi_bench_hear(r);
	assert_false(r->has_end);
}

static void
a_peer_that_left_is_seen(void **state)
{
	struct fcgi_bench *r = *state;
	struct sink *sink = fcgi_sink(r->io);
	struct fcgi_answer done;

	fcgi_bench_begin(r, false);
	fcgi_bench_put_params(r);
	fcgi_bench_put_end(r);
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_OK);
	assert_false(sink->ops->peer_gone(sink));
	(void)close(r->client);
	r->client = -1;
	assert_true(sink->ops->peer_gone(sink));
	done = fcgi_bench_answer(r->io, 200, "{}");
	assert_true(done.broken);
}

/* -------------------------------------------------------------------- CGI */

struct cgi_case {
	const char *env[4];
	const char *input;
	const char *output;
};

static const struct cgi_case cgi_cases[] = {
	{ { "REQUEST_METHOD=POST", "REQUEST_URI=/mcp", "CONTENT_LENGTH=4" },
	    "four",
	    "Status: 200 OK\r\nContent-Type: application/json\r\n"
	    "Content-Length: 4\r\n\r\nfour" },
	{ { "REQUEST_METHOD=POST", "REQUEST_URI=/mcp" }, "to the end",
	    "Status: 200 OK\r\nContent-Type: application/json\r\n"
	    "Content-Length: 10\r\n\r\nto the end" },
	{ { "REQUEST_METHOD=GET", "REQUEST_URI=/mcp" }, "",
	    "Status: 200 OK\r\nContent-Type: application/json\r\n"
	    "Content-Length: 0\r\n\r\n" },
	{ { "REQUEST_METHOD=POST", "REQUEST_URI=/mcp", "CONTENT_LENGTH=5" },
	    "four", "" },
	{ { "REQUEST_URI=/mcp" }, "", "" },
};

/* In a child: be a CGI program that echoes the body. */
static int
be_cgi(const struct cgi_case *c, int in, int out)
{
	const struct fcgi_io_limits limits = { FCGI_BENCH_BODY_MAX,
		FCGI_BENCH_DEADLINE_MS, FCGI_BENCH_ANSWER_MAX, false };
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct http_request request;
	struct fcgi_io *io;
	static char *env[4];
	char body[FCGI_BENCH_BODY_MAX + 1] = "";

	for (int i = 0; i < 4 && c->env[i] != NULL; i++)
		env[i] = strdup(c->env[i]);
	environ = env;
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
	    fcgi_io_open(-1, &limits, &clock_system, &io) != RC_OK)
		return 1;
	if (fcgi_next(io, &arena, &request) == RC_OK) {
		memcpy(body, request.body.ptr, request.body.len);
		(void)fcgi_bench_answer(io, 200, body);
	}
	/* There is only one. */
	if (fcgi_next(io, &arena, &request) != RC_NOTFOUND)
		return 2;
	return 0;
}

static void
run_cgi(const struct cgi_case *c)
{
	char output[4096];
	size_t len = 0;
	ssize_t n = 1;
	int status = -1;
	int in[2];
	int out[2];
	pid_t pid;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void)close(in[1]);
		_exit(be_cgi(c, in[0], out[1]));
	}
	(void)close(in[0]);
	(void)close(out[1]);
	assert_int_equal(
	    write(in[1], c->input, strlen(c->input)), strlen(c->input));
	(void)close(in[1]);
	while (n > 0) {
		n = read(out[0], output + len, sizeof(output) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	output[len] = '\0';
	(void)close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(output, c->output);
}

static void
cgi_answers_one_request_on_standard_output(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cgi_cases) / sizeof(cgi_cases[0]); i++)
		run_cgi(&cgi_cases[i]);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, fcgi_bench_setup, fcgi_bench_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_event_of_a_stream_goes_out_at_once),
		TEST(an_answer_larger_than_its_limit_becomes_a_plain_500),
		TEST(a_request_that_was_not_answered_ends_as_a_cut),
		TEST(a_peer_that_left_is_seen),
		TEST(cgi_answers_one_request_on_standard_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
