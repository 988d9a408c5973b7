#ifndef MCP_SINK_MEM_H
#define MCP_SINK_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "sink.h"

/*
 * A sink that keeps the reply.  It also keeps count, so that a test can say
 * "exactly one reply": a call out of order makes it `wrong`.
 */
#define SINK_MEM_HEADERS 32

struct sink_mem {
	struct sink base; /* first, so that a sink * is one of these */
	int status;       /* 0: no head yet */
	enum sink_body kind;
	size_t n_headers;
	struct {
		struct buf name;
		struct buf value;
	} header[SINK_MEM_HEADERS];
	struct buf body;
	int heads;
	int ends;
	bool wrong;     /* out of order, or a header that must not be sent */
	int closes;     /* times close() was said */
	bool peer_gone; /* what peer_gone() answers */
	bool is_full; /* what is_ready() denies; body() takes it all the same */
	/* Called by wait(): let time pass; false: the peer leaves.  NULL: no
	 * time passes. */
	bool (*pass)(void *ctx, int64_t ms);
	void *ctx;
};

void sink_mem_init(struct sink_mem *m);

/* The value of a header, the name in any case; absent if it was not sent. */
struct slice sink_mem_header(const struct sink_mem *m, const char *name);

/* Was this one whole reply: one head, one end, nothing out of order? */
bool sink_mem_is_reply(const struct sink_mem *m);

void sink_mem_release(struct sink_mem *m);

#endif
