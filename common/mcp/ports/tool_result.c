#include "revision.h"
#include "text.h"
#include "tool_block.h"
#include "tool_part.h"

enum rc
tool_note(struct tool_call *call, enum rc rc)
{
	if (rc != RC_OK && rc != RC_SYNTAX && call->failed == RC_OK)
		call->failed = rc;
	return rc;
}

/* What is built cannot hold this: the call is told, and remembers. */
static enum rc
refuse(struct tool_call *call)
{
	if (call->failed == RC_OK)
		call->failed = RC_SYNTAX;
	return RC_SYNTAX;
}

/* Room for JSON that will be copied to the call's arena. */
static struct buf
draft(const struct tool_call *call)
{
	return BUF_INIT(call->arena->max);
}

/* The finished draft becomes a slice of the arena, and is given back. */
static enum rc
keep(struct tool_call *call, struct buf *json, struct slice *out)
{
	enum rc rc = buf_finish(json);

	if (rc == RC_OK)
		rc = arena_copy(call->arena, buf_slice(json), out);
	buf_release(json);
	return rc;
}

enum rc
tool_keep_compact(
    struct tool_call *call, const struct json *value, struct slice *out)
{
	struct buf json = draft(call);

	json_put_compact(&json, value);
	return keep(call, &json, out);
}

/* Append the block whose JSON was drafted. */
static enum rc
append(struct tool_call *call, unsigned type, struct buf *json,
    struct slice instead)
{
	struct tool_block *block = arena_alloc(call->arena, sizeof(*block));
	enum rc rc;

	if (block == NULL) {
		buf_release(json);
		return RC_NOMEM;
	}
	block->type = type;
	block->instead = instead;
	block->is_assistant = call->result.is_assistant;
	rc = keep(call, json, &block->json);
	if (rc != RC_OK)
		return rc;
	if (call->result.last == NULL)
		call->result.first = block;
	else
		call->result.last->next = block;
	call->result.last = block;
	return RC_OK;
}

/* A member whose value is a string; nothing if the value is absent. */
static void
put_member(struct buf *json, struct slice name, struct slice value)
{
	if (value.ptr == NULL)
		return;
	json_put_name(json, name);
	json_put_string(json, value);
}

/* What a client reads that does not know audio. */
static enum rc
instead_of_audio(struct tool_call *call, struct slice mime, struct slice *out)
{
	struct buf text = draft(call);

	buf_printf(&text, "[audio, %.*s]", SLICE_FMT(mime));
	return keep(call, &text, out);
}

/* What a client reads that does not know resource links. */
static enum rc
instead_of_link(struct tool_call *call, struct slice uri, struct slice name,
    struct slice *out)
{
	struct buf text = draft(call);

	buf_put_slice(&text, name);
	buf_put(&text, " <", 2);
	buf_put_slice(&text, uri);
	buf_put_char(&text, '>');
	return keep(call, &text, out);
}

/* ------------------------------------------------- contents of a resource */

struct item {
	struct slice uri;
	struct slice mime;
	struct slice content;
	bool is_blob;
};

static void
put_item(struct buf *json, const struct item *item)
{
	buf_put_char(json, '{');
	put_member(json, SLICE("uri"), item->uri);
	put_member(json, SLICE("mimeType"), item->mime);
	if (item->is_blob) {
		json_put_key(json, "blob");
		buf_put_char(json, '"');
		text_put_b64(json, item->content.ptr, item->content.len);
		buf_put_char(json, '"');
	} else {
		json_put_key(json, "text");
		json_put_string(json, item->content);
	}
	buf_put_char(json, '}');
}

static enum rc
add_item(struct tool_call *call, const struct item *item)
{
	struct buf json = draft(call);

	put_item(&json, item);
	return append(call, CONTENT_RESOURCE, &json, SLICE_NONE);
}

/* The media type that the definition names, or else this one. */
static struct slice
mime_or(const struct tool_call *call, struct slice otherwise)
{
	struct slice own =
	    json_text(json_get(call->tool->definition, "mimeType"));

	return own.len > 0 ? own : otherwise;
}

/* What is asked for, as text. */
static enum rc
add_own_text(struct tool_call *call, struct slice text, struct slice mime)
{
	const struct item item = { call->uri, mime, text, false };

	return add_item(call, &item);
}

enum rc
tool_add_item(struct tool_call *call, const struct json *item, struct buf *why)
{
	struct slice instead = SLICE_NONE;
	struct buf json = draft(call);
	enum rc rc = tool_item_check(item, why);

	if (rc != RC_OK)
		return rc;
	if (json_get(item, "_meta") != NULL) {
		buf_put_char(&json, '{');
		for (const struct json *m = item->child; m != NULL;
		     m = m->next) {
			if (slice_eq(m->name, SLICE("_meta")))
				continue;
			json_put_name(&json, m->name);
			json_put_compact(&json, m);
		}
		buf_put_char(&json, '}');
		rc = keep(call, &json, &instead);
		if (rc != RC_OK)
			return tool_note(call, rc);
		json = draft(call);
	}
	json_put_compact(&json, item);
	return tool_note(call, append(call, CONTENT_RESOURCE, &json, instead));
}

/* A block of media, whose data is in base64 already, as an item. */
static enum rc
add_media_item(struct tool_call *call, const struct json *block)
{
	struct buf json = draft(call);

	buf_put_char(&json, '{');
	put_member(&json, SLICE("uri"), call->uri);
	put_member(
	    &json, SLICE("mimeType"), json_text(json_get(block, "mimeType")));
	put_member(&json, SLICE("blob"), json_text(json_get(block, "data")));
	buf_put_char(&json, '}');
	return append(call, CONTENT_RESOURCE, &json, SLICE_NONE);
}

/* ------------------------------------------------------------- builders */

enum rc
tool_add_text(struct tool_call *call, struct slice text)
{
	struct buf json = draft(call);

	if (call->makes == MAKES_CONTENTS) {
		return tool_note(call,
		    add_own_text(
			call, text, mime_or(call, SLICE("text/plain"))));
	}
	if (call->makes == MAKES_VALUES) {
		json_put_string(&json, text);
	} else {
		buf_put_slice(&json, SLICE("{\"type\":\"text\",\"text\":"));
		json_put_string(&json, text);
		buf_put_char(&json, '}');
	}
	return tool_note(call, append(call, CONTENT_TEXT, &json, SLICE_NONE));
}

static enum rc
add_media_block(struct tool_call *call, unsigned type, struct slice bytes,
    struct slice mime)
{
	const bool is_audio = type == CONTENT_AUDIO;
	struct slice instead = SLICE_NONE;
	struct buf json = draft(call);
	enum rc rc = RC_OK;

	if (is_audio)
		rc = instead_of_audio(call, mime, &instead);
	if (rc != RC_OK)
		return rc;
	buf_put_slice(&json,
	    is_audio ? SLICE("{\"type\":\"audio\",\"data\":\"")
		     : SLICE("{\"type\":\"image\",\"data\":\""));
	text_put_b64(&json, bytes.ptr, bytes.len);
	buf_put_char(&json, '"');
	put_member(&json, SLICE("mimeType"), mime);
	buf_put_char(&json, '}');
	return append(call, type, &json, instead);
}

enum rc
tool_add_media(struct tool_call *call, unsigned type, struct slice bytes,
    struct slice mime)
{
	struct item item = { call->uri, mime, bytes, true };

	if (call->makes == MAKES_VALUES)
		return refuse(call);
	if (call->makes != MAKES_CONTENTS)
		return tool_note(
		    call, add_media_block(call, type, bytes, mime));
	if (mime.len == 0)
		item.mime = mime_or(call, SLICE("application/octet-stream"));
	return tool_note(call, add_item(call, &item));
}

enum rc
tool_add_resource(struct tool_call *call, struct slice uri, struct slice mime,
    struct slice content, bool is_blob)
{
	const struct item item = { uri, mime, content, is_blob };
	struct buf json = draft(call);

	if (call->makes == MAKES_VALUES)
		return refuse(call);
	if (call->makes == MAKES_CONTENTS)
		return tool_note(call, add_item(call, &item));
	buf_put_slice(&json, SLICE("{\"type\":\"resource\",\"resource\":"));
	put_item(&json, &item);
	buf_put_char(&json, '}');
	return tool_note(
	    call, append(call, CONTENT_RESOURCE, &json, SLICE_NONE));
}

enum rc
tool_add_link(struct tool_call *call, struct slice uri, struct slice name,
    struct slice mime)
{
	struct buf json = draft(call);
	struct slice instead;
	enum rc rc;

	if (call->makes == MAKES_CONTENTS || call->makes == MAKES_VALUES)
		return refuse(call);
	rc = instead_of_link(call, uri, name, &instead);
	if (rc != RC_OK)
		return tool_note(call, rc);
	buf_put_slice(&json, SLICE("{\"type\":\"resource_link\""));
	put_member(&json, SLICE("uri"), uri);
	put_member(&json, SLICE("name"), name);
	put_member(&json, SLICE("mimeType"), mime);
	buf_put_char(&json, '}');
	return tool_note(
	    call, append(call, CONTENT_RESOURCE_LINK, &json, instead));
}

/* A block of a message or of a tool's content, checked. */
static enum rc
add_as_block(struct tool_call *call, const struct json *block, unsigned type)
{
	struct slice instead = SLICE_NONE;
	struct buf json = draft(call);
	enum rc rc = RC_OK;

	if (type == CONTENT_AUDIO)
		rc = instead_of_audio(
		    call, json_text(json_get(block, "mimeType")), &instead);
	if (type == CONTENT_RESOURCE_LINK)
		rc = instead_of_link(call, json_text(json_get(block, "uri")),
		    json_text(json_get(block, "name")), &instead);
	if (rc != RC_OK)
		return rc;
	json_put_compact(&json, block);
	return append(call, type, &json, instead);
}

/* A block as what it says about the resource that is read. */
static enum rc
add_as_item(struct tool_call *call, const struct json *block, unsigned type,
    struct buf *why)
{
	if (type == CONTENT_TEXT)
		return tool_add_text(call, json_text(json_get(block, "text")));
	if (type == CONTENT_RESOURCE)
		return tool_add_item(call, json_get(block, "resource"), why);
	if (type != CONTENT_RESOURCE_LINK)
		return add_media_item(call, block);
	buf_put_slice(
	    why, SLICE("a resource_link cannot be the contents of a resource"));
	return RC_SYNTAX;
}

enum rc
tool_add_block(
    struct tool_call *call, const struct json *block, struct buf *why)
{
	unsigned type;
	enum rc rc = tool_block_check(block, &type, why);

	if (rc == RC_OK && call->makes == MAKES_CONTENTS) {
		rc = add_as_item(call, block, type, why);
	} else if (rc == RC_OK && call->makes != MAKES_VALUES) {
		rc = add_as_block(call, block, type);
	} else if (rc == RC_OK && type == CONTENT_TEXT) {
		rc = tool_add_text(call, json_text(json_get(block, "text")));
	} else if (rc == RC_OK) {
		buf_put_slice(why, SLICE("only a text can be a value"));
		rc = RC_SYNTAX;
	}
	return tool_note(call, rc);
}

enum rc
tool_set_structured(struct tool_call *call, const struct json *value)
{
	return tool_note(
	    call, tool_keep_compact(call, value, &call->result.structured));
}

enum rc
tool_fail(struct tool_call *call, struct slice text)
{
	struct tool_result *result = &call->result;
	enum rc rc;

	*result = (struct tool_result){ .is_error = true };
	rc = arena_copy(call->arena, text, &result->error);
	if (rc == RC_OK && call->makes == MAKES_CONTENT)
		rc = tool_add_text(call, text);
	return tool_note(call, rc);
}

enum rc
tool_refuse(
    struct tool_call *call, int code, struct slice text, struct slice data)
{
	struct slice kept = SLICE_NONE;
	enum rc rc = RC_OK;

	if (data.ptr != NULL)
		rc = arena_copy(call->arena, data, &kept);
	if (rc == RC_OK)
		rc = tool_fail(call, text);
	if (rc != RC_OK)
		return tool_note(call, rc);
	call->result.error_code = code;
	call->result.error_data = kept;
	return RC_OK;
}

void
tool_miss(struct tool_call *call)
{
	if (call->makes == MAKES_CONTENTS)
		call->result = (struct tool_result){ .is_missing = true };
	else
		(void)!refuse(call);
}

void
tool_set_role(struct tool_call *call, bool is_assistant)
{
	call->result.is_assistant = is_assistant;
}

enum rc
tool_describe(struct tool_call *call, struct slice text)
{
	return tool_note(
	    call, arena_copy(call->arena, text, &call->result.description));
}

enum rc
tool_finish(struct tool_call *call)
{
	struct tool_result *result = &call->result;

	if (result->first != NULL || result->structured.ptr == NULL ||
	    call->makes == MAKES_VALUES)
		return RC_OK;
	if (call->makes == MAKES_CONTENTS) {
		return tool_note(call,
		    add_own_text(
			call, result->structured, SLICE("application/json")));
	}
	return tool_add_text(call, result->structured);
}
