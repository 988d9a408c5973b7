#define _GNU_SOURCE /* memmem */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "session_id.h"

/* Shown of a body: more than the longest list that somebody reads. */
#define TEXT_MAX ((size_t)1024 * 1024)
/* Each byte of it takes six at most; and the headers. */
#define LINE_MAX_BYTES (TEXT_MAX * 6 + (size_t)2 * 1024 * 1024)
/* A buffer that grew beyond this for one line is not kept. */
#define KEEP_MAX ((size_t)256 * 1024)
/* In front of an id in the address of HTTP+SSE. */
#define ID_NAME "sessionId="

struct trace {
	const struct clock *clock;
	struct log *log;
	struct buf line;
	struct buf text; /* without ids */
	uint64_t last;   /* connection */
	long pid;
	int fd;
	bool has_failed;
	bool is_torn; /* the last line has no end */
};

/* Those that are shown as they came. */
static const struct {
	enum http_field field;
	const char *name;
} shown[] = { { HTTP_ACCEPT, "Accept" },
	{ HTTP_CONTENT_ENCODING, "Content-Encoding" },
	{ HTTP_CONTENT_TYPE, "Content-Type" }, { HTTP_HOST, "Host" },
	{ HTTP_LAST_EVENT_ID, "Last-Event-ID" },
	{ HTTP_MCP_METHOD, "Mcp-Method" }, { HTTP_MCP_NAME, "Mcp-Name" },
	{ HTTP_MCP_PROTOCOL_VERSION, "MCP-Protocol-Version" },
	{ HTTP_ORIGIN, "Origin" } };

/* ------------------------------------------------------------- opening */

/* Only what is ours alone, and takes bytes without waiting for a reader. */
static bool
is_usable(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return false;
	}
	return (st.st_mode & 077) == 0 || fchmod(fd, 0600) == 0;
}

static int
open_file(const char *file)
{
	int fd = open(file,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
	    0600);
	int error;

	if (fd < 0 || is_usable(fd))
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

struct trace *
trace_open(const char *file, const struct clock *clock, struct log *log)
{
	struct trace *t = file == NULL ? NULL : calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	*t = (struct trace){ .clock = clock,
		.log = log,
		.line = BUF_INIT(LINE_MAX_BYTES),
		.text = BUF_INIT(TEXT_MAX),
		.pid = (long)getpid(),
		.fd = open_file(file) };
	if (t->fd >= 0)
		return t;
	log_event(
	    log, LOG_WARNING, "trace-fails", "file=%s error=%d", file, errno);
	free(t);
	return NULL;
}

void
trace_free(struct trace *t)
{
	if (t == NULL)
		return;
	(void)close(t->fd);
	buf_release(&t->line);
	buf_release(&t->text);
	free(t);
}

/* ------------------------------------------------------------- writing */

static void
begin(struct trace *t, uint64_t connection, const char *what)
{
	buf_reset(&t->line);
	if (t->is_torn)
		buf_put_char(&t->line, '\n');
	buf_printf(&t->line,
	    "{\"ms\":%lld,\"pid\":%ld,\"connection\":%llu,\"what\":\"%s\"",
	    (long long)clock_wall_ms(t->clock), t->pid,
	    (unsigned long long)connection, what);
}

static void
tidy(struct buf *b)
{
	if (b->cap > KEEP_MAX)
		buf_release(b);
}

static void
fails(struct trace *t, int error)
{
	if (!t->has_failed)
		log_event(
		    t->log, LOG_WARNING, "trace-fails", "error=%d", error);
	t->has_failed = true;
}

static void
finish(struct trace *t)
{
	ssize_t n;

	buf_put_slice(&t->line, SLICE("}\n"));
	if (buf_finish(&t->line) != RC_OK) {
		fails(t, ENOMEM);
	} else {
		n = write(t->fd, t->line.ptr, t->line.len);
		if (n < 0 || (size_t)n < t->line.len)
			fails(t, n < 0 ? errno : ENOSPC);
		else
			t->has_failed = false;
		if (n > 0)
			t->is_torn = (size_t)n < t->line.len;
	}
	tidy(&t->line);
	tidy(&t->text);
}

/* ------------------------------------------------------------ contents */

static size_t
id_length(struct slice s)
{
	size_t n = 0;

	while (n < s.len && n < SESSION_ID_CHARS &&
	    strchr("-_0123456789abcdefghijklmnopqrstuvwxyz"
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		s.ptr[n]) != NULL &&
	    s.ptr[n] != '\0')
		n++;
	return n;
}

/* What stands behind the next sessionId=; absent if there is none. */
static struct slice
find_id(struct slice s)
{
	const struct slice name = SLICE(ID_NAME);
	const char *at =
	    s.len == 0 ? NULL : memmem(s.ptr, s.len, name.ptr, name.len);

	if (at == NULL)
		return SLICE_NONE;
	s = slice_from(s, (size_t)(at - s.ptr) + name.len);
	s.len = id_length(s);
	return s;
}

/* The same with short hashes for ids.  Valid until the next one. */
static struct slice
without_ids(struct trace *t, struct slice s)
{
	struct slice id = find_id(s);

	if (id.ptr == NULL)
		return s;
	buf_reset(&t->text);
	while (id.ptr != NULL) {
		buf_put(&t->text, s.ptr, (size_t)(id.ptr - s.ptr));
		session_id_put_short(&t->text, id);
		s = slice_from(s, (size_t)(id.ptr + id.len - s.ptr));
		id = find_id(s);
	}
	buf_put_slice(&t->text, s);
	return buf_slice(&t->text);
}

static void
put_member(struct trace *t, const char *name, struct slice value)
{
	if (value.ptr == NULL)
		return;
	json_put_name(&t->line, slice_of(name));
	json_put_string(&t->line, value);
}

static void
put_session(struct trace *t, struct slice id)
{
	if (id.ptr == NULL || id.len == 0)
		return;
	json_put_key(&t->line, "session");
	buf_put_char(&t->line, '"');
	session_id_put_short(&t->line, id);
	buf_put_char(&t->line, '"');
}

static void
put_body(struct trace *t, struct slice body)
{
	size_t bytes = body.len;

	if (body.ptr == NULL)
		return;
	if (bytes > TEXT_MAX)
		body.len = TEXT_MAX;
	put_member(t, "body", without_ids(t, body));
	if (bytes <= TEXT_MAX)
		return;
	json_put_key(&t->line, "bytes");
	buf_put_u64(&t->line, bytes);
}

static void
put_param(struct trace *t, const struct http_param *param)
{
	struct buf name = BUF_INIT(1024);

	buf_put_slice(&name, SLICE("Mcp-Param-"));
	buf_put_slice(&name, param->name);
	if (buf_finish(&name) == RC_OK) {
		json_put_name(&t->line, buf_slice(&name));
		json_put_string(&t->line, param->value);
	}
	buf_release(&name);
}

static void
put_fields(struct trace *t, const struct http_request *r)
{
	json_put_key(&t->line, "headers");
	buf_put_char(&t->line, '{');
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		put_member(t, shown[i].name, r->field[shown[i].field]);
	for (const struct http_param *p = r->params; p != NULL; p = p->next)
		put_param(t, p);
	buf_put_char(&t->line, '}');
}

static void
put_target(struct trace *t, const struct http_request *r)
{
	struct buf target = BUF_INIT(TEXT_MAX);

	buf_put_slice(&target, r->path);
	if (r->query.ptr != NULL)
		buf_put_char(&target, '?');
	buf_put_slice(&target, r->query);
	put_member(t, "target", without_ids(t, buf_slice(&target)));
	buf_release(&target);
}

uint64_t
trace_request(struct trace *t, const struct http_request *r)
{
	struct slice id;

	if (t == NULL)
		return 0;
	id = http_get(r, HTTP_MCP_SESSION_ID);
	begin(t, ++t->last, "request");
	put_session(t, id.ptr != NULL ? id : find_id(r->query));
	put_member(t, "method", r->method_name);
	put_target(t, r);
	put_member(t, "user", r->remote_user);
	put_fields(t, r);
	put_body(t, r->body);
	finish(t);
	return t->last;
}

/* -------------------------------------------------------------- answers */

/* The next line of a head; false behind the last one. */
static bool
next_line(struct slice *rest, struct slice *name, struct slice *value)
{
	struct slice line = slice_cut(*rest, '\n', rest);

	if (line.len <= 1 || rest->ptr == NULL)
		return false;
	line.len--;
	*name = slice_cut(line, ':', value);
	*value = slice_trim(*value);
	return true;
}

/* Of a head; absent if it is not there. */
static struct slice
find_line(struct slice head, struct slice wanted)
{
	struct slice name;
	struct slice value;

	while (next_line(&head, &name, &value)) {
		if (slice_ieq(name, wanted))
			return value;
	}
	return SLICE_NONE;
}

/* Its headers; what follows them is returned. */
static struct slice
put_head(struct trace *t, struct slice bytes)
{
	struct slice rest = bytes;
	struct slice name;
	struct slice value;

	json_put_key(&t->line, "headers");
	buf_put_char(&t->line, '{');
	while (next_line(&rest, &name, &value)) {
		if (slice_ieq(name, SLICE("Status")) ||
		    slice_ieq(name, SLICE("Mcp-Session-Id")))
			continue;
		json_put_name(&t->line, name);
		json_put_string(&t->line, value);
	}
	buf_put_char(&t->line, '}');
	return rest;
}

void
trace_answer(struct trace *t, uint64_t connection, struct slice bytes)
{
	struct slice status;

	if (connection == 0)
		return;
	begin(t, connection, "answer");
	status = find_line(bytes, SLICE("Status"));
	if (status.len > 3)
		status.len = 3;
	json_put_key(&t->line, "status");
	buf_put_slice(&t->line, status.ptr == NULL ? SLICE("0") : status);
	put_session(t, find_line(bytes, SLICE("Mcp-Session-Id")));
	put_body(t, put_head(t, bytes));
	finish(t);
}

void
trace_more(struct trace *t, uint64_t connection, struct slice bytes)
{
	if (connection == 0 || bytes.len == 0)
		return;
	begin(t, connection, "more");
	put_body(t, bytes);
	finish(t);
}

void
trace_end(struct trace *t, uint64_t connection, bool is_cut)
{
	if (connection == 0)
		return;
	begin(t, connection, "end");
	if (is_cut)
		buf_put_slice(&t->line, SLICE(",\"cut\":true"));
	finish(t);
}
