#ifndef MCP_JSON_PART_H
#define MCP_JSON_PART_H

#include "json.h"

/* What the files behind json.h share; nobody else includes it. */

/* Objects of more members carry json.sorted. */
#define JSON_FEW 16

/*
 * The number of bytes at the front that stand for themselves in a string:
 * ASCII, no control character, neither quote nor backslash.
 */
size_t json_plain(const char *p, const char *end);

/* The members by the bytes of their names; NULL when there is no memory. */
const struct json *const *json_order(
    struct arena *a, const struct json *object);

#endif
