#include "mariadb_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

/* A peer that says nothing is probed after so long, and given up after so many
 * seconds more.  Deadlines find it earlier if there is something to do. */
#define PROBE_AFTER_S 60
#define PROBE_EVERY_S 10
#define PROBES 3

static int
left_ms(const struct maria *m, int64_t give_up)
{
	const int64_t left = give_up - clock_mono_ms(m->clock);

	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static int
late(struct maria *m)
{
	m->is_late = true;
	maria_shut(m);
	return MYSQL_WAIT_TIMEOUT;
}

int
maria_wait(struct maria *m, int asked, int64_t give_up)
{
	struct pollfd p = { .fd = mysql_get_socket(m->my) };
	int came = 0;
	int n;

	if (m->is_late || p.fd < 0)
		return late(m);
	if ((asked & MYSQL_WAIT_READ) != 0)
		p.events |= POLLIN;
	if ((asked & MYSQL_WAIT_WRITE) != 0)
		p.events |= POLLOUT;
	if ((asked & MYSQL_WAIT_EXCEPT) != 0)
		p.events |= POLLPRI;
	do
		n = poll(&p, 1, left_ms(m, give_up));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return late(m);
	if ((p.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
		return asked & ~MYSQL_WAIT_TIMEOUT;
	if ((p.revents & POLLIN) != 0)
		came |= MYSQL_WAIT_READ;
	if ((p.revents & POLLOUT) != 0)
		came |= MYSQL_WAIT_WRITE;
	if ((p.revents & POLLPRI) != 0)
		came |= MYSQL_WAIT_EXCEPT;
	return came;
}

bool
maria_is_stale(const struct maria *m)
{
	struct pollfd p = { .fd = mysql_get_socket(m->my), .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

void
maria_shut(const struct maria *m)
{
	const int fd = mysql_get_socket(m->my);

	if (fd >= 0)
		(void)shutdown(fd, SHUT_RDWR);
}

void
maria_dress_socket(const struct maria *m)
{
	static const struct {
		int level;
		int name;
		int value;
	} options[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, PROBE_AFTER_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, PROBE_EVERY_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, PROBES },
	};
	const int fd = mysql_get_socket(m->my);

	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* A socket in the file system knows the last four not. */
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(fd, options[i].level, options[i].name,
		    &options[i].value, sizeof(options[i].value));
}

/* ----------------------------------------------------------- the calls */

bool
maria_open(struct maria *m, const struct maria_host *host, int64_t give_up)
{
	const struct maria_url *u = &m->url;
	MYSQL *out = NULL;
	int asked;

	asked = mysql_real_connect_start(&out, m->my, host->name, u->user,
	    u->password, u->database, host->port, u->socket,
	    CLIENT_MULTI_STATEMENTS);
	while (asked != 0)
		asked = mysql_real_connect_cont(
		    &out, m->my, maria_wait(m, asked, give_up));
	return out != NULL;
}

int
maria_query(struct maria *m, struct slice sql, int64_t give_up)
{
	int out = 1;
	int asked = mysql_real_query_start(&out, m->my, sql.ptr, sql.len);

	while (asked != 0)
		asked = mysql_real_query_cont(
		    &out, m->my, maria_wait(m, asked, give_up));
	return out;
}

MYSQL_RES *
maria_store_result(struct maria *m, int64_t give_up)
{
	MYSQL_RES *out = NULL;
	int asked = mysql_store_result_start(&out, m->my);

	while (asked != 0)
		asked = mysql_store_result_cont(
		    &out, m->my, maria_wait(m, asked, give_up));
	return out;
}

int
maria_next_result(struct maria *m, int64_t give_up)
{
	int out = 1;
	int asked = mysql_next_result_start(&out, m->my);

	while (asked != 0)
		asked = mysql_next_result_cont(
		    &out, m->my, maria_wait(m, asked, give_up));
	return out;
}

int
maria_option(
    struct maria *m, enum enum_mysql_set_option option, int64_t give_up)
{
	int out = 1;
	int asked = mysql_set_server_option_start(&out, m->my, option);

	while (asked != 0)
		asked = mysql_set_server_option_cont(
		    &out, m->my, maria_wait(m, asked, give_up));
	return out;
}

int
maria_prepare(struct maria *m, MYSQL_STMT *s, struct slice sql, int64_t give_up)
{
	int out = 1;
	int asked = mysql_stmt_prepare_start(&out, s, sql.ptr, sql.len);

	while (asked != 0)
		asked = mysql_stmt_prepare_cont(
		    &out, s, maria_wait(m, asked, give_up));
	return out;
}

int
maria_execute(struct maria *m, MYSQL_STMT *s, int64_t give_up)
{
	int out = 1;
	int asked = mysql_stmt_execute_start(&out, s);

	while (asked != 0)
		asked = mysql_stmt_execute_cont(
		    &out, s, maria_wait(m, asked, give_up));
	return out;
}

int
maria_statement_store(struct maria *m, MYSQL_STMT *s, int64_t give_up)
{
	int out = 1;
	int asked = mysql_stmt_store_result_start(&out, s);

	while (asked != 0)
		asked = mysql_stmt_store_result_cont(
		    &out, s, maria_wait(m, asked, give_up));
	return out;
}

int
maria_statement_next(struct maria *m, MYSQL_STMT *s, int64_t give_up)
{
	int out = 1;
	int asked = mysql_stmt_next_result_start(&out, s);

	while (asked != 0)
		asked = mysql_stmt_next_result_cont(
		    &out, s, maria_wait(m, asked, give_up));
	return out;
}

int
maria_statement_close(struct maria *m, MYSQL_STMT *s, int64_t give_up)
{
	my_bool out = 1;
	int asked = mysql_stmt_close_start(&out, s);

	while (asked != 0)
		asked = mysql_stmt_close_cont(
		    &out, s, maria_wait(m, asked, give_up));
	return out;
}
