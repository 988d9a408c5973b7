#ifndef MCP_RESPONDER_H
#define MCP_RESPONDER_H

#include <stdbool.h>

#include "config.h"
#include "log.h"
#include "process.h"
#include "wiring.h"

/*
 * What mcp-request and mcp-stream do alike: read the options and the
 * configuration, listen, become the configured user, be a parent, and read the
 * configuration again on SIGHUP.
 */
struct responder { /* of the parent; its children have a copy */
	struct config config;
	struct wiring_options options;
	struct log log;
	int socket; /* listening; -1 before responder_listen() */
};

/* In what they differ. */
struct responder_program {
	const char *name;
	const char *usage;      /* what follows the name */
	const char *letters;    /* see struct wiring_options, as below */
	const char *socket_key; /* NULL: server.socket */
	/* With the configuration read; the exit status. */
	int (*run)(struct responder *);
};

/* For main(): answers -h, -n, -V and wrong usage, else runs the program.  The
 * exit status. */
int responder_main(
    const struct responder_program *program, int argc, char **argv);

/* Listen at `where` (process_listen()) and become the configured user.  False
 * after it was logged why not. */
MUST_CHECK bool responder_listen(struct responder *r, const char *where);

/*
 * Be the parent until told to stop: process_run() with `options`, of which
 * socket, grace_ms, log, reload and ctx (`r`) are filled in here.  The exit
 * status.
 */
int responder_serve(struct responder *r, struct process_options *options);

#endif
