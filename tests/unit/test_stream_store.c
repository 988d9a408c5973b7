/* The store thread of mcp-stream, with a store that does not do all it is
 * asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "rng.h"
#include "scratch_folder.h"
#include "sink_mem.h"
#include "store_count.h"
#include "store_open.h"
#include "stream_accept.h"
#include "stream_bench.h"
#include "stream_loop.h"
#include "stream_store.h"

#define CLIENTS 3
#define DEADLINE_MS 20000
#define TOOLS_CHANGED "notifications/tools/list_changed"

/* A client with a session and an open stream. */
struct client {
	struct slice sid;
	int64_t session;
	int64_t stream;
	int fd;
	struct buf heard;
};

struct bench {
	struct scratch_folder at;
	struct config config;
	struct log log;
	struct wiring *wiring;
	struct server *server;
	struct store_count store;      /* the thread's */
	atomic_int fails[STORE_CALLS]; /* enum rc */
	struct store *other;           /* the test's */
	struct arena arena;
	struct stream_queue *requests;
	struct stream_queue *orders;
	struct stream_queue *reports;
	atomic_size_t unsent;
	struct stream_loop *loop;
	struct stream_store *streams;
	pthread_t loop_thread;
	pthread_t store_thread;
	struct client client[CLIENTS];
};

static void
no_log(void *ctx, struct slice lines)
{
	(void)ctx;
	(void)lines;
}

static enum rc
before(void *ctx, enum store_call call)
{
	struct bench *b = ctx;

	return (enum rc)atomic_load(&b->fails[call]);
}

static struct op
op_now(struct bench *b)
{
	return (struct op){ .now_ms = clock_wall_ms(&clock_system),
		.give_up_mono = clock_mono_ms(&clock_system) + DEADLINE_MS,
		.arena = &b->arena };
}

static void
set(struct bench *b, const char *key, const char *value)
{
	struct buf why = BUF_INIT(1024);

	assert_int_equal(config_set(&b->config, key, value, &why), RC_OK);
	buf_release(&why);
}

static void
open_stores(struct bench *b)
{
	struct buf why = BUF_INIT(4096);
	char url[128];
	struct store_open_options options = { .url = url,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = &b->log };

	(void)snprintf(url, sizeof(url), "sqlite://%s/store.db", b->at.path);
	set(b, "store.url", url);
	assert_int_equal(
	    wiring_open(&b->config, &b->log, NULL, true, &b->wiring, &why),
	    RC_OK);
	b->server = wiring_server(b->wiring);
	assert_non_null(b->server->store);
	store_count_init(&b->store, b->server->store);
	b->store.before = before;
	b->store.ctx = b;
	b->server->store = &b->store.base;
	assert_int_equal(store_open(&options, &b->other, &why), RC_OK);
	buf_release(&why);
}

/* ------------------------------------------------------------- clients */

static void
begin_session(struct bench *b, struct client *c)
{
	const struct http_request r = { .method = HTTP_POST,
		.method_name = SLICE("POST"),
		.path = SLICE("/mcp"),
		.field = { [HTTP_ACCEPT] =
			       SLICE("application/json, text/event-stream"),
		    [HTTP_CONTENT_TYPE] = SLICE("application/json") },
		.body = SLICE("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":"
			      "\"initialize\",\"params\":{"
			      "\"protocolVersion\":\"2025-06-18\","
			      "\"capabilities\":{},\"clientInfo\":{"
			      "\"name\":\"t\",\"version\":\"1\"}}}") };
	struct arena arena = ARENA_INIT((size_t)8 * 1024 * 1024);
	struct sink_mem sink;

	sink_mem_init(&sink);
	assert_int_equal(
	    server_handle(b->server, &arena, &r, &sink.base), RC_OK);
	assert_int_equal(sink.status, 200);
	assert_int_equal(arena_copy(&b->arena,
			     sink_mem_header(&sink, "Mcp-Session-Id"), &c->sid),
	    RC_OK);
	sink_mem_release(&sink);
	arena_release(&arena);
}

/* Ask for its stream. */
static void
get(struct bench *b, struct client *c)
{
	const struct http_request r = { .method = HTTP_GET,
		.method_name = SLICE("GET"),
		.path = SLICE("/mcp"),
		.field = { [HTTP_ACCEPT] = SLICE("text/event-stream"),
		    [HTTP_MCP_SESSION_ID] = c->sid } };
	struct stream_request *request = calloc(1, sizeof(*request));
	struct stream_message m = { .word = STREAM_REQUEST,
		.request = request };
	int fd[2];

	assert_non_null(request);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	*request = (struct stream_request){ .arena = ARENA_INIT(
						(size_t)8 * 1024 * 1024),
		.taken = { fd[0], 1 },
		.came_ms = clock_mono_ms(&clock_system) };
	assert_int_equal(
	    stream_request_copy(&request->arena, &r, &request->http), RC_OK);
	c->fd = fd[1];
	assert_true(stream_queue_put(b->requests, &m));
}

/* What there is to hear; false once nothing more will come. */
static bool
hear(struct client *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	char bytes[4096];
	ssize_t n;

	while (poll(&p, 1, 10) > 0) {
		n = read(c->fd, bytes, sizeof(bytes));
		if (n <= 0)
			return false;
		buf_put(&c->heard, bytes, (size_t)n);
	}
	return true;
}

static void
wait_for(struct client *c, const char *what)
{
	int64_t until = clock_mono_ms(&clock_system) + DEADLINE_MS;

	while (stream_bench_count(buf_slice(&c->heard), what) == 0) {
		assert_true(clock_mono_ms(&clock_system) < until);
		assert_true(hear(c) ||
		    stream_bench_count(buf_slice(&c->heard), what) > 0);
	}
}

static void
wait_for_end(struct client *c)
{
	int64_t until = clock_mono_ms(&clock_system) + DEADLINE_MS;

	while (hear(c))
		assert_true(clock_mono_ms(&clock_system) < until);
}

/* ------------------------------------------------------------ the store */

/* The number of the session's own stream. */
static void
find_stream(struct bench *b, struct client *c, size_t n)
{
	const struct session_filter all = { .limit = CLIENTS };
	struct op op = op_now(b);
	struct session_rows rows;
	struct stream_row row;

	assert_int_equal(
	    b->other->ops->session_list(b->other, &op, &all, &rows), RC_OK);
	assert_true(rows.n > n);
	c->session = rows.row[n].id;
	assert_int_equal(b->other->ops->stream_find(
			     b->other, &op, c->session, STREAM_SESSION, &row),
	    RC_OK);
	c->stream = row.number;
}

static void
append(struct bench *b, const struct client *c, struct slice data)
{
	const struct event_append a = {
		.session = c->session, .stream = c->stream, .data = data
	};
	struct op op = op_now(b);
	struct appended done;

	assert_int_equal(
	    b->other->ops->event_append(b->other, &op, &a, NULL, &done), RC_OK);
}

static void
raise_topic(struct bench *b, struct slice name)
{
	const struct topic_raise raise = { name, NULL };
	struct op op = op_now(b);
	int64_t version;
	bool raised;

	assert_int_equal(b->other->ops->topic_raise(
			     b->other, &op, &raise, &version, &raised),
	    RC_OK);
	arena_reset(op.arena);
}

/* ---------------------------------------------------------- the threads */

static void *
run_loop(void *ctx)
{
	struct bench *b = ctx;

	while (stream_loop_turn(b->loop, -1))
		continue;
	return NULL;
}

static void *
run_store(void *ctx)
{
	struct bench *b = ctx;

	stream_store_run(b->streams);
	return NULL;
}

static void
open_threads(struct bench *b)
{
	const struct stream_loop_options loop = { .clock = &clock_system,
		.slots = 32,
		.comment_ms = 60000,
		.stall_ms = 60000,
		.memory = (size_t)32 * 1024 * 1024,
		.unsent = &b->unsent,
		.orders = b->orders,
		.reports = b->reports };
	const struct stream_store_options store = { .config = &b->config,
		.log = &b->log,
		.wiring = b->wiring,
		.bell = -1,
		.streams = 16,
		.answers = 16,
		.unsent = &b->unsent,
		.requests = b->requests,
		.orders = b->orders,
		.reports = b->reports };

	assert_int_equal(stream_loop_open(&loop, &b->loop), RC_OK);
	assert_int_equal(stream_store_open(&store, &b->streams), RC_OK);
	assert_int_equal(pthread_create(&b->loop_thread, NULL, run_loop, b), 0);
	assert_int_equal(
	    pthread_create(&b->store_thread, NULL, run_store, b), 0);
}

static int
setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	scratch_folder_init(&b->at);
	b->log = LOG_INIT(no_log, NULL, LOG_ERROR);
	b->arena = ARENA_INIT((size_t)64 * 1024 * 1024);
	assert_int_equal(config_init(&b->config, b->at.path), RC_OK);
	set(b, "limits.result", "64K");
	open_stores(b);
	assert_int_equal(stream_queue_open(64, &b->requests), RC_OK);
	assert_int_equal(stream_queue_open(256, &b->orders), RC_OK);
	assert_int_equal(stream_queue_open(256, &b->reports), RC_OK);
	for (size_t i = 0; i < CLIENTS; i++) {
		b->client[i].heard = BUF_INIT((size_t)16 * 1024 * 1024);
		begin_session(b, &b->client[i]);
	}
	open_threads(b);
	for (size_t i = 0; i < CLIENTS; i++) {
		get(b, &b->client[i]);
		wait_for(&b->client[i], "\r\n\r\n:\n\n");
		find_stream(b, &b->client[i], i);
	}
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	stream_queue_close(b->requests);
	assert_int_equal(pthread_join(b->store_thread, NULL), 0);
	assert_int_equal(pthread_join(b->loop_thread, NULL), 0);
	for (size_t i = 0; i < CLIENTS; i++) {
		(void)close(b->client[i].fd);
		buf_release(&b->client[i].heard);
	}
	stream_store_free(b->streams);
	stream_loop_free(b->loop);
	stream_queue_free(b->requests);
	stream_queue_free(b->orders);
	stream_queue_free(b->reports);
	b->other->ops->close(b->other);
	b->server->store = b->store.inner;
	wiring_free(b->wiring);
	config_release(&b->config);
	log_release(&b->log);
	arena_release(&b->arena);
	scratch_folder_release(&b->at);
	free(b);
	return 0;
}

/* Nothing is written any more: for want of space, say. */
static void
fail_writes(struct bench *b, enum rc rc)
{
	static const enum store_call writes[] = { STORE_STREAM_DETACH,
		STORE_STREAMS_SENT, STORE_TOPIC_DELIVER, STORE_SESSION_SET,
		STORE_WANTS_BEHIND };

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		atomic_store(&b->fails[writes[i]], (int)rc);
}

/* --------------------------------------------------------------- tests */

static void
who_cannot_be_told_of_a_change_gets_his_events(void **state)
{
	struct bench *b = *state;

	fail_writes(b, RC_FULL);
	raise_topic(b, SLICE("tools"));
	/* Its detaching is one more thing that cannot be written. */
	(void)shutdown(b->client[2].fd, SHUT_RDWR);
	append(b, &b->client[0], SLICE("{\"n\":\"one\"}"));
	wait_for(&b->client[0], "one");
	append(b, &b->client[1], SLICE("{\"n\":\"two\"}"));
	wait_for(&b->client[1], "two");
	fail_writes(b, RC_OK);
	wait_for(&b->client[0], TOOLS_CHANGED);
	wait_for(&b->client[1], TOOLS_CHANGED);
}

static void
who_may_have_missed_a_change_gets_his_events(void **state)
{
	struct bench *b = *state;
	char name[64];

	/* More at once than are remembered one by one. */
	atomic_store(&b->fails[STORE_CHANGES], RC_BUSY);
	for (int i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "resource:a:%d", i);
		raise_topic(b, slice_of(name));
	}
	raise_topic(b, SLICE("tools"));
	fail_writes(b, RC_FULL);
	atomic_store(&b->fails[STORE_CHANGES], RC_OK);
	append(b, &b->client[0], SLICE("{\"n\":\"one\"}"));
	wait_for(&b->client[0], "one");
	append(b, &b->client[1], SLICE("{\"n\":\"two\"}"));
	wait_for(&b->client[1], "two");
	fail_writes(b, RC_OK);
	wait_for(&b->client[0], TOOLS_CHANGED);
	wait_for(&b->client[1], TOOLS_CHANGED);
}

static void
an_event_that_fits_nowhere_ends_its_own_stream_only(void **state)
{
	struct bench *b = *state;
	const size_t size = (size_t)4 * 1024 * 1024;
	char *text = malloc(size);

	assert_non_null(text);
	memset(text, 'x', size);
	append(b, &b->client[0], (struct slice){ text, size });
	free(text);
	append(b, &b->client[1], SLICE("{\"n\":\"two\"}"));
	wait_for(&b->client[1], "two");
	wait_for_end(&b->client[0]);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(who_cannot_be_told_of_a_change_gets_his_events),
		TEST(who_may_have_missed_a_change_gets_his_events),
		TEST(an_event_that_fits_nowhere_ends_its_own_stream_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
