#include "get.h"

#include "classify.h"
#include "event_id.h"
#include "refuse.h"
#include "reply.h"
#include "session.h"
#include "sse.h"
#include "sse_session.h"
#include "stream.h"
#include "topic.h"

/* A priming event or a comment. */
#define FIRST_MAX 256

static void
refuse_get(struct exchange *x, const struct get_row *row)
{
	reply_refuse(x, &row->refusal, SLICE_NONE, SLICE_NONE);
	if (row->allow != NULL)
		reply_header(x, "Allow", slice_of(row->allow));
}

static enum rc
end_session(struct exchange *x)
{
	enum session_found found;
	enum rc rc = session_close(x, &found);

	if (rc != RC_OK)
		return rc;
	if (found == SESSION_FOUND) {
		bell_ring(x->server->bell);
		reply_empty(x, 204);
		return RC_OK;
	}
	x->row = "D2";
	reply_refuse(x, &refuse_unknown_session, SLICE_NONE, SLICE_NONE);
	return RC_OK;
}

static bool
version_is_well(struct exchange *x)
{
	bool is_well = refuse_wrong_version(x);

	if (!is_well)
		x->row = "G3";
	return is_well;
}

/* Load the session; false: it was refused, or *rc says why not. */
static bool
enter(struct exchange *x, enum rc *rc)
{
	enum session_found found;

	*rc = session_load(x, &found);
	if (*rc != RC_OK)
		return false;
	if (found != SESSION_FOUND) {
		x->row = "G2";
		reply_refuse(
		    x, &refuse_unknown_session, SLICE_NONE, SLICE_NONE);
		return false;
	}
	x->revision = x->session.revision;
	return version_is_well(x);
}

/* -------------------------------------------------------------- streams */

static struct feed
session_feed(const struct exchange *x)
{
	struct feed f = stream_feed(x);

	f.session = x->session.row.id;
	f.kind = STREAM_SESSION;
	return f;
}

static enum rc
attach(struct exchange *x, struct feed *f, struct stream_attach *where)
{
	struct store *store = x->server->store;
	struct stream_row row;
	struct op op = x->op;
	enum rc rc = server_owner(x->server, &where->owner);

	where->session = f->session;
	/* Without power the connection is gone, too; and the numbers that a
	 * client was told before are of another incarnation then. */
	op.relaxed = true;
	if (rc == RC_OK)
		rc = store->ops->stream_attach(store, &op, where, &row);
	if (rc != RC_OK)
		return rc;
	/* Others of this session see that they are not the newest now. */
	bell_ring(x->server->bell);
	f->stream = row.number;
	f->kind = row.kind;
	f->incarnation = row.incarnation;
	f->reader = row.reader;
	f->cursor = where->after;
	if (where->after < 0)
		f->cursor = row.sent > row.purged ? row.sent : row.purged;
	return RC_OK;
}

/* What waits for the session in other places goes into its stream, and the
 * stream to its client. */
static enum rc
go_on(struct exchange *x, struct feed *f, bool is_resumed)
{
	struct buf first = BUF_INIT(FIRST_MAX);
	enum rc rc = RC_OK;

	if (f->kind == STREAM_SESSION)
		rc = topics_catch_up(x->server, &x->op, f->session);
	if (is_resumed)
		sse_put_comment(&first);
	else
		stream_put_first(x, f, &first);
	if (rc == RC_OK)
		rc = buf_finish(&first);
	if (rc == RC_OK)
		rc = stream_reply(x, f, buf_slice(&first));
	else
		stream_drop(x, f);
	buf_release(&first);
	return rc;
}

/* Which kind of stream is it?  RC_NOTFOUND: none of this session. */
static enum rc
find_kind(struct exchange *x, int64_t stream, struct feed *f)
{
	const struct event_limits one = { 1, 1 };
	struct store *store = x->server->store;
	struct stream_row row;
	struct event_rows events;
	enum rc rc;

	if (store == NULL)
		return RC_BUSY;
	rc = store->ops->stream_read(
	    store, &x->op, stream, INT64_MAX, &one, &row, &events);
	if (rc != RC_OK)
		return rc;
	f->kind = row.kind;
	return row.session == f->session ? RC_OK : RC_NOTFOUND;
}

static enum rc
refuse_event(struct exchange *x)
{
	static const struct refusal bad_event = { 400, RPC_INVALID_REQUEST,
		"Last-Event-ID cannot be resumed" };

	reply_refuse(x, &bad_event, SLICE_NONE, SLICE_NONE);
	return RC_OK;
}

/* G4.  Never 404: that would end the session. */
static enum rc
resume(struct exchange *x)
{
	struct stream_attach where = { .after = 0 };
	struct event_id id;
	struct feed f;
	bool has_room;
	enum rc rc;

	if (event_id_read(http_get(x->http, HTTP_LAST_EVENT_ID), &id) != RC_OK)
		return refuse_event(x);
	f = session_feed(x);
	rc = find_kind(x, id.stream, &f);
	if (rc == RC_NOTFOUND)
		return refuse_event(x);
	if (rc == RC_OK)
		rc = stream_room(x, &f, &has_room);
	if (rc != RC_OK || !has_room)
		return rc;
	where.stream = id.stream;
	where.after = id.seq;
	where.incarnation = id.incarnation;
	rc = attach(x, &f, &where);
	if (rc == RC_OK)
		return go_on(x, &f, true);
	stream_give_up(x);
	return rc == RC_NOTFOUND ? refuse_event(x) : rc;
}

/* G5. */
static enum rc
open_stream(struct exchange *x)
{
	struct store *store = x->server->store;
	struct stream_attach where = { .after = -1 };
	struct feed f;
	bool has_room;
	enum rc rc;

	f = session_feed(x);
	rc = stream_room(x, &f, &has_room);
	if (rc != RC_OK || !has_room)
		return rc;
	rc = store->ops->want_put(store, &x->op, f.session, topic_lists,
	    TOPIC_LISTS, x->session.row.lists, 0);
	if (rc == RC_OK)
		rc = attach(x, &f, &where);
	if (rc == RC_OK)
		return go_on(x, &f, false);
	stream_give_up(x);
	if (rc != RC_NOTFOUND)
		return rc;
	/* Ended since it was loaded. */
	x->row = "G2";
	reply_refuse(x, &refuse_unknown_session, SLICE_NONE, SLICE_NONE);
	return RC_OK;
}

enum rc
get_handle(struct exchange *x)
{
	const struct get_row *row;
	struct get_facts facts;
	enum rc rc;

	classify_get_facts(x->http, &facts);
	facts.sessions_off = x->server->rules.sessions == SESSIONS_OFF;
	facts.is_sse_path = x->place == PLACE_SSE;
	facts.has_sse = sse_is_offered(x->server);
	facts.is_strict = x->server->rules.strict;
	row = classify_get(&facts);
	x->row = row->name;
	switch (row->action) {
	case GET_REFUSE:
		refuse_get(x, row);
		return RC_OK;
	case GET_RESUME:
		return enter(x, &rc) ? resume(x) : rc;
	case GET_STREAM:
		return enter(x, &rc) ? open_stream(x) : rc;
	case GET_SSE:
		return version_is_well(x) ? sse_open(x) : RC_OK;
	case GET_END:
		if ((facts.is_strict ||
			(facts.has_header && facts.header_legacy == NULL)) &&
		    !enter(x, &rc))
			return rc;
		return end_session(x);
	}
	return RC_BUG;
}
