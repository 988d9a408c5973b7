#define _GNU_SOURCE /* pipe2 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi_io.h"
#include "process.h"
#include "record.h"

#define BODY_MAX 1000
#define ANSWER_MAX 4000
/* For what shall arrive; and for what shall not. */
#define DEADLINE_MS 20000
#define SHORT_MS 60

struct rig {
	char folder[64];
	char path[96];
	int listening;
	int client;
	struct fcgi_io *io;
	struct arena arena;
	struct buf sent;   /* the request as records */
	struct buf params; /* pairs of it */
	struct buf answer; /* what came back on RECORD_STDOUT */
	bool has_end;      /* and RECORD_END */
	struct http_request request;
};

static void
open_io(struct rig *r, int64_t timeout_ms)
{
	const struct fcgi_io_limits limits = { BODY_MAX, timeout_ms,
		ANSWER_MAX };

	fcgi_io_free(r->io);
	assert_int_equal(
	    fcgi_io_open(r->listening, &limits, &clock_system, &r->io), RC_OK);
}

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct buf why = BUF_INIT(4096);

	assert_non_null(r);
	(void)snprintf(r->folder, sizeof(r->folder), "/tmp/mcp-io-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	(void)snprintf(r->path, sizeof(r->path), "%s/s", r->folder);
	assert_int_equal(
	    process_listen(r->path, NULL, &r->listening, &why), RC_OK);
	buf_release(&why);
	r->client = -1;
	r->arena = ARENA_INIT((size_t)1 << 20);
	r->sent = BUF_INIT((size_t)1 << 20);
	r->params = BUF_INIT((size_t)1 << 20);
	r->answer = BUF_INIT((size_t)1 << 20);
	open_io(r, DEADLINE_MS);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	struct rig *r = *state;

	fcgi_io_free(r->io);
	if (r->client >= 0)
		(void)close(r->client);
	(void)close(r->listening);
	(void)unlink(r->path);
	assert_int_equal(rmdir(r->folder), 0);
	arena_release(&r->arena);
	buf_release(&r->sent);
	buf_release(&r->params);
	buf_release(&r->answer);
	free(r);
	return 0;
}

/* ------------------------------------------------------------ the client */

static void
param(struct rig *r, const char *name, const char *value)
{
	record_put_pair(&r->params, slice_of(name), slice_of(value));
}

static void
begin(struct rig *r, bool keep)
{
	buf_reset(&r->sent);
	buf_reset(&r->params);
	record_put_begin(&r->sent, 1, keep);
	param(r, "REQUEST_METHOD", "POST");
	param(r, "REQUEST_URI", "/mcp?a=b");
}

static void
put_params(struct rig *r)
{
	record_put(&r->sent, RECORD_PARAMS, 1, buf_slice(&r->params));
	record_put(&r->sent, RECORD_PARAMS, 1, SLICE(""));
}

static void
put_body(struct rig *r, struct slice body)
{
	record_put(&r->sent, RECORD_STDIN, 1, body);
}

static void
put_end(struct rig *r)
{
	record_put(&r->sent, RECORD_STDIN, 1, SLICE(""));
}

/* Connect and send what was put together. */
static void
dial(struct rig *r)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	assert_int_equal(buf_finish(&r->sent), RC_OK);
	if (r->client >= 0)
		(void)close(r->client);
	r->client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(r->client >= 0);
	memcpy(a.sun_path, r->path, strlen(r->path));
	assert_int_equal(
	    connect(r->client, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(
	    write(r->client, r->sent.ptr, r->sent.len), r->sent.len);
}

static enum rc
take(struct rig *r)
{
	arena_reset(&r->arena);
	return fcgi_next(r->io, &r->arena, &r->request);
}

/* Read what is there until the connection ends, and take it apart. */
static void
hear(struct rig *r)
{
	struct pollfd p = { .fd = r->client, .events = POLLIN };
	struct buf raw = BUF_INIT((size_t)1 << 20);
	struct record record;
	struct slice in;
	char piece[4096];
	ssize_t n = 1;

	while (n > 0) {
		assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
		n = read(r->client, piece, sizeof(piece));
		if (n > 0)
			buf_put(&raw, piece, (size_t)n);
	}
	buf_reset(&r->answer);
	r->has_end = false;
	in = buf_slice(&raw);
	while (record_take(&in, &record) == RC_OK) {
		assert_int_equal(record.request, 1);
		if (record.type == RECORD_STDOUT)
			buf_put_slice(&r->answer, record.content);
		if (record.type == RECORD_END)
			r->has_end = true;
	}
	assert_int_equal(in.len, 0);
	buf_release(&raw);
}

static void
assert_slice(struct slice got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.ptr, want, got.len);
}

static void
assert_answer(struct rig *r, const char *want)
{
	hear(r);
	assert_true(r->has_end);
	assert_string_equal(r->answer.ptr == NULL ? "" : r->answer.ptr, want);
}

static struct fcgi_answer
answer_whole(struct fcgi_io *io, int status, const char *body)
{
	const struct sink_header headers[] = { { "Content-Type",
	    SLICE_INIT("application/json") } };
	struct sink *sink = fcgi_sink(io);
	struct fcgi_answer done;

	(void)sink->ops->head(
	    sink, status, headers, body == NULL ? 0 : 1, SINK_WHOLE);
	if (body != NULL)
		(void)sink->ops->body(sink, slice_of(body));
	(void)sink->ops->end(sink);
	fcgi_finish(io, &done);
	return done;
}

/* --------------------------------------------------------------- requests */

static void
a_request_comes_in_and_its_answer_goes_out_in_one_piece(void **state)
{
	struct rig *r = *state;
	struct fcgi_answer done;

	begin(r, false);
	param(r, "CONTENT_LENGTH", "7");
	param(r, "HTTP_MCP_SESSION_ID", "abc");
	put_params(r);
	put_body(r, SLICE("{\"a\":1}"));
	put_end(r);
	dial(r);
	assert_int_equal(take(r), RC_OK);
	assert_int_equal(r->request.method, HTTP_POST);
	assert_slice(r->request.path, "/mcp");
	assert_slice(r->request.query, "a=b");
	assert_slice(http_get(&r->request, HTTP_MCP_SESSION_ID), "abc");
	assert_slice(r->request.body, "{\"a\":1}");
	assert_int_equal(r->request.body_state, HTTP_BODY_OK);
	done = answer_whole(r->io, 200, "{}");
	assert_answer(r,
	    "Status: 200 OK\r\nContent-Type: application/json\r\n"
	    "Content-Length: 2\r\n\r\n{}");
	assert_int_equal(done.status, 200);
	assert_int_equal(done.bytes, 2);
	assert_false(done.broken);
}

static void
an_answer_without_body_says_that_its_length_is_zero(void **state)
{
	struct rig *r = *state;

	begin(r, false);
	put_params(r);
	put_end(r);
	dial(r);
	assert_int_equal(take(r), RC_OK);
	(void)answer_whole(r->io, 202, NULL);
	assert_answer(r, "Status: 202 Accepted\r\nContent-Length: 0\r\n\r\n");
}

static void
one_request_follows_the_other(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < 3; i++) {
		/* Asked to keep the connection, it is closed all the same. */
		begin(r, i == 1);
		put_params(r);
		put_body(r, SLICE("x"));
		put_end(r);
		dial(r);
		assert_int_equal(take(r), RC_OK);
		assert_slice(r->request.body, "x");
		(void)answer_whole(r->io, 404, NULL);
		assert_answer(
		    r, "Status: 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	}
}

static void
nothing_there_is_a_lost_race(void **state)
{
	struct rig *r = *state;

	assert_int_equal(take(r), RC_NOTFOUND);
}

/* The same request, cut into records of n bytes. */
static void
put_split(struct rig *r, struct slice body, size_t n)
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

		put_body(
		    r, (struct slice){ body.ptr + at, left < n ? left : n });
	}
	put_end(r);
}

static void
records_may_be_cut_anywhere(void **state)
{
	struct rig *r = *state;
	char body[BODY_MAX];

	memset(body, 'b', sizeof(body));
	body[BODY_MAX - 1] = 'e';
	for (size_t n = 1; n < 300; n = n * 3 + 1) {
		begin(r, false);
		param(r, "HTTP_ACCEPT", "text/event-stream");
		param(r, "CONTENT_LENGTH", "1000");
		put_split(r, (struct slice){ body, sizeof(body) }, n);
		dial(r);
		assert_int_equal(take(r), RC_OK);
		assert_slice(
		    http_get(&r->request, HTTP_ACCEPT), "text/event-stream");
		assert_int_equal(r->request.body.len, BODY_MAX);
		assert_memory_equal(r->request.body.ptr, body, BODY_MAX);
		(void)answer_whole(r->io, 202, NULL);
		hear(r);
		assert_true(r->has_end);
	}
}

static void
a_field_that_comes_twice_is_joined(void **state)
{
	struct rig *r = *state;

	begin(r, false);
	param(r, "HTTP_ACCEPT", "application/json");
	param(r, "HTTP_ACCEPT", "text/event-stream");
	put_params(r);
	put_end(r);
	dial(r);
	assert_int_equal(take(r), RC_OK);
	assert_slice(http_get(&r->request, HTTP_ACCEPT),
	    "application/json, text/event-stream");
	(void)answer_whole(r->io, 202, NULL);
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
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		begin(r, false);
		if (lengths[i].announced != NULL)
			param(r, "CONTENT_LENGTH", lengths[i].announced);
		put_params(r);
		put_body(r, SLICE("four"));
		put_end(r);
		dial(r);
		assert_int_equal(take(r), lengths[i].rc);
		if (lengths[i].rc == RC_OK) {
			assert_slice(r->request.body, "four");
			(void)answer_whole(r->io, 202, NULL);
			continue;
		}
		hear(r);
		assert_int_equal(r->answer.len, 0);
		assert_false(r->has_end);
	}
}

static void
a_body_that_is_too_large_is_answered_but_not_kept(void **state)
{
	struct rig *r = *state;
	char body[(size_t)BODY_MAX * 9];

	memset(body, 'b', sizeof(body));
	for (size_t n = BODY_MAX; n <= sizeof(body); n += 3999) {
		begin(r, false);
		put_params(r);
		put_body(r, (struct slice){ body, n });
		put_end(r);
		dial(r);
		assert_int_equal(take(r), RC_OK);
		assert_int_equal(r->request.body_state,
		    n == BODY_MAX ? HTTP_BODY_OK : HTTP_BODY_TOO_LARGE);
		assert_int_equal(
		    r->request.body.len, n == BODY_MAX ? BODY_MAX : 0);
		(void)answer_whole(r->io, 413, NULL);
		hear(r);
		assert_true(r->has_end);
	}
}

static void
put_many_params(struct rig *r, size_t n, size_t len)
{
	const size_t most = 60000; /* of one record */
	char *value = calloc(1, len + 1);
	char name[64];
	struct slice rest;

	assert_non_null(value);
	memset(value, 'v', len);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "HTTP_MCP_PARAM_%zu", i);
		param(r, name, value);
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
client_expects(struct rig *r, const char *status)
{
	struct pollfd p = { .fd = r->listening, .events = POLLIN };
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		dial(r);
		hear(r);
		_exit(r->has_end && strstr(r->answer.ptr, status) != NULL ? 0
									  : 1);
	}
	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
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
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status = -1;
		pid_t pid;

		begin(r, false);
		put_many_params(r, cases[i].n, cases[i].len);
		put_end(r);
		pid = client_expects(r, cases[i].status);
		assert_int_equal(take(r), cases[i].rc);
		if (cases[i].rc == RC_OK)
			(void)answer_whole(r->io, 200, "{}");
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void
a_request_without_method_is_dropped(void **state)
{
	struct rig *r = *state;

	begin(r, false);
	buf_reset(&r->params);
	param(r, "REQUEST_URI", "/mcp");
	put_params(r);
	put_end(r);
	dial(r);
	assert_int_equal(take(r), RC_NOTFOUND);
	hear(r);
	assert_int_equal(r->answer.len, 0);
	assert_false(r->has_end);
}

static void
a_role_that_is_not_ours_is_dropped(void **state)
{
	struct rig *r = *state;

	begin(r, false);
	/* FCGI_AUTHORIZER, in the body of the first record. */
	r->sent.ptr[9] = 2;
	put_params(r);
	put_end(r);
	dial(r);
	assert_int_equal(take(r), RC_NOTFOUND);
}

static void
a_connection_that_is_cut_anywhere_is_never_a_request(void **state)
{
	struct rig *r = *state;
	size_t whole;

	begin(r, false);
	param(r, "CONTENT_LENGTH", "4");
	put_params(r);
	put_body(r, SLICE("four"));
	whole = r->sent.len;
	for (size_t n = 0; n <= whole; n++) {
		r->sent.len = n;
		dial(r);
		assert_int_equal(shutdown(r->client, SHUT_WR), 0);
		assert_int_equal(take(r), RC_NOTFOUND);
	}
}

static void
a_request_that_does_not_go_on_is_dropped_in_time(void **state)
{
	struct rig *r = *state;
	static const size_t cut[] = { 0, 5, 20, 60 };

	open_io(r, SHORT_MS);
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		begin(r, false);
		put_params(r);
		put_body(r, SLICE("body"));
		assert_true(r->sent.len > cut[i]);
		r->sent.len = cut[i];
		dial(r);
		assert_int_equal(take(r), RC_NOTFOUND);
		hear(r);
		assert_false(r->has_end);
	}
	begin(r, false);
	put_params(r);
	put_body(r, SLICE("no end"));
	dial(r);
	assert_int_equal(take(r), RC_NOTFOUND);
}

static void
an_aborted_request_is_dropped(void **state)
{
	struct rig *r = *state;

	begin(r, false);
	put_params(r);
	put_body(r, SLICE("{}"));
	record_put(&r->sent, RECORD_ABORT, 1, SLICE(""));
	dial(r);
	assert_int_equal(take(r), RC_NOTFOUND);
}

static void
bytes_that_are_no_records_are_dropped(void **state)
{
	struct rig *r = *state;

	buf_reset(&r->sent);
	buf_put_slice(&r->sent, SLICE("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
	dial(r);
	assert_int_equal(take(r), RC_NOTFOUND);
}

/* ---------------------------------------------------------------- answers */

static void
each_event_of_a_stream_goes_out_at_once(void **state)
{
	struct rig *r = *state;
	struct sink *sink = fcgi_sink(r->io);
	struct pollfd p = { .events = POLLIN };
	struct fcgi_answer done;
	char piece[4096];

	begin(r, false);
	put_params(r);
	put_end(r);
	dial(r);
	assert_int_equal(take(r), RC_OK);
	assert_int_equal(
	    sink->ops->head(sink, 200, NULL, 0, SINK_STREAM), RC_OK);
	p.fd = r->client;
	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	assert_true(read(r->client, piece, sizeof(piece)) > 0);
	assert_int_equal(sink->ops->body(sink, SLICE("data: 1\n\n")), RC_OK);
	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	assert_true(read(r->client, piece, sizeof(piece)) > 0);
	/* Behind the 8 bytes of the record's head. */
	assert_memory_equal(piece + 8, "data: 1\n\n", 9);
	assert_int_equal(sink->ops->end(sink), RC_OK);
	fcgi_finish(r->io, &done);
	assert_false(done.broken);
	assert_int_equal(done.bytes, 9);
	hear(r);
	assert_true(r->has_end);
}

static void
an_answer_larger_than_its_limit_becomes_a_plain_500(void **state)
{
	struct rig *r = *state;
	char body[ANSWER_MAX + 1];
	struct fcgi_answer done;

	memset(body, 'x', sizeof(body));
	body[ANSWER_MAX] = '\0';
	begin(r, false);
	put_params(r);
	put_end(r);
	dial(r);
	assert_int_equal(take(r), RC_OK);
	done = answer_whole(r->io, 200, body);
	assert_int_equal(done.status, 500);
	assert_int_equal(done.bytes, 0);
	assert_answer(r,
	    "Status: 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
}

static void
a_request_that_was_not_answered_ends_as_a_cut(void **state)
{
	struct rig *r = *state;
	struct fcgi_answer done;

	begin(r, false);
	put_params(r);
	put_end(r);
	dial(r);
	assert_int_equal(take(r), RC_OK);
	fcgi_finish(r->io, &done);
	assert_int_equal(done.status, 0);
	hear(r);
	assert_false(r->has_end);
}

static void
a_peer_that_left_is_seen(void **state)
{
	struct rig *r = *state;
	struct sink *sink = fcgi_sink(r->io);
	struct fcgi_answer done;

	begin(r, false);
	put_params(r);
	put_end(r);
	dial(r);
	assert_int_equal(take(r), RC_OK);
	assert_false(sink->ops->peer_gone(sink));
	(void)close(r->client);
	r->client = -1;
	assert_true(sink->ops->peer_gone(sink));
	done = answer_whole(r->io, 200, "{}");
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
	const struct fcgi_io_limits limits = { BODY_MAX, DEADLINE_MS,
		ANSWER_MAX };
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct http_request request;
	struct fcgi_io *io;
	static char *env[4];
	char body[BODY_MAX + 1] = "";

	for (int i = 0; i < 4 && c->env[i] != NULL; i++)
		env[i] = strdup(c->env[i]);
	environ = env;
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
	    fcgi_io_open(-1, &limits, &clock_system, &io) != RC_OK)
		return 1;
	if (fcgi_next(io, &arena, &request) == RC_OK) {
		memcpy(body, request.body.ptr, request.body.len);
		(void)answer_whole(io, 200, body);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_comes_in_and_its_answer_goes_out_in_one_piece),
		TEST(an_answer_without_body_says_that_its_length_is_zero),
		TEST(one_request_follows_the_other),
		TEST(nothing_there_is_a_lost_race),
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
		TEST(each_event_of_a_stream_goes_out_at_once),
		TEST(an_answer_larger_than_its_limit_becomes_a_plain_500),
		TEST(a_request_that_was_not_answered_ends_as_a_cut),
		TEST(a_peer_that_left_is_seen),
		TEST(cgi_answers_one_request_on_standard_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
