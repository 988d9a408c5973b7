#include "tool.h"

const struct tool_set tool_set_none = { NULL, 0 };

const struct tool *
tool_find(const struct tool_set *set, struct slice name)
{
	size_t low = 0;
	size_t high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_cmp(name, set->tool[middle]->name);

		if (order == 0)
			return set->tool[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* ------------------------------------------------------- the inline world */

static void
inline_progress(
    struct tool_call *call, double done, double total, struct slice message)
{
	(void)call;
	(void)done;
	(void)total;
	(void)message;
}

static void
inline_log(
    struct tool_call *call, int level, struct slice logger, struct slice json)
{
	(void)call;
	(void)level;
	(void)logger;
	(void)json;
}

static bool
inline_wait(struct tool_call *call, int64_t ms)
{
	(void)call;
	(void)ms;
	return false;
}

static void
inline_let_go(struct tool_call *call)
{
	(void)call;
}

static void
inline_tell(struct tool_call *call, struct slice what)
{
	(void)call;
	(void)what;
}

static void
inline_group(struct tool_call *call, int64_t group, int64_t start)
{
	(void)call;
	(void)group;
	(void)start;
}

static void
inline_become_task(struct tool_call *call)
{
	(void)call;
}

static enum tool_ask
inline_ask(struct tool_call *call, struct tool_question *questions, size_t n)
{
	(void)call;
	(void)questions;
	(void)n;
	return ASK_UNSUPPORTED;
}

static bool
inline_is_cancelled(struct tool_call *call)
{
	(void)call;
	return false;
}

const struct tool_env_ops tool_env_inline = {
	.progress = inline_progress,
	.log = inline_log,
	.ask_begin = inline_ask,
	.ask_look = inline_ask,
	.is_cancelled = inline_is_cancelled,
	.wait = inline_wait,
	.let_go = inline_let_go,
	.changed = inline_tell,
	.elicited = inline_tell,
	.become_task = inline_become_task,
	.group = inline_group,
};

/* Between two looks for an answer. */
#define ASK_LOOK_MS 50

enum tool_ask
tool_ask(struct tool_call *call, struct tool_question *q, size_t n)
{
	enum tool_ask said = call->env->ask_begin(call, q, n);

	while (said == ASK_WAITING) {
		if (call->env->wait(call, ASK_LOOK_MS))
			return ASK_TIMEOUT;
		said = call->env->ask_look(call, q, n);
	}
	return said;
}
