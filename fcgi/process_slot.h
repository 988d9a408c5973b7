#ifndef MCP_PROCESS_SLOT_H
#define MCP_PROCESS_SLOT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "process.h"

/*
 * The parent's children, one slot for each: what they are at, what they said,
 * and whether another may be had.
 */

/* A worker runs one tool at a time; more only if a module starts some. */
#define GROUPS_MAX 16

enum slot_work {
	SLOT_SERVES, /* takes requests */
	SLOT_CALL,   /* stays with a call */
	SLOT_HELD    /* stays with a stream */
};

struct slot {         /* one child */
	pid_t pid;    /* 0: free */
	int lifetime; /* closed to make it leave; -1: told so */
	int talk;     /* it reports, we answer */
	int64_t started;
	bool is_old; /* to be replaced */
	bool is_ready;
	enum slot_work work;
	struct call_order order; /* it was forked for this call */
	pid_t group[GROUPS_MAX]; /* of running tools; 0: free */
};

struct parent {
	const struct process_options *o;
	struct slot *slot;
	struct pollfd *watch; /* signals, orders, then one for each slot */
	size_t n_slots;
	int signals;
	int orders; /* -1: none */
	bool has_forked;
	bool is_first_done;
	bool is_stopping;
	bool has_failed;  /* the very first worker could not serve */
	int64_t stop_at;  /* kill what is left then */
	int quick;        /* deaths soon after the start, one after another */
	int64_t fork_at;  /* not before */
	int64_t spare_at; /* nor, in the place of one with a call, before */
	int64_t thin_at;  /* who is too many leaves then; 0: nobody is */
	int64_t looked;   /* when that was last looked at */
};

/* What there is, as far as it was not told to leave. */
struct census {
	int serving;
	int starting;       /* of these */
	struct slot *old;   /* one that is to be replaced */
	struct slot *spare; /* the newest that is ready */
	int calls;          /* told to leave or not */
	int held;
};

struct census slots_count(const struct parent *p);

/* Fork a worker, or one that runs a call; NULL: serves.  False: not now. */
MUST_CHECK bool slot_start(struct parent *p, const struct call_order *order);

/* Take and answer what it said. */
void slot_drain(struct parent *p, struct slot *s);

/* Let it look whether there is something to do. */
void slots_wake_one(const struct parent *p);

/* Tell it to leave. */
void slot_leave(struct slot *s);

/* Whatever a worker left behind must not go on alone. */
void slot_kill_groups(struct parent *p, struct slot *s);

/* Give back the descriptors. */
void slot_close(struct slot *s);

/* -------------------------------------------------------------- orders */

/* Listen for them; without a socket there are none, which is logged. */
void orders_open(struct parent *p);
/* Fork for those that have come. */
void orders_take(struct parent *p);
void orders_close(struct parent *p);

#endif
