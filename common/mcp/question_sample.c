#include "question_sample.h"

#include "question_rule.h"
#include "tool.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ----------------------------------------------------------------- blocks */

static const struct question_rule text_rule[] = {
	{ SLICE_INIT("text"), question_is_text, "a string", true },
};

static const struct question_rule media_rule[] = {
	{ SLICE_INIT("data"), question_is_text, "a base64 string", true },
	{ SLICE_INIT("mimeType"), question_is_text, "a string", true },
};

static const struct question_rule use_rule[] = {
	{ SLICE_INIT("id"), question_is_name, "a string", true },
	{ SLICE_INIT("name"), question_is_name, "a string", true },
	{ SLICE_INIT("input"), question_is_object, "an object", true },
};

static const struct question_rule result_rule[] = {
	{ SLICE_INIT("toolUseId"), question_is_name, "a string", true },
	{ SLICE_INIT("content"), question_is_array, "an array", true },
	{ SLICE_INIT("structuredContent"), question_is_any, "", false },
	{ SLICE_INIT("isError"), question_is_bool, "true or false", false },
};

enum block {
	BLOCK_TEXT,
	BLOCK_IMAGE,
	BLOCK_AUDIO,
	BLOCK_TOOL_USE,
	BLOCK_TOOL_RESULT,
	BLOCKS
};

static const struct {
	struct slice type;
	enum revision_name since;
	struct question_rules rules;
} blocks[BLOCKS] = {
	[BLOCK_TEXT] = { SLICE_INIT("text"), REVISION_2024_11_05,
	    { "a text block", text_rule, COUNT(text_rule), true } },
	[BLOCK_IMAGE] = { SLICE_INIT("image"), REVISION_2024_11_05,
	    { "an image block", media_rule, COUNT(media_rule), true } },
	[BLOCK_AUDIO] = { SLICE_INIT("audio"), REVISION_2025_03_26,
	    { "an audio block", media_rule, COUNT(media_rule), true } },
	[BLOCK_TOOL_USE] = { SLICE_INIT("tool_use"), REVISION_2025_11_25,
	    { "a tool_use block", use_rule, COUNT(use_rule), true } },
	[BLOCK_TOOL_RESULT] = { SLICE_INIT("tool_result"), REVISION_2025_11_25,
	    { "a tool_result block", result_rule, COUNT(result_rule), true } },
};

static enum block
block_of(const struct json *block)
{
	const struct json *type = json_get(block, "type");
	unsigned i;

	for (i = 0; i < BLOCKS; i++) {
		if (json_text_is(type, blocks[i].type))
			break;
	}
	return (enum block)i;
}

/* The first block of a message, and the one behind it. */
static const struct json *
first_block(const struct json *message)
{
	const struct json *content = json_get(message, "content");

	return json_is(content, JSON_ARRAY) ? content->child : content;
}

static const struct json *
next_block(const struct json *message, const struct json *block)
{
	/* What stands behind a lone one is another member. */
	return json_is(json_get(message, "content"), JSON_ARRAY) ? block->next
								 : NULL;
}

static bool
blocks_hold(const struct json *message, struct buf *why)
{
	const struct json *b = first_block(message);

	if (b == NULL) {
		buf_put_slice(why, SLICE("a message needs content"));
		return false;
	}
	for (; b != NULL; b = next_block(message, b)) {
		const enum block type = block_of(b);

		if (type == BLOCKS) {
			buf_put_slice(why,
			    SLICE("content must be of type text, image, audio, "
				  "tool_use or tool_result"));
			return false;
		}
		if (!question_rules_hold(&blocks[type].rules, b, why))
			return false;
	}
	return true;
}

/* Does that revision know all of it? */
static bool
is_known(const struct json *message, const struct revision *revision)
{
	const struct json *b = first_block(message);

	if (b != NULL && revision->name < REVISION_2025_11_25 &&
	    next_block(message, b) != NULL)
		return false;
	for (; b != NULL; b = next_block(message, b)) {
		const enum block type = block_of(b);

		if (type == BLOCKS || revision->name < blocks[type].since)
			return false;
	}
	return true;
}

/* --------------------------------------------------------------- messages */

static bool
is_role(const struct json *value)
{
	return json_text_is(value, SLICE("user")) ||
	    json_text_is(value, SLICE("assistant"));
}

static bool
is_user(const struct json *message)
{
	return json_text_is(json_get(message, "role"), SLICE("user"));
}

static bool
has_block(const struct json *message, enum block type)
{
	const struct json *b;

	for (b = first_block(message); b != NULL; b = next_block(message, b)) {
		if (block_of(b) == type)
			return true;
	}
	return false;
}

/* Is there a block of that type whose member is the same text? */
static bool
has_partner(const struct json *message, enum block type, struct slice member,
    struct slice id)
{
	const struct json *b = first_block(message);

	for (; b != NULL; b = next_block(message, b)) {
		if (block_of(b) == type &&
		    json_text_is(json_member(b, member), id))
			return true;
	}
	return false;
}

/* Each tool_use of a message has its tool_result in the next, and there are no
 * others; and what has results has nothing else. */
static const char *
pairs_fault(const struct json *message, const struct json *next)
{
	const struct json *b;

	for (b = first_block(message); b != NULL; b = next_block(message, b)) {
		if (block_of(b) != BLOCK_TOOL_USE)
			continue;
		if (is_user(message))
			return "tool_use is of the assistant";
		if (next == NULL || !is_user(next) ||
		    !has_partner(next, BLOCK_TOOL_RESULT, SLICE("toolUseId"),
			json_get(b, "id")->text))
			return "a tool_use has no tool_result behind it";
	}
	if (next == NULL || !has_block(next, BLOCK_TOOL_RESULT))
		return NULL;
	for (b = first_block(next); b != NULL; b = next_block(next, b)) {
		if (block_of(b) != BLOCK_TOOL_RESULT)
			return "tool results are mixed with something else";
		if (!has_partner(message, BLOCK_TOOL_USE, SLICE("id"),
			json_get(b, "toolUseId")->text))
			return "a tool_result has no tool_use before it";
	}
	return is_user(next) ? NULL : "tool_result is of the user";
}

static bool
messages_hold(const struct json *messages, struct buf *why)
{
	static const struct question_rule rule[] = {
		{ SLICE_INIT("role"), is_role, "user or assistant", true },
		{ SLICE_INIT("content"), question_is_any, "", true },
		{ SLICE_INIT("_meta"), question_is_object, "an object", false },
	};
	static const struct question_rules rules = { "a message", rule,
		COUNT(rule), false };
	const struct json *m = messages->child;
	const char *fault = NULL;

	for (; m != NULL; m = m->next) {
		if (!question_rules_hold(&rules, m, why) ||
		    !blocks_hold(m, why))
			return false;
	}
	if (messages->child != NULL &&
	    has_block(messages->child, BLOCK_TOOL_RESULT))
		fault = "a tool_result has no tool_use before it";
	for (m = messages->child; m != NULL && fault == NULL; m = m->next)
		fault = pairs_fault(m, m->next);
	if (fault != NULL)
		buf_put_slice(why, slice_of(fault));
	return fault == NULL;
}

/* ----------------------------------------------------------------- params */

static bool
is_context(const struct json *value)
{
	return json_text_is(value, SLICE("none")) ||
	    json_text_is(value, SLICE("thisServer")) ||
	    json_text_is(value, SLICE("allServers"));
}

static bool
is_positive(const struct json *value)
{
	int64_t n;

	return json_int64(value, &n) == RC_OK && n > 0;
}

static bool
is_share(const struct json *value)
{
	double share;

	return json_double(value, &share) == RC_OK && share >= 0 && share <= 1;
}

static bool
is_hints(const struct json *value)
{
	if (!json_is(value, JSON_ARRAY))
		return false;
	for (const struct json *m = value->child; m != NULL; m = m->next) {
		const struct json *name = json_get(m, "name");

		if (m->type != JSON_OBJECT ||
		    (name != NULL && name->type != JSON_STRING))
			return false;
	}
	return true;
}

static bool
is_mode(const struct json *value)
{
	return json_text_is(value, SLICE("auto")) ||
	    json_text_is(value, SLICE("required")) ||
	    json_text_is(value, SLICE("none"));
}

static bool
preferences_hold(const struct json *value, struct buf *why)
{
	static const struct question_rule rule[] = {
		{ SLICE_INIT("hints"), is_hints, "an array of objects", false },
		{ SLICE_INIT("costPriority"), is_share, "from 0 to 1", false },
		{ SLICE_INIT("speedPriority"), is_share, "from 0 to 1", false },
		{ SLICE_INIT("intelligencePriority"), is_share, "from 0 to 1",
		    false },
	};
	static const struct question_rules rules = { "modelPreferences", rule,
		COUNT(rule), false };

	return question_rules_hold(&rules, value, why);
}

static bool
choice_holds(const struct json *value, struct buf *why)
{
	static const struct question_rule rule[] = {
		{ SLICE_INIT("mode"), is_mode, "auto, required or none",
		    false },
	};
	static const struct question_rules rules = { "toolChoice", rule,
		COUNT(rule), false };

	return question_rules_hold(&rules, value, why);
}

static bool
tools_hold(const struct json *value, struct buf *why)
{
	static const struct question_rule rule[] = {
		{ SLICE_INIT("name"), question_is_name, "a string", true },
		{ SLICE_INIT("inputSchema"), question_is_object, "an object",
		    true },
	};
	static const struct question_rules rules = { "tools", rule, COUNT(rule),
		true };

	for (const struct json *m = value->child; m != NULL; m = m->next) {
		if (!question_rules_hold(&rules, m, why))
			return false;
	}
	return true;
}

bool
question_sample_check(const struct json *params, struct buf *why)
{
	static const struct question_rule rule[] = {
		{ SLICE_INIT("messages"), question_is_array, "an array", true },
		{ SLICE_INIT("maxTokens"), is_positive, "an integer above 0",
		    true },
		{ SLICE_INIT("systemPrompt"), question_is_text, "a string",
		    false },
		{ SLICE_INIT("includeContext"), is_context,
		    "none, thisServer or allServers", false },
		{ SLICE_INIT("temperature"), question_is_number, "a number",
		    false },
		{ SLICE_INIT("stopSequences"), question_is_texts,
		    "an array of strings", false },
		{ SLICE_INIT("metadata"), question_is_object, "an object",
		    false },
		{ SLICE_INIT("modelPreferences"), question_is_object,
		    "an object", false },
		{ SLICE_INIT("tools"), question_is_array, "an array", false },
		{ SLICE_INIT("toolChoice"), question_is_object, "an object",
		    false },
		{ SLICE_INIT("_meta"), question_is_object, "an object", false },
	};
	static const struct question_rules rules = { "params", rule,
		COUNT(rule), false };
	static const struct {
		struct slice name;
		bool (*holds)(const struct json *value, struct buf *why);
	} parts[] = {
		{ SLICE_INIT("messages"), messages_hold },
		{ SLICE_INIT("modelPreferences"), preferences_hold },
		{ SLICE_INIT("tools"), tools_hold },
		{ SLICE_INIT("toolChoice"), choice_holds },
	};

	if (!question_rules_hold(&rules, params, why))
		return false;
	for (size_t i = 0; i < COUNT(parts); i++) {
		const struct json *part = json_member(params, parts[i].name);

		if (part != NULL && !parts[i].holds(part, why))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------ the question */

static bool
has_tools(const struct json *params)
{
	const struct json *messages = json_get(params, "messages");

	if (json_get(params, "tools") != NULL ||
	    json_get(params, "toolChoice") != NULL)
		return true;
	if (!json_is(messages, JSON_ARRAY))
		return false;
	for (const struct json *m = messages->child; m != NULL; m = m->next) {
		if (has_block(m, BLOCK_TOOL_USE) ||
		    has_block(m, BLOCK_TOOL_RESULT))
			return true;
	}
	return false;
}

uint32_t
question_sample_needs(const struct json *params)
{
	return has_tools(params) ? CAP_SAMPLING | CAP_SAMPLING_TOOLS
				 : CAP_SAMPLING;
}

static void
put_message(
    struct buf *out, const struct json *message, const struct revision *rev)
{
	const bool has_arrays = rev->name >= REVISION_2025_11_25;

	buf_put_char(out, '{');
	for (const struct json *m = message->child; m != NULL; m = m->next) {
		if (!has_arrays && slice_eq(m->name, SLICE("_meta")))
			continue;
		json_put_name(out, m->name);
		if (!has_arrays && slice_eq(m->name, SLICE("content")))
			json_put_compact(out, first_block(message));
		else
			json_put_compact(out, m);
	}
	buf_put_char(out, '}');
}

static enum rc
put_messages(
    struct buf *out, const struct json *messages, const struct revision *rev)
{
	buf_put_char(out, '[');
	for (const struct json *m = messages->child; m != NULL; m = m->next) {
		if (!is_known(m, rev))
			return RC_NOTFOUND;
		json_put_comma(out);
		put_message(out, m, rev);
	}
	buf_put_char(out, ']');
	return RC_OK;
}

enum rc
question_sample_put(const struct json *params, const struct revision *revision,
    uint32_t caps, struct buf *out)
{
	/* Before it had a capability of its own it came with sampling. */
	const bool has_context = revision->name < REVISION_2025_11_25 ||
	    (caps & CAP_SAMPLING_CONTEXT) != 0;
	enum rc rc = RC_OK;

	buf_put_char(out, '{');
	for (const struct json *m = params->child; m != NULL && rc == RC_OK;
	     m = m->next) {
		json_put_name(out, m->name);
		if (slice_eq(m->name, SLICE("messages")))
			rc = put_messages(out, m, revision);
		else if (!has_context &&
		    slice_eq(m->name, SLICE("includeContext")))
			json_put_string(out, SLICE("none"));
		else
			json_put_compact(out, m);
	}
	buf_put_char(out, '}');
	return rc;
}

/* -------------------------------------------------------------- the answer */

bool
question_sample_fits(
    const struct json *answer, const struct revision *revision, struct buf *why)
{
	static const struct question_rule rule[] = {
		{ SLICE_INIT("role"), is_role, "user or assistant", true },
		{ SLICE_INIT("content"), question_is_any, "", true },
		{ SLICE_INIT("model"), question_is_text, "a string", true },
		{ SLICE_INIT("stopReason"), question_is_text, "a string",
		    false },
	};
	static const struct question_rules rules = { "the answer", rule,
		COUNT(rule), true };
	const bool is_array = json_is(json_get(answer, "content"), JSON_ARRAY);

	if (!question_rules_hold(&rules, answer, why) ||
	    !blocks_hold(answer, why))
		return false;
	if ((!is_array || revision->name >= REVISION_2025_11_25) &&
	    is_known(answer, revision))
		return true;
	buf_put_slice(
	    why, SLICE("the answer: this revision has no such content"));
	return false;
}
