#include "said_env.h"

#include "json.h"

static struct said_env *
said_of(struct tool_call *call)
{
	/* Only a test made it, and as one that is not constant. */
	union {
		const struct tool_env_ops *ops;
		struct said_env *said;
	} both = { .ops = call->env };

	return both.said;
}

static void
progress(struct tool_call *call, double done, double total, struct slice m)
{
	struct said_env *e = said_of(call);

	buf_put_slice(&e->text, SLICE("progress "));
	json_put_double(&e->text, done);
	buf_put_char(&e->text, '/');
	json_put_double(&e->text, total);
	if (m.ptr != NULL)
		buf_put_char(&e->text, ' ');
	buf_put_slice(&e->text, m);
	buf_put_char(&e->text, '\n');
}

static void
say_log(struct tool_call *call, int level, struct slice logger, struct slice j)
{
	struct said_env *e = said_of(call);

	buf_printf(&e->text, "log %d %.*s ", level,
	    logger.ptr == NULL ? 1 : (int)logger.len,
	    logger.ptr == NULL ? "-" : logger.ptr);
	buf_put_slice(&e->text, j);
	buf_put_char(&e->text, '\n');
}

static enum tool_ask
answer(struct said_env *e, struct tool_question *q, size_t n)
{
	if (e->waits > 0)
		return ASK_WAITING;
	for (size_t i = 0; e->answer == ASK_ANSWERED && i < n; i++)
		q[i].answer = slice_of(e->json);
	return e->answer;
}

static enum tool_ask
ask_begin(struct tool_call *call, struct tool_question *q, size_t n)
{
	struct said_env *e = said_of(call);

	buf_put_slice(&e->text, SLICE("ask"));
	for (size_t i = 0; i < n; i++) {
		buf_put_slice(&e->text, i == 0 ? SLICE(" ") : SLICE(", "));
		buf_put_slice(&e->text, q[i].key);
		buf_put_char(&e->text, ' ');
		buf_put_slice(&e->text, q[i].method);
		buf_put_char(&e->text, ' ');
		buf_put_slice(&e->text, q[i].params);
	}
	buf_put_char(&e->text, '\n');
	if (e->is_cancelled_by_ask)
		e->is_cancelled = true;
	return answer(e, q, n);
}

static enum tool_ask
ask_look(struct tool_call *call, struct tool_question *q, size_t n)
{
	struct said_env *e = said_of(call);

	buf_put_slice(&e->text, SLICE("look\n"));
	call->deadline_mono += e->moves_ms;
	e->waits--;
	return answer(e, q, n);
}

static bool
is_cancelled(struct tool_call *call)
{
	return said_of(call)->is_cancelled;
}

static bool
wait_for(struct tool_call *call, int64_t ms)
{
	struct said_env *e = said_of(call);

	buf_printf(&e->text, "wait %d\n", (int)ms);
	return e->is_cancelled;
}

static void
let_go(struct tool_call *call)
{
	buf_put_slice(&said_of(call)->text, SLICE("let_go\n"));
}

static void
changed(struct tool_call *call, struct slice topic)
{
	struct said_env *e = said_of(call);

	buf_put_slice(&e->text, SLICE("changed "));
	buf_put_slice(&e->text, topic);
	buf_put_char(&e->text, '\n');
}

static void
elicited(struct tool_call *call, struct slice id)
{
	struct said_env *e = said_of(call);

	buf_put_slice(&e->text, SLICE("elicited "));
	buf_put_slice(&e->text, id);
	buf_put_char(&e->text, '\n');
}

static void
become_task(struct tool_call *call)
{
	buf_put_slice(&said_of(call)->text, SLICE("become_task\n"));
}

static void
group(struct tool_call *call, int64_t number, int64_t start)
{
	struct said_env *e = said_of(call);

	if (number == 0) {
		e->groups_gone++;
		return;
	}
	e->groups++;
	e->group = number;
	e->start = start;
}

void
said_env_init(struct said_env *e)
{
	*e = (struct said_env){ .text = BUF_INIT((size_t)16 << 20),
		.answer = ASK_UNSUPPORTED,
		.ops = { .progress = progress,
		    .log = say_log,
		    .ask_begin = ask_begin,
		    .ask_look = ask_look,
		    .is_cancelled = is_cancelled,
		    .wait = wait_for,
		    .let_go = let_go,
		    .changed = changed,
		    .elicited = elicited,
		    .become_task = become_task,
		    .group = group } };
}

const char *
said_env_text(const struct said_env *e)
{
	return e->text.ptr == NULL ? "" : e->text.ptr;
}

void
said_env_release(struct said_env *e)
{
	buf_release(&e->text);
}
