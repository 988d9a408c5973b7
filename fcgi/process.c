#define _GNU_SOURCE /* pipe2, sched_getaffinity */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "worker.h"

/* A worker runs one tool at a time; more only if a module starts some. */
#define GROUPS_MAX 16
/* A worker that ends within this time of its start was not worth it. */
#define QUICK_MS 1000
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000
/* While workers are replaced, old ones may still be at a long call. */
#define SLOTS_PER_WORKER 4

struct slot {         /* one child */
	pid_t pid;    /* 0: free */
	int lifetime; /* closed to make it leave; -1: told so */
	int report;
	int64_t started;
	bool is_old; /* to be replaced */
	bool is_ready;
	pid_t group[GROUPS_MAX]; /* of running tools; 0: free */
};

struct parent {
	const struct process_options *o;
	struct slot *slot;
	struct pollfd *watch; /* signals, then one for each slot */
	size_t n_slots;
	int signals;
	bool has_forked;
	bool is_first_done;
	bool is_stopping;
	bool has_failed; /* the very first worker could not serve */
	int64_t stop_at; /* kill what is left then */
	int quick;       /* deaths soon after the start, one after another */
	int64_t fork_at; /* not before */
};

static int64_t
now_ms(void)
{
	return clock_mono_ms(&clock_system);
}

static bool
is_live(const struct slot *s)
{
	return s->pid != 0 && s->lifetime >= 0;
}

/* --------------------------------------------------------- the slots */

static void
slot_leave(struct slot *s)
{
	if (s->lifetime >= 0)
		(void)close(s->lifetime);
	s->lifetime = -1;
}

static void
slot_close(struct slot *s)
{
	slot_leave(s);
	if (s->report >= 0)
		(void)close(s->report);
	s->report = -1;
}

static void
slot_change_group(struct slot *s, pid_t from, pid_t to)
{
	for (size_t i = 0; i < GROUPS_MAX; i++) {
		if (s->group[i] == from) {
			s->group[i] = to;
			return;
		}
	}
}

static void
slot_take(struct parent *p, struct slot *s, const struct report *r)
{
	/* Never a pid that kill() understands in another way. */
	bool is_group = r->group > 1;

	if (r->kind == REPORT_READY) {
		s->is_ready = true;
		p->is_first_done = true;
	} else if (r->kind == REPORT_STARTED && is_group) {
		slot_change_group(s, 0, r->group);
	} else if (r->kind == REPORT_ENDED && is_group) {
		slot_change_group(s, r->group, 0);
	}
}

/* Take what the worker said; the pipe is non-blocking. */
static void
slot_drain(struct parent *p, struct slot *s)
{
	struct report r;

	while (read(s->report, &r, sizeof(r)) == (ssize_t)sizeof(r))
		slot_take(p, s, &r);
}

/* Whatever a worker left behind must not go on alone. */
static void
slot_kill_groups(struct parent *p, struct slot *s)
{
	for (size_t i = 0; i < GROUPS_MAX; i++) {
		if (s->group[i] == 0)
			continue;
		log_event(p->o->log, LOG_WARNING, "tool-killed",
		    "worker=%d group=%d", (int)s->pid, (int)s->group[i]);
		(void)kill(-s->group[i], SIGKILL);
		s->group[i] = 0;
	}
}

/* ------------------------------------------------------------- births */

/* In the child: keep what is its own. */
static int
be_child(struct parent *p, const struct worker_options *w)
{
	int status;

	for (size_t i = 0; i < p->n_slots; i++)
		slot_close(&p->slot[i]);
	(void)close(p->signals);
	status = worker_run(w);
	log_flush(p->o->log);
	free(p->slot);
	free(p->watch);
	return status;
}

static void
start_child(struct parent *p, struct slot *s, int lifetime[2], int report[2])
{
	const struct worker_options w = { .socket = p->o->socket,
		.lifetime = lifetime[0],
		.report = report[1],
		.is_first = !p->has_forked,
		.work = p->o->work,
		.ctx = p->o->ctx };
	pid_t pid;

	log_flush(p->o->log);
	pid = fork();
	if (pid == 0) {
		(void)close(lifetime[1]);
		(void)close(report[0]);
		_exit(be_child(p, &w));
	}
	(void)close(lifetime[0]);
	(void)close(report[1]);
	*s = (struct slot){ .pid = pid < 0 ? 0 : pid,
		.lifetime = lifetime[1],
		.report = report[0],
		.started = now_ms() };
	if (pid < 0)
		slot_close(s);
}

static bool
start_worker(struct parent *p)
{
	struct slot *s = p->slot;
	int lifetime[2];
	int report[2];

	while (s < p->slot + p->n_slots && s->pid != 0)
		s++;
	if (s == p->slot + p->n_slots)
		return false;
	if (pipe2(lifetime, O_CLOEXEC) != 0)
		return false;
	if (pipe2(report, O_CLOEXEC) != 0 ||
	    fcntl(report[0], F_SETFL, O_NONBLOCK) != 0) {
		(void)close(lifetime[0]);
		(void)close(lifetime[1]);
		return false;
	}
	start_child(p, s, lifetime, report);
	if (s->pid == 0)
		return false;
	p->has_forked = true;
	log_event(
	    p->o->log, LOG_DEBUG, "worker-started", "pid=%d", (int)s->pid);
	return true;
}

/* What is running, as far as it was not told to leave. */
struct census {
	int live;
	int starting;
	struct slot *old; /* one that is to be replaced */
};

static struct census
count(struct parent *p)
{
	struct census c = { 0, 0, NULL };

	for (size_t i = 0; i < p->n_slots; i++) {
		struct slot *s = &p->slot[i];

		if (!is_live(s))
			continue;
		c.live++;
		if (!s->is_ready)
			c.starting++;
		if (s->is_old)
			c.old = s;
	}
	return c;
}

/* One step towards the workers there should be; false: nothing to do now. */
static bool
balance_once(struct parent *p)
{
	struct census c = count(p);
	bool one_by_one = !p->is_first_done || c.old != NULL;

	if (p->is_stopping || (c.starting > 0 && one_by_one))
		return false;
	if (c.old != NULL && c.live > p->o->workers) {
		slot_leave(c.old);
		return true;
	}
	if ((c.live >= p->o->workers && c.old == NULL) || now_ms() < p->fork_at)
		return false;
	if (start_worker(p))
		return true;
	p->fork_at = now_ms() + BACKOFF_MIN_MS;
	return false;
}

/* ------------------------------------------------------------- deaths */

static void
back_off(struct parent *p)
{
	int64_t wait = BACKOFF_MIN_MS;

	/* The first death may be bad luck. */
	for (int i = 2; i < p->quick && wait < BACKOFF_MAX_MS; i++)
		wait *= 2;
	if (p->quick > 1)
		p->fork_at =
		    now_ms() + (wait > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait);
}

/*
 * The first worker of all said itself that it cannot serve: neither can the
 * next, and whoever started us should know instead of waiting for an answer.
 */
static void
give_up_if_first(struct parent *p, const struct slot *s, int status)
{
	if (p->is_first_done || s->is_ready || p->is_stopping ||
	    !WIFEXITED(status) || WEXITSTATUS(status) == 0)
		return;
	log_event(p->o->log, LOG_ERROR, "cannot-start",
	    "why=the first worker could not serve");
	p->has_failed = true;
	p->is_stopping = true;
	p->stop_at = now_ms();
}

static void
bury(struct parent *p, struct slot *s, int status)
{
	bool is_clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	/* Killed from outside: that says nothing about the next one. */
	bool is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	bool is_quick = now_ms() - s->started < QUICK_MS &&
	    !((is_clean || is_killed) && s->is_ready) && !p->is_stopping;

	slot_drain(p, s);
	slot_kill_groups(p, s);
	log_event(p->o->log, is_clean ? LOG_DEBUG : LOG_WARNING, "worker-ended",
	    "pid=%d status=%d signal=%d", (int)s->pid,
	    WIFEXITED(status) ? WEXITSTATUS(status) : 0,
	    WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	slot_close(s);
	s->pid = 0;
	give_up_if_first(p, s, status);
	p->is_first_done = true;
	p->quick = is_quick ? p->quick + 1 : 0;
	back_off(p);
}

/* Workers, and the orphans that came to us as their subreaper. */
static void
reap(struct parent *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < p->n_slots; i++) {
			if (p->slot[i].pid == pid)
				bury(p, &p->slot[i], status);
		}
	}
}

/* ------------------------------------------------------------ signals */

static void
stop(struct parent *p)
{
	if (p->is_stopping)
		return;
	log_event(p->o->log, LOG_INFO, "stopping", "grace_ms=%lld",
	    (long long)p->o->grace_ms);
	p->is_stopping = true;
	p->stop_at = now_ms() + p->o->grace_ms;
	for (size_t i = 0; i < p->n_slots; i++)
		slot_leave(&p->slot[i]);
}

static void
replace_all(struct parent *p)
{
	if (p->is_stopping)
		return;
	if (p->o->reload != NULL && !p->o->reload(p->o->ctx))
		return;
	log_event(
	    p->o->log, LOG_INFO, "reloading", "workers=%d", p->o->workers);
	for (size_t i = 0; i < p->n_slots; i++)
		p->slot[i].is_old = true;
	p->quick = 0;
	p->fork_at = 0;
}

static void
take_signals(struct parent *p)
{
	struct signalfd_siginfo info;
	bool must_reload = false;
	bool must_stop = false;

	while (read(p->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		must_reload = must_reload || info.ssi_signo == SIGHUP;
		must_stop = must_stop || info.ssi_signo == SIGTERM ||
		    info.ssi_signo == SIGINT;
	}
	/* A stop is known before the deaths it may have caused. */
	if (must_stop)
		stop(p);
	reap(p);
	if (must_reload)
		replace_all(p);
}

/* --------------------------------------------------------------- loop */

static void
kill_rest(struct parent *p)
{
	for (size_t i = 0; i < p->n_slots; i++) {
		struct slot *s = &p->slot[i];

		if (s->pid == 0)
			continue;
		log_event(p->o->log, LOG_WARNING, "worker-killed", "pid=%d",
		    (int)s->pid);
		(void)kill(s->pid, SIGKILL);
	}
	p->stop_at = INT64_MAX;
}

static int
timeout_of(const struct parent *p)
{
	int64_t at = p->is_stopping ? p->stop_at : p->fork_at;
	int64_t left = at - now_ms();

	if (at == INT64_MAX || (!p->is_stopping && left <= 0))
		return -1;
	if (left > 60000)
		return 60000;
	return left < 0 ? 0 : (int)left;
}

static void
wait_for_news(struct parent *p)
{
	int timeout = timeout_of(p);

	p->watch[0] = (struct pollfd){ .fd = p->signals, .events = POLLIN };
	for (size_t i = 0; i < p->n_slots; i++)
		p->watch[i + 1] = (struct pollfd){ .fd = p->slot[i].report,
			.events = POLLIN };
	if (poll(p->watch, (nfds_t)(p->n_slots + 1), timeout) <= 0)
		return;
	for (size_t i = 0; i < p->n_slots; i++) {
		if (p->watch[i + 1].revents != 0)
			slot_drain(p, &p->slot[i]);
		/* A pipe at its end says so again and again; the death of
		 * the worker is told by SIGCHLD. */
		if ((p->watch[i + 1].revents & POLLHUP) != 0) {
			(void)close(p->slot[i].report);
			p->slot[i].report = -1;
		}
	}
	if (p->watch[0].revents != 0)
		take_signals(p);
}

static bool
is_empty(const struct parent *p)
{
	for (size_t i = 0; i < p->n_slots; i++) {
		if (p->slot[i].pid != 0)
			return false;
	}
	return true;
}

static bool
parent_init(struct parent *p, const struct process_options *o)
{
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t handled;

	*p = (struct parent){ .o = o,
		.signals = -1,
		.n_slots = (size_t)o->workers * SLOTS_PER_WORKER + 1 };
	p->slot = calloc(p->n_slots, sizeof(*p->slot));
	p->watch = calloc(p->n_slots + 1, sizeof(*p->watch));
	if (p->slot == NULL || p->watch == NULL)
		return false;
	for (size_t i = 0; i < p->n_slots; i++)
		p->slot[i] = (struct slot){ .lifetime = -1, .report = -1 };
	(void)sigemptyset(&handled);
	(void)sigaddset(&handled, SIGCHLD);
	(void)sigaddset(&handled, SIGHUP);
	(void)sigaddset(&handled, SIGINT);
	(void)sigaddset(&handled, SIGTERM);
	if (pthread_sigmask(SIG_BLOCK, &handled, NULL) != 0)
		return false;
	p->signals = signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
	return p->signals >= 0 && sigaction(SIGCHLD, &usual, NULL) == 0 &&
	    prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL) == 0;
}

static void
parent_release(struct parent *p)
{
	for (size_t i = 0; p->slot != NULL && i < p->n_slots; i++)
		slot_close(&p->slot[i]);
	if (p->signals >= 0)
		(void)close(p->signals);
	free(p->slot);
	free(p->watch);
}

int
process_run(const struct process_options *o)
{
	struct parent p;
	int status = EXIT_SUCCESS;

	if (!parent_init(&p, o)) {
		log_event(o->log, LOG_ERROR, "cannot-start", "error=%d", errno);
		status = EXIT_FAILURE;
		goto out;
	}
	while (!p.is_stopping || !is_empty(&p)) {
		while (balance_once(&p))
			continue;
		log_flush(o->log);
		wait_for_news(&p);
		if (p.is_stopping && now_ms() >= p.stop_at)
			kill_rest(&p);
	}
	/* Tools whose workers were killed have been killed with them. */
	reap(&p);
	if (p.has_failed)
		status = EXIT_FAILURE;
out:
	parent_release(&p);
	return status;
}

int
process_processors(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	return CPU_COUNT(&set) < 1 ? 1 : CPU_COUNT(&set);
}
