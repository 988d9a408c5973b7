/*
 * Under mcp-request, by LD_PRELOAD: a worker that has taken a connection is
 * killed, as if by SIGKILL from outside, when it comes back to wait for the
 * next one; that is behind its answer, and before it can know anything of
 * another request.  Whoever takes no connections is left alone, as the parent
 * is, and those who run calls.  A line for each goes to $MCP_KILLED.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Declared here: their own headers would have them with other names. */
struct sockaddr;
struct epoll_event;
typedef int accept_fn(int, struct sockaddr *, unsigned *, int);
typedef int wait_fn(int, struct epoll_event *, int, int);

/* Of this process: it is one of the calls that are wrapped. */
static volatile sig_atomic_t has_taken;

/* A pointer to a function out of one to an object, which C has not. */
static void
find(const char *name, void *function, size_t size)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	memcpy(function, &found, size);
}

int
accept4(int fd, struct sockaddr *address, unsigned *len, int flags)
{
	accept_fn *next;
	int taken;

	find("accept4", &next, sizeof(next));
	taken = next(fd, address, len, flags);
	if (taken >= 0)
		has_taken = 1;
	return taken;
}

static void
die(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *path = getenv("MCP_KILLED");
	int fd = path == NULL
	    ? -1
	    : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, "killed\n", 7) != 7)
		abort();
	(void)kill(getpid(), SIGKILL);
}

int
epoll_wait(int epoll, struct epoll_event *events, int n, int timeout)
{
	wait_fn *next;

	if (has_taken != 0)
		die();
	find("epoll_wait", &next, sizeof(next));
	return next(epoll, events, n, timeout);
}
