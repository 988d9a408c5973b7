#include "http.h"

/* A row is called with its number; what the number means is its own matter. */
struct variable {
	struct slice name;
	enum rc (*take)(struct http_request *r, struct arena *a, size_t what,
	    struct slice value);
	size_t what;
};

/* Longest name of a field in the table, for folding on the stack. */
#define FIELD_NAME_MAX 32
#define CGI_PREFIX "HTTP_"
#define PARAM_PREFIX "HTTP_MCP_PARAM_"

static bool
is_blank(struct slice value)
{
	return slice_trim(value).len == 0;
}

/* RFC 9110 5.3: several lines of one name mean one list. */
static enum rc
join(struct arena *a, struct slice *into, struct slice value)
{
	size_t len = into->len + 2 + value.len;
	char *p;

	if (into->ptr == NULL) {
		*into = value;
		return RC_OK;
	}
	p = arena_bytes(a, len);
	if (p == NULL)
		return RC_NOMEM;
	if (into->len > 0)
		memcpy(p, into->ptr, into->len);
	p[into->len] = ',';
	p[into->len + 1] = ' ';
	if (value.len > 0)
		memcpy(p + into->len + 2, value.ptr, value.len);
	*into = (struct slice){ p, len };
	return RC_OK;
}

static enum rc
take_field(
    struct http_request *r, struct arena *a, size_t what, struct slice value)
{
	return join(a, &r->field[what], value);
}

/* The name is the suffix in the form of CGI. */
static enum rc
take_param(struct http_request *r, struct arena *a, struct slice name,
    struct slice value)
{
	struct http_param **at = &r->params;

	for (; *at != NULL; at = &(*at)->next) {
		if (slice_eq((*at)->name, name))
			return join(a, &(*at)->value, value);
	}
	*at = arena_alloc(a, sizeof(**at));
	if (*at == NULL)
		return RC_NOMEM;
	(*at)->name = name;
	(*at)->value = value;
	return RC_OK;
}

/* Apache hides the field from programs but may hand it over as a variable of
 * its own, which a rewrite renames; sometimes both arrive, one of them empty. */
static enum rc
take_authorization(
    struct http_request *r, struct arena *a, size_t what, struct slice value)
{
	if (is_blank(value))
		return RC_OK;
	if (!r->cgi.has_authorization)
		r->field[what] = SLICE_NONE;
	r->cgi.has_authorization = true;
	return join(a, &r->field[what], value);
}

/* nginx sends the type under both names; joined they would mean nothing. */
static enum rc
take_content_type(
    struct http_request *r, struct arena *a, size_t what, struct slice value)
{
	if (is_blank(value))
		return RC_OK;
	if (!r->cgi.has_content_type)
		r->field[what] = SLICE_NONE;
	r->cgi.has_content_type = true;
	return join(a, &r->field[what], value);
}

static enum rc
take_redirected(
    struct http_request *r, struct arena *a, size_t what, struct slice value)
{
	if (r->cgi.has_authorization || is_blank(value))
		return RC_OK;
	return join(a, &r->field[what], value);
}

static enum rc
take_http_content_type(
    struct http_request *r, struct arena *a, size_t what, struct slice value)
{
	if (r->cgi.has_content_type || is_blank(value))
		return RC_OK;
	return join(a, &r->field[what], value);
}

static enum rc
take_method(
    struct http_request *r, struct arena *a, size_t what, struct slice value)
{
	static const struct {
		struct slice name;
		enum http_method method;
	} methods[] = {
		{ SLICE_INIT("POST"), HTTP_POST },
		{ SLICE_INIT("GET"), HTTP_GET },
		{ SLICE_INIT("DELETE"), HTTP_DELETE },
		{ SLICE_INIT("OPTIONS"), HTTP_OPTIONS },
		{ SLICE_INIT("HEAD"), HTTP_HEAD },
	};

	(void)a;
	(void)what;
	r->method_name = value;
	r->method = HTTP_OTHER;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (slice_eq(methods[i].name, value))
			r->method = methods[i].method;
	}
	return RC_OK;
}

/* Behind scheme and authority of an absolute-form target (RFC 9112 3.2.2);
 * any other target is left alone. */
static struct slice
without_authority(struct slice uri)
{
	size_t at = 0;

	if (uri.len == 0 || uri.ptr[0] == '/')
		return uri;
	while (at < uri.len && uri.ptr[at] != ':' && uri.ptr[at] != '/' &&
	    uri.ptr[at] != '?')
		at++;
	if (!slice_starts(slice_from(uri, at), SLICE("://")))
		return uri;
	for (at += 3; at < uri.len; at++) {
		if (uri.ptr[at] == '/' || uri.ptr[at] == '?')
			break;
	}
	return slice_from(uri, at);
}

static enum rc
take_uri(
    struct http_request *r, struct arena *a, size_t what, struct slice value)
{
	struct slice path, query;

	(void)a;
	(void)what;
	if (value.len == 0)
		return RC_OK;
	path = slice_cut(without_authority(value), '?', &query);
	r->cgi.has_uri = true;
	r->path = path.len > 0 ? path : SLICE("/");
	r->query = query.len > 0 ? query : SLICE_NONE;
	return RC_OK;
}

/* The path of a server that does not tell the URI. */
static enum rc
compose_path(struct http_request *r, struct arena *a)
{
	struct slice script = r->cgi.script_name;
	struct slice info = r->cgi.path_info;
	char *p;

	if (r->cgi.has_uri)
		return RC_OK;
	if (script.len == 0 || info.len == 0) {
		r->path = script.len > 0 ? script : info;
		return RC_OK;
	}
	p = arena_bytes(a, script.len + info.len);
	if (p == NULL)
		return RC_NOMEM;
	memcpy(p, script.ptr, script.len);
	memcpy(p + script.len, info.ptr, info.len);
	r->path = (struct slice){ p, script.len + info.len };
	return RC_OK;
}

static enum rc
take_script_name(
    struct http_request *r, struct arena *a, size_t what, struct slice value)
{
	(void)what;
	r->cgi.script_name = value;
	return compose_path(r, a);
}

static enum rc
take_path_info(
    struct http_request *r, struct arena *a, size_t what, struct slice value)
{
	(void)what;
	r->cgi.path_info = value;
	return compose_path(r, a);
}

static enum rc
take_query(
    struct http_request *r, struct arena *a, size_t what, struct slice value)
{
	(void)a;
	(void)what;
	if (!r->cgi.has_uri)
		r->query = value.len > 0 ? value : SLICE_NONE;
	return RC_OK;
}

/* A variable that is kept as it is; `what` is the place of its slice. */
static enum rc
take_text(
    struct http_request *r, struct arena *a, size_t what, struct slice value)
{
	(void)a;
	if (value.len > 0)
		memcpy((char *)r + what, &value, sizeof(value));
	return RC_OK;
}

static enum rc
take_https(
    struct http_request *r, struct arena *a, size_t what, struct slice value)
{
	(void)a;
	(void)what;
	if (slice_ieq(value, SLICE("on")) || slice_eq(value, SLICE("1")))
		r->is_https = true;
	return RC_OK;
}

static enum rc
take_scheme(
    struct http_request *r, struct arena *a, size_t what, struct slice value)
{
	(void)a;
	(void)what;
	if (slice_ieq(value, SLICE("https")))
		r->is_https = true;
	return RC_OK;
}

#define TEXT(member) take_text, offsetof(struct http_request, member)

/* Sorted by length and then by bytes, for find_variable(). */
static const struct variable variables[] = {
	{ SLICE_INIT("HTTPS"), take_https, 0 },
	{ SLICE_INIT("AUTH_TYPE"), TEXT(auth_type) },
	{ SLICE_INIT("HTTP_HOST"), take_field, HTTP_HOST },
	{ SLICE_INIT("PATH_INFO"), take_path_info, 0 },
	{ SLICE_INIT("HTTP_ACCEPT"), take_field, HTTP_ACCEPT },
	{ SLICE_INIT("HTTP_ORIGIN"), take_field, HTTP_ORIGIN },
	{ SLICE_INIT("REMOTE_ADDR"), TEXT(remote_addr) },
	{ SLICE_INIT("REMOTE_USER"), TEXT(remote_user) },
	{ SLICE_INIT("REQUEST_URI"), take_uri, 0 },
	{ SLICE_INIT("SCRIPT_NAME"), take_script_name, 0 },
	{ SLICE_INIT("SERVER_ADDR"), TEXT(server_addr) },
	{ SLICE_INIT("SERVER_NAME"), TEXT(server_name) },
	{ SLICE_INIT("CONTENT_TYPE"), take_content_type, HTTP_CONTENT_TYPE },
	{ SLICE_INIT("QUERY_STRING"), take_query, 0 },
	{ SLICE_INIT("HTTP_MCP_NAME"), take_field, HTTP_MCP_NAME },
	{ SLICE_INIT("REQUEST_METHOD"), take_method, 0 },
	{ SLICE_INIT("REQUEST_SCHEME"), take_scheme, 0 },
	{ SLICE_INIT("HTTP_MCP_METHOD"), take_field, HTTP_MCP_METHOD },
	{ SLICE_INIT("HTTP_CONTENT_TYPE"), take_http_content_type,
	    HTTP_CONTENT_TYPE },
	{ SLICE_INIT("HTTP_AUTHORIZATION"), take_authorization,
	    HTTP_AUTHORIZATION },
	{ SLICE_INIT("HTTP_LAST_EVENT_ID"), take_field, HTTP_LAST_EVENT_ID },
	{ SLICE_INIT("HTTP_MCP_SESSION_ID"), take_field, HTTP_MCP_SESSION_ID },
	{ SLICE_INIT("HTTP_CONTENT_ENCODING"), take_field,
	    HTTP_CONTENT_ENCODING },
	{ SLICE_INIT("HTTP_MCP_PROTOCOL_VERSION"), take_field,
	    HTTP_MCP_PROTOCOL_VERSION },
	{ SLICE_INIT("REDIRECT_HTTP_AUTHORIZATION"), take_redirected,
	    HTTP_AUTHORIZATION },
	{ SLICE_INIT("HTTP_ACCESS_CONTROL_REQUEST_HEADERS"), take_field,
	    HTTP_REQUESTED_HEADERS },
};

static int
compare_names(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return memcmp(a.ptr, b.ptr, a.len);
}

static const struct variable *
find_variable(struct slice name)
{
	size_t low = 0, high = sizeof(variables) / sizeof(*variables);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_names(name, variables[middle].name);

		if (order == 0)
			return &variables[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Absent is for what was not sent; this was. */
static struct slice
present(struct slice value)
{
	return value.ptr == NULL ? SLICE("") : value;
}

enum rc
http_take_variable(struct http_request *r, struct arena *a, struct slice name,
    struct slice value)
{
	const struct slice prefix = SLICE(PARAM_PREFIX);
	const struct variable *v;

	value = present(value);
	if (slice_starts(name, prefix) && name.len > prefix.len)
		return take_param(r, a, slice_from(name, prefix.len), value);
	v = name.len == 0 ? NULL : find_variable(name);
	return v == NULL ? RC_OK : v->take(r, a, v->what, value);
}

/* As CGI writes it (RFC 3875 4.1.18). */
static char
fold(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - ('a' - 'A'));
	if (c == '-')
		return '_';
	return c;
}

static bool
fold_eq(struct slice folded, struct slice name)
{
	if (folded.len != name.len)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (folded.ptr[i] != fold(name.ptr[i]))
			return false;
	}
	return true;
}

static void
fold_into(char *out, struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		out[i] = fold(name.ptr[i]);
}

static enum rc
take_param_field(struct http_request *r, struct arena *a, struct slice suffix,
    struct slice value)
{
	char *p;

	if (fold_eq(suffix, suffix))
		return take_param(r, a, suffix, value);
	p = arena_bytes(a, suffix.len);
	if (p == NULL)
		return RC_NOMEM;
	fold_into(p, suffix);
	return take_param(r, a, (struct slice){ p, suffix.len }, value);
}

enum rc
http_take_field(struct http_request *r, struct arena *a, struct slice name,
    struct slice value)
{
	const struct slice prefix = SLICE("MCP_PARAM_");
	char text[sizeof(CGI_PREFIX) - 1 + FIELD_NAME_MAX] = CGI_PREFIX;
	const struct variable *v;
	struct slice full;

	value = present(value);
	if (name.len > prefix.len &&
	    fold_eq(prefix, (struct slice){ name.ptr, prefix.len }))
		return take_param_field(
		    r, a, slice_from(name, prefix.len), value);
	if (name.len == 0 || name.len > FIELD_NAME_MAX)
		return RC_OK;
	fold_into(text + sizeof(CGI_PREFIX) - 1, name);
	full = (struct slice){ text, sizeof(CGI_PREFIX) - 1 + name.len };
	v = find_variable(full);
	return v == NULL ? RC_OK : v->take(r, a, v->what, value);
}

struct slice
http_get(const struct http_request *r, enum http_field f)
{
	struct slice value;

	if ((unsigned)f >= HTTP_FIELDS)
		return SLICE_NONE;
	value = slice_trim(r->field[f]);
	return value.len > 0 ? value : SLICE_NONE;
}

struct slice
http_param(const struct http_request *r, struct slice suffix)
{
	for (const struct http_param *p = r->params; p != NULL; p = p->next) {
		if (fold_eq(p->name, suffix))
			return p->value;
	}
	return SLICE_NONE;
}

const char *
http_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		/* RFC 9110 15, RFC 6585 */
		{ 200, "OK" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 411, "Length Required" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 421, "Misdirected Request" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(*phrases); i++) {
		if (phrases[i].status == status)
			return phrases[i].phrase;
	}
	return "Unknown";
}
