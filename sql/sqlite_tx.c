#include <errno.h>
#include <string.h>

#include "sqlite_private.h"

/* A read may serve a file that was moved for so long. */
#define LOOK_MS 100

const struct sqlite_text sqlite_tx_texts[] = {
	{ SQL_BEGIN, "BEGIN IMMEDIATE" },
	{ SQL_BEGIN_READ, "BEGIN" },
	{ SQL_COMMIT, "COMMIT" },
	{ SQL_ROLLBACK, "ROLLBACK" },
	{ SQL_STATEMENTS, NULL },
};

/* The texts of all files. */
static const struct sqlite_text *const tables[] = {
	sqlite_tx_texts,
	sqlite_session_texts,
	sqlite_upkeep_texts,
	sqlite_stream_texts,
	sqlite_event_texts,
	sqlite_change_texts,
	sqlite_topic_texts,
	sqlite_want_texts,
	sqlite_host_texts,
	sqlite_owner_texts,
	sqlite_sweep_texts,
	sqlite_check_texts,
	sqlite_call_texts,
	sqlite_call_open_texts,
	sqlite_question_texts,
	sqlite_task_texts,
};

static const char *
text_of(enum sqlite_sql which)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct sqlite_text *t = tables[i]; t->sql != NULL;
		     t++) {
			if (t->which == which)
				return t->sql;
		}
	}
	return NULL;
}

enum rc
sqlite_rc(struct sqlite_store *s, int code)
{
	int system = s->db == NULL ? 0 : sqlite3_system_errno(s->db);

	if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
		return RC_OK;
	s->error = code;
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL: /* gave up a race for a read lock */
		return RC_BUSY;
	case SQLITE_NOMEM:
		return RC_NOMEM;
	case SQLITE_FULL:
		s->disk_full = true;
		return RC_FULL;
	case SQLITE_TOOBIG:
		return RC_NOMEM;
	case SQLITE_CONSTRAINT: /* what may exist is asked for before */
		return RC_BUG;
	default:
		break;
	}
	if (code == SQLITE_IOERR_NOMEM)
		return RC_NOMEM;
	/* The shared memory of the log says it in its own way. */
	if ((code & 0xff) == SQLITE_IOERR &&
	    (system == ENOSPC || system == EDQUOT ||
		code == SQLITE_IOERR_SHMSIZE)) {
		s->disk_full = true;
		return RC_FULL;
	}
	return RC_IO;
}

enum rc
sqlite_exec(struct sqlite_store *s, const char *sql)
{
	return sqlite_rc(s, sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

int
sqlite_wait(void *store, int times)
{
	(void)times;
	return sqlite_nap(store) ? 1 : 0;
}

enum rc
sqlite_prepare(struct sqlite_store *s, enum sqlite_sql which)
{
	const char *sql;
	int code;

	if (s->statement[which] != NULL)
		return RC_OK;
	sql = text_of(which);
	if (sql == NULL)
		return RC_BUG;
	code = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
	    &s->statement[which], NULL);
	return sqlite_rc(s, code);
}

enum rc
sqlite_bind(struct sqlite_store *s, enum sqlite_sql which,
    const struct sqlite_value *v, size_t n)
{
	enum rc rc = sqlite_prepare(s, which);
	sqlite3_stmt *st = s->statement[which];
	int code = SQLITE_OK;

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < n && code == SQLITE_OK; i++) {
		int at = (int)i + 1;

		if (v[i].is_number)
			code = sqlite3_bind_int64(st, at, v[i].number);
		else if (v[i].bytes.ptr == NULL)
			code = sqlite3_bind_null(st, at);
		else
			code = sqlite3_bind_blob64(st, at, v[i].bytes.ptr,
			    v[i].bytes.len, SQLITE_STATIC);
	}
	return sqlite_rc(s, code);
}

enum rc
sqlite_step(struct sqlite_store *s, enum sqlite_sql which, bool *row)
{
	int code = sqlite3_step(s->statement[which]);

	*row = code == SQLITE_ROW;
	return sqlite_rc(s, code);
}

void
sqlite_done(struct sqlite_store *s, enum sqlite_sql which)
{
	/* It may have been too much to prepare. */
	if (s->statement[which] == NULL)
		return;
	/* Its result repeats what sqlite3_step() said. */
	(void)sqlite3_reset(s->statement[which]);
	(void)sqlite3_clear_bindings(s->statement[which]);
}

enum rc
sqlite_run(struct sqlite_store *s, enum sqlite_sql which,
    const struct sqlite_value *v, size_t n, int64_t *changed)
{
	enum rc rc = sqlite_bind(s, which, v, n);
	bool row = false;

	if (rc == RC_OK)
		rc = sqlite_step(s, which, &row);
	if (rc == RC_OK && changed != NULL)
		*changed = sqlite3_changes(s->db);
	sqlite_done(s, which);
	return rc;
}

enum rc
sqlite_number(struct sqlite_store *s, enum sqlite_sql which,
    const struct sqlite_value *v, size_t n, int64_t *number)
{
	enum rc rc = sqlite_bind(s, which, v, n);
	bool row = false;

	if (rc == RC_OK)
		rc = sqlite_step(s, which, &row);
	if (rc == RC_OK && row)
		*number = sqlite3_column_int64(s->statement[which], 0);
	else if (rc == RC_OK)
		rc = RC_NOTFOUND;
	sqlite_done(s, which);
	return rc;
}

enum rc
sqlite_column(sqlite3_stmt *st, int column, struct arena *a, struct slice *out)
{
	struct slice in;

	*out = SLICE_NONE;
	if (sqlite3_column_type(st, column) == SQLITE_NULL)
		return RC_OK;
	in.ptr = sqlite3_column_blob(st, column);
	in.len = (size_t)sqlite3_column_bytes(st, column);
	/* No bytes come as NULL as well. */
	if (in.len == 0)
		in.ptr = "";
	if (in.ptr == NULL)
		return RC_NOMEM;
	return arena_copy(a, in, out);
}

enum rc
sqlite_fixed(sqlite3_stmt *st, int column, unsigned char *out, int n)
{
	const void *p = sqlite3_column_blob(st, column);

	if (p == NULL || sqlite3_column_bytes(st, column) != n)
		return RC_BUG;
	memcpy(out, p, (size_t)n);
	return RC_OK;
}

void *
sqlite_grown(struct arena *a, void *rows, size_t n, size_t size)
{
	void *p;

	/* Full when it holds a power of two of at least 16. */
	if (n != 0 && (n < 16 || (n & (n - 1)) != 0))
		return rows;
	p = arena_alloc(a, (n == 0 ? 16 : n * 2) * size);
	/* What is left behind goes with the arena. */
	if (p != NULL && n > 0)
		memcpy(p, rows, n * size);
	return p;
}

enum rc
sqlite_find(struct sqlite_store *s, const struct sqlite_query *q,
    struct arena *a, void *row)
{
	bool there = false;
	enum rc rc = sqlite_bind(s, q->sql, q->value, q->n);

	if (rc == RC_OK)
		rc = sqlite_step(s, q->sql, &there);
	if (rc == RC_OK && !there)
		rc = RC_NOTFOUND;
	if (rc == RC_OK)
		rc = q->read(s->statement[q->sql], a, row);
	sqlite_done(s, q->sql);
	return rc;
}

static enum rc
add_row(struct sqlite_store *s, const struct sqlite_query *q, struct arena *a,
    struct sqlite_rows *rows)
{
	char *grown = sqlite_grown(a, rows->row, rows->n, q->size);

	if (grown == NULL)
		return RC_NOMEM;
	rows->row = grown;
	return q->read(s->statement[q->sql], a, grown + rows->n++ * q->size);
}

enum rc
sqlite_find_all(struct sqlite_store *s, const struct sqlite_query *q,
    struct arena *a, struct sqlite_rows *rows)
{
	bool more = false;
	enum rc rc = sqlite_bind(s, q->sql, q->value, q->n);

	*rows = (struct sqlite_rows){ NULL, 0 };
	if (rc == RC_OK)
		rc = sqlite_step(s, q->sql, &more);
	while (rc == RC_OK && more) {
		rc = add_row(s, q, a, rows);
		if (rc == RC_OK)
			rc = sqlite_step(s, q->sql, &more);
	}
	sqlite_done(s, q->sql);
	if (rc != RC_OK)
		*rows = (struct sqlite_rows){ NULL, 0 };
	return rc;
}

static bool
has_moved(struct sqlite_store *s)
{
	int moved = 0;

	if (sqlite3_file_control(
		s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK ||
	    moved == 0)
		return false;
	s->error = SQLITE_READONLY_DBMOVED;
	return true;
}

/* The connection, opened again if the last call had to drop it. */
static enum rc
ready(struct sqlite_store *s, const struct op *op)
{
	struct buf why = BUF_INIT(1024);
	enum rc rc;

	s->give_up = op->give_up_mono;
	if (s->db != NULL)
		return RC_OK;
	rc = sqlite_open(s, false, &why);
	log_event(s->options.log, rc == RC_OK ? LOG_WARNING : LOG_ERROR,
	    "store", "reopen=%s why=%.*s", rc_name(rc),
	    SLICE_FMT(buf_slice(&why)));
	buf_release(&why);
	/* A file that is gone is out of order, not an answer. */
	return rc == RC_NOTFOUND ? RC_IO : rc;
}

/* What a failed call leaves to be done. */
static enum rc
settle(struct sqlite_store *s, enum rc rc)
{
	if (s->disk_full)
		sqlite_ballast_drop(s);
	s->disk_full = false;
	if (rc == RC_IO) {
		log_event(s->options.log, LOG_ERROR, "store",
		    "error=%d file=%s", s->error, s->real);
		sqlite_drop(s);
	}
	return rc;
}

enum rc
sqlite_read_begin(struct sqlite_store *s, const struct op *op)
{
	enum rc rc = ready(s, op);
	int64_t now;

	if (rc != RC_OK)
		return rc;
	now = clock_mono_ms(s->options.clock);
	if (now - s->looked < LOOK_MS && now >= s->looked)
		return RC_OK;
	s->looked = now;
	return has_moved(s) ? settle(s, RC_IO) : RC_OK;
}

enum rc
sqlite_read_end(struct sqlite_store *s, enum rc rc)
{
	return settle(s, rc);
}

enum rc
sqlite_read_one(struct sqlite_store *s, const struct op *op,
    const struct sqlite_query *q, void *row)
{
	enum rc rc = sqlite_read_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_find(s, q, op->arena, row);
	return sqlite_read_end(s, rc);
}

enum rc
sqlite_read_all(struct sqlite_store *s, const struct op *op,
    const struct sqlite_query *q, struct sqlite_rows *rows)
{
	enum rc rc = sqlite_read_begin(s, op);

	*rows = (struct sqlite_rows){ NULL, 0 };
	if (rc != RC_OK)
		return rc;
	rc = sqlite_find_all(s, q, op->arena, rows);
	return sqlite_read_end(s, rc);
}

enum rc
sqlite_snapshot_begin(struct sqlite_store *s, const struct op *op)
{
	enum rc rc = sqlite_read_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = sqlite_run(s, SQL_BEGIN_READ, NULL, 0, NULL);
	return rc == RC_OK ? RC_OK : sqlite_read_end(s, rc);
}

enum rc
sqlite_snapshot_end(struct sqlite_store *s, enum rc rc)
{
	if (sqlite3_get_autocommit(s->db) == 0 &&
	    sqlite_run(s, SQL_ROLLBACK, NULL, 0, NULL) != RC_OK)
		rc = RC_IO;
	return sqlite_read_end(s, rc);
}

static enum rc
set_level(struct sqlite_store *s, bool relaxed)
{
	enum rc rc;

	/* Without a log of its own NORMAL may corrupt the file. */
	if (s->options.allow_network_fs || s->relaxed == relaxed)
		return RC_OK;
	/* This pragma works while it is compiled; it cannot be prepared. */
	rc = sqlite_exec(s,
	    relaxed ? "PRAGMA synchronous = NORMAL"
		    : "PRAGMA synchronous = FULL");
	if (rc == RC_OK)
		s->relaxed = relaxed;
	return rc;
}

enum rc
sqlite_write_begin(struct sqlite_store *s, const struct op *op)
{
	enum rc rc = ready(s, op);

	if (rc != RC_OK)
		return rc;
	rc = set_level(s, op->relaxed);
	if (rc == RC_OK)
		rc = sqlite_lock(s);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_BEGIN, NULL, 0, NULL);
	/* Asked with the lock in hand: the wait may have been long. */
	if (rc == RC_OK && has_moved(s))
		rc = RC_IO;
	return rc == RC_OK ? RC_OK : sqlite_write_end(s, rc);
}

enum rc
sqlite_write_end(struct sqlite_store *s, enum rc rc)
{
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_COMMIT, NULL, 0, NULL);
	/* Some errors have rolled back already. */
	if (rc != RC_OK && sqlite3_get_autocommit(s->db) == 0 &&
	    sqlite_run(s, SQL_ROLLBACK, NULL, 0, NULL) != RC_OK)
		rc = RC_IO;
	sqlite_unlock(s);
	return settle(s, rc);
}
