#ifndef MCP_QUESTION_SAMPLE_H
#define MCP_QUESTION_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"
#include "rc.h"
#include "revision.h"

/* sampling/createMessage: what a client's model is given, and what it said. */

/* Are these params of some revision?  If not, a sentence in `why`. */
bool question_sample_check(const struct json *params, struct buf *why);

/* Which capabilities does it need, checked or not (enum client_cap)? */
uint32_t question_sample_needs(const struct json *params);

/*
 * Append checked params for a client of that revision and these capabilities:
 * an array of one block becomes the block before 2025-11-25, and context that
 * the client does not offer is not asked for.  RC_NOTFOUND: they hold what
 * that revision does not know.
 */
MUST_CHECK enum rc question_sample_put(const struct json *params,
    const struct revision *revision, uint32_t caps, struct buf *out);

/* Is it a CreateMessageResult of that revision?  If not, a sentence. */
bool question_sample_fits(const struct json *answer,
    const struct revision *revision, struct buf *why);

#endif
