/* mcpctl host: which hosts there are, and taking one out of service. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "ctl.h"
#include "host_watch.h"
#include "rng.h"
#include "run_dir.h"
#include "text.h"

/* Between two looks whether a host is empty. */
#define WAIT_MS 250
/* So long it must have been: a call that was let in before it was told may not
 * have its row yet. */
#define EMPTY_MS 1000
/* The beats of another host from which on it has read what it was told: one
 * may have been on its way. */
#define BEATS 2

struct host_order {
	bool drains;
	bool waits;
	bool is_here;
	struct slice name;
};

static int
usage(void)
{
	(void)fputs("usage: mcpctl host list\n"
		    "       mcpctl host drain [--wait] [NAME]\n"
		    "       mcpctl host undrain [NAME]\n",
	    stderr);
	return 2;
}

/* This host's folder; NULL if there is none, which is said if somebody needs
 * it. */
static struct run_dir *
open_folder(struct ctl *ctl, bool must_be_there)
{
	struct buf why = BUF_INIT(4096);
	struct run_dir *dir = NULL;

	if (run_dir_open(ctl->config.state, &rng_system, &dir, &why) != RC_OK) {
		dir = NULL;
		if (must_be_there)
			(void)fprintf(stderr, "mcpctl: %s\n",
			    why.len > 0 ? why.ptr : "no state folder");
	}
	buf_release(&why);
	return dir;
}

/* ---------------------------------------------------------------- list */

/* How many processes of it own a call or a stream. */
static enum rc
count_owners(struct ctl *ctl, struct store *store, struct slice host, size_t *n)
{
	struct op op = ctl_op(ctl);
	struct slice *names = NULL;

	*n = 0;
	return store->ops->owners(store, &op, host, &names, n);
}

static enum rc
print_host(struct ctl *ctl, struct store *store, const struct host_row *row,
    bool is_here)
{
	struct buf line = BUF_INIT(1024);
	size_t n;
	enum rc rc = count_owners(ctl, store, row->name, &n);

	if (rc != RC_OK)
		return rc;
	buf_printf(&line, "%.*s  ", SLICE_FMT(row->name));
	text_put_time(&line, row->at);
	buf_printf(&line, "  %lld  processes=%zu%s%s", (long long)row->beat, n,
	    row->is_draining ? "  draining" : "", is_here ? "  here" : "");
	(void)printf("%s\n", line.ptr == NULL ? "?" : line.ptr);
	buf_release(&line);
	return RC_OK;
}

static enum rc
list(struct ctl *ctl, struct store *store, const struct run_dir *dir)
{
	struct host_rows rows = { NULL, 0 };
	struct op op = ctl_op(ctl);
	enum rc rc = store->ops->hosts(store, &op, &rows);

	for (size_t i = 0; rc == RC_OK && i < rows.n; i++) {
		const struct host_row *row = &rows.row[i];

		rc = print_host(ctl, store, row,
		    dir != NULL && slice_eq(row->name, run_dir_host(dir)));
	}
	return rc;
}

int
ctl_hosts(struct ctl *ctl, int argc, char **argv)
{
	struct store *store;
	struct run_dir *dir;
	enum rc rc;

	if (argc != 1) {
		(void)fprintf(stderr, "usage: mcpctl %s\n", argv[0]);
		return 2;
	}
	store = ctl_store(ctl);
	if (store == NULL)
		return 1;
	dir = open_folder(ctl, false);
	rc = list(ctl, store, dir);
	run_dir_free(dir);
	return rc == RC_OK ? 0 : ctl_failed("hosts", rc);
}

/* ------------------------------------------------------- drain, undrain */

static bool
read_order(int argc, char **argv, struct host_order *order)
{
	int at = 2;

	*order = (struct host_order){ .is_here = true };
	if (argc < 2)
		return false;
	order->drains = strcmp(argv[1], "drain") == 0;
	if (!order->drains && strcmp(argv[1], "undrain") != 0)
		return false;
	if (at < argc && order->drains && strcmp(argv[at], "--wait") == 0) {
		order->waits = true;
		at++;
	}
	if (at < argc && argv[at][0] != '-') {
		order->name = slice_of(argv[at++]);
		order->is_here = false;
	}
	return at == argc;
}

/* RC_NOTFOUND: a name that is none would be a new host. */
static enum rc
find(struct ctl *ctl, struct store *store, struct slice name, int64_t *beat)
{
	struct host_rows rows = { NULL, 0 };
	struct op op = ctl_op(ctl);
	enum rc rc = store->ops->hosts(store, &op, &rows);

	for (size_t i = 0; rc == RC_OK && i < rows.n; i++) {
		*beat = rows.row[i].beat;
		if (slice_eq(rows.row[i].name, name))
			return RC_OK;
	}
	return rc == RC_OK ? RC_NOTFOUND : rc;
}

static void
nap(void)
{
	const struct timespec t = { 0, (long)WAIT_MS * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* How a host has been since it was told. */
struct host_wait {
	struct slice name;
	bool is_told;   /* all its processes know */
	int64_t beat;   /* the first one that was seen */
	int64_t begun;  /* monotonic ms */
	int64_t filled; /* when it was last seen not to be empty */
	size_t n;       /* processes that own something */
};

/* One that does not live need not be told. */
static enum rc
look_if_told(struct ctl *ctl, struct store *store, struct host_wait *w)
{
	const int64_t past = clock_mono_ms(&clock_system) - w->begun;
	int64_t beat = w->beat;
	enum rc rc = w->is_told ? RC_OK : find(ctl, store, w->name, &beat);

	w->is_told = w->is_told ||
	    (rc == RC_OK &&
		(beat - w->beat >= BEATS ||
		    (beat == w->beat && past >= HOST_DEAD_MS)));
	return rc;
}

/* How many processes there are is said when that changes. */
static enum rc
look(struct ctl *ctl, struct store *store, struct host_wait *w)
{
	size_t n = 0;
	enum rc rc = look_if_told(ctl, store, w);

	if (rc == RC_OK)
		rc = count_owners(ctl, store, w->name, &n);
	if (rc != RC_OK || n > 0 || !w->is_told)
		w->filled = clock_mono_ms(&clock_system);
	if (rc == RC_OK && n > 0 && n != w->n)
		(void)printf("%zu processes at work\n", n);
	if (rc == RC_OK)
		w->n = n;
	(void)fflush(stdout);
	arena_reset(&ctl->arena);
	return rc;
}

/* Until it was told and no process of it owns anything.  A store that fails for
 * a moment is asked again. */
static int
wait_until_empty(struct ctl *ctl, struct store *store, struct host_wait *w)
{
	enum rc rc;

	w->begun = clock_mono_ms(&clock_system);
	w->filled = w->begun;
	rc = look(ctl, store, w);
	while (rc == RC_BUSY ||
	    (rc == RC_OK &&
		clock_mono_ms(&clock_system) - w->filled < EMPTY_MS)) {
		nap();
		rc = look(ctl, store, w);
	}
	return rc == RC_OK ? 0 : ctl_failed("host", rc);
}

static int
obey(struct ctl *ctl, struct store *store, struct run_dir *dir,
    const struct host_order *order)
{
	struct host_wait w = { .name = order->name };
	struct op op;
	enum rc rc = find(ctl, store, order->name, &w.beat);

	if (rc == RC_NOTFOUND && !order->is_here) {
		(void)fputs("mcpctl: no such host\n", stderr);
		return 1;
	}
	op = ctl_op(ctl);
	if (rc == RC_OK || rc == RC_NOTFOUND)
		rc = store->ops->host_drain(
		    store, &op, order->name, order->drains);
	/* Here it need not be told by its housekeeper. */
	w.is_told = dir != NULL && slice_eq(order->name, run_dir_host(dir));
	if (rc == RC_OK && w.is_told)
		rc = run_dir_drain(dir, order->drains);
	/* Of the beats after that. */
	if (rc == RC_OK && order->waits)
		rc = find(ctl, store, order->name, &w.beat);
	if (rc != RC_OK)
		return ctl_failed("host", rc);
	return order->waits ? wait_until_empty(ctl, store, &w) : 0;
}

int
ctl_host(struct ctl *ctl, int argc, char **argv)
{
	struct host_order order;
	struct store *store;
	struct run_dir *dir;
	int status = 1;

	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return ctl_hosts(ctl, 1, argv + 1);
	if (!read_order(argc, argv, &order))
		return usage();
	store = ctl_store(ctl);
	if (store == NULL)
		return 1;
	dir = open_folder(ctl, order.is_here);
	if (dir != NULL && order.is_here)
		order.name = run_dir_host(dir);
	if (dir != NULL || !order.is_here)
		status = obey(ctl, store, dir, &order);
	run_dir_free(dir);
	return status;
}
