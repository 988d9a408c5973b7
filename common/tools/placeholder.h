#ifndef MCP_PLACEHOLDER_H
#define MCP_PLACEHOLDER_H

#include <stdbool.h>

#include "buf.h"
#include "json.h"
#include "slice.h"

/*
 * Placeholders in texts of the catalog: {{name}}, blanks inside the braces
 * allowed.  What is no name (letters, digits and _ - . %) leaves the braces as
 * they are.
 */

/* Cut at the first placeholder: what stands before it, its name, and *text
 * becomes what stands behind.  false: there is none, *before is all of it. */
bool placeholder_cut(
    struct slice *text, struct slice *before, struct slice *name);

/* Append the text with each placeholder replaced by the member of that name:
 * a string, or strings of an array with commas between them; nothing where
 * there is no such member.  What is put in is not looked at again. */
void placeholder_put(
    struct buf *out, struct slice text, const struct json *values);

/* Every placeholder in a value's strings, member names left out, and so are
 * members called type, mimeType, role, file, data and blob; until one returns
 * false.  `at` is the string. */
bool placeholder_each(const struct json *value,
    bool (*visit)(void *ctx, const struct json *at, struct slice name),
    void *ctx);

/* Is the text of a member of this name taken as it is? */
bool placeholder_is_exempt(struct slice member);

#endif
