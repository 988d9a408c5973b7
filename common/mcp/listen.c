#include "listen.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "rpc.h"
#include "sse.h"

struct listen_topic {
	int64_t id;   /* 0: it has no row yet */
	int64_t seen; /* the version its client was told */
};

struct listen {
	struct slice id;
	struct slice server;
	size_t n;
	struct slice *name; /* of the topics */
	struct listen_topic *topic;
	bool has_resources; /* a row of these may go and come back */
};

/* Copy to the place, which moves on. */
static struct slice
keep(char **place, struct slice text)
{
	struct slice kept = { *place, text.len };

	if (text.ptr == NULL)
		return SLICE_NONE;
	if (text.len > 0)
		memcpy(*place, text.ptr, text.len);
	*place += text.len;
	return kept;
}

enum rc
listen_new(const struct listen_wish *wish, struct listen **out)
{
	const size_t each = sizeof(struct slice) + sizeof(struct listen_topic);
	size_t size = sizeof(struct listen) + wish->n_topics * each +
	    wish->id.len + wish->server.len;
	struct listen *l;
	char *text;

	for (size_t i = 0; i < wish->n_topics; i++)
		size += wish->topics[i].len;
	l = calloc(1, size);
	if (l == NULL)
		return RC_NOMEM;
	l->n = wish->n_topics;
	l->topic = (struct listen_topic *)(void *)(l + 1);
	l->name = (struct slice *)(void *)(l->topic + l->n);
	text = (char *)(l->name + l->n);
	l->id = keep(&text, wish->id);
	l->server = keep(&text, wish->server);
	for (size_t i = 0; i < l->n; i++) {
		l->name[i] = keep(&text, wish->topics[i]);
		if (slice_starts(l->name[i], SLICE(TOPIC_RESOURCE)))
			l->has_resources = true;
	}
	*out = l;
	return RC_OK;
}

void
listen_free(struct listen *l)
{
	free(l);
}

/* The rows of the topics as they are now; NULL without memory. */
static enum rc
read_rows(struct listen *l, struct store *store, const struct op *op,
    struct topic_row **rows)
{
	*rows = NULL;
	if (l->n == 0)
		return RC_OK;
	*rows = arena_alloc(op->arena, l->n * sizeof(**rows));
	if (*rows == NULL)
		return RC_NOMEM;
	return store->ops->topics_get(store, op, l->name, l->n, *rows);
}

static void
remember(struct listen *l, const struct topic_row *rows)
{
	for (size_t i = 0; i < l->n; i++) {
		l->topic[i].id = rows[i].id;
		if (rows[i].version > l->topic[i].seen)
			l->topic[i].seen = rows[i].version;
	}
}

enum rc
listen_start(struct listen *l, struct store *store, const struct op *op)
{
	struct topic_row *rows;
	enum rc rc = read_rows(l, store, op, &rows);

	if (rc == RC_OK)
		remember(l, rows);
	return rc;
}

/* Frame one message; the scratch is emptied before. */
static void
put_topic(struct listen *l, size_t i, struct buf *scratch, struct buf *out)
{
	buf_reset(scratch);
	topic_put_message(scratch, l->name[i], l->id);
	if (scratch->len > 0)
		sse_put_message(out, buf_slice(scratch));
}

enum rc
listen_turn(struct listen *l, struct store *store, const struct op *op,
    struct buf *out, bool *any)
{
	struct buf scratch = BUF_INIT(out->max);
	struct topic_row *rows;
	size_t start = out->len;
	enum rc rc = read_rows(l, store, op, &rows);

	*any = false;
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < l->n; i++) {
		if (rows[i].version > l->topic[i].seen)
			put_topic(l, i, &scratch, out);
	}
	rc = buf_finish(&scratch);
	if (rc == RC_OK)
		rc = buf_finish(out);
	buf_release(&scratch);
	if (rc != RC_OK) {
		buf_truncate(out, start);
		return rc;
	}
	remember(l, rows);
	*any = out->len > start;
	return RC_OK;
}

bool
listen_concerns(const struct listen *l, const struct change *change)
{
	if (change->kind == CHANGE_ALL)
		return true;
	if (change->kind != CHANGE_TOPIC || l->n == 0)
		return false;
	/* The row of a resource that nobody wants may be removed, and come
	 * back under another number. */
	if (l->has_resources)
		return true;
	for (size_t i = 0; i < l->n; i++) {
		if (l->topic[i].id == change->ref || l->topic[i].id == 0)
			return true;
	}
	return false;
}

static void
put_end(const struct listen *l, struct buf *b)
{
	rpc_put_result_head(b, l->id);
	buf_put_slice(b, SLICE("{\"resultType\":\"complete\",\"_meta\":{"));
	if (l->server.ptr != NULL) {
		json_put_key(b, "io.modelcontextprotocol/serverInfo");
		buf_put_slice(b, l->server);
	}
	json_put_key(b, "io.modelcontextprotocol/subscriptionId");
	buf_put_slice(b, l->id);
	buf_put_slice(b, SLICE("}}}"));
}

void
listen_put_end(const struct listen *l, struct buf *out)
{
	struct buf b = BUF_INIT(out->max);

	put_end(l, &b);
	/* Without memory the connection just ends. */
	if (buf_finish(&b) == RC_OK)
		sse_put_message(out, buf_slice(&b));
	buf_release(&b);
}
