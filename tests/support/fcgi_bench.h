#ifndef MCP_FCGI_BENCH_H
#define MCP_FCGI_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "fcgi_io.h"
#include "http.h"
#include "rc.h"
#include "slice.h"
#include "socket_bench.h"

#define FCGI_BENCH_BODY_MAX 1000
#define FCGI_BENCH_ANSWER_MAX 4000
/* For what shall arrive. */
#define FCGI_BENCH_DEADLINE_MS 20000

/* A struct fcgi_io, and its web server, which makes one request at a time. */
struct fcgi_bench {
	struct socket_bench at;
	int client;
	bool is_screened;
	struct fcgi_io *io;
	struct arena arena;
	struct buf sent;   /* the request as records */
	struct buf params; /* pairs of it */
	struct buf answer; /* what came back on RECORD_STDOUT */
	bool has_end;      /* and RECORD_END */
	struct http_request request;
};

/* For cmocka: *state is a struct fcgi_bench. */
int fcgi_bench_setup(void **state);
int fcgi_bench_setup_screened(void **state);
int fcgi_bench_teardown(void **state);

/* Open r->io anew with another time limit. */
void fcgi_bench_open(struct fcgi_bench *r, int64_t timeout_ms);

/* Put a request together: begin, then pairs, then what is wanted of the rest;
 * there is a method and a URI to begin with. */
void fcgi_bench_begin(struct fcgi_bench *r, bool keep);
void fcgi_bench_param(
    struct fcgi_bench *r, const char *name, const char *value);
void fcgi_bench_put_params(struct fcgi_bench *r);
void fcgi_bench_put_body(struct fcgi_bench *r, struct slice body);
void fcgi_bench_put_end(struct fcgi_bench *r);

/* Connect and send what was put together. */
void fcgi_bench_dial(struct fcgi_bench *r);

/* fcgi_next() into r->request. */
MUST_CHECK enum rc fcgi_bench_take(struct fcgi_bench *r);

/* Answer with JSON, or with no body, through the sink of `io`. */
struct fcgi_answer fcgi_bench_answer(
    struct fcgi_io *io, int status, const char *body);

/* Read what is there until the connection ends, and take it apart. */
void fcgi_bench_hear(struct fcgi_bench *r);

/* Hear exactly this answer, and its end. */
void fcgi_bench_expect(struct fcgi_bench *r, const char *want);

#endif
