#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "bare_append.h"

#define SCHEME "sqlite://"

enum { BEGIN, HEAD, EVENT, COMMIT, STATEMENTS };

struct bare_append {
	sqlite3 *db;
	sqlite3_stmt *statement[STATEMENTS];
};

static enum rc
rc_of(int code)
{
	return code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW
	    ? RC_OK
	    : RC_IO;
}

static enum rc
connect_to(const char *url, sqlite3 **db)
{
	char path[PATH_MAX];
	int code;

	/* The file itself belongs to the store. */
	(void)snprintf(path, sizeof(path), "%s-bare", url + sizeof(SCHEME) - 1);
	code = sqlite3_open(path, db);
	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(*db, 10000);
	if (code == SQLITE_OK)
		code = sqlite3_exec(*db,
		    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
		    NULL, NULL, NULL);
	return rc_of(code);
}

static enum rc
make(const char *url)
{
	sqlite3 *db = NULL;
	enum rc rc = connect_to(url, &db);

	if (rc == RC_OK)
		rc = rc_of(sqlite3_exec(db,
		    "DROP TABLE IF EXISTS bare_stream;"
		    "DROP TABLE IF EXISTS bare_event;"
		    "CREATE TABLE bare_stream(number INTEGER PRIMARY KEY,"
		    " head INTEGER NOT NULL) STRICT;"
		    "CREATE TABLE bare_event(gid INTEGER PRIMARY KEY"
		    " AUTOINCREMENT, stream INTEGER NOT NULL,"
		    " seq INTEGER NOT NULL, data BLOB NOT NULL) STRICT;"
		    "CREATE UNIQUE INDEX bare_seq ON bare_event(stream, seq);"
		    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL"
		    " SELECT i + 1 FROM n WHERE i < 999)"
		    "INSERT INTO bare_stream SELECT i, 0 FROM n",
		    NULL, NULL, NULL));
	(void)sqlite3_close(db);
	return rc;
}

static void
close_it(struct bare_append *b)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(b->statement[i]);
	(void)sqlite3_close(b->db);
	free(b);
}

static enum rc
open_it(const char *url, struct bare_append **out)
{
	static const char *const text[STATEMENTS] = {
		[BEGIN] = "BEGIN IMMEDIATE",
		[HEAD] = "UPDATE bare_stream SET head = head + 1"
			 " WHERE number = ?1 RETURNING head",
		[EVENT] = "INSERT INTO bare_event(stream, seq, data)"
			  " VALUES(?1, ?2, ?3)",
		[COMMIT] = "COMMIT",
	};
	struct bare_append *b = calloc(1, sizeof(*b));
	enum rc rc = b == NULL ? RC_NOMEM : connect_to(url, &b->db);

	for (size_t i = 0; rc == RC_OK && i < STATEMENTS; i++)
		rc = rc_of(sqlite3_prepare_v2(
		    b->db, text[i], -1, &b->statement[i], NULL));
	if (rc == RC_OK)
		*out = b;
	else if (b != NULL)
		close_it(b);
	return rc;
}

static enum rc
step(struct bare_append *b, int which)
{
	enum rc rc = rc_of(sqlite3_step(b->statement[which]));

	return rc == RC_OK ? rc_of(sqlite3_reset(b->statement[which])) : rc;
}

static enum rc
append(struct bare_append *b, int64_t stream, const void *data, size_t n)
{
	sqlite3_stmt *head = b->statement[HEAD];
	sqlite3_stmt *event = b->statement[EVENT];
	int64_t seq = 0;
	enum rc rc = step(b, BEGIN);

	if (rc == RC_OK)
		rc = rc_of(sqlite3_bind_int64(head, 1, stream));
	if (rc == RC_OK)
		rc = rc_of(sqlite3_step(head));
	if (rc == RC_OK) {
		seq = sqlite3_column_int64(head, 0);
		rc = rc_of(sqlite3_reset(head));
	}
	if (rc == RC_OK)
		rc = rc_of(sqlite3_bind_int64(event, 1, stream));
	if (rc == RC_OK)
		rc = rc_of(sqlite3_bind_int64(event, 2, seq));
	if (rc == RC_OK)
		rc = rc_of(
		    sqlite3_bind_blob64(event, 3, data, n, SQLITE_STATIC));
	if (rc == RC_OK)
		rc = step(b, EVENT);
	return rc == RC_OK ? step(b, COMMIT) : rc;
}

const struct bare_engine bare_sqlite = { SLICE_INIT(SCHEME), make, open_it,
	append, close_it };
