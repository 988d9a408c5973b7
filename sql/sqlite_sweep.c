#include "sqlite_private.h"

/* A call holds the only write lock; measured: 6 ms for so many rows. */
#define SWEEP_MAX 500

#define SESSIONS(which)                                                        \
	"SELECT at, 1 + coalesce((SELECT sum(1 + head - purged)"               \
	" FROM stream s WHERE s.session = e.id), 0) FROM session e"            \
	" WHERE " which " LIMIT ?2"

#define IS_IDLE(before)                                                        \
	"state = 1 AND touched < " before " AND " SQLITE_UNUSED("e")

/* Sent to its end a while ago, or taken by nobody for long. */
#define IS_OVER(sent, unsent)                                                  \
	"is_open = 0 AND changed < max(" sent ", " unsent ")"                  \
	" AND (changed < " unsent " OR (changed < " sent                       \
	" AND s.sent >= head))"

/* Events lie in the order of time: all before the first young one. */
#define OLD_ONES(table, before)                                                \
	"gid < coalesce((SELECT gid FROM " table " WHERE at >= " before        \
	" ORDER BY gid LIMIT 1), 9223372036854775807)"

/* A session has few calls; it is by their session that they are found. */
#define OLD_EVENTS(before)                                                     \
	"event v WHERE " OLD_ONES(                                             \
	    "event", before) " AND NOT EXISTS(SELECT 1 FROM call x"            \
			     " WHERE x.session = v.session AND x.session <> 0" \
			     " AND x.stream = v.stream AND x.state = 1)"       \
			     " AND NOT EXISTS(SELECT 1 FROM question x"        \
			     " WHERE x.stream = v.stream AND x.state = 1)"

#define OLD_TOPICS(before)                                                     \
	"topic t WHERE digest IS NULL AND at < " before                        \
	" AND NOT EXISTS(SELECT 1 FROM want w WHERE w.topic = t.id)"

#define ANY(what) "EXISTS(SELECT 1 FROM " what ")"

const struct sqlite_text sqlite_sweep_texts[] = {
	{ SQL_SWEEP_ANY,
	    "SELECT " ANY("session WHERE created < ?1") " OR " ANY(
		"session e WHERE " IS_IDLE(
		    "?2")) " OR " ANY("stream s WHERE " IS_OVER("?3",
		"?4")) " OR (?5 > 0 AND " ANY(OLD_EVENTS("?5")) ")"
								" OR (SELECT "
								"at FROM "
								"signal ORDER "
								"BY gid LIMIT "
								"1) < ?6"
								" OR " ANY(OLD_TOPICS(
								    "?7")) " OR"
									   " " ANY(
									       "nonce "
									       "WHERE "
									       "end_at < "
									       "?8") },
	{ SQL_SWEEP_OLD, SESSIONS("created < ?1 ORDER BY created") },
	{ SQL_SWEEP_IDLE, SESSIONS(IS_IDLE("?1") " ORDER BY touched") },
	{ SQL_SWEEP_SESSION, "DELETE FROM session WHERE at = ?1" },
	{ SQL_SWEEP_CLOSED,
	    "SELECT number, head - purged, purged"
	    " FROM stream s WHERE " IS_OVER(
		"?1", "?3") " ORDER BY changed LIMIT ?2" },
	{ SQL_SWEEP_STREAM, "DELETE FROM stream WHERE number = ?1" },
	{ SQL_SWEEP_EVENTS,
	    "SELECT stream, seq FROM " OLD_EVENTS(
		"?1") " ORDER BY gid LIMIT ?2" },
	{ SQL_SWEEP_SIGNALS,
	    "DELETE FROM signal WHERE gid IN"
	    " (SELECT gid FROM signal WHERE " OLD_ONES(
		"signal", "?1") " ORDER BY gid LIMIT ?2)" },
	{ SQL_SWEEP_TOPICS,
	    "DELETE FROM topic WHERE id IN"
	    " (SELECT id FROM " OLD_TOPICS("?1") " LIMIT ?2)" },
	{ SQL_SWEEP_NONCES,
	    "DELETE FROM nonce WHERE nonce IN"
	    " (SELECT nonce FROM nonce WHERE end_at < ?1 LIMIT ?2)" },
	{ SQL_STATEMENTS, NULL },
};

/* One piece of work: how many rows it may still take. */
struct piece {
	struct sqlite_store *s;
	const struct op *op;
	const struct sweep_rules *rules;
	struct sweep_done *done;
	int64_t left;
};

/* Rows of a query that says what to remove. */
struct found {
	int64_t a;
	int64_t b;
	int64_t c;
};

struct found_rows {
	struct found *row;
	size_t n;
};

static enum rc
read_found(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct found *found = out;

	(void)a;
	/* A column that is not there reads as 0. */
	*found = (struct found){ sqlite3_column_int64(st, 0),
		sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2) };
	return RC_OK;
}

static enum rc
find(struct piece *p, enum sqlite_sql which, const struct sqlite_value *v,
    size_t n, struct found_rows *rows)
{
	const struct sqlite_query q = { which, v, n, sizeof(*rows->row),
		read_found };
	struct sqlite_rows found;
	enum rc rc = sqlite_find_all(p->s, &q, p->op->arena, &found);

	*rows = (struct found_rows){ found.row, found.n };
	return rc;
}

/* A session may have more rows than are left: then it is the last one. */
static enum rc
sweep_sessions(
    struct piece *p, enum sqlite_sql which, int64_t before, int64_t *count)
{
	const struct sqlite_value v[] = { SQL_NUMBER(before),
		SQL_NUMBER(p->left) };
	struct found_rows rows;
	enum rc rc;

	if (p->left <= 0)
		return RC_OK;
	rc = find(p, which, v, 2, &rows);
	if (rc == RC_OK && rows.n > 0)
		rc = sqlite_set_now(p->s, p->op);
	for (size_t i = 0; i < rows.n && rc == RC_OK && p->left > 0; i++) {
		const struct sqlite_value at[] = { SQL_NUMBER(rows.row[i].a) };

		rc = sqlite_run(p->s, SQL_SWEEP_SESSION, at, 1, NULL);
		p->left -= rows.row[i].b;
		++*count;
	}
	return rc;
}

/* First its events, as many as may go, then itself. */
static enum rc
sweep_stream(struct piece *p, const struct found *stream)
{
	const struct sqlite_value v[] = { SQL_NUMBER(stream->a) };
	const int64_t events = stream->b < p->left ? stream->b : p->left;
	enum rc rc = RC_OK;

	if (events > 0)
		rc = sqlite_event_purge(p->s, stream->a, stream->c + events);
	p->left -= events;
	p->done->others += events;
	if (rc != RC_OK || events < stream->b || p->left == 0)
		return rc;
	p->left--;
	p->done->others++;
	return sqlite_run(p->s, SQL_SWEEP_STREAM, v, 1, NULL);
}

static enum rc
sweep_streams(struct piece *p)
{
	const struct sqlite_value v[] = { SQL_NUMBER(p->rules->streams_before),
		SQL_NUMBER(p->left), SQL_NUMBER(p->rules->unsent_before) };
	struct found_rows rows;
	enum rc rc;

	if (p->left <= 0)
		return RC_OK;
	rc = find(p, SQL_SWEEP_CLOSED, v, 3, &rows);
	for (size_t i = 0; i < rows.n && rc == RC_OK && p->left > 0; i++)
		rc = sweep_stream(p, &rows.row[i]);
	return rc;
}

/* Of each stream the oldest, in their order: what comes last is what the
 * stream is purged up to. */
static enum rc
sweep_events(struct piece *p)
{
	const struct sqlite_value v[] = { SQL_NUMBER(p->rules->events_before),
		SQL_NUMBER(p->left) };
	struct found_rows rows;
	enum rc rc;

	if (p->left <= 0 || p->rules->events_before <= 0)
		return RC_OK;
	rc = find(p, SQL_SWEEP_EVENTS, v, 2, &rows);
	for (size_t i = 0; i < rows.n && rc == RC_OK; i++) {
		if (i + 1 < rows.n && rows.row[i].a == rows.row[i + 1].a)
			continue;
		rc = sqlite_event_purge(p->s, rows.row[i].a, rows.row[i].b);
	}
	p->left -= (int64_t)rows.n;
	p->done->others += (int64_t)rows.n;
	return rc;
}

/* What one statement removes. */
static enum rc
sweep_rows(struct piece *p, enum sqlite_sql which, int64_t before)
{
	const struct sqlite_value v[] = { SQL_NUMBER(before),
		SQL_NUMBER(p->left) };
	int64_t gone = 0;
	enum rc rc;

	if (p->left <= 0 || before <= 0)
		return RC_OK;
	rc = sqlite_run(p->s, which, v, 2, &gone);
	p->left -= gone;
	p->done->others += gone;
	return rc;
}

static enum rc
sweep_calls(struct piece *p)
{
	int64_t gone = 0;
	enum rc rc;

	if (p->left <= 0)
		return RC_OK;
	rc = sqlite_sweep_calls(p->s, p->op, p->rules, p->left, &gone);
	p->left -= gone;
	p->done->others += gone;
	return rc;
}

static enum rc
sweep_all(struct piece *p)
{
	const struct sweep_rules *rules = p->rules;
	enum rc rc = sweep_sessions(
	    p, SQL_SWEEP_OLD, rules->created_before, &p->done->removed);

	if (rc == RC_OK)
		rc = sweep_sessions(
		    p, SQL_SWEEP_IDLE, rules->idle_before, &p->done->forgotten);
	if (rc == RC_OK)
		rc = sweep_streams(p);
	if (rc == RC_OK)
		rc = sweep_events(p);
	if (rc == RC_OK)
		rc = sweep_calls(p);
	if (rc == RC_OK)
		rc = sweep_rows(p, SQL_SWEEP_SIGNALS, rules->signals_before);
	if (rc == RC_OK)
		rc = sweep_rows(p, SQL_SWEEP_TOPICS, rules->topics_before);
	if (rc == RC_OK)
		rc = sweep_rows(p, SQL_SWEEP_NONCES, p->op->now_ms);
	return rc;
}

/* An idle store is only looked at: no lock, no write. */
static enum rc
anything_to_sweep(struct sqlite_store *s, const struct op *op,
    const struct sweep_rules *rules, bool *any)
{
	const struct sqlite_value v[] = { SQL_NUMBER(rules->created_before),
		SQL_NUMBER(rules->idle_before),
		SQL_NUMBER(rules->streams_before),
		SQL_NUMBER(rules->unsent_before),
		SQL_NUMBER(rules->events_before),
		SQL_NUMBER(rules->signals_before),
		SQL_NUMBER(rules->topics_before), SQL_NUMBER(op->now_ms) };
	int64_t yes = 0;
	enum rc rc = sqlite_read_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_number(s, SQL_SWEEP_ANY, v, 8, &yes);
	*any = yes != 0;
	if (rc == RC_OK && !*any)
		rc = sqlite_sweep_calls_any(s, op, rules, any);
	return sqlite_read_end(s, rc);
}

enum rc
sqlite_sweep(struct store *base, const struct op *op,
    const struct sweep_rules *rules, struct sweep_done *done)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	struct piece piece = { s, op, rules, done,
		rules->limit < SWEEP_MAX ? rules->limit : SWEEP_MAX };
	bool any = false;
	enum rc rc = anything_to_sweep(s, op, rules, &any);

	*done = (struct sweep_done){ 0 };
	if (rc != RC_OK)
		return rc;
	sqlite_ballast_add(s);
	if (!any || piece.left <= 0)
		return RC_OK;
	rc = sqlite_write_begin(s, op);
	if (rc != RC_OK)
		return rc;
	rc = sweep_all(&piece);
	rc = sqlite_write_end(s, rc);
	if (rc != RC_OK)
		*done = (struct sweep_done){ 0 };
	done->more = rc == RC_OK && piece.left <= 0;
	return rc;
}
