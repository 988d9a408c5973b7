#include "mariadb_engine.h"

/* The library's own stacks are too small for the resolver and for TLS. */
#define STACK_BYTES ((size_t)512 * 1024)

/* The server's own limits are this much above ours: what nobody waits for any
 * more ends soon after. */
#define BEYOND_MS 1000

/* A connection that is not used may go: whoever needs it again opens it. */
#define IDLE_S 3600

/* What holds for the connection; names are bytes.  The variables are for
 * unlock, which sets them again.  How much the server takes at once; 0 if it
 * only reads. */
#define SETUP                                                                  \
	"SET @mcp_seconds = %u, @mcp_lock_seconds = %u;"                       \
	"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;"              \
	"SET SESSION autocommit = 1, sql_mode = 'STRICT_ALL_TABLES,"           \
	"ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"                  \
	" max_statement_time = @mcp_seconds,"                                  \
	" lock_wait_timeout = @mcp_lock_seconds,"                              \
	" innodb_lock_wait_timeout = @mcp_lock_seconds,"                       \
	" wait_timeout = %u, sql_select_limit = DEFAULT,"                      \
	" sql_safe_updates = 0, time_zone = '+00:00';"                         \
	"SET NAMES binary;"                                                    \
	"SELECT IF(@@GLOBAL.read_only, 0, @@SESSION.max_allowed_packet)"

static void
option(struct maria *m, enum mysql_option name, const void *value)
{
	if (value != NULL)
		(void)mysql_optionsv(m->my, name, value);
}

/* The library counts in seconds; it waits by itself for names and for TLS. */
static unsigned int
seconds_left(const struct maria *m, int64_t give_up)
{
	const int64_t left = give_up - clock_mono_ms(m->clock);

	if (left <= 1000)
		return 1;
	return left > 60000 ? 60 : (unsigned int)((left + 999) / 1000);
}

static void
set_options(struct maria *m, int64_t give_up)
{
	static const unsigned int off = 0;
	const struct maria_url *u = &m->url;
	const size_t stack = STACK_BYTES;
	const unsigned int seconds = seconds_left(m, give_up);
	const unsigned int protocol =
	    u->socket == NULL ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
	const my_bool yes = 1;
	const my_bool no = 0;

	option(m, MYSQL_OPT_NONBLOCK, &stack);
	/* Without it "localhost" is a socket, whatever its port. */
	option(m, MYSQL_OPT_PROTOCOL, &protocol);
	option(m, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	option(m, MYSQL_OPT_LOCAL_INFILE, &off);
	option(m, MYSQL_SET_CHARSET_NAME, "binary");
	if (!u->ssl)
		return;
	option(m, MYSQL_OPT_SSL_CA, u->ssl_ca);
	option(m, MYSQL_OPT_SSL_CAPATH, u->ssl_capath);
	option(m, MYSQL_OPT_SSL_CERT, u->ssl_cert);
	option(m, MYSQL_OPT_SSL_KEY, u->ssl_key);
	option(m, MYSQL_OPT_SSL_CRL, u->ssl_crl);
	option(m, MYSQL_OPT_SSL_ENFORCE, &yes);
	option(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, u->ssl_verify ? &yes : &no);
}

/* Wait until what others wrote is here, where servers certify. */
static enum remote_result
set_sync_wait(struct maria *m, int64_t give_up, struct buf *why)
{
	struct buf sql = BUF_INIT(64);
	unsigned int error = CR_OUT_OF_MEMORY;

	buf_printf(&sql, "SET SESSION wsrep_sync_wait = %u", m->url.sync_wait);
	if (buf_finish(&sql) == RC_OK) {
		error = 0;
		if (maria_query(m, buf_slice(&sql), give_up) != 0)
			error = mysql_errno(m->my);
	}
	buf_release(&sql);
	/* Not every server has it. */
	if (error == 0 || error == ER_UNKNOWN_SYSTEM_VARIABLE)
		return REMOTE_DONE;
	maria_say(why, error, mysql_error(m->my));
	return maria_connect_class(error, mysql_error(m->my));
}

static enum remote_result
set_variables(
    struct maria *m, int64_t give_up, int64_t *packet_max, struct buf *why)
{
	const unsigned int seconds =
	    (unsigned int)((m->timeout_ms + BEYOND_MS + 999) / 1000);
	struct buf sql = BUF_INIT(1024);
	enum remote_result result = REMOTE_NOMEMORY;

	/* Whoever waits for a lock that long does not stand in the way of its
	 * own statement. */
	buf_printf(&sql, SETUP, seconds + 1, seconds, IDLE_S);
	if (buf_finish(&sql) == RC_OK)
		result =
		    maria_texts(m, buf_slice(&sql), give_up, packet_max, why);
	buf_release(&sql);
	return result;
}

static enum remote_result
set_up(struct maria *m, int64_t give_up, struct buf *why)
{
	enum remote_result result;

	maria_dress_socket(m);
	/* The library is content without it if it need not verify. */
	if (m->url.ssl && mysql_get_ssl_cipher(m->my) == NULL) {
		buf_printf(why, "the server does not speak TLS");
		return REMOTE_FAILED;
	}
	result = set_variables(m, give_up, &m->packet_max, why);
	if (result == REMOTE_DONE)
		result = set_sync_wait(m, give_up, why);
	if (result == REMOTE_DONE &&
	    maria_option(m, MYSQL_OPTION_MULTI_STATEMENTS_OFF, give_up) != 0) {
		maria_say(why, mysql_errno(m->my), mysql_error(m->my));
		return REMOTE_LOST;
	}
	if (result == REMOTE_DONE && m->packet_max == 0) {
		/* Our account may be above that, and would write to a
		 * replica. */
		buf_printf(why, "the server is read-only");
		return REMOTE_LOST;
	}
	return result;
}

static enum remote_result
try_host(struct maria *m, const struct maria_host *host, int64_t give_up,
    struct buf *why)
{
	enum remote_result result;

	m->my = mysql_init(NULL);
	if (m->my == NULL)
		return REMOTE_LOST;
	set_options(m, give_up);
	if (why->len > 0)
		buf_printf(why, "; ");
	buf_printf(
	    why, "%s: ", m->url.socket != NULL ? m->url.socket : host->name);
	if (maria_open(m, host, give_up)) {
		result = set_up(m, give_up, why);
	} else {
		result =
		    maria_connect_class(mysql_errno(m->my), mysql_error(m->my));
		maria_say(why, mysql_errno(m->my), mysql_error(m->my));
	}
	if (result == REMOTE_DONE)
		return REMOTE_DONE;
	maria_shut(m);
	maria_drop(m);
	/* Nothing of ours was done, whatever happened. */
	return result == REMOTE_FAILED ? REMOTE_FAILED : REMOTE_LOST;
}

/* One that does not answer must leave time for those behind it. */
static int64_t
share(const struct maria *m, size_t tried, int64_t give_up)
{
	const int64_t now = clock_mono_ms(m->clock);

	if (give_up <= now)
		return give_up;
	return now + (give_up - now) / (int64_t)(m->url.hosts - tried);
}

enum remote_result
maria_connect(struct remote_engine *e, int64_t give_up_mono, struct buf *why)
{
	struct maria *m = (struct maria *)e;
	enum remote_result worst = REMOTE_FAILED;
	const size_t said = why->len;

	maria_drop(m);
	for (size_t i = 0; i < m->url.hosts; i++) {
		const size_t at = (m->host + i) % m->url.hosts;
		const enum remote_result result = try_host(
		    m, &m->url.host[at], share(m, i, give_up_mono), why);

		if (result == REMOTE_DONE) {
			m->host = at;
			buf_truncate(why, said);
			return REMOTE_DONE;
		}
		if (result == REMOTE_LOST)
			worst = REMOTE_LOST;
	}
	return worst;
}
