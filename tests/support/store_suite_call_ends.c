/* How calls are cancelled, claimed and finished. */
#include "store_suite_calls.h"

enum rc
suite_finish(struct suite *f, int64_t call, int64_t epoch, const char *response)
{
	const struct call_finish finish = { .call = call,
		.epoch = epoch,
		.data = slice_of(response),
		.task_state = TASK_COMPLETED,
		.task_result = SLICE("{}") };
	struct appended out;

	return f->ops->call_finish(f->store, &f->op, &finish, &out);
}

static struct call_news
look(struct suite *f, int64_t call)
{
	struct call_news news = { 0 };

	assert_int_equal(
	    f->ops->call_look(f->store, &f->op, call, &news), RC_OK);
	return news;
}

static void
a_look_tells_what_a_runner_must_know(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row call = suite_opened(f, session, "1");
	const struct call_row alone = suite_opened(f, 0, "1");
	const struct question_row q[] = { suite_question(&call, "a"),
		suite_question(&call, "b") };
	const struct stream_attach attach = { .session = session,
		.stream = call.stream,
		.after = -1,
		.owner = SLICE("h2.b") };
	struct stream_row stream;
	struct call_news news = look(f, call.number);

	assert_int_equal(news.epoch, 1);
	assert_int_equal(news.state, CALL_RUNNING);
	assert_int_equal(news.reader, 1);
	assert_int_equal(news.answers, 0);
	assert_false(news.is_cancelled);
	assert_int_equal(look(f, alone.number).reader, 0);
	assert_int_equal(suite_ask(f, q, 2, 1), RC_OK);
	assert_int_equal(suite_answer(f, call.number, "b"), RC_OK);
	assert_int_equal(
	    f->ops->stream_attach(f->store, &f->op, &attach, &stream), RC_OK);
	news = look(f, call.number);
	assert_int_equal(news.answers, 1);
	assert_int_equal(news.reader, 2);
	assert_int_equal(suite_finish(f, call.number, 1, NULL), RC_OK);
	assert_int_equal(look(f, call.number).state, CALL_ENDED);
	assert_int_equal(
	    f->ops->call_look(f->store, &f->op, alone.number + 1, &news),
	    RC_NOTFOUND);
}

static void
a_process_group_is_noted(void **state)
{
	struct suite *f = *state;
	const struct call_row call = suite_opened(f, 0, "1");
	struct call_row now;

	assert_int_equal(
	    f->ops->call_group(f->store, &f->op, call.number, 1, 4711, 12345),
	    RC_OK);
	now = suite_call_now(f, call.number);
	assert_int_equal(now.group, 4711);
	assert_int_equal(now.group_start, 12345);
}

static void
a_finish_is_response_stream_questions_and_row_at_once(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row call = suite_opened(f, session, "1");
	const struct question_row q = suite_question(&call, "k");
	const struct call_finish finish = {
		.call = call.number, .epoch = 1, .data = SLICE("response")
	};
	struct appended out = { 0 };
	struct change_mark mark;
	struct call_row now;

	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	mark = suite_mark(f);
	f->op.now_ms += 7;
	assert_int_equal(
	    f->ops->call_finish(f->store, &f->op, &finish, &out), RC_OK);
	assert_int_equal(out.seq, 2);
	assert_int_equal(out.reader, 1);
	suite_assert_newest(f, call.stream, 2, "response");
	assert_false(suite_read(f, call.stream, 0, NULL).is_open);
	assert_int_equal(
	    suite_questions_in(f, call.number, QUESTION_CLOSED), 1);
	now = suite_call_now(f, call.number);
	assert_int_equal(now.state, CALL_ENDED);
	assert_int_equal(now.ended, f->op.now_ms);
	assert_false(now.is_waiting);
	assert_int_equal(suite_changed(f, &mark, CHANGE_CALL, call.number), 1);
}

static void
a_call_is_finished_once(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row call = suite_opened(f, session, "1");

	assert_int_equal(suite_finish(f, call.number, 1, "one"), RC_OK);
	assert_int_equal(suite_finish(f, call.number, 1, "two"), RC_CONFLICT);
	suite_assert_newest(f, call.stream, 1, "one");
	assert_int_equal(suite_finish(f, call.number + 9, 1, "x"), RC_CONFLICT);
}

static void
a_finish_that_owes_no_response_closes_the_stream(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row call = suite_opened(f, session, "1");

	assert_int_equal(suite_finish(f, call.number, 1, NULL), RC_OK);
	assert_int_equal(suite_read(f, call.stream, 0, NULL).head, 0);
	assert_false(suite_read(f, call.stream, 0, NULL).is_open);
}

static void
a_finish_leaves_a_stream_of_the_whole_session_open(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct stream_open open = { session, STREAM_SSE, SLICE("h2.s") };
	struct call_row call = store_call_row(session, "1");
	struct stream_row sse;

	assert_int_equal(
	    f->ops->stream_open(f->store, &f->op, &open, &sse), RC_OK);
	call.stream = sse.number;
	assert_int_equal(
	    suite_open(f, &call, &store_no_call_limits), CALL_IS_NEW);
	assert_int_equal(suite_finish(f, call.number, 1, "done"), RC_OK);
	suite_assert_newest(f, sse.number, 1, "done");
	assert_true(suite_read(f, sse.number, 0, NULL).is_open);
}

static void
a_call_can_be_finished_when_its_session_is_over(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row call = suite_opened(f, session, "1");
	const struct question_row q = suite_question(&call, "k");

	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	assert_int_equal(suite_end(f, 1, 1), RC_OK);
	assert_true(suite_call_now(f, call.number).is_cancelled);
	assert_int_equal(suite_questions_in(f, call.number, QUESTION_OPEN), 0);
	assert_int_equal(suite_ask(f, &q, 1, 1), RC_NOTFOUND);
	assert_int_equal(suite_finish(f, call.number, 1, "done"), RC_OK);
	assert_int_equal(suite_call_now(f, call.number).state, CALL_ENDED);
}

static void
a_claim_raises_epoch_and_runs_and_keeps_the_rest(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row call = suite_opened(f, session, "1");
	struct call_row row = { 0 };
	struct change_mark mark;

	assert_int_equal(
	    f->ops->call_group(f->store, &f->op, call.number, 1, 4711, 12345),
	    RC_OK);
	mark = suite_mark(f);
	assert_int_equal(f->ops->call_claim(f->store, &f->op, call.number, 1,
			     SLICE("h2.z"), &row),
	    RC_OK);
	assert_int_equal(row.number, call.number);
	assert_int_equal(row.epoch, 2);
	assert_int_equal(row.runs, 2);
	suite_assert_text(row.owner, "h2.z");
	assert_int_equal(row.group, 4711); /* it is to be killed */
	suite_assert_text(row.request, "{\"id\":1}");
	assert_int_equal(suite_changed(f, &mark, CHANGE_CALL, call.number), 1);
	/* Of two claimers the second one comes too late. */
	assert_int_equal(f->ops->call_claim(f->store, &f->op, call.number, 1,
			     SLICE("h3.z"), &row),
	    RC_CONFLICT);
	suite_assert_text(suite_call_now(f, call.number).owner, "h2.z");
	assert_int_equal(f->ops->call_claim(f->store, &f->op, call.number + 1,
			     1, SLICE("h3.z"), &row),
	    RC_NOTFOUND);
}

/* In the name of the dead one, to end it: that may be tried again. */
static void
a_claim_for_the_same_owner_is_no_run(void **state)
{
	struct suite *f = *state;
	const struct call_row call = suite_opened(f, 0, "1");
	struct call_row row = { 0 };

	for (int64_t epoch = 1; epoch <= 3; epoch++) {
		assert_int_equal(f->ops->call_claim(f->store, &f->op,
				     call.number, epoch, call.owner, &row),
		    RC_OK);
		assert_int_equal(row.epoch, epoch + 1);
		assert_int_equal(row.runs, 1);
		assert_true(slice_eq(row.owner, call.owner));
	}
}

static void
an_ended_call_is_not_claimed(void **state)
{
	struct suite *f = *state;
	const struct call_row call = suite_opened(f, 0, "1");
	struct call_row row;

	assert_int_equal(suite_finish(f, call.number, 1, NULL), RC_OK);
	assert_int_equal(f->ops->call_claim(f->store, &f->op, call.number, 1,
			     SLICE("h2.z"), &row),
	    RC_CONFLICT);
	assert_int_equal(suite_call_now(f, call.number).epoch, 1);
}

/* Every write that names an epoch. */
static void
assert_fenced(struct suite *f, const struct call_row *call, int64_t epoch)
{
	const struct question_row q = suite_question(call, "other");
	const struct event_append event = { .session = call->session,
		.stream = call->stream,
		.call = call->number,
		.epoch = epoch,
		.data = SLICE("late") };
	struct appended out;

	assert_int_equal(f->ops->event_append(f->store, &f->op, &event,
			     &store_no_stream_caps, &out),
	    RC_CONFLICT);
	assert_int_equal(suite_ask(f, &q, 1, epoch), RC_CONFLICT);
	assert_int_equal(
	    f->ops->questions_close(f->store, &f->op, call->number, epoch),
	    RC_CONFLICT);
	assert_int_equal(
	    f->ops->call_group(f->store, &f->op, call->number, epoch, 1, 1),
	    RC_CONFLICT);
	assert_int_equal(
	    suite_finish(f, call->number, epoch, "late"), RC_CONFLICT);
}

static void
who_lost_a_call_writes_nothing_for_it(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row call = suite_opened(f, session, "1");
	const struct question_row q = suite_question(&call, "k");
	struct call_row row;

	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	assert_int_equal(f->ops->call_claim(f->store, &f->op, call.number, 1,
			     SLICE("h2.z"), &row),
	    RC_OK);
	assert_fenced(f, &call, 1);
	assert_int_equal(suite_questions_in(f, call.number, QUESTION_OPEN), 1);
	assert_int_equal(suite_read(f, call.stream, 0, NULL).head, 1);
	assert_int_equal(suite_finish(f, call.number, 2, "mine"), RC_OK);
	assert_fenced(f, &call, 2);
	suite_assert_newest(f, call.stream, 2, "mine");
}

static void
a_running_call_is_cancelled_by_its_request_id(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const int64_t other = suite_session(f, 2);
	const struct call_row call = suite_opened(f, session, "1");
	const struct call_row same = suite_opened(f, other, "1");
	struct change_mark mark;
	int64_t number = 0;

	mark = suite_mark(f);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(f->ops->call_cancel(f->store, &f->op, session,
				     SLICE("1"), &number),
		    RC_OK);
		assert_int_equal(number, call.number);
	}
	assert_true(look(f, call.number).is_cancelled);
	assert_false(look(f, same.number).is_cancelled);
	assert_int_equal(look(f, call.number).state, CALL_RUNNING);
	assert_int_equal(suite_changed(f, &mark, CHANGE_CALL, call.number), 1);
}

static void
a_cancel_that_came_first_is_kept_for_ten_seconds_and_serves_once(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	struct call_row call = store_call_row(session, "1");
	int64_t number = 77;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(f->ops->call_cancel(f->store, &f->op, session,
				     SLICE("1"), &number),
		    RC_OK);
		assert_int_equal(number, 0);
	}
	f->op.now_ms += 9999;
	(void)suite_opened(f, session, "\"1\"");
	assert_int_equal(
	    suite_open(f, &call, &store_no_call_limits), CALL_IS_CANCELLED);
	call = suite_opened(f, session, "1");
	assert_false(call.is_cancelled);
	assert_int_equal(
	    f->ops->call_cancel(f->store, &f->op, session, SLICE("2"), &number),
	    RC_OK);
	f->op.now_ms += 10000;
	call = suite_opened(f, session, "2");
}

static void
a_cancel_of_a_call_that_ended_finds_none(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row call = suite_opened(f, session, "1");
	int64_t number = 77;

	assert_int_equal(suite_finish(f, call.number, 1, "done"), RC_OK);
	assert_int_equal(
	    f->ops->call_cancel(f->store, &f->op, session, SLICE("1"), &number),
	    RC_OK);
	assert_int_equal(number, 0);
	assert_false(suite_call_now(f, call.number).is_cancelled);
}

static void
a_cancel_of_a_session_that_is_over_leaves_nothing(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	int64_t number = 77;

	assert_int_equal(suite_end(f, 1, 1), RC_OK);
	assert_int_equal(
	    f->ops->call_cancel(f->store, &f->op, session, SLICE("1"), &number),
	    RC_OK);
	assert_int_equal(number, 0);
}

static void
an_operator_stops_a_call_by_its_number(void **state)
{
	struct suite *f = *state;
	const struct call_row call = suite_opened(f, 0, "1");
	struct change_mark mark;

	mark = suite_mark(f);
	assert_int_equal(
	    f->ops->call_stop(f->store, &f->op, call.number), RC_OK);
	assert_true(look(f, call.number).is_cancelled);
	assert_true(look(f, call.number).is_stopped);
	assert_true(suite_call_now(f, call.number).is_cancelled);
	assert_true(suite_call_now(f, call.number).is_stopped);
	assert_int_equal(suite_changed(f, &mark, CHANGE_CALL, call.number), 1);
	assert_int_equal(suite_finish(f, call.number, 1, NULL), RC_OK);
	assert_int_equal(
	    f->ops->call_stop(f->store, &f->op, call.number), RC_NOTFOUND);
	assert_int_equal(
	    f->ops->call_stop(f->store, &f->op, call.number + 1), RC_NOTFOUND);
}

/* Sweep calls that ended before `before`, until nothing is left to do. */
static int64_t
sweep(struct suite *f, int64_t before, int limit)
{
	const struct sweep_rules rules = { .streams_before = before,
		.unsent_before = before,
		.limit = limit };
	struct sweep_done done = { .more = true };
	int64_t others = 0;

	for (int i = 0; done.more && i < 100; i++) {
		assert_int_equal(
		    f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
		assert_true(done.others <= limit);
		others += done.others;
	}
	assert_false(done.more);
	return others;
}

static void
old_calls_are_swept_with_their_streams_and_questions(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row old = suite_opened(f, session, "1");
	const struct call_row alone = suite_opened(f, 0, "1");
	const struct call_row runs = suite_opened(f, session, "2");
	const struct question_row q = suite_question(&old, "k");
	struct call_row young, row;

	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	assert_int_equal(suite_finish(f, old.number, 1, "done"), RC_OK);
	assert_int_equal(suite_finish(f, alone.number, 1, NULL), RC_OK);
	f->op.now_ms += 1000;
	young = suite_opened(f, session, "3");
	assert_int_equal(suite_finish(f, young.number, 1, "done"), RC_OK);
	assert_int_equal(sweep(f, 0, 100), 0);
	assert_true(sweep(f, f->op.now_ms, 1) >= 4);
	assert_int_equal(
	    f->ops->call_get(f->store, &f->op, old.number, &row), RC_NOTFOUND);
	assert_int_equal(suite_questions_in(f, old.number, QUESTION_CLOSED), 0);
	assert_int_equal(f->ops->call_get(f->store, &f->op, alone.number, &row),
	    RC_NOTFOUND);
	assert_int_equal(suite_call_now(f, young.number).state, CALL_ENDED);
	assert_int_equal(suite_call_now(f, runs.number).state, CALL_RUNNING);
	assert_int_equal(sweep(f, f->op.now_ms, 100), 0);
}

static void
an_old_call_stays_while_its_stream_does(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row call = suite_opened(f, session, "1");
	const struct sweep_rules rules = { .streams_before = f->op.now_ms + 1,
		.limit = 100 };
	struct sweep_done done;
	struct call_row again = store_call_row(session, "1");

	assert_int_equal(suite_finish(f, call.number, 1, "done"), RC_OK);
	f->op.now_ms += 5;
	assert_int_equal(f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	assert_int_equal(done.others, 0);
	assert_int_equal(
	    suite_open(f, &again, &store_no_call_limits), CALL_IS_JOINED);
}

static void
old_cancels_are_swept(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	int64_t number;

	assert_int_equal(
	    f->ops->call_cancel(f->store, &f->op, session, SLICE("1"), &number),
	    RC_OK);
	assert_int_equal(sweep(f, 0, 100), 0);
	/* Hosts whose clocks differ may take some minutes more. */
	f->op.now_ms += (int64_t)15 * 60 * 1000;
	assert_int_equal(sweep(f, 0, 100), 1);
	assert_int_equal(sweep(f, 0, 100), 0);
}

const struct CMUnitTest suite_call_ends[] = {
	SUITE_COUNTING_CASE(a_look_tells_what_a_runner_must_know),
	SUITE_CASE(a_process_group_is_noted),
	SUITE_CASE(a_finish_is_response_stream_questions_and_row_at_once),
	SUITE_CASE(a_call_is_finished_once),
	SUITE_CASE(a_finish_that_owes_no_response_closes_the_stream),
	SUITE_CASE(a_finish_leaves_a_stream_of_the_whole_session_open),
	SUITE_CASE(a_call_can_be_finished_when_its_session_is_over),
	SUITE_CASE(a_claim_raises_epoch_and_runs_and_keeps_the_rest),
	SUITE_CASE(a_claim_for_the_same_owner_is_no_run),
	SUITE_CASE(an_ended_call_is_not_claimed),
	SUITE_CASE(who_lost_a_call_writes_nothing_for_it),
	SUITE_CASE(a_running_call_is_cancelled_by_its_request_id),
	SUITE_CASE(
	    a_cancel_that_came_first_is_kept_for_ten_seconds_and_serves_once),
	SUITE_CASE(a_cancel_of_a_call_that_ended_finds_none),
	SUITE_CASE(a_cancel_of_a_session_that_is_over_leaves_nothing),
	SUITE_CASE(an_operator_stops_a_call_by_its_number),
	SUITE_CASE(old_calls_are_swept_with_their_streams_and_questions),
	SUITE_CASE(an_old_call_stays_while_its_stream_does),
	SUITE_COUNTING_CASE(old_cancels_are_swept),
	SUITE_END,
};
