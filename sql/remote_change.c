#include <string.h>

#include "remote_ops.h"

/* Numbers that one look may ask for; mcp_changes() knows it, too. */
#define NUMBERS_MAX 1000
/* So far behind it is less work to look at everything. */
#define BEHIND_MAX INT64_C(16000)
/* How far back the same stream or topic is looked for among the changes. */
#define BACK 16
/* A place in the list of shards. */
#define PLACE_BYTES 64
/* Streams that one piece of owner_gone() takes. */
#define STREAMS_MAX 500

const struct remote_text remote_change_texts[] = {
	{ REMOTE_CHANGE_SUM, { "mcp_change_sum", "", REMOTE_READ } },
	{ REMOTE_CHANGE_VECTOR, { "mcp_change_vector", "", REMOTE_READ } },
	{ REMOTE_CHANGES, { "mcp_changes", "b", REMOTE_READ } },
	{ REMOTE_OWNER_GONE, { "mcp_owner_gone", "nbn", REMOTE_REPEATABLE } },
	{ REMOTE_OWNERS, { "mcp_owners", "bb", REMOTE_READ } },
	{ REMOTE_ROUTINES, { NULL, NULL, REMOTE_READ } },
};

/* Of a mark `events` is the sum of its shards, and `signals` says whether the
 * last look found anything: then the next one is likely to, and does not ask
 * for the sum. */

static enum rc
is_idle(struct remote_store *s, const struct op *op,
    const struct change_mark *mark, bool *idle)
{
	struct remote_rows rows;
	enum rc rc;

	*idle = false;
	if (!mark->is_set || mark->signals != 0)
		return RC_OK;
	rc = remote_rows(s, op, REMOTE_CHANGE_SUM, NULL, 0, &rows);
	if (rc != RC_OK)
		return rc;
	if (rows.n != 1)
		return RC_BUG;
	*idle = (uint32_t)remote_number(&rows, 0, 0) == mark->incarnation &&
	    remote_number(&rows, 0, 1) == mark->events;
	return RC_OK;
}

/* How far the shards are.  What is read later has all of that. */
static enum rc
read_vector(
    struct remote_store *s, const struct op *op, struct change_mark *mark)
{
	struct remote_rows rows;
	enum rc rc = remote_rows(s, op, REMOTE_CHANGE_VECTOR, NULL, 0, &rows);

	*mark = (struct change_mark){ .is_set = true };
	if (rc != RC_OK)
		return rc;
	if (rows.n != STORE_SHARDS)
		return RC_BUG;
	mark->incarnation = (uint32_t)remote_number(&rows, 0, 0);
	for (size_t i = 0; i < rows.n; i++) {
		const int64_t shard = remote_number(&rows, i, 1);

		if (shard < 0 || shard >= STORE_SHARDS)
			return RC_BUG;
		mark->shard[shard] = remote_number(&rows, i, 2);
		mark->events += mark->shard[shard];
	}
	return RC_OK;
}

/* Another store has been put in its place, or too much has happened. */
static bool
is_beyond(const struct change_mark *mark, const struct change_mark *now)
{
	if (mark->incarnation != now->incarnation)
		return true;
	for (size_t i = 0; i < STORE_SHARDS; i++) {
		if (now->shard[i] < mark->shard[i])
			return true;
	}
	return now->events - mark->events > BEHIND_MAX;
}

/* What is between two marks, as far as one look may go: `to` is set back to
 * where it ends.  true if that is not all. */
static bool
put_list(
    struct buf *list, const struct change_mark *from, struct change_mark *to)
{
	int64_t room = NUMBERS_MAX;
	bool more = false;

	to->events = 0;
	for (size_t i = 0; i < STORE_SHARDS; i++) {
		const int64_t low = from->shard[i];

		if (to->shard[i] - low > room) {
			to->shard[i] = low + room;
			more = true;
		}
		to->events += to->shard[i];
		if (to->shard[i] == low)
			continue;
		room -= to->shard[i] - low;
		buf_printf(list, "%c[%zu,%lld,%lld]",
		    list->len == 0 ? '[' : ',', i, (long long)low,
		    (long long)to->shard[i]);
	}
	buf_put_slice(list, list->len == 0 ? SLICE("[]") : SLICE("]"));
	return more;
}

/* Whoever looks there once has seen both. */
static bool
is_same(const struct change *a, const struct change *b)
{
	if (a->kind != b->kind)
		return false;
	return (a->kind == CHANGE_EVENT && a->stream == b->stream) ||
	    (a->kind == CHANGE_TOPIC && a->ref == b->ref);
}

static void
add(struct change_rows *rows, struct change change)
{
	for (size_t i = rows->n > BACK ? rows->n - BACK : 0; i < rows->n; i++) {
		if (is_same(&rows->row[i], &change))
			return;
	}
	rows->row[rows->n++] = change;
}

/* false: something may be gone. */
static bool
add_rows(const struct remote_rows *from, struct change_rows *rows)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct change change = {
			.kind = (enum change_kind)remote_number(from, i, 2),
			.session = remote_number(from, i, 0),
			.stream = remote_number(from, i, 1),
			.ref = remote_number(from, i, 3),
		};

		if (change.kind == CHANGE_ALL)
			return false;
		add(rows, change);
	}
	return true;
}

static enum rc
add_all(struct arena *a, struct change_rows *rows)
{
	struct change *all = arena_alloc(a, sizeof(*all));

	if (all == NULL)
		return RC_NOMEM;
	all->kind = CHANGE_ALL;
	*rows = (struct change_rows){ all, 1, false };
	return RC_OK;
}

static enum rc
read_list(struct remote_store *s, const struct op *op, struct slice list,
    struct change_rows *rows, bool *is_whole)
{
	const struct remote_value v[] = { REMOTE_SLICE(list) };
	struct remote_rows found;
	enum rc rc = remote_rows(s, op, REMOTE_CHANGES, v, 1, &found);

	if (rc != RC_OK || found.n == 0)
		return rc;
	rows->row = arena_alloc(op->arena, found.n * sizeof(*rows->row));
	if (rows->row == NULL)
		return RC_NOMEM;
	*is_whole = add_rows(&found, rows);
	return RC_OK;
}

/* *now comes back as far as *rows go. */
static enum rc
read_between(struct remote_store *s, const struct op *op,
    const struct change_mark *mark, struct change_mark *now,
    struct change_rows *rows)
{
	struct buf list = BUF_INIT((size_t)STORE_SHARDS * PLACE_BYTES);
	struct change_mark to = *now;
	bool is_whole = true;
	bool more;
	enum rc rc;

	if (is_beyond(mark, now))
		return add_all(op->arena, rows);
	if (now->events == mark->events)
		return RC_OK;
	more = put_list(&list, mark, &to);
	rc = buf_finish(&list);
	if (rc == RC_OK)
		rc = read_list(s, op, buf_slice(&list), rows, &is_whole);
	buf_release(&list);
	if (rc != RC_OK)
		return rc;
	if (!is_whole)
		return add_all(op->arena, rows);
	rows->more = more;
	*now = to;
	now->signals = 1;
	return RC_OK;
}

enum rc
remote_changes(struct store *base, const struct op *op,
    struct change_mark *mark, struct change_rows *rows)
{
	struct remote_store *s = (struct remote_store *)base;
	struct change_mark now;
	bool idle;
	enum rc rc = is_idle(s, op, mark, &idle);

	*rows = (struct change_rows){ NULL, 0, false };
	if (rc != RC_OK || idle)
		return rc;
	rc = read_vector(s, op, &now);
	if (rc == RC_OK && mark->is_set)
		rc = read_between(s, op, mark, &now, rows);
	if (rc == RC_OK)
		*mark = now;
	else
		*rows = (struct change_rows){ NULL, 0, false };
	return rc;
}

/* ------------------------------------------------------------- owners */

/* In pieces, each with its locks in the order of all. */
enum rc
remote_owner_gone(struct store *base, const struct op *op, struct slice owner)
{
	struct remote_store *s = (struct remote_store *)base;
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_SLICE(owner), REMOTE_NUMBER(STREAMS_MAX) };
	bool more = true;
	enum rc rc = RC_OK;

	while (rc == RC_OK && more) {
		struct remote_rows rows;

		rc = remote_rows(s, op, REMOTE_OWNER_GONE, v, 3, &rows);
		if (rc == RC_OK)
			rc = remote_outcome(&rows);
		more = rc == RC_OK && remote_number(&rows, 0, 1) != 0;
		if (more && clock_mono_ms(s->clock) >= op->give_up_mono)
			rc = RC_BUSY;
	}
	return rc;
}

/* The names of one host lie between "host." and "host/". */
enum rc
remote_owners(struct store *base, const struct op *op, struct slice host,
    struct slice **names, size_t *n)
{
	char *low = arena_bytes(op->arena, host.len + 1);
	char *high = arena_bytes(op->arena, host.len + 1);
	const struct remote_value v[] = { REMOTE_BYTES(low, host.len + 1),
		REMOTE_BYTES(high, host.len + 1) };
	struct remote_rows rows;
	enum rc rc;

	*names = NULL;
	*n = 0;
	if (low == NULL || high == NULL)
		return RC_NOMEM;
	if (host.len > 0) {
		memcpy(low, host.ptr, host.len);
		memcpy(high, host.ptr, host.len);
	}
	low[host.len] = '.';
	high[host.len] = '.' + 1;
	rc = remote_rows(
	    (struct remote_store *)base, op, REMOTE_OWNERS, v, 2, &rows);
	if (rc != RC_OK || rows.n == 0)
		return rc;
	*names = arena_alloc(op->arena, rows.n * sizeof(**names));
	if (*names == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < rows.n; i++)
		(*names)[i] = remote_slice(&rows, i, 0);
	*n = rows.n;
	return RC_OK;
}
