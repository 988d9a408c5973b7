#ifndef MCP_BENCH_BARE_APPEND_H
#define MCP_BENCH_BARE_APPEND_H

#include <stddef.h>
#include <stdint.h>

#include "rc.h"
#include "slice.h"

/*
 * The least that an append to a log can be on an engine, by hand and without
 * any store of ours: raise the counter of a stream and insert the event, on
 * database servers also raise the counter that others look at; one
 * transaction, prepared, in one round trip where there is one.  In tables of
 * its own in the same database.
 */
struct bare_append;

/* How many streams there are, numbered from 0. */
#define BARE_STREAMS 1000
/* Counters that others look at. */
#define BARE_SHARDS 256

struct bare_engine {
	struct slice scheme;
	/* Make the tables anew. */
	enum rc (*make)(const char *url);
	/* A connection of this process. */
	enum rc (*open)(const char *url, struct bare_append **);
	enum rc (*append)(
	    struct bare_append *, int64_t stream, const void *data, size_t n);
	void (*close)(struct bare_append *);
};

/* By the scheme of a store's URL; NULL: not built for it. */
const struct bare_engine *bare_engine_of(const char *url);

extern const struct bare_engine bare_sqlite;
extern const struct bare_engine bare_postgresql;
extern const struct bare_engine bare_mariadb;

#endif
