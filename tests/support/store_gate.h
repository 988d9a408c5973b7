#ifndef MCP_STORE_GATE_H
#define MCP_STORE_GATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "store_remote.h"

/*
 * Who comes second?  One connection closes a table, so that a process which
 * writes to it stops in the midst of its transaction, with all its locks;
 * another connection sees when it has come so far, and when the next process
 * waits for it or at the gate.  Only then the gate is opened.
 */
struct store_gate {
	struct store_remote remote; /* of the suite; closes and opens it */
	struct store_remote watch;
	pid_t keeper;
	bool is_mariadb;
};

/* As store_remote_init(), for any engine. */
bool store_gate_init(struct store_gate *);
void store_gate_release(struct store_gate *);

/* Nobody writes to mcp_<table> from now on; a process that waits for long does
 * so until its deadline. */
void store_gate_close(struct store_gate *, const char *table);
void store_gate_open(struct store_gate *);

/* Return when n processes wait, or (true) when `child` has ended, with its
 * status.  Aborts if neither comes. */
bool store_gate_wait(struct store_gate *, int64_t n, pid_t child, int *status);

/* How a child ended: its status, or -1. */
int store_gate_reap(pid_t child);
int store_gate_code(int status);

#endif
