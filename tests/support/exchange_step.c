#include "exchange_step.h"

#include <stdio.h>
#include <string.h>

#include "exchange_forms.h"
#include "fuzz.h"
#include "header.h"
#include "json_mutate.h"

#define TEXT_MAX ((size_t)4 * 1024 * 1024)

static const char *const word_names[WORDS] = { "@cursor", "@task", "@state",
	"@question", "@request", "@event", "@endpoint" };

static unsigned
take(struct exchange_step *p, unsigned below)
{
	return fuzz_take(p->source, below);
}

static const struct exchange_caller *
caller(const struct exchange_step *p)
{
	return &exchange_callers[p->caller];
}

/* A value that lives as long as the request. */
static void
header(struct exchange_step *p, const char *name, struct slice value)
{
	char *kept = arena_string(p->arena, value);

	law(kept != NULL);
	value.ptr = kept;
	exchange_bench_variable(p->arena, &p->http, name, value);
}

/* ---------------------------------------------------------------- body */

static struct slice
filled(void *ctx, struct slice name)
{
	struct exchange_step *p = ctx;

	if (slice_eq(name, SLICE("@mark")))
		return slice_of(p->mark);
	if (slice_eq(name, SLICE("@note")))
		return slice_of(p->note);
	for (size_t i = 0; i < WORDS; i++) {
		if (slice_eq(name, slice_of(word_names[i])) &&
		    p->words->word[i][0] != '\0')
			return slice_of(p->words->word[i]);
	}
	return name;
}

/* One that this client can send, as a rule. */
static const struct exchange_form *
take_form(struct exchange_step *p)
{
	unsigned era = caller(p)->is_modern ? ERA_MODERN : ERA_LEGACY;
	size_t i = take(p, (unsigned)exchange_forms_n);

	if (take(p, 16) == 15)
		era = ERA_BOTH;
	while ((exchange_forms[i].eras & era) == 0)
		i = (i + 1) % exchange_forms_n;
	return &exchange_forms[i];
}

static void
put_meta(struct exchange_step *p, struct buf *b)
{
	static const char *const caps[] = { "{}", "{\"elicitation\":{}}",
		"{\"elicitation\":{\"url\":{},\"form\":{}},\"sampling\":{},"
		"\"roots\":{},\"extensions\":{"
		"\"io.modelcontextprotocol/tasks\":{}}}",
		"{\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}" };
	static const char *const options[] = { "", "",
		",\"io.modelcontextprotocol/logLevel\":\"debug\"",
		(",\"io.modelcontextprotocol/clientInfo\":{"
		 "\"name\":\"@mark\",\"version\":\"1\"}") };
	unsigned more = take(p, 4);

	if (!caller(p)->is_modern && more != 1)
		return;
	buf_put_slice(b, SLICE("\"_meta\":{"));
	if (caller(p)->is_modern) {
		buf_printf(b,
		    "\"io.modelcontextprotocol/protocolVersion\":\"%s\","
		    "\"io.modelcontextprotocol/clientCapabilities\":%s",
		    caller(p)->revision, caps[take(p, 4)]);
		buf_put_slice(b, slice_of(options[more]));
	}
	if (more > 0) {
		json_put_comma(b);
		buf_put_slice(b, SLICE("\"progressToken\":\"@mark\""));
	}
	buf_put_char(b, '}');
}

static void
put_form(struct exchange_step *p, struct buf *b)
{
	static const char *const ids[] = { "1", "2", "\"a\"", "\"\\u00e9\"",
		"-5", "12345678901234567890" };
	const struct exchange_form *form = take_form(p);

	buf_put_slice(b, SLICE("{\"jsonrpc\":\"2.0\","));
	if (form->method == NULL) {
		buf_printf(b, "\"id\":\"@question\",%s}", form->params);
		return;
	}
	if (!slice_starts(slice_of(form->method), SLICE("notifications/")))
		buf_printf(b, "\"id\":%s,", ids[take(p, 6)]);
	buf_printf(b, "\"method\":\"%s\",\"params\":{", form->method);
	put_meta(p, b);
	if (form->params[1] != '}') {
		json_put_comma(b);
		buf_put_slice(b, slice_of(form->params + 1));
	} else {
		buf_put_char(b, '}');
	}
	buf_put_char(b, '}');
}

static void
flip_bytes(struct exchange_step *p)
{
	for (unsigned n = take(p, 4); n > 0 && p->body.len > 0; n--) {
		size_t at = fuzz_take_wide(p->source) % p->body.len;

		p->body.ptr[at] = (char)take(p, 256);
	}
}

static void
make_body(struct exchange_step *p)
{
	struct json_mutate mutate = {
		.source = p->source, .filled = filled, .ctx = p
	};
	struct buf text = BUF_INIT(TEXT_MAX);
	unsigned how = take(p, 32);
	unsigned n = how >= 28 ? 1 + take(p, 4) : 1;
	const struct json *root;

	if (n > 1)
		buf_put_char(&text, '[');
	for (unsigned i = 0; i < n; i++) {
		json_put_comma(&text);
		put_form(p, &text);
	}
	if (n > 1)
		buf_put_char(&text, ']');
	law(json_read(p->arena, buf_slice(&text), &json_limits_default, &root,
		NULL) == RC_OK);
	mutate.edits = how % 8 < 4 ? 0 : how % 8 - 3;
	json_mutate(&mutate, root, &p->body);
	if (how == 27)
		flip_bytes(p);
	buf_release(&text);
	p->http.body = buf_slice(&p->body);
}

static void
note_id(struct exchange_step *p, const struct rpc_message *m)
{
	if (m->kind == RPC_REQUEST && p->n_ids < EXCHANGE_IDS)
		p->id[p->n_ids++] = m->id;
}

/* What the server should make of it. */
static void
understand(struct exchange_step *p)
{
	const struct json *root = NULL;
	struct rpc_message m;
	const char *why;

	p->is_message = json_read(p->arena, p->http.body, &json_limits_default,
			    &root, NULL) == RC_OK &&
	    rpc_read(root, &p->message, &why) == RC_OK;
	if (!p->is_message) {
		p->message = (struct rpc_message){ .kind = RPC_RESPONSE };
		return;
	}
	note_id(p, &p->message);
	if (p->message.kind != RPC_BATCH)
		return;
	for (const struct json *e = root->child; e != NULL; e = e->next) {
		if (rpc_read(e, &m, &why) == RC_OK)
			note_id(p, &m);
	}
}

/* ------------------------------------------------------------- headers */

/* What each may say besides what is right. */
static const struct {
	const char *name;
	const char *values[5];
} odd[] = {
	{ "HTTP_ACCEPT",
	    { "*/*", "application/json", "text/event-stream", "text/html",
		"application/json;q=0" } },
	{ "CONTENT_TYPE",
	    { "application/json; charset=utf-8", "text/plain", "",
		"application/json;", "x" } },
	{ "HTTP_MCP_PROTOCOL_VERSION",
	    { "2026-07-28", "2025-06-18", "2024-11-05", "1900-01-01",
		"v999" } },
	{ "HTTP_MCP_METHOD",
	    { "tools/call", "server/discover", "", "ping", "tasks/get" } },
	{ "HTTP_MCP_NAME",
	    { "echo", "=?base64?ZWNobw==?=", "=?base64?", "", "note://one" } },
	{ "HTTP_MCP_PARAM_REGION", { "eu", "=?base64?ZXU=?=", "", "x", "\t" } },
	{ "HTTP_MCP_PARAM_DAYS", { "3.0", "3", "4", "", "1e1" } },
	{ "HTTP_ORIGIN",
	    { "http://localhost", "https://evil.example", "null", "", "x" } },
	{ "HTTP_HOST",
	    { "localhost", "localhost:80", "evil.example", "[::1]", "" } },
	{ "HTTP_CONTENT_ENCODING", { "gzip", "", "identity", "x", "br" } },
	{ "REQUEST_URI",
	    { "/mcp/", "/mcp?sessionId=1", "/messages?sessionId=x", "/sse",
		"/" } },
	{ "HTTP_MCP_SESSION_ID", { "", "x", "0", "a,b", "\x7f" } },
	{ "HTTP_LAST_EVENT_ID", { "1-1-1", "", "x", "0-0-0", "1-1-999" } },
};

#define ODD (sizeof(odd) / sizeof(odd[0]))

/* Mostly the right value (absent: none), now and then another. */
static void
put_header(struct exchange_step *p, const char *name, struct slice right)
{
	unsigned how = take(p, 64);
	size_t i = 0;

	if (how < 58 || how == 63) {
		if (right.ptr != NULL)
			header(p, name, right);
		return;
	}
	while (i < ODD && strcmp(odd[i].name, name) != 0)
		i++;
	if (how == 62 || i == ODD)
		header(p, name, fuzz_take_string(p->source));
	else if (how < 61)
		header(p, name, slice_of(odd[i].values[take(p, 5)]));
}

static void
put_encoded(struct exchange_step *p, const char *name, struct slice value)
{
	struct buf text = BUF_INIT(TEXT_MAX);

	if (value.ptr != NULL) {
		header_put(&text, value);
		value = text.ptr == NULL ? SLICE("") : buf_slice(&text);
	}
	put_header(p, name, value);
	buf_release(&text);
}

/* The text of a string, or else its source. */
static struct slice
shown(const struct json *v)
{
	if (v == NULL)
		return SLICE_NONE;
	return v->type == JSON_STRING ? v->text : v->raw;
}

static void
put_modern_headers(struct exchange_step *p)
{
	const struct json *params = p->message.params;
	const struct json *args = json_get(params, "arguments");
	struct slice name = json_text(json_get(params, "name"));

	if (name.ptr == NULL)
		name = json_text(json_get(params, "uri"));
	if (name.ptr == NULL)
		name = json_text(json_get(params, "taskId"));
	put_encoded(p, "HTTP_MCP_METHOD", p->message.method);
	put_encoded(p, "HTTP_MCP_NAME", name);
	put_encoded(
	    p, "HTTP_MCP_PARAM_REGION", shown(json_get(args, "region")));
	put_encoded(p, "HTTP_MCP_PARAM_DAYS", shown(json_get(args, "days")));
	put_encoded(
	    p, "HTTP_MCP_PARAM_METRIC", shown(json_get(args, "metric")));
	put_encoded(p, "HTTP_MCP_PARAM_TIME_ZONE",
	    shown(json_get(json_get(args, "place"), "zone")));
}

/* An id of somebody else, who is not of the same name. */
static struct slice
foreign_session(struct exchange_step *p)
{
	size_t i = take(p, EXCHANGE_CALLERS);
	const char *mine = caller(p)->user, *theirs = exchange_callers[i].user;

	if ((mine == NULL) == (theirs == NULL) &&
	    (mine == NULL || strcmp(mine, theirs) == 0))
		return SLICE_NONE;
	return slice_of(p->bench->session[i]);
}

static void
put_session(struct exchange_step *p)
{
	struct slice id = slice_of(p->bench->session[p->caller]);
	unsigned how = take(p, 32);
	char *changed;

	if (how == 31) {
		id = SLICE_NONE;
	} else if (how == 30) {
		id = foreign_session(p);
	} else if (how == 29) {
		changed = arena_string(p->arena, id);
		law(changed != NULL && id.len > 0);
		changed[take(p, 256) % id.len] = (char)(1 + take(p, 255));
		id.ptr = changed;
	}
	put_header(p, "HTTP_MCP_SESSION_ID", id);
}

static void
put_user(struct exchange_step *p)
{
	const char *user = caller(p)->user;

	/* Whose words the modern ones are is known by this alone. */
	if (!caller(p)->is_modern && take(p, 32) == 31)
		user = user == NULL ? "alice" : "mallory";
	if (user == NULL)
		return;
	header(p, "REMOTE_USER", slice_of(user));
	header(p, "AUTH_TYPE", SLICE("Basic"));
}

/* One client also uses HTTP+SSE. */
static struct slice
place(struct exchange_step *p)
{
	const char *endpoint = p->words->word[WORD_ENDPOINT];

	if (p->caller != 0 || take(p, 4) == 0)
		return SLICE("/mcp");
	if (p->http.method == HTTP_GET)
		return SLICE("/sse");
	return endpoint[0] == '\0' ? SLICE("/mcp") : slice_of(endpoint);
}

static void
put_headers(struct exchange_step *p, const char *method)
{
	const struct exchange_caller *c = caller(p);
	struct slice version = slice_of(c->revision);

	header(p, "REQUEST_METHOD", slice_of(method));
	header(p, "SERVER_ADDR", SLICE("127.0.0.1"));
	header(p, "SERVER_NAME", SLICE("localhost"));
	put_header(p, "REQUEST_URI", place(p));
	put_header(p, "HTTP_ACCEPT",
	    take(p, 4) == 0 ? SLICE("application/json")
			    : SLICE("application/json, text/event-stream"));
	put_header(p, "CONTENT_TYPE", SLICE("application/json"));
	put_header(p, "HTTP_ORIGIN", SLICE_NONE);
	put_header(p, "HTTP_HOST", SLICE_NONE);
	put_header(p, "HTTP_CONTENT_ENCODING", SLICE_NONE);
	if (!c->is_modern && take(p, 2) == 0)
		version = SLICE_NONE;
	put_header(p, "HTTP_MCP_PROTOCOL_VERSION", version);
	if (c->is_modern)
		put_modern_headers(p);
	else
		put_session(p);
	put_user(p);
	if (p->http.method == HTTP_GET && take(p, 2) == 1)
		put_header(p, "HTTP_LAST_EVENT_ID",
		    slice_of(p->words->word[WORD_EVENT]));
}

/* ---------------------------------------------------------------- public */

void
exchange_step_make(struct exchange_step *p)
{
	static const char *const methods[] = { "POST", "GET", "DELETE",
		"OPTIONS", "HEAD", "PUT" };
	unsigned how = take(p, 64);
	const char *method = methods[how < 54 ? 0 : how < 60 ? 1 : how - 58];

	p->caller = take(p, EXCHANGE_CALLERS);
	(void)snprintf(
	    p->mark, sizeof(p->mark), "MARK%c", (char)('A' + p->caller));
	(void)snprintf(p->note, sizeof(p->note), "note://%s", p->mark);
	p->body = BUF_INIT(TEXT_MAX);
	p->http = (struct http_request){ .method = HTTP_OTHER };
	if (how < 54)
		make_body(p);
	understand(p);
	put_headers(p, method);
}

void
exchange_step_release(struct exchange_step *p)
{
	buf_release(&p->body);
}
