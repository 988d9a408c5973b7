#define _GNU_SOURCE /* memmem */
#include "stream_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "record.h"

static const char listen_body[] =
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscriptions/listen\","
    "\"params\":{\"notifications\":{\"toolsListChanged\":true},\"_meta\":{"
    "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
    "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"bench\","
    "\"version\":\"1\"},"
    "\"io.modelcontextprotocol/clientCapabilities\":{}}}}";

static void
put(struct buf *b, const char *name, const char *value)
{
	record_put_pair(b, slice_of(name), slice_of(value));
}

static void
put_request(struct buf *out, struct buf *params, const struct stream_client *c)
{
	bool is_get = c->session[0] != '\0';

	put(params, "REQUEST_METHOD", is_get ? "GET" : "POST");
	put(params, "REQUEST_URI", "/mcp");
	put(params, "SERVER_NAME", "localhost");
	put(params, "HTTP_HOST", "localhost");
	put(params, "HTTP_ACCEPT", "application/json, text/event-stream");
	if (is_get) {
		put(params, "HTTP_MCP_SESSION_ID", c->session);
		put(params, "HTTP_MCP_PROTOCOL_VERSION", "2025-11-25");
		if (c->last_id[0] != '\0')
			put(params, "HTTP_LAST_EVENT_ID", c->last_id);
	} else {
		put(params, "CONTENT_TYPE", "application/json");
		put(params, "HTTP_MCP_PROTOCOL_VERSION", "2026-07-28");
		put(params, "HTTP_MCP_METHOD", "subscriptions/listen");
	}
	record_put_begin(out, 1, false);
	record_put(out, RECORD_PARAMS, 1, buf_slice(params));
	record_put(out, RECORD_PARAMS, 1, SLICE(""));
	if (!is_get)
		record_put(out, RECORD_STDIN, 1, slice_of(listen_body));
	record_put(out, RECORD_STDIN, 1, SLICE(""));
}

static enum rc
dial(struct stream_client *c, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(at.sun_path))
		return RC_SYNTAX;
	memcpy(at.sun_path, path, strlen(path));
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return RC_IO;
	if (connect(c->fd, (const struct sockaddr *)&at, sizeof(at)) != 0) {
		stream_client_close(c);
		return RC_IO;
	}
	return RC_OK;
}

enum rc
stream_client_open(struct stream_client *c, const char *path)
{
	struct buf out = BUF_INIT(65536);
	struct buf params = BUF_INIT(65536);
	enum rc rc = dial(c, path);

	c->n_tail = 0;
	c->has_begun = false;
	if (rc == RC_OK) {
		put_request(&out, &params, c);
		rc = buf_finish(&out);
	}
	if (rc == RC_OK &&
	    (write(c->fd, out.ptr, out.len) != (ssize_t)out.len ||
		fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0))
		rc = RC_IO;
	buf_release(&out);
	buf_release(&params);
	return rc;
}

/* What follows a mark in a line; absent if it is not there. */
static struct slice
behind(struct slice line, const char *mark)
{
	const char *p = memmem(line.ptr, line.len, mark, strlen(mark));

	if (p == NULL)
		return SLICE_NONE;
	p += strlen(mark);
	return (struct slice){ p, line.len - (size_t)(p - line.ptr) };
}

static void
begin(struct stream_client *c, struct slice status, struct stream_heard *heard)
{
	c->has_begun = true;
	heard->begun++;
	if (!slice_starts(status, SLICE("200")))
		heard->refused++;
}

static void
hear_line(
    struct stream_client *c, struct slice line, struct stream_heard *heard)
{
	struct slice found = behind(line, "Status: ");

	if (found.ptr != NULL && !c->has_begun)
		begin(c, found, heard);
	if (line.len > 0 && line.ptr[line.len - 1] == ':')
		heard->comments++;
	found = behind(line, "id: ");
	if (found.ptr != NULL && found.len < sizeof(c->last_id)) {
		memcpy(c->last_id, found.ptr, found.len);
		c->last_id[found.len] = '\0';
	}
	if (behind(line, "data: {").ptr == NULL)
		return;
	heard->events++;
	found = behind(line, "\"n\":");
	if (found.ptr != NULL && heard->number != NULL)
		heard->number(heard->ctx, strtoull(found.ptr, NULL, 10));
}

static void
hear_bytes(
    struct stream_client *c, struct slice bytes, struct stream_heard *heard)
{
	const char *end;

	while ((end = memchr(bytes.ptr, '\n', bytes.len)) != NULL) {
		size_t n = (size_t)(end - bytes.ptr);

		hear_line(c, (struct slice){ bytes.ptr, n }, heard);
		bytes = slice_from(bytes, n + 1);
	}
	/* Records and long lines: only the end can matter. */
	if (bytes.len > STREAM_TAIL)
		bytes = slice_from(bytes, bytes.len - STREAM_TAIL);
	memcpy(c->tail, bytes.ptr, bytes.len);
	c->n_tail = bytes.len;
}

bool
stream_client_hear(struct stream_client *c, struct stream_heard *heard)
{
	static char bytes[STREAM_TAIL + 65536];
	ssize_t n;

	memcpy(bytes, c->tail, c->n_tail);
	n = read(c->fd, bytes + c->n_tail, sizeof(bytes) - c->n_tail);
	if (n < 0)
		return errno == EAGAIN;
	if (n == 0) {
		heard->ended++;
		return false;
	}
	heard->bytes += (uint64_t)n;
	hear_bytes(c, (struct slice){ bytes, c->n_tail + (size_t)n }, heard);
	return true;
}

void
stream_client_close(struct stream_client *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}
