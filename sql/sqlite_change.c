#include "sqlite_private.h"

/* Rows of one tail that one look may bring. */
#define TAIL_MAX 500
/* How far back the same stream or topic is looked for among the changes. */
#define BACK 16

const struct sqlite_text sqlite_change_texts[] = {
	/* The last numbers given away; they stay when the rows go. */
	{ SQL_CHANGE_LAST,
	    "SELECT v, coalesce((SELECT seq"
	    " FROM sqlite_sequence WHERE name = 'event'), 0),"
	    " coalesce((SELECT seq FROM sqlite_sequence"
	    " WHERE name = 'signal'), 0) FROM meta WHERE k = 'incarnation'" },
	{ SQL_CHANGE_EVENTS,
	    "SELECT gid, session, stream, 0, 0 FROM event"
	    " WHERE gid > ?1 AND gid <= ?2 ORDER BY gid LIMIT ?3" },
	{ SQL_CHANGE_SIGNALS,
	    "SELECT gid, session, stream, kind, ref"
	    " FROM signal WHERE gid > ?1 AND gid <= ?2 ORDER BY gid LIMIT ?3" },
	{ SQL_STATEMENTS, NULL },
};

static enum rc
read_mark(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct change_mark *mark = out;

	(void)a;
	*mark = (struct change_mark){
		.incarnation = (uint32_t)sqlite3_column_int64(st, 0),
		.events = sqlite3_column_int64(st, 1),
		.signals = sqlite3_column_int64(st, 2),
		.is_set = true,
	};
	return RC_OK;
}

static enum rc
read_last(struct sqlite_store *s, struct change_mark *last)
{
	const struct sqlite_query q = { SQL_CHANGE_LAST, NULL, 0, sizeof(*last),
		read_mark };
	enum rc rc = sqlite_find(s, &q, NULL, last);

	return rc == RC_NOTFOUND ? RC_BUG : rc;
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

static enum rc
add(struct change_rows *rows, struct arena *a, struct change change)
{
	size_t from = rows->n > BACK ? rows->n - BACK : 0;
	struct change *p;

	for (size_t i = from; i < rows->n; i++) {
		if (is_same(&rows->row[i], &change))
			return RC_OK;
	}
	p = sqlite_grown(a, rows->row, rows->n, sizeof(*p));
	if (p == NULL)
		return RC_NOMEM;
	rows->row = p;
	rows->row[rows->n++] = change;
	return RC_OK;
}

static enum rc
add_all(struct change_rows *rows, struct arena *a)
{
	return add(rows, a, (struct change){ .kind = CHANGE_ALL });
}

/* One tail: where it was read up to, and whether each number was there. */
struct tail {
	enum sqlite_sql which;
	int64_t from;
	int64_t up_to;
	bool has_gap;
	bool more;
};

static enum rc
read_tail(struct sqlite_store *s, struct arena *a, struct tail *tail,
    struct change_rows *rows)
{
	const struct sqlite_value v[] = { SQL_NUMBER(tail->from),
		SQL_NUMBER(tail->up_to), SQL_NUMBER(TAIL_MAX) };
	int64_t gid = tail->from;
	int64_t n = 0;
	sqlite3_stmt *st;
	bool more = false;
	enum rc rc = sqlite_bind(s, tail->which, v, 3);

	st = s->statement[tail->which];
	while (rc == RC_OK) {
		rc = sqlite_step(s, tail->which, &more);
		if (rc != RC_OK || !more)
			break;
		gid = sqlite3_column_int64(st, 0);
		n++;
		rc = add(rows, a,
		    (struct change){
			.kind = (enum change_kind)sqlite3_column_int(st, 3),
			.session = sqlite3_column_int64(st, 1),
			.stream = sqlite3_column_int64(st, 2),
			.ref = sqlite3_column_int64(st, 4),
		    });
	}
	sqlite_done(s, tail->which);
	tail->more = n == TAIL_MAX && gid < tail->up_to;
	if (tail->more)
		tail->up_to = gid;
	tail->has_gap = n != tail->up_to - tail->from;
	return rc;
}

/* What is between the mark and the last numbers. */
static enum rc
read_between(struct sqlite_store *s, struct arena *a,
    const struct change_mark *mark, struct change_mark *last,
    struct change_rows *rows)
{
	struct tail events = { .which = SQL_CHANGE_EVENTS,
		.from = mark->events,
		.up_to = last->events };
	struct tail signals = { .which = SQL_CHANGE_SIGNALS,
		.from = mark->signals,
		.up_to = last->signals };
	enum rc rc = RC_OK;

	/* Another file has been put in its place. */
	if (last->incarnation != mark->incarnation ||
	    events.up_to < events.from || signals.up_to < signals.from)
		return add_all(rows, a);
	if (events.up_to > events.from)
		rc = read_tail(s, a, &events, rows);
	if (rc == RC_OK && signals.up_to > signals.from)
		rc = read_tail(s, a, &signals, rows);
	/* Events go as they are sent, signals only when they are old. */
	if (rc == RC_OK && signals.has_gap)
		rc = add_all(rows, a);
	last->events = events.up_to;
	last->signals = signals.up_to;
	rows->more = events.more || signals.more;
	return rc;
}

enum rc
sqlite_changes(struct store *base, const struct op *op,
    struct change_mark *mark, struct change_rows *rows)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	struct change_mark last;
	enum rc rc = sqlite_read_begin(s, op);

	*rows = (struct change_rows){ NULL, 0, false };
	if (rc != RC_OK)
		return rc;
	rc = read_last(s, &last);
	if (rc == RC_OK && mark->is_set)
		rc = read_between(s, op->arena, mark, &last, rows);
	if (rc == RC_OK)
		*mark = last;
	else
		rows->n = 0;
	return sqlite_read_end(s, rc);
}
