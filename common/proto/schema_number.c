#include "schema_number.h"

/* An exponent beyond this is as good as infinite, and sums still fit. */
#define EXPONENT_MAX INT64_C(1000000000000)
/* Ten times this plus nine fits 64 bits. */
#define DIVISOR_DIGITS 18
/* So many tens use up every two and five of a 64-bit number. */
#define TENS_MAX 64

static bool
read_small(struct slice raw, int64_t *out)
{
	bool negative = raw.len > 0 && raw.ptr[0] == '-';
	int64_t value = 0;

	if (raw.len > 18)
		return false;
	for (size_t i = negative ? 1 : 0; i < raw.len; i++) {
		char c = raw.ptr[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*out = negative ? -value : value;
	return true;
}

/* What stands behind the e. */
static int64_t
read_exponent(struct slice s)
{
	bool negative = s.len > 0 && s.ptr[0] == '-';
	int64_t value = 0;

	for (size_t i = 0; i < s.len && value < EXPONENT_MAX; i++) {
		if (s.ptr[i] >= '0' && s.ptr[i] <= '9')
			value = value * 10 + (s.ptr[i] - '0');
	}
	return negative ? -value : value;
}

void
schema_number_read(struct slice raw, struct schema_number *out)
{
	size_t i = raw.len > 0 && raw.ptr[0] == '-' ? 1 : 0;
	int64_t whole = 0, before = 0, no = 0;
	bool in_fraction = false;

	*out = (struct schema_number){ .negative = i == 1 };
	out->is_small = read_small(raw, &out->small);
	for (; i < raw.len && (raw.ptr[i] | 0x20) != 'e'; i++) {
		const char *p = raw.ptr + i;

		if (*p == '.') {
			in_fraction = true;
			continue;
		}
		no++;
		whole += in_fraction ? 0 : 1;
		if (*p == '0')
			continue;
		if (out->digits.ptr == NULL) {
			out->digits.ptr = p;
			before = no - 1;
		}
		out->digits.len = (size_t)(p - out->digits.ptr) + 1;
		out->n = (size_t)(no - before);
	}
	if (out->n == 0) {
		out->negative = false;
		return;
	}
	out->top = whole - before;
	if (i < raw.len)
		out->top += read_exponent(slice_from(raw, i + 1));
}

/* The next digit, -1 behind the last. */
static int
next_digit(struct slice *s)
{
	while (s->len > 0) {
		char c = s->ptr[0];

		*s = slice_from(*s, 1);
		if (c != '.')
			return c - '0';
	}
	return -1;
}

static int
cmp_magnitude(const struct schema_number *a, const struct schema_number *b)
{
	struct slice x = a->digits, y = b->digits;
	int dx, dy;

	if (a->top != b->top)
		return a->top < b->top ? -1 : 1;
	do {
		dx = next_digit(&x);
		dy = next_digit(&y);
	} while (dx == dy && dx >= 0);
	return dx < dy ? -1 : dx > dy;
}

static int
sign(const struct schema_number *n)
{
	if (n->n == 0)
		return 0;
	return n->negative ? -1 : 1;
}

int
schema_number_cmp(const struct schema_number *a, const struct schema_number *b)
{
	int order;

	if (a->is_small && b->is_small)
		return a->small < b->small ? -1 : a->small > b->small;
	if (sign(a) != sign(b))
		return sign(a) < sign(b) ? -1 : 1;
	if (a->n == 0)
		return 0;
	order = cmp_magnitude(a, b);
	return a->negative ? -order : order;
}

enum rc
schema_divisor_make(const struct schema_number *n, struct schema_divisor *out)
{
	struct slice s = n->digits;
	uint64_t value = 0;

	if (n->n > DIVISOR_DIGITS)
		return RC_FULL;
	for (int d = next_digit(&s); d >= 0; d = next_digit(&s))
		value = value * 10 + (uint64_t)d;
	*out = (struct schema_divisor){ value, n->top - (int64_t)n->n };
	return RC_OK;
}

bool
schema_number_divides(
    const struct schema_divisor *d, const struct schema_number *n)
{
	struct slice s = n->digits;
	int64_t tens = n->top - (int64_t)n->n - d->low;
	uint64_t rest = 0;

	if (n->n == 0)
		return true;
	/* The last digit is not 0, so it is no multiple of a power of ten. */
	if (tens < 0)
		return false;
	for (int digit = next_digit(&s); digit >= 0; digit = next_digit(&s))
		rest = (rest * 10 + (uint64_t)digit) % d->digits;
	for (int64_t i = 0; i < tens && i < TENS_MAX && rest != 0; i++)
		rest = rest * 10 % d->digits;
	return rest == 0;
}
