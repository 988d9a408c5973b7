#include "gate.h"

#include "http.h"
#include "refuse.h"
#include "reply.h"
#include "sse_session.h"

/* A page that wants to send more names than that has something else in mind. */
#define ALLOWED_MAX ((size_t)4 * 1024)

static const struct slice json_type = SLICE_INIT("application/json");
static const struct slice event_type = SLICE_INIT("text/event-stream");
static const struct slice plain_type = SLICE_INIT("text/plain");

/* HEAD, which is never served, has no body in any answer. */
static bool
refuse(struct exchange *x, const struct refusal *why)
{
	if (x->http->method == HTTP_HEAD)
		reply_empty(x, why->status);
	else
		reply_refuse(x, why, SLICE_NONE, SLICE_NONE);
	return false;
}

/* Is the host the one, or any ("*"), of a list of names? */
static bool
is_listed(const struct slice *list, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_eq(list[i], SLICE("*")) || slice_ieq(list[i], name))
			return true;
	}
	return false;
}

/*
 * Against DNS rebinding: what came in on a loopback address must have been
 * meant for one.  Elsewhere the web server's virtual hosts decide, unless
 * names are configured.
 */
static bool
host_allowed(const struct exchange *x, struct http_origin *host)
{
	const struct server_rules *rules = &x->server->rules;
	struct slice value = http_get(x->http, HTTP_HOST);

	*host = (struct http_origin){ .host = SLICE_NONE };
	if (value.len == 0)
		return rules->n_hosts == 0;
	if (http_read_host(value, host) != RC_OK)
		return false;
	if (rules->n_hosts > 0)
		return is_listed(rules->hosts, rules->n_hosts, host->host) ||
		    is_listed(rules->hosts, rules->n_hosts, value);
	return !http_is_loopback(x->http->server_addr) ||
	    http_is_loopback(host->host);
}

/* It goes back in a header of the answer, so nothing else may be in it. */
static bool
is_visible(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < 0x21 || s.ptr[i] > 0x7E)
			return false;
	}
	return true;
}

/*
 * The same host, whatever port and scheme: an Origin is a claim about the
 * page, and pages of this host are the owner's.
 */
static bool
origin_allowed(const struct exchange *x, const struct http_origin *host)
{
	const struct server_rules *rules = &x->server->rules;
	struct slice value = http_get(x->http, HTTP_ORIGIN);
	struct http_origin origin;

	if (value.len == 0)
		return true;
	if (!is_visible(value))
		return false;
	if (is_listed(rules->origins, rules->n_origins, value))
		return true;
	if (http_read_origin(value, &origin) != RC_OK)
		return false;
	if (http_is_loopback(host->host) && http_is_loopback(origin.host))
		return true;
	return host->host.len > 0 && slice_ieq(host->host, origin.host);
}

static bool
pass_origin(struct exchange *x)
{
	static const struct refusal bad_host = { 403, RPC_INVALID_REQUEST,
		"Host is not allowed" };
	static const struct refusal bad_origin = { 403, RPC_INVALID_REQUEST,
		"Origin is not allowed" };
	struct http_origin host;
	struct slice origin = http_get(x->http, HTTP_ORIGIN);

	if (!host_allowed(x, &host))
		return refuse(x, &bad_host);
	if (!origin_allowed(x, &host))
		return refuse(x, &bad_origin);
	if (origin.len > 0) {
		reply_header(x, "Access-Control-Allow-Origin", origin);
		reply_header(x, "Access-Control-Expose-Headers",
		    SLICE("Mcp-Session-Id, WWW-Authenticate"));
		reply_header(x, "Vary", SLICE("Origin"));
	}
	return true;
}

/* /mcp, /mcp/ and //mcp are one place; a redirect would lose the body. */
static bool
path_is(struct slice path, struct slice wanted)
{
	if (slice_eq(wanted, SLICE("*")))
		return true;
	while (path.len > 1 && path.ptr[1] == '/' && path.ptr[0] == '/')
		path = slice_from(path, 1);
	while (path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	return slice_eq(path, wanted);
}

/* Where clients look for an authorization server, at the root or behind the
 * endpoint: there is none, and that may change. */
static bool
is_well_known(struct slice path)
{
	static const struct slice mark = SLICE_INIT("/.well-known/");

	while (path.len > 0 && !slice_starts(path, mark))
		path = slice_from(path, 1);
	return path.len > 0;
}

static bool
refuse_path(struct exchange *x)
{
	static const struct refusal no_page = { 404, RPC_INVALID_REQUEST,
		"There is nothing here; see the configured endpoint" };

	if (is_well_known(x->http->path))
		reply_header(x, "Cache-Control", SLICE("max-age=60"));
	return refuse(x, &no_page);
}

static bool
pass_path(struct exchange *x)
{
	const struct server_rules *rules = &x->server->rules;
	struct slice path = x->http->path;
	bool is_any = slice_eq(rules->path, SLICE("*"));

	x->place = PLACE_ENDPOINT;
	if (is_any && is_well_known(path))
		return refuse_path(x);
	if (!is_any && path_is(path, rules->path))
		return true;
	if (sse_is_offered(x->server)) {
		if (path_is(path, rules->messages_path))
			x->place = PLACE_MESSAGES;
		else if (rules->sse_path.ptr != NULL &&
		    path_is(path, rules->sse_path))
			x->place = PLACE_SSE;
	}
	return is_any || x->place != PLACE_ENDPOINT || refuse_path(x);
}

/* What each place is for. */
static const struct {
	bool has_get;
	bool has_post;
	struct slice allow;
} places[] = {
	[PLACE_ENDPOINT] = { true, true, SLICE_INIT("GET, POST, DELETE") },
	[PLACE_SSE] = { true, false, SLICE_INIT("GET") },
	[PLACE_MESSAGES] = { false, true, SLICE_INIT("POST") },
};

/* The name of a header that repeats an argument? */
static bool
is_param(struct slice name)
{
	static const struct slice prefix = SLICE_INIT("Mcp-Param-");

	if (name.len <= prefix.len ||
	    !slice_ieq((struct slice){ name.ptr, prefix.len }, prefix))
		return false;
	for (size_t i = prefix.len; i < name.len; i++) {
		char c = name.ptr[i];

		if (c != '-' && !(c >= '0' && c <= '9') &&
		    !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z'))
			return false;
	}
	return true;
}

/* What a page may send: headers of arguments have any name, so those that it
 * asks for are allowed. */
static struct slice
allowed_headers(struct exchange *x)
{
	static const struct slice always =
	    SLICE_INIT("Content-Type, Accept, Authorization, "
		       "MCP-Protocol-Version, Mcp-Session-Id, Last-Event-ID, "
		       "Mcp-Method, Mcp-Name, traceparent, tracestate, "
		       "baggage");
	struct slice rest = http_get(x->http, HTTP_REQUESTED_HEADERS);
	struct slice out;
	struct buf b = BUF_INIT(ALLOWED_MAX);

	buf_put_slice(&b, always);
	while (rest.ptr != NULL) {
		struct slice name = slice_trim(slice_cut(rest, ',', &rest));

		if (!is_param(name))
			continue;
		buf_put_slice(&b, SLICE(", "));
		buf_put_slice(&b, name);
	}
	if (buf_finish(&b) != RC_OK ||
	    arena_copy(x->arena, buf_slice(&b), &out) != RC_OK)
		out = always;
	buf_release(&b);
	return out;
}

static bool
pass_method(struct exchange *x)
{
	static const struct refusal bad_method = { 405, RPC_INVALID_REQUEST,
		"Method not allowed" };

	switch (x->http->method) {
	case HTTP_GET:
		if (places[x->place].has_get)
			return true;
		break;
	case HTTP_POST:
		if (places[x->place].has_post)
			return true;
		break;
	case HTTP_DELETE:
		if (x->place == PLACE_ENDPOINT)
			return true;
		break;
	case HTTP_OPTIONS:
		reply_header(x, "Access-Control-Allow-Methods",
		    SLICE("GET, POST, DELETE"));
		reply_header(
		    x, "Access-Control-Allow-Headers", allowed_headers(x));
		reply_header(x, "Access-Control-Max-Age", SLICE("86400"));
		reply_empty(x, 204);
		return false;
	case HTTP_HEAD:
	case HTTP_OTHER:
		break;
	}
	reply_header(x, "Allow", places[x->place].allow);
	return refuse(x, &bad_method);
}

/* A client of HTTP+SSE may post at the endpoint as well; its id tells. */
static void
find_messages(struct exchange *x)
{
	if (x->place == PLACE_ENDPOINT && sse_is_offered(x->server) &&
	    http_get(x->http, HTTP_MCP_SESSION_ID).len == 0 &&
	    sse_session_id(x).ptr != NULL)
		x->place = PLACE_MESSAGES;
}

/* HTTP+SSE says nothing about media types. */
static bool
is_strict(const struct exchange *x)
{
	return x->server->rules.strict && x->place != PLACE_MESSAGES;
}

static bool
pass_content(struct exchange *x)
{
	static const struct refusal too_large = { 413, RPC_INVALID_REQUEST,
		"The body is too large" };
	static const struct refusal encoded = { 415, RPC_INVALID_REQUEST,
		"Content-Encoding is not supported" };
	struct slice type = http_get(x->http, HTTP_CONTENT_TYPE);
	struct slice encoding = http_get(x->http, HTTP_CONTENT_ENCODING);

	if (x->http->body_state == HTTP_BODY_TOO_LARGE)
		return refuse(x, &too_large);
	if (encoding.len > 0 && !slice_ieq(encoding, SLICE("identity")))
		return refuse(x, &encoded);
	if (http_media_is(type, json_type))
		return true;
	if (is_strict(x))
		return refuse(x, &refuse_bad_type);
	/* Of text, notifications are taken: see post_handle(). */
	x->is_plain = type.len > 0 && http_media_is(type, plain_type);
	return type.len == 0 || x->is_plain || refuse(x, &refuse_bad_type);
}

static bool
pass_accept(struct exchange *x)
{
	static const struct refusal unacceptable = { 406, RPC_INVALID_REQUEST,
		"Accept must allow application/json or text/event-stream" };
	static const struct refusal half = { 406, RPC_INVALID_REQUEST,
		"Accept must list application/json and text/event-stream" };
	struct slice accept = http_get(x->http, HTTP_ACCEPT);

	if (is_strict(x) &&
	    (!http_accepts_exactly(accept, json_type) ||
		!http_accepts_exactly(accept, event_type)))
		return refuse(x, &half);
	/* What is posted to HTTP+SSE is not answered here. */
	if (x->place == PLACE_MESSAGES || http_accepts(accept, json_type))
		return true;
	x->wants_event = http_accepts(accept, event_type);
	return x->wants_event || refuse(x, &unacceptable);
}

bool
gate_pass(struct exchange *x)
{
	if (!pass_origin(x) || !pass_path(x) || !pass_method(x))
		return false;
	if (x->http->method != HTTP_POST)
		return true;
	find_messages(x);
	return pass_content(x) && pass_accept(x);
}
