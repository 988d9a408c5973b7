#ifndef MCP_TRANSPORT_H
#define MCP_TRANSPORT_H

#include <stdbool.h>

/*
 * How messages travel, independent of the revision whose features are in
 * use: a 2024-11-05 client may come over Streamable HTTP and a 2025 client
 * over HTTP+SSE.  Code asks for a trait, never which transport it is.
 */
enum transport_name { TRANSPORT_SSE, TRANSPORT_STREAMABLE, TRANSPORT_MODERN };

struct transport {
	enum transport_name name;
	const char *text;
	bool id_in_query;        /* session id in ?sessionId= */
	bool has_sessions;       /* a request belongs to a session */
	bool answers_on_post;    /* response in the POST, not on a stream */
	bool has_event_ids;      /* events carry ids and can be replayed */
	bool disconnect_cancels; /* a closed stream means "cancelled" */
	bool errors_in_status;   /* JSON-RPC errors choose the HTTP status */
};

const struct transport *transport_get(enum transport_name name);

#endif
