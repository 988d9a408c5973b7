#include "question_kind.h"

#include <string.h>

#include "question_form.h"
#include "question_rule.h"
#include "question_sample.h"
#include "seal.h"
#include "text.h"
#include "tool.h"
#include "uri_template.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* So much of a name is shown in the log. */
#define SHOWN_MAX 64

/* What the functions of a kind work with. */
struct kind_use {
	struct arena *arena;
	const struct revision *revision;
	const struct question_client *client; /* of a question */
	struct slice key;                     /* of a question */
	const struct json *params;
	struct buf *out;
	struct buf *why;
};

/* ------------------------------------------------------------ elicitation */

static bool
is_url_mode(const struct json *params)
{
	return json_text_is(json_get(params, "mode"), SLICE("url"));
}

static uint32_t
elicitation_needs(const struct json *params)
{
	const struct json *mode = json_get(params, "mode");

	if (mode == NULL || json_text_is(mode, SLICE("form")))
		return CAP_ELICITATION;
	return is_url_mode(params) ? CAP_ELICITATION_URL : 0;
}

/* An absolute http or https URL that names a host and nobody. */
static bool
is_url(const struct json *value)
{
	const struct slice url = json_text(value);
	struct slice rest, scheme = slice_cut(url, ':', &rest);
	size_t host;

	if (!uri_is_absolute(url) ||
	    (!slice_ieq(scheme, SLICE("https")) &&
		!slice_ieq(scheme, SLICE("http"))) ||
	    !slice_starts(rest, SLICE("//")))
		return false;
	rest = slice_from(rest, 2);
	for (host = 0; host < rest.len; host++) {
		if (rest.ptr[host] == '/' || rest.ptr[host] == '?' ||
		    rest.ptr[host] == '#')
			break;
	}
	return host > 0 && rest.ptr[0] != ':' &&
	    memchr(rest.ptr, '@', host) == NULL;
}

static enum rc
check_url(const struct kind_use *u)
{
	static const struct question_rule rule[] = {
		{ SLICE_INIT("mode"), question_is_text, "url", true },
		{ SLICE_INIT("message"), question_is_text, "a string", true },
		{ SLICE_INIT("url"), is_url,
		    "an absolute http or https URL without a user", true },
		{ SLICE_INIT("elicitationId"), question_is_id,
		    "a string of at most 256 bytes", false },
		{ SLICE_INIT("_meta"), question_is_object, "an object", false },
	};
	static const struct question_rules rules = { "params", rule,
		COUNT(rule), false };

	return question_rules_hold(&rules, u->params, u->why) ? RC_OK
							      : RC_SYNTAX;
}

static enum rc
check_elicitation(const struct kind_use *u)
{
	static const struct question_rule rule[] = {
		{ SLICE_INIT("mode"), question_is_text, "form or url", false },
		{ SLICE_INIT("message"), question_is_text, "a string", true },
		{ SLICE_INIT("requestedSchema"), question_is_object,
		    "an object", true },
		{ SLICE_INIT("_meta"), question_is_object, "an object", false },
	};
	static const struct question_rules rules = { "params", rule,
		COUNT(rule), false };

	if (is_url_mode(u->params))
		return check_url(u);
	if (elicitation_needs(u->params) == 0) {
		buf_put_slice(
		    u->why, SLICE("params: mode must be form or url"));
		return RC_SYNTAX;
	}
	if (!question_rules_hold(&rules, u->params, u->why))
		return RC_SYNTAX;
	return question_form_check(
	    u->arena, json_get(u->params, "requestedSchema"), u->why);
}

/* The same whenever the same is asked. */
static enum rc
put_made_id(const struct kind_use *u)
{
	struct buf text = BUF_INIT(u->client->seed.len + QUESTION_KEY_MAX + 1);
	unsigned char digest[16];
	enum rc rc;

	buf_put_slice(&text, u->client->seed);
	buf_put_slice(&text, u->key);
	rc = buf_finish(&text);
	seal_digest(buf_slice(&text), digest);
	buf_release(&text);
	json_put_key(u->out, "elicitationId");
	buf_put_char(u->out, '"');
	text_put_b64url(u->out, digest, sizeof(digest));
	buf_put_char(u->out, '"');
	return rc;
}

static enum rc
put_elicitation(const struct kind_use *u)
{
	const enum revision_name name = u->revision->name;
	const bool has_id = name == REVISION_2025_11_25;
	enum rc rc = RC_OK;

	buf_put_char(u->out, '{');
	for (const struct json *m = u->params->child; m != NULL && rc == RC_OK;
	     m = m->next) {
		if ((name < REVISION_2025_11_25 &&
			slice_eq(m->name, SLICE("mode"))) ||
		    (!has_id && slice_eq(m->name, SLICE("elicitationId"))))
			continue;
		json_put_name(u->out, m->name);
		if (slice_eq(m->name, SLICE("requestedSchema")))
			rc = question_form_put(m, u->revision, u->out);
		else
			json_put_compact(u->out, m);
	}
	if (rc == RC_OK && has_id && is_url_mode(u->params) &&
	    json_get(u->params, "elicitationId") == NULL)
		rc = put_made_id(u);
	buf_put_char(u->out, '}');
	return rc;
}

static bool
is_action(const struct json *value)
{
	return json_text_is(value, SLICE("accept")) ||
	    json_text_is(value, SLICE("decline")) ||
	    json_text_is(value, SLICE("cancel"));
}

static bool
is_accepted_form(const struct kind_use *u, const struct json *answer)
{
	return !is_url_mode(u->params) &&
	    json_text_is(json_get(answer, "action"), SLICE("accept"));
}

/* Content is of accepted forms only; some clients send it all the same. */
static enum rc
settle_elicitation(const struct kind_use *u, const struct json *answer)
{
	static const struct question_rule rule[] = {
		{ SLICE_INIT("action"), is_action, "accept, decline or cancel",
		    true },
	};
	static const struct question_rules rules = { "the answer", rule,
		COUNT(rule), true };
	const struct json *form = json_get(u->params, "requestedSchema");
	const struct json *content = json_get(answer, "content");
	struct buf filled = BUF_INIT(u->out->max);
	enum rc rc = RC_OK;

	if (!question_rules_hold(&rules, answer, u->why))
		return RC_SYNTAX;
	if (!is_accepted_form(u, answer))
		form = content = NULL;
	if (content != NULL && content->type != JSON_OBJECT) {
		buf_put_slice(
		    u->why, SLICE("the answer: content must be an object"));
		return RC_SYNTAX;
	}
	if (form != NULL)
		rc = question_form_fill(
		    u->arena, form, content, &filled, u->why);
	buf_put_char(u->out, '{');
	for (const struct json *m = answer->child; m != NULL; m = m->next) {
		if (slice_eq(m->name, SLICE("content")))
			continue;
		json_put_name(u->out, m->name);
		json_put_compact(u->out, m);
	}
	if (rc == RC_OK && form != NULL &&
	    (content != NULL || question_form_has_defaults(form))) {
		json_put_key(u->out, "content");
		buf_put_slice(u->out, buf_slice(&filled));
	}
	buf_put_char(u->out, '}');
	buf_release(&filled);
	return rc;
}

/* --------------------------------------------------------------- sampling */

static enum rc
check_sampling(const struct kind_use *u)
{
	return question_sample_check(u->params, u->why) ? RC_OK : RC_SYNTAX;
}

static enum rc
put_sampling(const struct kind_use *u)
{
	return question_sample_put(
	    u->params, u->revision, u->client->caps, u->out);
}

static enum rc
settle_sampling(const struct kind_use *u, const struct json *answer)
{
	if (!question_sample_fits(answer, u->revision, u->why))
		return RC_SYNTAX;
	json_put_compact(u->out, answer);
	return RC_OK;
}

/* ------------------------------------------------------------------ roots */

static uint32_t
roots_needs(const struct json *params)
{
	(void)params;
	return CAP_ROOTS;
}

static enum rc
check_roots(const struct kind_use *u)
{
	static const struct question_rule rule[] = {
		{ SLICE_INIT("_meta"), question_is_object, "an object", false },
	};
	static const struct question_rules rules = { "params", rule,
		COUNT(rule), false };

	return question_rules_hold(&rules, u->params, u->why) ? RC_OK
							      : RC_SYNTAX;
}

static enum rc
put_roots(const struct kind_use *u)
{
	json_put_compact(u->out, u->params);
	return RC_OK;
}

static enum rc
settle_roots(const struct kind_use *u, const struct json *answer)
{
	static const struct question_rule all_rule[] = {
		{ SLICE_INIT("roots"), question_is_array, "an array", true },
	};
	static const struct question_rule rule[] = {
		{ SLICE_INIT("uri"), question_is_name, "a URI", true },
		{ SLICE_INIT("name"), question_is_text, "a string", false },
	};
	static const struct question_rules all = { "the answer", all_rule,
		COUNT(all_rule), true };
	static const struct question_rules rules = { "a root", rule,
		COUNT(rule), true };

	if (!question_rules_hold(&all, answer, u->why))
		return RC_SYNTAX;
	for (const struct json *m = json_get(answer, "roots")->child; m != NULL;
	     m = m->next) {
		if (!question_rules_hold(&rules, m, u->why))
			return RC_SYNTAX;
	}
	json_put_compact(u->out, answer);
	return RC_OK;
}

/* -------------------------------------------------------------- all kinds */

static const struct kind {
	struct slice method;
	uint32_t (*needs)(const struct json *params);
	enum rc (*check)(const struct kind_use *u);
	enum rc (*put)(const struct kind_use *u);
	enum rc (*settle)(const struct kind_use *u, const struct json *answer);
} kinds[] = {
	{ SLICE_INIT("elicitation/create"), elicitation_needs,
	    check_elicitation, put_elicitation, settle_elicitation },
	{ SLICE_INIT("sampling/createMessage"), question_sample_needs,
	    check_sampling, put_sampling, settle_sampling },
	{ SLICE_INIT("roots/list"), roots_needs, check_roots, put_roots,
	    settle_roots },
};

static const struct kind *
find(struct slice method)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (slice_eq(method, kinds[i].method))
			return &kinds[i];
	}
	return NULL;
}

uint32_t
question_needs(struct slice method, const struct json *params)
{
	const struct kind *kind = find(method);

	return kind == NULL ? 0 : kind->needs(params);
}

/* What a revision does not have cannot be asked, whatever was declared. */
static uint32_t
asks_of(const struct revision *revision)
{
	uint32_t caps = CAP_ROOTS | CAP_SAMPLING;

	if (revision->name >= REVISION_2025_06_18)
		caps |= CAP_ELICITATION;
	if (revision->name >= REVISION_2025_11_25)
		caps |= CAP_ELICITATION_URL | CAP_SAMPLING_TOOLS;
	return caps;
}

static enum rc
read_params(struct arena *a, const struct tool_question *q,
    const struct json **out, struct buf *why)
{
	const struct slice text = q->params.len == 0 ? SLICE("{}") : q->params;
	enum rc rc = RC_SYNTAX;

	if (text.len <= QUESTION_PARAMS_MAX)
		rc = json_read(a, text, &json_limits_default, out, NULL);
	if (rc == RC_SYNTAX)
		buf_put_slice(why, SLICE("params: no JSON, or too much"));
	return rc;
}

enum rc
question_shape(struct arena *a, const struct question_client *client,
    const struct tool_question *q, struct buf *out, struct buf *why)
{
	const struct kind *kind = find(q->method);
	struct kind_use u = { .arena = a,
		.revision = client->revision,
		.client = client,
		.key = q->key,
		.out = out,
		.why = why };
	uint32_t has = client->caps & asks_of(client->revision);
	enum rc rc;

	if (kind == NULL || q->key.len == 0 || q->key.len > QUESTION_KEY_MAX ||
	    !text_utf8_ok(q->key)) {
		buf_put_slice(why,
		    kind == NULL ? SLICE("there is no such method")
				 : SLICE("its key is empty, long or no text"));
		return RC_SYNTAX;
	}
	rc = read_params(a, q, &u.params, why);
	if (rc == RC_OK)
		rc = kind->check(&u);
	if (rc == RC_OK && (kind->needs(u.params) & ~has) != 0)
		rc = RC_NOTFOUND;
	if (rc == RC_OK)
		rc = kind->put(&u);
	return rc == RC_OK ? buf_finish(out) : rc;
}

void
question_complain(struct log *log, struct slice tool,
    const struct tool_question *q, const struct buf *why)
{
	struct slice key = q->key;

	if (key.len > SHOWN_MAX)
		key.len = SHOWN_MAX;
	if (tool.len > SHOWN_MAX)
		tool.len = SHOWN_MAX;
	log_event(log, LOG_WARNING, "tool",
	    "tool=\"%.*s\" question=\"%.*s\" not_asked=\"%.*s\"",
	    SLICE_FMT(tool), SLICE_FMT(key), SLICE_FMT(buf_slice(why)));
}

bool
question_is_url(struct arena *a, const struct tool_question *q)
{
	const struct json *params = NULL;

	return slice_eq(q->method, SLICE("elicitation/create")) &&
	    q->params.len <= QUESTION_PARAMS_MAX &&
	    json_read(a, q->params, &json_limits_default, &params, NULL) ==
	    RC_OK &&
	    is_url_mode(params);
}

enum rc
question_settle(struct arena *a, const struct revision *revision,
    const struct tool_question *q, const struct json *answer, struct buf *out,
    struct buf *why)
{
	const struct kind *kind = find(q->method);
	struct kind_use u = {
		.arena = a, .revision = revision, .out = out, .why = why
	};
	enum rc rc;

	if (kind == NULL || !json_is(answer, JSON_OBJECT)) {
		buf_put_slice(why, SLICE("the answer must be an object"));
		return RC_SYNTAX;
	}
	rc = read_params(a, q, &u.params, why);
	if (rc == RC_OK)
		rc = kind->settle(&u, answer);
	return rc == RC_OK ? buf_finish(out) : rc;
}
