#define _GNU_SOURCE /* EPOLLRDHUP */
#include "stream_loop.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "stream_conn.h"
#include "stream_list.h"

#define EVENTS 256
#define MESSAGES 64
/* The wheel has twice the buckets that one period needs. */
#define WHEEL 128
#define STEPS (WHEEL / 2)
/* Where memory is short, who took nothing for so long makes room. */
#define CROWD_MS 1000
/* Names the queue among the connections. */
#define QUEUE UINT64_MAX

struct stream_loop {
	struct stream_loop_options o;
	char comment[STREAM_COMMENT_MAX];
	int epoll;
	bool has_quit;
	int64_t now;
	size_t open;
	struct stream_conn *conn; /* by slot */
	struct stream_list stalled;
	size_t stalled_bytes;
	struct stream_list wheel[WHEEL];
	int64_t step_ms;
	int64_t step; /* all before it are done */
	uint32_t phase;
};

/* ------------------------------------------------------------ reports */

static uint32_t
slot_of(const struct stream_loop *l, const struct stream_conn *c)
{
	return (uint32_t)(c - l->conn);
}

static void
report(struct stream_loop *l, const struct stream_message *m)
{
	bool has_room = stream_queue_put(l->o.reports, m);

	/* A slot has so many messages at most. */
	assert(has_room);
	(void)has_room;
}

static void
uncount(struct stream_loop *l, size_t bytes)
{
	if (bytes > 0)
		(void)atomic_fetch_sub(l->o.unsent, bytes);
}

/* So many of its bytes are among those of all that stall. */
static void
recount(struct stream_loop *l, struct stream_conn *c, size_t bytes)
{
	l->stalled_bytes = l->stalled_bytes - c->counted + bytes;
	c->counted = bytes;
}

static void
end(struct stream_loop *l, struct stream_conn *c, enum stream_why why)
{
	const struct stream_message m = { .word = STREAM_CLOSED,
		.slot = slot_of(l, c),
		.why = why,
		.is_last = c->first == NULL,
		.number = c->bytes };

	recount(l, c, 0);
	stream_list_drop(&c->stalled);
	stream_list_drop(&c->due);
	uncount(l, c->unsent);
	stream_conn_release(c);
	l->open--;
	report(l, &m);
}

/* ------------------------------------------------------------ writing */

static void
watch(struct stream_loop *l, struct stream_conn *c, bool wants_room)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP |
		    (wants_room ? (uint32_t)EPOLLOUT : 0U),
		.data.u64 = slot_of(l, c) };

	if (c->wants_room != wants_room)
		(void)epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &event);
	c->wants_room = wants_room;
}

static void
stall(struct stream_loop *l, struct stream_conn *c)
{
	/* Who took a piece to its end is not among the slowest. */
	if (c->since == l->now)
		stream_list_drop(&c->stalled);
	if (!stream_list_has(&c->stalled))
		stream_list_add(&l->stalled, &c->stalled);
	recount(l, c, c->unsent);
	watch(l, c, true);
}

static void
be_done(struct stream_loop *l, struct stream_conn *c)
{
	const struct stream_message written = { .word = STREAM_WRITTEN,
		.slot = slot_of(l, c) };

	if (c->is_last) {
		end(l, c, STREAM_ENDED);
		return;
	}
	recount(l, c, 0);
	stream_list_drop(&c->stalled);
	watch(l, c, false);
	if (c->owes_report)
		report(l, &written);
	c->owes_report = false;
}

/* Write, and see what that makes of it. */
static void
push(struct stream_loop *l, struct stream_conn *c)
{
	size_t had = c->unsent;
	enum stream_conn_state state = stream_conn_write(c, l->now);

	uncount(l, had - c->unsent);
	switch (state) {
	case CONN_DONE:
		be_done(l, c);
		break;
	case CONN_WAITING:
		stall(l, c);
		break;
	case CONN_OVER:
		end(l, c, STREAM_BROKEN);
		break;
	}
}

/* ----------------------------------------------------------- comments */

static void
place(struct stream_loop *l, struct stream_conn *c, int64_t at)
{
	int64_t step = at / l->step_ms;

	if (step < l->step)
		step = l->step;
	stream_list_add(&l->wheel[step % WHEEL], &c->due);
}

/*
 * The first comment comes after half a period to a whole one, so that those
 * who came at the same time do not get theirs at the same time for ever.
 */
static void
place_first(struct stream_loop *l, struct stream_conn *c)
{
	/* Steps of the golden ratio: evenly spread, however many there are. */
	l->phase += UINT32_C(2654435769);
	place(l, c,
	    l->now + l->o.comment_ms / 2 +
		(l->o.comment_ms / 2) * (l->phase >> 16) / 65536);
}

static void
visit(struct stream_loop *l, struct stream_conn *c)
{
	const struct stream_message aged = { .word = STREAM_AGED,
		.slot = slot_of(l, c) };
	const struct slice comment = { l->comment, l->o.comment.len };

	place(l, c, l->now + l->o.comment_ms);
	if (c->old_at != 0 && l->now >= c->old_at && !c->was_told_aged) {
		c->was_told_aged = true;
		report(l, &aged);
	}
	if (c->first != NULL)
		return;
	switch (stream_conn_comment(c, comment, l->now)) {
	case CONN_DONE:
		break;
	case CONN_WAITING:
		(void)atomic_fetch_add(l->o.unsent, c->unsent);
		stall(l, c);
		break;
	case CONN_OVER:
		end(l, c, STREAM_BROKEN);
		break;
	}
}

static void
visit_due(struct stream_loop *l)
{
	int64_t now_step = l->now / l->step_ms;

	/* After a long sleep once around is enough. */
	if (now_step - l->step > WHEEL)
		l->step = now_step - WHEEL;
	while (l->step < now_step) {
		struct stream_list *bucket = &l->wheel[l->step % WHEEL];
		struct stream_list due;
		struct stream_node *node;

		/* Those that are placed anew may come into this bucket. */
		stream_list_init(&due);
		l->step++;
		while ((node = stream_list_first(bucket)) != NULL) {
			stream_list_drop(node);
			stream_list_add(&due, node);
		}
		while ((node = stream_list_first(&due)) != NULL) {
			stream_list_drop(node);
			visit(l, STREAM_OF(node, struct stream_conn, due));
		}
	}
}

/* When the next bucket that holds something is due; INT64_MAX: none does. */
static int64_t
next_due(const struct stream_loop *l)
{
	for (int64_t step = l->step; step < l->step + WHEEL; step++) {
		if (stream_list_first(&l->wheel[step % WHEEL]) != NULL)
			return (step + 1) * l->step_ms;
	}
	return INT64_MAX;
}

/* ----------------------------------------------------------- who is slow */

/*
 * How long who stalls longest may do so.  Where memory is short that is less,
 * but not nothing: a large event is more than a socket takes at once, and who
 * was given one is not slow yet.
 */
static int64_t
patience(const struct stream_loop *l, const struct stream_node *node)
{
	/* One alone may have an event that is as large as that. */
	bool is_crowd = l->stalled_bytes > l->o.memory &&
	    stream_list_next(&l->stalled, node) != NULL;

	return is_crowd && l->o.stall_ms > CROWD_MS ? CROWD_MS : l->o.stall_ms;
}

static void
close_slow(struct stream_loop *l)
{
	struct stream_node *node;

	while ((node = stream_list_first(&l->stalled)) != NULL) {
		struct stream_conn *c =
		    STREAM_OF(node, struct stream_conn, stalled);
		int64_t past = l->now - c->since;

		if (past < patience(l, node))
			return;
		end(l, c, past >= l->o.stall_ms ? STREAM_SLOW : STREAM_CROWDED);
	}
}

/* ------------------------------------------------------------- orders */

static void
give(struct stream_loop *l, struct stream_conn *c,
    const struct stream_message *m)
{
	if (m->chunk != NULL)
		stream_conn_add(c, m->chunk, l->now);
	c->is_last = c->is_last || m->is_last;
	c->owes_report = true;
	push(l, c);
}

static void
open_conn(struct stream_loop *l, const struct stream_message *m)
{
	struct stream_conn *c = &l->conn[m->slot];
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP,
		.data.u64 = m->slot };

	stream_conn_init(c, &m->taken);
	c->old_at = m->number;
	l->open++;
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0) {
		uncount(l, m->chunk == NULL ? 0 : m->chunk->len);
		free(m->chunk);
		end(l, c, STREAM_BROKEN);
		return;
	}
	if (!m->is_last)
		place_first(l, c);
	give(l, c, m);
}

static void
obey(struct stream_loop *l, const struct stream_message *m)
{
	if (m->word == STREAM_QUIT) {
		l->has_quit = true;
	} else if (m->word == STREAM_OPEN) {
		open_conn(l, m);
	} else if (l->conn[m->slot].is_open) {
		give(l, &l->conn[m->slot], m);
	} else if (m->chunk != NULL) {
		/* It was closed meanwhile. */
		uncount(l, m->chunk->len);
		free(m->chunk);
	}
}

static void
obey_all(struct stream_loop *l)
{
	struct stream_message m[MESSAGES];
	size_t n;

	do {
		n = stream_queue_take(l->o.orders, m, MESSAGES);
		for (size_t i = 0; i < n; i++)
			obey(l, &m[i]);
	} while (n == MESSAGES);
}

/* --------------------------------------------------------------- turns */

static void
see(struct stream_loop *l, struct stream_conn *c, uint32_t events)
{
	if (!c->is_open)
		return;
	if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 ||
	    ((events & EPOLLIN) != 0 && stream_conn_read(c) == CONN_OVER)) {
		stream_conn_end(c);
		end(l, c, STREAM_LEFT);
	} else if ((events & EPOLLOUT) != 0) {
		push(l, c);
	}
}

static int
timeout_of(const struct stream_loop *l, int max_ms)
{
	struct stream_node *node = stream_list_first(&l->stalled);
	int64_t at = next_due(l);
	int64_t ms;

	if (node != NULL) {
		const struct stream_conn *c =
		    STREAM_OF(node, struct stream_conn, stalled);
		int64_t slow = c->since + patience(l, node);

		at = slow < at ? slow : at;
	}
	if (at == INT64_MAX)
		return max_ms;
	/* It may be late already. */
	ms = at - clock_mono_ms(l->o.clock);
	ms = ms < 0 ? 0 : ms;
	if (max_ms >= 0 && ms > max_ms)
		return max_ms;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void
quit(struct stream_loop *l)
{
	for (size_t i = 0; i < l->o.slots; i++) {
		if (l->conn[i].is_open)
			end(l, &l->conn[i], STREAM_ENDED);
	}
}

bool
stream_loop_turn(struct stream_loop *l, int max_ms)
{
	struct epoll_event event[EVENTS];
	bool has_orders = false;
	int n = epoll_wait(l->epoll, event, EVENTS, timeout_of(l, max_ms));

	l->now = clock_mono_ms(l->o.clock);
	/* No slot is used anew among these: that comes with the orders. */
	for (int i = 0; i < n; i++) {
		if (event[i].data.u64 == QUEUE)
			has_orders = true;
		else
			see(l, &l->conn[event[i].data.u64], event[i].events);
	}
	/* Before anybody is placed anew: the wheel stands still while it is
	 * empty, and would come by them on its way to now. */
	visit_due(l);
	if (has_orders)
		obey_all(l);
	close_slow(l);
	if (l->has_quit)
		quit(l);
	return !l->has_quit;
}

size_t
stream_loop_open_now(const struct stream_loop *l)
{
	return l->open;
}

/* -------------------------------------------------------- open and free */

static bool
prepare(struct stream_loop *l)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = QUEUE };

	for (size_t i = 0; i < WHEEL; i++)
		stream_list_init(&l->wheel[i]);
	stream_list_init(&l->stalled);
	l->step_ms = l->o.comment_ms / STEPS;
	if (l->step_ms < 1)
		l->step_ms = 1;
	l->now = clock_mono_ms(l->o.clock);
	l->step = l->now / l->step_ms;
	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, stream_queue_fd(l->o.orders),
		   &event) == 0;
}

enum rc
stream_loop_open(
    const struct stream_loop_options *options, struct stream_loop **out)
{
	struct stream_loop *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (l == NULL)
		return RC_NOMEM;
	l->o = *options;
	assert(l->o.comment.len <= sizeof(l->comment));
	if (l->o.comment.len > 0)
		memcpy(l->comment, l->o.comment.ptr, l->o.comment.len);
	l->conn = calloc(l->o.slots, sizeof(*l->conn));
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->conn != NULL && l->epoll >= 0 && prepare(l)) {
		*out = l;
		return RC_OK;
	}
	stream_loop_free(l);
	return RC_IO;
}

void
stream_loop_free(struct stream_loop *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; l->conn != NULL && i < l->o.slots; i++) {
		if (l->conn[i].is_open)
			stream_conn_release(&l->conn[i]);
	}
	if (l->epoll >= 0)
		(void)close(l->epoll);
	free(l->conn);
	free(l);
}
