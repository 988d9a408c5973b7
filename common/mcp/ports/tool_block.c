#include "tool_block.h"

#include "revision.h"

struct field {
	struct slice name;
	bool (*is_right)(const struct json *);
	const char *what; /* it must be */
	bool is_needed;
};

struct kind {
	struct slice name;
	unsigned type;
	const struct field *fields;            /* ends with an absent name */
	bool (*is_whole)(const struct json *); /* a last word, or NULL */
	const char *whole;
};

static bool
is_string(const struct json *value)
{
	return value->type == JSON_STRING;
}

static bool
is_object(const struct json *value)
{
	return value->type == JSON_OBJECT;
}

static bool
is_array(const struct json *value)
{
	return value->type == JSON_ARRAY;
}

static bool
is_size(const struct json *value)
{
	return json_is_integer(value) && value->raw.ptr[0] != '-';
}

static bool
is_b64_digit(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* Looked at in place: an image need not be decoded to be believed. */
static bool
is_b64(const struct json *value)
{
	struct slice s = json_text(value);

	if (s.ptr == NULL || s.len % 4 != 0)
		return false;
	for (int pads = 0; pads < 2 && s.len > 0; pads++)
		if (s.ptr[s.len - 1] == '=')
			s.len--;
	for (size_t i = 0; i < s.len; i++)
		if (!is_b64_digit(s.ptr[i]))
			return false;
	return true;
}

/* A number from 0 to 1 in any spelling. */
static bool
is_priority(const struct json *value)
{
	double number;

	return json_double(value, &number) == RC_OK && number >= 0 &&
	    number <= 1;
}

static bool
is_audience(const struct json *value)
{
	if (!is_array(value))
		return false;
	for (const struct json *a = value->child; a != NULL; a = a->next) {
		if (!json_text_is(a, SLICE("user")) &&
		    !json_text_is(a, SLICE("assistant")))
			return false;
	}
	return true;
}

static bool
is_annotations(const struct json *value)
{
	const struct json *audience = json_get(value, "audience");
	const struct json *priority = json_get(value, "priority");
	const struct json *modified = json_get(value, "lastModified");

	return is_object(value) &&
	    (audience == NULL || is_audience(audience)) &&
	    (priority == NULL || is_priority(priority)) &&
	    (modified == NULL || is_string(modified));
}

/* Exactly one of text and blob, or a client cannot tell what it is. */
static bool
is_item(const struct json *item)
{
	const struct json *text = json_get(item, "text");
	const struct json *blob = json_get(item, "blob");
	const struct json *mime = json_get(item, "mimeType");
	const struct json *meta = json_get(item, "_meta");

	return json_is(json_get(item, "uri"), JSON_STRING) &&
	    (mime == NULL || is_string(mime)) &&
	    (meta == NULL || is_object(meta)) &&
	    (text == NULL) != (blob == NULL) &&
	    (text == NULL || is_string(text)) && (blob == NULL || is_b64(blob));
}

static bool
is_whole_resource(const struct json *block)
{
	return is_item(json_get(block, "resource"));
}

#define FIELD(name, check, what, needed)                                       \
	{                                                                      \
		SLICE_INIT(name), check, what, needed                          \
	}
#define FIELDS_OF_ALL                                                          \
	FIELD("annotations", is_annotations,                                   \
	    "an object with audience, priority and lastModified", false),      \
	    FIELD("_meta", is_object, "an object", false),                     \
	{                                                                      \
		{ NULL, 0 }, NULL, NULL, false                                 \
	}

static const struct field text_fields[] = {
	FIELD("text", is_string, "a string", true),
	FIELDS_OF_ALL,
};

static const struct field media_fields[] = {
	FIELD("data", is_b64, "a string in base64", true),
	FIELD("mimeType", is_string, "a string", true),
	FIELDS_OF_ALL,
};

static const struct field resource_fields[] = {
	FIELD("resource", is_object, "an object", true),
	FIELDS_OF_ALL,
};

static const struct field link_fields[] = {
	FIELD("uri", is_string, "a string", true),
	FIELD("name", is_string, "a string", true),
	FIELD("title", is_string, "a string", false),
	FIELD("description", is_string, "a string", false),
	FIELD("mimeType", is_string, "a string", false),
	FIELD("size", is_size, "a whole number", false),
	FIELD("icons", is_array, "an array", false),
	FIELDS_OF_ALL,
};

static const struct kind kinds[] = {
	{ SLICE_INIT("text"), CONTENT_TEXT, text_fields, NULL, NULL },
	{ SLICE_INIT("image"), CONTENT_IMAGE, media_fields, NULL, NULL },
	{ SLICE_INIT("audio"), CONTENT_AUDIO, media_fields, NULL, NULL },
	{ SLICE_INIT("resource"), CONTENT_RESOURCE, resource_fields,
	    is_whole_resource,
	    "its resource needs a uri and either text or blob (base64)" },
	{ SLICE_INIT("resource_link"), CONTENT_RESOURCE_LINK, link_fields, NULL,
	    NULL },
};

static const struct kind *
kind_find(struct slice name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (slice_eq(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

static bool
field_ok(const struct kind *kind, const struct field *field,
    const struct json *block, struct buf *why)
{
	const struct json *value = json_member(block, field->name);

	if (value == NULL && !field->is_needed)
		return true;
	if (value == NULL) {
		buf_printf(why, "a block of type \"%.*s\" needs \"%.*s\"",
		    SLICE_FMT(kind->name), SLICE_FMT(field->name));
	} else if (!field->is_right(value)) {
		buf_printf(why,
		    "\"%.*s\" of a block of type \"%.*s\" must be %s",
		    SLICE_FMT(field->name), SLICE_FMT(kind->name), field->what);
	} else {
		return true;
	}
	return false;
}

enum rc
tool_block_check(const struct json *block, unsigned *type, struct buf *why)
{
	const struct kind *kind;

	if (!json_is(block, JSON_OBJECT)) {
		buf_put_slice(why, SLICE("a content block must be an object"));
		return RC_SYNTAX;
	}
	kind = kind_find(json_text(json_get(block, "type")));
	if (kind == NULL) {
		buf_put_slice(why,
		    SLICE("the type of a content block must be text, image, "
			  "audio, resource or resource_link"));
		return RC_SYNTAX;
	}
	for (const struct field *f = kind->fields; f->name.ptr != NULL; f++)
		if (!field_ok(kind, f, block, why))
			return RC_SYNTAX;
	if (kind->is_whole != NULL && !kind->is_whole(block)) {
		buf_printf(why, "a block of type \"%.*s\" is not right: %s",
		    SLICE_FMT(kind->name), kind->whole);
		return RC_SYNTAX;
	}
	*type = kind->type;
	return RC_OK;
}

enum rc
tool_item_check(const struct json *item, struct buf *why)
{
	if (json_is(item, JSON_OBJECT) && is_item(item))
		return RC_OK;
	buf_put_slice(
	    why, SLICE("contents need a uri and either text or blob (base64)"));
	return RC_SYNTAX;
}
