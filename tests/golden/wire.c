#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "scratch.h"

static int64_t
now_ms(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		return 0;
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
connect_to(const struct sockaddr *to, socklen_t len)
{
	int fd = socket(to->sa_family, SOCK_STREAM, 0);

	if (fd >= 0 && connect(fd, to, len) != 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/* Send what fits.  A server may answer and close before it has read
 * everything: what cannot be sent any more is not an error. */
static void
write_some(int fd, struct slice *out)
{
	ssize_t n = send(fd, out->ptr, out->len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		*out = slice_from(*out, (size_t)n);
	else if (errno != EAGAIN && errno != EINTR)
		out->len = 0;
}

/* RC_BUSY: there may be more. */
static enum rc
read_some(int fd, struct buf *in)
{
	char bytes[65536];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n > 0)
		buf_put(in, bytes, (size_t)n);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return RC_OK;
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return RC_IO;
	return buf_finish(in) == RC_OK ? RC_BUSY : RC_NOMEM;
}

static enum rc
exchange(int fd, struct slice out, struct buf *in)
{
	int64_t end = now_ms() + SCRATCH_WAIT_MS;
	enum rc rc = RC_BUSY;

	while (rc == RC_BUSY) {
		struct pollfd p = { fd,
			(short)(out.len > 0 ? POLLIN | POLLOUT : POLLIN), 0 };

		if (now_ms() > end || poll(&p, 1, 1000) < 0)
			return RC_BUSY;
		if ((p.revents & POLLOUT) != 0)
			write_some(fd, &out);
		if ((p.revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			rc = read_some(fd, in);
	}
	return rc;
}

enum rc
wire_exchange(const struct sockaddr *to, socklen_t len, struct slice out,
    struct buf *in, struct buf *why)
{
	int fd = connect_to(to, len);
	enum rc rc = RC_IO;

	if (fd >= 0)
		rc = exchange(fd, out, in);
	if (rc != RC_OK)
		buf_printf(why, "%s", fd < 0 ? "cannot connect" : "no end");
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

enum rc
wire_wait(const struct sockaddr *to, socklen_t len, pid_t *pid)
{
	const struct timespec pause = { 0, 5000000 };
	int64_t end = now_ms() + SCRATCH_WAIT_MS;

	while (now_ms() < end && !scratch_has_ended(pid)) {
		int fd = connect_to(to, len);

		if (fd >= 0) {
			(void)close(fd);
			return RC_OK;
		}
		(void)nanosleep(&pause, NULL);
	}
	return RC_BUSY;
}
