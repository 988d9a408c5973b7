#define _GNU_SOURCE /* POLLRDHUP */
#include "screen.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "record.h"

/* Between two looks at what comes in pieces. */
#define NAP_MS 1

static enum rc
check_pairs(struct slice params)
{
	struct slice name;
	struct slice value;
	enum rc rc = RC_OK;

	while (rc == RC_OK)
		rc = record_take_pair(&params, &name, &value);
	return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* RC_BUSY: it goes on. */
static enum rc
check_records(struct slice bytes, struct buf *params)
{
	uint16_t request = 0;
	struct record r;
	enum rc rc;

	buf_reset(params);
	while ((rc = record_take(&bytes, &r)) == RC_OK) {
		if (r.request == 0)
			continue; /* about the connection */
		if (request == 0 && r.type == RECORD_BEGIN) {
			request = r.request;
			continue;
		}
		if (r.request != request || r.type != RECORD_PARAMS)
			return RC_SYNTAX;
		/* An empty one is the end. */
		if (r.content.len == 0)
			break;
		buf_put_slice(params, r.content);
	}
	if (rc == RC_OK)
		rc = buf_finish(params);
	return rc == RC_OK ? check_pairs(buf_slice(params)) : rc;
}

/* RC_BUSY: wait for more; RC_NOTFOUND: there is nothing yet. */
static enum rc
look(int fd, char *room, struct buf *params)
{
	ssize_t n = recv(fd, room, SCREEN_MAX, MSG_PEEK | MSG_DONTWAIT);
	enum rc rc;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? RC_NOTFOUND : RC_IO;
	if (n == 0)
		return RC_IO;
	rc = check_records((struct slice){ room, (size_t)n }, params);
	return rc == RC_BUSY && (size_t)n == SCREEN_MAX ? RC_FULL : rc;
}

/* Until there may be more; false if there will not. */
static bool
pause_for(enum rc rc, int fd, int64_t left)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (left <= 0 || left > INT_MAX)
		return false;
	if (rc == RC_NOTFOUND)
		return poll(&p, 1, (int)left) > 0;
	/* What is there already would wake us at once. */
	p.events = POLLRDHUP;
	return rc == RC_BUSY && poll(&p, 1, NAP_MS) == 0;
}

bool
screen_head(int fd, const struct clock *clock, int64_t until)
{
	struct buf params = BUF_INIT(SCREEN_MAX);
	char *room = malloc(SCREEN_MAX);
	enum rc rc = room == NULL ? RC_NOMEM : look(fd, room, &params);

	while (rc != RC_OK && pause_for(rc, fd, until - clock_mono_ms(clock)))
		rc = look(fd, room, &params);
	buf_release(&params);
	free(room);
	return rc == RC_OK;
}
