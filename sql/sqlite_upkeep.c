#include <string.h>

#include "sqlite_private.h"

const struct sqlite_text sqlite_upkeep_texts[] = {
	{ SQL_META, "SELECT v FROM meta WHERE k = CAST(?1 AS TEXT)" },
	{ SQL_KEYS,
	    "SELECT id, secret, created, mint_from, end_at"
	    " FROM cluster_key ORDER BY id LIMIT ?1" },
	{ SQL_KEY_COUNT, "SELECT count(*) FROM cluster_key" },
	{ SQL_KEY_ADD,
	    "INSERT INTO cluster_key"
	    "(id, secret, created, mint_from, end_at)"
	    " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING" },
	{ SQL_KEY_DROP,
	    "DELETE FROM cluster_key WHERE end_at > 0 AND end_at < ?1" },
	{ SQL_KEY_END, "UPDATE cluster_key SET end_at = ?2 WHERE id = ?1" },
	{ SQL_REVS,
	    "SELECT r.shard, r.rev, m.v FROM rev r, meta m"
	    " WHERE m.k = 'incarnation'" },
	{ SQL_COUNT, "SELECT count(*) FROM session" },
	{ SQL_STATEMENTS, NULL },
};

static enum rc
read_meta(struct sqlite_store *s, const char *name, int64_t *number)
{
	const struct sqlite_value v[] = { SQL_SLICE(slice_of(name)) };

	return sqlite_number(s, SQL_META, v, 1, number);
}

static enum rc
read_info(struct sqlite_store *s, struct store_info *info)
{
	int64_t incarnation = 0;
	int64_t schema = 0;
	int64_t oldest = 0;
	int64_t all = 0;
	enum rc rc = read_meta(s, "incarnation", &incarnation);

	if (rc == RC_OK)
		rc = read_meta(s, "schema", &schema);
	if (rc == RC_OK)
		rc = read_meta(s, "oldest_program", &oldest);
	if (rc == RC_OK)
		rc = sqlite_number(s, SQL_COUNT, NULL, 0, &all);
	if (rc == RC_OK)
		rc = sqlite_number(s, SQL_LIVE, NULL, 0, &info->sessions_live);
	info->engine = SLICE("sqlite");
	info->incarnation = (uint32_t)incarnation;
	info->schema = (int)schema;
	info->oldest_program = (int)oldest;
	info->sessions_ended = all - info->sessions_live;
	return rc == RC_NOTFOUND ? RC_BUG : rc;
}

enum rc
sqlite_info(struct store *base, const struct op *op, struct store_info *info)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	enum rc rc = sqlite_snapshot_begin(s, op);

	*info = (struct store_info){ 0 };
	return rc == RC_OK ? sqlite_snapshot_end(s, read_info(s, info)) : rc;
}

static enum rc
read_key(sqlite3_stmt *st, struct key_row *row)
{
	const void *secret = sqlite3_column_blob(st, 1);

	if (secret == NULL || sqlite3_column_bytes(st, 1) != STORE_KEY_BYTES)
		return RC_BUG;
	row->id = (uint32_t)sqlite3_column_int64(st, 0);
	memcpy(row->secret, secret, STORE_KEY_BYTES);
	row->created = sqlite3_column_int64(st, 2);
	row->mint_from = sqlite3_column_int64(st, 3);
	row->end = sqlite3_column_int64(st, 4);
	return RC_OK;
}

enum rc
sqlite_keys(struct store *base, const struct op *op, struct key_rows *keys)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(STORE_KEYS_MAX) };
	bool more = true;
	enum rc rc = sqlite_read_begin(s, op);

	*keys = (struct key_rows){ .n = 0 };
	if (rc != RC_OK)
		return rc;
	rc = sqlite_bind(s, SQL_KEYS, v, 1);
	while (rc == RC_OK && keys->n < STORE_KEYS_MAX) {
		rc = sqlite_step(s, SQL_KEYS, &more);
		if (rc != RC_OK || !more)
			break;
		rc = read_key(s->statement[SQL_KEYS], &keys->row[keys->n++]);
	}
	sqlite_done(s, SQL_KEYS);
	return sqlite_read_end(s, rc);
}

enum rc
sqlite_key_add(
    struct store *base, const struct op *op, const struct key_row *key)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(key->id),
		SQL_BYTES(key->secret, STORE_KEY_BYTES),
		SQL_NUMBER(key->created), SQL_NUMBER(key->mint_from),
		SQL_NUMBER(key->end) };
	const struct sqlite_value over[] = { SQL_NUMBER(
	    key->created - STORE_KEY_KEPT_MS) };
	int64_t changed = 0;
	int64_t n = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, SQL_KEY_DROP, over, 1, NULL);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_KEY_ADD, v, 5, &changed);
	if (rc == RC_OK && changed == 0)
		rc = RC_CONFLICT;
	if (rc == RC_OK)
		rc = sqlite_number(s, SQL_KEY_COUNT, NULL, 0, &n);
	if (rc == RC_OK && (n > STORE_KEYS_MAX || !sqlite_has_room(s)))
		rc = RC_FULL;
	return sqlite_write_end(s, rc);
}

enum rc
sqlite_key_end(
    struct store *base, const struct op *op, uint32_t id, int64_t end)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_value v[] = { SQL_NUMBER(id), SQL_NUMBER(end) };
	int64_t changed = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, SQL_KEY_END, v, 2, &changed);
	if (rc == RC_OK && changed == 0)
		rc = RC_NOTFOUND;
	return sqlite_write_end(s, rc);
}

struct rev {
	int64_t shard;
	int64_t rev;
	int64_t incarnation;
};

static enum rc
read_rev(sqlite3_stmt *st, struct arena *a, void *out)
{
	struct rev *rev = out;

	(void)a;
	*rev = (struct rev){ sqlite3_column_int64(st, 0),
		sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2) };
	if (rev->shard < 0 || rev->shard >= STORE_SHARDS)
		return RC_BUG;
	return RC_OK;
}

enum rc
sqlite_revs(struct store *base, const struct op *op, int64_t rev[STORE_SHARDS],
    uint32_t *incarnation)
{
	const struct sqlite_query q = { SQL_REVS, NULL, 0, sizeof(struct rev),
		read_rev };
	struct sqlite_rows found;
	enum rc rc =
	    sqlite_read_all((struct sqlite_store *)base, op, &q, &found);
	const struct rev *row = found.row;

	if (rc != RC_OK)
		return rc;
	if (found.n != STORE_SHARDS)
		return RC_BUG;
	for (size_t i = 0; i < found.n; i++)
		rev[row[i].shard] = row[i].rev;
	*incarnation = (uint32_t)row[0].incarnation;
	return RC_OK;
}
