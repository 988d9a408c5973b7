#include "server.h"

#include "exchange.h"
#include "gate.h"
#include "get.h"
#include "level.h"
#include "post.h"
#include "reply.h"

/* A header or a method name is shown in the log up to this length. */
#define SHOWN_MAX 64

void
server_init(struct server *s)
{
	*s = (struct server){ .info.name = SLICE("mcp-fcgi"),
		.info.version = SLICE("0"),
		.rules = { .path = SLICE("/mcp"),
		    .store_timeout_ms = 5000,
		    .sessions_total = 200000,
		    .sessions_principal = 10000,
		    .session_lifetime_ms = (int64_t)30 * 86400 * 1000,
		    .session_spare_ms = (int64_t)15 * 60 * 1000,
		    .page = 100,
		    .catalog_ms = 1000,
		    .tool_timeout_ms = 600000,
		    .hold_ms = 250,
		    .comment_ms = 15000,
		    .comment_modern_ms = 5000,
		    .retry_ms = 1000,
		    .stream_age_ms = (int64_t)4 * 3600 * 1000,
		    .question_ms = (int64_t)10 * 60 * 1000,
		    .input_ms = (int64_t)15 * 60 * 1000,
		    .stream = { 10000, (int64_t)16 * 1024 * 1024 },
		    .read = { 100, (size_t)64 * 1024 },
		    .calls = { 64, 16, 256, false },
		    .wants = 1000,
		    .task_ttl_ms = (int64_t)3600 * 1000,
		    .task_ttl_max_ms = (int64_t)24 * 3600 * 1000,
		    .task_poll_ms = 1000 },
		.body = BUF_INIT((size_t)16 * 1024 * 1024),
		.frame = BUF_INIT((size_t)17 * 1024 * 1024),
		.line = BUF_INIT(4096),
		.topics.missed = BUF_INIT((size_t)256 * 1024) };
}

void
server_release(struct server *s)
{
	buf_release(&s->body);
	buf_release(&s->frame);
	buf_release(&s->line);
	buf_release(&s->topics.missed);
}

enum rc
server_owner(struct server *s, struct slice *name)
{
	*name = SLICE("local.0");
	return s->crew == NULL ? RC_OK : s->crew->ops->name(s->crew, name);
}

void
server_forsake(struct server *s)
{
	if (s->crew != NULL)
		s->crew->ops->forsake(s->crew);
}

void
server_settle(struct server *s)
{
	struct store *store = s->store;

	if (store == NULL || store->ops->doubt == NULL ||
	    !store->ops->doubt(store))
		return;
	log_event(s->log, LOG_WARNING, "doubt", "now=left to the housekeeper");
	server_forsake(s);
}

static void
put_shown(struct buf *line, struct slice key, struct slice value)
{
	if (value.len == 0)
		return;
	if (value.len > SHOWN_MAX)
		value.len = SHOWN_MAX;
	buf_put_slice(line, key);
	log_put_value(line, value);
}

static void
put_number(struct buf *line, struct slice key, int64_t value)
{
	buf_put_slice(line, key);
	buf_put_i64(line, value);
}

/* One line per request, at its end. */
static void
log_request(struct exchange *x)
{
	struct server *s = x->server;
	struct buf *line = &s->line;
	enum log_level level = x->rc == RC_OK ? LOG_INFO : LOG_WARNING;

	if (!log_wants(s->log, level))
		return;
	buf_reset(line);
	buf_put_slice(line, SLICE("request"));
	put_shown(line, SLICE(" http="), x->http->method_name);
	put_number(line, SLICE(" status="), x->reply.status);
	put_shown(line, SLICE(" method="), x->message.method);
	put_shown(line, SLICE(" tool="), x->tool);
	if (x->revision != NULL)
		put_shown(line, SLICE(" revision="), x->revision->date);
	put_shown(line, SLICE(" header="), x->odd_version);
	put_shown(line, SLICE(" row="), slice_of(x->row));
	if (x->has_session) {
		buf_put_slice(line, SLICE(" session="));
		seal_put_short(line, x->session.id.key.sid, 4);
	}
	put_shown(line, SLICE(" principal="), x->principal.name);
	put_number(line, SLICE(" bytes="), (int64_t)s->body.len);
	put_number(line, SLICE(" us="), clock_mono_us(s->clock) - x->start_us);
	if (x->rc != RC_OK)
		put_shown(line, SLICE(" failed="), slice_of(rc_name(x->rc)));
	if (buf_finish(line) == RC_OK)
		log_line(s->log, level, buf_slice(line));
}

static enum rc
answer(struct exchange *x)
{
	enum rc rc = principal_read(
	    x->http, x->server->rules.remote_user, x->arena, &x->principal);

	if (rc != RC_OK || !gate_pass(x))
		return rc;
	return x->http->method == HTTP_POST ? post_handle(x) : get_handle(x);
}

void
exchange_init(struct exchange *x, struct server *s, struct arena *a,
    const struct http_request *http, struct sink *sink)
{
	int64_t start_us = clock_mono_us(s->clock);
	int64_t now_ms = clock_wall_ms(s->clock);

	*x = (struct exchange){ .server = s,
		.arena = a,
		.http = http,
		.sink = sink,
		.now_ms = now_ms,
		.start_us = start_us,
		.op = { .now_ms = now_ms,
		    .give_up_mono = start_us / 1000 + s->rules.store_timeout_ms,
		    .arena = a },
		.transport = transport_get(TRANSPORT_STREAMABLE),
		.log_level = LEVEL_NONE };
	buf_reset(&s->body);
}

enum rc
server_handle(struct server *s, struct arena *a,
    const struct http_request *request, struct sink *sink)
{
	struct exchange x;
	enum rc rc;

	exchange_init(&x, s, a, request, sink);
	rc = answer(&x);
	if (rc != RC_OK && x.reply.body == REPLY_SENT)
		x.rc = rc;
	else if (rc != RC_OK)
		reply_failed(&x, rc);
	reply_send(&x);
	log_request(&x);
	return x.rc;
}
