#ifndef MCP_EXCHANGE_H
#define MCP_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "revision.h"
#include "rpc.h"
#include "server.h"
#include "session.h"
#include "transport.h"

/*
 * One request on its way to its reply: what is known about it so far.  Made by
 * server_handle(), handed from step to step, gone with the arena.
 */
enum reply_body {
	REPLY_EMPTY, /* no body, no Content-Type */
	REPLY_JSON,  /* what is in server->body */
	REPLY_SENT   /* it has gone through the sink already */
};

/* Content-Type, Cache-Control, Mcp-Session-Id, Allow, Retry-After, four of
 * CORS. */
#define REPLY_HEADERS_MAX 10

struct reply {
	int status;
	enum reply_body body;
	struct sink_header header[REPLY_HEADERS_MAX];
	size_t n_headers;
};

/* Which of our paths it came by. */
enum place {
	PLACE_ENDPOINT,
	PLACE_SSE,     /* HTTP+SSE: its stream */
	PLACE_MESSAGES /* HTTP+SSE: where its client posts */
};

struct exchange {
	struct server *server;
	struct arena *arena;
	const struct http_request *http;
	struct sink *sink;
	int64_t now_ms;   /* wall clock, read once */
	int64_t start_us; /* monotonic */
	struct op op;     /* for store calls of this request */

	struct principal principal;
	enum place place;
	const struct transport *transport;
	const struct revision *revision;
	struct rpc_message message; /* the one being answered */
	bool wants_event;           /* the client takes no JSON, only events */
	bool is_plain;              /* sent as text/plain, not as JSON */
	struct slice odd_version;   /* a header unlike the session's revision */
	bool has_session;
	struct session session;
	int64_t stream; /* where answers go if not on the POST; 0: none */
	bool has_room;  /* of stream_room() */
	uint32_t caps;  /* what this client can, enum client_cap */
	bool in_batch;  /* one of several: its answer waits for the others */
	int log_level;  /* messages below it are not wanted; -1: none said */
	/* The row of a call that is run again for its absent client. */
	const struct call_row *claimed;

	struct reply reply;
	const char *row; /* of the decision table, for the log */
	struct slice tool;
	enum rc rc;
};

/* A new one, now; nothing is known yet.  Empties server->body. */
void exchange_init(struct exchange *x, struct server *s, struct arena *a,
    const struct http_request *http, struct sink *sink);

/* What takes long may be long after the request: it is now again, to x->now_ms
 * and x->op. */
void exchange_renew(struct exchange *x);

/* Have the keys to seal and open with; RC_BUSY, or what the store says. */
MUST_CHECK enum rc exchange_keys(struct exchange *x);

#endif
