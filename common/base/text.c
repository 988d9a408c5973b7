#include "text.h"

static const char hex_digits[] = "0123456789abcdef";

/* The two characters in which the alphabets of RFC 4648 4 and 5 differ. */
static const char standard[] = "+/";
static const char url[] = "-_";

size_t
text_utf8_step(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (s.len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || s.len < n)
		return 0;
	/* The second byte tells overlong forms, surrogates and what lies
	 * beyond U+10FFFF (RFC 3629 4). */
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/* The number of ASCII bytes at the front, eight looked at in one step. */
static size_t
ascii_run(struct slice s)
{
	size_t i = 0;

	while (s.len - i >= 8) {
		uint64_t word;

		memcpy(&word, s.ptr + i, sizeof(word));
		if ((word & UINT64_C(0x8080808080808080)) != 0)
			break;
		i += 8;
	}
	while (i < s.len && (unsigned char)s.ptr[i] < 0x80)
		i++;
	return i;
}

bool
text_utf8_ok(struct slice s)
{
	while (s.len > 0) {
		size_t n = ascii_run(s);

		if (n == 0)
			n = text_utf8_step(s);
		if (n == 0)
			return false;
		s = slice_from(s, n);
	}
	return true;
}

void
text_put_utf8(struct buf *b, uint32_t code_point)
{
	/* Lead byte marks, by the number of bytes. */
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	unsigned char out[4];
	size_t n = code_point < 0x80 ? 1
	    : code_point < 0x800     ? 2
	    : code_point < 0x10000   ? 3
				     : 4;

	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (unsigned char)(0x80 | (code_point & 0x3f));
		code_point >>= 6;
	}
	out[0] = (unsigned char)(lead[n] | code_point);
	buf_put(b, out, n);
}

enum rc
text_u64(struct slice s, uint64_t max, uint64_t *value)
{
	uint64_t sum = 0;

	if (s.len == 0 || (s.ptr[0] == '0' && s.len > 1))
		return RC_SYNTAX;
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit = (unsigned char)s.ptr[i] - (uint64_t)'0';

		if (digit > 9 || digit > max || sum > (max - digit) / 10)
			return RC_SYNTAX;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return RC_OK;
}

void
text_put_hex(struct buf *b, const void *bytes, size_t n)
{
	const unsigned char *in = bytes;
	char *out = buf_extend(b, n > SIZE_MAX / 2 ? SIZE_MAX : n * 2);

	if (out == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		*out++ = hex_digits[in[i] >> 4];
		*out++ = hex_digits[in[i] & 15];
	}
}

/* 0 to 15, or -1. */
static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum rc
text_hex(struct slice s, unsigned char *out, size_t n)
{
	if (s.len % 2 != 0 || s.len / 2 != n)
		return RC_SYNTAX;
	for (size_t i = 0; i < n; i++) {
		int high = nibble(s.ptr[2 * i]);
		int low = nibble(s.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return RC_SYNTAX;
		out[i] = (unsigned char)(high * 16 + low);
	}
	return RC_OK;
}

/* The character that stands for six bits. */
static char
b64_char(uint32_t six, const char last[2])
{
	if (six < 26)
		return (char)('A' + six);
	if (six < 52)
		return (char)('a' + (six - 26));
	if (six < 62)
		return (char)('0' + (six - 52));
	return last[six - 62];
}

/* Three bytes, or the one or two at the end, make one more character. */
static void
put_group(struct buf *b, const unsigned char *in, size_t n, const char last[2])
{
	uint32_t bits = (uint32_t)in[0] << 16;
	char out[4];

	if (n > 1)
		bits |= (uint32_t)in[1] << 8;
	if (n > 2)
		bits |= in[2];
	for (size_t i = 0; i < 4; i++)
		out[i] = b64_char(bits >> (18 - 6 * i) & 0x3f, last);
	buf_put(b, out, n + 1);
}

static void
put_base64(struct buf *b, const void *bytes, size_t n, const char last[2])
{
	const unsigned char *in = bytes;

	for (size_t i = 0; i < n && !b->failed; i += 3)
		put_group(b, in + i, n - i < 3 ? n - i : 3, last);
}

void
text_put_b64(struct buf *b, const void *bytes, size_t n)
{
	put_base64(b, bytes, n, standard);
	if (n % 3 != 0)
		buf_put(b, "==", 3 - n % 3);
}

void
text_put_b64url(struct buf *b, const void *bytes, size_t n)
{
	put_base64(b, bytes, n, url);
}

/* The six bits of a character, or -1. */
static int
b64_value(char c, const char last[2])
{
	unsigned upper = (unsigned char)c - (unsigned)'A';
	unsigned lower = (unsigned char)c - (unsigned)'a';
	unsigned digit = (unsigned char)c - (unsigned)'0';
	int six = -1;

	/* One selection after the other: nobody can predict branches on
	 * random letters. */
	six = upper < 26 ? (int)upper : six;
	six = lower < 26 ? (int)lower + 26 : six;
	six = digit < 10 ? (int)digit + 52 : six;
	six = c == last[0] ? 62 : six;
	return c == last[1] ? 63 : six;
}

/* How many bytes that many characters without padding make. */
static size_t
b64_size(size_t chars)
{
	return chars / 4 * 3 + chars % 4 * 3 / 4;
}

/* Decode characters without padding into b64_size() bytes. */
static enum rc
take_base64(struct slice s, const char last[2], unsigned char *out)
{
	uint32_t bits = 0;
	unsigned held = 0;

	if (s.len % 4 == 1)
		return RC_SYNTAX;
	for (size_t i = 0; i < s.len; i++) {
		int six = b64_value(s.ptr[i], last);

		if (six < 0)
			return RC_SYNTAX;
		bits = bits << 6 | (uint32_t)six;
		held += 6;
		if (held >= 8) {
			held -= 8;
			*out++ = (unsigned char)(bits >> held);
			bits &= (UINT32_C(1) << held) - 1;
		}
	}
	return bits == 0 ? RC_OK : RC_SYNTAX;
}

static enum rc
base64_into_arena(
    struct arena *a, struct slice s, const char last[2], struct slice *out)
{
	size_t n = b64_size(s.len);
	char *room = arena_bytes(a, n);
	enum rc rc;

	if (room == NULL)
		return RC_NOMEM;
	rc = take_base64(s, last, (unsigned char *)room);
	if (rc == RC_OK)
		*out = (struct slice){ room, n };
	return rc;
}

enum rc
text_b64(struct arena *a, struct slice s, struct slice *out)
{
	if (s.len % 4 != 0)
		return RC_SYNTAX;
	/* At most two; a third stays and is no letter of the alphabet. */
	for (int i = 0; i < 2 && s.len > 0 && s.ptr[s.len - 1] == '='; i++)
		s.len--;
	return base64_into_arena(a, s, standard, out);
}

enum rc
text_b64url(struct arena *a, struct slice s, struct slice *out)
{
	return base64_into_arena(a, s, url, out);
}

enum rc
text_b64url_fixed(struct slice s, unsigned char *out, size_t n)
{
	return b64_size(s.len) == n ? take_base64(s, url, out) : RC_SYNTAX;
}

static bool
is_tchar(char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

bool
text_token_ok(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_tchar(s.ptr[i]))
			return false;
	}
	return s.len > 0;
}

bool
text_visible_ok(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < 0x21 || s.ptr[i] > 0x7e)
			return false;
	}
	return s.len > 0;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

/*
 * Year, month and day of a day number since 1970, in the proleptic Gregorian
 * calendar.  Counted here because gmtime_r() may read the zone files.  Years
 * begin in March, so that the leap day is the last of its year.
 */
static void
date_of_day(int64_t day, int date[3])
{
	int64_t since = day + 719468; /* 0000-03-01 */
	int64_t era = floor_div(since, 146097);
	int64_t in_era = since - era * 146097;
	int64_t year =
	    (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * in_year + 2) / 153; /* from March */

	date[0] = (int)(year + era * 400 + (month >= 10 ? 1 : 0));
	date[1] = (int)(month < 10 ? month + 3 : month - 9);
	date[2] = (int)(in_year - (153 * month + 2) / 5 + 1);
}

void
text_put_time(struct buf *b, int64_t ms)
{
	/* What four digits of a year can say: 0000-01-01 to 9999-12-31. */
	const int64_t first = INT64_C(-62167219200000);
	const int64_t last = INT64_C(253402300799999);
	int64_t day;
	int date[3], rest;

	ms = ms < first ? first : ms > last ? last : ms;
	day = floor_div(ms, 86400000);
	rest = (int)(ms - day * 86400000);
	date_of_day(day, date);
	buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", date[0], date[1],
	    date[2], rest / 3600000, rest / 60000 % 60, rest / 1000 % 60,
	    rest % 1000);
}
