#include "running.h"

#include "running_part.h"
#include "task.h"

struct op
running_op(struct running *r)
{
	const struct server *s = r->x->server;

	arena_reset(&r->scratch);
	return (struct op){ .now_ms = clock_wall_ms(s->clock),
		.give_up_mono =
		    clock_mono_ms(s->clock) + s->rules.store_timeout_ms,
		.arena = &r->scratch };
}

int64_t
running_now(const struct running *r)
{
	return clock_mono_ms(r->x->server->clock);
}

void
running_log(
    struct running *r, enum log_level level, const char *what, enum rc rc)
{
	log_event(r->x->server->log, level, "call", "number=%lld %s=%s",
	    (long long)r->row.number, what, rc_name(rc));
}

void
running_pause(struct running *r, int64_t ms)
{
	struct sink *sink = r->x->sink;

	for (; ms > 0; ms -= RUNNING_LOOK_MS) {
		(void)sink->ops->wait(
		    sink, ms < RUNNING_LOOK_MS ? ms : RUNNING_LOOK_MS);
		running_wire_keep(r);
	}
}

/* Give back what running_begin() and the call took. */
static void
release(struct running *r)
{
	running_deafen(r);
	running_leave(r);
	buf_release(&r->message);
	buf_release(&r->progress.message);
	arena_release(&r->scratch);
	arena_release(&r->round);
}

static enum rc
run(struct running *r)
{
	const struct tool *tool = r->call.tool;
	enum tool_done done = r->call.makes == MAKES_VALUES
	    ? tool->complete(tool, &r->call)
	    : tool->call(tool, &r->call);

	return running_finish(r, done);
}

/* Its client is gone: the row says what it may have. */
static enum rc
adopt(struct running *r, const struct call_row *row)
{
	r->row = *row;
	r->task = row->task;
	r->wire = WIRE_GONE;
	r->may_stream = row->stream != 0;
	r->x->claimed = NULL;
	running_recall(r);
	return task_adopt(r);
}

static bool
is_long_call(const struct tool_call *call)
{
	const unsigned flag =
	    call->makes == MAKES_VALUES ? TOOL_COMPLETES_LONG : TOOL_DETACHED;

	return (call->tool->flags & flag) != 0;
}

enum rc
running_go(struct exchange *x, struct running *r)
{
	const bool is_values = r->call.makes == MAKES_VALUES;
	const bool is_long = is_long_call(&r->call);
	enum call_opened opened = CALL_IS_NEW;
	enum rc rc = RC_OK;

	running_begin(x, r);
	/* One that may become a task has no other row before. */
	r->may_turn = task_may_come(r);
	r->may_open = r->may_open && !r->may_turn;
	if (x->claimed != NULL)
		rc = adopt(r, x->claimed);
	else if (is_long && !is_values && r->may_open)
		rc = running_open(x, r, &opened);
	else if (is_long && !x->in_batch)
		rc = running_stay(r);
	if (rc == RC_OK && opened == CALL_IS_NEW)
		rc = run(r);
	release(r);
	return rc;
}

enum rc
running_alone(struct exchange *x, struct running *r)
{
	enum rc rc;

	running_begin(x, r);
	r->wire = WIRE_GONE;
	rc = run(r);
	release(r);
	return rc;
}

/* The tool is gone, or takes no such arguments any more: what was answered
 * is what there is. */
enum rc
running_close(struct exchange *x)
{
	struct running *r = arena_alloc(x->arena, sizeof(*r));
	enum rc rc;

	if (r == NULL)
		return RC_NOMEM;
	running_begin(x, r);
	rc = adopt(r, x->claimed);
	r->is_answered = true;
	if (rc == RC_OK)
		rc = running_finish(r, TOOL_DONE);
	release(r);
	return rc;
}
