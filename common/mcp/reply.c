#include "reply.h"

#include <assert.h>

#include "sse.h"
#include "tool_check.h"

/* Seconds; short, because what is busy usually passes at once. */
static const struct slice retry_after = SLICE_INIT("2");

void
reply_header(struct exchange *x, const char *name, struct slice value)
{
	struct reply *r = &x->reply;

	assert(r->n_headers < REPLY_HEADERS_MAX);
	r->header[r->n_headers++] = (struct sink_header){ name, value };
}

struct slice
reply_id(const struct exchange *x)
{
	return x->message.kind == RPC_REQUEST ? x->message.id : SLICE_NONE;
}

void
reply_refuse(struct exchange *x, const struct refusal *why, struct slice id,
    struct slice data)
{
	struct buf *b = &x->server->body;

	buf_reset(b);
	rpc_put_error(b, id, why->code, slice_of(why->text), data);
	x->reply.status = why->status;
	x->reply.body = REPLY_JSON;
}

void
reply_empty(struct exchange *x, int status)
{
	buf_reset(&x->server->body);
	x->reply.status = status;
	x->reply.body = REPLY_EMPTY;
}

void
answer_error(struct exchange *x, int modern_status, enum rpc_code code,
    const char *text, struct slice data)
{
	rpc_put_error(
	    &x->server->body, x->message.id, code, slice_of(text), data);
	x->reply.status = x->transport->errors_in_status ? modern_status : 200;
	x->reply.body = REPLY_JSON;
}

enum rc
answer_lacking(struct exchange *x, uint32_t caps)
{
	struct buf data = BUF_INIT(1024);
	struct slice json = SLICE_NONE;
	enum rc rc;

	x->row = "P18";
	tool_put_capabilities(&data, caps);
	rc = buf_finish(&data);
	if (rc == RC_OK)
		rc = arena_copy(x->arena, buf_slice(&data), &json);
	buf_release(&data);
	if (rc == RC_OK)
		answer_error(x, 400, RPC_MISSING_CAPABILITY,
		    "Missing required client capability", json);
	return rc;
}

struct buf *
answer_begin_as(struct exchange *x, struct slice type)
{
	struct buf *b = &x->server->body;

	x->reply.status = 200;
	x->reply.body = REPLY_JSON;
	rpc_put_result_head(b, x->message.id);
	buf_put_char(b, '{');
	if (x->revision->has_result_type) {
		json_put_key(b, "resultType");
		json_put_string(b, type);
	}
	return b;
}

struct buf *
answer_begin(struct exchange *x)
{
	return answer_begin_as(x, SLICE("complete"));
}

static void
put_member(struct buf *b, struct slice name, struct slice text)
{
	if (text.ptr == NULL)
		return;
	json_put_name(b, name);
	json_put_string(b, text);
}

void
reply_put_server_info(struct buf *b, const struct server_info *info,
    const struct revision *revision)
{
	buf_put_char(b, '{');
	put_member(b, SLICE("name"), info->name);
	put_member(b, SLICE("version"), info->version);
	if (revision->has_title)
		put_member(b, SLICE("title"), info->title);
	if (revision->has_icons)
		put_member(b, SLICE("websiteUrl"), info->website);
	buf_put_char(b, '}');
}

void
answer_end(struct exchange *x, bool is_cacheable, const struct json *extra)
{
	const struct tool_cache list = x->server->rules.list_cache;

	answer_end_hinted(x, is_cacheable ? &list : NULL, extra);
}

void
answer_end_hinted(struct exchange *x, const struct tool_cache *cache,
    const struct json *extra)
{
	static const struct slice own =
	    SLICE_INIT("io.modelcontextprotocol/serverInfo");
	const struct revision *r = x->revision;
	struct buf *b = &x->server->body;

	if (r->has_cache_hints && cache != NULL) {
		json_put_key(b, "ttlMs");
		buf_put_i64(b, cache->ttl_ms);
		json_put_key(b, "cacheScope");
		buf_put_slice(b,
		    cache->is_public ? SLICE("\"public\"")
				     : SLICE("\"private\""));
	}
	if (r->has_server_info_meta || extra != NULL) {
		json_put_key(b, "_meta");
		buf_put_char(b, '{');
		if (r->has_server_info_meta) {
			json_put_name(b, own);
			reply_put_server_info(b, &x->server->info, r);
		}
		for (const struct json *m = extra == NULL ? NULL : extra->child;
		     m != NULL; m = m->next) {
			if (slice_eq(m->name, own))
				continue;
			json_put_name(b, m->name);
			json_put_compact(b, m);
		}
		buf_put_char(b, '}');
	}
	buf_put_slice(b, SLICE("}}"));
}

/* A session that was opened meanwhile must not be named.  What lets a page
 * read the answer stays, or it would see no 503 but a broken network. */
static void
keep_cors(struct reply *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n_headers; i++) {
		struct slice name = slice_of(r->header[i].name);

		if (slice_starts(name, SLICE("Access-Control-")) ||
		    slice_eq(name, SLICE("Vary")))
			r->header[kept++] = r->header[i];
	}
	r->n_headers = kept;
}

void
reply_failed(struct exchange *x, enum rc rc)
{
	static const struct refusal later = { 503, RPC_INTERNAL_ERROR,
		"Temporarily unavailable, try again" };
	static const struct refusal broken = { 500, RPC_INTERNAL_ERROR,
		"Internal error" };
	bool may_pass =
	    rc == RC_BUSY || rc == RC_IO || rc == RC_FULL || rc == RC_NOMEM;

	x->rc = rc;
	keep_cors(&x->reply);
	reply_refuse(x, may_pass ? &later : &broken, reply_id(x), SLICE_NONE);
	if (may_pass)
		reply_header(x, "Retry-After", retry_after);
}

/* The body as it goes out: as it is, or as one event. */
static struct slice
body_bytes(struct exchange *x)
{
	struct server *s = x->server;

	if (x->reply.body == REPLY_EMPTY)
		return SLICE_NONE;
	if (!x->wants_event || x->reply.status != 200) {
		reply_header(x, "Content-Type", SLICE("application/json"));
		return buf_slice(&s->body);
	}
	buf_reset(&s->frame);
	sse_put_message(&s->frame, buf_slice(&s->body));
	reply_header(x, "Content-Type", SLICE("text/event-stream"));
	reply_header(x, "Cache-Control", SLICE("no-cache, no-transform"));
	return buf_slice(&s->frame);
}

/*
 * The answer met its ceiling, or memory ran out.  What was asked for may have
 * been done, so a ceiling that will be met again must not invite a retry.
 */
static void
answer_too_large(struct exchange *x)
{
	static const struct refusal too_large = { 500, RPC_INTERNAL_ERROR,
		"The answer is larger than this server allows" };

	if (!x->server->body.full) {
		reply_failed(x, RC_NOMEM);
		return;
	}
	x->rc = RC_FULL;
	keep_cors(&x->reply);
	reply_refuse(x, &too_large, reply_id(x), SLICE_NONE);
	if (x->message.kind == RPC_REQUEST)
		x->reply.status = 200;
}

void
reply_settle(struct exchange *x)
{
	if (buf_finish(&x->server->body) != RC_OK)
		answer_too_large(x);
}

void
reply_send(struct exchange *x)
{
	const struct sink_ops *ops = x->sink->ops;
	struct slice bytes;
	enum rc rc;

	if (x->reply.body == REPLY_SENT)
		return;
	reply_settle(x);
	bytes = body_bytes(x);
	x->reply.body = REPLY_SENT;
	rc = ops->head(x->sink, x->reply.status, x->reply.header,
	    x->reply.n_headers, SINK_WHOLE);
	if (rc == RC_OK && bytes.len > 0)
		rc = ops->body(x->sink, bytes);
	if (rc == RC_OK)
		rc = ops->end(x->sink);
	if (x->rc == RC_OK)
		x->rc = rc;
}
