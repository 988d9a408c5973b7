#include "definition_part.h"

#include "text.h"
#include "uri_template.h"

#define WHY_MAX 1024
/* A century: what is more was meant as something else. */
#define TTL_MAX_MS (INT64_C(100) * 366 * 24 * 60 * 60 * 1000)

/* ------------------------------------------------------------ what it is */

static void
read_name(struct definition_reader *r, const struct json *value)
{
	if (json_text(value).len == 0)
		finding_put(&r->findings, value,
		    "name must be a string that is not empty");
}

static void
read_uri(struct definition_reader *r, const struct json *value)
{
	if (!uri_is_absolute(json_text(value))) {
		finding_put(&r->findings, value,
		    "uri must be an absolute URI, such as "
		    "\"docs://handbook/start.md\"");
		return;
	}
	r->out->tool.name = json_text(json_get(r->compact, "uri"));
}

static void
read_template(struct definition_reader *r, const struct json *value)
{
	struct tool *tool = &r->out->tool;
	struct buf why = BUF_INIT(WHY_MAX);
	struct uri_template *uris = NULL;
	struct slice said;
	enum rc rc;

	tool->name = json_text(json_get(r->compact, "uriTemplate"));
	if (tool->name.len == 0) {
		finding_put(&r->findings, value,
		    "uriTemplate must be a string such as \"log://{day}\"");
		return;
	}
	rc = uri_template_compile(tool->name, &r->out->arena, &uris, &why);
	said = buf_slice(&why);
	if (rc == RC_SYNTAX) {
		finding_put(
		    &r->findings, value, "uriTemplate: %.*s", SLICE_FMT(said));
	} else if (rc != RC_OK) {
		r->rc = rc;
	}
	tool->uris = uris;
	buf_release(&why);
}

/* type/subtype, perhaps with parameters behind it. */
static void
read_mime(struct definition_reader *r, const struct json *value)
{
	struct slice rest;
	struct slice s = slice_trim(slice_cut(json_text(value), ';', &rest));
	struct slice type = slice_cut(s, '/', &rest);

	if (!text_token_ok(type) || !text_token_ok(rest))
		finding_put(&r->findings, value,
		    "mimeType must be a media type such as \"text/plain\"");
}

static void
read_size(struct definition_reader *r, const struct json *value)
{
	int64_t size;

	if (json_int64(value, &size) != RC_OK || size < 0)
		finding_put(&r->findings, value,
		    "size must be a whole number of bytes");
}

/* ----------------------------------------------------------- annotations */

static void
read_audience(struct definition_reader *r, const struct json *value)
{
	definition_must_be(
	    r, value, JSON_ARRAY, "annotations.audience", "an array");
	if (!json_is(value, JSON_ARRAY))
		return;
	for (const struct json *a = value->child; a != NULL; a = a->next) {
		if (!json_text_is(a, SLICE("user")) &&
		    !json_text_is(a, SLICE("assistant"))) {
			finding_put(&r->findings, a,
			    "annotations.audience can name \"user\" and "
			    "\"assistant\"");
		}
	}
}

/* Do the bytes have this shape?  9 stands for a digit. */
static bool
take_shape(struct slice *s, const char *shape)
{
	const size_t len = strlen(shape);

	if (s->len < len)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char c = s->ptr[i];

		if (shape[i] == '9' ? !text_is_digit(c) : c != shape[i])
			return false;
	}
	*s = slice_from(*s, len);
	return true;
}

static void
take_digits(struct slice *s)
{
	while (take_shape(s, "9"))
		;
}

/* A date of ISO 8601, with the time of day or without. */
static bool
is_date(struct slice s)
{
	if (s.ptr == NULL || !take_shape(&s, "9999-99-99"))
		return false;
	if (s.len == 0)
		return true;
	if (!take_shape(&s, "T99:99"))
		return false;
	if (take_shape(&s, ":99") && take_shape(&s, ".9"))
		take_digits(&s);
	if (!take_shape(&s, "Z") && !take_shape(&s, "+99:99"))
		(void)take_shape(&s, "-99:99");
	return s.len == 0;
}

static void
read_annotations(struct definition_reader *r, const struct json *value)
{
	const struct json *audience = json_get(value, "audience");
	const struct json *priority = json_get(value, "priority");
	const struct json *modified = json_get(value, "lastModified");
	double number = -1;

	definition_must_be(r, value, JSON_OBJECT, "annotations", "an object");
	read_audience(r, audience);
	if (priority != NULL &&
	    (json_double(priority, &number) != RC_OK || number < 0 ||
		number > 1))
		finding_put(&r->findings, priority,
		    "annotations.priority must be a number from 0 to 1");
	if (modified != NULL && !is_date(json_text(modified))) {
		finding_put(&r->findings, modified,
		    "annotations.lastModified must be a date of ISO 8601, such "
		    "as \"2026-07-28T12:00:00Z\"");
	}
}

/* ------------------------------------------------------------- ours: cache */

static void
read_ttl(struct definition_reader *r, const struct json *value)
{
	int64_t ms;

	if (json_int64(value, &ms) != RC_OK || ms < 0 || ms > TTL_MAX_MS) {
		finding_put(&r->findings, value,
		    "cache.ttlMs must be a whole number of milliseconds");
	} else {
		r->out->tool.cache.ttl_ms = ms;
	}
}

static void
read_scope(struct definition_reader *r, const struct json *value)
{
	r->out->tool.cache.is_public = json_text_is(value, SLICE("public"));
	if (!r->out->tool.cache.is_public &&
	    !json_text_is(value, SLICE("private")))
		finding_put(&r->findings, value,
		    "cache.scope must be \"public\" or \"private\"");
}

static void
read_cache(struct definition_reader *r, const struct json *value)
{
	definition_must_be(r, value, JSON_OBJECT, "cache", "an object");
	if (value->type != JSON_OBJECT)
		return;
	for (const struct json *m = value->child; m != NULL; m = m->next) {
		if (slice_eq(m->name, SLICE("ttlMs")))
			read_ttl(r, m);
		else if (slice_eq(m->name, SLICE("scope")))
			read_scope(r, m);
		else
			finding_put(&r->findings, m, "cache has no member %.*s",
			    FINDING_NAME(m->name));
	}
}

/* --------------------------------------------------------------- the whole */

void
definition_whole_resource(struct definition_reader *r)
{
	const struct json *source = r->out->source;
	const bool is_folder = r->is_file && json_get(source, "folder") != NULL;

	if (!is_folder && json_get(source, "name") == NULL)
		finding_put(&r->findings, source, "name is missing");
	if (r->findings.n == 0 && r->rc == RC_OK)
		definition_own_input(r, SLICE("{\"type\":\"object\"}"));
}

#define OF_BOTH                                                                \
	{ SLICE_INIT("name"), read_name, false, false },                       \
	    { SLICE_INIT("title"), definition_title, false, false },           \
	    { SLICE_INIT("description"), definition_description, false,        \
		    false },                                                   \
	    { SLICE_INIT("mimeType"), read_mime, false, false },               \
	    { SLICE_INIT("annotations"), read_annotations, false, false },     \
	    { SLICE_INIT("icons"), definition_icons, false, false },           \
	    { SLICE_INIT("_meta"), definition_meta, false, false },            \
	    { SLICE_INIT("cache"), read_cache, false, true },                  \
	    { SLICE_INIT("run"), definition_run, false, true },                \
	{                                                                      \
		SLICE_INIT("text"), NULL, false, true                          \
	}

const struct definition_member definition_of_resource[] = {
	{ SLICE_INIT("uri"), read_uri, true, false },
	OF_BOTH,
	{ SLICE_INIT("size"), read_size, false, false },
	{ SLICE_INIT("file"), NULL, false, true },
	{ SLICE_INIT("folder"), NULL, false, true },
	{ SLICE_INIT("include"), NULL, false, true },
	DEFINITION_END,
};

const struct definition_member definition_of_template[] = {
	{ SLICE_INIT("uriTemplate"), read_template, true, false },
	OF_BOTH,
	{ SLICE_INIT("complete"), NULL, false, true },
	DEFINITION_END,
};
