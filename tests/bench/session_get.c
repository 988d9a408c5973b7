/*
 * How long session_get of the SQLite store takes, with random ones of all
 * sessions in it: nanoseconds per call, a line for each piece of calls and a
 * column for each store.  Stores take turns, piece by piece.
 *
 *     bench_session_get FOLDER PIECES NUMBER...
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "sessions.h"

#define ARENA_MAX ((size_t)1024 * 1024)
/* In a piece. */
#define CALLS 20000

#define SAMPLES_MAX 8

struct keys {
	struct session_key *key;
	size_t n;
};

struct sample { /* a store and what is in it */
	struct store *store;
	struct keys keys;
	uint64_t noise;
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
measure(struct sample *s, struct arena *a, int64_t *us)
{
	int64_t start = clock_mono_us(&clock_system);
	struct op op = sessions_op(a);
	enum rc rc = RC_OK;

	for (int i = 0; i < CALLS && rc == RC_OK; i++) {
		struct session_row row;
		uint64_t at = next(&s->noise) % s->keys.n;

		arena_reset(a);
		rc = s->store->ops->session_get(
		    s->store, &op, &s->keys.key[at], &row, NULL);
	}
	*us = clock_mono_us(&clock_system) - start;
	return rc;
}

static enum rc
fill(struct sample *s, const char *folder, size_t n, struct log *log,
    struct arena *a)
{
	struct buf path = BUF_INIT(PATH_MAX);
	enum rc rc;

	buf_printf(&path, "%s/%zu.db", folder, n);
	rc = buf_finish(&path);
	if (rc == RC_OK)
		rc = sessions_open(path.ptr, log, &s->store);
	buf_release(&path);
	s->noise = UINT64_C(88172645463325252);
	s->keys.key = calloc(n, sizeof(struct session_key));
	if (rc == RC_OK && s->keys.key == NULL)
		rc = RC_NOMEM;
	return rc == RC_OK ? sessions_make(s->store, a, n, keep, &s->keys) : rc;
}

static enum rc
run(struct sample *s, size_t n, long pieces, struct arena *a)
{
	enum rc rc = RC_OK;
	int64_t us = 0;

	/* The first piece is for the caches. */
	for (long i = 0; i <= pieces; i++) {
		for (size_t j = 0; j < n && rc == RC_OK; j++) {
			rc = measure(&s[j], a, &us);
			if (rc == RC_OK && i > 0) {
				(void)printf("%lld%c",
				    (long long)us * 1000 / CALLS,
				    j + 1 < n ? ' ' : '\n');
			}
		}
	}
	return rc;
}

static void
sample_release(struct sample *s)
{
	if (s->store != NULL)
		s->store->ops->close(s->store);
	free(s->keys.key);
}

int
main(int argc, char **argv)
{
	struct log log = LOG_INIT(log_sink_stderr, NULL, LOG_WARNING);
	struct arena arena = ARENA_INIT(ARENA_MAX);
	struct sample sample[SAMPLES_MAX] = { 0 };
	long pieces = argc > 3 ? strtol(argv[2], NULL, 10) : 0;
	size_t n = argc > 3 ? (size_t)argc - 3 : 0;
	enum rc rc = RC_OK;

	if (pieces < 1 || n > SAMPLES_MAX) {
		(void)fputs(
		    "usage: bench_session_get FOLDER PIECES NUMBER...\n",
		    stderr);
		return 2;
	}
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = fill(&sample[i], argv[1],
		    (size_t)strtoul(argv[i + 3], NULL, 10), &log, &arena);
	if (rc == RC_OK)
		rc = run(sample, n, pieces, &arena);
	for (size_t i = 0; i < n; i++)
		sample_release(&sample[i]);
	arena_release(&arena);
	log_release(&log);
	if (rc != RC_OK)
		(void)fprintf(stderr, "%s\n", rc_name(rc));
	return rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
