/* The connection to MariaDB, without a store. */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_remote.h"

#define LONG_MS 20000

struct world {
	struct store_remote remote;
	struct arena arena;
	struct buf why;
	struct remote_engine *engine;
	struct remote_rows rows;
	const char *tcp; /* the URL over TCP */
};

static int64_t
in_ms(int64_t ms)
{
	return clock_mono_ms(&clock_system) + ms;
}

static struct remote_engine *
engine_of(struct world *w, const char *url)
{
	const struct remote_options options = { .url = url,
		.clock = &clock_system,
		.rng = &rng_system,
		.log = &w->remote.log };
	struct remote_engine *e = NULL;

	assert_int_equal(mariadb_engine(&options, &e, &w->why), RC_OK);
	return e;
}

static enum remote_result
connect_to(struct world *w, struct remote_engine *e, int64_t ms)
{
	buf_reset(&w->why);
	return e->ops->connect(e, in_ms(ms), &w->why);
}

/* Of the connection under test. */
static int64_t
text(struct world *w, const char *sql)
{
	int64_t number = -1;

	buf_reset(&w->why);
	assert_int_equal(w->engine->ops->text(
			     w->engine, sql, in_ms(LONG_MS), &number, &w->why),
	    REMOTE_DONE);
	return number;
}

static enum remote_result
run(struct world *w, const char *name, const char *types,
    const struct remote_value *v, int64_t ms)
{
	/* A place in the table of statements for each test's one routine. */
	const struct remote_routine routine = { name, types, REMOTE_ONCE };

	buf_reset(&w->why);
	return w->engine->ops->run(w->engine, REMOTE_INFO, &routine, v,
	    in_ms(ms), &w->arena, &w->rows, &w->why);
}

static int
begin(void **state)
{
	struct world *w = *state;

	arena_reset(&w->arena);
	buf_reset(&w->why);
	w->engine = engine_of(w, w->remote.url);
	return connect_to(w, w->engine, LONG_MS) == REMOTE_DONE ? 0 : -1;
}

static int
end(void **state)
{
	struct world *w = *state;

	w->engine->ops->free(w->engine);
	return 0;
}

static const struct remote_value *
cell(const struct world *w, size_t row, size_t column)
{
	assert_true(row < w->rows.n && column < w->rows.columns);
	return &w->rows.cell[row * w->rows.columns + column];
}

/* ---------------------------------------------------------------- values */

static void
values_come_back_as_they_were_sent(void **state)
{
	static const char odd[] = { 0, 'a', '\xFF', '\'', 0 };
	static char large[300000];
	struct world *w = *state;
	const struct remote_value v[] = { REMOTE_NUMBER(INT64_MIN),
		REMOTE_BYTES(odd, sizeof(odd)),
		REMOTE_BYTES(large, sizeof(large)), REMOTE_BYTES("", 0),
		REMOTE_BYTES(NULL, 0), REMOTE_SLICE(SLICE_NONE) };

	(void)text(w,
	    "CREATE OR REPLACE PROCEDURE t_echo(p_a bigint, p_b LONGBLOB,"
	    " p_c LONGBLOB, p_d LONGBLOB, p_e LONGBLOB, p_f bigint)"
	    " SELECT p_a, p_b, p_c, p_d, p_e, p_f");
	large[17] = 1;
	/* Prepared once, called again with other types of NULL. */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
		    run(w, "t_echo", "nbbbbn", v, LONG_MS), REMOTE_DONE);
		assert_int_equal(w->rows.n, 1);
		assert_int_equal(w->rows.columns, 6);
		assert_true(cell(w, 0, 0)->is_number);
		assert_true(cell(w, 0, 0)->number == INT64_MIN);
		assert_true(slice_eq(cell(w, 0, 1)->bytes, v[1].bytes));
		assert_true(slice_eq(cell(w, 0, 2)->bytes, v[2].bytes));
		assert_non_null(cell(w, 0, 3)->bytes.ptr);
		assert_int_equal(cell(w, 0, 3)->bytes.len, 0);
		assert_null(cell(w, 0, 4)->bytes.ptr);
		assert_int_equal(cell(w, 0, 5)->number, 0);
	}
}

static void
rows_come_in_order_and_sums_are_numbers(void **state)
{
	struct world *w = *state;

	(void)text(w,
	    "CREATE OR REPLACE PROCEDURE t_rows() BEGIN DO 1;"
	    " SELECT seq, SUM(seq), CAST(seq AS CHAR), NULL FROM"
	    " seq_1_to_500 GROUP BY seq ORDER BY seq; END");
	assert_int_equal(run(w, "t_rows", "", NULL, LONG_MS), REMOTE_DONE);
	assert_int_equal(w->rows.n, 500);
	assert_int_equal(cell(w, 499, 0)->number, 500);
	assert_true(cell(w, 499, 1)->is_number);
	assert_int_equal(cell(w, 499, 1)->number, 500);
	assert_true(slice_eq(cell(w, 499, 2)->bytes, SLICE("500")));
	assert_null(cell(w, 499, 3)->bytes.ptr);
}

static void
a_routine_without_rows_has_none(void **state)
{
	struct world *w = *state;

	(void)text(w, "CREATE OR REPLACE PROCEDURE t_none() DO 1");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    run(w, "t_none", "", NULL, LONG_MS), REMOTE_DONE);
		assert_int_equal(w->rows.n, 0);
	}
	(void)text(w,
	    "CREATE OR REPLACE PROCEDURE t_none() SELECT 1 FROM"
	    " seq_1_to_2 WHERE seq > 2");
	assert_int_equal(run(w, "t_none", "", NULL, LONG_MS), REMOTE_DONE);
	assert_int_equal(w->rows.n, 0);
}

static void
a_routine_that_was_made_anew_is_called_as_it_is_now(void **state)
{
	struct world *w = *state;

	(void)text(w, "CREATE OR REPLACE PROCEDURE t_new() SELECT 1");
	assert_int_equal(run(w, "t_new", "", NULL, LONG_MS), REMOTE_DONE);
	(void)store_remote_text(
	    &w->remote, "CREATE OR REPLACE PROCEDURE t_new() SELECT 2, 'x'");
	assert_int_equal(run(w, "t_new", "", NULL, LONG_MS), REMOTE_DONE);
	assert_int_equal(w->rows.columns, 2);
	assert_int_equal(cell(w, 0, 0)->number, 2);
}

static void
rows_beyond_the_arena_are_no_memory(void **state)
{
	struct world *w = *state;
	struct arena small = ARENA_INIT(4096);
	const struct remote_routine routine = { "t_big", "", REMOTE_READ };

	(void)text(w,
	    "CREATE OR REPLACE PROCEDURE t_big()"
	    " SELECT REPEAT('x', 100000)");
	assert_int_equal(w->engine->ops->run(w->engine, REMOTE_INFO, &routine,
			     NULL, in_ms(LONG_MS), &small, &w->rows, &w->why),
	    REMOTE_NOMEMORY);
	assert_int_equal(connect_to(w, w->engine, LONG_MS), REMOTE_DONE);
	assert_int_equal(run(w, "t_big", "", NULL, LONG_MS), REMOTE_DONE);
	arena_release(&small);
}

/* ----------------------------------------------------------------- texts */

static void
the_number_of_a_text_is_that_of_its_last_result(void **state)
{
	static const struct {
		const char *sql;
		int64_t number;
	} rows[] = {
		{ "SELECT 1; SELECT 7, 8", 7 },
		{ "SELECT NULL", 0 },
		{ "SELECT 9 FROM seq_1_to_2 WHERE seq > 2", 0 },
		{ "DO 1", 0 },
		{ "SELECT @@autocommit", 1 },
		{ "SELECT @@character_set_client = 'binary'", 1 },
		{ "SELECT @@tx_isolation = 'READ-COMMITTED'", 1 },
		{ "SELECT @@max_statement_time > @@lock_wait_timeout", 1 },
		{ "SELECT @@innodb_lock_wait_timeout", 6 },
		{ "SELECT @@local_infile IN (0, 1)", 1 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (text(w, rows[i].sql) != rows[i].number)
			fail_msg("%s", rows[i].sql);
	}
}

static void
a_wrong_text_says_why(void **state)
{
	struct world *w = *state;
	int64_t number;

	assert_int_equal(
	    w->engine->ops->text(w->engine, "SELECT 1; SELEC 2; SELECT 3",
		in_ms(LONG_MS), &number, &w->why),
	    REMOTE_FAILED);
	assert_non_null(strstr(w->why.ptr, "SELEC"));
}

static void
one_connection_holds_the_lock_until_it_ends(void **state)
{
	struct world *w = *state;
	const struct remote_engine_ops *ops = w->engine->ops;

	assert_int_equal(text(w, ops->lock), 1);
	assert_int_equal(store_remote_text(&w->remote, ops->lock), 0);
	assert_int_equal(text(w, ops->unlock), 1);
	assert_int_equal(text(w, "SELECT @@max_statement_time"), 0);
	assert_int_equal(text(w, "SELECT @@lock_wait_timeout"), 6);
	assert_int_equal(store_remote_text(&w->remote, ops->lock), 1);
	assert_int_equal(store_remote_text(&w->remote, ops->unlock), 1);
	assert_int_equal(text(w, ops->lock), 1);
	ops->drop(w->engine);
	while (store_remote_text(&w->remote, ops->lock) == 0)
		;
	assert_int_equal(store_remote_text(&w->remote, ops->unlock), 1);
}

/* -------------------------------------------------------------- failures */

static void
a_deadline_ends_the_connection(void **state)
{
	struct world *w = *state;

	(void)text(w, "CREATE OR REPLACE PROCEDURE t_slow() DO SLEEP(3)");
	assert_int_equal(run(w, "t_slow", "", NULL, 100), REMOTE_UNKNOWN);
	assert_false(w->engine->ops->is_connected(w->engine));
	assert_int_equal(run(w, "t_slow", "", NULL, 100), REMOTE_LOST);
	assert_int_equal(connect_to(w, w->engine, LONG_MS), REMOTE_DONE);
	assert_int_equal(text(w, "SELECT 1"), 1);
}

/* What ends this connection, from outside. */
static void
cut(struct world *w, const char *verb)
{
	char sql[64];

	(void)snprintf(sql, sizeof(sql), "KILL %s %lld", verb,
	    (long long)text(w, "SELECT CONNECTION_ID()"));
	(void)store_remote_text(&w->remote, sql);
}

static void
what_was_lost_before_it_was_used_was_not_sent(void **state)
{
	struct world *w = *state;

	(void)text(w, "CREATE OR REPLACE PROCEDURE t_one() SELECT 1");
	assert_int_equal(run(w, "t_one", "", NULL, LONG_MS), REMOTE_DONE);
	cut(w, "CONNECTION");
	/* It says so a moment later. */
	while (store_remote_text(&w->remote,
		   "SELECT COUNT(*) FROM information_schema.PROCESSLIST"
		   " WHERE USER = SUBSTRING_INDEX(USER(), '@', 1)"
		   " AND ID <> CONNECTION_ID()") > 0)
		;
	assert_int_equal(run(w, "t_one", "", NULL, LONG_MS), REMOTE_LOST);
	assert_false(w->engine->ops->is_connected(w->engine));
	assert_int_equal(connect_to(w, w->engine, LONG_MS), REMOTE_DONE);
	assert_int_equal(run(w, "t_one", "", NULL, LONG_MS), REMOTE_DONE);
}

static void
a_statement_that_is_stopped_is_unknown(void **state)
{
	struct world *w = *state;

	(void)text(w,
	    "CREATE OR REPLACE PROCEDURE t_end() BEGIN"
	    " KILL QUERY CONNECTION_ID(); DO SLEEP(1); SELECT 1; END;"
	    "CREATE OR REPLACE PROCEDURE t_long() BEGIN"
	    " SET SESSION max_statement_time = 0.05;"
	    " SELECT COUNT(*) FROM seq_1_to_100000000; END");
	assert_int_equal(run(w, "t_end", "", NULL, LONG_MS), REMOTE_UNKNOWN);
	assert_false(w->engine->ops->is_connected(w->engine));
}

static void
a_second_mark_is_told_from_other_duplicates(void **state)
{
	struct world *w = *state;
	const struct remote_value v = REMOTE_BYTES("0123456789abcdef", 16);

	(void)text(w,
	    "CREATE TABLE IF NOT EXISTS t_done(mark BINARY(16) PRIMARY KEY);"
	    "DELETE FROM t_done;"
	    "CREATE OR REPLACE PROCEDURE t_put(p_mark BINARY(16)) BEGIN"
	    " DECLARE EXIT HANDLER FOR 1062 SIGNAL SQLSTATE '23000' SET"
	    " MYSQL_ERRNO = 1062, MESSAGE_TEXT = 'mcp_done';"
	    " INSERT INTO t_done VALUES(p_mark); END;"
	    "CREATE OR REPLACE PROCEDURE t_once(p_mark BINARY(16)) BEGIN"
	    " DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL;"
	    " END; START TRANSACTION; CALL t_put(p_mark); COMMIT; SELECT 0;"
	    " END");
	assert_int_equal(run(w, "t_once", "b", &v, LONG_MS), REMOTE_DONE);
	assert_int_equal(run(w, "t_once", "b", &v, LONG_MS), REMOTE_DOUBLE);
	(void)text(w,
	    "CREATE OR REPLACE PROCEDURE t_once(p_mark BINARY(16)) BEGIN"
	    " INSERT INTO t_done VALUES(p_mark); SELECT 0; END");
	assert_int_equal(run(w, "t_once", "b", &v, LONG_MS), REMOTE_FAILED);
	assert_true(w->engine->ops->is_connected(w->engine));
}

static void
who_waits_too_long_for_a_row_may_try_again(void **state)
{
	struct world *w = *state;

	(void)text(w,
	    "CREATE TABLE IF NOT EXISTS t_row(n bigint PRIMARY KEY);"
	    "INSERT IGNORE INTO t_row VALUES(1);"
	    "SET SESSION innodb_lock_wait_timeout = 0;"
	    /* No handler: the connection itself rolls back. */
	    "CREATE OR REPLACE PROCEDURE t_wait() BEGIN START TRANSACTION;"
	    " INSERT INTO t_row VALUES(2);"
	    " UPDATE t_row SET n = 3 WHERE n = 1; COMMIT; SELECT 0; END");
	(void)store_remote_text(&w->remote,
	    "START TRANSACTION; SELECT n FROM t_row WHERE n = 1 FOR UPDATE");
	assert_int_equal(run(w, "t_wait", "", NULL, LONG_MS), REMOTE_AGAIN);
	assert_true(w->engine->ops->is_connected(w->engine));
	assert_int_equal(text(w, "SELECT COUNT(*) FROM t_row"), 1);
	assert_int_equal(text(w, "SELECT @@in_transaction"), 0);
	(void)store_remote_text(&w->remote, "ROLLBACK");
	assert_int_equal(run(w, "t_wait", "", NULL, LONG_MS), REMOTE_DONE);
	(void)text(w, "DROP TABLE t_row");
}

static void
the_class_of_an_error_is_what_the_server_means(void **state)
{
	static const struct {
		unsigned int error;
		const char *sentence;
		enum remote_result result;
		bool is_connected;
	} rows[] = {
		{ 1213, "", REMOTE_AGAIN, true },
		{ 1205, "", REMOTE_AGAIN, true },
		{ 1020, "", REMOTE_AGAIN, true },
		{ 1062, "Duplicate entry 'x'", REMOTE_FAILED, true },
		{ 1062, "mcp_done", REMOTE_DOUBLE, true },
		{ 1021, "", REMOTE_NOSPACE, true },
		{ 1114, "The table 'mcp_event' is full", REMOTE_NOSPACE, true },
		{ 3675, "", REMOTE_NOSPACE, true },
		{ 1030, "Got error 28 \"No space left on device\" from ...",
		    REMOTE_NOSPACE, true },
		{ 1030, "Got error 5 \"Input/output error\" from ...",
		    REMOTE_FAILED, true },
		{ 1290, "", REMOTE_LOST, false },
		{ 1836, "", REMOTE_LOST, false },
		{ 1792, "", REMOTE_LOST, false },
		{ 1047, "", REMOTE_LOST, false },
		{ 1317, "", REMOTE_UNKNOWN, false },
		{ 1969, "", REMOTE_UNKNOWN, false },
		{ 1927, "", REMOTE_UNKNOWN, false },
		{ 1053, "", REMOTE_UNKNOWN, false },
		{ 1180, "", REMOTE_UNKNOWN, false },
		{ 1305, "", REMOTE_FAILED, true },
		{ 1146, "", REMOTE_FAILED, true },
	};
	struct world *w = *state;

	(void)text(w,
	    "CREATE OR REPLACE PROCEDURE t_fail(p_n bigint, p_s VARCHAR(200))"
	    " SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = p_n,"
	    " MESSAGE_TEXT = p_s");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct remote_value v[] = { REMOTE_NUMBER(rows[i].error),
			REMOTE_SLICE(slice_of(rows[i].sentence)) };

		if (run(w, "t_fail", "nb", v, LONG_MS) != rows[i].result ||
		    w->engine->ops->is_connected(w->engine) !=
			rows[i].is_connected)
			fail_msg("%u %s", rows[i].error, rows[i].sentence);
		if (!rows[i].is_connected)
			assert_int_equal(
			    connect_to(w, w->engine, LONG_MS), REMOTE_DONE);
	}
}

static void
a_routine_that_is_not_there_fails(void **state)
{
	struct world *w = *state;

	assert_int_equal(run(w, "t_absent", "", NULL, LONG_MS), REMOTE_FAILED);
	assert_non_null(strstr(w->why.ptr, "t_absent"));
	(void)text(w, "CREATE PROCEDURE t_absent() SELECT 1");
	assert_int_equal(run(w, "t_absent", "", NULL, LONG_MS), REMOTE_DONE);
	(void)text(w, "DROP PROCEDURE t_absent");
}

/* ----------------------------------------------------------- connecting */

/* A port where connections are taken by nobody, or are not. */
static int
dead_port(bool is_listening, int *fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);

	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(*fd >= 0);
	assert_int_equal(bind(*fd, (struct sockaddr *)&at, sizeof(at)), 0);
	if (is_listening)
		assert_int_equal(listen(*fd, 8), 0);
	assert_int_equal(getsockname(*fd, (struct sockaddr *)&at, &n), 0);
	return ntohs(at.sin_port);
}

/* Of this server over TCP, with these hosts before it. */
static enum remote_result
connect_behind(struct world *w, const char *before, int64_t ms)
{
	const char *at = strchr(w->tcp, '@');
	char text[512];
	enum remote_result result;
	struct remote_engine *e;

	assert_non_null(at);
	(void)snprintf(text, sizeof(text), "%.*s@%s%s", (int)(at - w->tcp),
	    w->tcp, before, at + 1);
	e = engine_of(w, text);
	result = connect_to(w, e, ms);
	if (result == REMOTE_DONE) {
		/* The next time it begins where it was. */
		e->ops->drop(e);
		assert_int_equal(connect_to(w, e, 100), REMOTE_DONE);
	}
	e->ops->free(e);
	return result;
}

static void
hosts_are_tried_in_turn(void **state)
{
	struct world *w = *state;
	char silent[64];
	char closed[64];
	int fd[2];

	(void)snprintf(
	    silent, sizeof(silent), "127.0.0.1:%d,", dead_port(true, &fd[0]));
	(void)snprintf(
	    closed, sizeof(closed), "127.0.0.1:%d,", dead_port(false, &fd[1]));
	assert_int_equal(connect_behind(w, "", LONG_MS), REMOTE_DONE);
	assert_int_equal(connect_behind(w, closed, LONG_MS), REMOTE_DONE);
	/* Half of the time is for the first. */
	assert_int_equal(connect_behind(w, silent, 600), REMOTE_DONE);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

static void
who_does_not_answer_is_given_up_at_the_deadline(void **state)
{
	struct world *w = *state;
	struct remote_engine *e;
	char url[128];
	int64_t start;
	int fd;

	(void)snprintf(url, sizeof(url), "mariadb://u@127.0.0.1:%d/d",
	    dead_port(true, &fd));
	e = engine_of(w, url);
	start = clock_mono_ms(&clock_system);
	assert_int_equal(connect_to(w, e, 100), REMOTE_LOST);
	assert_true(clock_mono_ms(&clock_system) - start < 5000);
	assert_true(w->why.len > 0);
	e->ops->free(e);
	(void)close(fd);
}

static void
what_is_refused_for_good_says_so(void **state)
{
	static const struct {
		const char *from; /* of the URL */
		const char *to;
		enum remote_result result;
	} rows[] = {
		{ "mariadb://mcp@", "mariadb://nobody:x@", REMOTE_FAILED },
		{ "mariadb://mcp@", "mariadb://mcp:wrong@", REMOTE_FAILED },
		{ "/mcp", "/not_there", REMOTE_FAILED },
		/* It has no certificate. */
		{ "/mcp", "/mcp?ssl=yes", REMOTE_FAILED },
		{ "/mcp", "/mcp?ssl-verify=no", REMOTE_FAILED },
		{ "/mcp", "/mcp?wsrep-sync-wait=0", REMOTE_DONE },
	};
	struct world *w = *state;
	const char *url = w->tcp;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *at = strstr(url + (i < 2 ? 0 : 10), rows[i].from);
		struct remote_engine *e;
		char text[512];

		assert_non_null(at);
		(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - url),
		    url, rows[i].to, at + strlen(rows[i].from));
		e = engine_of(w, text);
		if (connect_to(w, e, LONG_MS) != rows[i].result)
			fail_msg("%s: %s", text, w->why.ptr);
		assert_true(rows[i].result == REMOTE_DONE || w->why.len > 0);
		e->ops->free(e);
	}
}

static int
descriptors_for_children(void)
{
	DIR *d = opendir("/proc/self/fd");
	const struct dirent *e;
	int n = 0;

	assert_non_null(d);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((e = readdir(d)) != NULL) {
		const int flags =
		    fcntl((int)strtol(e->d_name, NULL, 10), F_GETFD);

		if (e->d_name[0] != '.' && (flags & FD_CLOEXEC) == 0)
			n++;
	}
	(void)closedir(d);
	return n;
}

static void
its_socket_is_not_for_programs_we_start(void **state)
{
	struct world *w = *state;
	const int before = descriptors_for_children();
	struct remote_engine *e = engine_of(w, w->remote.url);

	assert_int_equal(connect_to(w, e, LONG_MS), REMOTE_DONE);
	assert_int_equal(descriptors_for_children(), before);
	e->ops->free(e);
}

/* ------------------------------------------------------------------ URLs */

static void
a_url_that_is_none_is_refused_without_its_password(void **state)
{
	static const char *const urls[] = {
		"mysql://u:secret@h/d",
		"mariadb://h/d",
		"mariadb://:secret@h/d",
		"mariadb://u:secret@h",
		"mariadb://u:secret@h/",
		"mariadb://u:secret@h/d/e",
		"mariadb://u:secret@h/d#x",
		"mariadb://u:secret%@h/d",
		"mariadb://u:secret%4@h/d",
		"mariadb://u:secret%zz@h/d",
		"mariadb://u:secret%00@h/d",
		"mariadb://u:secret@h:0/d",
		"mariadb://u:secret@h:/d",
		"mariadb://u:secret@h:65536/d",
		"mariadb://u:secret@[::1/d",
		"mariadb://u:secret@[::1]x/d",
		"mariadb://u:secret@h/d?",
		"mariadb://u:secret@h/d?ssl",
		"mariadb://u:secret@h/d?ssl=maybe",
		"mariadb://u:secret@h/d?SSL=yes",
		"mariadb://u:secret@h/d?ssl-ca=relative",
		"mariadb://u:secret@h/d?wsrep-sync-wait=16",
		"mariadb://u:secret@h/d?reconnect=yes",
		"mariadb://u:secret@h/d?ssl=yes&",
		"mariadb://u:secret@h/d?socket=/s",
		"mariadb://u:secret@localhost,localhost/d?socket=/s",
		"mariadb://u:secret@,,,,,,,,,,,,,,,,/d",
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		const struct remote_options options = { .url = urls[i],
			.clock = &clock_system };
		struct remote_engine *e = NULL;

		buf_reset(&w->why);
		if (mariadb_engine(&options, &e, &w->why) != RC_SYNTAX)
			fail_msg("%s", urls[i]);
		assert_null(e);
		assert_true(w->why.len > 0);
		assert_null(strstr(w->why.ptr, "secret"));
	}
}

static void
a_url_may_have_all_its_parts(void **state)
{
	static const char *const urls[] = {
		"mariadb://u@/d",
		"mariadb://u%40x:p%3A%2F%40@h:1,[::1]:65535,[fe80::1]/d%2Fe",
		"mariadb://u:@localhost/d?socket=/run/my%20s",
		"mariadb://u:p:q@h/d?ssl=no&wsrep-sync-wait=15",
		"mariadb://u@h/d?ssl-ca=/a&ssl-capath=/b&ssl-crl=/c",
		"mariadb://u@h/d?ssl-cert=/d&ssl-key=/e&ssl-verify=yes",
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct remote_engine *e = engine_of(w, urls[i]);

		e->ops->free(e);
	}
}

int
main(void)
{
	static struct world w = { .arena = { NULL, 0, (size_t)64 << 20 },
		.why = { .max = 8192 } };
#define CASE(name)                                                             \
	cmocka_unit_test_prestate_setup_teardown(name, begin, end, &w)
	const struct CMUnitTest tests[] = {
		CASE(values_come_back_as_they_were_sent),
		CASE(rows_come_in_order_and_sums_are_numbers),
		CASE(a_routine_without_rows_has_none),
		CASE(a_routine_that_was_made_anew_is_called_as_it_is_now),
		CASE(rows_beyond_the_arena_are_no_memory),
		CASE(the_number_of_a_text_is_that_of_its_last_result),
		CASE(a_wrong_text_says_why),
		CASE(one_connection_holds_the_lock_until_it_ends),
		CASE(a_deadline_ends_the_connection),
		CASE(what_was_lost_before_it_was_used_was_not_sent),
		CASE(a_statement_that_is_stopped_is_unknown),
		CASE(a_second_mark_is_told_from_other_duplicates),
		CASE(who_waits_too_long_for_a_row_may_try_again),
		CASE(the_class_of_an_error_is_what_the_server_means),
		CASE(a_routine_that_is_not_there_fails),
		CASE(hosts_are_tried_in_turn),
		CASE(who_does_not_answer_is_given_up_at_the_deadline),
		CASE(what_is_refused_for_good_says_so),
		CASE(its_socket_is_not_for_programs_we_start),
		CASE(a_url_that_is_none_is_refused_without_its_password),
		CASE(a_url_may_have_all_its_parts),
	};
	int failed;

	if (!store_remote_init(&w.remote, "mariadb://"))
		return 77;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	w.tcp = getenv("MCP_STORE_URL_TCP");
	if (w.tcp == NULL)
		return 1;
	failed =
	    cmocka_run_group_tests_name("mariadb_engine", tests, NULL, NULL);
	store_remote_release(&w.remote);
	arena_release(&w.arena);
	buf_release(&w.why);
	return failed;
}
