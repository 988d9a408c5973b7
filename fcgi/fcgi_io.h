#ifndef MCP_FCGI_IO_H
#define MCP_FCGI_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "http.h"
#include "rc.h"
#include "sink.h"
#include "taken.h"
#include "trace.h"

/*
 * One request at a time from a listening socket, or one from a CGI
 * environment.  Whole answers are built in memory and written in one go; then
 * the connection is closed by us, without linger, whatever the web server
 * asked for.  Only road_fcgi.c knows libfcgi.
 */
struct fcgi_io;

struct fcgi_io_limits {
	size_t body_max;
	int64_t body_timeout_ms; /* for all of a request to come in; also for
	                          * one write of the answer to be taken */
	size_t answer_max;       /* a larger one becomes a plain 500 */
	bool is_screened;        /* see screen.h; takes a microsecond or two */
};

/*
 * Open.  fd is a listening socket, non-blocking; -1 for CGI.  RC_NOMEM,
 * RC_IO.  Free with fcgi_io_free().
 */
MUST_CHECK enum rc fcgi_io_open(int fd, const struct fcgi_io_limits *,
    const struct clock *, struct fcgi_io **out);

/*
 * Take the next request.  RC_OK: *request is filled, everything in the arena
 * or valid until fcgi_finish(), which must follow.  RC_NOTFOUND: nothing there
 * (a lost race, a request that was cut anywhere or has no REQUEST_METHOD, a
 * body shorter than announced); just wait again.  RC_NOMEM: it was dropped.
 * RC_FULL: too many variables, or too long ones; it was answered with 431.
 */
MUST_CHECK enum rc fcgi_next(
    struct fcgi_io *, struct arena *, struct http_request *request);

/* Trace what comes and is answered from now on, but not what is dropped or
 * answered with 431; NULL: nothing.  The trace must outlive the io. */
void fcgi_io_trace(struct fcgi_io *, struct trace *);

/* Where the answer of the current request goes. */
struct sink *fcgi_sink(struct fcgi_io *);

/* What was answered, for the log. */
struct fcgi_answer {
	int status; /* 0: nothing */
	size_t bytes;
	bool broken; /* the peer did not take it */
};

/* End the current request and close its connection. */
void fcgi_finish(struct fcgi_io *, struct fcgi_answer *out);

/*
 * Instead of an answer through fcgi_sink(): give the connection of the current
 * request away.  Nothing may have been written.  Its variables end with this:
 * copy the request before.  fcgi_finish() must not follow.  RC_IO: CGI has
 * none.
 */
MUST_CHECK enum rc fcgi_take_over(struct fcgi_io *, struct taken *out);

void fcgi_io_free(struct fcgi_io *);

#endif
