#include "exchange_bench.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "sink_mem.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define START INT64_C(1788264000000)

const struct exchange_caller exchange_callers[EXCHANGE_CALLERS] = {
	{ "2024-11-05", NULL, false, false, false },
	{ "2025-03-26", NULL, false, false, false },
	{ "2025-06-18", NULL, false, false, false },
	{ "2025-11-25", NULL, false, false, false },
	{ "2025-11-25", "alice", false, false, false },
	{ "2025-06-18", "bob", false, false, false },
	{ "2026-07-28", NULL, true, false, false },
	{ "2026-07-28", "alice", true, false, false },
	{ "2026-07-28", "bob", true, false, false },
	{ "2025-06-18", NULL, false, true, false },
	{ "2025-11-25", NULL, false, false, true },
	{ "2025-11-25", NULL, false, false, false },
};

static void
no_lines(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

void
exchange_bench_variable(struct arena *a, struct http_request *r,
    const char *name, struct slice value)
{
	law(http_take_variable(r, a, slice_of(name), value) == RC_OK);
}

/* ------------------------------------------------------------ the servers */

static void
start_servers(struct exchange_bench *b)
{
	for (size_t i = 0; i < 2; i++) {
		struct server *s = &b->server[i];

		server_init(s);
		s->clock = &b->clock.clock;
		s->rng = &b->rng.rng;
		s->log = &b->log;
		s->store = &b->store.base;
		s->toolbox = fake_tools_toolbox(b->tools);
		s->info.name = SLICE("fuzz");
		s->rules.sse_path = SLICE("/sse");
		s->rules.messages_path = SLICE("/messages");
		s->rules.page = 5;
	}
}

static void
stop_servers(struct exchange_bench *b)
{
	for (size_t i = 0; i < 2; i++) {
		server_release(&b->server[i]);
		arena_reset(&b->arena[i]);
	}
}

/* ---------------------------------------------------------- the sessions */

static void
begin(struct exchange_bench *b, const struct exchange_caller *c,
    struct http_request *r, const char *method)
{
	struct arena *a = &b->arena[0];

	*r = (struct http_request){ .method = HTTP_OTHER };
	exchange_bench_variable(a, r, "REQUEST_METHOD", slice_of(method));
	exchange_bench_variable(a, r, "REQUEST_URI", SLICE("/mcp"));
	exchange_bench_variable(a, r, "SERVER_ADDR", SLICE("127.0.0.1"));
	if (c->user == NULL)
		return;
	exchange_bench_variable(a, r, "REMOTE_USER", slice_of(c->user));
	exchange_bench_variable(a, r, "AUTH_TYPE", SLICE("Basic"));
}

static void
handle(struct exchange_bench *b, struct http_request *r, struct sink_mem *sink)
{
	sink_mem_init(sink);
	law(server_handle(&b->server[0], &b->arena[0], r, &sink->base) ==
	    RC_OK);
	law(sink_mem_is_reply(sink));
}

static void
open_session(struct exchange_bench *b, size_t i)
{
	const struct exchange_caller *c = &exchange_callers[i];
	struct buf body = BUF_INIT(1024);
	struct http_request r;
	struct sink_mem sink;
	struct slice id;

	begin(b, c, &r, "POST");
	buf_printf(&body,
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
	    "\"params\":{\"protocolVersion\":\"%s\",\"capabilities\":{"
	    "\"elicitation\":{\"form\":{},\"url\":{}},\"sampling\":{},"
	    "\"roots\":{},\"tasks\":{}},"
	    "\"clientInfo\":{\"name\":\"MARK%c\",\"version\":\"1\"}}}",
	    c->revision, (char)('A' + i));
	r.body = buf_slice(&body);
	handle(b, &r, &sink);
	id = sink_mem_header(&sink, "Mcp-Session-Id");
	law(sink.status == 200 && id.len > 0 && id.len < 128);
	memcpy(b->session[i], id.ptr, id.len);
	sink_mem_release(&sink);
	buf_release(&body);
	arena_reset(&b->arena[0]);
}

static void
end_session(struct exchange_bench *b, size_t i)
{
	struct http_request r;
	struct sink_mem sink;

	begin(b, &exchange_callers[i], &r, "DELETE");
	exchange_bench_variable(
	    &b->arena[0], &r, "HTTP_MCP_SESSION_ID", slice_of(b->session[i]));
	handle(b, &r, &sink);
	law(sink.status == 204);
	sink_mem_release(&sink);
	arena_reset(&b->arena[0]);
}

static void
forget_all(struct exchange_bench *b)
{
	struct op op = { .now_ms = b->clock.wall,
		.give_up_mono = b->clock.mono / 1000 + 1000,
		.arena = &b->arena[0] };
	struct sweep_rules rules = { .idle_before = op.now_ms + 1,
		.limit = 100 };
	struct sweep_done done;
	struct store *store = b->store.inner;

	law(store->ops->sweep(store, &op, &rules, &done) == RC_OK);
}

/* Those to be forgotten come first. */
static void
open_sessions(struct exchange_bench *b, bool is_forgotten)
{
	for (size_t i = 0; i < EXCHANGE_CALLERS; i++) {
		const struct exchange_caller *c = &exchange_callers[i];

		if (c->is_modern || c->is_forgotten != is_forgotten)
			continue;
		open_session(b, i);
		if (c->is_ended)
			end_session(b, i);
	}
}

/* ---------------------------------------------------------------- public */

void
exchange_bench_init(struct exchange_bench *b)
{
	struct store *store;

	*b = (struct exchange_bench){ .wall = 0 };
	b->log = LOG_INIT(no_lines, NULL, LOG_ERROR);
	b->arena[0] = b->arena[1] = ARENA_INIT(ARENA_BYTES);
	fake_clock_init(&b->clock, START);
	counted_rng_init(&b->rng, 1);
	law(seal_init() == RC_OK);
	law(fake_tools_open_all(&b->tools_ran, &b->tools) == RC_OK);
	store_scratch_init_fast(&b->scratch);
	law(store_scratch_fresh(&b->scratch, &b->clock.clock, 1, &store) ==
	    RC_OK);
	store_count_init(&b->store, store);
	start_servers(b);
	open_sessions(b, true);
	forget_all(b);
	fake_clock_advance(&b->clock, 1000);
	open_sessions(b, false);
	b->digest = store_digest_open(b->scratch.file);
	law(b->digest != NULL);
	b->wall = b->clock.wall;
	b->mono = b->clock.mono;
}

void
exchange_bench_again(struct exchange_bench *b)
{
	if (store_count_writes(&b->store) > 0)
		law(store_digest_restore(b->digest) == RC_OK);
	stop_servers(b);
	start_servers(b);
	b->clock.wall = b->wall;
	b->clock.mono = b->mono;
	memset(b->store.calls, 0, sizeof(b->store.calls));
	counted_rng_init(&b->rng, 2);
}

void
exchange_bench_release(struct exchange_bench *b)
{
	stop_servers(b);
	store_digest_free(b->digest);
	b->store.base.ops->close(&b->store.base);
	fake_tools_free(b->tools);
	store_scratch_release(&b->scratch);
	arena_release(&b->arena[0]);
	arena_release(&b->arena[1]);
	log_release(&b->log);
}
