/*
 * How long session_get of the SQLite store takes, with random ones of all
 * sessions in it: nanoseconds per call, one line for each piece of calls.
 *
 *     bench_session_get FILE NUMBER PIECES
 */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "sessions.h"

#define ARENA_MAX ((size_t)1024 * 1024)
#define CALLS 50000

struct keys {
	struct session_key *key;
	size_t n;
};

static void
keep(void *ctx, const struct session_id *id)
{
	struct keys *k = ctx;

	k->key[k->n++] = id->key;
}

/* xorshift: the same sessions in every run. */
static uint64_t
next(uint64_t *noise)
{
	*noise ^= *noise << 13;
	*noise ^= *noise >> 7;
	*noise ^= *noise << 17;
	return *noise;
}

static enum rc
measure(struct store *store, struct arena *a, const struct keys *k,
    uint64_t *noise, int64_t *us)
{
	int64_t start = clock_mono_us(&clock_system);
	struct op op = sessions_op(a);
	enum rc rc = RC_OK;

	for (int i = 0; i < CALLS && rc == RC_OK; i++) {
		struct session_row row;
		const struct session_key *key = &k->key[next(noise) % k->n];

		arena_reset(a);
		rc = store->ops->session_get(store, &op, key, &row, NULL);
	}
	*us = clock_mono_us(&clock_system) - start;
	return rc;
}

static enum rc
run(struct store *store, size_t n, long pieces)
{
	struct arena arena = ARENA_INIT(ARENA_MAX);
	struct keys keys = { calloc(n, sizeof(struct session_key)), 0 };
	uint64_t noise = 88172645463325252U;
	int64_t us = 0;
	enum rc rc = keys.key == NULL ? RC_NOMEM : RC_OK;

	if (rc == RC_OK)
		rc = sessions_make(store, &arena, n, keep, &keys);
	/* The first piece is for the caches. */
	for (long i = 0; i <= pieces && rc == RC_OK; i++) {
		rc = measure(store, &arena, &keys, &noise, &us);
		if (rc == RC_OK && i > 0)
			(void)printf("%lld\n", (long long)us * 1000 / CALLS);
	}
	free(keys.key);
	arena_release(&arena);
	return rc;
}

int
main(int argc, char **argv)
{
	long n = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
	long pieces = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
	struct log log = LOG_INIT(log_sink_stderr, NULL, LOG_WARNING);
	struct store *store = NULL;
	enum rc rc;

	if (n < 1 || pieces < 1) {
		(void)fputs(
		    "usage: bench_session_get FILE NUMBER PIECES\n", stderr);
		return 2;
	}
	if (sessions_open(argv[1], &log, &store) != RC_OK)
		return EXIT_FAILURE;
	rc = run(store, (size_t)n, pieces);
	store->ops->close(store);
	log_release(&log);
	if (rc != RC_OK)
		(void)fprintf(stderr, "%s\n", rc_name(rc));
	return rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
