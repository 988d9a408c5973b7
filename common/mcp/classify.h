#ifndef MCP_CLASSIFY_H
#define MCP_CLASSIFY_H

#include <stdbool.h>

#include "arena.h"
#include "http.h"
#include "json.h"
#include "rc.h"
#include "reply.h"
#include "revision.h"
#include "rpc.h"

/*
 * Which era a request belongs to and what becomes of it, as two tables read
 * from the top: the first row whose condition holds decides.  Nothing here
 * looks at a session or a tool: what depends on them is decided behind it.
 */

/* What is known about one posted message and its headers. */
struct post_facts {
	const struct rpc_message *message; /* NULL for an array */
	const struct json *array;          /* or the array */
	struct slice header;               /* MCP-Protocol-Version, or absent */
	bool header_is_modern;
	const struct revision *header_legacy; /* a legacy revision, or NULL */
	bool has_session_id;

	/* params._meta of the message */
	const struct json *meta;
	const struct json *claim; /* the protocol version key, any type */
	bool any_claim;           /* of the message or any array element */
	const char *envelope;     /* what is wrong with the modern _meta */
	const struct revision *claimed; /* implemented, or NULL */
	bool has_method_header;
	bool method_header_ok;
	bool has_name_header;
	bool name_header_ok;
	/* Filled in by the caller: */
	bool is_strict; /* as server_rules has them */
	bool body_only;
};

enum post_action {
	POST_REFUSE, /* answer with the row's refusal */
	POST_BATCH,  /* an array: its session decides */
	POST_LEGACY, /* its session decides, then handle it */
	POST_INITIALIZE,
	POST_MODERN, /* dispatch without a session */
	POST_ACCEPT  /* 202 and nothing else */
};

struct post_row {
	const char *name; /* "P12" */
	bool (*holds)(const struct post_facts *);
	enum post_action action;
	bool with_id;           /* the refusal echoes the id */
	struct refusal refusal; /* text NULL: facts->envelope says it */
};

/*
 * Gather the facts.  The arena is for decoded header values.  RC_NOMEM.
 */
MUST_CHECK enum rc classify_facts(struct arena *a,
    const struct http_request *http, const struct json *root,
    const struct rpc_message *message, struct post_facts *out);

/* The row that decides; never NULL. */
const struct post_row *classify_post(const struct post_facts *facts);

enum get_action {
	GET_REFUSE, /* at once */
	GET_RESUME, /* go on behind Last-Event-ID */
	GET_STREAM, /* the session's own stream */
	GET_SSE,    /* HTTP+SSE: a new session */
	GET_END     /* DELETE: end its session */
};

struct get_facts {
	bool is_delete;
	bool header_is_modern;
	bool has_header;
	const struct revision *header_legacy;
	bool has_session_id;
	bool has_event_id;
	bool accepts_stream; /* by any range */
	bool asks_stream;    /* by name */
	/* Filled in by the caller: */
	bool sessions_off;
	bool is_sse_path; /* the path of HTTP+SSE alone */
	bool has_sse;     /* HTTP+SSE is offered */
	bool is_strict;   /* as server_rules has it */
};

struct get_row {
	const char *name; /* "G5" */
	bool (*holds)(const struct get_facts *);
	enum get_action action;
	struct refusal refusal;
	const char *allow; /* for 405 */
};

void classify_get_facts(const struct http_request *http, struct get_facts *out);

/* The row that decides a GET or DELETE; never NULL. */
const struct get_row *classify_get(const struct get_facts *facts);

#endif
