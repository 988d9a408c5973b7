#include "stream_service.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bell_socket.h"
#include "clock.h"
#include "crew_worker.h"
#include "ear_socket.h"
#include "house.h"
#include "record.h"
#include "rng.h"
#include "run_dir.h"
#include "sse.h"
#include "stream_accept.h"
#include "stream_loop.h"
#include "stream_store.h"
#include "wiring.h"

/* Replies on their way, and requests that were read and not looked at. */
#define ANSWERS 256
#define REQUESTS 128
/* Descriptors for everything else. */
#define FILES 128
/* Who takes nothing for so long comes back, or never. */
#define STALL_MS 30000

struct stream_service {
	const struct config *config;
	struct log *log;
	struct wiring *wiring;
	struct run_dir *dir; /* NULL: none */
	struct crew *crew;
	struct bell *bell; /* to ring */
	int heard;         /* to be rung */
	struct ear_ringer *ears;
	struct house *house;
	size_t streams;
	atomic_size_t unsent;
	struct stream_queue *requests;
	struct stream_queue *orders;
	struct stream_queue *reports;
	struct stream_accept accept;
	struct stream_store *store;
	struct stream_loop *loop;
};

/* -------------------------------------------------------------- the host */

/* Without it nobody sees that this process lives, and nobody can ring. */
static enum rc
open_folder(struct stream_service *s, struct worker *worker, struct buf *why)
{
	struct slice name;
	enum rc rc;

	(void)mkdir(s->config->state, 0750);
	rc = run_dir_open(s->config->state, &rng_system, &s->dir, why);
	if (rc == RC_OK)
		rc = run_dir_own(s->dir, &name);
	if (rc == RC_OK)
		rc = crew_worker_new(worker, s->dir, &s->crew);
	if (rc == RC_OK)
		rc = house_open(s->config, s->log, s->dir, &s->house);
	if (rc == RC_OK)
		rc = bell_socket_ringer(s->dir, &s->bell);
	if (rc == RC_OK)
		rc = bell_socket_listen(s->dir, name, &s->heard);
	if (rc == RC_OK)
		rc = ear_ringer_open(s->dir, &s->ears);
	return rc;
}

static enum rc
open_host(struct stream_service *s, struct worker *worker, struct buf *why)
{
	enum rc rc = wiring_open(
	    s->config, s->log, NULL, worker_is_first(worker), &s->wiring, why);

	if (rc == RC_OK)
		rc = open_folder(s, worker, why);
	if (rc != RC_OK)
		return rc;
	wiring_server(s->wiring)->crew = s->crew;
	wiring_server(s->wiring)->bell = s->bell;
	return RC_OK;
}

/* ----------------------------------------------------------- the threads */

/* As many as may be open. */
static size_t
streams_max(const struct stream_service *s)
{
	const size_t others = ANSWERS + REQUESTS + FILES;
	size_t wanted = (size_t)s->config->streams;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 ||
	    files.rlim_cur == RLIM_INFINITY ||
	    files.rlim_cur >= wanted + others)
		return wanted;
	log_event(s->log, LOG_WARNING, "few-files", "streams=%zu files=%llu",
	    wanted, (unsigned long long)files.rlim_cur);
	return files.rlim_cur > others ? (size_t)files.rlim_cur - others : 1;
}

static enum rc
open_queues(struct stream_service *s)
{
	size_t max = (s->streams + ANSWERS) * STREAM_QUEUE_PER_SLOT + 16;
	enum rc rc = stream_queue_open(REQUESTS, &s->requests);

	if (rc == RC_OK) {
		stream_queue_limit(s->requests, s->config->stream_memory);
		rc = stream_queue_open(max, &s->orders);
	}
	if (rc == RC_OK)
		rc = stream_queue_open(max, &s->reports);
	return rc;
}

static enum rc
open_loop(struct stream_service *s)
{
	struct buf text = BUF_INIT(64);
	struct buf comment = BUF_INIT(256);
	enum rc rc;

	sse_put_comment(&text);
	record_put(&comment, RECORD_STDOUT, 1, buf_slice(&text));
	rc = buf_finish(&text);
	if (rc == RC_OK)
		rc = buf_finish(&comment);
	if (rc == RC_OK) {
		const struct stream_loop_options options = { .clock =
								 &clock_system,
			.slots = s->streams + ANSWERS,
			.comment = buf_slice(&comment),
			.comment_ms = s->config->comment_ms,
			.stall_ms = STALL_MS,
			/* The other half is on its way. */
			.memory = s->config->stream_memory / 2,
			.unsent = &s->unsent,
			.orders = s->orders,
			.reports = s->reports };

		rc = stream_loop_open(&options, &s->loop);
	}
	buf_release(&text);
	buf_release(&comment);
	return rc;
}

static enum rc
open_store(struct stream_service *s)
{
	const struct stream_store_options options = { .config = s->config,
		.log = s->log,
		.wiring = s->wiring,
		.house = s->house,
		.bell = s->heard,
		.ears = s->ears,
		.streams = s->streams,
		.answers = ANSWERS,
		.unsent = &s->unsent,
		.requests = s->requests,
		.orders = s->orders,
		.reports = s->reports };

	return stream_store_open(&options, &s->store);
}

static bool
init(struct stream_service *s, struct worker *worker, int listening)
{
	struct buf why = BUF_INIT(8192);
	enum rc rc = open_host(s, worker, &why);

	s->streams = streams_max(s);
	if (rc == RC_OK)
		rc = open_queues(s);
	if (rc == RC_OK)
		rc = open_loop(s);
	if (rc == RC_OK)
		rc = open_store(s);
	if (rc == RC_OK)
		rc = stream_accept_open(
		    &s->accept, s->config, s->log, listening, s->requests);
	if (rc != RC_OK)
		log_event(s->log, LOG_ERROR, "cannot-serve", "rc=%s why=%s",
		    rc_name(rc), why.len > 0 ? why.ptr : "-");
	buf_release(&why);
	return rc == RC_OK;
}

static void
release(struct stream_service *s)
{
	stream_accept_release(&s->accept);
	stream_store_free(s->store);
	ear_ringer_free(s->ears);
	stream_loop_free(s->loop);
	stream_queue_free(s->requests);
	stream_queue_free(s->orders);
	stream_queue_free(s->reports);
	wiring_free(s->wiring);
	house_free(s->house);
	crew_worker_free(s->crew);
	bell_socket_free(s->bell);
	if (s->heard >= 0)
		(void)close(s->heard);
	/* Last: from here on others may take what we leave behind. */
	run_dir_free(s->dir);
	log_flush(s->log);
}

static void *
run_loop(void *ctx)
{
	struct stream_service *s = ctx;

	while (stream_loop_turn(s->loop, -1))
		continue;
	return NULL;
}

static void *
run_store(void *ctx)
{
	struct stream_service *s = ctx;

	stream_store_run(s->store);
	return NULL;
}

static int64_t
tidy(void *ctx)
{
	struct stream_service *s = ctx;

	log_flush(&s->accept.log);
	return -1;
}

static int
serve(struct stream_service *s, struct worker *worker)
{
	const struct stream_message quit = { .word = STREAM_QUIT };
	pthread_t loop;
	pthread_t store;

	if (pthread_create(&loop, NULL, run_loop, s) != 0)
		return EXIT_FAILURE;
	if (pthread_create(&store, NULL, run_store, s) != 0) {
		(void)!stream_queue_put(s->orders, &quit);
		(void)pthread_join(loop, NULL);
		return EXIT_FAILURE;
	}
	while (worker_wait(worker, tidy, s))
		stream_accept_one(&s->accept);
	stream_queue_close(s->requests);
	(void)pthread_join(store, NULL);
	(void)pthread_join(loop, NULL);
	return EXIT_SUCCESS;
}

int
stream_service_run(const struct config *config, struct log *log,
    struct worker *worker, int listening)
{
	struct stream_service s = { .config = config, .log = log, .heard = -1 };
	int status = EXIT_FAILURE;

	if (init(&s, worker, listening))
		status = serve(&s, worker);
	release(&s);
	return status;
}
