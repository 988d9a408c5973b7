#include "road.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

struct road_cgi {
	struct road base; /* first */
	int64_t timeout_ms;
	bool is_taken;
	bool is_broken;
};

static enum rc
cgi_take(struct road *base, char ***env)
{
	struct road_cgi *road = (struct road_cgi *)base;

	if (road->is_taken)
		return RC_NOTFOUND;
	road->is_taken = true;
	*env = environ;
	return RC_OK;
}

/* Wait until the descriptor is ready; false if it does not become so. */
static bool
wait_for(int fd, short events, int64_t timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, timeout_ms > 60000 ? 60000 : (int)timeout_ms) > 0;
}

static ssize_t
cgi_read(struct road *base, char *p, size_t n, int64_t timeout_ms)
{
	(void)base;
	if (!wait_for(STDIN_FILENO, POLLIN, timeout_ms))
		return -1;
	return read(STDIN_FILENO, p, n);
}

static bool
cgi_write(struct road *base, struct slice bytes)
{
	struct road_cgi *road = (struct road_cgi *)base;

	while (bytes.len > 0 && !road->is_broken) {
		ssize_t n = -1;

		if (wait_for(STDOUT_FILENO, POLLOUT, road->timeout_ms))
			n = write(STDOUT_FILENO, bytes.ptr, bytes.len);
		if (n < 0)
			road->is_broken = true;
		else
			bytes = slice_from(bytes, (size_t)n);
	}
	return !road->is_broken;
}

static bool
cgi_flush(struct road *base)
{
	return !((struct road_cgi *)base)->is_broken;
}

static bool
cgi_is_ready(struct road *base)
{
	(void)base;
	return road_fd_ready(STDOUT_FILENO);
}

static bool
cgi_is_gone(struct road *base)
{
	(void)base;
	return road_fd_gone(STDOUT_FILENO);
}

static bool
cgi_wait(struct road *base, int64_t ms)
{
	(void)base;
	return road_fd_wait(STDOUT_FILENO, ms);
}

static enum rc
cgi_give(struct road *base, struct taken *out)
{
	(void)base;
	*out = (struct taken){ -1, 0 };
	return RC_IO;
}

/* The web server has all of the answer when nobody holds the pipe. */
static bool
cgi_end(struct road *base, enum road_end end)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)end;
	if (null >= 0) {
		(void)dup2(null, STDOUT_FILENO);
		(void)close(null);
	}
	return !((struct road_cgi *)base)->is_broken;
}

static void
cgi_finish(struct road *base)
{
	(void)base;
}

static void
cgi_free(struct road *base)
{
	free(base);
}

static const struct road_ops cgi_ops = { cgi_take, cgi_read, cgi_write,
	cgi_flush, cgi_is_ready, cgi_is_gone, cgi_wait, cgi_give, cgi_end,
	cgi_finish, cgi_free };

enum rc
road_open_cgi(int64_t timeout_ms, struct road **out)
{
	struct road_cgi *road = calloc(1, sizeof(*road));

	if (road == NULL)
		return RC_NOMEM;
	road->base.ops = &cgi_ops;
	road->timeout_ms = timeout_ms;
	*out = &road->base;
	return RC_OK;
}
