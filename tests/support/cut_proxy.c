#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "cut_proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINKS 64
#define TICK_MS 2

/* What the test and the proxy tell each other. */
struct cut_shared {
	atomic_int mode;
	atomic_int every;
	atomic_int asked; /* raised by the test with each change */
	atomic_int seen;  /* the last one the proxy acts upon */
	atomic_bool cut_all;
	atomic_int runs;
	atomic_int cuts;
	atomic_int connections;
};

struct link {
	int client; /* -1: free */
	int server;
	bool in_request; /* the client spoke last */
	bool is_doomed;  /* cut it instead of passing on what comes back */
};

struct proxy {
	struct cut_shared *shared;
	bool (*is_run)(const unsigned char *bytes, size_t n);
	int listener;
	int server_port;
	struct link link[LINKS];
};

bool
cut_is_postgresql_run(const unsigned char *bytes, size_t n)
{
	return n > 0 && bytes[0] == 'B';
}

bool
cut_is_mariadb_run(const unsigned char *bytes, size_t n)
{
	return n > 4 && bytes[4] == 0x17;
}

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

static void
cut(struct link *l)
{
	(void)close(l->client);
	(void)close(l->server);
	*l = (struct link){ .client = -1, .server = -1 };
}

static int
connect_to(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void
take(struct proxy *p)
{
	const int on = 1;
	int client = accept(p->listener, NULL, NULL);
	int server;

	if (client < 0)
		return;
	(void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	server = atomic_load(&p->shared->mode) == CUT_REFUSE
	    ? -1
	    : connect_to(p->server_port);
	for (size_t i = 0; i < LINKS && server >= 0; i++) {
		if (p->link[i].client >= 0)
			continue;
		p->link[i] =
		    (struct link){ .client = client, .server = server };
		atomic_fetch_add(&p->shared->connections, 1);
		return;
	}
	if (server >= 0)
		(void)close(server);
	(void)close(client);
}

static bool
pass(int to, const unsigned char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = send(to, bytes, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes += done;
		n -= (size_t)done;
	}
	return true;
}

/* A run begins: is it one that is cut? */
static bool
is_next(struct proxy *p)
{
	const int every = atomic_load(&p->shared->every);
	const int mode = atomic_load(&p->shared->mode);

	if (mode != CUT_REQUEST && mode != CUT_ANSWER)
		return false;
	if ((atomic_fetch_add(&p->shared->runs, 1) + 1) % every != 0)
		return false;
	atomic_fetch_add(&p->shared->cuts, 1);
	return true;
}

static void
from_client(struct proxy *p, struct link *l)
{
	static unsigned char bytes[65536];
	ssize_t n = recv(l->client, bytes, sizeof(bytes), 0);

	if (n <= 0) {
		cut(l);
		return;
	}
	if (!l->in_request && p->is_run(bytes, (size_t)n) && is_next(p)) {
		if (atomic_load(&p->shared->mode) == CUT_REQUEST) {
			cut(l);
			return;
		}
		l->is_doomed = true;
	}
	l->in_request = true;
	if (!pass(l->server, bytes, (size_t)n))
		cut(l);
}

static void
from_server(struct link *l)
{
	static unsigned char bytes[65536];
	ssize_t n = recv(l->server, bytes, sizeof(bytes), 0);

	l->in_request = false;
	if (n <= 0 || l->is_doomed || !pass(l->client, bytes, (size_t)n))
		cut(l);
}

static void
obey(struct proxy *p)
{
	const int asked = atomic_load(&p->shared->asked);

	if (atomic_load(&p->shared->seen) == asked)
		return;
	for (size_t i = 0; i < LINKS; i++) {
		if (p->link[i].client >= 0 &&
		    (atomic_load(&p->shared->cut_all) ||
			atomic_load(&p->shared->mode) == CUT_REFUSE))
			cut(&p->link[i]);
	}
	atomic_store(&p->shared->cut_all, false);
	atomic_store(&p->shared->seen, asked);
}

/* Wait a little for whatever comes. */
static void
turn(struct proxy *p)
{
	struct pollfd fd[1 + 2 * LINKS];

	fd[0] = (struct pollfd){ p->listener, POLLIN, 0 };
	for (size_t i = 0; i < LINKS; i++) {
		fd[1 + 2 * i] = (struct pollfd){ p->link[i].client, POLLIN, 0 };
		fd[2 + 2 * i] = (struct pollfd){ p->link[i].server, POLLIN, 0 };
	}
	if (poll(fd, 1 + 2 * LINKS, TICK_MS) <= 0)
		return;
	for (size_t i = 0; i < LINKS; i++) {
		struct link *l = &p->link[i];

		/* What was closed meanwhile has nothing to say any more. */
		if (l->client >= 0 && fd[1 + 2 * i].revents != 0)
			from_client(p, l);
		if (l->client >= 0 && fd[2 + 2 * i].revents != 0)
			from_server(l);
	}
	if (fd[0].revents != 0)
		take(p);
}

static void
serve(struct proxy *p)
{
	for (size_t i = 0; i < LINKS; i++)
		p->link[i] = (struct link){ .client = -1, .server = -1 };
	for (;;) {
		obey(p);
		if (atomic_load(&p->shared->mode) == CUT_STALL)
			(void)poll(NULL, 0, TICK_MS);
		else
			turn(p);
	}
}

static int
listen_somewhere(int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	need(fd >= 0, "socket");
	need(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0, "bind");
	need(listen(fd, LINKS) == 0, "listen");
	need(getsockname(fd, (struct sockaddr *)&at, &n) == 0, "getsockname");
	*port = ntohs(at.sin_port);
	return fd;
}

void
cut_proxy_start(struct cut_proxy *c, int server_port,
    bool (*is_run)(const unsigned char *bytes, size_t n))
{
	struct proxy p = { .is_run = is_run, .server_port = server_port };
	const pid_t parent = getpid();

	p.listener = listen_somewhere(&c->port);
	p.shared = mmap(NULL, sizeof(*p.shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(p.shared != MAP_FAILED, "mmap");
	atomic_store(&p.shared->every, 1);
	c->shared = p.shared;
	c->pid = fork();
	need(c->pid >= 0, "fork");
	if (c->pid == 0) {
		/* It does not outlive the test. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			serve(&p);
		_exit(0);
	}
	(void)close(p.listener);
}

void
cut_proxy_stop(struct cut_proxy *c)
{
	(void)kill(c->pid, SIGKILL);
	(void)waitpid(c->pid, NULL, 0);
	(void)munmap(c->shared, sizeof(*c->shared));
}

/* Wait until the proxy acts upon it. */
static void
ask(struct cut_proxy *c)
{
	const int asked = atomic_fetch_add(&c->shared->asked, 1) + 1;

	while (atomic_load(&c->shared->seen) != asked)
		(void)poll(NULL, 0, 1);
}

void
cut_proxy_set(struct cut_proxy *c, enum cut_mode mode, int every)
{
	atomic_store(&c->shared->every, every);
	atomic_store(&c->shared->mode, (int)mode);
	ask(c);
}

void
cut_proxy_cut_all(struct cut_proxy *c)
{
	atomic_store(&c->shared->cut_all, true);
	ask(c);
}

int
cut_proxy_cuts(const struct cut_proxy *c)
{
	return atomic_load(&c->shared->cuts);
}

int
cut_proxy_connections(const struct cut_proxy *c)
{
	return atomic_load(&c->shared->connections);
}
