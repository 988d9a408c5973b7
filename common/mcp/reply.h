#ifndef MCP_REPLY_H
#define MCP_REPLY_H

#include "exchange.h"
#include "json.h"
#include "rc.h"
#include "rpc.h"
#include "slice.h"

/*
 * Building the reply.  The text goes into server->body; nothing reaches the
 * client before reply_send().
 */

/* What is refused, and how: a constant in a table. */
struct refusal {
	int status;
	enum rpc_code code;
	const char *text;
};

/* The id an error may echo: that of a request.  Other messages have none, or
 * one of ours. */
struct slice reply_id(const struct exchange *x);

/* The whole reply is this error; id may be absent, data too (JSON text). */
void reply_refuse(struct exchange *x, const struct refusal *why,
    struct slice id, struct slice data);

/* The whole reply is this status with no body. */
void reply_empty(struct exchange *x, int status);

/* The value must live until the reply is sent. */
void reply_header(struct exchange *x, const char *name, struct slice value);

/*
 * Answer x->message with an error: in a modern exchange the HTTP status is
 * `modern_status`, in a legacy one it stays 200.
 */
void answer_error(struct exchange *x, int modern_status, enum rpc_code code,
    const char *text, struct slice data);

/* Answer x->message with -32021: the client did not declare what is needed
 * (enum client_cap).  RC_NOMEM. */
MUST_CHECK enum rc answer_lacking(struct exchange *x, uint32_t caps);

/*
 * Answer x->message with a result.  Between the two calls members are appended
 * with json_put_key() and so on.  `extra` is a JSON object whose members
 * join the result's _meta (or NULL).  With `is_cacheable`, revisions that
 * have cache hints get those of lists.
 */
struct buf *answer_begin(struct exchange *x);
/* The same with another resultType, in revisions that have one. */
struct buf *answer_begin_as(struct exchange *x, struct slice type);
void answer_end(
    struct exchange *x, bool is_cacheable, const struct json *extra);

/* The same with other hints, or none (NULL). */
void answer_end_hinted(struct exchange *x, const struct tool_cache *cache,
    const struct json *extra);

/* Append who we are, an Implementation object of that revision. */
void reply_put_server_info(struct buf *b, const struct server_info *info,
    const struct revision *revision);

/* Something of ours failed: 503 with Retry-After for what may pass, else
 * 500; -32603 with the id, if there is one. */
void reply_failed(struct exchange *x, enum rc rc);

/* A body that met its ceiling, or found no memory, becomes the error that says
 * so.  Harmless when said twice; reply_send() does it too. */
void reply_settle(struct exchange *x);

/* Write it out, once.  Remembers a failing sink in x->rc. */
void reply_send(struct exchange *x);

#endif
