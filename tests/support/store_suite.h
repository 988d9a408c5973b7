#ifndef MCP_STORE_SUITE_H
#define MCP_STORE_SUITE_H

#include "rc.h"
#include "store.h"

/*
 * What every store must do, as store.h says it.  A store's own test hands over
 * how to make an empty one, and how to clear up after it was closed.  Every
 * case gets a new store, and after every case check() must be content.
 */
struct store_maker {
	const char *name;
	enum rc (*open)(void *ctx, struct store **out);
	void (*clear)(void *ctx);
	void *ctx;
};

/* For cmocka_set_skip_filter(): what a store cannot pass whose answers are lost
 * on their way, so that it does again what may be done twice. */
#define STORE_SUITE_COUNTING "* (counts)"

/* Run all cases; how many failed. */
int store_suite_run(struct store_maker *);

/* The same for the event log and all that belongs to it. */
int store_suite_streams_run(struct store_maker *);

/* The same for calls, questions and tasks. */
int store_suite_calls_run(struct store_maker *);

/* A live row: session number n of principal number who.  Its slices are
 * literals; created is 1000, whatever n is. */
struct session_row store_row(uint32_t n, unsigned char who, int64_t touched);

/* A call to be opened, with request id `id`; its owner is "h1.a". */
struct call_row store_call_row(int64_t session, const char *id);

/* No limits. */
extern const struct session_caps store_no_caps;
extern const struct stream_caps store_no_stream_caps;
extern const struct call_limits store_no_call_limits;

#endif
