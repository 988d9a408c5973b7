#ifndef MCP_INPUT_H
#define MCP_INPUT_H

#include <stdbool.h>

#include "exchange.h"
#include "rc.h"
#include "tool.h"

/*
 * Questions to a 2026-07-28 client (basic/patterns/mrtr): what it has answered
 * so far comes with its request, what is missing goes out in the result, and
 * the tool is run again.  Nothing is kept here in between: requestState is
 * sealed with the cluster key and bound to who asks what.
 */
struct input;

/* Answers that a requestState carries, as JSON text, at most. */
#define INPUT_ANSWERS_MAX ((size_t)32 * 1024)

/*
 * Read inputResponses and requestState of x->message, which calls that tool.
 * RC_OK with *out NULL: they were refused, and the exchange has been answered.
 */
MUST_CHECK enum rc input_read(
    struct exchange *x, const struct tool *tool, struct input **out);

/*
 * Questions of one round: ASK_ANSWERED with the answers in place, ASK_PENDING,
 * or ASK_UNSUPPORTED (the client declared no such thing).  An answer counts if
 * it fits the question and was asked for by the requestState it came with; or
 * if it came without any, and the tool may run twice.
 * ASK_TIMEOUT: it went wrong, see input_is_broken().
 */
enum tool_ask input_ask(
    struct exchange *x, struct input *in, struct tool_question *q, size_t n);

/* Was anything asked that is still open? */
bool input_is_pending(const struct input *in);

/* Something of ours failed meanwhile, or the state was used before: whatever
 * the tool makes of it is no answer. */
bool input_is_broken(const struct input *in);

/* The tool was told ASK_PENDING: answer with input_required.  What failed
 * meanwhile. */
MUST_CHECK enum rc input_answer(struct exchange *x, struct input *in);

/*
 * For tools that must not run twice, whenever input_ask() said ASK_ANSWERED:
 * what comes now may be done once only, so use up the state that brought the
 * answers.  *fresh is false if that was done before: the exchange has been
 * answered, and the tool must not go on.
 */
MUST_CHECK enum rc input_complete(
    struct exchange *x, struct input *in, bool *fresh);

#endif
