#ifndef MCP_HTTP_H
#define MCP_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "buf.h"
#include "rc.h"
#include "slice.h"

/* An HTTP request as a CGI program sees it (RFC 3875), no matter by which
 * road it came. */
enum http_method {
	HTTP_GET,
	HTTP_POST,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_HEAD,
	HTTP_OTHER
};

/* The header fields that somebody asks for.  Unknown ones are not kept. */
enum http_field {
	HTTP_ACCEPT,
	HTTP_AUTHORIZATION,
	HTTP_CONTENT_ENCODING,
	HTTP_CONTENT_TYPE,
	HTTP_HOST,
	HTTP_LAST_EVENT_ID,
	HTTP_MCP_METHOD,
	HTTP_MCP_NAME,
	HTTP_MCP_PROTOCOL_VERSION,
	HTTP_MCP_SESSION_ID,
	HTTP_ORIGIN,
	HTTP_REQUESTED_HEADERS, /* Access-Control-Request-Headers */
	HTTP_FIELDS             /* how many there are */
};

/* One Mcp-Param-* field; the name as CGI brings it: upper case, '_' for '-',
 * without the HTTP_MCP_PARAM_ in front. */
struct http_param {
	struct slice name;
	struct slice value;
	struct http_param *next;
};

enum http_body {
	HTTP_BODY_OK,
	HTTP_BODY_TOO_LARGE /* over our limit; was not kept */
};

/* What http_take_variable() must remember, since the variables may come in
 * any order and some stand in for others.  Nobody else's business. */
struct http_cgi {
	bool has_uri;           /* path and query are REQUEST_URI's */
	bool has_authorization; /* and not REDIRECT_HTTP_AUTHORIZATION */
	bool has_content_type;  /* and not HTTP_CONTENT_TYPE */
	struct slice script_name;
	struct slice path_info;
};

struct http_request {
	enum http_method method;
	struct slice method_name;
	struct slice path;  /* REQUEST_URI without the query, not decoded */
	struct slice query; /* absent if there is none */
	struct slice field[HTTP_FIELDS]; /* absent, or the value as sent */
	struct http_param *params;
	struct slice remote_user; /* REMOTE_USER, if not empty */
	struct slice auth_type;   /* AUTH_TYPE, if not empty */
	struct slice remote_addr;
	struct slice server_addr; /* SERVER_ADDR: where it came in */
	struct slice server_name; /* SERVER_NAME */
	bool is_https;
	struct slice body;
	enum http_body body_state;
	struct http_cgi cgi;
};

/*
 * Take one field into the request.  The name may be written as in HTTP
 * (Mcp-Name) or as in CGI without its HTTP_ (MCP_NAME), in any case.  A known
 * field that comes twice is joined with ", ", as RFC 9110 5.3 has it.  The
 * value is not copied.  RC_OK also for names nobody asks for; RC_NOMEM.
 */
MUST_CHECK enum rc http_take_field(struct http_request *r, struct arena *a,
    struct slice name, struct slice value);

/*
 * Take one CGI variable: REQUEST_METHOD, REQUEST_URI, CONTENT_TYPE, HTTP_*,
 * REDIRECT_HTTP_AUTHORIZATION, REMOTE_USER, HTTPS and so on.  HTTP_PROXY and
 * unknown ones are ignored.  Neither name nor value is copied.
 */
MUST_CHECK enum rc http_take_variable(struct http_request *r, struct arena *a,
    struct slice name, struct slice value);

/* The value of a field without white space around it; absent if it was not
 * sent.  An empty field counts as absent (front ends drop or add them). */
struct slice http_get(const struct http_request *r, enum http_field f);

/* The value of Mcp-Param-<suffix>, the suffix as the tool's schema writes it
 * (any case, '-').  Absent if not sent; may be empty. */
struct slice http_param(const struct http_request *r, struct slice suffix);

/* Is the media type of a Content-Type value this one (type/subtype, in lower
 * case)?  Parameters are ignored, but a charset other than utf-8 is not. */
bool http_media_is(struct slice content_type, struct slice media);

/*
 * Would an Accept value take this media type (RFC 9110 12.5.1)?  Ranges count;
 * q=0 refuses; an absent value accepts everything.
 */
bool http_accepts(struct slice accept, struct slice media);

/* Does it name exactly this media type, no range, with q above 0? */
bool http_accepts_exactly(struct slice accept, struct slice media);

/* The parts of an Origin or of a Host value. */
struct http_origin {
	struct slice scheme; /* absent for a Host value */
	struct slice host;   /* IPv6 with its brackets */
	struct slice port;   /* absent if not written */
};

/* RC_SYNTAX for anything but scheme://host[:port], `null` included. */
MUST_CHECK enum rc http_read_origin(
    struct slice value, struct http_origin *out);
MUST_CHECK enum rc http_read_host(struct slice value, struct http_origin *out);

/* Is it localhost, 127.0.0.0/8 or [::1]?  An address may also stand as in
 * SERVER_ADDR: ::1, or ::ffff:127.0.0.1 from a socket for both families. */
bool http_is_loopback(struct slice host);

/* The standard phrase of a status we use: 404 -> "Not Found". */
const char *http_phrase(int status);

#endif
