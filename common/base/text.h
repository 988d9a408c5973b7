#ifndef MCP_TEXT_H
#define MCP_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "rc.h"
#include "slice.h"

/* Of ASCII, whatever the locale. */
static inline bool
text_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
text_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
text_is_hex(char c)
{
	return text_is_digit(c) || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

/* Well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, <= U+10FFFF. */
bool text_utf8_ok(struct slice s);

/* The number of bytes of the well-formed sequence s begins with, 0 if none. */
size_t text_utf8_step(struct slice s);

/* Append one code point (a scalar value) as UTF-8. */
void text_put_utf8(struct buf *b, uint32_t code_point);

/*
 * A decimal number without sign, blanks or leading zeros, at most `max`.
 * RC_SYNTAX for anything else; *value is then unchanged.
 */
MUST_CHECK enum rc text_u64(struct slice s, uint64_t max, uint64_t *value);

/* Append bytes as lower-case hex. */
void text_put_hex(struct buf *b, const void *bytes, size_t n);

/* Exactly n bytes from 2n hex digits of either case; RC_SYNTAX otherwise. */
MUST_CHECK enum rc text_hex(struct slice s, unsigned char *out, size_t n);

/* Append bytes in base64, standard alphabet with padding (RFC 4648 4). */
void text_put_b64(struct buf *b, const void *bytes, size_t n);

/* Append bytes in base64url without padding (RFC 4648 5). */
void text_put_b64url(struct buf *b, const void *bytes, size_t n);

/*
 * Decode into the arena.  Only the canonical form is taken: right alphabet,
 * exact padding (none for b64url), zero bits at the end; so that two
 * different texts never mean the same bytes.  RC_SYNTAX or RC_NOMEM.
 */
MUST_CHECK enum rc text_b64(struct arena *a, struct slice s, struct slice *out);
MUST_CHECK enum rc text_b64url(
    struct arena *a, struct slice s, struct slice *out);

/* The same into a place of exactly n bytes; RC_SYNTAX if it is another size. */
MUST_CHECK enum rc text_b64url_fixed(
    struct slice s, unsigned char *out, size_t n);

/* A token of RFC 9110 5.6.2: at least one tchar and nothing else. */
bool text_token_ok(struct slice s);

/* Only visible ASCII, 0x21 to 0x7E, and at least one byte. */
bool text_visible_ok(struct slice s);

/* The date YYYY-MM-DDThh:mm:ss.mmmZ of milliseconds since 1970 (RFC 3339). */
void text_put_time(struct buf *b, int64_t ms);

#endif
