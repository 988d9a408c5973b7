#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_part.h"

/* Above every exponent that matters, far below the ends of an int64_t. */
#define EXPONENT_MAX INT64_C(1000000000000000)

/* More significant digits cannot move a double, save by being there at all:
 * 767 is the longest exact half way between two of them. */
#define DIGITS_MAX 780

size_t
json_plain(const char *p, const char *end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const char *begin = p;

	/* Eight bytes in one step: subtracting from each sets its top bit
	 * where the byte was below; a borrow can only raise a false alarm. */
	while (end - p >= 8) {
		uint64_t word, quote, slash;

		memcpy(&word, p, sizeof(word));
		quote = (word ^ ones * '"') - ones;
		slash = (word ^ ones * '\\') - ones;
		if (((word | (word - ones * 0x20) | quote | slash) &
			ones * 0x80) != 0)
			break;
		p += 8;
	}
	while (p < end && (unsigned char)*p - 0x20U < 0x60 && *p != '"' &&
	    *p != '\\')
		p++;
	return (size_t)(p - begin);
}

static int
by_name(const void *a, const void *b)
{
	const struct json *const *x = a;
	const struct json *const *y = b;

	return slice_cmp((*x)->name, (*y)->name);
}

const struct json *const *
json_order(struct arena *a, const struct json *object)
{
	const struct json **order;
	uint32_t n = 0;

	if (object->sorted != NULL)
		return object->sorted;
	order = arena_alloc(a, object->count * sizeof(struct json *));
	if (order == NULL)
		return NULL;
	for (const struct json *m = object->child; m != NULL; m = m->next)
		order[n++] = m;
	qsort(order, n, sizeof(struct json *), by_name);
	return order;
}

static const struct json *
find_sorted(const struct json *object, struct slice name)
{
	uint32_t low = 0, high = object->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = slice_cmp(object->sorted[middle]->name, name);

		if (order == 0)
			return object->sorted[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct json *
json_member(const struct json *object, struct slice name)
{
	if (!json_is(object, JSON_OBJECT))
		return NULL;
	if (object->sorted != NULL)
		return find_sorted(object, name);
	for (const struct json *m = object->child; m != NULL; m = m->next) {
		if (slice_eq(m->name, name))
			return m;
	}
	return NULL;
}

const struct json *
json_at(const struct json *container, uint32_t i)
{
	const struct json *v = container == NULL ? NULL : container->child;

	while (v != NULL && i > 0) {
		v = v->next;
		i--;
	}
	return v;
}

/* ----------------------------------------------------------------- numbers */

/*
 * A number taken apart: its value is 0.DDD * 10^point, where DDD are the
 * digits from `first` to before `end`, neither beginning nor ending with a
 * zero; none if the value is zero.  Digits are counted through the whole
 * part and then the fraction.
 */
struct decimal {
	struct slice whole;
	struct slice fraction;
	size_t first;
	size_t end;
	int64_t point;
	bool negative;
	bool huge; /* the exponent was cut to EXPONENT_MAX */
};

static char
digit(const struct decimal *d, size_t i)
{
	if (i < d->whole.len)
		return d->whole.ptr[i];
	return d->fraction.ptr[i - d->whole.len];
}

static struct slice
take_digits(struct slice *s)
{
	struct slice digits = { s->ptr, 0 };

	while (s->len > 0 && *s->ptr >= '0' && *s->ptr <= '9') {
		*s = slice_from(*s, 1);
		digits.len++;
	}
	return digits;
}

/* The exponent behind its letter, cut at EXPONENT_MAX. */
static int64_t
exponent_of(struct slice s)
{
	bool negative = s.ptr[0] == '-';
	int64_t sum = 0;

	if (negative || s.ptr[0] == '+')
		s = slice_from(s, 1);
	for (size_t i = 0; i < s.len && sum < EXPONENT_MAX; i++)
		sum = sum * 10 + (s.ptr[i] - '0');
	if (sum > EXPONENT_MAX)
		sum = EXPONENT_MAX;
	return negative ? -sum : sum;
}

static struct decimal
decimal_of(struct slice s)
{
	struct decimal d = { .fraction = SLICE(""),
		.negative = s.ptr[0] == '-' };
	int64_t exponent;

	if (d.negative)
		s = slice_from(s, 1);
	d.whole = take_digits(&s);
	if (s.len > 0 && s.ptr[0] == '.') {
		s = slice_from(s, 1);
		d.fraction = take_digits(&s);
	}
	exponent = s.len > 0 ? exponent_of(slice_from(s, 1)) : 0;
	d.huge = exponent == EXPONENT_MAX || exponent == -EXPONENT_MAX;
	d.end = d.whole.len + d.fraction.len;
	while (d.end > 0 && digit(&d, d.end - 1) == '0')
		d.end--;
	while (d.first < d.end && digit(&d, d.first) == '0')
		d.first++;
	d.point = exponent + (int64_t)d.whole.len - (int64_t)d.first;
	return d;
}

static bool
is_zero(const struct decimal *d)
{
	return d->first == d->end;
}

static bool
is_whole(const struct decimal *d)
{
	return is_zero(d) || (int64_t)(d->end - d->first) <= d->point;
}

bool
json_is_integer(const struct json *value)
{
	struct decimal d;

	if (!json_is(value, JSON_NUMBER))
		return false;
	d = decimal_of(value->raw);
	return is_whole(&d);
}

enum rc
json_int64(const struct json *value, int64_t *out)
{
	struct decimal d;
	uint64_t sum = 0;

	if (!json_is(value, JSON_NUMBER))
		return RC_SYNTAX;
	d = decimal_of(value->raw);
	if (is_zero(&d)) {
		*out = 0;
		return RC_OK;
	}
	/* Nineteen digits always fit into a uint64_t. */
	if (!is_whole(&d) || d.point > 19)
		return RC_SYNTAX;
	for (size_t i = 0; i < (size_t)d.point; i++) {
		sum *= 10;
		if (d.first + i < d.end)
			sum += (uint64_t)(digit(&d, d.first + i) - '0');
	}
	if (sum > (uint64_t)INT64_MAX + (d.negative ? 1 : 0))
		return RC_SYNTAX;
	/* INT64_MIN has no positive twin that could be negated. */
	*out = d.negative ? -(int64_t)(sum - 1) - 1 : (int64_t)sum;
	return RC_OK;
}

enum rc
json_double(const struct json *value, double *out)
{
	/* Sign, digits, one more, and "e" with an exponent of 64 bits. */
	char text[1 + DIGITS_MAX + 1 + 24];
	struct decimal d;
	double result;
	size_t n = 0, digits;

	if (!json_is(value, JSON_NUMBER))
		return RC_SYNTAX;
	d = decimal_of(value->raw);
	/* Written anew without a point, because strtod() asks the locale for
	 * the look of a point. */
	if (d.negative)
		text[n++] = '-';
	digits = d.end - d.first;
	for (size_t i = 0; i < digits && i < DIGITS_MAX; i++)
		text[n++] = digit(&d, d.first + i);
	if (digits == 0)
		text[n++] = '0';
	if (digits > DIGITS_MAX) {
		digits = DIGITS_MAX + 1;
		text[n++] = '1'; /* for the rest, which is not zero */
	}
	(void)snprintf(text + n, sizeof(text) - n, "e%" PRId64,
	    digits == 0 ? 0 : d.point - (int64_t)digits);
	result = strtod(text, NULL);
	if (!isfinite(result))
		return RC_SYNTAX;
	*out = result;
	return RC_OK;
}

static bool
numbers_equal(struct slice x, struct slice y)
{
	struct decimal a, b;

	if (slice_eq(x, y))
		return true;
	a = decimal_of(x);
	b = decimal_of(y);
	if (is_zero(&a) || is_zero(&b))
		return is_zero(&a) && is_zero(&b);
	/* Exponents that were cut cannot be told apart: only the same text
	 * counts as the same number then. */
	if (a.huge || b.huge || a.negative != b.negative ||
	    a.point != b.point || a.end - a.first != b.end - b.first)
		return false;
	for (size_t i = 0; i < a.end - a.first; i++) {
		if (digit(&a, a.first + i) != digit(&b, b.first + i))
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------- equality */

static bool
arrays_equal(const struct json *a, const struct json *b)
{
	const struct json *x = a->child, *y = b->child;

	while (x != NULL && y != NULL && json_equal(x, y)) {
		x = x->next;
		y = y->next;
	}
	return x == NULL && y == NULL;
}

static bool
objects_equal(const struct json *a, const struct json *b)
{
	/* As many members, no twins: every name found is enough. */
	for (const struct json *m = a->child; m != NULL; m = m->next) {
		const struct json *other = json_member(b, m->name);

		if (other == NULL || !json_equal(m, other))
			return false;
	}
	return true;
}

/* Recursion ends at the depth that json_read() allowed. */
bool
json_equal(const struct json *a, const struct json *b)
{
	if (a->type != b->type || a->count != b->count)
		return false;
	switch (a->type) {
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		return true;
	case JSON_NUMBER:
		return numbers_equal(a->raw, b->raw);
	case JSON_STRING:
		return slice_eq(a->text, b->text);
	case JSON_ARRAY:
		return arrays_equal(a, b);
	case JSON_OBJECT:
		return objects_equal(a, b);
	}
	return false;
}
