#ifndef MCP_STORE_H
#define MCP_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "rc.h"
#include "slice.h"
#include "store_call.h"
#include "store_stream.h"

/*
 * What the server remembers between requests: the only authority, shared by
 * all processes and hosts.  A store keeps bytes and numbers; it knows neither
 * JSON nor the protocol.  Every call is one atomic fact: done and durable
 * when RC_OK comes back (unless op->relaxed), not done at all otherwise.
 *
 * Every function may answer RC_BUSY (deadline passed, engine out of reach),
 * RC_IO (the engine failed), RC_FULL (no space) and RC_NOMEM; further ones are
 * listed.  All times are wall-clock milliseconds given by the caller.
 */
struct store;

struct op {                   /* said at every store call */
	int64_t now_ms;       /* wall clock, for rows only */
	int64_t give_up_mono; /* RC_BUSY at this monotonic ms */
	bool relaxed;         /* may be lost with the machine's power */
	bool wants_rev;       /* session_get() shall fill in rev */
	struct arena *arena;  /* what is read lands here */
};

struct store_info {
	struct slice engine;   /* "sqlite" */
	uint32_t incarnation;  /* renewed when committed facts may be lost */
	int schema;            /* highest schema file applied */
	int oldest_program;    /* programs carrying less must refuse */
	int64_t sessions_live; /* rows by state */
	int64_t sessions_ended;
};

/* ------------------------------------------------------- cluster keys */

#define STORE_KEY_BYTES 32
#define STORE_KEYS_MAX 8
/* Beyond its end, by whatever clock; then it makes room for another. */
#define STORE_KEY_KEPT_MS ((int64_t)3600 * 1000)

struct key_row {
	uint32_t id;
	unsigned char secret[STORE_KEY_BYTES];
	int64_t created;
	int64_t mint_from; /* seals nothing before */
	int64_t end;       /* opens nothing after; 0: no end */
};

struct key_rows { /* ascending by id */
	struct key_row row[STORE_KEYS_MAX];
	size_t n;
};

/* ----------------------------------------------------------- sessions */

#define SID_BYTES 16
#define PRINCIPAL_BYTES 16

/* What an authentic session id says about its row. */
struct session_key {
	unsigned char sid[SID_BYTES];
	unsigned char principal[PRINCIPAL_BYTES]; /* digest of who */
	int64_t created;
	uint32_t incarnation;
};

/* Every transaction that ends, forgets or restricts a session, or changes what
 * it does (all but `touched`), raises the revision of its shard, which is the
 * first byte of the sid: who keeps copies of rows can see that one is out of
 * date.  (STORE_SHARDS of them.) */

enum session_state { SESSION_LIVE = 1, SESSION_ENDED = 2 };

enum end_why {
	END_NONE = 0,
	END_DELETED = 1,  /* the client asked */
	END_OPERATOR = 2, /* mcpctl session end */
	END_LIFETIME = 3  /* too old, whatever it does */
};

struct session_row {
	int64_t id; /* the store's number for it, never used twice */
	struct session_key key;
	enum session_state state;
	enum end_why why;
	struct slice principal_name; /* for people; "" if anonymous */
	int transport;               /* enum transport_name */
	struct slice revision;       /* date; absent until negotiated */
	uint32_t caps;               /* client capability bits */
	struct slice client;         /* JSON: info and capabilities */
	int log_level;               /* -1: none set */
	bool initialized;            /* the client said so */
	int64_t lists;               /* the newest topic version at creation;
	                              * filled in by session_put() */
	int64_t created;             /* = key.created */
	int64_t touched;
	/* Revision of its shard, of the same moment; 0 unless op->wants_rev. */
	int64_t rev;
};

struct session_rows {
	struct session_row *row;
	size_t n;
};

struct session_caps {
	int64_t total;         /* live rows in all; 0: no limit */
	int64_t per_principal; /* live rows of this principal; 0: no limit */
	int64_t idle_before;   /* touched before: may be forgotten for room */
};

enum session_column {
	SESSION_INITIALIZED, /* initialized = true */
	SESSION_TOUCHED,     /* touched = number */
	SESSION_LOG_LEVEL    /* log_level = number */
};

struct session_change { /* one column at a time */
	enum session_column column;
	int64_t number;
};

/* What client and server agreed upon, once. */
struct session_terms {
	struct slice revision; /* date */
	uint32_t caps;
	struct slice client;
};

struct session_filter {
	int64_t id;                  /* only this row; 0: any */
	const unsigned char *sid;    /* only this sid; NULL: any */
	int state;                   /* enum session_state; 0: any */
	struct slice principal_name; /* absent: any */
	int64_t after;               /* rows with a higher id */
	size_t limit;                /* at most so many; 0: none */
};

struct sweep_rules {
	int64_t idle_before;    /* live, touched before: forget the row */
	int64_t created_before; /* created before: remove, live or ended */
	int limit;              /* rows at most in this call */
	/* All below: 0 leaves them. */
	int64_t events_before;  /* older events of streams without a running
	                         * call or an open question */
	int64_t streams_before; /* closed streams that were sent to their end,
	                         * and then their calls */
	int64_t unsent_before;  /* closed streams that nobody took */
	int64_t signals_before; /* what was noticed long ago, cancels */
	int64_t topics_before;  /* of resources, if nobody wants them */
};

struct sweep_done {
	int64_t forgotten;
	int64_t removed;
	int64_t others; /* rows of all other kinds */
	bool more;      /* the limit was met; call again */
};

struct store_ops {
	/* What store this is.  Counts may cost a scan. */
	enum rc (*info)(struct store *, const struct op *, struct store_info *);
	/* All keys. */
	enum rc (*keys)(struct store *, const struct op *, struct key_rows *);
	/* Add a key under the id given in the row; RC_CONFLICT if that id is
	 * taken, RC_FULL with STORE_KEYS_MAX rows there.  Keys that ended
	 * STORE_KEY_KEPT_MS before row->created are removed. */
	enum rc (*key_add)(
	    struct store *, const struct op *, const struct key_row *);
	/* Say when a key ends; RC_NOTFOUND. */
	enum rc (*key_end)(
	    struct store *, const struct op *, uint32_t id, int64_t end);
	/* The row with that sid AND principal AND created; RC_NOTFOUND.  An
	 * ended row is found like any other: look at its state.  The store's
	 * incarnation comes back in *incarnation (NULL allowed) also with
	 * RC_NOTFOUND. */
	enum rc (*session_get)(struct store *, const struct op *,
	    const struct session_key *, struct session_row *,
	    uint32_t *incarnation);
	/* Insert a live row; row->id, state and why are ignored, created is
	 * that of the key, and the new id is written to *id.  RC_CONFLICT if
	 * the sid exists.  At a cap the least recently touched live row older
	 * than idle_before (of this principal, if its cap is met) is forgotten
	 * to make room, in the same transaction; if there is none, RC_FULL and
	 * nothing is changed.  Of two rows touched at once the older goes.
	 * One put forgets one row at most: above a cap that was lowered the
	 * number does not rise, and sweep brings it down. */
	enum rc (*session_put)(struct store *, const struct op *,
	    const struct session_row *, const struct session_caps *,
	    int64_t *id);
	/* Change one column of a live row; RC_NOTFOUND if there is none. */
	enum rc (*session_set)(struct store *, const struct op *,
	    int64_t session, const struct session_change *);
	/* Write the terms of a live row that has no revision; RC_CONFLICT if
	 * it has one, RC_NOTFOUND if there is no such live row. */
	enum rc (*session_negotiate)(struct store *, const struct op *,
	    int64_t session, const struct session_terms *);
	/* End it: state, why, touched = now, and everything else of it but the
	 * key dropped: streams, events, questions, wants; running calls are
	 * cancelled.  Leaves CHANGE_END.  Inserts the tombstone if the row is
	 * missing.  RC_CONFLICT if it was ended before; RC_NOTFOUND if the sid
	 * is that of a row with another principal or created.  Raises the
	 * revision of its shard. */
	enum rc (*session_end)(struct store *, const struct op *,
	    const struct session_key *, enum end_why);
	/* Rows by ascending id. */
	enum rc (*session_list)(struct store *, const struct op *,
	    const struct session_filter *, struct session_rows *);
	/* One bounded piece of cleaning up; may run anywhere, any time.  A
	 * store may do less than the limit says and ask to be called again. */
	enum rc (*sweep)(struct store *, const struct op *,
	    const struct sweep_rules *, struct sweep_done *);

	/* ------------------------------------------------- streams, events */

	/* Open one, with its owner as reader 1; number, incarnation, created
	 * and so on come back.  RC_NOTFOUND: the session is not live. */
	enum rc (*stream_open)(struct store *, const struct op *,
	    const struct stream_open *, struct stream_row *);
	/* Become its reader: raises `reader`, which is yours as it comes back,
	 * and leaves CHANGE_READER.  RC_NOTFOUND, and nothing is changed: not a
	 * stream of that live session, of another incarnation, `after` beyond
	 * its head or before what was purged. */
	enum rc (*stream_attach)(struct store *, const struct op *,
	    const struct stream_attach *, struct stream_row *);
	/* Stop being its reader: `sent` is kept if it is higher, and if nobody
	 * else has become the reader meanwhile the owner is cleared, with
	 * CHANGE_READER.  RC_OK also if the stream is gone. */
	enum rc (*stream_detach)(
	    struct store *, const struct op *, const struct stream_sent *);
	/* The newest open stream of that kind of a session; RC_NOTFOUND. */
	enum rc (*stream_find)(struct store *, const struct op *,
	    int64_t session, enum stream_kind, struct stream_row *);
	/* The row and what comes behind `after`; RC_NOTFOUND.  With `after`
	 * below `purged` no events come: there is a gap. */
	enum rc (*stream_read)(struct store *, const struct op *,
	    int64_t stream, int64_t after, const struct event_limits *,
	    struct stream_row *, struct event_rows *);
	/* Note the progress of many readers at once; drop what a STREAM_SSE has
	 * sent. */
	enum rc (*streams_sent)(struct store *, const struct op *,
	    const struct stream_sent *, size_t n);
	/* Append.  RC_NOTFOUND: there is no such open stream of that session;
	 * RC_CONFLICT: the writer's epoch is over or its call has ended.  At a
	 * cap a STREAM_CALL says RC_FULL, others lose their oldest events. */
	enum rc (*event_append)(struct store *, const struct op *,
	    const struct event_append *, const struct stream_caps *,
	    struct appended *);
	/* What has changed since the mark, which is moved.  The first look
	 * only sets it.  Changes may come more than once, never late: what was
	 * committed before the call is in it. */
	enum rc (*changes)(struct store *, const struct op *,
	    struct change_mark *, struct change_rows *);
	/* A process is dead: nobody reads its streams (with CHANGE_READER), and
	 * sessions whose STREAM_SSE it read are ended. */
	enum rc (*owner_gone)(
	    struct store *, const struct op *, struct slice owner);
	/* Processes of a host that own a stream or a running call, each
	 * once. */
	enum rc (*owners)(struct store *, const struct op *, struct slice host,
	    struct slice **names, size_t *n);

	/* ---------------------------------------------------------- topics */

	/* Raise its version, with CHANGE_TOPIC; versions of all topics come
	 * from one counter.  *version is the one it has then, *raised whether
	 * it is new. */
	enum rc (*topic_raise)(struct store *, const struct op *,
	    const struct topic_raise *, int64_t *version, bool *raised);
	/* The rows of these names, in their order; id and version 0 where
	 * there is none. */
	enum rc (*topics_get)(struct store *, const struct op *,
	    const struct slice *names, size_t n, struct topic_row *);
	/* The topic of an id (of a change); RC_NOTFOUND. */
	enum rc (*topic_find)(
	    struct store *, const struct op *, int64_t id, struct topic_row *);
	/* From now on this session is told of these topics: of versions higher
	 * than `seen`, or if `seen` is negative than the present one.  What
	 * it wants already is left as it is.  RC_FULL: more than `max` in all
	 * (0: no limit); RC_NOTFOUND: not a live session. */
	enum rc (*want_put)(struct store *, const struct op *, int64_t session,
	    const struct slice *names, size_t n, int64_t seen, int64_t max);
	/* It is not told of this topic any more; RC_OK also if it was not. */
	enum rc (*want_drop)(
	    struct store *, const struct op *, int64_t session, struct slice);
	/* Topics this session wants whose versions it has not been told. */
	enum rc (*wants_behind)(struct store *, const struct op *,
	    int64_t session, struct topic_rows *);
	/* One transaction: note the version with those who want it and append
	 * to their STREAM_SESSION or STREAM_SSE.  Sessions without such an
	 * open stream are left behind. */
	enum rc (*topic_deliver)(struct store *, const struct op *,
	    const struct topic_deliver *, const struct stream_caps *,
	    struct topic_delivered *);

	/* ----------------------------------------------------------- calls */

	/* Open a call; with a session, its STREAM_CALL too unless row->stream
	 * names one (STREAM_SSE).  From *row: everything down to runs_max,
	 * owner, deadline, is_waiting; epoch and runs begin with 1.  Whatever came out, the
	 * row that is meant (if any) comes back, with the stream's reader (as
	 * of a STREAM_CALL just opened: 1) in *reader.  The same request at two
	 * hosts at once is opened by one and joined by the other; limits,
	 * though, may be passed by as many calls as are opened at the same
	 * moment.  RC_NOTFOUND: the session is not live. */
	enum rc (*call_open)(struct store *, const struct op *,
	    struct call_row *row, const struct call_limits *,
	    enum call_opened *, int64_t *reader);
	/* RC_NOTFOUND. */
	enum rc (*call_get)(
	    struct store *, const struct op *, int64_t call, struct call_row *);
	/* Cheap; RC_NOTFOUND if the row is gone. */
	enum rc (*call_look)(struct store *, const struct op *, int64_t call,
	    struct call_news *);
	/* Note its process group; RC_CONFLICT if fenced. */
	enum rc (*call_group)(struct store *, const struct op *, int64_t call,
	    int64_t epoch, int64_t group, int64_t start);
	/* End it, with its open questions: response, stream, task, all at once,
	 * with CHANGE_CALL.  RC_CONFLICT: fenced, or it has ended before. */
	enum rc (*call_finish)(struct store *, const struct op *,
	    const struct call_finish *, struct appended *);
	/* Take a running call over from the owner who had `epoch`: raises epoch
	 * and, unless the owner stays the same (it is to be ended and not run),
	 * runs; the row as it is then comes back.  RC_CONFLICT: somebody
	 * else did; RC_NOTFOUND. */
	enum rc (*call_claim)(struct store *, const struct op *, int64_t call,
	    int64_t epoch, struct slice owner, struct call_row *);
	/* Cancel a running call of the session by its request id, with
	 * CHANGE_CALL; *call is its number.  If there is none the wish is kept
	 * for a call that comes within 10 s, and *call is 0 (also for calls
	 * that ended).  A store of several hosts measures these to about a
	 * second, whatever their clocks say.  Calls with a task are left
	 * alone. */
	enum rc (*call_cancel)(struct store *, const struct op *,
	    int64_t session, struct slice request_id, int64_t *call);
	/* The same by number, for operators: is_stopped, unless it was
	 * cancelled before.  RC_NOTFOUND if it is not running. */
	enum rc (*call_stop)(struct store *, const struct op *, int64_t call);
	/* Rows by ascending number. */
	enum rc (*calls_list)(struct store *, const struct op *,
	    const struct call_filter *, struct call_rows *);

	/* ------------------------------------------------------- questions */

	/* Ask: rows, and the messages into the streams they name, in one
	 * transaction; the call waits from then on, its task (if any) is
	 * TASK_INPUT_REQUIRED.  All of one call and epoch.  RC_CONFLICT: fenced;
	 * RC_FULL: too many calls of this host wait. */
	enum rc (*question_put)(struct store *, const struct op *,
	    const struct question_row *, size_t n, int64_t epoch,
	    const struct call_limits *, struct appended *);
	/* The first answer wins, with CHANGE_ANSWER; RC_NOTFOUND if it is not
	 * open (any more).  With the last open one the call goes on, and its
	 * task is TASK_WORKING. */
	enum rc (*question_answer)(struct store *, const struct op *,
	    const struct question_name *, struct slice answer, bool is_error);
	/* All of a call, in the order in which they were asked. */
	enum rc (*questions_get)(struct store *, const struct op *,
	    int64_t call, struct question_rows *);
	/* Close what is open: too late.  The call goes on. */
	enum rc (*questions_close)(
	    struct store *, const struct op *, int64_t call, int64_t epoch);
	/* An open question without a stream is to be asked on this one: sets
	 * its stream and appends data in one transaction.  RC_CONFLICT:
	 * somebody else took it, or it is closed. */
	enum rc (*question_send)(struct store *, const struct op *,
	    const struct question_name *, int64_t stream, struct slice data,
	    struct appended *);
	/* Open questions that were asked on this stream are without one
	 * again. */
	enum rc (*questions_return)(
	    struct store *, const struct op *, int64_t stream);

	/* ----------------------------------------------------------- tasks */

	/* A task and the call that runs it, in one transaction; numbers come
	 * back.  As call_open() otherwise (without a stream). */
	enum rc (*task_open)(struct store *, const struct op *,
	    struct task_row *, struct call_row *, const struct call_limits *,
	    enum call_opened *);
	/* By id and principal; RC_NOTFOUND also for another's. */
	enum rc (*task_get)(struct store *, const struct op *,
	    const unsigned char id[TASK_ID_BYTES],
	    const unsigned char principal[DIGEST_BYTES], struct task_row *);
	/* By number; RC_NOTFOUND. */
	enum rc (*task_find)(struct store *, const struct op *, int64_t number,
	    struct task_row *);
	/* TASK_CANCELLED, its call cancelled, both noticed; the row as it is
	 * then.  RC_CONFLICT: it had ended, and the row says how. */
	enum rc (*task_cancel)(struct store *, const struct op *,
	    int64_t number, struct task_row *);
	/* Rows by ascending number. */
	enum rc (*tasks_list)(struct store *, const struct op *,
	    const struct task_filter *, struct task_rows *);

	/* ---------------------------------------------------------- upkeep */

	/* This host lives; makes its row. */
	enum rc (*host_beat)(
	    struct store *, const struct op *, struct slice name);
	/* Note whether it takes new work; makes its row, too. */
	enum rc (*host_drain)(
	    struct store *, const struct op *, struct slice name, bool drain);
	/* All of them, by name. */
	enum rc (*hosts)(struct store *, const struct op *, struct host_rows *);
	/* Use up something that may be used once; RC_CONFLICT the second
	 * time.  Kept until `end`. */
	enum rc (*nonce_use)(struct store *, const struct op *,
	    const unsigned char nonce[DIGEST_BYTES], int64_t end);

	/* The revisions of all shards, of one moment; they only grow.  A row of
	 * a session that was read with a lower one may have ended since. */
	enum rc (*revs)(struct store *, const struct op *,
	    int64_t rev[STORE_SHARDS], uint32_t *incarnation);
	/* Committed facts may have been lost (a restored backup, a standby that
	 * was behind): raises the incarnation, closes all streams of the former
	 * one, fences all running calls, and lets everybody look anew. */
	enum rc (*renew)(struct store *, const struct op *);
	/* Has an operation that adds rows, or makes somebody a reader, ended
	 * with RC_BUSY though it may have been done after all?  True once for
	 * it: rows in the name of this process may be there that it does not
	 * know of, so that it should forsake its name.  NULL: never. */
	bool (*doubt)(struct store *);
	/* Nothing will be asked for a while: let go of what is dear (a
	 * connection); the next operation gets it anew.  NULL: nothing is. */
	void (*rest)(struct store *);
	/* When (monotonic ms) the success of the last session_end() or
	 * session_set() may be told: before, another host may still serve what
	 * it knew.  0: at once; NULL: always at once. */
	int64_t (*settled_mono)(struct store *);

	/* Are all the store's own invariants true?  RC_BUG if not. */
	enum rc (*check)(struct store *, const struct op *);
	/* Close and free. */
	void (*close)(struct store *);
};

struct store {
	const struct store_ops *ops;
};

#endif
