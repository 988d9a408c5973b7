#ifndef MCP_STORE_RACE_H
#define MCP_STORE_RACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "store_remote.h"

/*
 * Two at one store in a database server, in a given order: a transaction is
 * held open in a process of its own, another process comes to wait for it, and
 * then it goes on.
 */

/* One case, with its store.  Session 1 is live and has a STREAM_SSE, with a
 * reader and one event. */
struct race {
	struct store_remote *remote;
	bool is_mariadb;
	struct store *store;
	const struct store_ops *ops;
	struct arena arena;
	struct op op;
	int64_t session;
	int64_t stream;
	pid_t holder;
	pid_t child;
	uint32_t number; /* of the child */
};

/* What is said to each engine; @a is the session, @b the stream. */
struct race_words {
	const char *postgresql;
	const char *mariadb;
};

/* The same for all cases; before they run. */
void race_use(struct store_remote *);

int race_setup(void **state);
/* Fails if a law is broken. */
int race_teardown(void **state);
/* As it was at first, with an empty store. */
void race_furnish(struct race *);

/* Say it beside the store; its number. */
int64_t race_text(struct race *, const struct race_words *);

/* Begin a transaction with `first`, and keep it open until race_let_go(), when
 * it does `then`, which ends it. */
void race_hold(struct race *, const struct race_words *first,
    const struct race_words *then);
void race_let_go(struct race *);

/* What another process does with a store of its own. */
typedef enum rc race_act(struct race *, struct store *, const struct op *);

/* Let r->child do it.  It may be waited for until it has come to wait for the
 * open transaction; its rc is its status. */
void race_start(struct race *, race_act *);
void race_await(struct race *);
int race_finish(struct race *);

#endif
