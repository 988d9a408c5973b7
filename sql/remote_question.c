#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "remote_call.h"
#include "remote_ops.h"

const struct remote_text remote_question_texts[] = {
	{ REMOTE_QUESTION_PUT,
	    { "mcp_question_put", "bnnnnnnbnb", REMOTE_ONCE } },
	{ REMOTE_QUESTION_ANSWER,
	    { "mcp_question_answer", "bnnbnbbn", REMOTE_ONCE } },
	{ REMOTE_QUESTIONS, { "mcp_questions", "n", REMOTE_READ } },
	{ REMOTE_QUESTIONS_CLOSE,
	    { "mcp_questions_close", "nnn", REMOTE_REPEATABLE } },
	{ REMOTE_QUESTION_SEND,
	    { "mcp_question_send", "bnnbnbnb", REMOTE_ONCE } },
	{ REMOTE_QUESTIONS_RETURN,
	    { "mcp_questions_return", "nn", REMOTE_REPEATABLE } },
	{ REMOTE_ROUTINES, { NULL, NULL, REMOTE_READ } },
};

/* The columns of mcp_question_row, in their order. */
enum column {
	COLUMN_RPC_ID,
	COLUMN_KEY,
	COLUMN_METHOD,
	COLUMN_PARAMS,
	COLUMN_CALL,
	COLUMN_SESSION,
	COLUMN_STREAM,
	COLUMN_STATE,
	COLUMN_IS_ERROR,
	COLUMN_ANSWER,
	COLUMN_DEADLINE
};

/* More than any list may have, and less than ten digits can tell. */
#define LIST_MAX ((size_t)1 << 30)

/* One field of a list, as mcp_unpack() reads it: ten digits that say its
 * length, then its bytes; or ten hyphens for none. */
static void
pack(struct buf *b, struct slice field)
{
	if (field.ptr == NULL) {
		buf_put(b, "----------", 10);
		return;
	}
	buf_printf(b, "%010zu", field.len);
	buf_put(b, field.ptr, field.len);
}

static void
pack_number(struct buf *b, int64_t number)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%" PRId64, number);
	pack(b, slice_of(digits));
}

static void
pack_questions(struct buf *b, const struct question_row *q, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		pack_number(b, q[i].stream);
		pack(b, q[i].rpc_id);
		pack(b, q[i].key);
		pack(b, q[i].method);
		pack(b, q[i].params);
		pack_number(b, q[i].deadline);
		pack(b, q[i].data);
	}
}

static int
by_number(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return (*x > *y) - (*x < *y);
}

/* The streams they name, each once and ascending, which is how rows are
 * locked. */
static enum rc
pack_streams(struct buf *b, const struct question_row *q, size_t n,
    struct arena *a, int64_t *count)
{
	int64_t *number = arena_alloc(a, n * sizeof(*number));

	*count = 0;
	if (number == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < n; i++)
		number[i] = q[i].stream;
	qsort(number, n, sizeof(*number), by_number);
	for (size_t i = 0; i < n; i++) {
		if (number[i] == 0 || (i > 0 && number[i] == number[i - 1]))
			continue;
		pack_number(b, number[i]);
		(*count)++;
	}
	return RC_OK;
}

static bool
are_of_one_call(const struct question_row *q, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (q[i].call != q[0].call || q[i].session != q[0].session)
			return false;
	}
	return true;
}

/* As store.h has it. */
enum rc /* NOLINTNEXTLINE(readability-function-size) */
remote_question_put(struct store *base, const struct op *op,
    const struct question_row *q, size_t n, int64_t epoch,
    const struct call_limits *limits, struct appended *out)
{
	struct buf questions = BUF_INIT(LIST_MAX);
	struct buf streams = BUF_INIT(LIST_MAX);
	int64_t count = 0;
	enum rc rc;

	*out = (struct appended){ 0, 0 };
	if (n == 0)
		return RC_OK;
	if (!are_of_one_call(q, n))
		return RC_BUG;
	pack_questions(&questions, q, n);
	rc = pack_streams(&streams, q, n, op->arena, &count);
	if (rc == RC_OK)
		rc = buf_finish(&questions);
	if (rc == RC_OK)
		rc = buf_finish(&streams);
	if (rc == RC_OK) {
		const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
			REMOTE_NUMBER(q[0].session), REMOTE_NUMBER(q[0].call),
			REMOTE_NUMBER(epoch), REMOTE_NUMBER(limits->waiting),
			REMOTE_NUMBER((int64_t)n),
			REMOTE_SLICE(buf_slice(&questions)),
			REMOTE_NUMBER(count),
			REMOTE_SLICE(buf_slice(&streams)) };

		rc = remote_appended(base, op, REMOTE_QUESTION_PUT, v,
		    sizeof(v) / sizeof(v[0]), out);
	}
	buf_release(&streams);
	buf_release(&questions);
	return rc;
}

enum rc
remote_question_answer(struct store *base, const struct op *op,
    const struct question_name *name, struct slice answer, bool is_error)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(name->session), REMOTE_SLICE(name->rpc_id),
		REMOTE_NUMBER(name->call), REMOTE_SLICE(name->key),
		REMOTE_SLICE(answer), REMOTE_NUMBER(is_error) };
	struct remote_rows rows;

	return remote_change(base, op, REMOTE_QUESTION_ANSWER, v,
	    sizeof(v) / sizeof(v[0]), &rows);
}

static struct question_row
read_row(const struct remote_rows *rows, size_t i)
{
	return (struct question_row){
		.rpc_id = remote_slice(rows, i, COLUMN_RPC_ID),
		.key = remote_slice(rows, i, COLUMN_KEY),
		.method = remote_slice(rows, i, COLUMN_METHOD),
		.params = remote_slice(rows, i, COLUMN_PARAMS),
		.call = remote_number(rows, i, COLUMN_CALL),
		.session = remote_number(rows, i, COLUMN_SESSION),
		.stream = remote_number(rows, i, COLUMN_STREAM),
		.state =
		    (enum question_state)remote_number(rows, i, COLUMN_STATE),
		.is_error = remote_number(rows, i, COLUMN_IS_ERROR) != 0,
		.answer = remote_slice(rows, i, COLUMN_ANSWER),
		.deadline = remote_number(rows, i, COLUMN_DEADLINE),
	};
}

enum rc
remote_questions_get(struct store *base, const struct op *op, int64_t call,
    struct question_rows *out)
{
	const struct remote_value v[] = { REMOTE_NUMBER(call) };
	struct remote_rows rows;
	enum rc rc = remote_rows(
	    (struct remote_store *)base, op, REMOTE_QUESTIONS, v, 1, &rows);

	*out = (struct question_rows){ NULL, 0 };
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
remote_questions_close(
    struct store *base, const struct op *op, int64_t call, int64_t epoch)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(call), REMOTE_NUMBER(epoch) };
	struct remote_rows rows;

	return remote_change(base, op, REMOTE_QUESTIONS_CLOSE, v, 3, &rows);
}

enum rc
remote_question_send(struct store *base, const struct op *op,
    const struct question_name *name, int64_t stream, struct slice data,
    struct appended *out)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(name->session), REMOTE_SLICE(name->rpc_id),
		REMOTE_NUMBER(name->call), REMOTE_SLICE(name->key),
		REMOTE_NUMBER(stream), REMOTE_SLICE(data) };

	return remote_appended(
	    base, op, REMOTE_QUESTION_SEND, v, sizeof(v) / sizeof(v[0]), out);
}

enum rc
remote_questions_return(struct store *base, const struct op *op, int64_t stream)
{
	const struct remote_value v[] = { REMOTE_NUMBER(op->now_ms),
		REMOTE_NUMBER(stream) };
	struct remote_rows rows;

	if (stream == 0)
		return RC_OK;
	return remote_change(base, op, REMOTE_QUESTIONS_RETURN, v, 2, &rows);
}
