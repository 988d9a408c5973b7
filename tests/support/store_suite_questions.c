/* What calls ask, and who answers. */
#include "store_suite_calls.h"

struct question_row
suite_question(const struct call_row *call, const char *key)
{
	/* Its id is made of the key. */
	return (struct question_row){
		.rpc_id = slice_of(key),
		.key = slice_of(key),
		.method = SLICE("elicitation/create"),
		.params = SLICE("{\"message\":\"?\"}"),
		.call = call->number,
		.session = call->session,
		.stream = call->stream,
		.data = SLICE("{\"method\":\"elicitation/create\"}"),
		.deadline = 12345,
	};
}

enum rc
suite_ask(
    struct suite *f, const struct question_row *q, size_t n, int64_t epoch)
{
	struct appended out;

	return f->ops->question_put(
	    f->store, &f->op, q, n, epoch, &store_no_call_limits, &out);
}

enum rc
suite_answer(struct suite *f, int64_t call, const char *key)
{
	const struct question_name name = { .call = call,
		.key = slice_of(key) };

	return f->ops->question_answer(
	    f->store, &f->op, &name, SLICE("{\"action\":\"accept\"}"), false);
}

static struct question_rows
questions(struct suite *f, int64_t call)
{
	struct question_rows rows;

	assert_int_equal(
	    f->ops->questions_get(f->store, &f->op, call, &rows), RC_OK);
	return rows;
}

size_t
suite_questions_in(struct suite *f, int64_t call, enum question_state state)
{
	const struct question_rows rows = questions(f, call);
	size_t n = 0;

	for (size_t i = 0; i < rows.n; i++)
		n += rows.row[i].state == state;
	return n;
}

/* ------------------------------------------------------------------ cases */

static void
questions_come_back_in_the_order_in_which_they_were_asked(void **state)
{
	struct suite *f = *state;
	const struct call_row call = suite_opened(f, suite_session(f, 1), "1");
	const struct question_row q[] = { suite_question(&call, "b"),
		suite_question(&call, "a"), suite_question(&call, "c") };
	struct question_rows rows;

	assert_int_equal(suite_ask(f, q, 2, 1), RC_OK);
	assert_int_equal(suite_ask(f, q + 2, 1, 1), RC_OK);
	rows = questions(f, call.number);
	assert_int_equal(rows.n, 3);
	for (size_t i = 0; i < rows.n; i++) {
		assert_true(slice_eq(rows.row[i].key, q[i].key));
		assert_true(slice_eq(rows.row[i].rpc_id, q[i].rpc_id));
		suite_assert_text(rows.row[i].method, "elicitation/create");
		suite_assert_text(rows.row[i].params, "{\"message\":\"?\"}");
		assert_int_equal(rows.row[i].call, call.number);
		assert_int_equal(rows.row[i].session, call.session);
		assert_int_equal(rows.row[i].stream, call.stream);
		assert_int_equal(rows.row[i].state, QUESTION_OPEN);
		assert_int_equal(rows.row[i].deadline, 12345);
		assert_null(rows.row[i].answer.ptr);
		assert_null(rows.row[i].data.ptr);
	}
}

static void
what_is_asked_goes_to_the_stream_and_the_call_waits(void **state)
{
	struct suite *f = *state;
	const struct call_row call = suite_opened(f, suite_session(f, 1), "1");
	const struct question_row q[] = { suite_question(&call, "a"),
		suite_question(&call, "b") };
	struct appended out = { 0 };

	assert_int_equal(f->ops->question_put(f->store, &f->op, q, 2, 1,
			     &store_no_call_limits, &out),
	    RC_OK);
	assert_int_equal(out.seq, 2);
	assert_int_equal(out.reader, 1);
	suite_assert_newest(
	    f, call.stream, 2, "{\"method\":\"elicitation/create\"}");
	assert_true(suite_call_now(f, call.number).is_waiting);
}

static void
questions_whose_stream_is_closed_are_not_asked(void **state)
{
	struct suite *f = *state;
	const struct call_row call = suite_opened(f, suite_session(f, 1), "1");
	struct question_row q[] = { suite_question(&call, "a"),
		suite_question(&call, "b") };

	q[1].stream += 100;
	assert_int_equal(suite_ask(f, q, 2, 1), RC_NOTFOUND);
	assert_int_equal(questions(f, call.number).n, 0);
	assert_int_equal(suite_read(f, call.stream, 0, NULL).head, 0);
	assert_false(suite_call_now(f, call.number).is_waiting);
}

static void
so_many_calls_of_a_host_may_wait(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_limits limits = { .waiting = 1 };
	const struct call_row a = suite_opened(f, session, "1");
	const struct call_row b = suite_opened(f, session, "2");
	struct call_row c = store_call_row(session, "3");
	const struct question_row qa[] = { suite_question(&a, "a"),
		suite_question(&a, "b") };
	const struct question_row qb = suite_question(&b, "c");
	struct question_row qc;
	struct appended out;

	c.owner = SLICE("h2.a");
	assert_int_equal(suite_open(f, &c, &store_no_call_limits), CALL_IS_NEW);
	qc = suite_question(&c, "d");
	/* One that waits already may ask more. */
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(f->ops->question_put(f->store, &f->op, &qa[i],
				     1, 1, &limits, &out),
		    RC_OK);
	}
	assert_int_equal(
	    f->ops->question_put(f->store, &f->op, &qb, 1, 1, &limits, &out),
	    RC_FULL);
	assert_int_equal(questions(f, b.number).n, 0);
	assert_int_equal(
	    f->ops->question_put(f->store, &f->op, &qc, 1, 1, &limits, &out),
	    RC_OK);
	assert_int_equal(suite_finish(f, a.number, 1, NULL), RC_OK);
	assert_int_equal(
	    f->ops->question_put(f->store, &f->op, &qb, 1, 1, &limits, &out),
	    RC_OK);
}

static void
the_first_answer_wins(void **state)
{
	struct suite *f = *state;
	const struct call_row call = suite_opened(f, suite_session(f, 1), "1");
	const struct question_row q[] = { suite_question(&call, "a"),
		suite_question(&call, "b") };
	const struct question_name name = { .session = call.session,
		.rpc_id = SLICE("a") };
	struct question_rows rows;
	struct change_mark mark;

	assert_int_equal(suite_ask(f, q, 2, 1), RC_OK);
	mark = suite_mark(f);
	assert_int_equal(
	    f->ops->question_answer(f->store, &f->op, &name, SLICE("no"), true),
	    RC_OK);
	assert_int_equal(f->ops->question_answer(
			     f->store, &f->op, &name, SLICE("yes"), false),
	    RC_NOTFOUND);
	assert_int_equal(suite_answer(f, call.number, "a"), RC_NOTFOUND);
	rows = questions(f, call.number);
	suite_assert_text(rows.row[0].answer, "no");
	assert_true(rows.row[0].is_error);
	assert_int_equal(rows.row[0].state, QUESTION_ANSWERED);
	assert_int_equal(rows.row[1].state, QUESTION_OPEN);
	assert_int_equal(
	    suite_changed(f, &mark, CHANGE_ANSWER, call.number), 1);
	/* One is open still. */
	assert_true(suite_call_now(f, call.number).is_waiting);
	assert_int_equal(suite_answer(f, call.number, "b"), RC_OK);
	assert_false(suite_call_now(f, call.number).is_waiting);
	assert_int_equal(
	    suite_changed(f, &mark, CHANGE_ANSWER, call.number), 1);
}

static void
an_answer_from_another_session_or_call_is_none(void **state)
{
	struct suite *f = *state;
	const int64_t other = suite_session(f, 2);
	const struct call_row call = suite_opened(f, suite_session(f, 1), "1");
	const struct call_row foreign = suite_opened(f, other, "1");
	const struct question_row q = suite_question(&call, "a");
	const struct question_name name = { .session = other,
		.rpc_id = SLICE("a") };
	const struct question_name typed = { .session = call.session,
		.rpc_id = SLICE("\"a\"") };

	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	assert_int_equal(
	    f->ops->question_answer(f->store, &f->op, &name, SLICE("x"), false),
	    RC_NOTFOUND);
	assert_int_equal(f->ops->question_answer(
			     f->store, &f->op, &typed, SLICE("x"), false),
	    RC_NOTFOUND);
	assert_int_equal(suite_answer(f, foreign.number, "a"), RC_NOTFOUND);
	assert_int_equal(suite_questions_in(f, call.number, QUESTION_OPEN), 1);
}

static void
an_answer_that_comes_too_late_is_none(void **state)
{
	struct suite *f = *state;
	const struct call_row call = suite_opened(f, suite_session(f, 1), "1");
	const struct question_row q[] = { suite_question(&call, "a"),
		suite_question(&call, "b") };

	assert_int_equal(suite_ask(f, q, 2, 1), RC_OK);
	assert_int_equal(suite_answer(f, call.number, "b"), RC_OK);
	assert_int_equal(
	    f->ops->questions_close(f->store, &f->op, call.number, 1), RC_OK);
	assert_int_equal(suite_answer(f, call.number, "a"), RC_NOTFOUND);
	assert_int_equal(
	    suite_questions_in(f, call.number, QUESTION_CLOSED), 1);
	assert_int_equal(
	    suite_questions_in(f, call.number, QUESTION_ANSWERED), 1);
	assert_false(suite_call_now(f, call.number).is_waiting);
	/* Nothing is open: nothing to do. */
	assert_int_equal(
	    f->ops->questions_close(f->store, &f->op, call.number, 1), RC_OK);
}

static void
an_answer_to_an_ended_call_is_none(void **state)
{
	struct suite *f = *state;
	const struct call_row call = suite_opened(f, suite_session(f, 1), "1");
	const struct question_row q = suite_question(&call, "a");

	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	assert_int_equal(suite_finish(f, call.number, 1, "done"), RC_OK);
	assert_int_equal(suite_answer(f, call.number, "a"), RC_NOTFOUND);
}

static void
a_question_that_is_nowhere_yet_is_sent_once(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row call = suite_opened(f, session, "1");
	const struct call_row mine = suite_opened(f, session, "2");
	struct question_row q = suite_question(&call, "a");
	const struct question_name name = { .session = session,
		.rpc_id = SLICE("a") };
	const struct question_name by_key = { .call = call.number,
		.key = SLICE("a") };
	struct appended out = { 0 };

	q.stream = 0;
	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	assert_int_equal(suite_read(f, call.stream, 0, NULL).head, 0);
	assert_int_equal(f->ops->question_send(f->store, &f->op, &name,
			     mine.stream, SLICE("ask"), &out),
	    RC_OK);
	assert_int_equal(out.seq, 1);
	assert_int_equal(out.reader, 1);
	suite_assert_newest(f, mine.stream, 1, "ask");
	assert_int_equal(questions(f, call.number).row[0].stream, mine.stream);
	assert_int_equal(f->ops->question_send(f->store, &f->op, &name,
			     call.stream, SLICE("ask"), &out),
	    RC_CONFLICT);
	assert_int_equal(f->ops->question_send(f->store, &f->op, &by_key,
			     call.stream, SLICE("ask"), &out),
	    RC_CONFLICT);
	assert_int_equal(suite_read(f, call.stream, 0, NULL).head, 0);
}

static void
a_question_is_not_sent_to_a_stream_that_is_closed_or_foreign(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row call = suite_opened(f, session, "1");
	const struct call_row other = suite_opened(f, suite_session(f, 2), "1");
	const struct call_row ended = suite_opened(f, session, "2");
	struct question_row q = suite_question(&call, "a");
	const struct question_name name = { .session = session,
		.rpc_id = SLICE("a") };
	struct appended out;

	q.stream = 0;
	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	assert_int_equal(suite_finish(f, ended.number, 1, NULL), RC_OK);
	assert_int_equal(f->ops->question_send(f->store, &f->op, &name,
			     ended.stream, SLICE("ask"), &out),
	    RC_NOTFOUND);
	assert_int_equal(f->ops->question_send(f->store, &f->op, &name,
			     other.stream, SLICE("ask"), &out),
	    RC_NOTFOUND);
	assert_int_equal(questions(f, call.number).row[0].stream, 0);
	assert_int_equal(f->ops->question_send(f->store, &f->op, &name,
			     call.stream, SLICE("ask"), &out),
	    RC_OK);
	assert_int_equal(
	    f->ops->questions_close(f->store, &f->op, call.number, 1), RC_OK);
	assert_int_equal(
	    f->ops->questions_return(f->store, &f->op, call.stream), RC_OK);
	assert_int_equal(f->ops->question_send(f->store, &f->op, &name,
			     call.stream, SLICE("ask"), &out),
	    RC_CONFLICT);
}

static void
open_questions_of_a_stream_are_given_back(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct call_row call = suite_opened(f, session, "1");
	const struct call_row other = suite_opened(f, session, "2");
	const struct question_row q[] = { suite_question(&call, "a"),
		suite_question(&call, "b") };
	const struct question_row keep = suite_question(&other, "c");
	const struct question_name name = { .session = session,
		.rpc_id = SLICE("a") };
	struct question_rows rows;
	struct appended out;

	assert_int_equal(suite_ask(f, q, 2, 1), RC_OK);
	assert_int_equal(suite_ask(f, &keep, 1, 1), RC_OK);
	assert_int_equal(suite_answer(f, call.number, "b"), RC_OK);
	assert_int_equal(
	    f->ops->questions_return(f->store, &f->op, call.stream), RC_OK);
	rows = questions(f, call.number);
	assert_int_equal(rows.row[0].stream, 0);
	assert_int_equal(rows.row[1].stream, call.stream);
	assert_int_equal(
	    questions(f, other.number).row[0].stream, other.stream);
	assert_int_equal(f->ops->question_send(f->store, &f->op, &name,
			     other.stream, SLICE("ask"), &out),
	    RC_OK);
}

static void
a_tool_that_is_run_again_may_ask_again(void **state)
{
	struct suite *f = *state;
	const struct call_row call = suite_opened(f, suite_session(f, 1), "1");
	const struct question_row q = suite_question(&call, "a");
	struct question_row again = suite_question(&call, "a");
	struct call_row row;

	assert_int_equal(suite_ask(f, &q, 1, 1), RC_OK);
	assert_int_equal(f->ops->call_claim(f->store, &f->op, call.number, 1,
			     SLICE("h2.z"), &row),
	    RC_OK);
	again.rpc_id = SLICE("a2");
	assert_int_equal(suite_ask(f, &again, 1, 2), RC_OK);
	assert_int_equal(suite_answer(f, call.number, "a"), RC_OK);
	assert_int_equal(
	    questions(f, call.number).row[1].state, QUESTION_ANSWERED);
}

const struct CMUnitTest suite_questions[] = {
	SUITE_CASE(questions_come_back_in_the_order_in_which_they_were_asked),
	SUITE_CASE(what_is_asked_goes_to_the_stream_and_the_call_waits),
	SUITE_CASE(questions_whose_stream_is_closed_are_not_asked),
	SUITE_CASE(so_many_calls_of_a_host_may_wait),
	SUITE_CASE(the_first_answer_wins),
	SUITE_CASE(an_answer_from_another_session_or_call_is_none),
	SUITE_CASE(an_answer_that_comes_too_late_is_none),
	SUITE_CASE(an_answer_to_an_ended_call_is_none),
	SUITE_CASE(a_question_that_is_nowhere_yet_is_sent_once),
	SUITE_CASE(
	    a_question_is_not_sent_to_a_stream_that_is_closed_or_foreign),
	SUITE_CASE(open_questions_of_a_stream_are_given_back),
	SUITE_CASE(a_tool_that_is_run_again_may_ask_again),
	SUITE_END,
};
