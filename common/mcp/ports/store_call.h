#ifndef MCP_STORE_CALL_H
#define MCP_STORE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

/*
 * Calls that take longer than their request, the questions they ask, and
 * tasks: rows and arguments of the operations in store.h.
 */

/* -------------------------------------------------------------- calls */

#define DIGEST_BYTES 16

enum call_state { CALL_RUNNING = 1, CALL_ENDED = 2 };

struct call_row {
	int64_t number;  /* store-wide, never used twice */
	int64_t session; /* 0: it belongs to none */
	unsigned char principal[DIGEST_BYTES];
	struct slice principal_name;
	struct slice request_id;            /* JSON text, as sent */
	unsigned char digest[DIGEST_BYTES]; /* of the request's body */
	struct slice request;               /* the message, as sent */
	struct slice tool;
	int64_t stream; /* where its messages go; 0: only to its client */
	struct slice revision; /* date */
	int transport;         /* enum transport_name */
	uint32_t caps;         /* of the client, enum client_cap */
	int64_t task;          /* 0: none */
	bool is_repeatable;    /* may be run again after its runner died */
	int runs_max;          /* times it may be run, repeatable or not */

	struct slice owner; /* process that runs it */
	int64_t epoch; /* raised by every claim; fences the runner's writes */
	int runs;
	int64_t group;       /* process group of the tool; 0: none */
	int64_t group_start; /* when it started, as the system counts */
	bool is_cancelled;
	bool is_stopped; /* ... not by its client, who is owed an answer */
	/* For an answer, or (from its beginning) for a task: is no running call
	 * to the limits. */
	bool is_waiting;
	enum call_state state;
	int64_t created;
	int64_t deadline; /* wall clock; the tool must have ended; 0: none */
	int64_t ended;
};

struct call_rows {
	struct call_row *row;
	size_t n;
};

struct call_limits {       /* running and not waiting; 0: no limit */
	int64_t host;      /* of owners of the same host */
	int64_t principal; /* of the same principal, unless `is_anonymous` */
	int64_t waiting;   /* of the same host, waiting for answers */
	bool is_anonymous;
};

enum call_opened {
	CALL_IS_NEW,
	CALL_IS_JOINED,    /* the same request is running, or its response was
	                    * never taken: the row and stream are its */
	CALL_IS_OTHER,     /* another request with that id is running */
	CALL_IS_CANCELLED, /* it was cancelled before it came */
	CALL_HAS_NO_ROOM
};

/* What a runner has to know again and again. */
struct call_news {
	int64_t epoch;
	bool is_cancelled;
	bool is_stopped; /* as in its row */
	enum call_state state;
	int64_t reader;  /* of its stream; 0 without one */
	int64_t answers; /* answered questions of it, so far */
};

enum task_state {
	TASK_WORKING = 1,
	TASK_INPUT_REQUIRED = 2,
	TASK_COMPLETED = 3,
	TASK_FAILED = 4,
	TASK_CANCELLED = 5
};

struct call_finish {
	int64_t call;
	int64_t epoch;
	/* The response: appended to the stream, which is closed if it is a
	 * STREAM_CALL.  Absent: none is owed. */
	struct slice data;
	/* Of a call with a task. */
	enum task_state task_state;
	struct slice task_result; /* JSON: a result, or an error object */
	bool task_is_error;
	struct slice task_message; /* for people; or absent */
};

struct call_filter {
	int64_t session;    /* 0: any */
	struct slice owner; /* exactly this process; absent: any */
	struct slice host;  /* owners `<host>.…`; absent: any */
	int state;          /* enum call_state; 0: any */
	int64_t after;      /* rows with a higher number */
	size_t limit;       /* at most so many; 0: none */
};

/* ---------------------------------------------------------- questions */

enum question_state {
	QUESTION_OPEN = 1,
	QUESTION_ANSWERED = 2,
	QUESTION_CLOSED = 3 /* too late, or its call has ended */
};

struct question_row {
	struct slice rpc_id; /* JSON text of the id we gave it; never reused */
	struct slice key;    /* the tool's name for it, unique in the call */
	struct slice method;
	struct slice params; /* JSON */
	int64_t call;
	int64_t session;
	int64_t stream; /* it was sent there; 0: not yet (tasks) */
	enum question_state state;
	bool is_error;       /* the answer is an error object */
	struct slice answer; /* JSON */
	struct slice data; /* question_put: the request message; else absent */
	int64_t deadline;
};

struct question_rows {
	struct question_row *row;
	size_t n;
};

/* Which question is meant: by session and rpc_id, or by call and key. */
struct question_name {
	int64_t session;
	struct slice rpc_id; /* absent: call and key say it */
	int64_t call;
	struct slice key;
};

/* ------------------------------------------------------------- tasks */

#define TASK_ID_BYTES 16

struct task_row {
	int64_t number;
	unsigned char id[TASK_ID_BYTES]; /* random */
	unsigned char principal[DIGEST_BYTES];
	int64_t session; /* where it was made; 0: by a stateless request */
	int form;        /* enum task_form */
	int64_t call;    /* that runs it */
	enum task_state state;
	struct slice message;
	struct slice result; /* JSON once it has ended with one */
	bool is_error;       /* `result` is an error object */
	int64_t created;
	int64_t updated;
	int64_t ttl_ms; /* kept so long after `created`; 0: no end */
};

struct task_rows {
	struct task_row *row;
	size_t n;
};

struct task_filter {
	const unsigned char *principal; /* NULL: any */
	int64_t session;                /* 0: any */
	int form;                       /* 0: any */
	int64_t after;                  /* rows with a higher number */
	size_t limit;
};

/* ------------------------------------------------------------- hosts */

struct host_row {
	struct slice name;
	int64_t beat; /* raised again and again while the host lives */
	int64_t at;   /* its own wall clock at the last beat */
	bool is_draining;
};

struct host_rows {
	struct host_row *row;
	size_t n;
};

#endif
