#include "fake_askers.h"

#define PLAIN(name)                                                            \
	"{\"name\":\"" name "\",\"description\":\"Asks.\","                    \
	"\"inputSchema\":{\"type\":\"object\"}}"

#define TASK(name, support)                                                    \
	"{\"name\":\"" name "\",\"description\":\"Takes long.\","              \
	"\"inputSchema\":{\"type\":\"object\"},"                               \
	"\"execution\":{\"taskSupport\":\"" support "\"}}"

#define FORM(text)                                                             \
	SLICE("{\"message\":\"" text "\",\"requestedSchema\":"                 \
	      "{\"type\":\"object\",\"properties\":"                           \
	      "{\"is\":{\"type\":\"string\"}}}}")

static enum tool_done
done(enum rc rc)
{
	return rc == RC_OK ? TOOL_DONE : TOOL_FAILED;
}

static struct tool_question
form(struct slice key, struct slice params)
{
	return (struct tool_question){ .key = key,
		.method = SLICE("elicitation/create"),
		.params = params };
}

/* What a form's member `is` was answered with. */
static struct slice
said(struct tool_call *c, const struct tool_question *q)
{
	const struct json *answer;

	if (json_read(c->arena, q->answer, &json_limits_default, &answer,
		NULL) != RC_OK)
		return SLICE("(broken)");
	if (!json_text_is(json_get(answer, "action"), SLICE("accept")))
		return SLICE("(declined)");
	return json_text(json_get(json_get(answer, "content"), "is"));
}

/* Ask, and say how that went if it did not go well. */
static bool
ask(struct tool_call *c, struct tool_question *q, size_t n, enum tool_done *out)
{
	switch (tool_ask(c, q, n)) {
	case ASK_ANSWERED:
		return true;
	case ASK_PENDING:
		*out = TOOL_AGAIN;
		return false;
	case ASK_UNSUPPORTED:
		*out = done(tool_add_text(c, SLICE("(none)")));
		return false;
	case ASK_DECLINED:
		*out = done(tool_add_text(c, SLICE("(error)")));
		return false;
	case ASK_TIMEOUT:
	case ASK_WAITING:
		break;
	}
	*out = done(tool_fail(c, SLICE("(late)")));
	return false;
}

static enum tool_done
call_ask_name(struct tool_call *c)
{
	struct tool_question q = form(SLICE("name"), FORM("Name?"));
	enum tool_done out;

	if (!ask(c, &q, 1, &out))
		return out;
	return done(tool_add_text(c, said(c, &q)));
}

static enum tool_done
call_ask_twice(struct tool_call *c)
{
	struct tool_question first = form(SLICE("first"), FORM("First?"));
	struct tool_question second = form(SLICE("second"), FORM("Second?"));
	enum tool_done out;
	enum rc rc;

	if (!ask(c, &first, 1, &out) || !ask(c, &second, 1, &out))
		return out;
	rc = tool_add_text(c, said(c, &first));
	return done(rc == RC_OK ? tool_add_text(c, said(c, &second)) : rc);
}

static enum tool_done
call_ask_many(struct tool_call *c)
{
	struct tool_question q[3] = {
		form(SLICE("name"), FORM("Name?")),
		{ .key = SLICE("words"),
		    .method = SLICE("sampling/createMessage"),
		    .params = SLICE("{\"messages\":[],\"maxTokens\":9}") },
		{ .key = SLICE("roots"), .method = SLICE("roots/list") },
	};
	enum tool_done out;
	enum rc rc;

	if (!ask(c, q, 3, &out))
		return out;
	rc = tool_add_text(c, said(c, &q[0]));
	if (rc == RC_OK)
		rc = tool_add_text(c, q[1].answer);
	return done(rc == RC_OK ? tool_add_text(c, q[2].answer) : rc);
}

/* Says the answer itself. */
static enum tool_done
ask_whole(struct tool_call *c, struct tool_question *q)
{
	enum tool_done out;

	if (!ask(c, q, 1, &out))
		return out;
	return done(tool_add_text(c, q->answer));
}

static enum tool_done
call_ask_form(struct tool_call *c)
{
	struct tool_question q = form(SLICE("form"),
	    SLICE("{\"mode\":\"form\",\"message\":\"Who?\","
		  "\"requestedSchema\":{\"type\":\"object\","
		  "\"title\":\"Person\",\"properties\":{"
		  "\"name\":{\"type\":\"string\",\"minLength\":1},"
		  "\"age\":{\"type\":\"integer\",\"minimum\":0,"
		  "\"default\":30},"
		  "\"member\":{\"type\":\"boolean\",\"default\":false},"
		  "\"color\":{\"type\":\"string\",\"oneOf\":["
		  "{\"const\":\"r\",\"title\":\"Red\"},"
		  "{\"const\":\"g\",\"title\":\"Green\"}],"
		  "\"default\":\"g\"}},\"required\":[\"name\"]}}"));

	return ask_whole(c, &q);
}

static enum tool_done
call_ask_several(struct tool_call *c)
{
	struct tool_question q = form(SLICE("several"),
	    SLICE("{\"message\":\"Which?\",\"requestedSchema\":{"
		  "\"type\":\"object\",\"properties\":{\"which\":{"
		  "\"type\":\"array\",\"items\":{\"anyOf\":["
		  "{\"const\":\"r\",\"title\":\"Red\"},"
		  "{\"const\":\"g\",\"title\":\"Green\"}]},"
		  "\"minItems\":1}}}}"));

	return ask_whole(c, &q);
}

static enum tool_done
call_ask_wrong(struct tool_call *c)
{
	struct tool_question q = form(SLICE("wrong"),
	    SLICE("{\"message\":\"?\",\"requestedSchema\":{\"type\":"
		  "\"object\",\"properties\":{\"a\":{\"type\":\"object\"}}"
		  "}}"));

	return ask_whole(c, &q);
}

static enum tool_done
call_ask_url(struct tool_call *c)
{
	struct tool_question q = form(SLICE("go"),
	    SLICE("{\"mode\":\"url\",\"message\":\"Go.\","
		  "\"url\":\"https://example.org/\"}"));

	return ask_whole(c, &q);
}

static enum tool_done
call_job(struct tool_call *c)
{
	return done(tool_add_text(c, SLICE("worked")));
}

static enum tool_done
call_job_fail(struct tool_call *c)
{
	return done(tool_fail(c, SLICE("it did not work")));
}

static enum tool_done
call_talk(struct tool_call *c)
{
	c->env->progress(c, 1, 2, SLICE("half"));
	c->env->log(c, 0, SLICE("talk"), SLICE("\"quietly\""));
	c->env->log(c, 3, SLICE("talk"), SLICE("{\"loud\":true}"));
	c->env->progress(c, 2, 2, SLICE_NONE);
	return done(tool_add_text(c, SLICE("said")));
}

/* Sorted by name. */
const struct fake fake_askers[] = {
	{ PLAIN("ask_form"), call_ask_form, 0, 0 },
	{ PLAIN("ask_many"), call_ask_many, 0, 0 },
	{ PLAIN("ask_name"), call_ask_name, 0, 0 },
	{ PLAIN("ask_once"), call_ask_name, 0, TOOL_ONCE },
	{ PLAIN("ask_several"), call_ask_several, 0, 0 },
	{ PLAIN("ask_twice"), call_ask_twice, 0, 0 },
	{ PLAIN("ask_url"), call_ask_url, 0, 0 },
	{ PLAIN("ask_wrong"), call_ask_wrong, 0, 0 },
	{ TASK("job", "optional"), call_job, 0,
	    TOOL_TASK_OPTIONAL | TOOL_DETACHED },
	{ TASK("job_ask", "optional"), call_ask_name, 0,
	    TOOL_TASK_OPTIONAL | TOOL_DETACHED },
	{ TASK("job_fail", "optional"), call_job_fail, 0,
	    TOOL_TASK_OPTIONAL | TOOL_DETACHED },
	{ TASK("job_must", "required"), call_job, 0, TOOL_TASK_REQUIRED },
	{ PLAIN("talk"), call_talk, 0, 0 },
	{ PLAIN("talk_detached"), call_talk, 0, TOOL_DETACHED },
};

const size_t fake_askers_n = sizeof(fake_askers) / sizeof(fake_askers[0]);
