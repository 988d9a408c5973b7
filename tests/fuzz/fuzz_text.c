/*
 * Laws of text: what is encoded decodes to the same bytes; what decodes
 * encodes to the same text, so that no two texts mean the same bytes; well-
 * formed UTF-8 is exactly what can be taken apart and written anew.
 */
#include "fuzz.h"
#include "text.h"

#define MAX ((size_t)16 << 20)

static void
check_encoding(struct arena *a, struct slice bytes)
{
	struct buf b = BUF_INIT(MAX);
	char *room = arena_bytes(a, bytes.len);
	struct slice out;

	law(room != NULL);
	text_put_b64(&b, bytes.ptr, bytes.len);
	law(text_b64(a, buf_slice(&b), &out) == RC_OK);
	law(slice_eq(out, bytes));
	buf_reset(&b);
	text_put_b64url(&b, bytes.ptr, bytes.len);
	law(text_b64url(a, buf_slice(&b), &out) == RC_OK);
	law(slice_eq(out, bytes));
	law(text_b64url_fixed(
		buf_slice(&b), (unsigned char *)room, bytes.len) == RC_OK);
	law(slice_eq((struct slice){ room, bytes.len }, bytes));
	buf_reset(&b);
	text_put_hex(&b, bytes.ptr, bytes.len);
	memset(room, 0, bytes.len);
	law(text_hex(buf_slice(&b), (unsigned char *)room, bytes.len) == RC_OK);
	law(slice_eq((struct slice){ room, bytes.len }, bytes));
	buf_release(&b);
}

static void
check_decoding(struct arena *a, struct slice text)
{
	struct buf b = BUF_INIT(MAX);
	struct slice out;
	uint64_t number;

	if (text_b64(a, text, &out) == RC_OK) {
		text_put_b64(&b, out.ptr, out.len);
		law(slice_eq(buf_slice(&b), text));
	}
	buf_reset(&b);
	if (text_b64url(a, text, &out) == RC_OK) {
		text_put_b64url(&b, out.ptr, out.len);
		law(slice_eq(buf_slice(&b), text));
	}
	buf_reset(&b);
	if (text_u64(text, UINT64_MAX, &number) == RC_OK) {
		buf_put_u64(&b, number);
		law(slice_eq(buf_slice(&b), text));
	}
	buf_release(&b);
}

/* The code point of a well-formed sequence. */
static uint32_t
code_point(const unsigned char *p, size_t n)
{
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = p[0] & mask[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

static void
check_utf8(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct buf b = BUF_INIT(MAX);
	size_t at = 0, n;

	while (at < size && (n = text_utf8_step(slice_from(text, at))) > 0) {
		uint32_t c = code_point(data + at, n);

		law(c <= 0x10ffff && (c < 0xd800 || c > 0xdfff));
		text_put_utf8(&b, c);
		at += n;
	}
	law(text_utf8_ok(text) == (at == size));
	law(slice_eq(buf_slice(&b), (struct slice){ text.ptr, at }));
	buf_release(&b);
}

static void
check_time(const uint8_t *data, size_t size)
{
	struct buf b = BUF_INIT(100);
	int64_t ms;

	if (size < sizeof(ms))
		return;
	memcpy(&ms, data, sizeof(ms));
	text_put_time(&b, ms);
	law(b.len == sizeof("2026-07-28T00:00:00.000Z") - 1);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT(MAX);
	struct slice bytes = { (const char *)data, size };

	check_encoding(&a, bytes);
	check_decoding(&a, bytes);
	check_utf8(data, size);
	check_time(data, size);
	law(!text_token_ok(bytes) || text_visible_ok(bytes));
	law(!text_visible_ok(bytes) || text_utf8_ok(bytes));
	arena_release(&a);
	return 0;
}
