#include <stdlib.h>

#include <libpq-fe.h>

#include "bare_append.h"

#define INT8 20
#define BYTEA 17

struct bare_append {
	PGconn *connection;
};

static enum rc
check(PGresult *result)
{
	const ExecStatusType status = PQresultStatus(result);

	PQclear(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? RC_OK
								       : RC_IO;
}

static enum rc
make(const char *url)
{
	PGconn *c = PQconnectdb(url);
	enum rc rc = check(PQexec(c,
	    "SET client_min_messages = error;"
	    "DROP TABLE IF EXISTS bare_stream, bare_event, bare_chg;"
	    "CREATE TABLE bare_stream(number bigint PRIMARY KEY,"
	    " head bigint NOT NULL) WITH (fillfactor = 50);"
	    "CREATE TABLE bare_event(stream bigint, seq bigint,"
	    " data bytea NOT NULL, PRIMARY KEY(stream, seq));"
	    "CREATE TABLE bare_chg(shard integer PRIMARY KEY,"
	    " ver bigint NOT NULL) WITH (fillfactor = 10);"
	    "INSERT INTO bare_stream SELECT generate_series(0, 999), 0;"
	    "INSERT INTO bare_chg SELECT generate_series(0, 255), 0"));

	PQfinish(c);
	return rc;
}

static void
close_it(struct bare_append *b)
{
	PQfinish(b->connection);
	free(b);
}

static enum rc
open_it(const char *url, struct bare_append **out)
{
	static const Oid types[] = { INT8, INT8, BYTEA };
	struct bare_append *b = calloc(1, sizeof(*b));
	enum rc rc;

	if (b == NULL)
		return RC_NOMEM;
	b->connection = PQconnectdb(url);
	rc = check(PQprepare(b->connection, "append",
	    "WITH s AS (UPDATE bare_stream SET head = head + 1"
	    " WHERE number = $1 RETURNING number, head),"
	    " c AS (UPDATE bare_chg SET ver = ver + 1 FROM s"
	    " WHERE shard = $2 RETURNING 1)"
	    " INSERT INTO bare_event(stream, seq, data)"
	    " SELECT number, head, $3 FROM s RETURNING seq",
	    3, types));
	if (rc == RC_OK)
		*out = b;
	else
		close_it(b);
	return rc;
}

/* As the protocol has numbers: the highest byte first. */
static void
put_number(unsigned char out[8], int64_t n)
{
	for (int i = 0; i < 8; i++)
		out[i] = (unsigned char)((uint64_t)n >> (56 - 8 * i));
}

static enum rc
append(struct bare_append *b, int64_t stream, const void *data, size_t n)
{
	unsigned char number[8];
	unsigned char shard[8];
	const char *const values[] = { (const char *)number,
		(const char *)shard, data };
	const int lengths[] = { sizeof(number), sizeof(shard), (int)n };
	static const int formats[] = { 1, 1, 1 };

	put_number(number, stream);
	put_number(shard, stream % BARE_SHARDS);
	return check(PQexecPrepared(
	    b->connection, "append", 3, values, lengths, formats, 1));
}

const struct bare_engine bare_postgresql = { SLICE_INIT("postgresql://"), make,
	open_it, append, close_it };
