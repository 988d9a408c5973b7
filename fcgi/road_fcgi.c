#define _GNU_SOURCE /* accept4, POLLRDHUP */
#include "road.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "screen.h"

/* FCGI_RESPONDER, FastCGI 1.0 section 8. */
#define RESPONDER 1
/* How long a peer that is still sending may take to see the answer. */
#define LINGER_MS 2000
/* A timeout that differs by less is not set again. */
#define SLACK_MS 250
/* Between two attempts where there is no descriptor for a connection. */
#define NO_FILES_MS 20
/* The smallest buffer of a socket takes so much without waiting. */
#define NEVER_WAITS 2048

struct road_fcgi {
	struct road base; /* first */
	FCGX_Request request;
	const struct clock *clock;
	int listening;
	bool is_tcp;
	bool is_screened;
	const char *allowed; /* FCGI_WEB_SERVER_ADDRS, or NULL */
	int64_t timeout_ms;
	int64_t set_ms; /* SO_RCVTIMEO of the connection */
	size_t said;    /* bytes of the answer so far */
};

static bool
set_timeout(int fd, int option, int64_t ms)
{
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	return setsockopt(fd, SOL_SOCKET, option, &tv, sizeof(tv)) == 0;
}

/* FastCGI 1.0 section 3.2: who may connect, as a list of addresses. */
static bool
is_allowed(const char *allowed, const struct sockaddr_in *peer)
{
	char text[INET_ADDRSTRLEN];
	struct slice rest = slice_of(allowed);

	if (peer->sin_family != AF_INET ||
	    inet_ntop(AF_INET, &peer->sin_addr, text, sizeof(text)) == NULL)
		return false;
	while (rest.ptr != NULL) {
		if (slice_eq(slice_trim(slice_cut(rest, ',', &rest)),
			slice_of(text)))
			return true;
	}
	return false;
}

/* The connection stays where it is and the socket readable: who came back at
 * once would do nothing else. */
static void
nap_without_files(void)
{
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
	    errno == ENOMEM)
		(void)poll(NULL, 0, NO_FILES_MS);
}

/*
 * Accepting is done here, not by libfcgi: its connections lack close-on-exec
 * and a timeout, and it waits up to two seconds for a silent one.
 */
static int
accept_one(const struct road_fcgi *road)
{
	struct sockaddr_in peer = { 0 };
	socklen_t len = sizeof(peer);
	const int yes = 1;
	int fd = accept4(
	    road->listening, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);

	if (fd < 0) {
		nap_without_files();
		return -1;
	}
	if (road->is_tcp)
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if ((road->is_tcp && road->allowed != NULL &&
		!is_allowed(road->allowed, &peer)) ||
	    !set_timeout(fd, SO_RCVTIMEO, road->timeout_ms)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static enum rc
fcgi_take(struct road *base, char ***env)
{
	struct road_fcgi *road = (struct road_fcgi *)base;
	FCGX_Request *request = &road->request;
	int fd = accept_one(road);

	if (fd < 0)
		return RC_NOTFOUND;
	if (road->is_screened &&
	    !screen_head(fd, road->clock,
		clock_mono_ms(road->clock) + road->timeout_ms)) {
		(void)close(fd);
		return RC_NOTFOUND;
	}
	/* libfcgi takes the connection for one that the last request left
	 * open, and reads from it.  It has no socket to accept another. */
	request->ipcFd = fd;
	request->keepConnection = 1;
	/* A connection that is no request is closed at once; libfcgi would
	 * wait for the peer to close first. */
	(void)FCGX_Detach(request);
	if (FCGX_Accept_r(request) < 0)
		return RC_NOTFOUND;
	/* Ours to close after the answer, whatever the web server asked. */
	request->keepConnection = 0;
	road->set_ms = road->timeout_ms;
	road->said = 0;
	/* A connection that was cut among the variables gives some of them,
	 * and only this error. */
	if (FCGX_GetError(request->in) != 0 || request->role != RESPONDER) {
		FCGX_Free(request, 1);
		return RC_NOTFOUND;
	}
	*env = request->envp;
	return RC_OK;
}

static ssize_t
fcgi_read(struct road *base, char *p, size_t n, int64_t timeout_ms)
{
	struct road_fcgi *road = (struct road_fcgi *)base;
	FCGX_Stream *in = road->request.in;
	size_t there;
	int c;

	if (road->set_ms - timeout_ms > SLACK_MS) {
		if (!set_timeout(road->request.ipcFd, SO_RCVTIMEO, timeout_ms))
			return -1;
		road->set_ms = timeout_ms;
	}
	/* One byte may wait for one read; the others are those that came
	 * with it.  FCGX_GetStr() alone would wait for all n. */
	c = FCGX_GetChar(in);
	if (c == EOF)
		return FCGX_GetError(in) == 0 ? 0 : -1;
	p[0] = (char)c;
	there = (size_t)(in->stop - in->rdNext);
	if (there > n - 1)
		there = n - 1;
	if (there > 0)
		(void)FCGX_GetStr(p + 1, (int)there, in);
	return (ssize_t)there + 1;
}

static bool
fcgi_write(struct road *base, struct slice bytes)
{
	struct road_fcgi *road = (struct road_fcgi *)base;
	bool was_short = road->said <= NEVER_WAITS;

	if (bytes.len > INT_MAX)
		return false;
	road->said += bytes.len;
	/* Most answers are short: for those the call can be saved. */
	if (was_short && road->said > NEVER_WAITS &&
	    !set_timeout(road->request.ipcFd, SO_SNDTIMEO, road->timeout_ms))
		return false;
	return FCGX_PutStr(bytes.ptr, (int)bytes.len, road->request.out) ==
	    (int)bytes.len;
}

static bool
fcgi_flush(struct road *base)
{
	struct road_fcgi *road = (struct road_fcgi *)base;

	return FCGX_FFlush(road->request.out) == 0;
}

/* The kernel says so of a socket when at least a third of its buffer, of a
 * local one three quarters, is free. */
bool
road_fd_ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) != 0;
}

bool
road_fd_gone(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDHUP };

	return poll(&p, 1, 0) > 0 &&
	    (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool
road_fd_wait(int fd, int64_t ms)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	(void)poll(&p, 1, ms > INT_MAX ? INT_MAX : (int)ms);
	return (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0;
}

static bool
fcgi_wait(struct road *base, int64_t ms)
{
	return road_fd_wait(((struct road_fcgi *)base)->request.ipcFd, ms);
}

static enum rc
fcgi_give(struct road *base, struct taken *out)
{
	FCGX_Request *request = &((struct road_fcgi *)base)->request;

	*out = (struct taken){ .fd = request->ipcFd,
		.request = (uint16_t)request->requestId };
	request->ipcFd = -1;
	return RC_OK;
}

static bool
fcgi_is_ready(struct road *base)
{
	return road_fd_ready(((struct road_fcgi *)base)->request.ipcFd);
}

static bool
fcgi_is_gone(struct road *base)
{
	return road_fd_gone(((struct road_fcgi *)base)->request.ipcFd);
}

/* Closing with unread bytes would take the answer away from a peer that is
 * still sending.  Wait until it has seen it, but not for long. */
static void
linger(const struct road_fcgi *road, int fd)
{
	int64_t until = clock_mono_ms(road->clock) + LINGER_MS;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char waste[4096];
	int64_t left = LINGER_MS;

	if (shutdown(fd, SHUT_WR) != 0)
		return;
	while (left > 0 && poll(&p, 1, (int)left) > 0 &&
	    recv(fd, waste, sizeof(waste), MSG_DONTWAIT) > 0)
		left = until - clock_mono_ms(road->clock);
}

static bool
fcgi_end(struct road *base, enum road_end end)
{
	struct road_fcgi *road = (struct road_fcgi *)base;
	FCGX_Request *request = &road->request;
	bool is_taken = true;

	if (end != ROAD_DROPPED) {
		/* In this order the last one carries the end of the request,
		 * and tells whether all was written. */
		(void)FCGX_FClose(request->err);
		is_taken = FCGX_FClose(request->out) == 0;
	}
	if (end == ROAD_UNREAD)
		linger(road, request->ipcFd);
	/* Not left to libfcgi: it would wait for the peer to close first,
	 * which halves the requests per second. */
	(void)close(request->ipcFd);
	request->ipcFd = -1;
	return is_taken;
}

static void
fcgi_finish_request(struct road *base)
{
	FCGX_Free(&((struct road_fcgi *)base)->request, 0);
}

static void
fcgi_free(struct road *base)
{
	struct road_fcgi *road = (struct road_fcgi *)base;

	FCGX_Free(&road->request, 1);
	free(road);
}

static const struct road_ops fcgi_ops = { fcgi_take, fcgi_read, fcgi_write,
	fcgi_flush, fcgi_is_ready, fcgi_is_gone, fcgi_wait, fcgi_give, fcgi_end,
	fcgi_finish_request, fcgi_free };

enum rc
road_open_fcgi(int listening, int64_t timeout_ms, bool is_screened,
    const struct clock *clock, struct road **out)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);
	struct road_fcgi *road;

	if (FCGX_Init() != 0 ||
	    getsockname(listening, (struct sockaddr *)&address, &len) != 0)
		return RC_IO;
	road = calloc(1, sizeof(*road));
	if (road == NULL)
		return RC_NOMEM;
	road->base.ops = &fcgi_ops;
	road->clock = clock;
	road->listening = listening;
	road->is_screened = is_screened;
	road->is_tcp = address.ss_family != AF_UNIX;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	road->allowed = getenv("FCGI_WEB_SERVER_ADDRS");
	road->timeout_ms = timeout_ms;
	if (FCGX_InitRequest(&road->request, -1, FCGI_FAIL_ACCEPT_ON_INTR) !=
	    0) {
		free(road);
		return RC_IO;
	}
	road->request.ipcFd = -1;
	*out = &road->base;
	return RC_OK;
}
