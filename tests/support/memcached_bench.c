#define _GNU_SOURCE /* MAP_ANONYMOUS, accept4 */
#include "memcached_bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define LINKS 64
#define STEP_MS 5
#define START_MS 10000

static int
connect_socket(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* ---------------------------------------------------------------- relay */

struct link {
	int fd[2]; /* of the client, of memcached; -1: free */
};

struct relay {
	const struct memcached_bench *m;
	int listening;
	struct link link[LINKS];
};

static void
drop_link(struct link *l)
{
	for (int i = 0; i < 2; i++) {
		if (l->fd[i] >= 0)
			(void)close(l->fd[i]);
		l->fd[i] = -1;
	}
}

static void
take(struct relay *r, bool is_cut)
{
	int fd = accept4(r->listening, NULL, NULL, SOCK_CLOEXEC);

	for (size_t i = 0; fd >= 0 && !is_cut && i < LINKS; i++) {
		struct link *l = &r->link[i];

		if (l->fd[0] >= 0)
			continue;
		l->fd[0] = fd;
		l->fd[1] = connect_socket(r->m->socket);
		if (l->fd[1] < 0)
			drop_link(l);
		return;
	}
	if (fd >= 0)
		(void)close(fd);
}

static void
pass_on(struct link *l, int from)
{
	char bytes[65536];
	ssize_t n = read(l->fd[from], bytes, sizeof(bytes));
	ssize_t done = 0;

	while (n > 0 && done < n) {
		ssize_t more =
		    write(l->fd[1 - from], bytes + done, (size_t)(n - done));

		if (more <= 0)
			n = 0;
		done += more;
	}
	if (n <= 0)
		drop_link(l);
}

static void
go_round(struct relay *r)
{
	struct pollfd p[2 * LINKS + 1] = { { .fd = r->listening,
	    .events = POLLIN } };
	bool is_cut = atomic_load(r->m->is_cut) != 0;

	for (size_t i = 0; i < LINKS; i++) {
		if (is_cut)
			drop_link(&r->link[i]);
		for (size_t j = 0; j < 2; j++) {
			p[1 + 2 * i + j].fd = r->link[i].fd[j];
			p[1 + 2 * i + j].events = POLLIN;
		}
	}
	(void)poll(p, 2 * LINKS + 1, STEP_MS);
	if (p[0].revents != 0)
		take(r, atomic_load(r->m->is_cut) != 0);
	for (size_t i = 0; i < LINKS; i++) {
		for (int j = 0; j < 2; j++) {
			const struct pollfd *one = &p[1 + 2 * i + (size_t)j];

			if (one->revents != 0 && one->fd >= 0 &&
			    r->link[i].fd[j] == one->fd)
				pass_on(&r->link[i], j);
		}
	}
}

static void
run_relay(const struct memcached_bench *m, int listening)
{
	struct relay r = { .m = m, .listening = listening };

	for (size_t i = 0; i < LINKS; i++)
		r.link[i] = (struct link){ { -1, -1 } };
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;)
		go_round(&r);
}

static void
start_relay(struct memcached_bench *m)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	law(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    listen(fd, LINKS) == 0 &&
	    getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	(void)snprintf(m->address, sizeof(m->address), "127.0.0.1:%u",
	    (unsigned)ntohs(at.sin_port));
	m->relay = fork();
	law(m->relay >= 0);
	if (m->relay == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_relay(m, fd);
	}
	(void)close(fd);
}

/* --------------------------------------------------------------- server */

static void
end(pid_t *pid)
{
	int status;

	if (*pid <= 0)
		return;
	(void)kill(*pid, SIGKILL);
	(void)waitpid(*pid, &status, 0);
	*pid = 0;
}

static bool
wait_for_socket(struct memcached_bench *m)
{
	for (int ms = 0; ms < START_MS; ms += STEP_MS) {
		int fd = connect_socket(m->socket);
		int status;

		if (fd >= 0) {
			(void)close(fd);
			return true;
		}
		if (waitpid(m->server, &status, WNOHANG) == m->server) {
			m->server = 0;
			law(WIFEXITED(status) && WEXITSTATUS(status) == 127);
			return false;
		}
		(void)poll(NULL, 0, STEP_MS);
	}
	law(false);
	return false;
}

static bool
start_server(struct memcached_bench *m)
{
	const char *user = getuid() == 0 ? "root" : "nobody";

	(void)unlink(m->socket);
	m->server = fork();
	law(m->server >= 0);
	if (m->server == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execlp("memcached", "memcached", "-s", m->socket, "-m",
		    "32", "-t", "2", "-u", user, (char *)NULL);
		_exit(127);
	}
	return wait_for_socket(m);
}

bool
memcached_bench_start(struct memcached_bench *m)
{
	*m = (struct memcached_bench){ .folder = "/tmp/mcp-memcached-XXXXXX" };
	m->is_cut = mmap(NULL, sizeof(*m->is_cut), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	law(m->is_cut != MAP_FAILED && mkdtemp(m->folder) != NULL);
	(void)snprintf(m->socket, sizeof(m->socket), "%s/socket", m->folder);
	if (!start_server(m)) {
		memcached_bench_release(m);
		return false;
	}
	start_relay(m);
	return true;
}

void
memcached_bench_kill(struct memcached_bench *m)
{
	end(&m->server);
}

void
memcached_bench_restart(struct memcached_bench *m)
{
	end(&m->server);
	law(start_server(m));
}

void
memcached_bench_stop(struct memcached_bench *m, bool stops)
{
	law(kill(m->server, stops ? SIGSTOP : SIGCONT) == 0);
}

void
memcached_bench_cut(struct memcached_bench *m, bool is_cut)
{
	atomic_store(m->is_cut, is_cut);
}

void
memcached_bench_release(struct memcached_bench *m)
{
	end(&m->relay);
	end(&m->server);
	(void)munmap(m->is_cut, sizeof(*m->is_cut));
	(void)unlink(m->socket);
	(void)rmdir(m->folder);
}
