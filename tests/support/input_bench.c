#include "input_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "level.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define START INT64_C(1788264000000)

static void
must(enum rc rc)
{
	if (rc == RC_OK)
		return;
	(void)fprintf(stderr, "input bench: %s\n", rc_name(rc));
	abort();
}

static void
keep_line(void *ctx, struct slice lines)
{
	buf_put_slice(ctx, lines);
}

void
input_bench_init(struct input_bench *b, bool with_store)
{
	memset(b, 0, sizeof(*b));
	must(seal_init());
	b->arena = ARENA_INIT(ARENA_BYTES);
	fake_clock_init(&b->clock, START);
	counted_rng_init(&b->rng, 1);
	server_init(&b->server);
	b->server.clock = &b->clock.clock;
	b->server.rng = &b->rng.rng;
	b->said = BUF_INIT((size_t)1 << 20);
	b->log = LOG_INIT(keep_line, &b->said, LOG_DEBUG);
	b->server.log = &b->log;
	must(keyring_fix(&b->server.keys,
	    SLICE("00112233445566778899aabbccddeeff"
		  "00112233445566778899aabbccddeeff")));
	if (!with_store)
		return;
	store_scratch_init_fast(&b->scratch);
	must(store_scratch_fresh(&b->scratch, &b->clock.clock, 1, &b->store));
	b->server.store = b->store;
}

void
input_bench_release(struct input_bench *b)
{
	server_release(&b->server);
	if (b->store != NULL) {
		b->store->ops->close(b->store);
		store_scratch_release(&b->scratch);
	}
	arena_release(&b->arena);
	log_release(&b->log);
	buf_release(&b->said);
}

enum rc
input_bench_begin(
    struct input_bench *b, struct slice method, struct slice params)
{
	struct exchange *x = &b->x;
	unsigned char principal[PRINCIPAL_BYTES];
	uint32_t caps = x->caps;
	enum rc rc;

	memcpy(principal, x->principal.digest, sizeof(principal));
	*x = (struct exchange){ .server = &b->server,
		.arena = &b->arena,
		.now_ms = b->clock.wall,
		.start_us = b->clock.mono,
		.op = { .now_ms = b->clock.wall,
		    .give_up_mono = b->clock.mono / 1000 + 5000,
		    .arena = &b->arena },
		.transport = transport_get(TRANSPORT_MODERN),
		.revision = revision_modern(),
		.message = { .kind = RPC_REQUEST,
		    .id = SLICE("1"),
		    .method = method },
		.caps = caps,
		.log_level = LEVEL_NONE };
	memcpy(x->principal.digest, principal, sizeof(principal));
	buf_reset(&b->server.body);
	b->in = NULL;
	rc = json_read(
	    &b->arena, params, &json_limits_default, &x->message.params, NULL);
	return rc == RC_OK ? input_read(x, &b->tool, &b->in) : rc;
}

enum rc
input_bench_call(struct input_bench *b, struct slice members,
    struct slice responses, struct slice state)
{
	struct buf text = BUF_INIT(ARENA_BYTES);
	struct slice kept;
	enum rc rc;

	buf_put_char(&text, '{');
	buf_put_slice(&text, members);
	if (responses.ptr != NULL) {
		json_put_key(&text, "inputResponses");
		buf_put_slice(&text, responses);
	}
	if (state.ptr != NULL) {
		json_put_key(&text, "requestState");
		json_put_string(&text, state);
	}
	buf_put_char(&text, '}');
	rc = buf_finish(&text);
	if (rc == RC_OK)
		rc = arena_copy(&b->arena, buf_slice(&text), &kept);
	buf_release(&text);
	return rc == RC_OK ? input_bench_begin(b, SLICE("tools/call"), kept)
			   : rc;
}

struct tool_question
input_bench_form(struct slice key)
{
	return (struct tool_question){ .key = key,
		.method = SLICE("elicitation/create"),
		.params = SLICE("{\"message\":\"?\",\"requestedSchema\":{"
				"\"type\":\"object\",\"properties\":{\"is\":{"
				"\"type\":\"string\"}}}}") };
}

static const struct json *
reply_of(struct input_bench *b)
{
	const struct json *root;
	struct slice kept;

	must(arena_copy(&b->arena, buf_slice(&b->server.body), &kept));
	must(json_read(&b->arena, kept, &json_limits_default, &root, NULL));
	return root;
}

enum rc
input_bench_answer(struct input_bench *b)
{
	const struct json *result;
	enum rc rc = input_answer(&b->x, b->in);

	if (rc != RC_OK)
		return rc;
	result = json_get(reply_of(b), "result");
	if (!json_text_is(
		json_get(result, "resultType"), SLICE("input_required")))
		return RC_SYNTAX;
	b->state = json_text(json_get(result, "requestState"));
	b->requests = json_get(result, "inputRequests");
	return RC_OK;
}

int64_t
input_bench_error(struct input_bench *b)
{
	int64_t code = 0;

	if (b->server.body.len == 0 ||
	    json_int64(json_get(json_get(reply_of(b), "error"), "code"),
		&code) != RC_OK)
		return 0;
	return code;
}
