#ifndef MCP_BENCH_SESSIONS_H
#define MCP_BENCH_SESSIONS_H

#include <stddef.h>

#include "log.h"
#include "rc.h"
#include "session_id.h"
#include "store.h"

/*
 * Open a store by its URL, made if missing; the log must outlive it.  What
 * went wrong is told on standard error.
 */
MUST_CHECK enum rc sessions_open_url(
    const char *url, struct log *log, struct store **out);

/* The same with an absolute path of SQLite. */
MUST_CHECK enum rc sessions_open(
    const char *path, struct log *log, struct store **out);

/* What a call of now says to the store; the arena is reset. */
struct op sessions_op(struct arena *a);

/*
 * Put n live sessions there as an anonymous client of 2025-11-25 would have
 * opened them just now; `each` is told of every one.
 */
MUST_CHECK enum rc sessions_make(struct store *store, struct arena *a, size_t n,
    void (*each)(void *ctx, const struct session_id *), void *ctx);

#endif
