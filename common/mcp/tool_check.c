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
	 * header (protocol 1.7). */
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
    const struct tool *tool, const struct json *arguments, bool *agrees)
{
	enum rc rc = RC_OK;

	*agrees = true;
	for (const struct tool_param *p = tool->params;
	     p != NULL && *agrees && rc == RC_OK; p = p->next) {
		const struct json *value = at_path(arguments, p);

		if (value != NULL && value->type != JSON_NULL)
			rc = check_header(a, http, p, value, agrees);
	}
	return rc;
}

void
tool_put_capabilities(struct buf *b, uint32_t caps)
{
	static const struct {
		uint32_t bits;
		struct slice json;
	} table[] = {
		{ CAP_ROOTS, SLICE_INIT("\"roots\":{}") },
		{ CAP_SAMPLING, SLICE_INIT("\"sampling\":{}") },
		{ CAP_SAMPLING_TOOLS,
		    SLICE_INIT("\"sampling\":{\"tools\":{}}") },
		{ CAP_ELICITATION, SLICE_INIT("\"elicitation\":{}") },
		{ CAP_ELICITATION_URL,
		    SLICE_INIT("\"elicitation\":{\"url\":{}}") },
		{ CAP_TASKS,
		    SLICE_INIT("\"extensions\":"
			       "{\"io.modelcontextprotocol/tasks\":{}}") },
	};

	/* A richer form of a capability includes the plain one. */
	if ((caps & CAP_SAMPLING_TOOLS) != 0)
		caps &= ~(uint32_t)CAP_SAMPLING;
	if ((caps & CAP_ELICITATION_URL) != 0)
		caps &= ~(uint32_t)CAP_ELICITATION;
	buf_put_slice(b, SLICE("{\"requiredCapabilities\":{"));
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if ((caps & table[i].bits) == 0)
			continue;
		json_put_comma(b);
		buf_put_slice(b, table[i].json);
	}
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

	if (call->tool->output == NULL || r->is_error)
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

enum rc
tool_conclude(struct tool_call *call, enum tool_done done)
{
	struct tool_result *r = &call->result;
	enum rc rc;

	if (call->failed != RC_OK)
		return tool_fail(
		    call, SLICE("The tool's result could not be built"));
	if (done == TOOL_AGAIN) {
		return tool_fail(call,
		    SLICE("The tool waits for an answer that this client "
			  "cannot be asked for"));
	}
	if (done == TOOL_FAILED)
		r->is_error = true;
	rc = check_output(call);
	return rc == RC_OK ? tool_finish(call) : rc;
}
