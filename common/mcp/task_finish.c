#include <string.h>

#include "offer.h"
#include "project.h"
#include "reply.h"
#include "task.h"
#include "task_row.h"

/* What a task leaves behind when its run is over. */

/* The result's _meta with what makes it known as that of the task. */
static enum rc
relate(struct running *r, const struct json *own, const struct json **meta)
{
	struct buf b = BUF_INIT(r->x->arena->max);
	struct slice text;
	enum rc rc;

	buf_put_char(&b, '{');
	for (const struct json *m = own == NULL ? NULL : own->child; m != NULL;
	     m = m->next) {
		if (slice_eq(m->name, SLICE(TASK_RELATED)))
			continue;
		json_put_name(&b, m->name);
		json_put_compact(&b, m);
	}
	json_put_key(&b, TASK_RELATED);
	task_put_reference(&b, r->task_id);
	buf_put_char(&b, '}');
	rc = buf_finish(&b);
	if (rc == RC_OK)
		rc = arena_copy(r->x->arena, buf_slice(&b), &text);
	buf_release(&b);
	if (rc != RC_OK)
		return rc;
	return json_read(r->x->arena, text, &json_limits_default, meta, NULL);
}

enum rc
task_respond(struct running *r)
{
	struct exchange *x = r->x;
	const struct json *meta = NULL;
	enum rc rc = RC_OK;

	if (r->call.result.error_code != 0)
		return offer_answer_refused(x, &r->call);
	if (r->call.result.meta.ptr != NULL)
		rc = json_read(x->arena, r->call.result.meta,
		    &json_limits_default, &meta, NULL);
	if (rc == RC_OK && x->revision->tasks == TASKS_EXPERIMENTAL)
		rc = relate(r, meta, &meta);
	if (rc != RC_OK)
		return rc;
	project_result(
	    answer_begin(x), r->call.tool, &r->call.result, x->revision);
	answer_end(x, false, meta);
	return RC_OK;
}

enum rc
task_adopt(struct running *r)
{
	struct store *store = r->x->server->store;
	struct task_row task;
	enum rc rc;

	if (r->task == 0)
		return RC_OK;
	rc = store->ops->task_find(store, &r->x->op, r->task, &task);
	if (rc != RC_OK)
		return rc;
	memcpy(r->task_id, task.id, sizeof(r->task_id));
	r->respond = task_respond;
	return RC_OK;
}

/* Where the result of a response ends and begins; absent: it is an error. */
static enum rc
find_result(struct exchange *x, struct slice body, struct slice *result)
{
	struct buf head = BUF_INIT(x->arena->max);
	enum rc rc;

	*result = SLICE_NONE;
	rpc_put_result_head(&head, x->message.id);
	rc = buf_finish(&head);
	if (rc == RC_OK && slice_starts(body, buf_slice(&head)) &&
	    slice_ends(body, SLICE("}"))) {
		*result = slice_from(body, head.len);
		result->len--;
	}
	buf_release(&head);
	return rc;
}

static enum rc
fill_refusal(struct exchange *x, struct slice body, struct call_finish *out)
{
	const struct json *root, *error;
	enum rc rc =
	    json_read(x->arena, body, &json_limits_default, &root, NULL);

	if (rc != RC_OK)
		return rc == RC_SYNTAX ? RC_BUG : rc;
	error = json_get(root, "error");
	if (error == NULL)
		return RC_BUG;
	out->task_state = TASK_FAILED;
	out->task_is_error = true;
	out->task_result = error->raw;
	out->task_message = json_text(json_get(error, "message"));
	return RC_OK;
}

enum rc
task_fill_finish(
    struct exchange *x, const struct running *r, struct call_finish *out)
{
	struct slice body = buf_slice(&x->server->body);
	struct slice result;
	enum rc rc;

	if (r->is_cancelled) {
		out->task_state = TASK_CANCELLED;
		return RC_OK;
	}
	rc = find_result(x, body, &result);
	if (rc != RC_OK)
		return rc;
	if (result.ptr == NULL)
		return fill_refusal(x, body, out);
	out->task_result = result;
	/* A tool that says it failed: one form calls that a failed task. */
	out->task_state =
	    r->call.result.is_error && x->revision->tasks == TASKS_EXPERIMENTAL
	    ? TASK_FAILED
	    : TASK_COMPLETED;
	return RC_OK;
}
