#include "fcgi_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <unistd.h>

#include <cmocka.h>

#include "record.h"

void
fcgi_bench_open(struct fcgi_bench *r, int64_t timeout_ms)
{
	const struct fcgi_io_limits limits = { FCGI_BENCH_BODY_MAX, timeout_ms,
		FCGI_BENCH_ANSWER_MAX, r->is_screened };

	fcgi_io_free(r->io);
	assert_int_equal(
	    fcgi_io_open(r->at.socket, &limits, &clock_system, &r->io), RC_OK);
}

int
fcgi_bench_setup(void **state)
{
	struct fcgi_bench *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	socket_bench_init(&r->at);
	r->client = -1;
	r->arena = ARENA_INIT((size_t)1 << 20);
	r->sent = BUF_INIT((size_t)1 << 20);
	r->params = BUF_INIT((size_t)1 << 20);
	r->answer = BUF_INIT((size_t)1 << 20);
	fcgi_bench_open(r, FCGI_BENCH_DEADLINE_MS);
	*state = r;
	return 0;
}

int
fcgi_bench_setup_screened(void **state)
{
	struct fcgi_bench *r;

	if (fcgi_bench_setup(state) != 0)
		return -1;
	r = *state;
	r->is_screened = true;
	fcgi_bench_open(r, FCGI_BENCH_DEADLINE_MS);
	return 0;
}

int
fcgi_bench_teardown(void **state)
{
	struct fcgi_bench *r = *state;

	fcgi_io_free(r->io);
	if (r->client >= 0)
		(void)close(r->client);
	socket_bench_release(&r->at);
	arena_release(&r->arena);
	buf_release(&r->sent);
	buf_release(&r->params);
	buf_release(&r->answer);
	free(r);
	return 0;
}

void
fcgi_bench_param(struct fcgi_bench *r, const char *name, const char *value)
{
	record_put_pair(&r->params, slice_of(name), slice_of(value));
}

void
fcgi_bench_begin(struct fcgi_bench *r, bool keep)
{
	buf_reset(&r->sent);
	buf_reset(&r->params);
	record_put_begin(&r->sent, 1, keep);
	fcgi_bench_param(r, "REQUEST_METHOD", "POST");
	fcgi_bench_param(r, "REQUEST_URI", "/mcp?a=b");
}

void
fcgi_bench_put_params(struct fcgi_bench *r)
{
	record_put(&r->sent, RECORD_PARAMS, 1, buf_slice(&r->params));
	record_put(&r->sent, RECORD_PARAMS, 1, SLICE(""));
}

void
fcgi_bench_put_body(struct fcgi_bench *r, struct slice body)
{
	record_put(&r->sent, RECORD_STDIN, 1, body);
}

void
fcgi_bench_put_end(struct fcgi_bench *r)
{
	record_put(&r->sent, RECORD_STDIN, 1, SLICE(""));
}

void
fcgi_bench_dial(struct fcgi_bench *r)
{
	assert_int_equal(buf_finish(&r->sent), RC_OK);
	if (r->client >= 0)
		(void)close(r->client);
	r->client = socket_bench_dial(&r->at);
	assert_int_equal(
	    write(r->client, r->sent.ptr, r->sent.len), r->sent.len);
}

enum rc
fcgi_bench_take(struct fcgi_bench *r)
{
	arena_reset(&r->arena);
	return fcgi_next(r->io, &r->arena, &r->request);
}

void
fcgi_bench_hear(struct fcgi_bench *r)
{
	struct pollfd p = { .fd = r->client, .events = POLLIN };
	struct buf raw = BUF_INIT((size_t)1 << 20);
	struct record record;
	struct slice in;
	char piece[4096];
	ssize_t n = 1;

	while (n > 0) {
		assert_int_equal(poll(&p, 1, FCGI_BENCH_DEADLINE_MS), 1);
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

void
fcgi_bench_expect(struct fcgi_bench *r, const char *want)
{
	fcgi_bench_hear(r);
	assert_true(r->has_end);
	assert_string_equal(r->answer.ptr == NULL ? "" : r->answer.ptr, want);
}

struct fcgi_answer
fcgi_bench_answer(struct fcgi_io *io, int status, const char *body)
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
