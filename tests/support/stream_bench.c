#include "stream_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sink_mem.h"

#define ARENA_MAX ((size_t)64 * 1024 * 1024)

static void
drop_lines(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

static enum rc
before(void *ctx, enum store_call call)
{
	(void)call;
	return ((struct stream_bench *)ctx)->is_down ? RC_BUSY : RC_OK;
}

static void
start_host(struct stream_bench *b, int host)
{
	static const struct slice names[STREAM_HOSTS] = { SLICE_INIT("a.1"),
		SLICE_INIT("b.1") };
	struct server *s = &b->server[host];

	server_init(s);
	s->clock = &b->clock.clock;
	s->rng = &b->rng.rng;
	s->log = &b->log;
	s->store = &b->store.base;
	s->toolbox = fake_tools_toolbox(b->tools);
	s->rules.sse_path = SLICE("/sse");
	s->rules.messages_path = SLICE("/messages");
	fake_crew_init(&b->crew[host]);
	b->crew[host].name = names[host];
	s->crew = &b->crew[host].base;
}

void
stream_bench_init(struct stream_bench *b)
{
	struct store *inner;

	*b = (struct stream_bench){ .arena = ARENA_INIT(ARENA_MAX) };
	b->log = LOG_INIT(drop_lines, b, LOG_ERROR);
	assert_int_equal(seal_init(), RC_OK);
	fake_clock_init(&b->clock, INT64_C(1788264000000));
	counted_rng_init(&b->rng, 7);
	store_scratch_init_fast(&b->scratch);
	assert_int_equal(
	    store_scratch_fresh(&b->scratch, &b->clock.clock, 1, &inner),
	    RC_OK);
	store_count_init(&b->store, inner);
	b->store.before = before;
	b->store.ctx = b;
	assert_int_equal(fake_tools_open(NULL, &b->tools), RC_OK);
	for (int i = 0; i < STREAM_HOSTS; i++)
		start_host(b, i);
}

void
stream_bench_release(struct stream_bench *b)
{
	struct op op = stream_bench_op(b);

	assert_int_equal(
	    b->store.inner->ops->check(b->store.inner, &op), RC_OK);
	for (int i = 0; i < STREAM_HOSTS; i++) {
		assert_int_equal(b->crew[i].begun, b->crew[i].ended);
		server_release(&b->server[i]);
	}
	fake_tools_free(b->tools);
	b->store.base.ops->close(&b->store.base);
	store_scratch_release(&b->scratch);
	log_release(&b->log);
	arena_release(&b->arena);
}

int
stream_bench_setup(void **state)
{
	static struct stream_bench bench;

	stream_bench_init(&bench);
	*state = &bench;
	return 0;
}

int
stream_bench_teardown(void **state)
{
	stream_bench_release(*state);
	return 0;
}

struct op
stream_bench_op(struct stream_bench *b)
{
	return (struct op){ .now_ms = b->clock.wall,
		.give_up_mono = b->clock.mono / 1000 + 1000,
		.arena = &b->arena };
}

/* A request under way. */
struct under_way {
	struct stream_bench *bench;
	const struct stream_ask *ask;
	struct sink_mem sink;
	int64_t waited;
};

static bool
pass(void *ctx, int64_t ms)
{
	struct under_way *u = ctx;

	assert_non_null(u->ask->during);
	fake_clock_advance(&u->bench->clock, ms);
	u->waited += ms;
	return u->ask->during(u->ask->ctx, u->waited, buf_slice(&u->sink.body));
}

static void
fill_request(const struct stream_ask *ask, struct http_request *r)
{
	struct slice path = slice_of(ask->path == NULL ? "/mcp" : ask->path);

	*r = (struct http_request){ .method = ask->method,
		.method_name = SLICE("M"),
		.body = ask->body };
	r->path = slice_cut(path, '?', &r->query);
	if (ask->method == HTTP_GET)
		r->field[HTTP_ACCEPT] = SLICE("text/event-stream");
	else
		r->field[HTTP_ACCEPT] =
		    SLICE("application/json, text/event-stream");
	if (ask->method == HTTP_POST)
		r->field[HTTP_CONTENT_TYPE] = SLICE("application/json");
	r->field[HTTP_MCP_SESSION_ID] = ask->sid;
	r->field[HTTP_MCP_PROTOCOL_VERSION] = slice_of(ask->version);
	r->field[HTTP_LAST_EVENT_ID] = slice_of(ask->event_id);
	r->field[HTTP_MCP_METHOD] = slice_of(ask->mcp_method);
}

static struct slice
kept(struct stream_bench *b, struct slice s)
{
	struct slice out;

	assert_int_equal(arena_copy(&b->arena, s, &out), RC_OK);
	return out;
}

struct stream_told
stream_bench_ask(struct stream_bench *b, const struct stream_ask *ask)
{
	struct under_way u = { .bench = b, .ask = ask };
	struct arena arena = ARENA_INIT(ARENA_MAX);
	struct http_request request;
	struct stream_told told;

	sink_mem_init(&u.sink);
	u.sink.pass = pass;
	u.sink.ctx = &u;
	fill_request(ask, &request);
	(void)server_handle(
	    &b->server[ask->host], &arena, &request, &u.sink.base);
	told = (struct stream_told){ .status = u.sink.status,
		.body = kept(b, buf_slice(&u.sink.body)),
		.sid = kept(b, sink_mem_header(&u.sink, "Mcp-Session-Id")),
		.retry_after = kept(b, sink_mem_header(&u.sink, "Retry-After")),
		.type = kept(b, sink_mem_header(&u.sink, "Content-Type")),
		.is_reply = sink_mem_is_reply(&u.sink) };
	sink_mem_release(&u.sink);
	arena_release(&arena);
	return told;
}

struct slice
stream_bench_session(struct stream_bench *b, const char *revision)
{
	struct buf body = BUF_INIT(4096);
	struct stream_ask ask = { .method = HTTP_POST };
	struct stream_told told;

	buf_printf(&body,
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
	    "\"params\":{\"protocolVersion\":\"%s\",\"capabilities\":{},"
	    "\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}",
	    revision);
	ask.body = buf_slice(&body);
	told = stream_bench_ask(b, &ask);
	buf_release(&body);
	assert_int_equal(told.status, 200);
	assert_true(told.sid.len > 0);
	return told.sid;
}

int
stream_bench_post(
    struct stream_bench *b, int host, struct slice sid, const char *body)
{
	const struct stream_ask ask = { .host = host,
		.method = HTTP_POST,
		.sid = sid,
		.body = slice_of(body) };

	return stream_bench_ask(b, &ask).status;
}

static struct slice
find(struct slice text, struct slice what)
{
	for (; text.len >= what.len && text.len > 0;
	     text = slice_from(text, 1)) {
		if (slice_starts(text, what))
			return text;
	}
	return SLICE_NONE;
}

int
stream_bench_count(struct slice text, const char *what)
{
	int n = 0;

	for (text = find(text, slice_of(what)); text.ptr != NULL;
	     text = find(slice_from(text, 1), slice_of(what)))
		n++;
	return n;
}

struct slice
stream_bench_line(struct stream_bench *b, struct slice text, const char *what)
{
	struct slice at = find(text, slice_of(what));
	struct slice rest;

	if (at.ptr == NULL)
		return SLICE_NONE;
	at = slice_from(at, strlen(what));
	return kept(b, slice_cut(at, '\n', &rest));
}

void
stream_bench_raise(struct stream_bench *b, const char *topic)
{
	struct op op = stream_bench_op(b);
	const struct topic_raise raise = { slice_of(topic), NULL };
	int64_t version;
	bool raised;

	assert_int_equal(b->store.inner->ops->topic_raise(
			     b->store.inner, &op, &raise, &version, &raised),
	    RC_OK);
	assert_true(raised);
}
