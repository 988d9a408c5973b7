#include "input.h"

#include "question_kind.h"
#include "reply.h"
#include "text.h"

/* What is around the answers in a state: the keys that were asked for. */
#define STATE_MAX (INPUT_ANSWERS_MAX + (size_t)8 * 1024)

struct open_question {
	struct slice key;
	struct slice method;
	struct slice params; /* compact JSON object */
	struct open_question *next;
};

struct input {
	const struct json *sealed; /* answers of earlier rounds */
	const struct json *asked;  /* keys that the state asked for */
	const struct json *fresh;  /* inputResponses */
	/* They came before anything was asked, and count if they fit, since
	 * who knows what is asked may answer at once.  Not so where answers
	 * may be used only once: it is the state that is used up. */
	bool is_early;
	struct open_question *taken; /* keys of those that fitted, then */
	unsigned char nonce[DIGEST_BYTES];
	bool has_nonce;
	bool uses_fresh; /* an answer of this round was handed out */
	bool is_spent;
	enum rc failed;
	bool has_complained; /* of a question that is none */
	struct open_question *first;
	struct open_question *last;
	size_t n; /* of them */
};

/* ---------------------------------------------------------- the sealing */

/* Append the digest of what was asked of us, but for what differs between
 * the rounds. */
static enum rc
put_params_digest(struct exchange *x, struct buf *b)
{
	static const struct slice skip[] = { SLICE_INIT("_meta"),
		SLICE_INIT("inputResponses"), SLICE_INIT("requestState") };
	struct buf text = BUF_INIT(x->arena->max);
	unsigned char digest[16];
	enum rc rc = json_put_canonical(&text, x->arena, x->message.params,
	    skip, sizeof(skip) / sizeof(skip[0]));

	if (rc == RC_OK)
		rc = buf_finish(&text);
	if (rc == RC_OK) {
		seal_digest(buf_slice(&text), digest);
		buf_put(b, digest, sizeof(digest));
	}
	buf_release(&text);
	return rc;
}

/* A state is good for this principal and this request only. */
static enum rc
prepare(struct exchange *x, struct seal_use *use)
{
	struct buf b = BUF_INIT(x->arena->max);
	enum rc rc = exchange_keys(x);

	if (rc != RC_OK)
		return rc;
	buf_put(&b, x->principal.digest, sizeof(x->principal.digest));
	rc = put_params_digest(x, &b);
	buf_put_slice(&b, x->message.method);
	if (rc == RC_OK)
		rc = buf_finish(&b);
	use->purpose = SEAL_INPUT;
	if (rc == RC_OK)
		rc = arena_copy(x->arena, buf_slice(&b), &use->bound);
	buf_release(&b);
	return rc;
}

/* What was sealed; RC_SYNTAX if it is too old or not one of ours. */
static enum rc
read_state(struct exchange *x, struct input *in, struct slice text)
{
	const struct json *root;
	struct seal_use use;
	struct slice plain;
	int64_t end;
	enum rc rc;

	keyring_want(&x->server->keys, seal_key_id(text));
	rc = prepare(x, &use);
	if (rc == RC_OK)
		rc = seal_open(
		    x->arena, &x->server->keys, x->now_ms, &use, text, &plain);
	if (rc == RC_OK)
		rc = json_read(
		    x->arena, plain, &json_limits_default, &root, NULL);
	if (rc != RC_OK)
		return rc;
	if (json_int64(json_get(root, "end"), &end) != RC_OK ||
	    end <= x->now_ms ||
	    text_b64url_fixed(json_text(json_get(root, "nonce")), in->nonce,
		sizeof(in->nonce)) != RC_OK)
		return RC_SYNTAX;
	in->has_nonce = true;
	in->sealed = json_get(root, "answers");
	in->asked = json_get(root, "asked");
	return RC_OK;
}

/* What is wrong with the answers, or NULL. */
static const char *
responses_fault(const struct json *responses)
{
	if (responses == NULL)
		return NULL;
	if (responses->type != JSON_OBJECT)
		return "inputResponses must be an object";
	for (const struct json *m = responses->child; m != NULL; m = m->next) {
		if (m->type != JSON_OBJECT)
			return "inputResponses must hold result objects";
	}
	return NULL;
}

enum rc
input_read(struct exchange *x, const struct tool *tool, struct input **out)
{
	const struct json *params = x->message.params;
	const struct json *state = json_get(params, "requestState");
	struct input *in = arena_alloc(x->arena, sizeof(*in));
	const char *fault;
	enum rc rc = RC_OK;

	*out = NULL;
	if (in == NULL)
		return RC_NOMEM;
	in->fresh = json_get(params, "inputResponses");
	in->is_early = state == NULL && (tool->flags & TOOL_ONCE) == 0;
	fault = responses_fault(in->fresh);
	if (fault == NULL && state != NULL) {
		rc = state->type == JSON_STRING ? read_state(x, in, state->text)
						: RC_SYNTAX;
		if (rc == RC_SYNTAX)
			fault = "requestState is not one of ours, or too old";
	}
	if (fault != NULL) {
		answer_error(x, 200, RPC_INVALID_PARAMS, fault, SLICE_NONE);
		return RC_OK;
	}
	if (rc == RC_OK)
		*out = in;
	return rc;
}

/* ------------------------------------------------------------ answers */

static bool
was_asked(const struct input *in, struct slice key)
{
	for (const struct json *k = in->asked == NULL ? NULL : in->asked->child;
	     k != NULL; k = k->next) {
		if (json_text_is(k, key))
			return true;
	}
	return false;
}

static bool
is_among(const struct open_question *first, struct slice key)
{
	while (first != NULL && !slice_eq(first->key, key))
		first = first->next;
	return first != NULL;
}

static bool
is_open(const struct input *in, struct slice key)
{
	return is_among(in->first, key);
}

/* An early answer was handed out: so it goes on to the next round. */
static enum rc
note_taken(struct exchange *x, struct input *in, struct slice key)
{
	struct open_question *t;

	in->uses_fresh = true;
	if (!in->is_early || is_among(in->taken, key))
		return RC_OK;
	t = arena_alloc(x->arena, sizeof(*t));
	if (t == NULL)
		return RC_NOMEM;
	t->next = in->taken;
	in->taken = t;
	return arena_copy(x->arena, key, &t->key);
}

/* What was sent for a question, or NULL; it may be no answer. */
static const struct json *
find_sent(const struct input *in, const struct tool_question *q, bool *fresh)
{
	const struct json *sent = json_member(in->sealed, q->key);

	*fresh = sent == NULL;
	if (sent == NULL && (in->is_early || was_asked(in, q->key)))
		sent = json_member(in->fresh, q->key);
	return sent;
}

/* The answer in place; RC_NOTFOUND: there is none. */
static enum rc
take_answer(struct exchange *x, struct input *in, struct tool_question *q)
{
	struct buf out = BUF_INIT(x->arena->max);
	struct buf why = BUF_INIT(QUESTION_WHY_MAX);
	bool is_fresh;
	const struct json *sent = find_sent(in, q, &is_fresh);
	enum rc rc = RC_NOTFOUND;

	if (sent != NULL)
		rc =
		    question_settle(x->arena, x->revision, q, sent, &out, &why);
	if (rc == RC_OK)
		rc = arena_copy(x->arena, buf_slice(&out), &q->answer);
	if (rc == RC_OK && is_fresh)
		rc = note_taken(x, in, q->key);
	buf_release(&why);
	buf_release(&out);
	return rc == RC_SYNTAX ? RC_NOTFOUND : rc;
}

/* The params as they are sent; RC_CONFLICT if it cannot be asked. */
static enum rc
shape(struct exchange *x, struct input *in, const struct tool_question *q,
    struct slice *params)
{
	const struct question_client client = { .revision = x->revision,
		.caps = x->caps };
	struct buf out = BUF_INIT(x->arena->max);
	struct buf why = BUF_INIT(QUESTION_WHY_MAX);
	enum rc rc = question_shape(x->arena, &client, q, &out, &why);

	if (rc == RC_OK)
		rc = arena_copy(x->arena, buf_slice(&out), params);
	if (rc == RC_SYNTAX && !in->has_complained) {
		question_complain(x->server->log, x->tool, q, &why);
		in->has_complained = true;
	}
	buf_release(&why);
	buf_release(&out);
	return rc == RC_SYNTAX || rc == RC_NOTFOUND ? RC_CONFLICT : rc;
}

/* Note a question that is to be asked; RC_CONFLICT if it cannot be. */
static enum rc
want(struct exchange *x, struct input *in, const struct tool_question *q)
{
	struct open_question *o;
	struct slice params;
	enum rc rc;

	if (is_open(in, q->key))
		return RC_OK;
	if (in->n == QUESTIONS_MAX)
		return RC_CONFLICT;
	rc = shape(x, in, q, &params);
	if (rc != RC_OK)
		return rc;
	o = arena_alloc(x->arena, sizeof(*o));
	if (o == NULL)
		return RC_NOMEM;
	o->params = params;
	if (arena_copy(x->arena, q->key, &o->key) != RC_OK ||
	    arena_copy(x->arena, q->method, &o->method) != RC_OK)
		return RC_NOMEM;
	if (in->last == NULL)
		in->first = o;
	else
		in->last->next = o;
	in->last = o;
	in->n++;
	return RC_OK;
}

/* Forget what was noted behind `last`. */
static void
cut_back(struct input *in, struct open_question *last, size_t n)
{
	in->last = last;
	in->n = n;
	if (last == NULL)
		in->first = NULL;
	else
		last->next = NULL;
}

enum tool_ask
input_ask(
    struct exchange *x, struct input *in, struct tool_question *q, size_t n)
{
	struct open_question *before = in->last;
	const size_t n_before = in->n;
	enum rc rc = RC_OK;
	bool misses = false;

	if (input_is_broken(in))
		return ASK_TIMEOUT;
	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		rc = take_answer(x, in, &q[i]);
		if (rc != RC_NOTFOUND)
			continue;
		misses = true;
		rc = want(x, in, &q[i]);
	}
	if (rc == RC_CONFLICT) {
		cut_back(in, before, n_before);
		return ASK_UNSUPPORTED;
	}
	in->failed = rc;
	if (rc != RC_OK)
		return ASK_TIMEOUT;
	return misses ? ASK_PENDING : ASK_ANSWERED;
}

bool
input_is_pending(const struct input *in)
{
	return in->first != NULL;
}

bool
input_is_broken(const struct input *in)
{
	return in->is_spent || in->failed != RC_OK;
}

enum rc
input_complete(struct exchange *x, struct input *in, bool *fresh)
{
	struct store *store = x->server->store;
	enum rc rc;

	*fresh = true;
	if (!in->uses_fresh || !in->has_nonce)
		return RC_OK;
	/* Every state with this nonce was sealed before now. */
	rc = store == NULL ? RC_BUSY
			   : store->ops->nonce_use(store, &x->op, in->nonce,
				 x->now_ms + x->server->rules.input_ms);
	if (rc == RC_OK) {
		/* A further round is another thing that may be done once. */
		in->has_nonce = false;
		in->uses_fresh = false;
		return RC_OK;
	}
	*fresh = false;
	if (rc != RC_CONFLICT) {
		in->failed = rc;
		return rc;
	}
	in->is_spent = true;
	answer_error(x, 200, RPC_INVALID_PARAMS, "requestState was used before",
	    SLICE_NONE);
	return RC_OK;
}

/* ---------------------------------------------------- the next round */

static void
put_answer(struct buf *b, const struct json *answer)
{
	json_put_name(b, answer->name);
	json_put_compact(b, answer);
}

/* All that is known: of earlier rounds, and what came with this one. */
static void
put_answers(struct buf *b, const struct input *in)
{
	const struct json *sealed = in->sealed;
	const struct json *m;

	buf_put_char(b, '{');
	for (m = sealed == NULL ? NULL : sealed->child; m != NULL;
	     m = m->next) {
		if (!is_open(in, m->name))
			put_answer(b, m);
	}
	for (m = in->fresh == NULL ? NULL : in->fresh->child; m != NULL;
	     m = m->next) {
		if (json_member(sealed, m->name) == NULL &&
		    (was_asked(in, m->name) || is_among(in->taken, m->name)) &&
		    !is_open(in, m->name))
			put_answer(b, m);
	}
	buf_put_char(b, '}');
}

/* RC_FULL: the answers are too much to be sent to and fro. */
static enum rc
put_state(struct exchange *x, struct input *in, struct buf *b)
{
	size_t before;

	if (!in->has_nonce) {
		enum rc rc =
		    rng_fill(x->server->rng, in->nonce, sizeof(in->nonce));

		if (rc != RC_OK)
			return rc;
		in->has_nonce = true;
	}
	buf_put_slice(b, SLICE("{\"end\":"));
	buf_put_i64(b, x->now_ms + x->server->rules.input_ms);
	json_put_key(b, "nonce");
	buf_put_char(b, '"');
	text_put_b64url(b, in->nonce, sizeof(in->nonce));
	buf_put_char(b, '"');
	json_put_key(b, "answers");
	before = b->len;
	put_answers(b, in);
	if (b->len - before > INPUT_ANSWERS_MAX)
		return RC_FULL;
	json_put_key(b, "asked");
	buf_put_char(b, '[');
	for (const struct open_question *q = in->first; q != NULL;
	     q = q->next) {
		json_put_comma(b);
		json_put_string(b, q->key);
	}
	buf_put_slice(b, SLICE("]}"));
	return b->full ? RC_FULL : buf_finish(b);
}

static enum rc
seal_state(struct exchange *x, struct input *in, struct buf *out)
{
	struct buf plain = BUF_INIT(STATE_MAX);
	const struct key_row *key;
	struct seal_use use;
	enum rc rc = prepare(x, &use);

	if (rc == RC_OK)
		rc = put_state(x, in, &plain);
	if (rc == RC_OK) {
		key = keyring_mint(&x->server->keys, x->now_ms);
		rc = key == NULL ? RC_BUSY
				 : seal_put(out, key, x->server->rng, &use,
				       buf_slice(&plain));
	}
	buf_release(&plain);
	return rc;
}

static void
put_questions(struct buf *b, const struct input *in)
{
	json_put_key(b, "inputRequests");
	buf_put_char(b, '{');
	for (const struct open_question *q = in->first; q != NULL;
	     q = q->next) {
		json_put_name(b, q->key);
		buf_put_char(b, '{');
		json_put_key(b, "method");
		json_put_string(b, q->method);
		json_put_key(b, "params");
		buf_put_slice(b, q->params);
		buf_put_char(b, '}');
	}
	buf_put_char(b, '}');
}

enum rc
input_answer(struct exchange *x, struct input *in)
{
	struct buf state = BUF_INIT(4 * STATE_MAX);
	struct buf *b;
	enum rc rc = in->failed;

	if (rc == RC_OK)
		rc = seal_state(x, in, &state);
	if (rc == RC_OK) {
		b = answer_begin_as(x, SLICE("input_required"));
		put_questions(b, in);
		json_put_key(b, "requestState");
		json_put_string(b, buf_slice(&state));
		answer_end(x, false, NULL);
	}
	buf_release(&state);
	if (rc != RC_FULL)
		return rc;
	answer_error(x, 200, RPC_INTERNAL_ERROR,
	    "The answers given so far are more than this server can carry "
	    "to the next round",
	    SLICE_NONE);
	return RC_OK;
}
