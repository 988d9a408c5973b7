#include <math.h>

#include "input.h"
#include "level.h"
#include "running_part.h"
#include "task.h"

/* Where nobody said which levels are wanted; modern clients must say. */
#define LEVEL_DEFAULT 1 /* info */

/* Progress is told this often at most, on the average of a second; what comes
 * sooner takes the place of what waits. */
#define PROGRESS_MS 10
#define PROGRESS_BURST_MS 1000

/* A look must not hold up the call for long. */
#define LOOK_TIMEOUT_MS 1000

static struct running *
running_of(struct tool_call *call)
{
	return (struct running *)(void *)call;
}

/* -------------------------------------------------------------- looking */

static void
take_news(struct running *r, const struct call_news *news)
{
	if (news->epoch != r->row.epoch || news->state != CALL_RUNNING)
		r->is_fenced = true;
	if (news->is_cancelled)
		r->is_cancelled = true;
	if (news->is_stopped)
		r->is_stopped = true;
	r->answers = news->answers;
	if (r->reader == 0 || news->reader <= r->reader)
		return;
	/* Another connection follows its stream now. */
	r->reader = 0;
	running_wire_end(r);
}

static void
look_at_row(struct running *r)
{
	struct store *store = r->x->server->store;
	struct call_news news;
	struct op op = running_op(r);
	enum rc rc;

	r->row_seen = running_now(r);
	if (op.give_up_mono > r->row_seen + LOOK_TIMEOUT_MS)
		op.give_up_mono = r->row_seen + LOOK_TIMEOUT_MS;
	rc = store->ops->call_look(store, &op, r->row.number, &news);
	if (rc == RC_OK)
		take_news(r, &news);
	else if (rc == RC_NOTFOUND)
		r->is_cancelled = true;
	else /* the store rests; so do we */
		r->next_row = running_now(r) + LOOK_TIMEOUT_MS;
}

static void
look_at_client(struct running *r)
{
	struct sink *sink = r->x->sink;

	if (r->wire == WIRE_GONE || !sink->ops->peer_gone(sink))
		return;
	if (r->x->transport->disconnect_cancels)
		r->is_cancelled = true;
	if (r->row.number != 0)
		running_wire_end(r);
}

static void
look(struct running *r, bool rang)
{
	r->next_look = running_now(r) + RUNNING_LOOK_MS;
	look_at_client(r);
	if (r->row.number == 0)
		return;
	running_listen(r);
	if (rang || running_row_is_due(r)) {
		r->rings++;
		look_at_row(r);
	}
	if (r->is_cancelled || r->is_fenced)
		return;
	if (r->progress.is_due && running_now(r) >= r->progress.next_mono)
		running_flush(r);
	running_wire_keep(r);
}

void
running_look(struct running *r)
{
	look(r, true);
}

bool
running_is_cancelled(struct tool_call *call)
{
	struct running *r = running_of(call);
	const bool rang = running_hears(r);

	if (rang || running_now(r) >= r->next_look)
		look(r, rang);
	return r->is_cancelled || r->is_fenced ||
	    (r->input != NULL && input_is_broken(r->input));
}

static bool
env_wait(struct tool_call *call, int64_t ms)
{
	struct running *r = running_of(call);
	struct sink *sink = r->x->sink;

	while (!running_is_cancelled(call)) {
		int64_t step = r->listens ? RUNNING_HEAR_MS : RUNNING_LOOK_MS;

		if (step > ms)
			step = ms;
		if (ms <= 0)
			return false;
		/* Who has left is to be noticed at once. */
		if (!sink->ops->wait(sink, step) && r->wire != WIRE_GONE)
			r->next_look = 0;
		ms -= step;
	}
	return true;
}

/* ------------------------------------------------------------- speaking */

static struct buf *
begin_message(struct running *r, struct slice method)
{
	struct buf *b = &r->message;

	buf_reset(b);
	buf_put_slice(b, SLICE("{\"jsonrpc\":\"2.0\",\"method\":"));
	json_put_string(b, method);
	json_put_key(b, "params");
	buf_put_char(b, '{');
	return b;
}

void
running_flush(struct running *r)
{
	struct running_progress *p = &r->progress;
	const int64_t saved = running_now(r) - PROGRESS_BURST_MS;
	struct buf *b;

	/* The last value is worth waiting for. */
	if (!p->is_due || running_now(r) < r->rest_until)
		return;
	p->is_due = false;
	if (p->next_mono < saved)
		p->next_mono = saved;
	p->next_mono += PROGRESS_MS;
	b = begin_message(r, SLICE("notifications/progress"));
	json_put_key(b, "progressToken");
	buf_put_slice(b, r->token);
	json_put_key(b, "progress");
	json_put_double(b, p->done);
	if (p->total > 0) {
		json_put_key(b, "total");
		json_put_double(b, p->total);
	}
	if (p->has_message && r->x->revision->has_progress_message) {
		json_put_key(b, "message");
		json_put_string(b, buf_slice(&p->message));
	}
	buf_put_slice(b, SLICE("}}"));
	running_say(r, true);
}

static void
env_progress(
    struct tool_call *call, double done, double total, struct slice message)
{
	struct running *r = running_of(call);
	struct running_progress *p = &r->progress;

	if (r->token.ptr == NULL || !isfinite(done) ||
	    (p->has_done && done <= p->done) || !running_become(r))
		return;
	p->done = done;
	p->has_done = true;
	p->total = isfinite(total) ? total : 0;
	buf_reset(&p->message);
	buf_put_slice(&p->message, message);
	p->has_message =
	    message.ptr != NULL && buf_finish(&p->message) == RC_OK;
	p->is_due = true;
	if (running_now(r) >= p->next_mono)
		running_flush(r);
}

static void
env_log(
    struct tool_call *call, int level, struct slice logger, struct slice json)
{
	struct running *r = running_of(call);
	int least = r->x->log_level;
	struct slice name = level_name(level);
	struct buf *b;

	if (least == LEVEL_NONE && !r->x->revision->is_modern)
		least = LEVEL_DEFAULT;
	if (name.ptr == NULL || json.len == 0 || least == LEVEL_NONE ||
	    level < least || !running_become(r))
		return;
	running_flush(r);
	b = begin_message(r, SLICE("notifications/message"));
	json_put_key(b, "level");
	json_put_string(b, name);
	if (logger.len > 0) {
		json_put_key(b, "logger");
		json_put_string(b, logger);
	}
	json_put_key(b, "data");
	buf_put_slice(b, json);
	buf_put_slice(b, SLICE("}}"));
	running_say(r, true);
}

static void
env_let_go(struct tool_call *call)
{
	struct running *r = running_of(call);

	if (r->wire != WIRE_EVENTS || !r->has_id ||
	    !r->x->revision->has_priming)
		return;
	running_flush(r);
	running_wire_let_go(r);
}

static void
put_group(struct running *r)
{
	struct store *store = r->x->server->store;
	struct op op;
	enum rc rc;

	if (r->row.number == 0)
		return;
	op = running_op(r);
	rc = store->ops->call_group(
	    store, &op, r->row.number, r->row.epoch, r->group, r->group_start);
	if (rc == RC_CONFLICT)
		r->is_fenced = true;
	else if (rc != RC_OK)
		running_log(r, LOG_WARNING, "group", rc);
}

static void
env_group(struct tool_call *call, int64_t group, int64_t start)
{
	struct running *r = running_of(call);

	r->group = group;
	r->group_start = start;
	put_group(r);
}

static void
env_become_task(struct tool_call *call)
{
	struct running *r = running_of(call);
	enum rc rc;

	if (!r->may_turn || running_is_cancelled(call))
		return;
	r->may_turn = false;
	exchange_renew(r->x);
	rc = task_turn(r);
	if (rc != RC_OK)
		running_log(r, LOG_INFO, "stays without a task", rc);
	else if (r->group != 0)
		put_group(r);
}

/* --------------------------------------------------------------- asking */

/*
 * The answers so far came with the request.  A tool that must not run twice
 * goes on from here to what cannot be undone: its state is used up.
 */
static enum tool_ask
ask_in_result(struct running *r, struct tool_question *q, size_t n)
{
	enum tool_ask said;
	bool is_fresh = false;
	enum rc rc;

	if (r->input == NULL)
		return ASK_UNSUPPORTED;
	exchange_renew(r->x);
	said = input_ask(r->x, r->input, q, n);
	if (said != ASK_ANSWERED || (r->call.tool->flags & TOOL_ONCE) == 0)
		return said;
	rc = input_complete(r->x, r->input, &is_fresh);
	if (rc == RC_OK && is_fresh)
		return said;
	r->is_answered = rc == RC_OK;
	return ASK_TIMEOUT;
}

static enum tool_ask
env_ask_begin(struct tool_call *call, struct tool_question *q, size_t n)
{
	struct running *r = running_of(call);

	if (r->x->revision->asks_in_result && r->task == 0)
		return ask_in_result(r, q, n);
	return question_begin(call, q, n);
}

const struct tool_env_ops running_env = {
	.progress = env_progress,
	.log = env_log,
	.ask_begin = env_ask_begin,
	.ask_look = question_look,
	.is_cancelled = running_is_cancelled,
	.wait = env_wait,
	.let_go = env_let_go,
	.changed = running_changed,
	.elicited = running_elicited,
	.become_task = env_become_task,
	.group = env_group,
	.alarm = running_alarm,
};
