#include "stream_accept.h"

#include <stdlib.h>
#include <unistd.h>

#include "clock.h"

/* What one request may take besides its body. */
#define ARENA_BASE ((size_t)4 * 1024 * 1024)
/* A JSON document as a tree takes a multiple of its text. */
#define ARENA_PER_BYTE 24
/* All others wait for one that comes in slowly. */
#define TIMEOUT_MS 5000

void
stream_request_free(struct stream_request *r)
{
	if (r == NULL)
		return;
	if (r->taken.fd >= 0)
		(void)close(r->taken.fd);
	arena_release(&r->arena);
	free(r);
}

static enum rc
copy_params(
    struct arena *a, const struct http_param *from, struct http_param **to)
{
	for (; from != NULL; from = from->next) {
		struct http_param *p = arena_alloc(a, sizeof(*p));

		if (p == NULL || arena_copy(a, from->name, &p->name) != RC_OK ||
		    arena_copy(a, from->value, &p->value) != RC_OK)
			return RC_NOMEM;
		*to = p;
		to = &p->next;
	}
	*to = NULL;
	return RC_OK;
}

enum rc
stream_request_copy(
    struct arena *a, const struct http_request *from, struct http_request *to)
{
	struct slice *const each[] = { &to->method_name, &to->path, &to->query,
		&to->remote_user, &to->auth_type, &to->remote_addr,
		&to->server_addr, &to->server_name, &to->body,
		&to->cgi.script_name, &to->cgi.path_info };
	enum rc rc = RC_OK;

	*to = *from;
	for (size_t i = 0; rc == RC_OK && i < sizeof(each) / sizeof(each[0]);
	     i++)
		rc = arena_copy(a, *each[i], each[i]);
	for (size_t i = 0; rc == RC_OK && i < HTTP_FIELDS; i++)
		rc = arena_copy(a, to->field[i], &to->field[i]);
	return rc == RC_OK ? copy_params(a, from->params, &to->params) : rc;
}

enum rc
stream_accept_open(struct stream_accept *a, const struct config *config,
    const struct log *log, int listening, struct stream_queue *requests)
{
	const struct fcgi_io_limits limits = { .body_max = config->body,
		.body_timeout_ms = config->body_timeout_ms < TIMEOUT_MS
		    ? config->body_timeout_ms
		    : TIMEOUT_MS,
		.answer_max = 4096,
		.is_screened = true };

	*a = (struct stream_accept){ .log = LOG_INIT(
					 log->sink, log->ctx, log->level),
		.requests = requests,
		.arena_max = ARENA_BASE + config->body * ARENA_PER_BYTE };
	return fcgi_io_open(listening, &limits, &clock_system, &a->io);
}

/* Its variables and its body go with libfcgi's request. */
static enum rc
take(struct stream_accept *a, struct stream_request *r)
{
	struct arena first = ARENA_INIT(a->arena_max);
	struct http_request http;
	enum rc rc = fcgi_next(a->io, &first, &http);

	if (rc == RC_OK) {
		rc = stream_request_copy(&r->arena, &http, &r->http);
		if (fcgi_take_over(a->io, &r->taken) != RC_OK && rc == RC_OK)
			rc = RC_IO;
	}
	arena_release(&first);
	return rc;
}

void
stream_accept_one(struct stream_accept *a)
{
	struct stream_request *r = calloc(1, sizeof(*r));
	struct stream_message m = { .word = STREAM_REQUEST, .request = r };
	enum rc rc = RC_NOMEM;

	if (r != NULL) {
		*r = (struct stream_request){ .arena = ARENA_INIT(a->arena_max),
			.taken.fd = -1 };
		rc = take(a, r);
	}
	if (rc == RC_OK) {
		r->came_ms = clock_mono_ms(&clock_system);
		if (stream_queue_put_patiently(a->requests, &m))
			return;
	} else if (rc != RC_NOTFOUND) {
		log_event(
		    &a->log, LOG_WARNING, "dropped", "rc=%s", rc_name(rc));
	}
	stream_request_free(r);
}

void
stream_accept_release(struct stream_accept *a)
{
	fcgi_io_free(a->io);
	a->io = NULL;
	log_release(&a->log);
}
