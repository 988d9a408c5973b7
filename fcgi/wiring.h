#ifndef MCP_WIRING_H
#define MCP_WIRING_H

#include <stdbool.h>
#include <sys/types.h>

#include "buf.h"
#include "config.h"
#include "log.h"
#include "rc.h"
#include "server.h"
#include "store.h"

/*
 * Putting the parts together: from a command line to a configuration, and
 * from a configuration to a server with all its collaborators.
 */

/* ------------------------------------------------------- command line */

enum wiring_said {
	WIRING_GO,      /* the configuration is read */
	WIRING_HELP,    /* -h */
	WIRING_VERSION, /* -V */
	WIRING_USAGE,   /* options that are none */
	WIRING_BAD      /* the configuration is broken; it was said */
};

struct wiring_options {
	int argc;
	char **argv;
	const char *letters;    /* for getopt(3), of "c:o:r:s:nhV" */
	const char *socket_key; /* what -s sets; NULL: server.socket */
	/* filled in */
	const char *config_file; /* NULL: built-in defaults */
	bool only_check;         /* -n */
	int64_t call;            /* -r: run this one; 0: none */
	int rest;                /* index of the first operand */
};

/*
 * Read the options and then the configuration they name: -c FILE (else
 * /etc/mcp-fcgi.conf if it is there, else defaults), over it each
 * -o KEY=VALUE and -s SOCKET, in their order.  Findings go to standard error.
 * config_release() whatever is returned.
 */
enum wiring_said wiring_options(
    struct wiring_options *options, struct config *config);

/* "0.1.0" */
const char *wiring_version(void);

/* ------------------------------------------------------------- server */

/* What a worker tells its parent of the programs it runs; NULL: nobody. */
struct wiring_watch {
	void (*started)(void *ctx, pid_t group);
	void (*ended)(void *ctx, pid_t group);
	void *ctx;
};

struct wiring;

/*
 * Open everything for one process.  Call it after fork.  `may_create`: a
 * store that is not there is made.  A store that cannot be opened is not an
 * error: requests are answered 503 until wiring_tend() can open it.
 * Configuration, log and watch must outlive the wiring.  RC_IO or RC_SYNTAX
 * with a sentence in `why` for a module or a catalog that cannot be used.
 */
MUST_CHECK enum rc wiring_open(const struct config *config, struct log *log,
    const struct wiring_watch *watch, bool may_create, struct wiring **out,
    struct buf *why);

struct server *wiring_server(struct wiring *w);

/* Before each request: opens a store that could not be opened before, at
 * most once per second. */
void wiring_tend(struct wiring *w);

/* Share the revisions of the store with the other processes of this host, if
 * rows are cached and it is time for it.  When it will be again (monotonic ms);
 * INT64_MAX: never.  The arena is reset. */
int64_t wiring_publish(struct wiring *w, struct arena *a);

/* NULL is allowed. */
void wiring_free(struct wiring *w);

/* The keys of the configuration, if there are any. */
MUST_CHECK enum rc wiring_fix_keys(
    const struct config *config, struct keyring *keys);

/* What is idle or too old at a time, by the configured limits. */
struct sweep_rules wiring_sweep_rules(
    const struct config *config, int64_t now_ms, int limit);

#endif
