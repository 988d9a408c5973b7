#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_remote.h"
#include "store_remote_log.h"
#include "store_suite_part.h"

/* Many processes at one log: nothing is lost, nothing comes twice, no number
 * is left out, and nobody is refused. */

enum { WRITERS = 3, EACH = 50, TELLERS = 2, TOLD = 15, VISITS = 40, LIVES = 8 };

/* One operation, however many are in its way. */
#define PATIENCE_MS 10000
#define DEADLINE_MS 60000

static const struct slice tools = SLICE_INIT("tools");

/* Stream 0 is shared, the others belong to one writer each. */
struct scene {
	struct stream_row stream[WRITERS + 1];
};

struct actor {
	struct store *store;
	const struct store_ops *ops;
	struct arena arena;
	struct op op;
	const struct scene *scene;
	int number;
};

static const struct op *
an_op(struct actor *a)
{
	arena_reset(&a->arena);
	a->op = (struct op){ .now_ms = 5000,
		.give_up_mono = clock_mono_ms(&clock_system) + PATIENCE_MS,
		.arena = &a->arena };
	return &a->op;
}

static enum rc
put(struct actor *a, const struct stream_row *to, int64_t key, int i)
{
	char text[32];
	struct event_append event = {
		.session = to->session, .stream = to->number, .key = key
	};
	struct appended out;

	(void)snprintf(text, sizeof(text), "%d %d", a->number, i);
	event.data = slice_of(text);
	return a->ops->event_append(
	    a->store, an_op(a), &event, &store_no_stream_caps, &out);
}

static bool
write_all(struct actor *a)
{
	const struct stream_row *own = &a->scene->stream[a->number + 1];

	for (int i = 0; i < EACH; i++) {
		if (put(a, &a->scene->stream[0], a->number * EACH + i + 1, i) !=
			RC_OK ||
		    put(a, own, i % 2 == 0 ? 0 : i, i) != RC_OK)
			return false;
	}
	return true;
}

/* Raise the topic and tell everybody, all others doing the same. */
static bool
tell_all(struct actor *a)
{
	const struct topic_raise raise = { tools, NULL };
	char text[32];

	for (int i = 0; i < TOLD; i++) {
		struct topic_deliver d = { .name = tools, .limit = 3 };
		struct topic_delivered out = { 0, true };
		bool raised;
		enum rc rc = a->ops->topic_raise(
		    a->store, an_op(a), &raise, &d.version, &raised);

		(void)snprintf(
		    text, sizeof(text), "t %lld", (long long)d.version);
		d.data = slice_of(text);
		while (rc == RC_OK && out.more)
			rc = a->ops->topic_deliver(a->store, an_op(a), &d,
			    &store_no_stream_caps, &out);
		if (rc != RC_OK || !raised)
			return false;
	}
	return true;
}

/* Come, note progress on all streams in another order each time, go. */
static bool
visit_all(struct actor *a)
{
	for (int i = 0; i < VISITS; i++) {
		const struct stream_row *s = a->scene->stream;
		struct stream_sent sent[WRITERS + 1];
		struct stream_row row;
		enum rc rc = RC_OK;

		for (size_t k = 0; k <= WRITERS && rc == RC_OK; k++) {
			const struct stream_row *to =
			    &s[i % 2 == 0 ? k : WRITERS - k];
			const struct stream_attach attach = { .session =
								  to->session,
				.stream = to->number,
				.after = -1,
				.owner = SLICE("h.visitor") };

			rc = a->ops->stream_attach(
			    a->store, an_op(a), &attach, &row);
			sent[k] = (struct stream_sent){ to->number, row.reader,
				row.head };
		}
		if (rc == RC_OK)
			rc = a->ops->streams_sent(
			    a->store, an_op(a), sent, WRITERS + 1);
		if (rc == RC_OK) {
			rc = i % 2 == 0 ? a->ops->owner_gone(a->store, an_op(a),
					      SLICE("h.visitor"))
					: a->ops->stream_detach(
					      a->store, an_op(a), &sent[0]);
		}
		if (rc != RC_OK)
			return false;
	}
	return true;
}

/* Sessions that begin, want to be told, are written to and end. */
static bool
live(struct actor *a, uint32_t n)
{
	const struct session_row row = store_row(n, 2, 2000);
	struct stream_attach attach = { .after = -1, .owner = SLICE("h.life") };
	struct stream_row s = { 0 };
	enum rc rc = a->ops->session_put(
	    a->store, an_op(a), &row, &store_no_caps, &attach.session);

	if (rc == RC_OK)
		rc = a->ops->stream_attach(a->store, an_op(a), &attach, &s);
	if (rc == RC_OK)
		rc = a->ops->want_put(
		    a->store, an_op(a), attach.session, &tools, 1, 0, 0);
	s.session = attach.session;
	for (int i = 0; i < 5 && rc == RC_OK; i++)
		rc = put(a, &s, 0, i);
	if (rc == RC_OK)
		rc = a->ops->session_end(
		    a->store, an_op(a), &row.key, END_DELETED);
	return rc == RC_OK && put(a, &s, 0, 9) == RC_NOTFOUND;
}

static bool
live_all(struct actor *a)
{
	for (uint32_t i = 0; i < LIVES; i++) {
		if (!live(a, 100 + i))
			return false;
	}
	return true;
}

static pid_t
start(struct suite *f, const struct scene *scene, bool (*act)(struct actor *),
    int number)
{
	const char *url = ((struct store_remote *)f->maker->ctx)->url;
	struct store_remote own;
	struct actor a = {
		.arena = ARENA_INIT(1 << 20), .scene = scene, .number = number
	};
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	if (!store_remote_init(&own, url) ||
	    store_remote_open(&own, false, &a.store) != RC_OK)
		_exit(2);
	a.ops = a.store->ops;
	_exit(act(&a) ? 0 : 1);
}

/* What has been read of one stream. */
struct view {
	int64_t cursor;
	int next[WRITERS]; /* of each writer */
	long long version;
};

static void
see(struct view *v, const struct event_row *e)
{
	char text[32];
	int writer, i;
	long long version;

	(void)snprintf(text, sizeof(text), "%.*s", SLICE_FMT(e->data));
	assert_int_equal(e->seq, ++v->cursor);
	/* NOLINTBEGIN(cert-err34-c): written above */
	if (sscanf(text, "t %lld", &version) == 1) {
		assert_true(version > v->version);
		v->version = version;
		return;
	}
	assert_int_equal(sscanf(text, "%d %d", &writer, &i), 2);
	/* NOLINTEND(cert-err34-c) */
	assert_in_range(writer, 0, WRITERS - 1);
	assert_int_equal(i, v->next[writer]++);
}

static void
follow(struct suite *f, int64_t stream, struct view *v)
{
	const struct event_limits limits = { 10, 200 };
	struct stream_row row;
	struct event_rows events;

	do {
		assert_int_equal(f->ops->stream_read(f->store, &f->op, stream,
				     v->cursor, &limits, &row, &events),
		    RC_OK);
		for (size_t i = 0; i < events.n; i++)
			see(v, &events.row[i]);
		/* One comes if there is one. */
		assert_true(events.n > 0 || v->cursor == row.head);
	} while (v->cursor < row.head);
}

/* Only what changes() names is read; so what it forgot would never come. */
static void
look(struct suite *f, struct change_mark *mark, const struct scene *scene,
    struct view *views)
{
	struct change_rows changes;

	arena_reset(&f->arena);
	f->op.give_up_mono = clock_mono_ms(&clock_system) + PATIENCE_MS;
	assert_int_equal(
	    f->ops->changes(f->store, &f->op, mark, &changes), RC_OK);
	for (size_t i = 0; i < changes.n; i++) {
		assert_int_not_equal(changes.row[i].kind, CHANGE_ALL);
		for (size_t k = 0; k <= WRITERS; k++) {
			if (changes.row[i].kind == CHANGE_EVENT &&
			    changes.row[i].stream == scene->stream[k].number)
				follow(f, changes.row[i].stream, &views[k]);
		}
	}
}

static bool
has_all(const struct view *v)
{
	for (size_t i = 0; i < WRITERS; i++) {
		if (v[0].next[i] != EACH || v[i + 1].next[i] != EACH)
			return false;
	}
	return true;
}

static void
set_scene(struct suite *f, struct scene *scene)
{
	for (uint32_t i = 0; i <= WRITERS; i++) {
		const int64_t session = suite_session(f, i);

		scene->stream[i] = suite_listen(f, session, SLICE("h.1"));
		assert_int_equal(f->ops->want_put(f->store, &f->op, session,
				     &tools, 1, 0, 0),
		    RC_OK);
	}
}

static void
assert_all_told(struct suite *f, const struct scene *scene)
{
	struct topic_rows behind;

	for (size_t i = 0; i <= WRITERS; i++) {
		assert_int_equal(f->ops->wants_behind(f->store, &f->op,
				     scene->stream[i].session, &behind),
		    RC_OK);
		assert_int_equal(behind.n, 0);
	}
}

static void
a_storm_loses_nothing_and_refuses_nobody(void **state)
{
	struct suite *f = *state;
	const int64_t end = clock_mono_ms(&clock_system) + DEADLINE_MS;
	struct scene scene;
	struct view views[WRITERS + 1] = { 0 };
	pid_t pid[WRITERS + TELLERS + 2];
	struct change_mark mark;
	size_t n = 0;

	set_scene(f, &scene);
	mark = suite_mark(f);
	for (int i = 0; i < WRITERS; i++)
		pid[n++] = start(f, &scene, write_all, i);
	for (int i = 0; i < TELLERS; i++)
		pid[n++] = start(f, &scene, tell_all, i);
	pid[n++] = start(f, &scene, visit_all, 0);
	pid[n++] = start(f, &scene, live_all, 0);
	while (!has_all(views)) {
		assert_true(clock_mono_ms(&clock_system) < end);
		look(f, &mark, &scene, views);
	}
	for (size_t i = 0; i < n; i++) {
		int status = 0;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	look(f, &mark, &scene, views);
	assert_all_told(f, &scene);
	for (size_t i = 0; i <= WRITERS; i++) {
		assert_int_equal(views[i].version, TELLERS * TOLD);
		assert_int_equal(
		    suite_read(f, scene.stream[i].number, 0, NULL).head,
		    views[i].cursor);
	}
}

const struct CMUnitTest store_remote_storm[] = {
	SUITE_CASE(a_storm_loses_nothing_and_refuses_nobody),
	SUITE_END,
};
