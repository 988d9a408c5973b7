#include "running_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "definition.h"
#include "running_words.h"
#include "seal.h"

#define BENCH_ARENA ((size_t)64 * 1024 * 1024)
#define TOOLS 11

struct running_bench_tools {
	struct toolbox box; /* first */
	struct tool_set set[OFFERS];
	const struct tool *list[OFFERS][TOOLS];
	struct definition definition[TOOLS];
};

/* Of each kind sorted by name. */
static const struct {
	const char *definition;
	unsigned flags;
	enum offer kind;
} kinds[TOOLS] = {
	{ "{\"name\":\"detached\",\"description\":\"d\","
	  "\"inputSchema\":{\"type\":\"object\"}}",
	    TOOL_DETACHED, OFFER_TOOL },
	{ "{\"name\":\"inline\",\"description\":\"d\","
	  "\"inputSchema\":{\"type\":\"object\"}}",
	    0, OFFER_TOOL },
	{ "{\"name\":\"late\",\"description\":\"d\","
	  "\"inputSchema\":{\"type\":\"object\"}}",
	    TOOL_DETACHED | TOOL_TASK_REQUIRED | TOOL_TASK_LATER, OFFER_TOOL },
	{ "{\"name\":\"once\",\"description\":\"d\","
	  "\"inputSchema\":{\"type\":\"object\"}}",
	    TOOL_DETACHED | TOOL_ONCE, OFFER_TOOL },
	{ "{\"name\":\"repeat\",\"description\":\"d\","
	  "\"inputSchema\":{\"type\":\"object\"}}",
	    TOOL_DETACHED | TOOL_REPEAT, OFFER_TOOL },
	{ "{\"name\":\"task\",\"description\":\"d\","
	  "\"inputSchema\":{\"type\":\"object\"}}",
	    TOOL_DETACHED | TOOL_TASK_OPTIONAL, OFFER_TOOL },
	{ "{\"name\":\"task_again\",\"description\":\"d\","
	  "\"inputSchema\":{\"type\":\"object\"}}",
	    TOOL_DETACHED | TOOL_TASK_OPTIONAL | TOOL_REPEAT, OFFER_TOOL },
	{ "{\"name\":\"detached\",\"arguments\":[{\"name\":\"a\"}]}",
	    TOOL_DETACHED, OFFER_PROMPT },
	{ "{\"name\":\"inline\"}", 0, OFFER_PROMPT },
	{ "{\"uri\":\"note://detached\",\"name\":\"d\"}", TOOL_DETACHED,
	    OFFER_RESOURCE },
	{ "{\"uriTemplate\":\"note://by/{a}\",\"name\":\"by\"}",
	    TOOL_DETACHED | TOOL_COMPLETES_LONG, OFFER_TEMPLATE },
};

static const struct tool_set *
view(struct toolbox *box, enum offer kind)
{
	return &((struct running_bench_tools *)(void *)box)->set[kind];
}

static const struct toolbox_ops tools_ops = { .view = view };

static enum tool_done
call_tool(const struct tool *tool, struct tool_call *call)
{
	struct running_bench *b = tool->ctx;

	b->runs++;
	return b->tool(b, call);
}

static void
open_tools(struct running_bench *b)
{
	struct buf why = BUF_INIT(4096);

	b->tools = calloc(1, sizeof(*b->tools));
	assert_non_null(b->tools);
	b->tools->box.ops = &tools_ops;
	for (size_t i = 0; i < TOOLS; i++) {
		struct definition *d = &b->tools->definition[i];
		const enum offer kind = kinds[i].kind;
		struct tool_set *set = &b->tools->set[kind];

		assert_int_equal(definition_read_as(kind,
				     slice_of(kinds[i].definition), d, &why),
		    RC_OK);
		d->tool.flags = kinds[i].flags;
		d->tool.call = call_tool;
		d->tool.complete = call_tool;
		d->tool.ctx = b;
		b->tools->list[kind][set->n++] = &d->tool;
		set->tool = b->tools->list[kind];
	}
	buf_release(&why);
}

static void
keep_lines(void *ctx, struct slice lines)
{
	buf_put_slice(ctx, lines);
}

static void
open_server(struct running_bench *b, struct server *s)
{
	server_init(s);
	s->clock = &b->clock.clock;
	s->rng = &b->rng.rng;
	s->log = &b->log;
	s->store = &b->store.base;
	s->toolbox = &b->tools->box;
	s->info.name = SLICE("bench");
	s->info.version = SLICE("1");
}

static enum rc
fail_or_not(void *ctx, enum store_call call)
{
	struct running_bench *b = ctx;

	if (b->fail_nth >= 0 && b->fail_nth-- == 0)
		return b->fail_rc;
	if (b->fail[call] == 0)
		return RC_OK;
	b->fail[call]--;
	return b->fail_rc;
}

struct running_bench *
running_bench_new(void)
{
	struct running_bench *b = calloc(1, sizeof(*b));
	struct store *store;

	assert_non_null(b);
	assert_int_equal(seal_init(), RC_OK);
	fake_clock_init(&b->clock, INT64_C(1790000000000));
	counted_rng_init(&b->rng, 1);
	b->said = BUF_INIT((size_t)1024 * 1024);
	b->posted = BUF_INIT((size_t)1024 * 1024);
	b->log = LOG_INIT(keep_lines, &b->said, LOG_DEBUG);
	b->arena = ARENA_INIT(BENCH_ARENA);
	b->other_arena = ARENA_INIT(BENCH_ARENA);
	store_scratch_init_fast(&b->scratch);
	assert_int_equal(
	    store_scratch_fresh(&b->scratch, &b->clock.clock, 1, &store),
	    RC_OK);
	store_count_init(&b->store, store);
	b->store.before = fail_or_not;
	b->store.ctx = b;
	b->honest = b->store.base.ops;
	b->ops = *b->honest;
	b->store.base.ops = &b->ops;
	b->fail_nth = -1;
	b->fail_rc = RC_BUSY;
	open_tools(b);
	open_server(b, &b->here);
	open_server(b, &b->there);
	sink_mem_init(&b->sink);
	b->accept = "application/json, text/event-stream";
	return b;
}

void
running_bench_free(struct running_bench *b)
{
	struct store *store = &b->store.base;
	struct op op = running_bench_op(b);

	assert_int_equal(store->ops->check(store, &op), RC_OK);
	sink_mem_release(&b->sink);
	server_release(&b->here);
	server_release(&b->there);
	store->ops->close(store);
	store_scratch_release(&b->scratch);
	for (size_t i = 0; i < TOOLS; i++)
		definition_release(&b->tools->definition[i]);
	free(b->tools);
	log_release(&b->log);
	buf_release(&b->posted);
	buf_release(&b->said);
	arena_release(&b->arena);
	arena_release(&b->other_arena);
	free(b);
}

int
running_bench_setup(void **state)
{
	*state = running_bench_new();
	return 0;
}

int
running_bench_teardown(void **state)
{
	running_bench_free(*state);
	return 0;
}

/* --------------------------------------------------------------- time */

void
running_bench_at(
    struct running_bench *b, int64_t ms, void (*act)(struct running_bench *))
{
	assert_true(b->n_events < RUNNING_EVENTS);
	b->event[b->n_events++] = (struct running_event){ ms, act };
}

void
running_bench_leave(struct running_bench *b)
{
	b->left = true;
}

/* What is due in this step happens at its end. */
static bool
pass(void *ctx, int64_t ms)
{
	struct running_bench *b = ctx;

	fake_clock_advance(&b->clock, ms);
	for (size_t i = 0; i < b->n_events; i++) {
		struct running_event e = b->event[i];

		if (e.act == NULL || e.at_ms > b->clock.wall - b->began)
			continue;
		b->event[i].act = NULL;
		e.act(b);
	}
	return !b->left;
}

/* ----------------------------------------------------------- requests */

/* What stands in quotes behind that; without memory, which may be failing. */
static struct slice
quoted(const char *body, const char *before)
{
	const char *at = strstr(body, before);

	if (at == NULL)
		return SLICE_NONE;
	at += strlen(before);
	return (struct slice){ at, strcspn(at, "\"") };
}

/* The headers of 2026-07-28 repeat what is in the body. */
static void
repeat_in_headers(struct http_request *r, const char *body)
{
	struct slice name = quoted(body, "\"params\":{\"name\":\"");

	if (name.ptr == NULL)
		name = quoted(body, "\"taskId\":\"");
	r->field[HTTP_MCP_METHOD] = quoted(body, "\"method\":\"");
	r->field[HTTP_MCP_NAME] = name;
}

static struct http_request
request_of(const struct running_bench *b, const char *body)
{
	struct http_request r = { .method = HTTP_POST,
		.method_name = SLICE("POST"),
		.path = SLICE("/mcp"),
		.body = slice_of(body) };

	if (b->messages != NULL) {
		r.path = SLICE("/messages");
		r.query = slice_of(b->messages);
	}
	r.field[HTTP_CONTENT_TYPE] = SLICE("application/json");
	r.field[HTTP_ACCEPT] = slice_of(b->accept);
	if (b->revision[0] != '\0')
		r.field[HTTP_MCP_PROTOCOL_VERSION] = slice_of(b->revision);
	if (b->sid[0] != '\0')
		r.field[HTTP_MCP_SESSION_ID] = slice_of(b->sid);
	if (strcmp(b->revision, "2026-07-28") == 0)
		repeat_in_headers(&r, body);
	return r;
}

int
running_bench_post(struct running_bench *b, const char *body)
{
	struct http_request r = request_of(b, body);
	struct sink_mem sink;
	struct slice sid;
	int status;

	sink_mem_init(&sink);
	(void)server_handle(&b->there, &b->other_arena, &r, &sink.base);
	assert_true(sink_mem_is_reply(&sink));
	sid = sink_mem_header(&sink, "Mcp-Session-Id");
	if (sid.ptr != NULL)
		memcpy(b->sid, sid.ptr, sid.len);
	status = sink.status;
	buf_reset(&b->posted);
	buf_put_slice(&b->posted, buf_slice(&sink.body));
	sink_mem_release(&sink);
	arena_reset(&b->other_arena);
	return status;
}

void
running_bench_open(
    struct running_bench *b, const char *revision, const char *caps)
{
	char body[512];

	(void)snprintf(body, sizeof(body),
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
	    "\"params\":{\"protocolVersion\":\"%s\",\"capabilities\":%s,"
	    "\"clientInfo\":{\"name\":\"c\",\"version\":\"1\"}}}",
	    revision, caps);
	assert_int_equal(running_bench_post(b, body), 200);
	(void)snprintf(b->revision, sizeof(b->revision), "%s", revision);
	assert_int_equal(running_bench_post(b,
			     "{\"jsonrpc\":\"2.0\",\"method\":"
			     "\"notifications/initialized\"}"),
	    202);
}

void
running_bench_stateless(struct running_bench *b)
{
	(void)snprintf(b->revision, sizeof(b->revision), "2026-07-28");
}

enum rc
running_bench_send(struct running_bench *b, const char *body)
{
	struct http_request r = request_of(b, body);

	sink_mem_release(&b->sink);
	b->sink.pass = pass;
	b->sink.ctx = b;
	b->left = false;
	b->began = b->clock.wall;
	arena_reset(&b->arena);
	return server_handle(&b->here, &b->arena, &r, &b->sink.base);
}

enum rc
running_bench_call(struct running_bench *b, const char *tool, const char *more)
{
	char body[2048];

	(void)snprintf(body, sizeof(body),
	    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\","
	    "\"params\":{\"name\":\"%s\"%s}}",
	    tool, more);
	return running_bench_send(b, body);
}

void
running_bench_cancel(struct running_bench *b)
{
	assert_int_equal(running_bench_post(b, CANCEL), 202);
}

void
running_bench_expect(struct running_bench *b, int status, const char *body)
{
	assert_true(sink_mem_is_reply(&b->sink));
	assert_int_equal(b->sink.status, status);
	assert_string_equal(
	    b->sink.body.len == 0 ? "" : b->sink.body.ptr, body);
}

/* -------------------------------------------------------------- tools */

enum tool_done
running_bench_done(struct tool_call *call)
{
	return tool_add_text(call, SLICE("done")) == RC_OK ? TOOL_DONE
							   : TOOL_FAILED;
}

enum tool_done
running_bench_at_once(struct running_bench *b, struct tool_call *call)
{
	(void)b;
	return running_bench_done(call);
}

enum tool_done
running_bench_slowly(struct running_bench *b, struct tool_call *call)
{
	b->flag = call->env->wait(call, 2000);
	return running_bench_done(call);
}

enum tool_done
running_bench_speaking(struct running_bench *b, struct tool_call *call)
{
	b->flag = call->env->is_cancelled(call);
	call->env->progress(call, 1, 0, SLICE_NONE);
	return running_bench_done(call);
}

/* -------------------------------------------------------------- store */

struct running_bench *
running_bench_of(struct store *store)
{
	return ((struct store_count *)store)->ctx;
}

struct store *
running_bench_store(struct running_bench *b)
{
	return b->store.inner;
}

struct op
running_bench_op(struct running_bench *b)
{
	return (struct op){ .now_ms = b->clock.wall,
		.give_up_mono = b->clock.mono / 1000 + 1000,
		.arena = &b->other_arena };
}

struct call_row
running_bench_row(struct running_bench *b, int64_t n)
{
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct call_row row;

	assert_int_equal(store->ops->call_get(store, &op, n, &row), RC_OK);
	return row;
}

size_t
running_bench_rows(struct running_bench *b)
{
	const struct call_filter all = { 0 };
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct call_rows rows = { NULL, 0 };

	assert_int_equal(
	    store->ops->calls_list(store, &op, &all, &rows), RC_OK);
	return rows.n;
}

void
running_bench_claim(struct running_bench *b)
{
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct call_row row;

	assert_int_equal(
	    store->ops->call_claim(store, &op, 1, 1, SLICE("other.1"), &row),
	    RC_OK);
}

const char *
running_bench_log(struct running_bench *b, int64_t stream)
{
	const struct event_limits limits = { 1000, 1000000 };
	struct store *store = running_bench_store(b);
	struct op op = running_bench_op(b);
	struct stream_row row;
	struct event_rows events;
	struct buf text = BUF_INIT(1000000);
	char *out;

	assert_int_equal(store->ops->stream_read(
			     store, &op, stream, 0, &limits, &row, &events),
	    RC_OK);
	for (size_t i = 0; i < events.n; i++) {
		buf_put_slice(&text, events.row[i].data);
		buf_put_char(&text, '\n');
	}
	out = arena_string(&b->other_arena, buf_slice(&text));
	buf_release(&text);
	return out;
}
