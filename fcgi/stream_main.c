/* mcp-stream: the responder that holds event streams (mcp-stream(8)). */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "responder.h"
#include "stream_service.h"

static int
work(void *ctx, struct worker *worker)
{
	struct responder *r = ctx;

	return stream_service_run(&r->config, &r->log, worker, r->socket);
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
run(struct responder *r)
{
	struct process_options options = { .workers = 1, .work = work };

	if (r->config.stream_socket == NULL && !process_has_socket()) {
		(void)fputs("mcp-stream: no socket was given (-s), and none "
			    "was inherited\n",
		    stderr);
		return 2;
	}
	raise_files();
	if (!responder_listen(r, r->config.stream_socket))
		return EXIT_FAILURE;
	log_event(&r->log, LOG_INFO, "started", "version=%s streams=%d",
	    wiring_version(), r->config.streams);
	return responder_serve(r, &options);
}

int
main(int argc, char **argv)
{
	const struct responder_program program = { .name = "mcp-stream",
		.usage = "[-hnV] [-c FILE] [-o KEY=VALUE]... [-s SOCKET]",
		.letters = "c:o:s:nhV",
		.socket_key = "stream.socket",
		.run = run };

	return responder_main(&program, argc, argv);
}
