#include "store_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "store_suite_calls.h"

struct revs {
	int64_t rev[STORE_SHARDS];
	uint32_t incarnation;
};

static struct revs
look(struct suite *f)
{
	struct revs r;

	memset(&r, 0xff, sizeof(r));
	assert_int_equal(
	    f->ops->revs(f->store, &f->op, r.rev, &r.incarnation), RC_OK);
	for (size_t i = 0; i < STORE_SHARDS; i++)
		assert_true(r.rev[i] >= 0);
	assert_int_equal(r.incarnation, suite_info(f).incarnation);
	return r;
}

/* Sessions 1 and 0x302 are in shards 1 and 2. */
enum { NEAR = 1, FAR = 0x302 };

static int64_t
id_of(struct suite *f, uint32_t n)
{
	struct session_row row = store_row(n, 1, 0);

	assert_int_equal(suite_get(f, &row.key, &row), RC_OK);
	return row.id;
}

static void
set(struct suite *f, enum session_column column, int64_t number)
{
	const struct session_change change = { column, number };

	assert_int_equal(
	    f->ops->session_set(f->store, &f->op, id_of(f, NEAR), &change),
	    RC_OK);
}

static void
initialize(struct suite *f)
{
	set(f, SESSION_INITIALIZED, 0);
}

static void
set_level(struct suite *f)
{
	set(f, SESSION_LOG_LEVEL, 3);
}

static void
negotiate(struct suite *f)
{
	const struct session_terms terms = { SLICE("2025-06-18"), 5,
		SLICE("{1}") };

	assert_int_equal(
	    f->ops->session_negotiate(f->store, &f->op, id_of(f, NEAR), &terms),
	    RC_OK);
}

static void
end(struct suite *f)
{
	assert_int_equal(suite_end(f, NEAR, 1), RC_OK);
}

/* Nobody can know of a session that was forgotten that it has ended. */
static void
end_what_is_not_there(struct suite *f)
{
	assert_int_equal(suite_end(f, 0x101, 1), RC_OK);
}

static void
sweep_by(struct suite *f, int64_t idle, int64_t created)
{
	const struct sweep_rules rules = {
		.idle_before = idle, .created_before = created, .limit = 100
	};
	struct sweep_done done;

	assert_int_equal(f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	assert_int_equal(done.forgotten + done.removed, 1);
}

static void
forget(struct suite *f)
{
	sweep_by(f, 2001, 0);
}

static void
outlive(struct suite *f)
{
	sweep_by(f, 0, 1001);
}

static void
make_room(struct suite *f)
{
	const struct session_caps caps = { 2, 0, 2001 };

	assert_int_equal(suite_put(f, store_row(0x303, 2, 9000), &caps), RC_OK);
	assert_false(suite_has(f, NEAR, 1));
}

static void
what_changes_or_ends_a_session_raises_its_revision(void **state)
{
	static const struct {
		void (*act)(struct suite *);
		const char *name;
	} rows[] = {
		{ initialize, "initialized" },
		{ set_level, "log level" },
		{ negotiate, "terms" },
		{ end, "end" },
		{ end_what_is_not_there, "end of what is not there" },
		{ forget, "idle" },
		{ outlive, "lifetime" },
		{ make_room, "room" },
	};
	struct suite *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct session_row near = store_row(NEAR, 1, 2000);
		struct session_row far = store_row(FAR, 1, 3000);
		const struct sweep_rules all = { .created_before = 9999,
			.limit = 100 };
		struct sweep_done done;
		struct revs before, after;

		print_message("by %s\n", rows[i].name);
		far.key.created = 2000;
		near.revision = SLICE_NONE;
		assert_int_equal(
		    f->ops->sweep(f->store, &f->op, &all, &done), RC_OK);
		assert_int_equal(suite_put(f, near, &store_no_caps), RC_OK);
		assert_int_equal(suite_put(f, far, &store_no_caps), RC_OK);
		before = look(f);
		rows[i].act(f);
		after = look(f);
		assert_true(after.rev[1] > before.rev[1]);
		/* Others need not read theirs again. */
		assert_int_equal(after.rev[2], before.rev[2]);
	}
}

static void
what_does_not_leaves_the_revisions_alone(void **state)
{
	struct suite *f = *state;
	const struct session_caps full = { 1, 0, 0 };
	struct session_row other = store_row(NEAR, 2, 0);
	const struct session_change level = { SESSION_LOG_LEVEL, 3 };
	const struct session_terms terms = { SLICE("2025-06-18"), 5,
		SLICE("{1}") };
	struct revs before, after;

	assert_int_equal(
	    suite_put(f, store_row(NEAR, 1, 2000), &store_no_caps), RC_OK);
	before = look(f);
	set(f, SESSION_TOUCHED, 2500);
	/* Nor does what is refused. */
	assert_int_equal(suite_put(f, store_row(FAR, 1, 0), &full), RC_FULL);
	assert_int_equal(suite_put(f, other, &store_no_caps), RC_CONFLICT);
	assert_int_equal(
	    f->ops->session_end(f->store, &f->op, &other.key, END_DELETED),
	    RC_NOTFOUND);
	assert_int_equal(
	    f->ops->session_set(f->store, &f->op, id_of(f, NEAR) + 9, &level),
	    RC_NOTFOUND);
	assert_int_equal(
	    f->ops->session_negotiate(f->store, &f->op, id_of(f, NEAR), &terms),
	    RC_CONFLICT);
	after = look(f);
	assert_memory_equal(before.rev, after.rev, sizeof(after.rev));
	assert_int_equal(suite_end(f, NEAR, 1), RC_OK);
	before = look(f);
	assert_int_equal(suite_end(f, NEAR, 1), RC_CONFLICT);
	after = look(f);
	assert_memory_equal(before.rev, after.rev, sizeof(after.rev));
}

static void
a_row_comes_with_its_revision_if_it_is_asked_for(void **state)
{
	static const uint32_t numbers[] = { 0, 9, 10, 0x1f, 0x7f, 0x80, 0xa0,
		0xf0, 0xff };
	struct suite *f = *state;

	for (size_t i = 0; i < COUNT(numbers); i++) {
		const struct session_row want = store_row(numbers[i], 1, 2000);
		struct session_row row = want;
		struct op op = f->op;
		struct revs before, after;
		uint32_t incarnation = 0;

		op.wants_rev = true;
		assert_int_equal(suite_put(f, row, &store_no_caps), RC_OK);
		before = look(f);
		assert_int_equal(f->ops->session_get(f->store, &op, &row.key,
				     &row, &incarnation),
		    RC_OK);
		assert_int_equal(row.rev, before.rev[numbers[i]]);
		assert_int_equal(incarnation, before.incarnation);
		suite_assert_same_row(&row, &want);
		assert_int_equal(suite_end(f, numbers[i], 1), RC_OK);
		after = look(f);
		assert_true(after.rev[numbers[i]] > row.rev);
		assert_int_equal(
		    f->ops->session_get(f->store, &op, &row.key, &row, NULL),
		    RC_OK);
		assert_int_equal(row.state, SESSION_ENDED);
		assert_int_equal(row.rev, after.rev[numbers[i]]);
		assert_int_equal(suite_get(f, &row.key, &row), RC_OK);
		assert_int_equal(row.rev, 0);
	}
}

static void
renewal_keeps_sessions_and_ends_what_they_were_doing(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct stream_row own = suite_listen(f, session, SLICE("h.1"));
	const struct store_info before = suite_info(f);
	struct stream_attach attach = { .session = session,
		.stream = own.number,
		.after = 0,
		.incarnation = own.incarnation,
		.owner = SLICE("h.2") };
	struct event_append event = {
		.session = session, .stream = own.number, .data = SLICE("x")
	};
	struct change_mark mark;
	struct change_rows changes;
	struct call_row call, now;
	struct stream_row row;
	struct appended out;

	call = suite_opened(f, session, "1");
	mark = suite_mark(f);
	f->op.now_ms = 7000;
	assert_int_equal(f->ops->renew(f->store, &f->op), RC_OK);
	assert_true(suite_info(f).incarnation > before.incarnation);
	assert_int_equal(look(f).incarnation, suite_info(f).incarnation);
	/* Everybody looks anew. */
	changes = suite_changes(f, &mark);
	assert_true(suite_count(&changes, CHANGE_ALL, -1, -1, -1) > 0);
	assert_int_equal(mark.incarnation, suite_info(f).incarnation);
	assert_int_equal(suite_changes(f, &mark).n, 0);
	/* Nothing more comes where numbers may have been given away. */
	row = suite_read(f, own.number, 0, NULL);
	assert_false(row.is_open);
	assert_int_equal(row.changed, 7000);
	assert_int_equal(f->ops->event_append(f->store, &f->op, &event,
			     &store_no_stream_caps, &out),
	    RC_NOTFOUND);
	assert_int_equal(f->ops->stream_attach(f->store, &f->op, &attach, &row),
	    RC_NOTFOUND);
	/* Who ran a call writes nothing for it. */
	now = suite_call_now(f, call.number);
	assert_int_equal(now.state, CALL_RUNNING);
	assert_true(now.epoch > call.epoch);
	assert_int_equal(
	    suite_finish(f, call.number, call.epoch, "end"), RC_CONFLICT);
	/* Life goes on. */
	assert_true(suite_has(f, 1, 1));
	row = suite_listen(f, session, SLICE("h.1"));
	assert_true(row.number != own.number);
	assert_int_equal(row.incarnation, suite_info(f).incarnation);
	assert_int_equal(suite_append(f, &row, "x"), 1);
	changes = suite_changes(f, &mark);
	assert_true(
	    suite_count(&changes, CHANGE_EVENT, session, row.number, -1) > 0);
}

static void
every_renewal_is_noticed(void **state)
{
	struct suite *f = *state;
	struct change_mark mark = suite_mark(f);

	for (int i = 0; i < 3; i++) {
		struct change_rows changes;

		assert_int_equal(f->ops->renew(f->store, &f->op), RC_OK);
		changes = suite_changes(f, &mark);
		assert_true(suite_count(&changes, CHANGE_ALL, -1, -1, -1) > 0);
	}
}

const struct CMUnitTest suite_revs[] = {
	SUITE_COUNTING_CASE(what_changes_or_ends_a_session_raises_its_revision),
	SUITE_CASE(what_does_not_leaves_the_revisions_alone),
	SUITE_CASE(a_row_comes_with_its_revision_if_it_is_asked_for),
	SUITE_END,
};

const struct CMUnitTest suite_renewals[] = {
	SUITE_CASE(renewal_keeps_sessions_and_ends_what_they_were_doing),
	SUITE_CASE(every_renewal_is_noticed),
	SUITE_END,
};
