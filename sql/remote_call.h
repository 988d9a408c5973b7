#ifndef MCP_REMOTE_CALL_H
#define MCP_REMOTE_CALL_H

#include "remote.h"
#include "store.h"

/* What calls, questions and tasks share.  Private to this room. */

/* Values of is_cancelled. */
enum remote_cancelled { REMOTE_BY_CLIENT = 1, REMOTE_BY_OPERATOR = 2 };

/* What the routines that answer with a call say before its columns. */
enum remote_answer {
	REMOTE_ANSWER_OUTCOME,
	REMOTE_ANSWER_OPENED,
	REMOTE_ANSWER_READER,
	REMOTE_ANSWER_CALL,   /* of a call that is new, or 0 */
	REMOTE_ANSWER_TASK,   /* of its task */
	REMOTE_ANSWER_STREAM, /* and of its stream */
	REMOTE_ANSWER_ROW
};

/* A call from that column on, in the order of the view mcp_call_row. */
MUST_CHECK enum rc remote_call_row(
    const struct remote_rows *, size_t row, size_t column, struct call_row *);

/* Change something and say what came of it; n values as of remote_run(). */
MUST_CHECK enum rc remote_change(struct store *, const struct op *,
    enum remote_sql, const struct remote_value *, size_t n,
    struct remote_rows *);

/* The same of what answers with where something was appended (nothing is
 * written to `out` otherwise): outcome, seq, reader. */
MUST_CHECK enum rc remote_appended(struct store *, const struct op *,
    enum remote_sql, const struct remote_value *, size_t n, struct appended *);

/* `limit` as a routine wants it. */
struct remote_value remote_limit(size_t limit);

/* A call that is to be opened, and its task (NULL: none); what is known of them
 * afterwards is written to their rows.  `opened` and `reader` come out, as of
 * call_open(). */
struct remote_opening {
	struct call_row *row;
	struct task_row *task;
	const struct call_limits *limits;
	enum call_opened opened;
	int64_t reader; /* 0 with a task */
};

/* As call_open() and task_open() say, but that a task which runs already is
 * only named by its call.  After a failure the rows mean nothing. */
MUST_CHECK enum rc remote_call_begin(
    struct store *, const struct op *, struct remote_opening *);

#endif
