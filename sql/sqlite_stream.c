#include "sqlite_private.h"

#define FIND(which)                                                            \
	"SELECT " SQLITE_STREAM_COLUMNS " FROM stream s"                       \
	" WHERE s.session = ?1 AND " which                                     \
	" AND s.incarnation = (SELECT v FROM meta WHERE k = 'incarnation')"

const struct sqlite_text sqlite_stream_texts[] = {
	{ SQL_SESSION_IS_LIVE,
	    "SELECT 1 FROM session WHERE id = ?1"
	    " AND state = 1" },
	{ SQL_NOTICE,
	    "INSERT INTO signal(at, session, stream, kind, ref)"
	    " VALUES(?1, ?2, ?3, ?4, ?5)" },
	{ SQL_STREAM_ADD,
	    "INSERT INTO stream(session, kind, incarnation,"
	    " created, changed, owner) SELECT ?1, ?2, v, ?3, ?3, ?4"
	    " FROM meta WHERE k = 'incarnation' RETURNING number, "
	    "incarnation" },
	{ SQL_STREAM_FIND, FIND("s.number = ?2") },
	{ SQL_STREAM_OF_SESSION, FIND("s.kind = 2 AND s.is_open = 1") },
	{ SQL_STREAM_OF_KIND,
	    FIND("s.kind = ?2 AND s.is_open = 1") " ORDER BY s.number DESC "
						  "LIMIT 1" },
	{ SQL_STREAM_ATTACH,
	    "UPDATE stream SET reader = reader + 1,"
	    " owner = ?2 WHERE number = ?1 RETURNING reader" },
	/* Of a STREAM_SSE, what is to be dropped; nothing of others. */
	{ SQL_STREAM_SENT,
	    "UPDATE stream SET sent = min(?3, head)"
	    " WHERE number = ?1 AND reader = ?2 AND sent < min(?3, head)"
	    " RETURNING iif(kind = 3, sent, 0)" },
	{ SQL_STREAM_LEAVE,
	    "UPDATE stream SET owner = NULL"
	    " WHERE number = ?1 AND reader = ?2 AND owner IS NOT NULL"
	    " RETURNING session" },
	{ SQL_STREAM_CLOSE,
	    "UPDATE stream SET is_open = 0, changed = ?2"
	    " WHERE number = ?1 AND is_open = 1" },
	{ SQL_STATEMENTS, NULL },
};

enum rc
sqlite_stream_row(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct stream_row *row = out;

	*row = (struct stream_row){
		.number = sqlite3_column_int64(st, 0),
		.session = sqlite3_column_int64(st, 1),
		.kind = (enum stream_kind)sqlite3_column_int(st, 2),
		.incarnation = (uint32_t)sqlite3_column_int64(st, 3),
		.head = sqlite3_column_int64(st, 4),
		.purged = sqlite3_column_int64(st, 5),
		.sent = sqlite3_column_int64(st, 6),
		.reader = sqlite3_column_int64(st, 7),
		.is_open = sqlite3_column_int(st, 8) != 0,
		.created = sqlite3_column_int64(st, 9),
		.changed = sqlite3_column_int64(st, 10),
	};
	return sqlite_column(st, 11, a, &row->owner);
}

enum rc
sqlite_notice(
    struct sqlite_store *s, const struct op *op, const struct change *change)
{
	const struct sqlite_value v[] = { SQL_NUMBER(op->now_ms),
		SQL_NUMBER(change->session), SQL_NUMBER(change->stream),
		SQL_NUMBER(change->kind), SQL_NUMBER(change->ref) };

	return sqlite_run(s, SQL_NOTICE, v, 5, NULL);
}

enum rc
sqlite_is_live(struct sqlite_store *s, int64_t session)
{
	const struct sqlite_value v[] = { SQL_NUMBER(session) };
	int64_t yes = 0;

	return sqlite_number(s, SQL_SESSION_IS_LIVE, v, 1, &yes);
}

enum rc
sqlite_stream_add(struct sqlite_store *s, const struct op *op,
    const struct stream_open *open, struct stream_row *row)
{
	const struct sqlite_value v[] = { SQL_NUMBER(open->session),
		SQL_NUMBER(open->kind), SQL_NUMBER(op->now_ms),
		SQL_SLICE(open->owner) };
	sqlite3_stmt *st;
	bool there = false;
	enum rc rc = sqlite_bind(s, SQL_STREAM_ADD, v, 4);

	*row = (struct stream_row){
		.session = open->session,
		.kind = open->kind,
		.reader = 1,
		.is_open = true,
		.created = op->now_ms,
		.changed = op->now_ms,
	};
	if (rc == RC_OK)
		rc = sqlite_step(s, SQL_STREAM_ADD, &there);
	if (rc == RC_OK && !there)
		rc = RC_BUG;
	if (rc == RC_OK) {
		st = s->statement[SQL_STREAM_ADD];
		row->number = sqlite3_column_int64(st, 0);
		row->incarnation = (uint32_t)sqlite3_column_int64(st, 1);
		rc = arena_copy(op->arena, open->owner, &row->owner);
	}
	sqlite_done(s, SQL_STREAM_ADD);
	return rc;
}

enum rc
sqlite_stream_close(struct sqlite_store *s, const struct op *op, int64_t stream)
{
	const struct sqlite_value v[] = { SQL_NUMBER(stream),
		SQL_NUMBER(op->now_ms) };

	return sqlite_run(s, SQL_STREAM_CLOSE, v, 2, NULL);
}

enum rc
sqlite_stream_open(struct store *base, const struct op *op,
    const struct stream_open *open, struct stream_row *row)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_is_live(s, open->session);
	if (rc == RC_OK && !sqlite_has_room(s))
		rc = RC_FULL;
	if (rc == RC_OK)
		rc = sqlite_stream_add(s, op, open, row);
	return sqlite_write_end(s, rc);
}

enum rc
sqlite_stream_find(struct store *base, const struct op *op, int64_t session,
    enum stream_kind kind, struct stream_row *row)
{
	const struct sqlite_value v[] = { SQL_NUMBER(session),
		SQL_NUMBER(kind) };
	const struct sqlite_query q = { SQL_STREAM_OF_KIND, v, 2, sizeof(*row),
		sqlite_stream_row };

	return sqlite_read_one((struct sqlite_store *)base, op, &q, row);
}

/* The stream that is meant; RC_NOTFOUND. */
static enum rc
find(struct sqlite_store *s, const struct op *op, const struct stream_attach *a,
    struct stream_row *row)
{
	const struct sqlite_value v[] = { SQL_NUMBER(a->session),
		SQL_NUMBER(a->stream) };
	const bool is_named = a->stream != 0;
	const struct sqlite_query q = { is_named ? SQL_STREAM_FIND
						 : SQL_STREAM_OF_SESSION,
		v, is_named ? 2 : 1, sizeof(*row), sqlite_stream_row };

	return sqlite_find(s, &q, op->arena, row);
}

/* A session that has no stream of its own gets one, which nobody reads. */
static enum rc
find_or_add(struct sqlite_store *s, const struct op *op,
    const struct stream_attach *a, struct stream_row *row)
{
	const struct stream_open open = { .session = a->session,
		.kind = STREAM_SESSION };
	enum rc rc = find(s, op, a, row);

	if (rc != RC_NOTFOUND || a->stream != 0)
		return rc;
	if (!sqlite_has_room(s))
		return RC_FULL;
	return sqlite_stream_add(s, op, &open, row);
}

/* Can a reader begin there? */
static bool
is_within(const struct stream_attach *a, const struct stream_row *row)
{
	return a->after == -1 ||
	    (a->incarnation == row->incarnation && a->after <= row->head &&
		a->after >= row->purged);
}

static enum rc
take_over(struct sqlite_store *s, const struct op *op,
    const struct stream_attach *a, struct stream_row *row)
{
	const struct sqlite_value v[] = { SQL_NUMBER(row->number),
		SQL_SLICE(a->owner) };
	const struct change change = { CHANGE_READER, row->session, row->number,
		0 };
	enum rc rc = sqlite_number(s, SQL_STREAM_ATTACH, v, 2, &row->reader);

	if (rc == RC_OK)
		rc = arena_copy(op->arena, a->owner, &row->owner);
	return rc == RC_OK ? sqlite_notice(s, op, &change) : rc;
}

enum rc
sqlite_stream_attach(struct store *base, const struct op *op,
    const struct stream_attach *a, struct stream_row *row)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_is_live(s, a->session);
	if (rc == RC_OK)
		rc = find_or_add(s, op, a, row);
	if (rc == RC_OK && !is_within(a, row))
		rc = RC_NOTFOUND;
	if (rc == RC_OK)
		rc = take_over(s, op, a, row);
	return sqlite_write_end(s, rc);
}

static enum rc
note_sent(struct sqlite_store *s, const struct stream_sent *sent)
{
	const struct sqlite_value v[] = { SQL_NUMBER(sent->stream),
		SQL_NUMBER(sent->reader), SQL_NUMBER(sent->sent) };
	int64_t drop = 0;
	enum rc rc = sqlite_number(s, SQL_STREAM_SENT, v, 3, &drop);

	if (rc == RC_NOTFOUND) /* it did not move, or is no longer theirs */
		return RC_OK;
	if (rc != RC_OK || drop == 0)
		return rc;
	return sqlite_event_purge(s, sent->stream, drop);
}

enum rc
sqlite_stream_detach(
    struct store *base, const struct op *op, const struct stream_sent *sent)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(sent->stream),
		SQL_NUMBER(sent->reader) };
	struct change change = { CHANGE_READER, 0, sent->stream, 0 };
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = note_sent(s, sent);
	if (rc == RC_OK)
		rc = sqlite_number(s, SQL_STREAM_LEAVE, v, 2, &change.session);
	if (rc == RC_OK)
		rc = sqlite_notice(s, op, &change);
	else if (rc == RC_NOTFOUND)
		rc = RC_OK;
	return sqlite_write_end(s, rc);
}

enum rc
sqlite_streams_sent(struct store *base, const struct op *op,
    const struct stream_sent *sent, size_t n)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	enum rc rc;

	if (n == 0)
		return RC_OK;
	rc = sqlite_write_begin(s, op);
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = note_sent(s, &sent[i]);
	return sqlite_write_end(s, rc);
}
