#include <stdlib.h>
#include <string.h>

#include "depth.h"
#include "server.h"
#include "sink_mem.h"
#include "world.h"

/* Straight into server_handle(): nothing here does any I/O. */
#define CORE_ARENA ((size_t)64 * 1024 * 1024)

struct core {
	struct depth base; /* first */
	struct world world;
	bool is_begun;
};

static void
core_end(struct core *c)
{
	if (c->is_begun)
		world_release(&c->world);
	c->is_begun = false;
}

static enum rc
core_begin(struct depth *d, const struct script *s, struct buf *why)
{
	struct core *c = (struct core *)d;

	core_end(c);
	c->is_begun = true;
	return world_init(&c->world, s, why);
}

/* The reply as an answer, in the arena of the player. */
static enum rc
keep_answer(struct arena *a, const struct sink_mem *m, struct answer *out)
{
	struct buf text = BUF_INIT(CORE_ARENA);
	struct slice kept;
	enum rc rc;

	buf_printf(&text, "Status: %d\r\n", m->status);
	/* What carries the reply announces its length. */
	if (m->kind == SINK_WHOLE &&
	    sink_mem_header(m, "Content-Length").ptr == NULL)
		buf_printf(&text, "Content-Length: %zu\r\n", m->body.len);
	for (size_t i = 0; i < m->n_headers; i++) {
		buf_printf(&text, "%.*s: %.*s\r\n",
		    SLICE_FMT(buf_slice(&m->header[i].name)),
		    SLICE_FMT(buf_slice(&m->header[i].value)));
	}
	buf_put_slice(&text, SLICE("\r\n"));
	buf_put_slice(&text, buf_slice(&m->body));
	rc = buf_finish(&text);
	if (rc == RC_OK)
		rc = arena_copy(a, buf_slice(&text), &kept);
	buf_release(&text);
	return rc == RC_OK ? depth_read_answer(a, kept, out) : rc;
}

static enum rc
read_request(struct core *c, struct arena *a, const struct message *message,
    struct http_request *http)
{
	struct field *variables;
	enum rc rc;

	*http = (struct http_request){ .method = HTTP_OTHER };
	rc = depth_variables(a, message, c->base.host, &variables);
	for (; rc == RC_OK && variables != NULL; variables = variables->next)
		rc = http_take_variable(
		    http, a, variables->name, variables->value);
	http->body = message->body;
	if (message->body.len > c->world.body_max) {
		http->body = SLICE_NONE;
		http->body_state = HTTP_BODY_TOO_LARGE;
	}
	return rc;
}

/* Session ids are secrets: they never stand in the log. */
static enum rc
check_log(struct world *w, struct slice id, struct buf *why)
{
	struct slice text;

	log_flush(&w->log);
	text = buf_slice(&w->log_text);
	for (; id.len >= 40 && text.len >= id.len; text = slice_from(text, 1)) {
		if (!slice_starts(text, id))
			continue;
		buf_printf(why, "the session id is in the log");
		return RC_BUG;
	}
	buf_reset(&w->log_text);
	return RC_OK;
}

static enum rc
core_exchange(struct depth *d, struct arena *a, const struct message *message,
    struct answer *out, struct buf *why)
{
	struct core *c = (struct core *)d;
	struct world *w = &c->world;
	struct arena own = ARENA_INIT(CORE_ARENA);
	struct sink_mem sink;
	struct http_request http;
	struct slice id;
	enum rc rc;

	sink_mem_init(&sink);
	memset(w->store.calls, 0, sizeof(w->store.calls));
	w->tool_calls = 0;
	w->waited_ms = 0;
	sink.pass = world_pass;
	sink.ctx = w;
	rc = read_request(c, a, message, &http);
	if (rc == RC_OK) {
		/* What it could not do, it has answered with 500 or 503. */
		(void)server_handle(&w->server, &own, &http, &sink.base);
		if (!sink_mem_is_reply(&sink)) {
			buf_printf(why,
			    "not one whole reply: %d heads, "
			    "%d ends%s",
			    sink.heads, sink.ends,
			    sink.wrong ? ", out of order" : "");
			rc = RC_BUG;
		}
	}
	if (rc == RC_OK)
		rc = keep_answer(a, &sink, out);
	if (rc == RC_OK) {
		id = depth_field(out->fields, SLICE("Mcp-Session-Id"));
		rc = check_log(w,
		    id.ptr != NULL ? id : http.field[HTTP_MCP_SESSION_ID], why);
	}
	w->leaves_ms = 0;
	sink_mem_release(&sink);
	arena_release(&own);
	return rc;
}

static enum rc
core_control(struct depth *d, struct slice words, struct buf *why)
{
	return world_control(&((struct core *)d)->world, words, why);
}

static bool
core_free(struct depth *d)
{
	core_end((struct core *)d);
	free(d);
	return true;
}

static const struct depth_ops core_ops = {
	.name = "core",
	.bit = DEPTH_CORE,
	.begin = core_begin,
	.exchange = core_exchange,
	.control = core_control,
	.free = core_free,
};

struct depth *
depth_core_open(struct buf *why)
{
	struct core *c = calloc(1, sizeof(*c));

	if (c == NULL || seal_init() != RC_OK) {
		buf_printf(why, "no memory, or no libsodium");
		free(c);
		return NULL;
	}
	c->base.ops = &core_ops;
	c->base.host = SLICE("localhost");
	return &c->base;
}
