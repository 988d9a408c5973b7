#include "reply.h"
#include "running_part.h"
#include "stream.h"

/*
 * The same request came again while it is running, or before anybody took its
 * response: this connection becomes the reader of its stream.
 */

static enum rc
attach(struct running *r, const struct call_row *row, struct stream_row *stream)
{
	const struct event_limits one = { 1, 1 };
	struct server *s = r->x->server;
	struct stream_attach how = { .session = row->session,
		.stream = row->stream };
	struct event_rows events;
	struct op op = running_op(r);
	enum rc rc = server_owner(s, &how.owner);

	if (rc == RC_OK)
		rc = s->store->ops->stream_read(s->store, &op, row->stream,
		    INT64_MAX, &one, stream, &events);
	if (rc != RC_OK)
		return rc;
	how.incarnation = stream->incarnation;
	how.after = stream->purged;
	op = running_op(r);
	rc = s->store->ops->stream_attach(s->store, &op, &how, stream);
	if (rc == RC_OK)
		bell_ring(s->bell);
	return rc;
}

static enum rc
join_as_stream(struct exchange *x, const struct stream_row *stream)
{
	struct buf first = BUF_INIT(256);
	struct feed feed = stream_feed(x);
	enum rc rc;

	feed.session = stream->session;
	feed.stream = stream->number;
	feed.kind = stream->kind;
	feed.incarnation = stream->incarnation;
	feed.reader = stream->reader;
	feed.cursor = stream->purged;
	stream_put_first(x, &feed, &first);
	rc = buf_finish(&first);
	if (rc == RC_OK)
		rc = stream_reply(x, &feed, buf_slice(&first));
	buf_release(&first);
	return rc;
}

/* Or one of the messages before it: a cancelled call has none. */
static bool
is_response(struct running *r, struct slice data)
{
	const struct json *root;
	enum rc rc =
	    json_read(&r->scratch, data, &json_limits_default, &root, NULL);

	/* What is too large to be read is no message of ours. */
	return rc == RC_NOMEM ||
	    (rc == RC_OK && json_get(root, "method") == NULL);
}

/* The last event of a stream that was closed is the response. */
static enum rc
take_response(struct running *r, const struct stream_row *stream, bool *found)
{
	struct server *s = r->x->server;
	struct stream_row now;
	struct event_rows events;
	struct op op = running_op(r);
	enum rc rc = s->store->ops->stream_read(s->store, &op, stream->number,
	    stream->head - 1, &s->rules.read, &now, &events);

	*found = rc == RC_OK && events.n > 0 &&
	    is_response(r, events.row[events.n - 1].data);
	if (!*found)
		return rc;
	buf_reset(&s->body);
	buf_put_slice(&s->body, events.row[events.n - 1].data);
	r->x->reply.status = 200;
	r->x->reply.body = REPLY_JSON;
	reply_send(r->x);
	return RC_OK;
}

/* This connection is not its reader any more, and has got so much. */
static void
leave(struct running *r, const struct stream_row *stream, int64_t sent)
{
	const struct stream_sent last = { stream->number, stream->reader,
		sent };
	struct store *store = r->x->server->store;
	struct op op = running_op(r);
	enum rc rc;

	op.relaxed = true;
	rc = store->ops->stream_detach(store, &op, &last);
	if (rc != RC_OK)
		running_log(r, LOG_INFO, "detach", rc);
	else
		bell_ring(r->x->server->bell);
}

/* Who takes no events waits here for the end of the stream. */
static enum rc
join_as_json(
    struct exchange *x, struct running *r, const struct stream_row *stream)
{
	const struct event_limits one = { 1, 1 };
	const struct server_rules *rules = &x->server->rules;
	struct store *store = x->server->store;
	int64_t left = rules->tool_timeout_ms + rules->question_ms;
	int64_t reader = stream->reader;
	struct stream_row now = *stream;
	struct event_rows events;
	bool found = false;
	enum rc rc = RC_OK;

	while (rc == RC_OK && now.is_open && left > 0 && now.reader <= reader &&
	    x->sink->ops->wait(x->sink, RUNNING_LOOK_MS)) {
		struct op op = running_op(r);

		left -= RUNNING_LOOK_MS;
		rc = store->ops->stream_read(
		    store, &op, stream->number, INT64_MAX, &one, &now, &events);
	}
	if (rc == RC_OK && !now.is_open && now.head > now.purged)
		rc = take_response(r, &now, &found);
	leave(r, stream, found && x->rc == RC_OK ? now.head : 0);
	/* Taken over by a third one, or it takes longer than we can wait. */
	if (rc == RC_NOTFOUND || (rc == RC_OK && now.is_open))
		return RC_BUSY;
	if (rc == RC_OK && !found)
		answer_error(x, 200, RPC_INTERNAL_ERROR,
		    "The call ended without an answer", SLICE_NONE);
	return rc;
}

enum rc
running_join(struct exchange *x, struct running *r, const struct call_row *row)
{
	struct crew *crew = x->server->crew;
	struct stream_row stream;
	enum rc rc;

	/* The answer comes on the stream that its client has anyway. */
	if (!x->transport->answers_on_post) {
		reply_empty(x, 202);
		return RC_OK;
	}
	rc = attach(r, row, &stream);
	/* Its stream was swept since: the client may try again. */
	if (rc == RC_NOTFOUND)
		return RC_BUSY;
	if (rc != RC_OK)
		return rc;
	if (r->may_stream)
		return join_as_stream(x, &stream);
	rc = crew == NULL ? RC_OK : crew->ops->begin(crew, CREW_HELD);
	if (rc != RC_OK)
		return rc;
	rc = join_as_json(x, r, &stream);
	if (crew != NULL)
		crew->ops->end(crew);
	return rc;
}
