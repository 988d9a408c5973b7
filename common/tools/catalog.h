#ifndef MCP_CATALOG_H
#define MCP_CATALOG_H

#include "buf.h"
#include "clock.h"
#include "log.h"
#include "module.h"
#include "rc.h"
#include "tool.h"
#include "tool_program.h"

/*
 * All tools of a server: the folder of definitions (tools/<name>.json) and
 * the C modules, in one list sorted by name.
 *
 * The folder is looked at again once per `check_ms`; what was edited, added or
 * removed is taken up without a restart.  A definition that loads is copied
 * to tools/ in `state` (written under a temporary name, then renamed); a file
 * that is broken is reported once per edit, and the copy serves in its place,
 * in every process of the host, whenever it was started.  Removing a file
 * removes the tool and the copy.  Files whose names begin with '.' or do not
 * end in .json are not definitions.  Two definitions of one name: the file
 * that sorts first wins, a module's tool wins over a file's; the other is
 * reported.
 */
struct catalog;

struct catalog_options {
	const char *folder; /* the definitions are in its tools/; NULL: none */
	const char *state;  /* copies go to its tools/; NULL: keep none */
	const struct module *const *modules;
	size_t n_modules;
	int64_t check_ms;
	const struct program_host *host;
	const struct clock *clock;
	struct log *log;
};

/* Open.  A folder that cannot be read is RC_IO with a sentence in `why`; a
 * broken definition is not an error.  Modules, host, clock and log must
 * outlive the catalog. */
MUST_CHECK enum rc catalog_open(
    const struct catalog_options *, struct catalog **out, struct buf *why);

/* The catalog as a toolbox. */
struct toolbox *catalog_toolbox(struct catalog *);

/*
 * Check every definition of a folder without serving it: findings and hints,
 * one per line, "FILE:LINE: error: ..." or "... hint: ...", are appended.
 * *errors counts the errors.
 */
MUST_CHECK enum rc catalog_check(const char *folder,
    const struct module *const *modules, size_t n_modules, struct buf *out,
    size_t *errors);

void catalog_free(struct catalog *);

#endif
