/*
 * A whole session, with every allocation and every store call failing in
 * turn.  Whatever fails, the client gets exactly one reply: the right one, or
 * 503; trying again then works, and the store's own invariants hold.
 */
#include <stdio.h>
#include <string.h>

#include "counted_rng.h"
#include "failalloc.h"
#include "fake_clock.h"
#include "fake_tools.h"
#include "server.h"
#include "sink.h"
#include "store_fault.h"
#include "store_scratch.h"

/* A sink that needs no memory, which is the server's to run out of. */
struct still_sink {
	struct sink base; /* first, so that a sink * is one of these */
	int status;
	int heads;
	int ends;
	char sid[128];
};

struct world {
	struct fake_clock clock;
	struct counted_rng rng;
	struct log log;
	struct fake_tools *tools;
	struct store_scratch scratch;
	struct store_fault store;
	struct server server;
	struct arena arena;
	struct still_sink sink;
	char sid[128];
};

static const struct step {
	enum http_method method;
	const char *body;
	const char *revision; /* header, or NULL */
	const char *call;     /* Mcp-Method, or NULL */
	int status;
	int again; /* allowed when a failed one is tried again; or 0 */
} steps[] = {
	{ HTTP_POST,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
	    "\"params\":{\"protocolVersion\":\"2025-11-25\","
	    "\"capabilities\":{\"sampling\":{}},"
	    "\"clientInfo\":{\"name\":\"f\",\"version\":\"1\"}}}",
	    NULL, NULL, 200, 0 },
	{ HTTP_POST,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
	    "2025-11-25", NULL, 202, 0 },
	{ HTTP_POST, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}",
	    "2025-11-25", NULL, 200, 0 },
	{ HTTP_POST,
	    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\","
	    "\"params\":{\"name\":\"echo\","
	    "\"arguments\":{\"text\":\"a\\u00e9\\n\"}}}",
	    "2025-11-25", NULL, 200, 0 },
	{ HTTP_POST,
	    "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tools/call\","
	    "\"params\":{\"name\":\"compute\","
	    "\"arguments\":{\"a\":1,\"b\":2}}}",
	    "2025-11-25", NULL, 200, 0 },
	{ HTTP_POST,
	    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"server/discover\","
	    "\"params\":{\"_meta\":{"
	    "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
	    "\"io.modelcontextprotocol/clientCapabilities\":{}}}}",
	    "2026-07-28", "server/discover", 200, 0 },
	{ HTTP_POST, "{broken", "2025-11-25", NULL, 400, 0 },
	{ HTTP_GET, "", "2025-11-25", NULL, 200, 0 },
	{ HTTP_POST,
	    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"resources/subscribe\","
	    "\"params\":{\"uri\":\"a:b\"}}",
	    "2025-11-25", NULL, 200, 0 },
	{ HTTP_POST,
	    "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":"
	    "\"subscriptions/listen\",\"params\":{\"notifications\":{"
	    "\"toolsListChanged\":true,"
	    "\"resourceSubscriptions\":[\"a:b\"]},\"_meta\":{"
	    "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
	    "\"io.modelcontextprotocol/clientCapabilities\":{}}}}",
	    "2026-07-28", "subscriptions/listen", 200, 0 },
	{ HTTP_POST,
	    "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"prompts/get\","
	    "\"params\":{\"name\":\"media\"}}",
	    "2025-11-25", NULL, 200, 0 },
	{ HTTP_POST,
	    "{\"jsonrpc\":\"2.0\",\"id\":10,\"method\":\"resources/read\","
	    "\"params\":{\"uri\":\"note://by/a/b%20c\"}}",
	    "2025-11-25", NULL, 200, 0 },
	{ HTTP_POST,
	    "{\"jsonrpc\":\"2.0\",\"id\":11,\"method\":\"resources/read\","
	    "\"params\":{\"uri\":\"note://gone\"}}",
	    "2025-11-25", NULL, 200, 0 },
	{ HTTP_POST,
	    "{\"jsonrpc\":\"2.0\",\"id\":12,\"method\":"
	    "\"completion/complete\",\"params\":{\"ref\":{\"type\":"
	    "\"ref/prompt\",\"name\":\"greet\"},\"argument\":{"
	    "\"name\":\"name\",\"value\":\"a\"}}}",
	    "2025-11-25", NULL, 200, 0 },
	{ HTTP_POST,
	    "{\"jsonrpc\":\"2.0\",\"id\":13,\"method\":\"prompts/list\"}",
	    "2025-11-25", NULL, 200, 0 },
	{ HTTP_DELETE, "", "2025-11-25", NULL, 204, 404 },
	{ HTTP_POST, "{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"ping\"}",
	    "2025-11-25", NULL, 404, 0 },
};

static enum rc
take_head(struct sink *base, int status, const struct sink_header *header,
    size_t n, enum sink_body kind)
{
	struct still_sink *s = (struct still_sink *)(void *)base;

	(void)kind;
	s->status = status;
	s->heads++;
	for (size_t i = 0; i < n; i++) {
		struct slice v = header[i].value;

		if (strcmp(header[i].name, "Mcp-Session-Id") == 0 &&
		    v.len < sizeof(s->sid))
			memcpy(s->sid, v.ptr, v.len);
	}
	return RC_OK;
}

static enum rc
take_body(struct sink *base, struct slice bytes)
{
	(void)base;
	(void)bytes;
	return RC_OK;
}

static enum rc
take_end(struct sink *base)
{
	((struct still_sink *)(void *)base)->ends++;
	return RC_OK;
}

static bool
always_ready(struct sink *sink)
{
	(void)sink;
	return true;
}

static bool
never_gone(struct sink *base)
{
	(void)base;
	return false;
}

static bool
leaves_at_once(struct sink *base, int64_t ms)
{
	(void)base;
	(void)ms;
	return false;
}

static void
close_nothing(struct sink *base)
{
	(void)base;
}

static const struct sink_ops still_ops = { take_head, take_body, take_end,
	always_ready, never_gone, leaves_at_once, close_nothing };

static int
complain(size_t step, const char *what, int status)
{
	(void)fprintf(stderr, "step %zu: %s (status %d)\n", step, what, status);
	return 1;
}

/* Send one step once; the status, or -1 if it was not exactly one reply. */
static int
send_once(struct world *w, const struct step *step)
{
	struct http_request r = { .method = step->method,
		.method_name = SLICE("M"),
		.path = SLICE("/mcp"),
		.body = slice_of(step->body) };
	int status;

	r.field[HTTP_CONTENT_TYPE] = SLICE("application/json");
	r.field[HTTP_MCP_PROTOCOL_VERSION] = slice_of(step->revision);
	r.field[HTTP_MCP_METHOD] = slice_of(step->call);
	if (w->sid[0] != '\0')
		r.field[HTTP_MCP_SESSION_ID] = slice_of(w->sid);
	w->sink = (struct still_sink){ .base.ops = &still_ops };
	if (server_handle(&w->server, &w->arena, &r, &w->sink.base) != RC_OK &&
	    w->sink.status == 200)
		return -1;
	arena_reset(&w->arena);
	status = w->sink.heads == 1 && w->sink.ends == 1 ? w->sink.status : -1;
	if (status == 200 && w->sink.sid[0] != '\0')
		memcpy(w->sid, w->sink.sid, sizeof(w->sid));
	return status;
}

static int
play(struct world *w)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct step *step = &steps[i];
		int status = send_once(w, step);

		if (status == step->status)
			continue;
		if (status != 503)
			return complain(i, "neither right nor 503", status);
		status = send_once(w, step);
		if (status != step->status &&
		    (step->again == 0 || status != step->again))
			return complain(i, "wrong when tried again", status);
	}
	return 0;
}

static void
drop_lines(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

static bool
world_open(struct world *w)
{
	struct store *store;

	*w = (struct world){ .arena = ARENA_INIT(1 << 22) };
	w->log = LOG_INIT(drop_lines, NULL, LOG_INFO);
	fake_clock_init(&w->clock, INT64_C(1790000000000));
	counted_rng_init(&w->rng, 7);
	server_init(&w->server);
	store_scratch_init_fast(&w->scratch);
	if (fake_tools_open_all(NULL, &w->tools) != RC_OK ||
	    store_scratch_fresh(&w->scratch, &w->clock.clock, 1, &store) !=
		RC_OK ||
	    seal_init() != RC_OK)
		return false;
	store_fault_init(&w->store, store);
	w->server.clock = &w->clock.clock;
	w->server.rng = &w->rng.rng;
	w->server.log = &w->log;
	w->server.store = &w->store.count.base;
	w->server.toolbox = fake_tools_toolbox(w->tools);
	return true;
}

static int
world_close(struct world *w)
{
	struct op op = { .arena = &w->arena };
	struct store *store = &w->store.count.base;
	int bad = store->ops->check(store, &op) != RC_OK;

	if (bad)
		(void)fprintf(stderr, "the store is inconsistent\n");
	store->ops->close(store);
	store_scratch_release(&w->scratch);
	fake_tools_free(w->tools);
	server_release(&w->server);
	log_release(&w->log);
	arena_release(&w->arena);
	return bad;
}

/* One run with the nth allocation refused. */
static int
without_memory(long nth, bool *refused)
{
	struct world w;
	int bad;

	if (!world_open(&w))
		return 1;
	failalloc_arm(nth);
	bad = play(&w);
	*refused = failalloc_disarm();
	return bad + world_close(&w);
}

/* One run with the nth store call failing. */
static int
without_store(size_t nth, enum rc rc, bool *refused)
{
	struct world w;
	int bad;

	if (!world_open(&w))
		return 1;
	store_fault_arm(&w.store, nth, false, rc);
	bad = play(&w);
	*refused = store_fault_disarm(&w.store) > 0;
	return bad + world_close(&w);
}

int
main(void)
{
	static const enum rc failures[] = { RC_BUSY, RC_IO, RC_FULL };
	bool refused = true;
	long nth = 0;

	for (; refused; nth++) {
		if (without_memory(nth, &refused) != 0) {
			(void)fprintf(stderr, "allocation %ld\n", nth);
			return 1;
		}
	}
	(void)printf("%ld allocations\n", nth - 1);
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		refused = true;
		for (size_t call = 0; refused; call++) {
			if (without_store(call, failures[i], &refused) != 0) {
				(void)fprintf(stderr, "store call %zu: %s\n",
				    call, rc_name(failures[i]));
				return 1;
			}
		}
	}
	return nth > 10 ? 0 : 1;
}
