/*
 * Whole requests into server_handle() over a store of their own.  The bytes choose
 * method, headers, session and a body that begins as a good one.  Laws: exactly
 * one reply; its JSON can be read; nothing of ours fails; and a request that
 * was refused has changed nothing in the store and run no tool.
 */
#include <stdlib.h>
#include <string.h>

#include "counted_rng.h"
#include "fake_clock.h"
#include "fake_tools.h"
#include "server.h"
#include "sink_mem.h"
#include "store_count.h"
#include "store_scratch.h"
#include "text.h"

#define MODERN "2026-07-28"
#define META                                                                   \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"" MODERN     \
	"\",\"io.modelcontextprotocol/clientCapabilities\":{}}"
#define CLIENT                                                                 \
	"\"capabilities\":{},\"clientInfo\":{\"name\":\"f\",\"version\":"      \
	"\"1\"}"
#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define BODY_BYTES 65536
#define WAITS 30

static const char *const bodies[] = {
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\","
	"\"params\":{\"cursor\":\"AAAA\"}}",
	"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/"
	"call\",\"params\":"
	"{\"name\":\"echo\",\"arguments\":{\"text\":\"x\"}}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
	"\"protocolVersion\":\"2025-06-18\"," CLIENT "}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\","
	"\"params\":{" META "}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
	"\"name\":\"weather\",\"arguments\":{\"region\":\"eu\",\"days\":3}"
	"," META "}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
	"\"name\":\"summarize\"," META "}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
	"list\",\"params\":{" META "}}",
	"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":"
	"\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":"
	"\"list\"}}]",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscriptions/listen\","
	"\"params\":{\"notifications\":{\"toolsListChanged\":true,"
	"\"resourceSubscriptions\":[\"a:b\"],\"taskIds\":[\"x\"]}," META "}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/subscribe\","
	"\"params\":{\"uri\":\"a:b\"}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"prompts/get\",\"params\":{"
	"\"name\":\"greet\",\"arguments\":{\"name\":\"x\"}," META "}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\","
	"\"params\":{\"uri\":\"note://by/a%20b/c\"," META "}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"completion/complete\","
	"\"params\":{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"greet\"},"
	"\"argument\":{\"name\":\"name\",\"value\":\"a\"},"
	"\"context\":{\"arguments\":{}}," META "}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"\"}"
	"}",
};

static const char *const methods[] = { "POST", "POST", "POST", "GET", "DELETE",
	"OPTIONS", "HEAD", "PUT" };

static const char *const revisions[] = { "2024-11-05", "2025-03-26",
	"2025-06-18", "2025-11-25" };

/* What each header may say besides nothing and anything. */
static const struct header_seed {
	const char *name;
	const char *values[5];
} headers[] = {
	{ "HTTP_ACCEPT",
	    { "*/*", "application/json", "text/event-stream", "text/html",
		"application/json;q=0" } },
	{ "CONTENT_TYPE",
	    { "application/json", "application/json; charset=utf-8",
		"application/json", "text/plain", "" } },
	{ "HTTP_MCP_PROTOCOL_VERSION",
	    { MODERN, "2025-06-18", MODERN, "1900-01-01", "v999" } },
	{ "HTTP_MCP_METHOD",
	    { "tools/call", "server/discover", "tools/list", "prompts/get",
		"subscriptions/listen" } },
	{ "HTTP_MCP_NAME",
	    { "echo", "weather", "=?base64?ZWNobw==?=", "summarize",
		"greet" } },
	{ "HTTP_MCP_PARAM_REGION", { "eu", "us", "=?base64?ZXU=?=", "", "x" } },
	{ "HTTP_MCP_PARAM_DAYS", { "3", "3.0", "4", "", "x" } },
	{ "HTTP_ORIGIN",
	    { "http://localhost", "https://evil.example", "null", "", "x" } },
	{ "HTTP_HOST",
	    { "localhost", "localhost:80", "evil.example", "[::1]", "" } },
	{ "HTTP_LAST_EVENT_ID", { "1-1-1", "", "x", "1", "1" } },
	{ "HTTP_CONTENT_ENCODING", { "gzip", "", "identity", "x", "x" } },
	{ "REQUEST_URI",
	    { "/mcp", "/mcp/", "/mcp?sessionId=1", "/messages?sessionId=x",
		"/sse" } },
	{ "REMOTE_USER", { "alice", "bob", "", "x", "alice" } },
	{ "AUTH_TYPE", { "Basic", "", "Basic", "Basic", "x" } },
};

/* Four live ones, one of each revision, and these. */
enum { ENDED = 4, FORGOTTEN = 5, SESSIONS = 6 };

struct bench {
	struct fake_clock clock;
	struct counted_rng rng;
	struct log log;
	struct store_scratch scratch;
	struct store_count store; /* around the one in there */
	struct server server;
	struct arena arena;
	unsigned long tools_ran; /* since the last request */
	char session[SESSIONS][128];
	int64_t forgotten; /* when that session was opened */
	int waits;         /* of this request */
	struct buf before; /* what snapshot() says of all that */
	bool is_ready;
};

/* Bytes of the fuzzer, from the front; zeros when they are used up. */
struct source {
	struct slice rest;
};

static unsigned
take(struct source *s, unsigned below)
{
	unsigned char byte;

	if (s->rest.len == 0)
		return 0;
	byte = (unsigned char)s->rest.ptr[0];
	s->rest = slice_from(s->rest, 1);
	return byte % below;
}

static struct slice
take_bytes(struct source *s)
{
	size_t n = take(s, 64);
	struct slice bytes = { s->rest.ptr, n };

	if (n > s->rest.len)
		bytes.len = s->rest.len;
	s->rest = slice_from(s->rest, bytes.len);
	return bytes;
}

/* A header value: FastCGI brings it as a string that ends at a NUL. */
static struct slice
take_value(struct source *s)
{
	struct slice rest;

	return slice_cut(take_bytes(s), '\0', &rest);
}

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
no_lines(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

/* ----------------------------------------------------------------- bench */

static void
variable(struct bench *b, struct http_request *r, const char *name,
    struct slice value)
{
	must(http_take_variable(r, &b->arena, slice_of(name), value) == RC_OK);
}

/* Time passes, and a client that follows a stream leaves after a while. */
static bool
pass(void *ctx, int64_t ms)
{
	struct bench *b = ctx;

	fake_clock_advance(&b->clock, ms);
	return b->waits++ < WAITS;
}

static void
handle(struct bench *b, const struct http_request *r, struct sink_mem *sink)
{
	sink_mem_init(sink);
	sink->pass = pass;
	sink->ctx = b;
	b->waits = 0;
	b->tools_ran = 0;
	(void)server_handle(&b->server, &b->arena, r, &sink->base);
	must(sink_mem_is_reply(sink));
}

static void
begin_request(struct bench *b, struct http_request *r, const char *method)
{
	*r = (struct http_request){ .method = HTTP_OTHER };
	variable(b, r, "REQUEST_METHOD", slice_of(method));
	variable(b, r, "SERVER_ADDR", SLICE("127.0.0.1"));
	variable(b, r, "SERVER_NAME", SLICE("localhost"));
}

static void
open_session(struct bench *b, const char *revision, char id[128])
{
	struct buf body = BUF_INIT(BODY_BYTES);
	struct http_request r;
	struct sink_mem sink;
	struct slice got;

	begin_request(b, &r, "POST");
	variable(b, &r, "REQUEST_URI", SLICE("/mcp"));
	buf_printf(&body,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
	    "\"params\":{\"protocolVersion\":\"%s\"," CLIENT "}}",
	    revision);
	r.body = buf_slice(&body);
	handle(b, &r, &sink);
	got = sink_mem_header(&sink, "Mcp-Session-Id");
	must(sink.status == 200 && got.len > 0 && got.len < 128);
	memcpy(id, got.ptr, got.len);
	id[got.len] = '\0';
	sink_mem_release(&sink);
	buf_release(&body);
	arena_reset(&b->arena);
}

static struct op
bench_op(struct bench *b)
{
	return (struct op){ .now_ms = b->clock.wall,
		.give_up_mono = b->clock.mono / 1000 + 1000,
		.arena = &b->arena };
}

static void
forget_all(struct bench *b)
{
	struct op op = bench_op(b);
	struct sweep_rules rules = { .idle_before = op.now_ms + 1,
		.limit = 100 };
	struct sweep_done done;

	must(b->store.inner->ops->sweep(b->store.inner, &op, &rules, &done) ==
	    RC_OK);
}

static void
end_session(struct bench *b, const char *id)
{
	struct http_request r;
	struct sink_mem sink;

	begin_request(b, &r, "DELETE");
	variable(b, &r, "REQUEST_URI", SLICE("/mcp"));
	variable(b, &r, "HTTP_MCP_SESSION_ID", slice_of(id));
	handle(b, &r, &sink);
	must(sink.status == 204);
	sink_mem_release(&sink);
	arena_reset(&b->arena);
}

static void
bench_init(struct bench *b, struct fake_tools *tools)
{
	struct store *store;

	server_init(&b->server);
	fake_clock_init(&b->clock, INT64_C(1788264000000));
	counted_rng_init(&b->rng, 1);
	b->log = LOG_INIT(no_lines, NULL, LOG_ERROR);
	b->arena = ARENA_INIT(ARENA_BYTES);
	store_scratch_init_fast(&b->scratch);
	must(store_scratch_fresh(&b->scratch, &b->clock.clock, 1, &store) ==
	    RC_OK);
	store_count_init(&b->store, store);
	b->server.clock = &b->clock.clock;
	b->server.rng = &b->rng.rng;
	b->server.log = &b->log;
	b->server.store = &b->store.base;
	b->server.toolbox = fake_tools_toolbox(tools);
	b->server.info.name = SLICE("fuzz");
	b->server.info.version = SLICE("1");
	b->server.rules.path = SLICE("/mcp");
	b->server.rules.sse_path = SLICE("/sse");
	b->server.rules.messages_path = SLICE("/messages");
	open_session(b, "2025-11-25", b->session[FORGOTTEN]);
	b->forgotten = b->clock.wall;
	forget_all(b);
	fake_clock_advance(&b->clock, 1000);
	for (size_t i = 0; i < 4; i++)
		open_session(b, revisions[i], b->session[i]);
	open_session(b, "2025-06-18", b->session[ENDED]);
	end_session(b, b->session[ENDED]);
}

static void
bench_release(struct bench *b)
{
	server_release(&b->server);
	b->store.base.ops->close(&b->store.base);
	store_scratch_release(&b->scratch);
	arena_release(&b->arena);
	log_release(&b->log);
	buf_release(&b->before);
	b->is_ready = false;
}

/* --------------------------------------------------------------- request */

static void
put_headers(struct bench *b, struct source *s, struct http_request *r)
{
	const size_t n = sizeof(headers) / sizeof(*headers);

	for (size_t i = 0; i < n; i++) {
		unsigned which = take(s, 8);
		bool is_uri =
		    slice_eq(slice_of(headers[i].name), SLICE("REQUEST_URI"));

		struct slice value = is_uri ? SLICE("/mcp") : SLICE_NONE;

		if (which > 0 && which < 6)
			value = slice_of(headers[i].values[which - 1]);
		else if (which == 7)
			value = take_value(s);
		if (value.ptr != NULL)
			variable(b, r, headers[i].name, value);
	}
}

static void
put_session(struct bench *b, struct source *s, struct http_request *r)
{
	unsigned which = take(s, 16);
	char *id;

	if (which < SESSIONS) {
		variable(
		    b, r, "HTTP_MCP_SESSION_ID", slice_of(b->session[which]));
	} else if (which == 14) {
		variable(b, r, "HTTP_MCP_SESSION_ID", take_value(s));
	} else if (which == 15) { /* one byte of a good one is another */
		id = arena_string(&b->arena, slice_of(b->session[0]));
		must(id != NULL);
		id[take(s, 86)] = (char)(take(s, 255) + 1);
		variable(b, r, "HTTP_MCP_SESSION_ID", (struct slice){ id, 86 });
	}
}

/* A good body with some bytes replaced, cut out or put in; or any bytes. */
static struct slice
make_body(struct source *s, char *bytes)
{
	const unsigned n = sizeof(bodies) / sizeof(*bodies);
	unsigned which = take(s, n + 1);
	unsigned edits = take(s, 8);
	size_t len;

	if (which == n)
		return s->rest;
	len = strlen(bodies[which]);
	memcpy(bytes, bodies[which], len);
	for (; edits > 0; edits--) {
		size_t at = take(s, 256) % len;
		struct slice in = take_bytes(s);
		size_t cut = take(s, 16);

		if (cut > len - at)
			cut = len - at;
		memmove(bytes + at + in.len, bytes + at + cut, len - at - cut);
		if (in.len > 0)
			memcpy(bytes + at, in.ptr, in.len);
		len = len - cut + in.len;
		if (len == 0)
			break;
	}
	return (struct slice){ bytes, len };
}

/* ------------------------------------------------------------------ laws */

/* Everything that the store remembers of sessions.  That the forgotten one
 * came back is no change: an authentic id may do that, refused or not. */
static void
snapshot(struct bench *b, struct buf *out)
{
	struct op op = bench_op(b);
	struct session_filter all = { .limit = 0 };
	struct session_rows rows;

	must(b->store.inner->ops->session_list(
		 b->store.inner, &op, &all, &rows) == RC_OK);
	for (size_t i = 0; i < rows.n; i++) {
		const struct session_row *r = &rows.row[i];

		if (r->state == SESSION_LIVE && r->created == b->forgotten)
			continue;
		buf_printf(out, "%lld %d %d %lld %d %d %u ", (long long)r->id,
		    (int)r->state, (int)r->why, (long long)r->touched,
		    r->initialized, r->log_level, r->caps);
		text_put_hex(out, r->key.sid, SID_BYTES);
		buf_put_slice(out, r->client);
	}
	must(buf_finish(out) == RC_OK);
	must(b->store.inner->ops->check(b->store.inner, &op) == RC_OK);
}

/* Kept from one input to the next. */
static struct bench the_bench;

static void
release_last(void)
{
	if (the_bench.is_ready)
		bench_release(&the_bench);
}

/* What it is to be before each input.  Made anew only if the last one changed
 * something: that takes far longer than most requests. */
static void
bench_ready(struct bench *b)
{
	/* They never change. */
	static struct fake_tools *tools;

	if (tools == NULL) {
		must(atexit(release_last) == 0);
		must(seal_init() == RC_OK);
		must(fake_tools_open_all(&b->tools_ran, &tools) == RC_OK);
	}
	if (!b->is_ready) {
		bench_init(b, tools);
		b->before = BUF_INIT(ARENA_BYTES);
		snapshot(b, &b->before);
		arena_reset(&b->arena);
		b->is_ready = true;
	}
	memset(b->store.calls, 0, sizeof(b->store.calls));
	counted_rng_init(&b->rng, 2);
}

/* Nothing has changed: the next input may have it. */
static bool
is_as_before(const struct bench *b)
{
	return b->waits == 0 && store_count_writes(&b->store) == 0;
}

static void
check_body(struct bench *b, const struct sink_mem *sink)
{
	struct slice type = sink_mem_header(sink, "Content-Type");
	struct slice body = buf_slice(&sink->body);
	const struct json *root;

	must(type.ptr != NULL || body.len == 0);
	if (type.ptr == NULL || !slice_eq(type, SLICE("application/json")))
		return;
	must(json_read(&b->arena, body, &json_limits_default, &root, NULL) ==
	    RC_OK);
	if (sink->status >= 400)
		must(json_get(root, "error") != NULL);
}

static void
check_laws(struct bench *b, const struct sink_mem *sink)
{
	struct buf after = BUF_INIT(ARENA_BYTES);

	must(sink->status >= 200 && sink->status < 500);
	check_body(b, sink);
	if (is_as_before(b))
		buf_put_slice(&after, buf_slice(&b->before));
	else
		snapshot(b, &after);
	if (sink->status >= 400) {
		must(slice_eq(buf_slice(&b->before), buf_slice(&after)));
		must(b->tools_ran == 0);
	}
	buf_release(&after);
}

static void
set_rules(struct server_rules *r, unsigned mode)
{
	r->sessions = (enum session_mode)(mode % 3);
	r->strict = (mode / 12 & 1) != 0;
	r->body_only = (mode / 24 & 1) != 0;
	r->modern_ping = (mode / 48 & 1) != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bench *b = &the_bench;
	struct source s = { { (const char *)data, size } };
	char *bytes;
	struct http_request r;
	struct sink_mem sink;

	bench_ready(b);
	set_rules(&b->server.rules, take(&s, 192));
	begin_request(
	    b, &r, methods[take(&s, sizeof(methods) / sizeof(*methods))]);
	put_headers(b, &s, &r);
	put_session(b, &s, &r);
	bytes = arena_bytes(&b->arena, BODY_BYTES);
	must(bytes != NULL);
	r.body = make_body(&s, bytes);
	handle(b, &r, &sink);
	check_laws(b, &sink);
	sink_mem_release(&sink);
	arena_reset(&b->arena);
	if (!is_as_before(b))
		bench_release(b);
	return 0;
}
