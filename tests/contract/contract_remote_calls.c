/* Two hosts at the same calls, questions and tasks. */
#include <unistd.h>

#include "clock.h"
#include "store_gate.h"
#include "store_suite_calls.h"

enum { OP_MS = 60000 };

/* What a process at a store does, and what of. */
struct actor {
	struct store *store;
	struct op op;
	const struct item *item;
	struct slice owner;
};

struct item {
	struct session_key key;
	int64_t session;
	struct call_row call;
	int64_t task;
	int64_t stream; /* of another call of the session */
};

/* What comes out of it is the status of its process: an rc, or */
enum {
	OPENED = 32, /* + enum call_opened */
	CANCELLED_NONE = 64,
	CANCELLED_ONE,
	LOST = 100
};

typedef int act(struct actor *);

/* ------------------------------------------------------------------- acts */

static int
opens(struct actor *a)
{
	struct call_row call = store_call_row(a->item->session, "2");
	enum call_opened opened;
	int64_t reader;
	enum rc rc;

	call.owner = a->owner;
	rc = a->store->ops->call_open(
	    a->store, &a->op, &call, &store_no_call_limits, &opened, &reader);
	return rc == RC_OK ? OPENED + (int)opened : (int)rc;
}

static int
cancel(struct actor *a, struct slice id)
{
	int64_t call = 0;
	enum rc rc = a->store->ops->call_cancel(
	    a->store, &a->op, a->item->session, id, &call);

	if (rc != RC_OK)
		return (int)rc;
	return call == 0 ? CANCELLED_NONE : CANCELLED_ONE;
}

/* What opens() opens. */
static int
cancels_new(struct actor *a)
{
	return cancel(a, SLICE("2"));
}

/* What runs. */
static int
cancels(struct actor *a)
{
	return cancel(a, SLICE("1"));
}

static int
stops(struct actor *a)
{
	return (int)a->store->ops->call_stop(
	    a->store, &a->op, a->item->call.number);
}

static int
ends(struct actor *a)
{
	return (int)a->store->ops->session_end(
	    a->store, &a->op, &a->item->key, END_DELETED);
}

static int
claims(struct actor *a)
{
	struct call_row row;
	enum rc rc = a->store->ops->call_claim(
	    a->store, &a->op, a->item->call.number, 1, a->owner, &row);

	if (rc == RC_OK && (row.epoch != 2 || !slice_eq(row.owner, a->owner)))
		return LOST;
	return (int)rc;
}

static int
finishes(struct actor *a)
{
	const struct call_finish finish = { .call = a->item->call.number,
		.epoch = 1,
		.data = SLICE("done"),
		.task_state = TASK_COMPLETED,
		.task_result = SLICE("{}") };
	struct appended out;

	return (int)a->store->ops->call_finish(a->store, &a->op, &finish, &out);
}

static int
appends(struct actor *a)
{
	const struct event_append event = { .session = a->item->session,
		.stream = a->item->call.stream,
		.key = 7,
		.call = a->item->call.number,
		.epoch = 1,
		.data = SLICE("progress") };
	struct appended out;

	return (int)a->store->ops->event_append(
	    a->store, &a->op, &event, &store_no_stream_caps, &out);
}

static int
asks(struct actor *a)
{
	struct question_row q = suite_question(&a->item->call, "more");
	struct appended out;

	return (int)a->store->ops->question_put(
	    a->store, &a->op, &q, 1, 1, &store_no_call_limits, &out);
}

static int
answer(struct actor *a, struct slice rpc_id)
{
	const struct question_name name = { .session = a->item->session,
		.rpc_id = rpc_id };

	return (int)a->store->ops->question_answer(
	    a->store, &a->op, &name, a->owner, false);
}

static int
answers(struct actor *a)
{
	return answer(a, SLICE("k"));
}

static int
answers_other(struct actor *a)
{
	return answer(a, SLICE("l"));
}

static int
closes(struct actor *a)
{
	return (int)a->store->ops->questions_close(
	    a->store, &a->op, a->item->call.number, 1);
}

static int
sends(struct actor *a)
{
	const struct question_name name = { .call = a->item->call.number,
		.key = SLICE("k") };
	struct appended out;

	return (int)a->store->ops->question_send(
	    a->store, &a->op, &name, a->item->stream, SLICE("ask"), &out);
}

static int
cancels_task(struct actor *a)
{
	struct task_row row;

	return (int)a->store->ops->task_cancel(
	    a->store, &a->op, a->item->task, &row);
}

static pid_t
start(struct suite *f, const struct item *item, act *what, const char *owner)
{
	struct arena arena = ARENA_INIT(1 << 22);
	struct actor a = {
		.item = item, .op = f->op, .owner = slice_of(owner)
	};
	pid_t child = fork();

	if (child != 0)
		return child;
	a.op.arena = &arena;
	a.op.give_up_mono = clock_mono_ms(&clock_system) + OP_MS;
	if (store_remote_open(f->maker->ctx, false, &a.store) != RC_OK)
		_exit(LOST);
	_exit(what(&a));
}

/* ----------------------------------------------------------- two at once */

enum form { PLAIN, WITH_TASK, ASKS_TWICE };

struct pair {
	const char *name;
	const char *gate; /* where the first one stops */
	act *first;
	act *second;
	enum form form;
	int came[2];
	/* What is left behind; NULL: nothing to say. */
	bool (*is_right)(struct suite *, const struct item *);
};

static bool
both_are_one(struct suite *f, const struct item *item)
{
	const struct call_filter filter = { .session = item->session };
	struct call_rows rows;

	/* "1", "9", and one of "2". */
	return f->ops->calls_list(f->store, &f->op, &filter, &rows) == RC_OK &&
	    rows.n == 3;
}

static bool
new_one_is_cancelled(struct suite *f, const struct item *item)
{
	const struct call_filter filter = { .session = item->session };
	struct call_rows rows;

	return f->ops->calls_list(f->store, &f->op, &filter, &rows) == RC_OK &&
	    rows.n == 3 && rows.row[2].is_cancelled;
}

static bool
call_is(struct suite *f, const struct item *item, enum call_state state,
    const char *owner)
{
	const struct call_row row = suite_call_now(f, item->call.number);

	return row.state == state && slice_eq(row.owner, slice_of(owner));
}

static bool
is_claimed_by_first(struct suite *f, const struct item *item)
{
	return call_is(f, item, CALL_RUNNING, "h1.first");
}

static bool
is_ended_unclaimed(struct suite *f, const struct item *item)
{
	return call_is(f, item, CALL_ENDED, "h1.a");
}

/* Its one response, and nothing behind it. */
static bool
has_response(struct suite *f, const struct item *item)
{
	struct event_rows events;
	const struct stream_row row =
	    suite_read(f, item->call.stream, 0, &events);

	return !row.is_open && events.n > 0 &&
	    slice_eq(events.row[events.n - 1].data, SLICE("done")) &&
	    call_is(f, item, CALL_ENDED, "h1.a");
}

static bool
first_answer_stands(struct suite *f, const struct item *item)
{
	struct question_rows rows;

	return f->ops->questions_get(
		   f->store, &f->op, item->call.number, &rows) == RC_OK &&
	    rows.n == 1 && rows.row[0].state == QUESTION_ANSWERED &&
	    slice_eq(rows.row[0].answer, SLICE("h1.first")) &&
	    !suite_call_now(f, item->call.number).is_waiting;
}

static bool
goes_on(struct suite *f, const struct item *item)
{
	return suite_questions_in(f, item->call.number, QUESTION_ANSWERED) ==
	    2 &&
	    !suite_call_now(f, item->call.number).is_waiting;
}

static bool
question_is_closed(struct suite *f, const struct item *item)
{
	return suite_questions_in(f, item->call.number, QUESTION_CLOSED) == 1 &&
	    !suite_call_now(f, item->call.number).is_waiting;
}

static bool
was_sent_once(struct suite *f, const struct item *item)
{
	return suite_read(f, item->stream, 0, NULL).head == 1;
}

static bool
task_is_completed(struct suite *f, const struct item *item)
{
	return suite_task_now(f, item->task).state == TASK_COMPLETED;
}

static bool
task_is_cancelled(struct suite *f, const struct item *item)
{
	return suite_task_now(f, item->task).state == TASK_CANCELLED;
}

static bool
was_stopped(struct suite *f, const struct item *item)
{
	return suite_call_now(f, item->call.number).is_stopped;
}

static bool
runs_cancelled(struct suite *f, const struct item *item)
{
	const struct call_row row = suite_call_now(f, item->call.number);

	return row.is_cancelled && row.state == CALL_RUNNING;
}

static bool
ended_without_questions(struct suite *f, const struct item *item)
{
	struct question_rows rows;

	return runs_cancelled(f, item) &&
	    f->ops->questions_get(f->store, &f->op, item->call.number, &rows) ==
	    RC_OK &&
	    rows.n == 0;
}

static const struct pair pairs[] = {
	{ "the same request", "done", opens, opens, PLAIN,
	    { OPENED + CALL_IS_NEW, OPENED + CALL_IS_JOINED }, both_are_one },
	{ "a cancel behind its request", "done", opens, cancels_new, PLAIN,
	    { OPENED + CALL_IS_NEW, CANCELLED_ONE }, new_one_is_cancelled },
	{ "a request behind its cancel", "cancel", cancels_new, opens, PLAIN,
	    { CANCELLED_NONE, OPENED + CALL_IS_CANCELLED }, NULL },
	{ "the end of a session behind a request", "done", opens, ends, PLAIN,
	    { OPENED + CALL_IS_NEW, RC_OK }, new_one_is_cancelled },
	{ "a request behind the end of its session", "signal", ends, opens,
	    PLAIN, { RC_OK, RC_NOTFOUND }, runs_cancelled },
	{ "two claims", "signal", claims, claims, PLAIN, { RC_OK, RC_CONFLICT },
	    is_claimed_by_first },
	{ "a finish behind a claim", "signal", claims, finishes, PLAIN,
	    { RC_OK, RC_CONFLICT }, is_claimed_by_first },
	{ "a claim behind a finish", "signal", finishes, claims, PLAIN,
	    { RC_OK, RC_CONFLICT }, is_ended_unclaimed },
	{ "two finishes", "signal", finishes, finishes, PLAIN,
	    { RC_OK, RC_CONFLICT }, has_response },
	{ "an append behind a claim", "signal", claims, appends, PLAIN,
	    { RC_OK, RC_CONFLICT }, is_claimed_by_first },
	{ "a claim behind an append", "event", appends, claims, PLAIN,
	    { RC_OK, RC_OK }, NULL },
	{ "an append behind a finish", "signal", finishes, appends, PLAIN,
	    { RC_OK, RC_CONFLICT }, has_response },
	{ "a finish behind an append", "event", appends, finishes, PLAIN,
	    { RC_OK, RC_OK }, has_response },
	{ "two answers", "signal", answers, answers, PLAIN,
	    { RC_OK, RC_NOTFOUND }, first_answer_stands },
	{ "the last two answers", "signal", answers, answers_other, ASKS_TWICE,
	    { RC_OK, RC_OK }, goes_on },
	{ "a finish behind an answer", "signal", answers, finishes, PLAIN,
	    { RC_OK, RC_OK }, first_answer_stands },
	{ "an answer behind a finish", "signal", finishes, answers, PLAIN,
	    { RC_OK, RC_NOTFOUND }, question_is_closed },
	{ "a timeout behind an answer", "signal", answers, closes, WITH_TASK,
	    { RC_OK, RC_OK }, first_answer_stands },
	{ "an answer behind a timeout", "signal", closes, answers, WITH_TASK,
	    { RC_OK, RC_NOTFOUND }, question_is_closed },
	{ "two who send a question", "done", sends, sends, WITH_TASK,
	    { RC_OK, RC_CONFLICT }, was_sent_once },
	{ "a question sent behind its answer", "signal", answers, sends,
	    WITH_TASK, { RC_OK, RC_CONFLICT }, first_answer_stands },
	{ "a task cancelled behind its finish", "signal", finishes,
	    cancels_task, WITH_TASK, { RC_OK, RC_CONFLICT },
	    task_is_completed },
	{ "a task finished behind its cancel", "signal", cancels_task, finishes,
	    WITH_TASK, { RC_OK, RC_OK }, task_is_cancelled },
	{ "a cancel behind a finish", "signal", finishes, cancels, PLAIN,
	    { RC_OK, CANCELLED_NONE }, has_response },
	{ "a finish behind a cancel", "signal", cancels, finishes, PLAIN,
	    { CANCELLED_ONE, RC_OK }, has_response },
	{ "a cancel behind a stop", "signal", stops, cancels, PLAIN,
	    { RC_OK, CANCELLED_ONE }, was_stopped },
	{ "the end of a session behind a question", "done", asks, ends, PLAIN,
	    { RC_OK, RC_OK }, ended_without_questions },
	{ "a question behind the end of its session", "signal", ends, asks,
	    PLAIN, { RC_OK, RC_NOTFOUND }, ended_without_questions },
	{ "an answer behind the end of its session", "signal", ends, answers,
	    PLAIN, { RC_OK, RC_NOTFOUND }, ended_without_questions },
	{ "a finish behind the end of its session", "signal", ends, finishes,
	    PLAIN, { RC_OK, RC_OK }, is_ended_unclaimed },
	{ "the end of a session behind a finish", "signal", finishes, ends,
	    PLAIN, { RC_OK, RC_OK }, is_ended_unclaimed },
};

static struct item
make_item(struct suite *f, uint32_t n, enum form form)
{
	struct item item = { .key = store_row(n, 1, 0).key };
	struct question_row q;

	item.session = suite_session(f, n);
	if (form == WITH_TASK) {
		const struct task_row task =
		    suite_task(f, item.session, (unsigned char)n, 1);

		item.task = task.number;
		item.call = suite_call_now(f, task.call);
	} else {
		item.call = suite_opened(f, item.session, "1");
	}
	item.stream = suite_opened(f, item.session, "9").stream;
	q = suite_question(&item.call, "k");
	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	q = suite_question(&item.call, "l");
	if (form == ASKS_TWICE)
		assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	return item;
}

static void
who_comes_second_sees_what_the_first_has_left(void **state)
{
	struct suite *f = *state;
	struct store_gate *g = f->maker->ctx; /* begins with the suite's */

	for (size_t i = 0; i < COUNT(pairs); i++) {
		const struct pair *p = &pairs[i];
		const struct item item = make_item(f, (uint32_t)i + 1, p->form);
		pid_t first, second;
		int status = 0;

		store_gate_close(g, p->gate);
		first = start(f, &item, p->first, "h1.first");
		if (store_gate_wait(g, 1, first, &status))
			fail_msg("%s: the first one did not wait: %d", p->name,
			    store_gate_code(status));
		second = start(f, &item, p->second, "h2.second");
		if (store_gate_wait(g, 2, second, &status))
			fail_msg("%s: the second one did not wait: %d", p->name,
			    store_gate_code(status));
		store_gate_open(g);
		status = store_gate_reap(first);
		if (status != p->came[0])
			fail_msg("%s: the first one: %d", p->name, status);
		status = store_gate_reap(second);
		if (status != p->came[1])
			fail_msg("%s: the second one: %d", p->name, status);
		if (p->is_right != NULL && !p->is_right(f, &item))
			fail_msg("%s: what is left", p->name);
		assert_int_equal(f->ops->check(f->store, &f->op), RC_OK);
	}
}

static const struct CMUnitTest cases[] = {
	SUITE_CASE(who_comes_second_sees_what_the_first_has_left),
	SUITE_END,
};

int
main(void)
{
	static const struct CMUnitTest *const parts[] = { cases };
	struct store_gate gate;
	struct store_maker maker =
	    store_remote_maker(&gate.remote, "calls of two hosts");
	int failed;

	if (!store_gate_init(&gate))
		return 77;
	failed = suite_run(&maker, parts, 1);
	store_gate_release(&gate);
	return failed;
}
