#ifndef MCP_RUNNING_H
#define MCP_RUNNING_H

#include <stdbool.h>
#include <stdint.h>

#include "exchange.h"
#include "rc.h"
#include "store.h"
#include "tool.h"

/*
 * A tool at work, with everything around it: its row in the store (if it has
 * one), its client's connection (as long as there is one), progress, log,
 * questions and cancellation.  It is the environment of the tool.
 *
 * Ways to run (design: calls):
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

struct running {
	struct tool_call call; /* first, so that a call * is one of these */
	struct exchange *x;
	struct input *input; /* NULL where questions are messages */
	/* Builds the whole response into server->body once the tool is done;
	 * NULL: the projected result of the tool. */
	enum rc (*respond)(struct running *);
	int64_t task; /* number of its task row; 0: none */

	/* running.c's own */
	struct call_row row; /* number 0: it has none */
	enum running_wire wire;
	int64_t reader;     /* ours of row.stream */
	int64_t events;     /* written by us; makes their keys */
	int64_t hold_until; /* monotonic ms; then the stream begins */
	int64_t next_word;  /* a comment is due */
	int64_t next_look;  /* at the row */
	double progress;    /* the last value */
	bool has_progress;
	bool is_cancelled;  /* by its client, an operator, or its leaving */
	bool is_fenced;     /* somebody else runs it now */
	bool has_crew;      /* crew->end() is owed */
	int64_t asked;      /* questions so far; makes their ids */
	int64_t asked_mono; /* when the open round was asked; 0: none */
	struct slice token; /* progressToken, JSON text; or absent */
};

/*
 * Run the tool of r->call (filled in by the caller, but for env) and answer
 * x->message with what came out, by whichever way there is.  What is returned
 * is about our own failures before anything was answered; afterwards they
 * are logged.
 */
MUST_CHECK enum rc running_go(struct exchange *x, struct running *r);

/*
 * Before a request is worked on: the same request may be running already
 * (same session, id and body), and then this connection becomes its reader.
 * Part of running_go(); said here because callers see nothing of it.
 */

/* A row for r, now; RC_FULL: no room (503).  With *opened other than
 * CALL_IS_NEW the exchange has been answered. */
MUST_CHECK enum rc running_open(
    struct exchange *x, struct running *r, enum call_opened *opened);

/* The end of a task or of a row that was claimed: run the tool without a
 * client and finish the row.  r->row is that row, owned by us. */
MUST_CHECK enum rc running_alone(struct exchange *x, struct running *r);

/* ------------------------------------------- calls whose process died */

/*
 * Run the call of that number again, as its new owner: claims it, runs, and
 * finishes it.  RC_CONFLICT: somebody else did.
 */
MUST_CHECK enum rc running_again(
    struct server *s, struct arena *a, const struct call_row *row);

/*
 * End a dead runner's call with the error "outcome unknown" (or, if its client
 * cancelled it, with nothing), fenced by the claim this makes.  RC_CONFLICT:
 * somebody else did.
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
