#include "remote_ops.h"
#include "text.h"

const struct remote_text remote_topic_texts[] = {
	{ REMOTE_TOPIC_RAISE, { "mcp_topic_raise", "bnbb", REMOTE_ONCE } },
	{ REMOTE_TOPIC_GET, { "mcp_topics_get", "b", REMOTE_READ } },
	{ REMOTE_TOPIC_FIND, { "mcp_topic_find", "n", REMOTE_READ } },
	{ REMOTE_WANT_PUT, { "mcp_want_put", "nnbnn", REMOTE_REPEATABLE } },
	{ REMOTE_WANT_DROP, { "mcp_want_drop", "nb", REMOTE_REPEATABLE } },
	{ REMOTE_WANTS_BEHIND, { "mcp_wants_behind", "n", REMOTE_READ } },
	/* Whom it has told it does not tell again. */
	{ REMOTE_TOPIC_DELIVER,
	    { "mcp_topic_deliver", "nbnbnbnnn", REMOTE_REPEATABLE } },
	{ REMOTE_ROUTINES, { NULL, NULL, REMOTE_READ } },
};

enum rc
remote_topic_raise(struct store *base, const struct op *op,
    const struct topic_raise *raise, int64_t *version, bool *raised)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_SLICE(raise->name),
		REMOTE_BYTES(
		    raise->digest, raise->digest == NULL ? 0 : DIGEST_BYTES) };
	struct remote_rows rows;
	bool is_recalled; /* with the same columns */
	enum rc rc = remote_run((struct remote_store *)base, op,
	    REMOTE_TOPIC_RAISE, v, 3, &rows, &is_recalled);

	if (rc == RC_OK)
		rc = remote_outcome(&rows);
	if (rc != RC_OK)
		return rc;
	*version = remote_number(&rows, 0, 1);
	*raised = remote_number(&rows, 0, 2) != 0;
	return RC_OK;
}

/* A JSON array of names in hexadecimal digits. */
static enum rc
put_names(struct buf *out, const struct slice *names, size_t n)
{
	buf_put_char(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (names[i].len > TOPIC_NAME_MAX)
			return RC_BUG;
		buf_put_slice(out, i == 0 ? SLICE("\"") : SLICE(",\""));
		text_put_hex(out, names[i].ptr, names[i].len);
		buf_put_char(out, '"');
	}
	buf_put_char(out, ']');
	return buf_finish(out);
}

static struct buf
names_buf(size_t n)
{
	return BUF_INIT(2 + n * (2 * (size_t)TOPIC_NAME_MAX + 3));
}

enum rc
remote_topics_get(struct store *base, const struct op *op,
    const struct slice *names, size_t n, struct topic_row *row)
{
	struct buf list = names_buf(n);
	struct remote_rows rows;
	enum rc rc = put_names(&list, names, n);
	const struct remote_value v[] = { REMOTE_SLICE(buf_slice(&list)) };

	if (rc == RC_OK)
		rc = remote_rows((struct remote_store *)base, op,
		    REMOTE_TOPIC_GET, v, 1, &rows);
	buf_release(&list);
	if (rc == RC_OK && rows.n != n)
		rc = RC_BUG;
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		row[i] = (struct topic_row){ remote_number(&rows, i, 0),
			names[i], remote_number(&rows, i, 1) };
	}
	return rc;
}

static struct topic_row
read_row(const struct remote_rows *rows, size_t i)
{
	return (struct topic_row){ .id = remote_number(rows, i, 0),
		.version = remote_number(rows, i, 1),
		.name = remote_slice(rows, i, 2) };
}

enum rc
remote_topic_find(
    struct store *base, const struct op *op, int64_t id, struct topic_row *row)
{
	const struct remote_value v[] = { REMOTE_NUMBER(id) };
	struct remote_rows rows;
	enum rc rc = remote_rows(
	    (struct remote_store *)base, op, REMOTE_TOPIC_FIND, v, 1, &rows);

	if (rc == RC_OK && rows.n == 0)
		rc = RC_NOTFOUND;
	if (rc == RC_OK)
		*row = read_row(&rows, 0);
	return rc;
}

/* As many arguments as the interface has. */
enum rc /* NOLINTNEXTLINE(readability-function-size) */
remote_want_put(struct store *base, const struct op *op, int64_t session,
    const struct slice *names, size_t n, int64_t seen, int64_t max)
{
	struct buf list = names_buf(n);
	struct remote_rows rows;
	enum rc rc = put_names(&list, names, n);
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(session), REMOTE_SLICE(buf_slice(&list)),
		REMOTE_NUMBER(seen), REMOTE_NUMBER(max) };

	if (rc == RC_OK)
		rc = remote_rows((struct remote_store *)base, op,
		    REMOTE_WANT_PUT, v, 5, &rows);
	buf_release(&list);
	return rc == RC_OK ? remote_outcome(&rows) : rc;
}

enum rc
remote_want_drop(
    struct store *base, const struct op *op, int64_t session, struct slice name)
{
	const struct remote_value v[] = { REMOTE_NUMBER(session),
		REMOTE_SLICE(name) };
	struct remote_rows rows;
	enum rc rc = remote_rows(
	    (struct remote_store *)base, op, REMOTE_WANT_DROP, v, 2, &rows);

	return rc == RC_OK ? remote_outcome(&rows) : rc;
}

enum rc
remote_wants_behind(struct store *base, const struct op *op, int64_t session,
    struct topic_rows *out)
{
	const struct remote_value v[] = { REMOTE_NUMBER(session) };
	struct remote_rows rows;
	enum rc rc = remote_rows(
	    (struct remote_store *)base, op, REMOTE_WANTS_BEHIND, v, 1, &rows);

	*out = (struct topic_rows){ NULL, 0 };
	if (rc != RC_OK || rows.n == 0)
		return rc;
	out->row = arena_alloc(op->arena, rows.n * sizeof(*out->row));
	if (out->row == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < rows.n; i++)
		out->row[i] = read_row(&rows, i);
	out->n = rows.n;
	return RC_OK;
}

enum rc
remote_topic_deliver(struct store *base, const struct op *op,
    const struct topic_deliver *d, const struct stream_caps *caps,
    struct topic_delivered *out)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_SLICE(d->name), REMOTE_NUMBER(d->version),
		REMOTE_SLICE(d->owner), REMOTE_NUMBER(d->session),
		REMOTE_SLICE(d->data),
		REMOTE_NUMBER(
		    d->limit > INT32_MAX ? INT32_MAX : (int64_t)d->limit),
		REMOTE_NUMBER(caps == NULL ? 0 : caps->events),
		REMOTE_NUMBER(caps == NULL ? 0 : caps->bytes) };
	struct remote_rows rows;
	enum rc rc = remote_rows(
	    (struct remote_store *)base, op, REMOTE_TOPIC_DELIVER, v, 9, &rows);

	*out = (struct topic_delivered){ 0 };
	if (rc == RC_OK)
		rc = remote_outcome(&rows);
	if (rc != RC_OK)
		return rc;
	out->sessions = remote_number(&rows, 0, 1);
	out->more = remote_number(&rows, 0, 2) != 0;
	return RC_OK;
}
