#ifndef MCP_CUT_PROXY_H
#define MCP_CUT_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Stands between a store and its database server, in a process of its own, and
 * breaks what passes.  Start it before anything is connected.
 */
enum cut_mode {
	CUT_NOTHING,
	CUT_REQUEST, /* the server never sees it */
	CUT_ANSWER,  /* it is done, but nobody is told */
	CUT_STALL,   /* nothing passes, connections stay, new ones hang */
	CUT_REFUSE   /* all connections are closed, new ones at once */
};

struct cut_shared;

struct cut_proxy {
	int port; /* of 127.0.0.1 */
	pid_t pid;
	struct cut_shared *shared;
};

/* Does what a client sends begin with the run of a prepared statement?  Only
 * these are cut; connecting and setting up is not. */
bool cut_is_postgresql_run(const unsigned char *bytes, size_t n);
bool cut_is_mariadb_run(const unsigned char *bytes, size_t n);

/* To this port of 127.0.0.1.  Ends the test if that cannot be had. */
void cut_proxy_start(struct cut_proxy *, int server_port,
    bool (*is_run)(const unsigned char *bytes, size_t n));
void cut_proxy_stop(struct cut_proxy *);

/* From now on: every nth run of all connections together, in the modes that cut
 * runs.  Comes back when it is so. */
void cut_proxy_set(struct cut_proxy *, enum cut_mode, int every);

/* Cut all connections there are. */
void cut_proxy_cut_all(struct cut_proxy *);

/* How many runs were cut so far, and how many connections were made. */
int cut_proxy_cuts(const struct cut_proxy *);
int cut_proxy_connections(const struct cut_proxy *);

#endif
