#include "responder.h"

#include <stdio.h>
#include <stdlib.h>

bool
responder_listen(struct responder *r, const char *where)
{
	const char *user = r->config.user;
	struct buf why = BUF_INIT(4096);
	enum rc rc = process_listen(where, user, &r->socket, &why);

	if (rc == RC_OK && user != NULL)
		rc = process_become(user, &why);
	if (rc != RC_OK)
		log_event(&r->log, LOG_ERROR, "cannot-start", "why=%s",
		    why.len > 0 ? why.ptr : rc_name(rc));
	buf_release(&why);
	return rc == RC_OK;
}

/* Before children are replaced: is there a configuration for the next? */
static bool
reload(void *ctx)
{
	struct responder *r = ctx;
	struct wiring_options options = r->options;
	struct config config;

	/* What was found by default is looked for again. */
	options.config_file = NULL;
	if (wiring_options(&options, &config) != WIRING_GO) {
		config_release(&config);
		log_event(&r->log, LOG_ERROR, "not-reloaded", "%s",
		    "the configuration is broken");
		return false;
	}
	config_release(&r->config);
	r->config = config;
	r->options = options;
	r->log.level = config.log_level;
	return true;
}

int
responder_serve(struct responder *r, struct process_options *options)
{
	options->socket = r->socket;
	options->grace_ms = r->config.grace_ms;
	options->log = &r->log;
	options->reload = reload;
	options->ctx = r;
	return process_run(options);
}

static int
usage(const struct responder_program *program, FILE *to)
{
	(void)fprintf(to, "usage: %s %s\n", program->name, program->usage);
	return to == stderr ? 2 : EXIT_SUCCESS;
}

static int
dispatch(const struct responder_program *program, struct responder *r)
{
	switch (wiring_options(&r->options, &r->config)) {
	case WIRING_GO:
		break;
	case WIRING_HELP:
		return usage(program, stdout);
	case WIRING_VERSION:
		(void)printf("%s %s\n", program->name, wiring_version());
		return EXIT_SUCCESS;
	case WIRING_USAGE:
		return usage(program, stderr);
	case WIRING_BAD:
		return EXIT_FAILURE;
	}
	if (r->options.rest < r->options.argc)
		return usage(program, stderr);
	r->log.level = r->config.log_level;
	return r->options.only_check ? EXIT_SUCCESS : program->run(r);
}

int
responder_main(const struct responder_program *program, int argc, char **argv)
{
	/* The journal takes priorities; a file or a terminal does not. */
	static char with_priority;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	bool is_journal = getenv("JOURNAL_STREAM") != NULL;
	struct responder r = { .options = { .argc = argc,
				   .argv = argv,
				   .letters = program->letters,
				   .socket_key = program->socket_key },
		.log = LOG_INIT(log_sink_stderr,
		    is_journal ? &with_priority : NULL, LOG_INFO),
		.socket = -1 };
	int status = dispatch(program, &r);

	log_release(&r.log);
	config_release(&r.config);
	return status;
}
