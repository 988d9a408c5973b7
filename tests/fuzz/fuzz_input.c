/*
 * Laws of questions in results.  A requestState that was not sealed here for
 * this very request is refused.  An answer counts only if it was asked for and
 * looks like one; then it is handed out as it was sent, in that round and in
 * all later ones.
 */
#include <string.h>

#include "fuzz.h"
#include "input_bench.h"
#include "question_kind.h"
#include "tool.h"

#define MAX ((size_t)16 << 20)
#define NAME SLICE("\"name\":\"t\"")

static enum tool_ask
ask(struct input_bench *b, struct slice key, struct slice *answer)
{
	struct tool_question q = input_bench_form(key);
	enum tool_ask said = input_ask(&b->x, b->in, &q, 1);

	*answer = q.answer;
	return said;
}

/* A round in which both keys are asked for; its state is in b->state. */
static void
first_round(struct input_bench *b, struct slice members)
{
	struct slice unused;

	law(input_bench_call(b, members, SLICE_NONE, SLICE_NONE) == RC_OK);
	law(b->in != NULL);
	law(ask(b, SLICE("a"), &unused) == ASK_PENDING);
	law(ask(b, SLICE("b"), &unused) == ASK_PENDING);
	law(input_bench_answer(b) == RC_OK);
	law(b->state.len > 0 && b->requests->count == 2);
}

/* What is in the last reply is an error about params. */
static void
check_refused(struct input_bench *b)
{
	law(b->in == NULL);
	law(input_bench_error(b) == RPC_INVALID_PARAMS);
}

/* Any bytes as a state, and a state with one byte that is another. */
static void
check_foreign_states(struct input_bench *b, struct slice bytes)
{
	struct slice sealed;
	char *copy;
	size_t at;

	if (bytes.len > 4096)
		bytes.len = 4096;
	/* Text without NUL, that is. */
	if (input_bench_call(b, NAME, SLICE_NONE, bytes) == RC_OK)
		check_refused(b);
	first_round(b, NAME);
	sealed = b->state;
	copy = arena_bytes(&b->arena, sealed.len);
	law(copy != NULL);
	memcpy(copy, sealed.ptr, sealed.len);
	at = (bytes.len < 2 ? 0
			    : (size_t)(unsigned char)bytes.ptr[0] << 8 |
			 (unsigned char)bytes.ptr[1]) %
	    sealed.len;
	copy[at] = copy[at] == 'x' ? 'y' : 'x';
	law(input_bench_call(b, NAME, SLICE_NONE,
		(struct slice){ copy, sealed.len }) == RC_OK);
	check_refused(b);
}

/* An answer that was taken: what question_settle() makes of what was sent. */
static void
check_answer(struct input_bench *b, const struct json *sent, struct slice is)
{
	const struct tool_question q = input_bench_form(SLICE("a"));
	struct buf text = BUF_INIT(MAX);
	struct buf why = BUF_INIT(MAX);

	law(json_is(sent, JSON_OBJECT));
	law(question_settle(&b->arena, b->x.revision, &q, sent, &text, &why) ==
	    RC_OK);
	law(slice_eq(buf_slice(&text), is));
	buf_release(&why);
	buf_release(&text);
}

/* The same answers in a later round, from the state alone. */
static void
check_remembered(struct input_bench *b, enum tool_ask said_a, struct slice a,
    enum tool_ask said_b, struct slice c)
{
	struct slice again, unused;

	law(ask(b, SLICE("next"), &unused) == ASK_PENDING);
	if (input_bench_answer(b) != RC_OK) {
		law(input_bench_error(b) == RPC_INTERNAL_ERROR);
		law(a.len + c.len > INPUT_ANSWERS_MAX / 2);
		return;
	}
	law(input_bench_call(b, NAME, SLICE_NONE, b->state) == RC_OK);
	law(b->in != NULL);
	law(ask(b, SLICE("a"), &again) == said_a);
	law(said_a != ASK_ANSWERED || slice_eq(a, again));
	law(ask(b, SLICE("b"), &again) == said_b);
	law(said_b != ASK_ANSWERED || slice_eq(c, again));
}

/* The bytes as inputResponses. */
static void
check_answers(struct input_bench *b, struct slice bytes)
{
	const struct json *sent = NULL;
	struct slice text, a, c;
	enum tool_ask said_a, said_b;
	enum rc rc;

	first_round(b, NAME);
	law(arena_copy(&b->arena, bytes, &text) == RC_OK);
	if (json_read(&b->arena, text, &json_limits_default, &sent, NULL) !=
	    RC_OK)
		return;
	rc = input_bench_call(b, NAME, sent->raw, b->state);
	/* It may be too deep with something around it. */
	if (rc != RC_OK)
		return;
	if (b->in == NULL) {
		check_refused(b);
		return;
	}
	law(sent->type == JSON_OBJECT);
	said_a = ask(b, SLICE("a"), &a);
	said_b = ask(b, SLICE("b"), &c);
	law(said_a == ASK_ANSWERED || said_a == ASK_PENDING);
	law(said_b == ASK_ANSWERED || said_b == ASK_PENDING);
	if (said_a == ASK_ANSWERED)
		check_answer(b, json_get(sent, "a"), a);
	if (said_b == ASK_ANSWERED)
		check_answer(b, json_get(sent, "b"), c);
	law(input_is_pending(b->in) ==
	    (said_a == ASK_PENDING || said_b == ASK_PENDING));
	check_remembered(b, said_a, a, said_b, c);
}

/* The bytes as arguments: the state is good for what means the same only. */
static void
check_bound(struct input_bench *b, struct slice bytes)
{
	static const struct slice other =
	    SLICE_INIT("\"name\":\"t\",\"arguments\":{\"a\":[1,\"x\"]}");
	const struct json *arguments = NULL, *own = NULL;
	struct buf members = BUF_INIT(MAX);
	struct slice text;

	law(arena_copy(&b->arena, bytes, &text) == RC_OK);
	if (json_read(&b->arena, text, &json_limits_default, &arguments,
		NULL) != RC_OK)
		return;
	law(json_read(&b->arena, SLICE("{\"a\":[1,\"x\"]}"),
		&json_limits_default, &own, NULL) == RC_OK);
	first_round(b, other);
	buf_put_slice(&members, SLICE("\"arguments\":"));
	buf_put_slice(&members, arguments->raw);
	buf_put_slice(&members, SLICE(",\"name\":\"t\""));
	if (input_bench_call(b, buf_slice(&members), SLICE_NONE, b->state) ==
	    RC_OK) {
		if (b->in == NULL)
			check_refused(b);
		else
			law(json_equal(arguments, own));
		first_round(b, buf_slice(&members));
		law(input_bench_call(
			b, buf_slice(&members), SLICE_NONE, b->state) == RC_OK);
		law(b->in != NULL);
	}
	buf_release(&members);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice bytes = { (const char *)data, size };
	struct input_bench b;

	input_bench_init(&b, false);
	b.x.caps = CAP_ELICITATION;
	check_foreign_states(&b, bytes);
	check_answers(&b, bytes);
	check_bound(&b, bytes);
	input_bench_release(&b);
	return 0;
}
