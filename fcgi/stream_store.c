#include "stream_store.h"

#include <poll.h>
#include <stdlib.h>

#include "bell_socket.h"
#include "http.h"
#include "revision.h"
#include "stream_private.h"

/* What one store call may bring besides one event. */
#define ARENA_MAX ((size_t)64 * 1024 * 1024)
/* A request waits so long for a store that does not answer. */
#define WAIT_MS 5000
/* One attempt; nobody else is served meanwhile. */
#define TRY_MS 1000
#define LAST_TRY_MS 20
/* One write that nobody waits for; the same after one that failed. */
#define WRITE_MS 1000
#define REWRITE_MS 250
/* Requests between two looks. */
#define SERVES_MAX 8
#define BACKOFF_MIN_MS 20
#define BACKOFF_MAX_MS 1000
/* To leave: all connections are closed within this time ... */
#define LEAVE_SPREAD_MS 300
#define LEAVE_STEP_MS 5
/* ... and what they did not take by then is cut. */
#define LEAVE_MAX_MS 5000
#define QUIT_MS 1000
/* A host that is drained closes all streams within this time. */
#define DRAIN_SPREAD_MS 2000
#define DRAIN_STEP_MS 50

int64_t
stream_now(const struct stream_store *s)
{
	return clock_mono_ms(s->server->clock);
}

struct op
stream_op(struct stream_store *s, int64_t timeout_ms)
{
	arena_reset(&s->arena);
	return (struct op){ .now_ms = clock_wall_ms(s->server->clock),
		.give_up_mono = stream_now(s) + timeout_ms,
		.arena = &s->arena };
}

struct op
stream_write_op(struct stream_store *s)
{
	struct op op =
	    stream_op(s, s->writing.wait == 0 ? WRITE_MS : REWRITE_MS);

	op.relaxed = true;
	return op;
}

bool
stream_waits(const struct stream_store *s, const struct stream_trouble *t)
{
	return t->wait > 0 && stream_now(s) < t->until;
}

void
stream_fails(struct stream_store *s, struct stream_trouble *t, const char *what,
    enum rc rc)
{
	if (t->wait == 0)
		log_event(s->o.log, LOG_WARNING, "store-fails", "what=%s rc=%s",
		    what, rc_name(rc));
	t->wait = t->wait == 0 ? BACKOFF_MIN_MS : t->wait * 2;
	if (t->wait > BACKOFF_MAX_MS)
		t->wait = BACKOFF_MAX_MS;
	t->until = stream_now(s) + t->wait;
}

void
stream_works(struct stream_store *s, struct stream_trouble *t)
{
	if (t->wait == 0)
		return;
	t->wait = 0;
	log_event(s->o.log, LOG_WARNING, "store-works", "held=%zu",
	    stream_table_held(s->table));
}

/* ------------------------------------------------------------- requests */

/*
 * Only what is answered with a stream, or at once: what runs a tool would
 * keep all streams waiting.  A message that is not what these headers say is
 * refused by the server itself.
 */
static bool
is_ours(const struct http_request *r)
{
	return r->method != HTTP_POST ||
	    (slice_eq(
		 http_get(r, HTTP_MCP_METHOD), SLICE("subscriptions/listen")) &&
		revision_text_is_modern(
		    http_get(r, HTTP_MCP_PROTOCOL_VERSION)));
}

static void
send_away(struct stream_store *s)
{
	struct sink *sink = &s->sink.sink;

	log_event(s->o.log, LOG_WARNING, "misdirected",
	    "what=a POST that does not open a stream belongs to mcp-request");
	if (sink->ops->head(sink, 421, NULL, 0, SINK_WHOLE) == RC_OK)
		(void)sink->ops->end(sink);
}

/* False if it is to be tried again. */
static bool
serve(struct stream_store *s)
{
	struct stream_request *r = s->request;
	int64_t left = r->came_ms + WAIT_MS - stream_now(s);
	enum rc rc;

	stream_sink_reset(&s->sink);
	if (s->trace != NULL && r->connection == 0)
		r->connection = trace_request(s->trace, &r->http);
	if (!is_ours(&r->http)) {
		send_away(s);
		stream_answer(s);
		return true;
	}
	s->server->rules.store_timeout_ms = left > TRY_MS ? TRY_MS
	    : left > LAST_TRY_MS                          ? left
							  : LAST_TRY_MS;
	wiring_tend(s->o.wiring);
	rc = server_handle(s->server, &r->arena, &r->http, &s->sink.sink);
	if (s->sink.is_taken)
		return true;
	if ((rc == RC_BUSY || rc == RC_IO) && !s->sink.is_closed &&
	    left > LAST_TRY_MS && !s->is_leaving) {
		stream_fails(s, &s->serving, "request", rc);
		return false;
	}
	stream_answer(s);
	return true;
}

static bool
next_request(struct stream_store *s)
{
	struct stream_message m;

	if (s->request != NULL)
		return true;
	if (stream_queue_take(s->o.requests, &m, 1) == 0)
		return false;
	s->request = m.request;
	return true;
}

/* May the one at hand be tried?  After a failure not at once, but in time. */
static bool
may_serve(const struct stream_store *s)
{
	int64_t now = stream_now(s);

	return s->serving.wait == 0 || now >= s->serving.until ||
	    now >= s->request->came_ms + WAIT_MS || s->is_leaving;
}

/* Some of those that came, in their order; more to do now? */
static bool
serve_some(struct stream_store *s)
{
	for (int i = 0; i < SERVES_MAX; i++) {
		if (!stream_table_has_slot(s->table))
			stream_drop_one(s);
		if (!stream_table_has_slot(s->table) || !next_request(s) ||
		    !may_serve(s) || !serve(s))
			return false;
		stream_request_free(s->request);
		s->request = NULL;
		stream_works(s, &s->serving);
	}
	return true;
}

/* ------------------------------------------------------------- draining */

/* Those that are to be closed by now; some may have come late. */
static void
drain_step(struct stream_store *s)
{
	const int64_t past = stream_now(s) - s->drain_ms;
	const size_t slots = stream_table_slots(s->table);
	struct stream_held *h;
	uint32_t end = (uint32_t)slots;

	if (past < DRAIN_SPREAD_MS)
		end = (uint32_t)((int64_t)slots * past / DRAIN_SPREAD_MS);
	else if (s->drain_at >= end)
		s->drain_at = 0;
	while ((h = stream_table_each(s->table, &s->drain_at, end)) != NULL)
		stream_end(s, h, "draining");
}

/* Where an operator takes the host out of service its streams go elsewhere. */
static void
look_at_drain(struct stream_store *s)
{
	const bool drains = s->o.house != NULL && house_is_draining(s->o.house);

	if (drains == (s->drain_ms != 0))
		return;
	s->drain_ms = drains ? stream_now(s) : 0;
	s->drain_at = 0;
	log_event(s->o.log, LOG_INFO, "draining", "is=%s held=%zu",
	    drains ? "yes" : "no", stream_table_held(s->table));
}

/* -------------------------------------------------------------- leaving */

static void
begin_to_leave(struct stream_store *s)
{
	s->is_leaving = true;
	s->leave_ms = stream_now(s);
	log_event(s->o.log, LOG_INFO, "leaving", "held=%zu",
	    stream_table_held(s->table));
}

/* End as many as it is time for; true when the loop shall quit. */
static bool
leave_step(struct stream_store *s)
{
	int64_t past = stream_now(s) - s->leave_ms;
	int64_t max = s->o.config->grace_ms / 2;
	size_t slots = stream_table_slots(s->table);
	struct stream_held *h;
	uint32_t end = (uint32_t)slots;

	if (past < LEAVE_SPREAD_MS)
		end = (uint32_t)((int64_t)slots * past / LEAVE_SPREAD_MS);
	while ((h = stream_table_each(s->table, &s->leave_at, end)) != NULL)
		stream_end(s, h, "leaving");
	if (max > LEAVE_MAX_MS)
		max = LEAVE_MAX_MS;
	return past >= max || stream_table_is_quiet(s->table);
}

/*
 * Nobody reads any of our streams from now on: one transaction for all of
 * them instead of one for each.
 */
static void
leave_store(struct stream_store *s)
{
	struct store *store = s->server->store;
	struct slice owner;
	struct op op;

	if (store == NULL || s->count.opened == 0)
		return;
	if (!stream_note_sent(s) || server_owner(s->server, &owner) != RC_OK)
		return;
	op = stream_op(s, QUIT_MS);
	if (store->ops->owner_gone(store, &op, owner) != RC_OK)
		log_event(s->o.log, LOG_WARNING, "not-detached", "held=%zu",
		    stream_table_held(s->table));
}

static void
leave(struct stream_store *s)
{
	const struct stream_message quit = { .word = STREAM_QUIT };
	struct pollfd p = { .fd = stream_queue_fd(s->o.reports),
		.events = POLLIN };
	int64_t until = stream_now(s) + QUIT_MS;

	while (!stream_queue_put(s->o.orders, &quit) && stream_now(s) < until)
		(void)poll(NULL, 0, 1);
	while (!stream_table_is_quiet(s->table) && stream_now(s) < until) {
		(void)poll(&p, 1, LEAVE_STEP_MS);
		stream_take_reports(s);
	}
	leave_store(s);
	log_event(s->o.log, LOG_INFO, "left",
	    "opened=%llu looks=%llu turns=%llu events=%llu bytes=%llu",
	    (unsigned long long)s->count.opened,
	    (unsigned long long)s->count.looks,
	    (unsigned long long)s->count.turns,
	    (unsigned long long)s->count.events,
	    (unsigned long long)s->count.bytes);
	log_flush(s->o.log);
}

/* ---------------------------------------------------------------- round */

static int
until(int64_t at, int64_t now, int ms)
{
	int64_t left = at > now ? at - now : 0;

	return left < ms ? (int)left : ms;
}

/* Does anybody here want to know of changes at once? */
static bool
is_wanted(const struct stream_store *s)
{
	return stream_table_held(s->table) > 0 ||
	    (s->o.ears != NULL && ear_ringer_is_needed(s->o.ears));
}

/* Otherwise nothing hurries. */
static int64_t
next_look(const struct stream_store *s)
{
	if (s->reading.wait > 0)
		return s->reading.until;
	return is_wanted(s) ? s->tick_at : s->second_at;
}

/* It may be of somebody who begins to listen, and is to hear of what comes
 * next: also where others are wanted to look for. */
static void
take_ring(struct stream_store *s, int64_t now)
{
	bell_socket_hear(s->o.bell);
	if (s->o.ears != NULL)
		(void)ear_ringer_look(s->o.ears);
	if (is_wanted(s))
		s->tick_at = now;
}

static void
wait_for_work(struct stream_store *s, bool hurries)
{
	const int64_t now = stream_now(s);
	int ms = until(s->publish_at, now, until(s->second_at, now, 1000));
	struct pollfd p[] = { { .fd = stream_queue_fd(s->o.reports),
				  .events = POLLIN },
		{ .fd = s->o.bell, .events = POLLIN },
		{ .fd = stream_queue_fd(s->o.requests), .events = POLLIN } };

	ms = until(next_look(s), now, ms);
	/* Whoever rings in vain is told so, and goes on. */
	if (stream_table_held(s->table) == 0 && s->o.ears == NULL)
		p[1].fd = -1;
	/* The next ones wait for this one, or for a slot. */
	if (s->request != NULL || !stream_table_has_slot(s->table) ||
	    s->is_leaving)
		p[2].fd = -1;
	if (s->request != NULL && stream_table_has_slot(s->table))
		ms = until(s->serving.until, now, ms);
	if (s->drain_ms != 0 && stream_table_held(s->table) > 0)
		ms = until(now + DRAIN_STEP_MS, now, ms);
	if (s->is_leaving)
		ms = LEAVE_STEP_MS;
	(void)poll(p, sizeof(p) / sizeof(p[0]), hurries ? 0 : ms);
	if ((p[1].revents & POLLIN) != 0)
		take_ring(s, now);
}

/* One round; more to do at once? */
static bool
go_round(struct stream_store *s)
{
	bool hurries;

	stream_take_reports(s);
	if (stream_now(s) >= s->publish_at)
		s->publish_at = wiring_publish(s->o.wiring, &s->arena);
	if (stream_now(s) >= next_look(s) ||
	    (s->n_topics > 0 && stream_now(s) >= s->tick_at))
		stream_tick(s);
	hurries = stream_turn_some(s);
	hurries = stream_detach_some(s) || hurries;
	hurries = serve_some(s) || hurries;
	if (stream_now(s) >= s->second_at) {
		stream_second(s);
		look_at_drain(s);
	}
	if (s->drain_ms != 0)
		drain_step(s);
	return hurries;
}

void
stream_store_run(struct stream_store *s)
{
	bool hurries = false;

	while (!s->is_leaving) {
		wait_for_work(s, hurries);
		hurries = go_round(s);
		if (stream_queue_is_closed(s->o.requests))
			begin_to_leave(s);
	}
	for (;;) {
		stream_take_reports(s);
		/* Those that were read get an answer. */
		hurries = serve_some(s);
		if (leave_step(s) && !hurries)
			break;
		wait_for_work(s, hurries);
	}
	leave(s);
}

/* -------------------------------------------------------- open and free */

enum rc
stream_store_open(
    const struct stream_store_options *options, struct stream_store **out)
{
	const struct stream_limits limits = { .streams = options->streams,
		.answers = options->answers,
		.session = (size_t)options->config->streams_session,
		.principal = (size_t)options->config->streams_principal };
	/* One event of any legal size, escaped and in records. */
	size_t page_max = options->config->result * 2 + (size_t)1024 * 1024;
	struct stream_store *s = calloc(1, sizeof(*s));
	enum rc rc;

	*out = NULL;
	if (s == NULL)
		return RC_NOMEM;
	s->o = *options;
	s->server = wiring_server(options->wiring);
	s->arena = ARENA_INIT(ARENA_MAX + page_max);
	s->page = BUF_INIT(page_max);
	s->wire = BUF_INIT(page_max + page_max / 8);
	stream_sink_init(&s->sink, page_max);
	stream_list_init(&s->todo);
	stream_list_init(&s->moved);
	stream_list_init(&s->over);
	rc = stream_table_open(&limits, &s->table);
	if (rc != RC_OK) {
		stream_store_free(s);
		return rc;
	}
	stream_holder_init(s);
	s->server->holder = &s->holder;
	s->trace = trace_open(s->o.config->trace, s->server->clock, s->o.log);
	s->looked_ms = stream_now(s);
	*out = s;
	return RC_OK;
}

void
stream_store_free(struct stream_store *s)
{
	struct stream_message m;

	if (s == NULL)
		return;
	while (stream_queue_take(s->o.requests, &m, 1) > 0)
		stream_request_free(m.request);
	stream_request_free(s->request);
	stream_table_free(s->table);
	arena_release(&s->arena);
	buf_release(&s->page);
	buf_release(&s->wire);
	stream_sink_release(&s->sink);
	trace_free(s->trace);
	free(s);
}
