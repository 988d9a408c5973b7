#include "play.h"

#include <string.h>

#include "match.h"

#define PLAY_ARENA ((size_t)256 * 1024 * 1024)
#define REQUEST_MAX ((size_t)32 * 1024 * 1024)

struct player {
	struct depth *depth;
	const struct script *script;
	struct buf *why;
	struct arena arena;
	struct vars vars;
	struct answer answer; /* the last one */
	int line;             /* that is being played */
};

static bool
failed(struct player *p, const char *what, struct slice detail)
{
	struct buf text = BUF_INIT(65536);

	buf_printf(&text, "%s:%d: %s: %s%.*s\n", p->script->file, p->line,
	    p->depth->ops->name, what, SLICE_FMT(detail));
	buf_put_slice(p->why, buf_slice(&text));
	buf_release(&text);
	return false;
}

/* -------------------------------------------------------------- requests */

static enum rc
expand(struct player *p, struct slice text, struct slice *out, struct buf *why)
{
	struct buf b = BUF_INIT(REQUEST_MAX);
	enum rc rc = vars_expand(&p->vars, text, &b, why);

	if (rc == RC_OK)
		rc = arena_copy(
		    &p->arena, b.len == 0 ? SLICE("") : buf_slice(&b), out);
	buf_release(&b);
	return rc;
}

static enum rc
expand_message(struct player *p, const struct message *in, struct message *out,
    struct buf *why)
{
	struct field **tail = &out->fields;
	enum rc rc;

	*out = (struct message){ .fields = NULL };
	rc = expand(p, in->first, &out->first, why);
	if (rc == RC_OK)
		rc = expand(p, in->body, &out->body, why);
	for (struct field *f = in->fields; f != NULL && rc == RC_OK;
	     f = f->next) {
		struct field *copy = arena_alloc(&p->arena, sizeof(*copy));

		if (copy == NULL)
			return RC_NOMEM;
		copy->name = f->name;
		rc = expand(p, f->value, &copy->value, why);
		*tail = copy;
		tail = &copy->next;
	}
	return rc;
}

static bool
send_request(struct player *p, const struct message *request)
{
	struct buf why = BUF_INIT(65536);
	struct message message;
	enum rc rc;

	rc = expand_message(p, request, &message, &why);
	if (rc == RC_OK)
		rc = p->depth->ops->exchange(
		    p->depth, &p->arena, &message, &p->answer, &why);
	if (rc != RC_OK) {
		(void)failed(p, rc_name(rc), SLICE(""));
		(void)failed(p, "no answer: ", buf_slice(&why));
	}
	buf_release(&why);
	return rc == RC_OK;
}

/* ---------------------------------------------------------- expectations */

static const struct expectation *
choose(const struct player *p, const struct step *step)
{
	const struct expectation *usual = NULL;

	for (const struct expectation *e = step->expect; e != NULL;
	     e = e->next) {
		if ((e->depths & p->depth->ops->bit) != 0)
			return e;
		if (e->depths == 0)
			usual = e;
	}
	return usual;
}

static bool
match_field(struct player *p, const struct field *want)
{
	bool seen = false;

	for (const struct field *f = p->answer.fields; f != NULL; f = f->next) {
		if (!slice_ieq(f->name, want->name))
			continue;
		seen = true;
		if (!slice_eq(want->value, SLICE("{{absent}}")) &&
		    match_text(&p->vars, want->value, f->value))
			return true;
	}
	return !seen && slice_eq(want->value, SLICE("{{absent}}"));
}

/* Fields that are an answer to something, and wrong where nobody asked. */
static const struct slice only_if_expected[] = {
	SLICE_INIT("Mcp-Session-Id"),
	SLICE_INIT("Retry-After"),
	SLICE_INIT("Allow"),
	SLICE_INIT("WWW-Authenticate"),
	SLICE_INIT("Location"),
};

static bool
check_fields(struct player *p, const struct expectation *e)
{
	const size_t n = sizeof(only_if_expected) / sizeof(struct slice);
	struct slice type =
	    depth_field(p->answer.fields, SLICE("Content-Type"));

	for (const struct field *f = e->message.fields; f != NULL;
	     f = f->next) {
		struct slice got = depth_field(p->answer.fields, f->name);

		if (match_field(p, f))
			continue;
		(void)failed(p, "header not as expected: ", f->name);
		return failed(p, "  it is ",
		    got.ptr == NULL ? SLICE("(not there)") : got);
	}
	for (size_t i = 0; i < n; i++) {
		struct slice name = only_if_expected[i];

		if (depth_field(p->answer.fields, name).ptr != NULL &&
		    depth_field(e->message.fields, name).ptr == NULL)
			return failed(p, "header nobody expected: ", name);
	}
	if (p->answer.body.len == 0 && type.ptr != NULL &&
	    p->depth->ops->bit != DEPTH_WEB)
		return failed(p, "Content-Type without a body: ", type);
	if (p->answer.body.len > 0 && type.ptr == NULL)
		return failed(p, "a body without Content-Type", SLICE(""));
	return true;
}

static bool
check_body(struct player *p, const struct expectation *e)
{
	struct slice want = e->message.body;
	struct slice got = p->answer.body;
	struct buf why = BUF_INIT(65536);
	bool ok;

	if (slice_eq(want, SLICE("{{any}}")))
		return true;
	if (want.len == 0) {
		return got.len == 0 ||
		    failed(p, "there should be no body: ", got);
	}
	if (got.len == 0)
		return failed(p, "the body is missing", SLICE(""));
	if (slice_starts(want, SLICE("{")) || slice_starts(want, SLICE("[")))
		ok = match_json(&p->vars, want, got, &why);
	else
		ok = match_events(&p->vars, want, got, &why);
	if (!ok)
		(void)failed(p, "body ", buf_slice(&why));
	buf_release(&why);
	return ok;
}

static bool
check_answer(struct player *p, const struct expectation *e)
{
	struct buf what = BUF_INIT(128);
	bool ok;

	p->line = e->line;
	if (p->answer.status != e->status) {
		buf_printf(&what, "status %d instead of %d: ", p->answer.status,
		    e->status);
		(void)failed(p, what.ptr, p->answer.body);
		buf_release(&what);
		return false;
	}
	ok = check_fields(p, e);
	return check_body(p, e) && ok;
}

/* ----------------------------------------------------------------- steps */

static bool
step_exchange(struct player *p, const struct step *step)
{
	const struct expectation *e = choose(p, step);

	if (e == NULL)
		return failed(p, "nothing expected at this depth", SLICE(""));
	return send_request(p, &step->request) && check_answer(p, e);
}

/* initialize, and remember the id it gave. */
static bool
step_session(struct player *p, const struct step *step)
{
	static struct field accept = { SLICE_INIT("Accept"),
		SLICE_INIT("application/json, text/event-stream"), NULL };
	static struct field type = { SLICE_INIT("Content-Type"),
		SLICE_INIT("application/json"), &accept };
	struct message m = { SLICE("POST /mcp"), &type, SLICE_NONE };
	struct buf body = BUF_INIT(1024);
	struct slice words = step->words;
	struct slice revision = script_word(&words);
	struct slice id;
	bool ok;

	buf_printf(&body,
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
	    "\"params\":{\"protocolVersion\":\"%.*s\",\"capabilities\":{},"
	    "\"clientInfo\":{\"name\":\"golden\",\"version\":\"1\"}}}",
	    SLICE_FMT(revision));
	m.body = buf_slice(&body);
	ok = send_request(p, &m);
	buf_release(&body);
	if (!ok)
		return false;
	id = depth_field(p->answer.fields, SLICE("Mcp-Session-Id"));
	if (p->answer.status != 200 || id.ptr == NULL)
		return failed(p, "no session: ", p->answer.body);
	return vars_set(&p->vars, words.len > 0 ? words : SLICE("sid"), id) ==
	    RC_OK;
}

static bool
step_has(struct player *p, const struct step *step)
{
	struct slice body = p->answer.body;

	for (; body.len >= step->words.len; body = slice_from(body, 1)) {
		if (slice_starts(body, step->words))
			return true;
	}
	return failed(p, "not in the last body: ", step->words);
}

static bool
step_control(struct player *p, const struct step *step)
{
	struct buf why = BUF_INIT(1024);
	bool ok = p->depth->ops->control != NULL &&
	    p->depth->ops->control(p->depth, step->words, &why) == RC_OK;

	if (!ok) {
		buf_printf(&why, " (! %.*s)", SLICE_FMT(step->words));
		(void)failed(p, "", buf_slice(&why));
	}
	buf_release(&why);
	return ok;
}

static bool
play_step(struct player *p, const struct step *step)
{
	p->line = step->line;
	switch (step->kind) {
	case STEP_EXCHANGE:
		return step_exchange(p, step);
	case STEP_SESSION:
		return step_session(p, step);
	case STEP_HAS:
		return step_has(p, step);
	case STEP_CONTROL:
		return step_control(p, step);
	}
	return false;
}

bool
play(struct depth *d, const struct script *s, struct buf *why)
{
	struct player p = { .depth = d,
		.script = s,
		.why = why,
		.arena = ARENA_INIT(PLAY_ARENA) };
	struct buf text = BUF_INIT(65536);
	bool ok;

	p.vars.arena = &p.arena;
	ok = d->ops->begin(d, s, &text) == RC_OK &&
	    vars_set(&p.vars, SLICE("host"), d->host) == RC_OK;
	if (!ok)
		(void)failed(&p, "cannot begin: ", buf_slice(&text));
	/* One finding per file: what follows a wrong answer means little. */
	for (const struct step *t = s->steps; t != NULL && ok; t = t->next)
		ok = play_step(&p, t);
	buf_release(&text);
	arena_release(&p.arena);
	return ok;
}
