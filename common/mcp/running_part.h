#ifndef MCP_RUNNING_PART_H
#define MCP_RUNNING_PART_H

#include "running.h"

/* What the files of a running call have in common; nobody else's business. */

/* Between two looks at the client, and two steps of waiting. */
#define RUNNING_LOOK_MS 50
/* A step of waiting of who is told by a bell. */
#define RUNNING_HEAR_MS 20

/* ------------------------------------------------------------ running.c */

/* For a store call now.  What is read lands in r->scratch and is gone with
 * the next one. */
struct op running_op(struct running *r);
int64_t running_now(const struct running *r); /* monotonic ms */
void running_log(
    struct running *r, enum log_level level, const char *what, enum rc rc);

/* Let so much time pass, and keep the connection alive. */
void running_pause(struct running *r, int64_t ms);

/* ------------------------------------------------------- running_open.c */

/* Has the exchange what a call with a row needs, and are messages for its
 * client of any use? */
void running_begin(struct exchange *x, struct running *r);

/* What its row is to say, but for its number and the like. */
MUST_CHECK enum rc running_put_row(struct running *r, struct call_row *row);

/*
 * A row for r, now.  With *opened other than CALL_IS_NEW the exchange has been
 * answered.  RC_FULL: no room; or what the store says.
 */
MUST_CHECK enum rc running_open(
    struct exchange *x, struct running *r, enum call_opened *opened);

/* A call wants to speak: is its client told such things, and has it a row or
 * can have one? */
bool running_become(struct running *r);

/* Is there a row, or need there be none: the process may stay. */
MUST_CHECK enum rc running_stay(struct running *r);
void running_leave(struct running *r);

/* Another connection has the same request running: read its stream from the
 * start.  The exchange is answered. */
MUST_CHECK enum rc running_join(
    struct exchange *x, struct running *r, const struct call_row *row);

/* ------------------------------------------------------- running_wire.c */

/* Begin the stream of events if that is still to be done; false: there is no
 * client to write to. */
bool running_wire_begin(struct running *r);

/* What was committed goes to the client, if this process is its reader. */
void running_deliver(
    struct running *r, const struct appended *appended, struct slice data);

/* r->message to the client: committed first if there is a stream.  What is
 * relaxed may get lost; what is not is worth a line in the log if it does. */
void running_say(struct running *r, bool is_relaxed);

/* One event without an id. */
void running_put_event(struct running *r, struct slice data);

/* Nothing was written yet: all of server->body, committed as that event, or
 * not committed (0); then the connection is over. */
void running_wire_whole(struct running *r, int64_t seq);

/* The connection is over, for whatever reason: the call goes on without. */
void running_wire_end(struct running *r);

/* The same with a wish to come back, where the revision has one. */
void running_wire_let_go(struct running *r);

/* The call has ended: what its client was not sent yet, as far as it takes
 * it within a while. */
void running_wire_drain(struct running *r);

/* Begin a held stream, go on behind what its client did not take before, or
 * write a comment, if it is time. */
void running_wire_keep(struct running *r);

/* ----------------------------------------------------- running_recall.c */

/* What earlier runs told its client of its progress is not gone back behind;
 * where that is not known nothing more is told of it. */
void running_recall(struct running *r);

/* -------------------------------------------------------- running_ear.c */

/* Did it ring for this call since this was asked last? */
bool running_hears(struct running *r);

/* The environment's alarm(). */
int running_alarm(struct tool_call *call);

/* Be told from now on, if it is time and there is an ear; and not any more. */
void running_listen(struct running *r);
void running_deafen(struct running *r);

/* Does somebody ring for it? */
bool running_is_tended(const struct running *r);

/* Must the row be looked at, though nobody rang? */
bool running_row_is_due(const struct running *r);

/* -------------------------------------------------------- running_env.c */

extern const struct tool_env_ops running_env;

/* Look at the row and at the client, now. */
void running_look(struct running *r);

/* Progress that waits goes out. */
void running_flush(struct running *r);

/* The same as the environment's is_cancelled(). */
bool running_is_cancelled(struct tool_call *call);

/* ------------------------------------------------------- running_news.c */

/* The environment's changed() and elicited().  Without a store, or with a
 * topic or an id that is none, there is one line in the log and no more. */
void running_changed(struct tool_call *call, struct slice topic);
void running_elicited(struct tool_call *call, struct slice elicitation_id);

/* ----------------------------------------------------------- question.c */

enum tool_ask question_begin(
    struct tool_call *call, struct tool_question *q, size_t n);
enum tool_ask question_look(
    struct tool_call *call, struct tool_question *q, size_t n);

/* ------------------------------------------------------ running_finish.c */

/* The tool is done: commit what is to be answered, and answer it. */
MUST_CHECK enum rc running_finish(struct running *r, enum tool_done done);

/* End the row x->claimed, which was answered before its tool came to run. */
MUST_CHECK enum rc running_close(struct exchange *x);

/* ------------------------------------------------------ running_client.c */

/* Append an id in the one form in which ids are compared. */
void running_put_id(struct buf *b, const struct json *id);

#endif
