/*
 * Appends per second through the store, and by the bare statements of the
 * engine, in turns: for each number of processes a line
 *
 *     PROCESSES OURS P50 P99 BARE P50 P99
 *
 * with rates per second and microseconds, all medians of the rounds.
 *
 *     bench_appends URL ROUNDS SECONDS PROCESSES...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bare_append.h"
#include "clock.h"
#include "sessions.h"

#define ARENA_MAX ((size_t)1024 * 1024)
#define BYTES 512
#define PROCESSES_MAX 64
#define ROUNDS_MAX 32
/* Streams of one process. */
#define STREAMS 64
/* Latencies kept of one process and round. */
#define SAMPLES 65536

struct result { /* of one process, in shared memory */
	int64_t n;
	int64_t us[SAMPLES];
};

struct figures {
	double rate;
	double p50;
	double p99;
};

/* One kind of appending, in one process. */
struct way {
	enum rc (*append)(void *ctx, int64_t i, const void *data, size_t n);
	void *ctx;
};

struct ours {
	struct store *store;
	struct arena arena;
	int64_t session[STREAMS];
	int64_t stream[STREAMS];
};

struct bare {
	const struct bare_engine *engine;
	struct bare_append *append;
	int64_t first;
};

struct plan {
	const char *url;
	const struct bare_engine *engine;
	int64_t ms;
	struct result *result; /* of each process */
};

/* ------------------------------------------------------------------ ours */

static enum rc
ours_append(void *ctx, int64_t i, const void *data, size_t n)
{
	struct ours *o = ctx;
	const size_t at = (size_t)i % STREAMS;
	const struct event_append event = { .session = o->session[at],
		.stream = o->stream[at],
		.data = { data, n } };
	const struct stream_caps caps = { 0 };
	struct op op = sessions_op(&o->arena);
	struct appended appended;

	op.relaxed = false;
	return o->store->ops->event_append(
	    o->store, &op, &event, &caps, &appended);
}

static void
keep_key(void *ctx, const struct session_id *id)
{
	*(struct session_id *)ctx = *id;
}

static enum rc
ours_stream(struct ours *o, size_t i)
{
	struct session_id id;
	struct session_row session;
	struct stream_row stream;
	struct stream_open open = { .kind = STREAM_CALL,
		.owner = SLICE("bench.append") };
	enum rc rc = sessions_make(o->store, &o->arena, 1, keep_key, &id);
	struct op op = sessions_op(&o->arena);

	if (rc == RC_OK)
		rc = o->store->ops->session_get(
		    o->store, &op, &id.key, &session, NULL);
	if (rc != RC_OK)
		return rc;
	open.session = session.id;
	rc = o->store->ops->stream_open(o->store, &op, &open, &stream);
	o->session[i] = session.id;
	o->stream[i] = stream.number;
	return rc;
}

static enum rc
ours_open(const char *url, struct log *log, struct ours *o)
{
	enum rc rc = sessions_open_url(url, log, &o->store);

	for (size_t i = 0; rc == RC_OK && i < STREAMS; i++)
		rc = ours_stream(o, i);
	return rc;
}

/* ------------------------------------------------------------------ bare */

static enum rc
bare_do(void *ctx, int64_t i, const void *data, size_t n)
{
	struct bare *b = ctx;

	return b->engine->append(
	    b->append, (b->first + i % STREAMS) % BARE_STREAMS, data, n);
}

/* --------------------------------------------------------------- measure */

static enum rc
measure(const struct way *way, int64_t begin, int64_t ms, struct result *r)
{
	static const char data[BYTES];
	const struct timespec nap = { .tv_nsec = 100000 };
	enum rc rc = RC_OK;

	while (clock_mono_ms(&clock_system) < begin)
		(void)nanosleep(&nap, NULL);
	r->n = 0;
	while (rc == RC_OK && clock_mono_ms(&clock_system) < begin + ms) {
		int64_t start = clock_mono_us(&clock_system);

		rc = way->append(way->ctx, r->n, data, sizeof(data));
		r->us[r->n % SAMPLES] = clock_mono_us(&clock_system) - start;
		r->n++;
	}
	return rc;
}

/* One child: everything is opened before the common begin. */
static enum rc
child(const struct plan *plan, bool is_bare, int k, int64_t begin)
{
	struct log log = LOG_INIT(log_sink_stderr, NULL, LOG_ERROR);
	struct ours ours = { .arena = ARENA_INIT(ARENA_MAX) };
	struct bare bare = { plan->engine, NULL, (int64_t)k * STREAMS };
	struct way way = is_bare ? (struct way){ bare_do, &bare }
				 : (struct way){ ours_append, &ours };
	enum rc rc = is_bare ? plan->engine->open(plan->url, &bare.append)
			     : ours_open(plan->url, &log, &ours);

	if (rc == RC_OK)
		rc = measure(&way, begin, plan->ms, &plan->result[k]);
	if (rc != RC_OK)
		(void)fprintf(
		    stderr, "%s: %s\n", is_bare ? "bare" : "ours", rc_name(rc));
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
sum_up(const struct plan *plan, int processes, struct figures *out)
{
	int64_t *all = calloc((size_t)processes * SAMPLES, sizeof(*all));
	size_t kept = 0;
	int64_t n = 0;

	if (all == NULL)
		return RC_NOMEM;
	for (int k = 0; k < processes; k++) {
		const struct result *r = &plan->result[k];
		size_t have = r->n < SAMPLES ? (size_t)r->n : SAMPLES;

		memcpy(all + kept, r->us, have * sizeof(*all));
		kept += have;
		n += r->n;
	}
	qsort(all, kept, sizeof(*all), compare);
	*out = (struct figures){ (double)n * 1000 / (double)plan->ms,
		kept == 0 ? 0 : (double)all[kept / 2],
		kept == 0 ? 0 : (double)all[kept - 1 - kept / 100] };
	free(all);
	return RC_OK;
}

/* All children of a round must have opened what they need by then. */
static int64_t
begin_of(int processes)
{
	return clock_mono_ms(&clock_system) + 1000 + 250 * processes;
}

static enum rc
run_round(
    const struct plan *plan, bool is_bare, int processes, struct figures *out)
{
	const int64_t begin = begin_of(processes);
	enum rc rc = RC_OK;
	int status;

	for (int k = 0; k < processes; k++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(child(plan, is_bare, k, begin) == RC_OK ? 0 : 1);
		if (pid < 0)
			rc = RC_NOMEM;
	}
	while (wait(&status) > 0) {
		if (status != 0)
			rc = RC_IO;
	}
	return rc == RC_OK ? sum_up(plan, processes, out) : rc;
}

static int
by_rate(const void *a, const void *b)
{
	const double x = ((const struct figures *)a)->rate;
	const double y = ((const struct figures *)b)->rate;

	return (x > y) - (x < y);
}

static enum rc
run_rounds(const struct plan *plan, long rounds, int processes)
{
	struct figures f[2][ROUNDS_MAX];
	enum rc rc = RC_OK;

	for (long i = 0; i < rounds && rc == RC_OK; i++) {
		for (int j = 0; j < 2 && rc == RC_OK; j++) {
			const bool is_bare = (i + j) % 2 != 0;

			rc =
			    run_round(plan, is_bare, processes, &f[is_bare][i]);
		}
	}
	if (rc != RC_OK)
		return rc;
	(void)printf("%d", processes);
	for (int j = 0; j < 2; j++) {
		qsort(f[j], (size_t)rounds, sizeof(f[j][0]), by_rate);
		(void)printf(" %.0f %.0f %.0f", f[j][rounds / 2].rate,
		    f[j][rounds / 2].p50, f[j][rounds / 2].p99);
	}
	(void)printf("\n");
	(void)fflush(stdout);
	return RC_OK;
}

/* Memory that children write and we read. */
static void *
share(size_t n)
{
	FILE *file = tmpfile();
	void *p;

	if (file == NULL || ftruncate(fileno(file), (off_t)n) != 0)
		return NULL;
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
	return p == MAP_FAILED ? NULL : p;
}

int
main(int argc, char **argv)
{
	struct plan plan = { .url = argc > 4 ? argv[1] : "" };
	long rounds = argc > 4 ? strtol(argv[2], NULL, 10) : 0;
	enum rc rc = RC_OK;

	plan.engine = bare_engine_of(plan.url);
	if (rounds < 1 || rounds > ROUNDS_MAX || plan.engine == NULL) {
		(void)fputs("usage: bench_appends URL ROUNDS SECONDS"
			    " PROCESSES...\n",
		    stderr);
		return 2;
	}
	plan.ms = strtol(argv[3], NULL, 10) * 1000;
	plan.result = share(PROCESSES_MAX * sizeof(struct result));
	rc = plan.result == NULL ? RC_NOMEM : plan.engine->make(plan.url);
	for (int i = 4; i < argc && rc == RC_OK; i++) {
		long n = strtol(argv[i], NULL, 10);

		rc = n < 1 || n > PROCESSES_MAX
		    ? RC_SYNTAX
		    : run_rounds(&plan, rounds, (int)n);
	}
	if (rc != RC_OK)
		(void)fprintf(stderr, "%s\n", rc_name(rc));
	return rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
