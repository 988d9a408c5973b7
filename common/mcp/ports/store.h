#ifndef MCP_STORE_H
#define MCP_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "rc.h"
#include "slice.h"

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
	struct arena *arena;  /* what is read lands here */
};

struct store_info {
	struct slice engine;   /* "sqlite", "memory" */
	uint32_t incarnation;  /* renewed when committed facts may be lost */
	int schema;            /* highest schema file applied */
	int oldest_program;    /* programs carrying less must refuse */
	int64_t sessions_live; /* rows by state */
	int64_t sessions_ended;
};

/* ------------------------------------------------------- cluster keys */

#define STORE_KEY_BYTES 32
#define STORE_KEYS_MAX 8

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
	int64_t lists;               /* list topics' version at creation */
	int64_t created;             /* = key.created */
	int64_t touched;
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
};

struct sweep_done {
	int64_t forgotten;
	int64_t removed;
	bool more; /* the limit was met; call again */
};

struct store_ops {
	/* What store this is.  Counts may cost a scan. */
	enum rc (*info)(struct store *, const struct op *, struct store_info *);
	/* All keys. */
	enum rc (*keys)(struct store *, const struct op *, struct key_rows *);
	/* Add a key under the id given in the row; RC_CONFLICT if that id is
	 * taken, RC_FULL with STORE_KEYS_MAX rows there. */
	enum rc (*key_add)(
	    struct store *, const struct op *, const struct key_row *);
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
	/* End it: state, why, touched = now, and everything else of it but the
	 * key dropped.  Inserts the tombstone if the row is missing.
	 * RC_CONFLICT if it was ended before; RC_NOTFOUND if the sid is that
	 * of a row with another principal or created.  Raises the revision of
	 * its shard. */
	enum rc (*session_end)(struct store *, const struct op *,
	    const struct session_key *, enum end_why);
	/* Rows by ascending id. */
	enum rc (*session_list)(struct store *, const struct op *,
	    const struct session_filter *, struct session_rows *);
	/* One bounded piece of cleaning up; may run anywhere, any time.  A
	 * store may do less than the limit says and ask to be called again. */
	enum rc (*sweep)(struct store *, const struct op *,
	    const struct sweep_rules *, struct sweep_done *);
	/* Are all the store's own invariants true?  RC_BUG if not. */
	enum rc (*check)(struct store *, const struct op *);
	/* Close and free. */
	void (*close)(struct store *);
};

struct store {
	const struct store_ops *ops;
};

/* Every transaction that ends or restricts a session raises rev of its
 * shard: the first byte of the sid (design of the row cache). */
#define STORE_SHARDS 256

#endif
