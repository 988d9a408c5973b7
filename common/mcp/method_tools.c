#include "cursor.h"
#include "input.h"
#include "method.h"
#include "project.h"
#include "reply.h"
#include "running.h"
#include "task.h"
#include "tool_check.h"

static const struct slice list_name = SLICE_INIT("tools");

static const struct tool_set *
all_tools(struct exchange *x)
{
	struct toolbox *box = x->server->toolbox;

	return box->ops->view(box, OFFER_TOOL);
}

/* The first tool behind a name, by binary search. */
static size_t
behind(const struct tool_set *set, struct slice name)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slice_cmp(set->tool[middle]->name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Where the page begins; *first is unchanged on a refusal (answered). */
static enum rc
page_start(struct exchange *x, const struct tool_set *set, size_t *first)
{
	const struct json *cursor = json_get(x->message.params, "cursor");
	struct slice after = SLICE_NONE;
	enum rc rc = RC_OK;

	if (cursor == NULL) {
		*first = 0;
		return RC_OK;
	}
	if (cursor->type == JSON_STRING)
		rc = cursor_read(x, cursor->text, list_name, &after);
	if (rc != RC_OK && rc != RC_SYNTAX)
		return rc;
	if (after.ptr == NULL) {
		answer_error(x, 200, RPC_INVALID_PARAMS,
		    "cursor is not one of ours", SLICE_NONE);
	} else {
		*first = behind(set, after);
	}
	return RC_OK;
}

enum rc
method_tools_list(struct exchange *x)
{
	const struct tool_set *set = all_tools(x);
	size_t first = SIZE_MAX, end;
	struct buf *b;
	enum rc rc = page_start(x, set, &first);

	if (rc != RC_OK || first == SIZE_MAX)
		return rc;
	end = set->n - first > x->server->rules.page
	    ? first + x->server->rules.page
	    : set->n;
	b = answer_begin(x);
	json_put_key(b, "tools");
	buf_put_char(b, '[');
	for (size_t i = first; i < end; i++) {
		json_put_comma(b);
		project_tool(b, set->tool[i], x->revision);
	}
	buf_put_char(b, ']');
	if (end < set->n) {
		json_put_key(b, "nextCursor");
		buf_put_char(b, '"');
		rc = cursor_put(x, b, list_name, set->tool[end - 1]->name);
		buf_put_char(b, '"');
	}
	answer_end(x, true, NULL);
	return rc;
}

/* Answer a call that will not be made with a result that says so. */
static enum rc
answer_failure(struct exchange *x, struct tool_call *call, struct slice text)
{
	struct buf *b;
	char *string;
	enum rc rc;

	if (task_is_wished(x)) {
		string = arena_string(x->arena, text);
		if (string == NULL)
			return RC_NOMEM;
		answer_error(x, 200, RPC_INVALID_PARAMS, string, SLICE_NONE);
		return RC_OK;
	}
	rc = tool_fail(call, text);
	if (rc != RC_OK)
		return rc;
	b = answer_begin(x);
	project_result(b, call->tool, &call->result, x->revision);
	answer_end(x, false, NULL);
	return RC_OK;
}

/* Arguments that the schema refuses: by revision an error or a result. */
static enum rc
answer_bad_arguments(
    struct exchange *x, struct tool_call *call, struct slice why)
{
	char *text;

	if (x->revision->bad_arguments_are_results)
		return answer_failure(x, call, why);
	text = arena_string(x->arena, why);
	if (text == NULL)
		return RC_NOMEM;
	answer_error(x, 200, RPC_INVALID_PARAMS, text, SLICE_NONE);
	return RC_OK;
}

/* What the client lacks of what the tool needs (P18). */
static enum rc
refuse_lacking(struct exchange *x, struct tool_call *call, uint32_t lacking)
{
	if (x->transport->errors_in_status)
		return answer_lacking(x, lacking);
	return answer_failure(x, call,
	    SLICE("This tool needs a capability that the client did "
		  "not declare"));
}

/* Abandoned calls must not pile up behind a slow program. */
static bool
is_abandoned(struct exchange *x, const struct tool *tool)
{
	return x->claimed == NULL &&
	    (tool->flags & (TOOL_COSTLY | TOOL_DETACHED)) != 0 &&
	    x->sink->ops->peer_gone(x->sink);
}

/* Answers that came with the request are read where questions are results;
 * those of a task have other ways. */
static enum rc
run(struct exchange *x, struct running *r)
{
	enum rc rc;

	if (!x->revision->asks_in_result || x->claimed != NULL)
		return running_go(x, r);
	rc = input_read(x, &r->input);
	if (rc != RC_OK || r->input == NULL)
		return rc;
	return running_go(x, r);
}

static enum rc
check_and_run(struct exchange *x, struct running *r)
{
	struct tool_call *call = &r->call;
	struct buf why = BUF_INIT(TOOL_WHY_MAX);
	bool is_task, answered = false;
	uint32_t lacking = call->tool->needs & ~x->caps;
	bool valid = false;
	enum rc rc;

	if (lacking != 0)
		return refuse_lacking(x, call, lacking);
	is_task =
	    x->claimed == NULL && task_is_wanted(x, call->tool, &answered);
	if (answered)
		return RC_OK;
	rc = tool_check_arguments(call, &valid, &why);
	if (rc == RC_OK && !valid)
		rc = answer_bad_arguments(x, call, buf_slice(&why));
	else if (rc == RC_OK && is_abandoned(x, call->tool))
		rc = answer_failure(x, call, SLICE("The client has left"));
	else if (rc == RC_OK)
		rc = is_task ? task_go(x, r) : run(x, r);
	buf_release(&why);
	return rc;
}

/* The named tool and its arguments, or NULL and the answer is built. */
static const struct tool *
find_tool(struct exchange *x)
{
	const struct json *name = json_get(x->message.params, "name");
	const struct json *arguments = json_get(x->message.params, "arguments");
	const struct tool *tool = NULL;
	const char *fault = NULL;

	if (!json_is(name, JSON_STRING)) {
		fault = "name must be a string";
	} else if (arguments != NULL && arguments->type != JSON_OBJECT) {
		fault = "arguments must be an object";
	} else {
		x->tool = name->text;
		tool = tool_find(all_tools(x), name->text);
		fault = tool == NULL ? "Unknown tool" : NULL;
	}
	if (fault != NULL)
		answer_error(x, 200, RPC_INVALID_PARAMS, fault, SLICE_NONE);
	return tool;
}

bool
method_is_long(struct exchange *x)
{
	const struct json *name = json_get(x->message.params, "name");
	const struct tool *tool = NULL;

	if (slice_eq(x->message.method, SLICE("tools/call")) &&
	    json_is(name, JSON_STRING))
		tool = tool_find(all_tools(x), name->text);
	return tool != NULL && (tool->flags & TOOL_DETACHED) != 0;
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
method_tools_call(struct exchange *x)
{
	static const struct json no_arguments = { .type = JSON_OBJECT,
		.raw = SLICE_INIT("{}") };
	const struct tool *tool = find_tool(x);
	const struct json *arguments = json_get(x->message.params, "arguments");
	struct running *r;
	bool agrees = true;
	enum rc rc = RC_OK;

	if (tool == NULL)
		return RC_OK;
	if (arguments == NULL)
		arguments = &no_arguments;
	if (x->transport->errors_in_status && x->claimed == NULL)
		rc = tool_check_headers(x->arena, x->http,
		    x->server->rules.body_only, tool, arguments, &agrees);
	if (rc != RC_OK)
		return rc;
	if (!agrees) {
		x->row = "P17";
		answer_error(x, 400, RPC_HEADER_MISMATCH,
		    "An Mcp-Param header is missing or differs from the body",
		    SLICE_NONE);
		return RC_OK;
	}
	r = arena_alloc(x->arena, sizeof(*r));
	if (r == NULL)
		return RC_NOMEM;
	r->call = (struct tool_call){ .tool = tool,
		.arena = x->arena,
		.arguments = arguments,
		.revision = x->revision->date,
		.principal = x->principal.name,
		.session = session_hash(x),
		.request_id = x->message.id,
		.caps = x->caps,
		.deadline_mono =
		    x->start_us / 1000 + x->server->rules.tool_timeout_ms };
	return check_and_run(x, r);
}
