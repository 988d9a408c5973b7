#ifndef MCP_POSTGRESQL_ENGINE_H
#define MCP_POSTGRESQL_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "remote.h"

/*
 * A connection to PostgreSQL.  libpq is used without ever waiting in it, but
 * for names: it asks the resolver of the system, which has timeouts of its
 * own.
 */
struct postgresql {
	struct remote_engine base; /* first, so that one is the other */
	const struct clock *clock;
	PQconninfoOption *option; /* what the URL says */
	size_t hosts;             /* in the URL */
	size_t host;              /* the one that was the right one last */
	int64_t timeout_ms;
	PGconn *conn;
	bool is_prepared[REMOTE_ROUTINES];
};

/* --------------------------------------------- postgresql_engine_connect.c */

enum remote_result postgresql_connect(
    struct remote_engine *, int64_t give_up_mono, struct buf *why);
void postgresql_drop(struct remote_engine *);

/* How many hosts the URL names. */
size_t postgresql_hosts(const PQconninfoOption *);

/* libpq would quote another when it connects, and it may be of a password. */
bool postgresql_ports_ok(const PQconninfoOption *);

/* What libpq says, in one line. */
void postgresql_put_message(struct buf *why, const char *message);

/* ------------------------------------------------- postgresql_engine_run.c */

/* Wait until the socket can be read or (if it is asked for) written.  false:
 * the deadline, or the system will not wait. */
MUST_CHECK bool postgresql_wait(
    struct postgresql *, short events, int64_t give_up_mono);

enum remote_result postgresql_run(struct remote_engine *, enum remote_sql,
    const struct remote_routine *, const struct remote_value *,
    int64_t give_up_mono, struct arena *, struct remote_rows *,
    struct buf *why);
enum remote_result postgresql_text(struct remote_engine *, const char *sql,
    int64_t give_up_mono, int64_t *number, struct buf *why);

/* ------------------------------------------------ postgresql_engine_rows.c */

/* Copy what was answered; REMOTE_DONE, REMOTE_NOMEMORY, or REMOTE_FAILED for
 * columns of other types than integers, bytes and text. */
enum remote_result postgresql_rows(
    const PGresult *, struct arena *, struct remote_rows *, struct buf *why);

/* What an error means; its sentence. */
enum remote_result postgresql_error(
    const PGconn *, const PGresult *, struct buf *why);

#endif
