#include "house.h"

#include <stdlib.h>

#include "clock.h"
#include "ear_socket.h"
#include "host_watch.h"
#include "house_dead.h"
#include "wiring.h"

/* Between two beats of the host, and between two attempts to keep it. */
#define TICK_MS 1000
/* Who calls once in a second does so a little early now and then. */
#define EARLY_MS 200
#define SWEEP_EVERY_MS 60000
/* One piece of a sweep: a few milliseconds. */
#define SWEEP_ROWS 200
/* For all that one tick asks of the store.  A host whose requests come through
 * must be able to beat as well; over a network that may take a while, and a
 * connection has to be made now and then. */
#define TICK_BUDGET_MS 300
#define FAR_BUDGET_MS 1000
/* Before the next tick, however long this one took. */
#define REST_MS 500
/* A beat that takes more than this part of the budget is written with
 * trouble: others may have failed. */
#define SLOW_PART 3
/* Dead hosts that are looked after in one tick. */
#define HOSTS_AT_ONCE 4

struct house {
	const struct config *config;
	struct log *log;
	struct run_dir *dir; /* NULL: none */
	struct house_dead dead;
	struct host_watch watch;
	size_t host; /* the next one to look after, if it is dead */
	int64_t next;
	int64_t next_sweep;
	bool has_failed; /* in this tick */
	bool is_told;    /* since it last worked */
};

enum rc
house_open(const struct config *config, struct log *log, struct run_dir *dir,
    struct house **out)
{
	struct house *h = calloc(1, sizeof(*h));
	int64_t now = clock_mono_ms(&clock_system);
	enum rc rc;

	if (h == NULL)
		return RC_NOMEM;
	*h = (struct house){ .config = config,
		.log = log,
		.dir = dir,
		.next = now,
		.next_sweep = now + SWEEP_EVERY_MS / 2 };
	rc = house_dead_init(&h->dead, log, dir);
	if (rc != RC_OK) {
		house_free(h);
		return rc;
	}
	*out = h;
	return RC_OK;
}

void
house_free(struct house *h)
{
	if (h == NULL)
		return;
	house_dead_release(&h->dead);
	host_watch_release(&h->watch);
	free(h);
}

bool
house_is_kept(const struct house *h)
{
	return h->dir == NULL || run_dir_keeps_house(h->dir);
}

bool
house_is_draining(const struct house *h)
{
	return h->dir != NULL && run_dir_is_draining(h->dir);
}

int64_t
house_due(const struct house *h)
{
	return h->next;
}

/* Once for each outage, not once for each second of it. */
static void
complain(struct house *h, const char *what, enum rc rc)
{
	log_event(h->log, h->is_told ? LOG_DEBUG : LOG_WARNING, "house",
	    "what=%s rc=%s", what, rc_name(rc));
	h->has_failed = true;
	h->is_told = true;
}

/* What an operator said of this host in the store is for all its processes,
 * which do not look there. */
static void
obey(struct house *h, const struct host_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		const bool drain = rows->row[i].is_draining;

		if (!slice_eq(rows->row[i].name, run_dir_host(h->dir)) ||
		    drain == run_dir_is_draining(h->dir))
			continue;
		log_event(h->log, LOG_WARNING, "draining", "is=%s",
		    drain ? "yes" : "no");
		if (run_dir_drain(h->dir, drain) != RC_OK)
			complain(h, "drain", RC_IO);
	}
}

/* A store with connections, that one can let go of, is a server. */
static int64_t
budget_of(const struct store *store)
{
	return store->ops->rest == NULL ? TICK_BUDGET_MS : FAR_BUDGET_MS;
}

/* We live; and who does not? */
static void
look_at_hosts(struct house *h, struct store *store, const struct op *op)
{
	const int64_t began = clock_mono_ms(&clock_system);
	const int64_t slow = budget_of(store) / SLOW_PART;
	struct host_rows rows = { NULL, 0 };
	enum rc rc = store->ops->host_beat(store, op, run_dir_host(h->dir));
	bool is_slow;

	/* What we cannot write, or only with trouble, others cannot write
	 * either: while somebody holds the lock, or the disk is full or slow,
	 * the beats of all stand still. */
	if (rc != RC_OK)
		complain(h, "beat", rc);
	if (rc != RC_OK) {
		host_watch_fail(&h->watch);
		return;
	}
	is_slow = clock_mono_ms(&clock_system) - began > slow;
	rc = store->ops->hosts(store, op, &rows);
	if (rc == RC_OK)
		obey(h, &rows);
	if (rc == RC_OK && !is_slow)
		rc = host_watch_look(
		    &h->watch, clock_mono_ms(&clock_system), &rows);
	if (rc != RC_OK)
		complain(h, "hosts", rc);
	if (rc != RC_OK || is_slow)
		host_watch_fail(&h->watch);
}

/* A few of the other hosts that are dead, in turn. */
static void
bury_hosts(struct house *h, struct server *server, const struct op *op)
{
	size_t buried = 0;

	for (size_t i = 0; i < h->watch.n && buried < HOSTS_AT_ONCE; i++) {
		size_t at = h->host++ % h->watch.n;
		struct slice name = slice_of(h->watch.seen[at].name);

		if (!host_watch_is_dead(&h->watch, at) ||
		    slice_eq(name, run_dir_host(h->dir)))
			continue;
		house_dead_host(&h->dead, server, op, name);
		buried++;
	}
}

static void
sweep(struct house *h, struct store *store, const struct op *op)
{
	struct sweep_rules rules =
	    wiring_sweep_rules(h->config, op->now_ms, SWEEP_ROWS);
	struct sweep_done done = { 0 };
	int64_t now = clock_mono_ms(&clock_system);
	enum rc rc;

	if (now < h->next_sweep)
		return;
	if (h->dir != NULL)
		ear_sockets_sweep(h->dir);
	rc = store->ops->sweep(store, op, &rules, &done);
	if (rc != RC_OK) {
		complain(h, "sweep", rc);
	} else if (done.forgotten + done.removed + done.others > 0) {
		log_event(h->log, LOG_INFO, "swept",
		    "forgotten=%lld removed=%lld others=%lld",
		    (long long)done.forgotten, (long long)done.removed,
		    (long long)done.others);
	}
	h->next_sweep = rc == RC_OK && done.more ? now : now + SWEEP_EVERY_MS;
}

static struct op
begin(const struct server *server, struct arena *a, int64_t now)
{
	arena_reset(a);
	return (struct op){ .now_ms = clock_wall_ms(&clock_system),
		.give_up_mono = now + budget_of(server->store),
		.relaxed = true,
		.arena = a };
}

/* Is there something to keep, and is it ours to do? */
static bool
is_ours(struct house *h, const struct server *server)
{
	return server->store != NULL &&
	    (h->dir == NULL || run_dir_keep_house(h->dir));
}

void
house_tick(struct house *h, struct server *server, struct arena *a)
{
	int64_t now = clock_mono_ms(&clock_system);
	struct op op;

	if (now < h->next - EARLY_MS)
		return;
	h->next = now + TICK_MS;
	if (!is_ours(h, server))
		return;
	op = begin(server, a, now);
	h->has_failed = false;
	if (h->dir != NULL) {
		look_at_hosts(h, server->store, &op);
		house_dead_here(&h->dead, server, &op);
		/* Calls of other hosts are for those who stay. */
		if (!house_is_draining(h))
			bury_hosts(h, server, &op);
	}
	sweep(h, server->store, &op);
	h->is_told = h->has_failed;
	now = clock_mono_ms(&clock_system) + REST_MS;
	h->next = h->next < now ? now : h->next;
	arena_reset(a);
}

void
house_visit(struct house *h, struct server *server, struct arena *a)
{
	int64_t now = clock_mono_ms(&clock_system);
	struct op op;

	if (!is_ours(h, server))
		return;
	op = begin(server, a, now);
	if (h->dir != NULL)
		house_dead_here(&h->dead, server, &op);
	h->next_sweep = now;
	sweep(h, server->store, &op);
	arena_reset(a);
}
