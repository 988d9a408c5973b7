#include "definition_part.h"

#include "schema.h"

#define NAME_MAX_LEN 64

void
definition_must_be(struct definition_reader *r, const struct json *value,
    enum json_type type, const char *name, const char *what)
{
	if (value != NULL && value->type != type)
		finding_put(&r->findings, value, "%s must be %s", name, what);
}

bool
definition_name_ok(struct slice name)
{
	if (name.len == 0 || name.len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || c == '_' || c == '-' ||
			c == '.'))
			return false;
	}
	return true;
}

void
definition_name(struct definition_reader *r, const struct json *value)
{
	if (!definition_name_ok(json_text(value))) {
		finding_put(&r->findings, value,
		    "name must be 1 to 64 of A-Z a-z 0-9 _ - .");
		return;
	}
	r->out->tool.name = json_text(json_get(r->compact, "name"));
}

void
definition_title(struct definition_reader *r, const struct json *value)
{
	definition_must_be(r, value, JSON_STRING, "title", "a string");
}

void
definition_description(struct definition_reader *r, const struct json *value)
{
	definition_must_be(r, value, JSON_STRING, "description", "a string");
}

static void
read_icon(struct definition_reader *r, const struct json *icon)
{
	const struct json *src = json_get(icon, "src");
	const struct json *sizes = json_get(icon, "sizes");
	const struct json *theme = json_get(icon, "theme");
	struct slice s = json_text(src);

	definition_must_be(r, icon, JSON_OBJECT, "an icon", "an object");
	if (!slice_starts(s, SLICE("https://")) &&
	    !slice_starts(s, SLICE("http://")) &&
	    !slice_starts(s, SLICE("data:")))
		finding_put(&r->findings, src == NULL ? icon : src,
		    "src of an icon must be an https:, http: or data: address");
	definition_must_be(r, json_get(icon, "mimeType"), JSON_STRING,
	    "mimeType of an icon", "a string");
	definition_must_be(
	    r, sizes, JSON_ARRAY, "sizes of an icon", "an array");
	if (json_is(sizes, JSON_ARRAY)) {
		for (const struct json *e = sizes->child; e != NULL;
		     e = e->next) {
			definition_must_be(r, e, JSON_STRING,
			    "a size of an icon",
			    "a string such as \"48x48\" or \"any\"");
		}
	}
	if (theme != NULL && !json_text_is(theme, SLICE("light")) &&
	    !json_text_is(theme, SLICE("dark")))
		finding_put(&r->findings, theme,
		    "theme of an icon must be \"light\" or \"dark\"");
}

void
definition_icons(struct definition_reader *r, const struct json *value)
{
	definition_must_be(r, value, JSON_ARRAY, "icons", "an array");
	if (value->type != JSON_ARRAY)
		return;
	for (const struct json *icon = value->child; icon != NULL;
	     icon = icon->next)
		read_icon(r, icon);
}

void
definition_meta(struct definition_reader *r, const struct json *value)
{
	definition_must_be(r, value, JSON_OBJECT, "_meta", "an object");
}

void
definition_run(struct definition_reader *r, const struct json *value)
{
	definition_must_be(r, value, JSON_OBJECT, "run", "an object");
	r->out->run = value;
}

void
definition_own_input(struct definition_reader *r, struct slice schema)
{
	struct definition *d = r->out;
	const struct json *document = NULL;
	struct slice kept;
	enum rc rc = arena_copy(&d->arena, schema, &kept);

	if (rc == RC_OK)
		rc = json_read(
		    &d->arena, kept, &json_limits_default, &document, NULL);
	if (rc == RC_OK)
		rc = schema_compile(document, &d->input, NULL);
	d->tool.input = d->input;
	if (rc != RC_OK)
		r->rc = rc == RC_SYNTAX ? RC_BUG : rc;
}
