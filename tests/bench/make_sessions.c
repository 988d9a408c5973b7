/*
 * Fill a store with live sessions and print their ids, one in a line.
 *
 *     bench_make_sessions FILE NUMBER
 */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "rng.h"
#include "sessions.h"

#define ARENA_MAX ((size_t)1024 * 1024)

static void
print_id(void *ctx, const struct session_id *id)
{
	struct buf text = BUF_INIT((size_t)2 * SESSION_ID_CHARS);

	if (session_id_put(&text, ctx, id) == RC_OK)
		(void)printf("%s\n", text.ptr);
	buf_release(&text);
}

static enum rc
make(struct store *store, size_t n)
{
	struct arena arena = ARENA_INIT(ARENA_MAX);
	struct op op = sessions_op(&arena);
	struct keyring keys = { .is_fixed = false };
	struct key_row key;
	enum rc rc = seal_init();

	if (rc == RC_OK)
		rc = keyring_refresh(&keys, store, &op, &rng_system,
		    clock_mono_ms(&clock_system));
	if (rc == RC_OK && keyring_mint(&keys, op.now_ms) == NULL)
		rc = RC_BUG;
	if (rc == RC_OK) {
		key = *keyring_mint(&keys, op.now_ms);
		rc = sessions_make(store, &arena, n, print_id, &key);
	}
	arena_release(&arena);
	return rc;
}

int
main(int argc, char **argv)
{
	long n = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	struct log log = LOG_INIT(log_sink_stderr, NULL, LOG_WARNING);
	struct store *store = NULL;
	enum rc rc;

	if (n < 1) {
		(void)fputs("usage: bench_make_sessions FILE NUMBER\n", stderr);
		return 2;
	}
	if (sessions_open(argv[1], &log, &store) != RC_OK)
		return EXIT_FAILURE;
	rc = make(store, (size_t)n);
	store->ops->close(store);
	log_release(&log);
	if (rc != RC_OK)
		(void)fprintf(stderr, "%s\n", rc_name(rc));
	return rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
