/* Sessions. */

#include "remote_ops.h"

const struct remote_text remote_session_texts[] = {
	{ REMOTE_SESSION_GET, { "mcp_session_get", "nbbn", REMOTE_READ } },
	{ REMOTE_SESSION_PUT,
	    { "mcp_session_put", "bnbbnnnnnnnbbbnnn", REMOTE_ONCE } },
	{ REMOTE_SESSION_SET,
	    { "mcp_session_set", "nnnn", REMOTE_REPEATABLE } },
	{ REMOTE_SESSION_NEGOTIATE,
	    { "mcp_session_negotiate", "bnnbnb", REMOTE_ONCE } },
	{ REMOTE_SESSION_END, { "mcp_session_end", "bnbbnnn", REMOTE_ONCE } },
	{ REMOTE_SESSION_LIST, { "mcp_session_list", "nbnbnn", REMOTE_READ } },
	{ REMOTE_ROUTINES, { NULL, NULL, REMOTE_READ } },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SID(key) REMOTE_BYTES((key)->sid, SID_BYTES)
#define PRINCIPAL(key) REMOTE_BYTES((key)->principal, PRINCIPAL_BYTES)

/* The columns of a session, behind those that are a routine's own. */
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
	COLUMN_CLIENT
};

/* Of mcp_session_get(). */
enum { COLUMN_STORE, COLUMN_REV, COLUMNS_BEFORE };

static enum rc
read_row(const struct remote_rows *rows, size_t i, size_t from,
    struct session_row *row)
{
	enum rc rc =
	    remote_fixed(rows, i, from + COLUMN_SID, row->key.sid, SID_BYTES);

	if (rc == RC_OK)
		rc = remote_fixed(rows, i, from + COLUMN_PRINCIPAL,
		    row->key.principal, PRINCIPAL_BYTES);
	row->id = remote_number(rows, i, from + COLUMN_ID);
	row->key.created = remote_number(rows, i, from + COLUMN_CREATED);
	row->key.incarnation =
	    (uint32_t)remote_number(rows, i, from + COLUMN_INCARNATION);
	row->state = remote_number(rows, i, from + COLUMN_STATE) == SESSION_LIVE
	    ? SESSION_LIVE
	    : SESSION_ENDED;
	row->why = (enum end_why)remote_number(rows, i, from + COLUMN_WHY);
	row->transport = (int)remote_number(rows, i, from + COLUMN_TRANSPORT);
	row->caps = (uint32_t)remote_number(rows, i, from + COLUMN_CAPS);
	row->log_level = (int)remote_number(rows, i, from + COLUMN_LOG_LEVEL);
	row->initialized =
	    remote_number(rows, i, from + COLUMN_INITIALIZED) != 0;
	row->lists = remote_number(rows, i, from + COLUMN_LISTS);
	row->created = row->key.created;
	row->touched = remote_number(rows, i, from + COLUMN_TOUCHED);
	row->revision = remote_slice(rows, i, from + COLUMN_REVISION);
	row->principal_name =
	    remote_slice(rows, i, from + COLUMN_PRINCIPAL_NAME);
	row->client = remote_slice(rows, i, from + COLUMN_CLIENT);
	row->rev = 0;
	return rc;
}

enum rc
remote_session_get(struct store *base, const struct op *op,
    const struct session_key *key, struct session_row *row,
    uint32_t *incarnation)
{
	const struct remote_value v[] = { REMOTE_NUMBER(
					      op->wants_rev ? key->sid[0] : -1),
		SID(key), PRINCIPAL(key), REMOTE_NUMBER(key->created) };
	struct remote_rows rows;
	enum rc rc = remote_rows((struct remote_store *)base, op,
	    REMOTE_SESSION_GET, v, COUNT(v), &rows);

	if (rc != RC_OK)
		return rc;
	if (rows.n != 1)
		return RC_BUG;
	if (incarnation != NULL)
		*incarnation = (uint32_t)remote_number(&rows, 0, COLUMN_STORE);
	if (remote_number(&rows, 0, COLUMNS_BEFORE + COLUMN_ID) == 0)
		return RC_NOTFOUND;
	rc = read_row(&rows, 0, COLUMNS_BEFORE, row);
	row->rev = remote_number(&rows, 0, COLUMN_REV);
	return rc;
}

enum rc
remote_session_put(struct store *base, const struct op *op,
    const struct session_row *row, const struct session_caps *caps, int64_t *id)
{
	const struct session_key *key = &row->key;
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms), SID(key),
		PRINCIPAL(key), REMOTE_NUMBER(key->created),
		REMOTE_NUMBER(key->incarnation), REMOTE_NUMBER(row->transport),
		REMOTE_NUMBER(row->caps), REMOTE_NUMBER(row->log_level),
		REMOTE_NUMBER(row->initialized), REMOTE_NUMBER(row->touched),
		REMOTE_SLICE(row->revision), REMOTE_SLICE(row->principal_name),
		REMOTE_SLICE(row->client), REMOTE_NUMBER(caps->total),
		REMOTE_NUMBER(caps->per_principal),
		REMOTE_NUMBER(caps->idle_before) };
	struct remote_rows rows;
	bool is_recalled;
	enum rc rc = remote_run((struct remote_store *)base, op,
	    REMOTE_SESSION_PUT, v, COUNT(v), &rows, &is_recalled);

	if (rc == RC_OK)
		rc = remote_outcome(&rows);
	/* What is recalled has the same columns. */
	if (rc == RC_OK)
		*id = remote_number(&rows, 0, 1);
	return rc;
}

/* A change whose only answer is its outcome. */
static enum rc
change(struct store *base, const struct op *op, enum remote_sql which,
    const struct remote_value *v, size_t n)
{
	struct remote_rows rows;
	bool is_recalled;
	enum rc rc = remote_run(
	    (struct remote_store *)base, op, which, v, n, &rows, &is_recalled);

	return rc == RC_OK ? remote_outcome(&rows) : rc;
}

enum rc
remote_session_set(struct store *base, const struct op *op, int64_t session,
    const struct session_change *what)
{
	/* As the routine numbers them, whatever becomes of the enum. */
	static const int64_t columns[] = {
		[SESSION_INITIALIZED] = 0,
		[SESSION_TOUCHED] = 1,
		[SESSION_LOG_LEVEL] = 2,
	};
	const struct remote_value v[] = { REMOTE_NUMBER(session),
		REMOTE_NUMBER(columns[what->column]),
		REMOTE_NUMBER(what->number), REMOTE_NUMBER(op->relaxed) };

	return change(base, op, REMOTE_SESSION_SET, v, COUNT(v));
}

enum rc
remote_session_negotiate(struct store *base, const struct op *op,
    int64_t session, const struct session_terms *terms)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(session), REMOTE_SLICE(terms->revision),
		REMOTE_NUMBER(terms->caps), REMOTE_SLICE(terms->client) };

	return change(base, op, REMOTE_SESSION_NEGOTIATE, v, COUNT(v));
}

enum rc
remote_session_end(struct store *base, const struct op *op,
    const struct session_key *key, enum end_why why)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms), SID(key),
		PRINCIPAL(key), REMOTE_NUMBER(key->created), REMOTE_NUMBER(why),
		REMOTE_NUMBER(key->incarnation) };

	return change(base, op, REMOTE_SESSION_END, v, COUNT(v));
}

enum rc
remote_session_list(struct store *base, const struct op *op,
    const struct session_filter *f, struct session_rows *out)
{
	const bool is_any = f->limit == 0 || f->limit > INT64_MAX;
	const struct remote_value v[] = { REMOTE_NUMBER(f->id),
		REMOTE_BYTES(f->sid, f->sid == NULL ? 0 : SID_BYTES),
		REMOTE_NUMBER(f->state), REMOTE_SLICE(f->principal_name),
		REMOTE_NUMBER(f->after),
		REMOTE_NUMBER(is_any ? INT64_MAX : (int64_t)f->limit) };
	struct remote_rows rows;
	enum rc rc = remote_rows((struct remote_store *)base, op,
	    REMOTE_SESSION_LIST, v, COUNT(v), &rows);

	*out = (struct session_rows){ NULL, 0 };
	if (rc != RC_OK || rows.n == 0)
		return rc;
	out->row = arena_alloc(op->arena, rows.n * sizeof(*out->row));
	if (out->row == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < rows.n && rc == RC_OK; i++)
		rc = read_row(&rows, i, 0, &out->row[i]);
	if (rc == RC_OK)
		out->n = rows.n;
	return rc;
}
