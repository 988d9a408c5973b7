#ifndef MCP_STREAM_SINK_H
#define MCP_STREAM_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "sink.h"

/* A reply that is only collected: who holds its connection writes it. */
struct stream_sink {
	struct sink sink; /* first, so that a sink * is one of these */
	struct buf out;   /* as a CGI program would print it */
	enum sink_body mode;
	int status;
	bool has_body;
	bool is_taken;  /* the stream is held: the rest is its holder's */
	bool is_closed; /* given back */
	bool is_cut;    /* ... before its end */
	bool has_ended;
};

void stream_sink_init(struct stream_sink *s, size_t answer_max);

/* Empty it for the next reply. */
void stream_sink_reset(struct stream_sink *s);

void stream_sink_release(struct stream_sink *s);

#endif
