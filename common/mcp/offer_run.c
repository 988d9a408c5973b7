#include "input.h"
#include "offer.h"
#include "reply.h"
#include "running.h"
#include "task.h"
#include "tool_check.h"

static enum rc
refuse_params(struct exchange *x, struct slice why)
{
	char *text = arena_string(x->arena, why);

	if (text == NULL)
		return RC_NOMEM;
	answer_error(x, 200, RPC_INVALID_PARAMS, text, SLICE_NONE);
	return RC_OK;
}

/* Answer a call that will not be made with what says so. */
static enum rc
answer_failure(struct exchange *x, struct tool_call *call, struct slice text)
{
	enum rc rc;

	if (call->makes == MAKES_CONTENT && task_is_wished(x))
		return refuse_params(x, text);
	rc = tool_fail(call, text);
	return rc == RC_OK ? offer_answer(x, call) : rc;
}

/* Arguments that the schema refuses: an error or, by revision of tools, a
 * result. */
static enum rc
answer_bad_arguments(
    struct exchange *x, struct tool_call *call, struct slice why)
{
	if (call->makes == MAKES_CONTENT &&
	    x->revision->bad_arguments_are_results)
		return answer_failure(x, call, why);
	return refuse_params(x, why);
}

/* What the client lacks of what the call needs (P18). */
static enum rc
refuse_lacking(struct exchange *x, struct tool_call *call, uint32_t lacking)
{
	if (x->transport->errors_in_status)
		return answer_lacking(x, lacking);
	return answer_failure(x, call,
	    call->makes == MAKES_CONTENT
		? SLICE("This tool needs a capability that the client did "
			"not declare")
		: SLICE("This needs a capability that the client did not "
			"declare"));
}

/* Abandoned calls must not pile up behind a slow program. */
static bool
is_abandoned(struct exchange *x, const struct tool *tool)
{
	return x->claimed == NULL &&
	    (tool->flags &
		(TOOL_COSTLY | TOOL_DETACHED | TOOL_COMPLETES_LONG)) != 0 &&
	    x->sink->ops->peer_gone(x->sink);
}

/* Answers that came with the request are read where questions are results;
 * those of a task have other ways, and a completion asks nothing. */
static enum rc
run(struct exchange *x, struct running *r)
{
	enum rc rc;

	if (!x->revision->asks_in_result || x->claimed != NULL ||
	    r->call.makes == MAKES_VALUES)
		return running_go(x, r);
	rc = input_read(x, r->call.tool, &r->input);
	if (rc != RC_OK || r->input == NULL)
		return rc;
	return running_go(x, r);
}

static enum rc
check_and_run(struct exchange *x, struct running *r)
{
	struct tool_call *call = &r->call;
	const struct tool *tool = call->tool;
	struct buf why = BUF_INIT(TOOL_WHY_MAX);
	bool is_task, valid = false, answered = false;
	uint32_t lacking =
	    call->makes == MAKES_VALUES ? 0 : tool->needs & ~x->caps;
	enum rc rc;

	if (lacking != 0)
		return refuse_lacking(x, call, lacking);
	is_task = x->claimed == NULL && call->makes == MAKES_CONTENT &&
	    task_is_wanted(x, tool, &answered);
	if (answered)
		return RC_OK;
	rc = tool_check_arguments(call, &valid, &why);
	if (rc == RC_OK && !valid)
		rc = answer_bad_arguments(x, call, buf_slice(&why));
	else if (rc == RC_OK && is_abandoned(x, tool))
		rc = answer_failure(x, call, SLICE("The client has left"));
	else if (rc == RC_OK)
		rc = is_task ? task_go(x, r) : run(x, r);
	buf_release(&why);
	return rc;
}

/* A short hash that stands for the session in logs and for tools. */
static struct slice
session_hash(struct exchange *x)
{
	struct buf b = BUF_INIT(32);
	struct slice out = SLICE_NONE;

	if (!x->has_session)
		return SLICE_NONE;
	seal_put_short(&b, x->session.id.key.sid, SEAL_SHORT_BYTES);
	if (arena_copy(x->arena, buf_slice(&b), &out) != RC_OK)
		out = SLICE_NONE;
	buf_release(&b);
	return out;
}

enum rc
offer_run(struct exchange *x, const struct offer_call *call)
{
	static const struct json none = { .type = JSON_OBJECT,
		.raw = SLICE_INIT("{}") };
	struct running *r = arena_alloc(x->arena, sizeof(*r));

	if (r == NULL)
		return RC_NOMEM;
	r->call = (struct tool_call){ .tool = call->tool,
		.arena = x->arena,
		.makes = call->makes,
		.arguments = call->arguments == NULL ? &none : call->arguments,
		.uri = call->uri,
		.revision = x->revision->date,
		.principal = x->principal.name,
		.session = session_hash(x),
		.request_id = x->message.id,
		.caps = x->caps,
		.deadline_mono =
		    x->start_us / 1000 + x->server->rules.tool_timeout_ms };
	return check_and_run(x, r);
}
