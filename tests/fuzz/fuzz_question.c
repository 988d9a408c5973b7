/*
 * Laws of questions.  Whether params are a question does not depend on who is
 * asked; what is sent is JSON, and a question that is sent as it is; what is
 * taken for an answer is JSON, and taken as it is.  The first byte says which
 * method, the first line is the params, what follows the answer.
 */
#include "fuzz.h"
#include "question_kind.h"
#include "tool.h"

#define MAX ((size_t)16 << 20)
#define ALL_CAPS                                                               \
	(CAP_ELICITATION | CAP_ELICITATION_URL | CAP_SAMPLING |                \
	    CAP_SAMPLING_TOOLS | CAP_SAMPLING_CONTEXT | CAP_ROOTS)

static const struct slice methods[] = { SLICE_INIT("elicitation/create"),
	SLICE_INIT("sampling/createMessage"), SLICE_INIT("roots/list"),
	SLICE_INIT("elicitation/creat") };

struct round {
	struct arena arena;
	const struct revision *revision;
	struct tool_question q;
	struct buf out;
	struct buf why;
};

static enum rc
shape(struct round *r, struct slice params, uint32_t caps)
{
	const struct question_client client = {
		.revision = r->revision, .caps = caps, .seed = SLICE("seed")
	};
	enum rc rc;

	r->q.params = params;
	buf_reset(&r->out);
	buf_reset(&r->why);
	rc = question_shape(&r->arena, &client, &r->q, &r->out, &r->why);
	law((rc == RC_SYNTAX) == (r->why.len > 0));
	return rc;
}

static enum rc
settle(struct round *r, struct slice text)
{
	const struct json *answer;

	law(json_read(&r->arena, text, &json_limits_default, &answer, NULL) ==
	    RC_OK);
	buf_reset(&r->out);
	buf_reset(&r->why);
	return question_settle(
	    &r->arena, r->revision, &r->q, answer, &r->out, &r->why);
}

/* What came out, and lasts. */
static struct slice
keep(struct round *r)
{
	const struct json *root;
	struct slice kept;

	law(arena_copy(&r->arena, buf_slice(&r->out), &kept) == RC_OK);
	law(json_read(&r->arena, kept, &json_limits_default, &root, NULL) ==
	    RC_OK);
	law(root->type == JSON_OBJECT);
	return kept;
}

static void
check_answer(struct round *r, struct slice text)
{
	const struct json *answer;
	struct slice settled;

	if (json_read(&r->arena, text, &json_limits_default, &answer, NULL) !=
		RC_OK ||
	    settle(r, text) != RC_OK)
		return;
	settled = keep(r);
	law(settle(r, settled) == RC_OK);
	law(slice_eq(keep(r), settled));
}

static enum rc
check(struct round *r, enum revision_name name, struct slice params,
    struct slice answer)
{
	struct slice sent;
	enum rc rc;

	arena_reset(&r->arena);
	r->revision = revision_get(name);
	rc = shape(r, params, 0);
	law(rc == RC_SYNTAX || rc == RC_NOTFOUND);
	if (rc == RC_SYNTAX) {
		law(shape(r, params, ALL_CAPS) == RC_SYNTAX);
		return rc;
	}
	rc = shape(r, params, ALL_CAPS);
	law(rc == RC_OK || rc == RC_NOTFOUND);
	if (rc != RC_OK)
		return rc;
	sent = keep(r);
	law(shape(r, sent, ALL_CAPS) == RC_OK);
	law(slice_eq(keep(r), sent));
	check_answer(r, answer);
	r->q.params = params;
	check_answer(r, answer);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct round r = { .arena = ARENA_INIT(MAX),
		.out = BUF_INIT(MAX),
		.why = BUF_INIT(QUESTION_WHY_MAX),
		.q = { .key = SLICE("k") } };
	struct slice params, answer;
	enum rc first = RC_OK;

	if (size == 0)
		return 0;
	r.q.method = methods[data[0] % 4];
	params = slice_cut(
	    (struct slice){ (const char *)data + 1, size - 1 }, '\n', &answer);
	if (answer.ptr == NULL)
		answer = SLICE("{}");
	for (int name = 0; name < REVISIONS; name++) {
		enum rc rc =
		    check(&r, (enum revision_name)name, params, answer);

		if (name == 0)
			first = rc;
		law((rc == RC_SYNTAX) == (first == RC_SYNTAX));
	}
	buf_release(&r.out);
	buf_release(&r.why);
	arena_release(&r.arena);
	return 0;
}
