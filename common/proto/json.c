#include "json.h"

#include "json_part.h"
#include "text.h"

const struct json_limits json_limits_default = {
	.depth = 64,
	.members = 4096,
	.values = 131072,
};

struct reader {
	const char *at;
	const char *end;
	const char *why; /* of the refusal; its place is `at` */
	struct arena *arena;
	const struct json_limits *limits;
	uint32_t values;
};

static enum rc
refuse(struct reader *r, const char *why)
{
	r->why = why;
	return RC_SYNTAX;
}

static bool
next_is(const struct reader *r, char c)
{
	return r->at < r->end && *r->at == c;
}

static bool
take(struct reader *r, char c)
{
	if (!next_is(r, c))
		return false;
	r->at++;
	return true;
}

static void
skip_space(struct reader *r)
{
	while (r->at < r->end &&
	    (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' ||
		*r->at == '\t'))
		r->at++;
}

/* ----------------------------------------------------------------- strings */

/* The value of \uXXXX at `at`, or a value above all of them. */
static uint32_t
code_unit(const struct reader *r, const char *at)
{
	unsigned char bytes[2];

	if (r->end - at < 6 || at[0] != '\\' || at[1] != 'u' ||
	    text_hex((struct slice){ at + 2, 4 }, bytes, 2) != RC_OK)
		return UINT32_MAX;
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

static enum rc
pass_unicode(struct reader *r, uint32_t *code)
{
	uint32_t unit = code_unit(r, r->at);
	uint32_t low;

	*code = unit;
	if (unit == UINT32_MAX)
		return refuse(r, "four hex digits expected");
	if (unit == 0)
		return refuse(r, "NUL escape");
	if (unit < 0xd800 || unit > 0xdfff) {
		r->at += 6;
		return RC_OK;
	}
	low = unit > 0xdbff ? UINT32_MAX : code_unit(r, r->at + 6);
	if (low < 0xdc00 || low > 0xdfff)
		return refuse(r, "lone surrogate");
	*code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
	r->at += 12;
	return RC_OK;
}

/* Pass one escape and tell the code point it stands for. */
static enum rc
pass_escape(struct reader *r, uint32_t *code)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (r->end - r->at < 2)
		return refuse(r, "string without end");
	if (r->at[1] == 'u')
		return pass_unicode(r, code);
	found = memchr(letters, r->at[1], sizeof(letters) - 1);
	if (found == NULL)
		return refuse(r, "unknown escape");
	*code = (unsigned char)meanings[found - letters];
	r->at += 2;
	return RC_OK;
}

/* Pass what stands beyond ASCII; a control character is refused here, too. */
static enum rc
pass_beyond_ascii(struct reader *r)
{
	if ((unsigned char)*r->at < 0x20)
		return refuse(r, "control character in a string");
	while (r->at < r->end && (unsigned char)*r->at >= 0x80) {
		size_t left = (size_t)(r->end - r->at);
		size_t n = text_utf8_step((struct slice){ r->at, left });

		if (n == 0)
			return refuse(r, "broken UTF-8");
		r->at += n;
	}
	return RC_OK;
}

/* Replace a content whose escapes have been passed once by its meaning. */
static enum rc
unescape(struct reader *r, struct slice *content)
{
	struct reader in = { .at = content->ptr,
		.end = content->ptr + content->len };
	struct buf out = { .ptr = arena_bytes(r->arena, content->len + 1),
		.cap = content->len + 1,
		.max = content->len };

	if (out.ptr == NULL)
		return RC_NOMEM;
	/* The buffer never grows: every escape is longer than its meaning. */
	while (in.at < in.end) {
		size_t left = (size_t)(in.end - in.at);
		const char *slash = memchr(in.at, '\\', left);
		size_t run = slash == NULL ? left : (size_t)(slash - in.at);
		uint32_t code;

		buf_put(&out, in.at, run);
		in.at += run;
		if (slash == NULL)
			break;
		if (pass_escape(&in, &code) != RC_OK)
			return RC_BUG;
		text_put_utf8(&out, code);
	}
	*content = buf_slice(&out);
	return out.failed ? RC_BUG : RC_OK;
}

/* Read a string from its opening quote on. */
static enum rc
read_string(struct reader *r, struct slice *content)
{
	const char *begin = r->at + 1;
	bool escaped = false;
	uint32_t code;
	enum rc rc;

	r->at = begin;
	for (;;) {
		r->at += json_plain(r->at, r->end);
		if (r->at == r->end)
			return refuse(r, "string without end");
		if (*r->at == '"')
			break;
		if (*r->at == '\\') {
			escaped = true;
			rc = pass_escape(r, &code);
		} else {
			rc = pass_beyond_ascii(r);
		}
		if (rc != RC_OK)
			return rc;
	}
	*content = (struct slice){ begin, (size_t)(r->at - begin) };
	r->at++;
	return escaped ? unescape(r, content) : RC_OK;
}

/* ------------------------------------------------------ numbers, literals */

/* Pass at least one digit. */
static enum rc
pass_digits(struct reader *r)
{
	const char *begin = r->at;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return r->at == begin ? refuse(r, "digit expected") : RC_OK;
}

static enum rc
read_number(struct reader *r)
{
	bool signed_number = take(r, '-');

	if (!signed_number && (*r->at < '0' || *r->at > '9'))
		return refuse(r, "value expected");
	/* A zero ends the whole part; 01 fails as two values. */
	if (!take(r, '0') && pass_digits(r) != RC_OK)
		return RC_SYNTAX;
	if (take(r, '.') && pass_digits(r) != RC_OK)
		return RC_SYNTAX;
	if (!next_is(r, 'e') && !next_is(r, 'E'))
		return RC_OK;
	r->at++;
	if (next_is(r, '+') || next_is(r, '-'))
		r->at++;
	return pass_digits(r);
}

static enum rc
read_literal(struct reader *r, struct slice literal)
{
	if ((size_t)(r->end - r->at) < literal.len ||
	    memcmp(r->at, literal.ptr, literal.len) != 0)
		return refuse(r, "value expected");
	r->at += literal.len;
	return RC_OK;
}

/* -------------------------------------------------------------- containers */

static enum rc
refuse_twin(struct reader *r, const struct json *a, const struct json *b)
{
	r->at = a->raw.ptr > b->raw.ptr ? a->raw.ptr : b->raw.ptr;
	return refuse(r, "two members of one name");
}

static enum rc
check_many_names(struct reader *r, struct json *object)
{
	const struct json *const *sorted = json_order(r->arena, object);

	if (sorted == NULL)
		return RC_NOMEM;
	for (uint32_t i = 1; i < object->count; i++) {
		if (slice_eq(sorted[i - 1]->name, sorted[i]->name))
			return refuse_twin(r, sorted[i - 1], sorted[i]);
	}
	object->sorted = sorted;
	return RC_OK;
}

static enum rc
check_names(struct reader *r, struct json *object)
{
	const struct json *a, *b;

	if (object->count > JSON_FEW)
		return check_many_names(r, object);
	for (a = object->child; a != NULL; a = a->next) {
		for (b = a->next; b != NULL; b = b->next) {
			if (slice_eq(a->name, b->name))
				return refuse_twin(r, a, b);
		}
	}
	return RC_OK;
}

/* Read a name and its colon. */
static enum rc
read_name(struct reader *r, const struct json *object, struct slice *name)
{
	enum rc rc;

	if (!next_is(r, '"'))
		return refuse(r, "name expected");
	if (object->count >= r->limits->members)
		return refuse(r, "too many members");
	rc = read_string(r, name);
	if (rc != RC_OK)
		return rc;
	skip_space(r);
	return take(r, ':') ? RC_OK : refuse(r, "colon expected");
}

static enum rc read_value(struct reader *r, uint32_t depth, struct json **out);

/* Read elements or members, from the opening bracket to the closing one. */
static enum rc
read_inside(struct reader *r, uint32_t depth, struct json *into)
{
	const bool named = into->type == JSON_OBJECT;
	const char close = named ? '}' : ']';
	const struct json **link = &into->child;

	if (depth >= r->limits->depth)
		return refuse(r, "too deep");
	r->at++;
	skip_space(r);
	if (take(r, close))
		return RC_OK;
	for (;;) {
		struct slice name = SLICE_NONE;
		struct json *value;
		enum rc rc = named ? read_name(r, into, &name) : RC_OK;

		if (rc == RC_OK)
			rc = read_value(r, depth + 1, &value);
		if (rc != RC_OK)
			return rc;
		value->name = name;
		*link = value;
		link = &value->next;
		into->count++;
		skip_space(r);
		if (take(r, close))
			return named ? check_names(r, into) : RC_OK;
		if (!take(r, ','))
			return refuse(r, "comma or end expected");
		skip_space(r);
	}
}

/* ------------------------------------------------------------------ values */

static enum json_type
type_of(char first)
{
	switch (first) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	case 'n':
		return JSON_NULL;
	default: /* what else there is, read_number() refuses */
		return JSON_NUMBER;
	}
}

static enum rc
read_by_type(struct reader *r, uint32_t depth, struct json *value)
{
	switch (value->type) {
	case JSON_NULL:
		return read_literal(r, SLICE("null"));
	case JSON_FALSE:
		return read_literal(r, SLICE("false"));
	case JSON_TRUE:
		return read_literal(r, SLICE("true"));
	case JSON_NUMBER:
		return read_number(r);
	case JSON_STRING:
		return read_string(r, &value->text);
	case JSON_ARRAY:
	case JSON_OBJECT:
		return read_inside(r, depth, value);
	}
	return RC_BUG;
}

/* Recursion ends at limits->depth, which read_inside() checks. */
static enum rc
read_value(struct reader *r, uint32_t depth, struct json **out)
{
	const char *begin;
	struct json *value;
	void *room;
	enum rc rc;

	skip_space(r);
	begin = r->at;
	if (begin == r->end)
		return refuse(r, "value expected");
	if (r->values >= r->limits->values)
		return refuse(r, "too many values");
	r->values++;
	/* Not arena_alloc(): storing the fields is cheaper than zeroing. */
	room = arena_bytes(r->arena, sizeof(*value));
	if (room == NULL)
		return RC_NOMEM;
	value = room;
	*value = (struct json){ .type = type_of(*begin) };
	rc = read_by_type(r, depth, value);
	value->raw = (struct slice){ begin, (size_t)(r->at - begin) };
	*out = value;
	return rc;
}

enum rc
json_read(struct arena *a, struct slice text, const struct json_limits *limits,
    const struct json **root, struct json_error *error)
{
	struct slice in = text.ptr == NULL ? SLICE("") : text;
	struct reader r = { .at = in.ptr,
		.end = in.ptr + in.len,
		.arena = a,
		.limits = limits };
	struct json *value = NULL;
	enum rc rc;

	*root = NULL;
	if (slice_starts(in, SLICE("\xef\xbb\xbf")))
		r.at += 3;
	rc = read_value(&r, 0, &value);
	if (rc == RC_OK) {
		skip_space(&r);
		if (r.at != r.end)
			rc = refuse(&r, "something behind the value");
	}
	if (rc == RC_OK)
		*root = value;
	if (rc == RC_SYNTAX && error != NULL)
		*error = (struct json_error){ (size_t)(r.at - in.ptr), r.why };
	return rc;
}
