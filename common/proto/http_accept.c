#include "http.h"

/* How closely a media range names a type; the closest one decides. */
enum fit { FIT_NONE, FIT_ANY, FIT_TYPE, FIT_EXACT, FITS };

/*
 * Cut at the first `at` outside of quotes.  As slice_cut(): without one the
 * whole is returned and *rest becomes absent.
 */
static struct slice
cut_unquoted(struct slice s, char at, struct slice *rest)
{
	bool is_quoted = false;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '"')
			is_quoted = !is_quoted;
		else if (is_quoted && c == '\\')
			i++;
		else if (!is_quoted && c == at) {
			*rest = slice_from(s, i + 1);
			return (struct slice){ s.ptr, i };
		}
	}
	*rest = SLICE_NONE;
	return s;
}

/*
 * Take the next `; name=value` from the parameters behind a media type.
 * False at the end.  Without '=' the value is absent.
 */
static bool
next_parameter(struct slice *rest, struct slice *name, struct slice *value)
{
	struct slice part;

	if (rest->ptr == NULL)
		return false;
	part = cut_unquoted(*rest, ';', rest);
	*name = slice_trim(slice_cut(part, '=', value));
	if (value->ptr != NULL)
		*value = slice_trim(*value);
	return true;
}

static struct slice
without_quotes(struct slice s)
{
	if (s.len < 2 || s.ptr[0] != '"' || s.ptr[s.len - 1] != '"')
		return s;
	return (struct slice){ s.ptr + 1, s.len - 2 };
}

bool
http_media_is(struct slice content_type, struct slice media)
{
	struct slice name, value, rest, more;

	/* Two types in one value say nothing about the body. */
	content_type = cut_unquoted(content_type, ',', &more);
	if (more.ptr != NULL)
		return false;
	if (!slice_ieq(
		slice_trim(cut_unquoted(content_type, ';', &rest)), media))
		return false;
	while (next_parameter(&rest, &name, &value)) {
		if (slice_ieq(name, SLICE("charset")) &&
		    !slice_ieq(without_quotes(value), SLICE("utf-8")))
			return false;
	}
	return true;
}

/*
 * Zero in any spelling, the ".0" of old clients included.  What is no number
 * at all counts as wanted: nobody is refused for a slip of the pen.
 */
static bool
is_zero(struct slice weight)
{
	bool has_digit = false, has_point = false;

	for (size_t i = 0; i < weight.len; i++) {
		if (weight.ptr[i] == '0')
			has_digit = true;
		else if (weight.ptr[i] == '.' && !has_point)
			has_point = true;
		else
			return false;
	}
	return has_digit;
}

/* Is the weight above 0?  Other parameters are of no interest. */
static bool
is_wanted(struct slice parameters)
{
	struct slice name, value;

	while (next_parameter(&parameters, &name, &value)) {
		if (slice_ieq(name, SLICE("q")) && is_zero(value))
			return false;
	}
	return true;
}

static enum fit
fit(struct slice range, struct slice media)
{
	struct slice subtype, ignored, type = slice_cut(range, '/', &subtype);

	if (slice_ieq(range, media))
		return FIT_EXACT;
	if (!slice_eq(subtype, SLICE("*")))
		return FIT_NONE;
	if (slice_eq(type, SLICE("*")))
		return FIT_ANY;
	return slice_ieq(type, slice_cut(media, '/', &ignored)) ? FIT_TYPE
								: FIT_NONE;
}

/* What the elements of one fit say; the friendliest of them counts. */
struct verdict {
	bool is_named;
	bool is_wanted;
};

static void
judge(struct slice accept, struct slice media, struct verdict verdicts[FITS])
{
	while (accept.ptr != NULL) {
		struct slice element = cut_unquoted(accept, ',', &accept);
		struct slice rest;
		struct slice range =
		    slice_trim(cut_unquoted(element, ';', &rest));
		struct verdict *v = &verdicts[fit(range, media)];

		v->is_named = true;
		v->is_wanted = v->is_wanted || is_wanted(rest);
	}
}

/* Does the list begin with just this type?  Nothing behind it can take that
 * back, and nearly every client writes it so. */
static bool
begins_with(struct slice accept, struct slice media)
{
	return slice_starts(accept, media) &&
	    (accept.len == media.len || accept.ptr[media.len] == ',');
}

bool
http_accepts(struct slice accept, struct slice media)
{
	struct verdict verdicts[FITS] = { 0 };

	if (begins_with(accept, media) || slice_trim(accept).len == 0)
		return true;
	judge(accept, media, verdicts);
	for (size_t f = FIT_EXACT; f > FIT_NONE; f--) {
		if (verdicts[f].is_named)
			return verdicts[f].is_wanted;
	}
	return false;
}

bool
http_accepts_exactly(struct slice accept, struct slice media)
{
	struct verdict verdicts[FITS] = { 0 };

	judge(accept, media, verdicts);
	return verdicts[FIT_EXACT].is_wanted;
}
