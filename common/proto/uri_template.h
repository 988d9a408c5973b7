#ifndef MCP_URI_TEMPLATE_H
#define MCP_URI_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "rc.h"
#include "slice.h"

/*
 * URI templates (RFC 6570), read backwards: which values make a template this
 * URI?  All four levels but prefixes ({var:3}), which lose what they cut off.
 */
struct uri_template;

/* Of one template. */
#define URI_TEMPLATE_MAX 2048
#define URI_TEMPLATE_VARS 32

/*
 * Compile.  RC_SYNTAX with a sentence in `why`: not a template, a prefix, a
 * variable twice, two expressions with nothing between them where no value
 * could be told from the next, or no scheme in front.  All memory is the
 * arena's.
 */
MUST_CHECK enum rc uri_template_compile(struct slice text, struct arena *a,
    struct uri_template **out, struct buf *why);

/* The names of its variables, in order. */
size_t uri_template_vars(
    const struct uri_template *t, const struct slice **names);

/*
 * Does the URI fit?  Then *out is a JSON object (in the arena) with a string
 * for each variable, percent-decoded, or an array of strings for one that
 * explodes (`{/path*}`).  Variables of a query ({?a,b}) may come in any order
 * and may be absent; unknown ones do not fit.  Expansion of the result gives
 * the URI again, but for the order of a query and needless escapes.  The time
 * is bounded by (length of URI x number of expressions).  RC_NOTFOUND: it
 * does not fit, or a value is no UTF-8; RC_NOMEM.
 */
MUST_CHECK enum rc uri_template_match(const struct uri_template *t,
    struct slice uri, struct arena *a, const struct json **out);

/* Append what the template expands to; members of `values` that are no
 * strings or arrays of strings count as absent. */
void uri_template_expand(
    const struct uri_template *t, const struct json *values, struct buf *out);

/* Is this an absolute URI (RFC 3986): a scheme, and no character that would
 * have to be escaped? */
bool uri_is_absolute(struct slice uri);

#endif
