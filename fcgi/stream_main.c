#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "process.h"
#include "stream_service.h"
#include "wiring.h"

struct app { /* of the parent; its child has a copy */
	struct config config;
	struct wiring_options options;
	struct log log;
	int socket;
};

static int
work(void *ctx, struct worker *worker)
{
	struct app *app = ctx;

	return stream_service_run(&app->config, &app->log, worker, app->socket);
}

/* Before the child is replaced: is there a configuration for the next? */
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

/* Each stream takes a descriptor. */
static void
raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

static int
run_parent(struct app *app)
{
	const struct config *c = &app->config;
	struct process_options options = { .workers = 1,
		.grace_ms = c->grace_ms,
		.log = &app->log,
		.work = work,
		.reload = reload,
		.ctx = app };
	struct buf why = BUF_INIT(4096);
	enum rc rc =
	    process_listen(c->stream_socket, c->user, &app->socket, &why);

	raise_files();
	if (rc == RC_OK && c->user != NULL)
		rc = process_become(c->user, &why);
	if (rc != RC_OK) {
		log_event(&app->log, LOG_ERROR, "cannot-start", "why=%s",
		    why.len > 0 ? why.ptr : rc_name(rc));
		buf_release(&why);
		return EXIT_FAILURE;
	}
	buf_release(&why);
	options.socket = app->socket;
	log_event(&app->log, LOG_INFO, "started", "version=%s streams=%d",
	    wiring_version(), c->streams);
	return process_run(&options);
}

static int
run(struct app *app)
{
	if (app->options.only_check)
		return EXIT_SUCCESS;
	if (app->config.stream_socket != NULL || process_has_socket())
		return run_parent(app);
	(void)fputs("mcp-stream: no socket was given (-s), and none was "
		    "inherited\n",
	    stderr);
	return 2;
}

static int
usage(FILE *to)
{
	(void)fputs("usage: mcp-stream [-hnV] [-c FILE] [-o KEY=VALUE]... "
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
		(void)printf("mcp-stream %s\n", wiring_version());
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
			       .letters = "c:o:s:nhV",
			       .socket_key = "stream.socket" },
		.log = LOG_INIT(log_sink_stderr,
		    is_journal ? &with_priority : NULL, LOG_INFO),
		.socket = -1 };
	int status = dispatch(&app);

	log_release(&app.log);
	config_release(&app.config);
	return status;
}
