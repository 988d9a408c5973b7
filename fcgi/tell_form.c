#include "tell.h"

#include <string.h>

static const struct slice types[] = {
	SLICE_INIT("string"),
	SLICE_INIT("integer"),
	SLICE_INIT("number"),
	SLICE_INIT("boolean"),
};

/* NAME[:TYPE][!] */
struct field {
	struct slice name;
	struct slice type;
	bool is_required;
};

static struct field
field_of(const char *text)
{
	struct slice s = slice_of(text);
	struct field f = { .is_required = slice_ends(s, SLICE("!")) };

	if (f.is_required)
		s.len--;
	f.name = slice_cut(s, ':', &f.type);
	if (f.type.ptr == NULL)
		f.type = types[0];
	return f;
}

struct slice
tell_field_name(const char *field)
{
	return field_of(field).name;
}

static bool
is_type(struct slice s)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (slice_eq(s, types[i]))
			return true;
	return false;
}

static void
put_choices(struct buf *out, struct slice rest)
{
	buf_put_slice(out, SLICE("{\"type\":\"string\",\"enum\":["));
	while (rest.ptr != NULL) {
		json_put_comma(out);
		json_put_string(out, slice_cut(rest, '|', &rest));
	}
	buf_put_slice(out, SLICE("]}"));
}

static enum tell_status
put_field(struct buf *out, const char *text)
{
	const struct field f = field_of(text);

	if (f.name.len == 0)
		return tell_complain(
		    TELL_USAGE, "the field \"%s\" has no name", text);
	json_put_name(out, f.name);
	if (is_type(f.type)) {
		buf_put_slice(out, SLICE("{\"type\":"));
		json_put_string(out, f.type);
		buf_put_char(out, '}');
		return TELL_OK;
	}
	if (f.type.len == 0 || memchr(f.type.ptr, '|', f.type.len) == NULL) {
		return tell_complain(TELL_USAGE,
		    "the field \"%s\" has no known type: string, integer, "
		    "number, boolean or A|B|C",
		    text);
	}
	put_choices(out, f.type);
	return TELL_OK;
}

enum tell_status
tell_put_form(struct buf *out, char *const *fields, int n)
{
	enum tell_status status = TELL_OK;

	buf_put_slice(out, SLICE("{\"type\":\"object\",\"properties\":{"));
	for (int i = 0; status == TELL_OK && i < n; i++)
		status = put_field(out, fields[i]);
	buf_put_slice(out, SLICE("},\"required\":["));
	for (int i = 0; i < n; i++) {
		const struct field f = field_of(fields[i]);

		if (!f.is_required)
			continue;
		json_put_comma(out);
		json_put_string(out, f.name);
	}
	buf_put_slice(out, SLICE("]}"));
	return status;
}
