#ifndef MCP_INPUT_BENCH_H
#define MCP_INPUT_BENCH_H

#include "counted_rng.h"
#include "exchange.h"
#include "fake_clock.h"
#include "input.h"
#include "log.h"
#include "server.h"
#include "store_scratch.h"

/*
 * Rounds of one request of a 2026-07-28 client, from its params to what is
 * known of its answers, without a tool and a connection.
 */
struct input_bench {
	struct log log;
	struct buf said; /* log lines */
	struct server server;
	struct fake_clock clock;
	struct counted_rng rng;
	struct store_scratch scratch;
	struct store *store; /* NULL: it has none, and a fixed key */
	struct arena arena;
	struct tool tool;   /* that is called */
	struct exchange x;  /* of the round at hand */
	struct input *in;   /* likewise; NULL: it was refused */
	struct slice state; /* of the last answer; lives in the arena */
	const struct json *requests; /* its inputRequests */
};

/* Ends the test if something of ours fails. */
void input_bench_init(struct input_bench *b, bool with_store);
void input_bench_release(struct input_bench *b);

/*
 * Begin a round: method and params as the client sends them (a JSON object;
 * NULL: too many for one).  What came of it is returned.
 */
enum rc input_bench_begin(
    struct input_bench *b, struct slice method, struct slice params);

/* Begin one of tools/call with these members in front (`"name":"t"`), these
 * responses and that state, each if it is there. */
enum rc input_bench_call(struct input_bench *b, struct slice members,
    struct slice responses, struct slice state);

/* A question by its key: a form. */
struct tool_question input_bench_form(struct slice key);

/* Answer the round with input_required and take that apart; what
 * input_answer() said, or RC_SYNTAX if it was an error. */
enum rc input_bench_answer(struct input_bench *b);

/* The code of the error that is in the reply; 0: it is none. */
int64_t input_bench_error(struct input_bench *b);

#endif
