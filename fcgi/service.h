#ifndef MCP_SERVICE_H
#define MCP_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "bell.h"
#include "config.h"
#include "crew.h"
#include "ear.h"
#include "fcgi_io.h"
#include "house.h"
#include "log.h"
#include "process.h"
#include "run_dir.h"
#include "wiring.h"

/*
 * What one process of mcp-request serves with: a server and all that it needs
 * of this host.  A state folder that cannot be used is logged; then nothing is
 * served that must outlive its request.
 */
struct service_options {
	const struct config *config;
	struct log *log;
	struct worker *worker; /* NULL: there is no parent */
	int socket;            /* listening; -1: CGI, or no requests at all */
	bool takes_requests;
	bool may_create; /* a store that is not there */
};

struct service {
	struct service_options o;
	struct wiring *wiring;
	struct fcgi_io *io;
	struct trace *trace; /* NULL: none */
	struct run_dir *dir; /* NULL: none */
	struct crew *crew;
	struct bell *bell; /* NULL: none */
	struct ear *ear;   /* NULL: none */
	struct house *house;
	struct arena arena;
	int64_t served_mono; /* the end of the last request */
	bool is_resting;     /* the store, since then */
	bool topics_fail;    /* and that was said */
};

/* False after it was logged why not; service_release() in any case. */
MUST_CHECK bool service_init(
    struct service *s, const struct service_options *options);

/* Take and answer one request; false: there was none. */
bool service_serve(struct service *s);

/* What is due of the upkeep; how many ms until more of it is due. */
int64_t service_upkeep(struct service *s);

/* The same for worker_wait(), when there is nothing else to do. */
int64_t service_tidy(void *service);

/* By a process that is about to leave. */
void service_visit(struct service *s);

/* Take over the call of that number, whose process has died; the exit
 * status. */
int service_run_call(struct service *s, const struct call_order *order);

void service_release(struct service *s);

#endif
