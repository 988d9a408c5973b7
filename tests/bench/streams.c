/*
 * Many streams of one mcp-stream process, over FastCGI records: what one
 * costs, how late an event is, how fast they come and go.
 *
 *     bench_streams SOCKET STORE STATE PID get|listen|idle NUMBER SECONDS
 *
 * idle: as get, but only that they are there.
 *
 * SOCKET and PID are those of a running mcp-stream (PID: its child), STORE and
 * STATE its store's file and its state folder.  Prints "key value" lines.
 */
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bell_socket.h"
#include "clock.h"
#include "event_id.h"
#include "rng.h"
#include "run_dir.h"
#include "sessions.h"
#include "stream_client.h"

#define ARENA_MAX ((size_t)4 * 1024 * 1024)
#define OPENING_MAX 64
#define EVENTS_PER_S 100
#define NUMBERS_MAX 100000
#define PATIENCE_MS 60000

struct bench {
	const char *socket;
	long pid;
	struct store *store;
	struct bell *bell;
	struct run_dir *dir;
	struct arena arena;
	int epoll;
	size_t n;
	struct stream_client *client;
	int64_t *session; /* the store's number */
	size_t named;
	struct stream_heard heard;
	int64_t given_us[NUMBERS_MAX]; /* when its commit returned */
	int64_t late_us[NUMBERS_MAX];
	size_t n_late;
	uint64_t chance;
};

static int64_t
now_us(void)
{
	return clock_mono_us(&clock_system);
}

static void
say(const char *key, double value)
{
	(void)printf("%s %.6g\n", key, value);
	(void)fflush(stdout);
}

static size_t
any(struct bench *b)
{
	b->chance = b->chance * UINT64_C(6364136223846793005) + 1442695041;
	return (size_t)(b->chance >> 33) % b->n;
}

/* ---------------------------------------------------------- the process */

static double
resident(const struct bench *b)
{
	char path[64];
	char line[128];
	double kb = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status", b->pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "RssAnon:", 8) == 0)
			kb = strtod(line + 8, NULL);
	}
	if (f != NULL)
		(void)fclose(f);
	return kb * 1024;
}

/*
 * Seconds of processor time so far, of all its threads.  As the scheduler
 * counts them: what is sampled a hundred times per second says little of
 * somebody who wakes a hundred times per second.
 */
static double
used(const struct bench *b)
{
	char path[320];
	char text[64] = "";
	double ns = 0;
	const struct dirent *e;
	DIR *threads;

	(void)snprintf(path, sizeof(path), "/proc/%ld/task", b->pid);
	threads = opendir(path);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while (threads != NULL && (e = readdir(threads)) != NULL) {
		FILE *f;

		(void)snprintf(path, sizeof(path),
		    "/proc/%ld/task/%s/schedstat", b->pid, e->d_name);
		f = fopen(path, "re");
		if (f == NULL)
			continue;
		if (fgets(text, sizeof(text), f) != NULL)
			ns += strtod(text, NULL);
		(void)fclose(f);
	}
	if (threads != NULL)
		(void)closedir(threads);
	return ns / 1e9;
}

/* ------------------------------------------------------------- clients */

static void
note_late(void *ctx, uint64_t n)
{
	struct bench *b = ctx;

	if (n < NUMBERS_MAX && b->given_us[n] != 0 && b->n_late < NUMBERS_MAX)
		b->late_us[b->n_late++] = now_us() - b->given_us[n];
}

static void
drop(struct bench *b, struct stream_client *c)
{
	stream_client_close(c);
	(void)b;
}

/* Read whatever comes, for at most so long. */
static void
hear(struct bench *b, int ms)
{
	struct epoll_event event[256];
	int n = epoll_wait(b->epoll, event, 256, ms);

	for (int i = 0; i < n; i++) {
		struct stream_client *c = event[i].data.ptr;

		if (c->fd >= 0 && !stream_client_hear(c, &b->heard))
			drop(b, c);
	}
}

static bool
open_one(struct bench *b, struct stream_client *c)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

	return stream_client_open(c, b->socket) == RC_OK &&
	    epoll_ctl(b->epoll, EPOLL_CTL_ADD, c->fd, &event) == 0;
}

/* False if they do not all begin in time. */
static bool
open_all(struct bench *b)
{
	int64_t until = now_us() + (int64_t)PATIENCE_MS * 1000;
	uint64_t first = b->heard.begun;
	size_t asked = 0;

	while (b->heard.begun - first < b->n && now_us() < until) {
		if (asked < b->n &&
		    asked - (b->heard.begun - first) < OPENING_MAX) {
			if (!open_one(b, &b->client[asked]))
				return false;
			asked++;
			hear(b, 0);
		} else {
			hear(b, 10);
		}
	}
	return b->heard.begun - first == b->n;
}

static void
close_all(struct bench *b)
{
	for (size_t i = 0; i < b->n; i++)
		stream_client_close(&b->client[i]);
}

static void
hear_for(struct bench *b, double seconds)
{
	int64_t until = now_us() + (int64_t)(seconds * 1e6);

	while (now_us() < until)
		hear(b, 20);
}

/* ------------------------------------------------------------- sessions */

struct naming {
	struct bench *b;
	const struct key_row *key;
};

static void
name_client(void *ctx, const struct session_id *id)
{
	const struct naming *naming = ctx;
	struct bench *b = naming->b;
	struct stream_client *c = &b->client[b->named];
	struct buf text = BUF_INIT((size_t)2 * SESSION_ID_CHARS);
	struct op op = sessions_op(&b->arena);
	const struct slice tools = SLICE("tools");
	struct session_row row;

	if (session_id_put(&text, naming->key, id) == RC_OK)
		(void)snprintf(c->session, sizeof(c->session), "%s", text.ptr);
	buf_release(&text);
	if (b->store->ops->session_get(b->store, &op, &id->key, &row, NULL) ==
	    RC_OK) {
		b->session[b->named] = row.id;
		(void)!b->store->ops->want_put(
		    b->store, &op, row.id, &tools, 1, -1, 0);
	}
	b->named++;
}

static enum rc
make_sessions(struct bench *b)
{
	struct op op = sessions_op(&b->arena);
	struct keyring keys = { .is_fixed = false };
	struct key_row key;
	struct naming naming = { b, &key };
	/* Of its own: naming resets the bench's. */
	struct arena arena = ARENA_INIT(ARENA_MAX);
	enum rc rc = keyring_refresh(
	    &keys, b->store, &op, &rng_system, clock_mono_ms(&clock_system));

	if (rc == RC_OK && keyring_mint(&keys, op.now_ms) == NULL)
		rc = RC_BUG;
	if (rc == RC_OK) {
		key = *keyring_mint(&keys, op.now_ms);
		rc =
		    sessions_make(b->store, &arena, b->n, name_client, &naming);
	}
	arena_release(&arena);
	return rc;
}

/* --------------------------------------------------------------- events */

static enum rc
append(struct bench *b, size_t i, uint64_t number)
{
	char data[160];
	struct event_id id;
	struct op op = sessions_op(&b->arena);
	const struct stream_caps no_caps = { 0, 0 };
	struct event_append what = { .session = b->session[i] };
	struct appended done;
	enum rc rc = event_id_read(slice_of(b->client[i].last_id), &id);

	if (rc != RC_OK)
		return rc;
	(void)snprintf(data, sizeof(data),
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\","
	    "\"params\":{\"level\":\"info\",\"data\":{\"n\":%" PRIu64 "}}}",
	    number);
	what.stream = id.stream;
	what.data = slice_of(data);
	return b->store->ops->event_append(
	    b->store, &op, &what, &no_caps, &done);
}

static int
by_size(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void
say_late(struct bench *b, const char *how, size_t sent)
{
	static const struct {
		const char *name;
		double part;
	} parts[] = { { "p50", 0.5 }, { "p99", 0.99 }, { "max", 1 } };
	char key[64];

	qsort(b->late_us, b->n_late, sizeof(b->late_us[0]), by_size);
	(void)snprintf(key, sizeof(key), "%s_lost", how);
	say(key, (double)sent - (double)b->n_late);
	for (size_t i = 0; i < 3 && b->n_late > 0; i++) {
		(void)snprintf(
		    key, sizeof(key), "%s_%s_ms", how, parts[i].name);
		say(key,
		    (double)b->late_us[(
			size_t)((double)(b->n_late - 1) * parts[i].part)] /
			1000);
	}
}

static void
events(struct bench *b, const char *how, bool rings, double seconds)
{
	size_t sent = 0;
	int64_t start = now_us();
	double cpu = used(b);
	char key[64];

	b->n_late = 0;
	memset(b->given_us, 0, sizeof(b->given_us));
	while (sent < (size_t)(seconds * EVENTS_PER_S)) {
		int64_t due = start + (int64_t)sent * 1000000 / EVENTS_PER_S;
		int64_t left = due - now_us();

		if (left > 0) {
			/* Not to sleep into the next one. */
			hear(b, left > 1500 ? 1 : 0);
			continue;
		}
		if (append(b, any(b), sent) != RC_OK)
			return;
		b->given_us[sent++] = now_us();
		if (rings)
			bell_ring(b->bell);
	}
	(void)snprintf(key, sizeof(key), "%s_cpu_percent", how);
	say(key, 100 * (used(b) - cpu) * 1e6 / (double)(now_us() - start));
	hear_for(b, 0.5);
	say_late(b, how, sent);
}

static void
topic(struct bench *b)
{
	struct op op = sessions_op(&b->arena);
	const struct topic_raise raise = { .name = SLICE_INIT("tools") };
	uint64_t before = b->heard.events;
	int64_t until = now_us() + (int64_t)PATIENCE_MS * 1000;
	int64_t start;
	int64_t version;
	bool raised;
	double cpu = used(b);

	if (b->store->ops->topic_raise(
		b->store, &op, &raise, &version, &raised) != RC_OK)
		return;
	start = now_us();
	bell_ring(b->bell);
	while (b->heard.events == before && now_us() < until)
		hear(b, 10);
	say("topic_first_ms", (double)(now_us() - start) / 1000);
	while (b->heard.events - before < b->n && now_us() < until)
		hear(b, 10);
	say("topic_all_ms", (double)(now_us() - start) / 1000);
	say("topic_told", (double)(b->heard.events - before));
	say("topic_cpu_s", used(b) - cpu);
}

/* Streams that are dropped and asked for again, one after the other. */
static void
churn(struct bench *b, double seconds)
{
	int64_t start = now_us();
	uint64_t first = b->heard.begun;
	uint64_t refused = b->heard.refused;
	uint64_t asked = 0;

	while (now_us() - start < (int64_t)(seconds * 1e6)) {
		struct stream_client *c = &b->client[any(b)];

		if (asked - (b->heard.begun - first) >= OPENING_MAX) {
			hear(b, 10);
			continue;
		}
		if (c->fd >= 0 && !c->has_begun)
			continue;
		stream_client_close(c);
		if (!open_one(b, c))
			break;
		asked++;
		hear(b, 0);
	}
	hear_for(b, 1);
	say("churn_per_s",
	    (double)(b->heard.begun - first) * 1e6 /
		(double)(now_us() - start));
	say("churn_refused", (double)(b->heard.refused - refused));
}

/* ---------------------------------------------------------------- all */

static void
idle(struct bench *b, double seconds)
{
	double cpu = used(b);
	uint64_t comments = b->heard.comments;
	int64_t start = now_us();

	hear_for(b, seconds);
	say("idle_cpu_percent",
	    100 * (used(b) - cpu) * 1e6 / (double)(now_us() - start));
	say("idle_comments", (double)(b->heard.comments - comments));
}

/* Events, a topic, streams that come and go. */
static void
busy(struct bench *b, bool is_get, double seconds, double empty)
{
	double n = (double)b->n;

	if (is_get) {
		events(b, "bell", true, seconds / 2);
		events(b, "tick", false, seconds / 2);
	}
	topic(b);
	say("told_bytes_per_stream", (resident(b) - empty) / n);
	churn(b, seconds / 2);
	say("churned_bytes_per_stream", (resident(b) - empty) / n);
}

/* Told to stop with all of them open. */
static void
leave(struct bench *b)
{
	int64_t start = now_us();
	int64_t until = start + (int64_t)PATIENCE_MS * 1000;
	uint64_t before = b->heard.ended;

	(void)kill((pid_t)b->pid, SIGTERM);
	while (b->heard.ended - before < b->n && now_us() < until)
		hear(b, 10);
	say("sent_away_s", (double)(now_us() - start) / 1e6);
	say("sent_away", (double)(b->heard.ended - before));
}

static void
measure(struct bench *b, const char *kind, double seconds)
{
	double empty;
	int64_t start;
	size_t n = b->n;

	/* What is needed once is not what a stream takes. */
	b->n = n < 16 ? n : 16;
	(void)open_all(b);
	close_all(b);
	b->n = n;
	hear_for(b, 2);
	empty = resident(b);
	say("empty_bytes", empty);
	start = now_us();
	if (!open_all(b))
		(void)fputs("not all streams were opened\n", stderr);
	say("open_per_s", (double)n * 1e6 / (double)(now_us() - start));
	say("refused", (double)b->heard.refused);
	hear_for(b, 2);
	say("bytes_per_stream", (resident(b) - empty) / (double)n);
	idle(b, seconds);
	if (strcmp(kind, "idle") != 0)
		busy(b, strcmp(kind, "get") == 0, seconds, empty);
	else
		leave(b);
	close_all(b);
	hear_for(b, 1);
}

static bool
prepare(struct bench *b, char **argv, struct log *log, bool is_get)
{
	struct buf why = BUF_INIT(4096);

	b->arena = ARENA_INIT(ARENA_MAX);
	b->epoll = epoll_create1(EPOLL_CLOEXEC);
	b->client = calloc(b->n, sizeof(*b->client));
	b->session = calloc(b->n, sizeof(*b->session));
	b->heard.number = note_late;
	b->heard.ctx = b;
	if (b->epoll < 0 || b->client == NULL || b->session == NULL ||
	    seal_init() != RC_OK ||
	    sessions_open(argv[2], log, &b->store) != RC_OK ||
	    run_dir_open(argv[3], &rng_system, &b->dir, &why) != RC_OK ||
	    bell_socket_ringer(b->dir, &b->bell) != RC_OK)
		return false;
	for (size_t i = 0; i < b->n; i++)
		b->client[i].fd = -1;
	return !is_get || make_sessions(b) == RC_OK;
}

static void
release(struct bench *b)
{
	close_all(b);
	if (b->store != NULL)
		b->store->ops->close(b->store);
	bell_socket_free(b->bell);
	run_dir_free(b->dir);
	arena_release(&b->arena);
	free(b->client);
	free(b->session);
	if (b->epoll >= 0)
		(void)close(b->epoll);
}

int
main(int argc, char **argv)
{
	static struct bench b;
	struct log log = LOG_INIT(log_sink_stderr, NULL, LOG_WARNING);
	struct rlimit files;
	bool is_get = argc == 8 && strcmp(argv[5], "listen") != 0;
	int status = EXIT_FAILURE;

	b.n = argc == 8 ? (size_t)strtoul(argv[6], NULL, 10) : 0;
	if (b.n < 1) {
		(void)fputs("usage: bench_streams SOCKET STORE STATE PID "
			    "get|listen|idle NUMBER SECONDS\n",
		    stderr);
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	b.socket = argv[1];
	b.pid = strtol(argv[4], NULL, 10);
	if (prepare(&b, argv, &log, is_get)) {
		measure(&b, argv[5], strtod(argv[7], NULL));
		status = EXIT_SUCCESS;
	} else {
		(void)fputs("cannot prepare\n", stderr);
	}
	release(&b);
	log_release(&log);
	return status;
}
