#ifndef MCP_GOLDEN_MATCH_H
#define MCP_GOLDEN_MATCH_H

#include <stdbool.h>

#include "arena.h"
#include "buf.h"
#include "rc.h"
#include "slice.h"

/*
 * Expected against actual.  A pattern is text with {{name}} in it: the first
 * time it takes whatever is there, from then on it stands for just that.
 */
#define VARS_MAX 32

struct vars {
	struct arena *arena; /* keeps the values */
	struct {
		struct slice name;
		struct slice value;
	} var[VARS_MAX];
	size_t n;
};

/* Copies both.  RC_NOMEM, RC_FULL. */
MUST_CHECK enum rc vars_set(
    struct vars *v, struct slice name, struct slice value);

/* Absent if it was never set. */
struct slice vars_get(const struct vars *v, struct slice name);

/*
 * Append the text of a request: known names replaced, {{x:0A 0D}} as bytes,
 * {{repeat:N:text}} as often.  RC_SYNTAX with a sentence in `why`.
 */
MUST_CHECK enum rc vars_expand(
    const struct vars *v, struct slice text, struct buf *out, struct buf *why);

/* Does the whole text fit the pattern?  Sets names. */
bool match_text(struct vars *v, struct slice pattern, struct slice text);

/*
 * Does this JSON text have the expected meaning?  Beyond equality: a string
 * "{{any}}", "{{string}}", "{{text}}", "{{number}}" or "{{object}}" stands for
 * a value of that kind; "{{more}}" as a member name or as the last element
 * allows further ones; "{{unordered}}" as the first element frees the order.
 * False: `why` says where and how they differ.
 */
bool match_json(struct vars *v, struct slice expected, struct slice actual,
    struct buf *why);

/* A body of server-sent events: each `data:` as JSON, in order; comments and
 * `event: message` do not count, other fields do. */
bool match_events(struct vars *v, struct slice expected, struct slice actual,
    struct buf *why);

#endif
