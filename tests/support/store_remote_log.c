#include "store_remote_log.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_remote.h"
#include "store_suite_calls.h"

#define DEADLINE_MS 30000

/* ---------------------------------------------------------- processes */

/* A gate is a transaction that has locked shards until it is opened, so that
 * whoever is about to leave a change stops there, with all its other locks. */
struct dialect {
	const char *scheme;
	const char *shut;
	const char *pass; /* waits until it is opened */
	const char *open;
	const char *waiting; /* how many wait for a lock, the gate included */
};

static const struct dialect dialects[] = {
	{ "postgresql://", "SELECT pg_advisory_lock(77)",
	    "SELECT pg_advisory_xact_lock(77)", "SELECT pg_advisory_unlock(77)",
	    "SELECT count(*) FROM pg_stat_activity"
	    " WHERE wait_event_type = 'Lock'" },
	{ "mariadb://", "SELECT GET_LOCK('gate', 10)",
	    "SELECT GET_LOCK('gate', 60)", "SELECT RELEASE_LOCK('gate')",
	    "SELECT VARIABLE_VALUE + (SELECT COUNT(*)"
	    " FROM information_schema.processlist WHERE state = 'User lock')"
	    " FROM information_schema.global_status"
	    " WHERE variable_name = 'Innodb_row_lock_current_waits'" },
};

static struct store_remote *
remote_of(const struct suite *f)
{
	return f->maker->ctx;
}

static const struct dialect *
dialect_of(const struct suite *f)
{
	const char *url = remote_of(f)->url;
	const size_t i = strncmp(url, "mariadb:", 8) == 0 ? 1 : 0;

	return &dialects[i];
}

static int64_t
text(const struct suite *f, const char *sql)
{
	return store_remote_text(remote_of(f), sql);
}

/* What the operations of a case are about. */
struct stage {
	int64_t session; /* of all but `bare` */
	int64_t bare;    /* another session, without a stream */
	struct session_key key;
	struct stream_row stream; /* of the session, read by h.1 */
	struct stream_row other;  /* of a call, in the session */
	struct call_row call;
	int64_t version; /* of a topic that the session wants */
};

typedef int work(struct store *, struct op *, const struct stage *);

/* A child with a store of its own; what `w` returns is its status. */
static pid_t
start(const struct suite *f, work *w, const struct stage *stage)
{
	const pid_t pid = fork();
	struct arena arena = ARENA_INIT(1 << 20);
	struct op op = { .now_ms = 5000,
		.give_up_mono = clock_mono_ms(&clock_system) + DEADLINE_MS,
		.arena = &arena };
	struct store_remote own;
	struct store *store;

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	if (!store_remote_init(&own, dialect_of(f)->scheme) ||
	    store_remote_open(&own, false, &store) != RC_OK)
		_exit(255);
	_exit(w(store, &op, stage));
}

static int
status_of(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
wait_for(const struct suite *f, int64_t waiting)
{
	const int64_t end = clock_mono_ms(&clock_system) + DEADLINE_MS;

	while (text(f, dialect_of(f)->waiting) != waiting) {
		assert_true(clock_mono_ms(&clock_system) < end);
		(void)poll(NULL, 0, 2);
	}
}

static pid_t
shut_gate(const struct suite *f, int first, int last)
{
	char sql[256];
	struct store_remote own;
	pid_t pid;

	(void)text(f, dialect_of(f)->shut);
	(void)snprintf(sql, sizeof(sql),
	    "BEGIN; SELECT ver FROM mcp_chg WHERE shard BETWEEN %d AND %d"
	    " ORDER BY shard FOR UPDATE; %s; COMMIT",
	    first, last, dialect_of(f)->pass);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (!store_remote_init(&own, dialect_of(f)->scheme))
			_exit(255);
		(void)store_remote_text(&own, sql);
		_exit(0);
	}
	wait_for(f, 1);
	return pid;
}

static void
open_gate(const struct suite *f, pid_t gate)
{
	(void)text(f, dialect_of(f)->open);
	assert_int_equal(status_of(gate), 0);
}

/* --------------------------------------------------------------- pairs */

#define SAYS(rc, number) ((int)(rc) << 4 | (int)((number)&15))

static int
append(struct store *s, struct op *op, const struct event_append *a)
{
	struct appended out = { 0 };
	enum rc rc =
	    s->ops->event_append(s, op, a, &store_no_stream_caps, &out);

	return SAYS(rc, rc == RC_OK ? out.seq : 0);
}

static int
an_append(struct store *s, struct op *op, const struct stage *g)
{
	const struct event_append a = { .session = g->session,
		.stream = g->stream.number,
		.data = SLICE("x") };

	return append(s, op, &a);
}

static int
an_append_with_a_key(struct store *s, struct op *op, const struct stage *g)
{
	const struct event_append a = { .session = g->session,
		.stream = g->stream.number,
		.key = 5,
		.data = SLICE("x") };

	return append(s, op, &a);
}

static int
an_append_of_the_call(struct store *s, struct op *op, const struct stage *g)
{
	const struct event_append a = { .session = g->session,
		.stream = g->call.stream,
		.key = 5,
		.call = g->call.number,
		.epoch = g->call.epoch,
		.data = SLICE("x") };

	return append(s, op, &a);
}

static int
an_append_elsewhere(struct store *s, struct op *op, const struct stage *g)
{
	const struct event_append a = { .session = g->session,
		.stream = g->other.number,
		.data = SLICE("x") };

	return append(s, op, &a);
}

static int
attach(struct store *s, struct op *op, int64_t session, int64_t stream)
{
	const struct stream_attach a = { .session = session,
		.stream = stream,
		.after = -1,
		.owner = SLICE("h.2") };
	struct stream_row row = { 0 };
	enum rc rc = s->ops->stream_attach(s, op, &a, &row);

	return SAYS(rc, rc == RC_OK ? row.reader : 0);
}

static int
an_attach(struct store *s, struct op *op, const struct stage *g)
{
	return attach(s, op, g->session, g->stream.number);
}

static int
a_first_attach(struct store *s, struct op *op, const struct stage *g)
{
	return attach(s, op, g->bare, 0);
}

static int
an_open(struct store *s, struct op *op, const struct stage *g)
{
	const struct stream_open open = { g->session, STREAM_CALL,
		SLICE("h.2") };
	struct stream_row row;

	return SAYS(s->ops->stream_open(s, op, &open, &row), 0);
}

static int
an_end(struct store *s, struct op *op, const struct stage *g)
{
	return SAYS(s->ops->session_end(s, op, &g->key, END_DELETED), 0);
}

static int
a_want(struct store *s, struct op *op, const struct stage *g)
{
	const struct slice name = SLICE("another");

	return SAYS(s->ops->want_put(s, op, g->session, &name, 1, -1, 10), 0);
}

static int
raise_topic(struct store *s, struct op *op, const char *digest)
{
	const struct topic_raise r = { SLICE("tools"),
		(const unsigned char *)digest };
	int64_t version = 0;
	bool raised = false;
	enum rc rc = s->ops->topic_raise(s, op, &r, &version, &raised);

	return SAYS(rc, raised ? version : 0);
}

static int
a_raise(struct store *s, struct op *op, const struct stage *g)
{
	(void)g;
	return raise_topic(s, op, NULL);
}

static int
a_raise_with_a_digest(struct store *s, struct op *op, const struct stage *g)
{
	(void)g;
	return raise_topic(s, op, "0123456789abcdeX");
}

static int
a_delivery(struct store *s, struct op *op, const struct stage *g)
{
	const struct topic_deliver d = { .name = SLICE("tools"),
		.version = g->version,
		.data = SLICE("changed"),
		.limit = 100 };
	struct topic_delivered out;
	enum rc rc =
	    s->ops->topic_deliver(s, op, &d, &store_no_stream_caps, &out);

	return SAYS(rc, out.sessions);
}

static int
a_claim(struct store *s, struct op *op, const struct stage *g)
{
	struct call_row row = { 0 };
	enum rc rc = s->ops->call_claim(
	    s, op, g->call.number, g->call.epoch, SLICE("h.2"), &row);

	return SAYS(rc, rc == RC_OK ? row.epoch : 0);
}

static int
the_death_of_the_reader(struct store *s, struct op *op, const struct stage *g)
{
	(void)g;
	return SAYS(s->ops->owner_gone(s, op, SLICE("h.1")), 0);
}

static struct stage
set_stage(struct suite *f)
{
	struct stage g = { .session = suite_session(f, 1),
		.bare = suite_session(f, 2),
		.key = store_row(1, 1, 0).key };
	const struct topic_raise first = { SLICE("tools"),
		(const unsigned char *)"0123456789abcdef" };
	const struct topic_raise again = { SLICE("tools"), NULL };
	bool raised;

	g.stream = suite_listen(f, g.session, SLICE("h.1"));
	g.call = suite_opened(f, g.session, "1");
	g.other = suite_read(f, g.call.stream, 0, NULL);
	assert_int_equal(
	    f->ops->topic_raise(f->store, &f->op, &first, &g.version, &raised),
	    RC_OK);
	assert_int_equal(f->ops->want_put(f->store, &f->op, g.session,
			     &first.name, 1, -1, 0),
	    RC_OK);
	assert_int_equal(
	    f->ops->topic_raise(f->store, &f->op, &again, &g.version, &raised),
	    RC_OK);
	return g;
}

/* The first one is in the midst of it when the second one begins. */
struct pair {
	work *first;
	work *second;
	int says[2];
	const char *sql; /* what is there then */
	int64_t number;
};

#define EVENTS "SELECT COUNT(*) FROM mcp_event"
#define STREAMS "SELECT COUNT(*) FROM mcp_stream"

static const struct pair pairs[] = {
	{ an_append, an_append, { SAYS(RC_OK, 1), SAYS(RC_OK, 2) }, EVENTS, 2 },
	{ an_append_with_a_key, an_append_with_a_key,
	    { SAYS(RC_OK, 1), SAYS(RC_OK, 1) }, EVENTS, 1 },
	{ an_append_of_the_call, an_append_of_the_call,
	    { SAYS(RC_OK, 1), SAYS(RC_OK, 1) }, EVENTS, 1 },
	/* Of one shard, whatever the stream. */
	{ an_append, an_append_elsewhere, { SAYS(RC_OK, 1), SAYS(RC_OK, 1) },
	    EVENTS, 2 },
	{ an_append, an_attach, { SAYS(RC_OK, 1), SAYS(RC_OK, 3) }, EVENTS, 1 },
	{ an_attach, an_append, { SAYS(RC_OK, 3), SAYS(RC_OK, 1) }, EVENTS, 1 },
	{ an_append, an_end, { SAYS(RC_OK, 1), SAYS(RC_OK, 0) }, EVENTS, 0 },
	{ an_end, an_append, { SAYS(RC_OK, 0), SAYS(RC_NOTFOUND, 0) }, EVENTS,
	    0 },
	{ an_end, an_append_of_the_call,
	    { SAYS(RC_OK, 0), SAYS(RC_NOTFOUND, 0) }, EVENTS, 0 },
	{ an_end, an_attach, { SAYS(RC_OK, 0), SAYS(RC_NOTFOUND, 0) }, STREAMS,
	    0 },
	{ an_end, an_open, { SAYS(RC_OK, 0), SAYS(RC_NOTFOUND, 0) }, STREAMS,
	    0 },
	{ an_end, a_want, { SAYS(RC_OK, 0), SAYS(RC_NOTFOUND, 0) },
	    "SELECT COUNT(*) FROM mcp_want", 0 },
	{ a_first_attach, a_first_attach, { SAYS(RC_OK, 2), SAYS(RC_OK, 3) },
	    STREAMS " WHERE kind = 2", 2 },
	{ a_raise, a_raise, { SAYS(RC_OK, 2), SAYS(RC_OK, 3) },
	    "SELECT topic FROM mcp_counter", 3 },
	{ a_raise_with_a_digest, a_raise_with_a_digest,
	    { SAYS(RC_OK, 2), SAYS(RC_OK, 0) }, "SELECT topic FROM mcp_counter",
	    2 },
	{ a_delivery, a_delivery, { SAYS(RC_OK, 1), SAYS(RC_OK, 0) }, EVENTS,
	    1 },
	{ a_delivery, an_append, { SAYS(RC_OK, 1), SAYS(RC_OK, 2) }, EVENTS,
	    2 },
	{ an_append, a_delivery, { SAYS(RC_OK, 1), SAYS(RC_OK, 1) }, EVENTS,
	    2 },
	{ a_delivery, an_end, { SAYS(RC_OK, 1), SAYS(RC_OK, 0) }, EVENTS, 0 },
	{ an_end, a_delivery, { SAYS(RC_OK, 0), SAYS(RC_OK, 0) }, EVENTS, 0 },
	{ a_claim, an_append_of_the_call,
	    { SAYS(RC_OK, 2), SAYS(RC_CONFLICT, 0) }, EVENTS, 0 },
	{ an_append_of_the_call, a_claim, { SAYS(RC_OK, 1), SAYS(RC_OK, 2) },
	    EVENTS, 1 },
	{ the_death_of_the_reader, an_attach,
	    { SAYS(RC_OK, 0), SAYS(RC_OK, 3) },
	    STREAMS " WHERE kind = 2 AND owner IS NOT NULL", 1 },
	{ an_attach, the_death_of_the_reader,
	    { SAYS(RC_OK, 3), SAYS(RC_OK, 0) },
	    STREAMS " WHERE kind = 2 AND owner IS NOT NULL", 1 },
};

static void
meet(struct suite *f, const struct pair *p)
{
	const struct stage g = set_stage(f);
	const pid_t gate = shut_gate(f, 0, STORE_SHARDS - 1);
	const pid_t first = start(f, p->first, &g);
	pid_t second;

	wait_for(f, 2);
	second = start(f, p->second, &g);
	wait_for(f, 3);
	/* Nothing is seen of either before it is done. */
	assert_int_equal(suite_read(f, g.stream.number, 0, NULL).head, 0);
	open_gate(f, gate);
	assert_int_equal(status_of(first), p->says[0]);
	assert_int_equal(status_of(second), p->says[1]);
	assert_int_equal(text(f, p->sql), p->number);
	assert_int_equal(f->ops->check(f->store, &f->op), RC_OK);
}

static void
whoever_comes_second_sees_what_the_first_has_done(void **state)
{
	struct suite *f = *state;

	for (size_t i = 0; i < COUNT(pairs); i++) {
		print_message("pair %zu\n", i);
		store_remote_empty(remote_of(f));
		meet(f, &pairs[i]);
	}
}

static void
what_is_not_committed_yet_is_in_a_later_look(void **state)
{
	struct suite *f = *state;
	struct stage g = set_stage(f);
	const struct stream_row far = suite_listen(f, g.bare, SLICE("h.1"));
	struct change_mark mark = suite_mark(f);
	struct change_rows changes;
	const int shard = (int)(g.session % STORE_SHARDS);
	const pid_t gate = shut_gate(f, shard, shard);
	const pid_t slow = start(f, an_append, &g);

	wait_for(f, 2);
	/* Another shard need not wait, and is seen first. */
	assert_int_equal(suite_append(f, &far, "x"), 1);
	changes = suite_changes(f, &mark);
	assert_int_equal(changes.n, 1);
	assert_int_equal(
	    suite_count(&changes, CHANGE_EVENT, g.bare, far.number, -1), 1);
	assert_int_equal(suite_changes(f, &mark).n, 0);
	open_gate(f, gate);
	assert_int_equal(status_of(slow), SAYS(RC_OK, 1));
	changes = suite_changes(f, &mark);
	assert_int_equal(changes.n, 1);
	assert_int_equal(
	    suite_count(&changes, CHANGE_EVENT, g.session, g.stream.number, -1),
	    1);
	assert_int_equal(suite_changes(f, &mark).n, 0);
}

static const struct CMUnitTest remote_log[] = {
	SUITE_CASE(whoever_comes_second_sees_what_the_first_has_done),
	SUITE_CASE(what_is_not_committed_yet_is_in_a_later_look),
	SUITE_END,
};

int
store_remote_log_run(const char *scheme, const char *name)
{
	static const struct CMUnitTest *const parts[] = { remote_log,
		store_remote_storm };
	struct store_remote remote;
	struct store_maker maker = store_remote_maker(&remote, name);
	int failed;

	if (!store_remote_init(&remote, scheme))
		return 77;
	failed = suite_run(&maker, parts, COUNT(parts));
	store_remote_release(&remote);
	return failed;
}
