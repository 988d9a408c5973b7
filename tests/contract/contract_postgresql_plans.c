/* What hosts ask for again and again must not cost more when there is more in
 * the tables: whatever plan the server makes without knowing the arguments, it
 * reads a few rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store_remote.h"

/* Of tables with thousands. */
#define ROWS_MAX 100

static struct store_remote remote;

static const char fill[] =
    "INSERT INTO mcp_session(id, sid, principal, created, incarnation, touched)"
    " SELECT g, decode(md5('s' || g), 'hex'), decode(md5('p' || g), 'hex'), g, "
    "1,"
    "	g"
    "	FROM generate_series(1, 4000) g;"
    "INSERT INTO mcp_stream(number, session, kind, incarnation, created,"
    "	changed, owner, head, bytes)"
    " SELECT g, g, 2, 1, 1, 1, ('h.' || g)::bytea, 1, 1"
    "	FROM generate_series(1, 4000) g;"
    "INSERT INTO mcp_event(stream, seq, session, shard, ver, at, data)"
    " SELECT g, 1, g, g % 256, g / 256 + 1, 1, 'x'"
    "	FROM generate_series(1, 4000) g;"
    "INSERT INTO mcp_signal(shard, ver, at, session, stream, kind, ref)"
    " SELECT g % 256, 100 + g / 256, 1, g, g, 1, 0"
    "	FROM generate_series(1, 4000) g;"
    "INSERT INTO mcp_call(number, session, stream, task, state, transport,"
    "	caps, is_repeatable, runs_max, created, deadline, ended, owner,"
    "	principal, digest, request_id)"
    " SELECT g, g, 0, 0, 1 + (g % 2), 1, 0, 0, 2, 1, 1, 1,"
    "	('h' || g || '.1')::bytea, decode(md5('p' || g), 'hex'),"
    "	decode(md5('d'), 'hex'), ('r' || g)::bytea"
    "	FROM generate_series(1, 4000) g;"
    "INSERT INTO mcp_question(call_number, session, stream, state, deadline,"
    "	rpc_id, ask_key)"
    " SELECT g, g, g, 1 + (g % 2), 1, ('q' || g)::bytea, 'k'"
    "	FROM generate_series(1, 4000) g;"
    "INSERT INTO mcp_done(mark, at, outcome, a, b, c)"
    " SELECT decode(md5('m' || g), 'hex'), g, 0, 0, 0, 0"
    "	FROM generate_series(1, 4000) g;"
    "UPDATE mcp_chg SET ver = 1000;"
    "SELECT setval(pg_get_serial_sequence('mcp_session', 'id'), 5000),"
    " setval(pg_get_serial_sequence('mcp_stream', 'number'), 5000),"
    " setval(pg_get_serial_sequence('mcp_call', 'number'), 5000);"
    "ANALYZE";

#define MARK "decode(md5(clock_timestamp()::text), 'hex')"
#define DIGEST "decode(md5('d'), 'hex')"

static const struct {
	const char *name;
	const char *call;
} calls[] = {
	{ "a session is found",
	    "mcp_session_get(-1, decode(md5('s7'), 'hex'),"
	    " decode(md5('p7'), 'hex'), 7)" },
	{ "a session is put",
	    "mcp_session_put(" MARK ", 9, " MARK ", " MARK ", 9, 1, 0, 0, 0, 0,"
	    " 9, NULL, NULL, NULL, 100000, 100, 1)" },
	{ "a stream is found", "mcp_stream_find(7, 2)" },
	{ "a stream is read", "mcp_stream_read(7, 0, 100, 100000)" },
	{ "a stream is attached to",
	    "mcp_stream_attach(9, 7, 0, -1, 0, 'h.7')" },
	{ "an event is appended",
	    "mcp_event_append(9, 7, 7, 1, 0, 0, 'x', 100, 100000)" },
	{ "changes of one shard", "mcp_changes('[[7,0,3]]')" },
	{ "changes of three shards",
	    "mcp_changes('[[7,0,3],[8,0,3],[9,100,103]]')" },
	{ "a call is opened",
	    "mcp_call_open(" MARK ", 9, 7, " DIGEST ", NULL, 'new', " DIGEST
	    ", 'x', 't', 0, NULL, 1, 0, 0, 2, 'h.7', 0, 0, 64, 16, NULL, NULL,"
	    " 0, 0, NULL, 0)" },
	{ "a call is looked at", "mcp_call_look(7)" },
	{ "a call is claimed", "mcp_call_claim(" MARK ", 9, 8, 1, 'h.9')" },
	{ "a call is finished",
	    "mcp_call_finish(" MARK ", 9, 10, 1, 'x', 3, NULL, 0, NULL)" },
	{ "a call is cancelled", "mcp_call_cancel(9, 12, 'r12')" },
	{ "a call is cancelled that is not there",
	    "mcp_call_cancel(9, 14, 'no')" },
	{ "a question is answered",
	    "mcp_question_answer(" MARK ", 9, 16, 'q16', 0, NULL, 'x', 0)" },
	{ "a session ends",
	    "mcp_session_end(" MARK ", 9, decode(md5('s20'), 'hex'),"
	    " decode(md5('p20'), 'hex'), 20, 1, 1)" },
	{ "a process without anything is dead",
	    "mcp_owner_gone(9, 'none', 500)" },
	{ "a process is dead", "mcp_owner_gone(9, 'h.30', 500)" },
	{ "no stream is to be swept", "mcp_sweep_streams(1, 1, 500, 0)" },
	{ "no call is to be swept", "mcp_sweep_calls(1, 1, 1, 500)" },
	{ "an attempt is recalled", "mcp_done_find(" MARK ")" },
};

/* Rows of all tables but those with one row for each shard. */
#define READ                                                                   \
	"(SELECT sum(seq_tup_read + idx_tup_fetch) FROM"                       \
	" pg_stat_xact_user_tables WHERE relname NOT IN ('mcp_chg',"           \
	" 'mcp_rev'))::bigint"

static int64_t
rows_read(const char *call)
{
	char sql[2048];

	(void)snprintf(sql, sizeof(sql),
	    "PREPARE one AS SELECT * FROM %s;"
	    "SELECT set_config('mcp.before', " READ "::text, false);"
	    "EXECUTE one; DEALLOCATE one;"
	    "SELECT " READ " - current_setting('mcp.before')::bigint",
	    call);
	return store_remote_text(&remote, sql);
}

static void
nothing_that_is_asked_often_reads_many_rows(void **state)
{
	struct store *store = NULL;
	size_t bad = 0;

	(void)state;
	assert_int_equal(store_remote_open(&remote, true, &store), RC_OK);
	store->ops->close(store);
	store_remote_empty(&remote);
	(void)store_remote_text(&remote, fill);
	(void)store_remote_text(
	    &remote, "SET plan_cache_mode = force_generic_plan");
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const int64_t n = rows_read(calls[i].call);

		if (n <= ROWS_MAX)
			continue;
		print_message("%s: %lld rows\n", calls[i].name, (long long)n);
		bad++;
	}
	store_remote_empty(&remote);
	assert_int_equal(bad, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_that_is_asked_often_reads_many_rows),
	};
	int failed;

	if (!store_remote_init(&remote, "postgresql://"))
		return 77;
	failed = cmocka_run_group_tests_name(
	    "plans of PostgreSQL", tests, NULL, NULL);
	store_remote_release(&remote);
	return failed;
}
