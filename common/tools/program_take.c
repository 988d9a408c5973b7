#include "program_job.h"

#include "content.h"
#include "revision.h"
#include "text.h"

/* ------------------------------------------------- of tools and prompts */

/* An error for the client unless it is text. */
static enum rc
check_text(struct program_job *j, struct slice output, bool *is_text)
{
	*is_text = text_utf8_ok(output);
	if (*is_text)
		return RC_OK;
	program_job_begin(j);
	buf_put_slice(
	    &j->sentence, SLICE("printed bytes that are not UTF-8 text"));
	return program_job_say(j);
}

static enum rc
take_text(struct program_job *j, struct slice output)
{
	bool is_text;
	enum rc rc = check_text(j, output, &is_text);

	if (rc != RC_OK || !is_text)
		return rc;
	return tool_add_text(j->call, output);
}

/* The tree, or NULL and an error for the client (or an rc). */
static enum rc
read_json(struct program_job *j, struct slice output, const struct json **root)
{
	struct json_error error = { 0, "" };
	enum rc rc = json_read(
	    j->call->arena, output, &json_limits_default, root, &error);

	if (rc != RC_SYNTAX)
		return rc;
	*root = NULL;
	program_job_begin(j);
	buf_printf(&j->sentence, "printed invalid JSON: %s at byte %zu",
	    error.why, error.offset);
	return program_job_say(j);
}

static enum rc
take_json(struct program_job *j, struct slice output)
{
	const struct json *root = NULL;
	enum rc rc = read_json(j, output, &root);

	if (rc != RC_OK || root == NULL)
		return rc;
	return tool_set_structured(j->call, root);
}

static enum rc
take_result(struct program_job *j, struct slice output)
{
	const struct json *root = NULL;
	enum rc rc = read_json(j, output, &root);

	if (rc != RC_OK || root == NULL)
		return rc;
	program_job_begin(j);
	buf_put_slice(&j->sentence, SLICE("printed no valid result: "));
	rc = tool_set_result(j->call, root, &j->sentence);
	if (rc == RC_SYNTAX)
		return program_job_say(j);
	if (rc == RC_OK)
		rc = buf_finish(&j->sentence);
	buf_release(&j->sentence);
	return rc;
}

static enum rc
take_media(struct program_job *j, struct slice output)
{
	struct slice mime = j->program->mime;
	struct buf uri = BUF_INIT(256);
	bool is_text;
	enum rc rc;

	if (slice_starts(mime, SLICE("image/")))
		return tool_add_media(j->call, CONTENT_IMAGE, output, mime);
	if (slice_starts(mime, SLICE("audio/")))
		return tool_add_media(j->call, CONTENT_AUDIO, output, mime);
	is_text = slice_starts(mime, SLICE("text/")) && text_utf8_ok(output);
	buf_put_slice(&uri,
	    j->call->makes == MAKES_MESSAGES ? SLICE("prompt:")
					     : SLICE("tool:"));
	buf_put_slice(&uri, j->call->tool->name);
	rc = buf_finish(&uri);
	if (rc == RC_OK)
		rc = tool_add_resource(
		    j->call, buf_slice(&uri), mime, output, !is_text);
	buf_release(&uri);
	return rc;
}

/* --------------------------------------------------------- of resources */

static enum rc
contents_text(struct program_job *j, struct slice output)
{
	struct slice mime =
	    json_text(json_get(j->call->tool->definition, "mimeType"));
	bool is_text;
	enum rc rc = check_text(j, output, &is_text);

	if (rc != RC_OK || !is_text)
		return rc;
	if (mime.ptr == NULL)
		mime = SLICE("text/plain");
	return tool_add_resource(j->call, j->call->uri, mime, output, false);
}

static enum rc
contents_json(struct program_job *j, struct slice output)
{
	const struct json *root = NULL;
	enum rc rc = read_json(j, output, &root);

	if (rc != RC_OK || root == NULL)
		return rc;
	return tool_add_resource(
	    j->call, j->call->uri, SLICE("application/json"), root->raw, false);
}

static enum rc
contents_media(struct program_job *j, struct slice output)
{
	const struct slice mime = j->program->mime;
	const bool is_text =
	    slice_starts(mime, SLICE("text/")) && content_is_text(output, mime);

	return tool_add_resource(j->call, j->call->uri, mime, output, !is_text);
}

/* ------------------------------------------------------- of completions */

static enum rc
values_text(struct program_job *j, struct slice output)
{
	bool is_text;
	enum rc rc = check_text(j, output, &is_text);

	while (rc == RC_OK && is_text && output.len > 0) {
		struct slice line = slice_cut(output, '\n', &output);

		if (line.len > 0)
			rc = tool_add_text(j->call, line);
	}
	return rc;
}

static enum rc
values_json(struct program_job *j, struct slice output)
{
	const struct json *root = NULL;
	enum rc rc = read_json(j, output, &root);

	if (rc != RC_OK || root == NULL)
		return rc;
	for (const struct json *e = root->child; e != NULL; e = e->next) {
		if (!json_is(root, JSON_ARRAY) || !json_is(e, JSON_STRING)) {
			program_job_begin(j);
			buf_put_slice(&j->sentence,
			    SLICE("must print an array of strings"));
			return program_job_say(j);
		}
		rc = tool_add_text(j->call, e->text);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc (*const take[][PROGRAM_RESULT + 1])(
    struct program_job *, struct slice output) = {
	[MAKES_CONTENT] = { take_text, take_json, take_media, take_result },
	[MAKES_MESSAGES] = { take_text, take_text, take_media, take_result },
	[MAKES_CONTENTS] = { contents_text, contents_json, contents_media,
	    take_result },
	[MAKES_VALUES] = { values_text, values_json, values_text, values_text },
};

enum rc
program_job_take(struct program_job *j, struct slice output)
{
	return take[j->call->makes][j->program->output](j, output);
}
