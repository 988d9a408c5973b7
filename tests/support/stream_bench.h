#ifndef MCP_STREAM_BENCH_H
#define MCP_STREAM_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "counted_rng.h"
#include "fake_clock.h"
#include "fake_crew.h"
#include "fake_tools.h"
#include "http.h"
#include "server.h"
#include "store_count.h"
#include "store_scratch.h"

/*
 * Two hosts with one store, and time that passes only while a stream waits.
 * What happens meanwhile is done by the test, in stream_ask.during.
 */
#define STREAM_HOSTS 2

struct stream_bench {
	struct fake_clock clock;
	struct counted_rng rng;
	struct log log;
	struct store_scratch scratch;
	struct store_count store; /* of all hosts */
	bool is_down;             /* it answers RC_BUSY */
	struct fake_tools *tools;
	struct fake_crew crew[STREAM_HOSTS];
	struct server server[STREAM_HOSTS];
	struct arena arena; /* of what the test asks of the store */
};

void stream_bench_init(struct stream_bench *b);
void stream_bench_release(struct stream_bench *b);

/* For cmocka: *state is a struct stream_bench. */
int stream_bench_setup(void **state);
int stream_bench_teardown(void **state);

#define STREAM_TEST(f)                                                         \
	cmocka_unit_test_setup_teardown(                                       \
	    f, stream_bench_setup, stream_bench_teardown)

/* For a store call of the test's own. */
struct op stream_bench_op(struct stream_bench *b);

/* One request. */
struct stream_ask {
	int host;
	enum http_method method;
	const char *path; /* NULL: /mcp; with the query */
	struct slice sid; /* absent members are not sent */
	const char *version;
	const char *event_id;
	const char *mcp_method;
	struct slice body;
	/*
	 * Called whenever the request has let time pass, with the
	 * milliseconds since it began and what it was sent so far; false: its
	 * client leaves.  NULL: it never waits.
	 */
	bool (*during)(void *ctx, int64_t ms, struct slice sent);
	void *ctx;
};

struct stream_told {
	int status;
	struct slice body; /* in the bench's arena, as all of these */
	struct slice sid;
	struct slice retry_after;
	struct slice type;
	bool is_reply; /* one whole reply */
};

struct stream_told stream_bench_ask(
    struct stream_bench *b, const struct stream_ask *ask);

/* A session of that revision, by POST. */
struct slice stream_bench_session(struct stream_bench *b, const char *revision);

/* A POST in it; its status. */
int stream_bench_post(
    struct stream_bench *b, int host, struct slice sid, const char *body);

/* How often is it there? */
int stream_bench_count(struct slice text, const char *what);

/* The rest of the line behind the first `what`, copied; absent if it is not
 * there. */
struct slice stream_bench_line(
    struct stream_bench *b, struct slice text, const char *what);

/* Somebody on that host says that a topic has changed. */
void stream_bench_raise(struct stream_bench *b, const char *topic);

#endif
