#ifndef MCP_URI_TEMPLATE_H
#define MCP_URI_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "rc.h"
#include "slice.h"
#include "uri.h"

/*
 * URI templates (RFC 6570), read backwards: which values make a template this
 * URI?  All four levels but prefixes ({var:3}), which lose what they cut off,
 * and but for objects as values.
 */
struct uri_template;

/* Of one template. */
#define URI_TEMPLATE_MAX 2048
#define URI_TEMPLATE_VARS 32

/* Longer URIs fit no template. */
#define URI_TEMPLATE_URI_MAX 16384

/*
 * Compile.  RC_SYNTAX with a sentence in `why`: not a template, a prefix, a
 * variable twice, an expression right behind another where its values could
 * not be told from those before ({a}{b}, but not {a}{?b}), a variable that
 * explodes before another in one expression ({a*,b}; {?a*,b} has names), or
 * no scheme in front.  All memory is the arena's.
 */
MUST_CHECK enum rc uri_template_compile(struct slice text, struct arena *a,
    struct uri_template **out, struct buf *why);

/* The names of its variables, in order. */
size_t uri_template_vars(
    const struct uri_template *t, const struct slice **names);

/*
 * Does the URI fit?  Then *out is a JSON object (in the arena) with a string
 * for each variable, percent-decoded, or an array of strings for one that
 * explodes (`{/path*}`).  Absent are the variables of an expression that
 * begins with a mark of its own ({/a}, {?a}) and is not there, and the last
 * ones of a list ({a,b}) that is too short.  Variables with names ({?a,b},
 * {;a,b}) may come in any order and may be absent; unknown ones, and one that
 * comes twice but does not explode, do not fit.
 *
 * Expansion of the result gives the URI again, but for that order and for
 * escapes: those not needed, those of !'()*, which common clients leave out,
 * and those of reserved characters in {+a} and {#a}.  A value may be empty and may contain anything but NUL, slashes and
 * dots included.  If more than one fits, the earlier takes the least; and no
 * value contains the mark of an expression right behind it unless escaped.
 *
 * The time is bounded by (length of URI x length of template).  RC_NOTFOUND:
 * it does not fit, or a value is no UTF-8; RC_NOMEM.
 */
MUST_CHECK enum rc uri_template_match(const struct uri_template *t,
    struct slice uri, struct arena *a, const struct json **out);

/* Append what the template expands to; members of `values` that are no
 * strings or arrays of strings count as absent. */
void uri_template_expand(
    const struct uri_template *t, const struct json *values, struct buf *out);

#endif
