/*
 * A template and a URI, with a zero byte between: what matches expands to the
 * URI again, but for escapes and the order of a query.  And: what a template
 * with clear separators expands to matches, with the same values.
 */
#include <string.h>

#include "fuzz.h"
#include "text.h"
#include "uri_template.h"

#define MAX ((size_t)1 << 20)

static int
by_byte(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

/* The bytes that a URI stands for, in an order of their own. */
static void
put_sorted(struct buf *out, struct slice uri)
{
	while (uri.ptr != NULL && uri.len > 0) {
		unsigned char byte = (unsigned char)uri.ptr[0];
		size_t n = uri_escape_at(uri, &byte) ? 3 : 1;

		buf_put_char(out, (char)byte);
		uri = slice_from(uri, n);
	}
	if (out->len > 0)
		qsort(out->ptr, out->len, 1, by_byte);
}

static bool
has_any(struct slice s, const char *set)
{
	for (size_t i = 0; s.ptr != NULL && i < s.len; i++) {
		if (s.ptr[i] != '\0' && strchr(set, s.ptr[i]) != NULL)
			return true;
	}
	return false;
}

static void
check_match(struct arena *a, struct slice text, struct slice uri)
{
	struct buf why = BUF_INIT(MAX), again = BUF_INIT(MAX);
	struct buf sorted = BUF_INIT(MAX), want = BUF_INIT(MAX);
	struct uri_template *t;
	const struct json *values;
	enum rc rc = uri_template_compile(text, a, &t, &why);

	law((rc == RC_OK) == (t != NULL) && (rc == RC_OK) == (why.len == 0));
	if (rc == RC_OK)
		rc = uri_template_match(t, uri, a, &values);
	law(rc == RC_OK || rc == RC_SYNTAX || rc == RC_NOTFOUND);
	if (rc == RC_OK) {
		uri_template_expand(t, values, &again);
		put_sorted(&sorted, buf_slice(&again));
		put_sorted(&want, uri);
		law(slice_eq(buf_slice(&sorted), buf_slice(&want)));
		if (!has_any(uri, "%!'()*") && !has_any(text, "?;&%"))
			law(slice_eq(buf_slice(&again), uri));
	}
	buf_release(&why);
	buf_release(&again);
	buf_release(&sorted);
	buf_release(&want);
}

/* Cut at a zero byte. */
static void
put_text(struct buf *b, struct slice *rest)
{
	struct slice text = slice_cut(*rest, '\0', rest);

	if (rest->ptr == NULL)
		*rest = SLICE("");
	json_put_string(b, text);
}

/* Strings, and lists of two for those that explode. */
static void
check_values(struct arena *a, struct slice text, struct slice rest)
{
	struct buf why = BUF_INIT(MAX), in = BUF_INIT(MAX), uri = BUF_INIT(MAX);
	struct uri_template *t;
	const struct json *values, *got;
	const struct slice *names;
	size_t n;
	enum rc rc;

	law(uri_template_compile(text, a, &t, &why) == RC_OK);
	n = uri_template_vars(t, &names);
	buf_put_char(&in, '{');
	for (size_t i = 0; i < n; i++) {
		bool is_list = names[i].ptr[names[i].len] == '*';

		json_put_name(&in, names[i]);
		if (is_list)
			buf_put_char(&in, '[');
		put_text(&in, &rest);
		if (is_list) {
			buf_put_char(&in, ',');
			put_text(&in, &rest);
			buf_put_char(&in, ']');
		}
	}
	buf_put_char(&in, '}');
	law(json_read(a, buf_slice(&in), &json_limits_default, &values, NULL) ==
	    RC_OK);
	uri_template_expand(t, values, &uri);
	rc = uri_template_match(t, buf_slice(&uri), a, &got);
	if (uri.len > URI_TEMPLATE_URI_MAX)
		law(rc == RC_NOTFOUND);
	else
		law(rc == RC_OK && json_equal(values, got));
	law(uri_is_absolute(buf_slice(&uri)) || has_any(text, "#"));
	buf_release(&why);
	buf_release(&in);
	buf_release(&uri);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const clear[] = { "t:{a}", "t://{a}/{b}/c{/d*}",
		"t:{a,b,c*}", "t:{/a,b}/{c}", "t:{;a,b}", "t:{;a*,b}{?c}",
		"t:x{?a,b*,c}{&d}", "t:{a}{?b*}", "t:?{a}&{b*}", "t:{#a}" };
	struct slice text, rest = { (const char *)data, size };
	struct arena a = ARENA_INIT((size_t)64 << 20);
	size_t which;

	if (size == 0)
		return 0;
	which = data[0] % 16;
	rest = slice_from(rest, 1);
	if (which < sizeof(clear) / sizeof(*clear)) {
		text = slice_of(clear[which]);
		/* Behind {#, escapes in values stay as they are. */
		if (!has_any(text, "#") || !has_any(rest, "%"))
			check_values(&a, text, rest);
	} else {
		text = slice_cut(rest, '\0', &rest);
		check_match(&a, text, rest);
		(void)uri_is_absolute(rest);
	}
	arena_release(&a);
	return 0;
}
