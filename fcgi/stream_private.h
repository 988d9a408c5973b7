#ifndef MCP_STREAM_PRIVATE_H
#define MCP_STREAM_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "holder.h"
#include "stream_accept.h"
#include "stream_sink.h"
#include "stream_store.h"
#include "stream_table.h"
#include "trace.h"

/* What the files of the store thread share. */

/* Changed topics that wait to be told; with more all streams look. */
#define STREAM_TOPICS 256

/* Something of the store failed: wait before it is tried again.  Reading and
 * writing have troubles of their own: with a full disk, or while somebody
 * holds the lock, what is stored is delivered all the same. */
struct stream_trouble {
	int64_t until; /* monotonic ms */
	int64_t wait;  /* 0: none */
};

struct stream_counts { /* for the last line of the log */
	uint64_t opened;
	uint64_t looks; /* for changes */
	uint64_t turns; /* of feeds */
	uint64_t events;
	uint64_t bytes;
};

struct stream_store {
	struct stream_store_options o;
	struct holder holder;
	struct server *server;
	struct stream_table *table;
	struct trace *trace; /* NULL: none */
	struct arena arena;  /* of one store call */
	struct buf page;     /* what a feed says */
	struct buf wire;     /* the same as records */
	struct stream_sink sink;
	struct stream_request *request; /* at hand, or to be tried again */
	struct stream_trouble serving;
	struct stream_list todo;  /* feeds to be turned */
	struct stream_list moved; /* whose progress is not noted yet */
	struct stream_list over;  /* to be detached */
	struct stream_trouble reading;
	struct stream_trouble writing;
	bool owes_catch_up; /* some that must were turned without */
	bool owes_rings;    /* to all calls that listen */

	struct change_mark mark;
	uint32_t incarnation;
	int64_t looked_ms;  /* the last look that succeeded */
	int64_t changed_ms; /* the last look that found something */
	int64_t tick_at;
	int64_t second_at;
	int64_t publish_at; /* revisions, where rows are cached */
	uint32_t touch_at;
	int64_t topic[STREAM_TOPICS];
	size_t n_topics;

	int64_t drain_ms; /* since when this host takes no more; 0: it does */
	uint32_t drain_at;

	bool is_leaving;
	int64_t leave_ms; /* since when */
	uint32_t leave_at;
	struct stream_counts count;
};

/* ------------------------------------------------------ stream_store.c */

/* A store call of now, with the arena emptied for it. */
struct op stream_op(struct stream_store *s, int64_t timeout_ms);

/* The same for a write that may be lost, and that nobody waits for: while
 * such fail they are not tried for long. */
struct op stream_write_op(struct stream_store *s);

int64_t stream_now(const struct stream_store *s);

/* It failed (again), or it works. */
void stream_fails(struct stream_store *s, struct stream_trouble *t,
    const char *what, enum rc rc);
void stream_works(struct stream_store *s, struct stream_trouble *t);
/* It failed a moment ago. */
bool stream_waits(const struct stream_store *s, const struct stream_trouble *t);

/* ------------------------------------------------------- stream_turn.c */

/* The holder that the server is given. */
void stream_holder_init(struct stream_store *s);

/* A reply that is no stream: written and closed. */
void stream_answer(struct stream_store *s);

/* Turn it when its turn comes. */
void stream_due(struct stream_store *s, struct stream_held *h);
void stream_all_due(struct stream_store *s, bool must_catch_up);

/* Turn some of those that are due; is there more that can be done now? */
bool stream_turn_some(struct stream_store *s);

/* End it with the wish to come back. */
void stream_end(struct stream_store *s, struct stream_held *h, const char *why);

/* What the loop has to say. */
void stream_take_reports(struct stream_store *s);

/* Detach some of those whose connections are over; more to do now? */
bool stream_detach_some(struct stream_store *s);

/* Give the slot of one of them up, whatever the store says. */
void stream_drop_one(struct stream_store *s);

/* ------------------------------------------------------- stream_tick.c */

/* Look for changes. */
void stream_tick(struct stream_store *s);

/* What is done once per second. */
void stream_second(struct stream_store *s);

/* Note the progress of all that moved; false if that failed. */
bool stream_note_sent(struct stream_store *s);

#endif
