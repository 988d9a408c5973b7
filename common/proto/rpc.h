#ifndef MCP_RPC_H
#define MCP_RPC_H

#include <stdint.h>

#include "json.h"

/*
 * JSON-RPC 2.0 messages as MCP uses them.  An id is kept as the bytes the
 * client sent and goes back as such.
 */
enum rpc_kind {
	RPC_REQUEST,
	RPC_NOTIFICATION,
	RPC_RESPONSE, /* result or error, posted by the client */
	RPC_BATCH     /* an array; its elements are messages of their own */
};

enum rpc_code {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_METHOD_NOT_FOUND = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_INTERNAL_ERROR = -32603,
	/* What the official clients of the session era know as "session not
	 * found"; never sent to a modern request. */
	RPC_SESSION_NOT_FOUND = -32001,
	/* Up to 2025-11-25, server/resources, Error Handling. */
	RPC_RESOURCE_NOT_FOUND = -32002,
	/* 2025-11-25, client/elicitation, URL Elicitation Required. */
	RPC_URL_REQUIRED = -32042,
	/* 2026-07-28, basic/index, Error Codes. */
	RPC_HEADER_MISMATCH = -32020,
	RPC_MISSING_CAPABILITY = -32021,
	RPC_UNSUPPORTED_VERSION = -32022
};

struct rpc_message {
	enum rpc_kind kind;
	struct slice id;           /* source bytes; absent if none */
	struct slice method;       /* of a request or notification */
	const struct json *params; /* an object, or NULL if absent */
	const struct json *result; /* of a response */
	const struct json *error;  /* of a response */
	const struct json *whole;  /* the value it was read from */
};

/* An id longer than this is refused: a limit of our own. */
#define RPC_ID_MAX 1024

/*
 * Understand one value as a message.  An array gives RPC_BATCH and nothing
 * else; call again for each element.  RC_SYNTAX: not a message; then
 * m->id holds the id if one could be read and may be echoed, and *why says
 * what is wrong in a few words.  The rules: jsonrpc "2.0", id a string or an
 * integer, params an object, never method together with result or error.
 */
MUST_CHECK enum rc rpc_read(
    const struct json *value, struct rpc_message *m, const char **why);

/* Append {"jsonrpc":"2.0","id":ID,"result": -- the caller appends the result
 * and then one '}'. */
void rpc_put_result_head(struct buf *b, struct slice id);

/*
 * Append a whole error response.  Without an id the member is left out, in
 * every revision.  `data` is JSON text, or absent.
 */
void rpc_put_error(struct buf *b, struct slice id, enum rpc_code code,
    struct slice message, struct slice data);

#endif
