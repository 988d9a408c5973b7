#ifndef MCP_SERVER_H
#define MCP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "bell.h"
#include "buf.h"
#include "clock.h"
#include "crew.h"
#include "ear.h"
#include "http.h"
#include "log.h"
#include "principal.h"
#include "rc.h"
#include "rng.h"
#include "seal.h"
#include "sink.h"
#include "store.h"
#include "tool.h"

/*
 * The server: a function from a request to a reply.  It does no I/O of its
 * own; everything it needs is a member, so that tests can put anything in.
 * One struct belongs to one process (or thread) and serves one request at a
 * time; nothing about a client is kept in it.
 */
enum session_mode {
	SESSIONS_REQUIRED, /* a legacy request without an id is refused */
	SESSIONS_OPTIONAL, /* ... is served without a session */
	SESSIONS_OFF       /* none are made; GET and DELETE are 405 */
};

struct holder; /* who keeps streams open; see holder.h */

struct server_info { /* who we say we are; absent members are left out */
	struct slice name;
	struct slice version;
	struct slice title;
	struct slice website;
	struct slice instructions;
};

struct server_rules {
	struct slice path;           /* of the endpoint; "*": any */
	struct slice sse_path;       /* HTTP+SSE: its stream; absent: none */
	struct slice messages_path;  /* HTTP+SSE: where its client posts */
	const struct slice *origins; /* allowed besides our own; "*": any */
	size_t n_origins;
	const struct slice *hosts; /* accepted; none: decide by address */
	size_t n_hosts;
	enum principal_trust remote_user;
	enum session_mode sessions;
	bool strict;    /* clients keep to the letter, or are refused */
	bool body_only; /* 2026-07-28: headers that repeat the body may lack */
	bool modern_ping; /* 2026-07-28: ping is answered though unknown */
	int64_t store_timeout_ms;
	int64_t sessions_total;     /* live sessions; 0: no cap */
	int64_t sessions_principal; /* of one named principal; 0: no cap */
	int64_t session_lifetime_ms;
	int64_t session_spare_ms; /* touched since: never forgotten for room */
	uint32_t page;            /* entries on one page of a list */
	/* Behind so long every process of the host shows what one of them
	 * does. */
	int64_t catalog_ms;
	struct tool_cache list_cache; /* how long clients may keep lists */
	int64_t tool_timeout_ms;      /* a call must have ended after so long */
	bool json_only;               /* no events in answer to a POST */
	int64_t hold_ms;              /* an answer that may become JSON waits */
	int64_t comment_ms;        /* between two comments on a silent stream */
	int64_t comment_modern_ms; /* on a modern POST: who leaves cancels */
	int64_t retry_ms;          /* the wish when a call is let go */
	int64_t stream_age_ms;     /* then a stream is closed, with a wish */
	int64_t question_ms;       /* an answer must have come */
	int64_t input_ms;          /* requestState is good for so long */
	struct stream_caps stream; /* of each stream */
	struct event_limits read;  /* of the log, at once */
	struct call_limits calls;
	int64_t wants;       /* topics of one session; of one listen */
	int64_t task_ttl_ms; /* if the client wishes none */
	int64_t task_ttl_max_ms;
	int64_t task_poll_ms; /* pollInterval */
};

/* The lists whose changes every session is told: tools, prompts, resources. */
#define TOPIC_LISTS 3

/* What topic_tick() remembers of them. */
struct topic_watch {
	int64_t next_mono; /* it looks again then */
	uint64_t version;  /* of the toolbox when all of them were known */
	/* Of the toolbox as it was seen and not told yet; 0: none.  When that
	 * was seen, and when the first edit that was not told. */
	uint64_t seen;
	int64_t seen_last; /* monotonic ms */
	int64_t seen_first;
	uint32_t incarnation;
	struct {
		bool is_known; /* the store was told of `digest` */
		unsigned char digest[DIGEST_BYTES];
	} list[TOPIC_LISTS];
	/* URIs of resources whose change the store did not take, or of which
	 * there was no time to tell it, each with a NUL behind it. */
	struct buf missed;
};

struct server {
	const struct clock *clock;
	const struct rng *rng;
	struct log *log;
	struct store *store; /* NULL while it cannot be opened */
	struct toolbox *toolbox;
	struct holder *holder; /* NULL: streams are followed in place */
	struct crew *crew;     /* NULL: nobody to ask, and no name */
	struct bell *bell;     /* NULL: nobody listens */
	struct ear *ear;       /* NULL: running calls look themselves */
	/* To leave soon: streams that are held here close.  NULL: never. */
	bool (*is_leaving)(void *ctx);
	void *leaving_ctx;
	struct keyring keys;
	struct server_info info;
	struct server_rules rules;
	struct topic_watch topics;
	struct buf body;  /* of the reply being built; set its ceiling */
	struct buf frame; /* the same as an event, if the client wants that */
	struct buf line;  /* of the log */
};

/* The owner of rows that this process makes: crew->name(), or "local.0". */
MUST_CHECK enum rc server_owner(struct server *s, struct slice *name);

/* A row that this process owns could not be ended, or may be there though the
 * store did not say so: it is left to whoever keeps house. */
void server_forsake(struct server *s);

/* Between two requests, when this process needs none of its rows any more: if
 * the store has doubts about one of them, the same. */
void server_settle(struct server *s);

/* Members of a struct server that are not pointers get these values. */
void server_init(struct server *s);

/*
 * Answer one request through the sink: exactly one head and one end, whatever
 * happens.  The arena is for everything that lives as long as the request;
 * the caller resets it.  An rc tells what kept us from doing our own work (it
 * was already answered with 500 or 503 and logged).
 */
enum rc server_handle(struct server *s, struct arena *a,
    const struct http_request *request, struct sink *sink);

/* Give back what server_init() and server_handle() took; the collaborators
 * are the caller's. */
void server_release(struct server *s);

#endif
