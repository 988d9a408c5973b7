#ifndef MCP_CONFIG_H
#define MCP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "log.h"
#include "principal.h"
#include "rc.h"
#include "server.h"

/*
 * mcp-fcgi.conf: an ini file.  Every key has a default that works on one
 * host; an unknown section or key, a bad value or a key given twice is refused
 * with file and line (keys marked "list" may repeat).  The table in config.c
 * is the only place that knows the keys; the manual page is made from it.
 *
 * Sizes take K, M, G (1024); times take ms, s, m, h, d; plain numbers are
 * bytes and seconds.  Relative paths are relative to the configuration file.
 * A line has less than 200 bytes; a text or a list goes on in lines that
 * begin with a blank.  " ;" begins a comment, so no value contains it.
 */

enum config_use { CONFIG_OFF, CONFIG_ON, CONFIG_AUTO };

struct config_list { /* strings */
	const char *const *item;
	size_t n;
};

struct config {
	struct arena arena; /* owns every string */
	const char *folder; /* relative paths begin here */

	/* [server] */
	const char *name;         /* serverInfo.name */
	const char *title;        /* serverInfo.title, NULL if none */
	const char *version;      /* serverInfo.version */
	const char *instructions; /* NULL if none */
	const char *website;      /* serverInfo.websiteUrl, NULL if none */
	const char *socket; /* unix path, host:port or :port; NULL: fd 0 */
	int workers;        /* 0: as many as processors */
	const char *state;  /* this host's private folder */
	const char *user;   /* run as; NULL: as started */
	int64_t grace_ms;   /* time for a graceful stop */
	int64_t requests;   /* a worker leaves after so many; 0: never */
	enum log_level log_level;
	const char *trace; /* what goes over the wire; NULL: nowhere */

	/* [store] */
	const char *store_url;
	int64_t store_timeout_ms;
	int64_t store_idle_ms; /* then a connection is given back; 0: never */
	bool allow_network_fs;
	const char *cluster_key; /* 64 hex digits; NULL: kept in the store */
	const char *cluster_key_former; /* accepted too; NULL: none */

	/* [cache] */
	struct config_list cache_servers; /* list: of memcached; none: off */
	enum config_use cache_rows;       /* copies of session rows */
	enum config_use cache_hints;      /* a counter of changes */
	const char *cache_prefix;         /* of all names in it */

	/* [http] */
	const char *path;           /* of the endpoint; "*": any */
	struct config_list origins; /* list: allowed besides the own */
	struct config_list hosts;   /* list: accepted Host names; none: auto */
	const char *sse_path;       /* HTTP+SSE: GET; NULL: on `path` only */
	const char *messages_path;  /* HTTP+SSE: POST */
	enum session_mode sessions;
	bool strict; /* as server_rules has these three */
	bool body_only;
	bool modern_ping;
	bool json_only;        /* responses = json */
	int64_t comment_ms;    /* keep-alive of silent streams */
	int64_t stream_age_ms; /* a stream is closed then, to come back */

	/* [stream] */
	const char *stream_socket; /* of mcp-stream; NULL: fd 0 */
	int64_t tick_ms;           /* between two looks at the store */
	int streams;               /* per process */
	int streams_session;       /* standalone ones of one session */
	int streams_principal;     /* of one named principal */
	size_t stream_memory;      /* of unsent events, per process */

	/* [auth] */
	enum principal_trust remote_user;

	/* [limits] */
	size_t body;             /* bytes of one request body */
	int64_t body_timeout_ms; /* to receive it, or to take the answer */
	int64_t sessions_total;
	int64_t sessions_principal;
	int64_t session_idle_ms;
	int64_t session_lifetime_ms;
	int64_t session_spare_ms; /* never forgotten for room if younger */
	int page;                 /* entries of one list page */
	size_t result;            /* bytes of one answer */
	int calls;                /* running on this host */
	int calls_principal;      /* of one named principal */
	int calls_waiting;        /* for answers, on this host */
	int held;                 /* streams held by mcp-request */
	int64_t question_ms;      /* an answer must have come */
	int64_t stream_events;    /* kept of one stream */
	size_t stream_bytes;      /* kept of one stream */
	int64_t stream_keep_ms;   /* a finished stream that was taken */
	int64_t event_age_ms;     /* unread events of a session */
	int wants;                /* subscriptions of one session */
	int64_t task_ttl_ms;
	int64_t task_ttl_max_ms;

	/* [catalog] */
	const char *catalog;        /* folder; NULL: none */
	struct config_list modules; /* list: shared objects */
	int64_t catalog_check_ms;
	int64_t list_ttl_ms; /* clients may keep lists */
	bool list_is_public;
	int64_t tool_timeout_ms;     /* default of a program */
	int64_t tool_timeout_max_ms; /* no tool may have more */
	size_t tool_output;          /* default: bytes of standard output */
	uint64_t tool_memory;        /* default: RLIMIT_AS; 0: none */
	const char *tool_path;       /* PATH for programs */
};

/* Fill in the defaults, as if from an empty file in `folder`. */
MUST_CHECK enum rc config_init(struct config *, const char *folder);

/*
 * Read a file over the defaults.  RC_SYNTAX with one "FILE:LINE: sentence" per
 * finding appended to `why`; RC_IO if it cannot be read; RC_NOMEM.
 * Call config_release() whatever came back.
 */
MUST_CHECK enum rc config_read(
    struct config *, const char *file, struct buf *why);

/* Set one key as the file would: "limits.body", "8M".  For options on the
 * command line and for tests.  RC_SYNTAX with a sentence in `why`. */
MUST_CHECK enum rc config_set(
    struct config *, const char *key, const char *value, struct buf *why);

/* The table as mdoc(7) list items, for mcp-fcgi.conf(5). */
void config_put_manual(struct buf *out);

/* The configuration in effect, as a file that config_read() takes. */
void config_put(const struct config *, struct buf *out);

void config_release(struct config *);

#endif
