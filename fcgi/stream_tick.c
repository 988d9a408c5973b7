#include "stream_private.h"
#include "topic.h"

/* Silence of so long is expected to go on. */
#define QUIET_MS 1000
#define LOOK_MS 1000
/* What is done once in a second and was put off: a host that misses two beats
 * is nearly dead for the others. */
#define TROUBLE_MS 100
/* In one transaction. */
#define NOTES_MAX 1000
/* Rounds of a look, before others have their turn. */
#define ROUNDS_MAX 16
/* Changes are kept for 60 s; who did not look for half of that looks at
 * everything. */
#define BLIND_MS 30000
/* A session whose stream is open is touched so often in its idle time. */
#define TOUCHES 8
#define TOUCHES_AT_ONCE 100

/* ------------------------------------------------------------- changes */

static void
due_if_concerned(
    struct stream_store *s, struct stream_held *h, const struct change *change)
{
	if (feed_concerns(&h->feed, change))
		stream_due(s, h);
}

static void
see_stream(struct stream_store *s, const struct change *change)
{
	struct stream_held *h = NULL;

	while (
	    (h = stream_table_of_stream(s->table, change->stream, h)) != NULL)
		due_if_concerned(s, h, change);
}

static void
see_session(struct stream_store *s, const struct change *change)
{
	struct stream_held *h = NULL;

	while (
	    (h = stream_table_of_session(s->table, change->session, h)) != NULL)
		due_if_concerned(s, h, change);
}

static void
see_listens(struct stream_store *s, const struct change *change)
{
	const struct stream_list *all = stream_table_listens(s->table);
	struct stream_node *node = stream_list_first(all);

	for (; node != NULL; node = stream_list_next(all, node))
		due_if_concerned(
		    s, STREAM_OF(node, struct stream_held, listens), change);
}

/* It is told at the end of the look, once. */
static void
see_topic(struct stream_store *s, int64_t topic)
{
	for (size_t i = 0; i < s->n_topics; i++) {
		if (s->topic[i] == topic)
			return;
	}
	if (s->n_topics < STREAM_TOPICS) {
		s->topic[s->n_topics++] = topic;
		return;
	}
	s->n_topics = 0;
	stream_all_due(s, true);
}

/* The calls of this host that a change concerns.  Which those of a session
 * are is not known here; ends are few. */
static void
ring_calls(struct stream_store *s, const struct change *change)
{
	switch (change->kind) {
	case CHANGE_CALL:
	case CHANGE_ANSWER:
		ear_ringer_call(s->o.ears, change->ref);
		break;
	case CHANGE_READER:
		ear_ringer_stream(s->o.ears, change->stream);
		break;
	case CHANGE_END:
	case CHANGE_TASK:
	case CHANGE_ALL:
		s->owes_rings = true;
		break;
	case CHANGE_EVENT:
	case CHANGE_TOPIC:
		break;
	}
}

static void
see(struct stream_store *s, const struct change *change)
{
	if (s->o.ears != NULL)
		ring_calls(s, change);
	switch (change->kind) {
	case CHANGE_EVENT:
	case CHANGE_READER:
	case CHANGE_CALL:
		if (change->stream != 0)
			see_stream(s, change);
		break;
	case CHANGE_END:
		see_session(s, change);
		break;
	case CHANGE_TOPIC:
		see_topic(s, change->ref);
		see_listens(s, change);
		break;
	case CHANGE_TASK:
		see_listens(s, change);
		break;
	case CHANGE_ALL:
		stream_all_due(s, true);
		break;
	case CHANGE_ANSWER:
		break;
	}
}

static enum rc
look(struct stream_store *s)
{
	struct store *store = s->server->store;
	struct change_rows rows = { .more = true };
	enum rc rc = RC_OK;

	/* The first look tells nothing of what was before it. */
	if (!s->mark.is_set)
		s->owes_rings = true;
	for (int i = 0; i < ROUNDS_MAX && rows.more && rc == RC_OK; i++) {
		struct op op = stream_op(s, LOOK_MS);

		rows = (struct change_rows){ 0 };
		rc = store->ops->changes(store, &op, &s->mark, &rows);
		s->count.looks++;
		for (size_t j = 0; rc == RC_OK && j < rows.n; j++)
			see(s, &rows.row[j]);
		if (rc == RC_OK && rows.n > 0)
			s->changed_ms = stream_now(s);
		if (rc == RC_OK && rows.n > 0 && s->o.ears != NULL)
			ear_ringer_followers(s->o.ears);
	}
	return rc;
}

/* Where nothing happens half of the looks will do: each finds cold caches,
 * and they are most of what silent streams cost. */
static int64_t
pause_after(const struct stream_store *s, int64_t now)
{
	int64_t tick = s->o.config->tick_ms;

	return now - s->changed_ms < QUIET_MS ? tick : 2 * tick;
}

/* Streams of another incarnation are over; they find out themselves. */
static void
see_incarnation(struct stream_store *s)
{
	if (s->mark.incarnation != s->incarnation && s->incarnation != 0)
		stream_all_due(s, true);
	if (s->mark.incarnation != s->incarnation)
		s->owes_rings = true;
	s->incarnation = s->mark.incarnation;
}

static void
ring_all(struct stream_store *s)
{
	if (s->owes_rings && s->o.ears != NULL)
		ear_ringer_all(s->o.ears);
	s->owes_rings = false;
}

/* One piece of those that want to know of one topic: others that have been
 * told by then are served in between. */
static void
tell_topic(struct stream_store *s)
{
	struct change change = { .kind = CHANGE_TOPIC };
	struct slice owner;
	struct op op;
	bool more = false;
	enum rc rc;

	if (s->n_topics == 0 || stream_waits(s, &s->writing))
		return;
	op = stream_write_op(s);
	change.ref = s->topic[s->n_topics - 1];
	rc = server_owner(s->server, &owner);
	if (rc == RC_OK)
		rc = topics_deliver(s->server, &op, owner, &change, &more);
	if (rc != RC_OK) {
		stream_fails(s, &s->writing, "topic", rc);
		return;
	}
	stream_works(s, &s->writing);
	if (!more)
		s->n_topics--;
	/* Look at once, for what this has left. */
	s->tick_at = stream_now(s);
}

/* Those that could not be told of what they may have missed. */
static void
catch_up(struct stream_store *s)
{
	uint32_t at = 0;
	struct stream_held *h;

	if (!s->owes_catch_up || stream_waits(s, &s->writing))
		return;
	s->owes_catch_up = false;
	while ((h = stream_table_each(s->table, &at, UINT32_MAX)) != NULL) {
		if (h->must_catch_up)
			stream_due(s, h);
	}
}

void
stream_tick(struct stream_store *s)
{
	int64_t now = stream_now(s);
	enum rc rc = RC_BUSY;

	s->tick_at = now + pause_after(s, now);
	if (s->reading.wait > 0 && now < s->reading.until)
		return;
	wiring_tend(s->o.wiring);
	if (s->server->store != NULL)
		rc = look(s);
	if (rc != RC_OK) {
		stream_fails(s, &s->reading, "look", rc);
		return;
	}
	stream_works(s, &s->reading);
	if (now - s->looked_ms > BLIND_MS) {
		stream_all_due(s, true);
		s->owes_rings = true;
	}
	s->looked_ms = now;
	see_incarnation(s);
	ring_all(s);
	tell_topic(s);
	catch_up(s);
}

/* ---------------------------------------------------------- each second */

static size_t
gather(const struct stream_store *s, struct stream_sent *to)
{
	struct stream_node *node = stream_list_first(&s->moved);
	size_t n = 0;

	for (; node != NULL && n < NOTES_MAX;
	     node = stream_list_next(&s->moved, node)) {
		const struct stream_held *h =
		    STREAM_OF(node, struct stream_held, moved);

		to[n++] = (struct stream_sent){ h->feed.stream, h->feed.reader,
			h->sent };
	}
	return n;
}

bool
stream_note_sent(struct stream_store *s)
{
	struct store *store = s->server->store;

	while (store != NULL && stream_list_first(&s->moved) != NULL) {
		struct op op = stream_write_op(s);
		struct stream_sent *sent =
		    arena_alloc(op.arena, NOTES_MAX * sizeof(*sent));
		size_t n = sent == NULL ? 0 : gather(s, sent);
		enum rc rc = n == 0
		    ? RC_NOMEM
		    : store->ops->streams_sent(store, &op, sent, n);

		if (rc != RC_OK) {
			stream_fails(s, &s->writing, "note", rc);
			return false;
		}
		stream_works(s, &s->writing);
		for (; n > 0; n--)
			stream_list_drop(stream_list_first(&s->moved));
	}
	return stream_list_first(&s->moved) == NULL;
}

/* Those who sit in silence are not idle: all of them once in a while, some of
 * them every second. */
static void
touch_some(struct stream_store *s)
{
	const int64_t period = s->o.config->session_idle_ms / TOUCHES + 1;
	const struct session_change change = { SESSION_TOUCHED,
		clock_wall_ms(s->server->clock) };
	struct store *store = s->server->store;
	uint32_t end = (uint32_t)((int64_t)stream_table_slots(s->table) *
	    (stream_now(s) % period) / period);
	struct stream_held *h;

	if (end < s->touch_at)
		s->touch_at = 0;
	for (int i = 0; i < TOUCHES_AT_ONCE; i++) {
		struct op op = stream_write_op(s);

		h = stream_table_each(s->table, &s->touch_at, end);
		if (h == NULL)
			return;
		if (h->feed.session != 0 &&
		    store->ops->session_set(
			store, &op, h->feed.session, &change) == RC_BUSY)
			return;
	}
}

void
stream_second(struct stream_store *s)
{
	struct op op;

	s->second_at = stream_now(s) + 1000;
	log_flush(s->o.log);
	if (s->o.ears != NULL)
		(void)ear_ringer_look(s->o.ears);
	if (s->reading.wait > 0)
		s->second_at = stream_now(s) + TROUBLE_MS;
	if (s->server->store == NULL || s->reading.wait > 0)
		return;
	/* What fails now is tried again in a second. */
	if (!stream_waits(s, &s->writing) && stream_note_sent(s))
		touch_some(s);
	if (s->o.house != NULL) {
		arena_reset(&s->arena);
		house_tick(s->o.house, s->server, &s->arena);
		if (!house_is_kept(s->o.house))
			return;
	}
	op = stream_write_op(s);
	op.relaxed = false;
	(void)!topic_tick(s->server, &op);
}
