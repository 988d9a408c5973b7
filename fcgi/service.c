#include "service.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "bell_socket.h"
#include "clock.h"
#include "crew_worker.h"
#include "ear_socket.h"
#include "house_dead.h"
#include "rng.h"
#include "running.h"
#include "sink_closed.h"
#include "topic.h"

/* What one request may take besides its body and its answer. */
#define ARENA_BASE ((size_t)16 * 1024 * 1024)
/* A JSON document as a tree takes a multiple of its text. */
#define ARENA_PER_BYTE 24
/* A worker that waits for a lock takes no requests. */
#define UPKEEP_BUDGET_MS 100

static void
group_started(void *ctx, pid_t group)
{
	worker_group_started(ctx, group);
}

static void
group_ended(void *ctx, pid_t group)
{
	worker_group_ended(ctx, group);
}

static bool
is_leaving(void *ctx)
{
	const struct service *s = ctx;

	return (s->o.worker != NULL && worker_is_leaving(s->o.worker)) ||
	    (s->dir != NULL && run_dir_is_draining(s->dir));
}

/* ------------------------------------------------------------- opening */

/* This host's own folder. */
static void
open_folder(struct service *s, struct buf *why)
{
	/* Made if it can be. */
	(void)mkdir(s->o.config->state, 0750);
	if (run_dir_open(s->o.config->state, &rng_system, &s->dir, why) ==
	    RC_OK)
		return;
	s->dir = NULL;
	log_event(s->o.log, LOG_ERROR, "no-state", "why=%s",
	    why->len > 0 ? why->ptr : "-");
	buf_reset(why);
}

static enum rc
open_host(struct service *s, struct buf *why)
{
	struct server *server = wiring_server(s->wiring);
	enum rc rc;

	open_folder(s, why);
	if (s->dir != NULL && bell_socket_ringer(s->dir, &s->bell) != RC_OK)
		s->bell = NULL;
	if (s->dir != NULL && ear_socket_open(s->dir, &s->ear) != RC_OK)
		s->ear = NULL;
	rc = crew_worker_new(s->o.worker, s->dir, &s->crew);
	if (rc == RC_OK)
		rc = house_open(s->o.config, s->o.log, s->dir, &s->house);
	server->crew = s->crew;
	server->bell = s->bell;
	server->ear = s->ear;
	server->is_leaving = is_leaving;
	server->leaving_ctx = s;
	return rc;
}

static enum rc
open_io(struct service *s)
{
	const struct config *c = s->o.config;
	const struct fcgi_io_limits limits = { .body_max = c->body,
		.body_timeout_ms = c->body_timeout_ms,
		/* The same as events, and the head. */
		.answer_max = c->result * 2 };
	enum rc rc;

	if (!s->o.takes_requests)
		return RC_OK;
	rc = fcgi_io_open(s->o.socket, &limits, &clock_system, &s->io);
	if (rc != RC_OK)
		return rc;
	s->trace = trace_open(c->trace, &clock_system, s->o.log);
	fcgi_io_trace(s->io, s->trace);
	return RC_OK;
}

bool
service_init(struct service *s, const struct service_options *options)
{
	const struct wiring_watch watch = { group_started, group_ended,
		options->worker };
	struct buf why = BUF_INIT(8192);
	enum rc rc;

	*s = (struct service){ .o = *options,
		.arena = ARENA_INIT(
		    ARENA_BASE + options->config->body * ARENA_PER_BYTE) };
	rc = wiring_open(options->config, options->log,
	    options->worker == NULL ? NULL : &watch, options->may_create,
	    &s->wiring, &why);
	if (rc == RC_OK)
		rc = open_host(s, &why);
	if (rc == RC_OK)
		rc = open_io(s);
	s->served_mono = clock_mono_ms(&clock_system);
	if (rc != RC_OK)
		log_event(options->log, LOG_ERROR, "cannot-serve",
		    "rc=%s why=%s", rc_name(rc), why.len > 0 ? why.ptr : "-");
	buf_release(&why);
	return rc == RC_OK;
}

void
service_release(struct service *s)
{
	fcgi_io_free(s->io);
	trace_free(s->trace);
	wiring_free(s->wiring);
	house_free(s->house);
	crew_worker_free(s->crew);
	bell_socket_free(s->bell);
	ear_socket_free(s->ear);
	/* Last: from here on others may take what we leave behind. */
	run_dir_free(s->dir);
	arena_release(&s->arena);
	log_flush(s->o.log);
}

/* ------------------------------------------------------------- serving */

bool
service_serve(struct service *s)
{
	struct http_request request;
	struct fcgi_answer answer;
	enum rc rc;

	rc = fcgi_next(s->io, &s->arena, &request);
	if (rc != RC_OK) {
		arena_reset(&s->arena);
		if (rc != RC_NOTFOUND)
			log_event(s->o.log, LOG_WARNING, "dropped", "rc=%s",
			    rc_name(rc));
		return false;
	}
	wiring_tend(s->wiring);
	/* What went wrong was answered and logged. */
	(void)server_handle(
	    wiring_server(s->wiring), &s->arena, &request, fcgi_sink(s->io));
	fcgi_finish(s->io, &answer);
	if (answer.broken)
		log_event(s->o.log, LOG_INFO, "not-taken",
		    "status=%d bytes=%zu", answer.status, answer.bytes);
	/* Now, and not before the next one: that may come in an hour. */
	arena_reset(&s->arena);
	server_settle(wiring_server(s->wiring));
	s->served_mono = clock_mono_ms(&clock_system);
	s->is_resting = false;
	return true;
}

/* Was the catalog edited?  One process of a host tells the others' clients. */
static void
tell_edits(struct service *s)
{
	struct server *server = wiring_server(s->wiring);
	const struct op op = { .now_ms = clock_wall_ms(&clock_system),
		.give_up_mono = clock_mono_ms(&clock_system) + UPKEEP_BUDGET_MS,
		.relaxed = true,
		.arena = &s->arena };
	enum rc rc;

	if (server->store == NULL || s->dir == NULL ||
	    !run_dir_keeps_house(s->dir))
		return;
	rc = topic_tick(server, &op);
	/* Once for each outage. */
	if (rc != RC_OK)
		log_event(s->o.log, s->topics_fail ? LOG_DEBUG : LOG_WARNING,
		    "topics", "rc=%s", rc_name(rc));
	s->topics_fail = rc != RC_OK;
	arena_reset(&s->arena);
}

int64_t
service_upkeep(struct service *s)
{
	int64_t left = house_due(s->house) - clock_mono_ms(&clock_system);

	if (left > 0)
		return left;
	wiring_tend(s->wiring);
	house_tick(s->house, wiring_server(s->wiring), &s->arena);
	tell_edits(s);
	left = house_due(s->house) - clock_mono_ms(&clock_system);
	return left < 0 ? 0 : left;
}

/*
 * Workers come and go with the load, and each has a connection of its own:
 * one that has nothing to do leaves it to others.  Who keeps house has.
 */
static void
rest(struct service *s)
{
	struct store *store = wiring_server(s->wiring)->store;
	const int64_t idle = s->o.config->store_idle_ms;

	if (idle == 0 || s->is_resting || store == NULL ||
	    store->ops->rest == NULL || house_is_kept(s->house) ||
	    clock_mono_ms(&clock_system) - s->served_mono < idle)
		return;
	store->ops->rest(store);
	s->is_resting = true;
}

int64_t
service_tidy(void *service)
{
	struct service *s = service;
	int64_t left;

	log_flush(s->o.log);
	left = service_upkeep(s);
	rest(s);
	return left;
}

void
service_visit(struct service *s)
{
	house_visit(s->house, wiring_server(s->wiring), &s->arena);
}

/* --------------------------------------------------------------- calls */

/* Is it seen that its process lives?  Only of this host that can be seen. */
static bool
is_at_work(const struct service *s, const struct call_row *row)
{
	struct slice process;

	return s->dir != NULL &&
	    slice_eq(
		slice_cut(row->owner, '.', &process), run_dir_host(s->dir)) &&
	    run_dir_is_alive(s->dir, row->owner);
}

static enum rc
take_over(struct service *s, const struct call_order *order)
{
	struct server *server = wiring_server(s->wiring);
	struct op op = { .now_ms = clock_wall_ms(&clock_system),
		.give_up_mono = clock_mono_ms(&clock_system) +
		    s->o.config->store_timeout_ms,
		.arena = &s->arena };
	struct sink closed = sink_closed;
	struct call_row row;
	enum rc rc;

	if (server->store == NULL)
		return RC_BUSY;
	rc =
	    server->store->ops->call_get(server->store, &op, order->call, &row);
	if (rc != RC_OK)
		return rc;
	/* Of another host that has claimed it, and lives. */
	if (order->epoch != 0 && row.epoch != order->epoch)
		return RC_CONFLICT;
	if (row.state != CALL_RUNNING || is_at_work(s, &row))
		return RC_CONFLICT;
	if (house_may_run_again(&row))
		return running_again(server, &s->arena, &closed, &row);
	return running_give_up(server, &s->arena, &row);
}

int
service_run_call(struct service *s, const struct call_order *order)
{
	enum rc rc = take_over(s, order);

	log_event(s->o.log,
	    rc == RC_OK || rc == RC_CONFLICT ? LOG_INFO : LOG_WARNING,
	    "taken-over", "call=%lld rc=%s", (long long)order->call,
	    rc_name(rc));
	/* Somebody else did it: that is as good. */
	return rc == RC_OK || rc == RC_CONFLICT ? EXIT_SUCCESS : EXIT_FAILURE;
}
