#include "mariadb_engine.h"

#include <stdlib.h>

/* `store.timeout`, as we ship. */
#define TIMEOUT_MS 5000

void
maria_drop(struct maria *m)
{
	if (m->my == NULL)
		return;
	/* First the connection: closing a statement would speak to it. */
	mysql_close(m->my);
	m->my = NULL;
	m->is_late = false;
	for (size_t i = 0; i < REMOTE_ROUTINES; i++) {
		if (m->statement[i] != NULL)
			(void)mysql_stmt_close(m->statement[i]);
		m->statement[i] = NULL;
	}
}

static void
drop(struct remote_engine *e)
{
	maria_drop((struct maria *)e);
}

static bool
is_connected(const struct remote_engine *e)
{
	return ((const struct maria *)e)->my != NULL;
}

static void
engine_free(struct remote_engine *e)
{
	struct maria *m = (struct maria *)e;

	maria_drop(m);
	maria_url_release(&m->url);
	free(m);
}

static const struct remote_engine_ops ops = {
	.name = "mariadb",
	.connect = maria_connect,
	.is_connected = is_connected,
	.run = maria_run,
	.text = maria_text,
	.drop = drop,
	.free = engine_free,
	/* The name of the lock is of the whole server, and not longer than 64.
	 * To build an index may take longer than anything else. */
	.lock = "SET SESSION max_statement_time = 0;"
		"SET SESSION lock_wait_timeout = 86400;"
		"SELECT GET_LOCK(CONCAT('mcp', MD5(DATABASE())), 0)",
	.unlock = "SET SESSION max_statement_time = @mcp_seconds;"
		  "SET SESSION lock_wait_timeout = @mcp_lock_seconds;"
		  "SELECT RELEASE_LOCK(CONCAT('mcp', MD5(DATABASE())))",
	.has_meta = "SELECT COUNT(*) FROM information_schema.TABLES"
		    " WHERE TABLE_SCHEMA = DATABASE()"
		    " AND TABLE_NAME = 'mcp_meta'",
	.timeline = NULL,
};

enum rc
mariadb_engine(const struct remote_options *options, struct remote_engine **out,
    struct buf *why)
{
	struct maria *m;
	enum rc rc;

	*out = NULL;
	/* Here, for it is not safe beside other threads; and repeatable. */
	if (mysql_library_init(0, NULL, NULL) != 0)
		return RC_NOMEM;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return RC_NOMEM;
	m->base.ops = &ops;
	m->clock = options->clock;
	m->timeout_ms =
	    options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;
	rc = maria_url_init(&m->url, options->url, why);
	if (rc != RC_OK) {
		engine_free(&m->base);
		return rc;
	}
	*out = &m->base;
	return RC_OK;
}
