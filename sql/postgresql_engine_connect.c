#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "postgresql_engine.h"
#include "text.h"

/* More than libpq knows. */
#define WORDS_MAX 64
/* A server that is busy may finish what a call has given up. */
#define BEYOND_MS 1000

struct words {
	const char *key[WORDS_MAX];
	const char *value[WORDS_MAX];
	size_t n;
	char silence[24];
};

/* Those that the URL gives one for each host, and those that are ours. */
static const char *const per_host[] = { "host", "hostaddr", "port" };

void
postgresql_put_message(struct buf *why, const char *message)
{
	buf_put(why, message, strcspn(message, "\n"));
}

static const char *
value_of(const PQconninfoOption *options, const char *key)
{
	for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
		if (strcmp(o->keyword, key) == 0)
			return o->val;
	}
	return NULL;
}

static size_t
parts(const char *list)
{
	size_t n = 1;

	if (list == NULL)
		return 0;
	for (; *list != '\0'; list++)
		n += *list == ',' ? 1 : 0;
	return n;
}

size_t
postgresql_hosts(const PQconninfoOption *options)
{
	const size_t names = parts(value_of(options, "host"));
	const size_t addresses = parts(value_of(options, "hostaddr"));
	const size_t n = names > addresses ? names : addresses;

	return n == 0 ? 1 : n;
}

bool
postgresql_ports_ok(const PQconninfoOption *options)
{
	struct slice rest = slice_of(value_of(options, "port"));

	while (rest.ptr != NULL) {
		const struct slice one = slice_cut(rest, ',', &rest);
		uint64_t port;

		/* Empty: the usual one. */
		if (one.len > 0 && text_u64(one, 65535, &port) != RC_OK)
			return false;
	}
	return true;
}

/* Part i of a list; a list of one goes for all. */
static struct slice
part(const char *list, size_t i)
{
	struct slice rest = slice_of(list);
	struct slice one;

	if (parts(list) == 1)
		return rest;
	do
		one = slice_cut(rest, ',', &rest);
	while (i-- > 0 && rest.ptr != NULL);
	return one;
}

static void
add(struct words *w, const char *key, const char *value)
{
	if (w->n + 1 >= WORDS_MAX)
		return;
	w->key[w->n] = key;
	w->value[w->n++] = value;
}

static bool
is_one_of(const char *key, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(key, keys[i]) == 0)
			return true;
	}
	return false;
}

/* The last one of a name is the one that counts. */
static enum rc
collect(
    const struct postgresql *p, size_t host, struct words *w, struct arena *a)
{
	const int64_t limit = p->timeout_ms + BEYOND_MS;

	/* Spare two round trips for nothing. */
	add(w, "gssencmode", "disable");
	add(w, "application_name", "mcp-fcgi");
	add(w, "keepalives", "1");
	add(w, "keepalives_idle", "30");
	add(w, "keepalives_interval", "5");
	add(w, "keepalives_count", "3");
	(void)snprintf(
	    w->silence, sizeof(w->silence), "%lld", (long long)limit);
	add(w, "tcp_user_timeout", w->silence);
	for (const PQconninfoOption *o = p->option; o->keyword != NULL; o++) {
		const char *value = o->val;

		if (value == NULL)
			continue;
		if (is_one_of(o->keyword, per_host,
			sizeof(per_host) / sizeof(per_host[0])))
			value = arena_string(a, part(o->val, host));
		if (value == NULL)
			return RC_NOMEM;
		add(w, o->keyword, value);
	}
	/* A standby answers, too, but with what it had. */
	add(w, "target_session_attrs", "read-write");
	add(w, "client_encoding", "UTF8");
	return RC_OK;
}

/* What holds for the connection.  Older servers lack some settings. */
static enum remote_result
configure(struct postgresql *p, int64_t give_up, struct buf *why)
{
	const int64_t limit = p->timeout_ms + BEYOND_MS;
	struct buf sql = BUF_INIT(2048);
	int64_t ignored;
	enum remote_result result = REMOTE_NOMEMORY;

	buf_printf(&sql,
	    "SET client_min_messages = error;"
	    "SET SESSION CHARACTERISTICS AS TRANSACTION"
	    " ISOLATION LEVEL READ COMMITTED, READ WRITE;"
	    "SET statement_timeout = %lld;"
	    "SET lock_timeout = %lld;"
	    "SET idle_in_transaction_session_timeout = %lld;"
	    "SELECT set_config(v.name, v.value, false)"
	    " FROM (VALUES('client_connection_check_interval', '1s'),"
	    " ('jit', 'off')) AS v(name, value)"
	    " JOIN pg_settings AS s ON s.name = v.name;"
	    /* Where the store is, or will be, and nowhere else: others may be
	     * allowed to make functions in the next schema, and one that fits
	     * better would be called with our rights. */
	    "SELECT set_config('search_path',"
	    " quote_ident(n.nspname) || ', pg_temp', false)"
	    " FROM pg_namespace AS n WHERE n.oid = coalesce("
	    "(SELECT c.relnamespace FROM pg_class AS c"
	    " WHERE c.oid = to_regclass('mcp_meta')),"
	    " (SELECT o.oid FROM pg_namespace AS o"
	    " WHERE o.nspname = current_schema()));"
	    /* What was answered is done: at least the server's own disk. */
	    "SELECT set_config('synchronous_commit', 'on', false)"
	    " WHERE current_setting('synchronous_commit') = 'off'",
	    (long long)limit, (long long)limit, (long long)limit);
	if (buf_finish(&sql) == RC_OK)
		result =
		    postgresql_text(&p->base, sql.ptr, give_up, &ignored, why);
	buf_release(&sql);
	return result;
}

/* "FATAL:  28P01: password authentication failed": the code, or "". */
static void
code_of(const char *message, char code[6])
{
	static const char mark[] = "FATAL:  ";
	const char *at = strstr(message, mark);

	code[0] = '\0';
	if (at == NULL)
		return;
	at += sizeof(mark) - 1;
	if (strcspn(at, ":") != 5)
		return;
	memcpy(code, at, 5);
	code[5] = '\0';
}

/* Waiting does not help against some. */
static enum remote_result
refusal(const char *message)
{
	static const char *const for_good[] = { "28000", "28P01", "3D000",
		"42501", "42704" };
	char code[6];

	code_of(message, code);
	return is_one_of(code, for_good, sizeof(for_good) / sizeof(for_good[0]))
	    ? REMOTE_FAILED
	    : REMOTE_LOST;
}

/* Until it is connected, or is not going to be. */
static enum remote_result
await(struct postgresql *p, int64_t give_up, struct buf *why)
{
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
		const short events =
		    next == PGRES_POLLING_READING ? POLLIN : POLLOUT;

		if (!postgresql_wait(p, events, give_up)) {
			buf_put_slice(why, SLICE("no answer in time"));
			return REMOTE_LOST;
		}
		next = PQconnectPoll(p->conn);
	}
	if (next == PGRES_POLLING_OK)
		return REMOTE_DONE;
	postgresql_put_message(why, PQerrorMessage(p->conn));
	return refusal(PQerrorMessage(p->conn));
}

/* Notices are for nobody. */
static void
ignore_notice(void *ctx, const PGresult *result)
{
	(void)ctx;
	(void)result;
}

static enum remote_result
start(struct postgresql *p, size_t host, struct buf *why)
{
	struct arena arena = ARENA_INIT(65536);
	struct words w = { .n = 0 };
	enum rc rc = collect(p, host, &w, &arena);

	if (rc == RC_OK)
		p->conn = PQconnectStartParams(w.key, w.value, 0);
	arena_release(&arena);
	if (p->conn == NULL)
		return REMOTE_NOMEMORY;
	(void)PQsetNoticeReceiver(p->conn, ignore_notice, NULL);
	/* The codes of errors are in what it says then. */
	(void)PQsetErrorVerbosity(p->conn, PQERRORS_VERBOSE);
	if (PQstatus(p->conn) != CONNECTION_BAD)
		return REMOTE_DONE;
	postgresql_put_message(why, PQerrorMessage(p->conn));
	return REMOTE_LOST;
}

static enum remote_result
connect_to(struct postgresql *p, size_t host, int64_t give_up, struct buf *why)
{
	enum remote_result result = start(p, host, why);

	if (result == REMOTE_DONE)
		result = await(p, give_up, why);
	if (result == REMOTE_DONE && PQsetnonblocking(p->conn, 1) != 0)
		result = REMOTE_LOST;
	if (result == REMOTE_DONE)
		result = configure(p, give_up, why);
	if (result == REMOTE_DONE)
		return REMOTE_DONE;
	postgresql_drop(&p->base);
	return result == REMOTE_FAILED || result == REMOTE_NOMEMORY
	    ? result
	    : REMOTE_LOST;
}

/* libpq would try the hosts in turn by itself, but wait at the first one that
 * is silent. */
enum remote_result
postgresql_connect(struct remote_engine *e, int64_t give_up, struct buf *why)
{
	struct postgresql *p = (struct postgresql *)e;
	enum remote_result result = REMOTE_FAILED;

	for (size_t i = 0; i < p->hosts; i++) {
		const size_t host = (p->host + i) % p->hosts;
		const int64_t now = clock_mono_ms(p->clock);
		const int64_t share = (give_up - now) / (int64_t)(p->hosts - i);
		enum remote_result one;

		if (i > 0)
			buf_put_slice(why, SLICE("; "));
		one = connect_to(p, host, now + share, why);
		if (one == REMOTE_DONE) {
			p->host = host;
			return REMOTE_DONE;
		}
		/* One that is away may be the one that would take us. */
		if (one != REMOTE_FAILED)
			result = one;
	}
	return result;
}

void
postgresql_drop(struct remote_engine *e)
{
	struct postgresql *p = (struct postgresql *)e;

	PQfinish(p->conn);
	p->conn = NULL;
	memset(p->is_prepared, 0, sizeof(p->is_prepared));
}
