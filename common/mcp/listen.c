#include "listen.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "rpc.h"
#include "sse.h"
#include "task_row.h"
#include "topic.h"

struct listen_topic {
	int64_t id;   /* 0: it has no row yet */
	int64_t seen; /* the version its client was told */
};

struct listen_task {
	int64_t number;
	int64_t updated; /* as its client was told */
	enum task_state state;
	bool is_over; /* nothing more will happen to it */
};

struct listen {
	struct slice id;
	struct slice server;
	size_t n;
	struct slice *name; /* of the topics */
	struct listen_topic *topic;
	size_t n_tasks;
	struct listen_task *task;
	bool has_resources; /* a row of these may go and come back */
	int64_t newest;     /* topic of which it was asked */
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
	    wish->n_tasks * sizeof(struct listen_task) + wish->id.len +
	    wish->server.len;
	struct listen *l;
	char *text;

	for (size_t i = 0; i < wish->n_topics; i++)
		size += wish->topics[i].len;
	l = calloc(1, size);
	if (l == NULL)
		return RC_NOMEM;
	l->n = wish->n_topics;
	l->n_tasks = wish->n_tasks;
	l->task = (struct listen_task *)(void *)(l + 1);
	for (size_t i = 0; i < l->n_tasks; i++)
		l->task[i].number = wish->tasks[i];
	l->topic = (struct listen_topic *)(void *)(l->task + l->n_tasks);
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

/* What it is about, as it is now. */
struct now {
	struct topic_row *topics;
	struct task_row *tasks; /* number 0: unchanged, or gone */
};

static enum rc
read_topics(
    struct listen *l, struct store *store, const struct op *op, struct now *now)
{
	if (l->n == 0)
		return RC_OK;
	now->topics = arena_alloc(op->arena, l->n * sizeof(*now->topics));
	if (now->topics == NULL)
		return RC_NOMEM;
	return store->ops->topics_get(store, op, l->name, l->n, now->topics);
}

static bool
is_news(const struct listen_task *t, const struct task_row *row)
{
	return row->number != 0 &&
	    (row->updated > t->updated || row->state != t->state);
}

static enum rc
read_tasks(
    struct listen *l, struct store *store, const struct op *op, struct now *now)
{
	enum rc rc = RC_OK;

	if (l->n_tasks == 0)
		return RC_OK;
	now->tasks = arena_alloc(op->arena, l->n_tasks * sizeof(*now->tasks));
	if (now->tasks == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < l->n_tasks && rc == RC_OK; i++) {
		if (l->task[i].is_over)
			continue;
		rc = store->ops->task_find(
		    store, op, l->task[i].number, &now->tasks[i]);
		if (rc != RC_OK || !is_news(&l->task[i], &now->tasks[i]))
			now->tasks[i].number = 0;
		if (rc == RC_NOTFOUND)
			rc = RC_OK;
	}
	return rc;
}

static enum rc
read_now(
    struct listen *l, struct store *store, const struct op *op, struct now *now)
{
	enum rc rc;

	*now = (struct now){ NULL, NULL };
	rc = read_topics(l, store, op, now);
	return rc == RC_OK ? read_tasks(l, store, op, now) : rc;
}

static void
remember(struct listen *l, const struct now *now)
{
	for (size_t i = 0; i < l->n && now->topics != NULL; i++) {
		l->topic[i].id = now->topics[i].id;
		if (now->topics[i].version > l->topic[i].seen)
			l->topic[i].seen = now->topics[i].version;
	}
	for (size_t i = 0; i < l->n_tasks && now->tasks != NULL; i++) {
		const struct task_row *row = &now->tasks[i];

		if (row->number == 0)
			continue;
		l->task[i].updated = row->updated;
		l->task[i].state = row->state;
		l->task[i].is_over = task_has_ended(row);
	}
}

enum rc
listen_start(struct listen *l, struct store *store, const struct op *op)
{
	struct now now;
	enum rc rc = read_now(l, store, op, &now);

	if (rc == RC_OK)
		remember(l, &now);
	return rc;
}

static enum rc
put_task(const struct listen *l, const struct task_row *row,
    struct store *store, const struct op *op, struct buf *b)
{
	enum rc rc;

	buf_put_slice(b,
	    SLICE("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tasks\","
		  "\"params\":{\"_meta\":"
		  "{\"io.modelcontextprotocol/subscriptionId\":"));
	buf_put_slice(b, l->id);
	buf_put_char(b, '}');
	task_put_members(b, row, 0);
	rc = task_put_details(b, row, store, op);
	buf_put_slice(b, SLICE("}}"));
	return rc;
}

/* Everything that is new, each message framed; the scratch holds one. */
static enum rc
put_news(struct listen *l, const struct now *now, struct store *store,
    const struct op *op, struct buf *scratch, struct buf *out)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < l->n; i++) {
		if (now->topics[i].version <= l->topic[i].seen)
			continue;
		buf_reset(scratch);
		topic_put_message(scratch, l->name[i], l->id);
		rc = buf_finish(scratch);
		if (rc != RC_OK)
			return rc;
		sse_put_message(out, buf_slice(scratch));
	}
	for (size_t i = 0; i < l->n_tasks && rc == RC_OK; i++) {
		if (now->tasks[i].number == 0)
			continue;
		buf_reset(scratch);
		rc = put_task(l, &now->tasks[i], store, op, scratch);
		if (rc == RC_OK)
			rc = buf_finish(scratch);
		if (rc == RC_OK)
			sse_put_message(out, buf_slice(scratch));
	}
	return rc == RC_OK ? buf_finish(out) : rc;
}

enum rc
listen_turn(struct listen *l, struct store *store, const struct op *op,
    struct buf *out, bool *any)
{
	struct buf scratch = BUF_INIT(out->max);
	size_t start = out->len;
	struct now now;
	enum rc rc = read_now(l, store, op, &now);

	*any = false;
	if (rc == RC_OK)
		rc = put_news(l, &now, store, op, &scratch, out);
	buf_release(&scratch);
	if (rc != RC_OK) {
		buf_truncate(out, start);
		return rc;
	}
	remember(l, &now);
	*any = out->len > start;
	return RC_OK;
}

bool
listen_concerns(struct listen *l, const struct change *change)
{
	bool is_new;

	if (change->kind == CHANGE_ALL)
		return true;
	for (size_t i = 0; i < l->n_tasks && change->kind == CHANGE_TASK; i++) {
		if (l->task[i].number == change->ref)
			return true;
	}
	if (change->kind != CHANGE_TOPIC || l->n == 0)
		return false;
	/* Numbers are given away in their order, and none twice. */
	is_new = change->ref > l->newest;
	if (is_new)
		l->newest = change->ref;
	for (size_t i = 0; i < l->n; i++) {
		if (l->topic[i].id == change->ref ||
		    (l->topic[i].id == 0 && is_new))
			return true;
	}
	/* The row of a resource that nobody wants may be removed, and come
	 * back under another number. */
	return is_new && l->has_resources;
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
