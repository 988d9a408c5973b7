#include "stream.h"

#include <string.h>

#include "event_id.h"
#include "follow.h"
#include "holder.h"
#include "reply.h"
#include "sse.h"

struct feed
stream_feed(const struct exchange *x)
{
	struct feed f = { .transport = x->transport, .revision = x->revision };

	memcpy(f.principal, x->principal.digest, sizeof(f.principal));
	return f;
}

enum rc
stream_room(struct exchange *x, const struct feed *f, bool *has_room)
{
	static const struct refusal too_many = { 429, RPC_INVALID_REQUEST,
		"This session has too many streams" };
	struct server *s = x->server;
	enum rc rc = RC_OK;

	*has_room = false;
	if (s->store == NULL)
		return RC_BUSY;
	if (s->holder != NULL)
		rc = s->holder->ops->room(s->holder, f);
	else if (s->crew != NULL)
		rc = s->crew->ops->begin(s->crew, CREW_HELD);
	if (rc == RC_CONFLICT) {
		reply_refuse(x, &too_many, reply_id(x), SLICE_NONE);
		reply_header(x, "Retry-After", SLICE("5"));
		return RC_OK;
	}
	x->has_room = *has_room = rc == RC_OK;
	return rc;
}

void
stream_give_up(struct exchange *x)
{
	struct server *s = x->server;

	if (x->has_room && s->holder == NULL && s->crew != NULL)
		s->crew->ops->end(s->crew);
	x->has_room = false;
}

void
stream_drop(struct exchange *x, struct feed *f)
{
	struct server *s = x->server;
	struct arena scratch = ARENA_INIT(x->arena->max);
	struct op op = { .now_ms = clock_wall_ms(s->clock),
		.give_up_mono =
		    clock_mono_ms(s->clock) + s->rules.store_timeout_ms,
		.arena = &scratch };

	/* If it cannot be said, the process will be found to have ended. */
	if (f->session != 0 && s->store != NULL &&
	    feed_detach(f, s->store, &op, f->cursor) == RC_OK)
		bell_ring(s->bell);
	arena_release(&scratch);
	feed_release(f);
	stream_give_up(x);
}

void
stream_put_first(
    const struct exchange *x, const struct feed *f, struct buf *out)
{
	const struct event_id number = { f->incarnation, f->stream, f->cursor };
	struct sse_event event = { .retry_ms = x->server->rules.retry_ms,
		.data = SLICE("") };
	struct buf id = BUF_INIT(64);

	event_id_put(&id, &number);
	event.id = buf_slice(&id);
	if (f->revision->has_priming && buf_finish(&id) == RC_OK)
		sse_put_event(out, &event);
	else
		sse_put_comment(out);
	buf_release(&id);
}

static enum rc
begin(struct exchange *x, struct slice first)
{
	struct sink *sink = x->sink;
	enum rc rc;

	reply_header(x, "Content-Type", SLICE("text/event-stream"));
	reply_header(x, "Cache-Control", SLICE("no-cache, no-transform"));
	x->reply.status = 200;
	x->reply.body = REPLY_SENT;
	rc = sink->ops->head(sink, x->reply.status, x->reply.header,
	    x->reply.n_headers, SINK_STREAM);
	return rc == RC_OK ? sink->ops->body(sink, first) : rc;
}

/* Who takes over what was begun; a feed that is not taken is dropped. */
static enum rc
hand_over(struct exchange *x, struct feed *f)
{
	struct holder *holder = x->server->holder;
	enum rc rc;

	if (holder == NULL)
		return follow(x, f);
	rc = holder->ops->take(holder, f, x->sink);
	if (rc != RC_OK)
		stream_drop(x, f);
	stream_give_up(x);
	return rc;
}

enum rc
stream_reply(struct exchange *x, struct feed *f, struct slice first)
{
	bool has_room = x->has_room;
	enum rc rc = has_room ? RC_OK : stream_room(x, f, &has_room);

	if (rc != RC_OK || !has_room) {
		stream_drop(x, f);
		return rc;
	}
	rc = begin(x, first);
	if (rc == RC_OK)
		return hand_over(x, f);
	(void)x->sink->ops->end(x->sink);
	stream_drop(x, f);
	return rc;
}
