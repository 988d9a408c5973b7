#include "store_digest.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "text.h"

#define TABLES_MAX 32

struct store_digest {
	sqlite3 *db;
	sqlite3_stmt *table[TABLES_MAX];
	int n;
	struct buf restore; /* statements that put everything back */
};

static enum rc
prepare_table(struct store_digest *d, const char *name)
{
	struct buf sql = BUF_INIT(256);
	enum rc rc;

	buf_printf(&sql, "CREATE TEMP TABLE \"was_%s\" AS SELECT * FROM \"%s\"",
	    name, name);
	rc = d->n == TABLES_MAX ? RC_FULL : buf_finish(&sql);
	if (rc == RC_OK &&
	    sqlite3_exec(d->db, sql.ptr, NULL, NULL, NULL) != SQLITE_OK)
		rc = RC_IO;
	buf_reset(&sql);
	buf_printf(&sql, "SELECT '%s', * FROM \"%s\"", name, name);
	if (rc == RC_OK)
		rc = buf_finish(&sql);
	buf_printf(&d->restore,
	    "DELETE FROM \"%s\"; INSERT INTO \"%s\" "
	    "SELECT * FROM \"was_%s\"; ",
	    name, name, name);
	if (rc == RC_OK &&
	    sqlite3_prepare_v2(d->db, sql.ptr, (int)sql.len, &d->table[d->n],
		NULL) != SQLITE_OK)
		rc = RC_IO;
	if (rc == RC_OK)
		d->n++;
	buf_release(&sql);
	return rc;
}

static enum rc
prepare_all(struct store_digest *d)
{
	sqlite3_stmt *names = NULL;
	enum rc rc = RC_OK;

	buf_put_slice(&d->restore, SLICE("BEGIN IMMEDIATE; "));

	if (sqlite3_prepare_v2(d->db,
		"SELECT name FROM sqlite_master WHERE type = 'table'", -1,
		&names, NULL) != SQLITE_OK)
		return RC_IO;
	while (rc == RC_OK && sqlite3_step(names) == SQLITE_ROW)
		rc = prepare_table(
		    d, (const char *)sqlite3_column_text(names, 0));
	(void)sqlite3_finalize(names);
	buf_put_slice(&d->restore, SLICE("COMMIT"));
	return rc == RC_OK ? buf_finish(&d->restore) : rc;
}

struct store_digest *
store_digest_open(const char *file)
{
	struct store_digest *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->restore = BUF_INIT(65536);
	/* Triggers of the store keep its tables in step; here all of them are
	 * written. */
	if (sqlite3_open(file, &d->db) == SQLITE_OK &&
	    sqlite3_db_config(d->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) ==
		SQLITE_OK &&
	    prepare_all(d) == RC_OK)
		return d;
	store_digest_free(d);
	return NULL;
}

enum rc
store_digest_restore(struct store_digest *d)
{
	return sqlite3_exec(d->db, d->restore.ptr, NULL, NULL, NULL) ==
		SQLITE_OK
	    ? RC_OK
	    : RC_IO;
}

static void
put_row(sqlite3_stmt *row, struct buf *out)
{
	int n = sqlite3_column_count(row);

	for (int i = 0; i < n; i++) {
		struct slice text = { sqlite3_column_blob(row, i),
			(size_t)sqlite3_column_bytes(row, i) };

		if (strcmp(sqlite3_column_name(row, i), "touched") == 0)
			continue;
		buf_put_char(out, '|');
		if (sqlite3_column_type(row, i) == SQLITE_BLOB)
			text_put_hex(out, text.ptr, text.len);
		else
			buf_put_slice(out, text);
	}
	buf_put_char(out, '\n');
}

enum rc
store_digest_put(struct store_digest *d, struct buf *out)
{
	for (int i = 0; i < d->n; i++) {
		int code = sqlite3_step(d->table[i]);

		while (code == SQLITE_ROW) {
			put_row(d->table[i], out);
			code = sqlite3_step(d->table[i]);
		}
		if (sqlite3_reset(d->table[i]) != SQLITE_OK)
			return RC_IO;
	}
	return buf_finish(out);
}

void
store_digest_free(struct store_digest *d)
{
	if (d == NULL)
		return;
	for (int i = 0; i < d->n; i++)
		(void)sqlite3_finalize(d->table[i]);
	(void)sqlite3_close(d->db);
	buf_release(&d->restore);
	free(d);
}
