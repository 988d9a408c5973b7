#include <string.h>

#include "sqlite_private.h"

/* The names of one host lie between "host." and "host/". */
#define OF_HOST "owner >= ?1 AND owner < ?2"

const struct sqlite_text sqlite_owner_texts[] = {
	{ SQL_OWNERS,
	    "SELECT owner FROM stream WHERE " OF_HOST
	    " UNION SELECT owner FROM call WHERE state = 1 AND " OF_HOST },
	{ SQL_OWNER_SESSIONS,
	    "SELECT e.id, e.sid FROM stream s"
	    " JOIN session e ON e.id = s.session AND e.state = 1"
	    " WHERE s.owner = ?1 AND s.kind = 3" },
	{ SQL_OWNER_SIGNALS,
	    "INSERT INTO signal(at, session, stream, kind,"
	    " ref) SELECT ?2, session, number, 1, 0 FROM stream"
	    " WHERE owner = ?1" },
	{ SQL_OWNER_STREAMS,
	    "UPDATE stream SET owner = NULL"
	    " WHERE owner = ?1" },
	{ SQL_STATEMENTS, NULL },
};

/* A session that ends with its reader, and its shard. */
struct ending {
	int64_t session;
	int shard;
};

static enum rc
read_ending(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct ending *ending = out;
	const unsigned char *sid = sqlite3_column_blob(st, 1);

	(void)a;
	if (sid == NULL)
		return RC_BUG;
	*ending = (struct ending){ sqlite3_column_int64(st, 0), sid[0] };
	return RC_OK;
}

static enum rc
end_all(struct sqlite_store *s, const struct op *op, struct slice owner)
{
	const struct sqlite_value v[] = { SQL_SLICE(owner) };
	const struct sqlite_query q = { SQL_OWNER_SESSIONS, v, 1,
		sizeof(struct ending), read_ending };
	struct sqlite_rows found;
	enum rc rc = sqlite_find_all(s, &q, op->arena, &found);
	const struct ending *ending = found.row;

	for (size_t i = 0; i < found.n && rc == RC_OK; i++)
		rc = sqlite_session_close(
		    s, op, ending[i].session, ending[i].shard);
	return rc;
}

enum rc
sqlite_owner_gone(struct store *base, const struct op *op, struct slice owner)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_SLICE(owner),
		SQL_NUMBER(op->now_ms) };
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	/* First those whose streams go with them. */
	rc = end_all(s, op, owner);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_OWNER_SIGNALS, v, 2, NULL);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_OWNER_STREAMS, v, 1, NULL);
	return sqlite_write_end(s, rc);
}

static enum rc
read_name(sqlite3_stmt *st, struct arena *a, void *out)
{
	return sqlite_column(st, 0, a, out);
}

enum rc
sqlite_owners(struct store *base, const struct op *op, struct slice host,
    struct slice **names, size_t *n)
{
	char *low = arena_bytes(op->arena, host.len + 1);
	char *high = arena_bytes(op->arena, host.len + 1);
	const struct sqlite_value range[] = { SQL_BYTES(low, host.len + 1),
		SQL_BYTES(high, host.len + 1) };
	const struct sqlite_query q = { SQL_OWNERS, range, 2,
		sizeof(struct slice), read_name };
	struct sqlite_rows found;
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
	rc = sqlite_read_all((struct sqlite_store *)base, op, &q, &found);
	*names = found.row;
	*n = found.n;
	return rc;
}
