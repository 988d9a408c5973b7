#include "topic.h"

#include <string.h>

#include "json.h"
#include "seal.h"

#define LOOK_MS 1000
/* Sessions of one transaction, which others wait for. */
#define BATCH 100
/* A message holds little more than a URI, each byte of it escaped. */
#define MESSAGE_MAX ((size_t)8 * TOPIC_NAME_MAX)

const struct slice topic_lists[TOPIC_LISTS] = { SLICE_INIT(TOPIC_TOOLS),
	SLICE_INIT(TOPIC_RESOURCES) };

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

/* What stands for the tools as clients see them: a digest of digests, so that
 * it needs little memory however long the definitions are. */
static enum rc
digest_tools(const struct tool_set *set, unsigned char digest[DIGEST_BYTES])
{
	struct buf all = BUF_INIT(set->n * DIGEST_BYTES + 1);
	enum rc rc;

	for (size_t i = 0; i < set->n; i++) {
		char *room = buf_extend(&all, DIGEST_BYTES);

		if (room != NULL)
			seal_digest(set->tool[i]->definition->raw,
			    (unsigned char *)room);
	}
	rc = buf_finish(&all);
	if (rc == RC_OK)
		seal_digest(buf_slice(&all), digest);
	buf_release(&all);
	return rc;
}

static enum rc
raise_tools(struct server *s, const struct op *op)
{
	struct topic_watch *w = &s->topics;
	const struct topic_raise raise = { SLICE(TOPIC_TOOLS), w->tools };
	int64_t version;
	bool raised = false;
	enum rc rc =
	    s->store->ops->topic_raise(s->store, op, &raise, &version, &raised);

	if (rc != RC_OK)
		return rc;
	w->is_known = true;
	w->incarnation = s->keys.incarnation;
	if (raised)
		bell_ring(s->bell);
	return RC_OK;
}

enum rc
topic_tick(struct server *s, const struct op *op)
{
	struct topic_watch *w = &s->topics;
	unsigned char digest[DIGEST_BYTES];
	int64_t now = clock_mono_ms(s->clock);
	enum rc rc;

	if (s->store == NULL || now < w->next_mono)
		return RC_OK;
	w->next_mono = now + LOOK_MS;
	rc =
	    digest_tools(s->toolbox->ops->view(s->toolbox, OFFER_TOOL), digest);
	if (rc != RC_OK)
		return rc;
	/*
	 * Only what changed here is told to the store: hosts whose catalogs
	 * differ for a while must not contradict each other every second.
	 */
	if (w->is_known && w->incarnation == s->keys.incarnation &&
	    memcmp(w->tools, digest, sizeof(digest)) == 0)
		return RC_OK;
	memcpy(w->tools, digest, sizeof(digest));
	w->is_known = false;
	return raise_tools(s, op);
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
