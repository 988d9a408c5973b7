#include "classify.h"

void
classify_get_facts(const struct http_request *http, struct get_facts *out)
{
	static const struct slice stream = SLICE_INIT("text/event-stream");
	struct slice header = http_get(http, HTTP_MCP_PROTOCOL_VERSION);
	struct slice accept = http_get(http, HTTP_ACCEPT);

	*out = (struct get_facts){ .is_delete = http->method == HTTP_DELETE,
		.has_header = header.ptr != NULL,
		.has_session_id = http_get(http, HTTP_MCP_SESSION_ID).len > 0,
		.has_event_id = http_get(http, HTTP_LAST_EVENT_ID).len > 0,
		.accepts_stream = http_accepts(accept, stream),
		.asks_stream = accept.ptr != NULL &&
		    http_accepts_exactly(accept, stream) };
	out->header_is_modern =
	    out->has_header && revision_text_is_modern(header);
	if (out->has_header && !out->header_is_modern)
		out->header_legacy = revision_find(header);
}

static bool
header_is_modern(const struct get_facts *f)
{
	return f->header_is_modern;
}

static bool
sessions_are_off(const struct get_facts *f)
{
	return f->sessions_off;
}

static bool
is_delete_without_session(const struct get_facts *f)
{
	return f->is_delete && !f->has_session_id;
}

static bool
is_delete(const struct get_facts *f)
{
	return f->is_delete;
}

static bool
takes_no_stream(const struct get_facts *f)
{
	/* HTTP+SSE says nothing about Accept. */
	return !f->accepts_stream ||
	    (f->is_strict && !f->asks_stream && !f->is_sse_path);
}

static bool
is_for_http_sse(const struct get_facts *f)
{
	return f->is_sse_path;
}

static bool
resumes(const struct get_facts *f)
{
	return f->has_session_id && f->has_event_id;
}

static bool
has_session(const struct get_facts *f)
{
	return f->has_session_id;
}

static bool
opens_http_sse(const struct get_facts *f)
{
	return f->has_sse && !f->has_header && f->asks_stream;
}

static bool
lacks_session(const struct get_facts *f)
{
	return f->has_header;
}

static bool
always(const struct get_facts *f)
{
	(void)f;
	return true;
}

/*
 * G2 and G3 (unknown session, unsupported version) are found when a session is
 * looked at.
 */
static const struct get_row get_rows[] = {
	{ "G1", header_is_modern, GET_REFUSE,
	    { 405, RPC_INVALID_REQUEST,
		"This revision knows neither GET nor DELETE" },
	    "POST" },
	{ "G8", sessions_are_off, GET_REFUSE,
	    { 405, RPC_INVALID_REQUEST, "There are no sessions here" },
	    "POST" },
	{ "D3", is_delete_without_session, GET_REFUSE,
	    { 400, RPC_INVALID_REQUEST, "Mcp-Session-Id is missing" }, NULL },
	{ "D1", is_delete, GET_END, { 0 }, NULL },
	{ "G9", takes_no_stream, GET_REFUSE,
	    { 406, RPC_INVALID_REQUEST, "Accept must allow text/event-stream" },
	    NULL },
	{ "G6", is_for_http_sse, GET_SSE, { 0 }, NULL },
	{ "G4", resumes, GET_RESUME, { 0 }, NULL },
	{ "G5", has_session, GET_STREAM, { 0 }, NULL },
	{ "G6", opens_http_sse, GET_SSE, { 0 }, NULL },
	{ "G7", lacks_session, GET_REFUSE,
	    { 400, RPC_INVALID_REQUEST, "Mcp-Session-Id is missing" }, NULL },
	{ "G8", always, GET_REFUSE,
	    { 405, RPC_INVALID_REQUEST,
		"There is no event stream without a session" },
	    "POST, DELETE" },
};

const struct get_row *
classify_get(const struct get_facts *facts)
{
	const struct get_row *row = get_rows;

	while (!row->holds(facts)) /* the last row always holds */
		row++;
	return row;
}
