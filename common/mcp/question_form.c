#include "question_form.h"

#include "question_rule.h"
#include "schema.h"

/* Somebody has to fill it in. */
#define FIELDS_MAX 256

/* So much is said of a fault, and so much of that is kept. */
#define SAID_MAX ((size_t)64 * 1024)
#define SENTENCE_MAX 256

enum kind {
	KIND_STRING = 1,
	KIND_NUMBER = 2,
	KIND_BOOLEAN = 4,
	KIND_ENUM = 8,    /* enum, perhaps enumNames */
	KIND_TITLED = 16, /* oneOf */
	KIND_MULTI = 32,  /* an array of choices */
	KIND_ANY = 63
};

static unsigned
kind_of(const struct json *field)
{
	static const struct {
		struct slice type;
		unsigned kind;
	} kinds[] = {
		{ SLICE_INIT("string"), KIND_STRING },
		{ SLICE_INIT("number"), KIND_NUMBER },
		{ SLICE_INIT("integer"), KIND_NUMBER },
		{ SLICE_INIT("boolean"), KIND_BOOLEAN },
		{ SLICE_INIT("array"), KIND_MULTI },
	};
	const struct json *type = json_get(field, "type");
	unsigned kind = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (json_text_is(type, kinds[i].type))
			kind = kinds[i].kind;
	}
	if (kind == KIND_STRING && json_get(field, "enum") != NULL)
		return KIND_ENUM;
	if (kind == KIND_STRING && json_get(field, "oneOf") != NULL)
		return KIND_TITLED;
	return kind;
}

/* --------------------------------------------------------------- keywords */

static bool
is_format(const struct json *value)
{
	return json_text_is(value, SLICE("email")) ||
	    json_text_is(value, SLICE("uri")) ||
	    json_text_is(value, SLICE("date")) ||
	    json_text_is(value, SLICE("date-time"));
}

static bool
is_enum(const struct json *value)
{
	return question_is_texts(value) && value->count > 0;
}

/* [{const, title}] */
static bool
is_choices(const struct json *value)
{
	if (!json_is(value, JSON_ARRAY) || value->count == 0)
		return false;
	for (const struct json *m = value->child; m != NULL; m = m->next) {
		if (!json_is(m, JSON_OBJECT) || m->count != 2 ||
		    !question_is_text(json_get(m, "const")) ||
		    !question_is_text(json_get(m, "title")))
			return false;
	}
	return true;
}

/* {type: "string", enum} or {anyOf: [{const, title}]} */
static bool
is_items(const struct json *value)
{
	const struct json *type = json_get(value, "type");
	const struct json *titled = json_get(value, "anyOf");

	if (titled != NULL)
		return value->count == 1 && is_choices(titled);
	return json_is(value, JSON_OBJECT) && value->count == 2 &&
	    json_text_is(type, SLICE("string")) &&
	    is_enum(json_get(value, "enum"));
}

static const struct keyword {
	struct slice name;
	unsigned kinds; /* of fields that may have it */
	bool (*fits)(const struct json *value);
	const char *what;
} keywords[] = {
	{ SLICE_INIT("type"), KIND_ANY, question_is_text, "a string" },
	{ SLICE_INIT("title"), KIND_ANY, question_is_text, "a string" },
	{ SLICE_INIT("description"), KIND_ANY, question_is_text, "a string" },
	{ SLICE_INIT("default"), KIND_ANY, question_is_any, "" },
	{ SLICE_INIT("minLength"), KIND_STRING, question_is_count,
	    "a whole number" },
	{ SLICE_INIT("maxLength"), KIND_STRING, question_is_count,
	    "a whole number" },
	{ SLICE_INIT("format"), KIND_STRING, is_format,
	    "email, uri, date or date-time" },
	{ SLICE_INIT("minimum"), KIND_NUMBER, question_is_number, "a number" },
	{ SLICE_INIT("maximum"), KIND_NUMBER, question_is_number, "a number" },
	{ SLICE_INIT("enum"), KIND_ENUM, is_enum, "an array of strings" },
	{ SLICE_INIT("enumNames"), KIND_ENUM, is_enum, "an array of strings" },
	{ SLICE_INIT("oneOf"), KIND_TITLED, is_choices,
	    "an array of objects of const and title" },
	{ SLICE_INIT("items"), KIND_MULTI, is_items,
	    "a type string with an enum, or anyOf of const and title" },
	{ SLICE_INIT("minItems"), KIND_MULTI, question_is_count,
	    "a whole number" },
	{ SLICE_INIT("maxItems"), KIND_MULTI, question_is_count,
	    "a whole number" },
};

static const struct keyword *
keyword_of(struct slice name, unsigned kind)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if ((keywords[i].kinds & kind) != 0 &&
		    slice_eq(keywords[i].name, name))
			return &keywords[i];
	}
	return NULL;
}

/* ----------------------------------------------------------------- a form */

static enum rc
complain(struct buf *why, struct slice field, struct slice keyword,
    const char *is, const char *what)
{
	if (field.len > 64)
		field.len = 64;
	if (keyword.len > 64)
		keyword.len = 64;
	buf_printf(why, "requestedSchema: field %.*s: %.*s %s%s",
	    SLICE_FMT(field), SLICE_FMT(keyword), is, what);
	return RC_SYNTAX;
}

/*
 * What the schema engine says may be as long as names and values of a client
 * are; its beginning is enough, and no reason to fail.
 */
static enum rc
shorten(enum rc rc, const struct buf *said, struct buf *why)
{
	struct slice text = buf_slice(said);

	if (text.len > SENTENCE_MAX)
		text.len = SENTENCE_MAX;
	if (rc == RC_NOMEM && said->failed)
		rc = RC_SYNTAX;
	if (rc == RC_SYNTAX)
		buf_put_slice(
		    why, text.len > 0 ? text : SLICE("is not as it should be"));
	return rc;
}

static enum rc
compile(const struct json *schema, struct schema **out, struct buf *why)
{
	struct buf said = BUF_INIT(SAID_MAX);
	enum rc rc = schema_compile(schema, out, &said);

	rc = shorten(rc, &said, why);
	buf_release(&said);
	return rc;
}

/* Is the value valid?  RC_SYNTAX if not; what cannot be told is not. */
static enum rc
check_value(struct arena *a, const struct json *schema,
    const struct json *value, struct buf *why)
{
	struct buf said = BUF_INIT(SAID_MAX);
	struct schema *s = NULL;
	bool valid = false;
	enum rc rc = compile(schema, &s, why);

	if (rc == RC_OK) {
		rc = schema_check(s, a, value, &valid, &said);
		if (rc == RC_FULL || (rc == RC_OK && !valid))
			rc = RC_SYNTAX;
		rc = shorten(rc, &said, why);
	}
	buf_release(&said);
	schema_free(s);
	return rc;
}

static enum rc
check_field(struct arena *a, const struct json *field, struct buf *why)
{
	const unsigned kind = kind_of(field);
	const struct json *names = json_get(field, "enumNames");
	const struct json *preset = json_get(field, "default");

	if (kind == 0)
		return complain(why, field->name, SLICE("type"),
		    "must be string, number, integer, boolean or array", "");
	for (const struct json *m = field->child; m != NULL; m = m->next) {
		const struct keyword *k = keyword_of(m->name, kind);

		if (k == NULL)
			return complain(why, field->name, m->name,
			    "has no place in such a field", "");
		if (!k->fits(m))
			return complain(
			    why, field->name, m->name, "must be ", k->what);
	}
	if (kind == KIND_MULTI && json_get(field, "items") == NULL)
		return complain(
		    why, field->name, SLICE("items"), "is missing", "");
	if (names != NULL && names->count != json_get(field, "enum")->count)
		return complain(why, field->name, SLICE("enumNames"),
		    "must be as many as enum", "");
	return preset == NULL ? RC_OK : check_value(a, field, preset, why);
}

static enum rc
check_required(
    const struct json *required, const struct json *fields, struct buf *why)
{
	for (const struct json *m = required == NULL ? NULL : required->child;
	     m != NULL; m = m->next) {
		if (json_member(fields, m->text) == NULL)
			return complain(why, m->text, SLICE("required"),
			    "names no field", "");
	}
	return RC_OK;
}

enum rc
question_form_check(struct arena *a, const struct json *schema, struct buf *why)
{
	/* The last three are often there, and are not sent. */
	static const struct question_rule rule[] = {
		{ SLICE_INIT("type"), question_is_text, "a string", true },
		{ SLICE_INIT("properties"), question_is_object, "an object",
		    true },
		{ SLICE_INIT("required"), question_is_texts,
		    "an array of strings", false },
		{ SLICE_INIT("$schema"), question_is_text, "a string", false },
		{ SLICE_INIT("title"), question_is_text, "a string", false },
		{ SLICE_INIT("description"), question_is_text, "a string",
		    false },
		{ SLICE_INIT("additionalProperties"), question_is_bool,
		    "true or false", false },
	};
	static const struct question_rules rules = { "requestedSchema", rule,
		sizeof(rule) / sizeof(rule[0]), false };
	const struct json *fields = json_get(schema, "properties");
	struct schema *s = NULL;
	enum rc rc = RC_OK;

	if (!question_rules_hold(&rules, schema, why))
		return RC_SYNTAX;
	if (!json_text_is(json_get(schema, "type"), SLICE("object"))) {
		buf_put_slice(
		    why, SLICE("requestedSchema: type must be object"));
		return RC_SYNTAX;
	}
	if (fields->count > FIELDS_MAX) {
		buf_put_slice(why, SLICE("requestedSchema: too many fields"));
		return RC_SYNTAX;
	}
	for (const struct json *m = fields->child; m != NULL && rc == RC_OK;
	     m = m->next)
		rc = check_field(a, m, why);
	if (rc == RC_OK)
		rc = check_required(json_get(schema, "required"), fields, why);
	if (rc == RC_OK)
		rc = compile(schema, &s, why);
	schema_free(s);
	return rc;
}

/* -------------------------------------------------------------- the form */

static void
put_each(struct buf *out, const struct json *choices, struct slice member)
{
	buf_put_char(out, '[');
	for (const struct json *m = choices->child; m != NULL; m = m->next) {
		json_put_comma(out);
		json_put_compact(out, json_member(m, member));
	}
	buf_put_char(out, ']');
}

/* As 2025-06-18 has it. */
static enum rc
put_early_field(const struct json *field, struct buf *out)
{
	const unsigned kind = kind_of(field);

	if (kind == KIND_MULTI)
		return RC_NOTFOUND;
	buf_put_char(out, '{');
	for (const struct json *m = field->child; m != NULL; m = m->next) {
		if (kind != KIND_BOOLEAN && slice_eq(m->name, SLICE("default")))
			continue;
		if (kind == KIND_TITLED && slice_eq(m->name, SLICE("oneOf"))) {
			json_put_key(out, "enum");
			put_each(out, m, SLICE("const"));
			json_put_key(out, "enumNames");
			put_each(out, m, SLICE("title"));
			continue;
		}
		json_put_name(out, m->name);
		json_put_compact(out, m);
	}
	buf_put_char(out, '}');
	return RC_OK;
}

static enum rc
put_fields(const struct json *fields, bool is_early, struct buf *out)
{
	enum rc rc = RC_OK;

	buf_put_char(out, '{');
	for (const struct json *m = fields->child; m != NULL && rc == RC_OK;
	     m = m->next) {
		json_put_name(out, m->name);
		if (is_early)
			rc = put_early_field(m, out);
		else
			json_put_compact(out, m);
	}
	buf_put_char(out, '}');
	return rc;
}

enum rc
question_form_put(
    const struct json *schema, const struct revision *revision, struct buf *out)
{
	const bool is_early = revision->name < REVISION_2025_11_25;
	const struct json *dialect = json_get(schema, "$schema");
	const struct json *required = json_get(schema, "required");
	enum rc rc;

	buf_put_char(out, '{');
	if (dialect != NULL && !is_early) {
		json_put_key(out, "$schema");
		json_put_compact(out, dialect);
	}
	json_put_key(out, "type");
	json_put_string(out, SLICE("object"));
	json_put_key(out, "properties");
	rc = put_fields(json_get(schema, "properties"), is_early, out);
	if (required != NULL) {
		json_put_key(out, "required");
		json_put_compact(out, required);
	}
	buf_put_char(out, '}');
	return rc;
}

/* ------------------------------------------------------- what is filled in */

bool
question_form_has_defaults(const struct json *schema)
{
	const struct json *fields = json_get(schema, "properties");

	for (const struct json *m = fields == NULL ? NULL : fields->child;
	     m != NULL; m = m->next) {
		if (json_get(m, "default") != NULL)
			return true;
	}
	return false;
}

/* Whatever a form asks for is a string, a number, a boolean, or strings. */
static bool
is_flat(const struct json *content, struct buf *why)
{
	for (const struct json *m = content == NULL ? NULL : content->child;
	     m != NULL; m = m->next) {
		if (m->type != JSON_NULL && m->type != JSON_OBJECT &&
		    (m->type != JSON_ARRAY || question_is_texts(m)))
			continue;
		buf_put_slice(why,
		    SLICE("content: must be strings, numbers, booleans and "
			  "arrays of strings"));
		return false;
	}
	return true;
}

static void
put_filled(
    struct buf *out, const struct json *content, const struct json *fields)
{
	const struct json *m;

	buf_put_char(out, '{');
	for (m = content == NULL ? NULL : content->child; m != NULL;
	     m = m->next) {
		json_put_name(out, m->name);
		json_put_compact(out, m);
	}
	for (m = fields == NULL ? NULL : fields->child; m != NULL;
	     m = m->next) {
		const struct json *preset = json_get(m, "default");

		if (preset == NULL || json_member(content, m->name) != NULL)
			continue;
		json_put_name(out, m->name);
		json_put_compact(out, preset);
	}
	buf_put_char(out, '}');
}

enum rc
question_form_fill(struct arena *a, const struct json *schema,
    const struct json *content, struct buf *out, struct buf *why)
{
	const size_t before = out->len;
	const struct json *filled = NULL;
	struct slice text;
	enum rc rc;

	if (!is_flat(content, why))
		return RC_SYNTAX;
	put_filled(out, content, json_get(schema, "properties"));
	rc = buf_finish(out);
	if (rc == RC_OK)
		rc = arena_copy(a, slice_from(buf_slice(out), before), &text);
	if (rc == RC_OK)
		rc = json_read(a, text, &json_limits_default, &filled, NULL);
	return rc == RC_OK ? check_value(a, schema, filled, why) : rc;
}
