#include "method.h"
#include "question_kind.h"
#include "reply.h"
#include "task_row.h"

/* Tasks as the extension io.modelcontextprotocol/tasks has them. */

/* Who does not declare the extension has none of its methods. */
static enum rc
load(struct exchange *x, struct task_row *row, bool *found)
{
	*found = false;
	if ((x->caps & CAP_TASKS) == 0)
		return answer_lacking(x, CAP_TASKS);
	return task_load(x, row, found);
}

static void
acknowledge(struct exchange *x)
{
	(void)answer_begin(x);
	answer_end(x, false, NULL);
}

enum rc
method_task_ext_get(struct exchange *x)
{
	struct task_row row;
	struct buf *b;
	bool found;
	enum rc rc = load(x, &row, &found);

	if (rc != RC_OK || !found)
		return rc;
	b = answer_begin(x);
	task_put_members(b, &row, x->server->rules.task_poll_ms);
	rc = task_put_details(b, &row, x->server->store, &x->op);
	answer_end(x, false, NULL);
	return rc;
}

enum rc
method_task_ext_cancel(struct exchange *x)
{
	struct store *store = x->server->store;
	struct task_row row;
	bool found;
	enum rc rc = load(x, &row, &found);

	if (rc != RC_OK || !found)
		return rc;
	rc = store->ops->task_cancel(store, &x->op, row.number, &row);
	/* One that has ended is acknowledged like any other. */
	if (rc != RC_OK && rc != RC_CONFLICT && rc != RC_NOTFOUND)
		return rc;
	bell_ring(x->server->bell);
	acknowledge(x);
	return RC_OK;
}

static const struct question_row *
find_open(const struct question_rows *q, struct slice key)
{
	for (size_t i = 0; i < q->n; i++) {
		if (q->row[i].state == QUESTION_OPEN &&
		    slice_eq(q->row[i].key, key))
			return &q->row[i];
	}
	return NULL;
}

/* Does it answer that question?  RC_SYNTAX. */
static enum rc
check_answer(struct exchange *x, const struct question_row *row,
    const struct json *answer)
{
	const struct tool_question q = { .method = row->method,
		.params = row->params };
	struct buf out = BUF_INIT(x->arena->max);
	struct buf why = BUF_INIT(QUESTION_WHY_MAX);
	enum rc rc =
	    question_settle(x->arena, x->revision, &q, answer, &out, &why);

	buf_release(&why);
	buf_release(&out);
	return rc;
}

/* RC_SYNTAX: something is wrong with the answers.  Those to what is not asked
 * (any more) are ignored. */
static enum rc
check_responses(struct exchange *x, const struct json *responses,
    const struct question_rows *q)
{
	enum rc rc = RC_OK;

	if (!json_is(responses, JSON_OBJECT))
		return RC_SYNTAX;
	for (const struct json *m = responses->child; m != NULL && rc == RC_OK;
	     m = m->next) {
		const struct question_row *open = find_open(q, m->name);

		if (m->type != JSON_OBJECT)
			rc = RC_SYNTAX;
		else if (open != NULL)
			rc = check_answer(x, open, m);
	}
	return rc;
}

static enum rc
take_answer(struct exchange *x, int64_t call, const struct json *answer)
{
	struct store *store = x->server->store;
	struct question_name name = { .call = call, .key = answer->name };
	struct buf text = BUF_INIT(answer->raw.len);
	enum rc rc;

	json_put_compact(&text, answer);
	rc = buf_finish(&text);
	if (rc == RC_OK)
		rc = store->ops->question_answer(
		    store, &x->op, &name, buf_slice(&text), false);
	buf_release(&text);
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

enum rc
method_task_ext_update(struct exchange *x)
{
	const struct json *responses =
	    json_get(x->message.params, "inputResponses");
	struct store *store = x->server->store;
	struct question_rows q = { NULL, 0 };
	struct task_row row;
	bool found;
	enum rc rc = load(x, &row, &found);

	if (rc != RC_OK || !found)
		return rc;
	rc = store->ops->questions_get(store, &x->op, row.call, &q);
	if (rc != RC_OK)
		return rc;
	rc = check_responses(x, responses, &q);
	if (rc == RC_SYNTAX) {
		answer_error(x, 200, RPC_INVALID_PARAMS,
		    "inputResponses must be an object of the results of what "
		    "was asked",
		    SLICE_NONE);
		return RC_OK;
	}
	for (const struct json *m = responses->child; m != NULL && rc == RC_OK;
	     m = m->next) {
		if (find_open(&q, m->name) != NULL)
			rc = take_answer(x, row.call, m);
	}
	if (rc != RC_OK)
		return rc;
	bell_ring(x->server->bell);
	acknowledge(x);
	return RC_OK;
}
