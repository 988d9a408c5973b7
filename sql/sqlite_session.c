#include <string.h>

#include "sqlite_private.h"

#define SESSION_COLUMNS                                                        \
	"s.id, s.sid, s.principal, s.created, s.incarnation, s.state, s.why,"  \
	" s.transport, s.caps, s.log_level, s.initialized, s.lists,"           \
	" s.touched, s.revision, s.principal_name, s.client"

#define EVICT(more)                                                            \
	"DELETE FROM session WHERE at ="                                       \
	" (SELECT at FROM session e WHERE state = 1 AND touched < ?1" more     \
	" AND " SQLITE_UNUSED("e") " ORDER BY touched, id LIMIT 1)"

/* What a tombstone has forgotten. */
#define END                                                                    \
	"UPDATE session SET state = 2, transport = 0, caps = 0,"               \
	" log_level = -1, initialized = 0, lists = 0, revision = NULL,"        \
	" principal_name = NULL, client = NULL"

#define LIST(which)                                                            \
	"SELECT " SESSION_COLUMNS " FROM session s"                            \
	" WHERE " which " AND s.id > ?2 AND s.id <= ?3"                        \
	" AND (?4 = 0 OR s.state = ?4)"                                        \
	" AND (?5 IS NULL OR s.principal_name = ?5)"                           \
	" ORDER BY s.id LIMIT ?6"

#define SET(column)                                                            \
	"UPDATE session SET " column " = ?2 WHERE id = ?1 AND state = 1"

const struct sqlite_text sqlite_session_texts[] = {
	{ SQL_LIVE, "SELECT live FROM tally" },
	{ SQL_LAST_ID, "SELECT last_id FROM tally" },
	{ SQL_LIVE_OF, "SELECT live FROM holder WHERE principal = ?1" },
	/* Always one row: the incarnation, and the session if it is there. */
	{ SQL_GET,
	    "SELECT " SESSION_COLUMNS ", m.v"
	    " FROM meta m LEFT JOIN session s ON s.at = ?1"
	    " AND s.sid = ?2 AND s.principal = ?3 AND s.created = ?4"
	    " WHERE m.k = 'incarnation'" },
	{ SQL_GET_REV,
	    "SELECT " SESSION_COLUMNS ", m.v, r.rev"
	    " FROM meta m LEFT JOIN rev r ON r.shard = ?5"
	    " LEFT JOIN session s ON s.at = ?1"
	    " AND s.sid = ?2 AND s.principal = ?3 AND s.created = ?4"
	    " WHERE m.k = 'incarnation'" },
	{ SQL_FIND,
	    "SELECT state FROM session WHERE at = ?1 AND sid = ?2"
	    " AND principal = ?3 AND created = ?4" },
	{ SQL_AT, "SELECT id FROM session WHERE at = ?1" },
	{ SQL_PUT,
	    "INSERT INTO session(at, sid, principal, created,"
	    " incarnation, transport, caps, log_level, initialized,"
	    " lists, touched, revision, principal_name, client, id)"
	    " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, topic,"
	    " ?10, ?11, ?12, ?13, ?14 FROM counter" },
	{ SQL_SET_INITIALIZED, SET("initialized") },
	{ SQL_SET_TOUCHED, SET("touched") },
	{ SQL_SET_LOG_LEVEL, SET("log_level") },
	{ SQL_NEGOTIATE,
	    "UPDATE session SET revision = ?2, caps = ?3, client = ?4"
	    " WHERE id = ?1 AND state = 1 AND revision IS NULL" },
	{ SQL_END,
	    END ", why = ?5, touched = ?6 WHERE at = ?1 AND sid = ?2"
		" AND principal = ?3 AND created = ?4 AND state = 1" },
	{ SQL_CLOSE,
	    END ", why = ?2, touched = ?3"
		" WHERE id = ?1 AND state = 1" },
	/* What the program's clock said when sessions were dropped. */
	{ SQL_NOW, "UPDATE counter SET now = ?1" },
	{ SQL_TOMBSTONE,
	    "INSERT INTO session(at, sid, principal, created,"
	    " why, touched, incarnation, state, id)"
	    " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, 2, last_id + 1"
	    " FROM tally WHERE true ON CONFLICT DO NOTHING" },
	{ SQL_RAISE, "UPDATE rev SET rev = rev + 1 WHERE shard = ?1" },
	{ SQL_EVICT, EVICT("") },
	{ SQL_EVICT_OF, EVICT(" AND principal = ?2") },
	{ SQL_LIST, LIST("?1 IS NULL") },
	{ SQL_LIST_AT, LIST("s.at = ?1") },
	{ SQL_STATEMENTS, NULL },
};

#define AT(key) SQL_NUMBER(row_at((key)->sid))
#define SID(key) SQL_BYTES((key)->sid, SID_BYTES)
#define PRINCIPAL(key) SQL_BYTES((key)->principal, PRINCIPAL_BYTES)

/* The columns of SESSION_COLUMNS, in their order. */
enum column {
	COLUMN_ID,
	COLUMN_SID,
	COLUMN_PRINCIPAL,
	COLUMN_CREATED,
	COLUMN_INCARNATION,
	COLUMN_STATE,
	COLUMN_WHY,
	COLUMN_TRANSPORT,
	COLUMN_CAPS,
	COLUMN_LOG_LEVEL,
	COLUMN_INITIALIZED,
	COLUMN_LISTS,
	COLUMN_TOUCHED,
	COLUMN_REVISION,
	COLUMN_PRINCIPAL_NAME,
	COLUMN_CLIENT,
	COLUMN_STORE, /* the store's incarnation, in SQL_GET and SQL_GET_REV */
	COLUMN_REV    /* in SQL_GET_REV */
};

/*
 * Where the row of a sid lies; part of the file format.  Sids that differ in
 * one half alone never meet; others do once in 2^64, and then the second one
 * is taken to exist.
 */
static int64_t
row_at(const unsigned char *sid)
{
	uint64_t half[2] = { 0, 0 };
	int64_t at;

	for (size_t i = 0; i < SID_BYTES; i++)
		half[i / 8] |= (uint64_t)sid[i] << (8 * (i % 8));
	half[0] += half[1] * 0x9e3779b97f4a7c15U;
	memcpy(&at, &half[0], sizeof(at));
	return at;
}

static enum rc
read_bytes(sqlite3_stmt *st, struct arena *a, struct session_row *row)
{
	enum rc rc = sqlite_fixed(st, COLUMN_SID, row->key.sid, SID_BYTES);

	if (rc == RC_OK)
		rc = sqlite_fixed(
		    st, COLUMN_PRINCIPAL, row->key.principal, PRINCIPAL_BYTES);
	if (rc == RC_OK)
		rc = sqlite_column(st, COLUMN_REVISION, a, &row->revision);
	if (rc == RC_OK)
		rc = sqlite_column(
		    st, COLUMN_PRINCIPAL_NAME, a, &row->principal_name);
	if (rc == RC_OK)
		rc = sqlite_column(st, COLUMN_CLIENT, a, &row->client);
	return rc;
}

static enum rc
read_row(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct session_row *row = out;

	row->id = sqlite3_column_int64(st, COLUMN_ID);
	row->key.created = sqlite3_column_int64(st, COLUMN_CREATED);
	row->key.incarnation =
	    (uint32_t)sqlite3_column_int64(st, COLUMN_INCARNATION);
	row->state = sqlite3_column_int(st, COLUMN_STATE) == SESSION_LIVE
	    ? SESSION_LIVE
	    : SESSION_ENDED;
	row->why = (enum end_why)sqlite3_column_int(st, COLUMN_WHY);
	row->transport = sqlite3_column_int(st, COLUMN_TRANSPORT);
	row->caps = (uint32_t)sqlite3_column_int64(st, COLUMN_CAPS);
	row->log_level = sqlite3_column_int(st, COLUMN_LOG_LEVEL);
	row->initialized = sqlite3_column_int(st, COLUMN_INITIALIZED) != 0;
	row->lists = sqlite3_column_int64(st, COLUMN_LISTS);
	row->created = row->key.created;
	row->touched = sqlite3_column_int64(st, COLUMN_TOUCHED);
	row->rev = 0;
	return read_bytes(st, a, row);
}

enum rc
sqlite_session_get(struct store *base, const struct op *op,
    const struct session_key *key, struct session_row *row,
    uint32_t *incarnation)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const enum sqlite_sql which = op->wants_rev ? SQL_GET_REV : SQL_GET;
	sqlite3_stmt *st;
	const struct sqlite_value v[] = { AT(key), SID(key), PRINCIPAL(key),
		SQL_NUMBER(key->created), SQL_NUMBER(key->sid[0]) };
	bool there = false;
	enum rc rc = sqlite_read_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_bind(s, which, v, op->wants_rev ? 5 : 4);
	st = s->statement[which];
	if (rc == RC_OK)
		rc = sqlite_step(s, which, &there);
	if (rc == RC_OK && !there)
		rc = RC_BUG;
	if (rc == RC_OK && incarnation != NULL)
		*incarnation = (uint32_t)sqlite3_column_int64(st, COLUMN_STORE);
	if (rc == RC_OK && sqlite3_column_type(st, COLUMN_ID) == SQLITE_NULL)
		rc = RC_NOTFOUND;
	if (rc == RC_OK)
		rc = read_row(st, op->arena, row);
	if (rc == RC_OK && op->wants_rev)
		row->rev = sqlite3_column_int64(st, COLUMN_REV);
	sqlite_done(s, which);
	return sqlite_read_end(s, rc);
}

enum rc
sqlite_set_now(struct sqlite_store *s, const struct op *op)
{
	const struct sqlite_value v[] = { SQL_NUMBER(op->now_ms) };

	return sqlite_run(s, SQL_NOW, v, 1, NULL);
}

/* Forget the least recently touched; RC_FULL if all are too young. */
static enum rc
evict(struct sqlite_store *s, const struct op *op, enum sqlite_sql which,
    const struct sqlite_value *v, size_t n)
{
	int64_t gone = 0;
	enum rc rc = sqlite_set_now(s, op);

	if (rc == RC_OK)
		rc = sqlite_run(s, which, v, n, &gone);
	return rc == RC_OK && gone == 0 ? RC_FULL : rc;
}

/* Stay below the caps.  Who meets both forgets a row of its own, which makes
 * room for both. */
static enum rc
make_room(struct sqlite_store *s, const struct op *op,
    const struct session_key *key, const struct session_caps *caps)
{
	const struct sqlite_value own[] = { PRINCIPAL(key) };
	const struct sqlite_value idle[] = { SQL_NUMBER(caps->idle_before),
		PRINCIPAL(key) };
	int64_t live = 0;
	enum rc rc = RC_OK;

	if (caps->per_principal > 0)
		rc = sqlite_number(s, SQL_LIVE_OF, own, 1, &live);
	if (rc == RC_NOTFOUND)
		rc = RC_OK;
	if (rc == RC_OK && caps->per_principal > 0 &&
	    live >= caps->per_principal)
		return evict(s, op, SQL_EVICT_OF, idle, 2);
	if (rc == RC_OK && caps->total > 0)
		rc = sqlite_number(s, SQL_LIVE, NULL, 0, &live);
	if (rc == RC_OK && caps->total > 0 && live >= caps->total)
		return evict(s, op, SQL_EVICT, idle, 1);
	return rc;
}

static enum rc
insert(struct sqlite_store *s, const struct session_row *row, int64_t id)
{
	const struct session_key *key = &row->key;
	const struct sqlite_value v[] = { AT(key), SID(key), PRINCIPAL(key),
		SQL_NUMBER(key->created), SQL_NUMBER(key->incarnation),
		SQL_NUMBER(row->transport), SQL_NUMBER(row->caps),
		SQL_NUMBER(row->log_level), SQL_NUMBER(row->initialized),
		SQL_NUMBER(row->touched), SQL_SLICE(row->revision),
		SQL_SLICE(row->principal_name), SQL_SLICE(row->client),
		SQL_NUMBER(id) };

	return sqlite_run(s, SQL_PUT, v, sizeof(v) / sizeof(v[0]), NULL);
}

enum rc
sqlite_session_put(struct store *base, const struct op *op,
    const struct session_row *row, const struct session_caps *caps, int64_t *id)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value at[] = { AT(&row->key) };
	int64_t new_id = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_number(s, SQL_AT, at, 1, &new_id);
	if (rc == RC_OK)
		rc = RC_CONFLICT;
	else if (rc == RC_NOTFOUND)
		rc = sqlite_has_room(s) ? RC_OK : RC_FULL;
	if (rc == RC_OK)
		rc = make_room(s, op, &row->key, caps);
	if (rc == RC_OK)
		rc = sqlite_number(s, SQL_LAST_ID, NULL, 0, &new_id);
	if (rc == RC_OK)
		rc = insert(s, row, ++new_id);
	rc = sqlite_write_end(s, rc);
	if (rc == RC_OK)
		*id = new_id;
	return rc;
}

enum rc
sqlite_session_set(struct store *base, const struct op *op, int64_t session,
    const struct session_change *change)
{
	static const enum sqlite_sql statements[] = {
		[SESSION_INITIALIZED] = SQL_SET_INITIALIZED,
		[SESSION_TOUCHED] = SQL_SET_TOUCHED,
		[SESSION_LOG_LEVEL] = SQL_SET_LOG_LEVEL,
	};
	struct sqlite_store *s = (struct sqlite_store *)base;
	const bool flag = change->column == SESSION_INITIALIZED;
	const struct sqlite_value v[] = { SQL_NUMBER(session),
		SQL_NUMBER(flag ? 1 : change->number) };
	int64_t changed = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, statements[change->column], v, 2, &changed);
	if (rc == RC_OK && changed == 0)
		rc = RC_NOTFOUND;
	return sqlite_write_end(s, rc);
}

enum rc
sqlite_session_negotiate(struct store *base, const struct op *op,
    int64_t session, const struct session_terms *terms)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(session),
		SQL_SLICE(terms->revision), SQL_NUMBER(terms->caps),
		SQL_SLICE(terms->client) };
	int64_t changed = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, SQL_NEGOTIATE, v, 4, &changed);
	if (rc == RC_OK && changed == 0) {
		rc = sqlite_is_live(s, session);
		rc = rc == RC_OK ? RC_CONFLICT : rc;
	}
	return sqlite_write_end(s, rc);
}

/* Nothing was live under that key: leave a tombstone, or say why not. */
static enum rc
bury(struct sqlite_store *s, const struct sqlite_value *v, size_t n)
{
	int64_t changed = 0;
	int64_t state = 0;
	enum rc rc = sqlite_run(s, SQL_TOMBSTONE, v, n, &changed);

	if (rc != RC_OK || changed == 1)
		return rc;
	rc = sqlite_number(s, SQL_FIND, v, 4, &state);
	return rc == RC_OK ? RC_CONFLICT : rc;
}

enum rc
sqlite_session_close(
    struct sqlite_store *s, const struct op *op, int64_t session, int shard)
{
	const struct sqlite_value row[] = { SQL_NUMBER(session),
		SQL_NUMBER(END_DELETED), SQL_NUMBER(op->now_ms) };
	const struct sqlite_value rev[] = { SQL_NUMBER(shard) };
	enum rc rc = sqlite_run(s, SQL_CLOSE, row, 3, NULL);

	return rc == RC_OK ? sqlite_run(s, SQL_RAISE, rev, 1, NULL) : rc;
}

enum rc
sqlite_session_end(struct store *base, const struct op *op,
    const struct session_key *key, enum end_why why)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value shard[] = { SQL_NUMBER(key->sid[0]) };
	const struct sqlite_value v[] = { AT(key), SID(key), PRINCIPAL(key),
		SQL_NUMBER(key->created), SQL_NUMBER(why),
		SQL_NUMBER(op->now_ms), SQL_NUMBER(key->incarnation) };
	int64_t changed = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, SQL_END, v, 6, &changed);
	if (rc == RC_OK && changed == 0)
		rc = bury(s, v, 7);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_RAISE, shard, 1, NULL);
	return sqlite_write_end(s, rc);
}

enum rc
sqlite_session_list(struct store *base, const struct op *op,
    const struct session_filter *f, struct session_rows *rows)
{
	const int64_t low = f->id > f->after ? f->id - 1 : f->after;
	const struct sqlite_value v[] = {
		f->sid == NULL ? SQL_SLICE(SLICE_NONE)
			       : SQL_NUMBER(row_at(f->sid)),
		SQL_NUMBER(low),
		SQL_NUMBER(f->id == 0 ? INT64_MAX : f->id),
		SQL_NUMBER(f->state),
		SQL_SLICE(f->principal_name),
		SQL_LIMIT(f->limit),
	};
	const struct sqlite_query q = { f->sid == NULL ? SQL_LIST : SQL_LIST_AT,
		v, sizeof(v) / sizeof(v[0]), sizeof(*rows->row), read_row };
	struct sqlite_rows found;
	enum rc rc =
	    sqlite_read_all((struct sqlite_store *)base, op, &q, &found);

	*rows = (struct session_rows){ found.row, found.n };
	return rc;
}
