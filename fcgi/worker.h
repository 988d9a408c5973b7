#ifndef MCP_WORKER_H
#define MCP_WORKER_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "process.h"

/* What the parent and its workers have to agree on. */
enum report_kind { REPORT_READY, REPORT_STARTED, REPORT_ENDED };

/* One message of a worker; short enough to be written in one piece. */
struct report {
	uint32_t kind; /* enum report_kind */
	int32_t group;
};

struct worker_options {
	int socket;   /* listening */
	int lifetime; /* reading end: closed by the parent when we shall go */
	int report;   /* writing end */
	bool is_first;
	int (*work)(void *ctx, struct worker *);
	void *ctx;
};

/* The signals that are handled at one place only; blocked elsewhere. */
void worker_signals(sigset_t *set);

/* Be a worker: runs work() in this process.  The exit status. */
int worker_run(const struct worker_options *);

#endif
