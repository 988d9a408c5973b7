#ifndef MCP_STORE_REMOTE_H
#define MCP_STORE_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "cut_proxy.h"
#include "log.h"
#include "rc.h"
#include "remote.h"
#include "store.h"
#include "store_suite.h"

/*
 * The database of a test: that of MCP_STORE_URL, which tests/contract/
 * with_engine.py sets.  Everything in its tables is lost.
 */
struct store_remote {
	const char *url;
	/* For tests of broken connections: through this proxy; NULL: none. */
	struct cut_proxy *proxy;
	char through[512];          /* the URL then */
	struct log log;             /* swallows everything */
	struct buf why;             /* of the last open */
	struct remote_engine *side; /* a connection of the test's own */
};

/* false, with a sentence on standard output: there is no database of this
 * scheme ("postgresql://"), the test ends with status 77. */
bool store_remote_init(struct store_remote *, const char *scheme);
void store_remote_release(struct store_remote *);

/* From now on stores are opened through a proxy; before that. */
void store_remote_proxy(struct store_remote *, struct cut_proxy *,
    bool (*is_run)(const unsigned char *bytes, size_t n));

/* A store of it, as it is; the sentence lands in why. */
MUST_CHECK enum rc store_remote_open(
    struct store_remote *, bool create, struct store **out);

/* The same through this URL. */
MUST_CHECK enum rc store_remote_open_at(
    struct store_remote *, const char *url, bool create, struct store **out);

/* Run a text beside the store; its number.  Ends the test if it fails. */
int64_t store_remote_text(struct store_remote *, const char *sql);

/* Remove all rows; nothing without tables. */
void store_remote_empty(struct store_remote *);

/* For suites: each case with an empty store. */
struct store_maker store_remote_maker(struct store_remote *, const char *name);

/* All suites there are; how many cases failed. */
int store_remote_suites(struct store_remote *, const char *name);

/* The same with every fifth request, and then with every fifth answer, lost on
 * its way. */
int store_remote_suites_cut(struct store_remote *, const char *name);

#endif
