/* Tasks. */
#include "store_suite_calls.h"

static struct task_row
a_task(int64_t session, unsigned char number, unsigned char who)
{
	return (struct task_row){
		.id = { 7, number },
		.principal = { who },
		.session = session,
		.form = 2,
		.message = SLICE("working on it"),
		.ttl_ms = 60000,
	};
}

static enum call_opened
open_task(struct suite *f, struct task_row *task, struct call_row *call,
    const struct call_limits *limits)
{
	enum call_opened opened;

	assert_int_equal(
	    f->ops->task_open(f->store, &f->op, task, call, limits, &opened),
	    RC_OK);
	return opened;
}

struct task_row
suite_task(
    struct suite *f, int64_t session, unsigned char number, unsigned char who)
{
	struct task_row task = a_task(session, number, who);
	struct call_row call = store_call_row(session, "\"t\"");

	call.request_id = SLICE_NONE;
	assert_int_equal(
	    open_task(f, &task, &call, &store_no_call_limits), CALL_IS_NEW);
	return task;
}

struct task_row
suite_task_now(struct suite *f, int64_t task)
{
	struct task_row row = { 0 };

	assert_int_equal(
	    f->ops->task_find(f->store, &f->op, task, &row), RC_OK);
	return row;
}

static enum rc
finish(struct suite *f, const struct task_row *task, enum task_state state,
    const char *result)
{
	const struct call_finish end = { .call = task->call,
		.epoch = 1,
		.task_state = state,
		.task_result = slice_of(result),
		.task_is_error = state == TASK_FAILED,
		.task_message = SLICE("over") };
	struct appended out;

	return f->ops->call_finish(f->store, &f->op, &end, &out);
}

/* ------------------------------------------------------------------ cases */

static void
a_task_comes_with_the_call_that_runs_it(void **state)
{
	struct suite *f = *state;
	struct task_row task = a_task(0, 1, 1);
	struct call_row call = store_call_row(0, "1");
	struct task_row now;

	assert_int_equal(
	    open_task(f, &task, &call, &store_no_call_limits), CALL_IS_NEW);
	assert_int_equal(task.call, call.number);
	assert_int_equal(call.task, task.number);
	assert_int_equal(call.stream, 0);
	assert_int_equal(suite_call_now(f, call.number).task, task.number);
	now = suite_task_now(f, task.number);
	assert_int_equal(now.number, task.number);
	assert_memory_equal(now.id, task.id, TASK_ID_BYTES);
	assert_memory_equal(now.principal, task.principal, DIGEST_BYTES);
	assert_int_equal(now.form, 2);
	assert_int_equal(now.call, call.number);
	assert_int_equal(now.state, TASK_WORKING);
	suite_assert_text(now.message, "working on it");
	assert_null(now.result.ptr);
	assert_int_equal(now.created, f->op.now_ms);
	assert_int_equal(now.updated, f->op.now_ms);
	assert_int_equal(now.ttl_ms, 60000);
}

static void
a_task_is_found_by_its_owner_only(void **state)
{
	struct suite *f = *state;
	const struct task_row task = suite_task(f, 0, 1, 1);
	const unsigned char other[DIGEST_BYTES] = { 2 };
	const unsigned char unknown[TASK_ID_BYTES] = { 9 };
	struct task_row row = { 0 };

	assert_int_equal(
	    f->ops->task_get(f->store, &f->op, task.id, task.principal, &row),
	    RC_OK);
	assert_int_equal(row.number, task.number);
	assert_int_equal(
	    f->ops->task_get(f->store, &f->op, task.id, other, &row),
	    RC_NOTFOUND);
	assert_int_equal(
	    f->ops->task_get(f->store, &f->op, unknown, task.principal, &row),
	    RC_NOTFOUND);
	assert_int_equal(
	    f->ops->task_find(f->store, &f->op, task.number + 1, &row),
	    RC_NOTFOUND);
}

static void
the_same_request_for_a_task_is_the_same_task(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	struct task_row first = a_task(session, 1, 1);
	struct task_row again = a_task(session, 2, 1);
	struct call_row call = store_call_row(session, "1");
	struct call_row same = store_call_row(session, "1");
	const struct task_filter all = { .limit = 0 };
	struct task_rows rows;

	assert_int_equal(
	    open_task(f, &first, &call, &store_no_call_limits), CALL_IS_NEW);
	assert_int_equal(
	    open_task(f, &again, &same, &store_no_call_limits), CALL_IS_JOINED);
	assert_int_equal(again.number, first.number);
	assert_memory_equal(again.id, first.id, TASK_ID_BYTES);
	assert_int_equal(same.number, call.number);
	assert_int_equal(
	    f->ops->tasks_list(f->store, &f->op, &all, &rows), RC_OK);
	assert_int_equal(rows.n, 1);
}

static void
a_task_without_room_leaves_nothing(void **state)
{
	struct suite *f = *state;
	const struct call_limits limits = { .host = 1 };
	struct task_row task = a_task(0, 2, 1);
	struct call_row call = store_call_row(0, "1");
	const struct task_row first = suite_task(f, 0, 1, 1);
	struct task_row row;

	assert_int_equal(open_task(f, &task, &call, &limits), CALL_HAS_NO_ROOM);
	assert_int_equal(
	    f->ops->task_get(f->store, &f->op, task.id, task.principal, &row),
	    RC_NOTFOUND);
	task = suite_task(f, 0, 2, 1);
	assert_int_equal(task.number, first.number + 1);
}

static void
a_task_of_a_session_that_is_over_is_not_opened(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	struct task_row task = a_task(session, 1, 1);
	struct call_row call = store_call_row(session, "1");
	enum call_opened opened;

	assert_int_equal(suite_end(f, 1, 1), RC_OK);
	assert_int_equal(f->ops->task_open(f->store, &f->op, &task, &call,
			     &store_no_call_limits, &opened),
	    RC_NOTFOUND);
}

static void
a_finished_call_sets_its_task(void **state)
{
	static const struct {
		enum task_state state;
		const char *result;
	} rows[] = {
		{ TASK_COMPLETED, "{\"content\":[]}" },
		{ TASK_FAILED, "{\"code\":-32603}" },
		{ TASK_CANCELLED, NULL },
	};
	struct suite *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct task_row task =
		    suite_task(f, 0, (unsigned char)i, 1);
		struct task_row now;
		struct change_mark mark;

		mark = suite_mark(f);
		f->op.now_ms += 5;
		assert_int_equal(
		    finish(f, &task, rows[i].state, rows[i].result), RC_OK);
		now = suite_task_now(f, task.number);
		assert_int_equal(now.state, rows[i].state);
		assert_true(slice_eq(now.result, slice_of(rows[i].result)));
		assert_int_equal(now.is_error, rows[i].state == TASK_FAILED);
		suite_assert_text(now.message, "over");
		assert_int_equal(now.updated, f->op.now_ms);
		assert_int_equal(now.created, f->op.now_ms - 5);
		assert_int_equal(
		    suite_changed(f, &mark, CHANGE_TASK, task.number), 1);
	}
}

static void
a_task_waits_and_goes_on_with_its_call(void **state)
{
	struct suite *f = *state;
	const struct task_row task = suite_task(f, 0, 1, 1);
	const struct call_row call = suite_call_now(f, task.call);
	const struct question_row q = suite_question(&call, "a");
	const struct question_row more = suite_question(&call, "b");
	struct change_mark mark;

	mark = suite_mark(f);
	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	assert_int_equal(
	    suite_task_now(f, task.number).state, TASK_INPUT_REQUIRED);
	assert_int_equal(suite_changed(f, &mark, CHANGE_TASK, task.number), 1);
	assert_int_equal(suite_answer(f, task.call, "a"), RC_OK);
	assert_int_equal(suite_task_now(f, task.number).state, TASK_WORKING);
	assert_int_equal(suite_changed(f, &mark, CHANGE_TASK, task.number), 1);
	assert_int_equal(suite_ask(f, &more, 1, 1), RC_OK);
	assert_int_equal(
	    f->ops->questions_close(f->store, &f->op, task.call, 1), RC_OK);
	assert_int_equal(suite_task_now(f, task.number).state, TASK_WORKING);
}

static void
a_task_is_cancelled_for_good(void **state)
{
	struct suite *f = *state;
	const struct task_row task = suite_task(f, 0, 1, 1);
	const struct call_row call = suite_call_now(f, task.call);
	const struct question_row q = suite_question(&call, "a");
	struct change_mark mark, calls;
	struct task_row row = { 0 };

	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	mark = suite_mark(f);
	calls = suite_mark(f);
	f->op.now_ms += 5;
	assert_int_equal(
	    f->ops->task_cancel(f->store, &f->op, task.number, &row), RC_OK);
	assert_int_equal(row.state, TASK_CANCELLED);
	assert_int_equal(row.updated, f->op.now_ms);
	assert_true(suite_call_now(f, task.call).is_cancelled);
	assert_int_equal(suite_changed(f, &mark, CHANGE_TASK, task.number), 1);
	assert_int_equal(suite_changed(f, &calls, CHANGE_CALL, task.call), 1);
	row = (struct task_row){ 0 };
	assert_int_equal(
	    f->ops->task_cancel(f->store, &f->op, task.number, &row),
	    RC_CONFLICT);
	assert_int_equal(row.state, TASK_CANCELLED);
	/* Whatever comes of the call. */
	assert_int_equal(suite_answer(f, task.call, "a"), RC_OK);
	assert_int_equal(suite_task_now(f, task.number).state, TASK_CANCELLED);
	assert_int_equal(finish(f, &task, TASK_COMPLETED, "{}"), RC_OK);
	assert_int_equal(suite_task_now(f, task.number).state, TASK_CANCELLED);
	assert_null(suite_task_now(f, task.number).result.ptr);
}

static void
a_task_that_ended_is_not_cancelled(void **state)
{
	struct suite *f = *state;
	const struct task_row task = suite_task(f, 0, 1, 1);
	struct task_row row = { 0 };

	assert_int_equal(finish(f, &task, TASK_COMPLETED, "{}"), RC_OK);
	assert_int_equal(
	    f->ops->task_cancel(f->store, &f->op, task.number, &row),
	    RC_CONFLICT);
	assert_int_equal(row.state, TASK_COMPLETED);
	suite_assert_text(row.result, "{}");
	assert_int_equal(
	    f->ops->task_cancel(f->store, &f->op, task.number + 1, &row),
	    RC_NOTFOUND);
}

static void
a_cancel_by_request_id_leaves_a_task_alone(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	struct task_row task = a_task(session, 1, 1);
	struct call_row call = store_call_row(session, "1");
	int64_t number = 77;

	assert_int_equal(
	    open_task(f, &task, &call, &store_no_call_limits), CALL_IS_NEW);
	assert_int_equal(
	    f->ops->call_cancel(f->store, &f->op, session, SLICE("1"), &number),
	    RC_OK);
	assert_int_equal(number, 0);
	assert_false(suite_call_now(f, call.number).is_cancelled);
	assert_int_equal(suite_task_now(f, task.number).state, TASK_WORKING);
}

static void
a_question_given_back_is_told_to_who_waits_for_the_task(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct task_row task = suite_task(f, session, 1, 1);
	const struct call_row follower = suite_opened(f, session, "9");
	const struct call_row call = suite_call_now(f, task.call);
	const struct question_row q[] = { suite_question(&call, "a"),
		suite_question(&call, "b") };
	const struct question_name name = { .session = session,
		.rpc_id = SLICE("a") };
	struct appended out;
	struct change_mark mark;

	assert_int_equal(suite_ask(f, q, 2, 1), RC_OK);
	assert_int_equal(f->ops->question_send(f->store, &f->op, &name,
			     follower.stream, SLICE("ask"), &out),
	    RC_OK);
	mark = suite_mark(f);
	assert_int_equal(
	    f->ops->questions_return(f->store, &f->op, follower.stream), RC_OK);
	assert_int_equal(suite_changed(f, &mark, CHANGE_TASK, task.number), 1);
	assert_int_equal(
	    f->ops->questions_return(f->store, &f->op, follower.stream), RC_OK);
	assert_int_equal(suite_changed(f, &mark, CHANGE_TASK, task.number), 0);
}

static void
tasks_are_listed_by_what_is_asked_for(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const unsigned char one[DIGEST_BYTES] = { 1 };
	const struct task_row t[] = { suite_task(f, 0, 1, 1),
		suite_task(f, session, 2, 1), suite_task(f, session, 3, 2),
		suite_task(f, 0, 4, 1) };
	const struct {
		struct task_filter filter;
		size_t n;
		size_t first;
	} rows[] = {
		{ { .limit = 0 }, 4, 0 },
		{ { .principal = one }, 3, 0 },
		{ { .principal = one, .after = t[0].number }, 2, 1 },
		{ { .principal = one, .after = t[1].number }, 1, 3 },
		{ { .principal = one, .limit = 2 }, 2, 0 },
		{ { .session = session }, 2, 1 },
		{ { .principal = one, .session = session }, 1, 1 },
		{ { .form = 1 }, 0, 0 },
		{ { .form = 2, .limit = 1 }, 1, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct task_rows got;

		assert_int_equal(
		    f->ops->tasks_list(f->store, &f->op, &rows[i].filter, &got),
		    RC_OK);
		assert_int_equal(got.n, rows[i].n);
		if (got.n > 0)
			assert_int_equal(
			    got.row[0].number, t[rows[i].first].number);
	}
}

static int64_t
sweep(struct suite *f, int64_t before)
{
	const struct sweep_rules rules = { .streams_before = before,
		.limit = 100 };
	struct sweep_done done;

	assert_int_equal(f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	return done.others;
}

static void
a_task_is_kept_for_its_time_and_then_goes_with_all_of_it(void **state)
{
	struct suite *f = *state;
	const struct task_row task = suite_task(f, 0, 1, 1);
	struct task_row ever = a_task(0, 2, 1);
	struct call_row its = store_call_row(0, "1");
	const struct call_row call = suite_call_now(f, task.call);
	const struct question_row q = suite_question(&call, "a");
	struct task_row row;
	struct call_row gone;

	ever.ttl_ms = 0;
	assert_int_equal(
	    open_task(f, &ever, &its, &store_no_call_limits), CALL_IS_NEW);
	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	assert_int_equal(finish(f, &task, TASK_COMPLETED, "{}"), RC_OK);
	assert_int_equal(finish(f, &ever, TASK_COMPLETED, "{}"), RC_OK);
	f->op.now_ms += 59999;
	assert_int_equal(sweep(f, f->op.now_ms), 0);
	f->op.now_ms += 1;
	assert_int_equal(sweep(f, f->op.now_ms), 2);
	assert_int_equal(f->ops->task_find(f->store, &f->op, task.number, &row),
	    RC_NOTFOUND);
	assert_int_equal(
	    f->ops->call_get(f->store, &f->op, task.call, &gone), RC_NOTFOUND);
	assert_int_equal(suite_questions_in(f, task.call, QUESTION_CLOSED), 0);
	assert_int_equal(suite_task_now(f, ever.number).state, TASK_COMPLETED);
	assert_int_equal(suite_call_now(f, ever.call).state, CALL_ENDED);
}

static void
who_works_on_a_task_whose_time_is_over_is_told_to_stop(void **state)
{
	struct suite *f = *state;
	const struct task_row task = suite_task(f, 0, 1, 1);
	struct task_row row;
	struct change_mark mark;

	mark = suite_mark(f);
	f->op.now_ms += 60000;
	assert_int_equal(sweep(f, f->op.now_ms), 1);
	assert_int_equal(f->ops->task_find(f->store, &f->op, task.number, &row),
	    RC_NOTFOUND);
	assert_true(suite_call_now(f, task.call).is_cancelled);
	assert_int_equal(suite_changed(f, &mark, CHANGE_CALL, task.call), 1);
	assert_int_equal(finish(f, &task, TASK_CANCELLED, NULL), RC_OK);
	f->op.now_ms++;
	assert_int_equal(sweep(f, f->op.now_ms), 1);
}

const struct CMUnitTest suite_tasks[] = {
	SUITE_CASE(a_task_comes_with_the_call_that_runs_it),
	SUITE_CASE(a_task_is_found_by_its_owner_only),
	SUITE_CASE(the_same_request_for_a_task_is_the_same_task),
	SUITE_CASE(a_task_without_room_leaves_nothing),
	SUITE_CASE(a_task_of_a_session_that_is_over_is_not_opened),
	SUITE_CASE(a_finished_call_sets_its_task),
	SUITE_CASE(a_task_waits_and_goes_on_with_its_call),
	SUITE_CASE(a_task_is_cancelled_for_good),
	SUITE_CASE(a_task_that_ended_is_not_cancelled),
	SUITE_CASE(a_cancel_by_request_id_leaves_a_task_alone),
	SUITE_CASE(a_question_given_back_is_told_to_who_waits_for_the_task),
	SUITE_CASE(tasks_are_listed_by_what_is_asked_for),
	SUITE_CASE(a_task_is_kept_for_its_time_and_then_goes_with_all_of_it),
	SUITE_COUNTING_CASE(
	    who_works_on_a_task_whose_time_is_over_is_told_to_stop),
	SUITE_END,
};
