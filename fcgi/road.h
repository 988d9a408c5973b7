#ifndef MCP_ROAD_H
#define MCP_ROAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "clock.h"
#include "rc.h"
#include "slice.h"
#include "taken.h"

/*
 * The road a request comes by and its answer leaves: FastCGI or CGI.  Bytes
 * only; what they mean is fcgi_io's business.
 */
enum road_end {
	ROAD_ANSWERED,
	ROAD_UNREAD, /* answered, though more of the request may come */
	ROAD_DROPPED /* nothing is to be answered */
};

struct road;

struct road_ops {
	/* The next request's variables, NAME=value, ended by NULL; valid until
	 * finish().  RC_NOTFOUND if there is none. */
	enum rc (*take)(struct road *, char ***env);
	/* Some bytes of its body: their number, 0 at its end, -1 if it was cut
	 * or nothing came in time. */
	ssize_t (*read)(struct road *, char *p, size_t n, int64_t timeout_ms);
	bool (*write)(struct road *, struct slice);
	bool (*flush)(struct road *);
	/* Would some 64 KiB be written without waiting? */
	bool (*is_ready)(struct road *);
	/* Has the peer left?  False when unsure. */
	bool (*is_gone)(struct road *);
	/* Until so many ms are over or the peer leaves; false once it has. */
	bool (*wait)(struct road *, int64_t ms);
	/* The connection, given away unanswered; RC_IO where there is none. */
	enum rc (*give)(struct road *, struct taken *);
	/* End the answer and close the connection.  False if the peer did not
	 * take all of it.  The variables live on. */
	bool (*end)(struct road *, enum road_end);
	/* Behind end() or give(): forget the request. */
	void (*finish)(struct road *);
	void (*free)(struct road *);
};

struct road {
	const struct road_ops *ops;
};

/* From a listening socket; timeout_ms for each read and write, and if it is
 * screened (screen.h) for the head of a request.  RC_NOMEM, RC_IO. */
MUST_CHECK enum rc road_open_fcgi(int listening, int64_t timeout_ms,
    bool is_screened, const struct clock *, struct road **out);

/* One request from the environment and standard input.  RC_NOMEM. */
MUST_CHECK enum rc road_open_cgi(int64_t timeout_ms, struct road **out);

/* For is_ready(). */
bool road_fd_ready(int fd);
/* For is_gone(): has what this descriptor leads to been closed? */
bool road_fd_gone(int fd);
/* For wait(). */
bool road_fd_wait(int fd, int64_t ms);

#endif
