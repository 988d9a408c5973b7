#ifndef MCP_WORKER_H
#define MCP_WORKER_H

#include <stdint.h>

#include "process.h"

/* What the parent and its workers have to agree on. */
enum report_kind {
	REPORT_READY,
	REPORT_STARTED, /* a tool's process group */
	REPORT_ENDED,
	REPORT_CALL, /* asks: may I stay with a call? */
	REPORT_HELD, /* asks: may I stay with a stream? */
	REPORT_BACK  /* takes requests again */
};

/* One message of a worker. */
struct report {
	uint32_t kind; /* enum report_kind */
	int32_t group;
};

/* One message of the parent is one byte. */
#define WORD_YES 'y'
#define WORD_NO 'n'
/* There may be something to do. */
#define WORD_WAKE 'w'

struct worker_options {
	int socket;   /* listening */
	int lifetime; /* reading end: closed by the parent when we shall go */
	int talk;     /* keeps the bounds of messages */
	bool is_first;
	struct call_order call; /* run this one, and take no requests */
	int (*work)(void *ctx, struct worker *);
	int (*order)(
	    void *ctx, struct worker *, const struct call_order *order);
	void *ctx;
};

/* Be a worker: runs work() or order() in this process.  The exit status. */
int worker_run(const struct worker_options *);

#endif
