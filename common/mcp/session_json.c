#include "session_json.h"

#include "json.h"
#include "revision.h"
#include "text.h"
#include "transport.h"

static const struct slice format_name = SLICE_INIT("mcp-fcgi-session");

static const struct slice why_name[] = { [END_NONE] = SLICE_INIT(""),
	[END_DELETED] = SLICE_INIT("deleted"),
	[END_OPERATOR] = SLICE_INIT("operator"),
	[END_LIFETIME] = SLICE_INIT("lifetime") };

static void
put_hex(struct buf *b, const unsigned char *bytes, size_t n)
{
	buf_put_char(b, '"');
	text_put_hex(b, bytes, n);
	buf_put_char(b, '"');
}

static void
put_bool(struct buf *b, bool value)
{
	buf_put_slice(b, value ? SLICE("true") : SLICE("false"));
}

static void
put_optional(struct buf *b, struct slice text)
{
	if (text.ptr == NULL)
		buf_put_slice(b, SLICE("null"));
	else
		json_put_string(b, text);
}

static void
put_key_part(struct buf *b, const struct session_row *row)
{
	json_put_key(b, "sid");
	put_hex(b, row->key.sid, SID_BYTES);
	json_put_key(b, "principal");
	json_put_string(b, row->principal_name);
	json_put_key(b, "principalDigest");
	put_hex(b, row->key.principal, PRINCIPAL_BYTES);
	json_put_key(b, "created");
	buf_put_i64(b, row->created);
	json_put_key(b, "incarnation");
	buf_put_u64(b, row->key.incarnation);
}

enum rc
session_json_put(struct buf *b, const struct session_row *row)
{
	buf_put_char(b, '{');
	json_put_key(b, "format");
	json_put_string(b, format_name);
	json_put_key(b, "version");
	buf_put_u64(b, SESSION_JSON_VERSION);
	put_key_part(b, row);
	json_put_key(b, "state");
	json_put_string(
	    b, row->state == SESSION_ENDED ? SLICE("ended") : SLICE("live"));
	json_put_key(b, "why");
	json_put_string(b, why_name[row->why]);
	json_put_key(b, "transport");
	json_put_string(b,
	    slice_of(transport_get((enum transport_name)row->transport)->text));
	json_put_key(b, "revision");
	put_optional(b, row->revision);
	json_put_key(b, "capabilityBits");
	buf_put_u64(b, row->caps);
	json_put_key(b, "client");
	if (row->client.len > 0)
		buf_put_slice(b, row->client);
	else
		buf_put_slice(b, SLICE("{}"));
	json_put_key(b, "logLevel");
	buf_put_i64(b, row->log_level);
	json_put_key(b, "initialized");
	put_bool(b, row->initialized);
	json_put_key(b, "lists");
	buf_put_i64(b, row->lists);
	json_put_key(b, "touched");
	buf_put_i64(b, row->touched);
	buf_put_char(b, '}');
	return buf_finish(b);
}

/* ------------------------------------------------------------- reading */

struct reader {
	const struct json *root;
	struct buf *why;
	enum rc rc; /* the first fault */
};

static void
fault(struct reader *r, const char *name, const char *what)
{
	if (r->rc != RC_OK)
		return;
	r->rc = RC_SYNTAX;
	buf_printf(r->why, "%s %s", name, what);
}

static const struct json *
member(struct reader *r, const char *name)
{
	return json_member(r->root, slice_of(name));
}

static int64_t
read_number(struct reader *r, const char *name, int64_t min, int64_t max)
{
	int64_t value = 0;

	if (json_int64(member(r, name), &value) != RC_OK || value < min ||
	    value > max)
		fault(r, name, "must be an integer in its range");
	return value;
}

static struct slice
read_text(struct reader *r, const char *name)
{
	struct slice text = json_text(member(r, name));

	if (text.ptr == NULL)
		fault(r, name, "must be a string");
	return text;
}

static void
read_hex(struct reader *r, const char *name, unsigned char *out, size_t n)
{
	if (text_hex(read_text(r, name), out, n) != RC_OK)
		fault(r, name, "must be hexadecimal of the right length");
}

static enum end_why
read_why(struct reader *r)
{
	struct slice text = read_text(r, "why");

	for (int i = END_NONE; i <= END_LIFETIME; i++) {
		if (slice_eq(text, why_name[i]))
			return (enum end_why)i;
	}
	fault(r, "why", "is not known");
	return END_NONE;
}

static int
read_transport(struct reader *r)
{
	struct slice text = read_text(r, "transport");

	for (int i = TRANSPORT_SSE; i <= TRANSPORT_STREAMABLE; i++) {
		if (slice_eq(text,
			slice_of(transport_get((enum transport_name)i)->text)))
			return i;
	}
	fault(r, "transport", "is not known");
	return TRANSPORT_STREAMABLE;
}

static struct slice
read_revision(struct reader *r)
{
	const struct json *value = member(r, "revision");
	const struct revision *revision;

	if (json_is(value, JSON_NULL))
		return SLICE_NONE;
	revision = revision_find(json_text(value));
	if (revision == NULL || revision->is_modern) {
		fault(r, "revision", "is not one that has sessions");
		return SLICE_NONE;
	}
	return revision->date;
}

static struct slice
read_client(struct reader *r)
{
	const struct json *value = member(r, "client");

	if (json_is(value, JSON_OBJECT))
		return value->raw;
	fault(r, "client", "must be an object");
	return SLICE_NONE;
}

static enum session_state
read_state(struct reader *r)
{
	struct slice text = read_text(r, "state");

	if (slice_eq(text, SLICE("live")))
		return SESSION_LIVE;
	if (!slice_eq(text, SLICE("ended")))
		fault(r, "state", "must be live or ended");
	return SESSION_ENDED;
}

static void
read_head(struct reader *r)
{
	if (!json_text_is(member(r, "format"), format_name))
		fault(r, "format", "is not mcp-fcgi-session");
	if (read_number(r, "version", 1, INT32_MAX) > SESSION_JSON_VERSION)
		fault(r, "version", "is newer than this program");
}

enum rc
session_json_read(struct arena *a, struct slice text, struct session_row *row,
    struct buf *why)
{
	struct reader r = { .why = why };
	struct json_error error = { 0, NULL };
	enum rc rc = json_read(a, text, &json_limits_default, &r.root, &error);

	if (rc == RC_SYNTAX)
		buf_printf(
		    why, "not JSON: %s at byte %zu", error.why, error.offset);
	if (rc != RC_OK)
		return rc;
	read_head(&r);
	*row = (struct session_row){ .state = read_state(&r),
		.why = read_why(&r),
		.principal_name = read_text(&r, "principal"),
		.transport = read_transport(&r),
		.revision = read_revision(&r),
		.caps =
		    (uint32_t)read_number(&r, "capabilityBits", 0, UINT16_MAX),
		.client = read_client(&r),
		.log_level = (int)read_number(&r, "logLevel", -1, 7),
		.initialized = json_is(member(&r, "initialized"), JSON_TRUE),
		.lists = read_number(&r, "lists", 0, INT64_MAX),
		.created = read_number(&r, "created", 0, INT64_MAX),
		.touched = read_number(&r, "touched", 0, INT64_MAX) };
	read_hex(&r, "sid", row->key.sid, SID_BYTES);
	read_hex(&r, "principalDigest", row->key.principal, PRINCIPAL_BYTES);
	row->key.created = row->created;
	row->key.incarnation =
	    (uint32_t)read_number(&r, "incarnation", 0, UINT32_MAX);
	return r.rc;
}
