
#include "sqlite_private.h"

const struct sqlite_text sqlite_host_texts[] = {
	{ SQL_HOST_BEAT,
	    "INSERT INTO host(name, beat, at) VALUES(?1, 1, ?2)"
	    " ON CONFLICT DO UPDATE SET beat = beat + 1, at = ?2" },
	{ SQL_HOST_DRAIN,
	    "INSERT INTO host(name, is_draining, at)"
	    " VALUES(?1, ?2, ?3)"
	    " ON CONFLICT DO UPDATE SET is_draining = ?2" },
	{ SQL_HOSTS,
	    "SELECT name, beat, at, is_draining FROM host"
	    " ORDER BY name" },
	{ SQL_NONCE_USE,
	    "INSERT INTO nonce(nonce, end_at) VALUES(?1, ?2)"
	    " ON CONFLICT DO NOTHING" },
	{ SQL_STATEMENTS, NULL },
};

enum rc
sqlite_host_beat(struct store *base, const struct op *op, struct slice name)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_SLICE(name),
		SQL_NUMBER(op->now_ms) };
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, SQL_HOST_BEAT, v, 2, NULL);
	return sqlite_write_end(s, rc);
}

enum rc
sqlite_host_drain(
    struct store *base, const struct op *op, struct slice name, bool drain)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_SLICE(name), SQL_NUMBER(drain),
		SQL_NUMBER(op->now_ms) };
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, SQL_HOST_DRAIN, v, 3, NULL);
	return sqlite_write_end(s, rc);
}

static enum rc
read_host(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct host_row *row = out;

	row->beat = sqlite3_column_int64(st, 1);
	row->at = sqlite3_column_int64(st, 2);
	row->is_draining = sqlite3_column_int(st, 3) != 0;
	return sqlite_column(st, 0, a, &row->name);
}

enum rc
sqlite_hosts(struct store *base, const struct op *op, struct host_rows *hosts)
{
	const struct sqlite_query q = { SQL_HOSTS, NULL, 0, sizeof(*hosts->row),
		read_host };
	struct sqlite_rows found;
	enum rc rc =
	    sqlite_read_all((struct sqlite_store *)base, op, &q, &found);

	*hosts = (struct host_rows){ found.row, found.n };
	return rc;
}

enum rc
sqlite_nonce_use(struct store *base, const struct op *op,
    const unsigned char nonce[DIGEST_BYTES], int64_t end)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_BYTES(nonce, DIGEST_BYTES),
		SQL_NUMBER(end) };
	int64_t changed = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, SQL_NONCE_USE, v, 2, &changed);
	if (rc == RC_OK && changed == 0)
		rc = RC_CONFLICT;
	return sqlite_write_end(s, rc);
}
