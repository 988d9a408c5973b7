#ifndef MCP_JSON_H
#define MCP_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "rc.h"
#include "slice.h"

/*
 * JSON text (RFC 8259), read strictly and in one pass.
 *
 * Reading makes a tree of slices over the source: nothing is converted and
 * nothing is printed again, so a number or an id that a client sent comes
 * back to it byte for byte.  Refused, beyond what the grammar refuses: broken
 * UTF-8, a NUL escape, lone surrogates, two members of one name (compared
 * after unescaping), anything behind the value, and whatever exceeds the
 * limits.  One leading byte order mark is skipped.
 */
enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/* A value.  Open to read; only json_read() makes one. */
struct json {
	enum json_type type;
	uint32_t count;           /* elements or members */
	struct slice raw;         /* source text of the value */
	struct slice text;        /* a string's content, unescaped */
	struct slice name;        /* unescaped name, if a member */
	const struct json *child; /* first element or member, or NULL */
	const struct json *next;  /* the one behind it, or NULL */
	/* The members by name, if they are many; for json_member(). */
	const struct json *const *sorted;
};

struct json_limits {
	uint32_t depth;   /* nesting; protects the stack of every walker */
	uint32_t members; /* of one object; bounds the search for twins */
	uint32_t values;  /* in the whole text; bounds the tree */
};

/* depth 64, members 4096, values 131072. */
extern const struct json_limits json_limits_default;

/* Where and why a text was refused. */
struct json_error {
	size_t offset;   /* byte, from 0 */
	const char *why; /* a few words, static */
};

/*
 * Read one text into a tree in the arena.  The tree points into `text`, which
 * must live as long.  RC_SYNTAX with *error filled (if not NULL), or RC_NOMEM.
 */
MUST_CHECK enum rc json_read(struct arena *a, struct slice text,
    const struct json_limits *limits, const struct json **root,
    struct json_error *error);

/* The member of that name, or NULL; object may be NULL or no object. */
const struct json *json_member(const struct json *object, struct slice name);

/* The same with a string literal. */
#define json_get(object, literal) json_member((object), SLICE(literal))

/* Element or member number i, or NULL. */
const struct json *json_at(const struct json *container, uint32_t i);

static inline bool
json_is(const struct json *value, enum json_type type)
{
	return value != NULL && value->type == type;
}

/* The content if it is a string, absent otherwise (NULL included). */
static inline struct slice
json_text(const struct json *value)
{
	return json_is(value, JSON_STRING) ? value->text : SLICE_NONE;
}

/* Is it a string of exactly this content? */
static inline bool
json_text_is(const struct json *value, struct slice content)
{
	return json_is(value, JSON_STRING) && slice_eq(value->text, content);
}

/* A number without fraction: 5, -0, 1.0, 1e2; not 1.5 (JSON Schema's rule).
 * Any magnitude. */
bool json_is_integer(const struct json *value);

/* As a 64-bit integer; RC_SYNTAX if it is none or does not fit. */
MUST_CHECK enum rc json_int64(const struct json *value, int64_t *out);

/* As the nearest double; RC_SYNTAX if it is no number or overflows. */
MUST_CHECK enum rc json_double(const struct json *value, double *out);

/*
 * Equal as JSON Schema defines it: numbers by value, strings by code points,
 * arrays in order, objects in any order.
 */
bool json_equal(const struct json *a, const struct json *b);

/* ------------------------------------------------------------- writing */

/* Append a string with quotes.  Invalid UTF-8 becomes U+FFFD; what must be
 * escaped is, in one way only; everything else stays as it is. */
void json_put_string(struct buf *b, struct slice s);

/* Append a member name with its colon, and a comma first unless the byte
 * before is '{' (or the buffer is empty). */
void json_put_name(struct buf *b, struct slice name);
#define json_put_key(b, literal) json_put_name((b), SLICE(literal))

/* Append a comma unless the byte before is '[' or '{' (or it is empty). */
void json_put_comma(struct buf *b);

/* Append a finite number in its shortest exact form; null otherwise. */
void json_put_double(struct buf *b, double value);

/* Append the value's source text without white space between tokens. */
void json_put_compact(struct buf *b, const struct json *value);

/*
 * Append the value in a form that depends on its meaning only: no white
 * space, members sorted by the bytes of their names, strings escaped in one
 * way, numbers as their source text.  For digests.  Members of the top level
 * named in `skip` (n_skip of them) are left out.  RC_NOMEM.
 */
MUST_CHECK enum rc json_put_canonical(struct buf *b, struct arena *a,
    const struct json *value, const struct slice *skip, size_t n_skip);

#endif
