#include "header.h"

#include <limits.h>
#include <stdint.h>

#include "text.h"

#define PREFIX SLICE("=?base64?")
#define SUFFIX SLICE("?=")

/* Visible ASCII, space and tab: all that a value may hold. */
static bool
is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((s.ptr[i] < 0x20 || s.ptr[i] > 0x7E) && s.ptr[i] != '\t')
			return false;
	}
	return true;
}

enum rc
header_decode(struct arena *a, struct slice value, struct slice *out)
{
	enum rc rc;

	*out = SLICE_NONE;
	value = slice_trim(value);
	if (!is_plain(value))
		return RC_SYNTAX;
	if (value.len < PREFIX.len + SUFFIX.len ||
	    !slice_starts(value, PREFIX) || !slice_ends(value, SUFFIX)) {
		*out = value;
		return RC_OK;
	}
	value = slice_from(value, PREFIX.len);
	value.len -= SUFFIX.len;
	if (value.len == 0) {
		*out = SLICE("");
		return RC_OK;
	}
	rc = text_b64(a, value, &value);
	if (rc != RC_OK)
		return rc;
	if (!text_utf8_ok(value))
		return RC_SYNTAX;
	*out = value;
	return RC_OK;
}

/*
 * Not literal, beyond what cannot be: what would lose blanks at its ends,
 * nothing at all (front ends drop empty fields), and what could be taken for
 * the sentinel, even by those who let prefix and suffix share the '?'.
 */
static bool
is_literal(struct slice text)
{
	return text.len > 0 && is_plain(text) &&
	    slice_trim(text).len == text.len &&
	    !(slice_starts(text, PREFIX) && slice_ends(text, SUFFIX));
}

void
header_put(struct buf *b, struct slice text)
{
	if (is_literal(text)) {
		buf_put_slice(b, text);
		return;
	}
	buf_put_slice(b, PREFIX);
	text_put_b64(b, text.ptr, text.len);
	buf_put_slice(b, SUFFIX);
}

/*
 * A decimal number, exact at any size: 0.DIGITS * 10^exponent, where the
 * digits neither begin nor end with a zero.  Two numbers are equal if and only
 * if these are.  Zero has no digits and no sign.
 */
struct decimal {
	bool is_negative;
	struct slice head; /* digits before the point */
	struct slice tail; /* and behind it */
	size_t count;      /* of both, without the outer zeros */
	int64_t exponent;
};

static struct slice
take_digits(struct slice *s)
{
	size_t n = 0;
	struct slice digits;

	while (n < s->len && s->ptr[n] >= '0' && s->ptr[n] <= '9')
		n++;
	digits = (struct slice){ s->ptr, n };
	*s = slice_from(*s, n);
	return digits;
}

static bool
take_char(struct slice *s, char c)
{
	if (s->len == 0 || s->ptr[0] != c)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

/* [eE][+-]digits; saturates far beyond any length of digits. */
static bool
take_exponent(struct slice *s, int64_t *exponent)
{
	bool is_negative;
	int64_t value = 0;
	struct slice digits;

	*exponent = 0;
	if (!take_char(s, 'e') && !take_char(s, 'E'))
		return true;
	is_negative = take_char(s, '-');
	if (!is_negative)
		(void)take_char(s, '+');
	digits = take_digits(s);
	for (size_t i = 0; i < digits.len; i++) {
		if (value < INT64_MAX / 100)
			value = value * 10 + (digits.ptr[i] - '0');
	}
	*exponent = is_negative ? -value : value;
	return digits.len > 0;
}

static char
digit_at(const struct decimal *d, size_t i)
{
	if (i < d->head.len)
		return d->head.ptr[i];
	return d->tail.ptr[i - d->head.len];
}

/* Drop the zeros at both ends. */
static void
normalise(struct decimal *d)
{
	size_t all = d->head.len + d->tail.len, first = 0, last = all;

	while (first < all && digit_at(d, first) == '0')
		first++;
	while (last > first && digit_at(d, last - 1) == '0')
		last--;
	d->count = last - first;
	if (d->count == 0) {
		d->is_negative = false;
		d->exponent = 0;
		return;
	}
	d->exponent += (int64_t)d->head.len - (int64_t)first;
	if (first > d->head.len) {
		d->tail = slice_from(d->tail, first - d->head.len);
		d->head = SLICE("");
	} else {
		d->head = slice_from(d->head, first);
	}
}

/* -?digits(.digits)? and, where allowed, an exponent. */
static bool
read_decimal(struct slice s, bool may_have_exponent, struct decimal *d)
{
	*d = (struct decimal){ .is_negative = take_char(&s, '-') };
	d->head = take_digits(&s);
	d->tail = SLICE("");
	if (d->head.len == 0)
		return false;
	if (take_char(&s, '.')) {
		d->tail = take_digits(&s);
		if (d->tail.len == 0)
			return false;
	}
	if (may_have_exponent && !take_exponent(&s, &d->exponent))
		return false;
	normalise(d);
	return s.len == 0;
}

static bool
same_number(struct slice header, struct slice body)
{
	struct decimal a, b;

	if (!read_decimal(header, false, &a) || !read_decimal(body, true, &b))
		return false;
	if (a.is_negative != b.is_negative || a.count != b.count ||
	    a.exponent != b.exponent)
		return false;
	for (size_t i = 0; i < a.count; i++) {
		if (digit_at(&a, i) != digit_at(&b, i))
			return false;
	}
	return true;
}

bool
header_matches(struct slice decoded, const struct json *value)
{
	/* A field that was not sent says nothing, not even "". */
	if (decoded.ptr == NULL || value == NULL)
		return false;
	switch (value->type) {
	case JSON_STRING:
		return slice_eq(decoded, value->text);
	case JSON_TRUE:
		return slice_eq(decoded, SLICE("true"));
	case JSON_FALSE:
		return slice_eq(decoded, SLICE("false"));
	case JSON_NUMBER:
		return same_number(decoded, value->raw);
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		return false;
	}
	return false;
}
