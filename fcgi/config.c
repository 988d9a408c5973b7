#include "config.h"

#include <string.h>

#include "config_key.h"

/* Of the manual's source. */
#define LINE_WIDTH 72
/* All strings of a configuration. */
#define ARENA_MAX ((size_t)4 * 1024 * 1024)

#define K INT64_C(1024)
#define M (1024 * K)
#define G (1024 * M)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

#define MEMBER(name)                                                           \
	offsetof(struct config, name), sizeof(((struct config *)NULL)->name)

static const char *const yes_no[] = { "no", "yes", NULL };
static const char *const levels[] = { "error", "warning", "info", "debug",
	NULL };
static const char *const modes[] = { "required", "optional", "off", NULL };
static const char *const responses[] = { "auto", "json", NULL };
static const char *const scopes[] = { "private", "public", NULL };
static const char *const uses[] = { "off", "on", "auto", NULL };
static const char *const trusts[] = { "auto", "yes", "no", NULL };

static const struct config_key keys[] = {
	{ "server", "name", CONFIG_STRING, MEMBER(name), "mcp-fcgi", 0, 0, NULL,
	    "The name that clients are told." },
	{ "server", "title", CONFIG_STRING, MEMBER(title), NULL, 0, 0, NULL,
	    "A name for people." },
	{ "server", "version", CONFIG_STRING, MEMBER(version), MCP_VERSION, 0,
	    0, NULL,
	    "The version that clients are told; change it with your tools." },
	{ "server", "instructions", CONFIG_TEXT, MEMBER(instructions), NULL, 0,
	    0, NULL, "What a model should know before it uses the tools." },
	{ "server", "website", CONFIG_STRING, MEMBER(website), NULL, 0, 0, NULL,
	    "A URL for people." },
	{ "server", "socket", CONFIG_SOCKET, MEMBER(socket), NULL, 0, 0, NULL,
	    "Where the web server finds us: a path, host:port, or :port on the "
	    "loopback address.  Without it the socket is inherited." },
	{ "server", "workers", CONFIG_NUMBER, MEMBER(workers), "0", 0, 1024,
	    NULL,
	    "How many requests are served at the same time; 0: one for each "
	    "processor." },
	{ "server", "state", CONFIG_PATH, MEMBER(state), "/var/lib/mcp-fcgi", 0,
	    0, NULL,
	    "A folder of this host alone, for what must outlive a restart." },
	{ "server", "user", CONFIG_STRING, MEMBER(user), NULL, 0, 0, NULL,
	    "Run as this user, or user:group, if started by root; a socket "
	    "that is a path is given to them." },
	{ "server", "grace", CONFIG_TIME, MEMBER(grace_ms), "10s", 0, DAY, NULL,
	    "How long requests may go on when the server is stopped." },
	{ "server", "requests", CONFIG_NUMBER, MEMBER(requests), "0", 0,
	    INT32_MAX, NULL,
	    "A worker is replaced after so many requests; 0: never." },
	{ "server", "log_level", CONFIG_WORD, MEMBER(log_level), "info", 0, 0,
	    levels, "What is less important is not logged." },
	{ "server", "trace", CONFIG_PATH, MEMBER(trace), NULL, 0, 0, NULL,
	    "A file that all requests and answers are added to, with "
	    "everything that clients say and are told." },

	{ "store", "url", CONFIG_URL, MEMBER(store_url),
	    "sqlite:///var/lib/mcp-fcgi/sessions.db", 0, 0, NULL,
	    "Where sessions, calls and events are kept: sqlite: and a path." },
	{ "store", "timeout", CONFIG_TIME, MEMBER(store_timeout_ms), "5s", 1,
	    10 * MINUTE, NULL,
	    "A request that must wait longer for the store is answered 503." },
	{ "store", "idle", CONFIG_TIME, MEMBER(store_idle_ms), "1m", 0, DAY,
	    NULL,
	    "A process that was asked for nothing for so long closes its "
	    "connection to a database server; 0: it keeps it." },
	{ "store", "allow_network_fs", CONFIG_WORD, MEMBER(allow_network_fs),
	    "no", 0, 0, yes_no,
	    "Take a database on a network file system, which is safe with one "
	    "host only." },
	{ "store", "cluster_key", CONFIG_HEX, MEMBER(cluster_key), NULL, 0, 0,
	    NULL,
	    "The secret that session ids are made with, the same on all hosts. "
	    " "
	    "Without it the store keeps one." },
	{ "store", "cluster_key_former", CONFIG_HEX, MEMBER(cluster_key_former),
	    NULL, 0, 0, NULL,
	    "A second secret: ids made with it are accepted, and none are "
	    "made.  Only together with cluster_key." },

	{ "cache", "servers", CONFIG_SERVERS, MEMBER(cache_servers), NULL, 0, 0,
	    NULL,
	    "memcached in front of the store: host:port, or the path of a "
	    "socket; several are separated by commas.  "
	    "All hosts need the same list, and nobody else should reach these "
	    "servers.  "
	    "Names that must be looked up may delay requests; addresses do "
	    "not.  "
	    "Without it there is no cache." },
	{ "cache", "rows", CONFIG_WORD, MEMBER(cache_rows), "auto", 0, 0, uses,
	    "Whether rows of sessions are kept there; auto: unless the store "
	    "is SQLite, which reads a row in 6 microseconds, where memcached "
	    "takes 15 to 25.  "
	    "It takes load from the store rather than time from requests, "
	    "works on hosts where mcp-stream runs, and makes DELETE take a "
	    "quarter of a second, until no host can serve an old copy." },
	{ "cache", "hints", CONFIG_WORD, MEMBER(cache_hints), "auto", 0, 0,
	    uses,
	    "Whether mcp-stream looks at a counter there (25 microseconds) "
	    "instead of at the store, and at the store only when it has moved, "
	    "but four "
	    "times a second all the same; auto: unless the store is SQLite, "
	    "which tells in 3 microseconds that nothing has changed." },
	{ "cache", "prefix", CONFIG_NAME, MEMBER(cache_prefix), "mcp", 0, 0,
	    NULL,
	    "All names there begin with it; another one for each store that "
	    "shares the servers." },

	{ "http", "path", CONFIG_ROUTE, MEMBER(path), "/mcp", 0, 0, NULL,
	    "The path of the endpoint; *: any." },
	{ "http", "origins", CONFIG_LIST, MEMBER(origins), NULL, 0, 0, NULL,
	    "Web pages that may call us, besides those of our own host; *: "
	    "all." },
	{ "http", "hosts", CONFIG_LIST, MEMBER(hosts), NULL, 0, 0, NULL,
	    "Names that we answer to.  Without it: localhost on a loopback "
	    "address, else what the web server accepts." },
	{ "http", "sessions", CONFIG_WORD, MEMBER(sessions), "required", 0, 0,
	    modes, "Whether clients of revisions with sessions need one." },
	{ "http", "strict", CONFIG_WORD, MEMBER(strict), "no", 0, 0, yes_no,
	    "Refuse what the specification forbids clients though it does no "
	    "harm.  "
	    "A POST must list application/json and text/event-stream in "
	    "Accept, and a GET text/event-stream, by name (else 406); "
	    "Content-Type must be there and be application/json, for "
	    "notifications too (415); in sessions of 2025-06-18 and "
	    "2025-11-25 every request, notification, response, GET and DELETE "
	    "must carry MCP-Protocol-Version with the negotiated revision, "
	    "and notifications of 2026-07-28 the one they name (400); no id "
	    "may come twice in a batch (400), nor again while its call is "
	    "running or its answer was not taken (-32600 rather than joining "
	    "it).  "
	    "HTTP+SSE stays as it is.  "
	    "For tests of clients rather than for serving them." },
	{ "http", "body_only", CONFIG_WORD, MEMBER(body_only), "no", 0, 0,
	    yes_no,
	    "Take requests of 2026-07-28 that lack headers which repeat their "
	    "body (MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Param-*), "
	    "because a proxy drops them; those that arrive must still agree." },
	{ "http", "modern_ping", CONFIG_WORD, MEMBER(modern_ping), "no", 0, 0,
	    yes_no, "Answer ping in 2026-07-28, too, which does not know it." },

	{ "http", "responses", CONFIG_WORD, MEMBER(json_only), "auto", 0, 0,
	    responses,
	    "auto: an answer to a POST may be a stream of events; json: it "
	    "never is, and nothing can be asked or told while a tool runs." },
	{ "http", "sse", CONFIG_ROUTE_OR_NONE, MEMBER(sse_path), "/sse", 0, 0,
	    NULL,
	    "Where clients of the first revision open their stream; none: "
	    "only at the endpoint." },
	{ "http", "messages", CONFIG_ROUTE_OR_NONE, MEMBER(messages_path),
	    "/messages", 0, 0, NULL,
	    "Where clients of the first revision post; none: they are not "
	    "served." },
	{ "http", "comment", CONFIG_TIME, MEMBER(comment_ms), "15s", 100, HOUR,
	    NULL,
	    "A stream that is silent gets a comment after so long, so that "
	    "nobody on the way takes it for dead." },
	{ "http", "stream_age", CONFIG_TIME, MEMBER(stream_age_ms), "4h",
	    SECOND, 365 * DAY, NULL,
	    "A stream is closed after so long, with the wish to come back." },

	{ "stream", "socket", CONFIG_SOCKET, MEMBER(stream_socket), NULL, 0, 0,
	    NULL,
	    "Where the web server finds mcp-stream: a path, host:port, or "
	    ":port on the loopback address.  Without it the socket is "
	    "inherited." },
	{ "stream", "tick", CONFIG_TIME, MEMBER(tick_ms), "10ms", 1, MINUTE,
	    NULL,
	    "Between two looks for what other hosts have written; "
	    "twice that while nothing happens." },
	{ "stream", "streams", CONFIG_NUMBER, MEMBER(streams), "16384", 1,
	    1000000, NULL, "Streams that one process holds." },
	{ "stream", "streams_session", CONFIG_NUMBER, MEMBER(streams_session),
	    "3", 1, 1000, NULL,
	    "Streams of one session, besides those of its calls." },
	{ "stream", "streams_principal", CONFIG_NUMBER,
	    MEMBER(streams_principal), "1000", 0, INT32_MAX, NULL,
	    "Streams of one user that one process holds; 0: no limit." },
	{ "stream", "memory", CONFIG_SIZE, MEMBER(stream_memory), "64M", M,
	    64 * G, NULL,
	    "Bytes of events that clients have not taken yet, in one "
	    "process." },

	{ "auth", "remote_user", CONFIG_WORD, MEMBER(remote_user), "auto", 0, 0,
	    trusts,
	    "Whether REMOTE_USER says who asks; auto: if AUTH_TYPE comes with "
	    "it." },

	{ "limits", "body", CONFIG_SIZE, MEMBER(body), "4M", K, G, NULL,
	    "Bytes of one request." },
	{ "limits", "body_timeout", CONFIG_TIME, MEMBER(body_timeout_ms), "30s",
	    1, HOUR, NULL,
	    "Time to receive a request; also for the web server to take an "
	    "answer." },
	{ "limits", "result", CONFIG_SIZE, MEMBER(result), "16M", 16 * K, G,
	    NULL, "Bytes of one answer." },
	{ "limits", "page", CONFIG_NUMBER, MEMBER(page), "100", 1, 10000, NULL,
	    "Entries on one page of a list." },
	{ "limits", "sessions", CONFIG_NUMBER, MEMBER(sessions_total), "200000",
	    0, INT32_MAX, NULL, "Sessions in all; 0: no limit." },
	{ "limits", "sessions_principal", CONFIG_NUMBER,
	    MEMBER(sessions_principal), "10000", 0, INT32_MAX, NULL,
	    "Sessions of one user; 0: no limit." },
	{ "limits", "session_idle", CONFIG_TIME, MEMBER(session_idle_ms), "7d",
	    MINUTE, 3650 * DAY, NULL,
	    "A session is forgotten when it was not used for so long." },
	{ "limits", "session_lifetime", CONFIG_TIME,
	    MEMBER(session_lifetime_ms), "30d", MINUTE, 3650 * DAY, NULL,
	    "A session ends after so long, however much it is used." },
	{ "limits", "session_spare", CONFIG_TIME, MEMBER(session_spare_ms),
	    "15m", 0, 3650 * DAY, NULL,
	    "A session that was used since then is never forgotten to make "
	    "room." },

	{ "limits", "calls", CONFIG_NUMBER, MEMBER(calls), "64", 1, 4096, NULL,
	    "Calls that run on this host at the same time, each in a process "
	    "of its own." },
	{ "limits", "calls_principal", CONFIG_NUMBER, MEMBER(calls_principal),
	    "16", 0, INT32_MAX, NULL,
	    "Calls of one user that run at the same time; 0: no limit." },
	{ "limits", "calls_waiting", CONFIG_NUMBER, MEMBER(calls_waiting),
	    "256", 0, INT32_MAX, NULL,
	    "Calls of this host that wait for answers of their clients, or for "
	    "tasks, each in a process of its own; 0: no limit but of 4096 "
	    "processes." },
	{ "limits", "held", CONFIG_NUMBER, MEMBER(held), "32", 0, 4096, NULL,
	    "Streams that mcp-request holds itself, each in a process of its "
	    "own, because they were not sent to mcp-stream." },
	{ "limits", "question", CONFIG_TIME, MEMBER(question_ms), "10m", SECOND,
	    30 * DAY, NULL,
	    "A question to a client is given up after so long." },
	{ "limits", "stream_events", CONFIG_NUMBER, MEMBER(stream_events),
	    "10000", 16, INT32_MAX, NULL, "Events that are kept of a stream." },
	{ "limits", "stream_bytes", CONFIG_SIZE, MEMBER(stream_bytes), "16M",
	    64 * K, 64 * G, NULL,
	    "Bytes of events that are kept of a stream." },
	{ "limits", "stream_keep", CONFIG_TIME, MEMBER(stream_keep_ms), "10m",
	    SECOND, 365 * DAY, NULL,
	    "A stream that has ended and was taken can be asked for again for "
	    "so long." },
	{ "limits", "event_age", CONFIG_TIME, MEMBER(event_age_ms), "24h",
	    MINUTE, 365 * DAY, NULL,
	    "Events that nobody took are forgotten after so long." },
	{ "limits", "wants", CONFIG_NUMBER, MEMBER(wants), "1000", 1, INT32_MAX,
	    NULL, "Resources that one session may subscribe to." },
	{ "limits", "task_ttl", CONFIG_TIME, MEMBER(task_ttl_ms), "1h", SECOND,
	    3650 * DAY, NULL,
	    "A task is kept for so long if its client does not say how long." },
	{ "limits", "task_ttl_max", CONFIG_TIME, MEMBER(task_ttl_max_ms), "24h",
	    SECOND, 3650 * DAY, NULL, "No task is kept longer." },

	{ "catalog", "folder", CONFIG_PATH, MEMBER(catalog), NULL, 0, 0, NULL,
	    "The folder of tools, prompts and resources; see mcp-catalog(5)." },
	{ "catalog", "modules", CONFIG_PATHS, MEMBER(modules), NULL, 0, 0, NULL,
	    "Shared objects with tools, prompts and resources in C." },
	{ "catalog", "check", CONFIG_TIME, MEMBER(catalog_check_ms), "1s", 0,
	    DAY, NULL,
	    "An edit of the folder is seen after so long at the latest." },
	{ "catalog", "ttl", CONFIG_TIME, MEMBER(list_ttl_ms), "0", 0, 365 * DAY,
	    NULL,
	    "Clients of 2026-07-28 may take a list, or what the server can, "
	    "for unchanged for so long; 0: they ask each time." },
	{ "catalog", "scope", CONFIG_WORD, MEMBER(list_is_public), "private", 0,
	    0, scopes,
	    "Whether what they keep may be shown to anybody, or only to "
	    "whoever asked." },
	{ "catalog", "tool_timeout", CONFIG_TIME, MEMBER(tool_timeout_ms),
	    "30s", 1, DAY, NULL,
	    "Time for a program that does not name its own." },
	{ "catalog", "tool_timeout_max", CONFIG_TIME,
	    MEMBER(tool_timeout_max_ms), "10m", 1, DAY, NULL,
	    "No program has more." },
	{ "catalog", "tool_output", CONFIG_SIZE, MEMBER(tool_output), "4M", K,
	    G, NULL,
	    "Bytes of output of a program that does not name its own." },
	{ "catalog", "tool_memory", CONFIG_SIZE, MEMBER(tool_memory), "0", 0,
	    INT64_C(1024) * G, NULL,
	    "Memory of a program that does not name its own; 0: no limit." },
	{ "catalog", "tool_path", CONFIG_STRING, MEMBER(tool_path),
	    "/usr/local/bin:/usr/bin:/bin", 0, 0, NULL, "PATH of programs." }
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

const struct config_key *
config_keys(size_t *n)
{
	*n = N_KEYS;
	return keys;
}

const struct config_key *
config_find(struct slice section, struct slice name)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (slice_eq(section, slice_of(keys[i].section)) &&
		    slice_eq(name, slice_of(keys[i].name)))
			return &keys[i];
	}
	return NULL;
}

bool
config_is_list(const struct config_key *key)
{
	return key->type == CONFIG_LIST || key->type == CONFIG_PATHS ||
	    key->type == CONFIG_SERVERS;
}

enum rc
config_init(struct config *c, const char *folder)
{
	struct buf why = BUF_INIT(256);
	enum rc rc = RC_OK;

	*c = (struct config){ .arena = ARENA_INIT(ARENA_MAX) };
	c->folder = arena_string(&c->arena, slice_of(folder));
	if (c->folder == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < N_KEYS && rc == RC_OK; i++) {
		if (keys[i].value == NULL)
			continue;
		rc = config_value_set(
		    c, &keys[i], slice_of(keys[i].value), false, &why);
	}
	buf_release(&why);
	return rc;
}

enum rc
config_set(
    struct config *c, const char *key, const char *value, struct buf *why)
{
	struct slice name;
	struct slice section = slice_cut(slice_of(key), '.', &name);
	const struct config_key *k = config_find(section, name);
	size_t before = why->len;
	enum rc rc;

	buf_printf(why, "%s ", key);
	if (k == NULL) {
		buf_put_slice(why, SLICE("is no key"));
		return RC_SYNTAX;
	}
	rc = config_value_set(c, k, slice_trim(slice_of(value)), false, why);
	if (rc != RC_SYNTAX)
		buf_truncate(why, before);
	return rc;
}

void
config_put(const struct config *c, struct buf *out)
{
	const char *section = "";

	for (size_t i = 0; i < N_KEYS; i++) {
		if (strcmp(section, keys[i].section) != 0) {
			buf_printf(out, "%s[%s]\n", i > 0 ? "\n" : "",
			    keys[i].section);
			section = keys[i].section;
		}
		config_value_put(c, &keys[i], out);
	}
}

/* Words in lines of the usual length, each sentence on a new one. */
static void
put_text(struct buf *out, const char *text)
{
	struct slice rest = slice_of(text);
	size_t column = 0;

	while (rest.ptr != NULL) {
		struct slice word = slice_cut(rest, ' ', &rest);

		if (word.len == 0)
			continue;
		if (column > 0)
			buf_put_char(
			    out, column + word.len < LINE_WIDTH ? ' ' : '\n');
		column = column + word.len < LINE_WIDTH ? column + word.len + 1
							: word.len + 1;
		buf_put_slice(out, word);
		if (word.ptr[word.len - 1] == '.')
			column = LINE_WIDTH;
	}
	buf_put_char(out, '\n');
}

static void
put_item(struct buf *out, const struct config_key *key)
{
	buf_printf(out, ".It Cm %s", key->name);
	if (key->words == NULL)
		buf_printf(out, " Ar %s", config_type_name(key->type));
	for (size_t i = 0; key->words != NULL && key->words[i] != NULL; i++)
		buf_printf(out, "%s Cm %s", i > 0 ? " |" : "", key->words[i]);
	buf_put_char(out, '\n');
	put_text(out, key->sentence);
	if (config_is_list(key))
		buf_printf(out, "%s\n", "May be given more than once.");
	if (key->value != NULL)
		buf_printf(out, "The default is\n.Ql %s .\n", key->value);
}

void
config_put_manual(struct buf *out)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (i == 0 || strcmp(keys[i - 1].section, keys[i].section) != 0)
			buf_printf(out, ".Ss [%s]\\&\n.Bl -tag -width Ds\n",
			    keys[i].section);
		put_item(out, &keys[i]);
		if (i + 1 == N_KEYS ||
		    strcmp(keys[i + 1].section, keys[i].section) != 0)
			buf_printf(out, "%s", ".El\n");
	}
}

void
config_release(struct config *c)
{
	arena_release(&c->arena);
	*c = (struct config){ .arena = ARENA_INIT(ARENA_MAX) };
}
