#ifndef MCP_EXCHANGE_STEP_H
#define MCP_EXCHANGE_STEP_H

#include "exchange_bench.h"
#include "fuzz_source.h"
#include "rpc.h"

/* What was heard, to be said again. */
enum exchange_word {
	WORD_CURSOR,
	WORD_TASK,
	WORD_STATE,
	WORD_QUESTION,
	WORD_REQUEST,
	WORD_EVENT,
	WORD_ENDPOINT, /* of HTTP+SSE: where to post */
	WORDS
};

struct exchange_words {
	char word[WORDS][1024];
};

#define EXCHANGE_IDS 64

/* A request of one client: a good one with changes here and there. */
struct exchange_step {
	/* Said by who makes one. */
	struct exchange_bench *bench;
	struct fuzz_source *source;
	struct exchange_words *words;
	struct arena *arena;

	size_t caller; /* of exchange_callers */
	char mark[8];  /* its word: "MARK" and a letter */
	char note[24]; /* its resource */
	struct http_request http;
	struct buf body;
	/* What the body says, if it is a message; else a response. */
	struct rpc_message message;
	bool is_message;
	struct slice id[EXCHANGE_IDS]; /* of requests */
	size_t n_ids;
};

void exchange_step_make(struct exchange_step *p);

void exchange_step_release(struct exchange_step *p);

#endif
