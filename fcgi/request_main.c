/* mcp-request: the responder that answers requests (mcp-request(8)). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "responder.h"
#include "rng.h"
#include "run_dir.h"
#include "service.h"

/* One of so many CGI requests looks after what others left behind. */
#define VISIT_ONE_IN 100
/* Processes that wait with their calls, where nothing else is said. */
#define WAITING_MAX 4096

/* ---------------------------------------------------------- processes */

static int
work(void *ctx, struct worker *worker)
{
	struct responder *r = ctx;
	const struct service_options options = { .config = &r->config,
		.log = &r->log,
		.worker = worker,
		.socket = r->socket,
		.takes_requests = true,
		.may_create = worker_is_first(worker) };
	struct service s;
	int64_t left = r->config.requests;
	int status = EXIT_FAILURE;

	if (service_init(&s, &options)) {
		status = EXIT_SUCCESS;
		while (worker_wait(worker, service_tidy, &s)) {
			if (service_serve(&s) && left > 0 && --left == 0)
				break;
			/* Also if there is never a quiet moment. */
			(void)service_upkeep(&s);
		}
	}
	service_release(&s);
	return status;
}

/* One call whose runner died; `worker` is NULL without a parent. */
static int
order(void *ctx, struct worker *worker, const struct call_order *call)
{
	struct responder *r = ctx;
	const struct service_options options = { .config = &r->config,
		.log = &r->log,
		.worker = worker,
		.socket = -1 };
	struct service s;
	int status = EXIT_FAILURE;

	if (service_init(&s, &options))
		status = service_run_call(&s, call);
	service_release(&s);
	return status;
}

/* ------------------------------------------------------------ the ways */

/*
 * Who opens a stream may wait for a call whose process is dead, and nobody
 * else may ever come; otherwise it is enough now and then.
 */
static bool
is_visit_due(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *method = getenv("REQUEST_METHOD");
	unsigned char chance[2] = { 0, 0 };

	if (method != NULL && strcmp(method, "GET") == 0)
		return true;
	return rng_fill(&rng_system, chance, sizeof(chance)) == RC_OK &&
	    (chance[0] << 8 | chance[1]) % VISIT_ONE_IN == 0;
}

static int
run_cgi(struct responder *r)
{
	const struct service_options options = { .config = &r->config,
		.log = &r->log,
		.socket = -1,
		.takes_requests = true,
		.may_create = true };
	struct service s;
	int status = EXIT_FAILURE;

	if (service_init(&s, &options)) {
		if (is_visit_due())
			service_visit(&s);
		if (service_serve(&s))
			status = EXIT_SUCCESS;
	}
	service_release(&s);
	return status;
}

/* Where orders come in; NULL without a folder, which workers complain of. */
static char *
orders_path(const struct config *config)
{
	struct buf why = BUF_INIT(4096);
	struct run_dir *dir = NULL;
	char *path = NULL;

	if (run_dir_open(config->state, &rng_system, &dir, &why) == RC_OK)
		path = run_dir_path(dir, "orders");
	run_dir_free(dir);
	buf_release(&why);
	return path;
}

/* Those that run and those that wait: which is which the store counts.  And
 * those whose answer is out but who have not said so here yet: a client may be
 * faster with its next call. */
static int
most_calls(const struct config *c, int workers)
{
	const bool is_bounded =
	    c->calls_waiting > 0 && c->calls_waiting < WAITING_MAX;

	return c->calls + (is_bounded ? c->calls_waiting : WAITING_MAX) +
	    workers;
}

static int
run_parent(struct responder *r)
{
	const struct config *c = &r->config;
	const int workers = c->workers > 0 ? c->workers : process_processors();
	struct process_options options = { .workers = workers,
		.calls = most_calls(c, workers),
		.held = c->held,
		.work = work,
		.order = order };
	char *orders;
	int status;

	if (!responder_listen(r, c->socket))
		return EXIT_FAILURE;
	/* Made if it can be; who needs it says so. */
	(void)mkdir(c->state, 0750);
	orders = orders_path(c);
	options.orders = orders;
	log_event(&r->log, LOG_INFO, "started", "version=%s workers=%d",
	    wiring_version(), options.workers);
	status = responder_serve(r, &options);
	free(orders);
	return status;
}

static int
run(struct responder *r)
{
	const struct call_order call = { r->options.call, 0 };

	if (call.call != 0)
		return order(r, NULL, &call);
	if (r->config.socket != NULL || process_has_socket())
		return run_parent(r);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	if (getenv("REQUEST_METHOD") != NULL)
		return run_cgi(r);
	(void)fputs("mcp-request: no socket was given (-s), none was "
		    "inherited, and this is no CGI request\n",
	    stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	const struct responder_program program = { .name = "mcp-request",
		.usage = "[-hnV] [-c FILE] [-o KEY=VALUE]... "
			 "[-r CALL | -s SOCKET]",
		.letters = "c:o:r:s:nhV",
		.run = run };

	return responder_main(&program, argc, argv);
}
