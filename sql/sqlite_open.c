#include <string.h>

#include "migrate.h"
#include "sqlite_private.h"

/* STRICT tables. */
#define OLDEST_LIBRARY 3037000
/* The first without the WAL-reset bug (sqlite.org/wal.html#walresetbug). */
#define WITHOUT_RESET_BUG 3051003
/* PRAGMA application_id of 0001_base.sql. */
#define APPLICATION_ID 0x6d637046

/* One number of a statement that is run once; RC_NOTFOUND without a row. */
static enum rc
one_number(struct sqlite_store *s, const char *sql, int64_t *number)
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
	enum rc rc;

	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		*number = sqlite3_column_int64(st, 0);
	rc = code == SQLITE_DONE ? RC_NOTFOUND : sqlite_rc(s, code);
	(void)sqlite3_finalize(st);
	return rc;
}

/* Run with one value in the place of ?1. */
static enum rc
one_change(struct sqlite_store *s, const char *sql, struct sqlite_value v)
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
	enum rc rc;

	if (code == SQLITE_OK && v.is_number)
		code = sqlite3_bind_int64(st, 1, v.number);
	else if (code == SQLITE_OK)
		code = sqlite3_bind_text64(st, 1, v.bytes.ptr, v.bytes.len,
		    SQLITE_STATIC, SQLITE_UTF8);
	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	rc = sqlite_rc(s, code);
	(void)sqlite3_finalize(st);
	return rc;
}

/* A transaction of its own, with the side lock. */
static enum rc
begin(struct sqlite_store *s)
{
	enum rc rc = sqlite_lock(s);

	return rc == RC_OK ? sqlite_exec(s, "BEGIN IMMEDIATE") : rc;
}

static enum rc
end(struct sqlite_store *s, enum rc rc)
{
	if (rc == RC_OK)
		rc = sqlite_exec(s, "COMMIT");
	if (sqlite3_get_autocommit(s->db) == 0 &&
	    sqlite_exec(s, "ROLLBACK") != RC_OK)
		rc = RC_IO;
	sqlite_unlock(s);
	return rc;
}

/* The highest file applied, 0 in a new store; RC_IO if it is not ours. */
static enum rc
read_schema(struct sqlite_store *s, int64_t *schema, struct buf *why)
{
	int64_t tables = 0;
	int64_t application = 0;
	int64_t oldest = 0;
	int newest = migrate_newest("sqlite");
	enum rc rc;

	*schema = 0;
	rc = one_number(s, "SELECT count(*) FROM sqlite_master", &tables);
	if (rc == RC_OK)
		rc = one_number(s, "PRAGMA application_id", &application);
	if (rc != RC_OK || tables == 0)
		return rc;
	if (application != APPLICATION_ID) {
		buf_printf(why, "%s: the database of another program", s->path);
		return RC_IO;
	}
	rc = one_number(
	    s, "SELECT v FROM meta WHERE k = 'oldest_program'", &oldest);
	if (rc == RC_OK)
		rc = one_number(
		    s, "SELECT v FROM meta WHERE k = 'schema'", schema);
	if (rc == RC_OK && oldest > newest) {
		buf_printf(why,
		    "%s: made for newer programs: it asks for schema %lld, "
		    "this program knows %d; install the newer release",
		    s->path, (long long)oldest, newest);
		return RC_IO;
	}
	return rc == RC_NOTFOUND ? RC_IO : rc;
}

static enum rc
apply_files(struct sqlite_store *s, struct buf *why)
{
	static const char set[] = "UPDATE meta SET v = ?1 WHERE k = 'schema'";
	int64_t schema = 0;
	enum rc rc = read_schema(s, &schema, why);

	for (const struct schema_file *f = migrate_files("sqlite");
	     f->number != 0 && rc == RC_OK; f++) {
		if (f->number <= schema)
			continue;
		rc = sqlite_exec(s, f->sql);
		if (rc == RC_OK)
			rc = one_change(s, set, SQL_NUMBER(f->number));
	}
	return rc;
}

static enum rc
migrate(struct sqlite_store *s, struct buf *why)
{
	int64_t schema = 0;
	enum rc rc = read_schema(s, &schema, why);

	if (rc != RC_OK || schema >= migrate_newest("sqlite"))
		return rc;
	/* Everything is asked again with the lock in hand: another process
	 * may have been first. */
	rc = begin(s);
	if (rc == RC_OK)
		rc = apply_files(s, why);
	return end(s, rc);
}

/* Has the machine been started anew since somebody last looked? */
static enum rc
was_restarted(struct sqlite_store *s, bool *restarted)
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(
	    s->db, "SELECT v FROM meta WHERE k = 'boot_id'", -1, &st, NULL);
	const unsigned char *text = NULL;
	enum rc rc;

	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		text = sqlite3_column_text(st, 0);
	*restarted =
	    text == NULL || strcmp((const char *)text, s->boot_id) != 0;
	rc = sqlite_rc(s, code);
	(void)sqlite3_finalize(st);
	return rc;
}

/*
 * A new store begins with a number that no other store is likely to have: ids
 * of another store with the same cluster key are then known as such.  It goes
 * on to one that the store did not have after the backup that this may be.
 */
static enum rc
raise_incarnation(struct sqlite_store *s)
{
	return one_change(s,
	    "UPDATE meta SET v = CASE v WHEN 0 THEN ?1 ELSE v + 1 +"
	    " ?1 % 65536 END WHERE k = 'incarnation'",
	    SQL_NUMBER((int64_t)(s->noise & INT32_MAX) | 1));
}

/*
 * What was committed before may be lost, and its numbers given away again:
 * nothing more is written to those streams, and who ran a call then may not
 * write for it.
 */
static enum rc
end_former(struct sqlite_store *s, int64_t now_ms)
{
	enum rc rc = one_change(s,
	    "UPDATE stream SET is_open = 0, changed = ?1 WHERE is_open = 1",
	    SQL_NUMBER(now_ms));

	if (rc != RC_OK)
		return rc;
	return sqlite_exec(
	    s, "UPDATE call SET epoch = epoch + 1 WHERE state = 1");
}

static enum rc
renew_incarnation(struct sqlite_store *s)
{
	bool restarted = false;
	enum rc rc = was_restarted(s, &restarted);

	if (rc != RC_OK || !restarted)
		return rc;
	rc = begin(s);
	if (rc == RC_OK)
		rc = was_restarted(s, &restarted);
	if (rc == RC_OK && restarted)
		rc = raise_incarnation(s);
	if (rc == RC_OK && restarted)
		rc = end_former(s, clock_wall_ms(s->options.clock));
	if (rc == RC_OK && restarted)
		rc = one_change(s, "UPDATE meta SET v = ?1 WHERE k = 'boot_id'",
		    SQL_SLICE(slice_of(s->boot_id)));
	return end(s, rc);
}

enum rc
sqlite_renew(struct store *base, const struct op *op)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = raise_incarnation(s);
	if (rc == RC_OK)
		rc = end_former(s, op->now_ms);
	return sqlite_write_end(s, rc);
}

/* What holds for the connection, whatever is asked of it. */
static enum rc
configure(struct sqlite_store *s)
{
	sqlite3 *db = s->db;
	int code = sqlite3_extended_result_codes(db, 1);

	if (code == SQLITE_OK)
		code = sqlite3_busy_handler(db, sqlite_wait, s);
	if (code == SQLITE_OK)
		code =
		    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_db_config(
		    db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (code != SQLITE_OK)
		return sqlite_rc(s, code);
	s->relaxed = false;
	/* The cache grows with what is read: 100,000 sessions fill half of it,
	 * and finding one takes 1.3 times what it takes among ten; 1.45 times
	 * with the 2 MiB that are usual. */
	return sqlite_exec(s,
	    "PRAGMA synchronous = FULL;"
	    "PRAGMA mmap_size = 0;"
	    "PRAGMA temp_store = MEMORY;"
	    "PRAGMA cache_size = -65536;"
	    "PRAGMA journal_size_limit = 16777216");
}

static enum rc
set_journal(struct sqlite_store *s)
{
	const bool wal = !s->options.allow_network_fs;
	const char *set =
	    wal ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = DELETE";
	sqlite3_stmt *st = NULL;
	const unsigned char *mode = NULL;
	bool is_wal;
	int code;
	enum rc rc;

	code = sqlite3_prepare_v2(s->db, "PRAGMA journal_mode", -1, &st, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		mode = sqlite3_column_text(st, 0);
	is_wal = mode != NULL && strcmp((const char *)mode, "wal") == 0;
	rc = sqlite_rc(s, code);
	(void)sqlite3_finalize(st);
	if (rc != RC_OK || is_wal == wal)
		return rc;
	/* Leaving the log is a checkpoint, entering it a commit. */
	rc = sqlite_lock(s);
	if (rc == RC_OK)
		rc = sqlite_exec(s, set);
	sqlite_unlock(s);
	return rc;
}

/* What ends a transaction must not fail for want of memory to compile it. */
static enum rc
prepare_first(struct sqlite_store *s)
{
	enum rc rc = sqlite_prepare(s, SQL_COMMIT);

	return rc == RC_OK ? sqlite_prepare(s, SQL_ROLLBACK) : rc;
}

static enum rc
connect(struct sqlite_store *s, struct buf *why)
{
	int code = sqlite3_open_v2(s->real, &s->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		SQLITE_OPEN_PRIVATECACHE,
	    NULL);
	enum rc rc = sqlite_rc(s, code);

	if (rc == RC_OK)
		rc = configure(s);
	/* SQLite opens what it may not write all the same, to read. */
	if (rc == RC_OK && sqlite3_db_readonly(s->db, "main") == 1) {
		buf_printf(why, "%s: no permission to write", s->path);
		return RC_IO;
	}
	if (rc == RC_OK)
		rc = set_journal(s);
	if (rc == RC_OK)
		rc = migrate(s, why);
	if (rc == RC_OK)
		rc = renew_incarnation(s);
	if (rc == RC_OK)
		rc = prepare_first(s);
	return rc;
}

static enum rc
open_once(struct sqlite_store *s, struct buf *why)
{
	enum rc rc = connect(s, why);

	if (rc == RC_OK)
		return RC_OK;
	if (rc == RC_IO && why->len == 0)
		buf_printf(why, "%s: %s", s->path,
		    s->db == NULL ? "out of memory" : sqlite3_errmsg(s->db));
	sqlite_drop(s);
	return rc;
}

enum rc
sqlite_open(struct sqlite_store *s, bool create, struct buf *why)
{
	enum rc rc = RC_OK;

	if (sqlite3_libversion_number() < OLDEST_LIBRARY) {
		buf_printf(why, "SQLite %s is too old", sqlite3_libversion());
		return RC_IO;
	}
	/* Counting what the engine allocates costs a lock and more each time,
	 * and nobody asks.  Too late in a process where others use SQLite:
	 * then it stays as it is. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (create)
		rc = sqlite_file_create(s, why);
	if (rc == RC_OK)
		rc = sqlite_file_find(s, why);
	if (rc == RC_OK && !s->options.allow_network_fs &&
	    sqlite3_libversion_number() < WITHOUT_RESET_BUG) {
		rc = sqlite_lock_open(s);
		if (rc != RC_OK)
			buf_printf(why, "%s: cannot be opened", s->lock_path);
	}
	if (rc != RC_OK)
		return rc;
	/* Some locks are refused at once, without asking the busy handler. */
	do
		rc = open_once(s, why);
	while (rc == RC_BUSY && sqlite_nap(s));
	if (rc == RC_BUSY)
		buf_printf(why, "%s: locked by another process", s->path);
	if (rc == RC_FULL)
		sqlite_ballast_drop(s);
	s->disk_full = false;
	if (rc == RC_OK)
		sqlite_ballast_add(s);
	return rc;
}

void
sqlite_drop(struct sqlite_store *s)
{
	if (s->db == NULL)
		return;
	for (size_t i = 0; i < SQL_STATEMENTS; i++) {
		(void)sqlite3_finalize(s->statement[i]);
		s->statement[i] = NULL;
	}
	/* The last one out copies the log into the file: a checkpoint.  If
	 * that cannot be had safely, leave it to the next one. */
	if (sqlite_lock(s) != RC_OK)
		(void)sqlite3_db_config(
		    s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_close(s->db);
	s->db = NULL;
	sqlite_unlock(s);
}
