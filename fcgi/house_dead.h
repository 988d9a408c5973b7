#ifndef MCP_HOUSE_DEAD_H
#define MCP_HOUSE_DEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "log.h"
#include "rc.h"
#include "run_dir.h"
#include "server.h"
#include "store.h"

/*
 * What dead processes left behind.  Their streams get new readers; a tool that
 * still runs on this host is killed; a call that may be run again is ordered
 * from the parent of this host, any other ends with an error.
 */

/* How often some calls were ordered that nobody has taken over yet. */
#define HOUSE_ORDERS 128

struct house_order {
	int64_t call;
	int times;
};

struct house_dead {
	struct log *log;
	struct run_dir *dir;
	char *orders; /* the control socket of mcp-request's parent */
	struct house_order ordered[HOUSE_ORDERS];
	bool is_visit; /* we come once, and no parent may ever come */
};

MUST_CHECK enum rc house_dead_init(
    struct house_dead *d, struct log *log, struct run_dir *dir);

/* May the call be run again, and is there anybody who could take what comes
 * out?  Otherwise it ends with an error. */
bool house_may_run_again(const struct call_row *row);

/* Look for dead processes of this host.  Memory is op's arena. */
void house_dead_here(
    struct house_dead *d, struct server *server, const struct op *op);

/* All processes of that other host are dead. */
void house_dead_host(struct house_dead *d, struct server *server,
    const struct op *op, struct slice host);

void house_dead_release(struct house_dead *d);

#endif
