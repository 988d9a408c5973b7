#include "postgresql_engine.h"

#include <stdlib.h>

#define TIMEOUT_MS 5000

static bool
is_connected(const struct remote_engine *e)
{
	const struct postgresql *p = (const struct postgresql *)e;

	return p->conn != NULL && PQstatus(p->conn) == CONNECTION_OK;
}

static void
free_engine(struct remote_engine *e)
{
	struct postgresql *p = (struct postgresql *)e;

	postgresql_drop(e);
	PQconninfoFree(p->option);
	free(p);
}

/* The number of the lock is "mcpfcgi" in ASCII.  One that waits would stay
 * behind when its program gives up. */
#define LOCK_NUMBER "30790106866739049"

static const struct remote_engine_ops ops = {
	.name = "postgresql",
	.connect = postgresql_connect,
	.is_connected = is_connected,
	.run = postgresql_run,
	.text = postgresql_text,
	.drop = postgresql_drop,
	.free = free_engine,
	/* To build an index may take longer than anything else. */
	.lock = "SET statement_timeout = 0; SET lock_timeout = 0;"
		" SELECT pg_try_advisory_lock(" LOCK_NUMBER ")::integer",
	.unlock = "RESET statement_timeout; RESET lock_timeout;"
		  " SELECT pg_advisory_unlock(" LOCK_NUMBER ")::integer",
	.has_meta = "SELECT (to_regclass('mcp_meta') IS NOT NULL)::integer",
	.timeline = "SELECT ('x' || left(pg_walfile_name("
		    "pg_current_wal_lsn()), 8))::bit(32)::bigint",
};

enum rc
postgresql_engine(
    const struct remote_options *o, struct remote_engine **out, struct buf *why)
{
	struct postgresql *p = calloc(1, sizeof(*p));
	char *message = NULL;

	*out = NULL;
	if (p == NULL)
		return RC_NOMEM;
	p->base.ops = &ops;
	p->clock = o->clock;
	p->timeout_ms = o->timeout_ms > 0 ? o->timeout_ms : TIMEOUT_MS;
	p->option = PQconninfoParse(o->url, &message);
	if (p->option == NULL) {
		/* What libpq says may quote a part of the password. */
		PQfreemem(message);
		free(p);
		if (message == NULL)
			return RC_NOMEM;
		buf_printf(why,
		    "the URL of the store is not one that PostgreSQL takes: "
		    "postgresql://user:password@host:port/database?"
		    "parameter=value, with %%XX for what is special");
		return RC_SYNTAX;
	}
	if (!postgresql_ports_ok(p->option)) {
		buf_put_slice(why,
		    SLICE("the URL of the store has a port that is no number: "
			  "in a password, / is %2F and @ is %40"));
		free_engine(&p->base);
		return RC_SYNTAX;
	}
	p->hosts = postgresql_hosts(p->option);
	*out = &p->base;
	return RC_OK;
}
