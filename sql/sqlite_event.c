
#include "sqlite_private.h"

/* The columns of an event in SQL_STREAM_READ. */
enum column { COLUMN_SEQ = SQLITE_STREAM_COLUMN_COUNT, COLUMN_DATA };

const struct sqlite_text sqlite_event_texts[] = {
	{ SQL_FENCE,
	    "SELECT 1 FROM call WHERE number = ?1 AND epoch = ?2"
	    " AND state = 1" },
	{ SQL_EVENT_KEY,
	    "SELECT e.seq, s.reader FROM event e"
	    " JOIN stream s ON s.number = e.stream"
	    " WHERE e.stream = ?1 AND e.key = ?2 AND s.session = ?3" },
	{ SQL_EVENT_HEAD,
	    "UPDATE stream SET head = head + 1,"
	    " bytes = bytes + ?3, changed = ?4"
	    " WHERE number = ?1 AND session = ?2 AND is_open = 1"
	    " RETURNING head, reader, kind, head - purged, bytes" },
	{ SQL_EVENT_ADD,
	    "INSERT INTO event(session, stream, seq, at, key,"
	    " data) VALUES(?1, ?2, ?3, ?4, ?5, ?6)" },
	{ SQL_EVENT_OLDEST,
	    "SELECT seq, length(data) FROM event"
	    " WHERE stream = ?1 ORDER BY seq" },
	{ SQL_EVENT_BYTES,
	    "SELECT coalesce(sum(length(data)), 0) FROM event"
	    " WHERE stream = ?1 AND seq <= ?2" },
	{ SQL_EVENT_PURGE,
	    "DELETE FROM event"
	    " WHERE stream = ?1 AND seq <= ?2" },
	{ SQL_STREAM_PURGED,
	    "UPDATE stream SET purged = max(purged, ?2),"
	    " sent = max(sent, ?2), bytes = bytes - ?3 WHERE number = ?1" },
	/* One row at least if the stream is there.  In one statement, so that
	 * all of it is of one moment. */
	{ SQL_STREAM_READ,
	    "SELECT " SQLITE_STREAM_COLUMNS ", e.seq, e.data"
	    " FROM stream s LEFT JOIN event e ON e.stream = s.number"
	    " AND e.seq > ?2 AND s.purged <= ?2"
	    " WHERE s.number = ?1 ORDER BY e.seq LIMIT ?3" },
	{ SQL_STATEMENTS, NULL },
};

enum rc
sqlite_fence(struct sqlite_store *s, int64_t call, int64_t epoch)
{
	const struct sqlite_value v[] = { SQL_NUMBER(call), SQL_NUMBER(epoch) };
	int64_t yes = 0;
	enum rc rc = sqlite_number(s, SQL_FENCE, v, 2, &yes);

	return rc == RC_NOTFOUND ? RC_CONFLICT : rc;
}

enum rc
sqlite_event_purge(struct sqlite_store *s, int64_t stream, int64_t up_to)
{
	struct sqlite_value v[] = { SQL_NUMBER(stream), SQL_NUMBER(up_to),
		SQL_NUMBER(0) };
	int64_t bytes = 0;
	enum rc rc = sqlite_number(s, SQL_EVENT_BYTES, v, 2, &bytes);

	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_EVENT_PURGE, v, 2, NULL);
	v[2] = SQL_NUMBER(bytes);
	if (rc == RC_OK)
		rc = sqlite_run(s, SQL_STREAM_PURGED, v, 3, NULL);
	return rc;
}

/* What one append leaves of a stream. */
struct fill {
	enum stream_kind kind;
	int64_t events;
	int64_t bytes;
};

static bool
is_over(const struct fill *fill, const struct stream_caps *caps)
{
	return caps != NULL &&
	    ((caps->events > 0 && fill->events > caps->events) ||
		(caps->bytes > 0 && fill->bytes > caps->bytes));
}

/* Drop the oldest events until the caps are met; never the newest. */
static enum rc
trim(struct sqlite_store *s, int64_t stream, struct fill fill,
    const struct stream_caps *caps)
{
	const struct sqlite_value v[] = { SQL_NUMBER(stream) };
	int64_t up_to = 0;
	bool more = true;
	enum rc rc = sqlite_bind(s, SQL_EVENT_OLDEST, v, 1);

	while (rc == RC_OK && fill.events > 1 && is_over(&fill, caps)) {
		rc = sqlite_step(s, SQL_EVENT_OLDEST, &more);
		if (rc == RC_OK && !more)
			rc = RC_BUG;
		if (rc != RC_OK)
			break;
		up_to = sqlite3_column_int64(s->statement[SQL_EVENT_OLDEST], 0);
		fill.bytes -=
		    sqlite3_column_int64(s->statement[SQL_EVENT_OLDEST], 1);
		fill.events--;
	}
	sqlite_done(s, SQL_EVENT_OLDEST);
	if (rc != RC_OK || up_to == 0)
		return rc;
	return sqlite_event_purge(s, stream, up_to);
}

/* Raise the stream's counter. */
static enum rc
raise_head(struct sqlite_store *s, const struct op *op,
    const struct event_append *a, struct appended *out, struct fill *fill)
{
	const struct sqlite_value v[] = { SQL_NUMBER(a->stream),
		SQL_NUMBER(a->session), SQL_NUMBER((int64_t)a->data.len),
		SQL_NUMBER(op->now_ms) };
	sqlite3_stmt *st;
	bool there = false;
	enum rc rc = sqlite_bind(s, SQL_EVENT_HEAD, v, 4);

	if (rc == RC_OK)
		rc = sqlite_step(s, SQL_EVENT_HEAD, &there);
	if (rc == RC_OK && !there)
		rc = RC_NOTFOUND;
	st = s->statement[SQL_EVENT_HEAD];
	if (rc == RC_OK) {
		out->seq = sqlite3_column_int64(st, 0);
		out->reader = sqlite3_column_int64(st, 1);
		fill->kind = (enum stream_kind)sqlite3_column_int(st, 2);
		fill->events = sqlite3_column_int64(st, 3);
		fill->bytes = sqlite3_column_int64(st, 4);
	}
	sqlite_done(s, SQL_EVENT_HEAD);
	return rc;
}

static enum rc
insert(struct sqlite_store *s, const struct op *op,
    const struct event_append *a, int64_t seq)
{
	const struct sqlite_value v[] = { SQL_NUMBER(a->session),
		SQL_NUMBER(a->stream), SQL_NUMBER(seq), SQL_NUMBER(op->now_ms),
		a->key == 0 ? SQL_SLICE(SLICE_NONE) : SQL_NUMBER(a->key),
		SQL_BYTES(a->data.len == 0 ? "" : a->data.ptr, a->data.len) };

	return sqlite_run(s, SQL_EVENT_ADD, v, 6, NULL);
}

enum rc
sqlite_event_add(struct sqlite_store *s, const struct op *op,
    const struct event_append *a, const struct stream_caps *caps,
    struct appended *out)
{
	struct fill fill = { STREAM_CALL, 0, 0 };
	enum rc rc = raise_head(s, op, a, out, &fill);

	if (rc != RC_OK)
		return rc;
	if (fill.kind == STREAM_CALL && is_over(&fill, caps))
		return RC_FULL;
	rc = insert(s, op, a, out->seq);
	if (rc == RC_OK && is_over(&fill, caps))
		rc = trim(s, a->stream, fill, caps);
	return rc;
}

/* Was it appended before?  RC_NOTFOUND: no. */
static enum rc
find_key(
    struct sqlite_store *s, const struct event_append *a, struct appended *out)
{
	const struct sqlite_value v[] = { SQL_NUMBER(a->stream),
		SQL_NUMBER(a->key), SQL_NUMBER(a->session) };
	bool there = false;
	enum rc rc;

	if (a->key == 0)
		return RC_NOTFOUND;
	rc = sqlite_bind(s, SQL_EVENT_KEY, v, 3);
	if (rc == RC_OK)
		rc = sqlite_step(s, SQL_EVENT_KEY, &there);
	if (rc == RC_OK && !there)
		rc = RC_NOTFOUND;
	if (rc == RC_OK) {
		sqlite3_stmt *st = s->statement[SQL_EVENT_KEY];

		out->seq = sqlite3_column_int64(st, 0);
		out->reader = sqlite3_column_int64(st, 1);
	}
	sqlite_done(s, SQL_EVENT_KEY);
	return rc;
}

enum rc
sqlite_event_append(struct store *base, const struct op *op,
    const struct event_append *a, const struct stream_caps *caps,
    struct appended *out)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	enum rc rc = sqlite_write_begin(s, op);

	if (rc != RC_OK)
		return rc;
	if (a->call != 0)
		rc = sqlite_fence(s, a->call, a->epoch);
	if (rc == RC_OK) {
		rc = find_key(s, a, out);
		if (rc == RC_NOTFOUND && !sqlite_has_room(s))
			rc = RC_FULL;
		if (rc == RC_NOTFOUND)
			rc = sqlite_event_add(s, op, a, caps, out);
	}
	return sqlite_write_end(s, rc);
}

static enum rc
add_event(sqlite3_stmt *st, struct arena *a, struct event_rows *events)
{
	struct event_row *row =
	    sqlite_grown(a, events->row, events->n, sizeof(*row));

	if (row == NULL)
		return RC_NOMEM;
	events->row = row;
	row = &events->row[events->n++];
	row->seq = sqlite3_column_int64(st, COLUMN_SEQ);
	return sqlite_column(st, COLUMN_DATA, a, &row->data);
}

/* All rows of SQL_STREAM_READ, as far as they are wanted. */
static enum rc
read_all(struct sqlite_store *s, struct arena *a, size_t bytes,
    struct stream_row *row, struct event_rows *events)
{
	sqlite3_stmt *st = s->statement[SQL_STREAM_READ];
	size_t used = 0;
	bool more = false;
	enum rc rc = sqlite_step(s, SQL_STREAM_READ, &more);

	if (rc == RC_OK && !more)
		return RC_NOTFOUND;
	if (rc == RC_OK)
		rc = sqlite_stream_row(st, a, row);
	while (rc == RC_OK && more &&
	    sqlite3_column_type(st, COLUMN_SEQ) != SQLITE_NULL) {
		size_t n = (size_t)sqlite3_column_bytes(st, COLUMN_DATA);

		if (events->n > 0 && n > bytes - used)
			break;
		used = n > bytes - used ? bytes : used + n;
		rc = add_event(st, a, events);
		if (rc == RC_OK)
			rc = sqlite_step(s, SQL_STREAM_READ, &more);
	}
	return rc;
}

/* As many arguments as the interface has. */
enum rc /* NOLINTNEXTLINE(readability-function-size) */
sqlite_stream_read(struct store *base, const struct op *op, int64_t stream,
    int64_t after, const struct event_limits *limits, struct stream_row *row,
    struct event_rows *events)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const size_t most = limits->events == 0 ? 1 : limits->events;
	const struct sqlite_value v[] = { SQL_NUMBER(stream), SQL_NUMBER(after),
		SQL_NUMBER(most > INT64_MAX ? -1 : (int64_t)most) };
	enum rc rc = sqlite_read_begin(s, op);

	*events = (struct event_rows){ NULL, 0 };
	if (rc != RC_OK)
		return rc;
	rc = sqlite_bind(s, SQL_STREAM_READ, v, 3);
	if (rc == RC_OK)
		rc = read_all(s, op->arena, limits->bytes, row, events);
	sqlite_done(s, SQL_STREAM_READ);
	return sqlite_read_end(s, rc);
}
