#include "stream_conn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "record.h"

/* A web server has nothing to say here; this is more than all of it. */
#define IGNORED_MAX 8192
/* Where a record says for which request it is (FastCGI 1.0 section 3.3). */
#define RECORD_REQUEST_AT 2

struct stream_chunk *
stream_chunk_new(struct slice bytes)
{
	struct stream_chunk *chunk = malloc(sizeof(*chunk) + bytes.len);

	if (chunk == NULL)
		return NULL;
	*chunk = (struct stream_chunk){ .len = bytes.len };
	if (bytes.len > 0)
		memcpy(chunk->bytes, bytes.ptr, bytes.len);
	return chunk;
}

void
stream_conn_init(struct stream_conn *c, const struct taken *taken)
{
	int flags = fcntl(taken->fd, F_GETFL);

	*c = (struct stream_conn){
		.fd = taken->fd, .request = taken->request, .is_open = true
	};
	if (flags >= 0)
		(void)fcntl(taken->fd, F_SETFL, flags | O_NONBLOCK);
}

void
stream_conn_add(struct stream_conn *c, struct stream_chunk *chunk, int64_t now)
{
	chunk->next = NULL;
	if (c->first == NULL) {
		c->first = chunk;
		c->since = now;
	} else {
		c->last->next = chunk;
	}
	c->last = chunk;
	c->unsent += chunk->len;
}

static void
drop_first(struct stream_conn *c)
{
	struct stream_chunk *chunk = c->first;

	c->first = chunk->next;
	if (c->first == NULL)
		c->last = NULL;
	c->unsent -= chunk->len;
	free(chunk);
}

static bool
is_for_later(void)
{
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS;
}

enum stream_conn_state
stream_conn_write(struct stream_conn *c, int64_t now)
{
	while (c->first != NULL) {
		struct stream_chunk *chunk = c->first;
		ssize_t n = send(c->fd, chunk->bytes + chunk->done,
		    chunk->len - chunk->done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return is_for_later() ? CONN_WAITING : CONN_OVER;
		chunk->done += (size_t)n;
		c->bytes += n;
		if (chunk->done < chunk->len)
			continue;
		drop_first(c);
		/* The next one was given later. */
		c->since = now;
	}
	return CONN_DONE;
}

enum stream_conn_state
stream_conn_comment(struct stream_conn *c, struct slice record, int64_t now)
{
	char bytes[STREAM_COMMENT_MAX];
	struct stream_chunk *rest;
	ssize_t n;

	if (record.len == 0 || record.len > sizeof(bytes))
		return CONN_DONE;
	memcpy(bytes, record.ptr, record.len);
	bytes[RECORD_REQUEST_AT] = (char)(c->request >> 8);
	bytes[RECORD_REQUEST_AT + 1] = (char)(c->request & 0xFF);
	n = send(c->fd, bytes, record.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && !is_for_later())
		return CONN_OVER;
	if (n < 0)
		n = 0;
	c->bytes += n;
	if ((size_t)n == record.len)
		return CONN_DONE;
	rest = stream_chunk_new(
	    (struct slice){ bytes + n, record.len - (size_t)n });
	if (rest == NULL)
		return n == 0 ? CONN_DONE : CONN_OVER;
	stream_conn_add(c, rest, now);
	return CONN_WAITING;
}

/* Is the request aborted (FastCGI 1.0 section 5.4)? */
static bool
aborts(struct slice bytes)
{
	struct record record;

	while (record_take(&bytes, &record) == RC_OK) {
		if (record.type == RECORD_ABORT)
			return true;
	}
	return false;
}

enum stream_conn_state
stream_conn_read(struct stream_conn *c)
{
	char bytes[512];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0)
		return is_for_later() ? CONN_DONE : CONN_OVER;
	if (n == 0 || aborts((struct slice){ bytes, (size_t)n }))
		return CONN_OVER;
	c->ignored = (uint16_t)(c->ignored + n);
	return c->ignored > IGNORED_MAX ? CONN_OVER : CONN_DONE;
}

void
stream_conn_end(struct stream_conn *c)
{
	struct buf end = BUF_INIT(64);

	if (c->first != NULL)
		return;
	record_put_last(&end, c->request);
	if (buf_finish(&end) == RC_OK)
		(void)send(
		    c->fd, end.ptr, end.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	buf_release(&end);
}

void
stream_conn_release(struct stream_conn *c)
{
	while (c->first != NULL)
		drop_first(c);
	(void)close(c->fd);
	c->is_open = false;
}
