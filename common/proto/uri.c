#include "uri.h"

#include <string.h>

#include "text.h"

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

bool
uri_is_unreserved(char c)
{
	return text_is_alpha(c) || text_is_digit(c) || is_one_of(c, "-._~");
}

bool
uri_is_reserved(char c)
{
	return is_one_of(c, ":/?#[]@!$&'()*+,;=");
}

bool
uri_escape_at(struct slice s, unsigned char *byte)
{
	struct slice digits;

	if (s.len < 3 || s.ptr[0] != '%')
		return false;
	digits = (struct slice){ s.ptr + 1, 2 };
	return text_hex(digits, byte, 1) == RC_OK;
}

/* Cut off what stands before the first of these. */
static struct slice
take_until(struct slice *s, size_t from, const char *set)
{
	struct slice head = { s->ptr, from };

	while (head.len < s->len && !is_one_of(s->ptr[head.len], set))
		head.len++;
	*s = slice_from(*s, head.len);
	return head;
}

/* The length of the scheme with its colon; 0: there is none. */
static size_t
scheme_size(struct slice s)
{
	size_t n = 0;

	while (n < s.len &&
	    (text_is_alpha(s.ptr[n]) || text_is_digit(s.ptr[n]) ||
		is_one_of(s.ptr[n], "+-.")))
		n++;
	if (n == 0 || n == s.len || s.ptr[n] != ':' || !text_is_alpha(s.ptr[0]))
		return 0;
	return n + 1;
}

struct uri
uri_split(struct slice s)
{
	struct uri u = { SLICE_NONE, SLICE_NONE, SLICE_NONE, SLICE_NONE,
		SLICE_NONE };
	size_t n;

	if (s.ptr == NULL)
		s = SLICE("");
	n = scheme_size(s);
	if (n > 0) {
		u.scheme = (struct slice){ s.ptr, n };
		s = slice_from(s, n);
	}
	if (slice_starts(s, SLICE("//")))
		u.authority = take_until(&s, 2, "/?#");
	u.path = take_until(&s, 0, "?#");
	if (s.len > 0 && s.ptr[0] == '?')
		u.query = take_until(&s, 1, "#");
	if (s.len > 0)
		u.fragment = s;
	return u;
}

/* Nothing but unreserved characters, escapes, and these. */
static bool
is_made_of(struct slice s, const char *set)
{
	unsigned char byte;

	while (s.len > 0) {
		size_t n = 1;

		if (uri_escape_at(s, &byte))
			n = 3;
		else if (!uri_is_unreserved(s.ptr[0]) &&
		    !is_one_of(s.ptr[0], set))
			return false;
		s = slice_from(s, n);
	}
	return true;
}

bool
uri_is_absolute(struct slice uri)
{
	struct uri u = uri_split(uri);

	if (u.fragment.len > 0)
		u.fragment = slice_from(u.fragment, 1);
	return u.scheme.len > 0 && is_made_of(u.path, "!$&'()*+,;=:@/") &&
	    is_made_of(u.authority, "!$&'()*+,;=:@/[]") &&
	    is_made_of(u.query, "!$&'()*+,;=:@/?") &&
	    is_made_of(u.fragment, "!$&'()*+,;=:@/?");
}
