#ifndef MCP_QUESTION_FORM_H
#define MCP_QUESTION_FORM_H

#include <stdbool.h>

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "rc.h"
#include "revision.h"

/*
 * requestedSchema of an elicitation: a flat form whose fields are strings,
 * numbers, booleans and choices, and what is filled into it.
 */

/* Is it a form of some revision?  RC_SYNTAX with a sentence in `why`. */
MUST_CHECK enum rc question_form_check(
    struct arena *a, const struct json *schema, struct buf *why);

/*
 * Append a checked form as that revision has it: before 2025-11-25 without
 * defaults other than of booleans, and with titled choices as enumNames.
 * RC_NOTFOUND: it has a field of which that revision knows nothing.
 */
MUST_CHECK enum rc question_form_put(const struct json *schema,
    const struct revision *revision, struct buf *out);

/*
 * Append what was filled in (NULL: nothing) together with the defaults of
 * what was left out.  RC_SYNTAX: it does not satisfy the form, and `why` says
 * where.
 */
MUST_CHECK enum rc question_form_fill(struct arena *a,
    const struct json *schema, const struct json *content, struct buf *out,
    struct buf *why);

/* Has a field of it a default? */
bool question_form_has_defaults(const struct json *schema);

#endif
