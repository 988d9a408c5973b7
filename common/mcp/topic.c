#include "topic.h"

#include <string.h>

#include "json.h"
#include "seal.h"

#define LOOK_MS 1000
/* What is edited all the time is told so many times later at most. */
#define EDITS_MAX 5
/* Whoever looks has other things to do: the rest waits for the next look. */
#define TELL_MS 200
/* Sessions of one transaction, which others wait for. */
#define BATCH 100
/* A message holds little more than a URI, each byte of it escaped. */
#define MESSAGE_MAX ((size_t)8 * TOPIC_NAME_MAX)

const struct slice topic_lists[TOPIC_LISTS] = { SLICE_INIT(TOPIC_TOOLS),
	SLICE_INIT(TOPIC_PROMPTS), SLICE_INIT(TOPIC_RESOURCES) };

static const struct {
	struct slice topic;
	struct slice method;
} methods[] = {
	{ SLICE_INIT(TOPIC_TOOLS),
	    SLICE_INIT("notifications/tools/list_changed") },
	{ SLICE_INIT(TOPIC_PROMPTS),
	    SLICE_INIT("notifications/prompts/list_changed") },
	{ SLICE_INIT(TOPIC_RESOURCES),
	    SLICE_INIT("notifications/resources/list_changed") },
};

static struct slice
method_of(struct slice topic)
{
	if (slice_starts(topic, SLICE(TOPIC_RESOURCE)))
		return SLICE("notifications/resources/updated");
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (slice_eq(methods[i].topic, topic))
			return methods[i].method;
	}
	return SLICE_NONE;
}

static void
put_params(struct buf *b, struct slice uri, struct slice tag)
{
	json_put_key(b, "params");
	buf_put_char(b, '{');
	if (tag.ptr != NULL) {
		json_put_key(b, "_meta");
		buf_put_char(b, '{');
		json_put_key(b, "io.modelcontextprotocol/subscriptionId");
		buf_put_slice(b, tag);
		buf_put_char(b, '}');
	}
	if (uri.ptr != NULL) {
		json_put_key(b, "uri");
		json_put_string(b, uri);
	}
	buf_put_char(b, '}');
}

void
topic_put_message(struct buf *b, struct slice topic, struct slice tag)
{
	struct slice method = method_of(topic);
	struct slice uri = SLICE_NONE;

	if (method.ptr == NULL)
		return;
	if (slice_starts(topic, SLICE(TOPIC_RESOURCE)))
		uri = slice_from(topic, SLICE(TOPIC_RESOURCE).len);
	buf_put_slice(b, SLICE("{\"jsonrpc\":\"2.0\",\"method\":"));
	json_put_string(b, method);
	if (uri.ptr != NULL || tag.ptr != NULL)
		put_params(b, uri, tag);
	buf_put_char(b, '}');
}

/* ---------------------------------------------------------- has it changed */

/* What each list is about.  One of its clients reads templates to know what
 * resources there are. */
static const struct {
	enum offer kind[2];
	size_t n;
} about[TOPIC_LISTS] = {
	{ { OFFER_TOOL }, 1 },
	{ { OFFER_PROMPT }, 1 },
	{ { OFFER_RESOURCE, OFFER_TEMPLATE }, 2 },
};

static void
put_digests(struct buf *all, const struct tool_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		char *room = buf_extend(all, DIGEST_BYTES);

		if (room != NULL)
			seal_digest(set->tool[i]->definition->raw,
			    (unsigned char *)room);
	}
}

/* What stands for a list as clients see it: a digest of digests, so that it
 * needs little memory however long the definitions are. */
static enum rc
digest_list(
    struct toolbox *box, size_t list, unsigned char digest[DIGEST_BYTES])
{
	struct buf all = BUF_INIT(SIZE_MAX / 2);
	enum rc rc;

	for (size_t i = 0; i < about[list].n; i++)
		put_digests(&all, box->ops->view(box, about[list].kind[i]));
	rc = buf_finish(&all);
	if (rc == RC_OK)
		seal_digest(buf_slice(&all), digest);
	buf_release(&all);
	return rc;
}

/*
 * Only what changed here is told to the store: hosts whose catalogs differ
 * for a while must not contradict each other every second.
 */
static enum rc
look_at_list(struct server *s, const struct op *op, size_t list)
{
	unsigned char digest[DIGEST_BYTES];
	const struct topic_raise raise = { topic_lists[list], digest };
	struct topic_watch *w = &s->topics;
	int64_t version;
	bool raised = false;
	enum rc rc = digest_list(s->toolbox, list, digest);

	if (rc != RC_OK ||
	    (w->list[list].is_known &&
		memcmp(w->list[list].digest, digest, sizeof(digest)) == 0))
		return rc;
	w->list[list].is_known = false;
	rc =
	    s->store->ops->topic_raise(s->store, op, &raise, &version, &raised);
	if (rc != RC_OK)
		return rc;
	memcpy(w->list[list].digest, digest, sizeof(digest));
	w->list[list].is_known = true;
	if (raised)
		bell_ring(s->bell);
	return RC_OK;
}

/*
 * Is what the toolbox has now yet to be told?  Other processes of the host look
 * for themselves: who is told at once may be shown by one of them what was
 * there before, and would never ask again.  Somewhat later all of them show it.
 */
static bool
is_due(struct server *s, uint64_t version)
{
	struct topic_watch *w = &s->topics;
	int64_t now = clock_mono_ms(s->clock);

	if (version == 0 || w->version == 0)
		return true;
	if (version == w->version)
		return false;
	if (w->seen == 0)
		w->seen_first = now;
	if (version != w->seen)
		w->seen_last = now;
	w->seen = version;
	if (now - w->seen_last < s->rules.catalog_ms &&
	    now - w->seen_first < EDITS_MAX * s->rules.catalog_ms)
		return false;
	w->seen = 0;
	return true;
}

/* Nothing to read where the toolbox says that nothing is new. */
static enum rc
look_at_lists(struct server *s, const struct op *op)
{
	const struct toolbox_ops *ops = s->toolbox->ops;
	struct topic_watch *w = &s->topics;
	uint64_t version = ops->version == NULL ? 0 : ops->version(s->toolbox);
	enum rc rc = RC_OK;

	if (w->incarnation != s->keys.incarnation) {
		for (size_t i = 0; i < TOPIC_LISTS; i++)
			w->list[i].is_known = false;
		w->version = 0;
	}
	w->incarnation = s->keys.incarnation;
	if (!is_due(s, version))
		return RC_OK;
	for (size_t i = 0; i < TOPIC_LISTS && rc == RC_OK; i++)
		rc = look_at_list(s, op, i);
	w->version = rc == RC_OK ? version : 0;
	return rc;
}

struct watch {
	struct server *server;
	const struct op *op;
	int64_t until; /* monotonic ms */
	enum rc rc;    /* the first one that went wrong */
};

static enum rc
raise_resource(struct server *s, const struct op *op, struct slice uri)
{
	struct buf name = BUF_INIT(TOPIC_NAME_MAX);
	struct topic_raise raise = { .digest = NULL };
	bool raised = false;
	int64_t version;
	enum rc rc;

	buf_put_slice(&name, SLICE(TOPIC_RESOURCE));
	buf_put_slice(&name, uri);
	raise.name = buf_slice(&name);
	rc = buf_finish(&name);
	if (rc == RC_OK)
		rc = s->store->ops->topic_raise(
		    s->store, op, &raise, &version, &raised);
	if (rc == RC_OK && raised)
		bell_ring(s->bell);
	buf_release(&name);
	return rc;
}

static void
tell_changed(void *ctx, struct slice uri)
{
	struct watch *w = ctx;
	struct buf *missed = &w->server->topics.missed;
	bool is_told = false;

	/* Nobody can have subscribed to it. */
	if (uri.len > TOPIC_URI_MAX)
		return;
	/* One that waits long for the store is enough. */
	if (w->rc == RC_OK && clock_mono_ms(w->server->clock) < w->until) {
		w->rc = raise_resource(w->server, w->op, uri);
		is_told = w->rc == RC_OK;
	}
	if (is_told || missed->len + uri.len + 1 > missed->max)
		return;
	buf_put_slice(missed, uri);
	buf_put_char(missed, '\0');
}

/* The toolbox says it only once. */
static void
tell_missed(struct watch *w)
{
	struct buf *missed = &w->server->topics.missed;
	struct buf before = *missed;
	struct slice rest = buf_slice(&before);

	*missed = BUF_INIT(before.max);
	while (rest.len > 0) {
		struct slice uri = slice_cut(rest, '\0', &rest);

		if (uri.len > 0)
			tell_changed(w, uri);
	}
	buf_release(&before);
}

enum rc
topic_tick(struct server *s, const struct op *op)
{
	struct topic_watch *w = &s->topics;
	int64_t now = clock_mono_ms(s->clock);
	struct watch watch = { s, op, 0, RC_OK };
	enum rc rc;

	if (s->store == NULL || now < w->next_mono)
		return RC_OK;
	w->next_mono = now + LOOK_MS;
	rc = look_at_lists(s, op);
	watch.until = clock_mono_ms(s->clock) + TELL_MS;
	tell_missed(&watch);
	if (s->toolbox->ops->watch != NULL)
		s->toolbox->ops->watch(s->toolbox, tell_changed, &watch);
	return rc != RC_OK ? rc : watch.rc;
}

/* ------------------------------------------------------------ tell it */

static enum rc
deliver(struct server *s, const struct op *op, struct topic_deliver *what,
    bool *more)
{
	struct buf b = BUF_INIT(MESSAGE_MAX);
	struct topic_delivered done = { .more = true };
	struct op relaxed = *op;
	enum rc rc;

	relaxed.relaxed = true;
	topic_put_message(&b, what->name, SLICE_NONE);
	what->data = buf_slice(&b);
	rc = buf_finish(&b);
	if (what->data.len == 0)
		done.more = false;
	while (rc == RC_OK && done.more) {
		rc = s->store->ops->topic_deliver(
		    s->store, &relaxed, what, &s->rules.stream, &done);
		if (more != NULL)
			break;
	}
	if (more != NULL)
		*more = rc == RC_OK && done.more;
	buf_release(&b);
	return rc;
}

enum rc
topics_deliver(struct server *s, const struct op *op, struct slice owner,
    const struct change *change, bool *more)
{
	struct topic_row topic;
	struct topic_deliver what = { .owner = owner, .limit = BATCH };
	enum rc rc =
	    s->store->ops->topic_find(s->store, op, change->ref, &topic);

	if (more != NULL)
		*more = false;
	if (rc != RC_OK)
		return rc == RC_NOTFOUND ? RC_OK : rc;
	what.name = topic.name;
	what.version = topic.version;
	return deliver(s, op, &what, more);
}

enum rc
topics_catch_up(struct server *s, const struct op *op, int64_t session)
{
	struct topic_rows behind = { NULL, 0 };
	enum rc rc =
	    s->store->ops->wants_behind(s->store, op, session, &behind);

	for (size_t i = 0; i < behind.n && rc == RC_OK; i++) {
		struct topic_deliver what = { .name = behind.row[i].name,
			.version = behind.row[i].version,
			.session = session,
			.limit = BATCH };

		rc = deliver(s, op, &what, NULL);
	}
	return rc;
}
