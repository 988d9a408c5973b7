#ifndef MCP_CREW_WORKER_H
#define MCP_CREW_WORKER_H

#include "crew.h"
#include "process.h"
#include "rc.h"
#include "run_dir.h"

/*
 * The crew of one process: its parent decides, and its name is a lock in the
 * run folder.  Without a worker (CGI) there is nobody to ask, and the answer
 * is yes; without a folder there is no name (RC_IO).  Whoever stays with a
 * request keeps no house meanwhile; on a host that is drained nobody begins to
 * stay.  Both must outlive the crew.
 */
MUST_CHECK enum rc crew_worker_new(
    struct worker *worker, struct run_dir *dir, struct crew **out);

/* NULL is allowed. */
void crew_worker_free(struct crew *crew);

#endif
