#include "json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_part.h"
#include "text.h"

/* Append what cannot stand for itself in a string; how much was used up? */
static size_t
put_special(struct buf *b, struct slice s)
{
	static const char meanings[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	unsigned char c = (unsigned char)s.ptr[0];
	const char *found = memchr(meanings, c, sizeof(meanings) - 1);
	size_t n;

	if (found != NULL) {
		buf_put_char(b, '\\');
		buf_put_char(b, letters[found - meanings]);
		return 1;
	}
	if (c < 0x20) {
		buf_put(b, "\\u00", 4);
		text_put_hex(b, &c, 1);
		return 1;
	}
	n = text_utf8_step(s);
	if (n == 0) {
		text_put_utf8(b, 0xfffd);
		return 1;
	}
	buf_put(b, s.ptr, n);
	return n;
}

void
json_put_string(struct buf *b, struct slice s)
{
	buf_put_char(b, '"');
	while (s.len > 0 && !b->failed) {
		size_t n = json_plain(s.ptr, s.ptr + s.len);

		if (n > 0)
			buf_put(b, s.ptr, n);
		else
			n = put_special(b, s);
		s = slice_from(s, n);
	}
	buf_put_char(b, '"');
}

void
json_put_comma(struct buf *b)
{
	size_t at = b->len;

	if (at > 0 && b->ptr[at - 1] != '[' && b->ptr[at - 1] != '{')
		buf_put_char(b, ',');
}

void
json_put_name(struct buf *b, struct slice name)
{
	json_put_comma(b);
	json_put_string(b, name);
	buf_put_char(b, ':');
}

/* Append printed text, whatever the locale takes for a decimal point. */
static void
put_with_point(struct buf *b, const char *text)
{
	static const char ours[] = "+-0123456789e";
	size_t n = strspn(text, ours);

	buf_put(b, text, n);
	if (text[n] == '\0')
		return;
	text += n;
	buf_put_char(b, '.');
	buf_put_slice(b, slice_of(text + strcspn(text, ours)));
}

void
json_put_double(struct buf *b, double value)
{
	char text[64];
	/* Fifteen digits survive any normal double; below those, fewer may
	 * be enough. */
	int digits = fabs(value) < DBL_MIN ? 1 : 15;

	if (!isfinite(value)) {
		buf_put_slice(b, SLICE("null"));
		return;
	}
	do {
		(void)snprintf(text, sizeof(text), "%.*g", digits, value);
	} while (++digits <= 17 && strtod(text, NULL) != value);
	put_with_point(b, text);
}

/* The length of the string that s begins with, both quotes included. */
static size_t
string_length(struct slice s)
{
	size_t i = 1;

	while (i < s.len && s.ptr[i] != '"')
		i += s.ptr[i] == '\\' ? 2 : 1;
	return i < s.len ? i + 1 : s.len;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void
json_put_compact(struct buf *b, const struct json *value)
{
	struct slice s = value->raw;
	size_t run = 0;

	while (run < s.len) {
		if (s.ptr[run] == '"') {
			run += string_length(slice_from(s, run));
			continue;
		}
		if (!is_space(s.ptr[run])) {
			run++;
			continue;
		}
		buf_put(b, s.ptr, run);
		s = slice_from(s, run + 1);
		run = 0;
	}
	buf_put_slice(b, s);
}

static bool
is_among(struct slice name, const struct slice *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_eq(name, names[i]))
			return true;
	}
	return false;
}

static enum rc
put_sorted(struct buf *b, struct arena *a, const struct json *object,
    const struct slice *skip, size_t n_skip)
{
	const struct json *const *members = json_order(a, object);

	if (members == NULL)
		return RC_NOMEM;
	buf_put_char(b, '{');
	for (uint32_t i = 0; i < object->count; i++) {
		enum rc rc;

		if (is_among(members[i]->name, skip, n_skip))
			continue;
		json_put_name(b, members[i]->name);
		rc = json_put_canonical(b, a, members[i], NULL, 0);
		if (rc != RC_OK)
			return rc;
	}
	buf_put_char(b, '}');
	return buf_finish(b);
}

static enum rc
put_elements(struct buf *b, struct arena *a, const struct json *array)
{
	buf_put_char(b, '[');
	for (const struct json *v = array->child; v != NULL; v = v->next) {
		enum rc rc;

		json_put_comma(b);
		rc = json_put_canonical(b, a, v, NULL, 0);
		if (rc != RC_OK)
			return rc;
	}
	buf_put_char(b, ']');
	return buf_finish(b);
}

/* Recursion ends at the depth that json_read() allowed. */
enum rc
json_put_canonical(struct buf *b, struct arena *a, const struct json *value,
    const struct slice *skip, size_t n_skip)
{
	switch (value->type) {
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
	case JSON_NUMBER:
		buf_put_slice(b, value->raw);
		return buf_finish(b);
	case JSON_STRING:
		json_put_string(b, value->text);
		return buf_finish(b);
	case JSON_ARRAY:
		return put_elements(b, a, value);
	case JSON_OBJECT:
		return put_sorted(b, a, value, skip, n_skip);
	}
	return RC_BUG;
}
