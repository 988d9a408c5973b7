#ifndef MCP_SCHEMA_H
#define MCP_SCHEMA_H

#include <stdbool.h>

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "rc.h"

/*
 * JSON Schema 2020-12, compiled once and checked often; draft-07 where
 * $schema names it.  The whole of core (references within the document),
 * applicators, unevaluated*, validation; `format` and unknown keywords are
 * annotations.  A schema that refers to another document, or names another
 * dialect, is refused when it is compiled and nothing is ever fetched.
 *
 * Bounded: SCHEMA_NODES_MAX subschemas, the depth json_read() allowed, PCRE2
 * match limits, and SCHEMA_STEPS_MAX steps of one check, so that neither a
 * schema nor an argument can keep a worker busy.
 */
#define SCHEMA_NODES_MAX 10000
#define SCHEMA_STEPS_MAX 1000000

struct schema;

/*
 * Compile.  The document must outlive the schema (it points into it).
 * RC_SYNTAX with a sentence appended to `why` (if not NULL) that names the
 * place as a JSON pointer; RC_NOMEM.  Free with schema_free().
 */
MUST_CHECK enum rc schema_compile(
    const struct json *document, struct schema **out, struct buf *why);

/*
 * Append one line per keyword that is not known to the dialect, with the
 * place it stands at; for people who check a configuration.
 */
void schema_put_unknown(const struct schema *s, struct buf *out);

/*
 * Is the value valid?  RC_OK and *valid; when it is not and `why` is not
 * NULL, a sentence is appended: "/a/b: must be a string".  RC_NOMEM, or
 * RC_FULL when the limits of work were met.  The arena is for scratch.
 */
MUST_CHECK enum rc schema_check(const struct schema *s, struct arena *a,
    const struct json *value, bool *valid, struct buf *why);

/* NULL is allowed. */
void schema_free(struct schema *s);

#endif
