#ifndef MCP_GOLDEN_DEPTH_H
#define MCP_GOLDEN_DEPTH_H

#include "arena.h"
#include "buf.h"
#include "rc.h"
#include "script.h"

/* One way to bring a request to the server and an answer back. */
struct answer {
	int status;
	struct field *fields;
	struct slice body;
};

struct depth;

struct depth_ops {
	const char *name;
	unsigned bit; /* enum depth_bit */
	/* A server with the configuration of this script.  Called in front of
	 * each one; what was begun before is ended or used again. */
	enum rc (*begin)(
	    struct depth *, const struct script *, struct buf *why);
	/* Bring one request there.  The answer lands in the arena. */
	enum rc (*exchange)(struct depth *, struct arena *,
	    const struct message *request, struct answer *, struct buf *why);
	/* Move or ask the world, as a directive says; NULL: cannot. */
	enum rc (*control)(struct depth *, struct slice words, struct buf *why);
	/* False: what it ran was not well; said on standard error. */
	bool (*free)(struct depth *);
};

struct depth {
	const struct depth_ops *ops;
	struct slice host; /* what a client puts into Host */
};

/* The three of them; NULL and a sentence if it cannot be made.  With
 * *is_missing the sentence is not an error: something is not installed. */
struct depth *depth_core_open(struct buf *why);
struct depth *depth_fcgi_open(struct buf *why, bool *is_missing);
struct depth *depth_web_open(struct buf *why, bool *is_missing);

/*
 * The CGI variables a web server makes of a request (RFC 3875).  Names that
 * begin with '$' in the script are variables already.  RC_NOMEM, RC_SYNTAX.
 */
MUST_CHECK enum rc depth_variables(struct arena *a,
    const struct message *request, struct slice host, struct field **out);

/* The method and the target of a request's first line. */
struct slice depth_method(const struct message *request, struct slice *target);

/*
 * Read a whole answer: with a status line (HTTP/1.1) or with a Status field
 * (CGI).  Chunked bodies are put together.  RC_SYNTAX, RC_NOMEM.
 */
MUST_CHECK enum rc depth_read_answer(
    struct arena *a, struct slice bytes, struct answer *out);

/* The value of a field, the name in any case; absent. */
struct slice depth_field(const struct field *f, struct slice name);

#endif
