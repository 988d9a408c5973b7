/* mcpctl: the operator's tool (mcpctl(8)). */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "seal.h"
#include "wiring.h"

static const struct {
	const char *name;
	int (*run)(struct ctl *, int, char **);
	const char *sentence;
} commands[] = {
	{ "call", ctl_call, "cancel a call" },
	{ "calls", ctl_calls, "list calls that are running" },
	{ "check", ctl_check,
	    "check the configuration, the catalog, the database" },
	{ "host", ctl_host, "list hosts, take one out of service" },
	{ "hosts", ctl_hosts, "list hosts that share the store" },
	{ "key", ctl_key, "list, rotate, end keys of the cluster" },
	{ "manual", ctl_manual, "print the manual page of the configuration" },
	{ "notify", ctl_notify, "say that a list or a resource has changed" },
	{ "schema", ctl_schema,
	    "compare the tables with what this program knows" },
	{ "session", ctl_session, "list, show, end, export, import sessions" },
	{ "store", ctl_store_command, "say that the store was restored" },
	{ "sweep", ctl_sweep, "remove what is idle or too old" },
	{ "tasks", ctl_tasks, "list tasks" },
	{ "version", ctl_version, "say which version this is" },
};

static int
usage(FILE *to)
{
	(void)fputs(
	    "usage: mcpctl [-c FILE] [-o KEY=VALUE]... COMMAND [ARGUMENT]...\n",
	    to);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		(void)fprintf(
		    to, "  %-8s %s\n", commands[i].name, commands[i].sentence);
	return to == stderr ? 2 : 0;
}

static int
dispatch(struct ctl *ctl, int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[0], commands[i].name) == 0)
			return commands[i].run(ctl, argc, argv);
	}
	return usage(stderr);
}

int
main(int argc, char **argv)
{
	struct ctl ctl = { .log = LOG_INIT(log_sink_stderr, NULL, LOG_WARNING),
		.arena = ARENA_INIT((size_t)64 * 1024 * 1024) };
	struct wiring_options options = {
		.argc = argc, .argv = argv, .letters = "+c:o:hV"
	};
	int status;

	if (seal_init() != RC_OK)
		return 1;
	switch (wiring_options(&options, &ctl.config)) {
	case WIRING_GO:
		break;
	case WIRING_HELP:
		return usage(stdout);
	case WIRING_VERSION:
		return ctl_version(&ctl, 1, argv);
	case WIRING_USAGE:
		return usage(stderr);
	case WIRING_BAD:
		return 1;
	}
	if (options.rest >= argc)
		return usage(stderr);
	status = dispatch(&ctl, argc - options.rest, argv + options.rest);
	ctl_release(&ctl);
	arena_release(&ctl.arena);
	log_release(&ctl.log);
	config_release(&ctl.config);
	return status;
}
