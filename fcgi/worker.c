#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct worker {
	int epoll;
	int signals;
	int talk;
	int lifetime;
	int socket;
	bool is_first;
	bool is_ready; /* the parent was told */
	int stays;     /* begin() without end() */
	int64_t call;  /* it was forked for; 0: it serves */
};

/* The signals that are handled at one place only; blocked elsewhere. */
static void
fill_signals(sigset_t *set)
{
	/* These are about a bug; blocked, they would end us without a word. */
	static const int own[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV,
		SIGSYS, SIGTRAP };

	(void)sigfillset(set);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		(void)sigdelset(set, own[i]);
}

static bool
tell(const struct worker *w, enum report_kind kind, pid_t group)
{
	const struct report r = { (uint32_t)kind, (int32_t)group };
	ssize_t n;

	/* Nobody listens any more if the parent is gone: then nobody has to
	 * know, either. */
	do
		n = send(w->talk, &r, sizeof(r), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(r);
}

void
worker_group_started(struct worker *w, pid_t group)
{
	(void)tell(w, REPORT_STARTED, group);
}

void
worker_group_ended(struct worker *w, pid_t group)
{
	(void)tell(w, REPORT_ENDED, group);
}

bool
worker_is_first(const struct worker *w)
{
	return w->is_first;
}

/* ------------------------------------------------------------ staying */

/* The parent's answer; a call to wake up may come before it. */
static bool
is_allowed(const struct worker *w)
{
	char word = WORD_NO;
	ssize_t n;

	do
		n = recv(w->talk, &word, 1, 0);
	while ((n < 0 && errno == EINTR) || (n == 1 && word == WORD_WAKE));
	return n == 1 && word == WORD_YES;
}

enum rc
worker_begin(struct worker *w, bool holds_stream)
{
	enum report_kind kind = holds_stream ? REPORT_HELD : REPORT_CALL;

	/* It is one process, whatever it stays with. */
	if (w->stays == 0 && w->call == 0 &&
	    (!tell(w, kind, 0) || !is_allowed(w)))
		return RC_FULL;
	w->stays++;
	return RC_OK;
}

void
worker_end(struct worker *w)
{
	w->stays--;
	if (w->stays == 0 && w->call == 0)
		(void)tell(w, REPORT_BACK, 0);
}

bool
worker_is_leaving(struct worker *w)
{
	struct pollfd p[2] = { { .fd = w->lifetime, .events = POLLIN },
		{ .fd = w->signals, .events = POLLIN } };

	return poll(p, 2, 0) > 0;
}

/* ------------------------------------------------------------ waiting */

enum seen { SEEN_NOTHING = 0, SEEN_SOCKET = 1, SEEN_LEAVE = 2, SEEN_WORD = 4 };

static unsigned
seen_at(const struct worker *w, int fd)
{
	char word;

	if (fd == w->socket)
		return SEEN_SOCKET;
	if (fd != w->talk)
		return SEEN_LEAVE;
	return recv(fd, &word, 1, MSG_DONTWAIT) > 0 ? SEEN_WORD : SEEN_LEAVE;
}

/* Bits of enum seen. */
static unsigned
look(const struct worker *w, int timeout)
{
	struct epoll_event event[4];
	unsigned seen = SEEN_NOTHING;
	int n = epoll_wait(w->epoll, event, 4, timeout);

	if (n < 0)
		return errno == EINTR ? SEEN_NOTHING : SEEN_LEAVE;
	for (int i = 0; i < n; i++)
		seen |= seen_at(w, event[i].data.fd);
	return seen;
}

static int
timeout_of(int64_t wait_ms)
{
	if (wait_ms < 0)
		return -1;
	return wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
}

bool
worker_wait(struct worker *w, int64_t (*idle)(void *), void *ctx)
{
	unsigned seen;

	if (!w->is_ready) {
		w->is_ready = true;
		(void)tell(w, REPORT_READY, 0);
	}
	seen = look(w, 0);
	if ((seen & SEEN_LEAVE) != 0)
		return false;
	while ((seen & (SEEN_SOCKET | SEEN_LEAVE)) == 0) {
		int64_t wait_ms = idle == NULL ? -1 : idle(ctx);

		seen = look(w, timeout_of(wait_ms));
	}
	/* Of all that sleep only we were woken for this connection: it must
	 * be taken also by one that is to leave. */
	return (seen & SEEN_SOCKET) != 0;
}

static bool
watch(const struct worker *w, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool
start(struct worker *w, const struct worker_options *o)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t leave;
	sigset_t all;

	fill_signals(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, NULL) != 0 ||
	    sigaction(SIGPIPE, &ignore, NULL) != 0)
		return false;
	(void)sigemptyset(&leave);
	(void)sigaddset(&leave, SIGTERM);
	(void)sigaddset(&leave, SIGINT);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->signals = signalfd(-1, &leave, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->epoll >= 0 && w->signals >= 0 &&
	    (o->call.call != 0 ||
		watch(w, o->socket, EPOLLIN | EPOLLEXCLUSIVE)) &&
	    watch(w, o->lifetime, EPOLLIN) && watch(w, o->talk, EPOLLIN) &&
	    watch(w, w->signals, EPOLLIN);
}

/* Who takes no requests must not keep clients waiting after the others. */
static void
drop_socket(int socket)
{
	int null;

	if (socket != STDIN_FILENO) {
		(void)close(socket);
		return;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		(void)dup2(null, socket);
		(void)close(null);
	}
}

int
worker_run(const struct worker_options *o)
{
	struct worker w = { .epoll = -1,
		.signals = -1,
		.talk = o->talk,
		.lifetime = o->lifetime,
		.socket = o->socket,
		.is_first = o->is_first,
		.call = o->call.call };
	int status = EXIT_FAILURE;

	if (o->call.call != 0)
		drop_socket(o->socket);
	if (start(&w, o))
		status = o->call.call != 0 ? o->order(o->ctx, &w, &o->call)
					   : o->work(o->ctx, &w);
	if (w.epoll >= 0)
		(void)close(w.epoll);
	if (w.signals >= 0)
		(void)close(w.signals);
	return status;
}
