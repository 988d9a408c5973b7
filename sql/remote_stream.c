#include "remote_ops.h"

/* The most one read may bring, whatever its limits. */
#define EVENTS_MAX 100000
/* A place in a list of numbers, with its brackets. */
#define PLACE_BYTES 80

const struct remote_text remote_stream_texts[] = {
	{ REMOTE_STREAM_OPEN, { "mcp_stream_open", "bnnnb", REMOTE_ONCE } },
	{ REMOTE_STREAM_ATTACH,
	    { "mcp_stream_attach", "nnnnnb", REMOTE_REPEATABLE } },
	{ REMOTE_STREAM_DETACH,
	    { "mcp_stream_detach", "nnnn", REMOTE_REPEATABLE } },
	{ REMOTE_STREAM_FIND, { "mcp_stream_find", "nn", REMOTE_READ } },
	{ REMOTE_STREAM_READ, { "mcp_stream_read", "nnnn", REMOTE_READ } },
	{ REMOTE_STREAMS_SENT,
	    { "mcp_streams_sent", "nb", REMOTE_REPEATABLE } },
	{ REMOTE_EVENT_APPEND,
	    { "mcp_event_append", "nnnnnnbnn", REMOTE_REPEATABLE } },
	{ REMOTE_EVENT_APPEND_ONCE,
	    { "mcp_event_append_once", "bnnnnnbnn", REMOTE_ONCE } },
	{ REMOTE_ROUTINES, { NULL, NULL, REMOTE_READ } },
};

/* The columns of a stream, from one on; behind them those of an event. */
enum column {
	COLUMN_NUMBER,
	COLUMN_SESSION,
	COLUMN_KIND,
	COLUMN_INCARNATION,
	COLUMN_HEAD,
	COLUMN_PURGED,
	COLUMN_SENT,
	COLUMN_READER,
	COLUMN_IS_OPEN,
	COLUMN_CREATED,
	COLUMN_CHANGED,
	COLUMN_OWNER,
	COLUMN_SEQ,
	COLUMN_DATA
};

static struct stream_row
read_row(const struct remote_rows *r, size_t from)
{
	return (struct stream_row){
		.number = remote_number(r, 0, from + COLUMN_NUMBER),
		.session = remote_number(r, 0, from + COLUMN_SESSION),
		.kind =
		    (enum stream_kind)remote_number(r, 0, from + COLUMN_KIND),
		.incarnation =
		    (uint32_t)remote_number(r, 0, from + COLUMN_INCARNATION),
		.head = remote_number(r, 0, from + COLUMN_HEAD),
		.purged = remote_number(r, 0, from + COLUMN_PURGED),
		.sent = remote_number(r, 0, from + COLUMN_SENT),
		.reader = remote_number(r, 0, from + COLUMN_READER),
		.owner = remote_slice(r, 0, from + COLUMN_OWNER),
		.is_open = remote_number(r, 0, from + COLUMN_IS_OPEN) != 0,
		.created = remote_number(r, 0, from + COLUMN_CREATED),
		.changed = remote_number(r, 0, from + COLUMN_CHANGED),
	};
}

/* ------------------------------------------------------------- streams */

enum rc
remote_stream_open(struct store *base, const struct op *op,
    const struct stream_open *open, struct stream_row *row)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(open->session), REMOTE_NUMBER(open->kind),
		REMOTE_SLICE(open->owner) };
	struct remote_rows rows;
	bool is_recalled; /* with the same columns */
	enum rc rc = remote_run((struct remote_store *)base, op,
	    REMOTE_STREAM_OPEN, v, 4, &rows, &is_recalled);

	if (rc == RC_OK)
		rc = remote_outcome(&rows);
	if (rc != RC_OK)
		return rc;
	*row = (struct stream_row){
		.number = remote_number(&rows, 0, 1),
		.session = open->session,
		.kind = open->kind,
		.incarnation = (uint32_t)remote_number(&rows, 0, 2),
		.reader = 1,
		.is_open = true,
		.created = op->now_ms,
		.changed = op->now_ms,
	};
	return arena_copy(op->arena, open->owner, &row->owner);
}

enum rc
remote_stream_attach(struct store *base, const struct op *op,
    const struct stream_attach *a, struct stream_row *row)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(a->session), REMOTE_NUMBER(a->stream),
		REMOTE_NUMBER(a->after), REMOTE_NUMBER(a->incarnation),
		REMOTE_SLICE(a->owner) };
	struct remote_rows rows;
	enum rc rc = remote_rows(
	    (struct remote_store *)base, op, REMOTE_STREAM_ATTACH, v, 6, &rows);

	if (rc == RC_OK)
		rc = remote_outcome(&rows);
	if (rc == RC_OK)
		*row = read_row(&rows, 1);
	return rc;
}

enum rc
remote_stream_detach(
    struct store *base, const struct op *op, const struct stream_sent *sent)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(sent->stream), REMOTE_NUMBER(sent->reader),
		REMOTE_NUMBER(sent->sent) };
	struct remote_rows rows;
	enum rc rc = remote_rows(
	    (struct remote_store *)base, op, REMOTE_STREAM_DETACH, v, 4, &rows);

	return rc == RC_OK ? remote_outcome(&rows) : rc;
}

enum rc
remote_stream_find(struct store *base, const struct op *op, int64_t session,
    enum stream_kind kind, struct stream_row *row)
{
	const struct remote_value v[] = { REMOTE_NUMBER(session),
		REMOTE_NUMBER(kind) };
	struct remote_rows rows;
	enum rc rc = remote_rows(
	    (struct remote_store *)base, op, REMOTE_STREAM_FIND, v, 2, &rows);

	if (rc == RC_OK && rows.n == 0)
		rc = RC_NOTFOUND;
	if (rc == RC_OK)
		*row = read_row(&rows, 0);
	return rc;
}

enum rc
remote_streams_sent(struct store *base, const struct op *op,
    const struct stream_sent *sent, size_t n)
{
	struct buf list = BUF_INIT(n * PLACE_BYTES + 2);
	struct remote_value v[] = { REMOTE_NUMBER(op->relaxed ? 1 : 0),
		REMOTE_SLICE(SLICE_NONE) };
	struct remote_rows rows;
	enum rc rc;

	if (n == 0)
		return RC_OK;
	for (size_t i = 0; i < n; i++) {
		buf_printf(&list, "%c[%lld,%lld,%lld]", i == 0 ? '[' : ',',
		    (long long)sent[i].stream, (long long)sent[i].reader,
		    (long long)sent[i].sent);
	}
	buf_put_char(&list, ']');
	rc = buf_finish(&list);
	v[1] = REMOTE_SLICE(buf_slice(&list));
	if (rc == RC_OK)
		rc = remote_rows((struct remote_store *)base, op,
		    REMOTE_STREAMS_SENT, v, 2, &rows);
	if (rc == RC_OK)
		rc = remote_outcome(&rows);
	buf_release(&list);
	return rc;
}

/* -------------------------------------------------------------- events */

/* Between 1 and the most there is. */
static int64_t
within(size_t n, int64_t most)
{
	if (n == 0)
		return 1;
	return n > (size_t)most ? most : (int64_t)n;
}

/* They nearly always come in their order, which is not promised. */
static void
sort(struct event_row *row, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const struct event_row one = row[i];
		size_t at = i;

		for (; at > 0 && row[at - 1].seq > one.seq; at--)
			row[at] = row[at - 1];
		row[at] = one;
	}
}

static enum rc
read_events(
    const struct remote_rows *rows, struct arena *a, struct event_rows *events)
{
	struct event_row *row;

	/* The row of a stream with nothing behind has no event. */
	if (remote_number(rows, 0, COLUMN_SEQ) == 0)
		return RC_OK;
	row = arena_alloc(a, rows->n * sizeof(*row));
	if (row == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < rows->n; i++) {
		row[i] = (struct event_row){ remote_number(rows, i, COLUMN_SEQ),
			remote_slice(rows, i, COLUMN_DATA) };
	}
	sort(row, rows->n);
	*events = (struct event_rows){ row, rows->n };
	return RC_OK;
}

/* As many arguments as the interface has. */
enum rc /* NOLINTNEXTLINE(readability-function-size) */
remote_stream_read(struct store *base, const struct op *op, int64_t stream,
    int64_t after, const struct event_limits *limits, struct stream_row *row,
    struct event_rows *events)
{
	const int64_t last = INT64_MAX - EVENTS_MAX;
	const struct remote_value v[] = { REMOTE_NUMBER(stream),
		REMOTE_NUMBER(after > last ? last : after),
		REMOTE_NUMBER(within(limits->events, EVENTS_MAX)),
		REMOTE_NUMBER(within(limits->bytes, INT64_MAX)) };
	struct remote_rows rows;
	enum rc rc = remote_rows(
	    (struct remote_store *)base, op, REMOTE_STREAM_READ, v, 4, &rows);

	*events = (struct event_rows){ NULL, 0 };
	if (rc == RC_OK && rows.n == 0)
		rc = RC_NOTFOUND;
	if (rc != RC_OK)
		return rc;
	*row = read_row(&rows, 0);
	return read_events(&rows, op->arena, events);
}

enum rc
remote_event_append(struct store *base, const struct op *op,
    const struct event_append *a, const struct stream_caps *caps,
    struct appended *out)
{
	const bool has_key = a->key != 0;
	const struct slice data = a->data.len == 0 ? SLICE("") : a->data;
	struct remote_value v[9];
	struct remote_rows rows;
	bool is_recalled; /* with the same columns */
	size_t n = 0;
	enum rc rc;

	v[n++] = REMOTE_NUMBER(op->now_ms);
	v[n++] = REMOTE_NUMBER(a->session);
	v[n++] = REMOTE_NUMBER(a->stream);
	if (has_key)
		v[n++] = REMOTE_NUMBER(a->key);
	v[n++] = REMOTE_NUMBER(a->call);
	v[n++] = REMOTE_NUMBER(a->epoch);
	v[n++] = REMOTE_SLICE(data);
	v[n++] = REMOTE_NUMBER(caps == NULL ? 0 : caps->events);
	v[n++] = REMOTE_NUMBER(caps == NULL ? 0 : caps->bytes);
	rc = remote_run((struct remote_store *)base, op,
	    has_key ? REMOTE_EVENT_APPEND : REMOTE_EVENT_APPEND_ONCE, v, n,
	    &rows, &is_recalled);
	if (rc == RC_OK)
		rc = remote_outcome(&rows);
	if (rc == RC_OK)
		*out = (struct appended){ remote_number(&rows, 0, 1),
			remote_number(&rows, 0, 2) };
	return rc;
}
