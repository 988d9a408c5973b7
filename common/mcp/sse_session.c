#include "sse_session.h"

#include "refuse.h"
#include "reply.h"
#include "sse.h"
#include "stream.h"
#include "topic.h"

bool
sse_is_offered(const struct server *s)
{
	return s->rules.sessions != SESSIONS_OFF &&
	    s->rules.messages_path.ptr != NULL;
}

struct slice
sse_session_id(const struct exchange *x)
{
	struct slice rest = x->http->query;

	while (rest.ptr != NULL) {
		struct slice value;
		struct slice name =
		    slice_cut(slice_cut(rest, '&', &rest), '=', &value);

		if (value.len > 0 && slice_eq(name, SLICE("sessionId")))
			return value;
	}
	return SLICE_NONE;
}

/* ------------------------------------------------------------------ GET */

/* As it came, but nothing that ends a line, and never the //host of a
 * reference to somewhere else. */
static void
put_path(struct buf *b, struct slice path)
{
	static const char digit[] = "0123456789ABCDEF";

	while (path.len > 1 && path.ptr[0] == '/' && path.ptr[1] == '/')
		path = slice_from(path, 1);
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.ptr[i];

		if (c > 0x20 && c < 0x7F && c != '?' && c != '#' && c != '\\') {
			buf_put_char(b, (char)c);
			continue;
		}
		buf_put_char(b, '%');
		buf_put_char(b, digit[c >> 4]);
		buf_put_char(b, digit[c & 15]);
	}
}

/* The event that tells where to post. */
static enum rc
put_endpoint(struct exchange *x, struct buf *out)
{
	struct buf uri = BUF_INIT(
	    3 * (x->http->path.len + x->server->rules.messages_path.len) + 256);
	struct sse_event event = { .type = SLICE("endpoint"), .retry_ms = -1 };
	enum rc rc;

	put_path(&uri,
	    x->place == PLACE_SSE ? x->server->rules.messages_path
				  : x->http->path);
	buf_put_slice(&uri, SLICE("?sessionId="));
	rc = session_put_id(x, &uri);
	event.data = buf_slice(&uri);
	if (rc == RC_OK)
		sse_put_event(out, &event);
	buf_release(&uri);
	return rc == RC_OK ? buf_finish(out) : rc;
}

/* Everything there is to write before the client may know of it. */
static enum rc
begin(struct exchange *x, struct feed *f, struct buf *first)
{
	struct stream_open open = { .kind = STREAM_SSE };
	struct store *store;
	struct stream_row row;
	enum rc rc = session_open_sse(x);

	if (rc != RC_OK)
		return rc;
	store = x->server->store;
	f->session = open.session = x->session.row.id;
	rc = server_owner(x->server, &open.owner);
	if (rc == RC_OK)
		rc = store->ops->want_put(
		    store, &x->op, f->session, topic_lists, TOPIC_LISTS, -1, 0);
	if (rc == RC_OK)
		rc = store->ops->stream_open(store, &x->op, &open, &row);
	if (rc == RC_OK)
		rc = put_endpoint(x, first);
	if (rc != RC_OK)
		return rc;
	f->stream = row.number;
	f->incarnation = row.incarnation;
	f->reader = row.reader;
	return RC_OK;
}

enum rc
sse_open(struct exchange *x)
{
	struct buf first = BUF_INIT((size_t)64 * 1024);
	struct feed f;
	bool has_room;
	enum rc rc;

	x->transport = transport_get(TRANSPORT_SSE);
	x->revision = revision_get(REVISION_2024_11_05);
	f = stream_feed(x);
	f.kind = STREAM_SSE;
	rc = stream_room(x, &f, &has_room);
	if (rc != RC_OK || !has_room)
		return rc;
	rc = begin(x, &f, &first);
	if (rc == RC_OK)
		rc = stream_reply(x, &f, buf_slice(&first));
	else
		stream_drop(x, &f);
	buf_release(&first);
	return rc;
}

/* ----------------------------------------------------------------- POST */

enum rc
sse_enter(struct exchange *x, bool *ok)
{
	struct store *store = x->server->store;
	struct stream_row row;
	enum rc rc = store->ops->stream_find(
	    store, &x->op, x->session.row.id, STREAM_SSE, &row);

	*ok = rc == RC_OK && row.is_open && row.owner.ptr != NULL;
	if (rc != RC_OK && rc != RC_NOTFOUND)
		return rc;
	if (*ok)
		x->stream = row.number;
	else
		reply_refuse(
		    x, &refuse_unknown_session, reply_id(x), SLICE_NONE);
	return RC_OK;
}

/* Meet the ceiling of an answer in band, as its client can see nothing
 * else. */
static enum rc
check_size(struct exchange *x)
{
	struct buf *b = &x->server->body;

	if (buf_finish(b) == RC_OK)
		return RC_OK;
	if (!b->full)
		return RC_NOMEM;
	buf_reset(b);
	rpc_put_error(b, reply_id(x), RPC_INTERNAL_ERROR,
	    SLICE("The answer is larger than this server allows"), SLICE_NONE);
	return buf_finish(b);
}

enum rc
sse_answer(struct exchange *x)
{
	struct server *s = x->server;
	struct event_append append = { .session = x->session.row.id,
		.stream = x->stream };
	struct appended done;
	struct op op;
	enum rc rc = check_size(x);

	if (rc != RC_OK)
		return rc;
	/* The tool may have taken its time. */
	exchange_renew(x);
	op = x->op;
	/* Lost with the machine's power, as the connection is. */
	op.relaxed = true;
	append.data = buf_slice(&s->body);
	rc = s->store->ops->event_append(
	    s->store, &op, &append, &s->rules.stream, &done);
	if (rc == RC_NOTFOUND) {
		reply_refuse(
		    x, &refuse_unknown_session, reply_id(x), SLICE_NONE);
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	bell_ring(s->bell);
	reply_empty(x, 202);
	return RC_OK;
}
