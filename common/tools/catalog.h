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
 * All that a server offers: the definitions of a folder, in its tools/,
 * prompts/ and resources/ (each may be absent), and the C modules, in one list
 * for each kind, sorted by name.  In resources/ are templates, too, and folders
 * whose files are resources each.
 *
 * A folder is looked at again once per `check_ms`, when somebody asks for what
 * is there; what was edited, added or removed is taken up without a restart.
 * A definition that loads is copied to a folder of the same name in `state`
 * (written under a temporary name, then renamed); a file that is broken is
 * reported once per edit, and the copy serves in its place, in every process
 * of the host, whenever it was started.  Removing a file removes the
 * definition and the copy.  Files whose names begin with '.' or do not end in
 * .json are not definitions.  Two definitions of one name and kind: the file
 * that sorts first wins, a module's wins over a file's; the other is reported.
 */
struct catalog;

struct catalog_options {
	const char *folder; /* of the definitions; NULL: none */
	const char *state;  /* copies go there; NULL: keep none */
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
