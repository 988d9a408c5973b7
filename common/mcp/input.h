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

/*
 * Read inputResponses and requestState of x->message.  RC_OK with *out NULL:
 * they were refused, and the exchange has been answered.
 */
MUST_CHECK enum rc input_read(struct exchange *x, struct input **out);

/* Questions of one round: ASK_ANSWERED, ASK_PENDING, ASK_UNSUPPORTED (the
 * client declared no such thing) or ASK_DECLINED. */
enum tool_ask input_ask(
    struct exchange *x, struct input *in, struct tool_question *q, size_t n);

/* Was anything asked that is still open? */
bool input_is_pending(const struct input *in);

/* The tool was told ASK_PENDING: answer with input_required. */
MUST_CHECK enum rc input_answer(struct exchange *x, struct input *in);

/* The completing round of a tool that must not run twice: use up its state.
 * *fresh is false for one that was used, and the exchange is answered. */
MUST_CHECK enum rc input_complete(
    struct exchange *x, struct input *in, bool *fresh);

/* Which client capability does a question of this method and these params
 * need (enum client_cap bits; 0: none we know, so it cannot be asked)? */
uint32_t question_needs(struct slice method, const struct json *params);

#endif
