#ifndef MCP_RUNNING_BENCH_H
#define MCP_RUNNING_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "counted_rng.h"
#include "fake_clock.h"
#include "log.h"
#include "server.h"
#include "sink_mem.h"
#include "store_count.h"
#include "store_scratch.h"
#include "tool.h"

/*
 * Two hosts and one store.  A call runs on the first; time passes only while
 * it waits, and at the times that the test names something happens: what its
 * client posts to the other host, or what others do in the store.
 */
struct running_bench;

struct running_event {
	int64_t at_ms; /* since the call came */
	void (*act)(struct running_bench *);
};

#define RUNNING_EVENTS 8

struct running_bench {
	struct fake_clock clock;
	struct counted_rng rng;
	struct store_scratch scratch;
	struct store_count store;
	struct store_ops ops; /* of this store: tests may replace some */
	const struct store_ops *honest; /* what they were */
	int fail[STORE_CALLS]; /* so many of the next ones answer ... */
	long fail_nth;         /* or the nth from now on; below 0: none */
	enum rc fail_rc;
	struct log log;
	struct buf said;   /* log lines */
	struct buf posted; /* the answer of the other host, last */

	struct running_bench_tools *tools;
	enum tool_done (*tool)(struct running_bench *, struct tool_call *);
	int runs; /* of it */

	struct server here;
	struct server there;
	struct arena arena;       /* of the call */
	struct arena other_arena; /* of what happens meanwhile */
	struct sink_mem sink;

	char revision[16];
	char sid[128];
	char task[32];        /* an id, for the test's own use */
	const char *accept;   /* NULL: none is sent */
	const char *messages; /* HTTP+SSE: post there; NULL: it is not */
	struct running_event event[RUNNING_EVENTS];
	size_t n_events;
	int64_t began;  /* wall clock */
	bool left;      /* the client has */
	int64_t number; /* of a call, for the test's own use */
	enum tool_ask asked;
	bool flag;
};

/* free() checks the store first. */
struct running_bench *running_bench_new(void);
void running_bench_free(struct running_bench *b);

/* For cmocka: *state is a struct running_bench. */
int running_bench_setup(void **state);
int running_bench_teardown(void **state);

#define RUNNING_TEST(f)                                                        \
	cmocka_unit_test_setup_teardown(                                       \
	    f, running_bench_setup, running_bench_teardown)

/* A session of that revision whose client declared these capabilities. */
void running_bench_open(
    struct running_bench *b, const char *revision, const char *caps);

/* No session: requests of 2026-07-28. */
void running_bench_stateless(struct running_bench *b);

/* Call the tool of that name: "detached", "inline", "late", "repeat", "once",
 * "task" or "task_again"; `more` are further members of params, with a comma
 * in front, or "".  Its reply is in b->sink. */
enum rc running_bench_call(
    struct running_bench *b, const char *tool, const char *more);

/* Post this body on the other host; the status. */
int running_bench_post(struct running_bench *b, const char *body);

/* Post this body here, as the call is.  There are also the prompts "detached"
 * (with an argument "a") and "inline", the resource "note://detached" and the
 * template "note://by/{a}", which do what tools do. */
enum rc running_bench_send(struct running_bench *b, const char *body);

void running_bench_at(
    struct running_bench *b, int64_t ms, void (*act)(struct running_bench *));

/* The client leaves; or it cancels the call, on the other host. */
void running_bench_leave(struct running_bench *b);
void running_bench_cancel(struct running_bench *b);

/* It was one whole reply of this status and body. */
void running_bench_expect(
    struct running_bench *b, int status, const char *body);

/* What tools do, for b->tool: say "done" ... */
enum tool_done running_bench_at_once(
    struct running_bench *b, struct tool_call *call);
/* ... in 2 s; b->flag: somebody did not want it any more ... */
enum tool_done running_bench_slowly(
    struct running_bench *b, struct tool_call *call);
/* ... after progress 1; b->flag: it was cancelled before that. */
enum tool_done running_bench_speaking(
    struct running_bench *b, struct tool_call *call);
/* For the end of other tools. */
enum tool_done running_bench_done(struct tool_call *call);

/* Whose store is it?  For what replaces its functions. */
struct running_bench *running_bench_of(struct store *store);

/* For store calls of the test itself. */
struct store *running_bench_store(struct running_bench *b);
struct op running_bench_op(struct running_bench *b);

/* The row of call number n. */
struct call_row running_bench_row(struct running_bench *b, int64_t n);

/* How many there are. */
size_t running_bench_rows(struct running_bench *b);

/* Process "other.1" claims call 1, as if the one that runs it were dead. */
void running_bench_claim(struct running_bench *b);

/* The events of a stream, each on a line of its own. */
const char *running_bench_log(struct running_bench *b, int64_t stream);

#endif
