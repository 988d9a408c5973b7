#ifndef MCP_MARIADB_ENGINE_H
#define MCP_MARIADB_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "rc.h"
#include "remote.h"

/*
 * What the files of this connection share.  The only header that knows
 * libmariadb.  The library is used through its non-blocking calls only, each of
 * which is a function that stops wherever it would wait: it is always run to
 * its end, after the deadline with a socket that is shut, for it holds memory
 * and descriptors until then.
 */

/* ------------------------------------------------ mariadb_engine_url.c */

#define MARIA_HOSTS 16

struct maria_host {
	const char *name;
	unsigned int port;
};

/* The URL taken apart; see there for its options.  Strings are NULL if they
 * were not given, and lie in `text`. */
struct maria_url {
	char *text;
	const char *user;
	const char *password;
	const char *database;
	const char *socket;
	const char *ssl_ca;
	const char *ssl_capath;
	const char *ssl_cert;
	const char *ssl_key;
	const char *ssl_crl;
	bool ssl;
	bool ssl_verify;
	unsigned int sync_wait; /* wsrep_sync_wait, where there is such */
	size_t hosts;
	struct maria_host host[MARIA_HOSTS]; /* in the order to try them */
};

/* RC_SYNTAX with a sentence, which never shows a part of the URL that might be
 * a password; RC_NOMEM. */
MUST_CHECK enum rc maria_url_init(
    struct maria_url *, const char *url, struct buf *why);
void maria_url_release(struct maria_url *);

/* ---------------------------------------------------- mariadb_engine.c */

struct maria {
	struct remote_engine base; /* first: an engine * is one of these */
	struct maria_url url;
	const struct clock *clock;
	int64_t timeout_ms; /* `store.timeout` */
	MYSQL *my;          /* NULL: no connection */
	MYSQL_STMT *statement[REMOTE_ROUTINES];
	int64_t packet_max; /* what the server takes at once */
	size_t host;        /* to be tried first: where we were last */
	bool is_late;       /* a deadline came; the socket is shut */
};

/* Close the connection and forget what was prepared on it. */
void maria_drop(struct maria *);

/* --------------------------------------------- mariadb_engine_connect.c */

enum remote_result maria_connect(
    struct remote_engine *, int64_t give_up_mono, struct buf *why);

/* ------------------------------------------------ mariadb_engine_wait.c */

/* Wait for what a call of the library asks for (MYSQL_WAIT_*), and say what
 * came.  At the deadline the socket is shut and what came is a timeout, from
 * then on at once. */
int maria_wait(struct maria *, int asked, int64_t give_up_mono);

/* Has the server said something unasked, or hung up? */
bool maria_is_stale(const struct maria *);

/* No more bytes either way. */
void maria_shut(const struct maria *);

/* Not for the programs we start; probe a silent peer. */
void maria_dress_socket(const struct maria *);

/* The calls themselves; they return what the blocking ones return. */
bool maria_open(struct maria *, const struct maria_host *, int64_t give_up);
int maria_query(struct maria *, struct slice sql, int64_t give_up);
MYSQL_RES *maria_store_result(struct maria *, int64_t give_up);
int maria_next_result(struct maria *, int64_t give_up);
int maria_option(struct maria *, enum enum_mysql_set_option, int64_t give_up);
int maria_prepare(
    struct maria *, MYSQL_STMT *, struct slice sql, int64_t give_up);
int maria_execute(struct maria *, MYSQL_STMT *, int64_t give_up);
int maria_statement_store(struct maria *, MYSQL_STMT *, int64_t give_up);
int maria_statement_next(struct maria *, MYSQL_STMT *, int64_t give_up);
int maria_statement_close(struct maria *, MYSQL_STMT *, int64_t give_up);

/* ------------------------------------------------- mariadb_engine_run.c */

enum remote_result maria_run(struct remote_engine *, enum remote_sql,
    const struct remote_routine *, const struct remote_value *,
    int64_t give_up_mono, struct arena *, struct remote_rows *,
    struct buf *why);

/* ------------------------------------------------ mariadb_engine_rows.c */

/* Take the rows of the result that was stored.  REMOTE_DONE, REMOTE_NOMEMORY,
 * or REMOTE_FAILED with a sentence. */
enum remote_result maria_rows(
    MYSQL_STMT *, struct arena *, struct remote_rows *, struct buf *why);

/* ------------------------------------------------ mariadb_engine_text.c */

enum remote_result maria_text(struct remote_engine *, const char *sql,
    int64_t give_up_mono, int64_t *number, struct buf *why);

/* One query or several, and all of their results. */
enum remote_result maria_texts(struct maria *, struct slice sql,
    int64_t give_up_mono, int64_t *number, struct buf *why);

/* ----------------------------------------------- mariadb_engine_error.c */

/* What an error says about a statement.  is_sent: the server may have all of
 * it, and so may have done it. */
enum remote_result maria_class(
    unsigned int error, const char *sentence, bool is_sent);

/* Is the connection of no use after it? */
bool maria_is_fatal(unsigned int error);

/* Of an attempt to connect: REMOTE_LOST or REMOTE_FAILED. */
enum remote_result maria_connect_class(
    unsigned int error, const char *sentence);

void maria_say(struct buf *why, unsigned int error, const char *sentence);

#endif
