/* Every store with the first, second, third ... allocation refused. */
#include <stdio.h>

#include "clock.h"
#include "failalloc.h"
#include "store_scratch.h"
#include "store_suite.h"

/* More rows than any first piece of memory has room for. */
#define ROWS 40

struct scene {
	struct store_scratch *scratch;
	struct store *store;
	struct arena arena;
	struct op op;
	int64_t put; /* rows that were acknowledged */
};

static enum rc
open_scene(struct scene *s)
{
	struct store_sqlite_options options;

	options = store_scratch_options(s->scratch);
	return store_scratch_open(s->scratch, &options, &s->store);
}

static enum rc
put_rows(struct scene *s)
{
	const struct session_caps caps = { ROWS / 2, 0, 9999 };
	enum rc rc = RC_OK;

	for (uint32_t n = 0; n < ROWS && rc == RC_OK; n++) {
		const struct session_row row = store_row(n, 1, 2000);
		int64_t id;

		rc = s->store->ops->session_put(
		    s->store, &s->op, &row, &caps, &id);
		s->put += rc == RC_OK;
	}
	return rc;
}

/* A call that asks, and what is read of it. */
static enum rc
ask(struct scene *s, const struct call_row *call)
{
	const struct call_limits limits = { 0, 0, 9, false };
	const struct question_row q = { .rpc_id = SLICE("1"),
		.key = SLICE("k"),
		.params = SLICE("{}"),
		.call = call->number,
		.session = call->session,
		.stream = call->stream,
		.data = SLICE("{}") };
	const struct question_name name = { .call = call->number,
		.key = SLICE("k") };
	const struct store_ops *ops = s->store->ops;
	struct question_rows questions;
	struct appended out;
	enum rc rc;

	rc = ops->question_put(s->store, &s->op, &q, 1, 1, &limits, &out);
	if (rc == RC_OK)
		rc = ops->question_answer(
		    s->store, &s->op, &name, SLICE("{}"), false);
	if (rc == RC_OK)
		rc = ops->questions_get(
		    s->store, &s->op, call->number, &questions);
	return rc;
}

static enum rc
work_calls(struct scene *s, int64_t session)
{
	const struct call_limits limits = { 9, 9, 9, false };
	const struct store_ops *ops = s->store->ops;
	struct call_row call = { .session = session,
		.request_id = SLICE("1"),
		.owner = SLICE("h.1"),
		.request = SLICE("{}") };
	struct call_row same = call;
	struct call_row run = { .owner = SLICE("h.1") };
	struct task_row task = { .message = SLICE("m") };
	struct call_finish finish = {
		.epoch = 1, .data = SLICE("{}"), .task_state = TASK_COMPLETED
	};
	const struct call_filter calls = { .limit = 0 };
	const struct task_filter tasks = { .limit = 0 };
	struct call_rows call_rows;
	struct task_rows task_rows;
	struct appended out;
	enum call_opened opened;
	int64_t reader;
	enum rc rc;

	rc = ops->call_open(s->store, &s->op, &call, &limits, &opened, &reader);
	if (rc == RC_OK)
		rc = ops->call_open(
		    s->store, &s->op, &same, &limits, &opened, &reader);
	if (rc == RC_OK)
		rc = ask(s, &call);
	if (rc == RC_OK)
		rc = ops->task_open(
		    s->store, &s->op, &task, &run, &limits, &opened);
	finish.call = call.number;
	if (rc == RC_OK)
		rc = ops->call_finish(s->store, &s->op, &finish, &out);
	finish.call = run.number;
	if (rc == RC_OK)
		rc = ops->call_finish(s->store, &s->op, &finish, &out);
	if (rc == RC_OK)
		rc = ops->calls_list(s->store, &s->op, &calls, &call_rows);
	if (rc == RC_OK)
		rc = ops->tasks_list(s->store, &s->op, &tasks, &task_rows);
	return rc;
}

/* Topics and who wants them; part of `log_work`. */
static enum rc
topic_work(struct scene *s, const struct stream_row *stream)
{
	const struct store_ops *ops = s->store->ops;
	const struct slice name = SLICE("tools");
	const struct topic_raise raise = { name, NULL };
	const struct stream_caps caps = { 2, 0 };
	struct topic_deliver deliver = {
		.name = name, .data = SLICE("x"), .limit = 9
	};
	struct topic_delivered delivered;
	struct topic_rows topics;
	bool raised = false;
	enum rc rc =
	    ops->want_put(s->store, &s->op, stream->session, &name, 1, -1, 9);

	if (rc == RC_OK)
		rc = ops->topic_raise(
		    s->store, &s->op, &raise, &deliver.version, &raised);
	if (rc == RC_OK)
		rc = ops->wants_behind(
		    s->store, &s->op, stream->session, &topics);
	if (rc == RC_OK)
		rc = ops->topic_deliver(
		    s->store, &s->op, &deliver, &caps, &delivered);
	return rc;
}

static enum rc
append_some(struct scene *s, const struct stream_row *stream)
{
	const struct stream_caps caps = { 2, 0 };
	struct event_append append = { .session = stream->session,
		.stream = stream->number,
		.data = SLICE("x") };
	struct appended out;
	enum rc rc = RC_OK;

	for (; append.key < 4 && rc == RC_OK; append.key++)
		rc = s->store->ops->event_append(
		    s->store, &s->op, &append, &caps, &out);
	return rc;
}

/* The event log, as the session of that row sees it. */
static enum rc
log_work(struct scene *s, int64_t session)
{
	const struct store_ops *ops = s->store->ops;
	const struct stream_attach attach = {
		.session = session, .after = -1, .owner = SLICE("h.1")
	};
	const struct event_limits limits = { 9, 999 };
	struct change_mark mark = { .is_set = false };
	struct change_rows changes;
	struct stream_row stream = { 0 };
	struct event_rows events;
	struct host_rows hosts;
	struct slice *names;
	size_t n;
	enum rc rc = ops->changes(s->store, &s->op, &mark, &changes);

	if (rc == RC_OK)
		rc = ops->stream_attach(s->store, &s->op, &attach, &stream);
	if (rc == RC_OK)
		rc = append_some(s, &stream);
	if (rc == RC_OK)
		rc = topic_work(s, &stream);
	if (rc == RC_OK)
		rc = ops->changes(s->store, &s->op, &mark, &changes);
	if (rc == RC_OK)
		rc = ops->stream_read(s->store, &s->op, stream.number, 0,
		    &limits, &stream, &events);
	if (rc == RC_OK)
		rc = ops->host_beat(s->store, &s->op, SLICE("h"));
	if (rc == RC_OK)
		rc = ops->hosts(s->store, &s->op, &hosts);
	if (rc == RC_OK)
		rc = ops->owners(s->store, &s->op, SLICE("h"), &names, &n);
	if (rc == RC_OK)
		rc = ops->owner_gone(s->store, &s->op, SLICE("h.1"));
	return rc;
}

static enum rc
work(struct scene *s)
{
	const struct session_key last = store_row(ROWS - 1, 1, 0).key;
	const struct session_key none = store_row(ROWS + 1, 1, 0).key;
	const struct session_filter any = { 0 };
	const struct sweep_rules rules = { .idle_before = 9999,
		.events_before = 9999,
		.signals_before = 9999,
		.limit = 25 };
	const struct key_row key = { .id = 1 };
	struct session_rows rows;
	struct session_row row;
	struct sweep_done done;
	struct key_rows keys;
	const struct store_ops *ops;
	enum rc rc = open_scene(s);

	if (rc != RC_OK)
		return rc;
	ops = s->store->ops;
	rc = put_rows(s);
	if (rc == RC_OK)
		rc = ops->key_add(s->store, &s->op, &key);
	if (rc == RC_OK)
		rc = ops->keys(s->store, &s->op, &keys);
	if (rc == RC_OK)
		rc = ops->session_get(s->store, &s->op, &last, &row, NULL);
	if (rc == RC_OK)
		rc = log_work(s, row.id);
	if (rc == RC_OK)
		rc = ops->session_list(s->store, &s->op, &any, &rows);
	if (rc == RC_OK)
		rc = work_calls(s, row.id);
	if (rc == RC_OK)
		rc = ops->session_end(s->store, &s->op, &last, END_DELETED);
	if (rc == RC_OK)
		rc = ops->session_end(s->store, &s->op, &none, END_DELETED);
	if (rc == RC_OK)
		rc = ops->sweep(s->store, &s->op, &rules, &done);
	return rc;
}

/* What was refused left no trace: the facts agree, and what was not put is
 * not there. */
static bool
is_sound(struct scene *s)
{
	const struct session_key next = store_row((uint32_t)s->put, 1, 0).key;
	struct session_row row;

	return s->store == NULL ||
	    (s->store->ops->check(s->store, &s->op) == RC_OK &&
		s->store->ops->session_get(
		    s->store, &s->op, &next, &row, NULL) == RC_NOTFOUND);
}

/* One run; false if it ended as it must not. */
static bool
run(const char *name, long nth, struct store_scratch *scratch, bool *refused)
{
	struct scene s = { .scratch = scratch,
		.arena = ARENA_INIT((size_t)1024 * 1024) };
	bool ok;
	enum rc rc;

	s.op = (struct op){ .now_ms = 5000,
		.relaxed = true,
		.give_up_mono = clock_mono_ms(&clock_system) + 5000,
		.arena = &s.arena };
	failalloc_arm(nth);
	rc = work(&s);
	*refused = failalloc_disarm();
	ok = rc == (*refused ? RC_NOMEM : RC_OK) && is_sound(&s);
	if (!ok)
		(void)fprintf(stderr, "%s %ld: %s\n", name, nth, rc_name(rc));
	if (s.store != NULL)
		s.store->ops->close(s.store);
	arena_release(&s.arena);
	return ok;
}

int
main(void)
{
	struct store_scratch scratch;
	bool refused = true;
	long nth;

	for (nth = 0; refused; nth++) {
		bool ok;

		store_scratch_init(&scratch);
		ok = run("sqlite", nth, &scratch, &refused);
		store_scratch_release(&scratch);
		if (!ok)
			return 1;
	}
	return nth < 5 ? 2 : 0;
}
