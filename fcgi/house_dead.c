#include "house_dead.h"

#include <signal.h>
#include <stdlib.h>

#include "clock.h"
#include "process.h"
#include "program_stat.h"
#include "running.h"

/* Of one tick. */
#define DEAD_MAX 64
/* Calls of one dead process in one tick: each may bring a whole request. */
#define CALLS_MAX 8
/* What all of them may take. */
#define BYTES_MAX ((size_t)32 * 1024 * 1024)
/* Orders that nobody followed, one per tick: then it is hopeless. */
#define ORDERS_MAX 30
/* The same if there is no parent: one that died is started again. */
#define UNHEARD_MAX 3

enum rc
house_dead_init(struct house_dead *d, struct log *log, struct run_dir *dir)
{
	*d = (struct house_dead){ .log = log, .dir = dir };
	if (dir == NULL)
		return RC_OK;
	d->orders = run_dir_path(dir, "orders");
	return d->orders == NULL ? RC_NOMEM : RC_OK;
}

void
house_dead_release(struct house_dead *d)
{
	free(d->orders);
	*d = (struct house_dead){ .log = NULL };
}

/* --------------------------------------------------------------- tools */

/* Not another's group that has got the same number meanwhile. */
static void
kill_group(const struct house_dead *d, const struct call_row *row)
{
	if (row->group <= 1 || row->group > INT32_MAX ||
	    row->group_start == 0 ||
	    program_stat_start(row->group) != row->group_start)
		return;
	log_event(d->log, LOG_WARNING, "tool-killed", "call=%lld group=%lld",
	    (long long)row->number, (long long)row->group);
	(void)kill(-(pid_t)row->group, SIGKILL);
}

/* --------------------------------------------------------------- calls */

bool
house_may_run_again(const struct call_row *row)
{
	return row->is_repeatable && row->runs < row->runs_max &&
	    !row->is_cancelled && (row->stream != 0 || row->task != 0);
}

/* True if somebody was told to run it, or will be, and may still do so.  A
 * parent that has many orders to read takes this one at another tick. */
static bool
order(struct house_dead *d, const struct call_row *row)
{
	const struct call_order order = { row->number, row->epoch };
	struct house_order *o =
	    &d->ordered[(uint64_t)row->number % HOUSE_ORDERS];
	enum rc rc;

	if (o->call != row->number)
		*o = (struct house_order){ row->number, 0 };
	rc = process_order(d->orders, &order);
	o->times++;
	return o->times <= (rc == RC_IO ? UNHEARD_MAX : ORDERS_MAX);
}

static void
settle_call(struct house_dead *d, struct server *server, const struct op *op,
    const struct call_row *row)
{
	bool is_ordered = house_may_run_again(row) && order(d, row);
	enum rc rc = RC_OK;

	if (!is_ordered)
		rc = running_give_up(server, op->arena, row);
	/* Somebody else was faster. */
	if (rc == RC_CONFLICT || rc == RC_NOTFOUND)
		return;
	log_event(d->log, LOG_WARNING, "call-lost",
	    "call=%lld runs=%d now=%s rc=%s", (long long)row->number, row->runs,
	    is_ordered ? "ordered" : "ended", rc_name(rc));
}

/* ----------------------------------------------------------- processes */

/* True if nothing in the store names it any more. */
static bool
bury(struct house_dead *d, struct server *server, const struct op *op,
    struct slice owner, bool is_here)
{
	const struct call_filter filter = {
		.owner = owner, .state = CALL_RUNNING, .limit = CALLS_MAX
	};
	struct store *store = server->store;
	struct call_rows rows = { NULL, 0 };
	enum rc rc = store->ops->calls_list(store, op, &filter, &rows);

	for (size_t i = 0; rc == RC_OK && is_here && i < rows.n; i++)
		kill_group(d, &rows.row[i]);
	if (rc == RC_OK)
		rc = store->ops->owner_gone(store, op, owner);
	for (size_t i = 0; rc == RC_OK && i < rows.n; i++)
		settle_call(d, server, op, &rows.row[i]);
	if (rc != RC_OK) {
		log_event(d->log, LOG_WARNING, "house",
		    "what=bury process=%.*s rc=%s", SLICE_FMT(owner),
		    rc_name(rc));
	}
	return rc == RC_OK && rows.n == 0;
}

/* A tick is short; the next one goes on. */
static bool
has_time(const struct op *op)
{
	return clock_mono_ms(&clock_system) < op->give_up_mono &&
	    op->arena->used < BYTES_MAX;
}

static bool
is_among(struct slice name, const struct slice *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_eq(name, names[i]))
			return true;
	}
	return false;
}

void
house_dead_here(
    struct house_dead *d, struct server *server, const struct op *op)
{
	struct store *store = server->store;
	struct slice dead[DEAD_MAX];
	struct slice *owners = NULL;
	size_t n_dead = 0;
	size_t n = 0;

	if (run_dir_dead(d->dir, op->arena, dead, DEAD_MAX, &n_dead) != RC_OK)
		n_dead = 0;
	for (size_t i = 0; i < n_dead && has_time(op); i++) {
		if (bury(d, server, op, dead[i], true))
			run_dir_forget(d->dir, dead[i]);
	}
	/* And those whose files are gone. */
	if (store->ops->owners(store, op, run_dir_host(d->dir), &owners, &n) !=
	    RC_OK)
		return;
	for (size_t i = 0; i < n && has_time(op); i++) {
		if (!is_among(owners[i], dead, n_dead) &&
		    !run_dir_is_alive(d->dir, owners[i]))
			(void)bury(d, server, op, owners[i], true);
	}
}

void
house_dead_host(struct house_dead *d, struct server *server,
    const struct op *op, struct slice host)
{
	struct store *store = server->store;
	struct slice *owners = NULL;
	size_t n = 0;
	enum rc rc = store->ops->owners(store, op, host, &owners, &n);

	if (rc != RC_OK || n == 0)
		return;
	log_event(d->log, LOG_WARNING, "host-dead", "host=%.*s processes=%zu",
	    SLICE_FMT(host), n);
	for (size_t i = 0; i < n && has_time(op); i++)
		(void)bury(d, server, op, owners[i], false);
}
