#include "depth.h"

#include <string.h>

#include "text.h"

struct slice
depth_method(const struct message *request, struct slice *target)
{
	*target = request->first;
	return script_word(target);
}

struct slice
depth_field(const struct field *f, struct slice name)
{
	for (; f != NULL; f = f->next) {
		if (slice_ieq(f->name, name))
			return f->value.ptr == NULL ? SLICE("") : f->value;
	}
	return SLICE_NONE;
}

/* ------------------------------------------------------- CGI variables */

struct maker {
	struct arena *arena;
	struct field *first;
	struct field **tail;
	enum rc rc;
};

static void
add(struct maker *m, struct slice name, struct slice value)
{
	struct field *f = arena_alloc(m->arena, sizeof(*f));

	if (f == NULL) {
		m->rc = RC_NOMEM;
		return;
	}
	f->name = name;
	f->value = value.ptr == NULL ? SLICE("") : value;
	*m->tail = f;
	m->tail = &f->next;
}

static char
variable_char(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	if (c == '-')
		return '_';
	return c;
}

static void
join(struct maker *m, struct field *f, struct slice more)
{
	struct buf both = BUF_INIT((size_t)1024 * 1024);

	buf_put_slice(&both, f->value);
	buf_put_slice(&both, SLICE(", "));
	buf_put_slice(&both, more);
	if (buf_finish(&both) != RC_OK ||
	    arena_copy(m->arena, buf_slice(&both), &f->value) != RC_OK)
		m->rc = RC_NOMEM;
	buf_release(&both);
}

static void
add_header(struct maker *m, struct slice name, struct slice value)
{
	struct slice prefix = SLICE("HTTP_");
	char *bytes = arena_bytes(m->arena, prefix.len + name.len);
	struct slice whole = { bytes, prefix.len + name.len };

	if (bytes == NULL) {
		m->rc = RC_NOMEM;
		return;
	}
	memcpy(bytes, prefix.ptr, prefix.len);
	for (size_t i = 0; i < name.len; i++)
		bytes[prefix.len + i] = variable_char(name.ptr[i]);
	if (slice_eq(whole, SLICE("HTTP_CONTENT_TYPE")) ||
	    slice_eq(whole, SLICE("HTTP_CONTENT_LENGTH")))
		whole = slice_from(whole, prefix.len);
	for (struct field *f = m->first; f != NULL; f = f->next) {
		if (slice_eq(f->name, whole)) {
			join(m, f, value);
			return;
		}
	}
	add(m, whole, value);
}

static void
add_line(struct maker *m, const struct message *request)
{
	struct slice target;
	struct slice method = depth_method(request, &target);
	struct slice query;
	struct slice path = slice_cut(target, '?', &query);

	add(m, SLICE("REQUEST_METHOD"), method);
	add(m, SLICE("REQUEST_URI"), target);
	add(m, SLICE("SCRIPT_NAME"), path);
	add(m, SLICE("QUERY_STRING"), query);
	add(m, SLICE("SERVER_PROTOCOL"), SLICE("HTTP/1.1"));
	add(m, SLICE("GATEWAY_INTERFACE"), SLICE("CGI/1.1"));
	add(m, SLICE("SERVER_NAME"), SLICE("localhost"));
	add(m, SLICE("SERVER_ADDR"), SLICE("127.0.0.1"));
	add(m, SLICE("SERVER_PORT"), SLICE("80"));
	add(m, SLICE("REMOTE_ADDR"), SLICE("127.0.0.1"));
}

enum rc
depth_variables(struct arena *a, const struct message *request,
    struct slice host, struct field **out)
{
	struct maker m = { .arena = a, .tail = &m.first };
	struct buf length = BUF_INIT(32);
	struct slice kept = SLICE_NONE;

	add_line(&m, request);
	buf_put_u64(&length, request->body.len);
	if (buf_finish(&length) != RC_OK ||
	    arena_copy(a, buf_slice(&length), &kept) != RC_OK)
		m.rc = RC_NOMEM;
	buf_release(&length);
	add(&m, SLICE("CONTENT_LENGTH"), kept);
	if (depth_field(request->fields, SLICE("Host")).ptr == NULL)
		add(&m, SLICE("HTTP_HOST"), host);
	for (const struct field *f = request->fields; f != NULL; f = f->next) {
		if (f->name.ptr[0] == '$')
			add(&m, slice_from(f->name, 1), f->value);
		else
			add_header(&m, f->name, f->value);
	}
	*out = m.first;
	return m.rc;
}

/* -------------------------------------------------------------- answers */

static struct slice
take_line(struct slice *rest)
{
	struct slice line = slice_cut(*rest, '\n', rest);

	if (rest->ptr == NULL)
		*rest = SLICE("");
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

static enum rc
read_status(struct slice text, int *status)
{
	uint64_t value;

	text = slice_trim(text);
	if (text.len < 3 ||
	    text_u64((struct slice){ text.ptr, 3 }, 999, &value) != RC_OK)
		return RC_SYNTAX;
	*status = (int)value;
	return RC_OK;
}

static enum rc
read_hex(struct slice text, size_t *out)
{
	static const char digits[] = "0123456789abcdef";

	*out = 0;
	if (text.len == 0 || text.len > 7)
		return RC_SYNTAX;
	for (size_t i = 0; i < text.len; i++) {
		size_t value = 0;

		while (value < 16 && digits[value] != (text.ptr[i] | 0x20))
			value++;
		if (value == 16)
			return RC_SYNTAX;
		*out = *out * 16 + value;
	}
	return RC_OK;
}

/* Chunks of RFC 9112 7.1, put together where they are. */
static enum rc
join_chunks(struct arena *a, struct slice bytes, struct slice *out)
{
	char *to = arena_bytes(a, bytes.len + 1);
	size_t len = 0;

	if (to == NULL)
		return RC_NOMEM;
	for (;;) {
		struct slice line = take_line(&bytes);
		size_t n;

		if (read_hex(line, &n) != RC_OK)
			return RC_SYNTAX;
		if (n > bytes.len)
			return RC_SYNTAX;
		if (n == 0)
			break;
		memcpy(to + len, bytes.ptr, n);
		len += n;
		bytes = slice_from(bytes, n);
		(void)take_line(&bytes);
	}
	*out = (struct slice){ to, len };
	return RC_OK;
}

enum rc
depth_read_answer(struct arena *a, struct slice bytes, struct answer *out)
{
	struct maker m = { .arena = a, .tail = &m.first };
	struct slice status;
	enum rc rc = RC_OK;

	*out = (struct answer){ .status = 200 };
	if (slice_starts(bytes, SLICE("HTTP/1."))) {
		struct slice line = take_line(&bytes);

		(void)script_word(&line);
		rc = read_status(line, &out->status);
	}
	while (rc == RC_OK && bytes.len > 0) {
		struct slice value;
		struct slice line = take_line(&bytes);

		if (line.len == 0)
			break;
		line = slice_cut(line, ':', &value);
		if (value.ptr == NULL)
			return RC_SYNTAX;
		add(&m, line, slice_trim(value));
	}
	out->fields = m.first;
	out->body = bytes;
	status = depth_field(m.first, SLICE("Status"));
	if (rc == RC_OK && status.ptr != NULL)
		rc = read_status(status, &out->status);
	if (rc == RC_OK &&
	    slice_ieq(depth_field(m.first, SLICE("Transfer-Encoding")),
		SLICE("chunked")))
		rc = join_chunks(a, bytes, &out->body);
	return rc == RC_OK ? m.rc : rc;
}
