#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi_io.h"
#include "process.h"
#include "wiring.h"

/* What one request may take besides its body and its answer. */
#define ARENA_BASE ((size_t)16 * 1024 * 1024)
/* A JSON document as a tree takes a multiple of its text. */
#define ARENA_PER_BYTE 24
/* Cleaning up by a worker that has nothing else to do. */
#define SWEEP_EVERY_MS 60000
#define SWEEP_ROWS 200

struct app { /* of the parent; children have a copy */
	struct config config;
	struct wiring_options options;
	struct log log;
	int socket;
};

struct service { /* of one process that serves */
	struct app *app;
	struct wiring *wiring;
	struct fcgi_io *io;
	struct arena arena;
	int64_t next_sweep;
};

/* ------------------------------------------------------------ serving */

static bool
service_init(struct service *s, struct app *app,
    const struct wiring_watch *watch, bool may_create)
{
	const struct config *c = &app->config;
	const struct fcgi_io_limits limits = { .body_max = c->body,
		.body_timeout_ms = c->body_timeout_ms,
		/* The same as events, and the head. */
		.answer_max = c->result * 2 };
	struct buf why = BUF_INIT(8192);
	enum rc rc;

	*s = (struct service){ .app = app,
		.arena = ARENA_INIT(ARENA_BASE + c->body * ARENA_PER_BYTE),
		/* Not all of them at the same time. */
		.next_sweep = clock_mono_ms(&clock_system) +
		    SWEEP_EVERY_MS / 2 + getpid() % 64 * SWEEP_EVERY_MS / 64 };
	rc = wiring_open(c, &app->log, watch, may_create, &s->wiring, &why);
	if (rc == RC_OK)
		rc = fcgi_io_open(app->socket, &limits, &clock_system, &s->io);
	if (rc != RC_OK)
		log_event(&app->log, LOG_ERROR, "cannot-serve", "rc=%s why=%s",
		    rc_name(rc), why.len > 0 ? why.ptr : "-");
	buf_release(&why);
	return rc == RC_OK;
}

static void
service_release(struct service *s)
{
	fcgi_io_free(s->io);
	wiring_free(s->wiring);
	arena_release(&s->arena);
	log_flush(&s->app->log);
}

/* One request, if there is one; false: there was none. */
static bool
serve(struct service *s)
{
	struct http_request request;
	struct fcgi_answer answer;
	enum rc rc;

	rc = fcgi_next(s->io, &s->arena, &request);
	if (rc != RC_OK) {
		arena_reset(&s->arena);
		if (rc != RC_NOTFOUND)
			log_event(&s->app->log, LOG_WARNING, "dropped", "rc=%s",
			    rc_name(rc));
		return false;
	}
	wiring_tend(s->wiring);
	/* What went wrong was answered and logged. */
	(void)server_handle(
	    wiring_server(s->wiring), &s->arena, &request, fcgi_sink(s->io));
	fcgi_finish(s->io, &answer);
	if (answer.broken)
		log_event(&s->app->log, LOG_INFO, "not-taken",
		    "status=%d bytes=%zu", answer.status, answer.bytes);
	/* Now, and not before the next one: that may come in an hour. */
	arena_reset(&s->arena);
	return true;
}

/* Nothing to do: forget a few sessions that nobody will miss. */
static int64_t
tidy(void *ctx)
{
	struct service *s = ctx;
	struct server *server = wiring_server(s->wiring);
	int64_t now = clock_mono_ms(&clock_system);
	int64_t wall = clock_wall_ms(&clock_system);
	struct sweep_rules rules =
	    wiring_sweep_rules(&s->app->config, wall, SWEEP_ROWS);
	struct sweep_done done = { 0 };
	struct op op = { .now_ms = wall,
		/* A worker that waits for a lock takes no requests. */
		.give_up_mono = now + 100,
		.relaxed = true,
		.arena = &s->arena };
	enum rc rc;

	log_flush(&s->app->log);
	if (now < s->next_sweep || server->store == NULL)
		return -1;
	arena_reset(&s->arena);
	rc = server->store->ops->sweep(server->store, &op, &rules, &done);
	if (rc == RC_OK && done.forgotten + done.removed > 0) {
		log_event(&s->app->log, LOG_INFO, "swept",
		    "forgotten=%lld removed=%lld", (long long)done.forgotten,
		    (long long)done.removed);
	}
	s->next_sweep = done.more ? now : now + SWEEP_EVERY_MS;
	return -1;
}

static void
group_started(void *ctx, pid_t group)
{
	worker_group_started(ctx, group);
}

static void
group_ended(void *ctx, pid_t group)
{
	worker_group_ended(ctx, group);
}

static int
work(void *ctx, struct worker *worker)
{
	struct app *app = ctx;
	const struct wiring_watch watch = { group_started, group_ended,
		worker };
	struct service s;
	int64_t left = app->config.requests;
	int status = EXIT_FAILURE;

	if (service_init(&s, app, &watch, worker_is_first(worker))) {
		status = EXIT_SUCCESS;
		while (worker_wait(worker, tidy, &s)) {
			if (serve(&s) && left > 0 && --left == 0)
				break;
		}
	}
	service_release(&s);
	return status;
}

/* ------------------------------------------------------------ the ways */

static int
run_cgi(struct app *app)
{
	struct service s;
	int status = EXIT_FAILURE;

	app->socket = -1;
	if (service_init(&s, app, NULL, true) && serve(&s))
		status = EXIT_SUCCESS;
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

static int
run_parent(struct app *app)
{
	const struct config *c = &app->config;
	struct process_options options = {
		.workers = c->workers > 0 ? c->workers : process_processors(),
		.grace_ms = c->grace_ms,
		.log = &app->log,
		.work = work,
		.reload = reload,
		.ctx = app
	};
	struct buf why = BUF_INIT(4096);
	enum rc rc = process_listen(c->socket, c->user, &app->socket, &why);

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
	log_event(&app->log, LOG_INFO, "started", "version=%s workers=%d",
	    wiring_version(), options.workers);
	return process_run(&options);
}

static int
run(struct app *app)
{
	if (app->options.only_check)
		return EXIT_SUCCESS;
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
		    "[-s SOCKET]\n",
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
			       .letters = "c:o:s:nhV" },
		.log = LOG_INIT(log_sink_stderr,
		    is_journal ? &with_priority : NULL, LOG_INFO),
		.socket = -1 };
	int status = dispatch(&app);

	log_release(&app.log);
	config_release(&app.config);
	return status;
}
