#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"
#include "rng.h"
#include "run_dir.h"
#include "service.h"
#include "wiring.h"

/* One of so many CGI requests looks after what others left behind. */
#define VISIT_ONE_IN 100
/* Processes that wait with their calls, where nothing else is said. */
#define WAITING_MAX 4096

struct app { /* of the parent; children have a copy */
	struct config config;
	struct wiring_options options;
	struct log log;
	int socket;
};

/* ---------------------------------------------------------- processes */

static int
work(void *ctx, struct worker *worker)
{
	struct app *app = ctx;
	const struct service_options options = { .config = &app->config,
		.log = &app->log,
		.worker = worker,
		.socket = app->socket,
		.takes_requests = true,
		.may_create = worker_is_first(worker) };
	struct service s;
	int64_t left = app->config.requests;
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
order(void *ctx, struct worker *worker, int64_t call)
{
	struct app *app = ctx;
	const struct service_options options = { .config = &app->config,
		.log = &app->log,
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

static int
run_cgi(struct app *app)
{
	const struct service_options options = { .config = &app->config,
		.log = &app->log,
		.socket = -1,
		.takes_requests = true,
		.may_create = true };
	struct service s;
	int status = EXIT_FAILURE;

	if (service_init(&s, &options) && service_serve(&s))
		status = EXIT_SUCCESS;
	if (status == EXIT_SUCCESS && getpid() % VISIT_ONE_IN == 0)
		service_visit(&s);
	service_release(&s);
	return status;
}

/* Before the workers are replaced: is there a configuration for them? */
static bool
reload(void *ctx)
{
	struct app *app = ctx;
	struct wiring_options options = app->options;
	struct config config;

	/* What was found by default is looked for again. */
	options.config_file = NULL;
	if (wiring_options(&options, &config) != WIRING_GO) {
		config_release(&config);
		log_event(&app->log, LOG_ERROR, "not-reloaded", "%s",
		    "the configuration is broken");
		return false;
	}
	config_release(&app->config);
	app->config = config;
	app->options = options;
	app->log.level = config.log_level;
	return true;
}

/* Where orders come in; NULL without a folder, which workers complain of. */
static char *
orders_path(const struct app *app)
{
	struct buf why = BUF_INIT(4096);
	struct run_dir *dir = NULL;
	char *path = NULL;

	if (run_dir_open(app->config.state, &rng_system, &dir, &why) == RC_OK)
		path = run_dir_path(dir, "orders");
	run_dir_free(dir);
	buf_release(&why);
	return path;
}

/* Those that run and those that wait: which is which the store counts. */
static int
most_calls(const struct config *c)
{
	const bool is_bounded =
	    c->calls_waiting > 0 && c->calls_waiting < WAITING_MAX;

	return c->calls + (is_bounded ? c->calls_waiting : WAITING_MAX);
}

static int
run_parent(struct app *app)
{
	const struct config *c = &app->config;
	struct process_options options = {
		.workers = c->workers > 0 ? c->workers : process_processors(),
		.calls = most_calls(c),
		.held = c->held,
		.grace_ms = c->grace_ms,
		.log = &app->log,
		.work = work,
		.order = order,
		.reload = reload,
		.ctx = app
	};
	struct buf why = BUF_INIT(4096);
	char *orders = NULL;
	enum rc rc = process_listen(c->socket, c->user, &app->socket, &why);
	int status;

	if (rc == RC_OK && c->user != NULL)
		rc = process_become(c->user, &why);
	if (rc != RC_OK) {
		log_event(&app->log, LOG_ERROR, "cannot-start", "why=%s",
		    why.len > 0 ? why.ptr : rc_name(rc));
		buf_release(&why);
		return EXIT_FAILURE;
	}
	buf_release(&why);
	/* Made if it can be; who needs it says so. */
	(void)mkdir(c->state, 0750);
	options.socket = app->socket;
	orders = orders_path(app);
	options.orders = orders;
	log_event(&app->log, LOG_INFO, "started", "version=%s workers=%d",
	    wiring_version(), options.workers);
	status = process_run(&options);
	free(orders);
	return status;
}

static int
run(struct app *app)
{
	if (app->options.only_check)
		return EXIT_SUCCESS;
	if (app->options.call != 0)
		return order(app, NULL, app->options.call);
	if (app->config.socket != NULL || process_has_socket())
		return run_parent(app);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	if (getenv("REQUEST_METHOD") != NULL)
		return run_cgi(app);
	(void)fputs("mcp-request: no socket was given (-s), none was "
		    "inherited, and this is no CGI request\n",
	    stderr);
	return 2;
}

static int
usage(FILE *to)
{
	(void)fputs("usage: mcp-request [-hnV] [-c FILE] [-o KEY=VALUE]... "
		    "[-r CALL | -s SOCKET]\n",
	    to);
	return to == stderr ? 2 : EXIT_SUCCESS;
}

static int
dispatch(struct app *app)
{
	switch (wiring_options(&app->options, &app->config)) {
	case WIRING_GO:
		break;
	case WIRING_HELP:
		return usage(stdout);
	case WIRING_VERSION:
		(void)printf("mcp-request %s\n", wiring_version());
		return EXIT_SUCCESS;
	case WIRING_USAGE:
		return usage(stderr);
	case WIRING_BAD:
		return EXIT_FAILURE;
	}
	if (app->options.rest < app->options.argc)
		return usage(stderr);
	app->log.level = app->config.log_level;
	return run(app);
}

int
main(int argc, char **argv)
{
	/* The journal takes priorities; a file or a terminal does not. */
	static char with_priority;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	bool is_journal = getenv("JOURNAL_STREAM") != NULL;
	struct app app = { .options = { .argc = argc,
			       .argv = argv,
			       .letters = "c:o:r:s:nhV" },
		.log = LOG_INIT(log_sink_stderr,
		    is_journal ? &with_priority : NULL, LOG_INFO),
		.socket = -1 };
	int status = dispatch(&app);

	log_release(&app.log);
	config_release(&app.config);
	return status;
}
