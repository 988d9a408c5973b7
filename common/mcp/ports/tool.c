#include "tool.h"

#include "revision.h"
#include "text.h"
#include "tool_block.h"

const struct tool_set tool_set_none = { NULL, 0 };

const struct tool *
tool_find(const struct tool_set *set, struct slice name)
{
	size_t low = 0;
	size_t high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_cmp(name, set->tool[middle]->name);

		if (order == 0)
			return set->tool[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* A tool may ignore what one builder says: the call remembers. */
static enum rc
note(struct tool_call *call, enum rc rc)
{
	if (rc != RC_OK && rc != RC_SYNTAX && call->failed == RC_OK)
		call->failed = rc;
	return rc;
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

static enum rc
keep_compact(
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

enum rc
tool_add_text(struct tool_call *call, struct slice text)
{
	struct buf json = draft(call);

	buf_put_slice(&json, SLICE("{\"type\":\"text\",\"text\":"));
	json_put_string(&json, text);
	buf_put_char(&json, '}');
	return note(call, append(call, CONTENT_TEXT, &json, SLICE_NONE));
}

enum rc
tool_add_media(struct tool_call *call, unsigned type, struct slice bytes,
    struct slice mime)
{
	const bool is_audio = type == CONTENT_AUDIO;
	struct slice instead = SLICE_NONE;
	struct buf json = draft(call);
	enum rc rc;

	if (is_audio) {
		rc = instead_of_audio(call, mime, &instead);
		if (rc != RC_OK)
			return note(call, rc);
	}
	buf_put_slice(&json,
	    is_audio ? SLICE("{\"type\":\"audio\",\"data\":\"")
		     : SLICE("{\"type\":\"image\",\"data\":\""));
	text_put_b64(&json, bytes.ptr, bytes.len);
	buf_put_char(&json, '"');
	put_member(&json, SLICE("mimeType"), mime);
	buf_put_char(&json, '}');
	return note(call, append(call, type, &json, instead));
}

enum rc
tool_add_resource(struct tool_call *call, struct slice uri, struct slice mime,
    struct slice content, bool is_blob)
{
	struct buf json = draft(call);

	buf_put_slice(&json, SLICE("{\"type\":\"resource\",\"resource\":{"));
	put_member(&json, SLICE("uri"), uri);
	put_member(&json, SLICE("mimeType"), mime);
	if (is_blob) {
		json_put_key(&json, "blob");
		buf_put_char(&json, '"');
		text_put_b64(&json, content.ptr, content.len);
		buf_put_char(&json, '"');
	} else {
		json_put_key(&json, "text");
		json_put_string(&json, content);
	}
	buf_put(&json, "}}", 2);
	return note(call, append(call, CONTENT_RESOURCE, &json, SLICE_NONE));
}

enum rc
tool_add_link(struct tool_call *call, struct slice uri, struct slice name,
    struct slice mime)
{
	struct buf json = draft(call);
	struct slice instead;
	enum rc rc = instead_of_link(call, uri, name, &instead);

	if (rc != RC_OK)
		return note(call, rc);
	buf_put_slice(&json, SLICE("{\"type\":\"resource_link\""));
	put_member(&json, SLICE("uri"), uri);
	put_member(&json, SLICE("name"), name);
	put_member(&json, SLICE("mimeType"), mime);
	buf_put_char(&json, '}');
	return note(call, append(call, CONTENT_RESOURCE_LINK, &json, instead));
}

enum rc
tool_add_block(
    struct tool_call *call, const struct json *block, struct buf *why)
{
	struct slice instead = SLICE_NONE;
	struct buf json = draft(call);
	unsigned type;
	enum rc rc = tool_block_check(block, &type, why);

	if (rc != RC_OK)
		return note(call, rc);
	if (type == CONTENT_AUDIO)
		rc = instead_of_audio(
		    call, json_text(json_get(block, "mimeType")), &instead);
	if (type == CONTENT_RESOURCE_LINK)
		rc = instead_of_link(call, json_text(json_get(block, "uri")),
		    json_text(json_get(block, "name")), &instead);
	if (rc != RC_OK)
		return note(call, rc);
	json_put_compact(&json, block);
	return note(call, append(call, type, &json, instead));
}

enum rc
tool_set_structured(struct tool_call *call, const struct json *value)
{
	return note(call, keep_compact(call, value, &call->result.structured));
}

enum rc
tool_fail(struct tool_call *call, struct slice text)
{
	call->result = (struct tool_result){ .is_error = true };
	return tool_add_text(call, text);
}

enum rc
tool_finish(struct tool_call *call)
{
	struct tool_result *result = &call->result;

	if (result->first != NULL || result->structured.ptr == NULL)
		return RC_OK;
	return tool_add_text(call, result->structured);
}

/* ------------------------------------------------ a whole CallToolResult */

static enum rc
set_content(struct tool_call *call, const struct json *value, struct buf *why)
{
	uint32_t i = 0;

	if (!json_is(value, JSON_ARRAY)) {
		buf_put_slice(why, SLICE("content must be an array"));
		return RC_SYNTAX;
	}
	for (const struct json *b = value->child; b != NULL; b = b->next) {
		enum rc rc = tool_add_block(call, b, why);

		if (rc == RC_SYNTAX)
			buf_printf(why, " (content[%u])", (unsigned)i);
		if (rc != RC_OK)
			return rc;
		i++;
	}
	return RC_OK;
}

static enum rc
set_structured(
    struct tool_call *call, const struct json *value, struct buf *why)
{
	(void)why;
	return tool_set_structured(call, value);
}

static enum rc
set_is_error(struct tool_call *call, const struct json *value, struct buf *why)
{
	if (!json_is(value, JSON_TRUE) && !json_is(value, JSON_FALSE)) {
		buf_put_slice(why, SLICE("isError must be true or false"));
		return RC_SYNTAX;
	}
	call->result.is_error = json_is(value, JSON_TRUE);
	return RC_OK;
}

static enum rc
set_meta(struct tool_call *call, const struct json *value, struct buf *why)
{
	if (!json_is(value, JSON_OBJECT)) {
		buf_put_slice(why, SLICE("_meta must be an object"));
		return RC_SYNTAX;
	}
	return note(call, keep_compact(call, value, &call->result.meta));
}

/* The server says it itself where a revision has it. */
static enum rc
check_result_type(
    struct tool_call *call, const struct json *value, struct buf *why)
{
	(void)call;
	if (json_text_is(value, SLICE("complete")))
		return RC_OK;
	buf_put_slice(why, SLICE("resultType can only be \"complete\""));
	return RC_SYNTAX;
}

static const struct {
	struct slice name;
	enum rc (*set)(struct tool_call *, const struct json *, struct buf *);
} result_members[] = {
	{ SLICE_INIT("content"), set_content },
	{ SLICE_INIT("structuredContent"), set_structured },
	{ SLICE_INIT("isError"), set_is_error },
	{ SLICE_INIT("_meta"), set_meta },
	{ SLICE_INIT("resultType"), check_result_type },
};

static enum rc
set_member(struct tool_call *call, const struct json *member, struct buf *why)
{
	const size_t n = sizeof(result_members) / sizeof(result_members[0]);

	for (size_t i = 0; i < n; i++)
		if (slice_eq(member->name, result_members[i].name))
			return result_members[i].set(call, member, why);
	buf_put_slice(why, SLICE("a result has no member "));
	json_put_string(why, member->name);
	return RC_SYNTAX;
}

enum rc
tool_set_result(
    struct tool_call *call, const struct json *result, struct buf *why)
{
	const struct tool_result before = call->result;
	enum rc rc = RC_SYNTAX;

	if (!json_is(result, JSON_OBJECT)) {
		buf_put_slice(why, SLICE("a result must be an object"));
		return rc;
	}
	if (json_get(result, "content") == NULL &&
	    json_get(result, "structuredContent") == NULL) {
		buf_put_slice(
		    why, SLICE("a result needs content or structuredContent"));
		return rc;
	}
	call->result = (struct tool_result){ 0 };
	rc = RC_OK;
	for (const struct json *m = result->child; rc == RC_OK && m != NULL;
	     m = m->next)
		rc = set_member(call, m, why);
	if (rc != RC_OK)
		call->result = before;
	return rc;
}

/* ------------------------------------------------------- the inline world */

static void
inline_progress(
    struct tool_call *call, double done, double total, struct slice message)
{
	(void)call;
	(void)done;
	(void)total;
	(void)message;
}

static void
inline_log(
    struct tool_call *call, int level, struct slice logger, struct slice json)
{
	(void)call;
	(void)level;
	(void)logger;
	(void)json;
}

static bool
inline_wait(struct tool_call *call, int64_t ms)
{
	(void)call;
	(void)ms;
	return false;
}

static void
inline_let_go(struct tool_call *call)
{
	(void)call;
}

static void
inline_tell(struct tool_call *call, struct slice what)
{
	(void)call;
	(void)what;
}

static void
inline_group(struct tool_call *call, int64_t group, int64_t start)
{
	(void)call;
	(void)group;
	(void)start;
}

static enum tool_ask
inline_ask(struct tool_call *call, struct tool_question *questions, size_t n)
{
	(void)call;
	(void)questions;
	(void)n;
	return ASK_UNSUPPORTED;
}

static bool
inline_is_cancelled(struct tool_call *call)
{
	(void)call;
	return false;
}

const struct tool_env_ops tool_env_inline = {
	.progress = inline_progress,
	.log = inline_log,
	.ask_begin = inline_ask,
	.ask_look = inline_ask,
	.is_cancelled = inline_is_cancelled,
	.wait = inline_wait,
	.let_go = inline_let_go,
	.changed = inline_tell,
	.elicited = inline_tell,
	.group = inline_group,
};

/* Between two looks for an answer. */
#define ASK_LOOK_MS 50

enum tool_ask
tool_ask(struct tool_call *call, struct tool_question *q, size_t n)
{
	enum tool_ask said = call->env->ask_begin(call, q, n);

	while (said == ASK_WAITING) {
		if (call->env->wait(call, ASK_LOOK_MS))
			return ASK_TIMEOUT;
		said = call->env->ask_look(call, q, n);
	}
	return said;
}
