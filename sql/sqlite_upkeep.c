#include <string.h>

#include "sqlite_private.h"

/* A call holds the only write lock; measured: 6 ms for so many rows. */
#define SWEEP_MAX 500

#define SWEEP(which)                                                           \
	"DELETE FROM session WHERE at IN"                                      \
	" (SELECT at FROM session WHERE " which " LIMIT ?2)"

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
	{ SQL_COUNT, "SELECT count(*) FROM session" },
	{ SQL_SWEEP_ANY,
	    "SELECT EXISTS(SELECT 1 FROM session"
	    " WHERE created < ?1)"
	    " OR EXISTS(SELECT 1 FROM session"
	    " WHERE state = 1 AND touched < ?2)" },
	{ SQL_SWEEP_OLD, SWEEP("created < ?1 ORDER BY created") },
	{ SQL_SWEEP_IDLE,
	    SWEEP("state = 1 AND touched < ?1 ORDER BY touched") },
	{ SQL_CHECK_FILE, "PRAGMA integrity_check(1)" },
	/* Every row is a law; its number comes out where it is broken. */
	{ SQL_CHECK_FACTS,
	    "SELECT 1 WHERE (SELECT live FROM tally) IS NOT"
	    " (SELECT count(*) FROM session WHERE state = 1)"
	    " UNION ALL SELECT 2 WHERE (SELECT count(*) FROM rev"
	    " WHERE shard BETWEEN 0 AND 255 AND rev >= 0) <> 256"
	    " UNION ALL SELECT 3 WHERE (SELECT count(*) FROM meta WHERE k IN"
	    " ('schema', 'oldest_program', 'incarnation', 'boot_id')) <> 4"
	    " UNION ALL SELECT 4 WHERE EXISTS(SELECT 1 FROM session"
	    " WHERE state = 2 AND (why = 0 OR caps <> 0 OR initialized <> 0"
	    " OR log_level <> -1 OR revision IS NOT NULL"
	    " OR principal_name IS NOT NULL OR client IS NOT NULL))"
	    " UNION ALL SELECT 5 WHERE EXISTS(SELECT 1 FROM session"
	    " WHERE state = 1 AND why <> 0)"
	    " UNION ALL SELECT 6 WHERE (SELECT count(*) FROM cluster_key) > 8"
	    " UNION ALL SELECT 7 WHERE (SELECT max(id) FROM session) >"
	    " (SELECT last_id FROM tally)"
	    " UNION ALL SELECT 8 WHERE EXISTS("
	    "SELECT principal, count(*) FROM session WHERE state = 1"
	    " GROUP BY principal EXCEPT SELECT principal, live FROM holder)"
	    " UNION ALL SELECT 9 WHERE (SELECT count(*) FROM holder) <>"
	    " (SELECT count(DISTINCT principal) FROM session WHERE state = "
	    "1)" },
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

/* Several statements that must see one state of the store. */
static enum rc
read_together(struct sqlite_store *s, const struct op *op)
{
	enum rc rc = sqlite_read_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, SQL_BEGIN_READ, NULL, 0, NULL);
	return rc == RC_OK ? RC_OK : sqlite_read_end(s, rc);
}

static enum rc
read_over(struct sqlite_store *s, enum rc rc)
{
	if (sqlite3_get_autocommit(s->db) == 0 &&
	    sqlite_run(s, SQL_ROLLBACK, NULL, 0, NULL) != RC_OK)
		rc = RC_IO;
	return sqlite_read_end(s, rc);
}

enum rc
sqlite_info(struct store *base, const struct op *op, struct store_info *info)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	enum rc rc = read_together(s, op);

	*info = (struct store_info){ 0 };
	return rc == RC_OK ? read_over(s, read_info(s, info)) : rc;
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
	int64_t changed = 0;
	int64_t n = 0;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, SQL_KEY_ADD, v, 5, &changed);
	if (rc == RC_OK && changed == 0)
		rc = RC_CONFLICT;
	if (rc == RC_OK)
		rc = sqlite_number(s, SQL_KEY_COUNT, NULL, 0, &n);
	if (rc == RC_OK && (n > STORE_KEYS_MAX || !sqlite_has_room(s)))
		rc = RC_FULL;
	return sqlite_write_end(s, rc);
}

/* An idle store is only looked at: no lock, no write. */
static enum rc
anything_to_sweep(struct sqlite_store *s, const struct op *op,
    const struct sweep_rules *rules, bool *any)
{
	const struct sqlite_value v[] = { SQL_NUMBER(rules->created_before),
		SQL_NUMBER(rules->idle_before) };
	int64_t yes = 0;
	enum rc rc = sqlite_read_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_number(s, SQL_SWEEP_ANY, v, 2, &yes);
	*any = yes != 0;
	return sqlite_read_end(s, rc);
}

enum rc
sqlite_sweep(struct store *base, const struct op *op,
    const struct sweep_rules *rules, struct sweep_done *done)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const int64_t limit =
	    rules->limit < SWEEP_MAX ? rules->limit : SWEEP_MAX;
	struct sqlite_value v[2];
	bool any = false;
	enum rc rc = anything_to_sweep(s, op, rules, &any);

	*done = (struct sweep_done){ 0 };
	if (rc != RC_OK)
		return rc;
	sqlite_ballast_add(s);
	if (!any || limit <= 0)
		return RC_OK;
	rc = sqlite_write_begin(s, op);
	if (rc != RC_OK)
		return rc;
	v[0] = SQL_NUMBER(rules->created_before);
	v[1] = SQL_NUMBER(limit);
	rc = sqlite_run(s, SQL_SWEEP_OLD, v, 2, &done->removed);
	v[0] = SQL_NUMBER(rules->idle_before);
	v[1] = SQL_NUMBER(limit - done->removed);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_SWEEP_IDLE, v, 2, &done->forgotten);
	rc = sqlite_write_end(s, rc);
	if (rc != RC_OK)
		*done = (struct sweep_done){ 0 };
	done->more = done->removed + done->forgotten >= limit;
	return rc;
}

static enum rc
check_file(struct sqlite_store *s)
{
	const unsigned char *text = NULL;
	bool row = false;
	enum rc rc = sqlite_bind(s, SQL_CHECK_FILE, NULL, 0);

	if (rc == RC_OK)
		rc = sqlite_step(s, SQL_CHECK_FILE, &row);
	if (rc == RC_OK && row)
		text = sqlite3_column_text(s->statement[SQL_CHECK_FILE], 0);
	if (rc == RC_OK &&
	    (text == NULL || strcmp((const char *)text, "ok") != 0)) {
		log_event(s->options.log, LOG_ERROR, "store", "check=%s",
		    text == NULL ? "" : (const char *)text);
		rc = RC_BUG;
	}
	sqlite_done(s, SQL_CHECK_FILE);
	return rc;
}

static enum rc
check_facts(struct sqlite_store *s)
{
	int64_t broken = 0;
	enum rc rc = sqlite_number(s, SQL_CHECK_FACTS, NULL, 0, &broken);

	if (rc == RC_NOTFOUND)
		return RC_OK;
	if (rc != RC_OK)
		return rc;
	log_event(s->options.log, LOG_ERROR, "store", "broken=%lld",
	    (long long)broken);
	return RC_BUG;
}

enum rc
sqlite_check(struct store *base, const struct op *op)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	enum rc rc = read_together(s, op);

	if (rc != RC_OK)
		return rc;
	rc = check_file(s);
	if (rc == RC_OK)
		rc = check_facts(s);
	return read_over(s, rc);
}
