#ifndef MCP_TASK_H
#define MCP_TASK_H

#include <stdbool.h>

#include "exchange.h"
#include "rc.h"
#include "running.h"
#include "tool.h"

/*
 * Tasks: the experimental ones of 2025-11-25 and the extension of 2026-07-28,
 * as two projections of one row.
 */

/* The tasks that this client can have.  On HTTP+SSE there are none: the answer
 * that creates one has no connection of its own. */
enum task_form task_form_of(const struct exchange *x);

/* Does this tools/call become a task?  By the request (2025-11-25) or by the
 * tool's wish and the client's declaration (extension).  *answered: it must
 * not, and was refused. */
bool task_is_wanted(
    struct exchange *x, const struct tool *tool, bool *answered);

/*
 * Make the task, answer its creation, give the connection back, and run it to
 * its end.  r as for running_go().
 */
MUST_CHECK enum rc task_go(struct exchange *x, struct running *r);

/* May the call become a task while it is at work? */
bool task_may_come(const struct running *r);

/*
 * It does: its client is answered with the task, its connection given back,
 * and the call is the task's from now on.  If its client has it as another
 * task already that is the answer, and this one is cancelled.  On anything but
 * RC_OK it is what it was.
 */
MUST_CHECK enum rc task_turn(struct running *r);

/* running.respond of a call that belongs to a task. */
MUST_CHECK enum rc task_respond(struct running *r);

/* The run of a claimed row: if it is a task's, have what task_go() gave the
 * first run.  RC_NOTFOUND: the task is gone. */
MUST_CHECK enum rc task_adopt(struct running *r);

/* Does the request wish to become a task (2025-11-25)?  Then nothing but a task
 * or an error answers it. */
bool task_is_wished(const struct exchange *x);

/* What call_finish() is to say about the task of a run that is over; the
 * response (whole message) is in server->body.  Memory is the arena's. */
MUST_CHECK enum rc task_fill_finish(
    struct exchange *x, const struct running *r, struct call_finish *out);

/* May tasks/list be offered: can this client be told from others? */
bool task_may_list(const struct exchange *x);

#endif
