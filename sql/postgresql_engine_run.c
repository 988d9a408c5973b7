#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgresql_engine.h"

/* pg_type.h, stable since there is a protocol 3. */
#define OID_BYTEA 17
#define OID_INT8 20

bool
postgresql_wait(struct postgresql *p, short events, int64_t give_up)
{
	for (;;) {
		struct pollfd fd = { PQsocket(p->conn), events, 0 };
		const int64_t left = give_up - clock_mono_ms(p->clock);
		int n;

		/* poll() would wait for none that is closed. */
		if (left <= 0 || fd.fd < 0)
			return false;
		n = poll(&fd, 1, left < INT_MAX ? (int)left : INT_MAX);
		if (n >= 0)
			return n > 0;
		if (errno != EINTR)
			return false;
	}
}

/* The next result of what was sent; NULL behind the last one, which the server
 * says when it has committed.  false: the deadline, or the connection. */
static bool
next_result(
    struct postgresql *p, int64_t give_up, PGresult **out, struct buf *why)
{
	for (;;) {
		const int unsent = PQflush(p->conn);

		if (unsent <= 0 && PQisBusy(p->conn) == 0) {
			*out = PQgetResult(p->conn);
			return true;
		}
		/* Once it has noticed, it has no socket to wait for. */
		if (unsent < 0 || PQstatus(p->conn) != CONNECTION_OK) {
			postgresql_put_message(why, PQerrorMessage(p->conn));
			return false;
		}
		if (!postgresql_wait(
			p, unsent > 0 ? POLLIN | POLLOUT : POLLIN, give_up)) {
			buf_put_slice(why, SLICE("no answer in time"));
			return false;
		}
		/* A server that leaves may have said why. */
		if (PQconsumeInput(p->conn) == 0 && PQisBusy(p->conn) != 0) {
			postgresql_put_message(why, PQerrorMessage(p->conn));
			return false;
		}
	}
}

/* Everything that comes for what was sent.  *kept is the last result with
 * rows or without, NULL unless REMOTE_DONE comes back. */
static enum remote_result
gather(struct postgresql *p, int64_t give_up, PGresult **kept, struct buf *why)
{
	enum remote_result result = REMOTE_DONE;
	PGresult *one = NULL;

	*kept = NULL;
	for (;;) {
		if (!next_result(p, give_up, &one, why)) {
			result = REMOTE_UNKNOWN;
			break;
		}
		if (one == NULL)
			break;
		if (PQresultStatus(one) == PGRES_TUPLES_OK ||
		    PQresultStatus(one) == PGRES_COMMAND_OK) {
			PQclear(*kept);
			*kept = one;
			continue;
		}
		/* Of several errors the first one is the reason. */
		if (result == REMOTE_DONE)
			result = postgresql_error(p->conn, one, why);
		PQclear(one);
		if (PQstatus(p->conn) != CONNECTION_OK)
			break;
	}
	if (result == REMOTE_DONE &&
	    (PQstatus(p->conn) != CONNECTION_OK ||
		PQtransactionStatus(p->conn) != PQTRANS_IDLE))
		result = REMOTE_UNKNOWN;
	if (result != REMOTE_DONE) {
		PQclear(*kept);
		*kept = NULL;
	}
	if (result == REMOTE_LOST || result == REMOTE_UNKNOWN)
		postgresql_drop(&p->base);
	return result;
}

static enum remote_result
not_sent(struct postgresql *p, enum remote_result result, struct buf *why)
{
	postgresql_put_message(why, PQerrorMessage(p->conn));
	postgresql_drop(&p->base);
	return result;
}

static Oid
type_of(char letter)
{
	return letter == 'n' ? OID_INT8 : OID_BYTEA;
}

/* "SELECT * FROM name($1,$2)" as statement `name`. */
static enum remote_result
prepare(struct postgresql *p, const struct remote_routine *routine,
    int64_t give_up, struct buf *why)
{
	const size_t n = strlen(routine->types);
	struct buf sql = BUF_INIT(1024);
	Oid types[REMOTE_ARGS_MAX];
	PGresult *done = NULL;
	enum remote_result result;

	buf_printf(&sql, "SELECT * FROM %s(", routine->name);
	for (size_t i = 0; i < n && i < REMOTE_ARGS_MAX; i++) {
		types[i] = type_of(routine->types[i]);
		buf_printf(&sql, i == 0 ? "$%zu" : ",$%zu", i + 1);
	}
	buf_put_char(&sql, ')');
	if (buf_finish(&sql) != RC_OK || n > REMOTE_ARGS_MAX) {
		buf_release(&sql);
		return REMOTE_NOMEMORY;
	}
	if (PQsendPrepare(p->conn, routine->name, sql.ptr, (int)n, types) == 0)
		result = not_sent(p, REMOTE_LOST, why);
	else
		result = gather(p, give_up, &done, why);
	PQclear(done);
	buf_release(&sql);
	/* Nothing was done, in any case. */
	return result == REMOTE_UNKNOWN ? REMOTE_LOST : result;
}

/* Most significant byte first. */
static void
put_number(int64_t number, unsigned char out[8])
{
	uint64_t bits = (uint64_t)number;

	for (size_t i = 8; i-- > 0; bits >>= 8)
		out[i] = (unsigned char)(bits & 0xff);
}

/* The arguments, as libpq wants them. */
struct arguments {
	const char *value[REMOTE_ARGS_MAX];
	int length[REMOTE_ARGS_MAX];
	int format[REMOTE_ARGS_MAX];
	unsigned char number[REMOTE_ARGS_MAX][8];
	int n;
};

static bool
fill(struct arguments *a, const struct remote_routine *routine,
    const struct remote_value *v)
{
	const size_t n = strlen(routine->types);

	if (n > REMOTE_ARGS_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		a->format[i] = 1;
		if (v[i].is_number) {
			put_number(v[i].number, a->number[i]);
			a->value[i] = (const char *)a->number[i];
			a->length[i] = 8;
			continue;
		}
		if (v[i].bytes.len > INT_MAX)
			return false;
		a->value[i] = v[i].bytes.ptr;
		a->length[i] = (int)v[i].bytes.len;
	}
	a->n = (int)n;
	return true;
}

/* Did the server hang up while nobody spoke?  Then nothing is sent, and nothing
 * is unknown. */
static bool
is_cut(struct postgresql *p, struct buf *why)
{
	struct pollfd fd = { PQsocket(p->conn), POLLIN, 0 };

	if (poll(&fd, 1, 0) == 0)
		return false;
	/* It may only have told us of a setting. */
	if (PQconsumeInput(p->conn) != 0 && PQisBusy(p->conn) == 0 &&
	    PQstatus(p->conn) == CONNECTION_OK)
		return false;
	(void)not_sent(p, REMOTE_LOST, why);
	return true;
}

enum remote_result /* NOLINTNEXTLINE(readability-function-size) */
postgresql_run(struct remote_engine *e, enum remote_sql which,
    const struct remote_routine *routine, const struct remote_value *v,
    int64_t give_up, struct arena *arena, struct remote_rows *rows,
    struct buf *why)
{
	struct postgresql *p = (struct postgresql *)e;
	struct arguments a = { .n = 0 };
	PGresult *answer = NULL;
	enum remote_result result = REMOTE_DONE;

	if (!fill(&a, routine, v)) {
		buf_put_slice(why, SLICE("too long"));
		return REMOTE_FAILED;
	}
	if (is_cut(p, why))
		return REMOTE_LOST;
	if (!p->is_prepared[which])
		result = prepare(p, routine, give_up, why);
	if (result != REMOTE_DONE)
		return result;
	p->is_prepared[which] = true;
	if (PQsendQueryPrepared(p->conn, routine->name, a.n, a.value, a.length,
		a.format, 1) == 0)
		return not_sent(p, REMOTE_UNKNOWN, why);
	result = gather(p, give_up, &answer, why);
	if (result == REMOTE_DONE)
		result = postgresql_rows(answer, arena, rows, why);
	PQclear(answer);
	return result;
}

enum remote_result
postgresql_text(struct remote_engine *e, const char *sql, int64_t give_up,
    int64_t *number, struct buf *why)
{
	struct postgresql *p = (struct postgresql *)e;
	PGresult *answer = NULL;
	enum remote_result result;

	*number = 0;
	if (PQsendQuery(p->conn, sql) == 0)
		return not_sent(p, REMOTE_UNKNOWN, why);
	result = gather(p, give_up, &answer, why);
	if (result == REMOTE_DONE && PQntuples(answer) > 0 &&
	    PQnfields(answer) > 0)
		*number = strtoll(PQgetvalue(answer, 0, 0), NULL, 10);
	PQclear(answer);
	return result;
}
