/*
 * What it costs a store that many hosts look for changes: N pollers, each with
 * a connection and a thread of its own, look as mcp-stream does, while one
 * writer appends events.  One line:
 *
 *     POLLERS LOOKS/S SEEN LOST P50 P99
 *
 * with microseconds from the return of an append to the return of the look
 * that had it, over all pollers.
 *
 *     bench_pollers URL POLLERS TICK_MS SECONDS EVENTS_PER_S
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "sessions.h"

#define ARENA_MAX ((size_t)16 * 1024 * 1024)
#define POLLERS_MAX 512
#define EVENTS_MAX 100000

struct world {
	const char *url;
	struct log *log;
	int64_t tick_ms;
	int64_t begin_mono;
	int64_t end_mono;
	int64_t events_per_s;
	/* When append number i returned, 0: not yet; by the store's order. */
	_Atomic int64_t *returned;
	_Atomic int64_t appended;
	_Atomic int64_t stream;
	_Atomic int failed;
};

struct poller {
	struct world *world;
	pthread_t thread;
	struct store *store;
	struct arena arena;
	struct change_mark mark;
	int64_t looks;
	int64_t seen; /* events */
	int64_t *us;  /* of each */
};

static void
nap_until(int64_t mono_us)
{
	const int64_t us = mono_us - clock_mono_us(&clock_system);
	const struct timespec nap = { .tv_sec = us / 1000000,
		.tv_nsec = us % 1000000 * 1000 };

	if (us > 0)
		(void)nanosleep(&nap, NULL);
}

/* Read what there is, as who holds the stream does. */
static enum rc
take(struct poller *p)
{
	struct world *w = p->world;
	const struct event_limits limits = { 100, 65536 };
	struct event_rows events;
	struct stream_row row;
	struct op op = sessions_op(&p->arena);
	enum rc rc = p->store->ops->stream_read(p->store, &op,
	    atomic_load(&w->stream), p->seen, &limits, &row, &events);
	const int64_t now = clock_mono_us(&clock_system);

	for (size_t i = 0; rc == RC_OK && i < events.n; i++, p->seen++) {
		const int64_t at = atomic_load(&w->returned[p->seen]);

		/* It may be seen before the one who wrote it has heard. */
		p->us[p->seen] = at != 0 && now > at ? now - at : 0;
	}
	return rc;
}

static enum rc
look(struct poller *p)
{
	struct op op = sessions_op(&p->arena);
	struct change_rows rows = { 0 };
	enum rc rc = p->store->ops->changes(p->store, &op, &p->mark, &rows);

	p->looks++;
	for (size_t i = 0; rc == RC_OK && i < rows.n; i++) {
		if (rows.row[i].kind == CHANGE_EVENT)
			return take(p);
	}
	return rc;
}

static void *
poll_all(void *ctx)
{
	struct poller *p = ctx;
	struct world *w = p->world;
	/* Hosts do not look at the same moment. */
	int64_t next = w->begin_mono * 1000 +
	    (int64_t)((uintptr_t)p / sizeof(*p)) % 1000 * w->tick_ms;
	enum rc rc = RC_OK;

	while (rc == RC_OK && clock_mono_ms(&clock_system) < w->end_mono) {
		nap_until(next);
		rc = look(p);
		next += w->tick_ms * 1000;
	}
	if (rc != RC_OK)
		atomic_store(&w->failed, (int)rc);
	return NULL;
}

struct writer {
	struct store *store;
	struct arena arena;
	struct session_id id;
	struct event_append event;
};

static void
keep_key(void *ctx, const struct session_id *id)
{
	*(struct session_id *)ctx = *id;
}

static enum rc
writer_open(struct writer *w, const struct world *world)
{
	struct stream_open open = { .kind = STREAM_CALL,
		.owner = SLICE("bench.poll") };
	struct session_row session;
	struct stream_row stream;
	struct op op;
	enum rc rc = sessions_open_url(world->url, world->log, &w->store);

	if (rc == RC_OK)
		rc = sessions_make(w->store, &w->arena, 1, keep_key, &w->id);
	op = sessions_op(&w->arena);
	if (rc == RC_OK)
		rc = w->store->ops->session_get(
		    w->store, &op, &w->id.key, &session, NULL);
	if (rc != RC_OK)
		return rc;
	open.session = session.id;
	rc = w->store->ops->stream_open(w->store, &op, &open, &stream);
	w->event = (struct event_append){ .session = session.id,
		.stream = stream.number,
		.data = SLICE("{\"jsonrpc\":\"2.0\"}") };
	return rc;
}

static enum rc
write_all(struct writer *w, struct world *world)
{
	const struct stream_caps caps = { 0 };
	int64_t next = world->begin_mono * 1000 + 500000;
	enum rc rc = RC_OK;

	for (int64_t i = 0;
	     world->events_per_s > 0 && i < EVENTS_MAX && rc == RC_OK &&
	     clock_mono_ms(&clock_system) < world->end_mono - 500;
	     i++) {
		struct appended appended;
		struct op op;

		nap_until(next);
		op = sessions_op(&w->arena);
		op.relaxed = false;
		rc = w->store->ops->event_append(
		    w->store, &op, &w->event, &caps, &appended);
		atomic_store(&world->returned[i], clock_mono_us(&clock_system));
		atomic_store(&world->appended, i + 1);
		next += 1000000 / world->events_per_s;
	}
	return rc;
}

static int
compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a;
	const int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static enum rc
tell(const struct poller *p, size_t n, const struct world *w)
{
	const int64_t appended = w->appended;
	int64_t *all =
	    calloc(n * (size_t)(appended > 0 ? appended : 1), sizeof(*all));
	const double s = (double)(w->end_mono - w->begin_mono) / 1000;
	int64_t looks = 0;
	size_t seen = 0;

	if (all == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < n; i++) {
		looks += p[i].looks;
		for (int64_t j = 0; j < p[i].seen; j++)
			all[seen++] = p[i].us[j];
	}
	qsort(all, seen, sizeof(*all), compare);
	(void)printf("%zu %.0f %zu %lld %lld %lld\n", n, (double)looks / s,
	    seen, (long long)((int64_t)n * appended - (int64_t)seen),
	    (long long)(seen == 0 ? 0 : all[seen / 2]),
	    (long long)(seen == 0 ? 0 : all[seen - 1 - seen / 100]));
	free(all);
	return RC_OK;
}

static enum rc
open_pollers(struct poller *p, size_t n, struct world *w)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		p[i].world = w;
		p[i].arena = ARENA_INIT(ARENA_MAX);
		p[i].us = calloc(EVENTS_MAX, sizeof(*p[i].us));
		rc = p[i].us == NULL
		    ? RC_NOMEM
		    : sessions_open_url(w->url, w->log, &p[i].store);
		if (rc == RC_OK)
			rc = look(&p[i]); /* connects and sets the mark */
	}
	return rc;
}

static enum rc
run(struct world *w, struct poller *p, size_t n, int64_t ms)
{
	struct writer writer = { .arena = ARENA_INIT(ARENA_MAX) };
	size_t started = 0;
	enum rc rc = writer_open(&writer, w);

	atomic_store(&w->stream, writer.event.stream);
	if (rc == RC_OK)
		rc = open_pollers(p, n, w);
	w->begin_mono = clock_mono_ms(&clock_system) + 100;
	w->end_mono = w->begin_mono + ms;
	for (; started < n && rc == RC_OK; started++) {
		if (pthread_create(
			&p[started].thread, NULL, poll_all, &p[started]) != 0)
			rc = RC_NOMEM;
	}
	if (rc == RC_OK)
		rc = write_all(&writer, w);
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(p[i].thread, NULL);
	return rc == RC_OK ? (enum rc)w->failed : rc;
}

int
main(int argc, char **argv)
{
	struct log log = LOG_INIT(log_sink_stderr, NULL, LOG_ERROR);
	struct poller *pollers = calloc(POLLERS_MAX, sizeof(*pollers));
	struct world world = { .log = &log };
	long n = argc == 6 ? strtol(argv[2], NULL, 10) : 0;
	enum rc rc = RC_OK;

	if (n < 1 || n > POLLERS_MAX || pollers == NULL) {
		(void)fputs("usage: bench_pollers URL POLLERS TICK_MS SECONDS"
			    " EVENTS_PER_S\n",
		    stderr);
		return 2;
	}
	world.url = argv[1];
	world.tick_ms = strtol(argv[3], NULL, 10);
	world.events_per_s = strtol(argv[5], NULL, 10);
	world.returned = calloc(EVENTS_MAX, sizeof(*world.returned));
	if (world.returned == NULL)
		rc = RC_NOMEM;
	if (rc == RC_OK)
		rc = run(&world, pollers, (size_t)n,
		    strtol(argv[4], NULL, 10) * 1000);
	if (rc == RC_OK)
		rc = tell(pollers, (size_t)n, &world);
	if (rc != RC_OK)
		(void)fprintf(stderr, "%s\n", rc_name(rc));
	return rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
