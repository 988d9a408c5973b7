#include <string.h>

#include "postgresql_engine.h"

/* pg_type.h, stable since there is a protocol 3. */
enum type {
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_TEXT = 25,
	TYPE_VOID = 2278
};

/* Most significant byte first, of so many bytes, with a sign. */
static int64_t
number_of(const char *bytes, int n)
{
	const unsigned char *b = (const unsigned char *)bytes;
	uint64_t bits = n > 0 && (b[0] & 0x80) != 0 && n > 1 ? UINT64_MAX : 0;

	for (int i = 0; i < n; i++)
		bits = bits << 8 | b[i];
	return (int64_t)bits;
}

static enum remote_result
copy_cell(const PGresult *answer, int row, int column, struct arena *arena,
    struct remote_value *out)
{
	const char *bytes = PQgetvalue(answer, row, column);
	const int n = PQgetlength(answer, row, column);

	*out = REMOTE_SLICE(SLICE_NONE);
	if (PQgetisnull(answer, row, column) != 0)
		return REMOTE_DONE;
	switch (PQftype(answer, column)) {
	case TYPE_BOOL:
	case TYPE_INT2:
	case TYPE_INT4:
	case TYPE_INT8:
		*out = REMOTE_NUMBER(number_of(bytes, n));
		return REMOTE_DONE;
	case TYPE_BYTEA:
	case TYPE_TEXT:
		return arena_copy(arena, (struct slice){ bytes, (size_t)n },
			   &out->bytes) == RC_OK
		    ? REMOTE_DONE
		    : REMOTE_NOMEMORY;
	case TYPE_VOID:
		return REMOTE_DONE;
	default:
		return REMOTE_FAILED;
	}
}

enum remote_result
postgresql_rows(const PGresult *answer, struct arena *arena,
    struct remote_rows *rows, struct buf *why)
{
	const int n = PQntuples(answer);
	const int columns = PQnfields(answer);
	struct remote_value *cell;

	*rows = (struct remote_rows){ NULL, 0, (size_t)columns };
	if (n == 0 || columns == 0)
		return REMOTE_DONE;
	cell = arena_alloc(arena, (size_t)n * (size_t)columns * sizeof(*cell));
	if (cell == NULL)
		return REMOTE_NOMEMORY;
	rows->cell = cell;
	for (int row = 0; row < n; row++) {
		for (int column = 0; column < columns; column++) {
			enum remote_result result =
			    copy_cell(answer, row, column, arena, cell++);

			if (result == REMOTE_FAILED) {
				buf_printf(why, "column %s has type %u",
				    PQfname(answer, column),
				    PQftype(answer, column));
			}
			if (result != REMOTE_DONE)
				return result;
		}
	}
	rows->n = (size_t)n;
	return REMOTE_DONE;
}

/* By the beginning of its code; the first that fits. */
static const struct {
	const char *code;
	enum remote_result result;
} meanings[] = {
	/* Deadlock, serialization; but for "completion unknown". */
	{ "40003", REMOTE_UNKNOWN },
	{ "40", REMOTE_AGAIN },
	{ "55P03", REMOTE_AGAIN }, /* lock_timeout */
	{ "57014", REMOTE_AGAIN }, /* statement_timeout */
	{ "53200", REMOTE_AGAIN }, /* its memory */
	{ "53100", REMOTE_NOSPACE },
	{ "53300", REMOTE_LOST },
	/* It has become a standby: the next connection finds another one. */
	{ "25006", REMOTE_LOST },
	/* What was prepared is gone, or not what it was. */
	{ "26000", REMOTE_LOST },
	{ "0A000", REMOTE_LOST },
	{ "25", REMOTE_LOST },
	/* It is being stopped.  Nothing says at what moment. */
	{ "57P", REMOTE_UNKNOWN },
	{ "08", REMOTE_UNKNOWN },
};

static bool
is_mark_there(const PGresult *error, const char *code)
{
	const char *constraint =
	    PQresultErrorField(error, PG_DIAG_CONSTRAINT_NAME);

	return strcmp(code, "23505") == 0 && constraint != NULL &&
	    strcmp(constraint, "mcp_done_pkey") == 0;
}

enum remote_result
postgresql_error(const PGconn *conn, const PGresult *error, struct buf *why)
{
	const char *code = PQresultErrorField(error, PG_DIAG_SQLSTATE);

	postgresql_put_message(why, PQresultErrorMessage(error));
	/* libpq's own: the connection, or its memory. */
	if (code == NULL || code[0] == '\0')
		return REMOTE_UNKNOWN;
	if (is_mark_there(error, code))
		return REMOTE_DOUBLE;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		const struct slice start = slice_of(meanings[i].code);

		if (slice_starts(slice_of(code), start))
			return meanings[i].result;
	}
	return PQstatus(conn) == CONNECTION_OK ? REMOTE_FAILED : REMOTE_UNKNOWN;
}
