#include "tool_check.h"

#include "header.h"

static const struct json *
at_path(const struct json *arguments, const struct tool_param *param)
{
	const struct json *value = arguments;

	for (size_t i = 0; i < param->depth; i++)
		value = json_member(value, param->path[i]);
	return value;
}

static enum rc
check_header(struct arena *a, const struct http_request *http,
    const struct tool_param *param, const struct json *value, bool *agrees)
{
	struct slice header = http_param(http, param->suffix);
	struct slice said;
	enum rc rc;

	/* Many stacks drop empty fields, so an empty argument may lack its
	 * header. */
	if (header.len == 0) {
		*agrees = json_text_is(value, SLICE(""));
		return RC_OK;
	}
	rc = header_decode(a, header, &said);
	*agrees = rc == RC_OK && header_matches(said, value);
	return rc == RC_SYNTAX ? RC_OK : rc;
}

enum rc
tool_check_headers(struct arena *a, const struct http_request *http,
    bool may_lack, const struct tool *tool, const struct json *arguments,
    bool *agrees)
{
	enum rc rc = RC_OK;

	*agrees = true;
	for (const struct tool_param *p = tool->params;
	     p != NULL && *agrees && rc == RC_OK; p = p->next) {
		const struct json *value = at_path(arguments, p);

		if (may_lack && http_param(http, p->suffix).ptr == NULL)
			continue;
		if (value != NULL && value->type != JSON_NULL)
			rc = check_header(a, http, p, value, agrees);
	}
	return rc;
}

/* What a client declares, by name, and the parts of it that are missing. */
struct capability {
	const char *name;
	uint32_t bits; /* any of them */
	struct {
		uint32_t bits; /* all of them */
		const char *name;
	} part[2];
};

static const struct capability capabilities[] = {
	{ "roots", CAP_ROOTS | CAP_ROOTS_CHANGED, { { 0, NULL } } },
	{ "sampling", CAP_SAMPLING | CAP_SAMPLING_TOOLS | CAP_SAMPLING_CONTEXT,
	    { { CAP_SAMPLING_TOOLS, "tools" },
		{ CAP_SAMPLING_CONTEXT, "context" } } },
	/* An empty one means forms; one with a part means that part alone. */
	{ "elicitation", CAP_ELICITATION | CAP_ELICITATION_URL,
	    { { CAP_ELICITATION | CAP_ELICITATION_URL, "form" },
		{ CAP_ELICITATION_URL, "url" } } },
	{ "extensions", CAP_TASKS,
	    { { CAP_TASKS, "io.modelcontextprotocol/tasks" } } },
};

static void
put_capability(struct buf *b, const struct capability *c, uint32_t caps)
{
	if ((caps & c->bits) == 0)
		return;
	json_put_name(b, slice_of(c->name));
	buf_put_char(b, '{');
	for (size_t i = 0; i < sizeof(c->part) / sizeof(c->part[0]); i++) {
		if (c->part[i].name == NULL ||
		    (caps & c->part[i].bits) != c->part[i].bits)
			continue;
		json_put_name(b, slice_of(c->part[i].name));
		buf_put_slice(b, SLICE("{}"));
	}
	buf_put_char(b, '}');
}

void
tool_put_capabilities(struct buf *b, uint32_t caps)
{
	const size_t n = sizeof(capabilities) / sizeof(capabilities[0]);

	buf_put_slice(b, SLICE("{\"requiredCapabilities\":{"));
	for (size_t i = 0; i < n; i++)
		put_capability(b, &capabilities[i], caps);
	buf_put_slice(b, SLICE("}}"));
}

/* Check a value; what cannot be said in a sentence, or takes too long to
 * find out, is said in general. */
static enum rc
check(const struct schema *schema, struct arena *a, const struct json *value,
    bool *valid, struct buf *why)
{
	size_t before = why->len;
	enum rc rc = schema_check(schema, a, value, valid, why);

	if (rc == RC_NOMEM && why->failed) {
		buf_truncate(why, before);
		rc = schema_check(schema, a, value, valid, NULL);
		if (rc == RC_OK && !*valid)
			buf_put_slice(why, SLICE("does not match the schema"));
	}
	if (rc != RC_FULL)
		return rc;
	*valid = false;
	buf_truncate(why, before);
	buf_put_slice(why, SLICE("takes too long to check"));
	return RC_OK;
}

enum rc
tool_check_arguments(struct tool_call *call, bool *valid, struct buf *why)
{
	/* Those of a completion were looked at, and a template has no others
	 * than it fits. */
	*valid = true;
	if (call->makes != MAKES_CONTENT && call->makes != MAKES_MESSAGES)
		return RC_OK;
	return check(
	    call->tool->input, call->arena, call->arguments, valid, why);
}

/* Does structuredContent keep the promise of outputSchema? */
static enum rc
check_output(struct tool_call *call)
{
	const struct tool_result *r = &call->result;
	const struct json *value;
	struct buf why = BUF_INIT(TOOL_WHY_MAX);
	bool valid = false;
	enum rc rc;

	if (call->makes != MAKES_CONTENT || call->tool->output == NULL ||
	    r->is_error)
		return RC_OK;
	buf_put_slice(
	    &why, SLICE("The tool's result does not match its outputSchema: "));
	if (r->structured.ptr == NULL) {
		buf_put_slice(&why, SLICE("there is no structured content"));
		rc = RC_OK;
	} else {
		rc = json_read(call->arena, r->structured, &json_limits_default,
		    &value, NULL);
		if (rc == RC_OK)
			rc = check(call->tool->output, call->arena, value,
			    &valid, &why);
	}
	if (rc == RC_OK && !valid)
		rc = tool_fail(call, buf_slice(&why));
	buf_release(&why);
	return rc;
}

/* What can become of a call that has no result of its own, by what it
 * makes. */
static const struct {
	const char *unbuilt;
	const char *unasked;
	const char *failed;
} sentences[] = {
	[MAKES_CONTENT] = { "The tool's result could not be built",
	    "The tool waits for an answer that this client cannot be asked for",
	    "The tool failed" },
	[MAKES_MESSAGES] = { "The prompt's messages could not be built",
	    "The prompt waits for an answer that this client cannot be asked "
	    "for",
	    "The prompt failed" },
	[MAKES_CONTENTS] = { "The resource's contents could not be built",
	    "The resource waits for an answer that this client cannot be asked "
	    "for",
	    "The resource could not be read" },
	[MAKES_VALUES] = { "The completion could not be built",
	    "The completion waits for an answer that this client cannot be "
	    "asked for",
	    "The completion failed" },
};

const char *
tool_failed_text(const struct tool_call *call)
{
	return sentences[call->makes].failed;
}

/* Is there nothing to be read?  What is empty has an empty text. */
static bool
is_missing(const struct tool_call *call)
{
	const struct tool_result *r = &call->result;

	return call->makes == MAKES_CONTENTS && r->first == NULL &&
	    !r->is_error;
}

enum rc
tool_conclude(struct tool_call *call, enum tool_done done)
{
	struct tool_result *r = &call->result;
	enum rc rc;

	if (call->failed != RC_OK)
		return tool_fail(
		    call, slice_of(sentences[call->makes].unbuilt));
	if (done == TOOL_AGAIN)
		return tool_fail(
		    call, slice_of(sentences[call->makes].unasked));
	if (done == TOOL_FAILED && !r->is_missing)
		r->is_error = true;
	rc = check_output(call);
	if (rc == RC_OK)
		rc = tool_finish(call);
	if (is_missing(call))
		r->is_missing = true;
	return rc;
}
