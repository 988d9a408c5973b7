#include "session.h"

#include "exchange.h"
#include "reply.h"
#include "sse_session.h"

/* The store, or RC_BUSY while there is none. */
static enum rc
need_store(struct exchange *x)
{
	struct server *s = x->server;

	if (s->store == NULL)
		return RC_BUSY;
	return keyring_refresh(
	    &s->keys, s->store, &x->op, s->rng, x->start_us / 1000);
}

static bool
is_too_old(const struct exchange *x, int64_t created)
{
	return created > x->now_ms + SESSION_SKEW_MS ||
	    created + x->server->rules.session_lifetime_ms + SESSION_SKEW_MS <
	    x->now_ms;
}

/* Everything that the id alone can tell. */
static enum rc
identify(struct exchange *x, struct session_id *id, enum session_found *found)
{
	struct slice text = x->transport->id_in_query
	    ? sse_session_id(x)
	    : http_get(x->http, HTTP_MCP_SESSION_ID);
	enum rc rc;

	*found = SESSION_NO_ID;
	if (text.len == 0)
		return RC_OK;
	keyring_want(&x->server->keys, session_id_key(text));
	rc = need_store(x);
	if (rc != RC_OK)
		return rc;
	*found = SESSION_UNKNOWN;
	if (session_id_read(text, &x->server->keys, x->now_ms, id) != RC_OK ||
	    id->transport != x->transport->name ||
	    is_too_old(x, id->key.created) ||
	    !principal_is(&x->principal, id->key.principal))
		return RC_OK;
	*found = SESSION_FOUND;
	return RC_OK;
}

static enum rc
get_row(struct exchange *x, const struct session_id *id,
    struct session_row *row, uint32_t *incarnation)
{
	struct store *store = x->server->store;

	return store->ops->session_get(
	    store, &x->op, &id->key, row, incarnation);
}

/*
 * Bring back a row that was forgotten: what the id says is enough to go on.
 * Another host may do the same at this moment; then its row is taken.
 */
static enum rc
revive(struct exchange *x, const struct session_id *id, struct session_row *row)
{
	struct store *store = x->server->store;
	const struct server_rules *rules = &x->server->rules;
	struct session_caps caps = { .total = rules->sessions_total,
		.per_principal =
		    x->principal.name.len > 0 ? rules->sessions_principal : 0,
		.idle_before = x->now_ms - rules->session_spare_ms };
	enum rc rc;

	*row = (struct session_row){ .key = id->key,
		.state = SESSION_LIVE,
		.principal_name = x->principal.name,
		.transport = (int)id->transport,
		.revision = revision_get(id->revision)->date,
		.caps = id->caps,
		.client = SLICE("{}"),
		.log_level = -1,
		.initialized = true,
		.created = id->key.created,
		.touched = x->now_ms };
	rc = store->ops->session_put(store, &x->op, row, &caps, &row->id);
	return rc == RC_CONFLICT ? get_row(x, id, row, NULL) : rc;
}

static enum rc
look(struct exchange *x, bool may_revive, enum session_found *found)
{
	struct session *s = &x->session;
	uint32_t incarnation = 0;
	enum rc rc = identify(x, &s->id, found);

	if (rc != RC_OK || *found != SESSION_FOUND)
		return rc;
	rc = get_row(x, &s->id, &s->row, &incarnation);
	/* The session of an HTTP+SSE client was its connection. */
	if (rc == RC_NOTFOUND && may_revive && !x->transport->id_in_query &&
	    s->id.key.incarnation == incarnation)
		rc = revive(x, &s->id, &s->row);
	if (rc == RC_NOTFOUND || (rc == RC_OK && s->row.state != SESSION_LIVE))
		*found = SESSION_UNKNOWN;
	if (rc != RC_OK)
		return rc == RC_NOTFOUND ? RC_OK : rc;
	s->revision = revision_find(s->row.revision);
	if (s->revision == NULL)
		s->revision = revision_get(s->id.revision);
	return RC_OK;
}

/* Only for people and for caps: losing one costs nothing. */
static void
touch(struct exchange *x)
{
	struct store *store = x->server->store;
	struct session_change change = { SESSION_TOUCHED, x->now_ms };
	struct op op = x->op;

	if (x->now_ms - x->session.row.touched < SESSION_TOUCH_MS)
		return;
	op.relaxed = true;
	if (store->ops->session_set(store, &op, x->session.row.id, &change) ==
	    RC_OK)
		x->session.row.touched = x->now_ms;
}

enum rc
session_load(struct exchange *x, enum session_found *found)
{
	enum rc rc = look(x, true, found);

	x->has_session = rc == RC_OK && *found == SESSION_FOUND;
	if (x->has_session)
		touch(x);
	return rc;
}

enum rc
session_peek(struct exchange *x, enum session_found *found)
{
	return look(x, false, found);
}

/* Fill in a key that nobody has; the read that shows it also tells the
 * store's incarnation. */
static enum rc
new_key(struct exchange *x, struct session_id *id)
{
	struct session_row row;
	enum rc rc = rng_fill(x->server->rng, id->key.sid, SID_BYTES);

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < PRINCIPAL_BYTES; i++)
		id->key.principal[i] = x->principal.digest[i];
	id->key.created = x->now_ms;
	rc = get_row(x, id, &row, &id->key.incarnation);
	if (rc == RC_OK)
		return RC_BUG;
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* Keys that can seal an id for the store at hand, and the id's own key. */
static enum rc
mint(struct exchange *x)
{
	struct session *s = &x->session;
	enum rc rc = need_store(x);

	if (rc == RC_OK)
		rc = new_key(x, &s->id);
	/* Another store was put in the place of the one whose keys we have:
	 * nobody who reads its keys would believe an id made with those. */
	if (rc == RC_OK &&
	    !keyring_fits(&x->server->keys, s->id.key.incarnation))
		rc = need_store(x);
	if (rc == RC_OK && keyring_mint(&x->server->keys, x->now_ms) == NULL)
		rc = RC_BUSY;
	return rc;
}

/* A new row of what is in x->session.id. */
static enum rc
put_row(struct exchange *x, struct slice revision, struct slice client)
{
	struct session *s = &x->session;
	const struct server_rules *rules = &x->server->rules;
	struct session_caps room = { .total = rules->sessions_total,
		.per_principal =
		    x->principal.name.len > 0 ? rules->sessions_principal : 0,
		.idle_before = x->now_ms - rules->session_spare_ms };
	struct store *store = x->server->store;
	enum rc rc;

	s->row = (struct session_row){ .key = s->id.key,
		.state = SESSION_LIVE,
		.principal_name = x->principal.name,
		.transport = (int)s->id.transport,
		.revision = revision,
		.caps = s->id.caps,
		.client = client,
		.log_level = -1,
		.created = x->now_ms,
		.touched = x->now_ms };
	rc = store->ops->session_put(store, &x->op, &s->row, &room, &s->row.id);
	if (rc != RC_OK)
		return rc == RC_CONFLICT ? RC_BUG : rc;
	x->has_session = true;
	return RC_OK;
}

enum rc
session_put_id(struct exchange *x, struct buf *out)
{
	const struct key_row *key = keyring_mint(&x->server->keys, x->now_ms);

	return key == NULL ? RC_BUSY : session_id_put(out, key, &x->session.id);
}

static enum rc
put_header(struct exchange *x)
{
	struct buf text = BUF_INIT((size_t)2 * SESSION_ID_CHARS);
	struct slice value = SLICE_NONE;
	enum rc rc = session_put_id(x, &text);

	if (rc == RC_OK)
		rc = arena_copy(x->arena, buf_slice(&text), &value);
	buf_release(&text);
	if (rc == RC_OK)
		reply_header(x, "Mcp-Session-Id", value);
	return rc;
}

enum rc
session_open(struct exchange *x, const struct revision *revision, uint32_t caps,
    struct slice client)
{
	enum rc rc;

	x->session = (struct session){ .revision = revision,
		.id = { .transport = TRANSPORT_STREAMABLE,
		    .revision = revision->name,
		    .caps = caps } };
	rc = mint(x);
	if (rc == RC_OK)
		rc = put_row(x, revision->date, client);
	return rc == RC_OK ? put_header(x) : rc;
}

enum rc
session_open_sse(struct exchange *x)
{
	enum rc rc;

	x->session = (struct session){ .revision = x->revision,
		.id = { .transport = TRANSPORT_SSE,
		    .revision = x->revision->name } };
	rc = mint(x);
	return rc == RC_OK ? put_row(x, SLICE_NONE, SLICE("{}")) : rc;
}

enum rc
session_negotiate(struct exchange *x, const struct revision *revision,
    uint32_t caps, struct slice client)
{
	struct store *store = x->server->store;
	const struct session_terms terms = { revision->date, caps, client };
	enum rc rc;

	if (x->session.row.revision.ptr != NULL)
		return RC_CONFLICT;
	rc = store->ops->session_negotiate(
	    store, &x->op, x->session.row.id, &terms);
	if (rc == RC_OK) {
		x->session.revision = revision;
		x->session.row.revision = revision->date;
		x->session.row.caps = caps;
	}
	return rc;
}

void
session_settle(struct exchange *x)
{
	struct store *store = x->server->store;
	struct crew *crew = x->server->crew;
	int64_t until = 0;
	enum rc rc;

	if (store->ops->settled_mono != NULL)
		until = store->ops->settled_mono(store);
	if (crew == NULL || until <= clock_mono_ms(x->server->clock))
		return;
	/* So that others are there for the next requests; without room those
	 * wait, too. */
	rc = crew->ops->begin(crew, CREW_HELD);
	crew->ops->wait(crew, until);
	if (rc == RC_OK)
		crew->ops->end(crew);
}

enum rc
session_close(struct exchange *x, enum session_found *found)
{
	struct store *store;
	uint32_t incarnation = 0;
	struct session *s = &x->session;
	enum rc rc = identify(x, &s->id, found);

	if (rc != RC_OK || *found != SESSION_FOUND)
		return rc;
	rc = get_row(x, &s->id, &s->row, &incarnation);
	if (rc != RC_OK && rc != RC_NOTFOUND)
		return rc;
	/* An id without a row gets its tombstone, unless the store that knew
	 * it is gone. */
	if (rc == RC_NOTFOUND && s->id.key.incarnation != incarnation) {
		*found = SESSION_UNKNOWN;
		return RC_OK;
	}
	store = x->server->store;
	rc = store->ops->session_end(store, &x->op, &s->id.key, END_DELETED);
	if (rc == RC_OK || rc == RC_CONFLICT)
		session_settle(x);
	if (rc != RC_CONFLICT)
		return rc;
	*found = SESSION_UNKNOWN;
	return RC_OK;
}

enum rc
session_initialized(struct exchange *x)
{
	struct store *store = x->server->store;
	struct session_change change = { SESSION_INITIALIZED, 1 };
	enum rc rc;

	if (x->session.row.initialized)
		return RC_OK;
	rc = store->ops->session_set(store, &x->op, x->session.row.id, &change);
	/* Ended by somebody between our read and this: no longer our worry. */
	return rc == RC_NOTFOUND ? RC_OK : rc;
}
