#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mysql.h>

#include "bare_append.h"

struct bare_append {
	MYSQL *db;
	MYSQL_STMT *call;
};

/* Of mariadb://USER@HOST:PORT/DATABASE, as the benchmark has it. */
struct address {
	char user[64];
	char host[64];
	unsigned port;
	char database[64];
};

static enum rc
connect_to(const char *url, MYSQL **db)
{
	struct address at;
	MYSQL *c;

	*db = NULL;
	/* NOLINTNEXTLINE(cert-err34-c): the number is checked by connecting */
	if (sscanf(url, "mariadb://%63[^@]@%63[^:]:%u/%63[^?]", at.user,
		at.host, &at.port, at.database) != 4)
		return RC_SYNTAX;
	c = mysql_init(NULL);
	if (c == NULL)
		return RC_NOMEM;
	*db = c;
	return mysql_real_connect(c, at.host, at.user, NULL, at.database,
		   at.port, NULL, 0) == NULL
	    ? RC_IO
	    : RC_OK;
}

static enum rc
make(const char *url)
{
	static const char *const text[] = {
		"DROP TABLE IF EXISTS bare_stream, bare_event, bare_chg",
		"CREATE TABLE bare_stream(number bigint PRIMARY KEY,"
		" head bigint NOT NULL) ENGINE=InnoDB",
		"CREATE TABLE bare_event(stream bigint, seq bigint,"
		" data LONGBLOB NOT NULL, PRIMARY KEY(stream, seq))"
		" ENGINE=InnoDB",
		"CREATE TABLE bare_chg(shard integer PRIMARY KEY,"
		" ver bigint NOT NULL) ENGINE=InnoDB",
		"INSERT INTO bare_stream SELECT seq, 0 FROM seq_0_to_999",
		"INSERT INTO bare_chg SELECT seq, 0 FROM seq_0_to_255",
		"CREATE OR REPLACE PROCEDURE bare_append(p_stream bigint,"
		" p_shard bigint, p_data LONGBLOB) BEGIN"
		" START TRANSACTION;"
		" UPDATE bare_stream SET head = LAST_INSERT_ID(head + 1)"
		" WHERE number = p_stream;"
		" INSERT INTO bare_event(stream, seq, data)"
		" VALUES(p_stream, LAST_INSERT_ID(), p_data);"
		" UPDATE bare_chg SET ver = ver + 1 WHERE shard = p_shard;"
		" COMMIT; END",
	};
	MYSQL *db;
	enum rc rc = connect_to(url, &db);

	for (size_t i = 0; rc == RC_OK && i < sizeof(text) / sizeof(text[0]);
	     i++) {
		if (mysql_query(db, text[i]) != 0)
			rc = RC_IO;
	}
	if (db != NULL)
		mysql_close(db);
	return rc;
}

static void
close_it(struct bare_append *b)
{
	if (b->call != NULL)
		(void)mysql_stmt_close(b->call);
	if (b->db != NULL)
		mysql_close(b->db);
	free(b);
}

static enum rc
open_it(const char *url, struct bare_append **out)
{
	static const char text[] = "CALL bare_append(?, ?, ?)";
	struct bare_append *b = calloc(1, sizeof(*b));
	enum rc rc = b == NULL ? RC_NOMEM : connect_to(url, &b->db);

	if (rc == RC_OK) {
		b->call = mysql_stmt_init(b->db);
		if (b->call == NULL ||
		    mysql_stmt_prepare(b->call, text, sizeof(text) - 1) != 0)
			rc = RC_IO;
	}
	if (rc == RC_OK)
		*out = b;
	else if (b != NULL)
		close_it(b);
	return rc;
}

static enum rc
append(struct bare_append *b, int64_t stream, const void *data, size_t n)
{
	MYSQL_BIND bind[3];
	int64_t shard = stream % BARE_SHARDS;
	unsigned long length = (unsigned long)n;
	void *bytes;

	memset(bind, 0, sizeof(bind));
	memcpy(&bytes, &data, sizeof(bytes)); /* it is only read */
	bind[0].buffer_type = MYSQL_TYPE_LONGLONG;
	bind[0].buffer = &stream;
	bind[1].buffer_type = MYSQL_TYPE_LONGLONG;
	bind[1].buffer = &shard;
	bind[2].buffer_type = MYSQL_TYPE_LONG_BLOB;
	bind[2].buffer = bytes;
	bind[2].buffer_length = length;
	bind[2].length = &length;
	if (mysql_stmt_bind_param(b->call, bind) != 0 ||
	    mysql_stmt_execute(b->call) != 0)
		return RC_IO;
	/* A procedure ends with a result of its own. */
	while (mysql_stmt_next_result(b->call) == 0)
		continue;
	return RC_OK;
}

const struct bare_engine bare_mariadb = { SLICE_INIT("mariadb://"), make,
	open_it, append, close_it };
