#ifndef MCP_QUESTION_KIND_H
#define MCP_QUESTION_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"
#include "slice.h"

/*
 * What servers may ask clients: elicitation, sampling, roots, whichever way
 * question and answer travel.
 */

/* Which client capabilities does a question of this method and these params
 * need (enum client_cap bits; 0: none we know, so it cannot be asked)? */
uint32_t question_needs(struct slice method, const struct json *params);

/* Does an answer look like the result of that method?  Only its outer shape
 * is looked at. */
bool question_fits(struct slice method, const struct json *answer);

#endif
