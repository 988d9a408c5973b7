#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct worker {
	int epoll;
	int signals;
	int report;
	int socket;
	bool is_first;
	bool is_ready; /* the parent was told */
};

void
worker_signals(sigset_t *set)
{
	/* These are about a bug; blocked, they would end us without a word. */
	static const int own[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV,
		SIGSYS, SIGTRAP };

	(void)sigfillset(set);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		(void)sigdelset(set, own[i]);
}

static void
tell(const struct worker *w, enum report_kind kind, pid_t group)
{
	const struct report r = { (uint32_t)kind, (int32_t)group };

	/* Nobody listens any more if the parent is gone: then nobody has to
	 * know, either. */
	while (write(w->report, &r, sizeof(r)) < 0 && errno == EINTR)
		continue;
}

void
worker_group_started(struct worker *w, pid_t group)
{
	tell(w, REPORT_STARTED, group);
}

void
worker_group_ended(struct worker *w, pid_t group)
{
	tell(w, REPORT_ENDED, group);
}

bool
worker_is_first(const struct worker *w)
{
	return w->is_first;
}

enum seen { SEEN_NOTHING = 0, SEEN_SOCKET = 1, SEEN_LEAVE = 2 };

/* Bits of enum seen. */
static unsigned
look(const struct worker *w, int timeout)
{
	struct epoll_event event[3];
	unsigned seen = SEEN_NOTHING;
	int n = epoll_wait(w->epoll, event, 3, timeout);

	if (n < 0)
		return errno == EINTR ? SEEN_NOTHING : SEEN_LEAVE;
	for (int i = 0; i < n; i++)
		seen |=
		    event[i].data.fd == w->socket ? SEEN_SOCKET : SEEN_LEAVE;
	return seen;
}

bool
worker_wait(struct worker *w, void (*idle)(void *), void *ctx)
{
	unsigned seen;

	if (!w->is_ready) {
		w->is_ready = true;
		tell(w, REPORT_READY, 0);
	}
	seen = look(w, 0);
	if (seen != SEEN_NOTHING)
		return (seen & SEEN_LEAVE) == 0;
	if (idle != NULL)
		idle(ctx);
	while (seen == SEEN_NOTHING)
		seen = look(w, -1);
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

	worker_signals(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, NULL) != 0 ||
	    sigaction(SIGPIPE, &ignore, NULL) != 0)
		return false;
	(void)sigemptyset(&leave);
	(void)sigaddset(&leave, SIGTERM);
	(void)sigaddset(&leave, SIGINT);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->signals = signalfd(-1, &leave, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->epoll >= 0 && w->signals >= 0 &&
	    watch(w, o->socket, EPOLLIN | EPOLLEXCLUSIVE) &&
	    watch(w, o->lifetime, EPOLLIN) && watch(w, w->signals, EPOLLIN);
}

int
worker_run(const struct worker_options *o)
{
	struct worker w = { .epoll = -1,
		.signals = -1,
		.report = o->report,
		.socket = o->socket,
		.is_first = o->is_first };
	int status = EXIT_FAILURE;

	if (start(&w, o))
		status = o->work(o->ctx, &w);
	if (w.epoll >= 0)
		(void)close(w.epoll);
	if (w.signals >= 0)
		(void)close(w.signals);
	return status;
}
