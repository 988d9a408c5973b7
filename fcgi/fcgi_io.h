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

/*
 * The only place that knows libfcgi: one request at a time from a listening
 * socket, or one from a CGI environment.  Whole answers are built in memory
 * and written in one go; then the connection is closed by us, without linger
 * (FCGX_Detach before FCGX_Finish_r), whatever the web server asked for.
 */
struct fcgi_io;

struct fcgi_io_limits {
	size_t body_max;
	int64_t body_timeout_ms;
	size_t answer_max;
};

/* Was this process started as CGI: standard input is no listening socket? */
bool fcgi_is_cgi(void);

/*
 * Open.  fd is a listening socket, non-blocking; -1 for CGI.  RC_NOMEM,
 * RC_IO.  Free with fcgi_io_free().
 */
MUST_CHECK enum rc fcgi_io_open(int fd, const struct fcgi_io_limits *,
    const struct clock *, struct fcgi_io **out);

/*
 * Take the next request.  RC_OK: *request is filled, everything in the arena
 * or valid until fcgi_finish().  RC_NOTFOUND: nothing there (a lost race, a
 * request without REQUEST_METHOD, a body that ended early); just wait again.
 */
MUST_CHECK enum rc fcgi_next(
    struct fcgi_io *, struct arena *, struct http_request *request);

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

void fcgi_io_free(struct fcgi_io *);

#endif
