#include "store_gate.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define DEADLINE_MS 30000

bool
store_gate_init(struct store_gate *g)
{
	g->keeper = -1;
	if (!store_remote_init(&g->remote, ""))
		return false;
	if (!store_remote_init(&g->watch, ""))
		abort();
	g->is_mariadb = strncmp(g->remote.url, "mariadb:", 8) == 0;
	return true;
}

void
store_gate_release(struct store_gate *g)
{
	store_remote_release(&g->watch);
	store_remote_release(&g->remote);
}

/* A lock on a table ends with its transaction, which a text may not leave open
 * in PostgreSQL: so a process of its own holds it until a lock is free that
 * belongs to the connection. */
static void
keep(struct store_gate *g, const char *table)
{
	char sql[256];

	(void)snprintf(sql, sizeof(sql),
	    "BEGIN; LOCK TABLE mcp_%s IN EXCLUSIVE MODE;"
	    " SELECT pg_advisory_lock(4711); SELECT pg_advisory_unlock(4711);"
	    " COMMIT",
	    table);
	(void)store_remote_text(&g->remote, "SELECT pg_advisory_lock(4711)");
	g->keeper = fork();
	if (g->keeper == 0) {
		struct store_remote mine;

		if (!store_remote_init(&mine, ""))
			_exit(1);
		(void)store_remote_text(&mine, sql);
		_exit(0);
	}
	while (store_remote_text(&g->watch,
		   "SELECT count(*) FROM pg_locks WHERE NOT granted"
		   " AND locktype = 'advisory' AND objid = 4711") == 0)
		(void)poll(NULL, 0, 1);
}

void
store_gate_close(struct store_gate *g, const char *table)
{
	char sql[128];

	if (!g->is_mariadb) {
		keep(g, table);
		return;
	}
	(void)snprintf(sql, sizeof(sql), "LOCK TABLES mcp_%s WRITE", table);
	(void)store_remote_text(&g->remote, sql);
}

void
store_gate_open(struct store_gate *g)
{
	if (g->is_mariadb) {
		(void)store_remote_text(&g->remote, "UNLOCK TABLES");
		return;
	}
	(void)store_remote_text(&g->remote, "SELECT pg_advisory_unlock(4711)");
	if (store_gate_reap(g->keeper) != 0)
		abort();
}

/* MariaDB tells who waits for a lock only to operators; but who is at work
 * whenever one looks waits. */
static int64_t
waiting(struct store_gate *g)
{
	int64_t least = INT64_MAX;

	if (!g->is_mariadb) {
		return store_remote_text(&g->watch,
		    "SELECT count(DISTINCT pid) FROM pg_locks"
		    " WHERE NOT granted AND locktype <> 'advisory'");
	}
	for (int i = 0; i < 5; i++) {
		const int64_t n = store_remote_text(&g->watch,
		    "SELECT COUNT(*) FROM information_schema.processlist"
		    " WHERE id <> CONNECTION_ID() AND command <> 'Sleep'"
		    " AND info LIKE '%mcp_%'");

		least = n < least ? n : least;
		(void)poll(NULL, 0, 1);
	}
	return least;
}

bool
store_gate_wait(struct store_gate *g, int64_t n, pid_t child, int *status)
{
	const int64_t until = clock_mono_ms(&clock_system) + DEADLINE_MS;

	while (waiting(g) < n) {
		if (waitpid(child, status, WNOHANG) == child)
			return true;
		if (clock_mono_ms(&clock_system) > until)
			abort();
		(void)poll(NULL, 0, 1);
	}
	return false;
}

int
store_gate_reap(pid_t child)
{
	int status = 0;

	if (waitpid(child, &status, 0) != child)
		abort();
	return store_gate_code(status);
}

int
store_gate_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
