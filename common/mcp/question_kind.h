#ifndef MCP_QUESTION_KIND_H
#define MCP_QUESTION_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "log.h"
#include "rc.h"
#include "revision.h"
#include "slice.h"

/*
 * What servers may ask clients: elicitation, sampling, roots, whichever way
 * question and answer travel.
 */

/* Of one round, and of all that is open at once. */
#define QUESTIONS_MAX 64
/* Of a sentence about one. */
#define QUESTION_WHY_MAX 1024
/* Of a key, in bytes. */
#define QUESTION_KEY_MAX 256
/* Of the params of one, as text: room for pictures, but not for all there
 * is. */
#define QUESTION_PARAMS_MAX ((size_t)1024 * 1024)

/* Which client capabilities does a question of this method and these params
 * need (enum client_cap bits; 0: none we know, so it cannot be asked)? */
uint32_t question_needs(struct slice method, const struct json *params);

/* Who is asked. */
struct question_client {
	const struct revision *revision;
	uint32_t caps;
	/* An elicitationId is made of this where one is needed: the same when
	 * the same is asked again. */
	struct slice seed;
};

struct tool_question;

/*
 * Append the params of a question as this client knows them, compact.
 * RC_SYNTAX: it is no question of any revision, and a sentence for whoever
 * wrote the tool is in `why`.  RC_NOTFOUND: this client cannot be asked that.
 * RC_NOMEM.  The arena is for scratch.
 */
MUST_CHECK enum rc question_shape(struct arena *a,
    const struct question_client *client, const struct tool_question *q,
    struct buf *out, struct buf *why);

/* Tell whoever wrote the tool what is wrong with a question. */
void question_complain(struct log *log, struct slice tool,
    const struct tool_question *q, const struct buf *why);

/* Is it an elicitation in URL mode?  Of one that could be shaped. */
bool question_is_url(struct arena *a, const struct tool_question *q);

/*
 * Append an answer as a tool gets it: a form with its defaults, and nothing in
 * it that was not accepted.  Only method and params of the question are
 * looked at.  RC_SYNTAX: it does not answer that question, and a sentence is
 * in `why`.  RC_NOMEM.
 */
MUST_CHECK enum rc question_settle(struct arena *a,
    const struct revision *revision, const struct tool_question *q,
    const struct json *answer, struct buf *out, struct buf *why);

#endif
