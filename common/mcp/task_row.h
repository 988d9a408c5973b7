#ifndef MCP_TASK_ROW_H
#define MCP_TASK_ROW_H

#include <stdbool.h>

#include "buf.h"
#include "exchange.h"
#include "rc.h"
#include "store.h"

/* Rows of tasks as clients name and see them. */

/* Put into _meta by the experimental form. */
#define TASK_RELATED "io.modelcontextprotocol/related-task"

/* Has nobody said who is asking? */
bool task_is_anonymous(const struct exchange *x);

/* As the protocol has it: "working". */
struct slice task_state_name(enum task_state state);

/* Append {"taskId":…}, what related-task carries. */
void task_put_reference(struct buf *b, const unsigned char id[TASK_ID_BYTES]);

/* Append the members of a Task in its own form; pollInterval unless 0. */
void task_put_members(struct buf *b, const struct task_row *row, int64_t poll);

/* Append the members that only a DetailedTask has.  What the store says. */
MUST_CHECK enum rc task_put_details(struct buf *b, const struct task_row *row,
    struct store *store, const struct op *op);

bool task_has_ended(const struct task_row *row);

/* The task of that id; *found is false if the client may not see one. */
MUST_CHECK enum rc task_look_up(
    struct exchange *x, struct slice id, struct task_row *row, bool *found);

/*
 * The task that params.taskId names, if the client may see it.  With *found
 * false the exchange was answered.
 */
MUST_CHECK enum rc task_load(
    struct exchange *x, struct task_row *row, bool *found);

#endif
