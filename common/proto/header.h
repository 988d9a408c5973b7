#ifndef MCP_HEADER_H
#define MCP_HEADER_H

#include "arena.h"
#include "json.h"
#include "rc.h"
#include "slice.h"

/*
 * Values of Mcp-Name and Mcp-Param-*: plain text, or UTF-8 in the sentinel
 * =?base64?...?= (2026-07-28, basic/transports/streamable-http).  The sentinel
 * is lower case, at least 11 bytes long as a whole, canonical base64 with
 * padding; anything that lacks prefix or suffix is literal.
 */

/*
 * The meaning of a header value, spaces and tabs around it stripped.
 * RC_SYNTAX: a byte outside 0x20..0x7E and TAB, bad base64, or decoded bytes
 * that are not UTF-8.  RC_NOMEM.
 */
MUST_CHECK enum rc header_decode(
    struct arena *a, struct slice value, struct slice *out);

/*
 * Append the value a client would send for this text: literal if it can be,
 * else in the sentinel.  header_decode() of it gives the text again.
 */
void header_put(struct buf *b, struct slice text);

/*
 * Does a decoded header value say the same as the body's value?  Strings by
 * bytes, integers by value ("42.0" equals 42; the header may only use
 * -?digits(.digits)?), booleans as true/false, other numbers by value.  An
 * object, array or null never matches.
 */
bool header_matches(struct slice decoded, const struct json *value);

#endif
