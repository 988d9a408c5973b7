/* The event log of an SQLite store, and what is its own about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "migrate.h"
#include "store_file.h"
#include "store_suite.h"

static const struct store_ops *
opened(struct store_file *f)
{
	assert_int_equal(store_file_open(f), RC_OK);
	return f->store->ops;
}

static int64_t
session_id(struct store_file *f, uint32_t n)
{
	const struct session_key key = store_row(n, 1, 0).key;
	struct session_row row;

	assert_int_equal(
	    f->store->ops->session_get(f->store, &f->op, &key, &row, NULL),
	    RC_OK);
	return row.id;
}

static struct stream_row
listen_to(struct store_file *f, int64_t session)
{
	const struct stream_attach attach = {
		.session = session, .after = -1, .owner = SLICE("h.1")
	};
	struct stream_row row;

	assert_int_equal(
	    f->store->ops->stream_attach(f->store, &f->op, &attach, &row),
	    RC_OK);
	return row;
}

static enum rc
append(struct store_file *f, const struct stream_row *s, int64_t call,
    int64_t epoch)
{
	const struct event_append a = { .session = s->session,
		.stream = s->number,
		.call = call,
		.epoch = epoch,
		.data = SLICE("x") };
	struct appended out;

	return f->store->ops->event_append(
	    f->store, &f->op, &a, &store_no_stream_caps, &out);
}

static void
open_call(struct store_file *f, int64_t session, struct call_row *row)
{
	enum call_opened how;
	int64_t reader;

	*row = store_call_row(session, "1");
	assert_int_equal(f->store->ops->call_open(f->store, &f->op, row,
			     &store_no_call_limits, &how, &reader),
	    RC_OK);
	assert_int_equal(how, CALL_IS_NEW);
}

static void
a_store_of_the_first_schema_is_brought_up(void **state)
{
	struct store_file *f = *state;
	const struct schema_file *first = migrate_files("sqlite");
	struct store_info info;

	assert_int_equal(first->number, 1);
	(void)store_file_run(f, first->sql);
	(void)store_file_run(f,
	    "UPDATE meta SET v = 1 WHERE k = 'schema';"
	    "INSERT INTO session(at, id, sid, principal, created, incarnation,"
	    " touched) VALUES(1, 5, zeroblob(16), zeroblob(16), 1, 1, 1)");
	(void)opened(f);
	assert_int_equal(f->store->ops->info(f->store, &f->op, &info), RC_OK);
	assert_int_equal(info.schema, migrate_newest("sqlite"));
	assert_int_equal(info.sessions_live, 1);
	assert_int_equal(listen_to(f, 5).session, 5);
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
}

/* It knows the tables of the first schema, and no others. */
static void
a_program_of_the_release_before_leaves_nothing_behind(void **state)
{
	static const char *const ends[] = {
		"DELETE FROM session WHERE id = 1",
		"UPDATE session SET state = 2, why = 1, touched = 9, caps = 0,"
		" log_level = -1, initialized = 0, revision = NULL,"
		" principal_name = NULL, client = NULL WHERE id = 2",
	};
	struct store_file *f = *state;
	const struct store_ops *ops = opened(f);
	struct change_mark mark = { 0 };
	struct change_rows changes;
	struct call_row call;

	for (uint32_t n = 0; n < 2; n++) {
		struct stream_row s;

		assert_int_equal(store_file_put(f, n), RC_OK);
		s = listen_to(f, session_id(f, n));
		assert_int_equal(append(f, &s, 0, 0), RC_OK);
		open_call(f, s.session, &call);
		assert_int_equal(
		    ops->changes(f->store, &f->op, &mark, &changes), RC_OK);
		(void)store_file_run(f, ends[n]);
		assert_int_equal(ops->check(f->store, &f->op), RC_OK);
		assert_int_equal(store_file_run(f,
				     "SELECT (SELECT count(*) FROM stream) +"
				     " (SELECT count(*) FROM event)"),
		    0);
		assert_int_equal(
		    ops->changes(f->store, &f->op, &mark, &changes), RC_OK);
		assert_int_equal(changes.n, 2); /* the call, the end */
		assert_int_equal(changes.row[1].kind, CHANGE_END);
		assert_int_equal(changes.row[1].session, s.session);
	}
}

static void
a_new_incarnation_ends_what_was_open(void **state)
{
	struct store_file *f = *state;
	const struct store_ops *ops;
	struct change_mark mark = { 0 };
	struct change_rows changes;
	struct stream_attach attach = { .owner = SLICE("h.2") };
	struct stream_row s, again;
	struct call_row call;
	struct call_news news;

	f->options.boot_id = "one";
	ops = opened(f);
	assert_int_equal(store_file_put(f, 1), RC_OK);
	s = listen_to(f, session_id(f, 1));
	assert_int_equal(append(f, &s, 0, 0), RC_OK);
	open_call(f, s.session, &call);
	assert_int_equal(
	    ops->changes(f->store, &f->op, &mark, &changes), RC_OK);
	store_file_close(f);

	f->options.boot_id = "two";
	ops = opened(f);
	assert_int_equal(append(f, &s, 0, 0), RC_NOTFOUND);
	attach.session = s.session;
	attach.stream = s.number;
	attach.after = 1;
	attach.incarnation = s.incarnation;
	assert_int_equal(
	    ops->stream_attach(f->store, &f->op, &attach, &again), RC_NOTFOUND);
	attach.after = -1;
	assert_int_equal(
	    ops->stream_attach(f->store, &f->op, &attach, &again), RC_NOTFOUND);
	again = listen_to(f, s.session);
	assert_true(again.number > s.number);
	assert_true(again.incarnation > s.incarnation);
	assert_int_equal(
	    ops->call_look(f->store, &f->op, call.number, &news), RC_OK);
	assert_int_equal(news.epoch, call.epoch + 1);
	assert_int_equal(
	    append(f, &again, call.number, call.epoch), RC_CONFLICT);
	assert_int_equal(
	    ops->changes(f->store, &f->op, &mark, &changes), RC_OK);
	assert_int_equal(changes.n, 1);
	assert_int_equal(changes.row[0].kind, CHANGE_ALL);
	assert_int_equal(mark.incarnation, again.incarnation);
	assert_int_equal(ops->check(f->store, &f->op), RC_OK);
}

static void
an_answer_of_a_former_incarnation_is_not_waited_for(void **state)
{
	struct store_file *f = *state;
	const struct store_ops *ops;
	struct call_row call, same;
	struct call_finish end;
	enum call_opened how;
	struct appended at;
	int64_t reader;

	f->options.boot_id = "one";
	ops = opened(f);
	assert_int_equal(store_file_put(f, 1), RC_OK);
	open_call(f, session_id(f, 1), &call);
	same = call;
	end = (struct call_finish){
		.call = call.number, .epoch = call.epoch, .data = SLICE("{}")
	};
	assert_int_equal(ops->call_finish(f->store, &f->op, &end, &at), RC_OK);
	assert_int_equal(ops->call_open(f->store, &f->op, &same,
			     &store_no_call_limits, &how, &reader),
	    RC_OK);
	assert_int_equal(how, CALL_IS_JOINED);
	store_file_close(f);

	/* Nobody may read its stream any more. */
	f->options.boot_id = "two";
	ops = opened(f);
	open_call(f, call.session, &same);
	assert_true(same.number > call.number);
}

static void
a_broken_log_is_found_by_check(void **state)
{
	static const struct {
		const char *breaks;
		const char *mends;
	} rows[] = {
		{ "UPDATE stream SET head = head + 1",
		    "UPDATE stream SET head = head - 1" },
		{ "UPDATE stream SET purged = 1, sent = 1",
		    "UPDATE stream SET purged = 0, sent = 0" },
		{ "UPDATE stream SET bytes = bytes + 1",
		    "UPDATE stream SET bytes = bytes - 1" },
		{ "UPDATE stream SET sent = 9", "UPDATE stream SET sent = 0" },
		{ "UPDATE event SET seq = 9 WHERE seq = 2",
		    "UPDATE event SET seq = 2 WHERE seq = 9" },
		{ "UPDATE event SET session = 7",
		    "UPDATE event SET session = 1" },
		{ "INSERT INTO want(session, topic, seen) VALUES(9, 1, 0)",
		    "DELETE FROM want" },
		{ "INSERT INTO want(session, topic, seen) VALUES(1, 9, 0)",
		    "DELETE FROM want" },
		{ "INSERT INTO topic(name, version, at) VALUES(x'00', 7, 1)",
		    "DELETE FROM topic" },
		{ "INSERT INTO cancel(session, request_id, at)"
		  " VALUES(9, x'31', 1)",
		    "DELETE FROM cancel" },
		{ "DELETE FROM counter", "INSERT INTO counter(one) VALUES(1)" },
		{ "INSERT INTO signal(gid, at, session, stream, kind, ref)"
		  " VALUES(999, 1, 1, 1, 1, 1)",
		    "DELETE FROM signal WHERE gid = 999" },
	};
	struct store_file *f = *state;
	const struct store_ops *ops = opened(f);
	struct stream_row s;

	assert_int_equal(store_file_put(f, 1), RC_OK);
	s = listen_to(f, session_id(f, 1));
	for (int i = 0; i < 3; i++)
		assert_int_equal(append(f, &s, 0, 0), RC_OK);
	assert_int_equal(ops->check(f->store, &f->op), RC_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)store_file_run(f, rows[i].breaks);
		assert_int_equal(ops->check(f->store, &f->op), RC_BUG);
		(void)store_file_run(f, rows[i].mends);
		assert_int_equal(ops->check(f->store, &f->op), RC_OK);
	}
}

enum { WRITERS = 4, EACH = 150 };

/* Append to the shared stream and to one of its own; what the child of a fork
 * does, with a store of its own. */
static int
write_events(struct store_file *f, const struct stream_row *shared,
    const struct stream_row *own)
{
	if (store_file_open(f) != RC_OK)
		return 1;
	for (int i = 0; i < EACH; i++) {
		f->op.relaxed = i % 10 != 0;
		if (append(f, shared, 0, 0) != RC_OK ||
		    append(f, own, 0, 0) != RC_OK)
			return 2;
	}
	store_file_close(f);
	return 0;
}

/* What a reader knows of the streams it follows. */
struct reader {
	int64_t first;               /* number of the first stream */
	int64_t cursor[WRITERS + 1]; /* of consecutive streams */
};

static void
follow(struct store_file *f, struct reader *r, int64_t stream)
{
	const struct event_limits limits = { 64, 100000 };
	int64_t *cursor = &r->cursor[stream - r->first];
	struct stream_row row;
	struct event_rows events;

	do {
		assert_int_equal(f->store->ops->stream_read(f->store, &f->op,
				     stream, *cursor, &limits, &row, &events),
		    RC_OK);
		for (size_t i = 0; i < events.n; i++)
			assert_int_equal(events.row[i].seq, ++*cursor);
	} while (events.n == limits.events);
}

static bool
has_all(const struct reader *r)
{
	bool all = r->cursor[0] == (int64_t)WRITERS * EACH;

	for (size_t i = 1; i <= WRITERS; i++)
		all = all && r->cursor[i] == EACH;
	return all;
}

/* Only what changes() names is read; so what it forgot would never come. */
static void
no_change_of_other_processes_is_missed(void **state)
{
	struct store_file *f = *state;
	struct stream_row s[WRITERS + 1];
	struct reader r = { .first = 0 };
	struct change_mark mark = { 0 };
	struct change_rows changes;
	int64_t deadline = clock_mono_ms(&clock_system) + 60000;
	pid_t pid[WRITERS];
	int status;

	f->options.clock = &clock_system;
	f->op.give_up_mono = deadline;
	(void)opened(f);
	for (uint32_t i = 0; i <= WRITERS; i++) {
		assert_int_equal(store_file_put(f, i), RC_OK);
		s[i] = listen_to(f, session_id(f, i));
	}
	r.first = s[0].number;
	assert_int_equal(
	    f->store->ops->changes(f->store, &f->op, &mark, &changes), RC_OK);
	store_file_close(f); /* handles do not travel over a fork */
	for (size_t i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0)
			_exit(write_events(f, &s[0], &s[i + 1]));
	}
	(void)opened(f);
	while (!has_all(&r)) {
		assert_true(clock_mono_ms(&clock_system) < deadline);
		arena_reset(&f->arena);
		assert_int_equal(
		    f->store->ops->changes(f->store, &f->op, &mark, &changes),
		    RC_OK);
		for (size_t i = 0; i < changes.n; i++) {
			assert_int_equal(changes.row[i].kind, CHANGE_EVENT);
			follow(f, &r, changes.row[i].stream);
		}
	}
	for (size_t i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	assert_int_equal(f->store->ops->check(f->store, &f->op), RC_OK);
}

static void
what_is_raised_many_times_between_two_looks_has_changed_once(void **state)
{
	struct store_file *f = *state;
	const struct topic_raise raise[] = { { SLICE("tools"), NULL },
		{ SLICE("resources"), NULL } };
	const struct store_ops *ops = opened(f);
	struct change_mark mark = { 0 };
	struct change_rows changes;
	int64_t version;
	bool raised;

	assert_int_equal(
	    ops->changes(f->store, &f->op, &mark, &changes), RC_OK);
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(ops->topic_raise(f->store, &f->op,
				     &raise[i % 2], &version, &raised),
		    RC_OK);
	assert_int_equal(
	    ops->changes(f->store, &f->op, &mark, &changes), RC_OK);
	assert_int_equal(changes.n, 2);
	assert_int_equal(changes.row[0].kind, CHANGE_TOPIC);
	assert_int_equal(changes.row[1].kind, CHANGE_TOPIC);
	assert_true(changes.row[0].ref != changes.row[1].ref);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_FILE_TEST(a_store_of_the_first_schema_is_brought_up),
		STORE_FILE_TEST(
		    a_program_of_the_release_before_leaves_nothing_behind),
		STORE_FILE_TEST(a_new_incarnation_ends_what_was_open),
		STORE_FILE_TEST(
		    an_answer_of_a_former_incarnation_is_not_waited_for),
		STORE_FILE_TEST(a_broken_log_is_found_by_check),
		STORE_FILE_TEST(no_change_of_other_processes_is_missed),
		STORE_FILE_TEST(
		    what_is_raised_many_times_between_two_looks_has_changed_once),
	};
	struct store_scratch scratch;
	struct store_maker maker =
	    store_scratch_maker(&scratch, "store_sqlite: streams");

	return store_suite_streams_run(&maker) +
	    cmocka_run_group_tests_name(
		"the log of store_sqlite", tests, NULL, NULL);
}
