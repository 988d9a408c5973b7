/*
 * Up to six requests into server_handle() over a store, each a good one with
 * changes here and there; while one waits, another process may be given the
 * next.  Laws: exactly one reply; nothing of ours fails; who is refused has
 * changed nothing in the store and run no tool; a request is answered once,
 * with its id; notifications and responses are not; every message is JSON
 * with exactly one of method, result and error; and no client is told words
 * of another.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange_step.h"
#include "fuzz.h"
#include "sink_messages.h"

#define TEXT_MAX ((size_t)64 * 1024 * 1024)
#define STEPS 6
#define WAITS 30
/* One that is met waits for the one that it met, which does not go on: then
 * an operator comes. */
#define WAITS_MAX 500

struct world {
	struct exchange_bench bench;
	struct fuzz_source source;
	struct exchange_words words;
	struct buf before; /* what the store said before a step */
	struct buf after;
	unsigned steps; /* left */
	unsigned depth; /* requests that wait */
	bool is_ready;
	bool has_cancelled; /* somebody has, in this sequence */
};

struct step {
	struct exchange_step ask;
	struct world *world;
	struct sink_mem sink;
	int waits;
	bool was_met; /* another request came meanwhile */
	/* Of the reply. */
	size_t n_answers;   /* with the id of a request */
	size_t n_strangers; /* ... of none, or without */
	int64_t code;       /* of an error */
	bool is_missing;    /* ... which says that a resource is not there */
};

static void go(struct world *w);

/* ------------------------------------------------------------- listening */

static void
hear(struct world *w, enum exchange_word which, struct slice text)
{
	char *to = w->words.word[which];

	if (text.ptr == NULL || text.len >= sizeof(w->words.word[which]))
		return;
	memcpy(to, text.ptr, text.len);
	to[text.len] = '\0';
}

/* Words that clients repeat, wherever they stand. */
static void
hear_all(struct world *w, const struct json *v)
{
	static const struct {
		const char *member;
		enum exchange_word word;
	} worth[] = { { "nextCursor", WORD_CURSOR }, { "taskId", WORD_TASK },
		{ "requestState", WORD_STATE } };

	for (const struct json *c = v->child; c != NULL; c = c->next) {
		for (size_t i = 0; i < 3; i++) {
			if (slice_eq(c->name, slice_of(worth[i].member)))
				hear(w, worth[i].word, json_text(c));
		}
		hear_all(w, c);
	}
}

static bool
same_id(const struct step *p, const struct json *id)
{
	for (size_t i = 0; i < p->ask.n_ids; i++) {
		if (id != NULL && slice_eq(id->raw, p->ask.id[i]))
			return true;
	}
	return false;
}

/* A law, said with what broke it. */
static void
holds_or_tell(const struct step *p, bool ok, const char *what)
{
	const struct http_request *r = &p->ask.http;

	if (ok)
		return;
	(void)fprintf(stderr,
	    "broken: %s\ncaller %zu, %.*s %.*s%s\n%.*s\n%d\n%.*s\n", what,
	    p->ask.caller, SLICE_FMT(r->method_name), SLICE_FMT(r->path),
	    p->was_met ? ", another came" : "", SLICE_FMT(r->body),
	    p->sink.status, SLICE_FMT(buf_slice(&p->sink.body)));
	abort();
}

#define holds(p, law) holds_or_tell((p), (law), #law)

static void
take_message(void *ctx, const struct json *m, struct slice event)
{
	struct step *p = ctx;
	const struct json *error = json_get(m, "error");
	const struct json *id = json_get(m, "id");
	int parts = (json_get(m, "method") != NULL ? 1 : 0) +
	    (json_get(m, "result") != NULL ? 1 : 0) + (error != NULL ? 1 : 0);

	holds(p, json_text_is(json_get(m, "jsonrpc"), SLICE("2.0")));
	holds(p, parts == 1);
	hear_all(p->world, m);
	hear(p->world, WORD_EVENT, event);
	if (json_get(m, "method") != NULL) {
		hear(p->world, WORD_QUESTION, json_text(id));
		return;
	}
	if (same_id(p, id))
		p->n_answers++;
	else
		p->n_strangers++;
	if (error == NULL)
		return;
	p->is_missing = json_get(json_get(error, "data"), "uri") != NULL;
	holds(p,
	    json_int64(json_get(error, "code"), &p->code) == RC_OK &&
		json_is(json_get(error, "message"), JSON_STRING));
}

/* ------------------------------------------------------------------ laws */

static bool
has(struct slice text, struct slice word)
{
	for (size_t i = 0; i + word.len <= text.len; i++) {
		if (slice_starts(slice_from(text, i), word))
			return true;
	}
	return false;
}

/* Did the client say that word itself?  Errors repeat what was sent. */
static bool
said(const struct http_request *http, struct slice word)
{
	bool found = has(http->body, word);

	for (size_t i = 0; i < HTTP_FIELDS; i++)
		found = found || has(http->field[i], word);
	return found;
}

/* May the caller speak on the stream that this opened?  Whoever has the address
 * may, if nobody is known by name. */
static bool
shares(const struct step *p, size_t caller)
{
	return exchange_callers[caller].user == NULL &&
	    slice_starts(buf_slice(&p->sink.body), SLICE("event: endpoint\n"));
}

static void
check_marks(const struct step *p)
{
	char mark[] = "MARK?";

	for (size_t i = 0; i < EXCHANGE_CALLERS; i++) {
		mark[4] = (char)('A' + i);
		holds(p,
		    i == p->ask.caller || shares(p, i) ||
			!has(buf_slice(&p->sink.body), slice_of(mark)) ||
			said(&p->ask.http, slice_of(mark)));
	}
}

static bool
is_events(const struct step *p)
{
	struct slice type = sink_mem_header(&p->sink, "Content-Type");

	return type.ptr != NULL &&
	    slice_starts(type, SLICE("text/event-stream"));
}

/* Who leaves before, or has it cancelled, may get none. */
static void
check_answers(const struct step *p)
{
	size_t want = p->ask.n_ids;

	holds(p, p->n_answers <= want);
	if (p->ask.http.method != HTTP_POST || !p->ask.is_message ||
	    p->sink.status >= 400)
		return;
	holds(p, p->n_strangers == 0);
	if (want == 0) {
		holds(p, p->sink.status == 202 && p->sink.body.len == 0);
		return;
	}
	/* Others may be told elsewhere; and a cancellation may have come before
	 * its request, by way of another host. */
	if (p->sink.status == 200 && !p->was_met && !p->sink.peer_gone &&
	    !p->world->has_cancelled)
		holds(p, p->n_answers == want);
}

/* JSON-RPC errors of requests that were looked at and not begun. */
static bool
is_refused(const struct step *p)
{
	static const int64_t codes[] = { RPC_PARSE_ERROR, RPC_INVALID_REQUEST,
		RPC_METHOD_NOT_FOUND, RPC_INVALID_PARAMS, RPC_HEADER_MISMATCH,
		RPC_MISSING_CAPABILITY, RPC_UNSUPPORTED_VERSION,
		RPC_SESSION_NOT_FOUND };

	if (p->sink.status >= 400)
		return true;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (p->ask.message.kind == RPC_REQUEST && p->code == codes[i])
			return true;
	}
	return false;
}

static void
look(struct world *w, struct buf *out)
{
	buf_reset(out);
	law(store_digest_put(w->bench.digest, out) == RC_OK);
}

static void
check_refused(struct step *p, size_t writes)
{
	struct world *w = p->world;

	/* An authentic id may bring its session back, refused or not. */
	if (!is_refused(p) || p->was_met ||
	    exchange_callers[p->ask.caller].is_forgotten)
		return;
	/* Who serves a resource may say that it is missing; and which state
	 * may be used once only shows when it is used. */
	holds(p,
	    w->bench.tools_ran == 0 || p->is_missing ||
		json_get(p->ask.message.params, "requestState") != NULL);
	if (store_count_writes(&w->bench.store) == writes)
		return;
	look(w, &w->after);
	holds(p, slice_eq(buf_slice(&w->before), buf_slice(&w->after)));
}

static void
check(struct step *p, size_t writes)
{
	const struct sink_messages to = { take_message, p };
	holds(p, sink_mem_is_reply(&p->sink));
	/* Who takes no events and leaves, or stays away, may come again. */
	holds(p,
	    p->sink.status >= 200 &&
		(p->sink.status < 500 ||
		    (p->sink.status == 503 && p->waits >= WAITS)));
	holds(p, sink_messages_read(&p->sink, p->ask.arena, &to));
	holds(p, p->sink.status < 400 || p->code != 0 || p->sink.body.len == 0);
	check_marks(p);
	check_answers(p);
	if (p->world->depth == 0)
		check_refused(p, writes);
	if (p->ask.n_ids > 0 && is_events(p))
		hear(p->world, WORD_REQUEST, p->ask.id[0]);
}

/* ----------------------------------------------------------------- steps */

/* Where a client of HTTP+SSE is to post is the first thing it is told. */
static void
hear_endpoint(struct step *p)
{
	static const struct slice head = SLICE_INIT("event: endpoint\ndata: ");
	struct slice body = buf_slice(&p->sink.body), rest;

	if (!slice_starts(body, head))
		return;
	hear(p->world, WORD_ENDPOINT,
	    slice_cut(slice_from(body, head.len), '\n', &rest));
}

static void
hear_message(void *ctx, const struct json *m, struct slice event)
{
	struct step *p = ctx;

	(void)event;
	hear_all(p->world, m);
	hear(p->world, WORD_QUESTION, json_text(json_get(m, "id")));
}

/* What a client knows before the answer is complete. */
static void
hear_so_far(struct step *p)
{
	const struct sink_messages to = { hear_message, p };
	struct arena *a = &p->world->bench.arena[p->world->depth];

	hear_endpoint(p);
	/* Of a task the answer is complete before it is done. */
	if (is_events(p) || p->sink.ends > 0)
		holds(p, sink_messages_read(&p->sink, a, &to));
	arena_reset(a);
}

static struct op
operator_op(struct world *w, struct arena *a)
{
	return (struct op){ .now_ms = w->bench.clock.wall,
		.give_up_mono = w->bench.clock.mono / 1000 + 1000,
		.arena = a };
}

static void
stop_calls(struct world *w)
{
	struct arena own = ARENA_INIT(TEXT_MAX);
	struct store *store = w->bench.store.inner;
	struct op op = operator_op(w, &own);
	struct call_filter running = { .state = CALL_RUNNING, .limit = 100 };
	struct call_rows rows;

	law(store->ops->calls_list(store, &op, &running, &rows) == RC_OK);
	for (size_t i = 0; i < rows.n; i++)
		(void)store->ops->call_stop(store, &op, rows.row[i].number);
	arena_release(&own);
}

/* Time passes, and after a while the client leaves.  Meanwhile another one
 * may come. */
static bool
pass(void *ctx, int64_t ms)
{
	struct step *p = ctx;
	struct world *w = p->world;

	/* Nobody sees what comes after the client has left: be quick. */
	fake_clock_advance(&w->bench.clock, p->waits > WAITS ? ms * 100 : ms);
	p->waits++;
	if (p->waits % 4 == 2 && w->depth == 1 && w->steps > 0) {
		p->was_met = true;
		hear_so_far(p);
		go(w);
	}
	if (p->waits % WAITS_MAX == 0)
		stop_calls(w);
	return p->waits < WAITS;
}

static void
go(struct world *w)
{
	struct step p = { .world = w,
		.ask = { .bench = &w->bench,
		    .source = &w->source,
		    .words = &w->words,
		    .arena = &w->bench.arena[w->depth] } };
	struct server *server = &w->bench.server[w->depth];
	size_t writes;

	w->steps--;
	exchange_step_make(&p.ask);
	if (slice_eq(p.ask.message.method, SLICE("notifications/cancelled")))
		w->has_cancelled = true;
	if (w->depth == 0) {
		look(w, &w->before);
		w->bench.tools_ran = 0;
	}
	writes = store_count_writes(&w->bench.store);
	sink_mem_init(&p.sink);
	p.sink.pass = pass;
	p.sink.ctx = &p;
	w->depth++;
	(void)server_handle(server, p.ask.arena, &p.ask.http, &p.sink.base);
	w->depth--;
	check(&p, writes);
	sink_mem_release(&p.sink);
	exchange_step_release(&p.ask);
	arena_reset(p.ask.arena);
}

/* Whatever came, the store is whole. */
static void
check_store(struct world *w)
{
	struct store *store = w->bench.store.inner;
	struct op op = operator_op(w, &w->bench.arena[0]);

	law(store->ops->check(store, &op) == RC_OK);
	arena_reset(&w->bench.arena[0]);
}

/* Kept from one input to the next. */
static struct world the_world;

static void
release_last(void)
{
	exchange_bench_release(&the_world.bench);
	buf_release(&the_world.before);
	buf_release(&the_world.after);
}

/* The same on both hosts. */
static void
set_rules(struct world *w, unsigned mode)
{
	for (size_t i = 0; i < 2; i++) {
		struct server_rules *r = &w->bench.server[i].rules;

		r->sessions = (enum session_mode)(mode % 16 % 3);
		r->strict = (mode & 16) != 0;
		r->body_only = (mode & 32) != 0;
		r->modern_ping = (mode & 64) != 0;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = &the_world;

	if (!w->is_ready) {
		exchange_bench_init(&w->bench);
		law(atexit(release_last) == 0);
		w->before = w->after = BUF_INIT(TEXT_MAX);
		w->is_ready = true;
	}
	exchange_bench_again(&w->bench);
	memset(&w->words, 0, sizeof(w->words));
	w->has_cancelled = false;
	w->source.rest = (struct slice){ (const char *)data, size };
	set_rules(w, fuzz_take(&w->source, 128));
	w->steps = 1 + fuzz_take(&w->source, STEPS);
	while (w->steps > 0 && w->source.rest.len > 0)
		go(w);
	if (store_count_writes(&w->bench.store) > 0)
		check_store(w);
	return 0;
}
