#ifndef MCP_OFFER_H
#define MCP_OFFER_H

#include "exchange.h"
#include "json.h"
#include "rc.h"
#include "tool.h"

/*
 * What the methods of tools, prompts and resources have in common: lists in
 * pages, and calls.
 */

/* Answer x->message, a list method of that kind: one page, with a cursor if
 * there is more. */
MUST_CHECK enum rc offer_list(struct exchange *x, enum offer kind);

/* All there is of a kind, now. */
const struct tool_set *offer_all(struct exchange *x, enum offer kind);

/*
 * One to be called: `uri` is that of the resource, `makes` what comes of it.
 * `method_tools_call()` and the like fill it in.
 */
struct offer_call {
	const struct tool *tool;
	enum tool_makes makes;
	const struct json *arguments; /* NULL: none */
	struct slice uri;
};

/* A resource by its uri: one that is listed, or the first template that it
 * fits.  Fills in *out; RC_NOTFOUND. */
MUST_CHECK enum rc offer_find_resource(
    struct exchange *x, struct slice uri, struct offer_call *out);

/*
 * Check what it needs and its arguments, run it by whichever way there is
 * (running.h), and answer x->message with what came out.
 */
MUST_CHECK enum rc offer_run(struct exchange *x, const struct offer_call *call);

/* Answer x->message with what a call has made, concluded (tool_check.h): its
 * result or, of what is no tool, an error. */
MUST_CHECK enum rc offer_answer(struct exchange *x, struct tool_call *call);

/* Answer x->message with the error that the call wants to be. */
MUST_CHECK enum rc offer_answer_refused(
    struct exchange *x, struct tool_call *call);

/* Answer x->message: there is no such resource. */
MUST_CHECK enum rc offer_answer_missing(struct exchange *x, struct slice uri);

#endif
