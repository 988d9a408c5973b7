#include "module_call.h"

#include "revision.h"

/* What a result is made of, by what the call makes. */
enum made {
	IN_CONTENT = 1 << MAKES_CONTENT,
	IN_MESSAGES = 1 << MAKES_MESSAGES,
	IN_CONTENTS = 1 << MAKES_CONTENTS
};

static const char *const results[] = {
	[MAKES_CONTENT] = "no part of the result of a tool",
	[MAKES_MESSAGES] = "no part of a prompt",
	[MAKES_CONTENTS] = "no part of a resource",
	[MAKES_VALUES] = "no part of what is proposed",
};

void
module_wrong(struct mcp_call *c, const char *what, const char *why)
{
	if (!c->is_wrong)
		buf_printf(&c->wrong, "%s: %s", what, why);
	c->is_wrong = true;
}

static void
note(struct mcp_call *c, enum rc rc, const char *what, const char *why)
{
	if (rc == RC_OK || c->is_wrong)
		return;
	if (rc == RC_SYNTAX) {
		module_wrong(c, what, why);
		return;
	}
	c->is_wrong = true;
	buf_put_slice(&c->wrong, SLICE("it is larger than the limits allow"));
}

/* Can a call of its kind hold this? */
static bool
has_place(struct mcp_call *c, unsigned places, const char *what)
{
	if ((places & 1u << c->call->makes) != 0)
		return true;
	module_wrong(c, what, results[c->call->makes]);
	return false;
}

/* A null pointer with a length is a mistake of the module's, not ours. */
static struct slice
given(const void *bytes, size_t len)
{
	return (struct slice){ bytes == NULL ? "" : bytes,
		bytes == NULL ? 0 : len };
}

/* ---------------------------------------------------------------- blocks */

void
module_put_text(struct mcp_call *c, const char *text, size_t len)
{
	note(c, tool_add_text(c->call, given(text, len)), "", "");
}

static void
put_media(struct mcp_call *c, unsigned type, struct slice bytes,
    const char *mime, const char *what)
{
	if (!has_place(c, IN_CONTENT | IN_MESSAGES | IN_CONTENTS, what))
		return;
	note(c, tool_add_media(c->call, type, bytes, slice_of(mime)), "", "");
}

void
module_put_image(
    struct mcp_call *c, const void *bytes, size_t len, const char *mime)
{
	put_media(c, CONTENT_IMAGE, given(bytes, len),
	    mime == NULL ? "image/png" : mime, "image()");
}

void
module_put_audio(
    struct mcp_call *c, const void *bytes, size_t len, const char *mime)
{
	put_media(c, CONTENT_AUDIO, given(bytes, len),
	    mime == NULL ? "audio/wav" : mime, "audio()");
}

static void
put_resource(struct mcp_call *c, const char *uri, const char *mime,
    struct slice content, bool is_blob)
{
	const char *what = is_blob ? "resource_blob()" : "resource_text()";

	if (!has_place(c, IN_CONTENT | IN_MESSAGES | IN_CONTENTS, what))
		return;
	note(c,
	    tool_add_resource(c->call, slice_of(uri == NULL ? "" : uri),
		slice_of(mime), content, is_blob),
	    "", "");
}

void
module_put_resource_text(struct mcp_call *c, const char *uri, const char *mime,
    const char *text, size_t len)
{
	put_resource(c, uri, mime, given(text, len), false);
}

void
module_put_resource_blob(struct mcp_call *c, const char *uri, const char *mime,
    const void *bytes, size_t len)
{
	put_resource(c, uri, mime, given(bytes, len), true);
}

void
module_put_link(
    struct mcp_call *c, const char *uri, const char *name, const char *mime)
{
	if (!has_place(c, IN_CONTENT | IN_MESSAGES, "link()"))
		return;
	note(c,
	    tool_add_link(c->call, slice_of(uri == NULL ? "" : uri),
		slice_of(name == NULL ? "" : name), slice_of(mime)),
	    "", "");
}

/* JSON text of a module; NULL if it is none, which was noted then. */
static const struct json *
read_json(struct mcp_call *c, const char *json, size_t len, const char *what)
{
	struct json_error error = { 0, "" };
	const struct json *root = NULL;
	struct slice text;
	enum rc rc = arena_copy(c->call->arena, given(json, len), &text);

	if (rc == RC_OK)
		rc = json_read(
		    c->call->arena, text, &json_limits_default, &root, &error);
	note(c, rc, what, error.why);
	return rc == RC_OK ? root : NULL;
}

void
module_put_block(struct mcp_call *c, const char *json, size_t len)
{
	struct buf why = BUF_INIT(MODULE_WHY_MAX);
	const struct json *block;
	enum rc rc;

	if (!has_place(c, IN_CONTENT | IN_MESSAGES, "block()"))
		return;
	block = read_json(c, json, len, "a content block");
	if (block == NULL)
		return;
	rc = tool_add_block(c->call, block, &why);
	note(c, rc, "a content block", why.ptr == NULL ? "" : why.ptr);
	buf_release(&why);
}

void
module_put_structured(struct mcp_call *c, const char *json, size_t len)
{
	const struct json *value;

	if (!has_place(c, IN_CONTENT, "structured()"))
		return;
	value = read_json(c, json, len, "structured content");
	if (value != NULL)
		note(c, tool_set_structured(c->call, value), "", "");
}

/* ----------------------------------------------------------- the rest of it */

void
module_fail(struct mcp_call *c, const char *text)
{
	note(c, tool_fail(c->call, slice_of(text == NULL ? "" : text)), "", "");
}

void
module_refuse(
    struct mcp_call *c, int32_t code, const char *text, const char *data)
{
	struct slice said = SLICE_NONE;

	if (code == 0) {
		module_wrong(c, "refuse()", "the code is 0");
		return;
	}
	if (data != NULL) {
		said = slice_of(data);
		if (read_json(c, data, said.len, "the data of an error") ==
		    NULL)
			return;
	}
	note(c,
	    tool_refuse(
		c->call, code, slice_of(text == NULL ? "" : text), said),
	    "", "");
}

void
module_role(struct mcp_call *c, int is_assistant)
{
	if (has_place(c, IN_MESSAGES, "role()"))
		tool_set_role(c->call, is_assistant != 0);
}

void
module_describe(struct mcp_call *c, const char *text)
{
	if (!has_place(c, IN_MESSAGES, "describe()"))
		return;
	note(c, tool_describe(c->call, slice_of(text == NULL ? "" : text)), "",
	    "");
}

void
module_missing(struct mcp_call *c)
{
	if (has_place(c, IN_CONTENTS, "missing()"))
		tool_miss(c->call);
}
