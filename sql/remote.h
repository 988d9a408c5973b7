#ifndef MCP_REMOTE_H
#define MCP_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "clock.h"
#include "log.h"
#include "rc.h"
#include "rng.h"
#include "slice.h"
#include "store.h"

/*
 * A store in a database server behind a connection.  What PostgreSQL and
 * MariaDB have in common is all but the connection: every operation of the
 * store is one stored routine, called by one prepared statement in one round
 * trip, and is one transaction of its own.  The SQL lies in sql/<engine>/; a
 * routine has the same name, arguments and columns on every engine, so that
 * the C code names no table.
 *
 * Private to this room.  One connection belongs to one process and one thread:
 * it is opened after fork, by the first operation, and never carried over one.
 */

/* ------------------------------------------------------------- routines */

/* What a routine answers first, in its column 0, if it changes something. */
enum remote_outcome {
	REMOTE_OK = 0,
	REMOTE_NOTFOUND = 1,
	REMOTE_CONFLICT = 2,
	REMOTE_FULL = 3,
	REMOTE_BUG = 4
};

enum remote_kind {
	REMOTE_READ, /* changes nothing */
	/* Doing it twice is doing it once; it may be run again when it is not
	 * known whether it was done. */
	REMOTE_REPEATABLE,
	/* Its first argument is the mark of this one attempt (16 bytes), which
	 * it leaves in mcp_done together with what it answered, in the same
	 * transaction. */
	REMOTE_ONCE
};

/* How a routine is called.  `types` has a letter for each argument, the mark
 * included: n for an integer of 64 bits, b for bytes; both may be NULL. */
struct remote_routine {
	const char *name; /* "mcp_event_append" */
	const char *types;
	enum remote_kind kind;
};

/* The routines, by the file that calls them. */
enum remote_sql {
	/* remote_store.c */
	REMOTE_DONE_FIND,
	/* remote_upkeep.c */
	REMOTE_INFO,
	REMOTE_KEYS,
	REMOTE_KEY_ADD,
	REMOTE_KEY_END,
	REMOTE_REVS,
	REMOTE_RENEW,
	REMOTE_HOST_BEAT,
	REMOTE_HOST_DRAIN,
	REMOTE_HOSTS,
	REMOTE_NONCE_USE,
	REMOTE_CHECK,
	/* remote_session.c */
	REMOTE_SESSION_GET,
	REMOTE_SESSION_PUT,
	REMOTE_SESSION_SET,
	REMOTE_SESSION_NEGOTIATE,
	REMOTE_SESSION_END,
	REMOTE_SESSION_LIST,
	/* remote_sweep.c */
	REMOTE_SWEEP_SESSIONS,
	REMOTE_SWEEP_STREAMS,
	REMOTE_SWEEP_EVENTS,
	REMOTE_SWEEP_CALLS,
	REMOTE_SWEEP_REST,
	/* remote_stream.c */
	REMOTE_STREAM_OPEN,
	REMOTE_STREAM_ATTACH,
	REMOTE_STREAM_DETACH,
	REMOTE_STREAM_FIND,
	REMOTE_STREAM_READ,
	REMOTE_STREAMS_SENT,
	REMOTE_EVENT_APPEND,      /* with a key */
	REMOTE_EVENT_APPEND_ONCE, /* without */
	/* remote_change.c */
	REMOTE_CHANGE_SUM,
	REMOTE_CHANGE_VECTOR,
	REMOTE_CHANGES,
	REMOTE_OWNER_GONE,
	REMOTE_OWNERS,
	/* remote_topic.c */
	REMOTE_TOPIC_RAISE,
	REMOTE_TOPIC_GET,
	REMOTE_TOPIC_FIND,
	REMOTE_WANT_PUT,
	REMOTE_WANT_DROP,
	REMOTE_WANTS_BEHIND,
	REMOTE_TOPIC_DELIVER,
	/* remote_call.c */
	REMOTE_CALL_OPEN, /* and tasks */
	REMOTE_CALL_GET,
	REMOTE_CALL_LOOK,
	REMOTE_CALL_GROUP,
	REMOTE_CALL_FINISH,
	REMOTE_CALL_CLAIM,
	REMOTE_CALL_CANCEL,
	REMOTE_CALL_STOP,
	REMOTE_CALLS,
	/* remote_question.c */
	REMOTE_QUESTION_PUT,
	REMOTE_QUESTION_ANSWER,
	REMOTE_QUESTIONS,
	REMOTE_QUESTIONS_CLOSE,
	REMOTE_QUESTION_SEND,
	REMOTE_QUESTIONS_RETURN,
	/* remote_task.c */
	REMOTE_TASK_GET,
	REMOTE_TASK_FIND,
	REMOTE_TASK_CANCEL,
	REMOTE_TASKS,
	REMOTE_ROUTINES
};

/* One table for each file that calls routines, ended by a name of NULL;
 * remote_store.c knows all tables. */
struct remote_text {
	enum remote_sql which;
	struct remote_routine routine;
};

extern const struct remote_text remote_store_texts[];
extern const struct remote_text remote_upkeep_texts[];
extern const struct remote_text remote_session_texts[];
extern const struct remote_text remote_sweep_texts[];
extern const struct remote_text remote_stream_texts[];
extern const struct remote_text remote_change_texts[];
extern const struct remote_text remote_topic_texts[];
extern const struct remote_text remote_call_texts[];
extern const struct remote_text remote_question_texts[];
extern const struct remote_text remote_task_texts[];

/* More arguments than any of them has, the mark included. */
#define REMOTE_ARGS_MAX 40
#define REMOTE_MARK_BYTES 16

/* ------------------------------------------------------ values and rows */

/* An argument, or a cell of a row; bytes with a ptr of NULL are SQL's NULL. */
struct remote_value {
	struct slice bytes;
	int64_t number;
	bool is_number;
};

#define REMOTE_NUMBER(n)                                                       \
	((struct remote_value){ .number = (n), .is_number = true })
#define REMOTE_SLICE(s) ((struct remote_value){ .bytes = (s) })
#define REMOTE_BYTES(p, n)                                                     \
	((struct remote_value){ .bytes = { (const char *)(p), (n) } })

/* Rows in the arena of the operation. */
struct remote_rows {
	const struct remote_value *cell; /* row by row */
	size_t n;
	size_t columns;
};

/* --------------------------------------------------------------- engines */

/* How one statement went. */
enum remote_result {
	REMOTE_DONE,    /* and committed */
	REMOTE_AGAIN,   /* rolled back for the sake of others: run it again */
	REMOTE_DOUBLE,  /* rolled back: its mark is in mcp_done already */
	REMOTE_LOST,    /* nothing was sent, or nothing was done: the connection
	                 * could not be had, or was lost before */
	REMOTE_UNKNOWN, /* the connection was lost, or the deadline came, after
	                 * it was sent: done or not; the connection is gone */
	REMOTE_NOSPACE, /* the engine has no room; rolled back */
	REMOTE_NOMEMORY,
	REMOTE_FAILED /* anything else; rolled back; the engine's sentence is
	               * in `why` */
};

struct remote_engine;

/* A connection and what is prepared on it. */
struct remote_engine_ops {
	const char *name; /* as of the schema files: "postgresql" */
	/* Connect and set what holds for the connection: isolation READ
	 * COMMITTED, timeouts of the server's own a little above `store.timeout`,
	 * probes of a silent peer.  REMOTE_DONE, REMOTE_LOST or REMOTE_FAILED
	 * (refused for good: password, database, TLS) with a sentence. */
	enum remote_result (*connect)(
	    struct remote_engine *, int64_t give_up_mono, struct buf *why);
	/* Is there a connection?  (It may be dead without our knowing.) */
	bool (*is_connected)(const struct remote_engine *);
	/* Run one routine; `rows` may be left empty only by those that have
	 * none.  Prepares it on this connection the first time. */
	enum remote_result (*run)(struct remote_engine *, enum remote_sql,
	    const struct remote_routine *, const struct remote_value *,
	    int64_t give_up_mono, struct arena *, struct remote_rows *,
	    struct buf *why);
	/* Run texts that are not prepared, for set-up only; the first cell of
	 * the last result as a number (0 if there is none or it is NULL). */
	enum remote_result (*text)(struct remote_engine *, const char *sql,
	    int64_t give_up_mono, int64_t *number, struct buf *why);
	/* Close the connection; it is not an error that there is none. */
	void (*drop)(struct remote_engine *);
	/* Drop and free. */
	void (*free)(struct remote_engine *);
	/* What set-up says in its own dialect. */
	const char *lock;   /* 1: this process may apply the schema; 0: another
	                       * one does; does not wait for long */
	const char *unlock; /* (a lost connection unlocks, too) */
	const char *has_meta; /* 1 if mcp_meta is there */
	/* A number that changes when the server may have lost commits, or NULL:
	 * it shows none.  May fail where the dialect lacks it: then 0. */
	const char *timeline;
};

struct remote_engine {
	const struct remote_engine_ops *ops;
};

struct remote_options {
	const char *url; /* as configured, scheme included */
	const struct clock *clock;
	const struct rng *rng;
	struct log *log;
	bool create; /* apply schema files to an empty database */
	/* Connect at once, and fail if that cannot be had: for people who wait
	 * for a sentence. */
	bool connect_now;
	int64_t timeout_ms; /* `store.timeout`; 0: 5 s */
};

/* A connection that is opened later.  RC_SYNTAX with a sentence: the URL is
 * not one; RC_NOMEM. */
MUST_CHECK enum rc postgresql_engine(
    const struct remote_options *, struct remote_engine **out, struct buf *why);
MUST_CHECK enum rc mariadb_engine(
    const struct remote_options *, struct remote_engine **out, struct buf *why);

/* ----------------------------------------------------------- the store */

struct remote_store {
	struct store base; /* first, so that a store * is one of these */
	struct remote_engine *engine;
	const struct clock *clock;
	const struct rng *rng;
	struct log *log;
	char *url;     /* without its password, for people */
	bool is_ready; /* schema and incarnation of this connection were seen
	                * to */
	bool may_create;
	bool is_empty;       /* and not for us to set up */
	bool is_renewing;    /* by the set-up itself */
	bool is_doubtful;    /* what doubt() says next */
	int64_t retry_mono;  /* do not try to connect before; with jitter */
	int64_t failed_mono; /* the first of `failures` attempts to connect */
	unsigned failures;   /* in a row */
	enum rc failed;      /* how the last of them failed */
	int64_t pid;         /* of the process that connected; 0: none yet */
	uint64_t noise;      /* for jitter; never 0 */
};

/* The store of an engine, which it owns from then on, even if it fails.  With
 * connect_now as remote_ready() says, RC_NOTFOUND if it is empty and not for us
 * to set up; else RC_OK or RC_NOMEM. */
MUST_CHECK enum rc remote_open(const struct remote_options *,
    struct remote_engine *, struct store **out, struct buf *why);

/* There is a connection, its schema and incarnation were seen to.  RC_BUSY: out
 * of reach, or not tried again yet; RC_IO: refused for good, not ours, made for
 * newer programs, or no schema there and may_create not set; RC_BUG: it is
 * that of another process. */
MUST_CHECK enum rc remote_ready(
    struct remote_store *, const struct op *, struct buf *why);

/* Close the connection and forget what was seen to on it. */
void remote_drop(struct remote_store *);

/* Wait for about so many ms (from half as long, so that not all wake at once),
 * not beyond the deadline; false: it has passed. */
bool remote_nap(struct remote_store *, const struct op *, int64_t ms);

/* Run a routine until it is done or op->give_up_mono; n values for its types,
 * but for the mark of a REMOTE_ONCE.  Without a connection one is made first.
 * RC_BUSY: the deadline, or the server is out of reach (a REMOTE_ONCE may
 * still have been done: the next doubt() says so).  If `is_recalled` comes
 * back true it had been done by an earlier attempt, and the one row holds what
 * mcp_done keeps: outcome and three numbers a, b, c. */
MUST_CHECK enum rc remote_run(struct remote_store *, const struct op *,
    enum remote_sql, const struct remote_value *, size_t n,
    struct remote_rows *, bool *is_recalled);

/* The same for reads and for what is repeatable. */
MUST_CHECK enum rc remote_rows(struct remote_store *, const struct op *,
    enum remote_sql, const struct remote_value *, size_t n,
    struct remote_rows *);

/* rc of an outcome in column 0 of the only row; RC_BUG without one. */
enum rc remote_outcome(const struct remote_rows *);

/* A cell.  A NULL reads as 0, or as an absent slice; so does a column that is
 * not there. */
int64_t remote_number(const struct remote_rows *, size_t row, size_t column);
struct slice remote_slice(
    const struct remote_rows *, size_t row, size_t column);
/* Exactly so many bytes; RC_BUG if not. */
MUST_CHECK enum rc remote_fixed(const struct remote_rows *, size_t row,
    size_t column, unsigned char *out, size_t n);

#endif
