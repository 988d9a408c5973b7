#ifndef MCP_TOOL_PROGRAM_H
#define MCP_TOOL_PROGRAM_H

#include <stdint.h>
#include <sys/types.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "json.h"
#include "log.h"
#include "rc.h"
#include "tool.h"

/*
 * A program that serves a tool, a prompt, a resource or a template, or
 * completes an argument.
 *
 * Arguments go to its standard input as one JSON object, byte for byte as the
 * client sent them, and each scalar one as MCP_ARG_<NAME> (upper case, other
 * bytes than letters and digits as '_'; not if it is null or very long).  The
 * context is in MCP_TOOL (whatever it serves, the name, or the uri or
 * uriTemplate), MCP_REVISION, MCP_PRINCIPAL, MCP_SESSION, MCP_REQUEST_ID; of a
 * resource MCP_URI.  One that completes gets the params of the request, the
 * arguments that are known already as MCP_ARG_<NAME>, MCP_ARGUMENT and
 * MCP_VALUE.  Nothing else is in its environment but PATH, HOME, LANG, TMPDIR
 * and what `run.env` sets.
 * What it prints becomes the result as `run.output` says; status 66
 * (EX_NOINPUT) of a resource's says that there is none; another than 0, or a
 * signal, becomes an error with the end of its standard error.
 * Meanwhile it may speak on descriptor 3 and hear on 4: see program_say.h.
 *
 * It runs in a process group of its own, with every descriptor of ours
 * closed, under limits on time, output and memory; the group is killed when
 * a limit is met, when the call is cancelled, and always when it has ended.
 */
struct program {
	char *const *argv;  /* argv[0] is absolute if it has a '/' */
	const char *folder; /* working directory */
	char *const *env;   /* NAME=value from run.env */
	enum program_output {
		PROGRAM_TEXT,  /* standard output is text */
		PROGRAM_JSON,  /* is JSON: structuredContent */
		PROGRAM_MEDIA, /* is bytes of `mime` */
		PROGRAM_RESULT /* is a whole result, as tool_set_result() */
	} output;
	struct slice mime;
	/* Limits; 0: what the host says. */
	int64_t timeout_ms;
	size_t output_max; /* bytes of standard output */
	uint64_t memory;   /* RLIMIT_AS, bytes */
	/* enum tool_flag for its struct tool, and which of them it may not have
	 * whatever its definition says. */
	unsigned flags;
	unsigned not_flags;
	uint32_t needs; /* enum client_cap, for its struct tool */
	const struct program_host *host;
};

/* What a host that names no limits of its own has. */
#define PROGRAM_TIMEOUT_MS ((int64_t)30 * 1000)
#define PROGRAM_OUTPUT_MAX ((size_t)4 * 1024 * 1024)

/* What the process that runs programs lends them. */
struct program_host {
	const struct clock *clock;
	/* The process group that was just started (before exec) and that has
	 * just been killed and reaped; either may be NULL. */
	void (*started)(void *ctx, pid_t group);
	void (*ended)(void *ctx, pid_t group);
	void *ctx;
	/* For tools that set none; 0: PROGRAM_TIMEOUT_MS, PROGRAM_OUTPUT_MAX,
	 * no limit on memory. */
	int64_t timeout_ms;
	size_t output_max;
	uint64_t memory;
	int64_t timeout_max_ms; /* over any tool's own; 0: none */
	struct log *log;        /* for what programs say; NULL: nobody */
	const char *path;       /* PATH for programs; NULL: the usual one */
	const char *bin; /* folder at the end of it, of mcp-tell; or NULL */
};

/*
 * Understand the member `run` of a definition, a value within `text`.
 * `folder` is where the definition's file lies, as an absolute path.  Findings
 * as in definition_read().  Everything in *out belongs to the arena; its host
 * is for the caller to set.
 */
MUST_CHECK enum rc program_read(const struct json *run, struct slice text,
    const char *folder, struct arena *a, struct program *out, struct buf *why);

/*
 * Its struct tool.call; tool.ctx is the struct program.  TOOL_FAILED: the
 * result is an error that says why, or call->failed names a failure of ours.
 * TOOL_AGAIN: it asked, was told that the answers are pending, and has left.
 */
enum tool_done program_call(const struct tool *, struct tool_call *);

/* The same of a program that is known otherwise. */
enum tool_done program_serve(const struct program *, struct tool_call *);

/* What a call ends with whose result was built, or not, with this rc. */
enum tool_done program_done(struct tool_call *, enum rc rc);

/* Bytes that a call may bring forth. */
size_t program_output_max(const struct program_host *);

#endif
