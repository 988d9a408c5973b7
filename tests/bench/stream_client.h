#ifndef MCP_BENCH_STREAM_CLIENT_H
#define MCP_BENCH_STREAM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rc.h"

/*
 * A client of mcp-stream that speaks FastCGI records itself, so that no web
 * server stands between it and what is measured: thousands of them in one
 * process.
 */
#define STREAM_TAIL 256

struct stream_client {
	int fd; /* -1: closed */
	char session[128];
	char last_id[72]; /* of the last event */
	char tail[STREAM_TAIL];
	size_t n_tail;
	bool has_begun; /* its first line came */
};

/* What clients have heard, all together. */
struct stream_heard {
	uint64_t bytes;
	uint64_t comments;
	uint64_t events; /* that carry a message */
	uint64_t begun;
	uint64_t refused; /* any status but 200 */
	uint64_t ended;
	/* Called for the number in a message, "n":NUMBER; NULL: nobody. */
	void (*number)(void *ctx, uint64_t n);
	void *ctx;
};

/* Connect and ask for a stream: GET with the session (and the last event id,
 * if there is one), or without a session a subscription to the lists. */
MUST_CHECK enum rc stream_client_open(
    struct stream_client *c, const char *path);

/* Read what is there; false once the peer has closed. */
bool stream_client_hear(struct stream_client *c, struct stream_heard *heard);

void stream_client_close(struct stream_client *c);

#endif
