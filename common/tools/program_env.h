#ifndef MCP_PROGRAM_ENV_H
#define MCP_PROGRAM_ENV_H

#include "rc.h"
#include "tool.h"
#include "tool_program.h"

/* PATH of a host that names none. */
#define PROGRAM_PATH "/usr/local/bin:/usr/bin:/bin"

/*
 * The environment of a program for one call, ending with NULL, in the call's
 * arena.  Arguments that would make it larger than the kernel allows are left
 * out: standard input always has them all.  RC_NOMEM.
 */
MUST_CHECK enum rc program_env(
    const struct program *p, const struct tool_call *call, char *const **out);

/*
 * The file to execute: argv[0] if it has a '/', else the first executable of
 * that name in the host's PATH (absolute folders of it only) or its bin.
 * RC_NOTFOUND, RC_NOMEM.
 */
MUST_CHECK enum rc program_find(
    const struct program *p, struct arena *a, const char **out);

#endif
