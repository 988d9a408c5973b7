#include "module_api.h"

#include <math.h>

#include "module_call.h"
#include "uri_template.h"

/* Questions of one round; a client's user must answer each. */
#define QUESTIONS_MAX 16

/* ----------------------------------------------------------- surroundings */

/* Of the argument that is to be completed. */
static struct slice
completed(const struct tool_call *call, struct slice member)
{
	if (call->makes != MAKES_VALUES)
		return SLICE_NONE;
	return json_text(
	    json_member(json_get(call->arguments, "argument"), member));
}

static struct slice
about(const struct tool_call *call, enum mcp_about what)
{
	switch (what) {
	case MCP_ABOUT_TOOL:
		return call->tool->name;
	case MCP_ABOUT_REVISION:
		return call->revision;
	case MCP_ABOUT_PRINCIPAL:
		return call->principal;
	case MCP_ABOUT_SESSION:
		return call->session;
	case MCP_ABOUT_REQUEST_ID:
		return call->request_id;
	case MCP_ABOUT_URI:
		return call->uri;
	case MCP_ABOUT_ARGUMENT:
		return completed(call, SLICE("name"));
	case MCP_ABOUT_VALUE:
		return completed(call, SLICE("value"));
	}
	return SLICE_NONE;
}

static const char *
api_about(struct mcp_call *c, enum mcp_about what)
{
	const char *s = module_string(c, about(c->call, what), NULL);

	return s == NULL ? "" : s;
}

static void *
api_alloc(struct mcp_call *c, size_t n)
{
	return arena_alloc(c->call->arena, n);
}

static int
api_is_cancelled(struct mcp_call *c)
{
	return c->call->env->is_cancelled(c->call) ? 1 : 0;
}

static void
api_progress(struct mcp_call *c, double done, double total, const char *message)
{
	if (!isfinite(done))
		return;
	c->call->env->progress(
	    c->call, done, isfinite(total) ? total : 0, slice_of(message));
}

static int
api_wait(struct mcp_call *c, int64_t ms)
{
	return c->call->env->wait(c->call, ms < 0 ? 0 : ms) ? 1 : 0;
}

static void
api_let_go(struct mcp_call *c)
{
	c->call->env->let_go(c->call);
}

static bool
is_list(struct slice what)
{
	return slice_eq(what, SLICE("tools")) ||
	    slice_eq(what, SLICE("prompts")) ||
	    slice_eq(what, SLICE("resources"));
}

static void
api_changed(struct mcp_call *c, const char *what)
{
	struct buf topic = BUF_INIT(c->call->arena->max);
	struct slice subject = slice_of(what);

	if (what == NULL || (!is_list(subject) && !uri_is_absolute(subject)))
		return;
	if (!is_list(subject))
		buf_put_slice(&topic, SLICE("resource:"));
	buf_put_slice(&topic, subject);
	if (buf_finish(&topic) == RC_OK)
		c->call->env->changed(c->call, buf_slice(&topic));
	buf_release(&topic);
}

static void
api_elicited(struct mcp_call *c, const char *elicitation_id)
{
	if (elicitation_id != NULL && *elicitation_id != '\0')
		c->call->env->elicited(c->call, slice_of(elicitation_id));
}

static void
api_become_task(struct mcp_call *c)
{
	c->call->env->become_task(c->call);
}

/* The tree is not kept: a call may say a lot. */
static bool
is_json(const struct mcp_call *c, struct slice text, bool must_be_object)
{
	struct arena a = ARENA_INIT(c->call->arena->max);
	const struct json *root = NULL;
	bool is =
	    json_read(&a, text, &json_limits_default, &root, NULL) == RC_OK &&
	    (!must_be_object || json_is(root, JSON_OBJECT));

	arena_release(&a);
	return is;
}

/* What a module calls JSON goes to the client as JSON, or as a string. */
static void
api_log(struct mcp_call *c, enum mcp_level level, const char *logger,
    const char *data)
{
	struct buf quoted = BUF_INIT(c->call->arena->max);
	struct slice json = slice_of(data == NULL ? "null" : data);

	if ((unsigned)level > MCP_LOG_EMERGENCY)
		level = MCP_LOG_EMERGENCY;
	if (!is_json(c, json, false)) {
		json_put_string(&quoted, json);
		json = buf_slice(&quoted);
	}
	if (buf_finish(&quoted) == RC_OK)
		c->call->env->log(c->call, (int)level, slice_of(logger), json);
	buf_release(&quoted);
}

static enum mcp_ask
ask_of(enum tool_ask said)
{
	switch (said) {
	case ASK_ANSWERED:
		return MCP_ANSWERED;
	case ASK_PENDING:
		return MCP_PENDING;
	case ASK_WAITING: /* tool_ask() never says so */
	case ASK_UNSUPPORTED:
		return MCP_UNSUPPORTED;
	case ASK_DECLINED:
		return MCP_DECLINED;
	case ASK_TIMEOUT:
		return MCP_TIMEOUT;
	}
	return MCP_UNSUPPORTED;
}

static bool
take_answers(struct mcp_call *c, struct mcp_question *questions,
    const struct tool_question *asked, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct json *answer = NULL;

		if (json_read(c->call->arena, asked[i].answer,
			&json_limits_default, &answer, NULL) != RC_OK)
			return false;
		questions[i].answer = module_value(answer);
	}
	return true;
}

/* False: it is none that could be sent to anybody. */
static bool
make_question(const struct mcp_call *c, const struct mcp_question *question,
    struct tool_question *out)
{
	const char *params = question->params;

	*out = (struct tool_question){
		.key = slice_of(question->key),
		.method = slice_of(question->method),
		.params = slice_of(params == NULL ? "{}" : params),
	};
	return out->key.ptr != NULL && out->method.ptr != NULL &&
	    is_json(c, out->params, true);
}

static enum mcp_ask
api_ask(struct mcp_call *c, struct mcp_question *questions, size_t n)
{
	struct tool_question asked[QUESTIONS_MAX];
	enum mcp_ask said;

	if (n == 0 || n > QUESTIONS_MAX)
		return MCP_UNSUPPORTED;
	for (size_t i = 0; i < n; i++)
		if (!make_question(c, &questions[i], &asked[i]))
			return MCP_UNSUPPORTED;
	said = ask_of(tool_ask(c->call, asked, n));
	c->is_pending = said == MCP_PENDING;
	if (said == MCP_ANSWERED && !take_answers(c, questions, asked, n))
		return MCP_UNSUPPORTED;
	return said;
}

const struct mcp_api module_api = {
	.abi = MCP_ABI,
	.size = sizeof(struct mcp_api),
	.arguments = module_arguments,
	.argument = module_argument,
	.type = module_type,
	.string = module_text,
	.number = module_number,
	.integer = module_integer,
	.boolean = module_boolean,
	.count = module_count,
	.at = module_at,
	.member = module_member,
	.name_at = module_name_at,
	.json = module_source,
	.about = api_about,
	.alloc = api_alloc,
	.is_cancelled = api_is_cancelled,
	.progress = api_progress,
	.log = api_log,
	.ask = api_ask,
	.text = module_put_text,
	.image = module_put_image,
	.audio = module_put_audio,
	.resource_text = module_put_resource_text,
	.resource_blob = module_put_resource_blob,
	.link = module_put_link,
	.block = module_put_block,
	.structured = module_put_structured,
	.fail = module_fail,
	.wait = api_wait,
	.let_go = api_let_go,
	.changed = api_changed,
	.elicited = api_elicited,
	.role = module_role,
	.describe = module_describe,
	.missing = module_missing,
	.refuse = module_refuse,
	.become_task = api_become_task,
};

/* ------------------------------------------------------------ the running */

static enum rc
say_wrong(struct mcp_call *c)
{
	struct buf text = BUF_INIT(2 * (size_t)MODULE_WHY_MAX);
	enum rc rc;

	buf_put_slice(&text, c->call->tool->name);
	buf_put_slice(&text, SLICE(" made no valid result: "));
	buf_put_slice(&text, buf_slice(&c->wrong));
	rc = buf_finish(&text);
	if (rc == RC_OK)
		rc = tool_fail(c->call, buf_slice(&text));
	buf_release(&text);
	return rc;
}

static enum tool_done
finish(struct mcp_call *c, enum mcp_done done)
{
	struct tool_call *call = c->call;

	if (done == MCP_AGAIN) {
		call->result = (struct tool_result){ 0 };
		return TOOL_AGAIN;
	}
	if (done != MCP_DONE)
		call->result.is_error = true;
	if (tool_finish(call) != RC_OK)
		return TOOL_FAILED;
	return call->result.is_error ? TOOL_FAILED : TOOL_DONE;
}

enum tool_done
module_run(const struct mcp_tool *tool, struct tool_call *call)
{
	struct mcp_call c = { .call = call, .wrong = BUF_INIT(MODULE_WHY_MAX) };
	const bool proposes = call->makes == MAKES_VALUES;
	enum mcp_done done =
	    (proposes ? tool->complete : tool->call)(&c, tool->ctx);

	if (done == MCP_AGAIN && !c.is_pending) {
		module_wrong(&c, "it wants to be called again",
		    "no question is pending");
		done = MCP_FAILED;
	}
	if (c.is_wrong && done != MCP_AGAIN) {
		done = MCP_FAILED;
		/* If even this finds no room, call->failed says so. */
		if (say_wrong(&c) != RC_OK)
			call->result.is_error = true;
	}
	buf_release(&c.wrong);
	return finish(&c, done);
}
