#include <fcntl.h>
#include <string.h>

#include "catalog_part.h"
#include "content.h"
#include "placeholder.h"

static enum rc
fail(struct tool_call *call, enum rc was_read, size_t max)
{
	struct buf sentence = BUF_INIT((size_t)16 * 1024);
	enum rc rc;

	buf_put_slice(&sentence, call->uri);
	if (was_read == RC_FULL) {
		buf_put_slice(&sentence, SLICE(" is longer than "));
		buf_put_u64(&sentence, max);
		buf_put_slice(&sentence, SLICE(" bytes"));
	} else {
		buf_put_slice(&sentence, SLICE(" could not be read"));
	}
	rc = buf_finish(&sentence);
	if (rc == RC_OK)
		rc = tool_fail(call, buf_slice(&sentence));
	buf_release(&sentence);
	return rc;
}

enum rc
catalog_put_contents(struct tool_call *call, enum rc was_read,
    const struct buf *bytes, struct slice name, struct slice mime)
{
	const struct slice content =
	    bytes->len == 0 ? SLICE("") : buf_slice(bytes);

	if (was_read == RC_NOMEM)
		return was_read;
	if (was_read == RC_NOTFOUND) {
		tool_miss(call);
		return RC_OK;
	}
	if (was_read != RC_OK)
		return fail(call, was_read, bytes->max);
	if (mime.ptr == NULL)
		mime = content_mime(name, content);
	return tool_add_resource(
	    call, call->uri, mime, content, !content_is_text(content, mime));
}

static struct slice
mime_of(const struct tool *tool)
{
	return json_text(json_get(tool->definition, "mimeType"));
}

enum tool_done
catalog_call_file(const struct tool *tool, struct tool_call *call)
{
	const struct catalog_tool *t = tool->ctx;
	struct buf bytes = BUF_INIT(program_output_max(t->host));
	enum rc rc = files_read(AT_FDCWD, t->file, &bytes);

	rc = catalog_put_contents(
	    call, rc, &bytes, slice_of(t->file), mime_of(tool));
	buf_release(&bytes);
	return program_done(call, rc);
}

static enum rc
fill_in(struct tool_call *call, struct slice text, struct buf *out)
{
	placeholder_put(out, text, call->arguments);
	if (out->failed && out->full)
		return RC_FULL;
	return buf_finish(out);
}

enum tool_done
catalog_call_text(const struct tool *tool, struct tool_call *call)
{
	const struct catalog_tool *t = tool->ctx;
	struct buf bytes = BUF_INIT(program_output_max(t->host));
	struct slice mime = mime_of(tool);
	enum rc rc = RC_OK;

	if (mime.ptr == NULL)
		mime = SLICE("text/plain");
	if (tool->kind != OFFER_TEMPLATE) {
		rc = tool_add_resource(
		    call, call->uri, mime, t->text->text, false);
	} else {
		rc = catalog_put_contents(call,
		    fill_in(call, t->text->text, &bytes), &bytes, SLICE_NONE,
		    mime);
	}
	buf_release(&bytes);
	return program_done(call, rc);
}

enum tool_done
catalog_call_program(const struct tool *tool, struct tool_call *call)
{
	const struct catalog_tool *t = tool->ctx;

	return program_serve(&t->program, call);
}
