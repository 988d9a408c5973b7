#ifndef MCP_RUNNING_H
#define MCP_RUNNING_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "exchange.h"
#include "rc.h"
#include "sink.h"
#include "store.h"
#include "tool.h"

/*
 * A tool at work, with everything around it: its row in the store (if it has
 * one), its client's connection (as long as there is one), progress, log,
 * questions and cancellation.  It is the environment of the tool.
 *
 * Ways to run:
 *   inline     no row; the first progress, log or question makes one
 *   detached   a row from the start
 *   task       a row of a task; its client was answered before it starts
 *   again      the row of a call whose process died, claimed by us; no client
 *
 * What its client gets: with a stream (legacy, in a session) every message is
 * committed to it first and then written with its id, if this process is
 * still the stream's reader; without one it is only written.
 */
enum running_wire {
	WIRE_HELD,   /* nothing is written yet: JSON or events, who knows */
	WIRE_EVENTS, /* the head is out; events */
	WIRE_GONE    /* no client, or not any more */
};

struct input; /* answers of a 2026-07-28 client, see input.h */

/* Progress that came too soon behind the last one waits here. */
struct running_progress {
	double done; /* the last value; nothing below it is said */
	double total;
	struct buf message;
	bool has_message;
	bool has_done;
	bool is_due;       /* not sent yet */
	int64_t next_mono; /* when one may be sent again */
};

/* Zeroed by who makes one, who then fills in the first part. */
struct running {
	struct tool_call call; /* first, so that a call * is one of these;
				* all of it but env */
	struct input *input;   /* NULL where questions are messages */
	/* Builds the whole response into server->body once the tool is done;
	 * NULL: the projected result of the tool. */
	enum rc (*respond)(struct running *);
	int64_t task; /* number of its task row; 0: none */
	unsigned char task_id[TASK_ID_BYTES];
	int runs_max; /* times it may be run; 0: as usual */
	bool waits;   /* for what another call does: is no running call */
	/* The row, if it has one already: of a task, owned by us. */
	struct call_row row; /* number 0: it has none */

	/* Its own. */
	struct exchange *x;
	enum running_wire wire;
	bool may_open;     /* a row may be had if there is none */
	bool may_turn;     /* into a task, if the tool says so */
	bool may_stream;   /* its client takes events */
	bool is_cancelled; /* by its client, an operator, or its leaving */
	bool is_stopped;   /* by an operator: its client is answered */
	bool is_fenced;    /* somebody else runs it now */
	bool is_answered;  /* server->body holds the answer, whatever it says */
	bool has_crew;     /* crew->end() is owed */
	bool has_id;       /* an event with an id was written */
	bool is_behind;    /* there is more than its client was sent */

	uint32_t incarnation; /* of row.stream */
	int64_t reader;       /* ours of row.stream; 0: none */
	int64_t sent;         /* the last event that was written */
	int64_t keys;         /* events appended; makes their keys */
	int64_t rest_until;   /* the store takes nothing that may get lost */
	int64_t hold_until;   /* monotonic ms; then the stream begins */
	int64_t next_word;    /* a comment is due */
	int64_t stuck_since;  /* its client has taken nothing; 0: it does */
	int64_t next_look;    /* at the client, and perhaps at the row */
	int64_t next_row;     /* at the row, not before: the store rests */
	int64_t row_seen;     /* the last look at the row */
	int64_t rings;        /* looks at the row that somebody asked for */
	int64_t listens_from; /* server->ear is worth it then; 0: who knows */
	bool listens;         /* to server->ear */
	bool is_deaf;         /* it cannot */

	struct slice token; /* progressToken, JSON text; or absent */
	struct running_progress progress;
	int64_t news_mono;   /* when something may be announced again */
	int64_t answers;     /* to its questions, as the last look says */
	int64_t answers_had; /* those that were read */
	int64_t asked;       /* questions so far; makes their ids */
	int64_t asked_mono;  /* when the open round was asked; 0: none */
	int64_t waited_mono; /* the deadline has moved on up to here */

	int64_t group;       /* of processes that work for it; 0: none */
	int64_t group_start; /* of that */

	/* Where its client must send somebody first, an array of params of
	 * elicitations (2025-11-25, -32042); or absent. */
	struct slice urls;
	bool has_complained; /* of a question that is none */

	struct buf message;   /* the one being built */
	struct arena scratch; /* of one store call */
	struct arena round;   /* of the questions that are open */
};

/*
 * Run the tool of r->call and answer x->message with what came out, by
 * whichever way there is.  What is returned is about our own failures before
 * anything was answered; afterwards they are logged.
 */
MUST_CHECK enum rc running_go(struct exchange *x, struct running *r);

/* The same without a client: of a task whose creation was answered and whose
 * connection was closed.  r->row is its row, owned by us. */
MUST_CHECK enum rc running_alone(struct exchange *x, struct running *r);

/* ------------------------------------------- calls whose process died */

/*
 * Run the call of that row again, as its new owner: claims it, runs, and
 * finishes it.  Nothing is written to the sink, which must be closed; it lets
 * time pass.  RC_CONFLICT: somebody else did; RC_NOTFOUND: it is gone.
 */
MUST_CHECK enum rc running_again(struct server *s, struct arena *a,
    struct sink *sink, const struct call_row *row);

/*
 * End a dead runner's call with the error "outcome unknown" (or, if its client
 * cancelled it, with nothing), fenced by the claim this makes.  RC_CONFLICT:
 * somebody else did; RC_NOTFOUND: it is gone.
 */
MUST_CHECK enum rc running_give_up(
    struct server *s, struct arena *a, const struct call_row *row);

/* ------------------------------------------------ messages of a client */

/* notifications/cancelled of a legacy session. */
MUST_CHECK enum rc running_cancel(struct exchange *x);

/* A response a client posted: the answer to a question of ours.  Whatever it
 * is it is accepted; only a failing store is an error. */
MUST_CHECK enum rc running_answer(struct exchange *x);

#endif
