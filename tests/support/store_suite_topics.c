#include "store_suite.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "store_suite_part.h"

static const struct slice tools = SLICE_INIT("tools");
static const struct slice a_uri = SLICE_INIT("resource:file:///a");

static bool
raise(struct suite *f, struct slice name, const char *digest, int64_t *version)
{
	const struct topic_raise r = { name, (const unsigned char *)digest };
	bool raised = false;

	assert_int_equal(
	    f->ops->topic_raise(f->store, &f->op, &r, version, &raised), RC_OK);
	return raised;
}

static struct topic_row
topic(struct suite *f, struct slice name)
{
	struct topic_row row;

	assert_int_equal(
	    f->ops->topics_get(f->store, &f->op, &name, 1, &row), RC_OK);
	assert_true(slice_eq(row.name, name));
	return row;
}

static enum rc
want(struct suite *f, int64_t session, struct slice name, int64_t seen)
{
	return f->ops->want_put(f->store, &f->op, session, &name, 1, seen, 100);
}

static size_t
behind(struct suite *f, int64_t session)
{
	struct topic_rows rows;

	assert_int_equal(
	    f->ops->wants_behind(f->store, &f->op, session, &rows), RC_OK);
	for (size_t i = 0; i < rows.n; i++)
		assert_int_equal(
		    topic(f, rows.row[i].name).version, rows.row[i].version);
	return rows.n;
}

static void
all_versions_come_from_one_counter(void **state)
{
	struct suite *f = *state;
	struct change_mark mark = suite_mark(f);
	struct change_rows changes;
	struct topic_row row;
	int64_t before = 0;
	int64_t now = 0;

	for (int i = 0; i < 6; i++) {
		const struct slice name = i % 2 == 0 ? tools : a_uri;

		assert_true(raise(f, name, NULL, &now));
		assert_true(now > before);
		before = now;
		row = topic(f, name);
		assert_int_equal(row.version, now);
		changes = suite_changes(f, &mark);
		assert_int_equal(changes.n, 1);
		assert_int_equal(
		    suite_count(&changes, CHANGE_TOPIC, 0, 0, row.id), 1);
		assert_int_equal(
		    f->ops->topic_find(f->store, &f->op, row.id, &row), RC_OK);
		assert_true(slice_eq(row.name, name));
		assert_int_equal(row.version, now);
	}
	assert_int_equal(
	    f->ops->topic_find(f->store, &f->op, 9999, &row), RC_NOTFOUND);
}

static void
a_digest_raises_only_if_it_differs(void **state)
{
	struct suite *f = *state;
	struct change_mark mark = suite_mark(f);
	int64_t first = -1;
	int64_t version = -1;

	assert_false(raise(f, tools, "0123456789abcdef", &first));
	assert_int_equal(first, 0); /* nobody can have seen another */
	assert_false(raise(f, tools, "0123456789abcdef", &version));
	assert_int_equal(suite_changes(f, &mark).n, 0);
	assert_true(raise(f, tools, "0123456789abcdeX", &version));
	assert_true(version > 0);
	first = version;
	assert_int_equal(suite_changes(f, &mark).n, 1);
	assert_false(raise(f, tools, "0123456789abcdeX", &version));
	assert_int_equal(version, first);
	assert_int_equal(suite_changes(f, &mark).n, 0);
	/* Without one it is raised, and the digest stays. */
	assert_true(raise(f, tools, NULL, &version));
	assert_false(raise(f, tools, "0123456789abcdeX", &first));
	assert_int_equal(version, first);
	assert_true(raise(f, tools, "0123456789abcdef", &version));
	assert_true(version > first);
}

static void
topics_come_in_the_order_of_their_names(void **state)
{
	struct suite *f = *state;
	const struct slice names[] = { SLICE("z"), SLICE("none"), tools,
		SLICE("z") };
	struct topic_row rows[COUNT(names)];
	int64_t version = 0;

	(void)raise(f, tools, NULL, &version);
	(void)raise(f, SLICE("z"), NULL, &version);
	assert_int_equal(
	    f->ops->topics_get(f->store, &f->op, names, COUNT(names), rows),
	    RC_OK);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_true(slice_eq(rows[i].name, names[i]));
	assert_int_equal(rows[0].version, version);
	assert_int_equal(rows[3].id, rows[0].id);
	assert_int_equal(rows[1].id, 0);
	assert_int_equal(rows[1].version, 0);
	assert_true(rows[2].version < version && rows[2].version > 0);
}

static void
a_new_session_has_the_newest_version(void **state)
{
	struct suite *f = *state;
	struct session_row row = store_row(1, 1, 2000);
	int64_t version = 0;

	row.lists = 12345; /* not what counts */
	assert_int_equal(suite_put(f, row, &store_no_caps), RC_OK);
	assert_int_equal(suite_get(f, &row.key, &row), RC_OK);
	assert_int_equal(row.lists, 0);
	(void)raise(f, tools, NULL, &version);
	(void)raise(f, a_uri, NULL, &version);
	row = store_row(2, 1, 2000);
	assert_int_equal(suite_put(f, row, &store_no_caps), RC_OK);
	assert_int_equal(suite_get(f, &row.key, &row), RC_OK);
	assert_int_equal(row.lists, version);
}

static void
who_wants_is_behind_what_was_raised_since(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	int64_t old = 0;
	int64_t version = 0;

	(void)raise(f, tools, NULL, &old);
	(void)raise(f, tools, NULL, &version);
	assert_int_equal(want(f, session, tools, -1), RC_OK);
	assert_int_equal(behind(f, session), 0);
	/* What it wants already is left as it is. */
	assert_int_equal(want(f, session, tools, old), RC_OK);
	assert_int_equal(behind(f, session), 0);
	(void)raise(f, tools, NULL, &version);
	assert_int_equal(behind(f, session), 1);
	assert_int_equal(want(f, session, tools, -1), RC_OK);
	assert_int_equal(behind(f, session), 1);
	/* Of versions higher than `seen`. */
	assert_int_equal(
	    f->ops->want_drop(f->store, &f->op, session, tools), RC_OK);
	assert_int_equal(behind(f, session), 0);
	assert_int_equal(
	    f->ops->want_drop(f->store, &f->op, session, tools), RC_OK);
	assert_int_equal(want(f, session, tools, version - 1), RC_OK);
	assert_int_equal(behind(f, session), 1);
	/* A topic may be wanted before it was ever raised. */
	assert_int_equal(want(f, session, a_uri, -1), RC_OK);
	assert_int_equal(behind(f, session), 1);
	(void)raise(f, a_uri, NULL, &version);
	assert_int_equal(behind(f, session), 2);
}

static void
wants_have_a_limit_and_a_live_session(void **state)
{
	struct suite *f = *state;
	const int64_t session = suite_session(f, 1);
	const struct slice names[] = { SLICE("a"), SLICE("b"), SLICE("c"),
		SLICE("d") };
	static const struct {
		size_t from, n;
		int64_t max;
		enum rc rc;
	} rows[] = {
		{ 0, 2, 2, RC_OK },
		{ 2, 1, 2, RC_FULL },
		{ 0, 2, 2, RC_OK }, /* no more than there were */
		{ 0, 4, 3, RC_FULL },
		{ 0, 3, 3, RC_OK },
		{ 0, 4, 0, RC_OK },
	};
	int64_t version = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
		    f->ops->want_put(f->store, &f->op, session,
			&names[rows[i].from], rows[i].n, 0, rows[i].max),
		    rows[i].rc);
		if (i == 3) { /* what was refused is not wanted in part */
			(void)raise(f, names[2], NULL, &version);
			assert_int_equal(behind(f, session), 0);
		}
	}
	assert_int_equal(want(f, session + 9, tools, -1), RC_NOTFOUND);
	assert_int_equal(suite_end(f, 1, 1), RC_OK);
	assert_int_equal(want(f, session, tools, -1), RC_NOTFOUND);
}

static int64_t
deliver(struct suite *f, struct topic_deliver d, bool more)
{
	struct topic_delivered out;

	d.data = SLICE("changed");
	if (d.limit == 0)
		d.limit = 100;
	assert_int_equal(f->ops->topic_deliver(
			     f->store, &f->op, &d, &store_no_stream_caps, &out),
	    RC_OK);
	assert_int_equal(out.more, more);
	return out.sessions;
}

static void
each_version_is_delivered_once_to_each_session(void **state)
{
	struct suite *f = *state;
	const int64_t one = suite_session(f, 1);
	const int64_t two = suite_session(f, 2);
	const int64_t three = suite_session(f, 3);
	struct stream_row a, b;
	struct event_rows events;
	struct topic_deliver d = { .name = tools };

	assert_int_equal(deliver(f, d, false), 0);
	assert_int_equal(want(f, one, tools, 0), RC_OK);
	assert_int_equal(want(f, two, tools, 0), RC_OK);
	assert_int_equal(want(f, three, tools, 0), RC_OK);
	a = suite_listen(f, one, SLICE("h.1"));
	b = suite_stream(f, two, STREAM_SSE);
	(void)suite_stream(f, three, STREAM_CALL); /* not to be used */
	(void)suite_listen(f, suite_session(f, 4), SLICE("h.1"));
	(void)raise(f, tools, NULL, &d.version);
	assert_int_equal(deliver(f, d, false), 2);
	assert_int_equal(deliver(f, d, false), 0);
	assert_int_equal(behind(f, one) + behind(f, two), 0);
	assert_int_equal(behind(f, three), 1); /* left behind */
	assert_int_equal(suite_read(f, a.number, 0, &events).head, 1);
	assert_true(slice_eq(events.row[0].data, SLICE("changed")));
	assert_int_equal(suite_read(f, b.number, 0, NULL).head, 1);
	/* When it has a stream, it is told. */
	(void)suite_listen(f, three, SLICE("h.1"));
	assert_int_equal(deliver(f, d, false), 1);
	assert_int_equal(behind(f, three), 0);
	(void)raise(f, tools, NULL, &d.version);
	assert_int_equal(deliver(f, d, false), 3);
	assert_int_equal(suite_read(f, a.number, 0, NULL).head, 2);
}

static void
deliveries_are_for_one_owner_or_session_and_in_pieces(void **state)
{
	enum { EACH = 10 };
	struct suite *f = *state;
	const struct slice owners[] = { SLICE("h.1"), SLICE("h.2") };
	int64_t session[2 * EACH];
	struct topic_deliver d = { .name = tools };

	for (uint32_t i = 0; i < COUNT(session); i++) {
		session[i] = suite_session(f, i);
		(void)suite_listen(f, session[i], owners[i % 2]);
		assert_int_equal(want(f, session[i], tools, 0), RC_OK);
	}
	(void)raise(f, tools, NULL, &d.version);
	d.session = session[1];
	assert_int_equal(deliver(f, d, false), 1);
	d.session = session[3];
	d.owner = owners[0]; /* which does not read it */
	assert_int_equal(deliver(f, d, false), 0);
	d.owner = owners[1];
	assert_int_equal(deliver(f, d, false), 1);
	d.session = 0;
	d.limit = 5;
	assert_int_equal(deliver(f, d, true), 5);
	assert_int_equal(deliver(f, d, false), 3);
	d.owner = SLICE_NONE;
	d.limit = 6;
	assert_int_equal(deliver(f, d, true), 6);
	assert_int_equal(deliver(f, d, false), 4);
	for (size_t i = 0; i < COUNT(session); i++)
		assert_int_equal(behind(f, session[i]), 0);
	/* However many there are of the others. */
	(void)raise(f, tools, NULL, &d.version);
	d.owner = owners[0];
	d.limit = (size_t)2 * EACH - 1;
	assert_int_equal(deliver(f, d, false), EACH);
	d.owner = owners[1];
	d.limit = (size_t)2 * EACH;
	assert_int_equal(deliver(f, d, false), EACH);
}

static void
a_host_that_lives_raises_its_beat(void **state)
{
	struct suite *f = *state;
	const struct slice a = SLICE("a");
	const struct slice b = SLICE("b");
	struct host_rows rows;

	assert_int_equal(f->ops->hosts(f->store, &f->op, &rows), RC_OK);
	assert_int_equal(rows.n, 0);
	assert_int_equal(f->ops->host_beat(f->store, &f->op, b), RC_OK);
	assert_int_equal(f->ops->host_beat(f->store, &f->op, a), RC_OK);
	f->op.now_ms = 7777;
	assert_int_equal(f->ops->host_beat(f->store, &f->op, a), RC_OK);
	assert_int_equal(f->ops->host_drain(f->store, &f->op, b, true), RC_OK);
	assert_int_equal(f->ops->hosts(f->store, &f->op, &rows), RC_OK);
	assert_int_equal(rows.n, 2);
	assert_true(slice_eq(rows.row[0].name, a));
	assert_int_equal(rows.row[0].beat, rows.row[1].beat + 1);
	assert_int_equal(rows.row[0].at, 7777);
	assert_int_equal(rows.row[1].at, 5000);
	assert_false(rows.row[0].is_draining);
	assert_true(rows.row[1].is_draining);
	assert_int_equal(f->ops->host_drain(f->store, &f->op, b, false), RC_OK);
	assert_int_equal(f->ops->hosts(f->store, &f->op, &rows), RC_OK);
	assert_false(rows.row[1].is_draining);
}

static void
a_nonce_is_used_once(void **state)
{
	struct suite *f = *state;
	const struct sweep_rules rules = { .limit = 10 };
	const unsigned char a[DIGEST_BYTES] = "a";
	const unsigned char b[DIGEST_BYTES] = "b";
	/* A store of several hosts keeps them for those with other clocks. */
	const int64_t late = 6000 + (int64_t)30 * 60 * 1000;
	struct sweep_done done;

	assert_int_equal(f->ops->nonce_use(f->store, &f->op, a, 6000), RC_OK);
	assert_int_equal(
	    f->ops->nonce_use(f->store, &f->op, a, 6000), RC_CONFLICT);
	assert_int_equal(f->ops->nonce_use(f->store, &f->op, b, late), RC_OK);
	f->op.now_ms = 6000;
	assert_int_equal(f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	assert_int_equal(
	    f->ops->nonce_use(f->store, &f->op, a, 6000), RC_CONFLICT);
	f->op.now_ms = late;
	assert_int_equal(f->ops->sweep(f->store, &f->op, &rules, &done), RC_OK);
	assert_int_equal(done.others, 1);
	assert_int_equal(
	    f->ops->nonce_use(f->store, &f->op, b, late), RC_CONFLICT);
}

const struct CMUnitTest suite_topics[] = {
	SUITE_CASE(all_versions_come_from_one_counter),
	SUITE_CASE(a_digest_raises_only_if_it_differs),
	SUITE_CASE(topics_come_in_the_order_of_their_names),
	SUITE_CASE(a_new_session_has_the_newest_version),
	SUITE_CASE(who_wants_is_behind_what_was_raised_since),
	SUITE_CASE(wants_have_a_limit_and_a_live_session),
	SUITE_COUNTING_CASE(each_version_is_delivered_once_to_each_session),
	SUITE_COUNTING_CASE(
	    deliveries_are_for_one_owner_or_session_and_in_pieces),
	SUITE_COUNTING_CASE(a_host_that_lives_raises_its_beat),
	SUITE_COUNTING_CASE(a_nonce_is_used_once),
	SUITE_END,
};
